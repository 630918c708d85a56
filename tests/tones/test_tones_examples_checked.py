"""Tones and checks agree: good examples pass the checks, most bad ones are caught."""

from __future__ import annotations

import pytest

from stages.cook.checks import check_draft
from stages.cook.rules import tone_rules
from stages.types import Card, CardKind, Severity, Stakes
from tones.load import Example, Tone, load_tones

TONES = load_tones()
SERIOUS = (Severity.MAJOR, Severity.CRITICAL)
LANGS = {"en": "en", "zh": "zh-Hans"}


def serious_findings(tone: Tone, example: Example, lang: str) -> list[str]:
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
    findings = check_draft(card, example.draft, tone_rules(tone, lang))
    return [finding.message for finding in findings if finding.severity in SERIOUS]


@pytest.mark.parametrize("tone", TONES.values(), ids=TONES)
@pytest.mark.parametrize("key", LANGS)
def test_good_examples_pass_the_checks(tone: Tone, key: str) -> None:
    assert [serious_findings(tone, each, LANGS[key]) for each in tone.good[key]] == [[], [], []]


def test_bad_examples_are_mostly_caught() -> None:
    caught = [
        bool(serious_findings(tone, each, LANGS[key]))
        for tone in TONES.values()
        for key in LANGS
        for each in tone.bad[key]
    ]
    assert sum(caught) >= 0.75 * len(caught)
