"""Plain values to fill a database with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from stages.types import (
    Block,
    BlockKind,
    Card,
    CardChange,
    CardKind,
    ChangeKind,
    Draft,
    DraftSentence,
    Finding,
    Group,
    Guide,
    Reuse,
    Risk,
    Severity,
    Source,
    Stakes,
)
from store.cards import apply_changes
from store.decision_types import By
from store.drafts import DraftView, add_drafts, list_drafts
from store.engine import Database
from store.groups import set_groups
from store.guides import save_guide
from store.runs import start_run
from store.sources import set_sources
from store.users import add_user

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TONES = ("expert", "mom", "engagement")

SOURCE = Source(
    id="house",
    publisher="The House",
    homepage="https://guides.example/",
    languages=("en", "zh-Hans"),
    reuse=Reuse.ADAPT_OK,
    licence="CC BY 4.0",
    licence_url="https://licence.example/by",
    attribution="The House, CC BY 4.0",
)
FINDING = Finding("numbers", Severity.MAJOR, "8 became 9.", (3, 4), (5, 6))


def make_guide(guide_id: str = "house/sleep", reuse: Reuse = Reuse.ADAPT_OK) -> Guide:
    return Guide(
        id=guide_id,
        source_id=SOURCE.id,
        url=f"https://guides.example/{guide_id}",
        title="Sleep",
        lang="en",
        blocks=(Block(BlockKind.PARAGRAPH, "Put the baby on the back."),),
        text="Put the baby on the back.",
        content_hash="c1",
        reuse=reuse,
        licence="CC BY 4.0",
        attribution="The House, CC BY 4.0",
    )


def make_card(
    card_id: str, guide_id: str = "house/sleep", position: int = 0, text: str = "On the back."
) -> Card:
    return Card(
        id=card_id,
        guide_id=guide_id,
        title=f"Title of {card_id}",
        breadcrumbs=("Sleep", "Where"),
        text=text,
        kind=CardKind.FACT,
        spans=((0, 12), (13, 25)),
        body_hash=f"body of {text}",
        ctx_hash="ctx",
        lang="en",
        topics=("sleep",),
        stakes=Stakes.NORMAL,
        position=position,
        stages=("0-3m",),
    )


def make_draft(
    card_id: str, tone: str = "expert", text: str = "Lay baby down on the back.", nth: int = 0
) -> Draft:
    return Draft(
        key=f"{card_id}/{tone}/{nth}",
        card_id=card_id,
        tone=tone,
        tone_version="1",
        tone_hash=f"hash of {tone}",
        lang="en",
        text=text,
        sentences=(DraftSentence(text, ("s1",), ("f1",)), DraftSentence("Sleep well!")),
        model="offline/house",
        findings=(),
        risk=Risk.LOW,
    )


def make_group(group_id: str, channel: str = "atom", lang: str = "en") -> Group:
    return Group(
        id=group_id,
        name=f"Group {group_id}",
        lang=lang,
        description="Nights with a newborn",
        stages=("0-3m",),
        topics=("sleep",),
        rules=("Be kind.",),
        preferred_tone="mom",
        sample_posts=("Does she ever sleep?",),
        channel=channel,
    )


def new(*cards: Card) -> list[CardChange]:
    return [CardChange(ChangeKind.NEW, None, card) for card in cards]


@dataclass(frozen=True)
class Stock:
    """What `stock` put into the database. ada, ben: ids of two editors."""

    db: Database
    run_id: str
    card_ids: tuple[str, ...]
    ada: int
    ben: int

    def draft(self, card_id: str = "card-0", tone: str = "expert") -> DraftView:
        """The current draft as it is now."""
        drafts = list_drafts(self.db, [card_id])[card_id]
        return next(draft for draft in drafts if draft.tone == tone)

    def by_ada(self, draft: DraftView, active_s: float = 0.0) -> By:
        return By(self.ada, draft.version, active_s)

    def by_ben(self, draft: DraftView) -> By:
        return By(self.ben, draft.version)


def stock(
    db: Database,
    cards: Sequence[Card] | None = None,
    tones: Sequence[str] = TONES,
    guide: Guide | None = None,
    draft: Draft | None = None,
) -> Stock:
    """One guide with cards and a draft per tone, groups g1 and g2, editors; draft: a pattern."""
    guide = guide or make_guide()
    if cards is None:
        cards = [make_card(f"card-{n}", guide.id, n) for n in range(4)]
    set_sources(db, [SOURCE])
    set_groups(db, [make_group("g1"), make_group("g2")])
    save_guide(db, guide)
    apply_changes(db, guide.id, new(*cards), "k1")
    run_id = start_run(db, "test", [], {})
    drafts = [make_draft(card.id, tone) for card in cards for tone in tones]
    if draft is not None:
        drafts = [
            replace(draft, key=each.key, card_id=each.card_id, tone=each.tone) for each in drafts
        ]
    add_drafts(db, drafts, run_id)
    return Stock(
        db=db,
        run_id=run_id,
        card_ids=tuple(card.id for card in cards),
        ada=add_user(db, "ada", "hash").id,
        ben=add_user(db, "ben", "hash").id,
    )
