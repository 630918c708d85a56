"""Drafts in the wrong language or script are told from those that only look unusual."""

from __future__ import annotations

import pytest

from stages.cook.language import wrong_language
from tests.cook.cook_samples import FEVER, FEVER_ZH, PLANTED

FOREIGN = {
    "fr": "Couchez toujours votre bébé sur le dos, le jour comme la nuit, dans son propre lit et "
    "près de vous pendant les six premiers mois. Ne mettez pas de couverture dans le lit.",
    "de": "Legen Sie Ihr Baby immer auf den Rücken, am Tag und in der Nacht, in sein eigenes Bett "
    "und in Ihrer Nähe. In den ersten sechs Monaten soll kein Kissen im Bett sein.",
    "nl": "Leg je baby altijd op de rug te slapen, overdag en 's nachts, in een eigen bedje in de "
    "buurt. Gebruik in de eerste zes maanden geen kussen of deken.",
    "es": "Acueste siempre a su bebé boca arriba, de día y de noche, en su propia cuna y cerca de "
    "usted durante los primeros seis meses. No ponga almohadas en la cuna.",
    "ru": "Всегда кладите ребёнка спать на спину, днём и ночью, в его собственную кроватку.",
    "ja": "あかちゃんは ひるも よるも あおむけに ねかせて ください。まくらは いりません。",
    "zh": FEVER_ZH,
}
TRADITIONAL = (
    "寶寶發熱時應該多喝水。3個月以下的嬰兒體溫達到38度，須立即就醫，不要給孩子吃阿司匹林。"
)
SIMPLIFIED = "宝宝发热时应该多喝水。3个月以下的婴儿体温达到38度，须立即就医，不要给孩子吃阿司匹林。"


@pytest.mark.parametrize("lang", FOREIGN)
def test_wrong_language_tells_other_languages_from_english(lang: str) -> None:
    assert wrong_language(FOREIGN[lang], "en") != ""


@pytest.mark.parametrize(
    "text",
    [
        FEVER,
        PLANTED,
        "Hands clean, bottle sterile, water hot: done! 🍼",
        "38 °C (100.4 °F)",
        "",
    ],
)
def test_wrong_language_lets_english_pass(text: str) -> None:
    assert wrong_language(text, "en-GB") == ""


@pytest.mark.parametrize(
    "text",
    [
        FEVER_ZH,
        "DHA每天200mg，不超过3g。",
        "120",
    ],
)
def test_wrong_language_lets_simplified_chinese_pass(text: str) -> None:
    assert wrong_language(text, "zh-Hans") == ""


def test_wrong_language_refuses_english_for_chinese() -> None:
    assert wrong_language(FEVER, "zh") == "it is mostly in Latin letters"


@pytest.mark.parametrize(
    ("text", "lang", "says"),
    [
        (TRADITIONAL, "zh-Hant", ""),
        (TRADITIONAL, "zh-TW", ""),
        (TRADITIONAL, "zh", ""),
        (SIMPLIFIED, "zh-Hans", ""),
        (SIMPLIFIED, "zh", ""),
        (SIMPLIFIED, "zh-HK", "it is in simplified characters"),
        (TRADITIONAL, "zh-Hans-CN", "it is in traditional characters"),
    ],
)
def test_wrong_language_knows_the_two_chinese_scripts(text: str, lang: str, says: str) -> None:
    assert wrong_language(text, lang) == says
