"""The licence line of a page: evidence beside the source's register, never a decision."""

from __future__ import annotations

import re

from stages.procure.markup import SILENT_TAGS, Element, collapse, is_element, text_of
from stages.procure.metadata import structured_text

_MAX_LINE_CHARS = 400
_LINE_TAGS = frozenset("p div span li small td dd footer section address center h6 font em".split())
_OPEN = re.compile(
    r"\b(?:creative commons|cc[ -](?:by|0)|open government licen[cs]e|open (?:information"
    r"|data) licen[cs]e"
    r"|public domain|licen[cs]ed under|licen[cs]e terms|under (?:a|the)\b.{0,60}\blicen[cs]e"
    r"|may be (?:freely )?(?:reused|re-used|reproduced|copied)|free to (?:reuse|re-use|copy|use)"
    r"|may (?:copy|reproduce|reuse|re-use)|without (?:prior )?permission|copyright[- ]free)\b"
    r""
    r"|知识共享|知識共享|署名.{0,12}(?:许可|許可|授权|授權)|许可协议|許可協議|开放.{0,6}许可|開放.{0,6}許可|创用CC|創用CC"
    r"|公有领域|公有領域|(?:转载|轉載).{0,30}(?:注明|註明)",
    re.IGNORECASE,
)
_RESERVED = re.compile(
    r"all rights reserved|rights reserved|版权所有|版權所有|保留所有权利|保留所有權利"
    r"|未经.{0,8}(?:许可|授权)"
    r"|未經.{0,8}(?:許可|授權)",
    re.IGNORECASE,
)


def read_licence(root: Element) -> str:
    """The line a reader sees that says under what terms the page may be used, '' if there is none.

    Order: a line with a rel=license link, a line that names an open licence, metadata in the
    head that names one, a line that reserves all rights. root: the page without hidden text.
    """
    open_line = reserved = ""
    for node in root.iter("a"):
        if _says_licence(node) and (line := _line_around(node)):
            return line
    for node in root.iter():
        if not is_element(node) or node.tag not in _LINE_TAGS:
            continue
        text = text_of(node)
        if not text or len(text) > _MAX_LINE_CHARS:
            continue
        # Document order: a smaller element inside the same line comes later and wins.
        if _OPEN.search(text) and (not open_line or text in open_line):
            open_line = text
        elif not open_line and _RESERVED.search(text) and (not reserved or text in reserved):
            reserved = text
    named = _named_in_head(root)
    return open_line or (reserved if not named or _RESERVED.search(named) else named)


def _says_licence(node: Element) -> bool:
    return bool({"license", "licence"} & set((node.get("rel") or "").lower().split()))


def _line_around(node: Element) -> str:
    """The smallest line of text around a link."""
    for around in [node, *node.iterancestors()]:
        if around.tag in _LINE_TAGS and around.tag not in SILENT_TAGS:
            text = text_of(around)
            if len(text) > len(text_of(node)) or around.tag in ("p", "div", "li", "td", "footer"):
                return text[:_MAX_LINE_CHARS]
    return collapse(text_of(node))[:_MAX_LINE_CHARS]


def _named_in_head(root: Element) -> str:
    for node in root.iter("link"):
        if _says_licence(node) and node.get("href"):
            return collapse(node.get("href"))[:_MAX_LINE_CHARS]
    for node in root.iter("meta"):
        name = (node.get("name") or node.get("property") or "").lower()
        if name in (
            "license",
            "licence",
            "dcterms.license",
            "dc.rights",
            "dcterms.rights",
            "copyright",
        ):
            return collapse(node.get("content") or "")[:_MAX_LINE_CHARS]
    return structured_text(root, "license")[:_MAX_LINE_CHARS]
