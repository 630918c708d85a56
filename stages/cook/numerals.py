"""Numbers as people write them, English and Chinese, as exact decimals."""

from __future__ import annotations

import re
from decimal import Decimal

_ONES = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
_VULGAR = {
    "½": Decimal("0.5"), "¼": Decimal("0.25"), "¾": Decimal("0.75"), "⅓": Decimal(1) / 3,
    "⅔": Decimal(2) / 3, "⅛": Decimal("0.125"), "⅕": Decimal("0.2"),
}  # fmt: skip
_HAN_DIGITS = {
    "零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6,
    "七": 7, "八": 8, "九": 9, "俩": 2, "倆": 2, "仨": 3,
}  # fmt: skip
_HAN_UNITS = {"廿": 20, "十": 10, "百": 100, "千": 1000, "万": 10_000, "萬": 10_000}
_LARGE = {"dozen": 12, "hundred": 100, "thousand": 1000}
_ORDINALS = {
    word: value
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(),
        start=1,
    )
}

_SMALL_WORD = "|".join((*_ONES, *_TENS))
_TENS_WORD = "|".join(_TENS)
_ONES_WORD = "|".join(list(_ONES)[1:10])
_WORD = (
    rf"(?:(?:{_TENS_WORD})[- ](?:{_ONES_WORD})"
    rf"|(?:(?:an?|{_SMALL_WORD}) )?(?:hundred|thousand|dozen)"
    rf"(?:(?: and)? (?:(?:{_TENS_WORD})(?:[- ](?:{_ONES_WORD}))?|{_SMALL_WORD}))?"
    rf"|{_SMALL_WORD})"
)
_HALF = r"(?: and a half| point (?:" + _SMALL_WORD + r")\b)"
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.\d{1,4})?"
_HAN = r"[零〇一二两兩三四五六七八九十廿百千万萬]{1,8}"

# One number. Digits may carry a vulgar fraction; the slash form needs a small denominator, so
# that dates and ratios such as 24/7 stay out.
EN_NUMBER = (
    rf"(?:{_DIGITS}\s?[½¼¾⅓⅔⅛⅕]|[½¼¾⅓⅔⅛⅕]|\d{{1,2}}\s\d/[2348](?!\d)|\b1/[2348](?![\d/])"
    rf"|{_DIGITS}{_HALF}?|\b{_WORD}\b{_HALF}?)"
)
ZH_NUMBER = (
    rf"(?:{_DIGITS}[½¼¾⅓⅔]?|[½¼¾⅓⅔]|半|[俩倆仨]|{_HAN}(?:[点點][零一二三四五六七八九]{{1,3}})?)"
)
ORDINAL = rf"(?:\b(?:{'|'.join(_ORDINALS)})\b|\b\d{{1,2}}(?:st|nd|rd|th)\b)"
NUMBER_WORDS = frozenset((*_ONES, *_TENS, *_ORDINALS, "hundred", "thousand", "dozen"))
"""English words a number can begin with, lower case."""

_HAN_POINT = re.compile(r"(.+)[点點](.+)")
_POINT = re.compile(r"(.+) point (\w+)")


def parse_number(text: str) -> Decimal | None:
    """The value of one number as matched by EN_NUMBER, ZH_NUMBER or ORDINAL, else None."""
    word = " ".join(text.strip().lower().replace("-", " ").split())
    if word.endswith(" and a half"):
        whole = parse_number(word[: -len(" and a half")])
        return None if whole is None else whole + Decimal("0.5")
    pointed = _POINT.fullmatch(word)
    if pointed:
        whole, part = parse_number(pointed[1]), _english(pointed[2])
        return None if whole is None or part is None else whole + Decimal(f"0.{part}")
    if word in _VULGAR:
        return _VULGAR[word]
    if word and word[-1] in _VULGAR:
        whole = parse_number(word[:-1])
        return None if whole is None else whole + _VULGAR[word[-1]]
    if "/" in word:
        return _slash(word)
    if word[:1].isascii() and word[:1].isdigit():
        return Decimal(word.rstrip("stndrh").replace(",", ""))
    if word in _ORDINALS:
        return Decimal(_ORDINALS[word])
    if word and (word[0] in _HAN_DIGITS or word[0] in _HAN_UNITS or word == "半"):
        return _han(word)
    return _english(word)


def _slash(word: str) -> Decimal:
    whole, _, part = word.rpartition(" ")
    top, _, bottom = part.partition("/")
    return Decimal(whole or 0) + Decimal(top) / Decimal(bottom)


def _english(word: str) -> Decimal | None:
    total = section = 0
    seen = False
    for part in word.split():
        if part in _LARGE:
            section = max(section, 1) * _LARGE[part]
            if part == "thousand":
                total, section = total + section, 0
        elif part in _ONES or part in _TENS:
            section += _ONES.get(part, _TENS.get(part, 0))
        elif part not in {"a", "an", "and"}:
            return None
        seen = seen or part not in {"a", "an", "and"}
    return Decimal(total + section) if seen else None


def _han(word: str) -> Decimal | None:
    if word == "半":
        return Decimal("0.5")
    pointed = _HAN_POINT.fullmatch(word)
    if pointed:
        whole = _han(pointed[1])
        digits = "".join(str(_HAN_DIGITS[c]) for c in pointed[2])
        return None if whole is None else whole + Decimal(f"0.{digits}")
    if not any(c in _HAN_UNITS for c in word):
        # 一八零 is read digit by digit; two plain digits in a row (两三) are "two or three".
        digits = "".join(str(_HAN_DIGITS[c]) for c in word)
        return Decimal(digits) if len(word) == 1 or len(word) > 2 else None
    total = section = digit = 0
    for sign in word:
        if sign in _HAN_DIGITS:
            digit = _HAN_DIGITS[sign]
            continue
        unit = _HAN_UNITS[sign]
        if unit == 20:
            section += unit
        elif unit == 10_000:
            total += (section + digit) * unit
            section = 0
        else:
            section += (digit or 1) * unit
        digit = 0
    return Decimal(total + section + digit)
