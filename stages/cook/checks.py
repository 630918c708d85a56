"""Everything the checks say about one draft. Pure; also for text edited by people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stages.cook import check_quantities, lexicon
from stages.cook.align import best_match, content_tokens
from stages.cook.check_hygiene import check_hygiene
from stages.cook.check_meaning import (
    DraftReading,
    check_certainty,
    check_cited_sentence,
    check_entities,
    check_facts,
    check_swaps,
)
from stages.cook.compose import compose_spans
from stages.cook.facts import CardReading, facts_of, language_key, read_card
from stages.cook.quantity import Quantity, find_quantities
from stages.text import is_chinese, split_sentences
from stages.types import (
    Card,
    DraftSentence,
    Fact,
    FactKind,
    Finding,
    Severity,
    Span,
    ToneRules,
)

MAX_CHARS = 20_000
"""Longer text is not a draft of a card; nothing past this is read."""

_LAYOUT = re.compile(r"\A[\s•–✅🚫⚠️💬-]+")
_NO_WORD = re.compile(r"[\W_]+")
_SEPARATORS = re.compile(r"\s*[·;；]\s*")

MIN_ALIKE = 0.3
"""Dice score from which two sentences are taken to say the same thing."""

_ORDER = (Severity.CRITICAL, Severity.MAJOR, Severity.MINOR, Severity.INFO)


def licence_findings(disagreement: str) -> tuple[Finding, ...]:
    """What every draft of a guide carries whose page disagrees with the licence register.

    disagreement: `Guide.licence_finding`. Such a draft is read by a person, never approved in bulk.
    """
    if not disagreement:
        return ()
    return (Finding("licence", Severity.MAJOR, disagreement),)


def check_draft(
    card: Card, text: str, rules: ToneRules, sentences: tuple[DraftSentence, ...] = ()
) -> tuple[Finding, ...]:
    """Findings on a draft, worst first.

    sentences: the machine's version with its references. An edited text is compared with the card
    as a whole; the sentences nobody touched are still held to what they refer to, so that an edit
    elsewhere lifts nothing.
    """
    if len(text) > MAX_CHARS:
        return (
            Finding(
                "length", Severity.MAJOR, f"{len(text)} characters; that is not a card's draft."
            ),
        )
    reading = read_card(card.text, card.lang)
    facts = facts_of(reading)
    source = "\n".join((*card.breadcrumbs, card.title, card.text))
    found = list(check_hygiene(reading, source, text, rules))
    composed, spans = compose_spans(sentences, card.lang)
    if sentences and composed == text:
        cited = list(zip(sentences, spans, strict=True))
        found.extend(_check_lost(reading, facts, cited, text))
    else:
        cited = _untouched(sentences, [composed[a:b] for a, b in spans], text, card.lang)
        found.extend(_check_plain(reading, source, facts, text))
    found.extend(_check_cited(reading, source, text, cited, rules))
    return tuple(sorted(found, key=lambda f: _ORDER.index(f.severity)))


def _untouched(
    sentences: Sequence[DraftSentence], shown: Sequence[str], text: str, lang: str
) -> list[tuple[DraftSentence, Span]]:
    """The machine's sentences that stand in an edited text, each with every place it has there.

    shown: the sentences as composed. Case, punctuation and white space make no difference. A
    sentence counts as a whole only: the same words inside a longer one may be denied there.
    """
    edited = [(s, key) for s in split_sentences(text, lang) if (key := _words_of(s.text))]
    places: dict[str, list[int]] = {}
    for at, (_, key) in enumerate(edited):
        places.setdefault(key, []).append(at)
    found: list[tuple[DraftSentence, Span]] = []
    for sentence, words in zip(sentences, shown, strict=True):
        run = [key for s in split_sentences(words, lang) if (key := _words_of(s.text))]
        for at in places.get(run[0], []) if run else []:
            if [key for _, key in edited[at : at + len(run)]] == run:
                span = edited[at][0].start, edited[at + len(run) - 1][0].end
                found.append((sentence, span))
    return found


def _words_of(text: str) -> str:
    return _NO_WORD.sub("", text).casefold()


def _check_plain(
    reading: CardReading, source: str, facts: Sequence[Fact], text: str
) -> Iterator[Finding]:
    language = reading.language
    sentences = split_sentences(text, reading.lang)
    draft = DraftReading(
        text=text,
        sentences=sentences,
        tokens=tuple(content_tokens(s.text, language) for s in sentences),
        language=language,
    )
    heading = source[: len(source) - len(reading.text)]
    known = (*reading.quantities, *find_quantities(heading, language == "zh"))
    figures = find_quantities(text, language == "zh")
    yield from check_quantities.check_plain(known, reading.text, figures, text)
    yield from check_quantities.check_aligned(
        _align_quantities(reading, draft, figures), figures, reading.text, text
    )
    yield from check_facts(reading, facts, draft)
    yield from check_certainty(reading, draft)
    yield from check_entities(reading, source, draft)
    yield from check_swaps(reading, draft)


def _align_quantities(
    reading: CardReading, draft: DraftReading, figures: Sequence[Quantity]
) -> list[tuple[Sequence[Quantity], Sequence[Quantity]]]:
    """Quantities of each card sentence with those of the draft sentence most like it."""
    pairs: list[tuple[Sequence[Quantity], Sequence[Quantity]]] = []
    for sentence in reading.sentences:
        source = reading.quantities_of(sentence)
        if not source:
            continue
        at, score = best_match(content_tokens(sentence.text, reading.language), draft.tokens)
        if score >= MIN_ALIKE:
            near = draft.sentences[at]
            pairs.append((source, [q for q in figures if near.start <= q.start < near.end]))
    return pairs


def _check_cited(
    reading: CardReading,
    source: str,
    text: str,
    sentences: Sequence[tuple[DraftSentence, Span]],
    rules: ToneRules,
) -> Iterator[Finding]:
    by_id = {s.id: s for s in reading.sentences}
    chinese = is_chinese(reading.lang)
    every = find_quantities(text, chinese)
    for sentence, (start, end) in sentences:
        words = text[start:end]
        own = tuple(q for q in every if start <= q.start < end)
        cited = [by_id[i] for i in sentence.source_ids if i in by_id]
        planted = next((s for s in cited if s.id in reading.planted), None)
        if planted is not None:
            yield Finding(
                "instruction", Severity.CRITICAL,
                "This rests on an instruction that was planted in the page.",
                (start, end), (planted.start, planted.end),
            )  # fmt: skip
        if not cited:
            yield from _check_unsourced(words, start, own, source, rules, chinese)
            continue
        if any(_bare(words) == _bare(s.text) for s in cited):
            continue
        leads = {reading.lead_ins[s.id].id: reading.lead_ins[s.id] for s in cited
                 if s.id in reading.lead_ins}  # fmt: skip
        lead = " ".join(s.text for s in leads.values())
        quantities = [q for s in (*cited, *leads.values()) for q in reading.quantities_of(s)]
        yield from check_quantities.check_cited(
            quantities, reading.quantities, reading.text, own, text
        )
        yield from check_cited_sentence(cited, lead, words, start, language_key(reading.lang))


def _bare(text: str) -> str:
    """Text without the bullet or sign in front and without what separates a row's cells."""
    return _SEPARATORS.sub(" ", _LAYOUT.sub("", text)).strip()


def _check_unsourced(
    words: str,
    start: int,
    quantities: Sequence[Quantity],
    source: str,
    rules: ToneRules,
    chinese: bool,
) -> Iterator[Finding]:
    """A hook, closer or disclaimer may carry no figure and no medicine the card does not have."""
    if rules.disclaimer and words.strip() == rules.disclaimer.strip():
        return
    known = find_quantities(source, chinese)
    for quantity in quantities:
        shown = words[quantity.start - start : quantity.end - start]
        # "Two minutes for this one?" is talk; figures and doses are not.
        is_talk = quantity.unit in ("count", "h") and not any(map(str.isdigit, shown))
        if is_talk or any(check_quantities.same_quantity(quantity, k, loose=False) for k in known):
            continue
        yield Finding(
            "quantity_unsourced", Severity.MAJOR,
            f"“{shown}” rests on no sentence of the card.",
            quantity.span,
        )  # fmt: skip
    for name, pattern in lexicon.ENTITIES.items():
        match = pattern.search(words)
        if match and not pattern.search(source):
            yield Finding(
                "entity_unsourced", Severity.MAJOR,
                f"The card does not mention {name} (“{match[0]}”).",
                (start + match.start(), start + match.end()),
            )  # fmt: skip


_LOST = {
    FactKind.QUANTITY: ("quantity_lost", Severity.MAJOR, "The figure"),
    FactKind.PROHIBITION: ("prohibition_lost", Severity.CRITICAL, "The prohibition"),
    FactKind.CONDITION: ("condition_lost", Severity.MAJOR, "The condition"),
    FactKind.RED_FLAG: ("warning_lost", Severity.CRITICAL, "The warning"),
}


def _check_lost(
    reading: CardReading,
    facts: Sequence[Fact],
    sentences: Sequence[tuple[DraftSentence, Span]],
    text: str,
) -> Iterator[Finding]:
    """Facts of the card that no draft sentence carries."""
    quoted: dict[str, list[Span]] = {}
    for sentence, span in sentences:
        for source_id in sentence.source_ids:
            quoted.setdefault(source_id, []).append(span)
    every = find_quantities(text, is_chinese(reading.lang))
    for fact in facts:
        if fact.kind not in _LOST:
            continue
        where = quoted.get(fact.sentence_id, [])
        lost = not where
        if where and fact.kind is FactKind.QUANTITY:
            wanted = next(q for q in reading.quantities if q.start == fact.start)
            lost = not any(
                check_quantities.same_quantity(wanted, q, loose=False)
                for q in every
                if any(a <= q.start < b for a, b in where)
            )
        if lost:
            check, severity, name = _LOST[fact.kind]
            yield Finding(
                check, severity, f"{name} “{_short(fact.text)}” is missing.", None,
                (fact.start, fact.end),
            )  # fmt: skip


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 90 else flat[:87] + "..."
