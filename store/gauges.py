"""What a monitoring system asks for every few seconds: a handful of cheap figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func
from sqlalchemy import select as sql_select
from sqlmodel import col

from stages.types import PostState, Risk
from store.completions import MICRO, CallState
from store.desk_tables import LeaseRow
from store.drafts import count_drafts
from store.engine import Database
from store.posts import count_alerts, count_posts
from store.quarantine import count_quarantined
from store.runs import RunState
from store.tables import CompletionRow, DraftRow, DraftState, RunRow


@dataclass(frozen=True, slots=True)
class Gauges:
    """oldest_pending_s: age of the draft that waits longest, None when none does. calls, cost_usd:
    of model calls since midnight UTC. last_run_at: when the last run ended, None before any did.
    """

    drafts: Mapping[tuple[DraftState, Risk], int]
    posts: Mapping[PostState, int]
    oldest_pending_s: float | None
    alerts: int
    set_aside: int
    runs: Mapping[RunState, int]
    last_run_at: datetime | None
    calls: Mapping[CallState, int]
    cost_usd: Decimal
    leases: int


def get_gauges(db: Database, now: datetime) -> Gauges:
    """A fixed number of queries; each reads an index or a small table."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    # Ids grow with time, and the index has them: no draft is read to find the oldest.
    oldest = sql_select(func.min(DraftRow.id)).where(
        col(DraftRow.is_current), col(DraftRow.state) == DraftState.PENDING.value
    )
    calls = (
        sql_select(
            col(CompletionRow.state),
            func.count(),
            func.coalesce(func.sum(CompletionRow.cost_micro_usd), 0),
        )
        .where(col(CompletionRow.sent_at) >= midnight)
        .group_by(col(CompletionRow.state))
    )
    with db.read() as session:
        created_at = session.execute(
            sql_select(col(DraftRow.created_at)).where(col(DraftRow.id) == oldest.scalar_subquery())
        ).scalar()
        called = session.execute(calls).all()
        runs = session.execute(
            sql_select(col(RunRow.state), func.count(), func.max(RunRow.finished_at)).group_by(
                col(RunRow.state)
            )
        ).all()
        leases = session.execute(
            sql_select(func.count()).select_from(LeaseRow).where(col(LeaseRow.until) > now)
        ).scalar_one()
    return Gauges(
        drafts=count_drafts(db),
        posts=count_posts(db),
        oldest_pending_s=(now - created_at).total_seconds() if created_at else None,
        alerts=count_alerts(db),
        set_aside=count_quarantined(db),
        runs={RunState(row[0]): row[1] for row in runs},
        last_run_at=max((row[2] for row in runs if row[2]), default=None),
        calls={CallState(row[0]): row[1] for row in called},
        cost_usd=Decimal(sum(int(row[2]) for row in called)) / MICRO,
        leases=leases,
    )
