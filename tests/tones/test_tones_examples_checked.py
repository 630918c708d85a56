"""Tones and checks agree: good examples are of low risk, most bad ones are not."""

from __future__ import annotations

import pytest

from stages.cook.checks import check_draft
from stages.cook.risk import assess_risk
from stages.cook.rules import tone_rules
from stages.types import Card, CardKind, Finding, Risk, Stakes
from tones.load import Example, Tone, load_tones

TONES = load_tones()
LANGS = {"en": "en", "zh": "zh-Hans"}


def rate(tone: Tone, example: Example, lang: str) -> tuple[Risk, tuple[Finding, ...]]:
    """Risk and findings of an example where much is at stake."""
    card = Card(
        id="c",
        guide_id="g",
        title="Example",
        breadcrumbs=("Guide",),
        text=example.source,
        kind=CardKind.FACT,
        spans=((0, len(example.source)),),
        body_hash="",
        ctx_hash="",
        lang=lang,
        topics=(),
        stakes=Stakes.HIGH,
        position=0,
    )
    rules = tone_rules(tone, lang)
    checked = check_draft(card, example.draft, rules)
    risk = assess_risk(checked.findings, checked.score, card.stakes, rules.flag_from)
    return risk, checked.findings


@pytest.mark.parametrize("tone", TONES.values(), ids=TONES)
@pytest.mark.parametrize("key", LANGS)
def test_good_examples_pass_the_checks(tone: Tone, key: str) -> None:
    rated = [rate(tone, each, LANGS[key]) for each in tone.good[key]]
    assert [risk for risk, _ in rated] == [Risk.LOW] * 3, rated


def test_bad_examples_are_mostly_caught() -> None:
    """The others are refused for their tone, which is not for the checks to see."""
    caught = [
        rate(tone, each, LANGS[key])[0] is not Risk.LOW
        for tone in TONES.values()
        for key in LANGS
        for each in tone.bad[key]
    ]
    assert sum(caught) >= 0.6 * len(caught)
