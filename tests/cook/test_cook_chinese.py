"""How the checks read Chinese: both scripts alike, and what only looks like a denial."""

from __future__ import annotations

import pytest

from stages.cook import cues
from stages.cook.clauses import Side, read_clauses
from stages.cook.concepts import simplified
from stages.cook.facts import is_alarm, read_card
from stages.cook.left_out import left_out
from stages.cook.said import said

CARD = (
    "1岁以下的宝宝不能吃蜂蜜。布洛芬要在医生指导下使用。\n发烧超过3天、叫不醒时，立即拨打120。\n"
    "凉水可能会缓解疼痛。"
)
CARD_TRADITIONAL = (
    "1歲以下的寶寶不能吃蜂蜜。布洛芬要在醫生指導下使用。\n發燒超過3天、叫不醒時，立即撥打120。\n"
    "涼水可能會緩解疼痛。"
)
DRAFT = "一岁前的宝宝可以吃点蜂蜜，别担心。发烧三天再说。凉水一定会止住疼。"
DRAFT_TRADITIONAL = "一歲前的寶寶可以吃點蜂蜜，別擔心。發燒三天再說。涼水一定會止住疼。"


def test_simplified_keeps_every_offset() -> None:
    assert simplified(CARD_TRADITIONAL) == CARD
    assert simplified("Fever 38 °C，發燒！") == "Fever 38 °C，发烧！"


def test_both_scripts_give_the_same_evidence() -> None:
    card, draft = (read_clauses(read_card(text, "zh-Hans")) for text in (CARD, DRAFT))
    card_t, draft_t = (
        read_clauses(read_card(text, "zh-Hant")) for text in (CARD_TRADITIONAL, DRAFT_TRADITIONAL)
    )
    for compare in (said, left_out):
        assert [(e.features, e.draft_span, e.card_span) for e in compare(card, draft)] == [
            (e.features, e.draft_span, e.card_span) for e in compare(card_t, draft_t)
        ]


def test_a_rewrite_that_keeps_one_character_of_a_word_is_still_covered() -> None:
    card = read_clauses(read_card("粘在皮肤上的衣物不要撕扯。", "zh-Hans"))
    (draft,) = read_clauses(read_card("粘住皮的别硬撕", "zh-Hans")).clauses
    assert Side.of(card.clauses).cover(draft) == pytest.approx(0.4)  # 粘 and 撕 of five


@pytest.mark.parametrize(
    "text",
    [
        "激素药膏戒用",
        "擦碗布退下",
        "👎鲨鱼",
        "止咳药免了",
        "绕开蜂蜜",
        "不是不能吃的问题，是不能吃",
    ],
)
def test_denies_knows_how_posts_say_no(text: str) -> None:
    assert cues.denies(text, "zh")


@pytest.mark.parametrize(
    "text",
    [
        "能不能吃",
        "是不是该去",
        "特别软",
        "分别称重",
        "除非医生同意",
        "不小心摔了",
        "别人家的娃",
        "至少一小时",
    ],
)
def test_denies_passes_over_what_only_looks_like_a_denial(text: str) -> None:
    assert not cues.denies(text, "zh")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("可以吃", True),
        ("亦可薄涂", True),
        ("不可以吃", False),
        ("不适合", False),
        ("不允许", False),
    ],
)
def test_permit_is_no_permission_when_denied(text: str, holds: bool) -> None:
    assert bool(cues.PERMIT["zh"].search(text)) is holds


@pytest.mark.parametrize(
    "text", ["抽搐时立马去医院", "嘴唇发青的话，即刻打119", "發燒超過三天，抓緊去看醫生"]
)
def test_is_alarm_knows_everyday_urgency(text: str) -> None:
    assert is_alarm(text, "zh")


def test_a_list_that_ends_in_deng_is_no_waiting() -> None:
    assert not cues.WAIT["zh"].search("不要灌醋、小苏打水等")
    assert cues.WAIT["zh"].search("不能等到下次产检")
