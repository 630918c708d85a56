"""Small signs in running text, settled before anything reads it: footnote marks go, exponents stay.

A mark read as text turns `24 weeks` with note 9 into `24 weeks9`, and `10` to the power of 5
into `105`.
"""

from __future__ import annotations

import re

from stages.procure.markup import Element, drop, text_of

_NOTE = re.compile(r"^[\[(]?(?:\d{1,3}(?:\s?[,;–-]\s?\d{1,3}){0,8}|[*†‡§]{1,3}|[a-z])[\])]?$")
_UNIT_BEFORE = re.compile(r"(?:^|[\s\d/·(])(?:[kcdm]?m|ft|in|yd|s|kg|g|l)$", re.IGNORECASE)
_BACK_SIGNS = frozenset(("", "↩", "↩︎", "↵", "^", "↑", "#", "¶", "§", "🔗", "⤴"))
_POWERS = {"2": "²", "3": "³"}


def settle_marks(root: Element) -> None:
    """Take footnote marks, their back links and heading anchors out of the tree, in place."""
    for node in list(root.iter("sup", "a")):
        if node.getparent() is None:
            continue
        if node.tag == "sup":
            _settle_sup(node)
        elif _is_sign(node):
            drop(node)


def _is_sign(node: Element) -> bool:
    if (node.get("role") or "").lower() in ("doc-noteref", "doc-backlink"):
        return True
    if not (node.get("href") or "").startswith("#"):
        return False
    return text_of(node) in _BACK_SIGNS and not any(True for _ in node.iter("img"))


def _settle_sup(node: Element) -> None:
    text = text_of(node)
    link = next(iter(node.iter("a")), None)
    if link is not None and (link.get("href") or "").startswith("#"):
        drop(node)
        return
    if not _NOTE.match(text):
        return
    before = _before(node)
    if text in _POWERS and _UNIT_BEFORE.search(before):
        _replace(node, _POWERS[text])
    elif before[-1:].isdecimal() and text.isdecimal():
        _replace(node, f"^{text}")
    elif before.strip():
        drop(node)


def _before(node: Element) -> str:
    """The text right before an element, in its own line."""
    previous = node.getprevious()
    if previous is None:
        return str(node.getparent().text or "")
    return str(previous.tail or "") or text_of(previous)


def _replace(node: Element, text: str) -> None:
    for child in list(node):
        node.remove(child)
    node.text = text
