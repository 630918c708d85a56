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
ENOUGH = {"en": 5, "zh": 9}
"""Content tokens a clause needs before its absence from a rewording says anything."""

_END_OF_OBJECT = re.compile(
    r"\b(?:because|unless|if|as it|so that|to avoid|until)\b|[:(]|,\s(?:and|but|so)\s|"
    r"\band (?:do not|don['’]t|never)\b"
)
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
        if coverage(tokens, draft.all_tokens) < 0.2:
            whole = content_tokens(fact.text, language)
            is_gone = len(whole) >= ENOUGH[language] and coverage(whole, draft.all_tokens) < 0.25
            yield Finding(
                "prohibition_lost",
                Severity.MAJOR if is_gone else Severity.MINOR,
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
    rest = _END_OF_OBJECT.split(text[match.end() :])
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
    if coverage(tokens, draft.all_tokens) < 0.2:
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
        yield _raised(match.span(), match[0], card.sentences[at])
        return
    yield from _hedge_lost(card, draft)


def _raised(span: tuple[int, int], words: str, source: Sentence) -> Finding:
    return Finding(
        "certainty_raised",
        Severity.MAJOR,
        f"“{words}” promises more than the card, which hedges.",
        span,
        (source.start, source.end),
    )


def _hedge_lost(card: CardReading, draft: DraftReading) -> Iterator[Finding]:
    """Find a promise ("will help") where the card only hopes ("may help")."""
    language = draft.language
    promise, doubt = lexicon.PROMISE[language], lexicon.DOUBT[language]
    doubtful = [s for s in card.sentences if doubt.search(s.text) and not promise.search(s.text)]
    for source in doubtful:
        at, score = best_match(content_tokens(source.text, language), draft.tokens)
        if score < 0.3:
            continue
        sentence = draft.sentences[at]
        match = promise.search(sentence.text)
        if match and not lexicon.HEDGE[language].search(sentence.text):
            start = sentence.start + match.start()
            yield _raised((start, start + len(match[0])), match[0], source)


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


def check_swaps(card: CardReading, draft: DraftReading) -> Iterator[Finding]:
    """Two named things of the card that have changed places: what one sentence says of the first,
    the draft says of the second.
    """
    for source in card.sentences:
        names = _named(source.text)
        if len(names) != 1 or source.id in card.planted:
            continue
        (name,) = names
        at, score = best_match(content_tokens(source.text, draft.language), draft.tokens)
        if score < 0.35:
            continue
        near = draft.sentences[at]
        others = _named(near.text)
        # A name that is nowhere in the draft was left out; that is for the facts to say.
        if others and name not in others and lexicon.ENTITIES[name].search(draft.text):
            yield Finding(
                "entity_swapped",
                Severity.MAJOR,
                f"The card says this of {name}, the draft of {min(others)}.",
                (near.start, near.end),
                (source.start, source.end),
            )


def _named(text: str) -> set[str]:
    return {name for name, pattern in lexicon.ENTITIES.items() if pattern.search(text)}


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
    gone = next(_prohibitions_gone(source, text, language), "") if said_no else ""
    if gone:
        yield Finding(
            "prohibition_cited", Severity.CRITICAL,
            f"The card forbids this: “{_short(gone)}”.", span, card_span,
        )  # fmt: skip
    elif says_no and not said_no and not lexicon.NEGATIVE[language].search(source):
        yield Finding(
            "negation_added_cited", Severity.CRITICAL,
            f"The draft forbids what the card does not: “{_short(sources[0].text)}”.",
            span, card_span,
        )  # fmt: skip
    bare = _EVEN_IF.sub("", text)
    if lexicon.HARD_CONDITION[language].search(source) and not lexicon.CONDITION[language].search(
        bare
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


_EVEN_IF = re.compile(r"\beven (?:if|when)\b|即使|就算|哪怕", re.IGNORECASE)
_STRONG_CLAUSES = {
    "en": re.compile(
        r"[;.!?()–—:]+|, (?:but|then|so)\b|\b(?:because|if|unless|when|until|since)\b|"
        r"\band (?=(?:do not|don['’]t|never|use|give|put|add|let|leave|wait|make|eat|drink|keep|"
        r"take|rub|place|start|stop|go|call|see)\b)",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"[，；：。！？,;:!?()（）]+"),
}


def _prohibitions_gone(source: str, text: str, language: str) -> Iterator[str]:
    """Clauses the source forbids that the text has without any no."""
    negative = lexicon.PLAIN_NO[language]
    clauses = [c for c in _STRONG_CLAUSES[language].split(text) if c and c.strip()]
    tokens = [content_tokens(c, language) for c in clauses]
    for clause in _STRONG_CLAUSES[language].split(source):
        match = lexicon.PROHIBITION[language].search(clause or "")
        if not match:
            continue
        wanted = content_tokens(clause[match.end() :], language)
        wanted = wanted or content_tokens(clause, language)
        if not wanted:
            if not negative.search(text):
                yield clause
            continue
        covers = [coverage(wanted, t) for t in tokens]
        best = max(covers, default=0.0)
        if best < 0.5:
            # Said in other words: then some clause must still say no.
            if not negative.search(text):
                yield clause
            continue
        if not any(
            negative.search(clauses[n]) or (n and _is_head(clauses[n - 1], negative))
            for n, cover in enumerate(covers)
            if cover >= best - 0.1
        ):
            yield clause


def _is_head(clause: str, negative: re.Pattern[str]) -> bool:
    """A short clause that only says no: "Honey: not before one", "Don't: pull it"."""
    return len(clause.split()) <= 3 and len(clause) <= 24 and bool(negative.search(clause))


def _forbids(text: str, language: str) -> bool:
    return is_prohibition(text, language)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 90 else flat[:87] + "..."
