"""Sources as last read from sources.yaml, so that every page and card can name its publisher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from sqlalchemy import select as sql_select
from sqlalchemy import update
from sqlmodel import Session, col, select

from stages.types import Source
from store.engine import Database, take_turns, utc_now
from store.queue_entries import refresh_guides
from store.tables import GuideRow, SourceRow
from store.values import dump, load


def set_sources(db: Database, sources: Sequence[Source]) -> None:
    """Make the table say what sources.yaml says; a source that left the file is switched off.

    Guides we know follow their source's licence at once, also those whose page does not change.
    """
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
            _set_licence(session, source)
        for row in rows.values():
            row.enabled = False
            session.add(row)


def list_sources(db: Database) -> tuple[Source, ...]:
    """By id, the ones that are off included."""
    with db.read() as session:
        rows = session.exec(select(SourceRow).order_by(col(SourceRow.id)))
        return tuple(replace(load(Source, row.spec), enabled=row.enabled) for row in rows)


def _set_licence(session: Session, source: Source) -> None:
    by_page = {_spelling(url): reuse for url, reuse in source.page_reuse.items()}
    guides = session.execute(
        sql_select(
            col(GuideRow.id),
            col(GuideRow.url),
            col(GuideRow.reuse),
            col(GuideRow.licence),
            col(GuideRow.attribution),
        )
        .where(col(GuideRow.source_id) == source.id)
        .order_by(col(GuideRow.id))
    ).all()
    changed: list[str] = []
    for guide in guides:
        reuse = by_page.get(_spelling(guide.url), source.reuse).value
        said = (reuse, source.licence, source.attribution)
        if (guide.reuse, guide.licence, guide.attribution) != said:
            session.execute(
                update(GuideRow)
                .where(col(GuideRow.id) == guide.id)
                .values(reuse=reuse, licence=source.licence, attribution=source.attribution)
            )
            changed.append(guide.id)
    refresh_guides(session, changed)


def _spelling(url: str) -> tuple[str, str, str, str]:
    """What two spellings of one page's address share: a person wrote one, a crawler the other."""
    parts = urlsplit(url.strip())
    return (parts.scheme.lower(), parts.netloc.lower(), unquote(parts.path) or "/", parts.query)
