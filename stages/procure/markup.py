"""Small helpers over a parsed page that the other readers of this folder share."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lxml import etree

# lxml ships no types; every function that takes an element takes one of these.
Element = Any

# Control characters, zero-width and bidirectional marks: no reader sees them, checks would.
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_CONTROLS = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

INLINE_TAGS = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q rp rt ruby"
    " s samp small span strike strong sub sup time tt u var wbr nobr".split()
)
HEADING_TAGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
# Never text for a reader, whatever the page's style says.
SILENT_TAGS = frozenset(
    "script style noscript template iframe object embed svg math canvas audio video map head"
    " input select textarea option datalist meter progress source track link meta title base"
    " applet frame frameset noframes area param".split()
)


# Of these, what is dropped before anything is read (the head's elements are read first).
NOISE_TAGS = tuple(
    sorted(SILENT_TAGS - frozenset("head link meta title base map area track source".split()))
)
_NEAR_CHARS = 4000
_MAX_NAME_CHARS = 500
_STRING = etree.XPath("string()", smart_strings=False)


def collapse(text: str) -> str:
    """White space of any kind to one space, invisible characters removed, ends stripped."""
    line = " ".join(text.split())
    # Every invisible character is unprintable, so most lines are done here.
    return line if line.isprintable() else " ".join(_INVISIBLE.sub("", line).split())


def squeeze(text: str) -> str:
    """Letters for comparison: no white space at all, case folded."""
    line = "".join(text.split())
    return (line if line.isprintable() else _INVISIBLE.sub("", line)).casefold()


def parse_html(text: str) -> Element | None:
    """The page's root element, or None when there is no markup in it at all.

    libxml2 stops at 256 nested elements, so everything that walks the tree may recurse.
    """
    data = text.encode("utf-8", "replace").strip()
    if not data:
        return None
    # Plain elements: lxml.html looks up a Python class for every element it touches.
    parser = etree.HTMLParser(encoding="utf-8", remove_pis=True, collect_ids=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        # Nothing but comments or declarations.
        return None
    if root is None or not isinstance(root.tag, str):
        return None
    _mend_head(root)
    return root


_HEAD_TAGS = frozenset("title meta link base style script noscript template".split())


def _mend_head(root: Element) -> None:
    """libxml2 leaves `<main>` and other new elements in the head when a page names no body."""
    head = root.find("head") if root.tag == "html" else None
    if head is None:
        return
    strays = [node for node in head if is_element(node)]
    while strays and strays[0].tag in _HEAD_TAGS:
        strays.pop(0)
    if not strays:
        return
    body = root.find("body")
    if body is None:
        body = etree.Element("body")
        root.append(body)
    for place, node in enumerate(strays):
        body.insert(place, node)


def is_element(node: Element) -> bool:
    """False for comments and processing instructions."""
    return isinstance(node.tag, str)


def _storable(text: str) -> str:
    """lxml reads control characters out of a page (`&#7;`) but refuses to write them back."""
    return _CONTROLS.sub("", text)


def clean_texts(root: Element) -> None:
    """Invisible characters out of every text, so that all of them can be written back."""
    for node in root.iter():
        if node.text and not node.text.isprintable():
            node.text = _storable(_INVISIBLE.sub("", node.text))
        if node.tail and not node.tail.isprintable():
            node.tail = _storable(_INVISIBLE.sub("", node.tail))


def text_of(node: Element) -> str:
    """The collapsed text under a node of a tree whose gaps are open (`Survey.open_gaps`)."""
    return collapse(_STRING(node))


def raw_text_of(node: Element) -> str:
    """The text under a node with its white space as it stands: much cheaper on a whole page."""
    return str(_STRING(node))


def names_of(node: Element) -> str:
    """class, id and test id of an element as one string of lower-case words with spaces around.

    `storyBody alert-box2` -> ` story body alert box 2 `.
    """
    get = node.get
    raw = f"{get('class') or ''} {get('id') or ''} {get('data-testid') or ''}"
    return _spaced_words(raw[:_MAX_NAME_CHARS]) if raw != "  " else "  "


@lru_cache(maxsize=4096)
def _spaced_words(raw: str) -> str:
    return f" {' '.join(words_of(raw))} "


def words_of(name: str) -> tuple[str, ...]:
    """The words of a class or id, lower case, split at dashes, underscores and camel case."""
    return _words(name[:_MAX_NAME_CHARS])


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORDS.findall(name))


def is_attached(node: Element, root: Element) -> bool:
    """The node has not been taken out of the root's tree, alone or with what it stood in."""
    while node is not None:
        if node is root:
            return True
        node = node.getparent()
    return False


def drop(node: Element) -> None:
    """Take an element out of its tree and keep the text behind it."""
    parent = node.getparent()
    if parent is None:
        return
    tail = node.tail
    if tail:
        previous = node.getprevious()
        before = (parent.text if previous is None else previous.tail) or ""
        # One space behind another would make dropping many neighbours quadratic.
        if not (tail.isspace() and before[-1:].isspace()):
            if previous is None:
                parent.text = _storable(f"{before}{tail}")
            else:
                previous.tail = _storable(f"{before}{tail}")
    parent.remove(node)


def link_ratio(node: Element) -> float:
    """Share of the characters under a node that stand inside links, 0..1."""
    total = len(squeeze(text_of(node)))
    if not total:
        return 0.0
    linked = sum(len(squeeze(text_of(link))) for link in node.iter("a") if link.get("href"))
    return min(1.0, linked / total)


def has_block_child(node: Element) -> bool:
    """True when an inline element wraps block elements (`<a><div>...`)."""
    return any(
        is_element(inner)
        and inner.tag not in INLINE_TAGS
        and inner.tag not in SILENT_TAGS
        and inner.tag not in ("br", "img", "picture", "button")
        for inner in node.iterdescendants()
    )


class Finder:
    """Looks pieces up in a long text, most of which come in its own order.

    Looking near the last find first keeps a page of 60,000 rows linear; pieces that are not
    there cost a look through everything, so those are limited in sum.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._budget_chars = 200_000_000

    def holds(self, piece: str) -> bool:
        """True when the piece stands in the text; False, too, once the budget is spent."""
        found = self._text.find(piece, self._at, self._at + _NEAR_CHARS + len(piece))
        if found < 0 and self._budget_chars > 0:
            self._budget_chars -= len(self._text)
            found = self._text.find(piece)
        if found >= 0:
            self._at = found
        return found >= 0
