"""Cards: identity over the versions of a guide, and what changed in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import col, select

from stages.types import Card, CardChange, CardKind, ChangeKind, Stakes
from store.engine import Database, utc_now
from store.tables import CardRow, GuideRow


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


def apply_changes(
    db: Database, guide_id: str, changes: Sequence[CardChange], chopped_key: str
) -> None:
    """Bring the guide's cards to their new version and note that chopping is done, at once.

    A card that is gone is kept, marked removed, because drafts and posts name it.
    """
    now = utc_now()
    with db.write() as session:
        for change in changes:
            if change.new is not None:
                row = session.get(CardRow, change.new.id)
                session.merge(_row(change, change.new, row, now))
            elif change.old is not None:
                session.exec(
                    update(CardRow)
                    .where(col(CardRow.id) == change.old.id)
                    .values(removed_at=now, change=ChangeKind.REMOVED.value, changed_at=now)
                )
        session.exec(
            update(GuideRow).where(col(GuideRow.id) == guide_id).values(chopped_key=chopped_key)
        )


def _row(change: CardChange, card: Card, row: CardRow | None, now: datetime) -> CardRow:
    is_touched = row is None or change.kind is not ChangeKind.KEPT
    previous = change.old.text if change.old and change.old.text != card.text else ""
    return CardRow(
        id=card.id,
        guide_id=card.guide_id,
        title=card.title,
        breadcrumbs=list(card.breadcrumbs),
        text=card.text,
        kind=card.kind.value,
        spans=[list(span) for span in card.spans],
        body_hash=card.body_hash,
        ctx_hash=card.ctx_hash,
        lang=card.lang,
        topics=list(card.topics),
        stakes=card.stakes.value,
        position=card.position,
        stages=list(card.stages),
        change=change.kind.value if row is None or is_touched else row.change,
        previous_text=previous if row is None or is_touched else row.previous_text,
        plated_key=row.plated_key if row else "",
        created_at=row.created_at if row else now,
        changed_at=now if row is None or is_touched else row.changed_at,
    )


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
