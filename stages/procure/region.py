"""Where the guide is on its page: trafilatura votes, the tree decides.

trafilatura finds the main text of very different pages well, but loses lists, tables, headings
and boxes on the way (FACTS, "procure"). So its text is only used to mark elements: those that
hold text it kept are the guide's, and what stands between them is too unless it is furniture.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from stages.procure.furniture import is_furniture_heading, is_furniture_line, is_link_heading
from stages.procure.markup import (
    HEADING_TAGS,
    INLINE_TAGS,
    Element,
    Finder,
    is_element,
    link_ratio,
    squeeze,
    text_of,
)
from stages.procure.prune import prose_of
from stages.procure.readings import starts_with_heading
from stages.procure.tables import is_layout

# The root is the smallest element with this share of the text trafilatura kept: it may keep a
# stray line elsewhere. Chosen on shared sample site and corpus/extraction, see tests/procure.
_ROOT_RATIO = 0.9
_LINKY_RATIO = 0.5
_BOX_RATIO = 0.3
_SHORT_REGION_CHARS = 1500
_WIDEN_RATIO = 0.5
_WIDEN_LINK_RATIO = 0.3
_MIN_CHUNK_CHARS = 12


def find_region(root: Element) -> tuple[Element, float]:
    """The smallest element that holds the guide, and the share of its characters in links.

    root: a pruned tree; furniture that still stands in the element is taken out of it, after the
    share was measured: a landing page is known by it. Falls back to the semantic main element,
    then to the whole tree, when trafilatura finds nothing.
    """
    weights = _weigh(root, _kept_text(root))
    total = weights.get(root, 0)
    if total == 0:
        region = _semantic_main(root)
        return region, link_ratio(region)
    region = _widen(_smallest(root, weights, total), root)
    ratio = link_ratio(region)
    if len(text_of(region)) < _SHORT_REGION_CHARS:
        # A landing page: one sentence of welcome, and boxes of links beside it.
        ratio = max(ratio, link_ratio(_semantic_main(root)))
    _drop_strangers(region, weights)
    return region, ratio


def _kept_text(root: Element) -> str:
    # Imported here: half a second and 30 MB that only extraction needs.
    import trafilatura

    markup = etree.tostring(root, encoding="unicode", method="html")
    body: Any = trafilatura.bare_extraction(
        markup, fast=True, include_comments=False, include_tables=True, with_metadata=False
    )
    if body is None or body.text is None:
        return ""
    return squeeze(body.text)


def _own_text(node: Element) -> str:
    """Text of an element outside its block children: what it says itself."""
    parts = [node.text or ""]
    for child in node:
        if is_element(child) and child.tag in INLINE_TAGS:
            parts.append(_own_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _weigh(root: Element, kept: str) -> dict[Element, int]:
    """Characters of kept text under every element."""
    weights: dict[Element, int] = {}
    if not kept:
        return weights
    finder = Finder(kept)
    for node in root.iter():
        if not is_element(node) or node.tag in INLINE_TAGS:
            continue
        text = squeeze(_own_text(node))
        if len(text) < _MIN_CHUNK_CHARS or not finder.holds(text):
            continue
        current = node
        while current is not None:
            weights[current] = weights.get(current, 0) + len(text)
            if current is root:
                break
            current = current.getparent()
    return weights


def _smallest(root: Element, weights: dict[Element, int], total: int) -> Element:
    current = root
    while True:
        heavy = [child for child in current if weights.get(child, 0) >= _ROOT_RATIO * total]
        if not heavy or heavy[0].tag in ("p", "table", "ul", "ol", "tbody", "tr"):
            return current
        current = heavy[0]


def _widen(region: Element, root: Element) -> Element:
    """Climb while the boxes beside the region hold running text like its own: trafilatura keeps
    one field of pages that are put together from several.
    """
    prose = prose_of(root)
    current = region
    for parent in region.iterancestors():
        if parent.tag in ("body", "html") or parent.getparent() is None:
            break
        inside, around = prose.get(region, 0), prose.get(parent, 0)
        if around - inside >= _WIDEN_RATIO * inside and link_ratio(parent) < _WIDEN_LINK_RATIO:
            current = parent
    return current


def _semantic_main(root: Element) -> Element:
    for path in (".//main", ".//*[@role='main']", ".//article", ".//body"):
        found = root.findall(path)
        if len(found) == 1 and text_of(found[0]):
            return found[0]
    return root


def _drop_strangers(region: Element, weights: dict[Element, int]) -> None:
    """Take out boxes (at any depth) that are not the guide's: link lists without any kept text,
    and boxes that a heading such as `You may also like` opens.
    """
    most = _BOX_RATIO * weights.get(region, 0)
    for child in list(region):
        if not is_element(child) or child.getparent() is None:
            continue
        if child.tag in HEADING_TAGS:
            if is_link_heading(text_of(child)):
                _drop_link_section(child)
            continue
        weight = weights.get(child, 0)
        if weight == 0:
            is_stranger = _is_stranger(child) and not _is_led_in(child, weights)
        else:
            is_stranger = weight < most and _is_wrapper(child) and _opens_as_furniture(child)
        if is_stranger:
            _remove(child)
        elif weight and _is_wrapper(child):
            _drop_strangers(child, weights)


def _is_led_in(node: Element, weights: dict[Element, int]) -> bool:
    """A list of links right under a paragraph of the guide is what that paragraph announces."""
    before = node.getprevious()
    return (
        node.tag in ("ul", "ol", "dl")
        and before is not None
        and before.tag == "p"
        and weights.get(before, 0) > 0
    )


def _opens_as_furniture(node: Element) -> bool:
    """A box under a heading such as `Comments`, or `Related guides` with mostly links in it."""
    first = next(iter(node.iter(*HEADING_TAGS)), None)
    if first is None or not starts_with_heading(node):
        return False
    title = text_of(first)
    if is_furniture_heading(title):
        return True
    total = len(squeeze(text_of(node)))
    under = total - len(squeeze(title))
    return is_link_heading(title) and link_ratio(node) * total >= _LINKY_RATIO * under


def _drop_link_section(heading: Element) -> None:
    """Take out a heading such as `Related guides` with the links that follow it."""
    section: list[Element] = []
    following = heading.getnext()
    while following is not None and following.tag not in HEADING_TAGS:
        if is_element(following):
            section.append(following)
        following = following.getnext()
    total = sum(len(text_of(node)) for node in section)
    linked = sum(len(text_of(node)) * link_ratio(node) for node in section)
    if linked > _LINKY_RATIO * total or not total:
        for node in (heading, *section):
            _remove(node)


def _remove(node: Element) -> None:
    """Take an element out; text behind it stays where it is."""
    if (node.tail or "").strip():
        _empty(node)
    else:
        node.getparent().remove(node)


def _is_wrapper(node: Element) -> bool:
    if node.tag == "table":
        return is_layout(node)
    return node.tag not in INLINE_TAGS and node.tag not in ("p", "ul", "ol", "dl")


def _empty(node: Element) -> None:
    tail = node.tail
    node.clear()
    node.tail = tail


def _is_stranger(node: Element) -> bool:
    text = text_of(node)
    if not text or node.tag in INLINE_TAGS or node.tag in ("br", "hr"):
        return False
    if is_furniture_line(text) or is_furniture_heading(text) or _opens_as_furniture(node):
        return True
    return link_ratio(node) > _LINKY_RATIO
