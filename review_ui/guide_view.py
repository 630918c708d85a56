"""A guide's blocks gathered by the card they went into."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from stages.types import Block, BlockKind, Card, Guide


@dataclass(frozen=True, slots=True)
class Cut:
    """Blocks in a row that went into one card, under the headings right above them; card is None
    where they went into none.
    """

    card: Card | None
    blocks: tuple[Block, ...]


def cut_guide(guide: Guide, cards: Sequence[Card]) -> tuple[Cut, ...]:
    """Every block of the guide once, in order, under the card that holds most of it."""
    spans = sorted((start, end, number) for number, card in enumerate(cards)
                   for start, end in card.spans)  # fmt: skip
    cuts: list[tuple[int | None, list[Block]]] = []
    at = 0
    for block in guide.blocks:
        while at < len(spans) and spans[at][1] <= block.start:
            at += 1
        owner: int | None = None
        widest = 0
        for start, end, number in spans[at:]:
            if start >= block.end:
                break
            overlap = min(end, block.end) - max(start, block.start)
            if overlap > widest:
                owner, widest = number, overlap
        if cuts and cuts[-1][0] == owner:
            cuts[-1][1].append(block)
        else:
            cuts.append((owner, [block]))
    for (above, loose), (owner, blocks) in itertools.pairwise(cuts):
        while above is None and owner is not None and loose and loose[-1].kind is BlockKind.HEADING:
            blocks.insert(0, loose.pop())
    return tuple(
        Cut(None if owner is None else cards[owner], tuple(blocks))
        for owner, blocks in cuts
        if blocks
    )
