"""When an approved draft goes out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def due_at(now: datetime, delay_s: float) -> datetime:
    """The time, in UTC, until which an approval can still be undone; never before now.

    now: aware. delay_s: seconds; a negative delay counts as none.
    """
    return now.astimezone(UTC) + timedelta(seconds=max(0.0, delay_s))
