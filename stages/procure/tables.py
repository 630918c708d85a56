"""A table as rows that read alone: every cell with the header of its column.

Spans are expanded into a grid first, so a cell over three columns carries three headers and a
cell over two rows stands in both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stages.procure.markup import Element, collapse, is_element, text_of

_MAX_ROWS = 100_000
_MAX_COLUMNS = 40
_STOP = re.compile(r"[.!?;:,。！？；：，、]$")
_CELL_BLOCKS = frozenset(("p", "li", "div", "ul", "ol", "dt", "dd", "dl"))
# A cell this long is a page's column, no datum.
_LAYOUT_CELL_CHARS = 1200


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    is_header: bool
    is_row_header: bool
    first_column: int
    width: int


@dataclass(frozen=True, slots=True)
class TableText:
    """captions: lines over the table. rows: body rows; a row that is one cell over the whole
    width is a sub-heading, given as (text, True). notes: single cells of the table's foot.
    """

    captions: tuple[str, ...]
    rows: tuple[tuple[str, bool], ...]
    notes: tuple[str, ...] = ()


def is_layout(table: Element) -> bool:
    """Tables that place things on the page: to be walked like any box."""
    if table.get("role") in ("presentation", "none"):
        return True
    if any(True for _ in table.iterdescendants("table", "h1", "h2", "article", "main")):
        return True
    rows = list(_rows_of(table))
    has_headers = any(True for _ in table.iterdescendants("th", "caption", "thead"))
    if not has_headers and any(
        len(text_of(cell)) > _LAYOUT_CELL_CHARS for cell in table.iter("td")
    ):
        return True
    return not has_headers and all(len(row) <= 1 for row in rows)


def _rows_of(table: Element) -> list[Element]:
    return [row for row in table.iter("tr") if next(row.iterancestors("table"), None) is table][
        :_MAX_ROWS
    ]


def read_table(table: Element) -> TableText:
    """The table's captions and body rows. At most 100,000 rows of 40 columns are read."""
    captions = [text_of(node) for node in table.findall("caption")]
    rows, notes = _part_foot(_rows_of(table))
    grid = _expand(rows)
    head = _header_rows(rows, grid)
    header_grid = grid[:head]
    while header_grid and _distinct(header_grid[0]) == 1 and len(header_grid[0]) > 1:
        captions.append(header_grid[0][0].text)
        header_grid = header_grid[1:]
    headers = _column_headers(header_grid)
    body = [_row_text(cells, headers) for cells in grid[head:]]
    if not body:
        # Nothing but headers: the headers are what the table says.
        body = [("; ".join(cell.text for cell in _unique(cells)), False) for cells in header_grid]
    return TableText(
        captions=tuple(text for text in captions if text),
        rows=tuple((text, is_title) for text, is_title in body if text),
        notes=notes,
    )


def _part_foot(rows: list[Element]) -> tuple[list[Element], tuple[str, ...]]:
    """Rows with those of the foot last, and the foot's rows of one cell, which are notes."""
    body: list[Element] = []
    foot: list[Element] = []
    notes: list[str] = []
    for row in rows:
        if row.getparent().tag != "tfoot":
            body.append(row)
        elif len(cells := [text for cell in row if (text := text_of(cell))]) > 1:
            foot.append(row)
        else:
            notes += cells
    return body + foot, tuple(notes)


def _cell_text(cell: Element) -> str:
    """Lists and paragraphs of a cell as one line: items are kept apart by commas, and what ends
    without a stop before other text gets one.
    """
    parts: list[tuple[str, bool]] = []
    _collect(cell, parts, is_item=False)
    line = ""
    was_item = False
    for part, is_item in parts:
        if not line:
            line = part
        elif _STOP.search(line):
            line = f"{line} {part}"
        else:
            line = f"{line}, {part}" if is_item and was_item else f"{line}. {part}"
        was_item = is_item
    return line


def _collect(node: Element, parts: list[tuple[str, bool]], *, is_item: bool) -> None:
    """Texts of the smallest blocks under a cell, in order; a line break alone is a space."""
    is_item = is_item or node.tag == "li"
    buffer = node.text or ""
    for child in node:
        if is_element(child) and any(inner.tag in _CELL_BLOCKS for inner in child.iter()):
            _push(buffer, parts, is_item)
            buffer = ""
            _collect(child, parts, is_item=is_item)
        elif is_element(child):
            buffer += " " if child.tag == "br" else text_with_edges(child)
        buffer += child.tail or ""
    _push(buffer, parts, is_item)


def text_with_edges(node: Element) -> str:
    """Text of an inline element with the spaces at its ends kept."""
    raw = "".join(node.itertext())
    lead = " " if raw[:1].isspace() else ""
    trail = " " if raw[-1:].isspace() else ""
    return f"{lead}{text_of(node)}{trail}"


def _push(buffer: str, parts: list[tuple[str, bool]], is_item: bool) -> None:
    if text := collapse(buffer):
        parts.append((text, is_item))


def _span(cell: Element, name: str, most: int) -> int:
    raw = cell.get(name) or "1"
    return max(1, min(int(raw), most)) if raw.isdecimal() and len(raw) < 6 else 1


def _expand(rows: list[Element]) -> list[list[_Cell]]:
    grid: list[list[_Cell]] = []
    # column -> (cell still hanging down, rows it hangs on)
    hanging: dict[int, tuple[_Cell, int]] = {}
    for row in rows:
        line: dict[int, _Cell] = {}
        for column, (cell, left) in list(hanging.items()):
            line[column] = cell
            if left > 1:
                hanging[column] = (cell, left - 1)
            else:
                del hanging[column]
        column = 0
        for node in row:
            if not is_element(node) or node.tag not in ("td", "th"):
                continue
            while column in line:
                column += 1
            if column >= _MAX_COLUMNS:
                break
            width = _span(node, "colspan", _MAX_COLUMNS - column)
            down = _span(node, "rowspan", _MAX_ROWS)
            cell = _Cell(
                text=_cell_text(node),
                is_header=node.tag == "th",
                is_row_header=node.get("scope") in ("row", "rowgroup"),
                first_column=column,
                width=width,
            )
            for offset in range(width):
                line[column + offset] = cell
                if down > 1:
                    hanging[column + offset] = (cell, down - 1)
            column += width
        if line:
            empty = _Cell("", False, False, 0, 1)
            grid.append([line.get(index, empty) for index in range(max(line) + 1)])
    return grid


def _header_rows(rows: list[Element], grid: list[list[_Cell]]) -> int:
    """How many leading rows are headers: those of thead, else those made of th alone."""
    in_head = 0
    for row in rows[: len(grid)]:
        parent = row.getparent()
        if parent is not None and parent.tag == "thead":
            in_head += 1
        else:
            break
    if in_head:
        return in_head
    count = 0
    for cells in grid:
        if not all(cell.is_header or not cell.text for cell in cells):
            break
        if any(cell.is_row_header for cell in cells) or not any(cell.text for cell in cells):
            break
        count += 1
    if count == 0 and len(grid) > 2 and _looks_like_header(rows[0], grid):
        count = 1
    # A column of th alone is a table of row headers.
    return 0 if count == len(grid) and len(grid) > 1 else count


def _looks_like_header(row: Element, grid: list[list[_Cell]]) -> bool:
    """A first row of td whose every cell is bold, over a body that is not."""
    first = grid[0]
    if len(first) < 2 or not all(len(cell.text) <= 60 for cell in first):
        return False
    cells = [cell for cell in row if is_element(cell) and text_of(cell)]
    bold = [any(True for _ in cell.iter("b", "strong")) for cell in cells]
    return (
        bool(bold)
        and all(bold)
        and not any(cell.is_header for cells_below in grid[1:3] for cell in cells_below)
    )


def _unique(cells: list[_Cell]) -> list[_Cell]:
    kept: list[_Cell] = []
    for cell in cells:
        if not any(cell is other for other in kept):
            kept.append(cell)
    return kept


def _distinct(cells: list[_Cell]) -> int:
    return len([cell for cell in _unique(cells) if cell.text])


def _column_headers(header_grid: list[list[_Cell]]) -> list[str]:
    width = max((len(cells) for cells in header_grid), default=0)
    headers = []
    for column in range(width):
        texts = [cells[column].text for cells in header_grid if column < len(cells)]
        headers.append(", ".join(dict.fromkeys(text for text in texts if text)))
    return headers


def _header_of(cell: _Cell, headers: list[str]) -> str:
    names = headers[cell.first_column : cell.first_column + cell.width]
    return " / ".join(dict.fromkeys(name for name in names if name))


def _row_text(cells: list[_Cell], headers: list[str]) -> tuple[str, bool]:
    filled = [cell for cell in _unique(cells) if cell.text]
    if not filled:
        return "", False
    if len(filled) == 1 and len(cells) > 1 and filled[0].width == len(cells):
        return filled[0].text, True
    parts = []
    rest = filled
    if not any(headers):
        # No header row: the first cell names the row.
        if len(filled) > 1:
            return f"{filled[0].text.rstrip(':：')}: {'; '.join(c.text for c in filled[1:])}", False
        return filled[0].text, False
    for cell in rest:
        header = _header_of(cell, headers).rstrip(":： ")
        parts.append(f"{header}: {cell.text}" if header else cell.text)
    return "; ".join(parts), False
