"""`eval chop`: Markdown as blocks, folders as guides, the figures of cards and of revisions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flows.evals.chop import ChoppedGuide, Revision, figures, revise, run_chop, usual
from flows.evals.edits import Outcome
from flows.evals.guides import pair_guides, read_guides
from flows.evals.markdown import plain_text, read_markdown
from stages.chop import CARD_CHECKS
from stages.errors import ConfigError
from stages.policy import Policy
from stages.types import Block, BlockKind, Card, CardKind, Stakes

HEADING, PARAGRAPH, ITEM, ROW = (
    BlockKind.HEADING,
    BlockKind.PARAGRAPH,
    BlockKind.LIST_ITEM,
    BlockKind.TABLE_ROW,
)
SLEEP = (
    "Put your baby down on the back for every sleep, by day and by night, in a cot of their own.",
    "The mattress should be firm and flat, and nothing soft belongs beside your baby in the cot.",
    "A room of 16 to 20 degrees is comfortable for a baby in a light sleeping bag that fits.",
)


def read(text: str) -> tuple[Block, ...]:
    return read_markdown(text).blocks


def test_markdown_headings_paragraphs_and_title():
    content = read_markdown(
        "[Home](/)\n\nMenu\n\nSafe *sleep*\n===\n\nOn the\nback.\n\nThe cot\n---\n\n"
        "> Firm \\& flat.\n\n#### Air ####\n***\nText\n"
    )
    assert content.title == "Safe sleep"
    assert content.blocks == (
        Block(PARAGRAPH, "On the back."),
        Block(HEADING, "The cot", 2),
        Block(PARAGRAPH, "Firm & flat."),
        Block(HEADING, "Air", 4),
        Block(PARAGRAPH, "Text"),
    )


def test_markdown_lists_nest_and_number():
    text = "Do:\n\n* one\n  goes on\n\t+ deep\n* two\n\nThen:\n1. first\n2. second\n\nEnd."
    assert read(text) == (
        Block(PARAGRAPH, "Do:"),
        Block(ITEM, "one goes on", 1, 1),
        Block(ITEM, "deep", 2, 1),
        Block(ITEM, "two", 1, 1),
        Block(PARAGRAPH, "Then:"),
        Block(ITEM, "first", 1, 2, "1."),
        Block(ITEM, "second", 1, 2, "2."),
        Block(PARAGRAPH, "End."),
    )


def test_markdown_rows_carry_their_headers():
    text = "| Age | Milk |\n| --- | :-: |\n| 0-2 months | 7\\|8 feeds |\n| 3 months | |\n\nEnd."
    assert read(text) == (
        Block(ROW, "Age: 0-2 months; Milk: 7|8 feeds", 0, 1),
        Block(ROW, "Age: 3 months", 0, 1),
        Block(PARAGRAPH, "End."),
    )


def test_markdown_leaves_out_menus_code_and_front_matter():
    text = (
        '---\ntitle: x\n---\n<!-- hidden -->\n* [A](/a)\n* [B](/b "b")\n\n[Back](/)\n\n'
        "* [A](/a)\n* and text\n\n```\ncode\n```\n[ref]: /x\nEnd."
    )
    assert read(text) == (
        Block(ITEM, "A", 1, 2),
        Block(ITEM, "and text", 1, 2),
        Block(PARAGRAPH, "End."),
    )


def test_markdown_leaves_out_jump_links_and_the_list_of_a_chapter():
    text = (
        "[Top of page](#)\nIron\n---\n\nMore in\n\n* [A](/a)\n* [B](/b)\n* Iron\n* [C](/c)\n\n"
        "Give:\n* [A](/a)\n* b"
    )
    assert read(text) == (
        Block(HEADING, "Iron", 2),
        Block(PARAGRAPH, "More in"),
        Block(PARAGRAPH, "Give:"),
        Block(ITEM, "A", 1, 2),
        Block(ITEM, "b", 1, 2),
    )


def test_markdown_reads_short_paragraphs_in_bold_as_headings():
    text = "# T\n\n## Food\n\n**What first?**\n\nRice.\n\n**Never honey.**\n\n**Then** more"
    assert read(text) == (
        Block(HEADING, "Food", 2),
        Block(HEADING, "What first?", 3),
        Block(PARAGRAPH, "Rice."),
        Block(PARAGRAPH, "Never honey."),
        Block(PARAGRAPH, "Then more"),
    )


def test_markdown_footnotes_go_behind_the_block_that_bears_their_mark():
    text = (
        "## Water\n\nBoil it.\\*\n\nLet it cool.[1]\n\n\\*Not bottled water.\n\n[1] To 70°C.\n\n"
        "†Of no block.\n\n## Milk\n\n\\*Nor this one."
    )
    footnote = BlockKind.FOOTNOTE
    assert read(text) == (
        Block(HEADING, "Water", 2),
        Block(PARAGRAPH, "Boil it.*"),
        Block(footnote, "*Not bottled water.", marker="*"),
        Block(PARAGRAPH, "Let it cool.[1]"),
        Block(footnote, "[1] To 70°C.", marker="[1]"),
        Block(PARAGRAPH, "†Of no block."),
        Block(HEADING, "Milk", 2),
        Block(PARAGRAPH, "*Nor this one."),
    )


def test_plain_text_keeps_words_and_drops_marks():
    raw = "**Call** [999 \\[now]](/x(1)) ![an alarm](a.png) `go` <b>2&nbsp;*</b> 3 snake_case _so_"
    assert plain_text(raw) == "Call 999 [now] go 2 3 snake_case so"


def test_markdown_in_chinese_is_read_as_chinese():
    content = read_markdown("# 宝宝睡眠\n\n- 让宝宝仰卧睡觉。\n- 床上不要放枕头。\n")
    assert (content.title, content.lang) == ("宝宝睡眠", "zh-Hans")
    assert content.blocks == (
        Block(ITEM, "让宝宝仰卧睡觉。", 1, 1),
        Block(ITEM, "床上不要放枕头。", 1, 1),
    )


@pytest.mark.parametrize("text", ["[" * 50_000, "| " * 50_000, "* " * 50_000, "![a](" * 20_000])
@pytest.mark.timeout(20)
def test_markdown_reads_hostile_text_in_bounded_time(text):
    read_markdown(text)


def write_guide(folder: Path, name: str, *paragraphs: str, title: str = "Sleep") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join((f"# {title}", *paragraphs)), "utf-8")


def test_read_guides_leaves_out_what_is_no_guide_or_a_copy(tmp_path):
    write_guide(tmp_path, "a.md", *SLEEP)
    write_guide(tmp_path, "b/copy.md", *SLEEP)
    write_guide(tmp_path, "stub.md", "Too short.")
    (tmp_path / "note.txt").write_text("not read", "utf-8")
    folder = read_guides(tmp_path)
    assert list(folder.guides) == ["a.md"]
    assert folder.left_out == {
        "b/copy.md": "nearly the same as a.md",
        "stub.md": "not_a_guide: a stub of 2 words: Too short.",
    }


def test_read_guides_wants_guides(tmp_path):
    with pytest.raises(ConfigError, match="holds no guide; expected files that end in"):
        read_guides(tmp_path)
    write_guide(tmp_path, "stub.md", "Too short.")
    with pytest.raises(ConfigError, match="holds 1 files and no guide among them"):
        read_guides(tmp_path)


def test_pair_guides_goes_by_path(tmp_path):
    for name in ("a.md", "b.md"):
        write_guide(tmp_path / "old", name, *SLEEP, title=name)
    write_guide(tmp_path / "new", "a.md", *SLEEP, "Never let a baby sleep on a sofa.")
    before = read_guides(tmp_path / "old")
    pairs, missing = pair_guides(before, tmp_path / "new")
    assert [(old.id == new.id, old.text in new.text) for old, new in pairs] == [(True, True)]
    assert missing == ["b.md"]
    with pytest.raises(ConfigError, match="under the same paths"):
        pair_guides(before, tmp_path)


def card(name: str, body: str, context: str = "c") -> Card:
    return Card(
        id=name, guide_id="g", title="T", breadcrumbs=("G",), text=body, kind=CardKind.FACT,
        spans=((0, 1),), body_hash=body, ctx_hash=context, lang="en", topics=(),
        stakes=Stakes.NORMAL, position=0,
    )  # fmt: skip


def test_revise_counts_new_and_changed_cards_and_ids_that_live_on():
    old = [card("1", SLEEP[0]), card("2", SLEEP[1]), card("3", SLEEP[2])]
    changed = replace(old[1], id="x", body_hash="other", text=SLEEP[1].replace("firm", "hard"))
    new = [replace(old[0], id="y"), changed, card("z", "Nothing like any other card of the guide.")]
    assert revise(old, new) == Revision(cards=3, recooked=2, before=3, kept=2)
    assert revise(old, old) == Revision(cards=3, recooked=0, before=3, kept=3)


def test_chop_figures_are_shares_of_cards_and_means_of_guides():
    guides = [
        ChoppedGuide("en", 900, ((), ("size", "whole"), (), ()), 1.0, 0.0),
        ChoppedGuide("zh", 100, ((),), 0.5, 0.1),
    ]
    all_good = dict.fromkeys(CARD_CHECKS, 1.0)
    english = {
        "guides": 1, "cards": 4, "pass_all": 0.75,
        "checks": all_good | {"size": 0.75, "whole": 0.75}, "coverage": 1.0, "overlap": 0.0,
    }  # fmt: skip
    chinese = {
        "guides": 1, "cards": 1, "pass_all": 1.0, "checks": all_good, "coverage": 0.5,
        "overlap": 0.1,
    }  # fmt: skip
    revisions = [Revision(4, 1, 5, 4), Revision(4, 1, 5, 5)]
    edits = [Outcome("move", 10, 9), Outcome("edit", 10, 10)]
    assert figures(guides, revisions, edits) == {
        "guides": 2, "cards": 5, "pass_all": 0.8,
        "checks": all_good | {"size": 0.8, "whole": 0.8}, "coverage": 0.75, "overlap": 0.05,
        "by_lang": {"en": english, "zh": chinese},
        "revised": {"recooked": 0.25, "ids_kept": 0.9, "untouched_kept": 0.95},
    }  # fmt: skip
    assert figures(guides)["revised"] is None
    assert usual(guides) == (0, 1)


def test_run_chop_measures_a_folder_and_its_edited_version(tmp_path):
    write_guide(tmp_path / "old", "a.md", *SLEEP)
    write_guide(tmp_path / "new", "a.md", *SLEEP[:2], SLEEP[2].replace("16", "18"))
    report = run_chop(tmp_path / "old", Policy(()), tmp_path / "new")
    assert (report.figures["guides"], report.figures["pass_all"]) == (1, 1.0)
    assert report.figures["revised"] == {"recooked": 1.0, "ids_kept": 1.0, "untouched_kept": None}
    assert (report.left_out, list(report.unpaired)) == ({}, [])
