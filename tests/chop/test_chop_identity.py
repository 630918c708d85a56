"""Edits of real guides: what they leave alone, and what must never pass as a matter of wording."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.evals.edits import KINDS, edit_guide, measure_edits
from stages.chop import change_of, check_cards, chop_guide, coverage, match_cards, overlap
from stages.policy import Policy
from stages.procure.extract import extract_page
from stages.procure.guide import build_guide
from stages.types import Card, ChangeKind, Guide, Reuse, Source

SITE = Path(__file__).parents[2] / "seeds" / "sample_site" / "site"
BASE = "http://127.0.0.1:8765/"
SOURCE = Source("sample", "Harbour", BASE, ("en",), Reuse.ADAPT_OK, "CC BY 4.0", "", "Harbour")
POLICY = Policy(())
PAGES = (
    "guides/safe-sleep.html",
    "feeding/preparing-formula.html",
    "feeding/starting-solids.html",
    "health/fever-and-medicines.html",
    "pregnancy/eating-well.html",
    "safety/home-car-water.html",
    "zh/fushi-tianjia.html",
    "zh/xinsheng-huli.html",
)
ENGLISH, CHINESE = PAGES[:6], PAGES[6:]


@cache
def guide(name: str) -> Guide:
    return build_guide(SOURCE, BASE + name, [extract_page((SITE / name).read_bytes(), BASE + name)])


@cache
def cards(name: str) -> tuple[Card, ...]:
    return chop_guide(guide(name), POLICY)


@pytest.mark.parametrize("pages", [ENGLISH, CHINESE])
def test_untouched_cards_are_kept_in_99_of_100_cases(pages: tuple[str, ...]) -> None:
    outcomes = measure_edits([guide(name) for name in pages], 150)
    assert {outcome.kind for outcome in outcomes} == set(KINDS)
    untouched = sum(outcome.untouched for outcome in outcomes)
    assert untouched > 1500
    assert sum(outcome.kept for outcome in outcomes) / untouched >= 0.99


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PAGES), st.sampled_from(KINDS), st.integers(0, 10**6))
def test_an_edited_guide_gives_good_cards_with_ids_of_their_own(
    name: str, kind: str, seed: int
) -> None:
    edited, _ = edit_guide(guide(name), kind, random.Random(seed))
    changes = match_cards(cards(name), chop_guide(edited, POLICY, before=cards(name)))
    after = [change.new for change in changes if change.new]
    gone = {change.old.id for change in changes if change.old and not change.new}
    assert len({card.id for card in after} | gone) == len(after) + len(gone)
    assert coverage(edited, after) >= 0.99
    assert overlap(edited, after) <= 0.02
    failed = [names for names in check_cards(after, edited) if names]
    assert len(failed) <= 3


def test_cards_of_the_last_version_are_cut_again_as_they_were() -> None:
    """Even where the guide's length would lead to other cards."""
    old = chop_guide(guide(PAGES[0]), POLICY, target_cards=30)
    again = chop_guide(guide(PAGES[0]), POLICY, before=old)
    same = {card.text for card in old} & {card.text for card in again}
    assert len(same) >= 0.9 * len(old)
    assert same != {card.text for card in chop_guide(guide(PAGES[0]), POLICY)}


# --- changes that could hurt ---------------------------------------------------------------------

EN_CHANGES = (
    (r"\bmonths?\b", "weeks"), (r"\bweeks?\b", "days"), (r"\bhours?\b", "minutes"),
    (r"\byears?\b", "months"), (r"\bmg\b", "g"), (r"\bml\b", "litres"), (r"°C", "°F"),
    (r"\btwo\b", "three"), (r"\bonce\b", "twice"), (r"\bfirst\b", "second"), (r"\bhalf\b", "all"),
    (r"\bnever\b", "always"), (r"\b[Dd]o not\b", "Do"), (r"\bnot ", ""), (r"\bonly ", ""),
    (r"\bunless\b", "if"), (r"\bunder\b", "over"), (r"\bolder\b", "younger"), (r"%", ""),
    (r"\bat least\b", "at most"), (r"\bmore than\b", "less than"), (r"\bbefore\b", "after"),
    (r"\bup to\b", "over"), (r"\bwithout\b", "with"), (r"\bavoid\b", "offer"),
    (r"\bcan\b", "cannot"), (r"\bshould\b", "may"), (r"\bmust\b", "can"), (r"\bor\b", "and"),
    (r"\bevery\b", "any"),
    (r"\buntil\b", "from"), (r"\bsafe\b", "unsafe"), (r"\bteaspoons?\b", "tablespoon"),
)  # fmt: skip
ZH_CHANGES = (
    ("不", ""), ("勿", ""), ("禁", ""), ("只", ""), ("岁", "月"), ("个月", "周"), ("天", "周"),
    ("小时", "分钟"), ("毫升", "克"), ("毫克", "克"), ("以上", "以下"), ("以内", "以外"),
    ("两", "三"), ("三", "四"), ("每", "隔"), ("前", "后"), ("后", "前"), ("超过", "低于"),
    ("未", "已"), ("如果", "即使"), ("可以", "不可以"), ("必须", "可以"), ("避免", "尽量"),
    ("至少", "至多"), ("没有", "有"), ("度", ""), ("或", "和"), ("次", "天"),
)  # fmt: skip


def changed_texts(card: Card) -> Iterator[str]:
    """The card's text with one thing changed that could hurt, for each place that allows it."""
    chinese = card.lang.startswith("zh")
    for pattern, other in ZH_CHANGES if chinese else EN_CHANGES:
        for match in re.finditer(pattern, card.text):
            yield card.text[: match.start()] + other + card.text[match.end() :]
    for match in re.finditer(r"(?<!^)(?<!\n)\d", card.text):
        other = str((int(match[0]) + 1) % 10)
        yield card.text[: match.start()] + other + card.text[match.end() :]


@pytest.mark.parametrize("name", PAGES)
def test_a_changed_number_unit_or_negation_is_always_material(name: str) -> None:
    passed = [
        text
        for card in cards(name)
        for text in changed_texts(card)
        if not re.search(r"^\d+[.、]", text, re.MULTILINE)
        and change_of(card, replace(card, text=text, body_hash="other")) is not ChangeKind.MATERIAL
    ]
    assert passed == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Give 5 ml at 6 months and 10 ml at 12.", "Give 10 ml at 6 months and 5 ml at 12."),
        ("Do not shake. Warm it.", "Shake. Do not warm it."),
        ("Give ½ a tablet.", "Give ¼ a tablet."),
        ("每天两次，每次一勺。", "每天一次，每次两勺。"),
        ("不要摇晃。可以加热。", "摇晃。不可以加热。"),
    ],
)
def test_numbers_and_negations_that_change_places_are_material(old: str, new: str) -> None:
    lang = "zh-Hans" if "。" in old else "en"
    card = replace(cards(PAGES[0])[0], text=old, lang=lang)
    assert change_of(card, replace(card, text=new, body_hash="x")) is ChangeKind.MATERIAL


def test_sentences_that_change_places_are_not_material() -> None:
    card = replace(cards(PAGES[0])[0], text="Use 2 spoons. Do not shake it. Sing a song.")
    moved = replace(card, text="Sing a song. Do not shake it. Use 2 spoons.", body_hash="x")
    assert change_of(card, moved) is ChangeKind.REWORDED
