"""How much text stands under every element of a page, and of which sort: one pass over the tree."""

from __future__ import annotations

from typing import NamedTuple

from lxml import etree

from stages.procure.markup import INLINE_TAGS, SILENT_TAGS, Element

# Shorter lines are labels, menu entries and buttons more often than sentences. A Han character
# says as much as two or three letters, but headlines of a list of news reach 25 in Chinese too.
_PROSE_CHARS = 25
_LONG_TEXTS = etree.XPath(
    f"descendant::text()[string-length() >= {_PROSE_CHARS} and not(ancestor::a)]",
    smart_strings=False,
)


class Size(NamedTuple):
    """Characters under an element, white space collapsed: all, those inside links, and those of
    running text (lines of some length outside links); links: how many links.
    """

    chars: int = 0
    linked: int = 0
    prose: int = 0
    links: int = 0

    @property
    def link_ratio(self) -> float:
        """Share of the characters that stand inside links, 0..1."""
        return self.linked / self.chars if self.chars else 0.0


Sizes = dict[Element, Size]
NOTHING = Size()


def measure(root: Element) -> Sizes:
    """The size of every element under root, root among them."""
    sizes: Sizes = {}
    _measure(root, sizes, False)
    return sizes


def prose_of(node: Element) -> int:
    """Characters of running text under one element, counted roughly, text by text: what a share
    of the page's text is reckoned with before it is worth measuring everything.
    """
    return sum(len(text) for text in map(str.strip, _LONG_TEXTS(node)) if len(text) >= _PROSE_CHARS)


def _chars(text: str | None) -> int:
    return len(" ".join(text.split())) if text else 0


def _measure(node: Element, sizes: Sizes, in_link: bool) -> tuple[int, int, int, int, int]:
    """chars, linked, prose, links, and the characters of the line that is still open at the end
    of an inline element: a sentence goes on behind its bold words.
    """
    # A number to call is no way to another page.
    is_link = node.tag == "a" and not (node.get("href") or "tel:").startswith("tel:")
    in_link = in_link or is_link
    links = int(is_link)
    chars = _chars(node.text)
    linked = prose = 0
    line = 0 if in_link else chars
    for child in node:
        tag = child.tag
        if isinstance(tag, str) and tag not in SILENT_TAGS:
            inner = _measure(child, sizes, in_link)
            chars += inner[0]
            linked += inner[1]
            prose += inner[2]
            links += inner[3]
            if tag in INLINE_TAGS:
                line += inner[4]
            else:
                prose += line if line >= _PROSE_CHARS else 0
                line = 0
        tail = _chars(child.tail)
        chars += tail
        if not in_link:
            line += tail
    if in_link:
        linked = chars
    if node.tag not in INLINE_TAGS:
        prose += line if line >= _PROSE_CHARS else 0
        line = 0
    sizes[node] = Size(chars, linked, prose, links)
    return chars, linked, prose, links, line
