"""What the checks find in drafts no weight was ever fitted on, at the shipped limits.

The floors stand a little below what was measured; they fall only on purpose. docs/checks.md has
the figures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flows.evals.checks import run_checks
from stages.cook.rules import tone_rules
from stages.seeds import load_policy
from stages.types import ToneRules
from tones.load import list_versions

ROOT = Path(__file__).parents[2]
TONES = {name: versions[0] for name, versions in list_versions(ROOT / "tones").items()}


def rules(tone: str, lang: str) -> ToneRules | None:
    return tone_rules(TONES[tone], lang) if tone in TONES else None


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    policy = load_policy(ROOT / "seeds" / "policy.yaml")
    return run_checks(ROOT / "tests" / "cases" / "drafts" / "heldout", rules, policy)


def test_checks_flag_few_faithful_drafts_of_other_hands(report: dict[str, Any]) -> None:
    assert report["false_flag"] <= 0.28


def test_checks_find_faults_of_other_hands(report: dict[str, Any]) -> None:
    assert report["recall"] >= 0.66
    assert report["by_severity"]["critical"] >= 0.72
    assert report["localised"] >= 0.9


def test_checks_find_changed_figures_and_sales_talk(report: dict[str, Any]) -> None:
    found = report["by_type"]
    kinds = ("unit_changed", "invented_number", "sales_pitch", "warning_dropped")
    assert {kind: found[kind] >= 0.8 for kind in kinds} == dict.fromkeys(kinds, True)
