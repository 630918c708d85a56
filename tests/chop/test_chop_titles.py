"""Titles: topics instead of claims cut short, one per card, steady under edits elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stages.chop import chop_guide
from stages.chop.phrases import clause_of, condition_of, key_terms, label_of, subject_of
from stages.chop.shorten import fit_heading
from stages.policy import Policy
from stages.types import Guide

GuideOf = Callable[..., Guide]


def titles(guide: Guide) -> list[str]:
    return [card.title for card in chop_guide(guide, Policy(()))]


PARACETAMOL = (
    "Do not give paracetamol to a baby under 3 months for a fever unless a doctor has told you "
    "to do so in your own case. Paracetamol comes as drops and as suppositories. "
)
FILL = "Measure the drops with the syringe that comes in the box of drops and note the hour. "


def test_title_never_cuts_a_condition_off_a_prohibition(guide_of: GuideOf) -> None:
    guide = guide_of(f"## Paracetamol\n{PARACETAMOL + FILL * 3}\n{FILL * 6}")
    for title in titles(guide):
        assert "…" not in title
        assert "not give" not in title


def test_title_takes_no_item_of_a_forbidding_list_for_advice(guide_of: GuideOf) -> None:
    items = "\n".join(f"- give aspirin number {n} to a child. {FILL}" for n in range(8))
    guide = guide_of(f"## Fever\nNever do any of these things:\n{items}")
    assert not [title for title in titles(guide) if "give aspirin" in title.lower()]


def test_titles_stay_when_another_section_is_edited(guide_of: GuideOf) -> None:
    first = f"## Sleep\n{FILL * 4}\nNappies and creams cost little. {FILL * 5}"
    before = titles(guide_of(f"{first}\n## Milk\n{FILL * 4}"))
    after = titles(guide_of(f"{first}\n## Milk\nThe fridge keeps it cold for days. {FILL * 3}"))
    assert before[:-1] == after[:-1]
    assert len(set(before)) == len(before)


@pytest.mark.parametrize(
    ("sentence", "subject"),
    [
        ("Nut butters like peanut butter are a great food.", "Nut butters like peanut butter"),
        ("A maternal-fetal medicine specialist is a doctor.", "maternal-fetal medicine specialist"),
        ("You should wash your hands.", ""),
        ("Signs that your baby is ready include sitting.", ""),
        ("Most babies are fine.", ""),
    ],
)
def test_subject_of_says_what_a_sentence_speaks_of(sentence: str, subject: str) -> None:
    assert subject_of(sentence) == subject


def test_condition_of_reads_the_opening_clause() -> None:
    assert condition_of("If you use powdered formula, wash up.", "en") == (
        "If you use powdered formula"
    )
    assert condition_of("Babies sleep, if you let them.", "en") == ""
    assert condition_of("如果宝宝发烧，请测体温。", "zh") == "如果宝宝发烧"


def test_label_of_reads_the_term_an_item_opens_with() -> None:
    assert label_of("Iodine: aim for 220 micrograms", "en") == "Iodine"
    assert label_of("Honey. It may hold spores.", "en") == "Honey"
    assert label_of("You should do it: now", "en") == ""
    assert label_of("碘：每天220微克", "zh") == "碘" or label_of("碘盐：每天", "zh") == "碘盐"


@pytest.mark.parametrize(
    ("sentence", "clause"),
    [
        ("坚持喂母乳，有助于恢复。", "坚持喂母乳"),
        ("不要给宝宝吃蜂蜜，除非满一岁。", ""),
        ("在我省近期公布的名单中，企业共有十家。", "企业共有十家"),
    ],
)
def test_clause_of_denies_nothing_and_leans_on_nothing(sentence: str, clause: str) -> None:
    assert clause_of(sentence) == clause


def test_key_terms_set_a_card_apart_from_its_siblings() -> None:
    text = "Use a nipple cream after feeds. A nipple cream soothes. Ask for the nipple cream."
    assert key_terms(text, ["Change the latch.", "Use a pillow."], "Sore skin", 6, "en") == (
        "nipple cream"
    )
    assert key_terms("You can do it.", [], "", 6, "en") == ""


def test_fit_heading_cuts_only_where_a_topic_is_left() -> None:
    long = "How should I decide whether to use a medicine while I am pregnant with twins?"
    assert fit_heading(long, 12, "en") == "How should I decide whether to use a medicine?"
    forbidding = "Never give aspirin to anybody below sixteen for a cold unless your doctor says so"
    assert fit_heading(forbidding, 12, "en").endswith("…")


def test_a_bare_category_takes_the_heading_that_judges_it_along(
    guide_of: Callable[..., Guide], no_topics: Policy
) -> None:
    items = "\n".join(f"- whole nuts and big hard seeds number {n}" for n in range(7))
    guide = guide_of(f"## Choking hazards\n### Proteins\n{items}")
    assert [card.title for card in chop_guide(guide, no_topics)] == ["Choking hazards: Proteins"]
