"""The smallest pieces a section may be cut into, and what each cut would cost."""

from __future__ import annotations

from dataclasses import dataclass

from stages.chop.openers import is_dangling, is_prohibition
from stages.chop.outline import MAX_WORDS, Section, weigh
from stages.text import split_sentences
from stages.types import Block, BlockKind, CalloutKind, Guide

# Costs of cutting before a piece, in the unit of `pack.py`'s size cost (20 words off the ideal
# length = 4). Ranked by hand (a paragraph holds together more than a list, a list more than a
# table), scaled by reading the cards of the sample site.
NEVER = 10_000.0
CUT_PARAGRAPH = 3.0
CUT_SENTENCE = 16.0
CUT_ITEM = 9.0
CUT_STEP = 12.0
CUT_ROW = 6.0
CUT_LONE = 9.0
CUT_BEFORE_LEAD = 6.0
CUT_NESTED = 25.0
CUT_BOX = 900.0
CUT_BIG_BOX = 20.0
CUT_BEFORE_BOX = 10.0
CUT_DANGLING = 60.0

REPEAT_COST = 0.5
"""Per word that a card repeats: a list is cut late, and where little needs saying again."""

_LEAD_MAX_WORDS = 40.0
_ITEM_LEAD_WORDS = 25.0
_MAX_PARENTS = 3
_PROHIBITION_MAX_WORDS = 20.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A verbatim range of the guide inside one block. prefix: the list marker shown before it."""

    block: int
    start: int
    end: int
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Atom:
    """What is never cut: a sentence, a list item, a table row, a caption.

    cut_before: cost of starting a card here. lead: pieces to repeat when a card starts here (the
    line that introduces the list, the item above a nested one). words, lead_words: in `weigh`.
    """

    piece: Piece
    words: float
    cut_before: float
    lead: tuple[Piece, ...] = ()
    lead_words: float = 0.0


def prefix_of(block: Block) -> str:
    """What stands before a list item's text in a card: its number, or a dash."""
    if block.kind is not BlockKind.LIST_ITEM:
        return ""
    return f"{block.marker} " if block.marker.strip() else "- "


def read_atoms(guide: Guide, section: Section) -> list[Atom]:
    """The section's atoms in reading order."""
    atoms: list[Atom] = []
    big = _big_boxes(guide, section)
    leads = find_leads(guide, section)
    for place, index in enumerate(section.blocks):
        before = section.blocks[place - 1] if place else None
        box_cost = CUT_BIG_BOX if index in big else CUT_BOX
        cut = _cut_between(guide, before, index, box_cost)
        if _leaves_one(guide, section, place):
            cut += CUT_LONE
        inside = _inside_cost(guide.blocks[index], box_cost)
        atoms.extend(_block_atoms(guide, index, (cut, inside), leads.get(index, ())))
    return [_glued(guide, atoms, place) for place in range(len(atoms))]


def _leaves_one(guide: Guide, section: Section, place: int) -> bool:
    """Whether a cut before this item or row would part the first or the last one from the rest."""
    block = guide.blocks[section.blocks[place]]
    if not block.group:
        return False

    def is_edge(other: int) -> bool:
        inside = 0 <= other < len(section.blocks)
        return not inside or guide.blocks[section.blocks[other]].group != block.group

    return not is_edge(place - 1) and (is_edge(place - 2) or is_edge(place + 1))


def _block_atoms(
    guide: Guide, index: int, cuts: tuple[float, float], lead: tuple[Piece, ...]
) -> list[Atom]:
    """A block's atoms. cuts: cost of a cut before the block, and between its sentences."""
    block = guide.blocks[index]
    lead_words = sum(weigh(guide.text[p.start : p.end], guide.lang) for p in lead)
    if block.kind in {BlockKind.TABLE_ROW, BlockKind.CAPTION}:
        ranges = [(0, len(block.text))]
    else:
        ranges = sentence_ranges(block.text, guide.lang)
    return [
        Atom(
            Piece(index, block.start + start, block.start + end, prefix_of(block)),
            weigh(block.text[start:end], guide.lang),
            cuts[0] if number == 0 else cuts[1],
            lead,
            lead_words,
        )
        for number, (start, end) in enumerate(ranges)
    ]


def sentence_ranges(text: str, lang: str) -> list[tuple[int, int]]:
    """Sentences as ranges; parts joined by a semicolon count as one, they share a condition."""
    ranges: list[tuple[int, int]] = []
    for sentence in split_sentences(text, lang):
        if ranges and text[ranges[-1][1] - 1] in "；;":
            ranges[-1] = (ranges[-1][0], sentence.end)
        else:
            ranges.append((sentence.start, sentence.end))
    return ranges


def _inside_cost(block: Block, box_cost: float) -> float:
    """Cost of cutting between two sentences of one block."""
    cost = CUT_SENTENCE * (2 if block.kind is BlockKind.LIST_ITEM else 1)
    return cost + (box_cost if block.callout is not CalloutKind.NONE else 0.0)


def _big_boxes(guide: Guide, section: Section) -> set[int]:
    """Blocks of call-out boxes that are longer than a card may be, so they have to be cut."""
    big: set[int] = set()
    run: list[int] = []
    for index in (*section.blocks, -1):
        box = guide.blocks[index].callout if index >= 0 else CalloutKind.NONE
        if run and box is not guide.blocks[run[0]].callout:
            heading = section.path[-1:] if run[0] == section.blocks[0] else ()
            words = sum(weigh(guide.blocks[i].text, guide.lang) for i in (*heading, *run))
            big.update(run if words > MAX_WORDS else ())
            run = []
        if box is not CalloutKind.NONE:
            run.append(index)
    return big


def _cut_between(guide: Guide, before: int | None, index: int, box_cost: float) -> float:
    """Cost of cutting between two blocks that follow each other in a section."""
    if before is None:
        return 0.0
    last, block = guide.blocks[before], guide.blocks[index]
    if last.callout is not block.callout:
        return CUT_BEFORE_BOX if block.callout is not CalloutKind.NONE else CUT_PARAGRAPH
    extra = box_cost if block.callout is not CalloutKind.NONE else 0.0
    if block.kind is BlockKind.LIST_ITEM and last.kind is BlockKind.LIST_ITEM:
        if block.level > last.level:
            return extra + CUT_NESTED * 2
        if block.level > 1:
            return extra + CUT_NESTED
        return extra + (CUT_STEP if block.marker else CUT_ITEM)
    if block.kind is BlockKind.TABLE_ROW and last.kind is BlockKind.TABLE_ROW:
        return extra + (CUT_ROW if block.group == last.group else 0.0)
    if block.kind is BlockKind.CAPTION or last.kind is BlockKind.CAPTION:
        return extra + CUT_NESTED
    return extra + CUT_PARAGRAPH


def _glued(guide: Guide, atoms: list[Atom], place: int) -> Atom:
    """The atom with what its words say about cutting before it."""
    atom = atoms[place]
    if place == 0:
        return atom
    last = atoms[place - 1]
    block, last_block = guide.blocks[atom.piece.block], guide.blocks[last.piece.block]
    said = guide.text[last.piece.start : last.piece.end]
    cut = atom.cut_before
    words = guide.text[atom.piece.start : atom.piece.end]
    is_lead = words.endswith((":", "：")) and block.kind is BlockKind.PARAGRAPH
    if is_lead and block.callout is CalloutKind.NONE:
        cut = min(cut, CUT_BEFORE_LEAD)
    starts_list = (
        block.kind in {BlockKind.LIST_ITEM, BlockKind.TABLE_ROW}
        and last_block.kind is BlockKind.PARAGRAPH
        and block.callout is last_block.callout
    )
    if said.endswith((":", "：")) or starts_list:
        cut = NEVER
    elif block.kind in {BlockKind.PARAGRAPH, BlockKind.LIST_ITEM} and is_dangling(words):
        cut += CUT_DANGLING
    return Atom(atom.piece, atom.words, cut, atom.lead, atom.lead_words)


def find_leads(guide: Guide, section: Section) -> dict[int, tuple[Piece, ...]]:
    """For each list item: the lines that must stand before it when a card starts with it.

    That is the last sentence of the paragraph right before the list, or the section's heading if
    there is none or it stands for itself; and the items a nested item hangs under. Table rows
    carry their headers, so they need a line only when it ends in a colon.
    """
    leads: dict[int, tuple[Piece, ...]] = {}
    heading = tuple(_whole(guide, index) for index in section.path[-1:])
    intro = heading
    above: list[int] = []
    box = guide.blocks[section.blocks[0]].callout
    for index in section.blocks:
        block = guide.blocks[index]
        if block.callout is not box:
            box, intro, above = block.callout, (), []
        if block.kind is BlockKind.LIST_ITEM:
            above = [item for item in above if guide.blocks[item].level < block.level]
            above = above[-_MAX_PARENTS:]
            leads[index] = (*intro, *(_item_lead(guide, item) for item in above))
            above.append(index)
        elif block.kind is BlockKind.TABLE_ROW:
            above = []
            colon = intro != heading and intro and guide.text[intro[-1].end - 1] in ":："
            leads[index] = intro if colon else ()
            intro = intro if colon else heading  # a list behind the table is not introduced by it
        elif block.kind is BlockKind.PARAGRAPH:
            above = []
            intro = _intro(guide, index) or heading
    return leads


def _whole(guide: Guide, index: int) -> Piece:
    block = guide.blocks[index]
    return Piece(index, block.start, block.end, prefix_of(block))


def _item_lead(guide: Guide, index: int) -> Piece:
    """An item as the line above its nested items: a long one with its last sentence only."""
    block = guide.blocks[index]
    start = 0
    if weigh(block.text, guide.lang) > _ITEM_LEAD_WORDS:
        start = sentence_ranges(block.text, guide.lang)[-1][0]
    return Piece(index, block.start + start, block.end, prefix_of(block))


def _intro(guide: Guide, index: int) -> tuple[Piece, ...]:
    """The words of a paragraph that the list after it cannot do without.

    A last sentence that leans on the one before takes that along. One that ends in a full stop
    stands for itself, so nothing is needed, unless it is a short prohibition.
    """
    block = guide.blocks[index]
    ranges = sentence_ranges(block.text, guide.lang)
    if not ranges:
        return ()
    first, end = len(ranges) - 1, ranges[-1][1]
    while first and is_dangling(block.text[ranges[first][0] : end]):
        if weigh(block.text[ranges[first - 1][0] : end], guide.lang) > _LEAD_MAX_WORDS:
            break
        first -= 1
    start = ranges[first][0]
    longest = _LEAD_MAX_WORDS
    if block.text[end - 1] in ".!?。！？":
        longest = _PROHIBITION_MAX_WORDS if is_prohibition(block.text[start:end]) else 0.0
    if weigh(block.text[start:end], guide.lang) > longest:
        return ()
    return (Piece(index, block.start + start, block.start + end),)
