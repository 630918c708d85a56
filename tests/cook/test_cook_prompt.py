"""The messages of one call: stable prefix, card last, card text as data."""

from __future__ import annotations

import json

from stages.cook.facts import extract_facts
from stages.cook.prompt import build_messages, estimate_tokens, fill, reply_schema
from tests.cook.cook_samples import FEVER_ZH, HOUSE, PLANTED, TONES, make_card
from tones.load import load_house, load_tones


def test_build_messages_begins_alike_for_all_cards_of_a_language() -> None:
    one, other = (build_messages(make_card(text), TONES, HOUSE) for text in ("One.", "Two."))
    assert one[0] == other[0]
    assert one[0]["role"] == "system"
    assert one[1] != other[1]
    zh = build_messages(make_card(FEVER_ZH, "zh-Hans"), TONES, HOUSE)
    assert "Simplified" in zh[0]["content"]
    assert "Traditional" in build_messages(make_card("別", "zh-TW"), TONES, HOUSE)[0]["content"]


def test_build_messages_numbers_sentences_and_lists_facts_within_a_fence() -> None:
    card = make_card("Wash hands. Never shake a baby.")
    content = build_messages(card, TONES, HOUSE)[1]["content"]
    fence = content.splitlines()[0].strip("<>")
    assert content == (
        f"<{fence}>\nEnglish for expert, mom, engagement\nHealth > Fever\nFever\n"
        "[s1] Wash hands.\n[s2] Never shake a baby.\n"
        f"[f1] s2 prohibition: Never shake a baby.\n</{fence}>"
    )
    assert extract_facts(card.text, "en")[0].id == "f1"


def test_build_messages_fences_cards_with_marks_they_cannot_contain() -> None:
    marks = {
        build_messages(make_card(text), TONES, HOUSE)[1]["content"].splitlines()[0]
        for text in ("One.", "Two.", PLANTED)
    }
    assert len(marks) == 3


def test_build_messages_feeds_problems_back_for_the_wanted_tones() -> None:
    messages = build_messages(
        make_card(), TONES, HOUSE, wanted=["mom"], problems={"mom": ["too long"]}, attempt=2
    )
    assert messages[0] == build_messages(make_card(), TONES, HOUSE)[0]
    assert "English for mom\n" in messages[1]["content"]
    assert json.loads(messages[2]["content"]) == {
        "attempt": 2,
        "refused": {"mom": ["too long"]},
        "again": ["mom"],
    }


def test_build_messages_never_reads_a_card_as_a_template() -> None:
    card = make_card("Use {{tones}} and {{fence}} today.")
    assert (
        "[s1] Use {{tones}} and {{fence}} today."
        in (build_messages(card, TONES, HOUSE)[1]["content"])
    )
    assert fill("{{a}} {{b}}", {"a": "{{b}}", "b": "x"}) == "{{b}} x"


def test_build_messages_fills_the_house_prompt_completely() -> None:
    tones = list(load_tones().values())
    for lang in ("en", "zh-Hans", "zh-Hant"):
        text = " ".join(
            m["content"] for m in build_messages(make_card("A.", lang), tones, load_house())
        )
        assert "{{" not in text
        assert all(f"`{tone.id}`" in text for tone in tones)


def test_reply_schema_closes_every_object() -> None:
    schema = reply_schema(["expert", "mom"])
    assert schema["required"] == ["expert", "mom"]
    assert json.dumps(schema).count('"additionalProperties": false') == 3


def test_estimate_tokens_grows_with_tones_and_text() -> None:
    one = estimate_tokens(make_card(), TONES[:1], HOUSE)
    three = estimate_tokens(make_card(), TONES, HOUSE)
    assert one[0] < three[0]
    assert 2.9 < three[1] / one[1] < 3.1
    assert estimate_tokens(make_card("一二三四五六七八九十。", "zh-Hans"), TONES, HOUSE)[1] > 0
