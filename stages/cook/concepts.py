"""Which things a text speaks of, whatever name it calls them by, and how they relate.

The things and their names live in tones/lexicon/; nothing here knows a concept by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import ahocorasick

from stages.cook.concept_files import LANGUAGES, Concept, Lexicon, normalise, read_lexicon


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a text names a concept. start, end: offsets in that text."""

    concept: str
    kind: str
    start: int
    end: int


def find_concepts(text: str, language: str) -> tuple[Mention, ...]:
    """Every concept the text names, in reading order; of names that overlap the longest counts.

    language: `en` or `zh`, for simplified and traditional alike. English names match whole words
    in any inflection, hyphens and white space alike; Chinese ones anywhere. Raises ConfigError
    when the thesaurus cannot be read.
    """
    return _finder(language).find(text)


def concept(id: str) -> Concept:
    """The concept of that id. Raises KeyError for an id the thesaurus does not know."""
    return lexicon().concepts[id]


def same_family(a: str, b: str) -> bool:
    """Whether two ids are equal or one is broader than the other, through any number of steps."""
    families = lexicon().families
    return a in families[b] or b in families[a]


def are_rivals(a: str, b: str) -> bool:
    """Whether one must not stand in for the other: of one exclusive group, but not family."""
    rivals = lexicon().rivals
    shared = rivals.get(a, frozenset()) & rivals.get(b, frozenset())
    return bool(shared) and not same_family(a, b)


def are_opposites(a: str, b: str) -> bool:
    """Whether the two, said of the same thing, contradict one another."""
    return (a, b) in lexicon().opposites


@lru_cache(maxsize=2048)  # the sentences of a card are read for each of its drafts
def simplified(text: str) -> str:
    """Chinese text with its traditional characters as simplified ones: same length, same offsets.

    What has no entry in tones/lexicon/characters.yaml stays as it is.
    """
    return text.translate(_han())


@lru_cache(maxsize=1)
def _han() -> Mapping[int, int]:
    return {sign: plain for sign, plain in lexicon().characters.items() if _is_han(sign)}


def _is_han(sign: int) -> bool:
    return 0x3400 <= sign <= 0x9FFF


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The thesaurus, read once. Raises ConfigError as `read_lexicon` does."""
    return read_lexicon()


@lru_cache(maxsize=len(LANGUAGES))
def _finder(language: str) -> Finder:
    return Finder(lexicon(), language)


class Finder:
    """All names of one language in one automaton: a text is read once, however many there are."""

    def __init__(self, words: Lexicon, language: str) -> None:
        self._characters: Mapping[int, int] = words.characters
        self._automaton = ahocorasick.Automaton()
        for name, id in words.names[language].items():
            kind = words.concepts[id].kind if id else ""
            self._automaton.add_word(name, (len(name), id, kind))
        self._automaton.make_automaton()

    def find(self, text: str) -> tuple[Mention, ...]:
        """As `find_concepts`."""
        read = normalise(text, self._characters)
        back = None
        if "  " in read:
            read, back = _collapse(read)
        hits = []
        for last, (size, id, kind) in self._automaton.iter(read):
            start = last + 1 - size
            if not (_is_inside_word(read, start) or _is_inside_word(read, last + 1)):
                hits.append((-size, start, id, kind))
        taken = bytearray(len(read))
        found = []
        for size, start, id, kind in sorted(hits):
            end = start - size
            if taken.find(1, start, end) < 0:
                taken[start:end] = b"\1" * -size
                if id:
                    found.append((start, end, id, kind))
        if back is not None:
            found = [(back[start], back[end - 1] + 1, id, kind) for start, end, id, kind in found]
        return tuple(Mention(id, kind, start, end) for start, end, id, kind in sorted(found))


def _is_inside_word(text: str, at: int) -> bool:
    """Whether a Latin word goes on across that place; Chinese characters stand for themselves."""
    return 0 < at < len(text) and _is_latin(text[at]) and _is_latin(text[at - 1])


def _is_latin(sign: str) -> bool:
    return sign.isalnum() and sign < "\u2e80"


def _collapse(text: str) -> tuple[str, list[int]]:
    """Text with single spaces, and for each of its characters where it stood."""
    back = [at for at, sign in enumerate(text) if sign != " " or not at or text[at - 1] != " "]
    return "".join(text[at] for at in back), back
