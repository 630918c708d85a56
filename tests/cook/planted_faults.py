"""Faults planted into faithful drafts by rule, for a test of what the checks see.

Every mutation changes one thing a reader could be hurt by. As training pairs for the score they
were tried and did not help (rules plant blunter faults than people do); they hold the checks of
sentences with references to their figures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from stages.cook import cues
from stages.cook.concepts import are_opposites, are_rivals, find_concepts
from stages.cook.concepts import lexicon as thesaurus
from stages.cook.facts import is_alarm, is_prohibition
from stages.cook.quantity import find_quantities
from stages.text import split_sentences

_I = re.IGNORECASE


def change_kinds(kind: str, text: str, language: str) -> list[str]:
    """The text with one fault of a kind of `KINDS`, once for every place it can be planted."""
    return list(_MAKERS[kind](text, language))


_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_WORDS = {
    "one": "three", "two": "four", "three": "six", "four": "eight", "five": "two", "six": "three",
    "seven": "ten", "eight": "four", "nine": "five", "ten": "four", "twelve": "six",
    "一": "三", "两": "四", "兩": "四", "三": "六", "四": "两", "五": "八", "六": "三",
    "八": "四", "十": "五",
}  # fmt: skip


def _numbers(text: str, language: str) -> Iterator[str]:
    for quantity in find_quantities(text, language == "zh"):
        shown = text[quantity.start : quantity.end]
        digits = _DIGITS.search(shown)
        if digits:
            value = float(digits[0])
            changed = value * 2 if value < 30 else value + 10
            start = quantity.start + digits.start()
            yield f"{text[:start]}{changed:g}{text[start + len(digits[0]) :]}"
            continue
        for word, other in _WORDS.items():
            match = re.search(rf"\b{word}\b" if word.isascii() else word, shown, _I)
            if match and not quantity.is_soft:
                start = quantity.start + match.start()
                yield text[:start] + other + text[start + len(match[0]) :]
                break


_UNITS = {
    "en": (
        ("minutes", "hours"), ("hours", "days"), ("hour", "day"), ("days", "weeks"),
        ("day", "week"),
        ("weeks", "months"), ("months", "years"), ("month", "year"), ("years", "months"),
        ("mg", "g"), ("micrograms", "milligrams"), ("ml", "litres"), ("mL", "L"), ("cm", "m"),
        ("grams", "kilograms"), ("kg", "lb"), ("°C", "°F"), ("oz", "lb"), ("inches", "feet"),
    ),
    "zh": (
        ("分钟", "小时"), ("小时", "天"), ("分鐘", "小時"), ("小時", "天"), ("天", "周"),
        ("周", "个月"),
        ("个月", "岁"), ("月龄", "岁"), ("岁", "个月"), ("歲", "個月"), ("毫克", "克"),
        ("微克", "毫克"),
        ("毫升", "升"), ("厘米", "米"), ("℃", "℉"), ("公斤", "斤"),
    ),
}  # fmt: skip


def _units(text: str, language: str) -> Iterator[str]:
    for unit, other in _UNITS[language]:
        pattern = (
            rf"(?<=\d)\s?{re.escape(unit)}|(?<=[一二两三四五六七八九十半])个?{unit}"
            if language == "zh"
            else rf"(?<=\d[ -]){unit}\b|(?<=\d){re.escape(unit)}\b|"
            rf"(?<=(?:two|six|ten|one) ){unit}\b|(?<=three ){unit}\b|"
            rf"(?<=(?:four|five|nine) ){unit}\b"
        )
        for match in re.finditer(pattern, text):
            yield text[: match.start()] + match[0].replace(unit, other) + text[match.end() :]


_NO = {
    "en": (
        (r"\b(?:do not|don['’]t) (?=[a-z])", ""), (r"\bnever (?=[a-z])", ""),
        (r"\b(should|must|can|will|is|are|does|do|may) not\b", r"\1"),
        (r"\b(should|is|are|must|does|ca|wo|do)n['’]t\b", r"\1"), (r"\bcannot\b", "can"),
        (r"\bavoid\b", "choose"), (r"\bskip (?!this)", "use "), (r"\bwithout\b", "with"),
        (r"\bno (?=[a-z])", "some "), (r"\bnot (?=[a-z])", ""),
    ),
    "zh": (
        ("不要", "要"), ("不可", "可"), ("不能", "能"), ("不宜", "宜"), ("不得", "可"),
        ("不应", "应"),
        ("不應", "應"), ("不建议", "建议"), ("不建議", "建議"), ("切勿", "可"), ("请勿", "请"),
        ("勿", "可"),
        ("避免", "尽量"), ("别", "要"), ("別", "要"), ("不用", "用"), ("不", ""),
        ("禁止", "允许"), ("没有", "有"),
    ),
}  # fmt: skip


def _negations(text: str, language: str) -> Iterator[str]:
    for sentence in split_sentences(text, language):
        if not cues.denies(sentence.text, language):
            continue
        for pattern, other in _NO[language]:
            match = re.search(pattern, sentence.text, _I)
            if match and not cues.harmless_no(sentence.text[max(0, match.start() - 2) :], language):
                changed = sentence.text[: match.start()] + match.expand(other)
                changed += sentence.text[match.end() :]
                yield text[: sentence.start] + changed + text[sentence.end :]
                break


_CONDITION = {
    "en": re.compile(
        r",?\s*\b(?:only if|unless|except|provided|as long as|if|until|when|before|after|while|"
        r"without|under)\s[^.;:!?,\n]{6,90}(?=[.;:!?,\n]|$)",
        _I,
    ),
    "zh": re.compile(
        r"(?:如果|若|除非|只有|当|當|仅在|仅限|在医生|在醫生|遵医嘱|遵醫囑|经医生|未满|滿|满)"
        r"[^。；，,;！？\n]{3,30}[，,]?"
    ),
}


def _conditions(text: str, language: str) -> Iterator[str]:
    for match in _CONDITION[language].finditer(text):
        yield text[: match.start()] + text[match.end() :]


def _warnings(text: str, language: str) -> Iterator[str]:
    for sentence in split_sentences(text, language):
        matters = (
            is_alarm(sentence.text, language)
            or is_prohibition(sentence.text, language)
            or cues.HARM[language].search(sentence.text)
        )
        if matters and len(sentence.text) < 0.6 * len(text):
            yield text[: sentence.start] + text[sentence.end :].lstrip(" ")


_HEDGES = {
    "en": (
        (r"\b(?:may|might|could)\b(?! \d)", "will"), (r"\bcan help (?=[a-z])", "will "),
        (r"\b(?:usually|often|sometimes|generally|typically)\b", "always"),
        (r"\b(?:most|many|some) (?=babies|children|women|people|parents|mothers)", "all "),
        (r"\blikely\b", "certain"),
    ),
    "zh": (
        ("可能", "一定会"), ("一般", "一定"), ("通常", "一定"), ("大多数", "所有"),
        ("大多", "全都"),
        ("多数", "所有"), ("有时", "总是"), ("有助于", "能彻底"), ("有的", "所有"),
        ("往往", "必定"),
    ),
}  # fmt: skip


def _certainty(text: str, language: str) -> Iterator[str]:
    for pattern, other in _HEDGES[language]:
        for match in re.finditer(pattern, text, _I):
            yield text[: match.start()] + other + text[match.end() :]


def _swaps(text: str, language: str, is_other: Callable[[str, str], bool]) -> Iterator[str]:
    concepts = thesaurus().concepts
    for mention in find_concepts(text, language):
        others = sorted(
            c for c in concepts if c != mention.concept and is_other(mention.concept, c)
        )
        for other in others[:6]:
            names = concepts[other].zh if language == "zh" else concepts[other].en
            if names:
                yield text[: mention.start] + names[0] + text[mention.end :]


def _entities(text: str, language: str) -> Iterator[str]:
    return _swaps(text, language, are_rivals)


def _opposites(text: str, language: str) -> Iterator[str]:
    return _swaps(text, language, are_opposites)


_MAKERS: dict[str, Callable[[str, str], Iterator[str]]] = {
    "number_changed": _numbers,
    "unit_changed": _units,
    "negation_dropped": _negations,
    "condition_dropped": _conditions,
    "warning_dropped": _warnings,
    "certainty_raised": _certainty,
    "entity_swapped": _entities,
    "source_contradicted": _opposites,
}
KINDS = tuple(_MAKERS)
