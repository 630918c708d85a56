"""Two addresses of one guide: print versions, trailing slashes, mirrors without rel=canonical."""

from __future__ import annotations

from stages.text import collapse, is_chinese
from stages.types import Guide

SHINGLE = 4
"""Words (Han: characters times two) in a shingle; long enough to be a phrase of its own."""

TWIN_SHARE = 0.9
"""Least share of shingles in common. Copies of one page stayed above .97 with changed menus and
dates; different guides of one publisher on one subject below .15 (sample site, women's health)."""


def is_near_duplicate(one: Guide, other: Guide) -> bool:
    """Whether two guides say the same in nearly the same words."""
    a, b = _shingles(one), _shingles(other)
    if not a or not b:
        return one.text == other.text
    return len(a & b) >= TWIN_SHARE * len(a | b)


def _shingles(guide: Guide) -> frozenset[str]:
    text = collapse(guide.text).casefold()
    if is_chinese(guide.lang):
        return frozenset(text[at : at + 2 * SHINGLE] for at in range(len(text) - 2 * SHINGLE + 1))
    words = text.split()
    return frozenset(" ".join(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1))
