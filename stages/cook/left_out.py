"""What a draft leaves out of its card, or sets free: evidence from each clause of the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from stages.cook import cues, lexicon
from stages.cook.check_quantities import same_quantity
from stages.cook.clauses import (
    Clause,
    Side,
    Text,
    around,
    head_text,
    is_named,
    lead_text,
    sentence_text,
    with_broader,
)
from stages.cook.compare import (
    HARD_KINDS,
    MIN_ALIKE,
    Evidence,
    beside_the_rest,
    best_sentence,
    sides_of,
)
from stages.cook.concepts import lexicon as thesaurus
from stages.cook.facts import is_alarm, is_prohibition
from stages.cook.quantity import Quantity
from stages.cook.standing import stands
from stages.types import Span


def anchors(clause: Clause, text: Text) -> frozenset[str]:
    """Words and concepts of the clause that its text names in this sentence alone."""
    once = text.counts
    return frozenset(token for token in clause.words | clause.concepts if once.get(token, 0) <= 1)


def _anchored(marks: frozenset[str], text: Text) -> list[Clause]:
    """The clauses that name one of the marks, or a member of its family."""
    named = frozenset(marks & thesaurus().concepts.keys())
    concepts = Side(frozenset(), named, with_broader(named))
    return [
        c
        for c in text.clauses
        if not marks.isdisjoint(c.words) or any(is_named(k, concepts) for k in c.concepts)
    ]


def _stance(clauses: Sequence[Clause], text: Text, language: str) -> tuple[bool, bool, bool]:
    """Whether one of the clauses is denied: near it in any way, in its own sentence in any way,
    and in plain words by itself.
    """
    near = here = plain = False
    for clause in clauses:
        lead = f"{lead_text(text, clause.sentence)} {head_text(text, clause.sentence)}"
        near = near or cues.may_deny(f"{lead} {around(text, clause.sentence)}", language)
        here = here or cues.may_deny(f"{lead} {sentence_text(text, clause.sentence)}", language)
        plain = plain or cues.denies(f"{lead} {clause.text}", language)
    return near, here, plain


@dataclass(frozen=True, slots=True)
class _Known:
    """What a card clause is, whatever the draft: read once for all drafts of the card.

    sentence: the one it stands in, with its lead-in. kinds: by name whether it holds. forbids: in
    its own words. figures: those worth missing. marks: as `anchors`.
    """

    clause: Clause
    lead: str
    sentence: str
    kinds: Mapping[str, bool]
    forbids: bool
    figures: tuple[Quantity, ...]
    marks: frozenset[str]


@lru_cache(maxsize=64)
def _known(card: Text) -> tuple[_Known, ...]:
    language = card.reading.language
    found = []
    for clause in card.clauses:
        lead = lead_text(card, clause.sentence)
        sentence = f"{lead} {sentence_text(card, clause.sentence)}"
        forbids = cues.denies(clause.text, language) and is_prohibition(clause.text, language)
        kinds = {
            "forbid": forbids or (bool(lead) and is_prohibition(lead, language)),
            "alarm": is_alarm(sentence, language),
            "harm": stands(cues.HARM[language], clause.text),
            "only": stands(lexicon.HARD_CONDITION[language], clause.text),
            "limit": stands(cues.LIMIT[language], clause.text),
            "advice": stands(cues.ADVISE[language], clause.text),
        }
        figures = tuple(
            q
            for q in card.reading.quantities
            if clause.start <= q.start < clause.end and not q.is_soft
        )
        marks = anchors(clause, card)
        found.append(_Known(clause, lead, sentence, kinds, forbids, figures, marks))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Draft:
    """The draft as every card clause is held against it. near: of each sentence with its two
    neighbours.
    """

    text: Text
    sides: tuple[Side, ...]
    near: tuple[Side, ...]
    ratio: float
    has_who: bool
    has_urgent: bool


def left_out(card: Text, draft: Text) -> list[Evidence]:
    """One piece of evidence for each clause of the card."""
    language = card.reading.language
    shown = draft.reading.text
    by_sentence = draft.by_sentence
    against = _Draft(
        text=draft,
        sides=sides_of(draft),
        near=tuple(
            Side.of([c for group in by_sentence[max(0, n - 1) : n + 2] for c in group])
            for n in range(len(by_sentence))
        ),
        ratio=len(shown) / max(1, len(card.reading.text)),
        has_who=stands(lexicon.WHO[language], shown),
        has_urgent=stands(lexicon.URGENT[language], shown),
    )
    found = [_left_out(known, against, language) for known in _known(card)]
    return beside_the_rest(found, "lost_near")


def _left_out(known: _Known, against: _Draft, language: str) -> Evidence:
    clause, kinds, lead, sentence = known.clause, known.kinds, known.lead, known.sentence
    forbids, marks, draft = known.forbids, known.marks, against.text
    whole, has_who, has_urgent = draft.side, against.has_who, against.has_urgent
    n, alike = best_sentence(clause, against.sides)
    near = against.near[n].cover(clause) if n >= 0 else 0.0
    lost_all, lost_near = 1 - whole.cover(clause), 1 - near
    gone = {m.concept for m in clause.mentions if not is_named(m.concept, whole)}
    hard_gone = [m for m in clause.mentions if m.concept in gone and m.kind in HARD_KINDS]
    lost_mentions = sum(m.concept in gone for m in clause.mentions)
    missing = [
        q
        for q in known.figures
        if not any(same_quantity(q, d, loose=True) for d in draft.reading.quantities)
    ]
    features = {
        "few_words": 1.0 if clause.size < 3 else 0.0,
        "figure_lost": 1.0 if any(q.unit != "%" for q in missing) else 0.0,
        "share_lost": 1.0 if any(q.unit == "%" for q in missing) else 0.0,
        "age_lost": 1.0 if any(q.is_age for q in missing) else 0.0,
        "limit_figure_lost": 1.0 if any(q.comparator for q in missing) else 0.0,
        "lost": lost_all,
        "lost_near": lost_near,
        "concepts_lost": lost_mentions / len(clause.mentions) if clause.mentions else 0.0,
        "hard_lost": min(1.0, len(hard_gone) / 3),
        "short": max(0.0, min(1.0, 1.2 - against.ratio)),
    }
    # "Do not wait until the next day" is said by whoever says "the same day".
    features["said_urgently"] = (
        1.0 if has_urgent and stands(cues.WAIT[language], clause.text) else 0.0
    )
    for name, holds in kinds.items():
        features[name] = 1.0 if holds else 0.0
        features[f"lost_{name}"] = lost_all**2 if holds else 0.0
        features[f"lostnear_{name}"] = lost_near**2 if holds else 0.0
    if kinds["alarm"]:
        features["who_lost"] = (
            0.0 if has_who or not stands(lexicon.WHO[language], sentence) else 1.0
        )
        features["urgency_lost"] = (
            0.0 if has_urgent or not stands(lexicon.URGENT[language], sentence) else 1.0
        )
    named_in = _anchored(marks, draft) if marks else []
    if marks:
        near_no, here_no, plain_no = _stance(named_in, draft, language)
        features["anchor_lost"] = 0.0 if named_in else 1.0
        if named_in and forbids:
            verb = cues.forbidden_verb(clause.text, language)
            acts = [
                c
                for c in named_in
                if cues.is_imperative(c.text, language)
                or stands(cues.PERMIT[language], c.text)
                or (verb and cues.does(c.text, verb, language))
            ]
            features["freed_near"] = 0.0 if near_no else 1.0
            features["freed_here"] = 0.0 if here_no else 1.0
            features["freed_plain"] = 0.0 if plain_no else 1.0
            if acts:
                features["freed_near_act"] = features["freed_near"]
                features["freed_here_act"] = features["freed_here"]
                features["freed_plain_act"] = features["freed_plain"]
        elif named_in and not cues.may_deny(f"{lead} {clause.text}", language):
            features["anchor_denied"] = 1.0 if plain_no else 0.0
        for name in ("forbid", "alarm", "only", "harm"):
            if kinds[name]:
                features[f"anchor_lost_{name}"] = features["anchor_lost"]
    span: Span | None = None
    if n >= 0 and alike >= MIN_ALIKE:
        near_by = around(draft, n)
        here = sentence_text(draft, n)
        if forbids:
            features["no_gone"] = alike if not cues.may_deny(near_by, language) else 0.0
            features["no_faint"] = alike if not cues.may_deny(here, language) else 0.0
            features["no_soft"] = (
                alike if not cues.denies(f"{lead_text(draft, n)} {here}", language) else 0.0
            )
        if kinds["only"] and not stands(cues.LIMIT[language], near_by):
            features["only_gone"] = alike
        if kinds["limit"] and not stands(cues.LIMIT[language], here):
            features["limit_gone"] = alike
        if features.get("no_gone") or features.get("only_gone"):
            s = draft.reading.sentences[n]
            span = (s.start, s.end)
    return Evidence(features, span, clause.span, {})
