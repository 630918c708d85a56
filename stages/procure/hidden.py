"""Text a reader of the page cannot see: found, taken out of the tree, kept as evidence.

Only the page's own markup and `<style>` sheets are read; nothing is fetched. A panel that the
page itself offers to open (`aria-controls`, an in-page link, `<details>`) is not hidden text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType

from lxml import etree

from stages.procure.markup import (
    INLINE_TAGS,
    NOISE_TAGS,
    Element,
    collapse,
    drop,
    squeeze,
    text_of,
    words_of,
)
from stages.procure.survey import Survey

_MAX_EVIDENCE = 200
_MAX_EVIDENCE_CHARS = 500
_MAX_RULES = 4000
_MAX_COMPOUNDS = 6
_MAX_LOOKS = 300_000
_MAX_STYLE_CHARS = 3000
_MAX_SHEET_CHARS = 300_000
_CSS_COMMENT = re.compile(r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/")
_BRACE = re.compile(r"[{}]")
# Properties that can hide text or colour it like its ground.
_SHOWS = re.compile(
    r"display|visibility|opacity|position|indent|font-size|color|background|clip|height|width"
    r"|overflow|left|right|top|bottom",
    re.IGNORECASE,
)
_SIMPLE_SELECTOR = re.compile(r"^([a-z][a-z0-9]*)?((?:[.#][\w-]+){0,3})$", re.IGNORECASE)
_SELECTOR_PART = re.compile(r"[.#][\w-]+")
_LENGTH = re.compile(r"^(-?\d{0,6}\.?\d{0,4})(px|em|rem|pt|%|vw|vh|ch|in|cm)?$")
_RGB = re.compile(
    r"^rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]{1,6}%?))?\s*\)$"
)
# Names that style sheets we do not fetch use for text meant for screen readers only.
_READER_ONLY = (
    " sr only ",
    " visually hidden ",
    " visuallyhidden ",
    " screen reader text ",
    " screen reader only ",
    " screenreader ",
    " element invisible ",
    " a11y hidden ",
    " vh ",
)
_MOST_RATIO = 0.4
_NEVER_HIDDEN = frozenset(("html", "body", "main", "head", "link", "meta", "title", "base"))
_OFF_SCREEN_PX = -900.0
_TINY_PX = 2.0
_EM_PX = 16.0


def remove_hidden(root: Element, survey: Survey | None = None) -> tuple[str, ...]:
    """Take every hidden text out of the tree and return what was taken, in page order.

    survey: of the untouched tree, made here when there is none; its gaps are opened on the way.
    Image descriptions and HTML comments are returned too: models may read them, readers do not.
    """
    survey = survey or Survey(root)
    found: list[str] = []
    sheet = _read_sheets(survey)
    most = _MOST_RATIO * survey.open_gaps()
    opened = _opened_ids(survey)
    for node in survey.suspects:
        tag = node.tag
        if tag is etree.Comment:
            if not _is_noise(node):
                found.append(node.text or "")
                drop(node)
            continue
        if tag == "img" and len(alt := collapse(node.get("alt") or "")) > 1 and not _is_noise(node):
            found.append(alt)
        if tag in _NEVER_HIDDEN or node.getparent() is None or not _may_hide(node, sheet):
            continue
        if _is_hidden(node, sheet, opened) and not _is_noise(node):
            text = text_of(node)
            # A page that hides most of itself shows it by script; hidden text is small.
            if len(squeeze(text)) <= most:
                found.append(text)
                drop(node)
    return tuple(_evidence(found))


def _is_noise(node: Element) -> bool:
    """The node went with a script, a form field or the like that holds it."""
    while (parent := node.getparent()) is not None:
        node = parent
    return node.tag in NOISE_TAGS


def _may_hide(node: Element, sheet: _Sheet) -> bool:
    """Something in an element's own attributes could hide it: most elements stop here."""
    name, identity = node.get("class"), node.get("id")
    if (name or identity) and sheet.may_hide(name, identity):
        return True
    return bool(node.get("style") or node.get("hidden") is not None or node.get("aria-hidden"))


def _is_reader_only(name: str | None, identity: str | None) -> bool:
    raw = f"{name or ''} {identity or ''}"[:_MAX_STYLE_CHARS]
    low = raw.lower()
    # Hardly any class or id holds these letters.
    if not ("hidden" in low or "sr" in low or "reader" in low or "invisible" in low or "vh" in low):
        return False
    names = f" {' '.join(words_of(raw))} "
    return any(known in names for known in _READER_ONLY)


def _evidence(texts: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for text in texts:
        line = collapse(text)[:_MAX_EVIDENCE_CHARS]
        if line and line not in seen:
            seen.add(line)
            yield line
        if len(seen) >= _MAX_EVIDENCE:
            return


# --- the page's own style sheets -----------------------------------------------------------------

_Style = dict[str, str]


_Compound = tuple[str, frozenset[str]]
# Number, compounds from the last to the first, declarations as written.
_Rule = tuple[int, tuple[_Compound, ...], str]


class _Sheet:
    """Declarations by selector. Compounds of tag, class and id are understood, and descendant or
    child combinators between them (`.card p.lead`); rules with anything else are passed over.
    """

    def __init__(self, used: frozenset[str]) -> None:
        # Classes and ids of the page, as selectors write them: rules for others are not kept.
        self._used = used
        # Under one class or id of the selector's last compound; numbered, because later rules win.
        self._rules: dict[str, list[_Rule]] = {}
        self._verdicts: dict[tuple[str | None, str | None], bool] = {}
        self._budget = _MAX_LOOKS
        self._rough: dict[tuple[str, str | None, str | None], _Style] = {}
        self._near: dict[tuple[str | None, str | None], list[_Rule]] = {}
        self.size = 0
        self.is_complete = True

    @property
    def is_full(self) -> bool:
        return self.size >= _MAX_RULES

    def add(self, selector: str, declared: str) -> None:
        parts = selector.replace(">", " ").split()[:_MAX_COMPOUNDS]
        if not parts or not self._used.issuperset(_SELECTOR_PART.findall(parts[-1])):
            return
        compounds = []
        for part in reversed(parts):
            match = _SIMPLE_SELECTOR.match(part)
            if match is None:
                return
            names = frozenset(_SELECTOR_PART.findall(match.group(2)))
            compounds.append(((match.group(1) or "").lower(), names))
        if compounds[0][1] and not self.is_full:
            self.size += 1
            rule = (self.size, tuple(compounds), declared)
            self._rules.setdefault(min(compounds[0][1]), []).append(rule)

    def may_hide(self, name: str | None, identity: str | None) -> bool:
        """An element of this class and id may be hidden: a rule's last compound fits it, or it is
        named as meant for screen readers.
        """
        verdict = self._verdicts.get((name, identity))
        if verdict is None:
            verdict = bool(self._rules and self._rules_for(name, identity))
            verdict = verdict or _is_reader_only(name, identity)
            self._verdicts[name, identity] = verdict
        return verdict

    def _rules_for(self, name: str | None, identity: str | None) -> list[_Rule]:
        key = (name, identity)
        near = self._near.get(key)
        if near is None:
            if not self._rules:
                return []
            own = _selectable(name, identity)
            near = [
                rule for part in own for rule in self._rules.get(part, ()) if rule[1][0][1] <= own
            ]
            near.sort(key=itemgetter(0))
            self._near[key] = near
        return near

    def style_of(self, node: Element) -> _Style:
        style: _Style = {}
        if self._rules:
            name, identity = node.get("class"), node.get("id")
            if name or identity:
                style.update(self._ruled(node, name, identity))
        if node.get("style"):
            style.update(_declarations(node.get("style")[:_MAX_STYLE_CHARS]))
        return style

    def _ruled(self, node: Element, name: str | None, identity: str | None) -> _Style:
        rules = self._rules_for(name, identity)
        if self._budget > 0:
            self._budget -= len(rules)
            return _merged(
                declared
                for _, compounds, declared in rules
                if compounds[0][0] in ("", node.tag) and self._fits_above(node, compounds[1:])
            )
        # A page with too many rules: what they stand under is no longer asked, so more is taken
        # for hidden, never less.
        key = (node.tag, name, identity)
        if key not in self._rough:
            self._rough[key] = _merged(
                declared for _, compounds, declared in rules if compounds[0][0] in ("", node.tag)
            )
        return self._rough[key]

    def _fits_above(self, node: Element, compounds: tuple[_Compound, ...]) -> bool:
        """Every compound matches some ancestor, nearest first."""
        if not compounds:
            return True
        wanted = list(compounds)
        for ancestor in node.iterancestors():
            self._budget -= 1
            if _fits(ancestor, wanted[0]):
                wanted.pop(0)
                if not wanted:
                    return True
        return False


def _merged(rules: Iterable[str]) -> _Style:
    style: _Style = {}
    for declared in rules:
        style.update(_declarations(declared))
    return style


def _selectable(name: str | None, identity: str | None) -> frozenset[str]:
    """Its class names and id, as selectors write them."""
    return _selectors((name or "")[:_MAX_STYLE_CHARS], (identity or "")[:_MAX_STYLE_CHARS])


@lru_cache(maxsize=1024)
def _selectors(name: str, identity: str) -> frozenset[str]:
    own = {f".{part}" for part in name.split()}
    own.add(f"#{identity}")
    return frozenset(own)


def _fits(node: Element, compound: _Compound) -> bool:
    return compound[0] in ("", node.tag) and compound[1] <= _selectable(
        node.get("class"), node.get("id")
    )


@lru_cache(maxsize=512)
def _declarations(text: str) -> Mapping[str, str]:
    style: _Style = {}
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        if colon:
            style[name.strip().lower()] = value.lower().replace("!important", "").strip()
    return MappingProxyType(style)


def _read_sheets(survey: Survey) -> _Sheet:
    sheets = [
        _without_print(_CSS_COMMENT.sub("", (node.text or "")[:_MAX_SHEET_CHARS]))
        for node in survey.tagged("style")
        if (node.get("media") or "all").strip().lower() != "print"
    ]
    sheet = _Sheet(_used_names(survey) if sheets else frozenset())
    sheet.is_complete = not any(
        "stylesheet" in (link.get("rel") or "").lower() for link in survey.tagged("link")
    )
    for css in sheets:
        for rule in css.split("}"):
            if sheet.is_full:
                break
            # Behind the last brace: what stands inside @supports is found all the same.
            selectors, brace, declared = rule.rpartition("{")
            if brace and _SHOWS.search(declared):
                for selector in selectors.rpartition("{")[2].rpartition(";")[2].split(","):
                    sheet.add(selector, declared[:_MAX_STYLE_CHARS])
    return sheet


def _used_names(survey: Survey) -> frozenset[str]:
    used = {f".{name}" for value in set(survey.values("class")) for name in value.split()}
    used.update(f"#{value}" for value in survey.values("id"))
    return frozenset(used)


def _without_print(css: str) -> str:
    """The sheet without its @media blocks: what holds on some screens only hides nothing."""
    kept: list[str] = []
    position = 0
    while (start := css.find("@media", position)) >= 0:
        kept.append(css[position:start])
        position = len(css)
        depth = 0
        for brace in _BRACE.finditer(css, start):
            depth += 1 if brace.group() == "{" else -1
            if depth <= 0:
                position = brace.end()
                break
    return "".join([*kept, css[position:]])


# --- the verdict on one element ------------------------------------------------------------------


def _opened_ids(survey: Survey) -> frozenset[str]:
    """Ids of panels some control of the page opens."""
    ids: set[str] = set()
    for name in ("aria-controls", "data-target", "data-bs-target"):
        for value in survey.values(name):
            ids.update(value.replace("#", " ").split())
    ids.update(link.get("href")[1:] for link in survey.in_page_links)
    return frozenset(ids)


def _is_hidden(node: Element, sheet: _Sheet, opened: frozenset[str]) -> bool:
    style = sheet.style_of(node)
    if node.get("id") not in opened and node.get("role") != "tabpanel":
        if node.get("hidden") is not None and node.get("hidden") != "until-found":
            return True
        if node.get("aria-hidden", "").lower() == "true":
            return True
        if style.get("display") == "none" or style.get("visibility") in ("hidden", "collapse"):
            return True
    if _is_reader_only(node.get("class"), node.get("id")):
        return True
    if not style:
        return False
    return _is_out_of_sight(style) or _is_unreadable(node, style, sheet)


def _pixels(value: str) -> float | None:
    match = _LENGTH.match(value.strip())
    if match is None or match.group(1) in ("", "-", "."):
        return None
    number = float(match.group(1))
    return number * (_EM_PX if match.group(2) in ("em", "rem", "ch") else 1.0)


def _is_out_of_sight(style: _Style) -> bool:
    if style.get("position") in ("absolute", "fixed"):
        edges = (_pixels(style.get(name, "")) for name in ("left", "top", "right", "bottom"))
        if any(edge is not None and edge <= _OFF_SCREEN_PX for edge in edges):
            return True
        if "rect(" in style.get("clip", "") or "inset(50%" in style.get("clip-path", ""):
            return True
    indent = _pixels(style.get("text-indent", ""))
    if indent is not None and indent <= _OFF_SCREEN_PX:
        return True
    if style.get("overflow") == "hidden":
        sizes = [_pixels(style.get(name, "")) for name in ("width", "height", "max-height")]
        return any(size is not None and size <= 1 for size in sizes)
    return False


def _is_unreadable(node: Element, style: _Style, sheet: _Sheet) -> bool:
    size = _pixels(style.get("font-size", ""))
    if (
        size is not None
        and size <= _TINY_PX
        and not style.get("font-size", "").endswith(("em", "%", "rem"))
    ):
        return True
    if size == 0:
        return True
    opacity = style.get("opacity", "")
    if opacity in ("0", "0.0", ".0", "0%"):
        return True
    ink = _colour(style.get("color", ""))
    return ink is not None and ink == _paper(node, style, sheet)


def _paper(node: Element, style: _Style, sheet: _Sheet) -> tuple[int, int, int] | None:
    """The background a node is painted on; white when no one up to the body says otherwise.

    None (nothing equals it) when a background is an image, a gradient or a variable, or when a
    sheet we do not have may paint it: unless the words stand inside a line of other text, whose
    ink shows that the line is not painted for white letters.
    """
    current, own = node, style
    while True:
        value = own.get("background-color") or own.get("background") or ""
        if value and value not in ("none", "transparent", "inherit", "initial"):
            return _colour(value)
        if current.get("bgcolor"):
            return _colour(current.get("bgcolor"))
        current = current.getparent()
        if current is None:
            break
        own = sheet.style_of(current)
    if sheet.is_complete or _stands_in_other_text(node):
        return (255, 255, 255)
    return None


def _stands_in_other_text(node: Element) -> bool:
    parent = node.getparent()
    if node.tag not in INLINE_TAGS or parent is None:
        return False
    around = (parent.text or "") + "".join(child.tail or "" for child in parent)
    return len(collapse(around)) > len(text_of(node)) // 2


_NAMED = {"white": (255, 255, 255), "black": (0, 0, 0), "snow": (255, 250, 250)}


def _colour(value: str) -> tuple[int, int, int] | None:
    """(red, green, blue) of a CSS colour; transparent ink counts as white; None if unknown."""
    text = value.strip().lower()
    if text == "transparent":
        return (255, 255, 255)
    if text in _NAMED:
        return _NAMED[text]
    if text.startswith("#"):
        digits = text[1:]
        if len(digits) in (3, 4):
            digits = "".join(digit * 2 for digit in digits[:3])
        if len(digits) in (6, 8) and all(digit in "0123456789abcdef" for digit in digits):
            return (int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16))
        return None
    if match := _RGB.match(text):
        if match.group(4) in ("0", "0.0", "0%"):
            return (255, 255, 255)
        return (int(match.group(1)), int(match.group(2)), int(match.group(3)))
    return None
