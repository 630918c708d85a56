"""Decisions of one person, where no second one is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from store import verdicts
from store.decision_types import By, RejectReason, Sending
from store.engine import Database


def approve(
    db: Database,
    draft_id: int,
    by: By,
    group_ids: Sequence[str],
    publish_delay_s: int,
    *,
    licence_checked: str = "",
    note: str = "",
    due_at: datetime | None = None,
) -> int:
    """Approve a pending draft for these groups; returns the decision's id."""
    sending = Sending(group_ids, publish_delay_s, due_at, licence_checked, note)
    return verdicts.approve(db, draft_id, by, sending, needs_two=False).decision_id


def reject(db: Database, draft_id: int, by: By, reason: RejectReason, note: str = "") -> int:
    """Reject a pending draft; returns the decision's id."""
    return verdicts.reject(db, draft_id, by, reason, note, needs_two=False).decision_id
