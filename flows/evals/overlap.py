"""How much of a page's gold text an extractor found: multiset overlap of runs of four tokens."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

GRAM = 4

_TOKEN = re.compile(r"[\u4e00-\u9fff]|\w+")


@dataclass(frozen=True, slots=True)
class Overlap:
    """Of one page, 0..1 each."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def tokens(text: str) -> list[str]:
    """Words of spaced languages and single Han characters, in small letters.

    A run of word characters that begins with a letter or digit is one token with the Han
    characters inside it (`3个月`). This reading, with `measure_overlap`, is the one under which
    trafilatura 2.3.1 with default settings has F1 .874 on the 52 pages of the extraction corpus
    and .858 on the 12 Chinese ones of them; counting every Han character alone gives .875 / .860,
    dropping repeats of a gram .881 / .864.
    """
    return _TOKEN.findall(text.lower())


def measure_overlap(gold: str, found: str) -> Overlap:
    """Multiset 4-gram overlap of the text found with the gold text.

    Precision: share of found 4-grams that are gold ones, each counted as often as gold has it;
    recall: share of gold 4-grams found. A text of fewer than four tokens is one gram.
    """
    wanted, got = _grams(tokens(gold)), _grams(tokens(found))
    both = (wanted & got).total()
    return Overlap(
        both / got.total() if got else float(not wanted),
        both / wanted.total() if wanted else 1.0,
    )


def _grams(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    if not words:
        return Counter()
    last = max(1, len(words) - GRAM + 1)
    return Counter(tuple(words[at : at + GRAM]) for at in range(last))
