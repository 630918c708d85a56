from __future__ import annotations

import pytest

from stages.cook.risk import assess_edit, assess_risk
from stages.types import Finding, Risk, Severity, Stakes

LIMITS = (0.48, 0.45)


def missing(strength: float, severity: Severity = Severity.MAJOR) -> Finding:
    return Finding("figure_missing", severity, "A figure is missing.", strength=strength)


@pytest.mark.parametrize(
    ("finding", "risk"),
    [
        (missing(0.8), Risk.FLAGGED),
        (missing(0.5), Risk.FLAGGED),
        (missing(0.4), Risk.LOW),
        (missing(0.8, Severity.MINOR), Risk.LOW),
        (Finding("unsupported", Severity.MAJOR, "Not in the card.", strength=0.8), Risk.LOW),
    ],
)
def test_edit_is_flagged_by_what_is_clearly_missing(finding: Finding, risk: Risk) -> None:
    assert assess_risk([finding], 0.1, Stakes.NORMAL, LIMITS) is Risk.LOW
    assert assess_edit([finding], 0.1, Stakes.NORMAL, LIMITS) is risk


def test_edit_is_blocked_by_what_blocks_any_draft() -> None:
    dose = Finding("quantity_changed", Severity.CRITICAL, "5 ml became 50 ml.", strength=0.95)
    assert assess_edit([dose], 0.1, Stakes.NORMAL, LIMITS) is Risk.BLOCKED
