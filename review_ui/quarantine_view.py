"""Pages that were set aside, in words for the person who settles them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from review_ui.i18n import N_
from review_ui.i18n import gettext as _
from review_ui.page_notes import say_evidence
from stages.text import strip_hidden
from stages.types import Quarantine, QuarantineReason
from store.cards import count_live_cards
from store.engine import Database
from store.guides import list_guide_refs
from store.pages import EXCERPT_CHARS, PageRecord, Verdict
from store.quarantine import PageAction, PageDecision, QuarantinedPage, list_quarantined

if TYPE_CHECKING:  # it builds on this file
    from review_ui.losses import Losses

SHOWN = 25
MOST = 2000
"""More pages than anybody settles by hand; the oldest beyond that come up as others are settled."""
MAX_HIDDEN = 20
MAX_HIDDEN_CHARS = 1000
COMMAND_LINE = N_("somebody at the command line")

REASONS = {
    QuarantineReason.SHRUNK: N_("Lost more than half of its text"),
    QuarantineReason.NOT_A_GUIDE: N_("Does not look like a guide"),
    QuarantineReason.SOFT_404: N_("Looks like a page-not-found page"),
    QuarantineReason.LOGIN_WALL: N_("Asks people to sign in first"),
    QuarantineReason.CAPTCHA: N_("Asks whether one is human"),
    QuarantineReason.NEEDS_OCR: N_("Pictures of text, nothing to read"),
    QuarantineReason.NOT_HTML: N_("Not a kind of file we read"),
    QuarantineReason.EMPTY: N_("Has no text"),
    QuarantineReason.LANGUAGE: N_("In a language this source is not read for"),
    QuarantineReason.NO_LICENCE: N_("States no licence where each page has to"),
}
ICONS = {
    QuarantineReason.SHRUNK: "shrink",
    QuarantineReason.LOGIN_WALL: "lock",
    QuarantineReason.CAPTCHA: "lock",
    QuarantineReason.NEEDS_OCR: "picture",
    QuarantineReason.LANGUAGE: "words",
    QuarantineReason.NO_LICENCE: "flag",
}
NO_TEXT = (QuarantineReason.NEEDS_OCR, QuarantineReason.NOT_HTML, QuarantineReason.EMPTY)
RARELY_GUIDES = (
    QuarantineReason.CAPTCHA,
    QuarantineReason.LOGIN_WALL,
    QuarantineReason.SOFT_404,
)
"""What stands on such a page is hardly ever a guide."""
DID = {
    PageAction.ACCEPT: N_("Accepted"),
    PageAction.IGNORE: N_("Ignored"),
    PageAction.RESTORE: N_("Taken back"),
    PageAction.STOP: N_("Stopped"),
    PageAction.RESUME: N_("Resumed"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody decided. words: `Accepted`, `Taken back`, in the reader's language."""

    words: str
    by: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The guide an earlier look at the page gave. cards: how many of it are live."""

    guide_id: str
    title: str
    lang: str
    cards: int
    is_removed: bool


@dataclass(frozen=True, slots=True)
class ShownPage:
    """One page on the list. id: its name on the page. refusal: why it cannot be accepted, '' if it
    can. address: its URL, readable. hidden: cut to what can be looked at; hidden_more: how many
    more there are. losses: what accepting would take from the guide that stands, where it was
    looked for.
    """

    page: QuarantinedPage
    id: str
    source_anchor: str
    reason: QuarantineReason
    evidence: str
    title: str
    address: str
    lang: str
    stands: Standing | None
    said: Said | None
    refusal: str
    hidden: tuple[str, ...]
    hidden_more: int
    losses: Losses | None = None

    @property
    def words(self) -> str:
        return REASONS[self.reason]

    @property
    def icon(self) -> str:
        return ICONS.get(self.reason, "page")

    @property
    def verdict(self) -> Verdict:
        return self.page.record.verdict

    @property
    def is_settled(self) -> bool:
        return self.verdict is not Verdict.NONE or self.page.is_stopped

    @property
    def is_accepted(self) -> bool:
        return self.verdict is Verdict.ACCEPTED

    @property
    def url(self) -> str:
        return self.page.record.final_url or self.page.record.url

    @property
    def is_cut(self) -> bool:
        return len(self.page.record.excerpt) >= EXCERPT_CHARS

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The choices there are, the likelier one first."""
        if self.refusal:
            return ("ignore",)
        if self.reason in RARELY_GUIDES:
            return ("ignore", "accept")
        return ("accept", "ignore")

    @property
    def if_accepted(self) -> str:
        """What accepting leads to."""
        if self.stands and not self.stands.is_removed:
            return _(
                "The next run takes the page as it is now. Cards of what is missing go, and posts "
                "of them are flagged."
            )
        if self.reason is QuarantineReason.NO_LICENCE:
            return _("Read as a guide from the next run on, under the licence of its source.")
        return _("Read as a guide from the next run on. Its cards come to the queue.")

    @property
    def if_ignored(self) -> str:
        stands = self.stands and not self.stands.is_removed
        if self.reason is QuarantineReason.SHRUNK:
            if stands:
                return _("Its cards stay. You are asked again only if the page changes.")
            return _("Stays out. You are asked again only if the page changes.")
        if stands:
            return _("Its cards stay. You are asked again only if the reason changes.")
        return _("Stays out. You are asked again only if the reason changes.")


def list_shown(db: Database) -> tuple[ShownPage, ...]:
    """Every page set aside, settled ones too, the latest first; a fixed number of queries."""
    return show_pages(db, list_quarantined(db, include_settled=True, limit=MOST))


def show_pages(db: Database, pages: Sequence[QuarantinedPage]) -> tuple[ShownPage, ...]:
    """The pages with what stands of them already."""
    # A page's key is the name of the guide it gave, also when the page is something else by now.
    guide_ids = sorted({page.guide_id or page.record.key for page in pages})
    refs = list_guide_refs(db, guide_ids) if guide_ids else {}
    counts = count_live_cards(db, guide_ids) if guide_ids else {}
    stands = {
        guide_id: Standing(guide_id, ref.title, ref.lang, counts.get(guide_id, 0), ref.is_removed)
        for guide_id, ref in refs.items()
    }
    return tuple(
        _show(page, page.record.quarantine, stands.get(page.guide_id or page.record.key))
        for page in pages
        if page.record.quarantine
    )


def refuse(record: PageRecord) -> str:
    """Why a page cannot be accepted, '' if it can."""
    reason = record.quarantine.reason if record.quarantine else None
    if reason in NO_TEXT and not record.excerpt.strip():
        return _("No text of it could be read, so there is nothing to accept.")
    return ""


def _show(page: QuarantinedPage, quarantine: Quarantine, stands: Standing | None) -> ShownPage:
    record = page.record
    hidden = tuple(text[:MAX_HIDDEN_CHARS] for text in record.hidden[:MAX_HIDDEN])
    readable = strip_hidden(unquote(record.final_url or record.url))
    return ShownPage(
        page=page,
        id=f"page-{hashlib.sha256(record.key.encode()).hexdigest()[:12]}",
        source_anchor=anchor(page.source_id),
        reason=quarantine.reason,
        evidence=say_evidence(strip_hidden(quarantine.evidence)),
        title=strip_hidden(record.title).strip() or (stands.title if stands else "") or readable,
        address=readable,
        lang=stands.lang if stands else guess_lang(record.title + record.excerpt),
        stands=stands,
        said=say(page.decision) if page.decision else None,
        refusal=refuse(record),
        hidden=hidden,
        hidden_more=len(record.hidden) - len(hidden),
    )


def say(decision: PageDecision) -> Said:
    by = decision.user or _(COMMAND_LINE)
    return Said(_(DID[decision.action]), by, decision.at, decision.note)


def anchor(source_id: str) -> str:
    """The name of a source's place on the page of sources."""
    return "source-" + hashlib.sha256(source_id.encode()).hexdigest()[:12]


def guess_lang(text: str) -> str:
    """`zh` for text that is Chinese at sight, so that it gets its faces; '' else."""
    han = sum("\u3400" <= character <= "\u9fff" for character in text)
    return "zh" if han * 4 > len(text) else ""
