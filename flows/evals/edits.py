"""Guides with one random edit each: what an edit of a guide does to the cards it does not touch.

Edits are drawn by seed from the guides at hand: a word said otherwise, a sentence of the guide put
in as a paragraph, a block taken out, a block moved.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from stages.chop import chop_guide, match_cards
from stages.policy import Policy
from stages.text import is_chinese, split_sentences
from stages.types import Block, BlockKind, Card, ChangeKind, Guide

KINDS = ("edit", "insert", "delete", "move")
MIN_BLOCKS = 12

_NO_TOPICS = Policy(())


@dataclass(frozen=True, slots=True)
class Outcome:
    """untouched: cards of the old version that hold nothing of what was edited, taken out or moved,
    nor of what stood beside the place something came to. kept: of those, the ones that go on with
    the same id, text and context, so that nothing is cooked again.
    """

    kind: str
    untouched: int
    kept: int


def edit_guide(guide: Guide, kind: str, rng: random.Random) -> tuple[Guide, frozenset[int]]:
    """The guide with one edit, and which of the old blocks it touched: those it changed or took
    away, and those beside the place something came to.
    """
    blocks = list(guide.blocks)
    content = [i for i, block in enumerate(blocks) if block.kind is not BlockKind.HEADING]
    place = rng.choice(content)
    if kind == "edit":
        blocks[place] = replace(blocks[place], text=_reworded(blocks[place].text, guide.lang, rng))
        return with_blocks(guide, blocks), frozenset({place})
    around = frozenset({place - 1, place} if place - 1 in content else {place})
    if kind == "insert":
        text = blocks[rng.choice(content)].text
        sentence = rng.choice(split_sentences(text, guide.lang)).text
        blocks.insert(place, Block(BlockKind.PARAGRAPH, sentence))
        return with_blocks(guide, blocks), around
    block = blocks.pop(place)
    if kind == "delete":
        return with_blocks(guide, blocks), frozenset({place})
    target = rng.choice([i for i in content if i != place])
    blocks.insert(target if target < place else target - 1, block)
    return with_blocks(guide, blocks), frozenset({place, target, target - 1})


def _reworded(text: str, lang: str, rng: random.Random) -> str:
    """text with one word of it (two characters in Chinese) said otherwise."""
    words = list(re.finditer(r"[\u4e00-\u9fff]{2}" if is_chinese(lang) else r"[A-Za-z]{3,}", text))
    if not words:
        return f"{text} more"
    word = rng.choice(words)
    other = "另外" if is_chinese(lang) else "other"
    return f"{text[: word.start()]}{other}{text[word.end() :]}"


def with_blocks(guide: Guide, blocks: Sequence[Block]) -> Guide:
    """The guide with other blocks, offsets and text made anew."""
    placed, start = [], 0
    for block in blocks:
        placed.append(replace(block, start=start))
        start += len(block.text) + 1
    return replace(guide, blocks=tuple(placed), text="\n".join(block.text for block in blocks))


def measure_edit(guide: Guide, cards: Sequence[Card], kind: str, rng: random.Random) -> Outcome:
    """One random edit of that kind, chopped and matched as the line does. cards: of the guide."""
    edited, touched = edit_guide(guide, kind, rng)
    ranges = [(guide.blocks[i].start, guide.blocks[i].end) for i in touched]
    untouched = {
        card.id
        for card in cards
        if not any(low < end and start < high for start, end in card.spans for low, high in ranges)
    }
    changes = match_cards(cards, chop_guide(edited, _NO_TOPICS, before=cards))
    kept = {c.new.id for c in changes if c.new and c.kind is ChangeKind.KEPT}
    return Outcome(kind, len(untouched), len(untouched & kept))


def measure_edits(guides: Sequence[Guide], edits: int, seed: int = 1) -> list[Outcome]:
    """So many random edits, the kinds in turn, over guides of at least `MIN_BLOCKS` blocks."""
    rng = random.Random(seed)
    chopped = [(g, chop_guide(g, _NO_TOPICS)) for g in guides if len(g.blocks) >= MIN_BLOCKS]
    if not chopped:
        return []
    return [
        measure_edit(*rng.choice(chopped), KINDS[number % len(KINDS)], rng)
        for number in range(edits)
    ]
