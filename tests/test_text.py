"""Sentences, counts and white space, in English and Chinese."""

from __future__ import annotations

import pytest
import sentencex
from hypothesis import given
from hypothesis import strategies as st

from stages.text import collapse, count_words, is_chinese, split_sentences, strip_hidden


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Give e.g. apples. Then wait approx. 5 minutes.",
            ["Give e.g. apples.", "Then wait approx. 5 minutes."],
        ),
        (
            "A fever is 38 °C (100.4°F). Call Dr. Smith at once.",
            ["A fever is 38 °C (100.4°F).", "Call Dr. Smith at once."],
        ),
        ("Add 2 tbsp. of flour. Stir.", ["Add 2 tbsp. of flour.", "Stir."]),
        (
            "It holds 3.5 mg. Do not give more.",
            ["It holds 3.5 mg.", "Do not give more."],
        ),
        ("Call 911. 2 hours later, check.", ["Call 911.", "2 hours later, check."]),
        ("Wait 20 min. Then feed.", ["Wait 20 min.", "Then feed."]),
        (
            "1. Wash your hands. Dry them.\n2. Pour.",
            ["1. Wash your hands.", "Dry them.", "2. Pour."],
        ),
        ("No full stop\nNew line", ["No full stop", "New line"]),
        ("Babies wake often (e.g. at night. It passes.) Rest.", None),
    ],
)
def test_split_sentences_keeps_english_abbreviations_and_figures(
    text: str, expected: list[str] | None
) -> None:
    sentences = [sentence.text for sentence in split_sentences(text, "en")]
    if expected is None:
        assert sentences[-1].endswith("Rest.")
        assert all(part.count("(") == part.count(")") for part in sentences)
    else:
        assert sentences == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "宝宝发烧超过38.5℃。应就医！是吗？",
            ["宝宝发烧超过38.5℃。", "应就医！", "是吗？"],
        ),
        ("体温38.5°C (101.3°F)。请就医", ["体温38.5°C (101.3°F)。", "请就医"]),
        ("每天2次；每次5毫升。", ["每天2次；", "每次5毫升。"]),
        ("每天（早2次；晚1次）喂奶。", ["每天（早2次；晚1次）喂奶。"]),
        ("她说：“不要给药。”然后離開。", ["她说：“不要给药。”", "然后離開。"]),
        ("见图。）。3.5毫克。", ["见图。）。", "3.5毫克。"]),
    ],
)
def test_split_sentences_ends_chinese_at_full_stops(text: str, expected: list[str]) -> None:
    assert [sentence.text for sentence in split_sentences(text, "zh-Hans")] == expected


@given(
    st.text(alphabet="ab1 .!?\n\u00a0（）()。；🍼é\u200d", max_size=80),
    st.sampled_from(["en", "zh"]),
)
def test_split_sentences_offsets_cover_all_visible_text(text: str, lang: str) -> None:
    sentences = split_sentences(text, lang)
    end = 0
    for number, sentence in enumerate(sentences, 1):
        assert sentence.id == f"s{number}"
        assert text[sentence.start : sentence.end] == sentence.text == sentence.text.strip()
        assert not text[end : sentence.start].strip()
        assert "\n" not in sentence.text
        end = sentence.end
    assert not text[end:].strip()


def test_count_words_counts_words_or_han() -> None:
    assert count_words("- Give 2.5 ml — twice a day!", "en") == 6
    assert count_words("宝宝每天 400 IU 維生素D。", "zh-Hant") == 7


def test_collapse_makes_one_line() -> None:
    assert collapse("\u00a0 a\u3000b\n\tc ") == "a b c"


def test_strip_hidden_keeps_emoji_joined_and_drops_the_rest() -> None:
    family = "👩\u200d👧"
    assert strip_hidden(f"a\u200bb\u202ec\u2066d\ufeff {family}\u00ad\U000e0041 x\u200dy\n") == (
        f"abcd {family} xy\n"
    )


@pytest.mark.parametrize(
    ("lang", "expected"),
    [("zh", True), ("zh-Hant-TW", True), ("en-GB", False), ("", False)],
)
def test_is_chinese_reads_the_primary_tag(lang: str, expected: bool) -> None:
    assert is_chinese(lang) is expected


@given(
    st.text(st.sampled_from("abZ é1 ,;:'’“”\"()/%°+&–—-_\u00a0"), max_size=60),
    st.sampled_from(".!?x)"),
)
def test_a_line_without_a_stop_inside_is_one_sentence_for_the_splitter_too(
    line: str, end: str
) -> None:
    """Such lines are not handed to it at all."""
    bounds = sentencex.get_sentence_boundaries("en", line + end)
    assert len(bounds) == 1
    assert len(split_sentences(line + end, "en")) <= 1


@pytest.mark.parametrize(
    ("text", "lang", "sentences"),
    [
        ("A sore leg.[1] It passes.[a]", "en", ["A sore leg.[1]", "It passes.[a]"]),
        ("Twice.[1][2] Then rest.", "en", ["Twice.[1][2]", "Then rest."]),
        ("See note [1] below. Then rest.", "en", ["See note [1] below.", "Then rest."]),
        ("宝宝会发烧。[1]请看医生。[2]", "zh-Hans", ["宝宝会发烧。[1]", "请看医生。[2]"]),
    ],
)
def test_mark_of_a_footnote_ends_its_sentence(text: str, lang: str, sentences: list[str]) -> None:
    assert [sentence.text for sentence in split_sentences(text, lang)] == sentences
