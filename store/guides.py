"""Guides as last extracted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from stages.types import Block, Guide, Reuse
from store.engine import Database, utc_now
from store.tables import GuideRow
from store.values import dump, load


@dataclass(frozen=True, slots=True)
class GuideRef:
    """A guide without its text, for plans and lists."""

    id: str
    source_id: str
    url: str
    title: str
    lang: str
    content_hash: str
    chopped_key: str
    reuse: Reuse


def save_guide(db: Database, guide: Guide) -> bool:
    """Insert or update; True when the content is new or differs from what was there."""
    now = utc_now()
    with db.write() as session:
        row = session.get(GuideRow, guide.id)
        is_changed = row is None or row.content_hash != guide.content_hash
        session.merge(
            GuideRow(
                id=guide.id,
                source_id=guide.source_id,
                url=guide.url,
                title=guide.title,
                lang=guide.lang,
                blocks=dump(tuple[Block, ...], guide.blocks),
                text=guide.text,
                content_hash=guide.content_hash,
                reuse=guide.reuse.value,
                licence=guide.licence,
                attribution=guide.attribution,
                reviewed=guide.reviewed,
                page_urls=list(guide.page_urls),
                chopped_key=row.chopped_key if row else "",
                created_at=row.created_at if row else now,
                changed_at=now if row is None or is_changed else row.changed_at,
            )
        )
    return is_changed


def get_guide(db: Database, guide_id: str) -> Guide | None:
    with db.read() as session:
        row = session.get(GuideRow, guide_id)
        return _guide(row) if row else None


def get_chopped_key(db: Database, guide_id: str) -> str:
    """Hash of what the guide's cards were last made from, '' when it has none."""
    with db.read() as session:
        row = session.get(GuideRow, guide_id)
        return row.chopped_key if row else ""


def list_guides(db: Database, source_ids: Sequence[str] | None = None) -> tuple[GuideRef, ...]:
    """By source and URL; source_ids: only theirs."""
    query = select(GuideRow).order_by(col(GuideRow.source_id), col(GuideRow.url))
    if source_ids is not None:
        query = query.where(col(GuideRow.source_id).in_(source_ids))
    with db.read() as session:
        return tuple(
            GuideRef(
                id=row.id,
                source_id=row.source_id,
                url=row.url,
                title=row.title,
                lang=row.lang,
                content_hash=row.content_hash,
                chopped_key=row.chopped_key,
                reuse=Reuse(row.reuse),
            )
            for row in session.exec(query)
        )


def _guide(row: GuideRow) -> Guide:
    return Guide(
        id=row.id,
        source_id=row.source_id,
        url=row.url,
        title=row.title,
        lang=row.lang,
        blocks=load(tuple[Block, ...], row.blocks),
        text=row.text,
        content_hash=row.content_hash,
        reuse=Reuse(row.reuse),
        licence=row.licence,
        attribution=row.attribution,
        reviewed=row.reviewed,
        page_urls=tuple(row.page_urls),
    )
