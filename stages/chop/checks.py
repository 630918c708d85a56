"""Is it a good card, is it a good set of cards: nine checks, apart from the chopper.

They read a card against its guide and share the reading of sections with the chopper, not its
decisions, so that they would catch a card some other way of chopping made.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from stages.chop.atoms import Piece, find_leads, key_cell, part_ranges, prefix_of
from stages.chop.bans import find_bans
from stages.chop.openers import has_pointer, is_dangling, is_dangling_lead
from stages.chop.outline import Section, read_sections, urgency_of
from stages.chop.shorten import clean_heading
from stages.chop.weight import MAX_WORDS, MIN_WORDS, STUB_WORDS, weigh
from stages.text import collapse
from stages.types import BlockKind, CalloutKind, Card, Guide, Span

_EXHIBITS = {BlockKind.TABLE_ROW, BlockKind.LIST_ITEM}
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


class Reading:
    """A guide read once for all its cards; what a section says is worked out when first asked."""

    def __init__(self, guide: Guide) -> None:
        self.guide = guide
        self.sections = read_sections(guide)
        self.starts = [block.start for block in guide.blocks]
        self.asides = asides_of(self.sections)
        self.place_of = {
            index: place
            for place, section in enumerate(self.sections)
            for index in (*section.blocks, *section.asides)
        }
        self.openings = {s.blocks[0] for s in self.sections if s.path and s.blocks}
        first = next((s.blocks[0] for s in self.sections if s.blocks), None)
        self.openings |= set() if first is None else {first}
        self._leads: dict[int, dict[int, tuple[Piece, ...]]] = {}
        self._bans: dict[int, dict[int, tuple[Piece, ...]]] = {}
        self._boxes: dict[int, list[tuple[list[int], float]]] = {}

    def pieces(self, spans: Iterable[Span]) -> tuple[Piece, ...]:
        """Spans with the block each starts in; a span that leaves its block is kept as it is."""
        pieces = []
        for start, end in spans:
            # Blocks without text share their start with the next one.
            index = max(0, bisect_right(self.starts, start) - 1)
            pieces.append(Piece(index, start, end, prefix_of(self.guide.blocks[index])))
        return tuple(pieces)

    def leads(self, place: int) -> dict[int, tuple[Piece, ...]]:
        """The lines that a section's items need above them, by block."""
        if place not in self._leads:
            self._leads[place] = find_leads(self.guide, self.sections[place])
        return self._leads[place]

    def bans(self, place: int) -> dict[int, tuple[Piece, ...]]:
        """The prohibitions that govern a section's steps, by block."""
        if place not in self._bans:
            self._bans[place] = find_bans(self.guide, self.sections[place])
        return self._bans[place]

    def boxes(self, place: int) -> list[tuple[list[int], float]]:
        """A section's warning and when-to-call boxes, as blocks, with their length."""
        if place not in self._boxes:
            section, blocks, lang = self.sections[place], self.guide.blocks, self.guide.lang
            self._boxes[place] = [
                (box, sum(weigh(blocks[i].text, lang) for i in [*heading, *box]))
                for box in _boxes(self.guide, section)
                for heading in [section.path[-1:] if box[0] == section.blocks[0] else ()]
            ]
        return self._boxes[place]


class View:
    """A card laid over its guide. pieces: its spans by block; own: without heading lines; places:
    of the sections the card takes content from, in order; held: those sections.
    """

    def __init__(self, card: Card, reading: Reading) -> None:
        self.card, self.reading, self.guide = card, reading, reading.guide
        self.pieces = reading.pieces(card.spans)
        blocks = self.guide.blocks
        self.own = tuple(p for p in self.pieces if blocks[p.block].kind is not BlockKind.HEADING)
        found = {reading.place_of.get(piece.block) for piece in self.own}
        self.places = sorted(place for place in found if place is not None)
        self.held = [reading.sections[place] for place in self.places]


def check_card(card: Card, guide: Guide) -> tuple[str, ...]:
    """Names of the checks the card fails, in the order of `CARD_CHECKS`; empty for a good card."""
    return check_cards((card,), guide)[0]


def check_cards(cards: Sequence[Card], guide: Guide) -> list[tuple[str, ...]]:
    """`check_card` for all cards of a guide, reading the guide once."""
    reading = Reading(guide)
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
        view = View(card, reading)
        failed.append(
            tuple(name for name, test in zip(CARD_CHECKS, tests, strict=True) if not test(view))
        )
    return failed


def _is_traced(view: View) -> bool:
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


def _has_size(view: View) -> bool:
    words = weigh(view.card.text, view.guide.lang)
    if words > MAX_WORDS:
        return False
    if words >= MIN_WORDS:
        return True
    is_urgent = any(urgency_of(view.guide, section) for section in view.held)
    return (words >= STUB_WORDS or is_urgent) and _is_whole_sections(view)


def _is_whole_sections(view: View) -> bool:
    held = {piece.block for piece in view.own if _covers(view, piece)}
    return all(held.issuperset(section.blocks) for section in view.held)


def _covers(view: View, piece: Piece) -> bool:
    block = view.guide.blocks[piece.block]
    return not view.guide.text[block.start : piece.start].strip() and piece.end >= block.end


def _is_one_idea(view: View) -> bool:
    """One section; or short ones beside each other, each heading shown where its text begins, none
    of them a warning or a when-to-call among sections of another kind.
    """
    held = view.held
    if len(held) <= 1:
        return bool(held)
    common = _common_path(held)
    shown = {p.block for p in view.pieces if view.guide.blocks[p.block].kind is BlockKind.HEADING}
    if len({urgency_of(view.guide, section) for section in held}) > 1:
        return False
    if any(len(section.path) > len(common) + 1 for section in held):
        return False
    places = view.places
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


def _is_located(view: View) -> bool:
    held = view.held
    if not held or not view.card.title.strip():
        return False
    path = _common_path(held)
    headings = [clean_heading(view.guide.blocks[index].text) for index in path]
    return view.card.breadcrumbs == (collapse(view.guide.title), *headings)


def _is_whole(view: View) -> bool:
    return bool(view.pieces) and all(_on_edges(view, piece) for piece in view.pieces)


def _on_edges(view: View, piece: Piece) -> bool:
    """Whether a piece starts and ends where a sentence, an item, a row or, in a row too long for a
    card, a cell does.
    """
    block = view.guide.blocks[piece.block]
    ranges = part_ranges(block, view.guide.lang)
    starts = {block.start, *(block.start + start for start, _ in ranges)}
    ends = {block.end, *(block.start + end for _, end in ranges)}
    return piece.start in starts and piece.end in ends


def _opens_alone(view: View) -> bool:
    """No opener that only earlier text explains, no pointer to a place outside the card.

    The first words of a section lean on its heading, which every card shows, and those of a guide
    on its title.
    """
    if not view.own or _points_away(view):
        return False
    first = view.own[0]
    is_opening = first.block in view.reading.openings
    opens_section = is_opening and first.start == view.guide.blocks[first.block].start
    said = view.guide.text[first.start : first.end]
    if opens_section or not is_dangling(said):
        return True
    behind = [view.guide.blocks[piece.block].kind for piece in view.own[1:2]]
    opens_list = said.endswith((":", "：")) and behind == [BlockKind.LIST_ITEM]
    return opens_list and not is_dangling_lead(said)


def _points_away(view: View) -> bool:
    kinds = [view.guide.blocks[piece.block].kind for piece in view.pieces]
    shown = [place for place, kind in enumerate(kinds) if kind in _EXHIBITS]
    headings = [place for place, kind in enumerate(kinds) if kind is BlockKind.HEADING]
    has_rows = BlockKind.TABLE_ROW in kinds
    return any(
        has_pointer(
            view.guide.text[piece.start : piece.end],
            above=bool(shown) and shown[0] < place,
            below=max((*shown, *headings), default=-1) > place,
            has_rows=has_rows,
        )
        for place, piece in enumerate(view.pieces)
    )


def _has_lead_in(view: View) -> bool:
    """Lists stand with the line that introduces them, nested items with the item above, rows with
    the caption of their table and the line before it.

    A heading introduces a list only where the card opens with it.
    """
    leads = leads_of(view)
    tables: dict[int, tuple[Piece, ...]] = {}
    for piece in view.own:  # a longer row further down may leave no room for the line before
        block = view.guide.blocks[piece.block]
        if block.kind is BlockKind.TABLE_ROW and piece.block in leads:
            leads[piece.block] = tables.setdefault(block.group, leads[piece.block])
    return all(
        any(other.start <= lead.start and lead.end <= other.end for other in view.pieces)
        for place, piece in enumerate(view.own)
        for lead in leads.get(piece.block, ())
        if place == 0 or view.guide.blocks[lead.block].kind is not BlockKind.HEADING
    )


def leads_of(view: View) -> dict[int, tuple[Piece, ...]]:
    """The lines that the card's items need above them, by block."""
    found = ((p.block, view.reading.place_of.get(p.block)) for p in view.own)
    return {
        block: view.reading.leads(place).get(block, ())
        for block, place in found
        if place is not None
    }


def bans_of(view: View) -> set[Piece]:
    """The prohibitions that the card's steps stand under."""
    found = ((p.block, view.reading.place_of.get(p.block)) for p in view.own)
    return {
        ban
        for block, place in found
        if place is not None
        for ban in view.reading.bans(place).get(block, ())
    }


def _keeps_numbers(view: View) -> bool:
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


def _keeps_warnings(view: View) -> bool:
    """A box that fits one card is not cut up; steps show the prohibition that governs them if both
    fit one card; nothing that only points elsewhere is a card.
    """
    if any(piece.block in view.reading.asides for piece in view.own) or _lacks_ban(view):
        return False
    inside = {piece.block for piece in view.own if _covers(view, piece)}
    touched = {piece.block for piece in view.own}
    return all(
        words > MAX_WORDS or not touched.intersection(box) or inside.issuperset(box)
        for place in view.places
        for box, words in view.reading.boxes(place)
    )


def _lacks_ban(view: View) -> bool:
    missing = [
        ban
        for ban in bans_of(view)
        if not any(p.start <= ban.start and ban.end <= p.end for p in view.pieces)
    ]
    lang, text = view.guide.lang, view.guide.text
    more = sum(weigh(text[ban.start : ban.end], lang) for ban in missing)
    return bool(missing) and weigh(view.card.text, lang) + more <= MAX_WORDS


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


def asides_of(sections: Iterable[Section]) -> dict[int, str]:
    """Blocks that are no content: index to reason."""
    return {index: why for section in sections for index, why in section.asides.items()}
