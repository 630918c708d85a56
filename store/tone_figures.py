"""What became of the drafts of each tone version, so that a canary can be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import and_, false, func, or_
from sqlalchemy import select as sql_select
from sqlmodel import col

from stages.types import Risk
from store.completions import MICRO
from store.engine import Database
from store.tables import CardRow, CompletionRow, DraftRow, DraftState, PlacementRow, RunRow
from store.tone_changes import is_in_share, list_standings

APART_KINDS = ("try", "eval")
"""Kinds of run that cook beside the line, for a look: their drafts are not kept."""


@dataclass(frozen=True, slots=True)
class VersionFigures:
    """Drafts of one version. low, flagged, blocked: what the checks said of the machine's text.
    approved: as written; edited: approved after a person changed it; pending: nobody decided yet.
    """

    drafts: int = 0
    low: int = 0
    flagged: int = 0
    blocked: int = 0
    pending: int = 0
    approved: int = 0
    edited: int = 0
    rejected: int = 0

    @property
    def decided(self) -> int:
        return self.approved + self.edited + self.rejected


def count_versions(
    db: Database, since: Mapping[str, datetime] | None = None
) -> dict[str, VersionFigures]:
    """Every draft ever made, by the hash of its tone version; one query.

    since: by tone, only drafts made from then on; other tones are left out.
    """
    state, risk = col(DraftRow.state), col(DraftRow.machine_risk)
    is_edited = (col(DraftRow.text) != col(DraftRow.machine_text)).label("is_edited")
    query = sql_select(col(DraftRow.tone_hash), state, risk, is_edited, func.count())
    if since is not None:
        made = [
            and_(col(DraftRow.tone) == tone, col(DraftRow.created_at) >= at)
            for tone, at in since.items()
        ]
        query = query.where(or_(false(), *made))
    query = query.group_by(col(DraftRow.tone_hash), state, risk, is_edited)
    counts: dict[str, dict[str, int]] = {}
    with db.read() as session:
        for tone_hash, state_name, risk_name, was_edited, count in session.execute(query):
            found = counts.setdefault(tone_hash, {})
            outcome = _outcome(DraftState(state_name), bool(was_edited))
            for name in ("drafts", Risk(risk_name).value, outcome):
                found[name] = found.get(name, 0) + count
    return {tone_hash: VersionFigures(**found) for tone_hash, found in counts.items()}


def count_untouched(db: Database) -> dict[str, dict[str, int]]:
    """By tone, then by hash of the version: drafts that stand for a card of the library and that
    nobody has decided or edited. They could be made again in another version.
    """
    query = (
        sql_select(col(DraftRow.tone), col(DraftRow.tone_hash), func.count())
        .join(CardRow, col(CardRow.id) == col(DraftRow.card_id))
        .where(
            col(DraftRow.is_current),
            col(DraftRow.state) == DraftState.PENDING.value,
            col(DraftRow.text) == col(DraftRow.machine_text),
            col(CardRow.removed_at).is_(None),
        )
        .group_by(col(DraftRow.tone), col(DraftRow.tone_hash))
    )
    counts: dict[str, dict[str, int]] = {}
    with db.read() as session:
        for tone, tone_hash, count in session.execute(query):
            counts.setdefault(tone, {})[tone_hash] = count
    return counts


def count_canary_cards(db: Database) -> dict[str, int]:
    """By tone with a canary: cards of the library that it would write now."""
    live = sql_select(col(CardRow.id)).where(col(CardRow.removed_at).is_(None))
    counts = {}
    for tone, standing in list_standings(db).items():
        canary = standing.canary
        if canary is None:
            continue
        with db.read() as session:
            if canary.groups:
                placed = live.join(PlacementRow, col(PlacementRow.card_id) == col(CardRow.id))
                placed = placed.where(col(PlacementRow.group_id).in_(canary.groups)).distinct()
                counts[tone] = len(session.execute(placed).all())
            else:
                ids = session.execute(live).scalars()
                counts[tone] = sum(is_in_share(tone, card_id, canary.share) for card_id in ids)
    return counts


def cost_of_a_draft(db: Database, model: str) -> Decimal | None:
    """What a draft by this model has cost on average so far, in USD; None when that is not known.

    A call writes all tones of a card, so its cost is shared by them. What was tried or measured
    apart from the line left no drafts and does not count.
    """
    with db.read() as session:
        spent = session.execute(
            sql_select(func.sum(col(CompletionRow.cost_micro_usd)))
            .join(RunRow, col(RunRow.id) == col(CompletionRow.run_id))
            .where(col(CompletionRow.model) == model, col(RunRow.kind).not_in(APART_KINDS))
        ).scalar_one()
        drafts = session.execute(
            sql_select(func.count()).where(col(DraftRow.model) == model)
        ).scalar_one()
    return Decimal(spent) / MICRO / drafts if spent and drafts else None


def _outcome(state: DraftState, is_edited: bool) -> str:
    if state is DraftState.APPROVED:
        return "edited" if is_edited else "approved"
    return state.value
