"""What surrounds a guide on its page: menus, banners, share rows, related links, comments.

An element goes when its tag, role or name says what it is. Names are compared word by word
(`share-bar`, `shareBar`, never `shared`), and an element that holds most of the page's text stays
whatever it is called.
"""

from __future__ import annotations

import re

from stages.procure.markup import (
    SILENT_TAGS,
    Element,
    drop,
    is_element,
    link_ratio,
    names_of,
    text_of,
    words_of,
)

_DROP_TAGS = frozenset(("nav", "dialog", "menu", "button", "form", "label", "fieldset", "footer"))
_DROP_ROLES = frozenset(
    "navigation banner contentinfo search dialog alertdialog menu menubar toolbar tablist"
    " complementary form".split()
)
# Single words that name furniture wherever they stand in a class or id.
_WORDS = frozenset(
    "nav navbar navigation navi topnav subnav sidenav sidebar breadcrumb breadcrumbs crumb crumbs"
    " cookie cookies consent gdpr ckbar share sharing sharebar sharedaddy addthis addtoany social"
    " sns related relatedposts recommended recommendation recommendations newsletter subscribe"
    " subscription signup mailinglist comment comments commentlist respond disqus pinglun footer"
    " colophon masthead topbar skip skiplink pager pagination paging paginator toc promo promos"
    " promotion sponsor sponsored advert adverts advertisement advertising adsense ads adslot adbox"
    " adv poll ratings feedback helpful survey login signin megamenu popup modal"
    " overlay lightbox toolbar byline postmeta printlink noprint copyright license licence"
    " qrcode qr"
    " outbrain taboola trending breadcrumbtrail mbx dibu daohang xgyd xiangguan fenxiang tuijian"
    " sitemap languageswitcher hreflang reviewdate".split()
)
# Word groups: each alone is too common a name for a guide's own boxes.
_GROUPS = (
    " read next ", " up next ", " next article ", " prev next ", " post navigation ",
    " more from ", " more in ", " you may ", " also like ", " also read ", " read more list ",
    " author bio ", " author box ", " about author ", " entry meta ", " entry footer ",
    " post meta ", " article meta ", " meta line ", " node meta ", " node links ", " art info ",
    " art act ", " art xg ", " art pl ", " tag list ", " tags links ", " cat links ",
    " review date ", " last updated ", " last reviewed ", " page tools ", " print only ",
    " widget area ", " widget newsletter ", " widget search ", " recent posts ", " recent entries ",
    " site header ", " site title ", " site description ", " site info ", " site branding ",
    " off canvas menu ", " mega menu ", " main menu ", " top menu ", " menu bar ",
    " back to top ", " on this page ", " table of contents ", " contents list ", " hot list ",
    " rank list ", " web part ", " mail list ", " call to action ", " cta ", " social row ",
    " byline row ", " right rail ", " rail ", " ad slot ", " ad box ", " google ad ", " banner ad ",
    " ad container ", " email signup ", " user panel ", " skip link ",
)  # fmt: skip
# Whole names, too short or too common to be read word by word.
_WHOLE_NAMES = frozenset(
    "foot ft footer top topbar head hd mast trail nav menu tool tools ad ads adv rgt rightcol"
    " banner login bottom copyright hot links friendlink zan disc".split()
)
_LEFT_TO_READ = frozenset(("html", "body", "main", "article", "head"))
# Furniture is small. A wrapper with more than this share of the page's running text is no
# furniture, whatever it is called (`<div class="page-with-sidebar">`); what its tag or a comment
# form makes nearly certain may hold more.
_MOST_RATIO = 0.3
_MOST_OF_CERTAIN_RATIO = 0.7
_TITLED_RATIO = 0.05
_PROSE_CHARS = 25
_COMMENT_NAMES = re.compile(r" (?:comments?|respond|disqus|pinglun|commentlist) ")
# Boxes an `aside` may be when it belongs to the guide.
_BOX_NAMES = re.compile(
    r" (?:call ?out|alert|warning|danger|caution|important|tip|tips|note|hint|info|inset|key"
    r"|box(?:out)?|fact|facts|remember|emergency) "
)


def prune(root: Element) -> None:
    """Take the furniture out of the tree, in place."""
    prose = prose_of(root)
    total = prose.get(root, 0)
    # In document order, so a menu goes whole before its parts are looked at.
    for node in list(root.iter()):
        if not is_element(node):
            continue
        if node.tag in SILENT_TAGS or node.tag == "button":
            _drop_silent(node)
        elif (
            node.getparent() is not None
            and _is_furniture(node)
            and not _holds_guide(node, prose.get(node, 0) / total if total else 0.0)
        ):
            drop(node)


def prose_of(root: Element) -> dict[Element, int]:
    """Characters of running text under every element: lines of some length outside links."""
    weights: dict[Element, int] = {}
    for node in root.iter():
        if not is_element(node) or node.tag in SILENT_TAGS or node.tag == "a":
            continue
        lines = [node.text or "", *(child.tail or "" for child in node)]
        size = sum(len(line) for line in map(str.strip, lines) if len(line) >= _PROSE_CHARS)
        current = node if size else None
        while current is not None:
            weights[current] = weights.get(current, 0) + size
            current = current.getparent()
    return weights


def _holds_guide(node: Element, share: float) -> bool:
    """Named like furniture, but the page's title or most of its text is in it."""
    if any(True for _ in node.iter("main")):
        return True
    has_title = any(True for _ in node.iter("h1"))
    if node.tag in _DROP_TAGS:
        has_title = has_title or any(True for _ in node.iter("article"))
        return has_title and share > _MOST_OF_CERTAIN_RATIO
    return (has_title and share > _TITLED_RATIO) or share > _most_ratio(node)


def _most_ratio(node: Element) -> float:
    """Share of the page's running text up to which an element may be furniture."""
    if node.tag in _DROP_TAGS or _COMMENT_NAMES.search(names_of(node)):
        return _MOST_OF_CERTAIN_RATIO
    return _MOST_RATIO


def _drop_silent(node: Element) -> None:
    # head, title, base and meta are read by metadata before; here they are only in the way.
    if node.getparent() is not None:
        drop(node)


def _is_furniture(node: Element) -> bool:
    tag = node.tag
    if tag in _LEFT_TO_READ:
        return False
    role = (node.get("role") or "").lower()
    if tag in _DROP_TAGS and not (tag == "form" and _wraps_page(node)):
        return True
    if tag == "header":
        return _is_site_header(node)
    names = names_of(node)
    if tag == "aside" or role == "complementary":
        return not _is_content_box(node, names)
    if role in _DROP_ROLES:
        return True
    if tag in ("h1", "h2", "h3", "p", "li", "td", "th", "tr", "tbody", "table", "dt", "dd"):
        # One line of a guide may be called anything; only wrappers are judged by a single word.
        return any(group in names for group in _GROUPS) and len(text_of(node)) < 200
    if not _WORDS.isdisjoint(_single_words(node)):
        return True
    return any(group in names for group in _GROUPS)


def _single_words(node: Element) -> set[str]:
    """Words of the element's names; a long id is the slug of a section (`work-related-stress`)."""
    words = set((node.get("class") or "").lower().split()) & _WHOLE_NAMES
    identity = node.get("id") or ""
    if identity.lower() in _WHOLE_NAMES or words:
        return {"nav"}
    names = words_of(names_of(node))
    if len(words_of(identity)) > 2:
        names = words_of(f"{node.get('class') or ''} {node.get('data-testid') or ''}")
    return set(names)


def _wraps_page(node: Element) -> bool:
    """Some servers wrap the whole page in one form."""
    return len(text_of(node)) > 1500


def _is_site_header(node: Element) -> bool:
    """A header of an article keeps the guide's title and summary; a site's holds links."""
    parent = node.getparent()
    while parent is not None:
        if parent.tag in ("article", "main", "section"):
            return False
        parent = parent.getparent()
    return not any(True for _ in node.iter("h1")) or link_ratio(node) > 0.5


def _is_content_box(node: Element, names: str) -> bool:
    if node.get("role") in ("note", "alert"):
        return True
    inside = any(
        parent.tag in ("article", "main") or parent.get("role") == "main"
        for parent in node.iterancestors()
    )
    if not inside or not _WORDS.isdisjoint(_single_words(node)):
        return False
    if any(True for _ in node.iter("form", "input", "button")):
        return False
    ratio = link_ratio(node)
    if _BOX_NAMES.search(names):
        return ratio < 0.5
    return ratio < 0.2 and len(text_of(node)) > 60
