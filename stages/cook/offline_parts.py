"""A card's text cut into the parts the offline writer lays out: what belongs together stays so.

A part is a heading, a list with the line that introduces it, a footnote, or one or more sentences
of a paragraph of which the later ones lean on the first. Parts keep the card's order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from stages.cook.facts import CardReading
from stages.cook.roles import Role, is_leading_dont, role_of
from stages.types import Fact, Sentence

HEADING_CHARS = 80
"""A line without marker and end mark that is no longer than this is a heading."""

DANGLING = re.compile(
    r"(?:[a-z]{2,12}ly, )?(?:this|that|these|those|it|they|he|she|however|also|then|instead|"
    r"otherwise|but|and|or|so|such|both|neither|either|afterwards|if so|if not|if they|if it|"
    r"for example|in addition|the same|again|repeat|therefore|similarly|likewise|in that case|"
    r"after that|next|finally|even so|because|plus)\b|"
    r"(?:这|這|它|他们|他們|她们|她們|该|該|此|其|但|而|因此|所以|否则|否則|同时|同時|另外|如果不|"
    r"然后|然後|也|并|並|之后|之後|以后|以後|随后|隨後|接着|接著|再|还|還|否|反之|例如|比如)",
    re.IGNORECASE,
)
# Words that lean on what stood before, were the order another. Looked for where a sentence begins:
# further on they mostly lean on that.
_LEANS = re.compile(
    r"\b(?:this|these|those|such|both|again|repeat|another|them|they|above|below|it|its|then|"
    r"instead|otherwise|next|also|too|continue|keep (?:going|on|alternating)|exceptions?|except|"
    r"the (?:same|other|others|rest|latter|former))\b|"
    r"例外|[这這该該此它其]|也|同样|同樣|上述|以上(?![，。])|另外|再|还|還|然后|然後|接着|接著",
    re.IGNORECASE,
)
_BEGINNING = re.compile(
    r"(?:(?:if|when|after|before|between|for|from|at|in|on|by|until|during|with|to)\b[^,;:]*,)?"
    r"[^,;:，；：。]*",
    re.IGNORECASE,
)
_THE = re.compile(r"\A(?:\w+ ){0,2}?(?:the|their) (\w{3,})", re.IGNORECASE)
_MARKED = re.compile(r"\A[-•*]\s+")
_NUMBERED_ITEM = re.compile(
    r"\A(?:[(（]?(?:\d{1,2}|[a-z])[.)）、]\s|[(（]?\d{1,2}(?:[)）、]|\.(?=[\u3400-\u9fff])))"
)
_NOTE = re.compile(r"\A\[(?:\d{1,3}|[a-z])\]\s")
_NOTE_MARKS = re.compile(r"(?:\[(?:\d{1,3}|[a-z])\])+(?=\s*\Z)")
# Possessive: a cell has one way to be read, so a long row that is none is refused at once.
_CELL = r"[^:：;；\n]{1,60}+[:：][^;；\n]{1,300}+"
ROW = re.compile(rf"{_CELL}(?:[;；]{_CELL})+")
_ENDS = re.compile(r"[.!?。！？…:：;；，,、][\"'”’)）」』]*\s*$")
_LEADS_IN = re.compile(r"[:：]\s*$")
_GOES_ON = re.compile(
    r"\A\w{1,8}[.!。！]\Z|\A(?:Fig(?:ure|\.)?|Table|图|圖|表) ?\d{1,2}[.。:：]?\Z|[;；]\Z",
    re.IGNORECASE,
)
_ASKS = re.compile(r"[?？][\"'”’]?\s*$")


class Place(StrEnum):
    """How a line of the card is set."""

    TEXT = "text"
    ITEM = "item"
    NUMBERED = "numbered"
    ROW = "row"
    HEADING = "heading"
    NOTE = "note"

    @property
    def is_in_list(self) -> bool:
        return self in (Place.ITEM, Place.NUMBERED, Place.ROW)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the card: its sentences and how it is set."""

    place: Place
    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        return " ".join(s.text for s in self.sentences)


@dataclass(frozen=True, slots=True)
class Part:
    """lines: each with the sentences that stay on it. A list may open with the line that leads in.

    paragraph: number of the card's line a running text comes from. section: number of the heading
    the part stands under, 0 for none. is_protected: it carries a must-keep fact. leans: it reads
    right only where it stands.
    """

    lines: tuple[Line, ...]
    role: Role
    paragraph: int
    section: int = 0
    is_protected: bool = False
    leans: bool = False

    @property
    def place(self) -> Place:
        return self.lines[-1].place

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        return tuple(s for line in self.lines for s in line.sentences)

    @property
    def is_list(self) -> bool:
        return self.place.is_in_list


def read_parts(reading: CardReading, facts: Sequence[Fact]) -> tuple[Part, ...]:
    """The parts of a card in its order; planted instructions are left out."""
    protected = {fact.sentence_id for fact in facts}
    parts: list[Part] = []
    section = 0
    for part in _join(_with_notes_last(_lines(reading)), reading.language):
        if part.place is Place.HEADING:
            section += 1
        parts.append(
            replace(
                part,
                section=section,
                is_protected=any(s.id in protected for s in part.sentences),
                leans=_leans_back(part, parts),
            )
        )
    return tuple(parts)


def _lines(reading: CardReading) -> list[Line]:
    """The card's lines with the way they are set, planted sentences left out."""
    by_line: dict[int, list[Sentence]] = {}
    for sentence in reading.sentences:
        if sentence.id not in reading.planted:
            by_line.setdefault(reading.text.count("\n", 0, sentence.start), []).append(sentence)
    groups = list(by_line.values())
    return [
        Line(_place(group, groups[n + 1] if n + 1 < len(groups) else []), tuple(group))
        for n, group in enumerate(groups)
    ]


def _place(line: Sequence[Sentence], following: Sequence[Sentence]) -> Place:
    first, last = line[0].text.strip(), line[-1].text.strip()
    if _NOTE.match(first):
        return Place.NOTE
    if _MARKED.match(first):
        return Place.ITEM
    if _NUMBERED_ITEM.match(first):
        return Place.NUMBERED
    if ROW.fullmatch(first):
        return Place.ROW
    is_short = len(line) == 1 and len(first) <= HEADING_CHARS
    if is_short and following and _ASKS.search(first):
        return Place.HEADING
    if _ENDS.search(_NOTE_MARKS.sub("", last)):
        return Place.TEXT
    # The last line has nothing under it, so it is none.
    return Place.HEADING if is_short and following else Place.ROW


def _with_notes_last(lines: Sequence[Line]) -> list[Line]:
    """Footnotes that stand inside a list, or between it and its lead-in, moved behind the list."""
    ordered: list[Line] = []
    held: list[Line] = []
    for n, line in enumerate(lines):
        if line.place is Place.NOTE:
            rest = (follower for follower in lines[n:] if follower.place is not Place.NOTE)
            after = next(rest, None)
            if after is not None and after.place.is_in_list:
                held.append(line)
                continue
        elif held and not line.place.is_in_list:
            ordered += held
            held = []
        ordered.append(line)
    return ordered + held


def _join(lines: Sequence[Line], language: str) -> Iterator[Part]:
    """Lists with their lead-in, sentences with those that lean on them."""
    number = 0
    held: list[Line] = []  # of the list that is being read, lead-in included
    for line in lines:
        number += 1
        if line.place.is_in_list and (not held or _continues(held[-1], line)):
            held.append(line)
            continue
        if held:
            yield _list_part(held, number, language)
            held = []
        if line.place.is_in_list:
            held = [line]
        elif line.place is not Place.TEXT:
            yield Part((line,), Role.ASK if _ASKS.search(line.text) else Role.FACT, number)
        else:
            groups = list(_lean_together(line.sentences))
            if _LEADS_IN.search(groups[-1][-1].text):
                held = [Line(Place.TEXT, tuple(groups.pop()))]
            for group in groups:
                yield Part((Line(Place.TEXT, tuple(group)),), _role(group, language), number)
    if held:
        yield _list_part(held, number, language)


def _continues(before: Line, line: Line) -> bool:
    return before.place is Place.TEXT or before.place is line.place


def _lean_together(sentences: Sequence[Sentence]) -> Iterator[list[Sentence]]:
    group: list[Sentence] = []
    for sentence in sentences:
        if group and _stands_alone(sentence.text) and not _goes_on(group[-1].text):
            yield group
            group = []
        group.append(sentence)
    yield group


def _stands_alone(text: str) -> bool:
    return not DANGLING.match(text) and any(sign.isalnum() for sign in text)


def _goes_on(text: str) -> bool:
    """Whether it says nothing without what comes after: `No.`, `Figure 1.`, half a sentence."""
    return bool(_GOES_ON.search(text.strip()))


def _list_part(lines: Sequence[Line], number: int, language: str) -> Part:
    has_lead = lines[0].place is Place.TEXT
    roles = {_role(line.sentences, language) for line in lines[has_lead:]}
    role = _role(lines[0].sentences, language) if has_lead else Role.FACT
    if role is Role.FACT and lines[-1].place is not Place.ROW and len(roles) == 1:
        role = roles.pop()
    if lines[-1].place is Place.NUMBERED and role not in (Role.DONT, Role.RED_FLAG):
        role = Role.DO
    return Part(tuple(lines), role, number)


def _role(sentences: Sequence[Sentence], language: str) -> Role:
    roles = [role_of(sentence.text, language) for sentence in sentences]
    if Role.RED_FLAG in roles:
        return Role.RED_FLAG
    if roles[0] is Role.DONT and not is_leading_dont(sentences[0].text, language):
        return Role.FACT  # "Many are safe, so do not stop": not a line for a list of don'ts
    if roles[0] is Role.FACT:
        return next((role for role in roles if role is Role.DO), Role.FACT)
    return roles[0]


def _leans_back(part: Part, before: Sequence[Part]) -> bool:
    """Whether the part says "it", "then" or "the cup" of something that stood before it."""
    if not before:
        return False
    if part.lines[0].place.is_in_list:
        return True  # items without a line of their own that leads in
    first = part.sentences[0].text
    begins = _BEGINNING.match(first)
    if begins and _LEANS.search(begins[0].replace("Try this", "")):
        return True
    named = _THE.match(first)
    if named is None:
        return False
    noun = named[1].lower()
    return any(noun in s.text.lower() for earlier in before for s in earlier.sentences)
