"""Which cards a view and a filter of the queue mean, and how many each view has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, exists, func, or_, select, union
from sqlmodel import Session

from store import search
from store.desk_tables import (
    CommentRow,
    LeaseRow,
    MentionRow,
    QueueEntryRow,
    WorkingTextRow,
)
from store.queue_entries import EntryState, facet
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


def narrow(session: Session, query: Select[Any], wanted: Filter, now: datetime) -> Select[Any]:
    """The query, of the entries that fit everything but the view."""
    if wanted.source_id:
        query = query.where(ENTRIES.c.source_id == wanted.source_id)
    if wanted.guide_id:
        query = query.where(ENTRIES.c.guide_id == wanted.guide_id)
    if wanted.lang:
        query = query.where(ENTRIES.c.lang.startswith(wanted.lang, autoescape=True))
    is_sqlite = session.connection().dialect.name == "sqlite"
    find = func.instr if is_sqlite else func.strpos
    for said in _facets(wanted):
        query = query.where(find(ENTRIES.c.facets, said) > 0)
    if wanted.age_h:
        query = query.where(ENTRIES.c.oldest_at <= now - timedelta(hours=wanted.age_h))
    if wanted.group_id:
        placed = select(_PLACEMENTS.c.card_id).where(_PLACEMENTS.c.group_id == wanted.group_id)
        query = query.where(ENTRIES.c.card_id.in_(placed))
    if wanted.run_id:
        cooked = select(_DRAFTS.c.card_id).where(_DRAFTS.c.run_id == wanted.run_id)
        query = query.where(ENTRIES.c.card_id.in_(cooked))
    return _search(session, query, wanted.text)


def is_in(view: View, user_id: int, now: datetime) -> ColumnElement[bool]:
    """user_id: who looks; the views that are theirs are empty for 0."""
    is_open = ENTRIES.c.state == EntryState.OPEN.value
    if view is View.NEW:
        return and_(is_open, ENTRIES.c.newest_at >= start_of_day(now))
    if view is View.MINE:
        is_there = ENTRIES.c.state != EntryState.GONE.value
        return and_(is_there, ENTRIES.c.card_id.in_(_mine(user_id, now)))
    conditions: dict[View, ColumnElement[bool]] = {
        View.REVIEW: is_open,
        View.FLAGGED: and_(is_open, ENTRIES.c.flagged > 0),
        View.BLOCKED: and_(is_open, ENTRIES.c.blocked > 0),
        View.HIGH_STAKES: and_(is_open, ENTRIES.c.is_high),
        View.CHANGED: and_(is_open, ENTRIES.c.is_changed),
        View.WAITING: and_(is_open, ENTRIES.c.first_by > "", ENTRIES.c.first_by != str(user_id)),
        View.DECIDED: ENTRIES.c.state == EntryState.DECIDED.value,
        View.READ_ONLY: ENTRIES.c.state == EntryState.READ_ONLY.value,
    }
    return conditions[view]


def count_views(session: Session, wanted: Filter, user_id: int, now: datetime) -> dict[View, int]:
    """Cards per view that fit the rest of the filter, in two queries."""
    marks = (
        ENTRIES.c.state,
        ENTRIES.c.flagged,
        ENTRIES.c.blocked,
        ENTRIES.c.is_high,
        ENTRIES.c.is_changed,
        ENTRIES.c.first_by,
    )
    rows = session.execute(
        narrow(session, select(*marks, func.count().label("cards")), wanted, now).group_by(*marks)
    ).all()
    counts = dict.fromkeys(View, 0)
    for row in rows:
        is_open = row.state == EntryState.OPEN
        views = {
            View.REVIEW: is_open,
            View.FLAGGED: is_open and row.flagged > 0,
            View.BLOCKED: is_open and row.blocked > 0,
            View.HIGH_STAKES: is_open and row.is_high,
            View.CHANGED: is_open and row.is_changed,
            View.WAITING: is_open and row.first_by not in ("", str(user_id)),
            View.DECIDED: row.state == EntryState.DECIDED,
            View.READ_ONLY: row.state == EntryState.READ_ONLY,
        }
        for view, is_there in views.items():
            counts[view] += row.cards if is_there else 0
    others = [
        narrow(session, select(func.count()).select_from(ENTRIES), wanted, now)
        .where(is_in(view, user_id, now))
        .scalar_subquery()
        for view in (View.NEW, View.MINE)
    ]
    counts[View.NEW], counts[View.MINE] = session.execute(select(*others)).one()
    return counts


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
        said |= {"tone": wanted.tone, "risk": wanted.risk}
    return [facet(name, value) for name, value in said.items() if value]


def _search(session: Session, query: Select[Any], words: str) -> Select[Any]:
    asked = search.ask(words)
    if asked.terms:
        query = query.where(search.matches(session.connection().dialect.name, asked.terms))
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
