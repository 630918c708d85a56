"""A guide with its cards laid over it: where each card begins and why, and what is in no card."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from stages.chop.asides import LINKS, PAGE_DATA, SOURCES
from stages.chop.atoms import prefix_of
from stages.chop.checks import check_cards
from stages.chop.measures import Gap, list_gaps
from stages.chop.outline import Section, read_sections
from stages.chop.weight import HAN_PER_WORD, MAX_WORDS, weigh
from stages.text import is_chinese
from stages.types import Block, BlockKind, CalloutKind, Card, Guide, Span

HEADING = "heading"
"""Reason of a part that is a heading: it travels with its cards as title and breadcrumb."""

_GAPS = {
    LINKS: "No content: links to other pages.",
    SOURCES: "No content: what the text rests on.",
    PAGE_DATA: "No content: data of the page itself.",
    "": "Content that no card holds.",
}
_BOXES = {
    CalloutKind.WARNING: "A warning box",
    CalloutKind.WHEN_TO_CALL: "A when-to-call box",
    CalloutKind.TIP: "A tip box",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A run of the guide's text, in reading order.

    card: the card the run belongs to; None for a heading (reason `HEADING`) and for a gap. A card
    that is interrupted gives several parts. text: the blocks of the run, one a line, with the
    markers of list items. span: offsets in `Guide.text`. reason: why a card begins here (empty
    where a card goes on after a gap), or why the run is in no card. failed: names of the checks the
    card fails, in the order of `CARD_CHECKS`; empty for a good card and for a gap.
    """

    card: Card | None
    text: str
    span: Span
    reason: str
    failed: tuple[str, ...] = ()

    @property
    def is_gap(self) -> bool:
        """Whether this is content of the page that no card holds."""
        return self.card is None and self.reason != HEADING


@dataclass(frozen=True, slots=True)
class Explanation:
    """A guide and its text in parts: every block is in exactly one of them."""

    guide: Guide
    parts: tuple[Part, ...]


def explain_guide(guide: Guide, cards: Sequence[Card]) -> Explanation:
    """The guide's text as parts, for an editor who asks why the cards are as they are.

    cards: of this guide, in order. A line that several cards show (the lead-in of a long list)
    belongs to the first of them.
    """
    owned = _owned(guide, cards)
    reasons = _reasons(guide, cards, owned)
    failed = check_cards(cards, guide)
    begun: set[int] = set()
    parts: list[Part] = []
    last: tuple[int | None, str] = (None, "")
    for span, owner, why in _runs(guide, owned, list_gaps(guide, cards)):
        text = _shown(guide, span)
        if parts and last == (owner, why):
            joined = (parts[-1].span[0], span[1])
            parts[-1] = replace(parts[-1], text=f"{parts[-1].text}\n{text}", span=joined)
            continue
        last = (owner, why)
        if owner is None:
            parts.append(Part(None, text, span, why))
            continue
        reason = "" if owner in begun else reasons[owner]
        begun.add(owner)
        parts.append(Part(cards[owner], text, span, reason, failed[owner]))
    return Explanation(guide, tuple(parts))


Owned = list[tuple[Span, int]]


def _owned(guide: Guide, cards: Sequence[Card]) -> Owned:
    """Ranges of the text with the place of the first card that holds them, in order, none twice."""
    owned: Owned = []
    for place, card in enumerate(cards):
        following = cards[place + 1].spans if place + 1 < len(cards) else ()
        for start, end in card.spans:
            if _belongs_on((start, end), card.spans, following):
                continue
            # In order, so what holds this span begins at the last place that is not behind it.
            at = bisect_right(owned, start, key=lambda run: run[0][0]) - 1
            if at < 0 or end > owned[at][0][1]:
                insort(owned, ((start, end), place))
    # A heading that only introduces a card further down stands for its section, not for that card.
    headings = {(b.start, b.end) for b in guide.blocks if b.kind is BlockKind.HEADING}
    return [
        (span, owner)
        for (span, owner), (_, following) in pairwise([*owned, ((0, 0), -1)])
        if span not in headings or owner == following
    ]


def _belongs_on(span: Span, here: Sequence[Span], following: Sequence[Span]) -> bool:
    """Whether a card only repeats what stands further down: the next card holds it, too, behind
    words of its own.
    """
    if span not in following:
        return False
    return any(other[0] < span[0] and other not in here for other in following)


def _runs(guide: Guide, owned: Owned, gaps: Sequence[Gap]) -> list[tuple[Span, int | None, str]]:
    """What is owned, the gaps, and the headings in no card, in the order of the text."""
    runs: list[tuple[Span, int | None, str]] = [(span, owner, "") for span, owner in owned]
    runs.extend((gap.span, None, _GAPS[gap.reason]) for gap in gaps)
    held = {span for span, _ in owned}
    runs.extend(
        ((block.start, block.end), None, HEADING)
        for block in guide.blocks
        if block.kind is BlockKind.HEADING
        and block.text.strip()
        and (block.start, block.end) not in held
    )
    return sorted(runs, key=lambda run: run[0])


def _shown(guide: Guide, span: Span) -> str:
    block = guide.blocks[_block_at(guide, span[0])]
    return prefix_of(block) + guide.text[span[0] : span[1]]


def _block_at(guide: Guide, offset: int) -> int:
    return max(0, bisect_right(guide.blocks, offset, key=lambda block: block.start) - 1)


# --- why a card begins where it does -----------------------------------------------------------


def _reasons(guide: Guide, cards: Sequence[Card], owned: Owned) -> dict[int, str]:
    """Why each card that owns text begins where it does, by its place."""
    sections = read_sections(guide)
    section_of = {index: section for section in sections for index in section.blocks}
    content = [
        (_block_at(guide, span[0]), span, owner)
        for span, owner in owned
        if guide.blocks[_block_at(guide, span[0])].kind is not BlockKind.HEADING
    ]
    reasons: dict[int, str] = dict.fromkeys((owner for _, owner in owned), "A new section begins.")
    first_of: dict[int, int] = {}
    for index, _, owner in content:
        first_of.setdefault(owner, index)
    before: tuple[int, int] | None = None  # block and card of the range before
    for index, _, owner in content:
        if (before is None or before[1] != owner) and index == first_of[owner]:
            reasons[owner] = _reason(guide, cards, section_of, before, (index, owner))
        before = index, owner
    return reasons


def _reason(
    guide: Guide,
    cards: Sequence[Card],
    section_of: Mapping[int, Section],
    before: tuple[int, int] | None,
    here: tuple[int, int],
) -> str:
    """before, here: block and card where the text before ends and where this card begins."""
    index, owner = here
    section = section_of.get(index)
    held = {id(section_of.get(_block_at(guide, start))) for start, _ in cards[owner].spans}
    held.discard(id(None))
    if before is None or section is None or section_of.get(before[0]) is not section:
        if len(held) > 1:
            return "Short sections beside each other share a card."
        if section and section.boxed:
            return f"{_BOXES[guide.blocks[index].callout]} with a heading of its own."
        return "A new section begins." if section and section.path else "The text begins."
    last, block = guide.blocks[before[0]], guide.blocks[index]
    return f"{_boundary(last, block)} {_sizes(guide, cards[before[1]], cards[owner])}"


def _boundary(last: Block, block: Block) -> str:
    """What lies between two blocks of one section, or between two parts of one block."""
    if last is block:
        if block.kind is BlockKind.TABLE_ROW:
            return "A row too long for one card is cut between its cells."
        return "Cut between two sentences."
    if last.callout is not block.callout:
        return f"{_BOXES[block.callout]} begins." if block.callout else "The box before it ends."
    if block.group and block.group == last.group:
        row = block.kind is BlockKind.TABLE_ROW
        return "A table is cut between rows." if row else "A list is cut between items."
    if block.group or block.text.endswith((":", "：")):
        return "A list or table begins with the line that introduces it."
    if last.group:
        return "The list or table before it ends."
    return "A new paragraph."


def _sizes(guide: Guide, last: Card, card: Card) -> str:
    """How long the card would be together with the one before."""
    chinese = is_chinese(guide.lang)
    both = [weigh(one.text, guide.lang) * (HAN_PER_WORD if chinese else 1) for one in (last, card)]
    most = MAX_WORDS * (HAN_PER_WORD if chinese else 1)
    unit = "Han characters" if chinese else "words"
    so_long = f"With the card before it {round(sum(both))} {unit}"
    if sum(both) > most:
        return f"{so_long}; a card holds {round(most)} at most."
    return f"{so_long}: more than the cards of a guide of this length aim at."
