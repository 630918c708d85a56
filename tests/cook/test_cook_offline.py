"""The offline writer: word for word, nothing that matters dropped, laid out per tone."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from stages.cook.checks import check_draft
from stages.cook.compose import compose, compose_spans
from stages.cook.facts import extract_facts
from stages.cook.offline import write_offline
from stages.cook.risk import assess_risk
from stages.cook.rules import tone_rules
from stages.text import count_words
from stages.types import Card, Risk, Stakes
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


def test_write_offline_makes_sections_under_editors_labels() -> None:
    text = (
        "Babies cry.\nWash your hands. Then dry them.\nNever share a bed if:\n- anyone smokes\n"
        "- you are ill\nCall 999 at once if your baby is limp."
    )
    assert write(text, make_tone("expert")) == (
        "Fever\n\nBabies cry.\n\nWhat to do\nWash your hands. Then dry them.\n\n"
        "What not to do\nNever share a bed if:\n• anyone smokes\n• you are ill\n\n"
        f"When to get help\nCall 999 at once if your baby is limp.\n\n{DISCLAIMER}"
    )


def test_write_offline_moves_nothing_that_leans_on_what_stands_before_it() -> None:
    text = "If she coughs, let her cough. Do not pat her back. If this fails, call 999 at once."
    assert write(text, make_tone("expert")) == (
        "Fever\n\nIf she coughs, let her cough. Do not pat her back.\n\n"
        f"If this fails, call 999 at once.\n\n{DISCLAIMER}"
    )
    turned = "Do not pat her back. If this fails, call 999 at once. Let her cough."
    assert write(turned, make_tone("expert")) == (
        f"Fever\n\nDo not pat her back.\n\nIf this fails, call 999 at once.\n\nLet her cough.\n\n"
        f"{DISCLAIMER}"
    )


def test_write_offline_keeps_the_call_for_help_among_the_steps_of_first_aid() -> None:
    text = "Give back blows. Then call an ambulance at once. Do not sweep the mouth."
    assert write(text, make_tone("expert")) == (
        "Fever\n\nWhat to do\nGive back blows. Then call an ambulance at once.\n\n"
        f"What not to do\nDo not sweep the mouth.\n\n{DISCLAIMER}"
    )


def test_write_offline_leaves_an_exception_behind_its_rule() -> None:
    text = "Do not give it under 3 months. Babies who had a vaccine are different."
    for tone_id in ("expert", "mom", "engagement"):
        draft = write(text, make_tone(tone_id))
        assert draft.index("Do not give") < draft.index("Babies who had")


def test_write_offline_brings_urgent_help_above_the_fold() -> None:
    talk = "Babies cry a lot in the early weeks and many cry more in the evening. "
    text = talk * 6 + "\nCall 999 at once if your baby is limp."
    for tone_id in ("expert", "engagement"):
        draft = write(text, make_tone(tone_id, hook="Ready?"))
        assert draft.index("Call 999") < draft.index("Babies cry")
    letter = write(text, make_tone("mom", hook="Long night?"))
    assert letter.startswith("Long night?\n\nFurther down it says when to get help.\n\n")
    assert letter.index("Call 999") > letter.index("Babies cry")


def test_write_offline_makes_points_and_leaves_warnings_bare() -> None:
    text = "Wash your hands.\nDry them well.\nNever share a bed.\nCall 999 at once if he is limp."
    card = replace(make_card(text), topics=("play",), stakes=Stakes.NORMAL)
    tone = make_tone("engagement", hook="Ready?")
    assert compose(write_offline(card, [tone])["engagement"], "en") == (
        "Ready?\n\nFever\n🧸 Wash your hands.\n🧸 Dry them well.\n\nNever share a bed.\n\n"
        f"Call 999 at once if he is limp.\n\n{DISCLAIMER}"
    )


def test_write_offline_has_one_mark_for_all_points_or_plain_bullets() -> None:
    text = "Wash your hands.\nDry them well.\nSing a song."
    card = replace(make_card(text), topics=("play",), stakes=Stakes.NORMAL)
    few = compose(write_offline(card, [make_tone("engagement", emoji_max=2)])["engagement"], "en")
    assert few == f"Fever\n• Wash your hands.\n• Dry them well.\n• Sing a song.\n\n{DISCLAIMER}"
    grave = compose(write_offline(make_card(text), [make_tone("engagement")])["engagement"], "en")
    assert grave == few


def test_write_offline_keeps_the_order_in_a_letter() -> None:
    text = "Call 999 at once if your baby is limp. Put the phone on speaker.\nBabies cry a lot."
    assert write(text, make_tone("mom", hook="Long night?")) == (
        "Long night?\n\nFever\n\nCall 999 at once if your baby is limp.\n\n"
        f"Put the phone on speaker. Babies cry a lot.\n\n{DISCLAIMER}"
    )


def test_write_offline_makes_table_rows_readable_and_keeps_steps_numbered() -> None:
    rows = "Age: 0-2 months; Feeds: 7-8\nAge: 3-4 months; Feeds: 6"
    assert "• Age: 0-2 months · Feeds: 7-8\n• Age: 3-4 months · Feeds: 6" in write(
        rows, make_tone("expert")
    )
    assert "• 月龄：6月龄 · 奶量：约800毫升" in write(
        "月龄: 6月龄; 奶量: 约800毫升\n月龄: 9月龄; 奶量: 约600毫升", make_tone("expert"), "zh-Hans"
    )
    steps = "3. Boil the water.\n4. Let it cool."
    assert "Fever\n3. Boil the water.\n4. Let it cool." in write(steps, make_tone("expert"))


def test_write_offline_ends_a_list_where_the_card_does() -> None:
    text = "Look for three signs:\n- sits up\n- grabs food.\nChewing fists is no sign."
    assert "• sits up\n• grabs food.\n\nChewing fists is no sign." in write(
        text, make_tone("mom", hook="Hello.")
    )


def test_write_offline_sets_footnotes_behind_the_list_they_interrupt() -> None:
    text = "Schedules differ.[a] Most say:\n[a] They are revised.\n- one visit\n- more visits"
    assert write(text, make_tone("expert")) == (
        "Fever\n\nSchedules differ.[a]\n\nMost say:\n• one visit\n• more visits\n\n"
        f"[a] They are revised.\n\n{DISCLAIMER}"
    )
    assert "Schedules differ.\n\nMost say:" in write(text, make_tone("mom"))


def test_write_offline_writes_chinese_without_spaces() -> None:
    assert write("先洗手。再喂宝宝。", make_tone("expert"), "zh-Hans", "二、喂养") == (
        "喂养\n\n先洗手。再喂宝宝。\n\n仅供参考。"
    )


@pytest.mark.parametrize(
    ("heading", "text", "shown"),
    [
        ("If a child is choking", "If they can cough, let them.", "If a child is choking"),
        ("How often?", "Offer eight feeds.", "Bathing your newborn · How often?"),
        ("How often?", "Bathing once is enough.", "How often?"),
    ],
)
def test_write_offline_names_the_guide_where_the_heading_alone_says_little(
    heading: str, text: str, shown: str
) -> None:
    crumbs = ("Bathing your newborn", heading)
    card = replace(make_card(text, title=heading), breadcrumbs=crumbs)
    assert write_offline(card, TONES)["expert"][0].text.strip() == shown


def test_write_offline_gives_a_letter_the_heading_it_cannot_do_without() -> None:
    answer = make_card("No. Large studies found no link.", title="Do vaccines cause autism?")
    said = make_card("Plugged ducts are common.", title="Plugged ducts")
    assert write_offline(answer, TONES)["mom"][1].text.strip() == "Do vaccines cause autism?"
    assert write_offline(said, TONES)["mom"][1].text.strip() == "Plugged ducts are common."


def test_write_offline_opens_neighbours_differently() -> None:
    cards = [replace(make_card(), position=n) for n in range(6)]
    for tone in load_tones().values():
        drafts = [write_offline(card, [tone])[tone.id] for card in cards]
        if tone.id != "expert":
            assert all(a[0] != b[0] for a, b in itertools.pairwise(drafts))


def test_write_offline_opens_a_grave_card_of_a_light_topic_soberly() -> None:
    tone = load_tones()["engagement"]
    card = replace(make_card(), topics=("milestones", "urgent_help"))
    light = {line for topic in ("milestones", "play") for line in tone.hooks["en"][topic]}
    openings = {
        write_offline(replace(card, position=n), [tone])["engagement"][0].text.strip()
        for n in range(9)
    }
    assert openings & light == set()
    assert openings <= set(tone.hooks["en"]["urgent_help"])


def test_write_offline_uses_plain_words_only_where_nothing_is_at_stake() -> None:
    text = (
        "Infants like to utilise both hands. Infants need 8 feeds. Never bathe infants alone. "
        "Infants may smile. Infants thrive on vitamin D."
    )
    tone = make_tone("mom", hook="Hello.")
    assert (
        "Babies like to use both hands. Infants need 8 feeds. Never bathe infants alone. "
        "Infants may smile. Infants thrive on vitamin D."
    ) in write(text, tone)
    assert "Infants like to utilise both hands." in write(text, make_tone("expert"))


def test_write_offline_leaves_a_planted_instruction_out() -> None:
    assert "DadPath" not in write(PLANTED, make_tone("mom"))


def test_write_offline_drops_unprotected_sentences_from_the_end_first() -> None:
    text = "Babies cry. Some cry more. Many like music. Never shake a baby."
    tone = make_tone("mom", words=(5, 14))
    assert write(text, tone) == (
        f"Fever\n\nBabies cry. Some cry more. Never shake a baby.\n\n{DISCLAIMER}"
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


def test_write_offline_quotes_gold_cards_at_low_risk_in_the_house_tones() -> None:
    tones = list(load_tones().values())
    for card in gold_cards():
        drafts = write_offline(card, tones)
        for tone in tones:
            draft, rules = drafts[tone.id], tone_rules(tone, card.lang)
            text = compose(draft, card.lang)
            checked = check_draft(card, text, rules, draft)
            risk = assess_risk(checked.findings, checked.score, card.stakes, rules.flag_from)
            assert text.endswith(rules.disclaimer)
            assert risk is Risk.LOW, (card.title, tone.id, checked)
            assert count_words(text, card.lang) <= rules.length[1] * 1.25


def test_write_offline_says_a_heading_once_when_the_text_opens_with_it() -> None:
    card = make_card(
        text="Count wet nappies. Call a nurse after 12 hours without one.",
        title="Count wet nappies",
    )
    for draft in write_offline(card, TONES).values():
        assert [s.text for s in draft if "Count wet nappies" in s.text and not s.source_ids] == []


@pytest.mark.parametrize(
    ("formal", "plain", "lang"),
    [
        ("An infant likes to hear a voice.", "A baby likes to hear a voice.", "en"),
        ("Parents commence with a song.", "Parents start with a song.", "en"),
        ("Grandparents utilise a sling.", "Grandparents use a sling.", "en"),
        ("A physician looks at the ears.", "A doctor looks at the ears.", "en"),
        ("Give additional cuddles at night.", "Give extra cuddles at night.", "en"),
        ("Read aloud in order to calm her.", "Read aloud to calm her.", "en"),
        ("Use a number of soft toys.", "Use several soft toys.", "en"),
        ("Babies frequently smile at faces.", "Babies often smile at faces.", "en"),
        ("Furthermore, babies love colours.", "Also, babies love colours.", "en"),
        ("Ask a friend for assistance.", "Ask a friend for help.", "en"),
        ("红薯和山药亦可。", "红薯和山药也可。", "zh-Hans"),
        ("蒸和煮均可。", "蒸和煮都可。", "zh-Hans"),
        ("这个办法较为简单。", "这个办法比较简单。", "zh-Hans"),
        ("寶寶的頭髮逐漸變濃密。", "寶寶的頭髮慢慢變濃密。", "zh-Hant"),
    ],
)
def test_plain_words_raise_no_finding(formal: str, plain: str, lang: str) -> None:
    tone = make_tone("mom", hook="Hello.")
    card = replace(make_card(formal, lang, "Play"), topics=("play",), stakes=Stakes.NORMAL)
    draft = write_offline(card, [tone])["mom"]
    text, spans = compose_spans(draft, lang)
    [(said, span)] = [
        (s.text.strip(), at) for s, at in zip(draft, spans, strict=True) if s.source_ids
    ]
    checked = check_draft(card, text, tone_rules(tone, lang), draft)
    assert said == plain
    assert [
        finding
        for finding in checked.findings
        if finding.draft_span is None
        or (finding.draft_span[0] < span[1] and span[0] < finding.draft_span[1])
    ] == []


@pytest.mark.parametrize(
    "text",
    [
        "a: b" + "; a: b" * 400 + "; x",
        "If " + "you wait, " * 800 + "go",
        "for " * 3000,
        "the infant " * 1500,
        "不" * 4000,
        "[1]" * 2000,
        "- " + "call a doctor if " * 600,
    ],
)
def test_write_offline_is_quick_on_hostile_text(text: str) -> None:
    lang = "zh-Hans" if text.startswith("不") else "en"
    started = time.process_time()
    write_offline(make_card(text, lang), TONES)
    assert time.process_time() - started < 2
