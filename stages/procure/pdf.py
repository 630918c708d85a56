"""The bytes of a PDF to its guide. Text PDFs are read; pictures of text wait for a person.

pypdf gives the pieces of text with their place, size and font, nothing more: lines, paragraphs,
headings and lists are put together in `pdf_blocks`. Runs in the process that extracts pages, whose
time limit and isolation hold for it, too.
"""

from __future__ import annotations

import io
import logging
import re
import struct
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stages.procure.markup import squeeze
from stages.procure.metadata import choose_language
from stages.procure.pdf_blocks import Line, first_large_text, read_lines, without_margins
from stages.types import Block, BlockKind, PageContent

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

# A guide for parents has a dozen pages; a longer file is a book, and reading a part of it would
# lose the rest in silence.
_MAX_PAGES = 200
_MAX_CHARS = 1_000_000
# The scanned standards of the corpus hold 5 characters a page, the emptiest leaflets hundreds.
_LEAST_CHARS_PER_PAGE = 40
_UNREADABLE_SHARE = 0.1
_MAX_HIDDEN = 50
_MAX_STREAM_BYTES = 10_000_000
# What pypdf lets through, beside its own errors, when it trips over a broken file.
_BROKEN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_SHOWS_TEXT = frozenset((b"Tj", b"TJ", b"'", b'"'))
_INVISIBLE = 3
_SMALLEST_PT = 1.5
_POOR_TITLE = re.compile(
    r"^(?:microsoft (?:word|powerpoint) ?-|untitled|layout \d|document\d*$|slide \d|print$|\W*$)"
    r"|\.(?:docx?|pptx?|indd|qxd|pdf|pub|rtf|ai|cdr|odt|wps)$|^[\w\-]*\d[\w\-]*$|^未命名|^幻灯片|^文档\d*$",
    re.IGNORECASE,
)
_MAX_TITLE_CHARS = 300
_MAX_LICENCE_CHARS = 400
_OPEN_LICENCE = re.compile(
    r"\b(?:creative commons|cc[ -](?:by|0)\b|open government licen[cs]e|public domain"
    r"|licen[cs]ed under|may be (?:freely )?(?:reproduced|copied|reused))"
    r"|知识共享|知識共享|创用CC|創用CC|公有领域|公有領域",
    re.IGNORECASE,
)
_RESERVED = re.compile(
    r"\b(?:all )?rights reserved\b|版权所有|版權所有|保留所有权利|保留所有權利", re.IGNORECASE
)


def extract_pdf(body: bytes, url: str) -> PageContent:
    """Read one PDF. Never raises on a bad file: `unreadable` says why there are no blocks.

    url: where it was found, for messages only. Not read: encrypted files, files of pictures,
    files whose fonts do not say what their characters are, files too long for a guide. Text that
    is drawn invisibly, beside the page or too small to see is left out and noted in `hidden`.
    """
    import pypdf  # 0.2 s that only a PDF need pay

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # a line for each flaw of a file
    # Far above any leaflet, far below what a bomb wants: with pypdf's own limits one file could
    # take gigabytes of memory.
    limits = pypdf.get_configuration().with_overwrites(
        zlib_maximum_output_length=_MAX_STREAM_BYTES,
        lzw_maximum_output_length=_MAX_STREAM_BYTES,
        run_length_maximum_output_length=_MAX_STREAM_BYTES,
        array_based_stream_maximum_output_length=_MAX_STREAM_BYTES,
        stream_decoding_work_maximum_length=3 * _MAX_STREAM_BYTES,
        stream_parsing_work_maximum_count=500_000,
        xform_maximum_invocations_per_extraction=500,
        page_tree_maximum_entries=5_000,
        page_tree_maximum_page_entries=20_000,
    )
    with pypdf.apply_configuration(limits):
        try:
            return _extract(pypdf.PdfReader(io.BytesIO(body)))
        except _UnreadableError as reason:
            return _unreadable(str(reason))
        except RecursionError:
            return _unreadable("the PDF's objects nest too deeply")
        except (pypdf.errors.PyPdfError, *_BROKEN) as error:
            return _unreadable(f"the PDF is broken ({type(error).__name__}: {str(error)[:120]})")


class _UnreadableError(Exception):
    """The text cannot be had; says why."""


def _unreadable(reason: str) -> PageContent:
    return PageContent(title="", lang="", blocks=(), unreadable=reason)


def _extract(reader: PdfReader) -> PageContent:
    if reader.is_encrypted:
        raise _UnreadableError("the PDF is encrypted or protected against copying")
    count = len(reader.pages)
    if count > _MAX_PAGES:
        raise _UnreadableError(f"{count} pages; a guide has {_MAX_PAGES} at most")
    lines, hidden = _read_pages(reader.pages)
    _check_readable(lines, count)
    lines = without_margins(lines)
    title = _title(_metadata_title(reader), lines)
    blocks = _without_title(read_lines(lines), title)
    return PageContent(
        title=title,
        lang=choose_language(_declared_language(reader), " ".join(b.text for b in blocks) or title),
        blocks=blocks,
        licence=_licence(lines),
        hidden=tuple(hidden[:_MAX_HIDDEN]),
    )


def _without_title(blocks: Sequence[Block], title: str) -> tuple[Block, ...]:
    """The title is the guide's own field, not a block of its text; headings count from 2 on."""
    same = squeeze(title)
    kept = [
        block
        for index, block in enumerate(blocks)
        if index > 2 or squeeze(block.text) != same or block.kind is BlockKind.LIST_ITEM
    ]
    highest = min((block.level for block in kept if block.kind is BlockKind.HEADING), default=2)
    return tuple(
        replace(block, level=block.level - highest + 2)
        if block.kind is BlockKind.HEADING
        else block
        for block in kept
    )


# --- reading -------------------------------------------------------------------------------------


def _read_pages(pages: Sequence[PageObject]) -> tuple[list[Line], list[str]]:
    lines: list[Line] = []
    hidden: list[str] = []
    for number, page in enumerate(pages, start=1):
        reading = _PageReading(number, page)
        page.extract_text(
            orientations=(0,),
            visitor_operand_before=reading.look_at_operand,
            visitor_text=reading.add_text,
        )
        lines += reading.end()
        hidden += reading.hidden
        if sum(len(line.text) for line in lines) > _MAX_CHARS:
            raise _UnreadableError(f"more than {_MAX_CHARS:,} characters of text; no guide is")
    return lines, hidden


class _PageReading:
    """Puts the pieces of text of one page together as its lines, in the order they are drawn."""

    def __init__(self, number: int, page: PageObject) -> None:
        self.hidden: list[str] = []
        self._number = number
        box = page.mediabox
        self._edges = (float(box.left), float(box.bottom), float(box.right), float(box.top))
        self._lines: list[Line] = []
        self._pieces: list[Line] = []
        self._modes = [0]

    def look_at_operand(self, operator: bytes, operands: Any, cm: Any, tm: Any) -> None:
        """Follow the text render mode, and take invisible text away before it is read."""
        if operator == b"q" and len(self._modes) < 1000:
            self._modes.append(self._modes[-1])
        elif operator == b"Q" and len(self._modes) > 1:
            self._modes.pop()
        elif operator == b"Tr" and operands:
            self._modes[-1] = int(operands[0])
        elif (
            operator in _SHOWS_TEXT and self._modes[-1] == _INVISIBLE and isinstance(operands, list)
        ):
            operands.clear()
            self._note(f"page {self._number} holds text that is drawn invisibly")

    def add_text(self, text: str, cm: Any, tm: Any, font: Any, size: Any) -> None:
        parts = unicodedata.normalize("NFC", text).split("\n")
        for index, part in enumerate(parts):
            if index:
                self._end_line()
            if part:
                self._add_piece(part, cm, tm, font, float(size or 0.0))

    def _add_piece(self, text: str, cm: Any, tm: Any, font: Any, size: float) -> None:
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        scale = abs(tm[3] * cm[3]) or abs(tm[1] * cm[2])
        points = abs(size) * scale
        left, bottom, right, top = self._edges
        if text.strip() and not (left <= x <= right and bottom <= y <= top):
            self._note(f"page {self._number}, beside the page: {text.strip()[:200]}")
        elif text.strip() and points < _SMALLEST_PT:
            self._note(f"page {self._number}, too small to see: {text.strip()[:200]}")
        else:
            name = str((font or {}).get("/BaseFont", "")).lower()
            is_bold = any(word in name for word in ("bold", "black", "heavy", "semibold", "demi"))
            self._pieces.append(Line(text, self._number, x, y, points, is_bold))

    def _end_line(self) -> None:
        text = _clean("".join(piece.text for piece in self._pieces))
        worded = [piece for piece in self._pieces if piece.text.strip()]
        if text and worded:
            main = max(worded, key=lambda piece: len(piece.text))
            letters = sum(len(piece.text) for piece in worded)
            bold = sum(len(piece.text) for piece in worded if piece.is_bold)
            first = worded[0]
            self._lines.append(
                Line(text, self._number, first.x, first.y, main.size, bold > 0.9 * letters)
            )
        self._pieces = []

    def _note(self, text: str) -> None:
        if len(self.hidden) < _MAX_HIDDEN and text not in self.hidden:
            self.hidden.append(text)

    def end(self) -> list[Line]:
        self._end_line()
        return self._lines


def _clean(text: str) -> str:
    """One line without control characters. Soft hyphens stay: they say where a word was cut."""
    kept = "".join(
        character
        for character in text
        if character == "\xad" or character.isspace() or unicodedata.category(character)[0] != "C"
        or unicodedata.category(character) == "Co"
    )  # fmt: skip
    return " ".join(kept.split())


def _check_readable(lines: Sequence[Line], pages: int) -> None:
    text = "".join(line.text for line in lines).replace(" ", "")
    if len(text) < _LEAST_CHARS_PER_PAGE * pages:
        held = f"{pages} page holds" if pages == 1 else f"{pages} pages hold"
        raise _UnreadableError(f"{held} {len(text)} characters of text")
    empty = pages - len({line.page for line in lines})
    if empty * 2 > pages:
        raise _UnreadableError(f"{empty} of {pages} pages hold no text")
    strange = sum(unicodedata.category(c) == "Co" or c == "\ufffd" for c in text)
    if strange > _UNREADABLE_SHARE * len(text):
        raise _UnreadableError(
            f"{strange} of {len(text)} characters cannot be read: the fonts do not name them"
        )


# --- what the file says of itself ----------------------------------------------------------------


def _metadata_title(reader: PdfReader) -> str:
    raw = reader.metadata.title if reader.metadata is not None else None
    text = _clean(str(raw or ""))[:_MAX_TITLE_CHARS]
    return "" if _POOR_TITLE.search(text) or len(text) < 3 else text


def _title(named: str, lines: Sequence[Line]) -> str:
    """The metadata's title when the first two pages say it, too (templates leave old ones behind),
    else the first of the largest text, else the metadata's after all.
    """
    start = squeeze("".join(line.text for line in lines if line.page <= 2))
    if named and squeeze(named) in start:
        return named
    return (first_large_text(lines) or named)[:_MAX_TITLE_CHARS]


def _declared_language(reader: PdfReader) -> str:
    value = reader.root_object.get("/Lang")
    return str(value)[:20] if isinstance(value, str) else ""


def _licence(lines: Sequence[Line]) -> str:
    """The first line that names an open licence, else the first that reserves all rights."""
    for pattern in (_OPEN_LICENCE, _RESERVED):
        for line in lines:
            if pattern.search(line.text):
                return line.text[:_MAX_LICENCE_CHARS]
    return ""
