"""Lines of text with their place, size and weight, as a PDF gives them, to blocks of a guide."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from stages.types import Block, BlockKind

# Sizes come with rounding errors; larger by this much is meant.
_HEADING_RATIO = 1.12
_MAX_HEADING_CHARS = 160
_MAX_BLOCK_CHARS = 20_000
# Lines at the edge of a page that may be its header or footer.
_MARGIN_LINES = 3
_BULLET = re.compile(r"^[•●▪◦‣·∙■□◆◇○►▶➢➤✓✔❖※*\uf0b7\uf0a7\uf076\uf0fc\uf0d8–—-]\s+(?=\S)")
_TIGHT_BULLET = re.compile(r"^[•●▪◦‣∙■□◆◇►▶➢➤✓✔❖\uf0b7\uf0a7\uf076\uf0fc\uf0d8](?=\S)")
_LONE_BULLET = re.compile(r"^[•●▪◦‣·∙■□◆◇○►▶➢➤✓✔❖\uf0b7\uf0a7\uf076\uf0fc\uf0d8]$")
_NUMBER = re.compile(r"^[(（]?(\d{1,2})(?:[.．]\s+|[)）、]\s*)(?=\S)")
_HAN = r"\u2e80-\u303f\u31c0-\u9fff\uf900-\ufaff\uff00-\uffef"
_IS_HAN = re.compile(f"[{_HAN}]")
_SENTENCE_END = re.compile(r"[.!?:;。！？：；…][\"'”’)）」』]*$")
_LEADERS = re.compile(r"(?:\.\s?){4,}\s*\d*$|…{2,}\s*\d*$|·{4,}\s*\d*$")
_CONTENTS = re.compile(r"^(?:table of )?contents$|^目\s*[录錄次]$", re.IGNORECASE)
_PAGE_NUMBER = re.compile(
    r"^(?:page|p\.)\s*\d{1,4}(?:\s*(?:of|/)\s*\d{1,4})?$|^\d{1,4}\s*(?:of|/)\s*\d{1,4}$"
    r"|^第\s*\d{1,4}\s*[页頁](?:\s*[/,，共]?\s*共?\s*\d{1,4}\s*[页頁]?)?$",
    re.IGNORECASE,
)
_BARE_NUMBER = re.compile(r"^[-–—\s]*(\d{1,4})[-–—\s]*$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_CUT_WORD = re.compile(r"([^\W\d_]{1,40})-$")


@dataclass(frozen=True, slots=True)
class Line:
    """page: from 1. x, y: of its first character in points, y growing upwards. size: in points."""

    text: str
    page: int
    x: float
    y: float
    size: float
    is_bold: bool


# --- headers and footers -------------------------------------------------------------------------


def without_margins(lines: Sequence[Line]) -> list[Line]:
    """The lines without page numbers, without what stands at the edge of page after page, and
    without a table of contents.
    """
    margins = _margin_lines(lines)
    pages = {line.page for line in lines}
    shapes = Counter({_shape(line): 0 for line in margins})
    for page in pages:
        shapes.update({_shape(line) for line in margins if line.page == page})
    often = max(2, (len(pages) + 2) // 3)
    # A page's own number keeps its distance to the number of the sheet.
    offsets = Counter(
        int(found.group(1)) - line.page
        for line in margins
        if (found := _BARE_NUMBER.match(line.text))
    )
    kept = []
    for line in lines:
        if line in margins:
            number = _BARE_NUMBER.match(line.text)
            is_numbered = number and offsets[int(number.group(1)) - line.page] >= 2
            is_repeated = not number and shapes[_shape(line)] >= often
            if is_numbered or is_repeated or _PAGE_NUMBER.match(line.text):
                continue
        if _LEADERS.search(line.text) or _CONTENTS.match(line.text):
            continue
        kept.append(line)
    return kept


def _margin_lines(lines: Sequence[Line]) -> frozenset[Line]:
    by_page: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        by_page[line.page].append(line)
    found: set[Line] = set()
    for page_lines in by_page.values():
        heights = sorted({line.y for line in page_lines}, reverse=True)
        edges = {*heights[:_MARGIN_LINES], *heights[-_MARGIN_LINES:]}
        found.update(line for line in page_lines if line.y in edges)
    return frozenset(found)


def _shape(line: Line) -> str:
    """What two lines at the same edge of two pages have in common: words and height."""
    text = re.sub(r"\d+", "#", line.text.casefold())
    return f"{text}@{round(line.y / 6)}"


# --- title ---------------------------------------------------------------------------------------


def first_large_text(lines: Sequence[Line]) -> str:
    """The largest text of the first page that has any, over all its lines; '' when nothing is
    larger than the running text and the first line is no heading either.
    """
    if not lines:
        return ""
    first = [line for line in lines if line.page == lines[0].page]
    size = max(line.size for line in first)
    if size < _HEADING_RATIO * _body_size(lines):
        opening = first[0]
        is_heading = len(opening.text) < 80 and not _SENTENCE_END.search(opening.text)
        return opening.text if is_heading else ""
    start = next(index for index, line in enumerate(first) if line.size == size)
    parts = [first[start]]
    for line in first[start + 1 : start + 4]:
        if abs(line.size - size) > 0.5:
            break
        parts.append(line)
    return _join([part.text for part in parts], frozenset())


def _body_size(lines: Sequence[Line]) -> float:
    """The size most characters have."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


# --- blocks --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Part:
    """A block while its lines come in. number: of an ordered item, 0 for none."""

    kind: BlockKind
    lines: list[Line]
    texts: list[str]
    level: int = 0
    number: int = 0
    group: int = 0

    def is_full(self) -> bool:
        return sum(map(len, self.texts)) > _MAX_BLOCK_CHARS


def read_lines(lines: Sequence[Line]) -> tuple[Block, ...]:
    """Headings, paragraphs and list items out of lines in reading order.

    A line is a heading when it is larger than the running text or stands alone in bold. Lines
    join unless the next one is set apart: by space above it, by its indent, or because the line
    before ended early. What might be the row of a table therefore stays a paragraph of its own.
    """
    if not lines:
        return ()
    layout = _Layout(lines)
    parts: list[_Part] = []
    for index, line in enumerate(lines):
        before = lines[index - 1] if index else None
        part = parts[-1] if parts else None
        opened = layout.open(line, part, before, lines[index + 1 : index + 2])
        if opened is not None:
            parts.append(opened)
        elif part is not None:
            part.lines.append(line)
            part.texts.append(line.text)
    _number_groups(parts)
    words = frozenset(
        word.casefold() for line in lines for word in _WORD.findall(line.text.replace("\xad", ""))
    )
    blocks = []
    for part in parts:
        text = _join(part.texts, words)
        if text:
            marker = f"{part.number}." if part.number else ""
            blocks.append(Block(part.kind, text, part.level, part.group, marker))
    return tuple(blocks)


class _Layout:
    """What is usual in a file: its text size, the space between lines, how long lines are."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._body = _body_size(lines)
        gaps = [
            above.y - below.y
            for above, below in pairwise(lines)
            if above.page == below.page
            and 0 < above.y - below.y < 4 * max(above.size, 1.0)
            and abs(above.size - self._body) < 1
        ]
        self._gap = median(gaps) if gaps else 1.2 * self._body
        lengths = sorted(_width(line.text) for line in lines if abs(line.size - self._body) < 1)
        self._length = lengths[int(len(lengths) * 0.8)] if lengths else 0
        sizes = {round(line.size * 2) / 2 for line in lines if self._is_large(line)}
        ordered = sorted(sizes, reverse=True)
        self._levels = {size: min(index + 2, 6) for index, size in enumerate(ordered)}

    def open(
        self, line: Line, part: _Part | None, before: Line | None, after: Sequence[Line]
    ) -> _Part | None:
        """The part that begins with a line, None when the line belongs to the one before."""
        is_near = before is not None and self._is_near(before, line)
        if (
            part is not None
            and _LONE_BULLET.match(part.texts[-1])
            and part.texts[-1] == part.texts[0]
        ):
            part.texts.clear()  # a bullet of its own, drawn before its text
            return None
        if self._is_large(line) or self._is_bold_heading(line, is_near, part, after):
            level = self._levels.get(round(line.size * 2) / 2, min(len(self._levels) + 2, 6))
            is_more = part is not None and part.kind is BlockKind.HEADING and part.level == level
            if is_more and is_near and part is not None and len(part.texts) < 4:
                return None
            return _Part(BlockKind.HEADING, [line], [line.text], level)
        if (item := self._item(line, part)) is not None:
            return item
        if part is None or part.kind is BlockKind.HEADING or before is None or part.is_full():
            return _Part(BlockKind.PARAGRAPH, [line], [line.text])
        is_new = self._is_set_apart(before, line, part, is_near=is_near)
        return _Part(BlockKind.PARAGRAPH, [line], [line.text]) if is_new else None

    def _is_large(self, line: Line) -> bool:
        return line.size >= _HEADING_RATIO * self._body and len(line.text) <= _MAX_HEADING_CHARS

    def _is_bold_heading(
        self, line: Line, is_near: bool, part: _Part | None, after: Sequence[Line]
    ) -> bool:
        """In bold, alone on its line, no sentence, and plain text comes behind it."""
        if not line.is_bold or line.size < 0.95 * self._body or len(line.text) > 90:
            return False
        if _SENTENCE_END.search(line.text) and not line.text.endswith(("?", "？")):
            return False
        if is_near and part is not None and part.lines[-1].is_bold:
            return part.kind is BlockKind.HEADING
        return bool(after) and not after[0].is_bold

    def _item(self, line: Line, part: _Part | None) -> _Part | None:
        for pattern in (_BULLET, _TIGHT_BULLET, _LONE_BULLET):
            if found := pattern.match(line.text):
                rest = line.text[found.end() :] or line.text
                return _Part(BlockKind.LIST_ITEM, [line], [rest], level=1)
        if not (found := _NUMBER.match(line.text)):
            return None
        number = int(found.group(1))
        last = part.number if part is not None else 0
        # A line inside a paragraph may begin with a number, too: items count from 1.
        if number != 1 and number != last + 1:
            return None
        return _Part(
            BlockKind.LIST_ITEM, [line], [line.text[found.end() :]], level=1, number=number
        )

    def _is_near(self, before: Line, line: Line) -> bool:
        """On the next line, by the space lines of its size usually have."""
        gap = before.y - line.y
        usual = self._gap * max(1.0, line.size / max(self._body, 1.0))
        return before.page == line.page and -1 <= gap <= 1.4 * usual

    def _is_set_apart(self, before: Line, line: Line, part: _Part, *, is_near: bool) -> bool:
        ends = bool(_SENTENCE_END.search(before.text))
        is_short = _width(before.text) < 0.6 * self._length
        if before.page != line.page or before.y < line.y - 1:  # a new page or column
            return ends or is_short or not _continues(before.text, line.text)
        if not is_near or (ends and _width(before.text) < 0.85 * self._length):
            return True
        if is_short and not before.text.endswith(("-", "\xad", ",", "，", "、")):
            return True
        if part.kind is BlockKind.LIST_ITEM:
            return line.x < part.lines[0].x - 1
        return ends and line.x > part.lines[-1].x + 0.8 * line.size


def _continues(before: str, line: str) -> bool:
    """A sentence goes on over the end of a page."""
    first = line[0]
    return first.islower() or bool(_IS_HAN.match(first)) or before.endswith(("-", ",", "，"))


def _width(text: str) -> int:
    """About how wide a line is, in half-width characters."""
    return len(text) + len(_IS_HAN.findall(text))


def _number_groups(parts: Sequence[_Part]) -> None:
    """Items that follow one another are one list; a number that starts over begins the next."""
    group = 0
    before: _Part | None = None
    for part in parts:
        if part.kind is BlockKind.LIST_ITEM:
            goes_on = before is not None and before.kind is BlockKind.LIST_ITEM
            if (
                not goes_on
                or part.number == 1
                or (before and bool(before.number) != bool(part.number))
            ):
                group += 1
            part.group = group
        before = part


def _join(texts: Sequence[str], words: frozenset[str]) -> str:
    """Lines as one text. words: of the whole file, to tell a cut word from one with a hyphen."""
    joined = ""
    for text in texts:
        if not joined:
            joined = text
        elif joined.endswith("\xad"):
            joined = joined[:-1] + text
        elif (cut := _CUT_WORD.search(joined[-60:])) and text[:1].islower():
            joined = _rejoin(joined, cut.group(1), text, words)
        elif _IS_HAN.match(joined[-1]) and _IS_HAN.match(text[:1]):
            joined += text
        else:
            joined = f"{joined} {text}"
    return joined.replace("\xad", "")


def _rejoin(joined: str, head: str, text: str, words: frozenset[str]) -> str:
    tail = match.group() if (match := re.match(r"[^\W\d_]+", text)) else ""
    is_compound = f"{head}-{tail}".casefold() in words
    is_word = (head + tail).casefold() in words
    # Seen neither way elsewhere: most hyphens at the end of a line are the printer's.
    return joined + text if is_compound and not is_word else joined[:-1] + text
