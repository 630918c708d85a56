"""Placements: which groups a card is proposed to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, update
from sqlmodel import col, select

from stages.types import Placement, Reason
from store.engine import Database, utc_now
from store.tables import CardRow, PlacementRow
from store.values import dump, load


def set_placements(
    db: Database, placements: Mapping[str, Sequence[Placement]], plated_keys: Mapping[str, str]
) -> int:
    """Replace the placements of each card named, note that plating is done; returns how many.

    placements, plated_keys: by card id; a card that fits no group has an empty sequence.
    """
    count = 0
    with db.write() as session:
        for card_id, proposals in placements.items():
            session.exec(delete(PlacementRow).where(col(PlacementRow.card_id) == card_id))
            for proposal in proposals:
                session.add(
                    PlacementRow(
                        card_id=card_id,
                        group_id=proposal.group_id,
                        tone=proposal.tone,
                        score=proposal.score,
                        reasons=dump(tuple[Reason, ...], proposal.reasons),
                        runner_up=proposal.runner_up,
                        created_at=utc_now(),
                    )
                )
                count += 1
            session.exec(
                update(CardRow)
                .where(col(CardRow.id) == card_id)
                .values(plated_key=plated_keys[card_id])
            )
    return count


def list_placements(db: Database, card_ids: Sequence[str]) -> dict[str, tuple[Placement, ...]]:
    """By card id, best first; cards without a group are missing."""
    found: dict[str, list[Placement]] = {}
    with db.read() as session:
        rows = session.exec(
            select(PlacementRow)
            .where(col(PlacementRow.card_id).in_(card_ids))
            .order_by(col(PlacementRow.score).desc(), PlacementRow.group_id)
        )
        for row in rows:
            found.setdefault(row.card_id, []).append(
                Placement(
                    card_id=row.card_id,
                    group_id=row.group_id,
                    tone=row.tone,
                    score=row.score,
                    reasons=load(tuple[Reason, ...], row.reasons),
                    runner_up=row.runner_up,
                )
            )
    return {card_id: tuple(items) for card_id, items in found.items()}
