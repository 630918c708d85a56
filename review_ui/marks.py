"""Laying text out for a page: lines, sentences inside them, findings marked inside those.

All of it works on plain text and offsets; escaping is the template's, piece by piece.
"""

from __future__ import annotations

import bisect
import difflib
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stages.types import Block, BlockKind, DraftSentence, Guide, Sentence, Span

MAX_DIFF_TOKENS = 4000
"""Above this a comparison would take seconds; the texts are then shown whole."""


@dataclass(frozen=True, slots=True)
class Part:
    """A sentence's place in a text. id: its name on the page; refs: ids of what it rests on."""

    start: int
    end: int
    id: str
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a finding points; key names the finding on the page."""

    start: int
    end: int
    key: str
    severity: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Text under the same findings. keys: theirs, separated by spaces; severity: the worst.

    is_own: words the draft has from nowhere in what its sentence rests on.
    """

    text: str
    keys: str = ""
    severity: str = ""
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A sentence, or what stands between two (id '')."""

    id: str
    refs: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """kind: the block the line came from (`list_item`...), `paragraph` when unknown. at: offset in
    the text of the first character shown: a bullet of the text itself is the marker's.
    """

    kind: str
    marker: str
    runs: tuple[Run, ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of a comparison. kind: `same`, `added` or `removed`."""

    kind: str
    text: str


_WORST = ("critical", "major", "minor", "perhaps", "info")


def lay_out(
    text: str,
    parts: Sequence[Part],
    marks: Sequence[Mark] = (),
    kinds: Sequence[tuple[str, str]] = (),
    own: Sequence[Span] = (),
) -> tuple[Line, ...]:
    """Text as lines; empty ones are left out.

    parts: in order, not overlapping. marks may overlap and cross sentences; one that reaches
    outside the text is cut off. kinds: (kind, marker) per line; ignored unless there is one for
    each line of text. own: as in `Piece.is_own`.
    """
    lines = text.split("\n")
    known = kinds if len(kinds) == len(lines) else [(BlockKind.PARAGRAPH.value, "")] * len(lines)
    laid: list[Line] = []
    start = 0
    for line, (kind, marker) in zip(lines, known, strict=True):
        end = start + len(line)
        bullet = _BULLET.match(line)
        if bullet:
            kind = BlockKind.LIST_ITEM.value
        at = start + (bullet.end() if bullet else 0)
        if line.strip():
            runs = tuple(_runs(text, at, end, parts, marks, own))
            laid.append(Line(kind, marker, runs, at))
        start = end + 1
    return tuple(laid)


_BULLET = re.compile(r"[-•·*–‣▪]\s+(?=\S)")


def _runs(
    text: str,
    start: int,
    end: int,
    parts: Sequence[Part],
    marks: Sequence[Mark],
    own: Sequence[Span],
) -> Iterable[Run]:
    at = start
    for part in parts:
        begin, stop = max(part.start, at), min(part.end, end)
        if begin >= stop:
            continue
        if begin > at:
            yield Run("", "", _pieces(text, at, begin, marks, own))
        yield Run(part.id, " ".join(part.refs), _pieces(text, begin, stop, marks, own))
        at = stop
    if at < end:
        yield Run("", "", _pieces(text, at, end, marks, own))


def _pieces(
    text: str, start: int, end: int, marks: Sequence[Mark], own: Sequence[Span]
) -> tuple[Piece, ...]:
    here = [mark for mark in marks if mark.start < end and mark.end > start]
    # A finding says more than that a word is new, and is marked whole.
    words = [
        (a, b) for a, b in own
        if a < end and b > start and not any(mark.start < b and mark.end > a for mark in here)
    ]  # fmt: skip
    if not here and not words:
        return (Piece(text[start:end]),)
    edges = {start, end}
    for a, b in (*((mark.start, mark.end) for mark in here), *words):
        edges |= {max(a, start), min(b, end)}
    pieces = []
    for begin, stop in itertools.pairwise(sorted(edges)):
        on = [mark for mark in here if mark.start <= begin and mark.end >= stop]
        worst = min((mark.severity for mark in on), key=_WORST.index, default="")
        is_own = any(a <= begin and stop <= b for a, b in words)
        pieces.append(Piece(text[begin:stop], " ".join(mark.key for mark in on), worst, is_own))
    return tuple(pieces)


def source_parts(sentences: Sequence[Sentence]) -> tuple[Part, ...]:
    return tuple(Part(item.start, item.end, item.id) for item in sentences)


def draft_parts(draft_id: int, text: str, sentences: Sequence[DraftSentence]) -> tuple[Part, ...]:
    """Where the machine's sentences stand in text; one that a person changed is not found, the
    others keep what they rest on.
    """
    parts: list[Part] = []
    at = 0
    for number, sentence in enumerate(sentences, 1):
        words = sentence.text.strip()
        start = text.find(words, at) if words else -1
        if start < 0:
            continue
        at = start + len(words)
        parts.append(Part(start, at, f"d{draft_id}-{number}", sentence.source_ids))
    return tuple(parts)


def line_kinds(guide: Guide, spans: Sequence[Span]) -> tuple[tuple[str, str], ...]:
    """Kind and list marker of each line of a card, from the guide's blocks it was cut from."""
    starts = [block.start for block in guide.blocks]
    kinds = []
    for start, _ in spans:
        at = bisect.bisect_right(starts, start) - 1
        block = guide.blocks[at] if at >= 0 and start < guide.blocks[at].end else None
        kinds.append((block.kind.value, block.marker) if block else (BlockKind.PARAGRAPH.value, ""))
    return tuple(kinds)


AROUND_CHARS = 700
"""Of the guide's text shown on either side of a card: about a screenful of the source column."""


def around(guide: Guide, spans: Sequence[Span]) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """The guide's passages right above and right below a card, nearest ones only."""
    if not spans:
        return (), ()
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    above = [block for block in guide.blocks if block.end <= first]
    below = [block for block in guide.blocks if block.start >= last]
    return (
        tuple(reversed([*map(_block_line, _within(reversed(above)))])),
        tuple(map(_block_line, _within(below))),
    )


def _within(blocks: Iterable[Block]) -> Iterable[Block]:
    """The first blocks that fit, at least one."""
    left = AROUND_CHARS
    for block in blocks:
        if left < AROUND_CHARS and left < len(block.text):
            return
        left -= len(block.text)
        yield block


def _block_line(block: Block) -> Line:
    bullet = _BULLET.match(block.text) if block.kind is BlockKind.LIST_ITEM else None
    text = block.text[bullet.end() :] if bullet else block.text
    return Line(block.kind.value, block.marker, (Run("", "", (Piece(text),)),))


# Numbers whole (`38.5`, `1,000`), then words with what holds them together (`don't`, `six-month`),
# runs of white space, and every other character by itself with what belongs to it (an emoji's
# skin or sex); Chinese has no spaces to cut at, so there each character counts.
_HAN = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(
    rf"\d+(?:[.,]\d+)*|[^\W\d{_HAN}][^\W{_HAN}]*(?:['’-][^\W{_HAN}]+)*|\s+"
    r"|.(?:[\u0300-\u036f\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]|\u200d.)*",
    re.DOTALL,
)


def compare(old: str, new: str) -> tuple[Change, ...]:
    """What a reader of old sees changed in new, by word, in Chinese by character.

    Joining what is not added gives old, joining what is not removed gives new.
    """
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(before) + len(after) > MAX_DIFF_TOKENS:
        return (Change("removed", old), Change("added", new))
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    hunks = [
        ("".join(before[a_start:a_end]), "".join(after[b_start:b_end]), kind == "equal")
        for kind, a_start, a_end, b_start, b_end in matcher.get_opcodes()
    ]
    changes: list[Change] = []
    for removed, added, is_same in _join_over_spaces(hunks):
        if is_same:
            changes.append(Change("same", removed))
            continue
        changes += [Change("removed", removed)] if removed else []
        changes += [Change("added", added)] if added else []
    return tuple(changes)


_Hunk = tuple[str, str, bool]


def _join_over_spaces(hunks: Sequence[_Hunk]) -> list[_Hunk]:
    """Changes with nothing but a space between them become one: a phrase reads better whole."""
    joined: list[_Hunk] = []
    for number, (old, new, is_same) in enumerate(hunks):
        is_gap = is_same and old.isspace() and "\n" not in old
        is_between = is_gap and 0 < number < len(hunks) - 1
        if joined and not joined[-1][2] and (is_between or not is_same):
            joined[-1] = (joined[-1][0] + old, joined[-1][1] + new, False)
        else:
            joined.append((old, new, is_same))
    return joined
