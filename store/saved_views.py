"""Filters of the queue that people keep under a name of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, delete, func, select
from sqlalchemy.exc import IntegrityError

from stages.errors import PermanentError
from store.desk_tables import SavedViewRow
from store.engine import Database, take_turns
from store.queue_filter import ENTRIES, Filter, is_in, narrow
from store.tables import metadata

MAX_VIEWS = 20
MAX_NAME = 40

_VIEWS: Table = metadata.tables[SavedViewRow.__tablename__]


@dataclass(frozen=True, slots=True)
class SavedView:
    """params: what `review_ui.filters` reads from an address."""

    id: int
    name: str
    params: Mapping[str, str]


def save_view(
    db: Database, user_id: int, name: str, params: Mapping[str, str], now: datetime
) -> int:
    """Keep it under that name, in place of the one that had it; returns its id.

    Raises PermanentError when there is no name or there are too many views already.
    """
    said = " ".join(name.split())[:MAX_NAME]
    if not said:
        raise PermanentError("A view needs a name.")
    try:
        with db.write() as session:
            take_turns(session.connection(), f"saved views of {user_id}")
            mine = _VIEWS.c.user_id == user_id
            session.execute(delete(_VIEWS).where(mine, _VIEWS.c.name == said))
            count = session.execute(select(func.count()).select_from(_VIEWS).where(mine)).scalar()
            if (count or 0) >= MAX_VIEWS:
                raise PermanentError(f"You have {MAX_VIEWS} views already. Delete one first.")
            row = SavedViewRow(user_id=user_id, name=said, params=dict(params), added_at=now)
            session.add(row)
            session.flush()
            return row.id or 0
    except IntegrityError as error:
        raise PermanentError("There is no such person.") from error


def delete_view(db: Database, view_id: int, user_id: int) -> bool:
    """Forget one's own; False when there is none of that id."""
    with db.write() as session:
        where = (_VIEWS.c.id == view_id, _VIEWS.c.user_id == user_id)
        found = session.execute(delete(_VIEWS).where(*where).returning(_VIEWS.c.id))
        return found.first() is not None


def list_views(db: Database, user_id: int) -> tuple[SavedView, ...]:
    """A person's own, by name."""
    with db.read() as session:
        rows = session.execute(
            select(_VIEWS.c.id, _VIEWS.c.name, _VIEWS.c.params)
            .where(_VIEWS.c.user_id == user_id)
            .order_by(_VIEWS.c.name)
        )
        return tuple(
            SavedView(row.id, row.name, {str(k): str(v) for k, v in row.params.items()})
            for row in rows
        )


def count_saved(
    db: Database, filters: Mapping[int, Filter], user_id: int, now: datetime
) -> dict[int, int]:
    """Cards in each filter, in one query."""
    if not filters:
        return {}
    with db.read() as session:
        counts = [
            narrow(session, select(func.count()).select_from(ENTRIES), wanted, now)
            .where(is_in(wanted.view, user_id, now))
            .scalar_subquery()
            for wanted in filters.values()
        ]
        return dict(zip(filters, session.execute(select(*counts)).one(), strict=True))
