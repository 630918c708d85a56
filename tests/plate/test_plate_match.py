"""Matching: rules before closeness, and reasons that add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.plate.embed import Vector
from stages.plate.match import (
    MAX_PLACEMENTS,
    MIN_SCORE,
    card_texts,
    embed_cards,
    embed_groups,
    group_texts,
    place_card,
    place_cards,
    rank_groups,
    why_not,
)
from stages.types import Card, CardKind, Group, Placement, Stakes

CARD = Card(
    id="c1",
    guide_id="g",
    title="When to wash pump parts",
    breadcrumbs=("Feeding", "Pumping"),
    text="Wash every part that touches milk after each use.",
    kind=CardKind.HOW_TO,
    spans=((0, 49),),
    body_hash="b",
    ctx_hash="x",
    lang="en",
    topics=("pumping",),
    stakes=Stakes.NORMAL,
    position=0,
)
GROUP = Group(
    id="pumping",
    name="Working parents who pump",
    lang="en",
    description="",
    stages=("any",),
    topics=("pump cleaning", "milk storage"),
    rules=(),
    preferred_tone="mom",
    sample_posts=("Do I wash pump parts after each use?",),
)
GARDEN = replace(
    GROUP, id="garden", name="Roses", topics=("pruning",), sample_posts=("When do I prune?",)
)


def embed_letters(texts: Sequence[str]) -> list[Vector]:
    """Counts of letter pairs: crude, but alike texts come out alike."""
    rows = []
    for text in texts:
        row = np.full(211, 0.01, dtype=np.float32)
        for first, second in pairwise(text):
            row[(ord(first) * 31 + ord(second)) % 211] += 1
        rows.append(row / np.linalg.norm(row))
    return rows


def rank(card: Card, groups: Sequence[Group]) -> tuple[Placement, ...]:
    return rank_groups(
        card,
        groups,
        embed_cards([card], embed_letters)[card.id],
        embed_groups(groups, embed_letters),
    )


def place(card: Card, groups: Sequence[Group]) -> tuple[Placement, ...]:
    return place_cards([card], groups, embed_letters)[card.id]


# --- texts ---------------------------------------------------------------------------------------


def test_card_texts_are_trail_and_title_without_and_with_the_opening() -> None:
    card = replace(CARD, breadcrumbs=("Feeding\u00a0", " "), text="One\ntwo " + "x" * 200)
    head = "Feeding: When to wash pump parts"
    assert card_texts(card) == (head, f"{head}\nOne two " + "x" * 92)


def test_card_texts_do_not_say_a_heading_twice() -> None:
    card = replace(CARD, breadcrumbs=("Pumping", "Care"), title="Care: wash first", text="")
    assert card_texts(card) == ("Pumping: Care: wash first",) * 2


def test_card_texts_without_trail_title_or_body_still_say_what_there_is() -> None:
    bare = replace(CARD, breadcrumbs=(), title="", text="")
    assert card_texts(bare) == ("", "")
    assert card_texts(replace(bare, title="T")) == ("T", "T")
    assert card_texts(replace(bare, text="B")) == ("B", "B")
    assert card_texts(replace(bare, breadcrumbs=("C",))) == ("C", "C")


def test_group_texts_are_name_topics_in_one_line_and_alone_and_questions() -> None:
    assert group_texts(replace(GROUP, topics=(" a ", "b", "a", " "))) == (
        ("name", "Working parents who pump"),
        ("topic", "a, b"),
        ("topic", "a"),
        ("topic", "b"),
        ("question", "Do I wash pump parts after each use?"),
    )


def test_group_texts_of_a_chinese_group_join_topics_its_own_way() -> None:
    group = replace(GROUP, lang="zh-Hant", topics=("辅食", "过敏"), sample_posts=())
    assert group_texts(group)[1] == ("topic", "辅食、过敏")


def test_embed_groups_embeds_each_text_once() -> None:
    seen: list[str] = []

    def embed(texts: Sequence[str]) -> list[Vector]:
        seen.extend(texts)
        return embed_letters(texts)

    embed_groups([GROUP, replace(GROUP, id="twin")], embed)
    assert len(seen) == len(set(seen))


# --- rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card_lang", "group_lang", "allowed"),
    [
        ("en", "en", True),
        ("en-GB", "en", True),
        ("en", "en-US", True),
        ("zh-Hans", "zh", True),
        ("zh-Hant", "zh", True),
        ("zh-Hant-TW", "zh-Hans", True),
        ("zh", "en", False),
        ("en", "zh-Hans", False),
        ("es", "en", False),
        ("", "en", False),
    ],
)
def test_language_gate(card_lang: str, group_lang: str, allowed: bool) -> None:
    reason = why_not(replace(CARD, lang=card_lang), replace(GROUP, lang=group_lang))
    assert (reason == "") is allowed


def test_excluded_topic_keeps_a_card_out_and_says_so() -> None:
    card = replace(CARD, topics=("fever", "medicine-doses"))
    group = replace(GROUP, excludes=("medicine-doses", "politics"))
    assert why_not(card, group) == "The group's rules leave out: medicine-doses."


@pytest.mark.parametrize(
    ("card_stages", "group_stages", "allowed"),
    [
        ((), ("T1",), True),
        (("T1",), ("T1", "T2"), True),
        (("T3", "0-3m"), ("0-3m",), True),
        (("2-4y",), ("any",), True),
        (("2-4y",), (), True),
        (("2-4y",), ("0-3m", "3-6m"), False),
    ],
)
def test_stage_conflict(
    card_stages: tuple[str, ...], group_stages: tuple[str, ...], allowed: bool
) -> None:
    reason = why_not(replace(CARD, stages=card_stages), replace(GROUP, stages=group_stages))
    assert (reason == "") is allowed


def test_a_group_that_forbids_doses_never_gets_a_dosing_card_in_its_own_words() -> None:
    card = replace(CARD, title=GROUP.sample_posts[0], topics=("medicine-doses",))
    assert [placement.group_id for placement in rank(card, [GROUP])] == ["pumping"]
    assert rank(card, [replace(GROUP, excludes=("medicine-doses",))]) == ()


# --- proposals -----------------------------------------------------------------------------------


def test_place_card_explains_itself() -> None:
    placement = rank(CARD, [GARDEN, GROUP])[0]
    assert (placement.card_id, placement.group_id, placement.tone) == ("c1", "pumping", "mom")
    assert placement.runner_up == "garden"
    assert placement.reasons[0].kind == "question"
    assert placement.score == pytest.approx(
        sum(reason.score for reason in placement.reasons) / 3, abs=1e-4
    )


def test_a_card_about_something_else_gets_no_group() -> None:
    assert place(replace(CARD, breadcrumbs=(), title="Qqqq", text="zzzz"), [GROUP, GARDEN]) == ()


def test_no_groups_or_no_cards_is_no_work() -> None:
    assert place_cards([CARD], [], embed_letters) == {"c1": ()}
    assert place_cards([], [GROUP], embed_letters) == {}


def test_a_group_that_says_only_its_name_can_be_ranked() -> None:
    (placement,) = rank(CARD, [replace(GROUP, topics=(), sample_posts=())])
    assert [reason.kind for reason in placement.reasons] == ["name"]


STAGES = ("T1", "T2", "T3", "0-3m", "3-6m", "6-12m", "12-24m", "2-4y")
TOPICS = ("sleep", "medicine-doses", "pumping", "postpartum")
words = st.text(st.sampled_from("abc 宝宝夜奶,?"), max_size=20)
subsets = st.lists(st.sampled_from(TOPICS), unique=True, max_size=3).map(tuple)


@st.composite
def cards(draw: st.DrawFn) -> Card:
    return replace(
        CARD,
        lang=draw(st.sampled_from(["en", "en-GB", "zh", "zh-Hans", "zh-Hant", "es"])),
        title=draw(words),
        breadcrumbs=tuple(draw(st.lists(words, max_size=2))),
        text=draw(words),
        topics=draw(subsets),
        stages=tuple(draw(st.lists(st.sampled_from(STAGES), unique=True, max_size=3))),
    )


@st.composite
def group_lists(draw: st.DrawFn) -> list[Group]:
    return [
        replace(
            GROUP,
            id=f"g{number}",
            lang=draw(st.sampled_from(["en", "zh", "zh-Hant", "es"])),
            name=draw(words),
            stages=tuple(draw(st.lists(st.sampled_from((*STAGES, "any")), max_size=3))),
            topics=tuple(draw(st.lists(words, max_size=3))),
            sample_posts=tuple(draw(st.lists(words, max_size=3))),
            excludes=draw(subsets),
        )
        for number in range(draw(st.integers(0, 6)))
    ]


@given(cards(), group_lists())
def test_rules_always_win(card: Card, groups: list[Group]) -> None:
    ranked = rank(card, groups)
    by_id = {group.id: group for group in groups}
    assert {placement.group_id for placement in ranked} == {
        group.id for group in groups if not why_not(card, group)
    }
    for placement in place(card, groups):
        group = by_id[placement.group_id]
        assert card.lang[:2] == group.lang[:2]
        assert not set(card.topics) & set(group.excludes)
        assert (
            not card.stages
            or not group.stages
            or "any" in group.stages
            or set(card.stages) & set(group.stages)
        )


@given(cards(), group_lists())
def test_proposals_are_few_ordered_and_explained(card: Card, groups: list[Group]) -> None:
    ranked, placed = rank(card, groups), place(card, groups)
    scores = [placement.score for placement in ranked]
    assert placed == ranked[: len(placed)]
    assert len(placed) <= MAX_PLACEMENTS
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert all(placement.score >= MIN_SCORE for placement in placed)
    assert [p.runner_up for p in ranked] == [p.group_id for p in ranked[1:]] + [""] * bool(ranked)
    for placement in ranked:
        parts = [reason.score for reason in placement.reasons]
        assert 1 <= len(parts) <= 3
        assert parts == sorted(parts, reverse=True)
        assert placement.score == pytest.approx(sum(parts) / len(parts), abs=1e-4)


@given(cards(), group_lists(), st.randoms())
def test_order_of_the_groups_does_not_matter(
    card: Card, groups: list[Group], random: st.DataObject
) -> None:
    shuffled = list(groups)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert place(card, shuffled) == place(card, groups)


@given(cards(), group_lists())
def test_place_card_and_place_cards_agree(card: Card, groups: list[Group]) -> None:
    vector = embed_cards([card], embed_letters)[card.id]
    alone = place_card(card, groups, vector, embed_groups(groups, embed_letters))
    assert alone == place(card, groups)
