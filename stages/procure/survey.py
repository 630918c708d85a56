"""One look at every element of a page, shared by all who look for a few of them.

Going through a page once costs as much as reading a hundred of its lines, and a dozen readers
want its links, dates, titles or hidden boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from lxml import etree

from stages.procure.markup import (
    INLINE_TAGS,
    NOISE_TAGS,
    Element,
    clean_texts,
    drop,
    is_attached,
    raw_text_of,
)

_WATCHED = frozenset(
    "class id style hidden aria-hidden role itemprop rel aria-controls data-target"
    " data-bs-target".split()
)
_HIDING = frozenset("style hidden aria-hidden".split())


# White space to Python, and nothing a tree takes back.
_BLANK_CONTROLS = "\x0b\x0c\x1c\x1d\x1e\x1f"


class Survey:
    """Elements by tag and by attribute, each in page order, and what could be hidden: elements
    with a name or style of their own, images with a description, comments.

    What is taken out of the tree later is no longer found.
    """

    def __init__(self, root: Element) -> None:
        self.root = root
        # With each, whether its own attributes ask for a look; else only a name could hide it.
        self.suspects: list[tuple[Element, bool]] = []
        # Values of these attributes, of elements taken out later too.
        self.classes: set[str] = set()
        self.ids: set[str] = set()
        # The page's text when its gaps were opened, hidden text included.
        self.text = ""
        self._by_tag: dict[object, list[Element]] = {}
        self._by_name: dict[str, list[Element]] = {}
        by_tag, by_name, suspects = self._by_tag, self._by_name, self.suspects
        for node in root.iter():
            tag = node.tag
            if tag in by_tag:
                by_tag[tag].append(node)
            else:
                by_tag[tag] = [node]
            names = node.keys()
            if not names:
                if tag is etree.Comment:
                    suspects.append((node, True))
                continue
            is_named, is_suspect = False, tag == "img"
            for name in names:
                if name in _WATCHED:
                    by_name.setdefault(name, []).append(node)
                    if name in _HIDING:
                        is_suspect = True
                    elif name == "class":
                        is_named = True
                        self.classes.add(node.get(name))
                    elif name == "id":
                        is_named = True
                        self.ids.add(node.get(name))
            if is_suspect or is_named:
                suspects.append((node, is_suspect))

    def tagged(self, *tags: str) -> Iterator[Element]:
        """Elements of the tags that still stand in the tree, tag by tag."""
        return self._standing(node for tag in tags for node in self._by_tag.get(tag, ()))

    def ever_tagged(self, tag: str) -> list[Element]:
        """Elements of a tag, those taken out too: asking whether each still stands takes long."""
        return self._by_tag.get(tag, [])

    def named(self, name: str) -> Iterator[Element]:
        """Elements with an attribute (one of the few watched) that still stand in the tree."""
        return self._standing(self._by_name.get(name, ()))

    def values(self, name: str) -> list[str]:
        """The attribute's values, of elements taken out too."""
        return [node.get(name) for node in self._by_name.get(name, ())]

    @cached_property
    def in_page_links(self) -> list[Element]:
        """Links to a place in the page itself, those taken out too."""
        return [
            node
            for node in self._by_tag.get("a", ())
            if (href := node.get("href")) and href[0] == "#"
        ]

    def _standing(self, nodes: Iterable[Element]) -> Iterator[Element]:
        root = self.root
        return (node for node in nodes if is_attached(node, root))

    def open_gaps(self) -> int:
        """Prepare the tree for `text_of`: what no reader sees goes, and a space opens and closes
        every block and line break, so that the words of two blocks never run together.

        Returns the number of characters of the page's text, white space not counted.
        """
        for tag in NOISE_TAGS:
            for node in self._by_tag.pop(tag, ()):
                drop(node)
        self.text = raw_text_of(self.root)
        letters = "".join(self.text.split())
        if not letters.isprintable() or any(sign in self.text for sign in _BLANK_CONTROLS):
            clean_texts(self.root)
        for kind, nodes in self._by_tag.items():
            if kind in INLINE_TAGS or not isinstance(kind, str):
                continue
            for node in nodes:
                text = node.text
                if not text:
                    node.text = " "
                elif not text[0].isspace():
                    node.text = f" {text}"
                tail = node.tail
                if not tail:
                    node.tail = " "
                elif not tail[0].isspace():
                    node.tail = f" {tail}"
        return len(letters)
