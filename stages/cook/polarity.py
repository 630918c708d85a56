"""What a text denies and what it asserts: for each thing it names, whether the words around it say
no to that thing, so that a rule and its rewrite are compared thing by thing, in any idiom.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from stages.cook import cues, lexicon
from stages.cook.align import is_stop, stem
from stages.cook.clauses import Clause, Text, head_text, lead_text, sentence_text, with_broader
from stages.cook.concepts import lexicon as thesaurus
from stages.cook.facts import is_alarm, is_prohibition
from stages.cook.standing import stands
from stages.types import Span

PLAIN, ROUNDABOUT, IN_SENTENCE, NEAR = 1.0, 0.7, 0.5, 0.1
"""How surely a thing is denied: by plain words that govern it; by a roundabout no in its own part
of the sentence; by any no in the sentence; by one in a sentence beside it.
"""


@dataclass(frozen=True, slots=True)
class Stance:
    """One place where a text names a thing. token: concept id or word. denied: 0..1, as above.
    forbidden: whether a rule against it governs it.
    """

    token: str
    denied: float
    forbidden: bool


def stances(text: Text, wanted: frozenset[str]) -> tuple[tuple[Stance, ...], ...]:
    """For each clause of the text the stance on each thing of the wanted families it names, in
    reading order.
    """
    return tuple(
        tuple(
            Stance(token, scope.level(start, end), scope.forbids(start, end))
            for token, start, end, scope in group
        )
        for group in _named(text, wanted)
    )


def _named(
    text: Text, wanted: frozenset[str] | None = None
) -> Iterator[list[tuple[str, int, int, _Scope]]]:
    """By clause the things it names, with the denials around them; all things when None."""
    language = text.reading.language
    scopes: dict[int, _Scope] = {}
    for clause in text.clauses:
        n = clause.sentence
        group = []
        for token, start, end in _places(clause, language):
            if wanted is not None and wanted.isdisjoint(_family(token)):
                continue
            if n not in scopes:
                scopes[n] = _scope(text, n, language)
            group.append((token, start, end, scopes[n]))
        yield group


def _places(clause: Clause, language: str) -> Iterator[tuple[str, int, int]]:
    covered = [(m.start, m.end) for m in clause.mentions]
    for m in clause.mentions:
        yield m.concept, m.start, m.end
    if language == "zh":
        for word in sorted(clause.words):
            at = clause.text.find(word)
            if at >= 0:
                yield word, clause.start + at, clause.start + at + len(word)
        return
    for match in _WORD.finditer(clause.text):
        start, end = clause.start + match.start(), clause.start + match.end()
        word = match[0].lower()
        if is_stop(word, "en") or any(a < end and start < b for a, b in covered):
            continue
        yield stem(word), start, end


_WORD = re.compile(r"[A-Za-z][A-Za-z'’]+")

# Where what a denial governs ends, going on from it.
_BREAK = {
    "en": re.compile(
        r"[;.!?\n]+|\b(?:but|instead|then|so|because|since|as|unless|until|before|"
        r"while|although|though)\b|,\s+(?:just|simply|only|use|try|give|offer|keep|put|let|choose|"
        r"go|call|see|ask|you|it|they|we|this|that|these|those|there|he|she|your|the|ideally|even|"
        r"a baby|babies)\b|"
        r"\band (?:ask|call|see|use|keep|give|build|put|take|make|tell|check|get|let|wash|try|"
        r"offer|change|start|clean)\b|\bfor at least\b|"
        r"\b\w+\W+\w+\W+\w+:|\bwhere\b|\bwhich (?:can|may|is|are|could)\b|\s[–—]\s|—",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"[；;。！？!?\n]+|但|而是|而要|应|應|要(?!求)|可以|请|請|改用|改为|改為"),
}
# Where a side remark begins whose denial does not reach back.
_ASIDE = {
    "en": re.compile(
        r"[;.!\n,]|\b(?:if|when|unless|because|since|so|but|while|who|which|where|until|before|"
        r"after|and|or|though)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"[；;。！\n，,]|如果|因为|因為|以免|否则|但"),
}
_ANSWER_NO = {
    "en": re.compile(
        r"\W*(?:\w+,? ){0,2}?(?:no|nope|nah|not|never|false|myth|wrong|skip|avoid|leave|"
        r"don['’]t|stop|forget|wait)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"\W*(?:答案)?[：:]?\W*(?:不|别|別|错|錯|NO|No|no|没|沒|暂|暫|先别|等|千万|千萬)"
    ),
}


# An open side clause: its denial ends at the comma.
_SIDE_CLAUSE = {
    "en": re.compile(r"\b(?:if|when|who|which|because|since|as)\b", re.IGNORECASE),
    "zh": re.compile(r"如果|若|当|當|因为|因為"),
}
_COMMA = re.compile(r"[,，;；]")

_REACH = 160
"""Characters a denial governs at most, either way."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """A sentence's denials. start: its offset in the text. rules, plain, loose: where its rules
    against something and its denials stand, in the sentence. floor: how surely all of it is denied
    by what stands over or beside it. ruled: whether a rule stands over it.
    """

    start: int
    text: str
    language: str
    rules: tuple[Span, ...]
    plain: tuple[Span, ...]
    loose: tuple[Span, ...]
    floor: float
    ruled: bool

    def level(self, start: int, end: int) -> float:
        """How surely the thing at these offsets is denied."""
        if self.floor == PLAIN:
            return PLAIN
        for cues_, value in ((self.plain, PLAIN), (self.loose, ROUNDABOUT)):
            if self._is_governed(cues_, start - self.start, end - self.start):
                return value
        return max(self.floor, IN_SENTENCE if self.loose or self.plain else 0.0)

    def forbids(self, start: int, end: int) -> bool:
        """Whether a rule against something governs the thing at these offsets."""
        if self.ruled:
            return True
        a, b = start - self.start, end - self.start
        at = bisect_left(self.rules, (b, b)) - 1
        if at >= 0 and self.rules[at][1] > a:
            return False  # the cue itself
        return self._is_governed(self.rules, a, b)

    def _is_governed(self, found: Sequence[Span], a: int, b: int) -> bool:
        """Whether the cue next before or next after a..b governs it: what ends the reach of the
        next one ends that of all beyond.
        """
        at = bisect_left(found, (b, b))
        if at and self._reaches_on(found[at - 1], a, b):
            return True
        return (
            at < len(found)
            and found[at][0] - b <= _REACH
            and _ASIDE[self.language].search(self.text, b, found[at][0]) is None
        )

    def _reaches_on(self, cue: Span, a: int, b: int) -> bool:
        if cue[1] > a:
            return True
        if a - cue[1] > _REACH or _BREAK[self.language].search(self.text, cue[1], b):
            return False
        if _COMMA.search(self.text, cue[1], a) is None:
            return True
        begin = max(0, cue[0] - _REACH)
        begin = max((m.end() for m in _COMMA.finditer(self.text, begin, cue[0])), default=begin)
        return _SIDE_CLAUSE[self.language].search(self.text, begin, cue[0]) is None


def _scope(text: Text, n: int, language: str) -> _Scope:
    own = sentence_text(text, n)
    shown = cues.without_false_denials(own, language)
    plain = _spans(lexicon.PLAIN_NO[language], shown)
    loose = _spans(lexicon.NEGATIVE[language], shown)
    sentences = text.reading.sentences
    after = sentence_text(text, n + 1) if n + 1 < len(sentences) else ""
    before = sentence_text(text, n - 1) if n else ""
    lead = f"{lead_text(text, n)} {head_text(text, n)}"
    floor = 0.0
    if cues.denies(lead, language):
        floor = PLAIN
    elif cues.may_deny(lead, language):
        floor = ROUNDABOUT
    if own.rstrip().endswith(("?", "？")) and _ANSWER_NO[language].match(after):
        floor = PLAIN
    elif own.rstrip().endswith(("?", "？")):
        floor = max(floor, IN_SENTENCE)
    if floor < NEAR and cues.may_deny(f"{before} {after}", language):
        floor = NEAR
    rule = lexicon.STRONG_PROHIBITION if is_alarm(own, language) else lexicon.PROHIBITION
    rules = _spans(rule[language], shown)
    ruled = is_prohibition(lead_text(text, n), language)
    return _Scope(sentences[n].start, own, language, rules, plain, loose, floor, ruled)


def _spans(pattern: re.Pattern[str], text: str) -> tuple[Span, ...]:
    return tuple(m.span() for m in pattern.finditer(text)) if stands(pattern, text) else ()


@lru_cache(maxsize=4096)
def _family(token: str) -> frozenset[str]:
    """The token and, of a concept, all broader ones."""
    try:
        return with_broader(frozenset({token}))
    except KeyError:
        return frozenset({token})


_GENERAL = frozenset(
    map(stem, "use give try start take put add go get keep make see leave let do tell need want "
        "help last long work new old time day thing way good first even".split())
)  # fmt: skip
"""Words any sentence may have: they tell little of which rule it speaks of."""

_RARE = {1: 1.0, 2: 0.7, 3: 0.4}
"""What a thing counts that the card names so many times."""


@lru_cache(maxsize=64)
def rules_of(card: Text) -> tuple[Mapping[str, float], ...]:
    """For each clause of the card what each thing it forbids tells of the rule, 0..1; empty for a
    clause that forbids nothing.
    """
    found = [
        [(token, scope.forbids(start, end)) for token, start, end, scope in group]
        for group in _named(card)
    ]
    times: Counter[str] = Counter()
    forbidden: Counter[str] = Counter()
    for clause in found:
        for named, is_forbidden in clause:
            for token in _family(named):
                times[token] += 1
                forbidden[token] += is_forbidden
    known = thesaurus().concepts
    return tuple(
        {
            token: _RARE.get(times[token], 0.15)
            * (0.25 if token in _GENERAL else 1.0 if token in known else 0.8)
            * forbidden[token]
            / times[token]
            for token, is_forbidden in clause
            if is_forbidden
        }
        for clause in found
    )


_ONE = 0.6
"""How sure one rare thing of a rule, found again, makes that the rule is spoken of."""


def _judge(rule: Mapping[str, float], named: Mapping[str, float]) -> tuple[float, float]:
    """How surely a piece of the draft keeps a rule, and how surely it frees it, 0..1 each. named:
    how surely each thing is denied there.
    """
    not_kept = not_freed = 1.0
    for token, weight in rule.items():
        denied = named.get(token)
        if denied is not None:
            not_kept *= 1 - _ONE * weight * denied
            not_freed *= 1 - _ONE * weight * (1 - denied)
    return 1 - not_kept, 1 - not_freed


def rules_freed(card: Text, draft: Text) -> list[float]:
    """For each clause of the draft how surely it speaks as if allowed of what the card forbids and
    the draft forbids nowhere, 0..1.
    """
    rules = [rule for rule in rules_of(card) if rule]
    wanted = frozenset().union(*rules)
    if not wanted:
        return [0.0] * len(draft.clauses)
    by_clause, by_sentence = _things_in(draft, wanted)
    freed = [0.0] * len(by_clause)
    for rule in rules:
        kept = max((_judge(rule, named)[0] for named in by_sentence), default=0.0)
        for place, named in enumerate(by_clause):
            freed[place] = max(freed[place], _judge(rule, named)[1] * (1 - kept))
    return freed


def _things_in(
    text: Text, wanted: frozenset[str]
) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """How surely each thing is denied, where most: by clause, and by sentence."""
    by_clause = []
    by_sentence: list[dict[str, float]] = [{} for _ in text.reading.sentences]
    for clause, group in zip(text.clauses, stances(text, wanted), strict=True):
        own: dict[str, float] = {}
        whole = by_sentence[clause.sentence]
        for s in group:
            for token in _family(s.token):
                own[token] = max(own.get(token, 0.0), s.denied)
                whole[token] = max(whole.get(token, 0.0), s.denied)
        by_clause.append(own)
    return by_clause, by_sentence
