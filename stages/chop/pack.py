"""Atoms into cards: the cheapest way to cut a section, then what to do with stubs.

Everything here looks at one section, or at short sections beside each other, and at the guide as a
whole only for its rough length: an edit moves no boundary elsewhere, so nothing elsewhere is cooked
again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from stages.chop.atoms import REPEAT_COST, Atom, Piece, read_atoms
from stages.chop.bans import find_bans
from stages.chop.outline import Section, urgency_of
from stages.chop.weight import MAX_WORDS, MIN_WORDS, STUB_WORDS, weigh
from stages.types import CalloutKind, Guide

MERGED_MAX_WORDS = 95.0
"""Short sections stop joining here: a card of many small ideas tires sooner than a long one."""

USUAL_CARDS = 20

_IDEAL_WORDS = (
    (700.0, 65.0),
    (1000.0, 52.0),
    (1700.0, 65.0),
    (2300.0, 80.0),
    (float("inf"), 100.0),
)
"""Guides below so many words aim at cards of so many, when `USUAL_CARDS` are wanted.

A guide of 500 words gives about 8 cards then, one of 900 about 15, of 1,400 about 21, of 2,200
about 27, of 2,900 about 31; beyond that the number grows, because a card may not. Chosen on 48
guides of more than 800 words (sample site, health services in HTML and Markdown, Chinese pages).
Few and broad steps: an edit that does not lead from one to another moves no boundary outside its
section.
"""

_WINDOW = 80
_KNOWN_GAIN = 50.0
_STUB_COST = 60.0
_SHORT_COST = 1.2
_LONG_COST = 6.0


Bans = Mapping[int, tuple[Piece, ...]]


@dataclass(frozen=True, slots=True)
class Cut:
    """A card before it is dressed: its pieces, the sections they come from and their common path.

    repeated: pieces at the front that only lead in: a heading, or lines of the card before.
    words: in `weigh`. whole: the card holds all of its sections. boxed: stands in a call-out with
    its own heading. depth: headings over the deepest of its sections. urgency: what
    `urgency_of` says of its sections.
    """

    path: tuple[int, ...]
    pieces: tuple[Piece, ...]
    words: float
    sections: tuple[int, ...]
    repeated: int = 0
    whole: bool = False
    boxed: bool = False
    depth: int = 0
    urgency: str = ""


def ideal_words(words: float, target_cards: int) -> float:
    """The card length to aim at in a guide of so many words of content."""
    ideal = next(ideal for below, ideal in _IDEAL_WORDS if words < below)
    return min(105.0, max(48.0, ideal * USUAL_CARDS / max(1, target_cards)))


def cut_guide(
    guide: Guide, sections: Sequence[Section], target_cards: int, known: Set[str] = frozenset()
) -> list[Cut]:
    """All cards of a guide in reading order, as pieces. known: texts of cards it had before, which
    are cut the same way again unless that leaves a stub beside them.
    """
    read = [
        (number, read_atoms(guide, part)) for number, part in enumerate(sections) if part.blocks
    ]
    words = sum(atom.words for _, atoms in read for atom in atoms)
    ideal = ideal_words(words, target_cards)
    cuts: list[Cut] = []
    for number, atoms in read:
        cuts.extend(_cut_section(guide, sections[number], number, atoms, ideal, known))
    cuts = _merge_short(guide, cuts, ideal)
    return _merge_stubs(guide, cuts)


def _cut_section(
    guide: Guide,
    section: Section,
    number: int,
    atoms: Sequence[Atom],
    ideal: float,
    known: Set[str],
) -> list[Cut]:
    bans = find_bans(guide, section)
    kept = _find_known(guide, atoms, known, bans) if known else frozenset()
    edges = _cheapest_cuts(atoms, ideal, kept)
    urgency = urgency_of(guide, section)
    cuts = []
    for start, end in pairwise(edges):
        pieces, words, repeated = _card_pieces(guide, atoms[start:end], bans)
        cuts.append(
            Cut(
                section.path,
                pieces,
                words,
                (number,),
                repeated,
                len(edges) == 2,
                section.boxed,
                len(section.path),
                urgency,
            )
        )
    return cuts


def _card_pieces(
    guide: Guide, part: Sequence[Atom], bans: Bans
) -> tuple[tuple[Piece, ...], float, int]:
    """What a card of these atoms shows, its words, and how many pieces at its front lead in: the
    line that introduces its list, and the prohibition that governs its steps, if that fits.
    """
    pieces = [*part[0].lead, *_joined(guide, [atom.piece for atom in part])]
    words = sum(atom.words for atom in part) + part[0].lead_words
    repeated = len(part[0].lead)
    if not bans:
        return tuple(pieces), words, repeated
    held = {atom.piece.block for atom in part}
    wanted = {ban for block in held for ban in bans.get(block, ())}
    missing = [ban for ban in wanted if not _holds(pieces, ban)]
    more = sum(weigh(guide.text[ban.start : ban.end], guide.lang) for ban in missing)
    if missing and weigh(spell(guide, pieces), guide.lang) + more <= MAX_WORDS:
        pieces = [p for p in pieces if not _holds(missing, p)]  # a lead-in within the prohibition
        first = part[0].piece.start
        pieces = sorted([*pieces, *missing], key=lambda piece: piece.start)
        return tuple(pieces), words + more, sum(piece.start < first for piece in pieces)
    return tuple(pieces), words, repeated


def spell(guide: Guide, pieces: Sequence[Piece]) -> str:
    """The text of a card: a line a piece, list markers in front."""
    return "\n".join(piece.prefix + guide.text[piece.start : piece.end] for piece in pieces)


def _find_known(
    guide: Guide, atoms: Sequence[Atom], known: Set[str], bans: Bans
) -> frozenset[tuple[int, int]]:
    """Runs of atoms, as (start, end), that read exactly like a known card."""
    longest = max(map(len, known), default=0)
    first_lines = {text.partition("\n")[0] for text in known}
    found = set()
    for start, atom in enumerate(atoms):
        shown = spell(guide, (atom.lead or (atom.piece,))[:1])
        if not bans and not any(line.startswith(shown) for line in first_lines):
            continue
        for end in range(start + 1, min(len(atoms), start + _WINDOW) + 1):
            text = spell(guide, _card_pieces(guide, atoms[start:end], bans)[0])
            if text in known:
                found.add((start, end))
            if len(text) > longest:
                break
    return frozenset(found)


def _joined(guide: Guide, pieces: Sequence[Piece]) -> list[Piece]:
    """Sentences of one block that follow each other become one piece again."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last and last.block == piece.block and not guide.text[last.end : piece.start].strip():
            joined[-1] = last._replace(end=piece.end)
        else:
            joined.append(piece)
    return joined


def _cheapest_cuts(
    atoms: Sequence[Atom], ideal: float, kept: Set[tuple[int, int]] = frozenset()
) -> list[int]:
    """Edges (0, ..., len(atoms)) of the cheapest cutting; ties go to the earliest cut. kept: runs
    of atoms that were a card before.
    """
    best = [0.0] + [float("inf")] * len(atoms)
    back = [0] * (len(atoms) + 1)
    for end in range(1, len(atoms) + 1):
        words = 0.0
        for start in range(end - 1, max(-1, end - 1 - _WINDOW), -1):
            atom = atoms[start]
            words += atom.words
            size_cost = _size_cost(words + atom.lead_words, ideal)
            cost = best[start] + size_cost
            if start:
                cost += atom.cut_before + REPEAT_COST * atom.lead_words
            if (start, end) in kept:
                cost = best[start] - _KNOWN_GAIN
            if cost <= best[end]:
                best[end], back[end] = cost, start
            if words > MAX_WORDS and (
                words > MAX_WORDS * 3 or (not kept and size_cost > best[end])
            ):
                break  # a longer card only costs more
    edges = [len(atoms)]
    while edges[-1]:
        edges.append(back[edges[-1]])
    return edges[::-1]


def _size_cost(words: float, ideal: float) -> float:
    """What a card of this many words costs beside one of the ideal length."""
    cost = ((words - ideal) / 10) ** 2
    if words < STUB_WORDS:
        return cost + _STUB_COST + _SHORT_COST * MIN_WORDS
    if words < MIN_WORDS:
        return cost + _SHORT_COST * (MIN_WORDS - words) + 40
    if words > MAX_WORDS:
        return cost + 40 + _LONG_COST * (words - MAX_WORDS)
    return cost


# --- short sections --------------------------------------------------------------------------


def _merge_short(guide: Guide, cuts: list[Cut], ideal: float) -> list[Cut]:
    """Short sections beside each other under one heading share a card, up to the ideal length."""
    merged: list[Cut] = []
    for cut in cuts:
        last = merged[-1] if merged else None
        if (
            last
            and _is_short(guide, cut)
            and (_is_short(guide, last) or len(last.sections) > 1)
            and last.words < min(ideal, MERGED_MAX_WORDS - MIN_WORDS)
            and last.words + cut.words <= MERGED_MAX_WORDS
            and _are_siblings(last, cut)
            and last.urgency == cut.urgency
            and not (_is_question(guide, last) or _is_question(guide, cut))
        ):
            merged[-1] = _merge(guide, last, cut)
        else:
            merged.append(cut)
    return merged


def _is_short(guide: Guide, cut: Cut) -> bool:
    """A whole section below the least length; a warning with a heading of its own stays apart."""
    if not cut.whole or cut.words >= MIN_WORDS or not cut.path:
        return False
    box = guide.blocks[cut.pieces[0].block].callout
    urgent = box in {CalloutKind.WARNING, CalloutKind.WHEN_TO_CALL}
    return not urgent or cut.words < STUB_WORDS


def _is_question(guide: Guide, cut: Cut) -> bool:
    """Whether a cut answers a question of its own, at more than a word's length."""
    if not cut.path or cut.words < STUB_WORDS:
        return False
    return guide.blocks[cut.path[-1]].text.rstrip().endswith(("?", "？"))


def _are_siblings(first: Cut, second: Cut) -> bool:
    """Whether second stands under the heading that first stands under (or was merged to)."""
    parent = first.path if len(first.sections) > 1 else first.path[:-1]
    return second.path[:-1] == parent


def _merge_stubs(guide: Guide, cuts: list[Cut]) -> list[Cut]:
    """What is below `STUB_WORDS` joins the neighbour it is nearest to, if they fit one card."""
    cuts = list(cuts)
    place = 0
    while place < len(cuts):
        cut = cuts[place]
        if cut.words >= STUB_WORDS:
            place += 1
            continue
        options = [
            (_distance(cut, cuts[other]), other < place, other)
            for other in (place + 1, place - 1)
            if 0 <= other < len(cuts) and _fits(guide, cut, cuts[other])
        ]
        if not options:
            place += 1
            continue
        other = min(options)[2]
        first, second = sorted((place, other))
        cuts[first : second + 1] = [_merge(guide, cuts[first], cuts[second])]
        place = first
    return cuts


def _fits(guide: Guide, stub: Cut, other: Cut) -> bool:
    """Same section, parent and child, or siblings; and no longer than a card may be."""
    if stub.urgency != other.urgency:
        return False
    if stub.words + other.words + _heading_words(guide, stub, other) > MAX_WORDS:
        return False
    common = len(_common(stub.path, other.path))
    return common >= max(stub.depth, other.depth) - 1 and not (
        other.boxed != stub.boxed and other.words >= MIN_WORDS and stub.path[:common] == ()
    )


def _distance(stub: Cut, other: Cut) -> tuple[int, float]:
    """How far apart two cuts stand in the outline, then how much the card would hold."""
    common = len(_common(stub.path, other.path))
    return len(stub.path) + len(other.path) - 2 * common, other.words


def _merge(guide: Guide, first: Cut, second: Cut) -> Cut:
    """One cut under the common path; headings below it become lines so that the card reads."""
    path = _common(first.path, second.path)
    pieces: list[Piece] = []
    for cut in (first, second):
        headings = [
            Piece(index, guide.blocks[index].start, guide.blocks[index].end)
            for index in cut.path[len(path) :]
        ]
        for piece in (*headings, *cut.pieces):
            if not _holds(pieces, piece):
                pieces.append(piece)
    words = sum(weigh(guide.text[piece.start : piece.end], guide.lang) for piece in pieces)
    return Cut(
        path,
        tuple(_joined(guide, pieces)),
        words,
        tuple(dict.fromkeys((*first.sections, *second.sections))),
        first.repeated,
        first.whole and second.whole,
        first.boxed and second.boxed,
        max(first.depth, second.depth),
        first.urgency,
    )


def _holds(pieces: Sequence[Piece], piece: Piece) -> bool:
    return any(other.start <= piece.start and piece.end <= other.end for other in pieces)


def _common(first: Sequence[int], second: Sequence[int]) -> tuple[int, ...]:
    common = []
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        common.append(one)
    return tuple(common)


def _heading_words(guide: Guide, first: Cut, second: Cut) -> float:
    common = len(_common(first.path, second.path))
    below = {*first.path[common:], *second.path[common:]}
    return sum(weigh(guide.blocks[index].text, guide.lang) for index in below)
