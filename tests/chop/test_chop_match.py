"""Which card continues which, and which changes could hurt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.chop import change_of, chop_guide, match_cards
from stages.policy import Policy
from stages.types import Card, ChangeKind, Guide

GuideOf = Callable[..., Guide]

SLEEP = (
    "Put your baby down on the back for every sleep, by day and by night, until 12 months. "
    "Keep the room between 16 and 20°C, and take off hats and outdoor clothes indoors. "
    "Do not use a pillow or a duvet, because they can cover the face and the baby overheats."
)
FEVER = (
    "A fever is a temperature of 38°C or higher. Offer small drinks often, and dress your child in "
    "one light layer. Call a doctor straight away if a baby under 3 months has a fever, even when "
    "there are no other signs and the baby still feeds well."
)


def cards_of(
    guide_of: GuideOf, sleep: str = SLEEP, fever: str = FEVER, lang: str = "en"
) -> list[Card]:
    guide = guide_of(f"# A guide\n## Sleep\n{sleep}\n## Fever\n{fever}", lang=lang)
    return list(chop_guide(guide, Policy(())))


def test_match_cards_keeps_everything_of_an_unchanged_guide(guide_of: GuideOf) -> None:
    old = cards_of(guide_of)
    changes = match_cards(old, cards_of(guide_of))
    assert [(c.kind, c.old, c.new) for c in changes] == [
        (ChangeKind.KEPT, card, card) for card in old
    ]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("12 months", "6 months", ChangeKind.MATERIAL),
        ("16 and 20°C", "16 and 20°F", ChangeKind.MATERIAL),
        ("Do not use", "Use", ChangeKind.MATERIAL),
        ("until 12", "after 12", ChangeKind.MATERIAL),
        ("by day and by night", "day and night", ChangeKind.REWORDED),
        ("your baby down", "the baby down", ChangeKind.REWORDED),
        ("Put your baby", "Put  your baby", ChangeKind.KEPT),
    ],
)
def test_match_cards_tells_material_changes_from_wording(
    guide_of: GuideOf, before: str, after: str, kind: ChangeKind
) -> None:
    old = cards_of(guide_of)
    first, second = match_cards(old, cards_of(guide_of, SLEEP.replace(before, after)))
    assert (first.kind, first.new.id if first.new else "") == (kind, old[0].id)
    assert second.kind is ChangeKind.KEPT


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("不要给", "可以给", ChangeKind.MATERIAL),
        ("3个月", "6个月", ChangeKind.MATERIAL),
        ("两次", "三次", ChangeKind.MATERIAL),
        ("如果", "即使", ChangeKind.MATERIAL),
        ("轻轻地", "慢慢地", ChangeKind.REWORDED),
    ],
)
def test_match_cards_reads_chinese_numbers_negations_and_conditions(
    guide_of: GuideOf, before: str, after: str, kind: ChangeKind
) -> None:
    text = (
        "宝宝不到3个月的时候，每天要轻轻地擦洗两次，水温先用手试一试，室内保持暖和，没有风。"
        "如果皮肤发红，先停用洗浴用品，不要给宝宝涂药膏，并且带宝宝去看医生，听医生的意见。"
    )
    old = cards_of(guide_of, text, FEVER, "zh-Hans")
    assert text.count(before) == 1
    new = cards_of(guide_of, text.replace(before, after), FEVER, "zh-Hans")
    assert match_cards(old, new)[0].kind is kind


OPPOSITES = [
    ("Refuse honey.", "Accept honey."),
    ("Put your baby on the back.", "Put your baby on the front."),
    ("Lay a baby on their side.", "Lay a baby on their tummy."),
    ("Breast milk lacks iron.", "Breast milk has iron."),
    ("Discard what is left.", "Keep what is left."),
    ("Use hot water.", "Use cold water."),
    ("Serve raw fish.", "Serve cooked fish."),
    ("Leave the gate open.", "Leave the gate closed."),
    ("Use boiled water.", "Use tap water."),
    ("Bath a child alone.", "Bath a child supervised."),
    ("Turn to the left.", "Turn to the right."),
]
OPPOSITES_ZH = [
    ("让宝宝仰卧。", "让宝宝俯卧。"),
    ("让寶寶仰睡。", "让寶寶侧睡。"),
    ("可以吃生鱼片。", "可以吃熟鱼片。"),
    ("用热水冲。", "用冷水冲。"),
    ("剩下的倒掉。", "剩下的保留。"),
    ("拒绝糖水。", "接受糖水。"),
    ("母乳缺乏铁。", "母乳富含铁。"),
    ("窗要打开。", "窗要关闭。"),
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(
        [*((pair, "en") for pair in OPPOSITES), *((p, "zh-Hans") for p in OPPOSITES_ZH)]
    ),
    st.integers(0, 3),
    st.booleans(),
)
def test_change_of_calls_an_opposite_material_wherever_it_stands(
    guide_of: GuideOf, drawn: tuple[tuple[str, str], str], place: int, turned: bool
) -> None:
    (before, after), lang = drawn
    if turned:
        before, after = after, before
    plain = (
        ["Babies like songs. ", "Read a story. "] if lang == "en" else ["宝宝喜欢歌。", "讲故事。"]
    )
    around = [plain[n % 2] for n in range(3)]
    old = cards_of(guide_of)[0]
    texts = [" ".join([*around[:place], said, *around[place:]]) for said in (before, after)]
    cards = [replace(old, text=text, body_hash=text, lang=lang) for text in texts]
    assert change_of(cards[0], cards[1]) is ChangeKind.MATERIAL


def test_match_cards_tells_new_and_removed_apart(guide_of: GuideOf) -> None:
    old = cards_of(guide_of)
    other = "Read a story every evening and sing. " * 8
    changes = match_cards(old, cards_of(guide_of, fever=other))
    assert [(c.kind, c.old is None, c.new is None) for c in changes] == [
        (ChangeKind.KEPT, False, False),
        (ChangeKind.NEW, True, False),
        (ChangeKind.REMOVED, False, True),
    ]


def test_match_cards_follows_a_card_to_another_place(guide_of: GuideOf) -> None:
    old = cards_of(guide_of)
    changes = match_cards(old, list(reversed(old)))
    assert [(c.kind, c.old, c.new) for c in changes] == [
        (ChangeKind.KEPT, card, card) for card in reversed(old)
    ]


def test_match_cards_calls_a_heading_changed_in_a_number_material(guide_of: GuideOf) -> None:
    policy = Policy(())
    old = chop_guide(guide_of(f"## Under 3 months\n{SLEEP}"), policy)
    new = chop_guide(guide_of(f"## Under 6 months\n{SLEEP}"), policy)
    reworded = chop_guide(guide_of(f"## Babies under 3 months\n{SLEEP}"), policy)
    assert match_cards(old, new)[0].kind is ChangeKind.MATERIAL
    assert match_cards(old, reworded)[0].kind is ChangeKind.REWORDED


def test_match_cards_ignores_step_numbers(guide_of: GuideOf) -> None:
    old = cards_of(guide_of)[0]
    steps = replace(old, text="1. Wash your hands.\n2. Dry them.", body_hash="a")
    moved = replace(old, text="2. Wash your hands.\n3. Dry them.", body_hash="b")
    assert change_of(steps, moved) is ChangeKind.REWORDED


def test_match_cards_never_gives_two_cards_one_id(guide_of: GuideOf) -> None:
    """A text that comes back after its card moved on must not take the card's id."""
    first = cards_of(guide_of)
    edited = cards_of(guide_of, SLEEP.replace("12 months", "6 months"))
    second = [c.new for c in match_cards(first, edited) if c.new]
    guide = guide_of(
        f"# A guide\n## Sleep\n{SLEEP.replace('12 months', '6 months')}\n## More\n{SLEEP}\n"
        f"## Fever\n{FEVER}"
    )
    changes = match_cards(second, chop_guide(guide, Policy(())))
    ids = [c.new.id for c in changes if c.new]
    assert len(set(ids)) == 3
    assert [c.kind for c in changes] == [ChangeKind.KEPT, ChangeKind.NEW, ChangeKind.KEPT]


def test_match_cards_pairs_equal_bodies_once_each(guide_of: GuideOf) -> None:
    policy = Policy(())
    twice = chop_guide(guide_of(f"## Sleep\n{SLEEP}\n## Nap\n{SLEEP}"), policy)
    once = chop_guide(guide_of(f"## Nap\n{SLEEP}"), policy)
    changes = match_cards(twice, once)
    assert [c.kind for c in changes] == [ChangeKind.KEPT, ChangeKind.REMOVED]
    assert changes[0].old == twice[1]
    assert Counter(c.kind for c in match_cards(once, twice)) == {
        ChangeKind.KEPT: 1,
        ChangeKind.NEW: 1,
    }
