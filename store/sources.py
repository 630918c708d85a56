"""Sources as last read from sources.yaml, so that every page and card can name its publisher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import col, select

from stages.types import Source
from store.engine import Database, take_turns, utc_now
from store.tables import SourceRow
from store.values import dump, load


def set_sources(db: Database, sources: Sequence[Source]) -> None:
    """Make the table say what sources.yaml says; a source that left the file is switched off."""
    with db.write() as session:
        take_turns(session.connection(), "sources")
        rows = {row.id: row for row in session.exec(select(SourceRow))}
        for source in sources:
            spec = dump(Source, source)
            row = rows.pop(source.id, None)
            if row is None:
                row = SourceRow(
                    id=source.id, enabled=source.enabled, spec=spec, updated_at=utc_now()
                )
            elif (row.spec, row.enabled) != (spec, source.enabled):
                row.spec, row.enabled, row.updated_at = spec, source.enabled, utc_now()
            session.add(row)
        for row in rows.values():
            row.enabled = False
            session.add(row)


def list_sources(db: Database) -> tuple[Source, ...]:
    """By id, the ones that are off included."""
    with db.read() as session:
        rows = session.exec(select(SourceRow).order_by(col(SourceRow.id)))
        return tuple(replace(load(Source, row.spec), enabled=row.enabled) for row in rows)
