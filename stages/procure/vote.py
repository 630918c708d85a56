"""A second opinion on where a guide is, asked where our own choice is in doubt.

trafilatura tells the text of a page from the boxes around it well, but loses lists, tables and
warnings on the way (FACTS, "procure"). So its text only says which box of our region is meant.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from stages.procure.markup import INLINE_TAGS, Element, Finder, is_element, squeeze
from stages.procure.measure import NOTHING, Sizes
from stages.procure.readings import own_text

# In doubt is a region of boxes one of which holds this share of its running text, most but not
# all: teasers, notices and comments beside an article look like that, and so does a guide's lead.
_DOUBT_RATIOS = (0.6, 0.95)
# Where more of the text than this stands in no box, the region is the text's own.
_OPEN_RATIO = 0.5
# Below, there is nothing to choose; above, the page is a list of links.
_LEAST_CHARS = 500
_LINKY_RATIO = 0.2
# Costs a second, and no guide is that long.
_MOST_CHARS = 300_000
# The box must hold this share of the text trafilatura keeps, and of all running text there is:
# it may trim the region, never turn it over (it keeps a tenth of some pages of services).
_KEPT_RATIO = 0.95
_LEAST_RATIO = 0.6
_MIN_CHUNK_CHARS = 12
_TEXT_TAGS = frozenset(("p", "ul", "ol", "dl", "table", "tbody", "tr"))


def narrow(region: Element, sizes: Sizes) -> Element:
    """The box of the region that trafilatura finds its text in; the region itself where there is
    no doubt or trafilatura sees no reason to leave anything out.

    Measured when written: 22 pages of news .942 -> .960 F1, 4 guides of clinics and blogs .960 ->
    .965, 52 pages of many kinds .952 as before; asked on 9 of 77 pages, 2 of them guides.
    """
    if not _is_doubtful(region, sizes):
        return region
    weights = _weigh(region, _kept_text(region))
    current = region
    while least := _KEPT_RATIO * weights.get(region, 0):
        heavy = next((child for child in current if weights.get(child, 0) >= least), None)
        if heavy is None or heavy.tag in _TEXT_TAGS or _loses(current, heavy, sizes):
            break
        current = heavy
    return current if sizes[current].prose >= _LEAST_RATIO * sizes[region].prose else region


def _loses(parent: Element, kept: Element, sizes: Sizes) -> bool:
    """What trafilatura would leave out here holds a list or a table that is no menu: such it loses
    in guides, too.
    """
    return any(
        sizes.get(node, NOTHING).link_ratio < _LINKY_RATIO
        for node in parent
        if node is not kept and is_element(node)
        for _ in node.iter("li", "td", "dd", "summary")
    )


def _is_doubtful(region: Element, sizes: Sizes) -> bool:
    size = sizes[region]
    if size.prose < _LEAST_CHARS or size.chars > _MOST_CHARS or size.link_ratio > _LINKY_RATIO:
        return False
    boxes = [node for node in region if sizes.get(node, NOTHING).prose]
    running = sum(sizes[node].prose for node in boxes if node.tag in _TEXT_TAGS)
    boxes = [node for node in boxes if node.tag not in _TEXT_TAGS]
    if not boxes or running >= _OPEN_RATIO * size.prose:
        return False
    boxes.sort(key=lambda node: sizes[node].prose, reverse=True)
    low, high = (ratio * size.prose for ratio in _DOUBT_RATIOS)
    return low <= sizes[boxes[0]].prose < high and not _are_sections(boxes[:2])


def _are_sections(boxes: list[Element]) -> bool:
    """Boxes of one name are parts of one text."""
    kinds = {(node.tag, node.get("class")) for node in boxes}
    tag, name = kinds.pop()
    return len(boxes) > 1 and not kinds and (tag == "section" or bool(name))


def _kept_text(region: Element) -> str:
    # Imported here: half a second and 30 MB, for few pages.
    import trafilatura

    markup = etree.tostring(region, encoding="unicode", method="html", with_tail=False)
    body: Any = trafilatura.bare_extraction(
        markup, fast=True, include_comments=False, include_tables=True, with_metadata=False
    )
    return squeeze(body.text) if body is not None and body.text else ""


def _weigh(region: Element, kept: str) -> dict[Element, int]:
    """Characters of kept text under every element of the region."""
    weights: dict[Element, int] = {}
    finder = Finder(kept)
    for node in region.iter():
        if not kept or not is_element(node) or node.tag in INLINE_TAGS:
            continue
        text = squeeze(own_text(node))
        if len(text) < _MIN_CHUNK_CHARS or not finder.holds(text):
            continue
        current = node
        while current is not None:
            weights[current] = weights.get(current, 0) + len(text)
            current = None if current is region else current.getparent()
    return weights
