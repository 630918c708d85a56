"""Pages: what was fetched when, what it was for, and why some were set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, update
from sqlmodel import col, select

from stages.types import Page, Quarantine, QuarantineReason
from store.engine import Database
from store.tables import PageRow


class PageRole(StrEnum):
    """LISTING pages are read for links; a CONTINUATION belongs to another page's guide."""

    LISTING = "listing"
    GUIDE = "guide"
    CONTINUATION = "continuation"
    DUPLICATE = "duplicate"
    SET_ASIDE = "set_aside"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class PageRecord:
    """A page as last seen. key: its name within the source (`stages.procure` makes it).

    lastmod: what the sitemap or feed said. content_hash: of the blocks read from this page alone,
    '' when none. guide_id: '' unless a guide was made from it. licence, hidden, lost: what the page
    says of its licence, the texts in it that no reader can see, and what extraction missed: kept as
    evidence, passed on to nobody.
    """

    key: str
    source_id: str
    role: PageRole
    url: str
    final_url: str
    status: int
    fetched_at: datetime
    seen_at: datetime
    guide_id: str = ""
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    lastmod: str = ""
    body_sha256: str = ""
    content_hash: str = ""
    quarantine: Quarantine | None = None
    licence: str = ""
    hidden: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def make_record(key: str, source_id: str, role: PageRole, page: Page) -> PageRecord:
    """The record of a page just fetched; `dataclasses.replace` adds what is known later."""
    return PageRecord(
        key=key,
        source_id=source_id,
        role=role,
        url=page.url,
        final_url=page.final_url,
        status=page.status,
        fetched_at=page.fetched_at,
        seen_at=page.fetched_at,
        content_type=page.content_type,
        etag=page.etag,
        last_modified=page.last_modified,
        body_sha256=page.body_sha256,
    )


def save_pages(db: Database, records: Sequence[PageRecord]) -> None:
    """Insert or replace each record by its key."""
    with db.write() as session:
        for record in records:
            session.merge(_row(record))


def mark_seen(db: Database, key: str, at: datetime, lastmod: str = "") -> None:
    """An unchanged page: nothing but the time of the last look moves."""
    values: dict[str, object] = {"seen_at": at}
    if lastmod:
        values["lastmod"] = lastmod
    with db.write() as session:
        session.exec(update(PageRow).where(col(PageRow.key) == key).values(**values))


def list_pages(db: Database, source_id: str) -> tuple[PageRecord, ...]:
    with db.read() as session:
        rows = session.exec(
            select(PageRow).where(PageRow.source_id == source_id).order_by(col(PageRow.key))
        )
        return tuple(_record(row) for row in rows)


def list_set_aside(db: Database, limit: int = 200) -> tuple[PageRecord, ...]:
    """Quarantined pages, the latest first."""
    with db.read() as session:
        rows = session.exec(
            select(PageRow)
            .where(PageRow.quarantine_reason != "")
            .order_by(col(PageRow.fetched_at).desc())
            .limit(limit)
        )
        return tuple(_record(row) for row in rows)


def count_pages(db: Database) -> dict[str, int]:
    """Pages by role."""
    with db.read() as session:
        return dict(session.exec(select(PageRow.role, func.count()).group_by(PageRow.role)).all())


def _row(record: PageRecord) -> PageRow:
    quarantine = record.quarantine
    return PageRow(
        key=record.key,
        source_id=record.source_id,
        guide_id=record.guide_id,
        role=record.role.value,
        url=record.url,
        final_url=record.final_url,
        status=record.status,
        content_type=record.content_type,
        etag=record.etag,
        last_modified=record.last_modified,
        lastmod=record.lastmod,
        body_sha256=record.body_sha256,
        content_hash=record.content_hash,
        quarantine_reason=quarantine.reason.value if quarantine else "",
        quarantine_evidence=quarantine.evidence if quarantine else "",
        licence=record.licence,
        hidden=list(record.hidden),
        lost=list(record.lost),
        fetched_at=record.fetched_at,
        seen_at=record.seen_at,
    )


def _record(row: PageRow) -> PageRecord:
    quarantine = None
    if row.quarantine_reason:
        quarantine = Quarantine(QuarantineReason(row.quarantine_reason), row.quarantine_evidence)
    return PageRecord(
        key=row.key,
        source_id=row.source_id,
        role=PageRole(row.role),
        url=row.url,
        final_url=row.final_url,
        status=row.status,
        fetched_at=row.fetched_at,
        seen_at=row.seen_at,
        guide_id=row.guide_id,
        content_type=row.content_type,
        etag=row.etag,
        last_modified=row.last_modified,
        lastmod=row.lastmod,
        body_sha256=row.body_sha256,
        content_hash=row.content_hash,
        quarantine=quarantine,
        licence=row.licence,
        hidden=tuple(row.hidden),
        lost=tuple(row.lost),
    )
