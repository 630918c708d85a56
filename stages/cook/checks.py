"""Everything the checks say about one draft. Pure; also for text edited by people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from stages.cook import check_quantities, lexicon
from stages.cook.check_cited import check_cited_sentence
from stages.cook.check_close import check_close
from stages.cook.check_hygiene import check_hygiene
from stages.cook.clauses import Text, read_clauses
from stages.cook.compare import Evidence
from stages.cook.compose import compose_spans
from stages.cook.explain import of_left_out, of_said
from stages.cook.facts import CardReading, facts_of, language_key, read_card
from stages.cook.left_out import left_out
from stages.cook.quantity import Quantity, find_quantities
from stages.cook.said import said
from stages.cook.score import LEFT_OUT, SAID, load_weights, score, suspect
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

# Bullets and emoji, but no sign that says something of the figure behind it.
_LAYOUT = re.compile(r"\A(?:[^\w<>≤≥≦≧±~～]|_)+")
_NO_WORD = re.compile(r"[\W_]+")
_SEPARATORS = re.compile(r"\s*[·;；]\s*")

MAX_SHOWN = 3
"""Suspicious clauses shown of each side, what is said and what is left out."""

SHOWN_FROM, SURE_FROM = 0.2, 0.5
"""Chance of a fault from which a clause is shown to editors: in a draft whose score reaches the
policy's limit, and in any other, where weaker ones would teach editors to look past findings."""

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


@dataclass(frozen=True, slots=True)
class Checked:
    """findings: worst first. score: as in `Draft`; None for a text nobody could score."""

    findings: tuple[Finding, ...]
    score: float | None


def check_draft(
    card: Card, text: str, rules: ToneRules, sentences: tuple[DraftSentence, ...] = ()
) -> Checked:
    """What is to be said of a draft, and how likely it is that it strays from its card.

    sentences: the machine's version with its references. Every text is compared with the card as a
    whole; sentences as the machine wrote them are held to what they refer to as well, so that an
    edit elsewhere lifts nothing.
    """
    if len(text) > MAX_CHARS:
        message = f"{len(text)} characters; that is not a card's draft."
        return Checked((Finding("length", Severity.MAJOR, message),), None)
    source = _read_source(card.text, card.lang, (*card.breadcrumbs, card.title))
    reading = source.text.reading
    hygiene = tuple(check_hygiene(reading, source.whole, text, rules))
    found = list(hygiene)
    composed, spans = compose_spans(sentences, card.lang)
    if sentences and composed == text:
        cited = list(zip(sentences, spans, strict=True))
        found.extend(_check_lost(reading, source.facts, cited, text))
    else:
        cited = _untouched(sentences, [composed[a:b] for a, b in spans], text, card.lang)
    found.extend(_check_cited(reading, source.whole, text, cited, rules))
    weighed, chance = _weigh(source, text, hygiene, min(rules.flag_from))
    found.extend(weighed)
    return Checked(tuple(sorted(found, key=lambda f: _ORDER.index(f.severity))), chance)


@dataclass(frozen=True, slots=True)
class _Source:
    """A card as the checks see it. whole: its text with title and breadcrumbs."""

    text: Text
    facts: tuple[Fact, ...]
    whole: str
    heading_figures: tuple[Quantity, ...]


@lru_cache(maxsize=256)
def _read_source(text: str, lang: str, heading: tuple[str, ...]) -> _Source:
    """Read once for all drafts of a card."""
    reading = read_card(text, lang)
    above = "\n".join(heading)
    head = read_clauses(read_card(above, lang))
    return _Source(
        text=replace(read_clauses(reading), heading=head.clauses, extra=above),
        facts=facts_of(reading),
        whole=f"{above}\n{text}",
        heading_figures=head.reading.quantities,
    )


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is weighed: findings of single checks, and by side (said, left_out) the evidence of each
    clause.
    """

    findings: tuple[Finding, ...]
    evidence: Mapping[str, Sequence[Evidence]]


def gather(card: Card, text: str, rules: ToneRules) -> Gathered:
    """The evidence on a plain text, before anything is weighed; what the weights are fitted on."""
    source = _read_source(card.text, card.lang, (*card.breadcrumbs, card.title))
    hygiene = check_hygiene(source.text.reading, source.whole, text, rules)
    return _gather(source, text, tuple(hygiene))


def _gather(source: _Source, text: str, others: tuple[Finding, ...]) -> Gathered:
    draft = read_clauses(read_card(text, source.text.reading.lang))
    return Gathered(
        (*others, *_check_figures(source, draft)),
        {SAID: said(source.text, draft), LEFT_OUT: left_out(source.text, draft)},
    )


def _weigh(
    source: _Source, text: str, hygiene: tuple[Finding, ...], flag_from: float
) -> tuple[list[Finding], float]:
    """Evidence for and against the draft as a whole: the findings worth showing, and the score.

    flag_from: the lowest score a draft is flagged at.
    """
    gathered = _gather(source, text, hygiene)
    reading = source.text.reading
    language = reading.language
    chances = {
        side: suspect(evidence, side, language) for side, evidence in gathered.evidence.items()
    }
    chance = score(chances[SAID], chances[LEFT_OUT], gathered.findings, language)
    found = list(gathered.findings[len(hygiene) :])
    for side, name in ((SAID, of_said), (LEFT_OUT, of_left_out)):
        weights = load_weights().clauses[side][language]
        for each, likely in _worth_showing(
            gathered.evidence[side], chances[side], is_flagged=chance >= flag_from
        ):
            found.append(name(each, likely, weights, reading.text))
    return found, chance


def _worth_showing(
    evidence: Sequence[Evidence], chances: Sequence[float], *, is_flagged: bool
) -> list[tuple[Evidence, float]]:
    """The most suspicious clauses, likeliest first; of a flagged draft always the likeliest, so
    that it says why.
    """
    ranked = sorted(zip(evidence, chances, strict=True), key=lambda pair: -pair[1])
    shown_from = SHOWN_FROM if is_flagged else SURE_FROM
    return [
        pair
        for place, pair in enumerate(ranked[:MAX_SHOWN])
        if pair[1] >= shown_from or (is_flagged and place == 0)
    ]


def _check_figures(source: _Source, draft: Text) -> Iterator[Finding]:
    card = source.text.reading
    yield from check_quantities.check_plain(
        card.quantities,
        card.text,
        draft.reading.quantities,
        draft.reading.text,
        heading=source.heading_figures,
    )


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
        ids = {s.id for s in cited}
        yield from check_close(
            " ".join(s.text for s in cited),
            words,
            " ".join((lead, *(text[a:b] for o, (a, b) in sentences if ids & set(o.source_ids)))),
            start,
            (cited[0].start, cited[-1].end),
            language_key(reading.lang),
        )


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
                check_quantities.is_kept(wanted, q)
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
