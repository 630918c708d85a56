"""What surrounds a guide on its page: menus, banners, share rows, related links, comments.

An element goes when its tag, role or name says what it is. Names are compared word by word
(`share-bar`, `shareBar`, never `shared`), and an element that holds most of the page's text stays
whatever it is called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from stages.procure.furniture import calls_for_help
from stages.procure.markup import (
    HEADING_TAGS,
    SILENT_TAGS,
    Element,
    drop,
    link_ratio,
    raw_text_of,
    text_of,
    words_of,
)
from stages.procure.measure import NOTHING, Sizes, measure, prose_of

_DROP_TAGS = frozenset(("nav", "dialog", "menu", "button", "form", "label", "fieldset", "footer"))
_DROP_ROLES = frozenset(
    "navigation banner contentinfo search dialog alertdialog menu menubar toolbar"
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
    " outbrain taboola trending playlist"
    " breadcrumbtrail mbx dibu daohang xgyd xiangguan fenxiang tuijian"
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
_GROUP = re.compile("|".join(map(re.escape, _GROUPS)))
_LINE_TAGS = frozenset("h1 h2 h3 p li td th tr tbody table dt dd".split())
_LEFT_TO_READ = frozenset(("html", "body", "main", "article", "head"))
# Furniture is small. A wrapper with more than this share of the page's running text is no
# furniture, whatever it is called (`<div class="page-with-sidebar">`); what its tag or a comment
# form makes nearly certain may hold more.
_MOST_RATIO = 0.3
_MOST_OF_CERTAIN_RATIO = 0.7
_TITLED_RATIO = 0.05
_LINKY_RATIO = 0.5
_FEW_LINKS_RATIO = 0.2
_BOX_CHARS = 60
_LINE_CHARS = 200
# Some servers wrap the whole page in one form.
_PAGE_CHARS = 1500
_HELP_CHARS = 5000
# Shares reckoned one by one before the whole page is measured.
_LOOKS = 20
# Cut before they are kept in mind: hostile pages have names of megabytes.
_MAX_NAME_CHARS = 500
_COMMENT_NAMES = re.compile(r" (?:comments?|respond|disqus|pinglun|commentlist) ")
# Boxes an `aside` may be when it belongs to the guide.
_BOX_NAMES = re.compile(
    r" (?:call ?out|alert|warning|danger|caution|important|tip|tips|note|hint|info|inset|key"
    r"|box(?:out)?|fact|facts|remember|emergency) "
)


def prune(root: Element) -> None:
    """Take the furniture out of the tree, in place."""
    _Shears(root).cut(root)


class _Shears:
    """Goes through the tree in document order; a menu goes whole, its parts are not looked at."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.prose = prose_of(root)
        self.looks = _LOOKS
        self.sizes: Sizes = {}

    def cut(self, node: Element) -> None:
        for child in list(node):
            tag = child.tag
            if not isinstance(tag, str):
                continue
            if tag in SILENT_TAGS:
                # head, title, base and meta are read by metadata before; here they are in the way.
                drop(child)
            elif tag == "button":
                self.cut_button(child)
            elif child.get("role") == "button" and self.opens_panel(child):
                child.tag = "h3"
            elif self.is_furniture(child) and not self.holds_guide(child):
                drop(child)
            elif len(child):
                self.cut(child)

    def cut_button(self, node: Element) -> None:
        """Buttons are controls, but the heading of a panel that opens often is one, too."""
        if any(True for _ in node.iter(*HEADING_TAGS)):
            node.tag = "div"
        elif any(True for _ in node.iterancestors(*HEADING_TAGS)):
            node.tag = "span"
        elif self.opens_panel(node):
            node.tag = "h3"
        else:
            drop(node)

    def opens_panel(self, node: Element) -> bool:
        panel = node.get("aria-controls")
        behind = (node.getnext(), node.getparent().getnext())
        return bool(panel) and any(
            target is not None
            and target.get("id") == panel
            and bool(text_of(target))
            and link_ratio(target) < _LINKY_RATIO
            for target in behind
        )

    def holds_guide(self, node: Element) -> bool:
        """Named like furniture, but the title, most of the text or a call for help is in it."""
        if any(True for _ in node.iter("main")):
            return True
        raw = raw_text_of(node)
        if node.tag not in _DROP_TAGS and len(raw) < _HELP_CHARS and self.is_help(node):
            return True
        if len(raw) < _TITLED_RATIO * self.prose:
            return False
        share = self.share_of(node)
        has_title = any(True for _ in node.iter("h1"))
        if node.tag in _DROP_TAGS:
            has_title = has_title or any(True for _ in node.iter("article"))
            return has_title and share > _MOST_OF_CERTAIN_RATIO
        most = _MOST_OF_CERTAIN_RATIO if _names(node).is_comments else _MOST_RATIO
        return (has_title and share > _TITLED_RATIO) or share > most

    def share_of(self, node: Element) -> float:
        """Share of the page's running text in an element."""
        if not self.prose:
            return 0.0
        if self.looks:
            self.looks -= 1
            return prose_of(node) / self.prose
        # So many are boxes in boxes: going through each would take time squared.
        if not self.sizes:
            self.sizes = measure(self.root)
        return self.sizes.get(node, NOTHING).prose / self.prose

    def is_help(self, node: Element) -> bool:
        """A box on when to get help, in words and not in links."""
        if not calls_for_help(text_of(node)):
            return False
        return prose_of(node) > 0 and link_ratio(node) < _LINKY_RATIO

    def is_furniture(self, node: Element) -> bool:
        tag = node.tag
        if tag in _LEFT_TO_READ:
            return False
        if tag in _DROP_TAGS and not (tag == "form" and len(raw_text_of(node)) > _PAGE_CHARS):
            return True
        if tag == "header":
            return self.is_site_header(node)
        role = (node.get("role") or "").lower()
        if tag == "aside" or role == "complementary":
            return not self.is_content_box(node)
        if role in _DROP_ROLES or (role == "tablist" and not prose_of(node)):
            return True
        names = _names(node)
        if tag in _LINE_TAGS:
            # One line of a guide may be called anything; only wrappers are judged by a word.
            return names.has_group and len(text_of(node)) < _LINE_CHARS
        return names.has_word or names.has_group

    def is_site_header(self, node: Element) -> bool:
        """A header of an article keeps the guide's title and summary; a site's holds links."""
        if any(True for _ in node.iterancestors("article", "main", "section")):
            return False
        return not any(True for _ in node.iter("h1")) or link_ratio(node) > _LINKY_RATIO

    def is_content_box(self, node: Element) -> bool:
        if node.get("role") in ("note", "alert"):
            return True
        inside = any(
            parent.tag in ("article", "main") or parent.get("role") == "main"
            for parent in node.iterancestors()
        )
        names = _names(node)
        if not inside or names.has_word or any(True for _ in node.iter("form", "input", "button")):
            return False
        ratio = link_ratio(node)
        if names.is_box:
            return ratio < _LINKY_RATIO
        return ratio < _FEW_LINKS_RATIO and len(text_of(node)) > _BOX_CHARS


@dataclass(frozen=True, slots=True)
class _Names:
    """What an element's class, id and test id say it is."""

    has_word: bool = False
    has_group: bool = False
    is_comments: bool = False
    is_box: bool = False


_NAMELESS = _Names()


def _names(node: Element) -> _Names:
    get = node.get
    classes, identity, test_id = get("class"), get("id"), get("data-testid")
    if not (classes or identity or test_id):
        return _NAMELESS
    return _read_names(
        (classes or "")[:_MAX_NAME_CHARS],
        (identity or "")[:_MAX_NAME_CHARS],
        (test_id or "")[:_MAX_NAME_CHARS],
    )


@lru_cache(maxsize=8192)
def _read_names(classes: str, identity: str, test_id: str) -> _Names:
    words = words_of(f"{classes} {identity} {test_id}")
    line = f" {' '.join(words)} "
    # A long id is the slug of a section (`work-related-stress`).
    single = words_of(f"{classes} {test_id}") if len(words_of(identity)) > 2 else words
    is_whole = identity.lower() in _WHOLE_NAMES or not _WHOLE_NAMES.isdisjoint(
        classes.lower().split()
    )
    return _Names(
        has_word=is_whole or not _WORDS.isdisjoint(single),
        has_group=_GROUP.search(line) is not None,
        is_comments=_COMMENT_NAMES.search(line) is not None,
        is_box=_BOX_NAMES.search(line) is not None,
    )
