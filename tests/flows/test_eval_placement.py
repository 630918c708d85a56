"""`eval placement`: the arithmetic on hand-made judgements, and the files it reads."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from flows.evals.placement import Judged, figures, figures_by_lang, is_hit, ndcg3
from flows.evals.placement_data import read_groups, run_placement
from stages.errors import ConfigError
from stages.policy import Policy
from stages.types import Card, CardKind, Group, Placement, Stakes


def judged(relevance: dict[str, int], ranked: str, placed: str, lang: str = "en") -> Judged:
    card = Card(
        id="c", guide_id="g", title="T", breadcrumbs=(), text="t", kind=CardKind.FACT, spans=(),
        body_hash="b", ctx_hash="c", lang=lang, topics=(), stakes=Stakes.NORMAL, position=0,
    )  # fmt: skip

    def places(names: str) -> tuple[Placement, ...]:
        return tuple(Placement("c", name, "mom", 0.5, ()) for name in names)

    return Judged(card, relevance, places(ranked), places(placed))


def test_hits_look_at_the_first_groups_only():
    row = judged({"c": 1}, "abcd", "a")
    assert [is_hit(row, depth) for depth in (1, 2, 3)] == [False, False, True]


def test_ndcg_is_one_for_the_best_order_and_discounts_by_place():
    best = 3 + 1 / math.log2(3)
    assert [
        ndcg3(judged({"a": 2, "b": 1}, "abc", "")),
        ndcg3(judged({"a": 2, "b": 1}, "bac", "")),
        ndcg3(judged({"a": 2}, "bcda", "")),
        ndcg3(judged({}, "abc", "")),
    ] == [1.0, pytest.approx((1 + 3 / math.log2(3)) / best), 0.0, 0.0]


def test_placement_figures_tell_cards_that_fit_none_apart():
    rows = [
        judged({"a": 2}, "ab", "ab"),
        judged({"b": 2}, "ab", "", "zh-Hans"),
        judged({}, "ab", ""),
        judged({}, "ab", "a"),
    ]
    assert figures(rows) == {
        "hit1": 0.5, "hit3": 1.0, "ndcg3": pytest.approx((1 + 1 / math.log2(3)) / 2),
        "none_found": [1, 2], "false_none": 0.5, "proposals_right": 0.5,
    }  # fmt: skip
    assert {lang: part["none_found"] for lang, part in figures_by_lang(rows).items()} == {
        "en": [1, 2], "zh": [0, 0],
    }  # fmt: skip


GROUPS = """\
# Comment
- id: g1
  name: Milk
  lang: en
  audience_stage: [T1, 0-3m]
  topics: [milk, bottles]
  sample_posts: ["How much milk?"]
- id: g2
  name: Sleep
  lang: en
  description: Nights.
  topics: [sleep]
  rules: [Be kind.]
  preferred_tone: mom
  sample_posts: ["Why awake?"]
  excludes: [fever]
"""


def write_groups(folder: Path, text: str = GROUPS) -> Path:
    path = folder / "groups.yaml"
    path.write_text(text, "utf-8")
    return path


def make_group(name: str, *excludes: str) -> Group:
    return Group("house-1", name, "en", "", ("any",), (), (), "", (), "atom", excludes)


def test_read_groups_takes_the_house_rules_of_a_group_of_the_same_name(tmp_path):
    milk, sleep = read_groups(write_groups(tmp_path), [make_group("Milk", "medicines")])
    assert milk == Group(
        "g1", "Milk", "en", "", ("T1", "0-3m"), ("milk", "bottles"), (), "", ("How much milk?",),
        "atom", ("medicines",),
    )  # fmt: skip
    assert sleep == Group(
        "g2", "Sleep", "en", "Nights.", ("any",), ("sleep",), ("Be kind.",), "mom",
        ("Why awake?",), "atom", ("fever",),
    )  # fmt: skip


def test_read_groups_reads_a_list_under_its_own_key_too(tmp_path):
    indented = "groups:\n" + GROUPS
    assert read_groups(write_groups(tmp_path, indented)) == read_groups(write_groups(tmp_path))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GROUPS.replace("  name: Sleep\n", ""), ":8: groups[1]: key `name` is missing"),
        (GROUPS.replace("id: g2", "id: g1"), ":8: groups[1]: id `g1` is already used at line 2"),
        (GROUPS.replace("[sleep]", "sleep"), ":12: groups[1].topics: found text (sleep)"),
        ("other: 1\n", ":1: key `groups` is missing"),
        ("", ":1: the file is empty"),
    ],
)
def test_read_groups_names_file_line_and_what_was_expected(tmp_path, text, problem):
    path = write_groups(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        read_groups(path)
    assert str(error.value).startswith(f"{path}{problem}")


def embed(texts):
    """Milk lies one way, sleep another, everything else a third."""
    rows = []
    for text in texts:
        said = text.casefold()
        axis = 0 if "milk" in said or "bottle" in said else 1 if "sleep" in said else 2
        rows.append(np.eye(3, dtype=np.float32)[axis])
    return rows


def write_data(folder: Path, relevance: object) -> Path:
    write_groups(folder)
    cards = [
        {"id": name, "lang": "en", "title": text, "breadcrumbs": [], "text": text}
        for name, text in (("c1", "Warm the milk."), ("c2", "Sleep on the back."), ("c3", "Tax."))
    ]
    rows = [
        {"card_id": "c1", "relevance": {"g1": 2}},
        {"card_id": "c2", "relevance": {"g2": 1, "g1": 0}},
        {"card_id": "c3", "relevance": relevance},
    ]
    for name, values in (("cards", cards), ("placements", rows)):
        lines = "\n".join(json.dumps(value) for value in values)
        (folder / f"{name}.jsonl").write_text(lines, "utf-8")
    return folder


def test_run_placement_gives_exactly_the_agreed_keys(tmp_path):
    report = run_placement(write_data(tmp_path, {}), embed, Policy(()))
    assert report.pop("ms_per_card") > 0
    measured = {
        "hit1": 1.0, "hit3": 1.0, "ndcg3": 1.0, "none_found": [1, 1], "false_none": 0.0,
    }  # fmt: skip
    assert report == measured | {"by_lang": {"en": measured}}


@pytest.mark.parametrize(
    ("relevance", "problem"),
    [
        ({"g9": 2}, "relevance: `g9` is no id of groups.yaml; expected one of its"),
        ({"g1": 3}, "relevance: `g1` is 3; expected 2, 1 or 0"),
        ({"g1": True}, "relevance: `g1` is True; expected 2, 1 or 0"),
        ([], "relevance: expected an object of group ids to 2 (must) or 1 (fine)"),
    ],
)
def test_run_placement_names_file_line_and_what_was_expected(tmp_path, relevance, problem):
    with pytest.raises(ConfigError) as error:
        run_placement(write_data(tmp_path, relevance), embed, Policy(()))
    assert str(error.value) == f"{tmp_path / 'placements.jsonl'}:3: {problem}"
