"""Drafts that another one took the place of, and may take it back without being paid for again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select as sql_select
from sqlalchemy import update
from sqlmodel import col

from store.engine import Database
from store.queue_entries import refresh
from store.tables import DraftRow, DraftState


def list_past_keys(db: Database, card_ids: Sequence[str]) -> frozenset[str]:
    """Keys of the cards' drafts that do not stand any more."""
    with db.read() as session:
        return frozenset(
            session.execute(
                sql_select(col(DraftRow.key)).where(
                    col(DraftRow.card_id).in_(card_ids), col(DraftRow.is_current).is_(False)
                )
            ).scalars()
        )


def bring_back(db: Database, keys: Sequence[str]) -> int:
    """Let drafts stand again for their card and tone; returns how many do.

    A draft that a person has decided or edited is not replaced while its source text is the same.
    """
    if not keys:
        return 0
    cards: list[str] = []
    with db.write() as session:
        past = sql_select(DraftRow).where(
            col(DraftRow.key).in_(keys), col(DraftRow.is_current).is_(False)
        )
        for row in session.execute(past).scalars().all():
            current = session.execute(
                sql_select(DraftRow)
                .where(
                    col(DraftRow.card_id) == row.card_id,
                    col(DraftRow.tone) == row.tone,
                    col(DraftRow.is_current),
                )
                .with_for_update(key_share=True)
            ).scalar_one_or_none()
            if current and current.body_hash == row.body_hash and _is_a_persons(current):
                continue
            session.execute(
                update(DraftRow)
                .where(
                    col(DraftRow.card_id) == row.card_id,
                    col(DraftRow.tone) == row.tone,
                    col(DraftRow.is_current),
                )
                .values(is_current=False)
            )
            session.execute(
                update(DraftRow).where(col(DraftRow.key) == row.key).values(is_current=True)
            )
            cards.append(row.card_id)
        refresh(session, cards)
    return len(cards)


def _is_a_persons(row: DraftRow) -> bool:
    return row.state != DraftState.PENDING or row.text != row.machine_text
