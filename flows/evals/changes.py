"""Where a corrupted text departs from its faithful partner, and whether a finding points there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from stages.cook.align import best_match, content_tokens
from stages.cook.facts import language_key
from stages.text import is_chinese, split_sentences
from stages.types import Card, Finding, Span

_WORD = re.compile(r"\w+|[^\w\s]")
_SIGN = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Changes:
    """in_text: ranges of the corrupted text that are new; a deletion leaves the range from the
    word before it to the word after it. in_card: the card's sentences that say what the faithful
    text said there.
    """

    in_text: tuple[Span, ...]
    in_card: tuple[Span, ...]


def find_changes(card: Card, faithful: str, corrupted: str) -> Changes:
    """The changed words of a corrupted text: a word diff, of signs for Chinese."""
    before, after = _words(faithful, card.lang), _words(corrupted, card.lang)
    matcher = SequenceMatcher(
        None,
        [faithful[start:end] for start, end in before],
        [corrupted[start:end] for start, end in after],
        autojunk=False,
    )
    in_text, lost = [], []
    for kind, low, high, new_low, new_high in matcher.get_opcodes():
        if kind == "equal":
            continue
        in_text.append(_range(after, new_low, new_high, len(corrupted)))
        if high > low:
            lost.append((before[low][0], before[high - 1][1]))
    return Changes(tuple(in_text), _sources_of(card, faithful, lost))


def is_localised(findings: Iterable[Finding], changes: Changes) -> bool:
    """Whether one of the findings overlaps the changed words.

    A finding about words of the draft counts there alone. One about something missing points only
    into the card, and counts when it overlaps a sentence the lost words rest on.
    """
    return any(
        _touches(finding.draft_span, changes.in_text)
        if finding.draft_span is not None
        else _touches(finding.card_span, changes.in_card)
        for finding in findings
    )


def _words(text: str, lang: str) -> list[Span]:
    pattern = _SIGN if is_chinese(lang) else _WORD
    return [match.span() for match in pattern.finditer(text)]


def _range(words: list[Span], low: int, high: int, size: int) -> Span:
    if high > low:
        return words[low][0], words[high - 1][1]
    return (words[low - 1][0] if low else 0), (words[low][1] if low < len(words) else size)


def _sources_of(card: Card, faithful: str, lost: list[Span]) -> tuple[Span, ...]:
    """The card's sentence most like each faithful sentence that lost words."""
    language = language_key(card.lang)
    source = split_sentences(card.text, card.lang)
    of_card = [content_tokens(sentence.text, language) for sentence in source]
    found = []
    for sentence in split_sentences(faithful, card.lang):
        if not _touches((sentence.start, sentence.end), lost):
            continue
        at, _ = best_match(content_tokens(sentence.text, language), of_card)
        if at >= 0:
            found.append((source[at].start, source[at].end))
    return tuple(found)


def _touches(span: Span | None, others: Iterable[Span]) -> bool:
    return span is not None and any(span[0] < end and start < span[1] for start, end in others)
