"""The smallest pieces a section may be cut into, and what each cut would cost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from stages.chop.openers import is_dangling, is_prohibition
from stages.chop.outline import Section
from stages.chop.weight import MAX_WORDS, weigh
from stages.text import sentence_spans
from stages.types import Block, BlockKind, CalloutKind, Guide, Span

# Costs of cutting before a piece, in the unit of `pack.py`'s size cost (20 words off the ideal
# length = 4). Ranked by hand (a paragraph holds together more than a list, a list more than a
# table), scaled by reading the cards of the sample site.
NEVER = 10_000.0
CUT_PARAGRAPH = 3.0
CUT_SENTENCE = 16.0
CUT_ITEM = 9.0
CUT_STEP = 12.0
CUT_ROW = 6.0
CUT_LONE = 30.0
CUT_BEFORE_LEAD = 6.0
CUT_NESTED = 25.0
CUT_BOX = 900.0
CUT_BIG_BOX = 20.0
CUT_BEFORE_BOX = 10.0
CUT_DANGLING = 90.0
CUT_BEHIND_LABEL = 300.0

REPEAT_COST = 0.5
"""Per word that a card repeats: a list is cut late, and where little needs saying again."""

_LEAD_MAX_WORDS = 40.0
_ITEM_LEAD_WORDS = 25.0
_MAX_PARENTS = 3
_PROHIBITION_MAX_WORDS = 20.0
_TABLE_LEAD_WORDS = 30.0
_LABEL_MAX_CHARS = 80
_LABEL_MAX_WORDS = 12.0

_CELL_END = re.compile(r"[;；](?=\s?[^:：;；]{1,80}[:：])")
_WHOLE = {BlockKind.CAPTION, BlockKind.FOOTNOTE}


class Piece(NamedTuple):
    """A verbatim range of the guide inside one block. prefix: the list marker shown before it."""

    block: int
    start: int
    end: int
    prefix: str = ""


class Atom(NamedTuple):
    """What is never cut: a sentence, a list item, a table row, a caption, a footnote.

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
    before: int | None = None
    for place, index in enumerate(section.blocks):
        box_cost = CUT_BIG_BOX if index in big else CUT_BOX
        cut = _cut_between(guide, before, index, box_cost)
        if _leaves_one(guide, section, place):
            cut += CUT_LONE
        inside = _inside_cost(guide.blocks[index], box_cost)
        for atom in _block_atoms(guide, index, (cut, inside), leads.get(index, ())):
            glued = _glued(guide, atoms, before, atom)
            if atom.lead and guide.blocks[index].kind is BlockKind.CAPTION:
                glued = glued._replace(cut_before=NEVER)  # behind the line that introduces it
            atoms.append(glued)
        if guide.blocks[index].kind is not BlockKind.FOOTNOTE:
            before = index
    return atoms


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
) -> Iterator[Atom]:
    """A block's atoms. cuts: cost of a cut before the block, and between its parts."""
    block = guide.blocks[index]
    prefix = prefix_of(block)
    ranges = part_ranges(block, guide.lang)
    key = key_cell(guide, index)
    lead_words = weigh_pieces(guide, lead) if lead else 0.0
    for number, (start, end) in enumerate(ranges):
        if number == 1 and key:
            lead, lead_words = (*lead, key), lead_words + weigh_pieces(guide, (key,))
        yield Atom(
            Piece(index, block.start + start, block.start + end, prefix),
            weigh(block.text[start:end], guide.lang),
            cuts[1] if number else cuts[0],
            lead,
            lead_words,
        )


def weigh_pieces(guide: Guide, pieces: Sequence[Piece]) -> float:
    return sum(weigh(guide.text[piece.start : piece.end], guide.lang) for piece in pieces)


def part_ranges(block: Block, lang: str) -> Sequence[Span]:
    """Where a block may be cut, as ranges of its text: sentences; a table row only into its cells,
    and only when it is longer than a card may be; captions and footnotes never.
    """
    if block.kind in _WHOLE:
        return [(0, len(block.text))]
    if block.kind is not BlockKind.TABLE_ROW:
        return sentence_ranges(block.text, lang)
    if weigh(block.text, lang) <= MAX_WORDS:
        return [(0, len(block.text))]
    ranges: list[Span] = []
    start = 0
    for end in (*(match.end() for match in _CELL_END.finditer(block.text)), len(block.text)):
        start += len(block.text[start:end]) - len(block.text[start:end].lstrip())
        cell = block.text[start:end]
        if weigh(cell, lang) <= MAX_WORDS:
            ranges.append((start, end))
        else:
            ranges.extend((start + a, start + b) for a, b in sentence_ranges(cell, lang))
        start = end
    return ranges


def key_cell(guide: Guide, index: int) -> Piece | None:
    """The first cell of a row that had to be cut: it says what the row is about."""
    block = guide.blocks[index]
    ranges = part_ranges(block, guide.lang)
    if block.kind is not BlockKind.TABLE_ROW or len(ranges) == 1:
        return None
    start, end = ranges[0]
    if weigh(block.text[start:end], guide.lang) > _ITEM_LEAD_WORDS:
        return None
    return Piece(index, block.start + start, block.start + end)


@lru_cache(maxsize=4096)
def sentence_ranges(text: str, lang: str) -> tuple[Span, ...]:
    """Sentences as ranges; parts joined by a semicolon count as one, they share a condition."""
    ranges: list[Span] = []
    for start, end in sentence_spans(text, lang):
        if ranges and text[ranges[-1][1] - 1] in "；;":
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((start, end))
    return tuple(ranges)


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
    if block.kind is BlockKind.FOOTNOTE:
        return NEVER
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
    if last.kind is BlockKind.CAPTION and block.kind is BlockKind.TABLE_ROW:
        return NEVER
    if block.kind is BlockKind.CAPTION or last.kind is BlockKind.CAPTION:
        return extra + CUT_NESTED
    return extra + CUT_PARAGRAPH


def _glued(guide: Guide, atoms: Sequence[Atom], before: int | None, atom: Atom) -> Atom:
    """The atom with what its words say about cutting before it.

    atoms: those before it in the section. before: the block before its own, footnotes aside.
    """
    block = guide.blocks[atom.piece.block]
    if not atoms or block.kind is BlockKind.FOOTNOTE:
        return atom
    is_inside = atoms[-1].piece.block == atom.piece.block
    last_block = block if is_inside or before is None else guide.blocks[before]
    said = guide.text[atoms[-1].piece.start : atoms[-1].piece.end] if is_inside else last_block.text
    words = guide.text[atom.piece.start : atom.piece.end]
    is_same_box = block.callout is last_block.callout
    starts_list = (
        block.kind in {BlockKind.LIST_ITEM, BlockKind.TABLE_ROW}
        and last_block.kind is BlockKind.PARAGRAPH
        and is_same_box
    )
    is_led = said.rstrip().endswith((":", "："))
    if starts_list or (is_led and is_same_box):
        return atom._replace(cut_before=NEVER)
    if not is_inside and is_same_box and _is_label(last_block, guide.lang):
        return atom._replace(cut_before=atom.cut_before + CUT_BEHIND_LABEL)
    cut = atom.cut_before + (CUT_NESTED if is_led else 0.0)
    if not is_inside and block.callout is CalloutKind.NONE and _is_label(block, guide.lang):
        return atom._replace(cut_before=0.0)
    is_lead = words.endswith((":", "：")) and block.kind is BlockKind.PARAGRAPH
    if is_lead and block.callout is CalloutKind.NONE:
        cut = min(cut, CUT_BEFORE_LEAD)
    ends_steps = not is_inside and bool(last_block.marker) and last_block.kind is not block.kind
    if ends_steps and block.kind is BlockKind.PARAGRAPH and is_prohibition(words[:80]):
        cut += CUT_DANGLING  # steps keep the warning that governs them
    if block.kind in {BlockKind.PARAGRAPH, BlockKind.LIST_ITEM} and is_dangling(words):
        cut += CUT_DANGLING
    return atom if cut == atom.cut_before else atom._replace(cut_before=cut)


def _is_label(block: Block, lang: str) -> bool:
    """Whether a paragraph is in truth a heading that the page does not mark as one: short, and not
    a sentence, or a question.
    """
    text = block.text.rstrip()
    if block.kind is not BlockKind.PARAGRAPH or len(text) > _LABEL_MAX_CHARS:
        return False
    return text.endswith(("?", "？")) or (
        text[-1:].isalnum() and weigh(text, lang) <= _LABEL_MAX_WORDS
    )


def find_leads(guide: Guide, section: Section) -> dict[int, tuple[Piece, ...]]:
    """For each list item and row: the lines that must stand before it when a card starts with it.

    For an item that is the last sentence of the paragraph right before the list, or the section's
    heading if there is none or it stands for itself; and the items a nested item hangs under. For a
    row, and the caption above it, it is the sentence right before the table, which says what its
    figures hold for, and the caption.
    """
    leads: dict[int, tuple[Piece, ...]] = {}
    heading = tuple(whole_piece(guide, index) for index in section.path[-1:])
    intro = heading
    above: list[int] = []
    last: int | None = None
    table: tuple[Piece, ...] = ()
    caption: int | None = None
    box = guide.blocks[section.blocks[0]].callout if section.blocks else CalloutKind.NONE
    for index in section.blocks:
        block, last_box = guide.blocks[index], box
        if block.callout is not box:
            box, intro, above = block.callout, (), []
        if block.kind is BlockKind.LIST_ITEM:
            above = [item for item in above if guide.blocks[item].level < block.level]
            above = above[-_MAX_PARENTS:]
            leads[index] = (*intro, *(_item_lead(guide, item) for item in above))
            above.append(index)
        elif block.kind is BlockKind.TABLE_ROW:
            above = []
            if last is None or guide.blocks[last].group != block.group:
                table = _table_intro(guide, last if last_box is block.callout else None, caption)
                if caption is not None:
                    leads[caption] = tuple(p for p in table if p.block != caption)
            leads[index] = _fitting_leads(guide, table, index)
            colon = intro != heading and intro and guide.text[intro[-1].end - 1] in ":："
            intro = intro if colon else heading  # a list behind the table is not introduced by it
        elif block.kind is BlockKind.PARAGRAPH:
            above = []
            intro = _intro(guide, index, last if last_box is block.callout else None) or heading
        if block.kind is BlockKind.CAPTION:
            caption = index
        elif block.kind is not BlockKind.FOOTNOTE:
            last, caption = index, None
    return leads


def _table_intro(guide: Guide, before: int | None, caption: int | None) -> tuple[Piece, ...]:
    """What governs a table's rows: the end of the paragraph at `before`, and the caption."""
    intro: tuple[Piece, ...] = ()
    first = guide.blocks[before] if before is not None else None
    if before is not None and first and first.kind is BlockKind.PARAGRAPH:
        intro = _last_words(guide, before)
    if caption is None:
        return intro
    whole = whole_piece(guide, caption)
    return (*intro, whole) if weigh_pieces(guide, [whole]) <= _TABLE_LEAD_WORDS else intro


def _last_words(guide: Guide, index: int) -> tuple[Piece, ...]:
    """A paragraph's last sentence, with the one before where it leans on that; none if long."""
    block = guide.blocks[index]
    ranges = sentence_ranges(block.text, guide.lang)
    if not ranges:
        return ()
    start, end = ranges[-1]
    if len(ranges) > 1 and is_dangling(block.text[start:end]):
        start = ranges[-2][0]
    said = block.text[start:end]
    longest = _LEAD_MAX_WORDS if said[-1] in ":：" else _TABLE_LEAD_WORDS
    if weigh(said, guide.lang) > longest:
        return ()
    return (Piece(index, block.start + start, block.start + end),)


def _fitting_leads(guide: Guide, leads: tuple[Piece, ...], index: int) -> tuple[Piece, ...]:
    """The lines over a row that leave room for the row: the caption goes last."""
    if not leads:
        return leads
    words = weigh(guide.blocks[index].text, guide.lang)
    for note in guide.blocks[index + 1 :]:
        if note.kind is not BlockKind.FOOTNOTE:
            break
        words += weigh(note.text, guide.lang)
    while leads and words + weigh_pieces(guide, leads) > MAX_WORDS:
        leads = leads[1:]
    return leads


def whole_piece(guide: Guide, index: int) -> Piece:
    block = guide.blocks[index]
    return Piece(index, block.start, block.end, prefix_of(block))


def _item_lead(guide: Guide, index: int) -> Piece:
    """An item as the line above its nested items: a long one with its last sentence only."""
    block = guide.blocks[index]
    start = 0
    if weigh(block.text, guide.lang) > _ITEM_LEAD_WORDS:
        start = sentence_ranges(block.text, guide.lang)[-1][0]
    return Piece(index, block.start + start, block.end, prefix_of(block))


def _intro(guide: Guide, index: int, before: int | None) -> tuple[Piece, ...]:
    """The words of a paragraph that the list after it cannot do without.

    A last sentence that leans on the one before takes that along, from the paragraph `before` if
    need be. One that ends in a full stop stands for itself, so nothing is needed, unless it is a
    short prohibition.
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
    words = weigh(block.text[start:end], guide.lang) if longest else 1.0
    if words > longest:
        return ()
    intro = Piece(index, block.start + start, block.start + end)
    if start or before is None or not is_dangling(block.text[start:end]):
        return (intro,)
    return (*_last_sentence(guide, before, _LEAD_MAX_WORDS - words), intro)


def _last_sentence(guide: Guide, index: int, max_words: float) -> tuple[Piece, ...]:
    """How the paragraph at index ends, if it stands for itself and is short enough."""
    block = guide.blocks[index]
    ranges = sentence_ranges(block.text, guide.lang)
    if block.kind is not BlockKind.PARAGRAPH or not ranges:
        return ()
    start, end = ranges[-1]
    said = block.text[start:end]
    if is_dangling(said) or weigh(said, guide.lang) > max_words:
        return ()
    return (Piece(index, block.start + start, block.start + end),)
