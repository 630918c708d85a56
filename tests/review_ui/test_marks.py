"""The comparison of two texts: right by word in English, by character in Chinese."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_ui.marks import MAX_DIFF_TOKENS, Change, compare

WORDS = st.lists(
    st.sampled_from([
        "up", "to", "4", "38.5", "°C", " ", "\n", "don't", "not", "hours", "，", "不要", "超过",
        "体温", "38℃", "。", "👩🏽‍🍼", "1,000", "-",
    ])
).map("".join)  # fmt: skip


def marked(old: str, new: str) -> str:
    signs = {"same": "{}", "removed": "[-{}]", "added": "[+{}]"}
    return "".join(signs[change.kind].format(change.text) for change in compare(old, new))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Up to 4 hours.", "Up to 3 hours.", "Up to [-4][+3] hours."),
        ("At 38 °C call.", "At 38.5 °C call.", "At [-38][+38.5] °C call."),
        ("Give 1,000 ml.", "Give 1,500 ml.", "Give [-1,000][+1,500] ml."),
        ("Give 500ml.", "Give 600ml.", "Give [-500][+600]ml."),
        ("Don't give honey.", "Do give honey.", "[-Don't][+Do] give honey."),
        ("Keep it cool.", "Keep it cool and dry.", "Keep it cool[+ and dry]."),
        ("Keep it up to four days.", "Keep it no longer than two days.",
         "Keep it [-up to four][+no longer than two] days."),
        ("体温达到38℃，应立即就医。", "体温达到38.5℃，应尽快就医。",
         "体温达到[-38][+38.5]℃，应[-立即][+尽快]就医。"),
        ("不要自行使用退热药。", "要自行使用退热药。", "[-不]要自行使用退热药。"),
        ("每天400国际单位", "每天600国际单位", "每天[-400][+600]国际单位"),
        ("嬰兒每天補充", "嬰兒每日補充", "嬰兒每[-天][+日]補充"),
        ("One.\nTwo.", "One.\nThree.", "One.\n[-Two][+Three]."),
        ("A 👩🏽‍🍼 nurse", "A 👩🏿‍🍼 nurse", "A [-👩🏽‍🍼][+👩🏿‍🍼] nurse"),
        ("Same.", "Same.", "Same."),
        ("", "New.", "[+New.]"),
        ("Gone.", "", "[-Gone.]"),
    ],
)  # fmt: skip
def test_compare_marks_what_a_reader_would(old: str, new: str, expected: str) -> None:
    assert marked(old, new) == expected


@given(WORDS, WORDS)
def test_compare_loses_no_character_of_either_text(old: str, new: str) -> None:
    changes = compare(old, new)
    assert "".join(change.text for change in changes if change.kind != "added") == old
    assert "".join(change.text for change in changes if change.kind != "removed") == new
    assert all(change.text for change in changes)
    if old == new:
        assert {change.kind for change in changes} <= {"same"}


def test_compare_shows_texts_whole_that_would_take_too_long() -> None:
    long = "ab " * MAX_DIFF_TOKENS
    assert compare(long, "x") == (Change("removed", long), Change("added", "x"))
