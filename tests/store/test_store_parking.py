from __future__ import annotations

from datetime import timedelta

from store.engine import Database, utc_now
from store.parking import list_parked, set_parked

HOUR = timedelta(hours=1)


def test_hosts_stay_parked_until_their_time(db: Database) -> None:
    now = utc_now()
    set_parked(db, {"a.example": now + HOUR, "b.example": now - HOUR})
    assert list_parked(db) == {"a.example": now + HOUR}


def test_later_time_counts_and_other_hosts_stay(db: Database) -> None:
    now = utc_now()
    set_parked(db, {"a.example": now + 2 * HOUR, "b.example": now + HOUR})
    set_parked(db, {"a.example": now + HOUR, "b.example": now + 3 * HOUR})
    set_parked(db, {})
    assert list_parked(db) == {"a.example": now + 2 * HOUR, "b.example": now + 3 * HOUR}
