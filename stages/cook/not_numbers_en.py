"""What looks like a number in English text and is none.

Telephone numbers, dates, clock times, 24/7, 9-1-1, B12 and omega-3, step numbers, "the one".
"""

from __future__ import annotations

import re

from stages.cook.numerals import EN_NUMBER

_MONTH = "jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec"
_UNITS = r"(?:mg|ml|kg|oz|%|hours?|minutes?|days?|weeks?|months?|years?|times)"

# At the first digit, or the first letter of a number word.
_DIGITS = re.compile(
    r"\d{2,4}\)?[-. ]\d{3,4}[-. ]\d{3,5}\b|1-\d{3}-[\da-z-]{7,9}|\d{1,2}-\d{1,2}-\d{1,2}\b"
    r"|\d{1,2}:\d\d(?:\s?[ap]\.?m\b)?|24/7\b|50/50\b|\d{1,2}/\d{1,2}/\d{2,4}\b|\d+-in-1\b"
    r"|\d{5,}\b(?!\s?(?:mg|ml|iu|units|steps|women|babies|children|people|births))"
    r"|\d{1,2}(?:\s?[-–]\s?\d{1,2})?\s?(?:[ap]\.m\b\.?|[ap]m\b|o['’]?clock\b)"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?(?:{_MONTH})[a-z]*\b(?!['’])(?:\s\d{{4}})?"
    r"|(?:19|20)\d\ds\b|\d\ufe0f?\u20e3|101(?=[:.!?\n]|$)"
)
_WORDS = re.compile(
    r"[a-z]+ (?:[ap]\.m\b\.?|[ap]m\b|o['’]?clock\b|in the (?:morning|afternoon)\b)"
    r"|one another\b|one point\b|one of\b|second-?hand\b|second thoughts?\b"
    r"|first (?:aid|thing|place|name|sign|choice|step|of all|and foremost|line|foods?)\b"
)
# Right before it.
_NAMED = re.compile(
    r"(?:#|\b(?:step|tip|rule|question|part|myth|fact|point|reason|type|grade|level|phase|"
    r"chapter|option|dose|slide|swipe|round|key|q|no\.?|number|stage|item|secret|lesson|size) ?)$"
)
_DATE = re.compile(rf"\b(?:{_MONTH}|march|april|august|(?:sept|nov|dec)ember|october)\.? $")
_HYPHEN = re.compile(r"\b(?!under|over|sub|pre|mid|day|week|month|year)[a-z]+-$")
_PICKED = re.compile(
    r"\b(?:no|the|that|this|every|each|any|some|which|new|another|little|big|loved) ?$"
)
_NUMBER = re.compile(EN_NUMBER)
_MEASURED = re.compile(rf"\s?(?:{_UNITS}\b|to |-|–)|%")
_MARKER = re.compile(
    r"(?:^|\n|(?<=[•*\-–·▪] ))[ \t]*\d{1,2}(?:[.)、．:](?=\s)| ?[-–—](?= \D)|(?=\n))"
    r"|(?<=\s)\(?\d{1,2}\)(?=\s)(?<![(]\d\d\))"
)


def markers(low: str) -> frozenset[int]:
    """Offsets of the digits of list markers: "1." and "2)" at the start of a line or an item."""
    found = (range(*match.span()) for match in _MARKER.finditer(low))
    return frozenset(at for span in found for at in span)


def skip_from(low: str, start: int) -> int:
    """The end of what only looks like a number at start; start itself where it may be one.

    low: text in lower case.
    """
    is_digit = low[start].isdigit()
    found = (_DIGITS if is_digit else _WORDS).match(low, start)
    if found and not (found[0] == "101" and low[start - 1 : start] != " "):
        return found.end()
    before = low[max(0, start - 12) : start]
    if not is_digit:
        if low.startswith("one", start) and _PICKED.search(before):
            return start + 3
        if low.startswith("first", start) and before.endswith("at "):
            return start + 5
    number = _NUMBER.match(low, start) if before[-1:] in {" ", "-", "#", "p"} else None
    if number is None or _MEASURED.match(low, number.end()):
        return start
    if _NAMED.search(before):
        return number.end()
    if is_digit and (_DATE.search(before) or (before.endswith("-") and _HYPHEN.search(before))):
        return number.end()
    return start
