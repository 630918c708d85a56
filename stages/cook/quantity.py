"""Quantities in running text: value or range, canonical unit, comparator and rate.

`find_quantities` reads English and Chinese (both scripts). Values are exact decimals in one
canonical unit a dimension: mass mg, volume ml, time h, length cm, temperature C, energy kcal,
activity IU, share %; everything counted is `count`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from stages.cook import units
from stages.cook.numerals import EN_NUMBER, ORDINAL, ZH_NUMBER, parse_number
from stages.types import Span


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity. low == high unless it is a range; both in `unit`.

    comparator: '', '<', '<=', '>', '>=' or '~'. per: '', 'hour', 'day', 'week', 'month', 'kg' or
    'year'. written: the unit as the text has it in canonical spelling, before conversion. noun:
    what a count counts. is_soft: written as a small word that is often idiom ("one", "half"), so
    its absence from the other text proves little. is_age: an age, gestation or time since birth.
    """

    low: Decimal
    high: Decimal
    unit: str
    comparator: str
    per: str
    written: str
    noun: str
    start: int
    end: int
    is_soft: bool = False
    is_age: bool = False

    @property
    def span(self) -> Span:
        return self.start, self.end

    @property
    def value(self) -> str:
        """Canonical form for comparison: `<=200 mg/day`."""
        number = _plain(self.low)
        if self.high != self.low:
            number += f"-{_plain(self.high)}"
        unit = f"{self.unit} {self.noun}".strip() if self.unit == "count" else self.unit
        return f"{self.comparator}{number} {unit}{'/' + self.per if self.per else ''}"


def _plain(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.0001')).normalize():f}"


_SEP_EN = r"\s?(?:-|–|—|~|to|and|or)\s?"
_SEP_ZH = r"\s?(?:-|–|—|~|～|〜|至|到|或)\s?"

_EN = re.compile(
    rf"(?<![\w.])(?P<a>{ORDINAL}|{EN_NUMBER}|\ban?\b|\bhalf(?:\san?)?\b"
    rf"|\ba\scouple\sof\b|\btwice\b|\bonce\b)"
    rf"(?:\s?(?P<mid>{units.EN})?{_SEP_EN}(?P<b>{ORDINAL}|{EN_NUMBER}))?"
    rf"(?P<plus>\+)?(?P<gap>[\s-]?(?:more\s)?)(?:(?P<unit>{units.EN})(?![A-Za-z]))?(?P<half>\sand\sa\shalf\b)?",
    re.IGNORECASE,
)
_ZH = re.compile(
    rf"(?P<a>{ZH_NUMBER})"
    rf"(?:\s?(?P<mid>{units.ZH})?{_SEP_ZH}(?P<b>{ZH_NUMBER}))?"
    rf"(?P<plus>\+)?\s?(?P<more>多)?(?P<unit>{units.ZH})?(?P<half>半)?"
)
_ZH_PAIR = re.compile(r"(?P<a>[一两兩二三四五六七八])(?P<b>[二三四五六七八九])(?=" + units.ZH + ")")
_ZH_AND_HALF = re.compile(rf"(?P<a>{ZH_NUMBER})[个個]半(?P<unit>小时|小時|月|星期)")
_EN_WEEK = re.compile(
    rf"\b(?P<unit>week|day|month|year)s?\s(?P<a>{EN_NUMBER})"
    rf"(?:{_SEP_EN}(?P<b>{EN_NUMBER}))?(?![\d%])",
    re.IGNORECASE,
)
_RATIO_EN = re.compile(
    rf"(?P<a>{EN_NUMBER})(?:{_SEP_EN}(?P<c>{EN_NUMBER}))?\s"
    rf"(?:[a-z]+\s)?(?:in|out\sof)\s(?:every\s)?(?P<b>{EN_NUMBER})(?!\s?(?:{units.EN_TIME})\b)",
    re.IGNORECASE,
)
_RATIO_ZH = re.compile(
    r"每\s?(?P<b>\d{1,5}|[十百千]|一百|一千|一万)\s?(?:[名个位]|[^\W\d]{0,3}名|[^\W\d]{0,3}个)"
    r"[^\d，。；;,]{0,8}?(?P<a>\d{1,3}|[一二三四五六七八九])"
    r"(?:\s?(?:[-–—~～至到或])\s?(?P<c>\d{1,3}|[一二三四五六七八九]))?\s?[名个位]"
)
_RATIO_ZH_PLAIN = re.compile(
    r"(?P<b>\d{1,5}|[十百千])\s?[个個位名][^\d，。；;,]{0,6}[里裡中][^\d，。；;,]{0,5}?"
    r"(?P<a>\d{1,3}|[一二三四五六七八九])(?:\s?[-–—~～至到或]\s?(?P<c>\d{1,3}|[一二三四五六七八九]))?"
    r"\s?[个個位名]?"
)
_PERCENT_ZH = re.compile(rf"百分之(?P<a>{ZH_NUMBER})(?:{_SEP_ZH}(?:百分之)?(?P<b>{ZH_NUMBER}))?")
_FIRST_BIRTHDAY = re.compile(r"\b(?P<a>first|second|third)\sbirthday\b", re.IGNORECASE)
_BIRTHDAYS = {"first": 1, "second": 2, "third": 3}
_HALF_EN = re.compile(r"half", re.IGNORECASE)

_BEFORE_A_TIME = (
    "in", "within", "for", "after", "about", "than", "over", "least", "to", "once", "of", "half",
    "and", "or", "under", "up",
)  # fmt: skip

# "under 16", "aged 3": a bare number that ends its phrase after a word of age is years.
_BARE_AGE = re.compile(
    r"\b(?:(?:under|over|below|above)\s(?:the\sage\sof\s)?|aged?\s|ages\s)$", re.IGNORECASE
)
_AFTER_BARE_AGE = re.compile(
    r"\s*(?:$|[,.;:!?)(]|\b(?:should|must|can|may|need|and|or|because|on|in|who|due|to)\b)"
)

# Clock times, list markers and emergency numbers are not quantities.
_CLOCK = re.compile(r"\s?(?:[ap]\.?m\b|o'clock)|:\d\d", re.IGNORECASE)
_CLOCK_ZH = re.compile(r"(?:凌晨|半夜|早上|上午|中午|下午|晚上)$")
_MARKER = re.compile(r"^(?:[.)、．]\s|[.)、．]$)")
_HOTLINES = {"110", "111", "112", "119", "120", "000", "911", "988", "995", "999", "12320", "12345"}


def find_quantities(text: str, chinese: bool) -> tuple[Quantity, ...]:
    """Every quantity of text in reading order; ranges and conversions in brackets stay apart."""
    found: list[Quantity] = []
    taken = bytearray(len(text))
    for quantity in (*_ratios(text, chinese), *_numbered(text, chinese)):
        if any(taken[quantity.start : quantity.end]):
            continue
        taken[quantity.start : quantity.end] = b"\x01" * (quantity.end - quantity.start)
        found.append(quantity)
    return tuple(sorted(found, key=lambda q: q.start))


def _ratios(text: str, chinese: bool) -> Iterator[Quantity]:
    patterns = (_RATIO_ZH, _RATIO_ZH_PLAIN) if chinese else (_RATIO_EN,)
    for match in (m for pattern in patterns for m in pattern.finditer(text)):
        top, bottom = parse_number(match["a"]), parse_number(match["b"])
        if top is None or not bottom or bottom < 2 or bottom < top:
            continue
        high = parse_number(match["c"]) if match["c"] else top
        scale = 100 / bottom
        yield _make(text, match, top * scale, (high or top) * scale, "%", chinese)
    if chinese:
        for match in _PERCENT_ZH.finditer(text):
            low = parse_number(match["a"])
            high = parse_number(match["b"]) if match["b"] else low
            if low is not None and high is not None:
                yield _make(text, match, low, high, "%", chinese)


def _numbered(text: str, chinese: bool) -> Iterator[Quantity]:
    if not chinese:
        for match in _FIRST_BIRTHDAY.finditer(text):
            years = Decimal(_BIRTHDAYS[match["a"].lower()])
            yield _make(text, match, years, years, "year", chinese)
        for match in _EN_WEEK.finditer(text):
            low = parse_number(match["a"])
            high = parse_number(match["b"]) if match["b"] else low
            if low is not None and high is not None:
                yield _make(text, match, low, high, match["unit"], chinese)
    else:
        for match in _ZH_AND_HALF.finditer(text):
            low = parse_number(match["a"])
            if low is not None:
                more = low + Decimal("0.5")
                yield _make(text, match, more, more, "个" + match["unit"], chinese)
        for match in _ZH_PAIR.finditer(text):
            low, high = parse_number(match["a"]), parse_number(match["b"])
            unit = re.compile(units.ZH).match(text, match.end())
            if low is not None and high == low + 1 and unit:
                yield _make(text, match, low, high, unit[0], chinese, end=unit.end())
    for match in (_ZH if chinese else _EN).finditer(text):
        quantity = _from_match(text, match, chinese)
        if quantity is not None:
            yield quantity


def _from_match(text: str, match: re.Match[str], chinese: bool) -> Quantity | None:
    raw, unit = match["a"], match["unit"] or ""
    lower = raw.lower()
    if lower in {"a", "an"} or lower.startswith(("half", "a couple")):
        is_rate = lower in {"a", "an"} and _is_rate(text, match)
        if unit.lower().rstrip("s") not in units.SOFT_TIMES or is_rate:
            return None
        low = {"a": Decimal(1), "an": Decimal(1)}.get(lower)
        if low is None:
            low = Decimal("0.5") if _HALF_EN.match(lower) else Decimal(2)
    elif lower in {"once", "twice"}:
        low, unit = Decimal(1 if lower == "once" else 2), "times"
        if lower == "once" and not units.rate_after(text, match.end(), chinese)[0]:
            return None
    else:
        parsed = parse_number(raw)
        if parsed is None or _is_noise(text, match, chinese):
            return None
        low = parsed
    high = parse_number(match["b"]) if match["b"] else low
    if high is None:
        return None
    joined = match["b"] is not None
    if joined and high <= low and not match["mid"]:
        # "two or one", "1-0", "3 and 2 cups": not a range; the first number stands alone.
        high = low
    if match["half"] and unit:
        low, high = low + Decimal("0.5"), high + Decimal("0.5")
    mid = match["mid"]
    low_unit = mid or unit
    if mid and units.canonical(mid, chinese) != units.canonical(unit or mid, chinese):
        high = units.convert(high, unit or mid, chinese)
        low = units.convert(low, mid, chinese)
        return _make(text, match, low, high, unit or mid, chinese, converted=True)
    return _make(text, match, low, high, unit or low_unit, chinese)


def _is_rate(text: str, match: re.Match[str]) -> bool:
    """'a day' after an amount ("200 mg a day", "twice a week") is a rate, not one day."""
    before = text[max(0, match.start() - 24) : match.start()].rstrip().lower()
    if not before or before[-1] in ".!?:;\n":
        return False
    return not before.endswith(_BEFORE_A_TIME)


def _is_noise(text: str, match: re.Match[str], chinese: bool) -> bool:
    raw = match["a"]
    after = text[match.end("a") : match.end("a") + 6]
    before = text[: match.start("a")]
    if _CLOCK.match(after) or (chinese and _CLOCK_ZH.search(before[-2:]) and after[:1] == "点"):
        return True
    if raw in _HOTLINES and not match["unit"]:
        return True
    if after[:1] in "\ufe0f\u20e3" and after:
        return True
    line_start = not before or before.endswith("\n")
    if raw.isdigit() and line_start and _MARKER.match(after) and not match["b"]:
        return True
    if before[-1:] in "/:" and before[-2:-1].isdigit():
        return True
    if after[:1] == "/" and after[1:2].isdigit() and not match["unit"] and len(raw) < 3:
        return True
    return chinese and not raw.isascii() and not match["unit"] and raw != "半"


def _make(
    text: str,
    match: re.Match[str],
    low: Decimal,
    high: Decimal,
    unit: str,
    chinese: bool,
    *,
    end: int | None = None,
    converted: bool = False,
) -> Quantity:
    stop = match.end() if end is None else end
    while stop > match.start() and text[stop - 1] in " -":
        stop -= 1
    if (
        not unit
        and not chinese
        and _BARE_AGE.search(text[max(0, match.start() - 24) : match.start()])
    ):
        unit = "years" if _AFTER_BARE_AGE.match(text, stop) else ""
    dimension = units.dimension(unit, chinese)
    written = units.canonical(unit, chinese)
    if not converted:
        low, high = units.convert(low, unit, chinese), units.convert(high, unit, chinese)
    groups = match.groupdict()
    comparator = units.comparator(text, match.start(), stop, chinese)
    if groups.get("plus"):
        comparator = ">="
    elif groups.get("more") and not comparator:
        comparator = ">"
    per, _ = units.rate_after(text, stop, chinese)
    if not per:
        per = units.rate_before(text, match.start(), chinese)
    noun = units.noun_after(text, stop, unit, chinese) if dimension == "count" else ""
    raw = groups.get("a") or ""
    return Quantity(
        low=low,
        high=high,
        unit=dimension,
        comparator=comparator,
        per=per,
        written=written,
        noun=noun,
        start=match.start(),
        end=stop,
        is_soft=_is_soft(raw, dimension, unit) or (match.re is _EN_WEEK and not raw.isdigit()),
        is_age=dimension == "h" and units.is_age(text, match.start(), stop, unit, chinese),
    )


def _is_soft(raw: str, dimension: str, unit: str) -> bool:
    lower = raw.lower()
    if lower in {"a", "an", "一", "半"} or lower.startswith(("a couple", "half")):
        return True
    written_out = not any(c.isdigit() for c in raw)
    return written_out and dimension == "count"
