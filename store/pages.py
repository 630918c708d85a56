"""Pages: what was fetched when, what it was for, and why some were set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import String, Table, bindparam, case, insert, update
from sqlalchemy import select as sql_select
from sqlmodel import Session

from stages.types import Page, Quarantine, QuarantineReason
from store.engine import Database
from store.tables import metadata

_PAGES: Table = metadata.tables["pages"]
_COLUMNS = tuple(column.name for column in _PAGES.columns)

EXCERPT_CHARS = 1000


class PageRole(StrEnum):
    """LISTING pages are read for links; a CONTINUATION belongs to another page's guide."""

    LISTING = "listing"
    GUIDE = "guide"
    CONTINUATION = "continuation"
    DUPLICATE = "duplicate"
    SET_ASIDE = "set_aside"
    GONE = "gone"


class Verdict(StrEnum):
    """What a person said of a page that was set aside; only `store.quarantine` gives one."""

    NONE = ""
    ACCEPTED = "accepted"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class PageRecord:
    """A page as last seen. key: its name within the source (`stages.procure` makes it).

    lastmod: what the sitemap or feed said. content_hash: of the blocks read from this page alone,
    '' when none. guide_id: '' unless a guide was made from it. licence, hidden, lost: what the page
    says of its licence, the texts in it that no reader can see, and what extraction missed: kept as
    evidence, passed on to nobody. title, excerpt: of what was read, the latter its first 1,000
    characters. misses: times in a row that the page was not there. extract_version: what read it.
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
    title: str = ""
    excerpt: str = ""
    misses: int = 0
    extract_version: str = ""
    verdict: Verdict = Verdict.NONE


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
    """Insert or replace each record by its key.

    A verdict stands until the quarantine it is about is gone or has another reason, or a shrunken
    page has another text. A record's own verdict counts as what its maker has read: it brings no
    verdict back that a person has taken back since.
    """
    latest = {record.key: record for record in records}
    with db.write() as session:
        known = _known(session, list(latest))
        old, new = [], []
        for key, record in sorted(latest.items()):
            row = _row(record)
            before = known.get(key)
            if before is None:
                new.append(row)
            else:
                row["verdict"] = _keep_verdict(record, before)
                old.append({f"new_{name}": value for name, value in row.items()})
        if new:
            session.execute(insert(_PAGES), new)
        if old:
            session.execute(_REPLACE, old)


def mark_seen(db: Database, marks: Sequence[tuple[str, datetime, str]]) -> None:
    """Unchanged pages, at once: only the time of the look moves, and none is missed any more.

    marks: key, time of the look, `lastmod` ('' leaves what is known).
    """
    if not marks:
        return
    values = [
        {"at_key": key, "at": at, "said": lastmod}
        for key, (at, lastmod) in sorted({key: (at, said) for key, at, said in marks}.items())
    ]
    with db.write() as session:
        session.execute(_MARK, values)


def get_page(db: Database, key: str) -> PageRecord | None:
    with db.read() as session:
        row = session.execute(sql_select(_PAGES).where(_PAGES.c.key == key)).first()
        return make_page(row) if row else None


def list_pages(db: Database, source_id: str) -> tuple[PageRecord, ...]:
    """All pages of a source in one query, by key."""
    query = sql_select(_PAGES).where(_PAGES.c.source_id == source_id).order_by(_PAGES.c.key)
    with db.read() as session:
        return tuple(make_page(row) for row in session.execute(query))


_MARK = (
    update(_PAGES)
    .where(_PAGES.c.key == bindparam("at_key"))
    .values(
        seen_at=bindparam("at"),
        misses=0,
        lastmod=case(
            (bindparam("said", type_=String) == "", _PAGES.c.lastmod),
            else_=bindparam("said", type_=String),
        ),
    )
)
_REPLACE = (
    update(_PAGES)
    .where(_PAGES.c.key == bindparam("new_key"))
    .values({name: bindparam(f"new_{name}") for name in _COLUMNS if name != "key"})
)


def _known(session: Session, keys: Sequence[str]) -> dict[str, Any]:
    """What decides about the verdicts of these pages, by key; nobody changes it meanwhile."""
    rows = session.execute(
        sql_select(
            _PAGES.c.key, _PAGES.c.verdict, _PAGES.c.quarantine_reason, _PAGES.c.content_hash
        )
        .where(_PAGES.c.key.in_(keys))
        .order_by(_PAGES.c.key)
        .with_for_update()
    )
    return {row.key: row for row in rows}


def _keep_verdict(record: PageRecord, before: Any) -> str:
    """The verdict that a page has after it was looked at again."""
    if before.verdict in (Verdict.NONE, record.verdict):
        return str(before.verdict)
    reason = record.quarantine.reason if record.quarantine else ""
    is_same = reason != "" and reason == before.quarantine_reason
    if reason is QuarantineReason.SHRUNK and record.content_hash != before.content_hash:
        is_same = False
    return str(before.verdict) if is_same else Verdict.NONE.value


def _row(record: PageRecord) -> dict[str, Any]:
    quarantine = record.quarantine
    return {
        "key": record.key,
        "source_id": record.source_id,
        "guide_id": record.guide_id,
        "role": record.role.value,
        "url": record.url,
        "final_url": record.final_url,
        "status": record.status,
        "content_type": record.content_type,
        "etag": record.etag,
        "last_modified": record.last_modified,
        "lastmod": record.lastmod,
        "body_sha256": record.body_sha256,
        "content_hash": record.content_hash,
        "quarantine_reason": quarantine.reason.value if quarantine else "",
        "quarantine_evidence": quarantine.evidence if quarantine else "",
        "licence": record.licence,
        "hidden": list(record.hidden),
        "lost": list(record.lost),
        "fetched_at": record.fetched_at,
        "seen_at": record.seen_at,
        "title": record.title,
        "excerpt": record.excerpt[:EXCERPT_CHARS],
        "misses": record.misses,
        "extract_version": record.extract_version,
        "verdict": record.verdict.value,
    }


def make_page(row: Any) -> PageRecord:
    """The value of a row that has the columns of `pages`; for the other files of this room."""
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
        title=row.title,
        excerpt=row.excerpt,
        misses=row.misses,
        extract_version=row.extract_version,
        verdict=Verdict(row.verdict),
    )
