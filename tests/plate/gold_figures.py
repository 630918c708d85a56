"""How well cards find their groups on a folder of judged placements.

A folder holds `cards.jsonl`, `groups.yaml` and `placements.jsonl` (card id to group id: 2 must,
1 fine). By hand: `python -m tests.plate.gold_figures [FOLDER]`.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from stages.plate.embed import open_embedder
from stages.plate.match import embed_cards, embed_groups, place_card, rank_groups
from stages.types import Card, CardKind, Group, Placement, Stakes

GOLD = Path(__file__).parents[1] / "cases" / "gold"


@dataclass(frozen=True)
class Judged:
    """A card, how relevant groups are to it, all groups in order and the ones proposed."""

    card: Card
    relevance: Mapping[str, int]
    ranked: tuple[Placement, ...]
    placed: tuple[Placement, ...]


def read_lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def read_cards(folder: Path, topics_of: Callable[[Any], tuple[str, ...]]) -> tuple[Card, ...]:
    """The judged cards; topics_of gives a row's policy topics (the file's are free text)."""
    return tuple(
        Card(
            id=row["id"],
            guide_id="gold",
            title=row["title"],
            breadcrumbs=tuple(row["breadcrumbs"]),
            text=row["text"],
            kind=CardKind.FACT,
            spans=((0, len(row["text"])),),
            body_hash=row["id"],
            ctx_hash=row["id"],
            lang=row["lang"],
            topics=topics_of(row),
            stakes=Stakes.NORMAL,
            position=0,
        )
        for row in read_lines(folder / "cards.jsonl")
    )


def read_groups(folder: Path, excludes: Mapping[str, tuple[str, ...]]) -> tuple[Group, ...]:
    """The judged groups; excludes: group id to the policy topics its rules leave out."""
    return tuple(
        Group(
            id=row["id"],
            name=row["name"],
            lang=row["lang"],
            description=row["description"],
            stages=tuple(map(str, row["audience_stage"])),
            topics=tuple(row["topics"]),
            rules=tuple(row["rules"]),
            preferred_tone=row["preferred_tone"],
            sample_posts=tuple(row["sample_posts"]),
            excludes=excludes.get(row["id"], ()),
        )
        for row in yaml.safe_load((folder / "groups.yaml").read_text("utf-8"))
    )


def house_rules(folder: Path) -> tuple[tuple[Card, ...], tuple[Group, ...]]:
    """Cards with the topics of seeds/policy.yaml, groups with the excludes of seeds/groups.yaml."""
    from stages.policy import topics_of
    from stages.seeds import load_groups, load_policy

    seeds = Path(__file__).parents[2] / "seeds"
    policy = load_policy(seeds / "policy.yaml")
    ids = [row["id"] for row in yaml.safe_load((folder / "groups.yaml").read_text("utf-8"))]
    house = load_groups(seeds / "groups.yaml")
    # The house's groups are the judged ones in the same order under other ids.
    by_place = zip(ids, house, strict=False)
    excludes = {id: group.excludes for id, group in by_place} | {
        group.id: group.excludes for group in house
    }

    def topics(row: Any) -> tuple[str, ...]:
        return topics_of(row["text"], policy, (row["title"], *row["breadcrumbs"]))

    return read_cards(folder, topics), read_groups(folder, excludes)


def judge(cards: Sequence[Card], groups: Sequence[Group], folder: Path) -> tuple[Judged, ...]:
    """Every card beside its judgement, with the embedded model."""
    embed = open_embedder().embed
    vectors = embed_groups(groups, embed)
    relevance = {
        row["card_id"]: row["relevance"] for row in read_lines(folder / "placements.jsonl")
    }
    of_cards = embed_cards(cards, embed)
    return tuple(
        Judged(
            card,
            relevance[card.id],
            rank_groups(card, groups, of_cards[card.id], vectors),
            place_card(card, groups, of_cards[card.id], vectors),
        )
        for card in cards
    )


def figures(judged: Sequence[Judged]) -> dict[str, Any]:
    """Shares of the cards that fit some group, and [found, total] of those that fit none.

    Gain of a group is 2**relevance - 1.
    """
    fitting = [row for row in judged if row.relevance]
    without = [row for row in judged if not row.relevance]
    size = max(1, len(fitting))
    return {
        "hit1": sum(_hit(row, 1) for row in fitting) / size,
        "hit3": sum(_hit(row, 3) for row in fitting) / size,
        "ndcg3": sum(map(_ndcg3, fitting)) / size,
        "none_found": [sum(not row.placed for row in without), len(without)],
        "false_none": sum(not row.placed for row in fitting) / size,
        "proposals_right": _share_right(fitting),
    }


def _hit(row: Judged, depth: int) -> bool:
    return any(place.group_id in row.relevance for place in row.ranked[:depth])


def _ndcg3(row: Judged) -> float:
    gains = [row.relevance.get(place.group_id, 0) for place in row.ranked[:3]]
    return _dcg(gains) / _dcg(sorted(row.relevance.values(), reverse=True)[:3])


def _dcg(gains: Sequence[int]) -> float:
    return sum((2**gain - 1) / math.log2(place + 2) for place, gain in enumerate(gains))


def _share_right(rows: Sequence[Judged]) -> float:
    proposed = [place.group_id in row.relevance for row in rows for place in row.placed]
    return sum(proposed) / max(1, len(proposed))


if __name__ == "__main__":
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else GOLD
    cards, groups = house_rules(data)
    start = time.perf_counter()
    rows = judge(cards, groups, data)
    took_s = time.perf_counter() - start
    report = figures(rows) | {
        "ms_per_card": 1000 * took_s / len(cards),
        "by_lang": {
            lang: figures([row for row in rows if row.card.lang == lang]) for lang in ("en", "zh")
        },
        "misses": [
            (row.card.id, row.card.topics, [place.group_id for place in row.placed])
            for row in rows
            if bool(row.placed) != bool(row.relevance) or (row.relevance and not _hit(row, 1))
        ],
    }
    sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
