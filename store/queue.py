"""The review queue: cards with their drafts, in the order that matters, one page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    Subquery,
    and_,
    case,
    func,
    or_,
    tuple_,
)
from sqlalchemy import select as sql_select
from sqlmodel import col, select

from stages.types import Card, ChangeKind, Placement, Reuse, Risk, Stakes
from store.cards import make_card
from store.drafts import DraftView, list_drafts
from store.engine import Database
from store.placements import list_placements
from store.tables import CardRow, DraftRow, DraftState, GuideRow, PlacementRow, SourceRow

PAGE_SIZE = 50


class View(StrEnum):
    """What of the queue to look at."""

    REVIEW = "review"
    FLAGGED = "flagged"
    BLOCKED = "blocked"
    HIGH_STAKES = "high"
    CHANGED = "changed"
    DECIDED = "decided"
    READ_ONLY = "read_only"


@dataclass(frozen=True, slots=True)
class Filter:
    """Empty fields do not filter. text: words looked for in title and card text."""

    view: View = View.REVIEW
    source_id: str = ""
    guide_id: str = ""
    group_id: str = ""
    run_id: str = ""
    lang: str = ""
    text: str = ""


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


def get_queue(db: Database, wanted: Filter, page: int = 1) -> QueuePage:
    """page: from 1, `PAGE_SIZE` cards each. The number of queries does not depend on the cards."""
    drafts = _draft_counts()
    base = _narrow(_cards(drafts), wanted)
    with db.read() as session:
        views = [
            func.coalesce(func.sum(case((_is_in(view, drafts), 1), else_=0)), 0) for view in View
        ]
        row = session.execute(base.with_only_columns(*views, maintain_column_froms=True)).one()
        counts = dict(zip(View, (int(count) for count in row), strict=True))
        rows = session.execute(
            base.where(_is_in(wanted.view, drafts))
            .order_by(*_order())
            .limit(PAGE_SIZE)
            .offset((min(max(page, 1), 1_000_000) - 1) * PAGE_SIZE)  # what any address may ask for
        ).all()
    return QueuePage(_items(db, rows), counts[wanted.view], counts)


def get_item(db: Database, card_id: str) -> QueueItem | None:
    with db.read() as session:
        rows = session.execute(_cards(_draft_counts()).where(col(CardRow.id) == card_id)).all()
    items = _items(db, rows)
    return items[0] if items else None


def get_neighbours(db: Database, card_id: str, wanted: Filter) -> tuple[str, str]:
    """Ids of the cards before and after this one in the queue, '' at the ends.

    The card itself need not be in the view any more: it may just have been decided.
    """
    drafts = _draft_counts()
    order = _order()
    found: list[str] = []
    with db.read() as session:
        here = session.execute(
            sql_select(*order).select_from(CardRow).where(col(CardRow.id) == card_id)
        ).first()
        if here is None:
            return "", ""
        base = _narrow(_cards(drafts), wanted).where(_is_in(wanted.view, drafts))
        place = tuple_(*order)
        before = base.where(place < tuple_(*here)).order_by(*(part.desc() for part in order))
        after = base.where(place > tuple_(*here)).order_by(*order)
        for query in (before, after):
            row = session.execute(
                query.with_only_columns(col(CardRow.id), maintain_column_froms=True).limit(1)
            ).first()
            found.append(row[0] if row else "")
    return found[0], found[1]


def list_guide_titles(db: Database) -> dict[str, str]:
    """Titles of all guides by id, for the filter."""
    with db.read() as session:
        rows = session.execute(
            sql_select(col(GuideRow.id), col(GuideRow.title)).order_by(col(GuideRow.title))
        )
        return {row[0]: row[1] for row in rows}


def _draft_counts() -> Subquery:
    """Current drafts per card: how many there are, how many pending, flagged and blocked."""
    is_pending = col(DraftRow.state) == DraftState.PENDING.value

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    return (
        sql_select(
            col(DraftRow.card_id).label("card_id"),
            func.count().label("total"),
            count(is_pending).label("pending"),
            count(and_(is_pending, col(DraftRow.risk) == Risk.FLAGGED.value)).label("flagged"),
            count(and_(is_pending, col(DraftRow.risk) == Risk.BLOCKED.value)).label("blocked"),
        )
        .where(col(DraftRow.is_current))
        .group_by(col(DraftRow.card_id))
        .subquery()
    )


def _cards(drafts: Subquery) -> Select[Any]:
    return (
        sql_select(CardRow, GuideRow, SourceRow)
        .join(GuideRow, col(GuideRow.id) == col(CardRow.guide_id))
        .join(SourceRow, col(SourceRow.id) == col(GuideRow.source_id))
        .outerjoin(drafts, drafts.c.card_id == col(CardRow.id))
    )


def _narrow(query: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.source_id:
        query = query.where(col(GuideRow.source_id) == wanted.source_id)
    if wanted.guide_id:
        query = query.where(col(GuideRow.id) == wanted.guide_id)
    if wanted.lang:
        query = query.where(col(CardRow.lang).startswith(wanted.lang, autoescape=True))
    for word in wanted.text.split()[:8]:
        query = query.where(
            or_(
                col(CardRow.title).icontains(word, autoescape=True),
                col(CardRow.text).icontains(word, autoescape=True),
            )
        )
    if wanted.group_id:
        placed = select(PlacementRow.card_id).where(PlacementRow.group_id == wanted.group_id)
        query = query.where(col(CardRow.id).in_(placed))
    if wanted.run_id:
        cooked = select(DraftRow.card_id).where(DraftRow.run_id == wanted.run_id)
        query = query.where(col(CardRow.id).in_(cooked))
    return query


def _is_in(view: View, drafts: Subquery) -> ColumnElement[bool]:
    is_live = col(CardRow.removed_at).is_(None)
    is_ours = col(GuideRow.reuse) == Reuse.ADAPT_OK.value
    is_open = and_(is_live, is_ours, func.coalesce(drafts.c.pending, 0) > 0)
    conditions = {
        View.REVIEW: is_open,
        View.FLAGGED: and_(is_open, drafts.c.flagged > 0),
        View.BLOCKED: and_(is_open, drafts.c.blocked > 0),
        View.HIGH_STAKES: and_(is_open, col(CardRow.stakes) == Stakes.HIGH.value),
        View.CHANGED: and_(
            is_open,
            col(CardRow.change).in_((ChangeKind.MATERIAL.value, ChangeKind.REWORDED.value)),
        ),
        View.DECIDED: and_(is_live, is_ours, drafts.c.total > 0, drafts.c.pending == 0),
        View.READ_ONLY: and_(is_live, col(GuideRow.reuse) != Reuse.ADAPT_OK.value),
    }
    return conditions[view]


def _order() -> tuple[SQLColumnExpression[Any], ...]:
    """Cards whose source changed materially first, then what could hurt, then guide by guide."""
    is_changed = case((col(CardRow.change) == ChangeKind.MATERIAL.value, 0), else_=1)
    is_high = case((col(CardRow.stakes) == Stakes.HIGH.value, 0), else_=1)
    return (is_changed, is_high, col(CardRow.guide_id), col(CardRow.position), col(CardRow.id))


def _items(db: Database, rows: Sequence[Any]) -> tuple[QueueItem, ...]:
    ids = [card.id for card, _, _ in rows]
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
