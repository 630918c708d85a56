"""What becomes a card, where cards end, and what they carry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stages.chop import check_cards, chop_guide, coverage, list_gaps, overlap, repeated
from stages.policy import Policy, TopicRule
from stages.types import Block, BlockKind, CardKind, Guide, Stakes

GuideOf = Callable[..., Guide]


def words(count: int, start: str = "Rest", end: str = ".") -> str:
    """A sentence of count words."""
    return " ".join([start, *["well"] * (count - 1)]) + end


def texts(guide: Guide, policy: Policy) -> list[str]:
    return [card.text for card in chop_guide(guide, policy)]


def test_chop_guide_gives_no_cards_for_an_empty_guide(guide_of: GuideOf, no_topics: Policy) -> None:
    guide = guide_of("# A guide")
    assert chop_guide(guide, no_topics) == ()
    assert coverage(guide, ()) == 1.0


def test_chop_guide_keeps_sections_apart(guide_of: GuideOf, no_topics: Policy) -> None:
    guide = guide_of(f"# A guide\n## Sleep\n{words(50)}\n## Food\n{words(50, 'Eat')}")
    cards = chop_guide(guide, no_topics)
    assert [card.breadcrumbs for card in cards] == [("A guide", "Sleep"), ("A guide", "Food")]
    assert [card.title for card in cards] == ["Sleep", "Food"]
    assert [guide.text[start:end] for card in cards for start, end in card.spans] == [
        card.text for card in cards
    ]


def test_chop_guide_cuts_long_paragraphs_between_sentences(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    sentences = [words(20, f"N{number}") for number in range(12)]
    guide = guide_of("## Sleep\n" + " ".join(sentences))
    cards = chop_guide(guide, no_topics)
    assert " ".join(card.text for card in cards) == " ".join(sentences)
    assert all(40 <= len(card.text.split()) <= 120 for card in cards)
    assert len(cards) > 2


def test_chop_guide_cuts_finer_for_more_cards(guide_of: GuideOf, no_topics: Policy) -> None:
    guide = guide_of("## Sleep\n" + "\n".join(words(25, f"N{n}") for n in range(24)))
    assert len(chop_guide(guide, no_topics, 30)) > len(chop_guide(guide, no_topics, 10))


def test_chop_guide_never_cuts_before_a_dangling_opener(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    guide = guide_of(f"## Sleep\n{words(60)}\n{words(45, 'This', '.')}\n{words(60, 'Keep')}")
    assert all(not card.text.startswith("This") for card in chop_guide(guide, no_topics))


def test_chop_guide_repeats_the_lead_in_of_a_long_list(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    items = "\n".join(f"- {words(30, f'N{n}', '')}" for n in range(8))
    guide = guide_of(f"## Sleep\n{words(30)} Never share a bed if:\n{items}")
    cards = chop_guide(guide, no_topics)
    assert len(cards) >= 3
    assert all("Never share a bed if:\n- N" in card.text for card in cards)
    assert check_cards(cards, guide) == [()] * len(cards)
    assert overlap(guide, cards) == 0.0
    assert 0 < repeated(guide, cards) < 0.1


def test_chop_guide_puts_the_heading_before_a_list_that_has_no_lead_in(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    guide = guide_of(
        "## Call 999 if your baby\n- stops breathing or turns blue at any time of the day\n"
        "- cannot be woken or does not stay awake"
    )
    assert texts(guide, no_topics) == [
        "Call 999 if your baby\n- stops breathing or turns blue at any time of the day\n"
        "- cannot be woken or does not stay awake"
    ]
    assert chop_guide(guide, no_topics)[0].kind is CardKind.WHEN_TO_CALL


def test_chop_guide_keeps_steps_in_order_with_their_numbers(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    steps = "\n".join(f"{n}. {words(25, f'N{n}')}" for n in range(1, 9))
    cards = chop_guide(guide_of(f"## How to bath a baby\nYou need:\n{steps}"), no_topics)
    markers = [line.split()[0] for card in cards for line in card.text.split("\n")[1:]]
    assert markers == [f"{n}." for n in range(1, 9)]
    assert {card.kind for card in cards} == {CardKind.HOW_TO}


def test_chop_guide_keeps_a_nested_item_under_its_parent(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    nested = "\n".join(f"  - {words(30, f'N{n}', '')}" for n in range(6))
    guide = guide_of(f"## Milk\nStore it like this:\n- In the fridge:\n{nested}")
    cards = chop_guide(guide, no_topics)
    assert len(cards) > 1
    assert all("Store it like this:\n- In the fridge:\n- N" in card.text for card in cards)


def test_chop_guide_keeps_a_box_whole(guide_of: GuideOf, no_topics: Policy) -> None:
    box = f"!Warning.\n!{words(30, 'Never')}\n!{words(30, 'Not')}"
    cards = chop_guide(guide_of(f"## Sleep\n{words(70)}\n{box}\n{words(70, 'Then')}"), no_topics)
    held = [card for card in cards if "Warning." in card.text]
    assert len(held) == 1
    assert "Never" in held[0].text
    assert "Not" in held[0].text


def test_chop_guide_ends_a_boxed_section_with_its_box(guide_of: GuideOf, no_topics: Policy) -> None:
    guide = guide_of(
        f"## Sleep\n{words(50)}\n!### Danger\n!{words(50, 'Never')}\n{words(50, 'Do')}"
    )
    assert [card.breadcrumbs[1:] for card in chop_guide(guide, no_topics)] == [
        ("Sleep",),
        ("Sleep", "Danger"),
        ("Sleep",),
    ]


def test_chop_guide_merges_short_siblings_under_their_parent(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    guide = guide_of(f"## Vitamins\n### Iron\n{words(20)}\n### Iodine\n{words(25)}")
    (card,) = chop_guide(guide, no_topics)
    assert card.breadcrumbs == ("A guide", "Vitamins")
    assert card.title == "Iron and Iodine"
    assert card.text == f"Iron\n{words(20)}\nIodine\n{words(25)}"
    assert check_cards([card], guide) == [()]


def test_chop_guide_never_merges_across_parents(guide_of: GuideOf, no_topics: Policy) -> None:
    guide = guide_of(f"## A\n### Iron\n{words(20)}\n## B\n### Cots\n{words(20)}")
    assert [card.breadcrumbs[1:] for card in chop_guide(guide, no_topics)] == [
        ("A", "Iron"),
        ("B", "Cots"),
    ]


@pytest.mark.parametrize(
    "heading", ["Related links", "References", "Sources", "相关链接", "參考資料", "Further reading"]
)
def test_chop_guide_leaves_navigation_out_and_lists_it_as_a_gap(
    guide_of: GuideOf, no_topics: Policy, heading: str
) -> None:
    guide = guide_of(f"## Sleep\n{words(50)}\n## {heading}\n- Cots\n- Prams")
    cards = chop_guide(guide, no_topics)
    assert [card.title for card in cards] == ["Sleep"]
    gaps = [gap.span for gap in list_gaps(guide, cards)]
    assert [guide.text[start:end] for start, end in gaps] == ["Cots", "Prams"]
    assert coverage(guide, cards) == 1


@pytest.mark.parametrize(
    "line",
    [
        "Page last reviewed: 14 September 2026",
        "Licence: this page is published under a licence.",
        "Find out more about sterilising bottles",
        "上一篇：新生儿护理",
    ],
)
def test_chop_guide_leaves_page_data_out(guide_of: GuideOf, no_topics: Policy, line: str) -> None:
    assert texts(guide_of(f"## Sleep\n{words(50)}\n{line}"), no_topics) == [words(50)]


@pytest.mark.parametrize(
    "line", ["Reviewed sources say no.", "Next, wash your hands.", "Share a room, not a bed."]
)
def test_chop_guide_keeps_advice_that_sounds_like_page_data(
    guide_of: GuideOf, no_topics: Policy, line: str
) -> None:
    assert line in texts(guide_of(f"## Sleep\n{words(50)}\n{line}"), no_topics)[0]


def test_chop_guide_cuts_chinese_at_full_stops_within_its_limits(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    sentence = "宝宝满六个月以后要逐渐添加富含铁的辅食，每次只加一种；观察三天再换下一种新的食物。"
    guide = guide_of("## 辅食\n" + sentence * 12, lang="zh-Hans")
    cards = chop_guide(guide, no_topics)
    assert all(card.text.endswith("。") for card in cards)
    assert all(64 <= sum("\u4e00" <= c <= "\u9fff" for c in card.text) <= 192 for card in cards)
    assert check_cards(cards, guide) == [()] * len(cards)


def test_chop_guide_gives_cards_of_the_same_body_their_own_ids(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    guide = guide_of(f"## Sleep\n{words(50)}\n## Food\n{words(50)}")
    first, second = chop_guide(guide, no_topics)
    assert first.body_hash == second.body_hash
    assert first.id != second.id
    assert first.ctx_hash != second.ctx_hash


def test_chop_guide_reads_topics_and_stakes_from_the_policy(guide_of: GuideOf) -> None:
    policy = Policy((TopicRule("fever", Stakes.HIGH, ("fever",), "Check with care."),))
    (card,) = chop_guide(guide_of(f"## Fever\n{words(50, 'Fever')}"), policy)
    assert (card.topics, card.stakes) == (("fever",), Stakes.HIGH)


def test_chop_guide_is_deterministic(guide_of: GuideOf, no_topics: Policy) -> None:
    text = f"## Sleep\n{words(150)}\n- a\n- b\n## Food\n{words(300)}"
    assert chop_guide(guide_of(text), no_topics) == chop_guide(guide_of(text), no_topics)


def test_chop_guide_survives_broken_markup(guide_of: GuideOf, no_topics: Policy) -> None:
    deep = "\n".join(f"{'#' * 6} H{n}" for n in range(300))
    sentence = words(400)
    guide = guide_of(f"{deep}\n{sentence}\n- x\n      - y\n| only: row\n= caption\n## Empty")
    assert sentence in "\n".join(texts(guide, no_topics))


def test_chop_guide_takes_hostile_nesting_in_its_stride(
    guide_from: Callable[..., Guide], no_topics: Policy
) -> None:
    items = [Block(BlockKind.LIST_ITEM, f"Item {n} of many", n, 1) for n in range(1, 2000)]
    cards = chop_guide(guide_from(items), no_topics)
    assert max(len(card.text.split()) for card in cards) < 200


# --- footnotes, long rows, leaning openings, unmarked headings ----------------------------------


def test_chop_guide_keeps_a_footnote_with_the_block_before_it(
    guide_from: Callable[..., Guide], no_topics: Policy
) -> None:
    item, note = BlockKind.LIST_ITEM, BlockKind.FOOTNOTE
    blocks = [Block(BlockKind.HEADING, "Milk", 2), Block(BlockKind.PARAGRAPH, "Give these:")]
    for number in range(6):
        blocks.append(Block(item, f"{words(25, f'N{number}', '')}*", 1, 1))
        blocks.append(Block(note, f"* {words(8, f'Note{number}')}", marker="*"))
    guide = guide_from(blocks)
    cards = chop_guide(guide, no_topics)
    assert len(cards) > 2
    for card in cards:
        lines = card.text.split("\n")
        assert lines[0] == "Give these:"
        assert [line[:3] for line in lines[1::2]] == ["- N"] * (len(lines) // 2)
        assert [line[:3] for line in lines[2::2]] == ["* N"] * (len(lines) // 2)
    assert check_cards(cards, guide) == [()] * len(cards)


def test_chop_guide_cuts_a_row_too_long_for_a_card_between_cells(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    row = f"Test: Scan; What it is: {words(70, 'Seen')}; How it is done: {words(70, 'Lie')}"
    guide = guide_of(f"## Tests\n| {row}")
    cards = chop_guide(guide, no_topics)
    assert [card.text.split(" ")[0] for card in cards] == ["Test:", "Test:"]
    assert cards[1].text.startswith("Test: Scan;\nHow it is done: Lie")
    assert check_cards(cards, guide) == [(), ()]


def test_chop_guide_keeps_an_opening_with_what_it_leans_on(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    text = f"{words(80)} Babies have 2 kinds of fat. {words(90, 'These')}"
    assert texts(guide_of(f"## Sleep\n{text}"), no_topics) == [
        words(80),
        f"Babies have 2 kinds of fat. {words(90, 'These')}",
    ]


def test_chop_guide_introduces_a_list_with_what_its_lead_in_leans_on(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    items = "\n".join(f"- {words(40, f'N{n}', '')}" for n in range(4))
    guide = guide_of(f"## Fat\nBabies need fat.\nThese foods hold it:\n{items}")
    cards = chop_guide(guide, no_topics)
    assert len(cards) == 2
    assert all(c.text.startswith("Babies need fat.\nThese foods hold it:\n- N") for c in cards)
    assert check_cards(cards, guide) == [(), ()]


def test_chop_guide_leaves_an_unmarked_heading_with_what_it_heads(
    guide_of: GuideOf, no_topics: Policy
) -> None:
    guide = guide_of(f"## Food\n{words(60)}\nWhat comes first?\n{words(60, 'Rice')}")
    assert texts(guide, no_topics) == [words(60), f"What comes first?\n{words(60, 'Rice')}"]


@pytest.mark.parametrize("title", ["More information", "更多信息"])
def test_chop_guide_keeps_advice_below_a_heading_of_links(
    guide_of: GuideOf, no_topics: Policy, title: str
) -> None:
    advice = "Call your midwife at any hour when your baby moves less than usual. " * 2
    guide = guide_of(f"## {title}\n{advice}\n- Cots\n- Prams")
    cards = chop_guide(guide, no_topics)
    assert [card.text for card in cards] == [advice.strip()]
    assert [gap.reason for gap in list_gaps(guide, cards)] == ["links", "links"]


def test_steps_keep_the_warning_behind_them(guide_of: GuideOf, no_topics: Policy) -> None:
    steps = "\n".join(f"{n}. {'Stir the bowl well and slowly. ' * 3}" for n in range(1, 4))
    warning = "Never heat it in a microwave, because hot spots may burn the mouth of your baby."
    guide = guide_of(f"## Warming\n{steps}\n{warning}\n{'The rest is told here. ' * 9}")
    cards = chop_guide(guide, no_topics)
    (card,) = [card for card in cards if warning in card.text]
    assert "3. Stir" in card.text
