"""`eval checks --fit`: what each piece of evidence is worth, learnt from labelled drafts.

Cards are split, never rows: a card, its faithful drafts and its corrupted ones are in one part.
The clause models are fitted on clauses that differ from the faithful partner; the draft model on
what the clause models say of cards they have not seen. The curve printed is of cards that none of
the three had seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from stages.cook.compare import Evidence
from stages.cook.score import BIAS, LEFT_OUT, SAID, draft_features
from stages.types import Finding

Array = NDArray[np.float64]
LANGUAGES = ("en", "zh")
PARTS = 5

CLAUSE_PENALTY, DRAFT_PENALTY = 10.0, 0.3
"""L2 penalties; the best of three each by cross-validation over cards (see the curve)."""

FAULT_WEIGHT = 3.0
"""A clause at fault counts as so many others: about one in twenty is."""

MAX_REWORDED = 0.35
"""Share of clauses that may differ from the partner; beyond it the diff says nothing of where."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled draft. said, left_out: its evidence; faults: for each side, whether the clause
    is at fault. findings: of the checks that need no weighing. is_fault: whether it is corrupted.
    """

    card: str
    language: str
    evidence: Mapping[str, Sequence[Evidence]]
    faults: Mapping[str, Sequence[bool]]
    findings: Sequence[Finding]
    is_fault: bool
    severity: str = ""

    @property
    def part(self) -> int:
        return crc32(self.card.encode()) % PARTS

    @property
    def is_clean(self) -> bool:
        """Whether the clauses that differ can be blamed for the fault."""
        marks = self.faults[SAID]
        return sum(marks) <= max(3.0, MAX_REWORDED * len(marks))


@dataclass(frozen=True, slots=True)
class _Model:
    """Weights by language key and feature name: shared ones plus what Chinese adds."""

    weights: Mapping[str, Mapping[str, float]]

    def chance(self, features: Mapping[str, float], language: str) -> float:
        weights = self.weights[language]
        total = weights[BIAS] + sum(v * weights.get(k, 0.0) for k, v in features.items())
        return float(1 / (1 + np.exp(-np.clip(total, -30, 30))))


def _fit(
    rows: Sequence[tuple[Mapping[str, float], str, bool]], penalty: float, fault_weight: float
) -> _Model:
    """Logistic regression by Newton's method. Each feature stands twice: for both languages, and
    for Chinese alone, so that what is rare in one can be learnt from the other.
    """
    names = sorted({name for features, _, _ in rows for name in features})
    at = {name: place for place, name in enumerate(names)}
    size = len(names) + 1
    x = np.zeros((len(rows), 2 * size))
    y = np.array([fault for _, _, fault in rows], dtype=float)
    for row, (features, language, _) in enumerate(rows):
        for name, value in features.items():
            x[row, at[name]] = value
        x[row, size - 1] = 1.0
        if language == "zh":
            x[row, size:] = x[row, :size]
    weight = np.where(y > 0, fault_weight, 1.0)
    cost = np.full(2 * size, penalty)
    cost[[size - 1, 2 * size - 1]] = 1e-6  # the constant terms are free
    w = np.zeros(2 * size)
    for _ in range(40):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (weight * (p - y)) + cost * w
        curve = (x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(cost)
        step = np.linalg.solve(curve, gradient)
        w -= step
        if np.abs(step).max() < 1e-6:
            break
    shared = dict(zip([*names, BIAS], w[:size].tolist(), strict=True))
    extra = dict(zip([*names, BIAS], w[size:].tolist(), strict=True))
    return _Model({"en": shared, "zh": {name: shared[name] + extra[name] for name in shared}})


def _fit_clauses(examples: Iterable[Example], side: str) -> _Model:
    rows = [
        (each.features, example.language, fault)
        for example in examples
        if example.is_clean
        for each, fault in zip(example.evidence[side], example.faults[side], strict=True)
    ]
    return _fit(rows, CLAUSE_PENALTY, FAULT_WEIGHT)


def _draft_row(
    example: Example, models: Mapping[str, _Model]
) -> tuple[Mapping[str, float], str, bool]:
    said, left_out = (
        [models[side].chance(e.features, example.language) for e in example.evidence[side]]
        for side in (SAID, LEFT_OUT)
    )
    return (
        draft_features(said, left_out, example.findings),
        example.language,
        example.is_fault,
    )


def _fit_all(examples: Sequence[Example]) -> tuple[dict[str, _Model], _Model]:
    """Clause models on all examples; the draft model on clauses judged by models that had not seen
    the card.
    """
    rows = []
    for part in range(PARTS):
        others = [e for e in examples if e.part != part]
        own = [e for e in examples if e.part == part]
        if own and others:
            models = {side: _fit_clauses(others, side) for side in (SAID, LEFT_OUT)}
            rows += [_draft_row(e, models) for e in own]
    models = {side: _fit_clauses(examples, side) for side in (SAID, LEFT_OUT)}
    return models, _fit(rows, DRAFT_PENALTY, 1.0)


@dataclass(frozen=True, slots=True)
class Fit:
    """weights: what goes into weights.json. scores: of every example, by models that had not seen
    its card, in the order of the examples.
    """

    weights: Mapping[str, Any]
    scores: Sequence[float]


def fit(examples: Sequence[Example]) -> Fit:
    """Fit all three models, and judge each example by models fitted on other cards."""
    scores: dict[int, float] = {}
    folds = sorted({_fold(e.card) for e in examples})
    for fold in folds:
        models, draft = _fit_all([e for e in examples if _fold(e.card) != fold])
        for place, example in enumerate(examples):
            if _fold(example.card) == fold:
                features, language, _ = _draft_row(example, models)
                scores[place] = draft.chance(features, language)
    models, draft = _fit_all(examples)
    weights = {
        SAID: _rounded(models[SAID]),
        LEFT_OUT: _rounded(models[LEFT_OUT]),
        "draft": _rounded(draft),
    }
    return Fit(weights, [scores[place] for place in range(len(examples))])


def _fold(card: str) -> int:
    """Another split than `Example.part`, so that inner and outer parts do not coincide."""
    return crc32(b"outer:" + card.encode()) % PARTS


def _rounded(model: _Model) -> dict[str, dict[str, float]]:
    return {
        language: {name: round(w, 3) for name, w in sorted(weights.items()) if round(w, 3)}
        for language, weights in model.weights.items()
    }


def curve(examples: Sequence[Example], scores: Sequence[float]) -> list[dict[str, float]]:
    """For each limit: share of faithful drafts flagged, of corrupted and of critical ones found."""
    rows = []
    for limit in (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7):
        row = {"limit": limit}
        for name, holds in _GROUPS.items():
            chosen = [s for e, s in zip(examples, scores, strict=True) if holds(e)]
            row[name] = sum(s >= limit for s in chosen) / len(chosen) if chosen else 0.0
        rows.append(row)
    return rows


def _of(language: str, is_fault: bool) -> Callable[[Example], bool]:
    return lambda e: e.is_fault == is_fault and e.language == language


_GROUPS: dict[str, Callable[[Example], bool]] = {
    "false_flag": lambda e: not e.is_fault,
    "recall": lambda e: e.is_fault,
    "critical": lambda e: e.severity == "critical",
    **{f"false_flag_{language}": _of(language, False) for language in LANGUAGES},
    **{f"recall_{language}": _of(language, True) for language in LANGUAGES},
}


def write_weights(path: Path, weights: Mapping[str, Any], note: str) -> None:
    """Write a weights file; note: what it was fitted on."""
    text = json.dumps({"fitted_on": note, **weights}, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
