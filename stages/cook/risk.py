"""From findings and score to what an editor may do with a draft."""

from __future__ import annotations

from collections.abc import Iterable

from stages.types import Finding, Risk, Severity, Stakes

# Findings whose word alone stops a draft: each is seen in the text itself, never inferred from
# how alike two sentences look.
CERTAIN_CHECKS = frozenset(
    {"instruction", "chatter", "sales", "hidden_characters", "contact", "quantity_changed"}
)
SURE = 0.9
"""Strength from which a certain check is believed by itself."""
CLEAR = 0.5
"""Strength from which a finding is shown as a fault and not as "Perhaps"."""
MISSING_CHECKS = frozenset(
    {
        "left_out", "prohibition_dropped", "prohibition_missing", "condition_dropped",
        "condition_missing", "warning_missing", "figure_missing",
    }
)  # fmt: skip
"""What the card says and the draft does not."""

# Findings that are one piece of evidence among others: the score says whether they flag.
WEIGHED_CHECKS = frozenset(
    {
        "entity_swapped", "contradicted", "prohibition_dropped", "negation_added", "left_out",
        "certainty_raised", "condition_dropped", "reassurance", "unsupported", "warning_missing",
        "prohibition_missing", "condition_missing", "figure_missing", "brand", "chatter_maybe",
        "judge_not_supported",
    }
)  # fmt: skip


def assess_risk(
    findings: Iterable[Finding],
    score: float | None,
    stakes: Stakes,
    flag_from: tuple[float, float],
) -> Risk:
    """BLOCKED, FLAGGED or LOW. flag_from: as in `ToneRules`.

    A critical finding blocks when its check is a certain one and sure, or when a sentence was
    compared with the source sentences it cites (check ends in `_cited`). A score from the policy's
    limit on flags, and so does any other critical or major finding that is not itself weighed in
    the score; minor ones flag too where stakes are high.
    """
    limit = flag_from[1 if stakes is Stakes.HIGH else 0]
    risk = Risk.FLAGGED if score is not None and score >= limit else Risk.LOW
    for finding in findings:
        sure = finding.check in CERTAIN_CHECKS and finding.strength >= SURE
        if finding.severity is Severity.CRITICAL and (sure or finding.check.endswith("_cited")):
            return Risk.BLOCKED
        if finding.check in WEIGHED_CHECKS:
            continue
        if finding.severity in (Severity.CRITICAL, Severity.MAJOR) or (
            finding.severity is Severity.MINOR and stakes is Stakes.HIGH
        ):
            risk = Risk.FLAGGED
    return risk


def assess_edit(
    findings: Iterable[Finding],
    score: float | None,
    stakes: Stakes,
    flag_from: tuple[float, float],
) -> Risk:
    """As `assess_risk`, of a text a person has edited: what is clearly missing from it flags.

    The score weighs what writers do; a person can also cut a text down to where little is left to
    be wrong, and what is missing must then be said aloud.
    """
    found = tuple(findings)
    risk = assess_risk(found, score, stakes, flag_from)
    if risk is Risk.LOW and any(
        finding.check in MISSING_CHECKS
        and finding.severity in (Severity.CRITICAL, Severity.MAJOR)
        and finding.strength >= CLEAR
        for finding in found
    ):
        return Risk.FLAGGED
    return risk
