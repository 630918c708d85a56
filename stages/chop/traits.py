"""The audience stages a card as a whole is for.

Stages decide which groups a card goes to, so one that is too narrow keeps a warning from those it
is meant for: a stage is named only where the headings or the whole text say so, and none (fits
any) in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

_BANDS = (("0-3m", 0, 3), ("3-6m", 3, 6), ("6-12m", 6, 12), ("12-24m", 12, 24), ("2-4y", 24, 48))
STAGES = ("T1", "T2", "T3", *(band[0] for band in _BANDS))

FRAMED_SHARE = 2 / 3
"""Least share of a text's sentences that must name an age for the ages to be its frame.

Chosen on 60 labelled cards of four sets of guides: at one half, a sentence of advice for everyone
next to one about an age is lost to the other ages.
"""

_OLDEST = 48.0
_MOST_WEEKS = 16  # a heading that counts more weeks and names no child counts those of a pregnancy
_NO_CHILD = 144.0  # months: from here on an age is an adult's or a schoolchild's

_TRIMESTERS = (
    ("T1", re.compile(
        r"\b(?:first|1st) trimester\b|\bearly pregnancy\b|孕早期|[懷怀]孕(?:早期|初期)|孕初期", re.I
    )),
    ("T2", re.compile(
        r"\b(?:second|2nd) trimester\b|\bmid-pregnancy\b|孕中期|[懷怀]孕中期", re.I
    )),
    ("T3", re.compile(
        r"\b(?:third|3rd) trimester\b|\blate pregnancy\b|孕晚期|[懷怀]孕(?:晚期|後期|后期)", re.I
    )),
)  # fmt: skip
_TRIMESTER_WORDS = ("trimester", "early pregnan", "mid-pregnan", "late pregnan", "孕")
_PREGNANCY_WEEK = re.compile(
    r"\b(?:week|weeks) (?:of )?(\d{1,2})(?: (?:to|and) (\d{1,2}))?(?: of pregnancy| pregnant)"
    r"|\b(\d{1,2})(?:st|nd|rd|th)? weeks? (?:of pregnancy|pregnant)|孕(?:期)?第?(\d{1,2})[周週]",
    re.IGNORECASE,
)
_NEWBORN = re.compile(r"\bnew-?borns?\b|新生[儿兒]", re.IGNORECASE)
_ALSO_OLDER = re.compile(r"\b(?:older|toddlers?|children|infants?)\b|幼[儿兒]|[婴嬰][儿兒]", re.I)
_UNIT = {"d": 1 / 30, "w": 1 / 4.345, "m": 1.0, "y": 12.0}
_UNIT_ZH = {"天": "d", "周": "w", "週": "w", "个月": "m", "個月": "m"}
_AGE_EN = re.compile(
    r"(?<![\d.,/])(?P<low>\d{1,2})(?P<plus>\+)?(?:[\s-](?P<inner>week|month|year)s?)?"
    r"(?:\s?(?:to|or|-|–|—|and|through)\s?(?P<high>\d{1,2}))?[\s-](?P<unit>day|week|month|year)s?\b"
    r"(?P<post>[\s-](?:old|of age|olds)\b)?"
    r"(?P<bound>\+| (?:and|or) (?:over|older|above|up|under|younger|below)\b(?! \d))?",
    re.IGNORECASE,
)
_BEFORE_AGE = re.compile(
    r"\b(?:aged|ages?|under|over|below|younger than|older than|by|from|until|till|at|about|"
    r"around|first|between|birth to|than|after|before)"
    r"\s+(?:the age of\s+|about\s+|around\s+|at least\s+)?$",
    re.IGNORECASE,
)
_FIRST_YEARS = re.compile(
    r"\b(?P<past>(?:after|beyond|past) (?:the |your baby['’]s )?)?(?P<nth>first|second|third) "
    r"(?P<unit>(?:few )?(?:days|weeks)|year)\b(?! (?:of|after) (?!life)| and months)",
    re.IGNORECASE,
)
_HEADING_AGES = ("birth to", "from", "at", "age", "over", "under", "by")
_AGE_UNIT = re.compile(r"day|week|month|year", re.IGNORECASE)
_AGE_ZH = re.compile(
    r"(?P<pre>满|滿|未满|未滿|不到|小于|小於|大于|大於|从|從|自)?(?<!\d)(?P<low>\d{1,2})"
    r"(?:\s?(?:个月|個月|月龄|月齡|周岁|岁|歲)?\s?[-–~～至到]\s?(?P<high>\d{1,2}))?\s?"
    r"(?P<unit>个月|個月|月龄|月齡|月大|周岁|週歲|岁|歲|天|周|週)"
    r"(?P<post>龄|齡|大|(?:以|之)?[上下内內前后後]|起|开始|開始|的?(?:宝宝|寶寶|婴儿|嬰兒|孩子|幼儿|幼兒))?"
)
_AGE_SIGNS = ("月", "岁", "歲", "周", "週", "天", "新生", "孕", "年龄", "年齡")
_DIGIT = re.compile(r"\d")
_SENTENCE = re.compile(r"(?:[^.!?。！？\n]+|\.(?=\d))+")
_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty twenty-one twenty-two twenty-three twenty-four"
).split()
_WORD_EN = "|".join(reversed(_NUMBERS))
_NUMBER_EN = re.compile(
    rf"\b({_WORD_EN})(?=(?:[\s-](?:to|or|and)[\s-](?:{_WORD_EN}|\d{{1,2}}))?[\s-](?:week|month|year)s?\b)",
    re.IGNORECASE,
)
_HAN = "零一二三四五六七八九"
_NUMBER_ZH = re.compile(
    r"(?<![一二两兩三四五六七八九十第])([一二两兩三四五六七八九]?十?[一二两兩三四五六七八九]?)"
    r"(?=[到至~～-][一二两兩三四五六七八九十\d]{1,3}个?個?[月岁歲周]|个月|個月|月龄|月齡|周岁|岁|歲)"
)
AGE_HEADING = re.compile(
    rf"(?:at )?(\d{{1,2}}|{_WORD_EN}) (weeks?|months?|years?)(?: old)?",
    re.IGNORECASE,
)
# `Babies under 2 months, born early, or with a weak immune system`: one case among others.
_OR_ELSE = re.compile(
    r",[^.;:]{0,60},? or (?:has|have|had|is|are|was|were|who|born|with)\b"
    r"|[，、][^。；]{0,30}(?:或者|或是)",
)
# What decides whether an age ends or begins the time that is meant; read right before and after it.
_ENDS = re.compile(
    r"\b(?:under|below|younger than|less than|first|until|till|before|up to|birth to|birth until|"
    r"no later than)\b[^.;:,]{0,24}$|\bstop\b[^.;]{0,50}$"
    r"|(?:未满|未滿|不到|小于|小於|直到|一直到|出生到|不满|不滿)[^，。；]{0,4}$|停[^，。；]{0,12}$",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"\b(?:over|above|older than|from|after|at least|more than|since|beyond|starting at)\s"
    r"(?:the age of |about |around |he is |she is )?$"
    r"|(?:大于|大於|超过|超過|从|從|自)[^，。；]{0,2}$",
    re.IGNORECASE,
)
_NEAR = re.compile(
    r"\b(?:about|around|roughly)\s(?:the age of )?$|(?:大约|大約|约|約)$", re.IGNORECASE
)
_ENDS_POST = ("under", "younger", "below", "下", "内", "內", "前")
_BEGINS_POST = ("over", "older", "above", "up", "+", "上", "后", "後", "起", "始")
_CHILD = re.compile(
    r"\b(?:bab(?:y|ies)|infants?|child(?:ren)?|toddlers?|newborns?|kids?|boys?|girls?|old)\b"
    r"|宝宝|寶寶|婴|嬰|孩子|儿童|兒童|幼儿|幼兒|辅食|輔食|月龄|月齡",
    re.IGNORECASE,
)
_AGE_HEAD = (
    r"(?:(?:baby|child|infant)['’]?s? )?"
    r"(?:age|ages|age range|age group|age of (?:\w{1,12} )?\w{1,12})"
)
_AGE_ROW = re.compile(
    rf"(?:- )?(?:{_AGE_HEAD}|月龄|月齡|年龄|年齡|岁数)"
    r"(?:\s?[(（](?P<unit>\w{1,10})[)）])?\s?[:：]\s?(?P<value>[^;；]{1,60})",
    re.IGNORECASE,
)
_ROW = re.compile(r"\A[^:：;；]{1,60}[:：] ?[^;；]{1,400}[;；] ?[^:：;；]{1,80}[:：]")
_ITEM = re.compile(r"- |[(（]?\w{1,3}[.)）、](?: |(?=\D))")
_ENDED = (".", "!", "?", "。", "！", "？", "”", '"', ")", "）")
_HEAD_CHARS = 70

Named = frozenset[str]
_NONE: Named = frozenset()


def stages_of(text: str, breadcrumbs: Sequence[str]) -> tuple[str, ...]:
    """Audience stages the card as a whole is for, in the order of `STAGES`; () fits any.

    The nearest heading that names a stage frames the card, and the text narrows it only where all
    of it does. Without such a heading the text must open with an age, every item of its lists name
    one or stand under one, and most of its sentences too.
    """
    frame = next((found for found in map(_named_in_heading, reversed(breadcrumbs)) if found), _NONE)
    found = _NONE
    low = text.lower()
    if _may_name(low):
        is_pregnancy = any("pregnan" in crumb.lower() or "孕" in crumb for crumb in breadcrumbs)
        found = _framed(text, whole=bool(frame), is_pregnancy=is_pregnancy)
    if frame and not (found and found < frame):
        found = frame
    return tuple(stage for stage in STAGES if stage in found)


def _may_name(low: str) -> bool:
    """Plain substring tests first: most texts name no stage, and `re` takes its time."""
    return (
        "month" in low
        or "year" in low
        or "week" in low
        or ("day" in low and ("old" in low or "first" in low))
        or "born" in low
        or "trimester" in low
        or "pregnan" in low
        or low.startswith("age")
        or (not low.isascii() and any(sign in low for sign in _AGE_SIGNS))
    )


@lru_cache(maxsize=1024)
def _named_in_heading(heading: str) -> Named:
    return _named(heading, is_heading=True) if _may_name(heading.lower()) else _NONE


def _framed(text: str, whole: bool, is_pregnancy: bool) -> Named:
    """The stages all (whole) or nearly all of a text is about."""
    covered: list[Named] = []
    count = 0
    for named, is_strict in _units(text, is_pregnancy):
        if not named and (whole or is_strict or not covered):
            return _NONE  # most texts leave here, at their first sentence
        count += 1
        if named:
            covered.append(named)
    return frozenset().union(*covered) if len(covered) >= FRAMED_SHARE * count else _NONE


def _units(text: str, is_pregnancy: bool) -> Iterable[tuple[Named, bool]]:
    """The stages of each sentence, item and row, and whether the text fails without any.

    A line that heads others hands its age to them; in a table the rows say all.
    """
    lines = text.split("\n")
    if any(_AGE_ROW.match(line) for line in lines):
        rows = [line for line in lines if _AGE_ROW.match(line) or _ROW.match(line)]
        for row in rows:
            yield _of_row(row), True
        return
    headed, led = _NONE, _NONE
    strict = False  # once one part of the text stands under an age, all parts have to
    for place, line in enumerate(lines):
        is_item = _ITEM.match(line) is not None
        follows = place + 1 < len(lines)
        if not is_item and follows and len(line) <= _HEAD_CHARS and not line.endswith(_ENDED):
            named = _named(line, is_heading=True, is_pregnancy=is_pregnancy)
            led = named or led
            if not line.endswith((":", "：")):
                headed = led = named
                strict = strict or bool(named)
            continue
        is_row = not is_item and _ROW.match(line) is not None
        if is_item or is_row:
            said = re.split("[;；]", line, maxsplit=1)[0] if is_row else line
            yield _named(said, is_pregnancy=is_pregnancy) or led or headed, True
            continue
        led = _NONE
        parts = [part for part in _SENTENCE.findall(line) if len(part) > 3]
        for part in parts:
            named = _named(part, is_pregnancy=is_pregnancy)
            if follows and part is parts[-1] and line.endswith((":", "：")):
                led = named
            yield named or headed, strict


def _of_row(row: str) -> Named:
    cell = _AGE_ROW.match(row)
    if cell is None:
        return _NONE
    value = cell["value"]
    unit = (cell["unit"] or "").lower()
    if unit and _DIGIT.search(value) and not _AGE_UNIT.search(value):
        value = f"{value.strip()} {unit if unit[-1:] != '月' else '月龄'}"
    return _named(value, is_heading=True)


def _named(text: str, *, is_heading: bool = False, is_pregnancy: bool = False) -> Named:
    """The stages one sentence, item or heading names."""
    low = text.lower()
    if not _may_name(low):
        return _NONE
    found: set[str] = set()
    if "trimester" in low or "pregnan" in low or "孕" in low:
        if any(word in low for word in _TRIMESTER_WORDS):
            found = {stage for stage, pattern in _TRIMESTERS if pattern.search(text)}
        for match in _PREGNANCY_WEEK.finditer(text):
            for week in (int(number) for number in match.groups() if number):
                found.add("T1" if week <= 12 else "T2" if week <= 27 else "T3")
        is_pregnancy = True
    if ("born" in low or "新生" in low) and _NEWBORN.search(text) and not _ALSO_OLDER.search(text):
        found.add("0-3m")
    found |= _aged(_with_digits(text), is_heading, is_pregnancy)
    return frozenset(found) if found and not _OR_ELSE.search(text) else _NONE


def _with_digits(text: str) -> str:
    """`Six months` and `六个月` as `6 months` and `6个月`, `半岁` as `6个月`."""
    if text.isascii():
        return _NUMBER_EN.sub(lambda match: str(_NUMBERS.index(match[1].lower()) + 1), text)
    text = _NUMBER_EN.sub(lambda match: str(_NUMBERS.index(match[1].lower()) + 1), text)
    text = re.sub(r"半[岁歲]", "6个月", text)
    return _NUMBER_ZH.sub(lambda match: _han_number(match[1]), text)


def _han_number(han: str) -> str:
    if not han:
        return ""
    tens, ten, ones = han.translate(str.maketrans("两兩", "二二")).rpartition("十")
    count = (_HAN.index(tens) if tens else 1) * 10 if ten else 0
    if not ten and len(ones) > 1:
        return han
    return str(count + (_HAN.index(ones) if ones else 0))


def _aged(text: str, is_heading: bool, is_pregnancy: bool) -> set[str]:
    """The age bands one sentence, item or heading names."""
    found: set[str] = set()
    child = _CHILD.search(text) is not None
    if _AGE_UNIT.search(text):
        for match in _AGE_EN.finditer(text):
            if _is_age(match, text, child, is_heading, is_pregnancy):
                found |= _bands(match, text)
        if is_heading or child:
            for match in _FIRST_YEARS.finditer(text):
                found |= _bands_of_nth(match)
    if text.isascii():
        return found
    bare = _is_bare(text) if is_heading else False
    for match in _AGE_ZH.finditer(text):
        is_age = match["unit"] not in _UNIT_ZH or match["post"] or match["pre"]
        is_age = is_age or _ENDS.search(text[max(0, match.start() - 12) : match.start()])
        if (child or bare) and (is_age or bare):
            found |= _bands(match, text)
    return found


def _is_bare(heading: str) -> bool:
    """Whether a Chinese heading is nothing but an age (`6～8个月`, `二、1岁以后`)."""
    plain = re.sub(r"^[\d一二三四五六七八九十]{1,3}[、.．]\s?", "", heading.strip(" ：:"))
    match = _AGE_ZH.search(plain)
    return match is not None and len(plain) - len(match[0]) <= 2


def _is_age(
    match: re.Match[str], text: str, child: bool, is_heading: bool, is_pregnancy: bool
) -> bool:
    """Whether a number of days to years is a child's age: a bare `3 months` is more often a
    duration, and may be the mother's time since birth.
    """
    before = text[max(0, match.start() - 40) : match.start()]
    if before[-1:].isalnum():
        return False
    unit = match["unit"].lower()
    if match["post"]:
        return True
    if unit in {"day", "week"}:
        is_unborn = unit == "week" and int(match["high"] or match["low"]) > _MOST_WEEKS
        if is_pregnancy or is_unborn or not is_heading:
            return False
    pre = _BEFORE_AGE.search(before)
    opening = text[: match.start() - len(pre[0] if pre else "")].rpartition(":")[2]
    opens = opening.lower().strip(" -–—(") in {"", "the", "from", "birth to", "from birth to"}
    said = pre[0].lower() if pre else ""
    if is_heading and (opens or said.startswith(_HEADING_AGES)):
        return True
    # A child has to be named, or the line has to start with the age.
    return pre is not None and (child or opens)


def _bands(match: re.Match[str], text: str) -> set[str]:
    """The age bands a named age or range touches: `until` and `from` leave the other end open."""
    named = match["unit"].lower()
    unit = _UNIT_ZH.get(named) or {"月": "m", "岁": "y", "歲": "y", "周": "y", "週": "y"}.get(
        named[0], named[0]
    )
    groups = match.groupdict()
    inner = (groups.get("inner") or named)[0] if unit == named[0] else unit
    high = int(match["high"] or match["low"]) * _UNIT[unit]
    low = int(match["low"]) * _UNIT[inner if match["high"] else unit]
    if max(low, high) > _NO_CHILD:
        return set()
    before = text[max(0, match.start() - 60) : match.start()] + (groups.get("pre") or "")
    after = f"{match['post'] or ''}{groups.get('bound') or ''}{groups.get('plus') or ''}".lower()
    if _ENDS.search(before) or after.endswith(_ENDS_POST):
        low = 0.0
    elif not match["high"] and (
        _BEGINS.search(before) or after.endswith(_BEGINS_POST) or _is_past(groups)
    ):
        high = _OLDEST
    elif not match["high"]:
        slack = 0.1 * high if _NEAR.search(before) else 0.0
        low, high = low - slack, high + slack + 0.1
    return _between(low, high)


def _is_past(groups: dict[str, str | None]) -> bool:
    return groups.get("pre") in {"满", "滿"}


def _bands_of_nth(match: re.Match[str]) -> set[str]:
    nth = ("first", "second", "third").index(match["nth"].lower())
    if match["past"]:
        return _between(nth * 12.0 + 12, _OLDEST) if match["unit"].lower() == "year" else set()
    if match["unit"].lower() == "year":
        return _between(nth * 12.0, nth * 12.0 + 12)
    return _between(0.0, 3.0) if nth == 0 else set()


def _between(low: float, high: float) -> set[str]:
    return {name for name, start, end in _BANDS if start < high and low < end}
