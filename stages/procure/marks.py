"""Small signs in running text, settled before anything reads it: the marks of footnotes stay, as
text that no number can run into; marks of sources go, exponents stay.

A mark read as text turns `24 weeks` with note 9 into `24 weeks9`, and `10` to the power of 5
into `105`. So a note's number is written `[9]`, in the text that refers to it and before the note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from stages.procure.markup import (
    HEADING_TAGS,
    INLINE_TAGS,
    Element,
    collapse,
    drop,
    is_attached,
    names_of,
    text_of,
)
from stages.procure.notes import lead_mark, without_label
from stages.procure.survey import Survey

_MARK = r"(?:\d{1,3}|[*＊†‡§¶]{1,4}|[a-z]|[\u2460-\u2473])"
_NOTE = re.compile(rf"^[\[(（［]?({_MARK}(?:\s?[,，、;–-]\s?{_MARK}){{0,8}})[\])）］]?$")
_EACH = re.compile(_MARK)
_LINKED = re.compile(r"^(?:\[\d{1,3}\]|［\d{1,3}］|[*†‡§]{1,4}|[\u2460-\u2473]|\[[a-z]\])$")
_UNIT_BEFORE = re.compile(r"(?:^|[\s\d/·(])(?:[kcdm]?m|ft|in|yd|s|kg|g|l)$", re.IGNORECASE)
_BACK_SIGNS = frozenset(("", "↩", "↩︎", "↵", "^", "↑", "#", "¶", "§", "🔗", "⤴"))
_POWERS = {"2": "²", "3": "³"}
_MAX_NOTE_CHARS = 1500
_MAX_SIBLINGS = 40
_START_CHARS = 16
_MAX_MARK_CHARS = 30
_MAX_NOTES = 300
_BLOCKS_OF_NOTES = ("li", "p", "dd", "td", "tr", "div", "aside", "small", "section", "figcaption")
_LINES = ("p", "li", "td", "th", "dd", "div", "small", "figcaption", "caption")
# What heads or names a list of sources, and one of notes.
_SOURCES = re.compile(
    r"^\W*(?:references?(?: list)?|sources?|bibliography|works cited|citations|literature"
    r"|参考(?:文献|资料)|參考(?:文獻|資料)|资料来源|資料來源|引用(?:文献|来源)?|来源|來源)\W*$",
    re.IGNORECASE,
)
_SOURCE_NAMES = re.compile(r" (?:references?|ref ?list|citations?|bibliography|sources?|cite) ")
_NOTES = re.compile(
    r"^\W*(?:foot|end)?notes?\W*$|^\W*(?:注释|註釋|脚注|腳註|注解|备注|備註|注|註)\W*$",
    re.IGNORECASE,
)
_NOTE_NAMES = re.compile(r" (?:foot ?notes?|end ?notes?|table ?notes?|doc endnotes?) ")
# The shape of an entry in a list of sources.
_CITATION = re.compile(
    r"\bet al\b|\bdoi\b|\bPMID\b|\bISBN\b|\bRetrieved\b|\bAccessed\b|\(n\.d\.\)"
    r"|\((?:19|20)\d\d[a-z]?\)|\b(?:19|20)\d\d\s?;|\b\d{1,3}\(\d{1,3}\)\s?[:,]\s?\d|\bpp?\.\s?\d"
    r"|https?://|www\.|\[(?:J|M|C|D|EB/OL|N|R|S)\]|出版社|学报|學報|杂志社|第\s?\d+\s?卷",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+")
_CITED = re.compile(r"(?<=\S)[\[［]\d{1,3}(?:\s?[-–,，、]\s?\d{1,3}){0,8}[\]］]")


def settle_marks(survey: Survey) -> dict[str, str]:
    """Write footnote marks as text, take marks of sources, back links and anchors out, in place.

    Returns mark -> text of the notes that links or superscripts prove; the line of each now begins
    with its mark. Gaps must be open. Nothing else in the tree is changed.
    """
    settler = _Settler(survey)
    settler.drop_signs()
    refs = settler.references()
    settler.settle(refs)
    if "[1]" in survey.text or "［1］" in survey.text:
        settler.drop_citations()
    return settler.notes


@dataclass(frozen=True, slots=True)
class _Reference:
    """An element that may refer to notes: its marks, and what it links to in the page."""

    node: Element
    marks: list[str]
    target: Element | None
    is_link: bool


class _Settler:
    """One page's marks. notes: mark as written in text -> the note's text without it."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.notes: dict[str, str] = {}
        self._targets: dict[str, Element] | None = None

    def drop_signs(self) -> None:
        """Back links and the signs with which headings link to themselves."""
        for node in self.survey.in_page_links:
            if _is_back_link(node):
                drop(node)

    def references(self) -> list[_Reference]:
        """All that may refer to a note."""
        refs: list[_Reference] = []
        for node in self.survey.tagged("sup"):
            link = next((a for a in node.iter("a") if _is_in_page(a)), None)
            if link is None and node.getparent().tag == "a" and _is_in_page(node.getparent()):
                link = node.getparent()
            match = _NOTE.match(text_of(node))
            if match or link is not None:
                marks = _EACH.findall(match.group(1)) if match else []
                target = self.target_of(link) if link is not None else None
                refs.append(_Reference(node, marks, target, link is not None))
        for node in self.survey.in_page_links:
            text = text_of(node)
            if len(text) > _MAX_MARK_CHARS or any(up.tag == "sup" for up in node.iterancestors()):
                continue
            is_named = "noteref" in (node.get("role") or node.get("{*}type") or "")
            match = _NOTE.match(text) if is_named else _LINKED.match(text)
            if match and not any(True for _ in node.iter("sup")):
                target = self.target_of(node)
                if target is not None and is_attached(node, self.survey.root):
                    refs.append(_Reference(node, _EACH.findall(text), target, is_link=True))
        return refs

    def target_of(self, link: Element) -> Element | None:
        """The element an in-page link leads to."""
        if self._targets is None:
            self._targets = {}
            for node in self.survey.named("id"):
                self._targets.setdefault(node.get("id"), node)
            for node in self.survey.tagged("a"):
                if node.get("name"):
                    self._targets.setdefault(node.get("name"), node)
        return self._targets.get(link.get("href")[1:])

    def settle(self, refs: list[_Reference]) -> None:
        """Find the notes, then write or drop every reference."""
        others = []
        for ref in refs:
            if ref.marks and ref.node.tag == "sup" and _leads(ref.node):
                self.add_note(ref.marks[0], _block_of(ref.node))
            else:
                others.append(ref)
        unlinked = {mark for ref in others if ref.target is None for mark in ref.marks}
        if unlinked - {_plain(mark) for mark in self.notes}:
            self.find_lines(unlinked)
        for ref in others:
            if ref.node.getparent() is not None:
                if ref.target is not None and ref.marks and not is_attached(ref.node, ref.target):
                    self.add_note(ref.marks[0], _note_at(ref.target))
                self.write(ref)

    def find_lines(self, marks: set[str]) -> None:
        """Notes without a link: lines that begin with the sign, items of a list of notes, and
        lines right under a table that begin with the number.
        """
        for node in self.survey.tagged(*_LINES):
            first = next((text for text in node.itertext() if not text.isspace()), "")
            start = f"{without_label(first.strip())[:_START_CHARS]} x"
            mark = lead_mark(start)
            if mark and _plain(mark) in marks:
                self.add_note(_plain(mark), node)
            elif start[:1].isdecimal() and _stands_under_table(node):
                number = _NUMBER.match(start)
                if number and number.group() in marks:
                    self.add_note(number.group(), node)
        for items in self.survey.tagged("ol"):
            if _heads(items, _NOTES, _NOTE_NAMES):
                for place, item in enumerate(items.iterchildren("li"), start=1):
                    if str(place) in marks:
                        self.add_note(str(place), item)

    def add_note(self, mark: str, body: Element | None) -> None:
        """Take a block for the note of a mark, unless it is an entry in a list of sources."""
        written = _written(mark)
        if body is None or written in self.notes or len(self.notes) >= _MAX_NOTES:
            return
        text = text_of(body)
        if not 3 <= len(text) <= _MAX_NOTE_CHARS or _is_source(body, mark, text):
            return
        if any(True for _ in body.iter(*HEADING_TAGS)):
            return
        if (rest := without_label(text)) != text:
            # `注：①`: several notes may stand in this line, see `tie_notes`.
            self.notes[written] = rest.removeprefix(mark).strip()
            return
        for link in list(body.iter("a", "sup")):
            is_own = _NOTE.match(text_of(link)) and _leads(link)
            if link is not body and (is_own or (link.tag == "a" and _is_back_link(link))):
                drop(link)
        first = _first_text(body)
        own = re.compile(rf"^\s*[\[(（［]?{re.escape(mark)}[\])）］]?\s?[.:：、]?\s*(?=\S|$)")
        first.text = f" {written} {own.sub('', first.text or '', count=1).lstrip()}"
        self.notes[written] = collapse(text_of(body).removeprefix(written))

    def write(self, ref: _Reference) -> None:
        """The marks of a reference that have a note, as text; the others go."""
        before = _before(ref.node)
        kept = "".join(_written(mark) for mark in ref.marks if _written(mark) in self.notes)
        only = ref.marks[0] if len(ref.marks) == 1 and not ref.is_link else ""
        if only in _POWERS and _UNIT_BEFORE.search(before):
            _replace(ref.node, _POWERS[only])
        elif kept:
            _replace(ref.node, kept)
        elif only.isdecimal() and before[-1:].isdecimal():
            _replace(ref.node, f"^{only}")
        elif ref.is_link or before.strip():
            drop(ref.node)

    def drop_citations(self) -> None:
        """Numbers in brackets right behind a word that lead to a list of sources, not to a note."""
        text = self.survey.text
        if text.count("[1]") + text.count("［1］") < 2:
            return
        cited = {number for match in _CITED.findall(text) for number in _NUMBER.findall(match)}
        self.find_lines(cited)
        for node in self.survey.root.iter():
            if node.text and ("[" in node.text or "［" in node.text):
                node.text = _CITED.sub(self._kept, node.text)
            if node.tail and ("[" in node.tail or "［" in node.tail):
                node.tail = _CITED.sub(self._kept, node.tail)

    def _kept(self, cited: re.Match[str]) -> str:
        marks = [_written(number) for number in _NUMBER.findall(cited.group())]
        return "".join(mark for mark in marks if mark in self.notes)


def _written(mark: str) -> str:
    """A mark as it stands in text: numbers and letters in brackets, so that no word or number
    runs into them.
    """
    return f"[{mark}]" if mark.isalnum() and mark.isascii() else mark


def _plain(mark: str) -> str:
    return mark.strip("[]［］")


def _is_in_page(link: Element) -> bool:
    return len(link.get("href") or "") > 1 and link.get("href").startswith("#")


def _is_back_link(node: Element) -> bool:
    if (node.get("role") or "").lower() == "doc-backlink":
        return True
    if not (node.get("href") or "").startswith("#"):
        return False
    return text_of(node) in _BACK_SIGNS and not any(True for _ in node.iter("img"))


def _block_of(node: Element) -> Element | None:
    """The nearest block around an inline element."""
    return next((up for up in node.iterancestors() if up.tag not in INLINE_TAGS), None)


def _note_at(target: Element) -> Element | None:
    """The block that holds a note's text, given what the reference links to."""
    if target.tag == "dt":
        following = target.getnext()
        return following if following is not None and following.tag == "dd" else None
    if target.tag in INLINE_TAGS:
        target = _block_of(target)
    return target if target is not None and target.tag in _BLOCKS_OF_NOTES else None


def _leads(node: Element) -> bool:
    """An inline element is the first thing its block says, and not all of it."""
    current = node
    while True:
        parent, previous = current.getparent(), current.getprevious()
        if parent is None or previous is not None or (parent.text or "").strip():
            return False
        if parent.tag not in INLINE_TAGS:
            return len(text_of(parent)) > len(text_of(node)) + 3
        current = parent


def _first_text(body: Element) -> Element:
    """The element in whose `text` a block begins."""
    node = body
    while not (node.text or "").strip():
        child = next((child for child in node if isinstance(child.tag, str)), None)
        if child is None or child.tag in ("br", "img", "ul", "ol", "table"):
            break
        node = child
    return node


def _is_source(body: Element, mark: str, text: str) -> bool:
    """The note is an entry in a list of sources. A sign never leads to one."""
    if not mark.isalnum() or mark.isalpha():
        return False
    if _heads(body, _SOURCES, _SOURCE_NAMES):
        return True
    return bool(_CITATION.search(text)) and not _heads(body, _NOTES, _NOTE_NAMES)


def _heads(node: Element, title: re.Pattern[str], names: re.Pattern[str]) -> bool:
    """A heading over the node's list, or a name of what it stands in, fits."""
    current = node
    for _ in range(4):
        if current is None or current.tag in ("body", "main", "article"):
            return False
        role = (current.get("role") or "").replace("-", " ")
        if names.search(f"{names_of(current)}{role} "):
            return True
        for before in _lines_before(current):
            if title.match(before):
                return True
        current = current.getparent()
    return False


def _lines_before(node: Element) -> Iterator[str]:
    """Short lines right before an element: its title, if it has one."""
    for before in islice(node.itersiblings(preceding=True), _MAX_SIBLINGS):
        if isinstance(before.tag, str):
            text = text_of(before)
            if text:
                if len(text) < 40:
                    yield text
                if before.tag != node.tag:
                    return


def _stands_under_table(node: Element) -> bool:
    if node.tag in ("td", "th"):
        row = node.getparent()
        return len(row) == 1 and (row.getnext() is None or row.getparent().tag == "tfoot")
    for before in islice(node.itersiblings(preceding=True), _MAX_SIBLINGS):
        if before.tag != node.tag:
            return bool(before.tag == "table")
    return False


def _before(node: Element) -> str:
    """The text right before an element, in its own line."""
    previous, parent = node.getprevious(), node.getparent()
    if previous is not None:
        return str(previous.tail or "") or text_of(previous)
    if not parent.text and parent.tag in INLINE_TAGS and parent.getparent() is not None:
        return _before(parent)
    return str(parent.text or "")


def _replace(node: Element, text: str) -> None:
    for child in list(node):
        node.remove(child)
    node.text = text
