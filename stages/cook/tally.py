"""What cooking one card has gathered so far, and which of two drafts is the better one."""

from __future__ import annotations

from dataclasses import dataclass, field

from stages.errors import StageError
from stages.types import Completion, Draft, Risk

FABRICATED = frozenset({"quantity_invented", "quantity_unsourced", "entity_unsourced"})
"""Findings a model is asked to mend even where a person would only be told to read closely: a dose,
a figure or a medicine that the card does not have."""


@dataclass(slots=True)
class Tally:
    """What one `cook_card` has gathered so far."""

    completions: list[Completion] = field(default_factory=list)
    cached: int = 0
    problems: list[str] = field(default_factory=list)
    best: dict[str, Draft] = field(default_factory=dict)

    def is_done(self, tone_id: str) -> bool:
        """Whether there is a draft that does not fail our checks."""
        return tone_id in self.best and not fails(self.best[tone_id])

    def note(self, model: str, error: StageError) -> None:
        """Remember why a call came to nothing."""
        said = str(error)
        self.problems.append(said if said.startswith(f"{model}:") else f"{model}: {said}")

    def keep(self, draft: Draft) -> None:
        """Keep the draft with the lower risk, among equals one that does not fail, or the first."""
        old = self.best.get(draft.tone)
        if old is None or _rank(draft) < _rank(old):
            self.best[draft.tone] = draft


def fails(draft: Draft) -> bool:
    """Whether a model is asked to write it again."""
    is_made_up = any(finding.check in FABRICATED for finding in draft.findings)
    return draft.risk is Risk.BLOCKED or (draft.risk is Risk.FLAGGED and is_made_up)


def _rank(draft: Draft) -> tuple[int, bool]:
    return (Risk.LOW, Risk.FLAGGED, Risk.BLOCKED).index(draft.risk), fails(draft)
