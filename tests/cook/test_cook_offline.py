"""The offline writer: word for word, nothing that matters dropped, laid out per tone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.cook.checks import check_draft
from stages.cook.compose import compose
from stages.cook.facts import extract_facts, read_card
from stages.cook.offline import write_offline
from stages.cook.roles import Role, role_of
from stages.cook.risk import assess_risk
from stages.cook.rules import tone_rules
from stages.text import count_words
from stages.types import Card, DraftSentence, Risk
from tests.cook.cook_samples import FEVER, FEVER_ZH, PLANTED, TONES, make_card, make_tone
from tones.load import Tone, load_tones

GOLD = Path(__file__).parents[1] / "cases" / "gold" / "cards.jsonl"
DISCLAIMER = "General information, not advice."


def write(text: str, tone: Tone, lang: str = "en", title: str = "Fever") -> str:
    card = make_card(text, lang, title)
    return compose(write_offline(card, [tone])[tone.id], lang)


def gold_cards() -> list[Card]:
    rows = map(json.loads, GOLD.read_text(encoding="utf-8").splitlines())
    return [make_card(row["text"], row["lang"], row["title"]) for row in rows]


def test_write_offline_lays_a_list_out_under_its_lead_in() -> None:
    text = "Wash your hands. Then dry them.\nNever share a bed if:\n- anyone smokes\n- you are ill"
    assert write(text, make_tone("expert")) == (
        "Fever\n\nWash your hands. Then dry them.\n\nNever share a bed if:\n• anyone smokes\n"
        f"• you are ill\n\n{DISCLAIMER}"
    )


def test_write_offline_makes_points_with_signs_for_engagement() -> None:
    text = "Wash your hands.\nNever share a bed.\nCall 999 at once if your baby is limp."
    assert write(text, make_tone("engagement", hook="Ready?")) == (
        "Ready?\n\n✅ Wash your hands.\n🚫 Never share a bed.\n"
        f"⚠️ Call 999 at once if your baby is limp.\n\n{DISCLAIMER}"
    )


def test_write_offline_uses_no_more_emoji_than_the_tone_allows() -> None:
    text = "Wash your hands.\nNever share a bed.\nCall 999 at once if your baby is limp."
    assert write(text, make_tone("engagement", emoji_max=1)) == (
        "Fever\n\n• Wash your hands.\n• Never share a bed.\n"
        f"⚠️ Call 999 at once if your baby is limp.\n\n{DISCLAIMER}"
    )


def test_write_offline_puts_lines_on_getting_help_last_in_a_letter() -> None:
    text = "Call 999 at once if your baby is limp. Put the phone on speaker.\nBabies cry a lot."
    assert write(text, make_tone("mom", hook="Long night?")) == (
        "Long night?\n\nBabies cry a lot.\n\nCall 999 at once if your baby is limp. "
        f"Put the phone on speaker.\n\n{DISCLAIMER}"
    )


def test_write_offline_makes_table_rows_readable_and_keeps_steps_numbered() -> None:
    rows = "Age: 0-2 months; Feeds: 7-8\nAge: 3-4 months; Feeds: 6"
    assert "• Age: 0-2 months · Feeds: 7-8\n• Age: 3-4 months · Feeds: 6" in write(
        rows, make_tone("expert")
    )
    steps = "1. Boil the water.\n2. Let it cool."
    assert "Fever\n\n1. Boil the water.\n2. Let it cool." in write(steps, make_tone("expert"))


def test_write_offline_writes_chinese_without_spaces() -> None:
    assert write("先洗手。再喂宝宝。", make_tone("expert"), "zh-Hans", "二、喂养") == (
        "喂养\n\n先洗手。再喂宝宝。\n\n仅供参考。"
    )


def test_write_offline_leaves_a_planted_instruction_out() -> None:
    assert "DadPath" not in write(PLANTED, make_tone("mom"))


def test_write_offline_drops_unprotected_sentences_from_the_end_first() -> None:
    text = "Babies cry. Some cry more. Many like music. Never shake a baby."
    tone = make_tone("expert", words=(5, 14))
    assert (
        write(text, tone)
        == f"Fever\n\nBabies cry. Some cry more. Never shake a baby.\n\n{DISCLAIMER}"
    )


@pytest.mark.parametrize(("text", "lang"), [(FEVER, "en"), (FEVER_ZH, "zh-Hans")])
def test_write_offline_keeps_every_fact_however_short_the_tone(text: str, lang: str) -> None:
    tone = make_tone("mom", words=(1, 2), hook="Long night?")
    card = make_card(text, lang)
    draft = write_offline(card, [tone])["mom"]
    carried = {fact_id for sentence in draft for fact_id in sentence.fact_ids}
    assert carried == {fact.id for fact in extract_facts(text, lang)}
    assert "Long night?" not in compose(draft, lang)


def test_write_offline_is_deterministic() -> None:
    card = make_card()
    assert write_offline(card, TONES) == write_offline(card, TONES)


def is_verbatim(sentence: DraftSentence, card: Card) -> bool:
    sources = {s.id: s.text for s in read_card(card.text, card.lang).sentences}
    return all(sources[id].strip() in sentence.text for id in sentence.source_ids)


def test_write_offline_quotes_gold_cards_at_low_risk_in_the_house_tones() -> None:
    tones = list(load_tones().values())
    for card in gold_cards():
        drafts = write_offline(card, tones)
        for tone in tones:
            draft, rules = drafts[tone.id], tone_rules(tone, card.lang)
            text = compose(draft, card.lang)
            findings = check_draft(card, text, rules, draft)
            assert all(is_verbatim(sentence, card) for sentence in draft)
            assert text.endswith(rules.disclaimer)
            assert assess_risk(findings, card.stakes) is Risk.LOW, (card.title, tone.id, findings)
            assert count_words(text, card.lang) <= rules.length[1] * 1.25


@pytest.mark.parametrize(
    ("sentence", "language", "role"),
    [
        ("Wash your hands.", "en", Role.DO),
        ("Do not shake the bottle.", "en", Role.DONT),
        ("They do not mean that milk is short.", "en", Role.FACT),
        ("Call your doctor at once if it bleeds.", "en", Role.RED_FLAG),
        ("Is your baby ready?", "en", Role.ASK),
        ("Babies cry.", "en", Role.FACT),
        ("要先洗手。", "zh", Role.DO),
        ("不要摇晃宝宝。", "zh", Role.DONT),
        ("出现抽搐，立即就医。", "zh", Role.RED_FLAG),
        ("宝宝会哭。", "zh", Role.FACT),
    ],
)
def test_role_of_a_sentence(sentence: str, language: str, role: Role) -> None:
    assert role_of(sentence, language) is role


def test_write_offline_says_a_heading_once_when_the_text_opens_with_it() -> None:
    card = make_card(
        text="Count wet nappies. Call a nurse after 12 hours without one.",
        title="Count wet nappies",
    )
    draft = write_offline(card, TONES)["expert"]
    assert [sentence.text.strip() for sentence in draft[:2]] == [
        "Count wet nappies.",
        "Call a nurse after 12 hours without one.",
    ]
