"""Which cards a view and a filter of the queue mean, and how many each view has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    union,
)
from sqlmodel import Session

from stages.types import Risk
from store import search
from store.desk_tables import (
    CommentRow,
    LeaseRow,
    MentionRow,
    QueueEntryRow,
    WorkingTextRow,
)
from store.queue_entries import EntryState, Mark, open_marks, sums_with
from store.queue_sums import read_sums
from store.tables import metadata

ENTRIES: Table = metadata.tables[QueueEntryRow.__tablename__]
_CARDS: Table = metadata.tables["cards"]
_DRAFTS: Table = metadata.tables["drafts"]
_PLACEMENTS: Table = metadata.tables["placements"]
_LEASES: Table = metadata.tables[LeaseRow.__tablename__]
_COMMENTS: Table = metadata.tables[CommentRow.__tablename__]
_MENTIONS: Table = metadata.tables[MentionRow.__tablename__]
_WORKING: Table = metadata.tables[WorkingTextRow.__tablename__]

ORDER = (
    ENTRIES.c.rank,
    ENTRIES.c.day,
    ENTRIES.c.guide_id,
    ENTRIES.c.position,
    ENTRIES.c.card_id,
)
"""Cards with a post out whose source changed, then what could hurt, then the oldest day, then
guide by guide."""


class View(StrEnum):
    """What of the queue to look at."""

    REVIEW = "review"
    NEW = "new"
    FLAGGED = "flagged"
    BLOCKED = "blocked"
    HIGH_STAKES = "high"
    CHANGED = "changed"
    WAITING = "waiting"
    MINE = "mine"
    DECIDED = "decided"
    READ_ONLY = "read_only"


MARKS = {
    View.REVIEW: Mark.OPEN,
    View.FLAGGED: Mark.OPEN | Mark.FLAGGED,
    View.BLOCKED: Mark.OPEN | Mark.BLOCKED,
    View.HIGH_STAKES: Mark.OPEN | Mark.HIGH_STAKES,
    View.CHANGED: Mark.OPEN | Mark.CHANGED,
    View.DECIDED: Mark.DECIDED,
    View.READ_ONLY: Mark.READ_ONLY,
}
"""Views of the cards that have some marks."""
_STATES = {
    View.REVIEW: EntryState.OPEN,
    View.DECIDED: EntryState.DECIDED,
    View.READ_ONLY: EntryState.READ_ONLY,
}


@dataclass(frozen=True, slots=True)
class Counts:
    """views: cards per view that fit the rest of the filter. drafts: those that wait, of all."""

    views: dict[View, int]
    drafts: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Empty fields do not filter. text: words looked for in title and card text.

    tone, risk, model, version: of a draft that waits, of any when none does. tone and risk
    together mean the same draft. version: `mom@1.2`. age_h: waits for at least so many hours.
    """

    view: View = View.REVIEW
    source_id: str = ""
    guide_id: str = ""
    group_id: str = ""
    run_id: str = ""
    lang: str = ""
    text: str = ""
    topic: str = ""
    stage: str = ""
    tone: str = ""
    risk: str = ""
    model: str = ""
    version: str = ""
    age_h: int = 0


def narrow(
    session: Session,
    query: Select[Any],
    wanted: Filter,
    now: datetime,
    *,
    is_common: bool = False,
) -> Select[Any]:
    """The query, of the entries that fit everything but the view. is_common: many do, so that the
    first of them are found sooner by looking through the queue in its order.
    """
    if wanted.source_id:
        query = query.where(ENTRIES.c.source_id == wanted.source_id)
    if wanted.guide_id:
        query = query.where(ENTRIES.c.guide_id == wanted.guide_id)
    if wanted.lang:
        query = query.where(ENTRIES.c.lang.startswith(wanted.lang, autoescape=True))
    if wanted.risk and not wanted.tone:
        query = query.where(ENTRIES.c.risks.in_(sums_with(Risk(wanted.risk))))
    if wanted.age_h:
        query = query.where(ENTRIES.c.oldest_at <= now - timedelta(hours=wanted.age_h))
    if wanted.group_id:
        placed = select(_PLACEMENTS.c.card_id).where(_PLACEMENTS.c.group_id == wanted.group_id)
        query = query.where(ENTRIES.c.card_id.in_(placed))
    if wanted.run_id:
        cooked = select(_DRAFTS.c.card_id).where(_DRAFTS.c.run_id == wanted.run_id)
        query = query.where(ENTRIES.c.card_id.in_(cooked))
    return _search(session, query, wanted, is_common)


def is_in(view: View, user_id: int, now: datetime) -> ColumnElement[bool]:
    """user_id: who looks; the views that are theirs are empty for 0."""
    is_there = ENTRIES.c.state != EntryState.GONE.value
    is_open = ENTRIES.c.state == EntryState.OPEN.value
    if view is View.NEW:
        return and_(is_open, ENTRIES.c.newest_at >= start_of_day(now))
    if view is View.MINE:
        return and_(is_there, ENTRIES.c.card_id.in_(_mine(user_id, now)))
    if view is View.WAITING:
        return and_(is_open, ENTRIES.c.first_by > "", ENTRIES.c.first_by != str(user_id))
    if view in _STATES:
        return ENTRIES.c.state == _STATES[view].value
    return and_(is_open, ENTRIES.c.marks.in_(open_marks(MARKS[view])))


def count_all(session: Session, wanted: Filter, user_id: int, now: datetime) -> Counts:
    """In at most four queries."""
    facet, *more = _facets(wanted) or [""]
    sums = read_sums(session, ("", facet), now)
    of_all = [row for row in sums if not row.facet]
    if not more and _drop_facets(wanted) == Filter():
        of_facet = [row for row in sums if row.facet == facet]
        waiting = _count_waiting(session, wanted, user_id, now)
        views = {**_sum_views(of_facet), View.WAITING: waiting}
    else:
        views = _count_narrowed(session, wanted, user_id, now)
    # Somebody's own are few: to go by them is faster than by everything that fits the filter.
    mine = session.execute(_mine(user_id, now)).scalars().all()
    views[View.MINE] = 0
    if mine:
        is_mine = and_(ENTRIES.c.state != EntryState.GONE.value, ENTRIES.c.card_id.in_(mine))
        of_mine = narrow(session, _COUNT.where(is_mine), wanted, now)
        views[View.MINE] = int(session.execute(of_mine).scalar_one())
    return Counts(views, sum(row.drafts for row in of_all if row.marks & Mark.OPEN.value))


_COUNT = select(func.count()).select_from(ENTRIES)


def _count_waiting(session: Session, wanted: Filter, user_id: int, now: datetime) -> int:
    """They are few, and whose verdict they wait for marks do not tell."""
    query = _COUNT.where(is_in(View.WAITING, user_id, now))
    return int(session.execute(narrow(session, query, wanted, now)).scalar_one())


def _count_narrowed(
    session: Session, wanted: Filter, user_id: int, now: datetime
) -> dict[View, int]:
    """Every view: the rows that fit are read once and tell all."""
    is_new = ENTRIES.c.newest_at >= start_of_day(now)
    is_waiting = ENTRIES.c.first_by.not_in(("", str(user_id)))
    query = select(
        ENTRIES.c.marks,
        func.count().label("cards"),
        func.count(case((is_new, 1))).label("new"),
        func.count(case((is_waiting, 1))).label("waiting"),
    )
    rows = session.execute(narrow(session, query, wanted, now).group_by(ENTRIES.c.marks)).all()
    waiting = sum(row.waiting for row in rows if row.marks & Mark.OPEN.value)
    return {**_sum_views(rows), View.WAITING: waiting}


def _sum_views(rows: Sequence[Row[Any]]) -> dict[View, int]:
    """Of marks, cards and new: the views these tell. By plain numbers: Python takes ten times as
    long for those of an enum.
    """
    wanted = {view: marks.value for view, marks in MARKS.items()}
    found = {
        view: sum(row.cards for row in rows if row.marks & marks == marks)
        for view, marks in wanted.items()
    }
    found[View.NEW] = sum(row.new for row in rows if row.marks & Mark.OPEN.value)
    return found


def start_of_day(now: datetime) -> datetime:
    """The days of the queue are days in UTC."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _facets(wanted: Filter) -> list[str]:
    said = {
        "topic": wanted.topic,
        "stage": wanted.stage,
        "model": wanted.model,
        "version": wanted.version,
    }
    if wanted.tone and wanted.risk:
        said[wanted.tone] = wanted.risk
    else:
        said["tone"] = wanted.tone
    return [search.facet(name, value) for name, value in said.items() if value]


def _drop_facets(wanted: Filter) -> Filter:
    """What narrows beside the facets; the view does not."""
    rest = replace(wanted, view=View.REVIEW, topic="", stage="", model="", version="")
    return replace(rest, tone="", risk="") if wanted.tone else rest


def _search(session: Session, query: Select[Any], wanted: Filter, is_common: bool) -> Select[Any]:
    asked = search.ask(wanted.text)
    terms = (*asked.terms, *((said, False) for said in _facets(wanted)))
    if terms:
        query = query.where(search.has_terms(session, terms, is_common=is_common))
    for word in asked.exact:
        query = query.where(
            exists(
                select(_CARDS.c.id).where(
                    _CARDS.c.id == ENTRIES.c.card_id,
                    or_(
                        _CARDS.c.title.icontains(word, autoescape=True),
                        _CARDS.c.text.icontains(word, autoescape=True),
                    ),
                )
            )
        )
    return query


def _mine(user_id: int, now: datetime) -> Any:
    """Cards somebody is on, was called to and has not opened since, or left a text of theirs on."""
    return union(
        select(_LEASES.c.card_id).where(_LEASES.c.user_id == user_id, _LEASES.c.until > now),
        select(_COMMENTS.c.card_id)
        .join(_MENTIONS, _MENTIONS.c.comment_id == _COMMENTS.c.id)
        .where(
            _MENTIONS.c.user_id == user_id,
            _MENTIONS.c.seen_at.is_(None),
            _COMMENTS.c.removed_at.is_(None),
        ),
        select(_DRAFTS.c.card_id)
        .join(_WORKING, _WORKING.c.draft_id == _DRAFTS.c.id)
        .where(_WORKING.c.user_id == user_id),
    )
