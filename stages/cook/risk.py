"""From findings to what an editor may do with a draft."""

from __future__ import annotations

from collections.abc import Iterable

from stages.types import Finding, Risk, Severity, Stakes

# Findings whose word alone stops a draft: each is seen in the text itself, never inferred from
# how alike two sentences look.
CERTAIN_CHECKS = frozenset(
    {"instruction", "chatter", "sales", "hidden_characters", "contact", "quantity_changed"}
)


def assess_risk(findings: Iterable[Finding], stakes: Stakes) -> Risk:
    """BLOCKED, FLAGGED or LOW.

    A critical finding blocks when its check is a certain one, or when a sentence was compared with
    the source sentences it cites (check ends in `_cited`). Any other critical or major finding
    flags; minor ones flag too where stakes are high.
    """
    risk = Risk.LOW
    for finding in findings:
        certain = finding.check in CERTAIN_CHECKS or finding.check.endswith("_cited")
        if finding.severity is Severity.CRITICAL and certain:
            return Risk.BLOCKED
        if finding.severity in (Severity.CRITICAL, Severity.MAJOR) or (
            finding.severity is Severity.MINOR and stakes is Stakes.HIGH
        ):
            risk = Risk.FLAGGED
    return risk
