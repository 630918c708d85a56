"""Sentence typing, measured on sentences of several sources labelled by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.cook.roles import Role, is_leading_dont, role_of

CASES = Path(__file__).parents[1] / "cases" / "sentence_roles.jsonl"
LABELLED = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_role_of_agrees_with_the_labels(lang: str) -> None:
    own = [row for row in LABELLED if row["lang"] == lang]
    right = sum(role_of(row["text"], lang) == row["role"] for row in own)
    assert len(own) >= 50
    assert right / len(own) >= 0.95


def test_role_of_misses_no_labelled_red_flag_or_dont_for_a_do() -> None:
    graver = {Role.RED_FLAG, Role.DONT}
    taken = [
        row["text"]
        for row in LABELLED
        if row["role"] in graver and role_of(row["text"], row["lang"]) not in graver
    ]
    assert taken == []


@pytest.mark.parametrize(
    ("sentence", "language", "role"),
    [
        ("Wash your hands.", "en", Role.DO),
        ("If she is awake, offer a feed.", "en", Role.DO),
        ("For the first 24 hours use a cold pack.", "en", Role.DO),
        ("Support works best when it starts early.", "en", Role.FACT),
        ("Do not shake the bottle.", "en", Role.DONT),
        ("- Honey: none before 12 months.", "en", Role.DONT),
        ("Don't hesitate to ask the nurse.", "en", Role.FACT),
        ("They do not mean that milk is short.", "en", Role.FACT),
        ("No. Large studies found no link.", "en", Role.FACT),
        ("Call your doctor at once if it bleeds.", "en", Role.RED_FLAG),
        ("Is your baby ready?", "en", Role.ASK),
        ("Babies cry.", "en", Role.FACT),
        ("要先洗手。", "zh", Role.DO),
        ("多数宝宝的主要食物是奶。", "zh", Role.FACT),
        ("不要摇晃宝宝。", "zh", Role.DONT),
        ("性别不影响发育。", "zh", Role.FACT),
        ("出现抽搐，立即就医。", "zh", Role.RED_FLAG),
        ("出現抽搐，立即就醫。", "zh", Role.RED_FLAG),
        ("一般不超过120到240毫升。", "zh", Role.FACT),
        ("宝宝准备好了吗？", "zh", Role.ASK),
        ("宝宝会哭。", "zh", Role.FACT),
    ],
)
def test_role_of_a_sentence(sentence: str, language: str, role: Role) -> None:
    assert role_of(sentence, language) is role


@pytest.mark.parametrize(
    ("sentence", "language", "expected"),
    [
        ("Formula should never be frozen, and not be reheated.", "en", True),
        ("Most medicines are fine, so do not stop without asking.", "en", False),
        ("大人不要嚼碎了喂，也不要共用勺子。", "zh", True),
        ("亲友要先洗手，谁都不要亲宝宝。", "zh", False),
    ],
)
def test_is_leading_dont_looks_at_the_first_clause(
    sentence: str, language: str, expected: bool
) -> None:
    assert is_leading_dont(sentence, language) is expected
