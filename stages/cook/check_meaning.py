"""Prohibitions, conditions, warnings, certainty and named things, compared by words alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stages.cook import lexicon
from stages.cook.align import best_match, content_tokens, coverage, union, words
from stages.cook.facts import CardReading, is_alarm, is_prohibition
from stages.types import Fact, FactKind, Finding, Sentence, Severity


@dataclass(frozen=True, slots=True)
class DraftReading:
    """A draft's text in sentences, with the tokens of each and of all."""

    text: str
    sentences: tuple[Sentence, ...]
    tokens: tuple[frozenset[str], ...]
    language: str

    @property
    def all_tokens(self) -> frozenset[str]:
        return union(self.tokens)


_CLAUSES = {
    "en": re.compile(r"[;.!?]+|, (?:but|then|so)\b"),
    "zh": re.compile(r"[，；：。！？,;:!?()（）]+"),
}
LOST = 0.25
_NAMES_LIST = re.compile(r"[:：]\s*$")


def check_facts(card: CardReading, facts: Sequence[Fact], draft: DraftReading) -> Iterator[Finding]:
    """Prohibitions, conditions and red flags of the card against the whole draft."""
    for fact in facts:
        if fact.kind is FactKind.PROHIBITION:
            yield from _prohibition(card, fact, draft)
        elif fact.kind is FactKind.CONDITION:
            yield from _condition(card, fact, draft)
    yield from _alarms(card, facts, draft)


def _prohibition(card: CardReading, fact: Fact, draft: DraftReading) -> Iterator[Finding]:
    language = draft.language
    object_text = _what_is_forbidden(fact.text, language)
    tokens = content_tokens(object_text, language)
    if len(tokens) < (2 if language == "en" else 3):
        return
    scores = [coverage(tokens, other) for other in draft.tokens]
    best = max(scores, default=0.0)
    if best < 0.5:
        whole = content_tokens(fact.text, language)
        if coverage(tokens, draft.all_tokens) < 0.2:
            yield Finding(
                "prohibition_lost",
                Severity.MAJOR
                if coverage(whole, draft.all_tokens) < LOST
                and len(whole) >= (5 if language == "en" else 9)
                else Severity.MINOR,
                f"The draft leaves out “{_short(fact.text)}”.",
                None,
                (fact.start, fact.end),
            )
        return
    near = [n for n, score in enumerate(scores) if score >= best - 0.15]
    if any(_is_negative(draft, n, tokens) for n in near):
        return
    sentence = draft.sentences[scores.index(best)]
    yield Finding(
        "prohibition_dropped",
        Severity.CRITICAL,
        f"The card says “{_short(fact.text)}”; here nothing forbids it.",
        (sentence.start, sentence.end),
        (fact.start, fact.end),
    )


def _what_is_forbidden(text: str, language: str) -> str:
    """The words right after the negation, where what is forbidden stands."""
    match = lexicon.PROHIBITION[language].search(text)
    if not match:
        return text
    if language == "zh":
        return text[match.end() :] if len(text) - match.end() >= 4 else text[: match.start()]
    rest = re.split(
        r"\b(?:because|unless|if|as it|so that|to avoid|until)\b|[:(]|,\s(?:and|but|so)\s|\band (?:do not|don.t|never)\b",
        text[match.end() :],
    )
    return rest[0] if len(rest[0].split()) >= 2 else text


def _is_negative(draft: DraftReading, n: int, tokens: frozenset[str]) -> bool:
    """Whether the clauses that speak of tokens, or the list head they stand under, say no."""
    pattern = lexicon.NEGATIVE[draft.language]
    clauses = [c for c in _CLAUSES[draft.language].split(draft.sentences[n].text) if c.strip()]
    covers = [coverage(tokens, content_tokens(c, draft.language)) for c in clauses]
    for place, cover in enumerate(covers):
        # The clause itself or a neighbour: "Honey? Not before one" and "if hot, do not".
        if cover >= max(covers) - 0.2 and any(
            pattern.search(c) for c in clauses[max(0, place - 1) : place + 2]
        ):
            return True
    for before in range(n - 1, max(-1, n - 8), -1):
        text = draft.sentences[before].text
        if _NAMES_LIST.search(text):
            return bool(pattern.search(text))
    after = draft.sentences[n + 1].text if n + 1 < len(draft.sentences) else ""
    before_text = draft.sentences[n - 1].text if n else ""
    short = {"en": 40, "zh": 16}[draft.language]
    return any(
        len(text) <= short and bool(pattern.search(text)) for text in (before_text, after) if text
    )


def _condition(card: CardReading, fact: Fact, draft: DraftReading) -> Iterator[Finding]:
    language = draft.language
    tokens = content_tokens(fact.text, language)
    if len(tokens) < (2 if language == "en" else 3):
        return
    if coverage(tokens, draft.all_tokens) < 0.34:
        yield Finding(
            "condition_lost",
            Severity.MAJOR,
            f"The draft leaves out the condition “{_short(fact.text)}”.",
            None,
            (fact.start, fact.end),
        )
        return
    sentence = next(s for s in card.sentences if s.id == fact.sentence_id)
    at, score = best_match(content_tokens(sentence.text, language), draft.tokens)
    if score < 0.4:
        return
    around = " ".join(s.text for s in draft.sentences[max(0, at - 1) : at + 2])
    if not (
        lexicon.CONDITION[language].search(around) or lexicon.NEGATIVE[language].search(around)
    ):
        yield Finding(
            "condition_dropped",
            Severity.MAJOR,
            f"The card's condition “{_short(fact.text)}” is gone here.",
            (draft.sentences[at].start, draft.sentences[at].end),
            (fact.start, fact.end),
        )


def _alarms(card: CardReading, facts: Sequence[Fact], draft: DraftReading) -> Iterator[Finding]:
    language = draft.language
    alarms = [f for f in facts if f.kind is FactKind.RED_FLAG]
    if not alarms:
        return
    everything = draft.all_tokens
    for fact in alarms:
        tokens = content_tokens(fact.text, language)
        bare = tokens - _ALARM_WORDS
        floor = 0.3 if language == "en" else 0.12
        if len(bare) >= 2 and coverage(bare, everything) < floor:
            yield Finding(
                "warning_lost",
                Severity.CRITICAL,
                f"The warning “{_short(fact.text)}” is missing.",
                None,
                (fact.start, fact.end),
            )
    who, urgent = lexicon.WHO[language], lexicon.URGENT[language]
    asks = any(who.search(f.text) for f in alarms)
    if asks and not any(
        cue.search(draft.text) for cue in (who, urgent, lexicon.ASK_FOR_HELP[language])
    ):
        yield Finding(
            "help_lost",
            Severity.CRITICAL,
            "The draft no longer says whom to turn to.",
            None,
            (alarms[0].start, alarms[0].end),
        )
    elif any(urgent.search(f.text) for f in alarms) and not urgent.search(draft.text):
        first = next(f for f in alarms if urgent.search(f.text))
        yield Finding(
            "urgency_lost",
            Severity.MAJOR,
            "The card asks to act at once; the draft does not.",
            None,
            (first.start, first.end),
        )


_ALARM_WORDS = words(
    "call doctor help emergency urgent medical seek get ill immediat away right once servic midwif "
    "advic nurs needs attention 立即 就医 医院 马上 尽快 急诊 医生 拨打"
)


def check_certainty(card: CardReading, draft: DraftReading) -> Iterator[Finding]:
    """A promise where the card hedges."""
    pattern = lexicon.CERTAIN[draft.language]
    lower = card.text.lower()
    for match in pattern.finditer(draft.text):
        if match[0].lower() in lower:
            continue
        sentence = next(
            (n for n, s in enumerate(draft.sentences) if s.start <= match.start() < s.end), -1
        )
        if sentence < 0 or is_prohibition(draft.sentences[sentence].text, draft.language):
            continue
        tokens = draft.tokens[sentence]
        card_tokens = [content_tokens(s.text, draft.language) for s in card.sentences]
        at, score = best_match(tokens, card_tokens)
        if score < 0.2 or not lexicon.HEDGE[draft.language].search(card.sentences[at].text):
            continue
        source = card.sentences[at]
        yield Finding(
            "certainty_raised",
            Severity.MAJOR,
            f"“{match[0]}” promises more than the card, which hedges.",
            match.span(),
            (source.start, source.end),
        )


def check_entities(card: CardReading, source: str, draft: DraftReading) -> Iterator[Finding]:
    """A medicine, vitamin, food or vaccine the card does not name."""
    for name, pattern in lexicon.ENTITIES.items():
        match = pattern.search(draft.text)
        if match and not pattern.search(source):
            yield Finding(
                "entity_invented",
                Severity.MAJOR,
                f"The card does not mention {name} (“{match[0]}”).",
                match.span(),
            )


def check_cited_sentence(
    sources: Sequence[Sentence],
    lead: str,
    text: str,
    start: int,
    language: str,
) -> Iterator[Finding]:
    """Negation, condition and named things of one draft sentence against what it cites.

    lead: the lead-in lines the cited sentences stand under. start: of the sentence in the draft.
    """
    source = " ".join((lead, *(s.text for s in sources)))
    span = (start, start + len(text))
    card_span = (sources[0].start, sources[-1].end)
    says_no, said_no = _forbids(text, language), _forbids(source, language)
    if said_no and not says_no and not lexicon.NEGATIVE[language].search(text) and not lead:
        yield Finding(
            "prohibition_cited", Severity.CRITICAL,
            f"The card forbids this: “{_short(sources[0].text)}”.", span, card_span,
        )  # fmt: skip
    elif says_no and not said_no and not lexicon.NEGATIVE[language].search(source):
        yield Finding(
            "negation_added_cited", Severity.CRITICAL,
            f"The draft forbids what the card does not: “{_short(sources[0].text)}”.",
            span, card_span,
        )  # fmt: skip
    if lexicon.HARD_CONDITION[language].search(source) and not lexicon.CONDITION[language].search(
        text
    ):
        yield Finding(
            "condition_cited", Severity.MAJOR,
            f"A condition of the card is gone: “{_short(sources[0].text)}”.", span, card_span,
        )  # fmt: skip
    if (
        is_alarm(source, language)
        and not lead
        and not (lexicon.WHO[language].search(text) or lexicon.URGENT[language].search(text))
    ):
        yield Finding(
            "warning_cited", Severity.CRITICAL,
            "The call for help in the cited sentence is gone.", span, card_span,
        )  # fmt: skip
    for name, pattern in lexicon.ENTITIES.items():
        match = pattern.search(text)
        if match and not pattern.search(source):
            yield Finding(
                "entity_cited", Severity.MAJOR,
                f"The cited sentence does not mention {name} (“{match[0]}”).",
                (start + match.start(), start + match.end()), card_span,
            )  # fmt: skip


def _forbids(text: str, language: str) -> bool:
    return is_prohibition(text, language)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 90 else flat[:87] + "..."
