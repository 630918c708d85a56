"""What goes out when: posts of some days, each by the time that counts for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal_column, union_all
from sqlalchemy import select as sql_select
from sqlmodel import col

from stages.types import PostState
from store.engine import Database
from store.tables import DraftRow, GroupRow, PostRow

WAITING = tuple(
    state.value
    for state in (PostState.SCHEDULED, PostState.SENDING, PostState.FAILED, PostState.VERIFY)
)


@dataclass(frozen=True, slots=True)
class CalendarPost:
    """at: when it went out, or is or was due. has_alert: it waits for a person."""

    id: int
    group_id: str
    title: str
    lang: str
    tone: str
    state: PostState
    at: datetime
    has_alert: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """A group in the calendar."""

    group_id: str
    name: str
    lang: str
    is_active: bool


def list_calendar(
    db: Database, since: datetime, until: datetime, group_id: str = "", limit: int = 5000
) -> tuple[CalendarPost, ...]:
    """Posts from since to before until, in order of time; withdrawn ones are none.

    group_id: only of that group. limit: what is beyond it is left out, the latest first.
    """
    published = _posts(PostRow.published_at, since, until).where(
        col(PostRow.state) == PostState.PUBLISHED.value,
        # Named one by one, because the index of what was published begins with the group.
        col(PostRow.group_id).in_(sql_select(col(GroupRow.id))),
    )
    waiting = _posts(PostRow.due_at, since, until).where(col(PostRow.state).in_(WAITING))
    if group_id:
        published = published.where(col(PostRow.group_id) == group_id)
        waiting = waiting.where(col(PostRow.group_id) == group_id)
    query = union_all(published, waiting).order_by(literal_column("at"), literal_column("id"))
    with db.read() as session:
        return tuple(
            CalendarPost(
                row.id,
                row.group_id,
                row.title,
                row.lang,
                row.tone,
                PostState(row.state),
                row.at,
                bool(row.alert),
            )
            for row in session.execute(query.limit(limit))
        )


def list_lanes(db: Database) -> tuple[Lane, ...]:
    """Every group there ever was: the active ones in their order, then the others."""
    query = sql_select(col(GroupRow.id), col(GroupRow.spec), col(GroupRow.is_active)).order_by(
        col(GroupRow.is_active).desc(), col(GroupRow.position), col(GroupRow.id)
    )
    with db.read() as session:
        return tuple(
            Lane(row[0], str(row[1]["name"]), str(row[1]["lang"]), bool(row[2]))
            for row in session.execute(query)
        )


def _posts(column: Any, since: datetime, until: datetime) -> Select[Any]:
    at = col(column)
    query: Select[Any] = (
        sql_select(
            col(PostRow.id).label("id"),
            col(PostRow.group_id).label("group_id"),
            col(PostRow.title).label("title"),
            col(PostRow.lang).label("lang"),
            col(DraftRow.tone).label("tone"),
            col(PostRow.state).label("state"),
            at.label("at"),
            col(PostRow.alert).label("alert"),
        )
        .join(DraftRow, col(DraftRow.id) == col(PostRow.draft_id))
        .where(at >= since, at < until)
    )
    return query
