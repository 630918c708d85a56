"""Footnotes: tied to their mark, English and Chinese, and never confused with sources."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.procure.extract import extract_page
from stages.procure.notes import tie_notes
from stages.types import Block, BlockKind, CalloutKind

URL = "https://example.org/guides/doses"
FILLER = (
    "<p>Babies feed when they are hungry, and most of them feed often in the first weeks.</p>"
    "<p>Hold your baby close, and let the feed last as long as your baby wants it to last.</p>"
)
TABLE = (
    "<table><tr><th>Age</th><th>Dose</th></tr><tr><td>3 months</td><td>2.5 ml{mark}</td></tr>"
    "<tr><td>6 months</td><td>5 ml</td></tr>{last}</table>"
)


def rows(main: str, lang: str = "en"):
    page = (
        f'<!doctype html><html lang="{lang}"><head><title>Doses</title></head><body>'
        f"<main><h1>Doses</h1>{FILLER}{main}</main></body></html>"
    )
    content = extract_page(page.encode(), URL, "text/html; charset=utf-8")
    assert content.lost == ()
    return [(block.kind.value, block.marker, block.text) for block in content.blocks[2:]]


@pytest.mark.parametrize(
    ("mark", "below", "marker", "note"),
    [
        ("*", "<p>* Ask first.</p>", "*", "* Ask first."),
        ("*", "<p>*Ask first.</p>", "*", "*Ask first."),
        ("<sup>*</sup>", "<p><sup>*</sup>Ask first.</p>", "*", "* Ask first."),
        ("†", "<div>† Ask first.</div>", "†", "† Ask first."),
        ("**", "<p><small>** Ask first.</small></p>", "**", "** Ask first."),
        ("<sup>1</sup>", "<p><sup>1</sup> Ask first.</p>", "[1]", "[1] Ask first."),
        ("<sup>1</sup>", "<p>1. Ask first.</p>", "[1]", "[1] Ask first."),
        ("<sup>a</sup>", "<p><sup>a</sup> Ask first.</p>", "[a]", "[a] Ask first."),
        ("<sup>(1)</sup>", "<p><sup>(1)</sup>Ask first.</p>", "[1]", "[1] Ask first."),
        (
            '<sup><a href="#n1">1</a></sup>',
            '<ol><li id="n1">Ask first. <a href="#t">↩</a></li></ol>',
            "[1]",
            "[1] Ask first.",
        ),
        (
            '<a href="#n1" id="r1">[1]</a>',
            '<p id="n1"><a href="#r1">[1]</a> Ask first.</p>',
            "[1]",
            "[1] Ask first.",
        ),
        (
            '<a role="doc-noteref" href="#n1">1</a>',
            '<aside role="doc-footnote"><p id="n1">Ask first.</p></aside>',
            "[1]",
            "[1] Ask first.",
        ),
        ("①", "<p>①先问医生。</p>", "①", "①先问医生。"),
        ("<sup>①</sup>", "<p>注：①先问医生。</p>", "①", "①先问医生。"),
        ("［1］", "<p>［1］先问医生。</p>", "[1]", "[1] 先问医生。"),
        ("*", "<p>注：*先问医生。</p>", "*", "*先问医生。"),
    ],
)  # fmt: skip
def test_note_stands_behind_the_row_that_refers_to_it(mark, below, marker, note):
    written = marker if marker[0] == "[" or "sup" in mark else mark
    found = rows(TABLE.format(mark=mark, last="") + below + "<p>Keep it cool.</p>")
    assert found == [
        ("table_row", "", f"Age: 3 months; Dose: 2.5 ml{written}"),
        ("footnote", marker, note),
        ("table_row", "", "Age: 6 months; Dose: 5 ml"),
        ("paragraph", "", "Keep it cool."),
    ]


@pytest.mark.parametrize(
    "last",
    [
        '<tr><td colspan="2">* Ask first.</td></tr>',
        '<tfoot><tr><td colspan="2">* Ask first.</td></tr></tfoot>',
        "<tfoot><tr><td>* Ask first.</td></tr></tfoot>",
    ],
)
def test_note_in_the_last_row_of_its_table(last):
    assert rows(TABLE.format(mark="*", last=last))[:2] == [
        ("table_row", "", "Age: 3 months; Dose: 2.5 ml*"),
        ("footnote", "*", "* Ask first."),
    ]


@pytest.mark.parametrize("label", ["注：单位为毫升。", "Note: Doses are for one day."])
def test_note_without_a_mark_belongs_to_the_last_row_of_the_table_above(label):
    found = rows(TABLE.format(mark="", last="") + f"<p>{label}</p>")
    assert found[1:] == [
        ("table_row", "", "Age: 6 months; Dose: 5 ml"),
        ("footnote", label.partition("：")[0].partition(":")[0], label),
    ]


def test_note_without_a_mark_in_the_foot_of_a_table_stays_with_the_table():
    last = '<tfoot><tr><td colspan="2">Doses are for one day.</td></tr></tfoot>'
    assert rows(TABLE.format(mark="", last=last))[1:] == [
        ("table_row", "", "Age: 6 months; Dose: 5 ml"),
        ("footnote", "", "Doses are for one day."),
    ]


def test_several_notes_in_one_line_are_parted():
    table = TABLE.format(mark="①", last="").replace("5 ml<", "5 ml②<", 2)
    table = table.replace("2.5 ml②①", "2.5 ml①")
    assert rows(f"{table}<p>注：①每日量；②每次量。</p>", "zh-CN") == [
        ("table_row", "", "Age: 3 months; Dose: 2.5 ml①"),
        ("footnote", "①", "①每日量"),
        ("table_row", "", "Age: 6 months; Dose: 5 ml②"),
        ("footnote", "②", "②每次量。"),
    ]


def test_list_under_a_heading_of_notes_goes_with_its_heading():
    below = "<h3>Notes</h3><ol><li>Ask first.</li></ol>"
    assert rows(TABLE.format(mark="<sup>1</sup>", last="") + below) == [
        ("table_row", "", "Age: 3 months; Dose: 2.5 ml[1]"),
        ("footnote", "[1]", "[1] Ask first."),
        ("table_row", "", "Age: 6 months; Dose: 5 ml"),
    ]


def test_note_is_told_again_in_every_section_that_refers_to_it():
    ref = '<sup><a href="#n">1</a></sup>'
    found = rows(
        f"<h2>Day</h2><p>Give 5 ml.{ref}</p><p>Or 4 ml.{ref}</p>"
        f"<h2>Night</h2><p>Give 2 ml.{ref}</p>"
        '<section role="doc-endnotes"><h2>Notes</h2><ol><li id="n">Never with honey.</li></ol>'
        "</section>"
    )
    note = ("footnote", "[1]", "[1] Never with honey.")
    assert found == [
        ("heading", "", "Day"),
        ("paragraph", "", "Give 5 ml.[1]"),
        note,
        ("paragraph", "", "Or 4 ml.[1]"),
        ("heading", "", "Night"),
        ("paragraph", "", "Give 2 ml.[1]"),
        note,
    ]


def test_note_outside_the_guide_is_kept():
    page = (
        f"<html><body><main><h1>Doses</h1>{FILLER}<p>Give 5 ml.<sup><a href='#n'>1</a></sup></p>"
        "</main><footer><p id='n'>Never with honey.</p></footer></body></html>"
    )
    blocks = extract_page(page.encode(), URL).blocks
    assert [block.text for block in blocks[-2:]] == ["Give 5 ml.[1]", "[1] Never with honey."]


def test_two_tables_with_the_same_sign_keep_their_own_notes():
    one, two = (
        f"<table><tr><th>Age</th><th>{name}</th></tr><tr><td>1 week</td><td>5*</td></tr></table>"
        f"<p>* {name} a day.</p>"
        for name in ("Feeds", "Nappies")
    )
    notes = [text for kind, _, text in rows(one + two) if kind == "footnote"]
    assert notes == ["* Feeds a day.", "* Nappies a day."]


@pytest.mark.parametrize(
    "sources",
    [
        '<h2>References</h2><ol><li id="n1">Kitchen sheet 12, giving doses.</li></ol>',
        '<h2>参考文献</h2><ol><li id="n1">儿童用药一览表。</li></ol>',
        '<div class="reflist"><ol><li id="n1">Kitchen sheet 12, giving doses.</li></ol></div>',
        '<p id="n1">1. Smith J, Jones K. Doses for babies. Arch Dis. 2019;104(3):12-15.</p>',
        '<section id="n1"><h2>Sources</h2><p>Kitchen sheet 12.</p></section>',
    ],
)
def test_marks_of_sources_go(sources):
    found = rows(f'<p>Give 5 ml<sup><a href="#n1">1</a></sup> a day.</p>{sources}')
    assert found[0] == ("paragraph", "", "Give 5 ml a day.")
    assert "footnote" not in [kind for kind, _, _ in found]


def test_plain_numbers_in_brackets_that_lead_to_sources_go():
    found = rows(
        "<p>每日5毫升[1]，分两次[2-3]。</p><h2>参考文献</h2><p>[1] 王一. 用药[J]. 2019.</p>", "zh"
    )
    assert found[0] == ("paragraph", "", "每日5毫升，分两次。")


@pytest.mark.parametrize(
    "main",
    [
        "<p>* Ask first.</p>",
        "<p>Multiply 5*3 by two.</p><p>* Ask first.</p>",
        "<p>分三步：①洗手；②擦干。</p><p>①洗手要二十秒。</p>",
        "<p>Note: ask your midwife.</p>",
        "<p>Give 5 ml.</p><p>[1] Ask first.</p>",
    ],
)
def test_lines_that_only_look_like_notes_stay_where_they_are(main):
    assert "footnote" not in [kind for kind, _, _ in rows(main)]


def test_exponents_and_ordinals_are_no_marks():
    found = rows(
        "<p>Use 400 IU<sup>2,3</sup> for 1.5 m<sup>2</sup> or 10<sup>5</sup> drops of"
        " CO<sub>2</sub> on the 1<sup>st</sup>.</p>"
    )
    assert found == [("paragraph", "", "Use 400 IU for 1.5 m² or 10^5 drops of CO2 on the 1st.")]


def test_note_takes_the_box_of_the_block_it_stands_behind():
    blocks = [
        Block(BlockKind.PARAGRAPH, "Never give aspirin.*", callout=CalloutKind.WARNING),
        Block(BlockKind.PARAGRAPH, "* Unless a doctor says so."),
    ]
    assert tie_notes(blocks, {}) == [
        blocks[0],
        Block(BlockKind.FOOTNOTE, blocks[1].text, marker="*", callout=CalloutKind.WARNING),
    ]


TEXTS = st.sampled_from(
    ["Give it.*", "* Note.", "Dose① here", "①注。", "注：x", "[1] y", "z[1]", "5 ml", "** a * b"]
)
KINDS = st.sampled_from([BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.TABLE_ROW])


@given(st.lists(st.builds(Block, KINDS, TEXTS), max_size=12))
def test_tying_notes_loses_and_invents_no_words(blocks):
    said = " ".join(block.text for block in tie_notes(blocks, {}))
    for block in blocks:
        if block.kind is not BlockKind.HEADING:
            assert all(word.strip("注：;；") in said for word in block.text.split())
