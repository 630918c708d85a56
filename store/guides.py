"""Guides as last extracted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, insert, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from stages.types import Block, ChangeKind, Guide, Reuse
from store.alerts import drop_removal_alerts, set_removal_alerts
from store.engine import Database, utc_now
from store.queue_entries import refresh, refresh_guides
from store.tables import CardRow, GuideRow, metadata
from store.values import dump, load

_GUIDES: Table = metadata.tables["guides"]
_CARDS: Table = metadata.tables["cards"]
_REF = (
    _GUIDES.c.id,
    _GUIDES.c.source_id,
    _GUIDES.c.url,
    _GUIDES.c.title,
    _GUIDES.c.lang,
    _GUIDES.c.content_hash,
    _GUIDES.c.chopped_key,
    _GUIDES.c.reuse,
    _GUIDES.c.removed_at,
    _GUIDES.c.licence_finding,
)


@dataclass(frozen=True, slots=True)
class GuideRef:
    """A guide without its text, for plans and lists.

    is_removed: its page is gone from the publisher's site.
    """

    id: str
    source_id: str
    url: str
    title: str
    lang: str
    content_hash: str
    chopped_key: str
    reuse: Reuse
    is_removed: bool = False
    licence_finding: str = ""


def save_guide(db: Database, guide: Guide) -> bool:
    """Insert or update; True when the content is new or differs from what was there.

    A guide that was removed comes back with the cards it had then, to be chopped again, and its
    posts are as well founded as they were before.
    """
    now = utc_now()
    values = _values(guide)
    with db.write() as session:
        row = session.execute(
            sql_select(_GUIDES.c.content_hash, _GUIDES.c.removed_at)
            .where(_GUIDES.c.id == guide.id)
            .with_for_update()
        ).first()
        if row is None:
            session.execute(
                insert(_GUIDES),
                {**values, "chopped_key": "", "created_at": now, "changed_at": now},
            )
            return True
        is_changed: bool = row.content_hash != guide.content_hash
        if is_changed:
            values["changed_at"] = now
        if row.removed_at is not None:
            values |= {"removed_at": None, "chopped_key": ""}
            _bring_cards_back(session, guide.id)
        session.execute(update(_GUIDES).where(_GUIDES.c.id == guide.id).values(values))
        refresh_guides(session, [guide.id])
    return is_changed


def remove_guide(db: Database, guide_id: str) -> int:
    """The guide's page is gone from the publisher's site; returns how many cards went with it.

    The cards are kept, marked removed, and leave the queue with their drafts. Their posts get an
    alert, for a person to decide. Doing it twice does nothing.
    """
    now = utc_now()
    with db.write() as session:
        found = session.execute(
            update(_GUIDES)
            .where(_GUIDES.c.id == guide_id, _GUIDES.c.removed_at.is_(None))
            .values(removed_at=now)
        )
        if found.rowcount != 1:  # type: ignore[attr-defined]
            return 0
        live = (
            session.execute(
                sql_select(_CARDS.c.id)
                .where(_CARDS.c.guide_id == guide_id, _CARDS.c.removed_at.is_(None))
                .order_by(_CARDS.c.id)
                .with_for_update()
            )
            .scalars()
            .all()
        )
        session.execute(
            update(_CARDS)
            .where(_CARDS.c.id.in_(live))
            .values(removed_at=now, change=ChangeKind.SOURCE_REMOVED.value, changed_at=now)
        )
        set_removal_alerts(session, live, now)
        refresh(session, live)
    return len(live)


def get_guide(db: Database, guide_id: str) -> Guide | None:
    with db.read() as session:
        row = session.get(GuideRow, guide_id)
        return _guide(row) if row else None


def get_guide_ref(db: Database, guide_id: str) -> GuideRef | None:
    """Without reading text and blocks, which are most of a guide."""
    with db.read() as session:
        row = session.execute(sql_select(*_REF).where(_GUIDES.c.id == guide_id)).first()
        return _ref(row) if row else None


def list_guide_pages(db: Database, source_id: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Id and page addresses of every guide of a source that has more than one page."""
    query = sql_select(_GUIDES.c.id, _GUIDES.c.page_urls).where(
        _GUIDES.c.source_id == source_id, _GUIDES.c.removed_at.is_(None)
    )
    with db.read() as session:
        rows = session.execute(query)
        return tuple((row.id, tuple(row.page_urls)) for row in rows if len(row.page_urls) > 1)


def list_guide_texts(db: Database, source_id: str) -> tuple[tuple[str, str, str], ...]:
    """Id, text and language of every guide of a source that is still on its site."""
    query = (
        sql_select(_GUIDES.c.id, _GUIDES.c.text, _GUIDES.c.lang)
        .where(_GUIDES.c.source_id == source_id, _GUIDES.c.removed_at.is_(None))
        .order_by(_GUIDES.c.id)
    )
    with db.read() as session:
        return tuple((row.id, row.text, row.lang) for row in session.execute(query))


def list_guide_refs(db: Database, guide_ids: Sequence[str]) -> dict[str, GuideRef]:
    """By id, in one query; ids that are not known are missing."""
    with db.read() as session:
        rows = session.execute(sql_select(*_REF).where(_GUIDES.c.id.in_(guide_ids)))
        return {row.id: _ref(row) for row in rows}


def list_guides(db: Database, source_ids: Sequence[str] | None = None) -> tuple[GuideRef, ...]:
    """By source and URL, removed ones included; source_ids: only theirs."""
    query = sql_select(*_REF).order_by(_GUIDES.c.source_id, _GUIDES.c.url)
    if source_ids is not None:
        query = query.where(_GUIDES.c.source_id.in_(source_ids))
    with db.read() as session:
        return tuple(_ref(row) for row in session.execute(query))


def _bring_cards_back(session: Session, guide_id: str) -> None:
    """Cards that went with the page return with it; chopping decides what becomes of them."""
    ids = (
        session.execute(
            sql_select(col(CardRow.id))
            .where(
                col(CardRow.guide_id) == guide_id,
                col(CardRow.change) == ChangeKind.SOURCE_REMOVED.value,
            )
            .order_by(col(CardRow.id))
            .with_for_update()
        )
        .scalars()
        .all()
    )
    session.execute(
        update(_CARDS)
        .where(_CARDS.c.id.in_(ids))
        .values(removed_at=None, change=ChangeKind.KEPT.value)
    )
    drop_removal_alerts(session, ids)


def _ref(row: Any) -> GuideRef:
    return GuideRef(
        id=row.id,
        source_id=row.source_id,
        url=row.url,
        title=row.title,
        lang=row.lang,
        content_hash=row.content_hash,
        chopped_key=row.chopped_key,
        reuse=Reuse(row.reuse),
        is_removed=row.removed_at is not None,
        licence_finding=row.licence_finding,
    )


def _values(guide: Guide) -> dict[str, Any]:
    return {
        "id": guide.id,
        "source_id": guide.source_id,
        "url": guide.url,
        "title": guide.title,
        "lang": guide.lang,
        "blocks": dump(tuple[Block, ...], guide.blocks),
        "text": guide.text,
        "content_hash": guide.content_hash,
        "reuse": guide.reuse.value,
        "licence": guide.licence,
        "attribution": guide.attribution,
        "reviewed": guide.reviewed,
        "page_urls": list(guide.page_urls),
        "licence_finding": guide.licence_finding,
    }


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
        licence_finding=row.licence_finding,
    )
