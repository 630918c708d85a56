"""Each card check fails on what it is there for and on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from stages.chop import (
    CARD_CHECKS,
    check_card,
    check_cards,
    chop_guide,
    coverage,
    list_gaps,
    overlap,
)
from stages.policy import Policy
from stages.types import Card, Guide

TEXT = """
# A guide
## Sleep
Put your baby down on the back for every sleep, by day and by night, until the first birthday. \
Keep the cot next to your bed for at least 6 months, and keep pillows and soft toys out of it.
Never share a bed if:
- your baby was born before 37 weeks or is under 4 months old
- anyone in the bed smokes or has drunk alcohol
!Call 999 at once if your baby stops breathing. Follow what the call handler tells you to do.
## Milk
However, most babies feed 8 to 12 times a day in the first weeks and lose weight at first. \
Feed when your baby shows signs of hunger, and offer both sides at every feed, day and night. \
Wake a sleepy baby for a feed after 4 hours until the birth weight is reached again.
## Related links
- Cots and prams
"""


@pytest.fixture
def guide(guide_of: Callable[..., Guide]) -> Guide:
    return guide_of(TEXT)


@pytest.fixture
def cards(guide: Guide) -> tuple[Card, ...]:
    return chop_guide(guide, Policy(()))


def remade(card: Card, guide: Guide, parts: list[tuple[str, str]]) -> Card:
    """The card over other text; parts are (marker, verbatim words)."""
    spans = tuple((start := guide.text.index(words), start + len(words)) for _, words in parts)
    return replace(card, spans=spans, text="\n".join(f"{mark}{words}" for mark, words in parts))


def test_check_card_passes_what_the_chopper_makes(cards: tuple[Card, ...], guide: Guide) -> None:
    assert [card.title for card in cards] == ["Sleep", "Milk"]
    assert [check_card(card, guide) for card in cards] == [(), ()]


def test_check_card_fails_text_that_is_not_the_guides(
    cards: tuple[Card, ...], guide: Guide
) -> None:
    card = replace(cards[0], text=cards[0].text.replace("6 months", "9 months"))
    assert check_card(card, guide) == ("trace",)


def test_check_card_fails_a_missing_marker(cards: tuple[Card, ...], guide: Guide) -> None:
    assert check_card(replace(cards[0], text=cards[0].text.replace("- ", "")), guide) == ("trace",)


def test_check_card_fails_a_fragment(cards: tuple[Card, ...], guide: Guide) -> None:
    card = remade(cards[0], guide, [("", "for at least 6 months, and keep pillows")])
    assert check_card(card, guide) == ("size", "whole", "numbers")


def test_check_card_fails_two_sections_in_one(cards: tuple[Card, ...], guide: Guide) -> None:
    both = replace(
        cards[0],
        spans=cards[0].spans + cards[1].spans,
        text=f"{cards[0].text}\n{cards[1].text}",
    )
    assert check_card(both, guide) == ("size", "one_idea", "located")


def test_check_card_fails_a_card_without_its_headings(
    cards: tuple[Card, ...], guide: Guide
) -> None:
    assert check_card(replace(cards[0], breadcrumbs=("A guide",)), guide) == ("located",)


def test_check_card_fails_a_dangling_opener_within_a_section(
    guide_of: Callable[..., Guide], cards: tuple[Card, ...]
) -> None:
    guide = guide_of(TEXT.replace("However", "Some rest first.\nHowever"))
    start = guide.text.index("However")
    end = guide.text.index("Related links") - 1
    card = replace(cards[1], spans=((start, end),), text=guide.text[start:end])
    assert check_card(card, guide) == ("no_dangling_opener",)


def test_check_card_fails_items_without_their_lead_in(
    cards: tuple[Card, ...], guide: Guide
) -> None:
    card = remade(cards[0], guide, [("- ", "anyone in the bed smokes or has drunk alcohol")])
    assert check_card(card, guide) == ("size", "lead_in")


def test_check_card_fails_half_a_box(cards: tuple[Card, ...], guide: Guide) -> None:
    card = remade(cards[0], guide, [("", "Call 999 at once if your baby stops breathing.")])
    assert check_card(card, guide) == ("size", "warnings")


def test_check_card_fails_navigation(cards: tuple[Card, ...], guide: Guide) -> None:
    card = remade(cards[0], guide, [("", "Related links"), ("- ", "Cots and prams")])
    card = replace(card, breadcrumbs=("A guide", "Related links"))
    assert check_card(card, guide) == ("size", "warnings")


@pytest.mark.parametrize("spans", [(), ((0, 10_000),), ((-5, 3),), ((40, 20),)])
def test_check_card_survives_spans_that_make_no_sense(
    cards: tuple[Card, ...], guide: Guide, spans: tuple[tuple[int, int], ...]
) -> None:
    failed = check_card(replace(cards[0], spans=spans), guide)
    assert "trace" in failed
    assert set(failed) <= set(CARD_CHECKS)


def test_coverage_and_overlap_count_content_characters(
    cards: tuple[Card, ...], guide: Guide
) -> None:
    """The links below count neither as content nor as covered."""
    texts = [block.text.replace(" ", "") for block in guide.blocks if block.kind != "heading"]
    content = sum(map(len, texts)) - len("Cotsandprams")
    milk = len(cards[1].text.replace(" ", ""))
    assert coverage(guide, cards) == 1.0
    assert coverage(guide, cards[:1]) == (content - milk) / content
    assert coverage(guide, ()) == 0.0
    assert overlap(guide, cards) == 0.0
    assert overlap(guide, [*cards, *cards]) == 1.0


def test_list_gaps_names_what_is_no_content_and_what_was_lost(
    cards: tuple[Card, ...], guide: Guide
) -> None:
    gaps = list_gaps(guide, cards[:1])
    assert [(guide.text[gap.span[0] : gap.span[1]], gap.reason) for gap in gaps] == [
        (cards[1].text, ""),
        ("Cots and prams", "links"),
    ]


def test_table_rows_keep_the_caption_and_the_line_before_the_table(
    guide_of: Callable[..., Guide], no_topics: Policy
) -> None:
    row = "Age: month {}; Amount: " + "much " * 30 + "of it"
    rows = "\n".join(f"| {row.format(number)}" for number in range(1, 7))
    guide = guide_of(f"## Milk\nThe figures are averages.\n= For healthy babies\n{rows}")
    cards = chop_guide(guide, no_topics)
    assert len(cards) > 1
    for card in cards:
        assert card.text.startswith("The figures are averages.\nFor healthy babies\n")
    assert check_cards(cards, guide) == [()] * len(cards)
    assert overlap(guide, cards) == 0.0
    bare = replace(cards[1], text=cards[1].text.split("\n", 2)[2], spans=cards[1].spans[2:])
    assert "lead_in" in check_card(bare, guide)


def test_steps_keep_the_prohibition_behind_them(
    guide_of: Callable[..., Guide], no_topics: Policy
) -> None:
    steps = "\n".join(f"{n}. Step {n} " + "word " * 25 + "end." for n in range(1, 8))
    guide = guide_of(f"## Make up a feed\nMake one feed:\n{steps}\nNever add extra powder.")
    cards = chop_guide(guide, no_topics)
    assert len(cards) > 1
    assert all("Never add extra powder." in card.text for card in cards)
    assert check_cards(cards, guide) == [()] * len(cards)
    assert overlap(guide, cards) == 0.0


def test_when_to_call_stays_apart_from_small_talk(
    guide_of: Callable[..., Guide], no_topics: Policy
) -> None:
    call, bath = "Call if the skin is sore. " * 4, "Dry the folds and cuddle. " * 4
    guide = guide_of(f"## When to call a doctor\n{call}\n## After the bath\n{bath}")
    cards = chop_guide(guide, no_topics)
    assert [card.title for card in cards] == ["When to call a doctor", "After the bath"]
    assert check_cards(cards, guide) == [(), ()]


def test_pointers_to_what_another_card_holds_fail(
    guide_of: Callable[..., Guide], no_topics: Policy
) -> None:
    filler = "word " * 45
    guide = guide_of(f"## Nappies\nCall if there are fewer than the table shows. {filler}.")
    assert check_cards(chop_guide(guide, no_topics), guide) == [("no_dangling_opener",)]


def test_box_behind_steps_counts_once_where_it_also_opens_the_next_card(
    guide_of: Callable[..., Guide], no_topics: Policy
) -> None:
    steps = "\n".join(f"{n}. Step {n} " + "word " * 28 + "end." for n in range(1, 4))
    guide = guide_of(f"## Make up a feed\n{steps}\n! Never add powder {'and more ' * 10}.\nAfter.")
    pieces = {block.text: (block.start, block.end) for block in guide.blocks}
    box = next(span for text, span in pieces.items() if text.startswith("Never"))
    lines = [span for span in pieces.values() if span != box]
    whole = chop_guide(guide, no_topics)[0]
    first = replace(whole, spans=(*lines[1:4], box))
    second = replace(whole, spans=(box, lines[4]))
    assert overlap(guide, [first, second]) == 0.0
    assert overlap(guide, [first, replace(whole, spans=(lines[3], box, lines[4]))]) > 0.0
