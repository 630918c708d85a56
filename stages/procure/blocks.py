"""The guide's element as ordered blocks: our own walk, because extractors lose what hurts most.

Reading order is the page's. Nothing of the region is skipped but furniture lines; whatever the
markup, text ends up in some block.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from stages.procure.callouts import callout_of
from stages.procure.furniture import is_furniture_heading, is_furniture_line
from stages.procure.markup import (
    HEADING_TAGS,
    INLINE_TAGS,
    SILENT_TAGS,
    Element,
    collapse,
    has_block_child,
    is_element,
    names_of,
    text_of,
)
from stages.procure.notes import lead_mark
from stages.procure.readings import (
    BREAK,
    are_bullets,
    definition_pairs,
    first_number,
    heading_level,
    heading_text,
    inline_text,
    is_inline,
    is_long_definition,
    is_pseudo_heading,
    list_marker,
    opens_with_bold_line,
    split_lines,
    starts_with_heading,
    without_bullet,
)
from stages.procure.tables import is_layout, read_table
from stages.types import Block, BlockKind, CalloutKind

# libxml2 hands us 255 levels at most; deeper nests than this are read as one paragraph.
_MAX_DEPTH = 200
_MAX_BLOCK_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the page the walk is."""

    callout: CalloutKind = CalloutKind.NONE
    list_level: int = 0
    group: int = 0
    depth: int = 0

    def deeper(self) -> _Place:
        # `replace` takes five times as long, and this runs for every box.
        return _Place(self.callout, self.list_level, self.group, self.depth + 1)


def read_blocks(region: Element) -> tuple[Block, ...]:
    """Every text of the region as blocks in reading order; `start` is 0 in all of them."""
    walk = _Walk()
    walk.container(region, _Place())
    return tuple(_tidy(walk.blocks))


class _Walk:
    """State of one walk: the blocks so far, the number of the last list or table, the level of
    the last real heading.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.last_group = 0
        self.level = 1

    # --- boxes and running text --------------------------------------------------------------

    def container(self, node: Element, place: _Place) -> None:
        """Children of a box: runs of inline content become paragraphs, blocks are walked."""
        if place.depth > _MAX_DEPTH:
            self.paragraphs(text_of(node), place)
            return
        kind = callout_of(node)
        if kind is not CalloutKind.NONE and place.callout is CalloutKind.NONE:
            # What a heading of a box heads ends with the box.
            outer = self.level
            self.children(node, replace(place, callout=kind))
            self.level = outer
        else:
            self.children(node, place)

    def children(self, node: Element, place: _Place) -> None:
        inside = place.deeper()
        run = [node.text or ""]
        children = iter(node)
        if place.list_level == 0 and (title := opens_with_bold_line(node)):
            self.pseudo_heading(title, place)
            run = [next(children).tail or ""]
        for child in children:
            if not is_element(child) or child.tag in SILENT_TAGS:
                run.append(child.tail or "")
                continue
            if child.tag == "br":
                run.append(BREAK)
            elif is_inline(child):
                run.append(inline_text(child))
            else:
                self.flush(run, place)
                self.block(child, inside)
            run.append(child.tail or "")
        self.flush(run, place)

    def flush(self, run: list[str], place: _Place) -> None:
        text = "".join(run)
        run.clear()
        if text and not text.isspace():
            self.paragraphs(text, place)

    def paragraphs(self, text: str, place: _Place) -> None:
        """Lines of running text; lines that start with a bullet are items of one list."""
        lines = split_lines(text)
        group = 0
        for line, is_item in zip(lines, are_bullets(lines), strict=True):
            if is_item:
                if not group:
                    self.last_group += 1
                    group = self.last_group
                level = max(1, place.list_level)
                self.add(
                    BlockKind.LIST_ITEM,
                    without_bullet(line),
                    replace(place, group=group),
                    level=level,
                )
                continue
            group = 0
            if place.list_level:
                self.add(BlockKind.LIST_ITEM, line, place, level=place.list_level)
            else:
                self.add(BlockKind.PARAGRAPH, line, place)

    def add(
        self, kind: BlockKind, text: str, place: _Place, *, level: int = 0, marker: str = ""
    ) -> None:
        """text: collapsed."""
        text = text[:_MAX_BLOCK_CHARS].rstrip()
        if not any(character.isalnum() for character in text) or (
            kind is not BlockKind.HEADING and is_furniture_line(text)
        ):
            return
        group = place.group if kind is not BlockKind.PARAGRAPH else 0
        self.blocks.append(
            Block(kind, text, level=level, group=group, marker=marker, callout=place.callout)
        )

    # --- one block element -------------------------------------------------------------------

    def block(self, node: Element, place: _Place) -> None:
        tag = node.tag
        role = (node.get("role") or "").lower()
        if tag in HEADING_TAGS or role == "heading":
            self.heading(node, place)
        elif tag == "details":
            self.details(node, place)
        elif tag in ("ul", "ol", "menu") or role == "list":
            self.items(node, place)
        elif tag == "dl":
            self.definitions(node, place)
        elif tag == "table" and not is_layout(node):
            self.table(node, place)
        elif tag in ("figcaption", "caption"):
            self.add(BlockKind.CAPTION, text_of(node), place)
        elif tag == "p":
            self.paragraph(node, place)
        else:
            self.container(node, place)

    def heading(self, node: Element, place: _Place) -> None:
        level = heading_level(node)
        text = heading_text(node)
        if not text:
            # A heading around an image or a box.
            self.container(node, place)
            return
        self.level = level
        self.add(BlockKind.HEADING, text, place, level=level)

    def details(self, node: Element, place: _Place) -> None:
        """An accordion panel: its summary heads what it holds, a level below what stood before."""
        outer = self.level
        level = min(6, outer + 1)
        for child in node:
            if is_element(child) and child.tag == "summary":
                inner = next(iter(child.iter(*HEADING_TAGS)), None)
                level = heading_level(inner) if inner is not None else level
                self.add(BlockKind.HEADING, text_of(child), place, level=level)
                self.level = level
                tail = child.tail
                child.clear()
                child.tail = tail
        self.container(node, place)
        self.level = outer

    def paragraph(self, node: Element, place: _Place) -> None:
        if place.list_level == 0 and len(node) and is_pseudo_heading(node):
            self.pseudo_heading(text_of(node), place)
        elif " caption " in names_of(node):
            self.add(BlockKind.CAPTION, text_of(node), place)
        else:
            self.container(node, place)

    def pseudo_heading(self, text: str, place: _Place) -> None:
        # Level below 0 until it is known that text follows; see _tidy.
        level = -min(6, self.level + 1)
        self.blocks.append(Block(BlockKind.HEADING, text, level=level, callout=place.callout))

    # --- lists -------------------------------------------------------------------------------

    def items(self, node: Element, place: _Place) -> None:
        group = place.group
        if place.list_level == 0:
            self.last_group += 1
            group = self.last_group
        inside = replace(place, list_level=place.list_level + 1, group=group, depth=place.depth + 1)
        number = first_number(node)
        step = -1 if node.get("reversed") is not None else 1
        for child in node:
            if not is_element(child):
                continue
            if child.tag in ("ul", "ol"):
                self.items(child, replace(inside, list_level=place.list_level + 1))
            elif child.tag == "li" or child.get("role") == "listitem":
                value = child.get("value") or ""
                if value.isdecimal() and len(value) < 7:
                    number = int(value)
                marker = list_marker(number, node) if node.tag == "ol" else ""
                self.item(child, inside, marker)
                number += step
            elif child.tag not in SILENT_TAGS:
                self.block(child, inside)

    def item(self, node: Element, place: _Place, marker: str) -> None:
        """One list item: its paragraphs make one block; lists, tables and headings in it follow."""
        if any(True for _ in node.iter(*HEADING_TAGS, "table", "details", "figure")):
            # A list used for layout, or a step with a whole section in it.
            first = len(self.blocks)
            plain = replace(place, list_level=0, group=0)
            self.container(node, plain if starts_with_heading(node) else place)
            self.mark_first(first, marker)
            return
        first = len(self.blocks)
        parts: list[str] = []
        self.gather(node, parts, place, marker)
        self.flush_item(parts, place, marker if len(self.blocks) == first else "")

    def mark_first(self, first: int, marker: str) -> None:
        if not marker or first >= len(self.blocks):
            return
        block = self.blocks[first]
        if block.kind is BlockKind.LIST_ITEM and not block.marker:
            self.blocks[first] = replace(block, marker=marker)

    def gather(self, node: Element, parts: list[str], place: _Place, marker: str) -> None:
        """Collect an item's text into parts, writing the item out where a nested list starts."""
        parts.append(node.text or "")
        for child in node:
            if is_element(child) and child.tag not in SILENT_TAGS:
                if child.tag in ("ul", "ol", "dl"):
                    self.flush_item(parts, place, marker)
                    marker = ""
                    self.block(child, place)
                elif child.tag == "br":
                    parts.append(" ")
                elif child.tag in INLINE_TAGS and not has_block_child(child):
                    parts.append(inline_text(child).replace(BREAK, " "))
                elif place.depth < _MAX_DEPTH:
                    parts.append(" ")
                    self.gather(child, parts, place.deeper(), marker)
                    if not parts:
                        marker = ""
                    parts.append(" ")
            parts.append(child.tail or "")

    def flush_item(self, parts: list[str], place: _Place, marker: str) -> None:
        text = collapse("".join(parts))
        self.add(BlockKind.LIST_ITEM, text, place, level=place.list_level, marker=marker)
        parts.clear()

    def definitions(self, node: Element, place: _Place) -> None:
        """Terms with short texts are items that read alone (`Iron: about 27 mg a day`); terms
        with long or structured ones are headings over them.
        """
        pairs = definition_pairs(node)
        if any(is_long_definition(texts) for _, texts in pairs):
            outer = self.level
            for terms, texts in pairs:
                if terms:
                    title = " / ".join(text_of(term) for term in terms)
                    self.add(BlockKind.HEADING, title, place, level=min(6, outer + 1))
                    self.level = min(6, outer + 1)
                for text in texts:
                    self.container(text, place.deeper())
            self.level = outer
            return
        if place.list_level == 0:
            self.last_group += 1
            place = replace(place, group=self.last_group)
        for terms, texts in pairs:
            title = " / ".join(text_of(term) for term in terms).rstrip(":： ")
            said = " ".join(text_of(text) for text in texts).strip()
            line = f"{title}: {said}" if title and said else title or said
            self.add(BlockKind.LIST_ITEM, line, place, level=place.list_level + 1)

    # --- tables ------------------------------------------------------------------------------

    def table(self, node: Element, place: _Place) -> None:
        table = read_table(node)
        self.last_group += 1
        place = replace(place, group=self.last_group)
        for caption in table.captions:
            self.add(BlockKind.CAPTION, caption, place)
        for text, is_title in table.rows:
            self.add(BlockKind.CAPTION if is_title else BlockKind.TABLE_ROW, text, place)
        for text in table.notes:
            self.add(BlockKind.FOOTNOTE, text, replace(place, group=0), marker=lead_mark(text))


# --- the finished list ---------------------------------------------------------------------------


def _tidy(blocks: list[Block]) -> list[Block]:
    """Bold lines with nothing under them become paragraphs again; furniture sections go."""
    kept: list[Block] = []
    for index, block in enumerate(blocks):
        if block.level < 0:
            following = blocks[index + 1] if index + 1 < len(blocks) else None
            if following is None or following.kind is BlockKind.HEADING:
                kept.append(replace(block, kind=BlockKind.PARAGRAPH, level=0))
                continue
            block = replace(block, level=-block.level)
        kept.append(block)
    return _without_furniture(kept)


def _without_furniture(blocks: list[Block]) -> list[Block]:
    """Drop headings such as `Related content` and what stands under them, up to the next heading
    of their level or above.
    """
    kept: list[Block] = []
    dropping = 0
    for block in blocks:
        if block.kind is BlockKind.HEADING:
            if dropping and block.level <= dropping:
                dropping = 0
            if not dropping and is_furniture_heading(block.text):
                dropping = block.level
        if not dropping:
            kept.append(block)
    ends = [block.kind is BlockKind.HEADING for block in kept[-2:]]
    if ends == [False, True] and kept[-1].callout is CalloutKind.NONE:
        # What stood under the last heading was other pages.
        kept.pop()
    return kept
