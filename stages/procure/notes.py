"""Footnotes stand right behind the block that refers to them.

A card that says `200 mg*` without the line that begins with `*` is wrong by what the line says.
The tree's part of this (marks, links, what is a note and what a source) is in `marks`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from stages.types import Block, BlockKind, CalloutKind

_SIGN = r"[*＊†‡§¶※]{1,4}"
_CIRCLED = r"[\u2460-\u2473\u3251-\u325f]"
_BRACKETED = r"[\[［]\d{1,3}[\]］]|\[[a-z]\]"
# A line of notes under a table needs no mark: `注：`, `Note:`.
_LABEL = re.compile(r"^(?:注\s?\d{0,2}|备注|備註|註|说明|說明|notes?)(?=\s?[:：])", re.IGNORECASE)
_AHEAD = r"\s?(?=\w|[\"'“‘《「(（<>≤≥~+])"
_LEAD = re.compile(rf"^({_SIGN}|{_CIRCLED}|{_BRACKETED}){_AHEAD}")
_INNER = re.compile(rf"(?:^|(?<=[\s;；。.:：]))({_SIGN}|{_CIRCLED}|{_BRACKETED}){_AHEAD}")
_CAN_BE_NOTES = frozenset(
    (
        BlockKind.PARAGRAPH,
        BlockKind.LIST_ITEM,
        BlockKind.TABLE_ROW,
        BlockKind.CAPTION,
        BlockKind.FOOTNOTE,
    )
)
_MAX_NOTE_CHARS = 1500
_MAX_COPIES = 40
_MAX_MARKS = 200
# Lines looked at; a page with more is no page with notes.
_MAX_LINES = 1000


def lead_mark(text: str) -> str:
    """The mark a line begins with (`*`, `①`, `[1]`), '' if none."""
    match = _LEAD.match(text)
    return match.group(1) if match else ""


def without_label(text: str) -> str:
    """A line of notes without the `注：` or `Note:` before its first mark."""
    match = _LABEL.match(text)
    rest = text[match.end() :].lstrip(" :：") if match else ""
    return rest if lead_mark(rest) else text


def tie_notes(blocks: Sequence[Block], known: Mapping[str, str]) -> list[Block]:
    """The blocks with every footnote behind the first block of each section that refers to it.

    known: mark -> text of the notes that links or superscripts of the page prove; of other lines
    that begin with a mark, those are notes whose mark stands at the end of a word before them. A
    line that labels itself a note and stands under a table becomes the note of its last row.
    """
    if not known and not any(_may_be_note(block) for block in blocks):
        return list(blocks)
    behind: dict[int, list[Block]] = {}
    moved: set[int] = set()
    references = _References(blocks)

    def place(mark: str, text: str, indices: Sequence[int]) -> None:
        for at in indices:
            note = Block(BlockKind.FOOTNOTE, text, marker=mark, callout=blocks[at].callout)
            behind.setdefault(at, []).append(note)

    lines = [index for index, block in enumerate(blocks) if _may_be_note(block)]
    for index in lines[:_MAX_LINES]:
        if found := _notes_in(blocks, index, moved, frozenset(known), references):
            for mark, text, indices in found:
                place(mark, text, indices)
                references.told[mark] = index
            moved.add(index)
    for mark, text in known.items():
        if mark not in references.told:
            # Its line is not in the guide, its text is.
            place(mark, f"{mark} {text}", references.to(mark, range(len(blocks)), moved))
    return list(_without_bare_headings(blocks, behind, moved))


def _may_be_note(block: Block) -> bool:
    return (
        block.kind in _CAN_BE_NOTES
        and block.callout is CalloutKind.NONE
        and len(block.text) <= _MAX_NOTE_CHARS
        and bool(_LEAD.match(block.text) or _LABEL.match(block.text))
    )


def _notes_in(
    blocks: Sequence[Block],
    index: int,
    moved: set[int],
    known: frozenset[str],
    references: _References,
) -> list[tuple[str, str, list[int]]]:
    """(mark, text, blocks to stand behind) of the notes in one line; empty when it is none."""
    line = blocks[index].text
    found: list[tuple[int, str, list[int]]] = []
    for match in _INNER.finditer(line):
        mark = match.group(1)
        # Tables of one page use the same signs: a plain sign belongs to what stands before it.
        scope = (
            range(len(blocks)) if mark in known else range(references.told.get(mark, -1) + 1, index)
        )
        if places := references.to(mark, scope, moved, index):
            found.append((match.start(), mark, places))
    label = _LABEL.match(line)
    row = _row_above(blocks, index, moved) if label else -1
    first = found[0][0] if found else len(line)
    notes: list[tuple[str, str, list[int]]] = []
    if label is None and first > 0:
        # It only mentions marks.
        return notes
    if label and row >= 0 and first > label.end() + 2:
        notes.append((label.group(), line[:first].strip(), [row]))
    ends = [*(at for at, _, _ in found[1:]), len(line)]
    for (at, mark, places), end in zip(found, ends[: len(found)], strict=True):
        notes.append((mark, line[at:end].rstrip(" ;；"), places))
    return notes


def _row_above(blocks: Sequence[Block], index: int, moved: set[int]) -> int:
    """The last row of the table right above a block, -1 if there is none."""
    above = index - 1
    while above in moved:
        above -= 1
    while above >= 0 and blocks[above].kind is BlockKind.FOOTNOTE:
        above -= 1
    if above >= 0 and blocks[above].kind is BlockKind.TABLE_ROW:
        return above
    return -1


def _reference_to(mark: str) -> re.Pattern[str]:
    """Where a mark refers: behind a word, never at the start of a line."""
    sign = re.escape(mark)
    if mark[0] in "[［":
        return re.compile(rf"(?<=\S)\s?{sign}")
    if re.fullmatch(_CIRCLED, mark):
        return re.compile(rf"(?<=[\w)）%℃]){sign}(?=$|[\s;；,，.。:：、)）])")
    one = re.escape(mark[0])
    return re.compile(rf"(?<=[^\s{one}]){sign}(?![\w{one}])|(?<=\S)\s{sign}(?=$|;)")


class _References:
    """Which blocks refer to a mark. told: mark -> index of its last note so far."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._sections: list[int] = []
        self._found: dict[str, list[int]] = {}
        self.told: dict[str, int] = {}

    def to(self, mark: str, scope: range, moved: set[int], own: int = -1) -> list[int]:
        """Indices in scope of the first block of each section that refers to the mark; notes that
        were moved and the mark's own line do not.
        """
        every = self._all(mark)
        places: dict[int, int] = {}
        for index in every[bisect_left(every, scope.start) : bisect_left(every, scope.stop)]:
            if index != own and index not in moved:
                places.setdefault(self._section(index), index)
                if len(places) >= _MAX_COPIES:
                    break
        return list(places.values())

    def _all(self, mark: str) -> list[int]:
        if mark not in self._found:
            pattern = _reference_to(mark)
            self._found[mark] = [
                index
                for index, block in enumerate(self._blocks)
                if mark in block.text and pattern.search(block.text)
            ]
            if len(self._found) > _MAX_MARKS:
                self._found[mark] = []
        return self._found[mark]

    def _section(self, index: int) -> int:
        if not self._sections:
            number = 0
            for block in self._blocks:
                number += block.kind is BlockKind.HEADING
                self._sections.append(number)
        return self._sections[index]


def _without_bare_headings(
    blocks: Sequence[Block], behind: Mapping[int, list[Block]], moved: set[int]
) -> Iterator[Block]:
    """The blocks in their new order; a heading all of whose lines were notes goes with them."""
    for index, block in enumerate(blocks):
        if index in moved:
            continue
        if block.kind is BlockKind.HEADING and index + 1 in moved and index not in behind:
            after = index + 1
            while after in moved:
                after += 1
            if after == len(blocks) or blocks[after].kind is BlockKind.HEADING:
                continue
        yield block
        yield from behind.get(index, ())
