"""Numbers of a draft against the card's: plain drafts, and sentences that cite their source."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.cook.check_quantities import check_cited, check_plain, is_kept
from stages.cook.facts import CardReading, read_card
from stages.cook.quantity import Quantity, find_quantities
from stages.text import is_chinese
from stages.types import Finding, Severity
from tests.cook.number_faults import plant

DRAFTS = Path(__file__).parents[1] / "cases" / "drafts"
NUMBER_FAULTS = {"number_changed", "unit_changed", "age_changed", "invented_number"}
CLEAR = 0.5
"""Strength from which a finding is more likely right than wrong."""


def plain(card: str, draft: str) -> list[Finding]:
    chinese = any("\u4e00" <= c <= "\u9fff" for c in card)
    return list(
        check_plain(find_quantities(card, chinese), card, find_quantities(draft, chinese), draft)
    )


def clear(card: str, draft: str) -> list[tuple[str, str]]:
    """Check and the draft's words of every finding that is likely right."""
    return [
        (f.check, draft[slice(*(f.draft_span or (0, 0)))])
        for f in plain(card, draft)
        if f.strength >= CLEAR
    ]


FEVER = (
    "If your baby is under 3 months and has a temperature of 38 °C (100.4 °F) or higher, call a "
    "doctor. From 3 to 6 months, call at 39 °C (102.2 °F). Leave at least 4 hours between doses "
    "and give no more than 4 doses in 24 hours. Do three sets of ten squeezes a day. "
    "Most coughs are gone within 3 weeks; half of babies cough at night."
)


@pytest.mark.parametrize(
    "draft",
    [
        "Younger than 12 weeks with 38°C or above? Ring the doctor.",
        "Between 3 and 6 months the line is 39.",
        "Doses: 4+ hours apart, max four per day.",
        "Three things to know before tonight. In 50% of babies the cough is worse at night.",
        "My son was fourteen months old and it lasted two minutes.",
        "Got 30 seconds? Read this.",
        "Would you know what to do with a 2-month-old at 3 a.m.?",
        "1️⃣ Call 24/7 on 0300 123 1133\n2️⃣ Three sets, ten squeezes",
        "Day 1: a cold. Day 2: a cough.",
        "A cough may last up to 21 days.",
        "Under-threes (months, that is) with 100.4 need a doctor.",
    ],
)
def test_check_plain_lets_the_same_figures_in_other_words_pass(draft: str) -> None:
    assert clear(FEVER, draft) == []


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        ("Under 3 months, 38.5 °C or higher: call.", ("quantity_changed", "38.5 °C")),
        ("Under 2 months with 38 °C? Call.", ("quantity_changed", "2 months")),
        ("Leave at least 4 days between doses.", ("quantity_changed", "4 days")),
        ("Leave at least 6 hours between doses.", ("quantity_changed", "6 hours")),
        ("About 80% of babies cough at night.", ("quantity_changed", "80%")),
        ("Most coughs are gone within 3 days.", ("quantity_changed", "3 days")),
        ("Do ten sets of ten squeezes a day.", ("quantity_changed", "ten")),
    ],
)
def test_check_plain_points_at_a_changed_figure(draft: str, expected: tuple[str, str]) -> None:
    assert clear(FEVER, draft) == [expected]


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        ("A drink means 12 oz beer, 5 oz wine or 1.5 oz spirits.", []),
        (
            "A drink means a 5 oz beer or a 12 oz glass of wine.",
            [("quantity_swapped", "5 oz"), ("quantity_swapped", "12 oz")],
        ),
    ],
)
def test_check_plain_sees_two_figures_in_each_other_s_place(
    draft: str, expected: list[tuple[str, str]]
) -> None:
    card = "One drink is 12 oz of beer (5%), 5 oz of wine (12%) or 1.5 oz of spirits (40%)."
    assert clear(card, draft) == expected


FEVER_ZH = (
    "3月龄以下的宝宝体温达到38℃应立即就医。3至6个月的宝宝体温达到39℃应就医。两次用药至少间隔4小时，"
    "24小时内不超过4次。咳嗽一般3周内好转，约一半的宝宝夜里咳得更厉害。1岁以内不要吃蜂蜜。"
)


@pytest.mark.parametrize(
    "draft",
    [
        "不满三个月的小宝宝烧到三十八度，马上去医院。",
        "一天最多四回，每回隔4个小时以上。",
        "五成宝宝夜里咳得更凶，21天左右就好了。",
        "蜂蜜要等满一周岁再吃。",
        "看完只要30秒，三件事记一下。",
        "我家老二十个月那会儿也这样。",
    ],
)
def test_check_plain_lets_the_same_chinese_figures_pass(draft: str) -> None:
    assert clear(FEVER_ZH, draft) == []


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        ("3个月以下的宝宝烧到38度5才去医院。", ("quantity_changed", "38度5")),
        ("两次用药间隔至少四天。", ("quantity_changed", "四天")),
        ("两次用药至少隔八小时。", ("quantity_changed", "八小时")),
        ("七成宝宝夜里咳得更厉害。", ("quantity_changed", "七成")),
        ("咳嗽一般三天内好转。", ("quantity_changed", "三天")),
    ],
)
def test_check_plain_points_at_a_changed_chinese_figure(
    draft: str, expected: tuple[str, str]
) -> None:
    assert clear(FEVER_ZH, draft) == [expected]


def test_check_plain_grades_what_it_saw() -> None:
    found = {
        draft: max((f.strength for f in plain(FEVER, draft)), default=0.0)
        for draft in ("Leave at least 4 days between doses.", "Took me a day to learn that.")
    }
    assert found == {
        "Leave at least 4 days between doses.": 1.0,
        "Took me a day to learn that.": 0.0,
    }


def test_check_plain_shows_a_doubt_as_a_hint_only() -> None:
    found = plain(FEVER, "The little one next door, a ten-month-old, naps for 90 minutes.")
    assert {f.severity for f in found if f.strength < CLEAR} <= {Severity.INFO}


@pytest.mark.parametrize(
    ("heading", "expected"), [((), ["quantity_invented"]), (("5 signs", "18 months"), [])]
)
def test_check_plain_accounts_for_figures_of_the_heading(
    heading: tuple[str, ...], expected: list[str]
) -> None:
    above = [q for line in heading for q in find_quantities(line, False)]
    text, draft = "Toddlers point at things.", "By 18 months toddlers point at things."
    found = check_plain((), text, find_quantities(draft, False), draft, heading=above)
    assert [f.check for f in found] == expected


@given(st.text(max_size=200), st.text(max_size=200))
def test_check_plain_takes_any_two_texts(card: str, draft: str) -> None:
    for found in plain(card, draft):
        assert 0 <= found.strength <= 1
        assert found.draft_span is not None


@given(st.sampled_from([FEVER, FEVER_ZH]))
def test_check_plain_finds_nothing_in_the_card_itself(card: str) -> None:
    assert clear(card, card) == []


@pytest.mark.parametrize("piece", ["1. 2 mg ", "9, ", "one hundred ", "3岁以下，", "每", "-5 °C\n"])
def test_check_plain_is_fast_on_hostile_text(piece: str) -> None:
    started = time.process_time()
    plain(FEVER, piece * (20_000 // len(piece)))
    plain(piece * (20_000 // len(piece)), FEVER_ZH)
    assert time.process_time() - started < 4


# --- labelled drafts ---------------------------------------------------------------------------


def rows(folder: str, name: str) -> list[dict[str, str]]:
    lines = (DRAFTS / folder / name).read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("folder", ["fit_en", "fit_zh"])
def test_check_plain_tells_faithful_drafts_from_wrong_numbers(folder: str) -> None:
    """Measured when written: false flags 1 of 108 and 0 of 84, found 30 of 30 and 23 of 24."""
    cards = {card["id"]: card["text"] for card in rows(folder, "cards.jsonl")}

    def share(drafts: list[dict[str, str]]) -> float:
        return sum(bool(clear(cards[d["card_id"]], d["text"])) for d in drafts) / len(drafts)

    wrong = [d for d in rows(folder, "corrupted.jsonl") if d["error_type"] in NUMBER_FAULTS]
    assert share(rows(folder, "rewrites.jsonl")) <= 0.05
    assert share(wrong) >= 0.88


# --- sentences that cite their source ------------------------------------------------------------


def cited(reading: CardReading, sentence_id: str, words: str) -> list[Finding]:
    (sentence,) = [s for s in reading.sentences if s.id == sentence_id]
    lead = reading.lead_ins.get(sentence_id)
    source = [q for s in (sentence, lead) if s is not None for q in reading.quantities_of(s)]
    own = find_quantities(words, is_chinese(reading.lang))
    return list(check_cited(source, reading.quantities, reading.text, own, words))


def is_told(reading: CardReading, sentence_id: str, before: str, after: str) -> bool:
    """Whether a fault is found: by what is said, or as a figure that is gone."""
    if any(
        f.severity in (Severity.MAJOR, Severity.CRITICAL)
        for f in cited(reading, sentence_id, after)
    ):
        return True
    chinese = is_chinese(reading.lang)
    (sentence,) = [s for s in reading.sentences if s.id == sentence_id]

    def kept(words: str) -> set[tuple[int, int]]:
        shown = find_quantities(words, chinese)
        return {q.span for q in reading.quantities_of(sentence) if not q.is_soft and _any(q, shown)}

    return kept(before) > kept(after)


def _any(wanted: Quantity, shown: tuple[Quantity, ...]) -> bool:
    return any(is_kept(wanted, q) for q in shown)


@cache
def sentences() -> tuple[tuple[CardReading, str, str], ...]:
    """Every sentence with a figure of the labelled cards, as a draft that keeps the words."""
    return tuple(_sentences())


def _sentences() -> Iterator[tuple[CardReading, str, str]]:
    for folder in ("fit_en", "fit_zh"):
        for card in rows(folder, "cards.jsonl"):
            reading = read_card(card["text"], card["lang"])
            for sentence in reading.sentences:
                if reading.quantities_of(sentence):
                    yield reading, sentence.id, sentence.text


def test_check_cited_says_nothing_of_the_card_s_own_sentences() -> None:
    assert [words for card, id, words in sentences() if cited(card, id, words)] == []


def test_check_cited_finds_planted_faults() -> None:
    """A sample of what was measured on drafts of the sample site too: 3,633 of 3,650 (99.5%)."""
    rng = Random(3)
    told: Counter[bool] = Counter()
    for reading, sentence_id, words in sentences():
        faults = list(plant(words, is_chinese(reading.lang)))
        for fault in rng.sample(faults, min(3, len(faults))):
            told[is_told(reading, sentence_id, words, fault.text)] += 1
    assert told.total() >= 300
    assert told[True] / told.total() >= 0.985


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Wait at least 4 hours before the next dose.", []),
        ("Wait 4 hours or more.", []),
        ("Wait at most 4 hours.", ["comparator_cited"]),
        ("Wait at least 4 days.", ["quantity_cited"]),
        ("Wait at least 40 hours.", ["quantity_cited"]),
        ("Wait at least 4 hours, for 90% of babies.", ["quantity_unsourced"]),
    ],
)
def test_check_cited_holds_a_sentence_to_its_source(words: str, expected: list[str]) -> None:
    reading = read_card("Leave at least 4 hours between doses.", "en")
    assert [f.check for f in cited(reading, "s1", words)] == expected
