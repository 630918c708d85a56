"""Hosts that asked us to stay away for a while, kept across runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col, select

from store.engine import Database, take_turns, utc_now
from store.tables import ParkedHostRow


def list_parked(db: Database) -> dict[str, datetime]:
    """Hosts that must not be asked yet, and until when."""
    with db.read() as session:
        rows = session.exec(select(ParkedHostRow).where(ParkedHostRow.until > utc_now()))
        return {row.host: row.until for row in rows}


def set_parked(db: Database, parked: Mapping[str, datetime]) -> None:
    """Note what hosts asked for; of two times for one host the later counts. Forgets what is over.

    Several runs may know of different hosts: a host that is not named stays parked.
    """
    now = utc_now()
    with db.write() as session:
        take_turns(session.connection(), "parking")
        session.exec(delete(ParkedHostRow).where(col(ParkedHostRow.until) <= now))
        rows = {row.host: row for row in session.exec(select(ParkedHostRow))}
        for host, until in parked.items():
            if until <= now:
                continue
            row = rows.get(host) or ParkedHostRow(host=host, until=until)
            row.until = max(row.until, until)
            session.add(row)
