"""Replies of models, read strictly."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.cook.leak import is_leak, what_is_told
from stages.cook.parse import MAX_SENTENCES, Reply, ReplyError, dump_reply, parse_reply
from stages.types import DraftSentence
from tests.cook.cook_samples import FEVER_ZH, HOUSE, make_card, make_tone
from tones.load import list_versions, load_house

IDS = {"s1", "s2"}
FACTS = {"f1"}


def row(text: str = "Wash hands first.", **more: Any) -> dict[str, Any]:
    return {"text": text, "source_ids": ["s1"], "fact_ids": ["f1"], **more}


def parse(text: str, tones: tuple[str, ...] = ("expert",), lang: str = "en") -> Reply:
    return parse_reply(text, tones, lang, IDS, FACTS)


GOOD = json.dumps({"expert": [row()]})
SENTENCE = DraftSentence("Wash hands first.", ("s1",), ("f1",))


@pytest.mark.parametrize("text", [GOOD, f"```json\n{GOOD}\n```", f"\n```\n{GOOD}\n```\n"])
def test_parse_reply_reads_plain_and_fenced_json(text: str) -> None:
    assert parse(text) == Reply({"expert": (SENTENCE,)})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("Sure! Here is your draft.", "not valid JSON"),
        (f"Here you go: {GOOD}", "not valid JSON"),
        (GOOD[:-4], "not valid JSON"),
        ("[]", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ('{"expert": [], "expert": []}', "same key twice"),
        ('{"expert": [{"text": "a", "text": "b"}]}', "same key twice"),
        ('{"expert": NaN}', "NaN"),
        ('{"expert": Infinity}', "Infinity"),
        ('{"poet": []}', "the reply has 'poet'; expected expert"),
        ('{"expert": "' + "x" * 70_000 + '"}', "at most"),
        ("[" * 30_000, "nested too deeply"),
    ],
)
def test_parse_reply_refuses_the_whole(text: str, says: str) -> None:
    with pytest.raises(ReplyError, match=says):
        parse(text)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "missing"),
        ([], "not empty"),
        ("text", "list of sentences"),
        (["text"], "each sentence as"),
        ([row(score=1)], "each sentence as"),
        ([row(text=3)], "no text"),
        ([row(text=" ")], "empty"),
        ([row(text="\u200b")], "empty"),
        ([row(text="x" * 2_000)], "at most"),
        ([row()] * (MAX_SENTENCES + 1), "at most"),
        ([row(source_ids=["s9"])], "'s9', which the card does not have"),
        ([row(fact_ids=["f7"])], "'f7', which the card does not have"),
        ([row(source_ids="s1")], "not a list of ids"),
        ([row(source_ids=[1])], "not a list of ids"),
        ([row(text="先洗手，再喂宝宝。")], "not in the card's language"),
    ],
)
def test_parse_reply_refuses_one_tone_and_keeps_the_other(value: Any, says: str) -> None:
    reply = parse(json.dumps({"expert": value, "mom": [row()]}), ("expert", "mom"))
    assert reply.drafts == {"mom": (SENTENCE,)}
    assert list(reply.problems) == ["expert"]
    assert says in str(reply.problems["expert"])


def test_parse_reply_refuses_english_for_a_chinese_card() -> None:
    assert "language" in str(parse(GOOD, lang="zh-Hans").problems["expert"])


def test_parse_reply_leaves_out_a_tone_nobody_asked_for() -> None:
    assert parse(json.dumps({"expert": [row()], "poet": [row()]})) == Reply({"expert": (SENTENCE,)})


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (row("I'm sorry, but I can't help with that request.", source_ids=[]), "refusal"),
        (row("作为一个AI，我无法提供医疗建议。", source_ids=[]), "refusal"),
        (row("\ud83d alone"), "wrong form"),
        (row("x" * 2_000), "over-long"),
    ],
)
def test_parse_reply_says_in_a_word_what_is_wrong_with_a_tone(value: Any, kind: str) -> None:
    assert parse(json.dumps({"expert": [value]})).problems["expert"].kind == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty or cut off"),
        ("Sure! Here you go.", "not JSON"),
        ("I'm sorry, I can't help with that.", "refusal"),
        ("抱歉，我无法完成这个请求。", "refusal"),
        ('{"expert": [], "expert": []}', "keys twice"),
        ('{"expert": -Infinity}', "not a number"),
        ('{"expert": ' + "9" * 5_000 + "}", "not JSON"),
        ('{"poet": []}', "other tones"),
    ],
)
def test_parse_reply_says_in_a_word_what_is_wrong_with_the_whole(text: str, kind: str) -> None:
    with pytest.raises(ReplyError) as caught:
        parse(text)
    assert caught.value.kind == kind


def test_parse_reply_lets_a_card_about_sorrow_be_told() -> None:
    told = row("I'm sorry is a good thing to say to your child.")
    assert list(parse(json.dumps({"expert": [told]})).drafts) == ["expert"]


def test_parse_reply_refuses_a_draft_that_is_far_too_long() -> None:
    text = json.dumps({"expert": [row()] * 5, "mom": [row()]})
    reply = parse_reply(text, ("expert", "mom"), "en", IDS, FACTS, longest={"expert": 14, "mom": 3})
    assert (list(reply.drafts), reply.problems["expert"].kind) == (["mom"], "over-long")


@pytest.mark.parametrize("lang", ["en", "zh-Hans"])
def test_parse_reply_refuses_a_draft_that_repeats_our_instructions(lang: str) -> None:
    house, card = load_house(), make_card() if lang == "en" else make_card(FEVER_ZH, lang)
    tone = list_versions()["mom"][0]
    told = what_is_told(card, [tone], house)
    key = "en" if lang == "en" else "zh"
    guide = " ".join(tone.guide[key].split())[:300]
    rows = {"expert": [row(guide)], "mom": [row(card.text.split("\n")[0])]}
    reply = parse_reply(json.dumps(rows), ("expert", "mom"), lang, IDS, FACTS, told=told)
    assert list(reply.drafts) == ["mom"]
    assert reply.problems["expert"].kind == "our instructions"


def test_what_a_draft_may_say_is_no_leak_though_it_stands_in_our_instructions() -> None:
    line = "General information, and never the advice of somebody who knows your child."
    tone = replace(
        make_tone(), guide={"en": f"End with: {line}", "zh": ""}, disclaimer={"en": line, "zh": ""}
    )
    card = make_card(f"{HOUSE.system} and so on, for as long as it takes to be a card of its own.")
    told = what_is_told(card, [tone], HOUSE)
    assert not is_leak(line, told)
    assert not is_leak(card.text, told)
    assert is_leak(line, replace(told, may_say=()))


def test_parse_reply_strips_hidden_characters_and_says_so() -> None:
    reply = parse(json.dumps({"expert": [row("Wash\u200b hands\u202e first.")]}))
    assert reply == Reply({"expert": (SENTENCE,)}, hidden=frozenset({"expert"}))


def test_parse_reply_reads_what_dump_reply_wrote() -> None:
    drafts = {"expert": (SENTENCE, DraftSentence("\n\nAsk your nurse."))}
    assert parse(dump_reply(drafts)) == Reply(drafts)


@given(st.text(max_size=200))
def test_parse_reply_never_fails_otherwise(text: str) -> None:
    with contextlib.suppress(ReplyError):
        parse(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["expert", "text", "source_ids", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(json_values)
def test_parse_reply_keeps_only_known_ids(value: Any) -> None:
    try:
        reply = parse(json.dumps({"expert": value}))
    except ReplyError:
        return
    for sentences in reply.drafts.values():
        assert all(set(s.source_ids) <= IDS and set(s.fact_ids) <= FACTS for s in sentences)
