"""How well cards find their groups: the arithmetic, apart from where cards and groups come from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stages.plate.embed import Vector
from stages.plate.match import GroupVectors, place_card, rank_groups
from stages.text import is_chinese
from stages.types import Card, Group, Placement


@dataclass(frozen=True, slots=True)
class Judged:
    """A card, how relevant groups are to it (2 must, 1 fine, left out: not), all groups it may go
    to, best first, and the ones proposed.
    """

    card: Card
    relevance: Mapping[str, int]
    ranked: tuple[Placement, ...]
    placed: tuple[Placement, ...]


def judge_card(
    card: Card,
    relevance: Mapping[str, int],
    groups: Sequence[Group],
    card_vector: Vector,
    group_vectors: GroupVectors,
) -> Judged:
    """The card as the line would place it, beside its judgement."""
    return Judged(
        card,
        relevance,
        rank_groups(card, groups, card_vector, group_vectors),
        place_card(card, groups, card_vector, group_vectors),
    )


def figures(judged: Sequence[Judged]) -> dict[str, Any]:
    """Shares of the cards that fit some group, and [found, total] of those that fit none.

    hit1, hit3: one of the first groups in order is a fitting one. ndcg3: gain of a group is
    2**relevance - 1. none_found: cards that fit no group and get none; false_none: share of the
    fitting ones that get none. proposals_right: share of proposals for fitting cards that are
    judged fine or must. Shares of no cards are 0.
    """
    fitting = [row for row in judged if row.relevance]
    without = [row for row in judged if not row.relevance]
    size = max(1, len(fitting))
    return {
        "hit1": sum(is_hit(row, 1) for row in fitting) / size,
        "hit3": sum(is_hit(row, 3) for row in fitting) / size,
        "ndcg3": sum(map(ndcg3, fitting)) / size,
        "none_found": [sum(not row.placed for row in without), len(without)],
        "false_none": sum(not row.placed for row in fitting) / size,
        "proposals_right": _share_right(fitting),
    }


def figures_by_lang(judged: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """`figures` of each language that has cards."""
    langs = sorted({_lang(row.card) for row in judged})
    return {lang: figures([row for row in judged if _lang(row.card) == lang]) for lang in langs}


def is_hit(row: Judged, depth: int) -> bool:
    """Whether one of the first depth groups is a fitting one."""
    return any(place.group_id in row.relevance for place in row.ranked[:depth])


def ndcg3(row: Judged) -> float:
    """Discounted gain of the first three groups, as a share of the best order's; 0 for none."""
    gains = [row.relevance.get(place.group_id, 0) for place in row.ranked[:3]]
    best = _dcg(sorted(row.relevance.values(), reverse=True)[:3])
    return _dcg(gains) / best if best else 0.0


def _dcg(gains: Sequence[int]) -> float:
    return sum((2.0**gain - 1) / math.log2(place + 2) for place, gain in enumerate(gains))


def _share_right(rows: Sequence[Judged]) -> float:
    proposed = [place.group_id in row.relevance for row in rows for place in row.placed]
    return sum(proposed) / max(1, len(proposed))


def _lang(card: Card) -> str:
    return "zh" if is_chinese(card.lang) else card.lang.partition("-")[0].lower()
