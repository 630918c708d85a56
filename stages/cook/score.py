"""What the evidence is worth: a calibrated chance that a draft says what its card does not.

Two small logistic models look at the clauses (what a draft clause says, what of a card clause is
left out), a third one at the whole draft: the most suspicious clauses, and what the checks that
look at figures, sales talk, leaks and the like have found. All three were fitted together on cards
that were split by card (`spoonful eval checks --fit`, which writes weights.json and says in it what
it was fitted on).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import median

from stages.cook.compare import Evidence
from stages.types import Finding, Severity

WEIGHTS = Path(__file__).with_name("weights.json")

SAID, LEFT_OUT = "said", "left_out"
BIAS = ""
"""Name of the constant term among the features."""

SEVERITY_WEIGHT = {
    Severity.INFO: 0.0,
    Severity.MINOR: 0.3,
    Severity.MAJOR: 0.7,
    Severity.CRITICAL: 1.0,
}
"""How much of a finding counts, by its severity; the fit sets what each check is worth."""

_LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class Weights:
    """clauses: by side (said, left_out) and language key, the weight of each feature. draft: by
    language key, the weights of what `draft_features` gives.
    """

    clauses: Mapping[str, Mapping[str, Mapping[str, float]]]
    draft: Mapping[str, Mapping[str, float]]


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """The weights that ship with this release."""
    data = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return Weights({SAID: data[SAID], LEFT_OUT: data[LEFT_OUT]}, data["draft"])


def logistic(features: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Chance, 0..1, of features under weights."""
    total = weights.get(BIAS, 0.0) + sum(
        value * weights.get(name, 0.0) for name, value in features.items()
    )
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def suspect(evidence: Sequence[Evidence], side: str, language: str) -> list[float]:
    """For each piece of evidence of one side the chance that it is a fault."""
    weights = load_weights().clauses[side][language]
    return [logistic(each.features, weights) for each in evidence]


def draft_features(
    said: Sequence[float], left_out: Sequence[float], findings: Iterable[Finding]
) -> dict[str, float]:
    """What the whole draft is scored by: the two most suspicious clauses of each side and the usual
    one, since bold writers look suspicious throughout, as log odds; and the strongest finding of
    each other check.
    """
    features: dict[str, float] = {}
    for side, chances in ((SAID, said), (LEFT_OUT, left_out)):
        worst = sorted(chances, reverse=True)[:2]
        for place, chance in enumerate([*worst, _LEAST, _LEAST][:2], start=1):
            features[f"{side}_{place}"] = _log_odds(chance)
        features[f"{side}_usual"] = _log_odds(median(chances) if chances else _LEAST)
    for finding in findings:
        value = SEVERITY_WEIGHT[finding.severity] * finding.strength
        features[finding.check] = max(features.get(finding.check, 0.0), value)
    return features


def score(
    said: Sequence[float], left_out: Sequence[float], findings: Iterable[Finding], language: str
) -> float:
    """Chance, 0..1, that the draft says something its card does not."""
    features = draft_features(said, left_out, findings)
    return logistic(features, load_weights().draft[language])


JUDGE_LOG_ODDS = {"judge_contradicted": 2.5, "judge_not_supported": 1.2}
JUDGE_CONTENT_LOG_ODDS = -0.7
"""What a judge model's word adds to the log odds: its gravest verdict, or that it found nothing.
Set by hand between what good and poor judges deserve (published balanced accuracies of .68 to .78
on LLM-AggreFact are log odds of 0.75 to 1.25 a verdict); there are no labelled verdicts to fit."""


def with_judge(score: float | None, verdicts: Sequence[Finding]) -> float | None:
    """The score of a draft after a judge model has read it. verdicts: its findings, if any."""
    if score is None:
        return None
    added = max((JUDGE_LOG_ODDS[f.check] for f in verdicts), default=JUDGE_CONTENT_LOG_ODDS)
    return 1.0 / (1.0 + math.exp(-(_log_odds(score) + added)))


def _log_odds(chance: float) -> float:
    bounded = min(max(chance, _LEAST), 1 - _LEAST)
    return math.log(bounded / (1 - bounded))
