"""Draft sentences that keep nearly all words of what they cite: every changed word is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from stages.cook import lexicon
from stages.cook.clauses import plain_words, with_broader
from stages.cook.concepts import (
    Mention,
    are_opposites,
    are_rivals,
    find_concepts,
    same_family,
)
from stages.types import Finding, Severity, Span

CLOSE = 0.6
"""Share of words two sentences have in common, in order, for a change of one to be worth a look.
Our own drafts of 72 gold cards lie above .8 unless a sentence was rewritten as a whole."""

_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*|\d+(?:[.,]\d+)*|[\u3400-\u9fff]")
_NAMED_KINDS = frozenset({"medicine", "vaccine", "nutrient", "substance"})
_FREE_KINDS = frozenset({"amount", "idea", "quality", "life_stage", "person"})


@dataclass(frozen=True, slots=True)
class _Change:
    """Words of the source that are gone and words of the draft that stand there instead. lost and
    new: their ranges in the two texts.
    """

    gone: str
    come: str
    lost: Span
    new: Span


def check_close(
    source: str, text: str, shared: str, start: int, card_span: Span, language: str
) -> Iterator[Finding]:
    """Findings on one sentence. source: the sentences it cites. shared: all draft sentences that
    cite any of the same, with the heads of the lists they stand in, since a sentence may be split.
    start: of the sentence in the draft.
    """
    span = (start, start + len(text))
    told = False
    for phrase in _lost_conditions(source, shared, language):
        told = True
        message = f"The card's “{phrase}” is gone; it says when or for whom this holds."
        yield Finding("condition_cited", Severity.MAJOR, message, span, card_span)
    source_concepts = find_concepts(source, language)
    text_concepts = find_concepts(text, language)
    for change in _changes(source, text):
        found = _judge(change, source, text, shared, source_concepts, text_concepts, language)
        if found and not (found[0] == "condition_cited" and told):
            check, severity, message = found
            a, b = change.new if change.new[1] > change.new[0] else (0, len(text))
            yield Finding(check, severity, message, (start + a, start + b), card_span)


_CONDITION = {
    "en": re.compile(
        r"\b(?:only if|unless|except|provided|as long as|if|until|when|once|before|after|while|"
        r"without|under|over)\s[^.;:!?,()\n]{4,120}",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"(?:如果|如|若|除非|只有|当|當|仅在|僅在|仅限|僅限|在医生|在醫生|遵医嘱|遵醫囑|经医生|經醫生|未满|未滿)"
        r"[^。；，,;！？\n]{2,40}"
    ),
}
_LIMITING = {
    "en": re.compile(
        r"\b(?:only|unless|except|provided|if|until|when|once|before|after|while|without|under|over)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"如果|若|除非|只有|仅|僅|未满|未滿|满|滿|时|時|前|后|後|者"),
}
COVERED = 0.25
"""Share of a condition's words a draft keeps at least when it keeps the condition."""


def _lost_conditions(source: str, shared: str, language: str) -> Iterator[str]:
    """Conditions of the source of which nothing stands in the draft any more."""
    words = plain_words(shared, language)
    concepts = with_broader(frozenset(m.concept for m in find_concepts(shared, language)))
    for match in _CONDITION[language].finditer(source):
        wanted = plain_words(match[0], language)
        named = {m.concept for m in find_concepts(match[0], language)}
        kept = len(wanted & words) + len(named & concepts)
        total = len(wanted) + len(named)
        if total and kept <= COVERED * total and match[0].lower() not in shared.lower():
            yield match[0].strip()


def _changes(source: str, text: str) -> list[_Change]:
    """What differs; nothing when the two are too unlike for a change to mean anything."""
    a = [m.span() for m in _WORD.finditer(source)]
    b = [m.span() for m in _WORD.finditer(text)]
    if not a or not b:
        return []
    matcher = SequenceMatcher(
        None,
        [source[x:y].lower() for x, y in a],
        [text[x:y].lower() for x, y in b],
        autojunk=False,
    )
    blocks = matcher.get_opcodes()
    kept = sum(high - low for kind, low, high, _, _ in blocks if kind == "equal")
    # "Good to know: ..." in front of a sentence makes it no less alike.
    opening = blocks[0][4] if blocks[0][0] != "equal" else 0
    if kept < CLOSE * min(len(a), max(1, len(b) - opening)):
        return []
    return [
        _Change(
            _piece(source, a, low, high),
            _piece(text, b, left, right),
            _reach(a, low, high),
            _reach(b, left, right),
        )
        for kind, low, high, left, right in blocks
        if kind != "equal"
    ]


def _piece(text: str, words: Sequence[Span], low: int, high: int) -> str:
    return text[words[low][0] : words[high - 1][1]] if high > low else ""


def _reach(words: Sequence[Span], low: int, high: int) -> Span:
    if high > low:
        return words[low][0], words[high - 1][1]
    at = words[low][0] if low < len(words) else words[-1][1]
    return at, at


def _judge(
    change: _Change,
    source: str,
    text: str,
    shared: str,
    source_concepts: Sequence[Mention],
    text_concepts: Sequence[Mention],
    language: str,
) -> tuple[str, Severity, str] | None:
    """Check, severity and message of a change that matters, None for one that does not."""
    no_gone, no_come = _denials(change.gone, language), _denials(change.come, language)
    if no_gone != no_come and _denials(source, language) != _denials(text, language):
        if no_gone > no_come and _denials(shared, language) < _denials(source, language):
            return "prohibition_cited", Severity.CRITICAL, f"The card's “{change.gone}” is gone."
        if no_come > no_gone:
            message = f"“{change.come}” turns round what the card says."
            return "negation_added_cited", Severity.CRITICAL, message
    swapped = _swapped(change, source_concepts, text_concepts, shared, language)
    if swapped:
        return swapped
    limits = _LIMITING[language]
    if (
        limits.search(change.gone)
        and not limits.search(change.come)
        and change.gone.lower() not in shared.lower()
    ):
        message = f"The card's “{change.gone}” is gone; it says when or for whom this holds."
        return "condition_cited", Severity.MAJOR, message
    hedged = lexicon.DOUBT[language].search(change.gone)
    if hedged and not lexicon.HEDGE[language].search(change.come):
        return "certainty_cited", Severity.MAJOR, f"The card says “{hedged[0]}”; the draft is sure."
    return None


_NO = {
    "en": re.compile(
        r"\b(?:not|no|never|none|nor|neither|without|cannot|avoid\w*)\b|n['’]t\b", re.IGNORECASE
    ),
    "zh": re.compile(r"[不别別勿忌禁无無未没沒免]"),
}


def _denials(text: str, language: str) -> int:
    return len(_NO[language].findall(text))


def _swapped(
    change: _Change,
    source_concepts: Sequence[Mention],
    text_concepts: Sequence[Mention],
    shared: str,
    language: str,
) -> tuple[str, Severity, str] | None:
    """A thing of the card that is gone where the draft names one the cited sentence does not."""
    come = [m for m in text_concepts if _overlaps(m, change.new)]
    gone = [m for m in source_concepts if _overlaps(m, change.lost)]
    message = f"The draft says “{change.come}” where the card says “{change.gone}”."
    for new in come:
        for old in gone:
            if are_rivals(new.concept, old.concept) or are_opposites(new.concept, old.concept):
                return "entity_cited", Severity.MAJOR, message
        if any(same_family(new.concept, m.concept) for m in source_concepts):
            continue
        if any(old.kind not in _FREE_KINDS for old in gone):
            return "entity_cited", Severity.MAJOR, message
        if new.kind in _NAMED_KINDS:
            text = f"The cited sentence does not mention “{change.come}”."
            return "entity_cited", Severity.MAJOR, text
    kept = {m.concept for m in find_concepts(shared, language)}
    lost = [m for m in gone if not any(same_family(m.concept, k) for k in kept)]
    if change.come and not come and any(m.kind not in _FREE_KINDS for m in lost):
        return "entity_cited", Severity.MAJOR, message
    return None


def _overlaps(mention: Mention, span: Span) -> bool:
    return mention.start < span[1] and span[0] < mention.end
