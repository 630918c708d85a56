"""Is it a good card, is it a good set of cards: nine checks, apart from the chopper.

They read a card against its guide and share the reading of sections with the chopper, not its
decisions, so that they would catch a card some other way of chopping made.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from stages.chop.atoms import Piece, find_leads, key_cell, part_ranges, prefix_of
from stages.chop.openers import has_pointer, is_dangling
from stages.chop.outline import Section, read_sections
from stages.chop.shorten import clean_heading
from stages.chop.weight import MAX_WORDS, MIN_WORDS, STUB_WORDS, weigh
from stages.text import collapse
from stages.types import BlockKind, CalloutKind, Card, Guide, Span

CARD_CHECKS = (
    "trace",
    "size",
    "one_idea",
    "located",
    "whole",
    "no_dangling_opener",
    "lead_in",
    "numbers",
    "warnings",
)


@dataclass(frozen=True, slots=True)
class _View:
    """A card laid over its guide. pieces: its spans by block; own: without heading lines."""

    card: Card
    guide: Guide
    sections: tuple[Section, ...]
    pieces: tuple[Piece, ...]

    @property
    def own(self) -> tuple[Piece, ...]:
        blocks = self.guide.blocks
        return tuple(p for p in self.pieces if blocks[p.block].kind is not BlockKind.HEADING)

    @property
    def held(self) -> tuple[Section, ...]:
        """The sections the card takes content from, in order."""
        inside = {piece.block for piece in self.own}
        return tuple(
            section
            for section in self.sections
            if inside.intersection(section.blocks) or inside.intersection(section.asides)
        )


def check_card(card: Card, guide: Guide) -> tuple[str, ...]:
    """Names of the checks the card fails, in the order of `CARD_CHECKS`; empty for a good card."""
    return check_cards((card,), guide)[0]


def check_cards(cards: Sequence[Card], guide: Guide) -> list[tuple[str, ...]]:
    """`check_card` for all cards of a guide, reading the guide once."""
    sections = read_sections(guide)
    tests = (
        _is_traced,
        _has_size,
        _is_one_idea,
        _is_located,
        _is_whole,
        _opens_alone,
        _has_lead_in,
        _keeps_numbers,
        _keeps_warnings,
    )
    failed = []
    for card in cards:
        view = _View(card, guide, sections, _pieces(guide, card.spans))
        failed.append(
            tuple(name for name, test in zip(CARD_CHECKS, tests, strict=True) if not test(view))
        )
    return failed


def _pieces(guide: Guide, spans: Iterable[Span]) -> tuple[Piece, ...]:
    """Spans with the block each starts in; a span that leaves its block is kept as it is."""
    starts = [block.start for block in guide.blocks]
    pieces = []
    for start, end in spans:
        index = max(0, bisect_right(starts, start) - 1)
        # Blocks without text share their start with the next one.
        pieces.append(Piece(index, start, end, prefix_of(guide.blocks[index])))
    return tuple(pieces)


def _is_traced(view: _View) -> bool:
    lines = view.card.text.split("\n")
    starts = [piece.start for piece in view.pieces]
    return (
        bool(lines)
        and len(lines) == len(view.pieces)
        and starts == sorted(starts)
        and all(
            piece.end <= view.guide.blocks[piece.block].end
            and line == piece.prefix + view.guide.text[piece.start : piece.end]
            for line, piece in zip(lines, view.pieces, strict=True)
        )
    )


def _has_size(view: _View) -> bool:
    words = weigh(view.card.text, view.guide.lang)
    if words > MAX_WORDS:
        return False
    return words >= MIN_WORDS or (words >= STUB_WORDS and _is_whole_sections(view))


def _is_whole_sections(view: _View) -> bool:
    held = {piece.block for piece in view.own if _covers(view, piece)}
    return all(held.issuperset(section.blocks) for section in view.held)


def _covers(view: _View, piece: Piece) -> bool:
    block = view.guide.blocks[piece.block]
    return not view.guide.text[block.start : piece.start].strip() and piece.end >= block.end


def _is_one_idea(view: _View) -> bool:
    """One section; or short ones beside each other, each heading shown where its text begins."""
    held = view.held
    if len(held) <= 1:
        return bool(held)
    common = _common_path(held)
    shown = {p.block for p in view.pieces if view.guide.blocks[p.block].kind is BlockKind.HEADING}
    if any(len(section.path) > len(common) + 1 for section in held):
        return False
    places = [view.sections.index(section) for section in held]
    return places == list(range(places[0], places[-1] + 1)) and all(
        shown.issuperset(section.path[len(common) :]) for section in held
    )


def _common_path(held: Sequence[Section]) -> tuple[int, ...]:
    common = held[0].path
    for section in held[1:]:
        same = 0
        while same < min(len(common), len(section.path)) and common[same] == section.path[same]:
            same += 1
        common = common[:same]
    return common


def _is_located(view: _View) -> bool:
    held = view.held
    if not held or not view.card.title.strip():
        return False
    path = _common_path(held)
    headings = [clean_heading(view.guide.blocks[index].text) for index in path]
    return view.card.breadcrumbs == (collapse(view.guide.title), *headings)


def _is_whole(view: _View) -> bool:
    return bool(view.pieces) and all(_on_edges(view, piece) for piece in view.pieces)


def _on_edges(view: _View, piece: Piece) -> bool:
    """Whether a piece starts and ends where a sentence, an item, a row or, in a row too long for a
    card, a cell does.
    """
    block = view.guide.blocks[piece.block]
    ranges = part_ranges(block, view.guide.lang)
    starts = {block.start, *(block.start + start for start, _ in ranges)}
    ends = {block.end, *(block.start + end for _, end in ranges)}
    return piece.start in starts and piece.end in ends


def _opens_alone(view: _View) -> bool:
    """No opener that only earlier text explains, no pointer to a place outside the card.

    The first words of a section lean on its heading, which every card shows, and those of a guide
    on its title.
    """
    kinds = {view.guide.blocks[piece.block].kind for piece in view.own}
    exhibit = bool(kinds & {BlockKind.TABLE_ROW, BlockKind.LIST_ITEM})
    if not view.own or has_pointer(view.card.text, has_exhibit=exhibit):
        return False
    first = view.own[0]
    opening = {section.blocks[0] for section in view.sections if section.path and section.blocks}
    opening.add(min(index for section in view.sections for index in section.blocks))
    opens_section = first.block in opening and first.start == view.guide.blocks[first.block].start
    return opens_section or not is_dangling(view.guide.text[first.start : first.end])


def _has_lead_in(view: _View) -> bool:
    """Lists stand with the line that introduces them, nested items with the item above.

    A heading introduces a list only where the card opens with it.
    """
    leads = _leads(view)
    return all(
        any(other.start <= lead.start and lead.end <= other.end for other in view.pieces)
        for place, piece in enumerate(view.own)
        for lead in leads.get(piece.block, ())
        if place == 0 or view.guide.blocks[lead.block].kind is not BlockKind.HEADING
    )


def _leads(view: _View) -> dict[int, tuple[Piece, ...]]:
    leads: dict[int, tuple[Piece, ...]] = {}
    for section in view.held:
        leads.update(find_leads(view.guide, section))
    return leads


def _keeps_numbers(view: _View) -> bool:
    """A figure stands in its whole sentence, a row's figures in the whole row.

    A row too long for a card is cut between cells: each part shows the row's first cell.
    """
    for piece in view.own:
        if not any(map(str.isnumeric, view.guide.text[piece.start : piece.end])):
            continue
        if not _on_edges(view, piece):
            return False
        key = key_cell(view.guide, piece.block)
        if key and not any(p.start <= key.start and key.end <= p.end for p in view.pieces):
            return False
    return True


def _keeps_warnings(view: _View) -> bool:
    """A box that fits one card is not cut up; nothing that only points elsewhere is a card."""
    asides = {index for section in view.sections for index in section.asides}
    if any(piece.block in asides for piece in view.own):
        return False
    inside = {piece.block for piece in view.own if _covers(view, piece)}
    touched = {piece.block for piece in view.own}
    for section in view.held:
        for box in _boxes(view.guide, section):
            heading = section.path[-1:] if box[0] == section.blocks[0] else ()
            words = sum(weigh(view.guide.blocks[i].text, view.guide.lang) for i in [*heading, *box])
            if words <= MAX_WORDS and touched.intersection(box) and not inside.issuperset(box):
                return False
    return True


def _boxes(guide: Guide, section: Section) -> list[list[int]]:
    """Runs of a section's blocks that stand in one warning or when-to-call box."""
    boxes: list[list[int]] = []
    last: int | None = None
    for index in section.blocks:
        box = guide.blocks[index].callout
        if box in {CalloutKind.WARNING, CalloutKind.WHEN_TO_CALL}:
            if last is not None and guide.blocks[last].callout is box:
                boxes[-1].append(index)
            else:
                boxes.append([index])
        last = index
    return boxes


@dataclass(frozen=True, slots=True)
class Gap:
    """A range of the guide's text that no card holds. reason: why it is no content (`links`,
    `sources`, `page data`), '' for content that was lost.
    """

    span: Span
    reason: str


def coverage(guide: Guide, cards: Sequence[Card]) -> float:
    """Share of the guide's content characters that stand in a card, 0..1; 1 for no content.

    Headings, which travel as titles and breadcrumbs, are no content here, nor are the links,
    sources and page data that `asides.py` knows by name: `list_gaps` lists those with their reason.
    """
    content = _content(guide, without=_asides(read_sections(guide)))
    total = _visible(guide, content)
    return _visible(guide, _cut_to(_union(cards), content)) / total if total else 1.0


def overlap(guide: Guide, cards: Sequence[Card]) -> float:
    """Characters that stand in more than one card, as a share of the content in cards, 0..1.

    Lines that check 7 asks to repeat (a list's lead-in on a further card of the list) do not
    count; `repeated` gives their share.
    """
    return _doubled(guide, cards, with_leads=False)


def repeated(guide: Guide, cards: Sequence[Card]) -> float:
    """Like `overlap`, with the lead-in lines that stand on every card of a long list."""
    return _doubled(guide, cards, with_leads=True)


def _doubled(guide: Guide, cards: Sequence[Card], *, with_leads: bool) -> float:
    content, sections = _content(guide), read_sections(guide)
    once = _visible(guide, _cut_to(_union(cards), content))
    every = 0
    for card in cards:
        view = _View(card, guide, sections, _pieces(guide, card.spans))
        spans = list(card.spans)
        if not with_leads:
            leads = {(lead.start, lead.end) for group in _leads(view).values() for lead in group}
            spans = [s for s in spans if s not in leads or _is_first(s, card, cards)]
        every += _visible(guide, _cut_to(_joined(spans), content))
    return max(0, every - once) / once if once else 0.0


def _is_first(span: Span, card: Card, cards: Sequence[Card]) -> bool:
    """Whether no other card before this one holds the span."""
    first = next(c for c in cards if any(s <= span[0] and span[1] <= e for s, e in c.spans))
    return first is card


def list_gaps(guide: Guide, cards: Sequence[Card]) -> tuple[Gap, ...]:
    """Everything but headings that is in no card, white space aside, with the reason."""
    gaps = []
    covered, asides = _union(cards), _asides(read_sections(guide))
    for index, block in enumerate(guide.blocks):
        if block.kind is BlockKind.HEADING:
            continue
        place = block.start
        for low, high in [*_cut_to(covered, [(block.start, block.end)]), (block.end, block.end)]:
            if guide.text[place:low].strip():
                gaps.append(Gap((place, low), asides.get(index, "")))
            place = high
    return tuple(gaps)


def _asides(sections: Iterable[Section]) -> dict[int, str]:
    """Blocks that are no content: index to reason."""
    return {index: why for section in sections for index, why in section.asides.items()}


def _visible(guide: Guide, spans: Iterable[Span]) -> int:
    """Characters in the spans, white space aside."""
    return sum(len("".join(guide.text[start:end].split())) for start, end in spans)


def _content(guide: Guide, without: Mapping[int, str] = MappingProxyType({})) -> list[Span]:
    return [
        (block.start, block.end)
        for index, block in enumerate(guide.blocks)
        if block.kind is not BlockKind.HEADING and block.text.strip() and index not in without
    ]


def _union(cards: Sequence[Card]) -> list[Span]:
    """The cards' spans in order, joined where they touch or overlap."""
    return _joined(span for card in cards for span in card.spans)


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _cut_to(spans: Sequence[Span], content: Sequence[Span]) -> list[Span]:
    """What of the spans lies within content; both in order and free of overlap."""
    cut = []
    place = 0
    for start, end in content:
        while place < len(spans) and spans[place][1] <= start:
            place += 1
        other = place
        while other < len(spans) and spans[other][0] < end:
            low, high = max(start, spans[other][0]), min(end, spans[other][1])
            if low < high:
                cut.append((low, high))
            other += 1
    return cut
