"""A guide with its cards laid over it: where each card begins and why, and what is in no card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stages.chop.checks import check_cards
from stages.types import Card, Guide, Span

HEADING = "heading"
"""Reason of a part that is a heading: it travels with its cards as title and breadcrumb."""


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
    failed = dict(zip((card.id for card in cards), check_cards(cards, guide), strict=True))
    parts: list[Part] = []
    for block in guide.blocks:
        if not block.text.strip():
            continue
        span = (block.start, block.end)
        card = next(
            (c for c in cards if any(a < span[1] and span[0] < b for a, b in c.spans)), None
        )
        reason = "" if card else "in no card"
        parts.append(Part(card, block.text, span, reason, failed[card.id] if card else ()))
    return Explanation(guide, tuple(parts))
