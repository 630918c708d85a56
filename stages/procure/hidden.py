"""Text a reader of the page cannot see: found, taken out of the tree, kept as evidence.

Only the page's own markup and `<style>` sheets are read; nothing is fetched. A panel that the
page itself offers to open (`aria-controls`, an in-page link, `<details>`) is not hidden text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree

from stages.procure.markup import (
    INLINE_TAGS,
    NOISE_TAGS,
    Element,
    collapse,
    drop,
    squeeze,
    text_of,
)
from stages.procure.sheets import Sheet, Style, can_hide, is_reader_only, read_sheets
from stages.procure.survey import Survey

_MAX_EVIDENCE = 200
_MAX_EVIDENCE_CHARS = 500
_MAX_RAW_CHARS = 5000
_LENGTH = re.compile(r"^(-?\d{0,6}\.?\d{0,4})(px|em|rem|pt|%|vw|vh|ch|in|cm)?$")
_RGB = re.compile(
    r"^rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})(?:[\s,/]+([\d.]{1,6}%?))?\s*\)$"
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
    sheet = read_sheets(survey)
    most = _MOST_RATIO * survey.open_gaps()
    opened = _opened_ids(survey)
    names = _hiding_names(survey, sheet)
    for node, is_suspect in survey.suspects:
        if not is_suspect and (not names or names.isdisjoint((node.get("class"), node.get("id")))):
            continue
        tag = node.tag
        if tag is etree.Comment:
            if not _is_noise(node):
                found.append(node.text or "")
                drop(node)
            continue
        if tag == "img" and len(alt := collapse(node.get("alt") or "")) > 1 and not _is_noise(node):
            found.append(alt)
        if tag in _NEVER_HIDDEN or node.getparent() is None or not _may_hide(node, names):
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


def _hiding_names(survey: Survey, sheet: Sheet) -> frozenset[str]:
    """Values of the page's class and id attributes that could hide what bears them."""
    names = {value for value in survey.classes if value and sheet.may_hide(value, None)}
    names.update(value for value in survey.ids if value and sheet.may_hide(None, value))
    return frozenset(names)


def _may_hide(node: Element, names: frozenset[str]) -> bool:
    """Something in an element's own attributes could hide it: most elements stop here."""
    get = node.get
    if get("hidden") is not None or get("aria-hidden"):
        return True
    if names and not names.isdisjoint((get("class"), get("id"))):
        return True
    style = get("style")
    return bool(style) and can_hide(style)


def _evidence(texts: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for text in texts:
        line = collapse(text[:_MAX_RAW_CHARS])[:_MAX_EVIDENCE_CHARS]
        if line and line not in seen:
            seen.add(line)
            yield line
        if len(seen) >= _MAX_EVIDENCE:
            return


# --- the verdict on one element ------------------------------------------------------------------


def _opened_ids(survey: Survey) -> frozenset[str]:
    """Ids of panels some control of the page opens."""
    ids: set[str] = set()
    for name in ("aria-controls", "data-target", "data-bs-target"):
        for value in survey.values(name):
            ids.update(value.replace("#", " ").split())
    ids.update(link.get("href")[1:] for link in survey.in_page_links)
    return frozenset(ids)


def _is_hidden(node: Element, sheet: Sheet, opened: frozenset[str]) -> bool:
    style = sheet.style_of(node)
    if node.get("id") not in opened and node.get("role") != "tabpanel":
        if node.get("hidden") is not None and node.get("hidden") != "until-found":
            return True
        if node.get("aria-hidden", "").lower() == "true":
            return True
        if style.get("display") == "none" or style.get("visibility") in ("hidden", "collapse"):
            return True
    if is_reader_only(node.get("class") or "") or is_reader_only(node.get("id") or ""):
        return True
    if not style:
        return False
    return _is_out_of_sight(style) or _is_unreadable(node, style, sheet)


def _pixels(value: str) -> float | None:
    if not value:
        return None
    match = _LENGTH.match(value.strip())
    if match is None or match.group(1) in ("", "-", "."):
        return None
    number = float(match.group(1))
    return number * (_EM_PX if match.group(2) in ("em", "rem", "ch") else 1.0)


def _is_out_of_sight(style: Style) -> bool:
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


def _is_unreadable(node: Element, style: Style, sheet: Sheet) -> bool:
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


def _paper(node: Element, style: Style, sheet: Sheet) -> tuple[int, int, int] | None:
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
