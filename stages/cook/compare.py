"""Two texts held against each other clause by clause: what both sides of the comparison share.

Each draft clause is held against the card sentence most like it (`said.py`), each card clause
against the draft sentence most like it (`left_out.py`). A feature is a figure of 0..1; what it is
worth is learnt (`score.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stages.cook.clauses import Clause, Side, Text, mass_of, overlap
from stages.types import Span

HARD_KINDS = frozenset(
    {"medicine", "vaccine", "nutrient", "substance", "food", "drink", "illness", "symptom", "test",
     "device"}
)  # fmt: skip
MIN_ALIKE = 0.2


@dataclass(frozen=True, slots=True)
class Evidence:
    """features: by name, 0..1. draft_span, card_span: what was compared; None where one side has
    nothing like it. words: by feature, the words in question (draft's, card's).
    """

    features: Mapping[str, float]
    draft_span: Span | None
    card_span: Span | None
    words: Mapping[str, tuple[str, str]]


def sides_of(text: Text) -> tuple[Side, ...]:
    return tuple(Side.of(clauses) for clauses in text.by_sentence)


def best_sentence(clause: Clause, sides: Sequence[Side]) -> tuple[int, float]:
    """Number and Dice score of the sentence most like the clause; (-1, 0) when none is."""
    best, best_score = -1, 0.0
    mass = mass_of(clause)
    for n, side in enumerate(sides):
        shared = overlap(clause, side)
        if shared:
            score = shared / mass * 0.7 + 0.3 * 2 * shared / (mass + side.mass)
            if score > best_score:
                best, best_score = n, score
    return best, best_score


def best_clause(clause: Clause, others: Sequence[Clause]) -> Clause | None:
    best, score = None, 0.0
    for other in others:
        side = other.side
        shared = overlap(clause, side)
        value = 2 * shared / (mass_of(clause) + side.mass) if shared else 0.0
        if value > score:
            best, score = other, value
    return best


def beside_the_rest(found: list[Evidence], name: str) -> list[Evidence]:
    """Bold writers leave more uncovered in every clause: how far each stands out from the rest."""
    usual = sum(each.features[name] for each in found) / max(1, len(found))
    return [
        replace(each, features={**each.features, f"{name}_more": each.features[name] - usual})
        for each in found
    ]
