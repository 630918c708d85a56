"""Who works on a card at the moment, so that two people do not do the same work.

A lease keeps nobody from reading, and no card out of the queue; what keeps decisions apart is the
version that every write names. Whoever is about to decide on a card that `who_else` has is asked
first, and takes it over by deciding.

Every function takes the time, so that none of them needs a clock to be tested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from stages.errors import PermanentError
from store.desk_tables import LeaseRow
from store.engine import Database
from store.tables import metadata

LEASE_S = 120
"""Seconds until a card is free again after its holder's last sign of life."""
BEAT_S = 30
"""Seconds between two signs of life: three may be lost."""

_LEASES = metadata.tables[LeaseRow.__tablename__]
_USERS = metadata.tables["users"]


@dataclass(frozen=True, slots=True)
class Lease:
    """user: the holder's name. taken_at: since when; until: unless they give another sign."""

    card_id: str
    user_id: int
    user: str
    taken_at: datetime
    until: datetime


def take(db: Database, card_id: str, user_id: int, now: datetime) -> Lease:
    """Take a card nobody has, or keep one's own; returns whose it is, which may be somebody else.

    Raises PermanentError when there is no such card.
    """
    is_free = _LEASES.c.until <= now
    return _claim(db, card_id, user_id, now, or_(is_free, _LEASES.c.user_id == user_id))


def take_over(db: Database, card_id: str, user_id: int, now: datetime) -> Lease:
    """Take a card whoever has it. Raises PermanentError when there is no such card."""
    return _claim(db, card_id, user_id, now, None)


def beat(db: Database, card_id: str, user_id: int, now: datetime) -> Lease | None:
    """Keep one's own lease; returns whose card it is now, None when it is nobody's."""
    with db.write() as session:
        session.execute(
            update(_LEASES)
            .where(_is_on(card_id, user_id), _LEASES.c.until > now)
            .values(until=now + timedelta(seconds=LEASE_S))
        )
        return _get(session, card_id, now)


def release(db: Database, card_id: str, user_id: int) -> bool:
    """Let go of one's own lease; False when it is not one's own any more."""
    with db.write() as session:
        return bool(session.exec(delete(LeaseRow).where(_is_on(card_id, user_id))).rowcount)


def get_lease(db: Database, card_id: str, now: datetime) -> Lease | None:
    """Who is on the card, None for nobody."""
    with db.read() as session:
        return _get(session, card_id, now)


def who_else(db: Database, card_id: str, user_id: int, now: datetime) -> Lease | None:
    """Who is on the card, if that is somebody else."""
    lease = get_lease(db, card_id, now)
    return lease if lease and lease.user_id != user_id else None


def list_leases(db: Database, card_ids: Sequence[str], now: datetime) -> dict[str, Lease]:
    """Those of the cards that somebody is on, by card id."""
    if not card_ids:
        return {}
    with db.read() as session:
        rows = session.execute(_live(now).where(_LEASES.c.card_id.in_(card_ids)))
        return {row.card_id: Lease(*row) for row in rows}


def _claim(
    db: Database, card_id: str, user_id: int, now: datetime, allowed: ColumnElement[bool] | None
) -> Lease:
    """One statement, so that of two people at the same moment one has the card.

    allowed: what must hold of the lease there is; None: anything. A live lease of one's own keeps
    its beginning.
    """
    try:
        with db.write() as session:
            dialect = session.connection().dialect.name
            insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
            new = insert(_LEASES).values(
                card_id=card_id,
                user_id=user_id,
                taken_at=now,
                until=now + timedelta(seconds=LEASE_S),
            )
            is_mine = and_(_LEASES.c.user_id == user_id, _LEASES.c.until > now)
            session.execute(
                new.on_conflict_do_update(
                    index_elements=[_LEASES.c.card_id],
                    set_={
                        "user_id": new.excluded.user_id,
                        "taken_at": case((is_mine, _LEASES.c.taken_at), else_=now),
                        "until": new.excluded.until,
                    },
                    where=allowed,
                )
            )
            # There is one: taken just now, or refused because somebody's is live, and then locked.
            return Lease(*session.execute(_live(now).where(_LEASES.c.card_id == card_id)).one())
    except IntegrityError as error:
        raise PermanentError("There is no such card.") from error


def _get(session: Session, card_id: str, now: datetime) -> Lease | None:
    row = session.execute(_live(now).where(_LEASES.c.card_id == card_id)).first()
    return Lease(*row) if row else None


def _live(now: datetime) -> Select[tuple[str, int, str, datetime, datetime]]:
    return (
        select(
            _LEASES.c.card_id,
            _LEASES.c.user_id,
            _USERS.c.name,
            _LEASES.c.taken_at,
            _LEASES.c.until,
        )
        .join(_USERS, _USERS.c.id == _LEASES.c.user_id)
        .where(_LEASES.c.until > now)
    )


def _is_on(card_id: str, user_id: int) -> ColumnElement[bool]:
    return and_(_LEASES.c.card_id == card_id, _LEASES.c.user_id == user_id)
