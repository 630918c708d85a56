"""A run's summary as lines for people; a summary is JSON, so nothing in it is taken on trust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from store.runs import RunRecord

SECTIONS = ("guides", "cards", "drafts", "placements", "completions", "seconds")
MAX_LINES = 50


@dataclass(frozen=True, slots=True)
class RunView:
    """sections: name -> (label, figure) pairs, figures that are nothing left out."""

    record: RunRecord
    sections: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    errors: tuple[str, ...]
    notes: tuple[str, ...]
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
    duration = record.finished_at - record.started_at if record.finished_at else None
    return RunView(
        record=record,
        sections=tuple(sections),
        errors=_lines(record, "errors"),
        notes=_lines(record, "notes"),
        duration_s=duration.total_seconds() if duration is not None else None,
    )


def _lines(record: RunRecord, name: str) -> tuple[str, ...]:
    lines = record.summary.get(name, [])
    return tuple(_line(item) for item in lines[:MAX_LINES]) if isinstance(lines, list) else ()


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _line(item: Any) -> str:
    """A line; a mapping reads `where: what`."""
    if isinstance(item, Mapping):
        return ": ".join(str(value) for value in item.values() if value)
    return str(item)
