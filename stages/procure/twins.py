"""Two addresses of one guide: print versions, trailing slashes, mirrors without rel=canonical."""

from __future__ import annotations

from collections import Counter

from stages.chop.asides import why_line
from stages.chop.match import weights_of
from stages.chop.sketch import SKETCH_BYTES, sketch
from stages.text import collapse, is_chinese
from stages.types import Guide

SHINGLE = 4
"""Words (Han: characters times two) in a shingle; long enough to be a phrase of its own."""

TWIN_SHARE = 0.9
"""Least share of shingles in common. Copies of one page stayed above .97 with changed menus and
dates; different guides of one publisher on one subject below .15 (sample site, women's health)."""


_BAND_BYTES = 32
"""Eight of a sketch's 128 values. Twins have nine of ten shingles in common: that none of their 16
bands is equal happens to one pair in 10,000; of guides half alike one pair in 16 has one."""


class LookAlikes:
    """Guides of a source by what they say, to find the few that are worth comparing."""

    def __init__(self) -> None:
        self._ids: dict[bytes, set[str]] = {}

    def add(self, guide_id: str, text: str, lang: str) -> None:
        for band in _bands(text, lang):
            self._ids.setdefault(band, set()).add(guide_id)

    def find(self, text: str, lang: str) -> tuple[str, ...]:
        """Ids of the guides that may be twins of a text, in order."""
        return tuple(sorted({id for band in _bands(text, lang) for id in self._ids.get(band, ())}))


def _bands(text: str, lang: str) -> list[bytes]:
    whole = sketch(text, lang)
    # A band is equal only in its own place.
    return [
        at.to_bytes(2, "little") + whole[at : at + _BAND_BYTES]
        for at in range(0, SKETCH_BYTES, _BAND_BYTES)
    ]


def is_near_duplicate(one: Guide, other: Guide) -> bool:
    """Whether two guides say the same in nearly the same words.

    Never when they differ in a number, a negation or a condition: the dose for a baby and the dose
    for a toddler stand on pages that are alike but for that. Dates and credits do not count.
    """
    a, b = _shingles(one), _shingles(other)
    if not a or not b:
        return one.text == other.text
    return len(a & b) >= TWIN_SHARE * len(a | b) and _own_weights(one, other) == _own_weights(
        other, one
    )


def _own_weights(guide: Guide, other: Guide) -> Counter[tuple[str, ...]]:
    """Numbers, negations and conditions in what a guide says and the other does not."""
    shared = {block.text for block in other.blocks}
    own = [
        block.text
        for block in guide.blocks
        if block.text not in shared and not why_line(block.text, guide.lang)
    ]
    return weights_of("\n".join(own), guide.lang, (guide.title,))


def _shingles(guide: Guide) -> frozenset[str]:
    text = collapse(guide.text).casefold()
    if is_chinese(guide.lang):
        return frozenset(text[at : at + 2 * SHINGLE] for at in range(len(text) - 2 * SHINGLE + 1))
    words = text.split()
    return frozenset(" ".join(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1))
