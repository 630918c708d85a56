"""The review queue: cards with their drafts, in the order that matters, one page at a time.

What is looked for, counted and ordered is read from `store.queue_entries`, which keeps a narrow row
per card; only the cards of one page are read whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select as sql_select
from sqlalchemy import tuple_
from sqlmodel import col

from stages.types import Card, ChangeKind, Placement, Reuse
from store.cards import make_card
from store.drafts import DraftView, list_drafts
from store.engine import Database, utc_now
from store.placements import list_placements
from store.queue_filter import (
    ENTRIES,
    ORDER,
    Filter,
    View,
    count_all,
    is_in,
    narrow,
)
from store.tables import CardRow, DraftRow, GuideRow, SourceRow

PAGE_SIZE = 30
MANY = 2_000
"""Of so many cards that fit, the first page is found sooner in the queue's order than by sorting:
measured at 100,000 cards, 7 ms against 21 for 15,000 cards; alike at about 1,500.
"""

__all__ = [
    "PAGE_SIZE",
    "Filter",
    "Found",
    "GuideFacts",
    "QueueItem",
    "QueuePage",
    "TwinFacts",
    "View",
    "find_cards",
    "get_guide_title",
    "get_item",
    "get_neighbours",
    "get_queue",
    "list_guide_titles",
    "list_models",
]


@dataclass(frozen=True, slots=True)
class GuideFacts:
    """What a card page says of the guide and its source."""

    id: str
    title: str
    url: str
    source_id: str
    publisher: str
    licence: str
    licence_url: str
    attribution: str
    reviewed: str
    reuse: Reuse


@dataclass(frozen=True, slots=True)
class TwinFacts:
    """Another card of the library that says nearly the same."""

    card_id: str
    title: str
    guide_title: str
    publisher: str


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A card as the queue and the card page show it.

    is_source_removed: the card is gone because its whole page is. licence_finding: how the page
    disagrees with the register about its licence, '' when it does not. twin: None when no card
    that is still there says nearly the same. previous_change: MATERIAL or REWORDED, from
    previous_text to the text of now; None when there was no change.
    """

    card: Card
    change: ChangeKind
    changed_at: datetime
    previous_text: str
    is_removed: bool
    guide: GuideFacts
    drafts: tuple[DraftView, ...]
    placements: tuple[Placement, ...]
    licence_finding: str = ""
    twin: TwinFacts | None = None
    is_source_removed: bool = False
    previous_change: ChangeKind | None = None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """items: one page; total: of the filter; counts: cards per view, filters other than the view
    applied.
    """

    items: tuple[QueueItem, ...]
    total: int
    counts: dict[View, int]


@dataclass(frozen=True, slots=True)
class Found:
    """The ids of one page; total: of the filter; counts: as in `QueuePage`. drafts: those that
    wait, whatever the filter.
    """

    card_ids: tuple[str, ...]
    total: int
    counts: dict[View, int]
    drafts: int


def get_queue(
    db: Database,
    wanted: Filter,
    page: int = 1,
    *,
    user_id: int = 0,
    now: datetime | None = None,
) -> QueuePage:
    """page: from 1, `PAGE_SIZE` cards each. user_id: who looks; 0 for nobody in particular.

    The number of queries does not depend on the cards.
    """
    found = find_cards(db, wanted, page, user_id=user_id, now=now)
    return QueuePage(_get_items(db, found.card_ids), found.total, found.counts)


def find_cards(
    db: Database,
    wanted: Filter,
    page: int = 1,
    *,
    user_id: int = 0,
    now: datetime | None = None,
) -> Found:
    """As `get_queue`, without reading the cards."""
    now = now or utc_now()
    with db.read() as session:
        counts = count_all(session, wanted, user_id, now)
        total = counts.views[wanted.view]
        number = min(max(page, 1), 1_000_000)  # what any address may ask for
        is_common = total > MANY
        ids = session.execute(
            narrow(session, sql_select(ENTRIES.c.card_id), wanted, now, is_common=is_common)
            .where(is_in(wanted.view, user_id, now))
            .order_by(*ORDER)
            .limit(PAGE_SIZE)
            .offset((number - 1) * PAGE_SIZE)
        ).scalars()
        return Found(tuple(ids), total, counts.views, counts.drafts)


def get_item(db: Database, card_id: str) -> QueueItem | None:
    items = _get_items(db, [card_id])
    return items[0] if items else None


def get_neighbours(
    db: Database,
    card_id: str,
    wanted: Filter,
    *,
    user_id: int = 0,
    now: datetime | None = None,
) -> tuple[str, str]:
    """Ids of the cards before and after this one in the queue, '' at the ends.

    The card itself need not be in the view any more: it may just have been decided.
    """
    now = now or utc_now()
    found: list[str] = []
    with db.read() as session:
        here = session.execute(sql_select(*ORDER).where(ENTRIES.c.card_id == card_id)).first()
        if here is None:
            return "", ""
        base = narrow(session, sql_select(ENTRIES.c.card_id), wanted, now)
        base = base.where(is_in(wanted.view, user_id, now)).limit(1)
        place = tuple_(*ORDER)
        before = base.where(place < tuple_(*here)).order_by(*(part.desc() for part in ORDER))
        after = base.where(place > tuple_(*here)).order_by(*ORDER)
        for query in (before, after):
            found.append(session.execute(query).scalar() or "")
    return found[0], found[1]


def list_guide_titles(db: Database, source_id: str = "", limit: int = 200) -> dict[str, str]:
    """Titles of the first guides, of one source or of all, by id, for the filter."""
    query = sql_select(col(GuideRow.id), col(GuideRow.title)).order_by(col(GuideRow.title))
    if source_id:
        query = query.where(col(GuideRow.source_id) == source_id)
    with db.read() as session:
        return {row[0]: row[1] for row in session.execute(query.limit(limit))}


def get_guide_title(db: Database, guide_id: str) -> str:
    """'' when there is no such guide."""
    with db.read() as session:
        query = sql_select(col(GuideRow.title)).where(col(GuideRow.id) == guide_id)
        return session.execute(query).scalar() or ""


def list_models(db: Database) -> tuple[str, ...]:
    """Which models wrote drafts; each is looked up behind the last, so that it costs nothing."""
    found: list[str] = []
    with db.read() as session:
        query = sql_select(col(DraftRow.model)).order_by(col(DraftRow.model)).limit(1)
        model = session.execute(query).scalar()
        while model is not None and len(found) < 50:
            found.append(model)
            model = session.execute(query.where(col(DraftRow.model) > model)).scalar()
    return tuple(found)


def _get_items(db: Database, ids: Sequence[str]) -> tuple[QueueItem, ...]:
    with db.read() as session:
        query = (
            sql_select(CardRow, GuideRow, SourceRow)
            .join(GuideRow, col(GuideRow.id) == col(CardRow.guide_id))
            .join(SourceRow, col(SourceRow.id) == col(GuideRow.source_id))
            .where(col(CardRow.id).in_(ids))
        )
        order = {card_id: nth for nth, card_id in enumerate(ids)}
        rows = sorted(session.execute(query).all(), key=lambda row: order[row[0].id])
    drafts = list_drafts(db, ids)
    placements = list_placements(db, ids)
    twins = _list_twins(db, [card.twin_id for card, _, _ in rows if card.twin_id])
    return tuple(
        QueueItem(
            card=make_card(card),
            change=ChangeKind(card.change),
            changed_at=card.changed_at,
            previous_text=card.previous_text,
            is_removed=card.removed_at is not None,
            guide=GuideFacts(
                id=guide.id,
                title=guide.title,
                url=guide.url,
                source_id=guide.source_id,
                publisher=str(source.spec["publisher"]),
                licence=guide.licence,
                licence_url=str(source.spec["licence_url"]),
                attribution=guide.attribution,
                reviewed=guide.reviewed,
                reuse=Reuse(guide.reuse),
            ),
            drafts=drafts.get(card.id, ()),
            placements=placements.get(card.id, ()),
            licence_finding=guide.licence_finding,
            twin=twins.get(card.twin_id),
            is_source_removed=card.change == ChangeKind.SOURCE_REMOVED,
            previous_change=ChangeKind(card.previous_change) if card.previous_change else None,
        )
        for card, guide, source in rows
    )


def _list_twins(db: Database, card_ids: Sequence[str]) -> dict[str, TwinFacts]:
    """Those of the cards that are still there, by id."""
    if not card_ids:
        return {}
    query = (
        sql_select(col(CardRow.id), col(CardRow.title), col(GuideRow.title), col(SourceRow.spec))
        .join(GuideRow, col(GuideRow.id) == col(CardRow.guide_id))
        .join(SourceRow, col(SourceRow.id) == col(GuideRow.source_id))
        .where(col(CardRow.id).in_(card_ids), col(CardRow.removed_at).is_(None))
    )
    with db.read() as session:
        return {
            row[0]: TwinFacts(row[0], row[1], row[2], str(row[3]["publisher"]))
            for row in session.execute(query)
        }
