"""Whether a text is in the language it should be in: English, or Chinese of the right script."""

from __future__ import annotations

import re

from stages.text import is_chinese

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_LATIN = re.compile("[A-Za-z]")
_WORD = re.compile(r"[^\W\d_]+")

# Words no English advice of a dozen words does without; few are words of other languages.
_ENGLISH = frozenset(
    "the a an and or of to in on at for with from by is are be been was has have had not no do does "
    "can may might will should must if when while until after before than that this these it its "
    "your you their they them child baby babies children as any every more most less about how "
    "what who which there up out all also but so into only give keep use".split()
)
_LEAST_WORDS = 12
_LEAST_SHARE = 0.15
"""The lowest share of these words in 400 faithful English drafts is 0.27; French, Spanish, German,
Portuguese, Indonesian and Vietnamese advice has at most 0.09."""

# Characters that exist in one script only, of the words baby care cannot do without.
_SIMPLIFIED = frozenset(
    "们这个时会对宝应岁发热医药儿喂婴妈过给让须请间体温满种没为与从来还说问关开"
    "门鸡饭饮气电话险检查变乱观养护诊顿钟后产见现长张轻显觉认识单双两边处复头实"
) - frozenset("查温后")
_TRADITIONAL = frozenset(
    "們這個時會對寶應歲發熱醫藥兒餵嬰媽過給讓須請間體溫滿種沒為與從來還說問關開"
    "門雞飯飲氣電話險檢變亂觀養護診頓鐘產見現長張輕顯覺認識單雙兩邊處復頭實"
)
_LEAST_TELLING = 6


def wrong_language(text: str, lang: str) -> str:
    """What is wrong with the language of text, in a few words for the model; '' when nothing is.

    lang: BCP 47. Texts too short to tell pass.
    """
    letters = sum(map(str.isalpha, text))
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    # A Han character says about as much as three letters.
    if (han or latin) and (3 * han > latin) != is_chinese(lang):
        return "it is mostly Chinese" if 3 * han > latin else "it is mostly in Latin letters"
    if letters - han - latin > 0.3 * letters:
        return "it is mostly in another alphabet"
    return _wrong_script(text, lang) if is_chinese(lang) else _wrong_words(text)


def _wrong_words(text: str) -> str:
    words = _WORD.findall(text.lower())
    known = sum(1 for word in words if word in _ENGLISH)
    if len(words) >= _LEAST_WORDS and known < _LEAST_SHARE * len(words):
        return "it is not English"
    return ""


def _wrong_script(text: str, lang: str) -> str:
    tag = lang.lower().replace("_", "-")
    traditional = any(part in tag for part in ("hant", "-tw", "-hk", "-mo"))
    if not traditional and "hans" not in tag:
        return ""
    counts = sum(s in _SIMPLIFIED for s in text), sum(s in _TRADITIONAL for s in text)
    own, other = counts[::-1] if traditional else counts
    if other >= _LEAST_TELLING and other > 4 * own:
        return f"it is in {'simplified' if traditional else 'traditional'} characters"
    return ""
