"""Runs, and the locks that keep two runs of the same work apart wherever they were started."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from stages.errors import StageError
from store.engine import Database, is_holder_dead, process_holder, take_turns, utc_now
from store.tables import LockRow, RunRow

LOCK_LEASE_S = 90.0
"""How long a lock outlives its last heartbeat; a holder found dead on this machine loses it at
once."""


class RunState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class RunRecord:
    id: str
    kind: str
    state: RunState
    requested_by: str
    note: str
    params: Mapping[str, Any]
    summary: Mapping[str, Any]
    started_at: datetime
    finished_at: datetime | None


class LockedError(StageError):
    """Another live run holds the work; the message says which, where and since when."""


def start_run(
    db: Database,
    kind: str,
    locks: Sequence[str],
    params: Mapping[str, Any],
    requested_by: str = "",
    note: str = "",
) -> str:
    """Take all locks and open a run, or neither; returns the run's id.

    Runs whose process is gone are marked interrupted on the way. Raises LockedError.
    """
    run = RunRow(
        id=uuid.uuid4().hex[:12],
        kind=kind,
        state=RunState.RUNNING.value,
        requested_by=requested_by,
        note=note,
        params=dict(params),
        summary={},
        holder=process_holder(),
        started_at=utc_now(),
    )
    run_id = run.id
    _open_run(db, run, locks)
    return run_id


def _open_run(db: Database, run: RunRow, locks: Sequence[str]) -> None:
    now, holder = run.started_at, run.holder
    with db.write() as session:
        take_turns(session.connection(), "runs")  # of two that find a lock free, one takes it
        for row in session.exec(select(RunRow).where(RunRow.state == RunState.RUNNING)):
            if is_holder_dead(row.holder):
                row.state, row.finished_at = RunState.INTERRUPTED.value, now
                session.add(row)
        for name in sorted(locks):
            lock = session.get(LockRow, name)
            if lock and lock.lease_until > now and not is_holder_dead(lock.holder):
                raise LockedError(_describe(lock))
            if lock:  # its run has been silent for too long, here or on another machine
                _interrupt(session, lock.run_id, now)
            session.merge(
                LockRow(
                    name=name,
                    holder=holder,
                    run_id=run.id,
                    taken_at=now,
                    lease_until=now + timedelta(seconds=LOCK_LEASE_S),
                )
            )
        session.add(run)


def keep_alive(db: Database, run_id: str) -> bool:
    """Renew the run's locks; False when another run has taken any of them over."""
    with db.write() as session:
        take_turns(session.connection(), "runs")
        run = session.get(RunRow, run_id)
        if run is None or run.state != RunState.RUNNING:
            return False
        session.exec(
            update(LockRow)
            .where(col(LockRow.run_id) == run_id)
            .values(lease_until=utc_now() + timedelta(seconds=LOCK_LEASE_S))
        )
        return True


def finish_run(db: Database, run_id: str, state: RunState, summary: Mapping[str, Any]) -> None:
    """Close the run and let go of its locks."""
    with db.write() as session:
        session.exec(
            update(RunRow)
            .where(col(RunRow.id) == run_id)
            .values(state=state.value, summary=dict(summary), finished_at=utc_now())
        )
        for lock in session.exec(select(LockRow).where(LockRow.run_id == run_id)):
            session.delete(lock)


def list_runs(db: Database, limit: int = 20) -> tuple[RunRecord, ...]:
    """The latest first."""
    with db.read() as session:
        rows = session.exec(select(RunRow).order_by(col(RunRow.started_at).desc()).limit(limit))
        return tuple(
            RunRecord(
                id=row.id,
                kind=row.kind,
                state=RunState(row.state),
                requested_by=row.requested_by,
                note=row.note,
                params=row.params,
                summary=row.summary,
                started_at=row.started_at,
                finished_at=row.finished_at,
            )
            for row in rows
        )


def _interrupt(session: Session, run_id: str, now: datetime) -> None:
    session.exec(
        update(RunRow)
        .where(col(RunRow.id) == run_id, col(RunRow.state) == RunState.RUNNING.value)
        .values(state=RunState.INTERRUPTED.value, finished_at=now)
    )


def _describe(lock: LockRow) -> str:
    host = lock.holder.split(":")[0]
    return (
        f"Run {lock.run_id} on {host} has been working on {lock.name} since "
        f"{lock.taken_at:%Y-%m-%d %H:%M:%S} UTC. Wait for it to end, or end it; "
        f"if it is dead, its lock frees itself {LOCK_LEASE_S:.0f} s after its last sign of life."
    )
