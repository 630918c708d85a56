"""A run's summary as lines for people; a summary is JSON, so nothing in it is taken on trust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from review_ui.i18n import N_
from review_ui.i18n import gettext as _
from review_ui.render import number
from store.runs import RunRecord, RunState

SECTIONS = ("guides", "cards", "drafts", "placements", "completions", "seconds")
MAX_LINES = 50
STATES = {
    RunState.RUNNING: N_("Running"),
    RunState.DONE: N_("Done"),
    RunState.FAILED: N_("Failed"),
    RunState.INTERRUPTED: N_("Interrupted"),
}
KINDS = {
    "daily": N_("Daily run"),
    "adhoc": N_("Run on request"),
    "cli": N_("Run by hand"),
    "demo": N_("Demo"),
    "doctor": N_("Check of the models"),
    "eval": N_("Evaluation"),
}
BY = {"schedule": N_("by schedule"), "command line": N_("command line")}
WORDS = {
    "guides": N_("guides"),
    "cards": N_("cards"),
    "drafts": N_("drafts"),
    "placements": N_("placements"),
    "completions": N_("model calls"),
    "seconds": N_("seconds"),
    "fetched": N_("fetched"),
    "unchanged": N_("unchanged"),
    "changed": N_("changed"),
    "failed": N_("failed"),
    "quarantined": N_("set aside"),
    "new": N_("new"),
    "kept": N_("kept"),
    "removed": N_("removed"),
    "total": N_("in all"),
    "low": N_("low risk"),
    "flagged": N_("flagged"),
    "blocked": N_("blocked"),
    "cards_without_group": N_("without a group"),
    "calls": N_("calls"),
    "cached": N_("from memory"),
    "tokens_in": N_("tokens in"),
    "tokens_out": N_("tokens out"),
    "cost_usd": N_("US dollars"),
    "procure": N_("procure"),
    "chop": N_("chop"),
    "cook": N_("cook"),
    "plate": N_("plate"),
}
"""What the line calls its figures, for people; a figure of a later version goes by its own name."""


@dataclass(frozen=True, slots=True)
class RunView:
    """sections: name -> (label, figure) pairs, figures that are nothing left out. state, kind, by,
    duration: for people.
    """

    record: RunRecord
    sections: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    errors: tuple[str, ...]
    notes: tuple[str, ...]
    state: str
    kind: str
    by: str
    duration: str


def read_run(record: RunRecord) -> RunView:
    sections = []
    for name in SECTIONS:
        figures = record.summary.get(name)
        if isinstance(figures, Mapping):
            said = tuple(
                (_word(str(key)), _figure(value)) for key, value in figures.items() if value
            )
            if said:
                sections.append((_word(name), said))
    duration = record.finished_at - record.started_at if record.finished_at else None
    return RunView(
        record=record,
        sections=tuple(sections),
        errors=_lines(record, "errors"),
        notes=_lines(record, "notes"),
        state=_(STATES[record.state]),
        kind=_(KINDS[record.kind]) if record.kind in KINDS else record.kind.capitalize(),
        by=_(BY[record.requested_by]) if record.requested_by in BY else record.requested_by,
        duration=_("%(num)s s") % {"num": number(round(duration.total_seconds(), 1))}
        if duration is not None
        else "",
    )


def _word(key: str) -> str:
    return _(WORDS[key]) if key in WORDS else key.replace("_", " ")


def _lines(record: RunRecord, name: str) -> tuple[str, ...]:
    lines = record.summary.get(name, [])
    return tuple(_line(item) for item in lines[:MAX_LINES]) if isinstance(lines, list) else ()


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return number(float(f"{value:.4g}"))
    return number(value) if isinstance(value, int) else str(value)


def _line(item: Any) -> str:
    """A line; a mapping reads `where: what`."""
    if isinstance(item, Mapping):
        return ": ".join(str(value) for value in item.values() if value)
    return str(item)
