"""The prohibitions that govern a list of steps and are shown with each of its cards."""

from __future__ import annotations

from collections.abc import Sequence

from stages.chop.atoms import Piece, sentence_ranges, weigh_pieces, whole_piece
from stages.chop.openers import is_ban
from stages.chop.outline import Section
from stages.types import BlockKind, CalloutKind, Guide

_BAN_MAX_WORDS = 40.0
_BOX_BLOCKS = 6


def find_bans(guide: Guide, section: Section) -> dict[int, tuple[Piece, ...]]:
    """For each step of a numbered list: the short prohibition or warning box right before or right
    after the list, which governs all of its steps.
    """
    bans: dict[int, tuple[Piece, ...]] = {}
    blocks = [i for i in section.blocks if guide.blocks[i].kind is not BlockKind.FOOTNOTE]
    place = 0
    while place < len(blocks):
        end = place + 1
        group = guide.blocks[blocks[place]].group
        if not group or not guide.blocks[blocks[place]].marker:
            place = end
            continue
        while end < len(blocks) and guide.blocks[blocks[end]].group == group:
            end += 1
        found = (*_ban(guide, blocks[:place][::-1]), *_ban(guide, blocks[end:]))
        bans |= dict.fromkeys(blocks[place:end] if found else (), found)
        place = end
    return bans


def _ban(guide: Guide, blocks: Sequence[int]) -> tuple[Piece, ...]:
    """The prohibition that the first of the blocks is, or the warning box that begins with it."""
    if not blocks:
        return ()
    first = guide.blocks[blocks[0]]
    run = [blocks[0]]
    if first.callout is CalloutKind.WARNING:
        run = [i for i in blocks[:_BOX_BLOCKS] if guide.blocks[i].callout is first.callout]
        run = [i for place, i in enumerate(run) if abs(i - run[0]) == place]
    elif (
        first.kind is not BlockKind.PARAGRAPH
        or first.callout is not CalloutKind.NONE
        or not is_ban(first.text)
        or first.text.endswith((":", "："))
        or len(sentence_ranges(first.text, guide.lang)) > 2
    ):
        return ()
    pieces = tuple(whole_piece(guide, index) for index in sorted(run))
    return pieces if weigh_pieces(guide, pieces) <= _BAN_MAX_WORDS else ()
