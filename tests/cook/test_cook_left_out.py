"""Rules of the card that a draft sets free, in English and Chinese."""

import pytest

from stages.cook.clauses import Text, read_clauses
from stages.cook.facts import read_card
from stages.cook.polarity import rules_freed

CARD = "Do not warm the bottle in a microwave. Test the milk on your wrist."


def text(words: str, lang: str = "en") -> Text:
    return read_clauses(read_card(words, lang))


def freed(card: str, draft: str, lang: str = "en") -> float:
    return max(rules_freed(text(card, lang), text(draft, lang)))


@pytest.mark.parametrize(
    "draft",
    [
        "Never use the microwave to warm the bottle.",
        "Microwave for the bottle? Hard no.",
        "The microwave is not the way to warm a bottle.",
        "Never:\n- the microwave, to warm a bottle",
        "❌ Bottle in the microwave",
    ],
)
def test_rules_freed_takes_denials_in_any_wording(draft: str) -> None:
    let_go = freed(CARD, "Use the microwave to warm the bottle.")
    assert freed(CARD, draft) < 0.3 < 0.6 < let_go


def test_rules_freed_ends_a_denial_where_the_sentence_turns() -> None:
    turned = "Don't boil it, just use the microwave to warm the bottle."
    straight = "Don't boil it or use the microwave to warm the bottle."
    assert freed(CARD, straight) < 0.1 < 0.2 < freed(CARD, turned)


def test_rules_freed_counts_a_rule_kept_elsewhere() -> None:
    repeated = "The microwave warms a bottle unevenly. So never warm a bottle in the microwave."
    assert freed(CARD, repeated) < 0.3


def test_rules_freed_takes_no_limit_for_a_rule() -> None:
    card = "Give no more than 120 ml of juice a day."
    assert freed(card, "Juice: up to 120 ml a day.") == 0.0


def test_rules_freed_reads_chinese() -> None:
    card = "不要用微波炉加热奶瓶。"
    assert freed(card, "千万别用微波炉加热奶瓶。", "zh-Hans") < 0.3
    assert freed(card, "用微波炉加热奶瓶。", "zh-Hans") > 0.6


def test_rules_freed_reads_an_answer_in_traditional_characters() -> None:
    assert freed("不要给宝宝吃蜂蜜。", "蜂蜜可以嗎？別急。", "zh-Hant") < 0.1


def test_rules_freed_has_one_figure_for_each_clause() -> None:
    draft = text("Warm the bottle, then test it. Nothing else is needed.")
    assert len(rules_freed(text(CARD), draft)) == len(draft.clauses)
    assert rules_freed(text("Babies sleep a lot."), draft) == [0.0] * len(draft.clauses)
