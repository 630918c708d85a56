"""A text cut into clauses, each with the words that carry its meaning: cards and drafts alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from stages.cook.align import is_stop, stem
from stages.cook.concepts import Mention, find_concepts, lexicon, simplified
from stages.cook.facts import CardReading
from stages.types import Span

_EN_WORD = re.compile(r"[A-Za-z][A-Za-z'’]+")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_CUT = {
    "en": re.compile(
        r"[;:()\[\]—–•\n]+|,\s+(?:but|then|so|and|or|yet|while|though|although|because|which|"
        r"if|unless|when|until|since)\b|\s[-–—]+\s|,\s"
    ),
    "zh": re.compile(r"[，；：。！？,;:!?()（）\n—•]+"),
}
MIN_WORDS = {"en": 3, "zh": 2}
"""Words of meaning a clause needs to stand alone; a shorter one joins the clause before it."""


@dataclass(frozen=True)
class Clause:
    """A piece of one sentence. text: as it stands there, Chinese in simplified characters.
    sentence: its number in the text, from 0. words: stems (English) or characters (Chinese) that
    no concept covers; concepts: ids of what it names.
    """

    text: str
    start: int
    end: int
    sentence: int
    words: frozenset[str]
    mentions: tuple[Mention, ...]

    @property
    def span(self) -> Span:
        return self.start, self.end

    @cached_property
    def concepts(self) -> frozenset[str]:
        return frozenset(mention.concept for mention in self.mentions)

    @cached_property
    def side(self) -> Side:
        """The clause as something others are held against."""
        return Side.of([self])

    @property
    def size(self) -> int:
        return len(self.words) + len(self.concepts)


CONCEPT_WEIGHT = 1.5
"""What a shared concept counts beside a shared word."""


@dataclass(frozen=True, slots=True)
class Side:
    """Clauses seen as one: a sentence, or a whole text. family: its concepts and all broader."""

    words: frozenset[str]
    concepts: frozenset[str]
    family: frozenset[str]

    @classmethod
    def of(cls, clauses: Sequence[Clause]) -> Side:
        words = frozenset().union(*(c.words for c in clauses))
        concepts = frozenset().union(*(c.concepts for c in clauses))
        return cls(words, concepts, with_broader(concepts))

    def cover(self, clause: Clause) -> float:
        """Share of the clause's words and concepts that stand here, 0..1."""
        mass = mass_of(clause)
        return overlap(clause, self) / mass if mass else 1.0

    @property
    def mass(self) -> float:
        return len(self.words) + CONCEPT_WEIGHT * len(self.concepts)


def mass_of(clause: Clause) -> float:
    """How much a clause has to say."""
    return len(clause.words) + CONCEPT_WEIGHT * len(clause.concepts)


def is_named(concept: str, side: Side) -> bool:
    """Whether the side names the concept, a broader or a narrower one."""
    return concept in side.family or not side.concepts.isdisjoint(
        with_broader(frozenset({concept}))
    )


def overlap(clause: Clause, side: Side) -> float:
    """What clause and side share."""
    shared = len(clause.words & side.words)
    if not clause.concepts or not side.concepts:
        return shared
    named = clause.concepts & side.family
    rest = clause.concepts - named if len(named) < len(clause.concepts) else ()
    narrower = sum(not side.concepts.isdisjoint(_broader(concept)) for concept in rest)
    return shared + CONCEPT_WEIGHT * (len(named) + narrower)


def _broader(concept: str) -> frozenset[str]:
    return lexicon().families[concept]


@dataclass(frozen=True, eq=False)
class Text:
    """A card's or draft's text as the comparison sees it; one object, read once."""

    reading: CardReading
    clauses: tuple[Clause, ...]
    heading: tuple[Clause, ...] = ()
    extra: str = ""

    @cached_property
    def side(self) -> Side:
        """All clauses seen as one."""
        return Side.of(self.clauses)

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """In how many sentences each word and concept stands."""
        return Counter(
            token
            for clauses in self.by_sentence
            for token in frozenset().union(*(c.words | c.concepts for c in clauses))
        )

    @cached_property
    def by_sentence(self) -> tuple[tuple[Clause, ...], ...]:
        found: list[list[Clause]] = [[] for _ in self.reading.sentences]
        for clause in self.clauses:
            found[clause.sentence].append(clause)
        return tuple(map(tuple, found))


@lru_cache(maxsize=512)
def with_broader(concepts: frozenset[str]) -> frozenset[str]:
    """The concepts with all broader ones."""
    families = lexicon().families
    return concepts.union(*(families[c] for c in concepts))


def read_clauses(reading: CardReading) -> Text:
    """The clauses of a text that is read already; planted instructions have none."""
    language = reading.language
    mentions = find_concepts(reading.text, language)
    text = simplified(reading.text) if language == "zh" else reading.text
    found: list[Clause] = []
    for number, sentence in enumerate(reading.sentences):
        if sentence.id in reading.planted:
            continue
        held: Span | None = None
        pieces = _pieces(sentence.text, sentence.start, language)
        first = len(found)
        for start, end in pieces:
            begin = held[0] if held else start
            clause = _clause(text, begin, end, number, mentions, language)
            if clause.size < MIN_WORDS[language]:
                if len(found) > first:
                    last = found.pop()
                    found.append(_clause(text, last.start, end, number, mentions, language))
                    held = None
                else:
                    held = (begin, end)
                continue
            found.append(clause)
            held = None
        if held:
            found.append(_clause(text, *held, number, mentions, language))
    return Text(reading, tuple(found))


def _pieces(text: str, offset: int, language: str) -> Iterable[Span]:
    begin = 0
    for match in _CUT[language].finditer(text):
        # A joining word stays with what it begins.
        sign = re.match(r"[\W_]+", match[0])
        cut = match.start() + (sign.end() if sign else 0)
        if text[begin : match.start()].strip():
            yield offset + begin, offset + match.start()
        begin = cut
    if text[begin:].strip():
        yield offset + begin, offset + len(text)


def _clause(
    text: str, start: int, end: int, sentence: int, mentions: Sequence[Mention], language: str
) -> Clause:
    while start < end and text[start].isspace():
        start += 1
    inside = tuple(m for m in mentions if start <= m.start < end)
    return Clause(
        text[start:end], start, end, sentence, _words(text, start, end, inside, language), inside
    )


def _words(
    text: str, start: int, end: int, inside: Sequence[Mention], language: str
) -> frozenset[str]:
    """Words of meaning between the mentions."""
    found: set[str] = set()
    at = start
    for a, b in (*((m.start, m.end) for m in inside), (end, end)):
        if a > at:
            found |= plain_words(text[at:a], language)
        at = max(at, b)
    return frozenset(found)


@lru_cache(maxsize=8192)
def plain_words(piece: str, language: str) -> frozenset[str]:
    """What of a piece says something: stems (English) or characters (Chinese, whose rewrites keep
    one character of a word more often than the word).
    """
    found = set()
    for word in _EN_WORD.findall(piece.lower()):
        if not is_stop(word, "en"):
            found.add(stem(word))
    if language == "zh":
        for run in _HAN_RUN.findall(piece):
            for word in _segment(run):
                if not is_stop(word, "zh"):
                    found.update(sign for sign in word if not is_stop(sign, "zh"))
    return frozenset(found)


def _segment(run: str) -> list[str]:
    import rjieba  # .1 s for its dictionary, which English cards never need

    return list(rjieba.cut(run))


def sentence_text(text: Text, n: int) -> str:
    """The sentence of that number, from 0."""
    return _shown(text, text.reading.sentences[n].text)


def _shown(text: Text, part: str) -> str:
    """Part of the text as cues are looked up in: Chinese in simplified characters."""
    return simplified(part) if text.reading.language == "zh" else part


def lead_text(text: Text, n: int) -> str:
    """The lead-in line the sentence stands under, '' for none."""
    lead = text.reading.lead_ins.get(text.reading.sentences[n].id)
    return _shown(text, lead.text) if lead else ""


def around(text: Text, n: int) -> str:
    """The sentence with its neighbours and lead-in."""
    sentences = text.reading.sentences
    near = " ".join(s.text for s in sentences[max(0, n - 1) : n + 2])
    return f"{lead_text(text, n)} {_shown(text, near)}"


def head_text(text: Text, n: int) -> str:
    """The last line that stands over a list the sentence is an item of, bulleted or not."""
    source = text.reading.text
    for before in range(n - 1, max(-1, n - 9), -1):
        sentence = text.reading.sentences[before]
        if sentence.text.rstrip().endswith(("?", "？", ":", "：")):
            return _shown(text, sentence.text)
        if "\n\n" in source[sentence.end : text.reading.sentences[before + 1].start]:
            return ""
    return ""
