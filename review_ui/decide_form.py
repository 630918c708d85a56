"""What a decision's form says, read with the care its sender may not have taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

from fastapi import HTTPException

from store.engine import utc_now

FormValues = dict[str, list[str]]

MAX_ACTIVE_S = 3600.0
"""Longer looks are a forgotten tab, not reading."""
MAX_AHEAD = timedelta(days=366)
"""Further on it is a slip of the year."""
MAX_OFFSET_MIN = 14 * 60
"""No place on earth is further from UTC."""


def field(form: Mapping[str, Sequence[str]], name: str) -> str:
    """The last value of a field: a button's stands after the hidden one's."""
    return (form.get(name) or [""])[-1]


def draft_field(form: Mapping[str, Sequence[str]], name: str, draft_id: int) -> str:
    """A field about one draft: where all drafts of a card share a form, its name has the id."""
    scoped = f"{name}:{draft_id}"
    return field(form, scoped if scoped in form else name)


def by_draft(form: Mapping[str, Sequence[str]], name: str) -> dict[str, str]:
    """What was typed into a field of each draft, by the draft's id."""
    start = f"{name}:"
    return {
        key.removeprefix(start): values[-1]
        for key, values in form.items()
        if key.startswith(start) and values
    }


def read_version(text: str) -> int:
    """Raises 422 unless it is one."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise HTTPException(422, "The form does not say which version of the draft it is for.")
    return int(text)


def read_lows(form: Mapping[str, Sequence[str]]) -> dict[int, int]:
    """Versions by draft id, from fields `low=12:3`. Raises 422."""
    pairs = (value.partition(":") for value in form.get("low", ()))
    return {read_version(draft): read_version(version) for draft, _, version in pairs}


def read_request_id(form: Mapping[str, Sequence[str]], draft_id: int) -> str:
    """The name of one press of a button on that draft, '' for none.

    `request_id` is the browser's for this press; the page has one for each draft as well, so that
    a form sent twice without any script decides once, too.
    """
    sent = field(form, "request_id") or field(form, f"request_id:{draft_id}")
    is_name = sent.isascii() and sent.replace("-", "").isalnum() and len(sent) <= 48
    return sent if is_name else ""


def active_seconds(form: Mapping[str, Sequence[str]]) -> float:
    try:
        value = float(field(form, "active_s") or 0)
    except ValueError:
        return 0.0
    return min(max(value, 0.0), MAX_ACTIVE_S) if value == value else 0.0  # NaN is not itself


def read_due(local: str, offset_min: str) -> datetime | None:
    """When a post is to go out, in UTC; None for as soon as it may.

    local: of a `datetime-local` field. offset_min: minutes that place is ahead of UTC, '' for none.
    Raises ValueError when that is no time, or one that is past or over a year away.
    """
    if not local:
        return None
    ahead = int(offset_min or "0")
    if abs(ahead) > MAX_OFFSET_MIN:
        raise ValueError(offset_min)
    time = datetime.fromisoformat(local)
    if time.tzinfo is None:
        time = time.replace(tzinfo=timezone(timedelta(minutes=ahead)))
    due, now = time.astimezone(UTC), utc_now()
    if not now - timedelta(minutes=1) <= due <= now + MAX_AHEAD:
        raise ValueError(local)
    return due
