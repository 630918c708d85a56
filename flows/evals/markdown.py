"""Guides written in Markdown, as blocks: only so that the chopper can be measured on them.

Read are headings (`#` and underlined), paragraphs, block quotes, nested lists and pipe tables; of
inline marks, links and images, their words. What stands above the first heading of level 1 is the
page's menu and left out, and so are jump links, controls (`Open all`), paragraphs of nothing but
links, and lists of them (one item may be the page itself, unlinked). A short paragraph all in bold
is a heading. A paragraph that starts with a footnote mark goes behind the block that bears the
mark. Limits: no call-outs, captions, definition lists or fenced code (its lines are left out); tags
of inline HTML are dropped and their text kept; a list item's own further paragraphs join the item.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from stages.procure.metadata import choose_language
from stages.text import collapse, strip_hidden
from stages.types import Block, BlockKind, PageContent

MAX_CHARS = 2_000_000
GROUPED = (BlockKind.LIST_ITEM, BlockKind.TABLE_ROW)

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_ITEM = re.compile(r"([ \t]*)([-*+•]|\d{1,4}[.)、])[ \t]+(?=\S)")
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_DELIMITER = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_CELL_EDGE = re.compile(r"(?<!\\)\|")
_QUOTE = re.compile(r" {0,3}>[ \t]?")
_DEFINITION = re.compile(r" {0,3}\[[^\]\n]{1,200}\]:[ \t]*\S")
_BOLD_LINE = re.compile(r"(\*\*|__)(?=\S)[^*_\n.。!！:：;；]{2,90}(?<=\S)\1")
_JUMP = re.compile(r"\s*\[[^\[\]\n]{0,200}\]\(#[^()\s]{0,200}\)\s*$")
_CONTROLS = re.compile(
    r"\s*(?:(?:open|expand|show|close|collapse|hide) all\W{0,3}){1,3}$"
    r"|\s*(?:print|share|back to top|skip to (?:main )?content)\s*$",
    re.IGNORECASE,
)
_FOOTNOTE = re.compile(r"([*†‡§¶]{1,3}|\[\d{1,3}\]|[¹²³⁴⁵⁶⁷⁸⁹])\s*(?=[^\W_])")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)

# Scraped pages often escape only the first of a pair of brackets inside a link's words.
_LABEL = r"((?:\\\[[^\[\]\n]{0,200}\]|[^\[\]\\]|\\.){0,1000})"
_TARGET = r"\((?:[^()\n\\]|\\.|\([^()\n]{0,500}\)){0,2000}\)"
_IMAGE = re.compile(rf"!\[{_LABEL}\]{_TARGET}")
_LINK = re.compile(rf"\[{_LABEL}\](?:{_TARGET}|\[[^\[\]\n]{{0,200}}\])")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,500}>")
_EMPHASIS = re.compile(r"(?<!\\)(?:\*{1,3}|(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)|~~|`)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


@dataclass(slots=True)
class _Walk:
    """State of one reading: blocks so far, the paragraph and the list being read."""

    blocks: list[Block] = field(default_factory=list)
    links_only: list[bool] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    indents: list[int] = field(default_factory=list)
    group: int = 0
    level: int = 0  # of the last heading that is marked as one
    item: tuple[int, str] | None = None

    def add(self, kind: BlockKind, raw: str, level: int = 0, marker: str = "") -> None:
        text = plain_text(raw)
        group = self.group if kind in GROUPED else 0
        if text:
            self.blocks.append(Block(kind, text, level, group, marker))
            self.links_only.append(kind is not BlockKind.HEADING and _is_link_only(raw))

    def flush(self) -> None:
        """End the paragraph or item being read."""
        raw = "\n".join(self.lines)
        self.lines = []
        if self.item:
            level, mark = self.item
            self.add(BlockKind.LIST_ITEM, raw, level, mark)
            self.item = None
        elif _BOLD_LINE.fullmatch(raw.strip()) and self.level:
            self.add(BlockKind.HEADING, raw, min(6, self.level + 1))
        elif raw.strip():
            self.add(BlockKind.PARAGRAPH, raw)

    def end_list(self) -> None:
        self.flush()
        self.indents = []

    def start_item(self, indent: int, mark: str, rest: str) -> None:
        self.flush()
        if not self.indents:
            self.group += 1
        while self.indents and self.indents[-1] > indent:
            self.indents.pop()
        if not self.indents or self.indents[-1] < indent:
            self.indents.append(indent)
        ordered = mark[0].isdigit()
        self.item = (len(self.indents), mark if ordered else "")
        self.lines = [rest]


def read_markdown(text: str, name: str = "") -> PageContent:
    """One Markdown page. name: its title when it has no heading."""
    lines = _without_front_matter(_COMMENT.sub("", text[:MAX_CHARS]).expandtabs(4).split("\n"))
    walk = _Walk()
    at = 0
    while at < len(lines):
        at = _read_line(walk, lines, at)
    walk.end_list()
    blocks = _with_footnotes(_without_menus(walk))
    start = next((n for n, block in enumerate(blocks) if _is_title(block)), None)
    title = blocks[start].text if start is not None else ""
    blocks = blocks[start + 1 :] if start is not None else blocks
    said = " ".join(block.text for block in blocks)
    return PageContent(
        title or next((b.text for b in blocks if b.kind is BlockKind.HEADING), name),
        choose_language("", said),
        tuple(blocks),
    )


def plain_text(raw: str) -> str:
    """The words of a piece of inline Markdown on one line."""
    text = _IMAGE.sub(" ", raw)
    for _ in range(3):  # an image in a link, a link in emphasis
        text = _LINK.sub(r"\1", text)
    text = _ESCAPE.sub(r"\1", _EMPHASIS.sub("", _TAG.sub(" ", text)))
    return collapse(strip_hidden(html.unescape(text)))


def _read_line(walk: _Walk, lines: Sequence[str], at: int) -> int:
    """Read what begins at a line; the number of the next line to read."""
    line = _QUOTE.sub("", lines[at])
    if not line.strip():
        _read_blank(walk, lines, at)
    elif _FENCE.match(line):
        walk.end_list()
        return _skip_fence(lines, at)
    elif heading := _ATX.match(line):
        walk.end_list()
        words = line[heading.end() :].rstrip().rstrip("#")
        walk.level = len(heading[1])
        walk.add(BlockKind.HEADING, words, walk.level)
    elif (underline := _UNDERLINE.match(line)) and walk.lines and not walk.item:
        raw, walk.lines = "\n".join(walk.lines), []
        walk.end_list()
        walk.level = 1 if underline[1][0] == "=" else 2
        walk.add(BlockKind.HEADING, raw, walk.level)
    elif _RULE.match(line):
        walk.end_list()
    elif at + 1 < len(lines) and "|" in line and _is_delimiter(lines[at + 1]):
        walk.end_list()
        return _read_table(walk, lines, at)
    elif item := _ITEM.match(line):
        walk.start_item(len(item[1]), item[2], line[item.end() :])
    elif _JUMP.match(line):
        walk.end_list()
    elif _CONTROLS.match(line):
        walk.flush()
    elif not _DEFINITION.match(line):
        walk.lines.append(line.strip())
    return at + 1


def _read_blank(walk: _Walk, lines: Sequence[str], at: int) -> None:
    """A blank line ends a paragraph; a list goes on when an item or an indented line follows."""
    following = next((line for line in lines[at + 1 : at + 12] if line.strip()), "")
    item = _ITEM.match(following)
    if walk.item and not item and following.startswith("  "):
        return
    walk.flush()
    if not item:
        walk.end_list()


def _skip_fence(lines: Sequence[str], at: int) -> int:
    close = next((n for n in range(at + 1, len(lines)) if _FENCE.match(lines[n])), len(lines))
    return close + 1


def _is_delimiter(line: str) -> bool:
    return "|" in line and _DELIMITER.match(line) is not None


def _read_table(walk: _Walk, lines: Sequence[str], at: int) -> int:
    """A pipe table: each row reads alone, its cells carrying their headers, as in pages."""
    header = [plain_text(cell) for cell in _cells(lines[at])]
    walk.group += 1
    at += 2
    while at < len(lines) and "|" in lines[at] and lines[at].strip():
        raw = _cells(lines[at])
        if at + 1 < len(lines) and _is_delimiter(lines[at + 1]):
            header, at = [plain_text(cell) for cell in raw], at + 2
            continue
        row = "; ".join(_named(header, [plain_text(cell) for cell in raw]))
        walk.add(BlockKind.TABLE_ROW, row)
        at += 1
    return at


def _named(header: Sequence[str], cells: Sequence[str]) -> Iterable[str]:
    for place, cell in enumerate(cells):
        name = header[place] if place < len(header) else ""
        if cell:
            yield f"{name}: {cell}" if name else cell


def _cells(line: str) -> list[str]:
    line = line.strip()
    line = line[1:] if line.startswith("|") else line
    line = line[:-1] if line.endswith("|") and not line.endswith("\\|") else line
    return _CELL_EDGE.split(line)


def _without_front_matter(lines: list[str]) -> list[str]:
    if lines and lines[0].strip() == "---":
        end = next((n for n, line in enumerate(lines[1:200], 1) if line.strip() == "---"), 0)
        return lines[end + 1 :] if end else lines
    return lines


def _is_title(block: Block) -> bool:
    return block.kind is BlockKind.HEADING and block.level == 1


def _is_link_only(raw: str) -> bool:
    """Whether nothing is left of a piece of text once its links and images are taken away."""
    bare = _LINK.sub(" ", _IMAGE.sub(" ", raw))
    has_link = bare != raw
    return has_link and not any(map(str.isalnum, plain_text(bare)))


def _without_menus(walk: _Walk) -> list[Block]:
    """Blocks without paragraphs that are links, and without lists of links: all items are, or all
    of four and more but one, the page one is on.
    """
    links: Counter[int] = Counter()
    items: Counter[int] = Counter()
    for block, is_link in zip(walk.blocks, walk.links_only, strict=True):
        items[block.group] += 1
        links[block.group] += is_link
    menus = {g for g, n in items.items() if g and (links[g] == n or 3 <= links[g] == n - 1)}
    return [
        block
        for block, is_link in zip(walk.blocks, walk.links_only, strict=True)
        if block.group not in menus and (block.group or not is_link)
    ]


def _with_footnotes(blocks: Sequence[Block]) -> list[Block]:
    """Footnotes behind the block of their section that bears their mark; without one they stay."""
    placed: list[Block] = []
    start = 0  # of the section
    for block in blocks:
        if block.kind is BlockKind.HEADING:
            start = len(placed)
        match = _FOOTNOTE.match(block.text) if block.kind is BlockKind.PARAGRAPH else None
        bearer = _bearer(placed, start, match[1]) if match else None
        if match is None or bearer is None:
            placed.append(block)
            continue
        placed.insert(bearer + 1, replace(block, kind=BlockKind.FOOTNOTE, marker=match[1]))
    return placed


def _bearer(blocks: Sequence[Block], start: int, mark: str) -> int | None:
    """Where the first block from start on stands that has the mark behind a word."""
    borne = re.compile(rf"(?<=[^\s*]){re.escape(mark)}(?![*†‡§¶\w])")
    return next((n for n in range(start, len(blocks)) if borne.search(blocks[n].text)), None)
