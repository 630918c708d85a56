"""A run's summary as lines for people; a summary is JSON, so nothing in it is taken on trust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from store.runs import RunRecord

SECTIONS = ("guides", "cards", "drafts", "placements", "completions", "seconds")
MAX_ERRORS = 50


@dataclass(frozen=True, slots=True)
class RunView:
    """sections: name -> (label, figure) pairs, figures that are nothing left out."""

    record: RunRecord
    sections: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    errors: tuple[str, ...]
    duration_s: float | None


def read_run(record: RunRecord) -> RunView:
    sections = []
    for name in SECTIONS:
        figures = record.summary.get(name)
        if isinstance(figures, Mapping):
            said = tuple((str(key).replace("_", " "), _figure(value))
                         for key, value in figures.items() if value)  # fmt: skip
            if said:
                sections.append((name, said))
    errors = record.summary.get("errors", [])
    duration = record.finished_at - record.started_at if record.finished_at else None
    return RunView(
        record=record,
        sections=tuple(sections),
        errors=tuple(_error(item) for item in errors[:MAX_ERRORS])
        if isinstance(errors, list)
        else (),
        duration_s=duration.total_seconds() if duration is not None else None,
    )


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _error(item: Any) -> str:
    """An error line; a mapping reads `where: what`."""
    if isinstance(item, Mapping):
        return ": ".join(str(value) for value in item.values() if value)
    return str(item)
