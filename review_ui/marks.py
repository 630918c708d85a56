"""Laying text out for a page: lines, sentences inside them, findings marked inside those.

All of it works on plain text and offsets; escaping is the template's, piece by piece.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stages.types import BlockKind, DraftSentence, Guide, Sentence, Span

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
    """Text under the same findings. keys: theirs, separated by spaces; severity: the worst."""

    text: str
    keys: str = ""
    severity: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A sentence, or what stands between two (id '')."""

    id: str
    refs: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """kind: the block the line came from (`list_item`...), `paragraph` when unknown."""

    kind: str
    marker: str
    runs: tuple[Run, ...]


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
) -> tuple[Line, ...]:
    """Text as lines; empty ones are left out.

    parts: in order, not overlapping. marks may overlap and cross sentences; one that reaches
    outside the text is cut off. kinds: (kind, marker) per line; ignored unless there is one for
    each line of text.
    """
    lines = text.split("\n")
    known = kinds if len(kinds) == len(lines) else [("paragraph", "")] * len(lines)
    laid: list[Line] = []
    start = 0
    for line, (kind, marker) in zip(lines, known, strict=True):
        end = start + len(line)
        if line.strip():
            laid.append(Line(kind, marker, tuple(_runs(text, start, end, parts, marks))))
        start = end + 1
    return tuple(laid)


def _runs(
    text: str, start: int, end: int, parts: Sequence[Part], marks: Sequence[Mark]
) -> Iterable[Run]:
    at = start
    for part in parts:
        begin, stop = max(part.start, at), min(part.end, end)
        if begin >= stop:
            continue
        if begin > at:
            yield Run("", "", _pieces(text, at, begin, marks))
        yield Run(part.id, " ".join(part.refs), _pieces(text, begin, stop, marks))
        at = stop
    if at < end:
        yield Run("", "", _pieces(text, at, end, marks))


def _pieces(text: str, start: int, end: int, marks: Sequence[Mark]) -> tuple[Piece, ...]:
    here = [mark for mark in marks if mark.start < end and mark.end > start]
    edges = {start, end}
    for mark in here:
        edges |= {max(mark.start, start), min(mark.end, end)}
    cuts = sorted(edges)
    pieces = []
    for begin, stop in itertools.pairwise(cuts):
        on = [mark for mark in here if mark.start <= begin and mark.end >= stop]
        worst = min((mark.severity for mark in on), key=_WORST.index, default="")
        pieces.append(Piece(text[begin:stop], " ".join(mark.key for mark in on), worst))
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
    kinds = []
    for start, _ in spans:
        block = next((block for block in guide.blocks if block.start <= start < block.end), None)
        kinds.append((block.kind.value, block.marker) if block else (BlockKind.PARAGRAPH.value, ""))
    return tuple(kinds)


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
