"""Cards: identity over the versions of a guide, and what changed in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, insert, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from stages.types import Card, CardChange, CardKind, ChangeKind, Stakes
from store.alerts import drop_removal_alerts, set_change_alerts, set_removal_alerts
from store.engine import Database, utc_now
from store.queue_entries import refresh
from store.tables import CardRow, GuideRow, metadata

_CARDS: Table = metadata.tables["cards"]
_GUIDES: Table = metadata.tables["guides"]
_SKETCHES: Table = metadata.tables["sketches"]


@dataclass(frozen=True, slots=True)
class CardState:
    """A live card and how far the line has taken it."""

    card: Card
    plated_key: str


def list_cards(db: Database, guide_id: str) -> tuple[Card, ...]:
    """The live cards of a guide in its order."""
    return tuple(state.card for state in list_card_states(db, guide_id))


def list_card_states(db: Database, guide_id: str) -> tuple[CardState, ...]:
    with db.read() as session:
        rows = session.exec(
            select(CardRow)
            .where(CardRow.guide_id == guide_id, col(CardRow.removed_at).is_(None))
            .order_by(col(CardRow.position))
        )
        return tuple(CardState(make_card(row), row.plated_key) for row in rows)


def get_card(db: Database, card_id: str) -> Card | None:
    with db.read() as session:
        row = session.get(CardRow, card_id)
        return make_card(row) if row else None


def count_cards(db: Database, source_ids: Sequence[str]) -> int:
    """Live cards of these sources."""
    with db.read() as session:
        return session.exec(
            select(func.count())
            .select_from(CardRow)
            .join(GuideRow, col(GuideRow.id) == col(CardRow.guide_id))
            .where(col(GuideRow.source_id).in_(source_ids), col(CardRow.removed_at).is_(None))
        ).one()


def count_live_cards(db: Database, guide_ids: Sequence[str]) -> dict[str, int]:
    """Live cards by guide id, in one query; 0 for a guide that has none."""
    counts = dict.fromkeys(guide_ids, 0)
    with db.read() as session:
        rows = session.execute(
            sql_select(_CARDS.c.guide_id, func.count())
            .where(_CARDS.c.guide_id.in_(guide_ids), _CARDS.c.removed_at.is_(None))
            .group_by(_CARDS.c.guide_id)
        )
        counts.update((row[0], row[1]) for row in rows)
    return counts


def apply_changes(
    db: Database, guide_id: str, changes: Sequence[CardChange], chopped_key: str
) -> None:
    """Bring the guide's cards to their new version and note that chopping is done, at once.

    A card that is gone is kept, marked removed, because drafts and posts name it. Posts of a card
    that is gone or says something else get an alert, for a person to decide. Nothing happens to a
    guide whose page is gone meanwhile: its cards come back with the page, and not otherwise.
    """
    now = utc_now()
    pairs = [(change, change.new) for change in changes if change.new is not None]
    gone = [change.old.id for change in changes if change.old and change.new is None]
    with db.write() as session:
        is_removed = session.execute(
            sql_select(_GUIDES.c.removed_at).where(_GUIDES.c.id == guide_id).with_for_update()
        ).scalar()
        if is_removed:
            return
        known = _known(session, [card.id for _, card in pairs] + gone)
        new = [_values(change, card, now) for change, card in pairs if card.id not in known]
        touched: list[dict[str, Any]] = []
        kept: list[dict[str, Any]] = []
        for change, card in pairs:
            if card.id in known:
                is_kept = change.kind is ChangeKind.KEPT and known[card.id] is None
                (kept if is_kept else touched).append(_values(change, card, now))
        if new:
            session.execute(insert(_CARDS), [{**row, "created_at": now} for row in new])
        if kept:
            session.execute(_KEEP, [_named(row, _KEPT) for row in kept])
        if touched:
            session.execute(_TOUCH, [_named(row, _TOUCHED) for row in touched])
            ids = [row["id"] for row in touched]
            session.execute(delete(_SKETCHES).where(_SKETCHES.c.card_id.in_(ids)))
        if gone:
            session.execute(
                update(_CARDS)
                .where(_CARDS.c.id.in_(gone), _CARDS.c.removed_at.is_(None))
                .values(removed_at=now, change=ChangeKind.REMOVED.value, changed_at=now)
            )
        session.execute(
            update(_GUIDES).where(_GUIDES.c.id == guide_id).values(chopped_key=chopped_key)
        )
        back = [card.id for _, card in pairs if known.get(card.id) is not None]
        drop_removal_alerts(session, back)
        material = [card.id for change, card in pairs if change.kind is ChangeKind.MATERIAL]
        set_change_alerts(session, material, now)
        set_removal_alerts(session, gone, now)
        refresh(session, [card.id for _, card in pairs] + gone)


def _known(session: Session, card_ids: Sequence[str]) -> dict[str, datetime | None]:
    """Which of the cards are there, and since when they are gone; nobody changes them meanwhile."""
    rows = session.execute(
        sql_select(_CARDS.c.id, _CARDS.c.removed_at)
        .where(_CARDS.c.id.in_(card_ids))
        .order_by(_CARDS.c.id)
        .with_for_update()
    )
    return {row[0]: row[1] for row in rows}


def _values(change: CardChange, card: Card, now: datetime) -> dict[str, Any]:
    previous = change.old.text if change.old and change.old.text != card.text else ""
    return {
        "id": card.id,
        "guide_id": card.guide_id,
        "title": card.title,
        "breadcrumbs": list(card.breadcrumbs),
        "text": card.text,
        "kind": card.kind.value,
        "spans": [list(span) for span in card.spans],
        "body_hash": card.body_hash,
        "ctx_hash": card.ctx_hash,
        "lang": card.lang,
        "topics": list(card.topics),
        "stakes": card.stakes.value,
        "position": card.position,
        "stages": list(card.stages),
        "change": change.kind.value,
        "previous_text": previous,
        "previous_change": change.kind.value if previous else "",
        "plated_key": "",
        "changed_at": now,
    }


_KEPT = (
    "guide_id",
    "title",
    "breadcrumbs",
    "text",
    "kind",
    "spans",
    "body_hash",
    "ctx_hash",
    "lang",
    "topics",
    "stakes",
    "position",
    "stages",
)
"""What a card that is kept may change in: it may have moved, and the rules that read it too."""
_TOUCHED = (*_KEPT, "change", "previous_text", "previous_change", "changed_at")


def _update(names: Sequence[str], **values: Any) -> Any:
    return (
        update(_CARDS)
        .where(_CARDS.c.id == bindparam("at_id"))
        .values({name: bindparam(f"new_{name}") for name in names} | values)
    )


_KEEP = _update(_KEPT)
_TOUCH = _update(_TOUCHED, removed_at=None)


def _named(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The parameters of `_update(names)`."""
    return {"at_id": row["id"]} | {f"new_{name}": row[name] for name in names}


def make_card(row: CardRow) -> Card:
    """The value of a row; for the other files of this room."""
    return Card(
        id=row.id,
        guide_id=row.guide_id,
        title=row.title,
        breadcrumbs=tuple(row.breadcrumbs),
        text=row.text,
        kind=CardKind(row.kind),
        spans=tuple((start, end) for start, end in row.spans),
        body_hash=row.body_hash,
        ctx_hash=row.ctx_hash,
        lang=row.lang,
        topics=tuple(row.topics),
        stakes=Stakes(row.stakes),
        position=row.position,
        stages=tuple(row.stages),
    )
