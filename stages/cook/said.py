"""What a draft says that its card does not: evidence from each clause of the draft."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from stages.cook import cues, lexicon
from stages.cook.clauses import (
    Clause,
    Side,
    Text,
    around,
    is_named,
    lead_text,
    sentence_text,
)
from stages.cook.compare import (
    HARD_KINDS,
    MIN_ALIKE,
    Evidence,
    beside_the_rest,
    best_clause,
    best_sentence,
    sides_of,
)
from stages.cook.concepts import Mention, are_opposites, are_rivals, simplified
from stages.cook.facts import is_alarm, is_prohibition
from stages.cook.polarity import rules_freed
from stages.cook.standing import stands
from stages.types import Span


def said(card: Text, draft: Text) -> list[Evidence]:
    """One piece of evidence for each clause of the draft."""
    language = card.reading.language
    sides = sides_of(card)
    total = Side.of((*card.clauses, *card.heading))
    source = f"{card.extra}\n{card.reading.text}".lower()
    if language == "zh":
        source = simplified(source)
    found = []
    last = len(draft.reading.sentences) - 1
    for clause, freed in zip(draft.clauses, rules_freed(card, draft), strict=True):
        n, alike = best_sentence(clause, sides)
        each = _said(card, draft, clause, n, alike, sides, total, source, language, last)
        found.append(replace(each, features={**each.features, "rule_freed": freed}))
    return beside_the_rest(found, "uncovered")


def _said(
    card: Text,
    draft: Text,
    clause: Clause,
    n: int,
    alike: float,
    sides: Sequence[Side],
    total: Side,
    source: str,
    language: str,
    last: int,
) -> Evidence:
    features: dict[str, float] = {}
    words: dict[str, tuple[str, str]] = {}
    shown = draft.reading.text
    own_sentence = sentence_text(draft, clause.sentence)
    features["few_words"] = 1.0 if clause.size < 3 else 0.0
    features["uncovered"] = 1 - total.cover(clause)
    features["unlike"] = 1 - (sides[n].cover(clause) if n >= 0 else 0.0)
    novel = [m for m in clause.mentions if not is_named(m.concept, total)]
    for name, chosen in (
        ("new_matter", [m for m in novel if m.kind in HARD_KINDS]),
        ("new_effect", [m for m in novel if m.kind == "effect"]),
        ("new_other", [m for m in novel if m.kind not in HARD_KINDS and m.kind != "effect"]),
    ):
        features[name] = min(1.0, len({m.concept for m in chosen}) / 2)
        if chosen:
            words[name] = (shown[chosen[0].start : chosen[0].end], "")
    fresh = [w for w in clause.words - total.words if not (language == "zh" and w in source)]
    features["new_words"] = min(1.0, len(fresh) / 5)
    talk = stands(cues.TALK[language], own_sentence)
    features["talk"] = 1.0 if talk else 0.0
    features["question"] = 1.0 if own_sentence.rstrip().endswith(("?", "？")) else 0.0
    features["edge"] = 1.0 if clause.sentence in (0, last) else 0.0
    features["new_x_talk"] = features["uncovered"] * features["talk"]
    features["new_x_edge"] = features["uncovered"] * features["edge"]
    advise = stands(cues.ADVISE[language], clause.text)
    advise = advise or cues.is_imperative(clause.text, language)
    features["new_advice"] = features["uncovered"] * (1.0 if advise else 0.0)
    claims = not features["question"] and _new(cues.CLAIM[language], clause.text, source)
    features["claim"] = features["uncovered"] if claims else 0.0
    features["claim_matter"] = features["new_matter"] if claims else 0.0
    for name, table in (
        ("absolute", cues.ABSOLUTE),
        ("certain", lexicon.CERTAIN),
        ("reassure", cues.REASSURE),
        ("permit_new", cues.PERMIT),
        ("harm_new", cues.HARM),
    ):
        hit = _new(table[language], clause.text, source)
        features[name] = 1.0 if hit else 0.0
        if hit:
            words[name] = (hit, "")
    card_span: Span | None = None
    if n >= 0 and alike >= MIN_ALIKE:
        sentence = card.reading.sentences[n]
        card_span = (sentence.start, sentence.end)
        near = best_clause(clause, card.by_sentence[n])
        _against(card, draft, clause, n, near, alike, sides[n], total, language, features, words)
    return Evidence(features, clause.span, card_span, words)


def _against(
    card: Text,
    draft: Text,
    clause: Clause,
    n: int,
    near: Clause | None,
    alike: float,
    side: Side,
    total: Side,
    language: str,
    features: dict[str, float],
    words: dict[str, tuple[str, str]],
) -> None:
    """Features of a draft clause against the card sentence most like it."""
    own_sentence = sentence_text(draft, clause.sentence)
    near_by = around(draft, clause.sentence)
    of_card = f"{lead_text(card, n)} {near.text}" if near else sentence_text(card, n)
    whole_card = f"{lead_text(card, n)} {sentence_text(card, n)}"
    sentence_side = Side.of(draft.by_sentence[clause.sentence])
    draft_side = draft.side
    for m in clause.mentions:
        if m.concept in side.family:
            continue
        own_part = _denied(draft, m, clause, language)
        for c in sorted(side.concepts - sentence_side.family):  # of two alike, always the same
            if are_rivals(m.concept, c) and not _is_kept(clause, side, m.concept, c):
                lost = c not in draft_side.family
                fresh = m.concept not in total.family
                value = 1.0 if lost and fresh else 0.7 if lost or fresh else 0.4
                if value > features.get("rival", 0.0):
                    features["rival"] = value
                    words["rival"] = _named(draft, m, card, n, c)
            if are_opposites(m.concept, c) and near and c in near.concepts:
                theirs = next(k for k in near.mentions if k.concept == c)
                if own_part != _denied(card, theirs, near, language):
                    continue  # "not hot" does not contradict "cold"
                features["opposite"] = 1.0
                words["opposite"] = _named(draft, m, card, n, c)
    card_no = cues.denies(of_card, language)
    card_forbids = card_no and is_prohibition(of_card, language)
    own_no = cues.denies(clause.text, language)
    lead_no = cues.denies(lead_text(draft, clause.sentence), language)
    any_no = own_no or lead_no or cues.may_deny(own_sentence, language)
    permits = stands(cues.PERMIT[language], clause.text) and not own_no
    if card_no:
        features["no_gone"] = alike if not cues.may_deny(near_by, language) else 0.0
        features["no_faint"] = alike if not any_no else 0.0
        features["no_soft"] = alike if not (own_no or lead_no) else 0.0
        features["forbid_faint"] = features["no_faint"] if card_forbids else 0.0
        features["permit_forbidden"] = alike if permits and card_forbids else 0.0
        features["advise_forbidden"] = (
            alike
            if card_forbids and not any_no and stands(cues.ADVISE[language], clause.text)
            else 0.0
        )
        verb = cues.forbidden_verb(of_card, language)
        if verb and not own_no and not lead_no and cues.does(clause.text, verb, language):
            features["verb_freed"] = 1.0 if not any_no else 0.5
    elif not cues.may_deny(whole_card, language):
        features["no_added"] = alike if own_no else 0.0
    else:
        features["no_added_weak"] = alike if own_no and not card_no else 0.0
    hedged = stands(lexicon.DOUBT[language], of_card) or stands(lexicon.HEDGE[language], of_card)
    if hedged and not stands(lexicon.HEDGE[language], own_sentence):
        features["hedge_gone"] = alike
        if stands(lexicon.PROMISE[language], clause.text):
            features["promise"] = alike
    if stands(cues.LIMIT[language], of_card) and not stands(cues.LIMIT[language], own_sentence):
        features["limit_gone"] = alike
    features["alike"] = alike
    for name in ("absolute", "certain", "reassure", "permit_new"):
        features[f"{name}_x"] = features[name] * alike
    alarm = is_alarm(whole_card, language)
    if alarm:
        features["calm_alarm"] = features["reassure"]


def _is_kept(clause: Clause, side: Side, new: str, lost: str) -> bool:
    """Whether the clause names another thing of that sort from the card: one of a list was left
    out and something of its own said, nothing was exchanged.
    """
    return any(are_rivals(c, lost) and are_rivals(c, new) for c in clause.concepts & side.concepts)


def _denied(text: Text, m: Mention, clause: Clause, language: str) -> bool:
    """Whether a clause denies what it mentions, in other words than the mention's own."""
    before = clause.text[: m.start - clause.start]
    after = clause.text[m.end - clause.start :]
    return cues.denies(f"{before} {after}", language)


def _named(draft: Text, m: Mention, card: Text, n: int, concept: str) -> tuple[str, str]:
    mine = draft.reading.text[m.start : m.end]
    theirs = next(
        card.reading.text[k.start : k.end]
        for clause in card.by_sentence[n]
        for k in clause.mentions
        if k.concept == concept
    )
    return mine, theirs


def _new(pattern: re.Pattern[str], text: str, known: str) -> str:
    """The first match in text whose words the other text does not have."""
    if not stands(pattern, text):
        return ""
    for match in pattern.finditer(text):
        if match[0].lower() not in known:
            return match[0]
    return ""
