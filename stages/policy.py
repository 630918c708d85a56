"""Which topics a text is about, and what is at stake when a draft of them is wrong.

The topics and their words live in seeds/policy.yaml; nothing here knows a topic by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import ahocorasick

from stages.types import Stakes

HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")

HYPHENS = "-\u2010\u2011"

REPEAT_SHARE = 0.5
"""What each further mention of a phrase adds, as a share of its first one."""

MAX_REPEATS = 2
"""Further mentions counted; a third one says nothing new about the topic."""


@dataclass(frozen=True, slots=True)
class TopicRule:
    """One topic: the words it is known by and what editors are told about it.

    patterns: phrases that mean this topic wherever they stand. hints: phrases that mean it in a
    heading, together with another one, or when repeated. English phrases match whole words
    (white space and hyphens alike, a plural -s or -es allowed), Chinese ones anywhere.
    message, message_zh: one or two plain sentences for the editor of a card of this topic.
    title: the topic's name by language key, `en` and `zh`.
    """

    id: str
    stakes: Stakes
    patterns: tuple[str, ...]
    message: str
    message_zh: str = ""
    hints: tuple[str, ...] = ()
    title: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Detection:
    """How detection weighs phrases.

    heading_weight multiplies a phrase that stands in a title or heading. A topic counts from
    min_score on. A topic of normal stakes is dropped when it scores less than keep_share of the
    best one, and all but the best max_topics go; topics of high stakes always stay.

    Source: hint_score and heading_weight are the best of three pairs on the 72 gold cards; one
    hint in running text must never do, one in a heading must.
    """

    pattern_score: float = 2.0
    hint_score: float = 0.8
    heading_weight: float = 2.5
    min_score: float = 2.0
    keep_share: float = 0.5
    max_topics: int = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """All topics, in the order of the file, and how they are detected.

    flag_from: the score (see `Draft`) from which a draft is flagged, at normal and at high stakes.
    """

    topics: tuple[TopicRule, ...]
    detection: Detection = field(default_factory=Detection)
    flag_from: tuple[float, float] = (0.5, 0.5)

    def rule(self, topic: str) -> TopicRule | None:
        """The rule of a topic id, None for a topic the policy does not know."""
        return next((rule for rule in self.topics if rule.id == topic), None)


def topics_of(text: str, policy: Policy, headings: Sequence[str] = ()) -> tuple[str, ...]:
    """Ids of the topics the text is about, the strongest first; empty when none is clear.

    headings: titles and breadcrumbs, which weigh more than running text.
    """
    finder = finder_of(policy)
    in_text, in_heading = finder.count(text), finder.count("\n".join(headings))
    scores = {}
    for place in sorted(in_text.keys() | in_heading.keys()):
        score = _score(in_text.get(place, {}), in_heading.get(place, {}), policy.detection)
        if score >= policy.detection.min_score:
            scores[place] = score
    if not scores:
        return ()
    best = sorted(scores, key=lambda place: -scores[place])  # stable: ties keep the file's order
    floor = scores[best[0]] * policy.detection.keep_share
    return tuple(
        policy.topics[place].id
        for rank, place in enumerate(best)
        if policy.topics[place].stakes is Stakes.HIGH
        or (rank < policy.detection.max_topics and scores[place] >= floor)
    )


def stakes_of(topics: Iterable[str], policy: Policy) -> Stakes:
    """HIGH as soon as one of the topics is; unknown topics count as NORMAL."""
    high = {rule.id for rule in policy.topics if rule.stakes is Stakes.HIGH}
    return Stakes.HIGH if high.intersection(topics) else Stakes.NORMAL


def messages_of(topics: Iterable[str], policy: Policy, lang: str = "en") -> tuple[str, ...]:
    """What an editor reading that language should know about cards of these topics, in order."""
    rules = [rule for topic in topics if (rule := policy.rule(topic))]
    return tuple(rule.message_zh if lang.startswith("zh") else rule.message for rule in rules)


def _score(in_text: Counts, in_heading: Counts, detection: Detection) -> float:
    """What one topic's phrases are worth, from how often each stands in text and headings."""
    score = 0.0
    for phrase in in_heading | in_text:
        once = detection.pattern_score if phrase.is_strong else detection.hint_score
        weight = detection.heading_weight if phrase in in_heading else 1.0
        repeats = min(MAX_REPEATS, max(0, in_text.get(phrase, 0) - 1))
        score += once * (weight + REPEAT_SHARE * repeats)
    return score


def _normalise(text: str) -> str:
    """Small letters; white space and hyphens are one space, curly apostrophes straight."""
    for sign in HYPHENS:
        text = text.replace(sign, " ")
    return " ".join(text.split()).replace("\u2019", "'").casefold()


# --- finding phrases ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Phrase:
    """A normalised phrase of one topic. topic: its place in the policy. is_word: it matches whole
    words, as all phrases without Han characters do.
    """

    text: str
    topic: int
    is_strong: bool
    is_word: bool


Counts = dict[_Phrase, int]
_Hit = tuple[int, bool, int, int, _Phrase]  # start, is_word, -length, end, phrase


class _Finder:
    """All phrases of a policy in one automaton: a text is read once, however many there are."""

    def __init__(self, policy: Policy) -> None:
        by_text: dict[str, list[_Phrase]] = {}
        for place, rule in enumerate(policy.topics):
            strong = {_normalise(phrase) for phrase in rule.patterns}
            for text in strong | {_normalise(phrase) for phrase in rule.hints}:
                is_word = HAN.search(text) is None
                phrase = _Phrase(text, place, text in strong, is_word)
                by_text.setdefault(text, []).append(phrase)
        self._automaton = ahocorasick.Automaton()
        for text, phrases in by_text.items():
            if text:
                self._automaton.add_word(text, (len(text), phrases[0].is_word, phrases))
        self._automaton.make_automaton()
        self._is_empty = not len(self._automaton)

    def count(self, text: str) -> dict[int, Counts]:
        """How often each phrase stands in the text, by topic: of phrases of one topic that overlap
        the first one counts, of those that start together the longest.
        """
        if self._is_empty:
            return {}
        text = _normalise(text)
        by_topic: dict[int, list[_Hit]] = {}
        for last, (size, is_word, phrases) in self._automaton.iter(text):
            start, end = last + 1 - size, last + 1
            if is_word:
                if start and text[start - 1].isalnum():
                    continue
                if text[end : end + 1].isalnum():
                    end = _plural_end(text, end)
                    if not end:
                        continue
            for phrase in phrases:
                hit = (start, is_word, -size, end, phrase)
                by_topic.setdefault(phrase.topic, []).append(hit)
        return {topic: _count_first(hits) for topic, hits in by_topic.items()}


def _plural_end(text: str, end: int) -> int:
    """Where a word that goes on behind a phrase ends, if that is a plural -s or -es; else 0."""
    for ending in ("s", "es"):
        after = end + len(ending)
        if text.startswith(ending, end) and not text[after : after + 1].isalnum():
            return after
    return 0


def _count_first(hits: list[_Hit]) -> Counts:
    if len(hits) > 1:
        hits.sort(key=lambda hit: hit[:3])
    counts: Counts = {}
    done = 0
    for start, _, _, end, phrase in hits:
        if start >= done:
            counts[phrase] = counts.get(phrase, 0) + 1
            done = end
    return counts


_MAX_FINDERS = 8
_finders: dict[int, tuple[Policy, _Finder]] = {}


def finder_of(policy: Policy) -> _Finder:
    """The policy's finder, built once. Keyed by identity: hashing thousands of phrases for every
    card would cost more than finding them.
    """
    known = _finders.get(id(policy))
    if known and known[0] is policy:
        return known[1]
    if len(_finders) >= _MAX_FINDERS:
        _finders.clear()
    finder = _Finder(policy)
    _finders[id(policy)] = policy, finder
    return finder
