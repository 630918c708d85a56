"""How deciding goes: what became of drafts, how long people looked, what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import and_, func
from sqlalchemy import select as sql_select
from sqlalchemy.orm import aliased
from sqlmodel import col

from stages.types import Severity
from store.completions import MICRO
from store.decision_types import Action
from store.desk_tables import VerdictRow
from store.engine import Database
from store.tables import (
    CardRow,
    CompletionRow,
    DecisionRow,
    DraftRow,
    FindingRow,
    GuideRow,
    SourceRow,
    UserRow,
)

MAX_DECISIONS = 200_000


@dataclass(frozen=True, slots=True)
class Settled:
    """An approval or rejection that stands. is_edited: a person changed the machine's text.

    waited_s: from the draft's cooking to the decision; batch: '' when it was decided by itself.
    """

    at: datetime
    user: str
    is_approval: bool
    is_edited: bool
    reason: str
    active_s: float
    waited_s: float
    batch: str
    tone: str
    tone_version: str
    model: str


@dataclass(frozen=True, slots=True)
class CheckFigures:
    """Decided drafts that a check had something against, and how many of them people approved."""

    check: str
    decided: int
    approved: int


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """Live cards of a source, and those with an approval."""

    publisher: str
    cards: int
    approved: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Drafts on which two people gave a verdict each, and how many of the pairs are the same."""

    pairs: int
    same: int


def list_settled(db: Database, since: datetime, until: datetime) -> tuple[Settled, ...]:
    """In the order they were made; what was taken back is none. The latest of very many."""
    undo = aliased(DecisionRow)
    query = (
        sql_select(
            col(DecisionRow.at),
            col(UserRow.name),
            col(DecisionRow.action),
            (col(DraftRow.text) != col(DraftRow.machine_text)).label("is_edited"),
            col(DecisionRow.reason),
            col(DecisionRow.active_s),
            col(DraftRow.created_at),
            col(DecisionRow.batch),
            col(DraftRow.tone),
            col(DraftRow.tone_version),
            col(DraftRow.model),
        )
        .join(UserRow, col(UserRow.id) == col(DecisionRow.user_id))
        .join(DraftRow, col(DraftRow.id) == col(DecisionRow.draft_id))
        .outerjoin(undo, col(undo.undoes_id) == col(DecisionRow.id))
        .where(
            col(DecisionRow.at) >= since,
            col(DecisionRow.at) < until,
            col(DecisionRow.action).in_((Action.APPROVE.value, Action.REJECT.value)),
            col(undo.id).is_(None),
        )
        .order_by(col(DecisionRow.id).desc())
        .limit(MAX_DECISIONS)
    )
    with db.read() as session:
        rows = session.execute(query).all()
    return tuple(
        Settled(
            row.at,
            row.name,
            row.action == Action.APPROVE,
            bool(row.is_edited),
            row.reason,
            row.active_s,
            (row.at - row.created_at).total_seconds(),
            row.batch,
            row.tone,
            row.tone_version,
            row.model,
        )
        for row in reversed(rows)
    )


def list_check_figures(db: Database, since: datetime, until: datetime) -> tuple[CheckFigures, ...]:
    """Most often approved against first. Findings are those of the text that was decided."""
    undo = aliased(DecisionRow)
    approved = func.count(func.distinct(col(DraftRow.id))).filter(
        col(DecisionRow.action) == Action.APPROVE.value
    )
    query = (
        sql_select(col(FindingRow.check), func.count(func.distinct(col(DraftRow.id))), approved)
        .select_from(DecisionRow)
        .join(DraftRow, col(DraftRow.id) == col(DecisionRow.draft_id))
        .join(FindingRow, col(FindingRow.draft_id) == col(DraftRow.id))
        .outerjoin(undo, col(undo.undoes_id) == col(DecisionRow.id))
        .where(
            col(DecisionRow.at) >= since,
            col(DecisionRow.at) < until,
            col(DecisionRow.action).in_((Action.APPROVE.value, Action.REJECT.value)),
            col(undo.id).is_(None),
            col(FindingRow.severity) != Severity.INFO.value,
        )
        .group_by(col(FindingRow.check))
        .order_by(approved.desc(), col(FindingRow.check))
    )
    with db.read() as session:
        return tuple(CheckFigures(*row) for row in session.execute(query))


def count_agreement(db: Database, since: datetime, until: datetime) -> Agreement:
    """Of pairs that are complete: what one person says before the other is nobody's business."""
    first, second = aliased(VerdictRow), aliased(VerdictRow)
    query = (
        sql_select(func.count(), func.count().filter(col(first.verdict) == col(second.verdict)))
        .select_from(first)
        .join(
            second,
            and_(
                col(second.draft_id) == col(first.draft_id),
                col(second.version) == col(first.version),
                col(second.id) > col(first.id),
                col(second.withdrawn_at).is_(None),
            ),
        )
        .where(col(second.at) >= since, col(second.at) < until, col(first.withdrawn_at).is_(None))
    )
    with db.read() as session:
        row = session.execute(query).one()
        return Agreement(row[0], row[1])


def sum_cost(db: Database, since: datetime, until: datetime) -> Decimal:
    """Known cost of the model calls sent in that time, in USD."""
    query = sql_select(func.coalesce(func.sum(CompletionRow.cost_micro_usd), 0)).where(
        col(CompletionRow.sent_at) >= since, col(CompletionRow.sent_at) < until
    )
    with db.read() as session:
        return Decimal(int(session.execute(query).scalar_one())) / MICRO


def count_source_cards(db: Database) -> tuple[SourceFigures, ...]:
    """Sources with live cards, most cards first."""
    approved = (
        sql_select(col(DraftRow.card_id))
        .where(col(DraftRow.is_current), col(DraftRow.state) == "approved")
        .distinct()
        .subquery()
    )
    query = (
        sql_select(col(SourceRow.spec), func.count(col(CardRow.id)), func.count(approved.c.card_id))
        .select_from(CardRow)
        .join(GuideRow, col(GuideRow.id) == col(CardRow.guide_id))
        .join(SourceRow, col(SourceRow.id) == col(GuideRow.source_id))
        .outerjoin(approved, approved.c.card_id == col(CardRow.id))
        .where(col(CardRow.removed_at).is_(None))
        .group_by(col(SourceRow.id))
        .order_by(func.count(col(CardRow.id)).desc(), col(SourceRow.id))
    )
    with db.read() as session:
        return tuple(
            SourceFigures(str(row[0]["publisher"]), row[1], row[2])
            for row in session.execute(query)
        )
