"""Which topics a text is about, and what is at stake when a draft of them is wrong.

The topics and their words live in seeds/policy.yaml; nothing here knows a topic by name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from stages.types import Stakes

HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")

BREAKS = re.compile(r"[\s\u00a0\u2010\u2011-]+")

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
    """All topics, in the order of the file, and how they are detected."""

    topics: tuple[TopicRule, ...]
    detection: Detection = field(default_factory=Detection)

    def rule(self, topic: str) -> TopicRule | None:
        """The rule of a topic id, None for a topic the policy does not know."""
        return next((rule for rule in self.topics if rule.id == topic), None)


def topics_of(text: str, policy: Policy, headings: Sequence[str] = ()) -> tuple[str, ...]:
    """Ids of the topics the text is about, the strongest first; empty when none is clear.

    headings: titles and breadcrumbs, which weigh more than running text.
    """
    text, heading = _normalise(text), _normalise("\n".join(headings))
    scores = {rule.id: _score(rule, text, heading, policy.detection) for rule in policy.topics}
    high = {rule.id for rule in policy.topics if rule.stakes is Stakes.HIGH}
    found = [id for id, score in scores.items() if score >= policy.detection.min_score]
    found.sort(key=lambda id: -scores[id])  # stable: ties keep the order of the file
    if not found:
        return ()
    floor = scores[found[0]] * policy.detection.keep_share
    return tuple(
        id
        for place, id in enumerate(found)
        if id in high or (place < policy.detection.max_topics and scores[id] >= floor)
    )


def stakes_of(topics: Iterable[str], policy: Policy) -> Stakes:
    """HIGH as soon as one of the topics is; unknown topics count as NORMAL."""
    high = {rule.id for rule in policy.topics if rule.stakes is Stakes.HIGH}
    return Stakes.HIGH if high.intersection(topics) else Stakes.NORMAL


def messages_of(topics: Iterable[str], policy: Policy, lang: str = "en") -> tuple[str, ...]:
    """What an editor reading that language should know about cards of these topics, in order."""
    rules = [rule for topic in topics if (rule := policy.rule(topic))]
    return tuple(rule.message_zh if lang.startswith("zh") else rule.message for rule in rules)


def _score(rule: TopicRule, text: str, heading: str, detection: Detection) -> float:
    """Text and heading come normalised, see `_normalise`."""
    in_heading = _count(rule, heading)
    in_text = _count(rule, text)
    score = 0.0
    for phrase in in_heading | in_text:
        is_strong = phrase in _strong(rule.patterns)
        once = detection.pattern_score if is_strong else detection.hint_score
        weight = detection.heading_weight if in_heading[phrase] else 1.0
        repeats = min(MAX_REPEATS, max(0, in_text[phrase] - 1))
        score += once * (weight + REPEAT_SHARE * repeats)
    return score


def _count(rule: TopicRule, text: str) -> Counter[str]:
    """How often each of the rule's phrases stands in the text, the longest one at each place."""
    # Plain substring search first: it rules out nearly every phrase, many times faster than `re`.
    present = tuple(p for p in _phrases(rule.patterns, rule.hints) if p in text)
    if not present:
        return Counter()
    return Counter(hit[hit.lastindex or 0] for hit in _finder(present).finditer(text))


def _normalise(text: str) -> str:
    """Small letters; white space and hyphens are one space, curly apostrophes straight."""
    return BREAKS.sub(" ", text).replace("\u2019", "'").casefold()


@lru_cache(maxsize=256)
def _strong(patterns: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_normalise(phrase) for phrase in patterns)


@lru_cache(maxsize=256)
def _phrases(patterns: tuple[str, ...], hints: tuple[str, ...]) -> tuple[str, ...]:
    """All phrases, normalised, the longest first so that `rice cereal` is not also `rice`."""
    return tuple(sorted({_normalise(p) for p in (*patterns, *hints)}, key=lambda p: (-len(p), p)))


@lru_cache(maxsize=1024)
def _finder(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """One alternation of escaped literals: matching time is linear in the text."""
    chinese = [re.escape(phrase) for phrase in phrases if HAN.search(phrase)]
    words = [re.escape(phrase) for phrase in phrases if not HAN.search(phrase)]
    parts = [f"({'|'.join(chinese)})"] if chinese else []
    if words:
        parts.append(rf"(?<![^\W_])({'|'.join(words)})(?:e?s)?(?![^\W_])")
    return re.compile("|".join(parts))
