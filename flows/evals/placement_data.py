"""`eval placement`: cards and groups of a data folder through the matcher that ships."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from flows.evals.cards import CARDS, card_of, read_cards
from flows.evals.files import Row, Step, by_id, check_folder, no_step, read_rows, read_text
from flows.evals.placement import Judged, figures, figures_by_lang, judge_card
from stages.errors import ConfigError
from stages.plate.match import Embed, embed_cards, embed_groups
from stages.policy import Policy
from stages.types import Card, Group
from tones.strict import Node, StrictError, parse_yaml, refuse_repeats

GROUPS, PLACEMENTS = "groups.yaml", "placements.jsonl"
REQUIRED = ("id", "name", "lang", "topics", "sample_posts")
MUST = 2

CARDS_AT_ONCE = 20
"""What the line embeds together: the cards of one guide."""


def run_placement(
    data: Path, embed: Embed, policy: Policy, house: Sequence[Group] = (), step: Step = no_step
) -> dict[str, Any]:
    """Every card of the folder placed and compared with its judgement.

    house: the groups this installation is set up with; see `read_groups`. Raises ConfigError.
    """
    judged, ms_per_card = judge(data, embed, policy, house, step)
    report = figures(judged) | {"ms_per_card": ms_per_card, "by_lang": figures_by_lang(judged)}
    for part in (report, *report["by_lang"].values()):
        del part["proposals_right"]
    return report


def judge(
    data: Path, embed: Embed, policy: Policy, house: Sequence[Group] = (), step: Step = no_step
) -> tuple[tuple[Judged, ...], float]:
    """Every judged card beside its judgement, and the milliseconds a card took: embedded, ranked
    and placed, groups being embedded already.
    """
    check_folder(data, [CARDS, GROUPS, PLACEMENTS])
    cards = read_cards(data, policy)
    groups = read_groups(data / GROUPS, house)
    relevance = _read_relevance(data, cards, groups)
    group_vectors = embed_groups(groups, embed)
    step("groups")
    judged = []
    start = perf_counter()
    for batch in _batches(list(relevance), CARDS_AT_ONCE):
        vectors = embed_cards([cards[card_id] for card_id in batch], embed)
        for card_id in batch:
            judged.append(
                judge_card(
                    cards[card_id], relevance[card_id], groups, vectors[card_id], group_vectors
                )
            )
            step(card_id)
    took_s = perf_counter() - start
    return tuple(judged), 1000 * took_s / max(1, len(judged))


def _batches(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]


def read_groups(path: Path, house: Sequence[Group] = ()) -> tuple[Group, ...]:
    """The groups of a file: a list of groups, or one under `groups`.

    Topics a group's rules leave out are configured by hand (`excludes`). A group that names none
    takes those of the house's group of the same id or name, so that a folder about the house's
    own groups is judged with the house's rules. Raises ConfigError naming file and line.
    """
    by_name = {name: group.excludes for group in house for name in (group.id, group.name)}
    try:
        nodes = _group_nodes(path)
        refuse_repeats([(_at(node, "id").text(), node) for node in nodes], "id")
        return tuple(_group(node, by_name) for node in nodes)
    except StrictError as error:
        raise ConfigError(str(error)) from error


def _group_nodes(path: Path) -> tuple[Node, ...]:
    text = read_text(path)
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("#")]
    if lines and lines[0].startswith("-") and not lines[0].startswith("---"):
        # A key in front makes the list a mapping, and line numbers stay those of the file.
        text, first_line = f"groups:\n{text}", 0
    else:
        first_line = 1
    root = parse_yaml(text, str(path), first_line)
    return _at(root, "groups").items(at_least=1)


def _group(node: Node, excludes: Mapping[str, tuple[str, ...]]) -> Group:
    at = node.pairs()
    for name in REQUIRED:
        _at(node, name)
    stages = at.get("stages") or at.get("audience_stage")
    group_id, name = at["id"].text(), at["name"].text()
    house = excludes.get(group_id) or excludes.get(name) or ()
    return Group(
        id=group_id,
        name=name,
        lang=at["lang"].text(),
        description=at["description"].text() if "description" in at else "",
        stages=tuple(str(each.value) for each in stages.items()) if stages else ("any",),
        topics=at["topics"].texts(at_least=1),
        rules=at["rules"].texts() if "rules" in at else (),
        preferred_tone=at["preferred_tone"].text() if "preferred_tone" in at else "",
        sample_posts=at["sample_posts"].texts(),
        excludes=at["excludes"].texts() if "excludes" in at else house,
    )


def _at(node: Node, key: str) -> Node:
    pairs = node.pairs()
    if key not in pairs:
        raise node.error(f"key `{key}` is missing; required are: {', '.join(REQUIRED)}")
    return pairs[key]


def _read_relevance(
    data: Path, cards: dict[str, Card], groups: Sequence[Group]
) -> dict[str, dict[str, int]]:
    """Card id to group id to 1 or 2, for every judged card."""
    known = {group.id for group in groups}
    found = {}
    for card_id, row in by_id(read_rows(data / PLACEMENTS), "card_id").items():
        card_of(row, cards)
        found[card_id] = _relevance(row, known)
    return found


def _relevance(row: Row, known: set[str]) -> dict[str, int]:
    wanted = row.values.get("relevance")
    if not isinstance(wanted, dict):
        raise row.error("relevance: expected an object of group ids to 2 (must) or 1 (fine)")
    for group_id, value in wanted.items():
        if group_id not in known:
            raise row.error(f"relevance: `{group_id}` is no id of {GROUPS}; expected one of its")
        if type(value) is not int or not 0 <= value <= MUST:
            raise row.error(f"relevance: `{group_id}` is {value!r}; expected 2, 1 or 0")
    return {group_id: value for group_id, value in wanted.items() if value}
