"""A suspicious clause as a finding: which check, how grave, and one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping

from stages.cook.compare import Evidence
from stages.types import Finding, Severity, Span

# By feature: the check it speaks for. The feature that weighs most names the finding.
_SAID = {
    "rival": "entity_swapped",
    "opposite": "contradicted",
    "no_gone": "prohibition_dropped",
    "no_faint": "prohibition_dropped",
    "no_soft": "prohibition_dropped",
    "forbid_faint": "prohibition_dropped",
    "permit_forbidden": "prohibition_dropped",
    "advise_forbidden": "prohibition_dropped",
    "verb_freed": "prohibition_dropped",
    "rule_freed": "prohibition_dropped",
    "no_added": "negation_added",
    "no_added_weak": "negation_added",
    "certain": "certainty_raised",
    "certain_x": "certainty_raised",
    "absolute": "certainty_raised",
    "absolute_x": "certainty_raised",
    "promise": "certainty_raised",
    "hedge_gone": "certainty_raised",
    "limit_gone": "condition_dropped",
    "reassure": "reassurance",
    "reassure_x": "reassurance",
    "calm_alarm": "reassurance",
    "permit_new": "reassurance",
    "permit_new_x": "reassurance",
}
_SEVERITY = {
    "prohibition_dropped": Severity.CRITICAL,
    "warning_missing": Severity.CRITICAL,
    "unsupported": Severity.MAJOR,
    "left_out": Severity.MINOR,
}
_FREED = ("freed_", "no_")
_KINDS = (
    ("alarm", "warning_missing", "The warning “{card}” is missing."),
    ("forbid", "prohibition_missing", "The draft leaves out “{card}”."),
    ("only", "condition_missing", "The draft leaves out the condition “{card}”."),
    ("harm", "warning_missing", "The danger the card names is missing: “{card}”."),
    ("figure_lost", "figure_missing", "A figure of the card is missing: “{card}”."),
    ("limit", "condition_missing", "The draft leaves out when or for whom this holds: “{card}”."),
)


def of_said(evidence: Evidence, chance: float, weights: Mapping[str, float], card: str) -> Finding:
    """A finding on what a draft clause says. card: the text of the card."""
    worth = {
        name: value * weights.get(name, 0.0)
        for name, value in evidence.features.items()
        if name in _SAID
    }
    best = max(worth, key=lambda name: worth[name], default="")
    check = _SAID[best] if best and worth[best] > 0.3 else "unsupported"
    own, theirs = evidence.words.get(best, ("", ""))
    message = _message(check, own, theirs, _cut(card, evidence.card_span))
    return Finding(
        check,
        _SEVERITY.get(check, Severity.MAJOR),
        message,
        evidence.draft_span,
        evidence.card_span,
        round(chance, 3),
    )


def _message(check: str, own: str, theirs: str, source: str) -> str:
    if check == "entity_swapped" and theirs:
        return f"The draft says “{own}” where the card says “{theirs}”."
    if check == "contradicted" and theirs:
        return f"The draft says “{own}”, the card “{theirs}”."
    if check == "prohibition_dropped":
        return f"The card says “{source}”; here it may read as allowed."
    if check == "negation_added":
        return f"The draft denies or forbids here; the card says “{source}”."
    if check == "certainty_raised":
        words = f"“{own}” is" if own else "This sounds"
        return f"{words} more certain than the card{f': “{source}”' if source else ''}."
    if check == "condition_dropped":
        return f"The card says when or for whom this holds: “{source}”."
    if check == "reassurance":
        return f"The card does not give leave or comfort like “{own or 'this'}”."
    return "The card may not say this."


def of_left_out(
    evidence: Evidence, chance: float, weights: Mapping[str, float], card: str
) -> Finding:
    """A finding on what the draft leaves out of a card clause."""
    source = _cut(card, evidence.card_span)
    freed = sum(
        value * weights.get(name, 0.0)
        for name, value in evidence.features.items()
        if name.startswith(_FREED)
    )
    if evidence.draft_span and freed > 0.3:
        check, message = "prohibition_dropped", _message("prohibition_dropped", "", "", source)
    else:
        check, template = next(
            ((check, text) for kind, check, text in _KINDS if evidence.features.get(kind)),
            ("left_out", "The draft leaves out “{card}”."),
        )
        message = template.format(card=source)
    span = evidence.draft_span if check == "prohibition_dropped" else None
    return Finding(
        check,
        _SEVERITY.get(check, Severity.MAJOR),
        message,
        span,
        evidence.card_span,
        round(chance, 3),
    )


def _cut(text: str, span: Span | None) -> str:
    flat = " ".join(text[slice(*span)].split()) if span else ""
    return flat if len(flat) <= 110 else flat[:107] + "..."
