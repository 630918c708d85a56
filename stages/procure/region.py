"""Where the guide is on its page: the element that holds nearly all running text, less the boxes
in it that are furniture.
"""

from __future__ import annotations

from itertools import islice, pairwise

from lxml import etree

from stages.procure.callouts import callout_of
from stages.procure.furniture import (
    calls_for_help,
    holds_phone,
    is_furniture_heading,
    is_furniture_line,
    is_link_heading,
    is_own_link_heading,
    is_sign_up,
    is_transcript_heading,
)
from stages.procure.markup import (
    HEADING_TAGS,
    INLINE_TAGS,
    Element,
    is_element,
    link_ratio,
    text_of,
)
from stages.procure.measure import NOTHING, Size, Sizes, measure
from stages.procure.readings import starts_with_heading
from stages.procure.tables import is_layout
from stages.procure.vote import narrow
from stages.types import CalloutKind

# The figures below were chosen on the shared sample site and corpus/extraction, and looked at
# again on pages that took no part in that (see tests/procure/test_procure_corpus.py).
#
# The region is the smallest element with this share of the running text of the page's main part:
# a stray line may stand elsewhere. .85 did as well, .95 let boxes of other pages in. Where a page
# names no main part, notices at its foot and boxes beside the text are reckoned in.
_ROOT_RATIO = 0.9
_PAGE_ROOT_RATIO = 0.85
_PAGE_TAGS = frozenset(("body", "html"))
# What a page may call its main part, and the least share of its running text that must be in it:
# one of several articles is no main part, while `main` is told from long menus and banners.
_MAIN_RATIOS = (
    (".//main", 0.5),
    (".//*[@role='main']", 0.5),
    (".//article", 0.7),
    (".//body", 0.0),
)
# More of a box in links than this makes it a list of links; a paragraph must be one link.
_LINKY_RATIO = 0.5
_WHOLE_RATIO = 0.95
# A link longer than this on the mean is no label but says something by itself.
_LABEL_CHARS = 100
# A box with more of the running text than this is no furniture, whatever opens it.
_BOX_RATIO = 0.3
_SHORT_REGION_CHARS = 1500
_LINE_CHARS = 320
_HEADING_CHARS = 90
_SIGN_UP_CHARS = 500
# Least titles that lead to other pages in a listing.
_LISTING_TITLES = 4
_LEAD_CHARS = 60
_LEAD_LINK_RATIO = 0.3
# Boxes in a row that make teasers, and the most one says beside its link.
_LEAST_TEASERS = 3
_TEASER_CHARS = 200
_LINE_TAGS = frozenset(("p", "ul", "ol", "dl", "table"))
_MAX_SIBLINGS = 40
_RUNNING_TAGS = frozenset(("p", "table", "ul", "ol", "tbody", "tr"))
_WARNINGS = frozenset((CalloutKind.WARNING, CalloutKind.WHEN_TO_CALL))


def find_region(root: Element) -> tuple[Element, float]:
    """The smallest element that holds the guide, and the share of its characters in links.

    root: a pruned tree; furniture that still stands in the element is taken out of it, after the
    share was measured: a landing page is known by it.
    """
    sizes = measure(root)
    main = _semantic_main(root, sizes)
    if _is_listing(main, sizes):
        ratio = sizes[main].link_ratio
        _Sweep(sizes, main, keeps_links=True).sweep(main)
        return main, ratio
    region = _smallest(main, sizes)
    core = narrow(region, sizes)
    if core is not region:
        region = _with_lead(core, region, sizes)
    elif main.tag not in _PAGE_TAGS:
        region = _with_lead(region, main, sizes)
    ratio = sizes[region].link_ratio
    if sizes[region].chars < _SHORT_REGION_CHARS:
        # A landing page: one sentence of welcome, and boxes of links beside it.
        ratio = max(ratio, sizes[main].link_ratio)
    _Sweep(sizes, region).sweep(region)
    return region, ratio


def _semantic_main(root: Element, sizes: Sizes) -> Element:
    """What the page itself calls its main part, unless most of its running text is elsewhere."""
    for path, ratio in _MAIN_RATIOS:
        found = root.findall(path)
        if len(found) == 1:
            size = sizes.get(found[0], NOTHING)
            if size.chars and size.prose >= ratio * sizes[root].prose:
                return found[0]
    return root


def _is_listing(main: Element, sizes: Sizes) -> bool:
    """A page of titles that lead to other pages: those titles are what it has to say."""
    size = sizes[main]
    if size.link_ratio < _LINKY_RATIO or size.linked < size.prose:
        return False
    headings = [node for node in main.iter(*HEADING_TAGS) if sizes.get(node, NOTHING).chars]
    leading = [node for node in headings if sizes[node].link_ratio > _LINKY_RATIO or _in_link(node)]
    return len(leading) >= _LISTING_TITLES and 2 * len(leading) > len(headings)


def _in_link(node: Element) -> bool:
    return next(node.iterancestors("a"), None) is not None


def _smallest(start: Element, sizes: Sizes) -> Element:
    """Climbs down to the element with nearly all running text under it."""
    current = start
    ratio = _ROOT_RATIO if start.tag not in _PAGE_TAGS else _PAGE_ROOT_RATIO
    least = ratio * sizes[start].prose
    while least:
        heavy = next((child for child in current if sizes.get(child, NOTHING).prose >= least), None)
        if heavy is None or heavy.tag in _RUNNING_TAGS:
            return current
        current = heavy
    return start


def _with_lead(core: Element, main: Element, sizes: Sizes) -> Element:
    """The element that holds the guide's lead and its warnings, too: `At a glance` often stands in
    a box of its own between the title and the rest, `When to call` in one behind it. Everything
    else beside the core is taken out of that element.
    """
    path = [core, *core.iterancestors()]
    path = path[: path.index(main) + 1]
    kept: set[Element] = set(path)
    region = core
    has_title = False
    for inner, parent in pairwise(path):
        # Nothing of the guide stands before its title.
        has_title = has_title or next(inner.iter("h1"), None) is not None
        leads = [] if has_title else inner.itersiblings(preceding=True)
        beside = [node for node in leads if _is_lead(node, sizes)]
        beside += [node for node in inner.itersiblings() if _is_warning(node, sizes)]
        if beside:
            kept.update(beside)
            region = parent
    for parent in path[1 : path.index(region) + 1]:
        for node in list(parent):
            if node not in kept and is_element(node):
                _remove(node)
    return region


def _is_warning(node: Element, sizes: Sizes) -> bool:
    return sizes.get(node, NOTHING).prose > 0 and _warns(node)


def _is_lead(node: Element, sizes: Sizes) -> bool:
    size = sizes.get(node, NOTHING)
    return size.prose >= _LEAD_CHARS and size.link_ratio < _LEAD_LINK_RATIO


class _Sweep:
    """Takes boxes (at any depth) that are not the guide's out of its region: link lists, teasers
    of other pages, and boxes that a heading such as `You may also like` opens.
    """

    def __init__(self, sizes: Sizes, region: Element, *, keeps_links: bool = False) -> None:
        self.sizes = sizes
        self.keeps_links = keeps_links
        self.most = _BOX_RATIO * sizes[region].prose

    def sweep(self, region: Element) -> None:
        children = [child for child in region if is_element(child)]
        texts = [at for at, child in enumerate(children) if self.sizes.get(child, NOTHING).prose]
        first, last = (texts[0], texts[-1]) if texts else (len(children), -1)
        for at, child in enumerate(children):
            size = self.sizes.get(child, NOTHING)
            if not size.chars or child.getparent() is None:
                continue
            is_below = at > first
            if child.tag in HEADING_TAGS or self.is_wrapped_heading(child, size):
                self.drop_section(child, is_below)
                continue
            if self.is_stranger(child, size, is_below, at < last) and not _warns(child):
                before = child.getprevious()
                _remove(child)
                _remove_bare_heading(before)
            elif size.prose and _is_wrapper(child) and callout_of(child) not in _WARNINGS:
                self.sweep(child)

    def is_wrapped_heading(self, node: Element, size: Size) -> bool:
        """Page builders put every heading into boxes of its own."""
        if size.chars > _HEADING_CHARS or node.tag in INLINE_TAGS:
            return False
        heading = next(node.iter(*HEADING_TAGS), None)
        return heading is not None and self.sizes.get(heading, NOTHING).chars == size.chars

    def is_stranger(self, node: Element, size: Size, is_below: bool, is_above: bool) -> bool:
        """is_below, is_above: running text of the same box stands before and behind the node."""
        if not size.prose:
            if is_below and self.stands_in_text(node, is_above):
                return False
            return self.is_furniture(node, size)
        if size.prose >= self.most or not _is_wrapper(node):
            return False
        return (
            self.opens_as_furniture(node, size)
            or self.is_teasers(node)
            or (size.chars <= _SIGN_UP_CHARS and is_sign_up(text_of(node)))
        )

    def is_furniture(self, node: Element, size: Size) -> bool:
        """A box without running text that is links, or a line such as a date."""
        if node.tag in INLINE_TAGS or node.tag in ("br", "hr"):
            return False
        # A line with words beside its link says something (`Signs of depression include:`).
        most = _LINKY_RATIO if node.tag != "p" else _WHOLE_RATIO
        is_labels = size.linked < _LABEL_CHARS * size.links
        if size.link_ratio > most and is_labels and not self.keeps_links:
            return True
        if self.opens_as_furniture(node, size):
            return True
        if size.chars > _LINE_CHARS:
            return False
        text = text_of(node)
        return is_furniture_line(text) or is_furniture_heading(text)

    def stands_in_text(self, node: Element, is_above: bool) -> bool:
        """Links the author put below running text (whom to turn to, what to read): a list or a
        table, or a section with a heading like those that hold the text. Menus stand first, other
        pages of the site under a heading that says so.
        """
        is_page = node.getparent().tag in _PAGE_TAGS
        if node.tag in ("ul", "ol", "dl") or _has_headers(node):
            before = node.getprevious()
            return is_above or not is_page or (before is not None and before.tag == "p")
        if is_page or not starts_with_heading(node) or not self.is_like_others(node):
            return False
        opening = _opening(node)
        title = text_of(opening) if opening is not None else ""
        return is_own_link_heading(title) or not (title and is_furniture_line(title))

    def is_like_others(self, node: Element) -> bool:
        """A box before it with the same name holds running text."""
        name = node.get("class")
        if not name and node.tag != "section":
            return False
        return any(
            other.tag == node.tag and other.get("class") == name and self.sizes[other].prose
            for other in islice(node.itersiblings(preceding=True), _MAX_SIBLINGS)
            if is_element(other)
        )

    def is_teasers(self, node: Element) -> bool:
        """Boxes in a row, each a link with a few words: other pages of the site. A list of links
        with what they are good for is the guide's own.
        """
        if self.keeps_links:
            return False
        boxes = [child for child in node if self.sizes.get(child, NOTHING).chars]
        boxes = [box for box in boxes if box.tag not in HEADING_TAGS]
        return len(boxes) >= _LEAST_TEASERS and all(self.is_teaser(box) for box in boxes)

    def is_teaser(self, node: Element) -> bool:
        size = self.sizes[node]
        if node.tag not in ("div", "article", "section", "a") or not size.links:
            return False
        if size.chars - size.linked > _TEASER_CHARS:
            return False
        first = next((inner for inner in node.iter() if (inner.text or "").strip()), node)
        link = first if first.tag == "a" else next(first.iterancestors("a"), None)
        return link is not None and not (link.get("href") or "#").startswith("#")

    def opens_as_furniture(self, node: Element, size: Size) -> bool:
        """A box under a heading such as `Comments`, or `Related guides` with mostly links in it."""
        first = _opening(node)
        title = text_of(first) if first is not None else ""
        if not title or len(title) > _HEADING_CHARS:
            return False
        if is_furniture_heading(title) or is_transcript_heading(title):
            return True
        under = size.chars - self.sizes.get(first, NOTHING).chars
        return is_link_heading(title) and (
            size.linked >= _LINKY_RATIO * under or self.is_teasers(node)
        )

    def drop_section(self, heading: Element, is_below: bool) -> None:
        """Take out a heading such as `Related guides` with the links that follow it."""
        title = text_of(heading)
        if heading.tag == "h1" or not is_link_heading(title):
            return
        section: list[Element] = []
        for node in heading.itersiblings():
            if node.tag in HEADING_TAGS or (section and starts_with_heading(node)):
                break
            if is_element(node):
                section.append(node)
        if is_below and is_own_link_heading(title) and all(n.tag in _LINE_TAGS for n in section):
            return
        total = sum(self.sizes.get(node, NOTHING).chars for node in section)
        linked = sum(self.sizes.get(node, NOTHING).linked for node in section)
        if linked >= _LINKY_RATIO * total or self.holds_teasers(section):
            for node in (heading, *section):
                if not _warns(node):
                    _remove(node)

    def holds_teasers(self, section: list[Element]) -> bool:
        return any(
            self.is_teasers(inner) for node in section for inner in node.iter("div", "section")
        )


def _opening(node: Element) -> Element | None:
    """The element with the first words under a node: its heading, its summary or its first line."""
    for inner in node.iter():
        if is_element(inner) and (inner.text or "").strip():
            while inner is not node and (
                inner.tag in INLINE_TAGS or inner.getparent().tag in HEADING_TAGS
            ):
                inner = inner.getparent()
            return None if inner is node else inner
    return None


def _remove(node: Element) -> None:
    """Take an element out; text behind it stays where it is."""
    if (node.tail or "").strip():
        tail = node.tail
        node.clear()
        node.tail = tail
    else:
        node.getparent().remove(node)


def _warns(node: Element) -> bool:
    """A box that warns, says when to call for help or whom."""
    if callout_of(node) in _WARNINGS:
        return True
    text = text_of(node)
    if calls_for_help(text) and link_ratio(node) < _LINKY_RATIO:
        return True
    return len(text) <= _LINE_CHARS and holds_phone(text)


def _remove_bare_heading(node: Element | None) -> None:
    """Take out a heading when the list of links that stood under it has gone."""
    if node is None or node.tag not in HEADING_TAGS or node.tag == "h1":
        return
    following = next(node.itersiblings(etree.Element), None)
    if not (node.tail or "").strip() and (following is None or following.tag in HEADING_TAGS):
        _remove(node)


def _has_headers(node: Element) -> bool:
    return node.tag == "table" and next(node.iter("th", "thead", "caption"), None) is not None


def _is_wrapper(node: Element) -> bool:
    if node.tag == "table":
        return is_layout(node)
    return node.tag not in INLINE_TAGS and node.tag not in ("p", "ul", "ol", "dl")
