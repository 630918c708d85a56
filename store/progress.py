"""How far the day's work is, and how fast one's own goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import Table, exists, func, select

from store.decision_types import Action
from store.engine import Database
from store.queue_filter import start_of_day
from store.tables import metadata

LAST = 60
"""Decisions that somebody's pace is taken from."""
LEAST = 8
"""With fewer, nothing is said."""

_DECISIONS: Table = metadata.tables["decisions"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Drafts decided today, by me and by all; left: those that wait. left_s: how long those would
    take me at my own pace, None when too little is known of it.
    """

    mine: int
    all: int
    left: int
    left_s: float | None


def get_progress(db: Database, user_id: int, left: int, now: datetime) -> Progress:
    """left: drafts that wait. A day is one in UTC."""
    is_mine = _DECISIONS.c.user_id == user_id
    decided = _DECISIONS.c.action.in_((Action.APPROVE.value, Action.REJECT.value))
    with db.read() as session:
        undo = _DECISIONS.alias("undo")
        rows = session.execute(
            select(_DECISIONS.c.user_id, func.count())
            .where(
                decided,
                _DECISIONS.c.at >= start_of_day(now),
                ~exists(select(undo.c.id).where(undo.c.undoes_id == _DECISIONS.c.id)),
            )
            .group_by(_DECISIONS.c.user_id)
        ).all()
        times = session.execute(
            select(_DECISIONS.c.active_s)
            .where(is_mine, decided, _DECISIONS.c.active_s > 0)
            .order_by(_DECISIONS.c.at.desc())
            .limit(LAST)
        ).scalars()
        pace = [float(time) for time in times]
    return Progress(
        mine=sum(count for user, count in rows if user == user_id),
        all=sum(count for _, count in rows),
        left=left,
        left_s=median(pace) * left if len(pace) >= LEAST else None,
    )
