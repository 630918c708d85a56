"""Wrong numbers, units, ages and limits planted into sentences, for tests of the checks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stages.cook.quantity import Quantity, find_quantities


@dataclass(frozen=True, slots=True)
class Fault:
    """kind: number, age, unit or limit. text: the sentence with the fault."""

    kind: str
    text: str


_ARTICLES = frozenset({"one", "two", "一个", "一個", "一种", "一種", "一半", "half"})
_TWO_HAN = re.compile(r"[一二两兩三四五六七八九]{2}")
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_EN_WORDS = {
    "one": "four", "two": "five", "three": "seven", "four": "six", "five": "eight", "six": "three",
    "seven": "four", "eight": "three", "nine": "five", "ten": "six", "twelve": "eight",
    "twenty": "forty", "thirty": "fifty", "forty": "sixty",
}  # fmt: skip
_HAN_WORDS = dict(zip("一二两兩三四五六七八九十", "四五五五七六八三四三五六", strict=True))
_EN_UNITS = {
    "mg": "g", "micrograms": "milligrams", "µg": "mg", "mcg": "mg", "g": "kg", "kg": "lb",
    "ml": "litres", "mL": "oz", "fl oz": "pints", "oz": "lb", "hours": "days", "hour": "day",
    "days": "weeks",
    "day": "week", "weeks": "months", "week": "month", "months": "years", "month": "year",
    "years": "months", "year": "month", "minutes": "hours", "minute": "hour", "seconds": "minutes",
    "cm": "m", "inches": "feet", "°C": "°F", "°F": "°C",
}  # fmt: skip
_ZH_UNITS = {
    "毫克": "克", "微克": "毫克", "毫升": "升", "克": "公斤", "公斤": "克", "小时": "天",
    "小時": "天", "分钟": "小时", "分鐘": "小時", "秒": "分钟", "天": "周", "周": "个月",
    "週": "個月", "个月": "岁", "個月": "歲", "月龄": "岁", "岁": "个月", "歲": "個月",
    "厘米": "米", "公分": "米", "℃": "℉",
}  # fmt: skip
_LIMITS = (
    ("at least", "at most"), ("no more than", "no less than"), ("under", "over"),
    ("less than", "more than"), ("fewer than", "more than"), ("younger than", "older than"),
    ("up to", "at least"), ("above", "below"), ("or more", "or less"), ("or higher", "or lower"),
    ("or older", "or younger"), ("before", "after"), ("至少", "至多"), ("不超过", "不少于"),
    ("不超過", "不少於"), ("以上", "以下"), ("超过", "少于"), ("超過", "少於"), ("以内", "以上"),
    ("不少于", "不超过"), ("低于", "高于"), ("不低于", "不高于"),
)  # fmt: skip
_PAIRS = tuple((a, b) for pair in _LIMITS for a, b in (pair, pair[::-1]))


def plant(sentence: str, chinese: bool) -> Iterator[Fault]:
    """Each fault a sentence gives occasion for, one place changed at a time."""
    for quantity in find_quantities(sentence, chinese):
        if quantity.shape == "label" or quantity.text.lower() in _ARTICLES:
            continue
        kind = "age" if quantity.is_age else "number"
        for shown in _other_numbers(quantity, chinese):
            yield Fault(kind, _put(sentence, quantity, shown))
        for shown in _other_units(quantity, chinese):
            yield Fault("unit", _put(sentence, quantity, shown))
        yield from _other_limits(sentence, quantity, chinese)


def _put(sentence: str, quantity: Quantity, shown: str) -> str:
    return sentence[: quantity.start] + shown + sentence[quantity.end :]


def _other_numbers(quantity: Quantity, chinese: bool) -> Iterator[str]:
    shown = quantity.text
    for match in _DIGITS.finditer(shown):
        value = float(match[0])
        if not value:
            continue
        other = value * 2 if value < 40 else value + 30
        yield f"{shown[: match.start()]}{other:g}{shown[match.end() :]}"
    if _DIGITS.search(shown):
        return
    words = _HAN_WORDS if chinese else _EN_WORDS
    if chinese and _TWO_HAN.search(shown):
        return  # 两三天: no number stands there alone
    for word, other_word in words.items():
        pattern = word if chinese else rf"\b{word}\b"
        if re.search(pattern, shown, re.IGNORECASE):
            yield re.sub(pattern, other_word, shown, count=1, flags=re.IGNORECASE)
            return


def _other_units(quantity: Quantity, chinese: bool) -> Iterator[str]:
    names = _ZH_UNITS if chinese else _EN_UNITS
    for unit in sorted(names, key=len, reverse=True):
        pattern = re.escape(unit) if chinese else rf"(?<![A-Za-z]){re.escape(unit)}(?![A-Za-z])"
        found = re.search(pattern, quantity.text)
        if found:
            yield quantity.text[: found.start()] + names[unit] + quantity.text[found.end() :]
            return


def _other_limits(sentence: str, quantity: Quantity, chinese: bool) -> Iterator[Fault]:
    if quantity.comparator in ("", "~"):
        return
    before, after = sentence[: quantity.start], sentence[quantity.end :]
    for word, other in sorted(_PAIRS, key=lambda pair: -len(pair[0])):
        gap = "" if chinese else " "
        if before.lower().endswith(word + gap):
            head = before[: len(before) - len(word + gap)]
            yield Fault("limit", head + other + sentence[quantity.start - len(gap) :])
            return
        if word not in {"before", "after"} and after.lower().startswith(gap + word):
            rest = after[len(gap + word) :]
            yield Fault("limit", sentence[: quantity.end] + gap + other + rest)
            return
