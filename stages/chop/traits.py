"""The audience stages a card's text or headings name."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from functools import lru_cache

_BANDS = (("0-3m", 0, 3), ("3-6m", 3, 6), ("6-12m", 6, 12), ("12-24m", 12, 24), ("2-4y", 24, 48))
STAGES = ("T1", "T2", "T3", *(band[0] for band in _BANDS))

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
_UNIT = {"d": 1 / 30, "w": 1 / 4.345, "m": 1.0, "y": 12.0}
_AGE_EN = re.compile(
    r"(?P<low>\d{1,2})(?:\s?(?:to|-|–|and)\s?(?P<high>\d{1,2}))?[\s-](?P<unit>day|week|month|year)s?"
    r"(?P<post>[\s-](?:old|of age|olds)\b)?",
    re.IGNORECASE,
)
_BEFORE_AGE = re.compile(
    r"\b(?:aged|ages?|under|over|below|younger than|older than|by|from|until|at|about|"
    r"around|first|between|birth to|than)\s+(?:the age of\s+|about\s+|around\s+)?$",
    re.IGNORECASE,
)
_AGE_UNIT = re.compile(r"day|week|month|year", re.IGNORECASE)
_AGE_ZH = re.compile(
    r"(?P<pre>满|滿|未满|未滿|不到|小于|小於|大于|大於)?(?P<low>\d{1,2})(?:\s?[-–~～至到]\s?(?P<high>\d{1,2}))?\s?"
    r"(?P<unit>个月|個月|月龄|月齡|月大|周岁|週歲|岁|歲|天|周|週)"
    r"(?P<post>龄|齡|大|以下|以上|以内|以內|以前|以后|以後|之前|之后|之後|前|后|後|起|的?(?:宝宝|寶寶|婴儿|嬰兒|孩子|幼儿|幼兒))?"
)
_DIGIT = re.compile(r"\d")
_SENTENCE = re.compile(r"(?:[^.!?。！？\n]+|\.(?=\d))+")
_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty twenty-one twenty-two twenty-three twenty-four"
).split()
AGE_HEADING = re.compile(
    rf"(?:at )?(\d{{1,2}}|{'|'.join(reversed(_NUMBERS))}) (weeks?|months?|years?)(?: old)?",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"under|below|younger|first|until|birth|未满|未滿|不到|小于|小於|以下|以内|以內|以前|之前|前"
)
_ABOVE = re.compile(r"over|older|from|以上|以后|以後|之后|之後|起|后|後|大于|大於")
_CHILD = re.compile(
    r"\b(?:bab(?:y|ies)|infants?|child(?:ren)?|toddlers?|newborns?|kids?|boys?|girls?|old)\b"
    r"|宝宝|寶寶|婴|嬰|孩子|儿童|兒童|幼儿|幼兒",
    re.IGNORECASE,
)


def stages_of(text: str, breadcrumbs: Sequence[str]) -> tuple[str, ...]:
    """Audience stages named in the text; else in the nearest heading that names one; else none."""
    found: Set[str] = _named(text)
    for heading in reversed(breadcrumbs):
        found = found or _named_in_heading(heading)
    return tuple(stage for stage in STAGES if stage in found) if found else ()


@lru_cache(maxsize=1024)
def _named_in_heading(heading: str) -> frozenset[str]:
    return frozenset(_named(_with_digits(heading)))


def _named(text: str) -> set[str]:
    # Plain substring and digit tests first: most texts name no stage, and `re` takes its time.
    found: set[str] = set()
    low = text.lower()
    has_digit = _DIGIT.search(text) is not None
    if "trimester" in low or "pregnan" in low or "孕" in low:
        if any(word in low for word in _TRIMESTER_WORDS):
            found = {stage for stage, pattern in _TRIMESTERS if pattern.search(text)}
        for match in _PREGNANCY_WEEK.finditer(text) if has_digit else ():
            for week in (int(number) for number in match.groups() if number):
                found.add("T1" if week <= 12 else "T2" if week <= 27 else "T3")
    if ("born" in low or "新生" in low) and _NEWBORN.search(text):
        found.add("0-3m")
    if has_digit:
        for part in _SENTENCE.findall(text):
            if _DIGIT.search(part):
                found |= _aged(part)
    return found


def _with_digits(heading: str) -> str:
    """A heading that is nothing but an age (`Six months`) as one that says so in digits."""
    match = AGE_HEADING.fullmatch(heading.strip())
    if match is None:
        return heading
    number = match[1].lower()
    digits = number if number.isdigit() else str(_NUMBERS.index(number) + 1)
    return f"{digits} {match[2]} old"


def _aged(text: str) -> set[str]:
    """The age bands one sentence or line names."""
    found: set[str] = set()
    child = _CHILD.search(text) is not None
    for match in _AGE_EN.finditer(text) if _AGE_UNIT.search(text) else ():
        before = text[max(0, match.start() - 40) : match.start()]
        if before[-1:].isalnum():
            continue
        pre = _BEFORE_AGE.search(before)
        # A bare `3 months` is more often a duration than an age, and the age may be the mother's
        # time since birth: a child has to be named, or the line has to start with it.
        told = child or not text[: match.start() - len(pre[0] if pre else "")].strip(" -")
        aged = pre and match["unit"].lower() in {"month", "year"} and told
        if match["post"] or aged:
            found |= _bands(match, match["unit"][0].lower(), pre[0] if pre else "")
    if not child:
        return found
    for match in _AGE_ZH.finditer(text):
        unit = {"个": "m", "個": "m", "月": "m", "天": "d"}.get(match["unit"][0], "y")
        if match["unit"] in {"周", "週"}:
            unit = "w"
        aged = match["unit"] not in {"个月", "個月", "天", "周", "週"}
        if aged or match["post"] or match["pre"]:
            found |= _bands(match, unit, match["pre"] or "")
    return found


def _bands(match: re.Match[str], unit: str, pre: str) -> set[str]:
    """The age bands a named age or range touches; `over 6 months` is read as the band it starts."""
    low = int(match["low"]) * _UNIT[unit]
    context = f"{pre}{match['post'] or ''}"
    before = match.string[max(0, match.start() - 40) : match.start()].lower()
    if "until" in before.rsplit(".", 1)[-1] or before.endswith("直到"):
        context += "until"
    if match["high"]:
        high = int(match["high"]) * _UNIT[unit]
    elif _BELOW.search(context.lower()):
        low, high = 0.0, low
    elif _ABOVE.search(context.lower()):
        high = low + 0.1
    else:
        high = low + 0.1
    return {name for name, start, end in _BANDS if start < high and low < end}
