"""How long a text is, in one measure for both languages."""

from __future__ import annotations

from stages.text import count_words, is_chinese

HAN_PER_WORD = 1.6
"""Han characters that carry about as much as one English word: 192 to 120."""

MIN_WORDS, MAX_WORDS = 40.0, 120.0
"""A card's length in English words (check 2 of `checks.py`)."""

STUB_WORDS = 15.0
"""Even a whole section is no card of its own below this (check 2 of `checks.py`)."""


def weigh(text: str, lang: str) -> float:
    """Length of a text in English words; for Chinese, Han characters over `HAN_PER_WORD`."""
    words = count_words(text, lang)
    return words / HAN_PER_WORD if is_chinese(lang) else float(words)
