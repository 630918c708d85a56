"""Faults planted by rule into drafts that name their sources: what the checks see of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from stages.cook.checks import check_draft
from stages.cook.compose import compose
from stages.cook.facts import language_key, read_card
from stages.cook.offline import write_offline
from stages.cook.risk import assess_risk
from stages.cook.rules import tone_rules
from stages.types import Card, DraftSentence, Risk, Stakes, ToneRules
from tests.cook.cook_samples import make_card
from tests.cook.planted_faults import change_kinds
from tones.load import list_versions

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
KINDS = (
    "number_changed", "unit_changed", "negation_dropped", "condition_dropped", "entity_swapped",
)  # fmt: skip
TONE = list_versions(ROOT / "tones")["mom"][0]
Sentences = tuple[DraftSentence, ...]


def cards() -> list[Card]:
    rows = [
        json.loads(line)
        for folder in ("gold", "drafts/fit_en", "drafts/fit_zh")
        for line in (CASES / folder / "cards.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    return [make_card(row["text"], row["lang"], row["title"], Stakes.NORMAL) for row in rows]


def reworded(card: Card) -> Sentences:
    """A draft that says what the card says, sentence by sentence, though not word for word."""
    start = "Good to know: " if card.lang == "en" else "记住："
    reading = read_card(card.text, card.lang)
    return tuple(
        DraftSentence(start + s.text.strip(), (s.id,))
        for s in reading.sentences
        if s.id not in reading.planted
    )


def rules_of(card: Card) -> ToneRules:
    """The tone's rules without what a bare rewording cannot know: last line and length."""
    rules = tone_rules(TONE, card.lang)
    return replace(rules, disclaimer="", required_phrases=(), length=(1, 2000))


def is_flagged(card: Card, draft: Sentences) -> bool:
    rules = rules_of(card)
    checked = check_draft(card, compose(draft, card.lang), rules, draft)
    return (
        assess_risk(checked.findings, checked.score, card.stakes, rules.flag_from) is not Risk.LOW
    )


def mutants(card: Card, draft: Sentences, rng: Random) -> Iterator[tuple[str, Sentences]]:
    for place, sentence in enumerate(draft):
        if not sentence.source_ids:
            continue
        for kind in KINDS:
            made = change_kinds(kind, sentence.text, language_key(card.lang))
            if made:
                text = rng.choice(made)
                yield kind, (*draft[:place], replace(sentence, text=text), *draft[place + 1 :])


@pytest.mark.parametrize("write", ["offline", "reworded"])
def test_check_draft_flags_generated_faults_and_hardly_any_draft_without(write: str) -> None:
    rng = Random(4)
    faults: list[tuple[str, bool]] = []
    faithful: list[bool] = []
    for card in rng.sample(cards(), 45):
        draft = reworded(card) if write == "reworded" else write_offline(card, [TONE])["mom"]
        faithful.append(is_flagged(card, draft))
        made = list(mutants(card, draft, rng))
        for kind, mutant in rng.sample(made, min(len(made), 6)):
            faults.append((kind, is_flagged(card, mutant)))
    assert len(faults) > 200
    assert {kind for kind, _ in faults} == set(KINDS)
    assert sum(found for _, found in faults) / len(faults) >= 0.98
    assert sum(faithful) / len(faithful) <= 0.05
