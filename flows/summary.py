"""What a run did, in the shape that `--json`, artifacts and the review pages show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any


@dataclass(slots=True)
class GuideCounts:
    """fetched: read anew from the web in this run; unchanged: known or found to be as before."""

    fetched: int = 0
    unchanged: int = 0
    changed: int = 0
    failed: int = 0
    quarantined: int = 0


@dataclass(slots=True)
class CardCounts:
    """total: live cards of the sources in this run, after it."""

    new: int = 0
    kept: int = 0
    changed: int = 0
    removed: int = 0
    total: int = 0


@dataclass(slots=True)
class DraftCounts:
    """kept: wanted and there already; low, flagged, blocked: of the new ones."""

    new: int = 0
    kept: int = 0
    low: int = 0
    flagged: int = 0
    blocked: int = 0


@dataclass(slots=True)
class CompletionCounts:
    """calls: answered; cached: answered from the ledger; cards: those that took a call. cost_usd:
    of the calls with a known price, and what was reserved for those that may have been charged.
    unknown_costs: calls whose cost nobody told.
    """

    calls: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    unknown_costs: int = 0
    cards: int = 0


@dataclass(slots=True)
class PlacementCounts:
    new: int = 0
    cards_without_group: int = 0


@dataclass(slots=True)
class Seconds:
    """Seconds spent in each stage, summed over guides; stages overlap, so total is less."""

    procure: float = 0.0
    chop: float = 0.0
    cook: float = 0.0
    plate: float = 0.0
    total: float = 0.0


@dataclass(slots=True)
class RunSummary:
    """Filled in while the run goes on. errors: one plain sentence per failure; notes: what is no
    failure and somebody may ask about.
    """

    run_id: str
    guides: GuideCounts = field(default_factory=GuideCounts)
    cards: CardCounts = field(default_factory=CardCounts)
    drafts: DraftCounts = field(default_factory=DraftCounts)
    completions: CompletionCounts = field(default_factory=CompletionCounts)
    placements: PlacementCounts = field(default_factory=PlacementCounts)
    seconds: Seconds = field(default_factory=Seconds)
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the seconds of the block to those of the stage."""
        start = perf_counter()
        try:
            yield
        finally:
            setattr(self.seconds, stage, getattr(self.seconds, stage) + perf_counter() - start)

    def as_dict(self) -> dict[str, Any]:
        """JSON types; seconds to the millisecond."""
        values = asdict(self)
        values["seconds"] = {name: round(value, 3) for name, value in values["seconds"].items()}
        calls = values["completions"]
        calls["cost_usd"] = round(calls["cost_usd"], 6)
        calls["cost_per_card_usd"] = round(calls["cost_usd"] / max(1, calls["cards"]), 6)
        return values
