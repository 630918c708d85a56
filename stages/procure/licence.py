"""The licence line of a page: evidence beside the source's register, never a decision."""

from __future__ import annotations

import re
from collections.abc import Collection

from lxml import etree

from stages.procure.markup import SILENT_TAGS, Element, collapse, raw_text_of, squeeze, text_of
from stages.procure.metadata import Structured, structured_text
from stages.procure.survey import Survey
from stages.procure.terms import read_terms
from stages.types import Reuse, Source

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
# One of these words stands in whatever `_OPEN` and `_RESERVED` find; text in lower case.
_HINT = re.compile(
    r"creative|cc[ -]|licen|domain|re-?us|reproduce|cop|free to|permission|reserved"
    r"|知识共享|知識共享|署名|许可|許可|创用|創用|公有领域|公有領域|转载|轉載|版权所有|版權所有|保留所有|未经|未經"
)
_RESERVED_HINTS = frozenset("reserved 版权所有 版權所有 保留所有 未经 未經".split())
_RESERVED = re.compile(
    r"all rights reserved|rights reserved|版权所有|版權所有|保留所有权利|保留所有權利"
    r"|未经.{0,8}(?:许可|授权)"
    r"|未經.{0,8}(?:許可|授權)",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"[(（][^()（）]{0,200}[)）]")
# Shorter names (`CC BY`) stand in longer ones that say something else (`CC BY-NC`). In UTF-8, so
# that a Han character counts three letters.
_LEAST_NAME_BYTES = 12
_MAX_EVIDENCE_CHARS = 2000
# More than a pattern reaches before and behind its rare word.
_AROUND_CHARS = 120
_META_NAMES = frozenset(
    "license licence dcterms.license dc.rights dcterms.rights copyright".split()
)


def read_licence(survey: Survey, structured: Structured) -> str:
    """The line a reader sees that says under what terms the page may be used, '' if there is none.

    Order: a line with a rel=license link, a line that names an open licence, metadata in the
    head that names one, a line that reserves all rights. survey: of the page without hidden text.
    """
    root = survey.root
    for node in survey.named("rel"):
        if node.tag == "a" and _says_licence(node) and (line := _line_around(node)):
            return line
    lowered = survey.text.lower()
    hints = set(_HINT.findall(lowered))
    open_line = ""
    if _says(survey.text, lowered, _OPEN, hints - _RESERVED_HINTS):
        open_line = _first_line(root, _OPEN, hints - _RESERVED_HINTS)
    reserved = "" if open_line else _first_line(root, _RESERVED, hints & _RESERVED_HINTS)
    named = _named_in_head(survey, structured)
    return open_line or (reserved if not named or _RESERVED.search(named) else named)


def _first_line(root: Element, pattern: re.Pattern[str], hints: Collection[str]) -> str:
    """The first of the smallest elements whose text holds the pattern, '' if none is a line."""
    if not hints:
        return ""
    text = ""
    if root.tag not in ("html", "body"):
        text = raw_text_of(root)
        lowered = text.lower()
        hints = [hint for hint in hints if hint in lowered]
        if not _says(text, lowered, pattern, hints):
            return ""
    for child in root.iterchildren(etree.Element):
        if line := _first_line(child, pattern, hints):
            return line
    if root.tag not in _LINE_TAGS:
        return ""
    line = collapse(text)
    return line if len(line) <= _MAX_LINE_CHARS and pattern.search(line) else ""


def _says(text: str, lowered: str, pattern: re.Pattern[str], hints: Collection[str]) -> bool:
    """The pattern stands in the text. Looked for around its rare words only: the pattern itself
    costs a hundred times as much a character.
    """
    for hint in hints:
        at = lowered.find(hint)
        while at >= 0:
            if pattern.search(collapse(text[max(0, at - _AROUND_CHARS) : at + _AROUND_CHARS])):
                return True
            at = lowered.find(hint, at + _AROUND_CHARS // 2)
    return False


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


def _named_in_head(survey: Survey, structured: Structured) -> str:
    for node in survey.tagged("link"):
        if _says_licence(node) and node.get("href"):
            return collapse(node.get("href"))[:_MAX_LINE_CHARS]
    for node in survey.tagged("meta"):
        name = node.get("name") or node.get("property") or ""
        if name.lower() in _META_NAMES:
            return collapse(node.get("content") or "")[:_MAX_LINE_CHARS]
    return structured_text(structured, "license")[:_MAX_LINE_CHARS]


def find_disagreement(evidence: str, source: Source, url: str = "") -> str:
    """How a licence line found on a page forbids what the source's register lets us do, one plain
    sentence; '' when it does not.

    evidence: the line or licence address as `read_licence` returns it. url: the page's, for its
    own entry in `source.page_reuse`. A page may allow more than we make use of, under whatever
    name; a line that names the register's own licence, or no terms at all (a bare copyright
    line), disagrees with nothing. Text that is not published anyway needs no leave of its page.
    """
    if source.page_reuse.get(url, source.reuse) is not Reuse.ADAPT_OK:
        return ""
    named = read_terms(evidence)
    said = collapse(source.licence)
    if not named or _names_licence(evidence, said):
        return ""
    page = named[0]
    register = read_terms(f"{said} {source.licence_url}")
    if not page.limits - frozenset().union(*(terms.limits for terms in register)):
        return ""
    return (
        f"The page states {page.name}, which is stricter than the register"
        f" ({said or 'no licence'}; its text may be adapted)."
    )


def _names_licence(evidence: str, name: str) -> bool:
    """A line names a licence as the register writes it, without what stands in its brackets."""
    name = squeeze(_BRACKETS.sub("", name))
    return len(name.encode()) >= _LEAST_NAME_BYTES and name in squeeze(
        evidence[:_MAX_EVIDENCE_CHARS]
    )
