"""What a standing guide would lose if a page that was set aside took its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from review_ui.i18n import N_
from review_ui.quarantine_view import ShownPage
from stages.types import CardKind, Stakes
from store.engine import Database
from store.overview import StandingCard, StandingGuide, list_standing
from store.pages import EXCERPT_CHARS

MAX_LISTED = 60
MAX_LINE_CHARS = 180
ENDS = ".!?;:…。！？；：”’\"')）】"
FIRST = (CardKind.WARNING, CardKind.WHEN_TO_CALL)
KINDS = {CardKind.WARNING: N_("Warning"), CardKind.WHEN_TO_CALL: N_("When to call")}


@dataclass(frozen=True, slots=True)
class LostCard:
    """A card of which at least one line is not in the new text. line: the first such line.

    label: what a reader should know first (`Warning`, `High stakes`), '' for nothing. is_partly:
    other lines of it are still there.
    """

    id: str
    title: str
    line: str
    label: str
    is_partly: bool


@dataclass(frozen=True, slots=True)
class Losses:
    """lost: None when the new text is not kept whole and cannot be compared. more: lost cards that
    are not listed. first: how many of all the lost ones are warnings or say when to call.
    """

    lost: tuple[LostCard, ...] | None
    more: int
    first: int
    cards: int
    chars: int
    pages: int

    @property
    def count(self) -> int:
        return len(self.lost or ()) + self.more


def add_losses(db: Database, pages: Sequence[ShownPage]) -> list[ShownPage]:
    """The pages; those that wait for a person while their guide stands with what it would lose.

    Two queries, however many pages.
    """
    ids = [
        page.stands.guide_id
        for page in pages
        if page.stands and not page.stands.is_removed and not page.is_settled
    ]
    standing = list_standing(db, ids) if ids else {}
    return [
        replace(page, losses=find_losses(standing[page.stands.guide_id], page.page.record.excerpt))
        if page.stands and page.stands.guide_id in standing and not page.is_settled
        else page
        for page in pages
    ]


def find_losses(guide: StandingGuide, excerpt: str) -> Losses:
    """excerpt: of the page as it is now; compared only when it is the whole of its text, and the
    guide was read from this page alone.
    """
    if len(excerpt) >= EXCERPT_CHARS or guide.pages > 1:
        return Losses(None, 0, 0, len(guide.cards), guide.chars, guide.pages)
    kept = "\n".join(_squeeze(line) for line in excerpt.split("\n"))
    gone = [card for card in guide.cards if _missing(card, kept)]
    gone.sort(key=lambda card: (card.kind not in FIRST, card.stakes is not Stakes.HIGH))
    listed = tuple(_lost(card, _missing(card, kept)) for card in gone[:MAX_LISTED])
    first = sum(card.kind in FIRST for card in gone)
    return Losses(
        listed, len(gone) - len(listed), first, len(guide.cards), guide.chars, guide.pages
    )


def _missing(card: StandingCard, kept: str) -> list[str]:
    """Lines of the card that the new text does not have word for word."""
    return [line for line in _lines(card) if not _has_passage(kept, _squeeze(line))]


def _has_passage(text: str, passage: str) -> bool:
    """Whole lines or whole sentences: `give 5 ml` does not stand in `do not give 5 ml`."""
    start = text.find(passage)
    while start >= 0:
        before, after = text[:start].rstrip(" ")[-1:], text[start + len(passage) :][:1]
        is_begun = before in ("", "\n") or before in ENDS
        if is_begun and (after in ("", "\n") or passage[-1] in ENDS):
            return True
        start = text.find(passage, start + 1)
    return False


def _lines(card: StandingCard) -> list[str]:
    return [line for line in card.text.split("\n") if line.strip()]


def _lost(card: StandingCard, missing: Sequence[str]) -> LostCard:
    label = KINDS.get(card.kind, N_("High stakes") if card.stakes is Stakes.HIGH else "")
    line = missing[0]
    if len(line) > MAX_LINE_CHARS:
        line = line[: MAX_LINE_CHARS - 1] + "…"
    return LostCard(card.id, card.title, line, label, len(missing) < len(_lines(card)))


def _squeeze(text: str) -> str:
    return " ".join(text.split())
