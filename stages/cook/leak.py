"""Whether a draft repeats what the model was told instead of what the card says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from stages.text import is_chinese
from stages.types import Card
from tones.load import House, Tone

LETTERS, HAN = 48, 18
"""How many letters, or characters of a Chinese text, in the very same order are no coincidence:
about ten words. Shorter, and a turn of phrase a tone's guide recommends would count."""


@dataclass(frozen=True, slots=True)
class Told:
    """Our instructions for one call, and what a draft may say although it stands in them: the
    card's own words, and the lines a tone asks for.
    """

    instructions: tuple[str, ...]
    may_say: tuple[str, ...]
    lang: str


def what_is_told(card: Card, tones: Sequence[Tone], house: House) -> Told:
    """What the model is told about the card in these tones, without the tones' examples."""
    guides = (guide for tone in tones for guide in tone.guide.values())
    lines = (line for tone in tones for line in _lines(tone))
    return Told(
        (house.system, house.tone_guide, house.card, *guides),
        (card.text, *card.breadcrumbs, card.title, *lines),
        card.lang,
    )


def is_leak(text: str, told: Told) -> bool:
    """Whether text repeats a run of our instructions."""
    size = HAN if is_chinese(told.lang) else LETTERS
    grams = _cut(text, size)
    shared = {gram for one in told.instructions for gram in grams & _grams(one, size)}
    return bool(shared) and not shared <= {g for one in told.may_say for g in _cut(one, size)}


def _lines(tone: Tone) -> list[str]:
    by_topic = [topics for by in (tone.hooks, tone.closers) for topics in by.values()]
    lines = [line for topics in by_topic for some in topics.values() for line in some]
    phrases = [phrase for some in tone.required_phrases.values() for phrase in some]
    return [*tone.disclaimer.values(), *lines, *phrases]


@lru_cache(maxsize=64)
def _grams(text: str, size: int) -> frozenset[str]:
    return frozenset(_cut(text, size))


def _cut(text: str, size: int) -> set[str]:
    """Every run of so many letters and digits, whatever stands between them."""
    bare = "".join(filter(str.isalnum, text.casefold()))
    return {bare[at : at + size] for at in range(len(bare) - size + 1)}
