"""Whether a draft repeats what the model was told instead of what the card says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from stages.text import is_chinese
from stages.types import Card
from tones.load import House, Tone

LETTERS, HAN = 48, 18
"""How many letters, or characters of a Chinese text, in the very same order are no coincidence:
about ten words. Shorter, and a turn of phrase a tone's guide recommends would count."""


def instruction_grams(card: Card, tones: Sequence[Tone], house: House) -> frozenset[str]:
    """Every run of so many letters of our instructions, but for what a draft may well say: the
    card's own words and the lines a tone asks for.
    """
    size = _size(card.lang)
    told = (house.system, house.tone_guide, house.card, *(_guides(tone) for tone in tones))
    grams = _grams_of(told, size)
    return (
        grams
        - _grams_of((card.text, *card.breadcrumbs, card.title), size)
        - _grams_of(tuple(_allowed(tone) for tone in tones), size)
    )


def find_leak(text: str, grams: frozenset[str], lang: str) -> bool:
    """Whether text holds one of the grams."""
    return not grams.isdisjoint(_cut(text, _size(lang)))


def _size(lang: str) -> int:
    return HAN if is_chinese(lang) else LETTERS


def _guides(tone: Tone) -> str:
    return "\n".join(tone.guide.values())


def _allowed(tone: Tone) -> str:
    lines = (line for by in (tone.hooks, tone.closers) for topics in by.values()
             for some in topics.values() for line in some)  # fmt: skip
    phrases = (phrase for some in tone.required_phrases.values() for phrase in some)
    return "\n".join((*tone.disclaimer.values(), *lines, *phrases))


@lru_cache(maxsize=64)
def _grams_of(texts: tuple[str, ...], size: int) -> frozenset[str]:
    return frozenset(gram for text in texts for gram in _cut(text, size))


def _cut(text: str, size: int) -> set[str]:
    bare = "".join(filter(str.isalnum, text.casefold()))
    return {bare[at : at + size] for at in range(len(bare) - size + 1)}
