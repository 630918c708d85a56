"""How each tone arranges the parts of a card: sections, a letter or points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from itertools import pairwise

from stages.cook.facts import CardReading, language_key
from stages.cook.lexicon import CONDITION, ENTITIES, HEDGE, NEGATIVE, URGENT
from stages.cook.offline_frame import HEADING_NUMBER
from stages.cook.offline_parts import ROW, Part, Place
from stages.cook.roles import Role, role_of
from stages.text import count_words
from stages.types import DraftSentence, Sentence
from tones.plain import Wording, use_plain_words

BULLET = "•"

FOLD = {"en": 400, "zh": 150}
"""Characters of a post that feeds show before `see more`; groups on phones show about that many."""

PARAGRAPH = {"en": 45, "zh": 75}
"""Words (Han characters) after which a letter begins a new paragraph: three lines on a phone."""

_MARKER = re.compile(r"\A[-•*]\s+")
_NOTE_AT_START = re.compile(r"\A\[(\d{1,3}|[a-z])\]\s+")
_NOTE_MARKS = re.compile(r"\s?\[(\d{1,3}|[a-z])\]")
_CELL_END = re.compile(r"\s?[;；]\s?")
_CELL_START = re.compile(r"\A[;；]\s*")
_COLON = re.compile(r"(?<=[\u3400-\u9fff）)]): ?")
_DIGIT = re.compile(
    r"[\d½¼¾一二两兩三四五六七八九十百半]|\b(?:one|two|three|four|five|six|ten|half)\b"
)


class Layout(StrEnum):
    """How a tone arranges the card's sentences."""

    SECTIONS = "sections"
    LETTER = "letter"
    POINTS = "points"


LAYOUTS = {"expert": Layout.SECTIONS, "mom": Layout.LETTER, "engagement": Layout.POINTS}
"""Layout by tone id; a tone that is not listed is laid out in sections."""


class Lane(IntEnum):
    """Where a part goes when sections may be formed."""

    KNOW = 0
    DO = 1
    DONT = 2
    HELP = 3
    NOTE = 4


LANES = {Role.DO: Lane.DO, Role.DONT: Lane.DONT, Role.RED_FLAG: Lane.HELP}
LABEL_NAMES = {Lane.KNOW: "know", Lane.DO: "do", Lane.DONT: "dont", Lane.HELP: "help"}


@dataclass(frozen=True, slots=True)
class Setting:
    """What setting a card needs beside its parts.

    fact_ids: by sentence id. mark: in front of points, a bullet or one emoji. emoji_left: how many
    emoji the body may hold. is_plain: formal words may become plain ones.
    """

    reading: CardReading
    layout: Layout
    wording: Wording
    labels: Mapping[str, str]
    fact_ids: Mapping[str, tuple[str, ...]]
    mark: str
    emoji_left: int
    is_plain: bool

    @property
    def language(self) -> str:
        return language_key(self.reading.lang)

    def with_emoji(self, left: int) -> Setting:
        return replace(self, emoji_left=left)


def set_body(parts: Sequence[Part], setting: Setting) -> list[DraftSentence]:
    """The parts as draft sentences with their line breaks, bullets and labels."""
    if setting.layout is Layout.LETTER:
        return _Setter(setting).letter(parts)
    if setting.layout is Layout.POINTS:
        return _Setter(setting).points(parts)
    return _Setter(setting).sections(parts)


def lane_of(part: Part, language: str) -> Lane:
    if part.place is Place.NOTE:
        return Lane.NOTE
    if part.role is Role.RED_FLAG and not _sends_for_help(part, language):
        return Lane.KNOW  # "Your doctor can tell you if you need another one."
    return LANES.get(part.role, Lane.KNOW)


_WHEN = {
    "en": re.compile(r"\b(?:if|when|unless|after)\b|:\s*\Z", re.IGNORECASE),
    "zh": re.compile(r"如|若|出现|出現|时|時|者|超过|超過|达到|達到|不|没|沒|[：:]\s*\Z"),
}
_SENDS = {
    "en": re.compile(
        r"(?:\A|[,;:] |\b(?:and|or|then|should|must|please) )(?:- )?(?:call|phone|ring|contact|see|"
        r"tell|ask|talk|speak|go|get|seek|visit|show|mention|report|check|take|bring|consult|have)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"医|醫|诊|診|护士|護士|助产|助產|热线|熱線|专业|專業"),
}


def _sends_for_help(part: Part, language: str) -> bool:
    """Whether a part says whom to turn to and when, and not only what they can do."""
    return any(
        URGENT[language].search(sentence.text)
        or (_WHEN[language].search(sentence.text) and _SENDS[language].search(sentence.text))
        for sentence in part.sentences
    )


def may_arrange(parts: Sequence[Part], language: str) -> bool:
    """Whether don'ts may go behind the rest, and help before it, without harm.

    Not when a part leans on what stands before it, not across headings or the steps of a
    procedure, and not when a statement follows in the same paragraph: it may be the reason, or
    the exception.
    """
    body = parts[1:] if parts and parts[0].place is Place.HEADING else parts
    if any(part.place in (Place.HEADING, Place.NUMBERED) for part in body):
        return False
    if any(part.leans for part in body[1:]):
        return False
    return not any(
        lane_of(a, language) in (Lane.DONT, Lane.HELP)
        and lane_of(b, language) is Lane.KNOW
        and a.paragraph == b.paragraph
        for a, b in pairwise(body)
    )


def is_below_fold(parts: Sequence[Part], language: str) -> bool:
    """Whether the first sentence that tells when to get help is too far down to be seen."""
    before = 0
    for sentence in (s for part in parts for s in part.sentences):
        if role_of(sentence.text, language) is Role.RED_FLAG:
            return before > FOLD[language]
        before += len(sentence.text) + 1
    return False


def moves_up(parts: Sequence[Part], language: str) -> bool:
    """Whether help is to come first: it would be below the fold, it is urgent ("tell your doctor
    if it stays" can wait), and the parts read right in that order.
    """
    return (
        is_below_fold(parts, language)
        and may_arrange(parts, language)
        and any(
            URGENT[language].search(s.text)
            for part in parts
            if lane_of(part, language) is Lane.HELP
            for s in part.sentences
        )
    )


def order_of(parts: Sequence[Part], language: str) -> dict[Lane, int] | None:
    """Ranks by which the parts may be sorted, or None where they keep the card's order.

    Help is never put further down than the card has it, nor a don't the card opens with.
    """
    if moves_up(parts, language):
        return {Lane.HELP: -1, Lane.DONT: 1, Lane.NOTE: 2}
    lanes = [
        lane_of(part, language) for part in parts if part.place not in (Place.NOTE, Place.HEADING)
    ]
    # What the card says first stays first.
    if not may_arrange(parts, language) or lanes[:1] == [Lane.DONT]:
        return None
    helps = [lane is Lane.HELP for lane in lanes]
    if any(helps) and helps == sorted(helps, reverse=True):
        return {Lane.HELP: -1, Lane.DONT: 1, Lane.NOTE: 2}
    if helps != sorted(helps):
        return None
    return {Lane.DONT: 1, Lane.HELP: 2, Lane.NOTE: 3}


@dataclass(slots=True)
class _Setter:
    setting: Setting

    # --- sections ----------------------------------------------------------------------------

    def sections(self, parts: Sequence[Part]) -> list[DraftSentence]:
        head, rest = _split_heading(parts)
        draft = self._lines(head, "")
        shelves = _shelves(parts, rest, self.setting.language)
        if shelves is None:
            return draft + self._flow(rest, bool(draft))
        for n, (lane, own) in enumerate(shelves):
            draft += self._section(lane, own, bool(draft), n == 0)
        return draft

    def _section(
        self, lane: Lane, parts: Sequence[Part], goes_on: bool, is_first: bool
    ) -> Iterator[DraftSentence]:
        gap = "\n\n" if goes_on else ""
        label = self.setting.labels.get(LABEL_NAMES.get(lane, ""), "")
        if not label or (lane is Lane.KNOW and is_first):
            yield from self._flow(parts, goes_on)
            return
        yield DraftSentence(gap + label)
        single = len(parts) == 1
        for part in parts:
            if part.is_list or single:
                yield from self._lines([part], "\n")
            else:
                yield from self._one_line(part.sentences, f"\n{BULLET} ")

    def _flow(self, parts: Sequence[Part], goes_on: bool) -> list[DraftSentence]:
        """In the card's order: paragraphs, lists; a warning in a paragraph of its own."""
        draft: list[DraftSentence] = []
        length = 0
        before: Part | None = None
        limit = PARAGRAPH[self.setting.language]
        for part in parts:
            size = sum(count_words(s.text, self.setting.reading.lang) for s in part.sentences)
            joins = (
                before is not None
                and before.place is part.place is Place.TEXT
                and (before.role is Role.RED_FLAG) == (part.role is Role.RED_FLAG)
                and length + size <= limit * 4 // 3
                and (length <= limit // 2 or before.paragraph == part.paragraph)
            )
            if joins:
                draft += self._one_line(part.sentences, "")
                length += size
            else:
                gap = "" if before is None and not goes_on else "\n\n"
                if before is not None and before.place is Place.HEADING:
                    gap = "\n"
                draft += self._lines([part], gap)
                length = size
            before = part
        return draft

    # --- letter ------------------------------------------------------------------------------

    def letter(self, parts: Sequence[Part]) -> list[DraftSentence]:
        return self._flow(parts, False)

    # --- points ------------------------------------------------------------------------------

    def points(self, parts: Sequence[Part]) -> list[DraftSentence]:
        head, rest = _split_heading(parts)
        draft = self._lines(head, "")
        language = self.setting.language
        if ranks := order_of(parts, language):
            rest = sorted(rest, key=lambda part: ranks.get(lane_of(part, language), 0))
        warned = [self._warns(part) for part in rest]
        # Warnings in the midst of points would leave holes between them: plain bullets for all.
        mixed = warned != sorted(warned)
        mark = BULLET if mixed else self._mark(rest)
        lone = sum(not self._warns(p) and p.place is Place.TEXT for p in rest) == 1
        before: Part | None = None
        for part in rest:
            warns = self._warns(part) and not (mixed and part.role is not Role.RED_FLAG)
            parted = before is not None and (
                (warns != self._warns(before) and not mixed)
                or (part.role is Role.RED_FLAG) != (before.role is Role.RED_FLAG)
                or part.place is Place.HEADING
                or (part.is_list and part.lines[0].place is Place.TEXT)
                or before.is_list
            )
            gap = "\n\n" if parted else "\n"
            if before is None:
                gap = "\n" if draft else ""
            if part.is_list:
                draft += self._lines([part], gap, BULLET if warns else mark)
            elif warns or lone or part.place in (Place.HEADING, Place.NOTE):
                draft += self._one_line(part.sentences, gap, part.place)
            else:
                draft += self._one_line(part.sentences, f"{gap}{mark} ")
            before = part
        return draft

    def _mark(self, parts: Sequence[Part]) -> str:
        """The emoji when there are enough for all points, so that they look alike."""
        points = sum(
            sum(line.place.is_in_list for line in part.lines) or 1
            for part in parts
            if not self._warns(part)
        )
        return self.setting.mark if points <= self.setting.emoji_left else BULLET

    def _warns(self, part: Part) -> bool:
        roles = {role_of(s.text, self.setting.language) for s in part.sentences}
        return part.role is Role.RED_FLAG or not roles.isdisjoint((Role.DONT, Role.RED_FLAG))

    # --- lines -------------------------------------------------------------------------------

    def _lines(self, parts: Sequence[Part], gap: str, mark: str = BULLET) -> list[DraftSentence]:
        draft: list[DraftSentence] = []
        for part in parts:
            for n, line in enumerate(part.lines):
                lead = gap if n == 0 and not draft else "\n"
                bullet = "" if line.place not in (Place.ITEM, Place.ROW) else f"{mark} "
                draft += self._one_line(line.sentences, lead + bullet, line.place)
        return draft

    def _one_line(
        self, sentences: Sequence[Sentence], lead: str, place: Place = Place.TEXT
    ) -> Iterator[DraftSentence]:
        for n, sentence in enumerate(sentences):
            yield DraftSentence(
                text=(lead if n == 0 else "") + self._words(sentence, place),
                source_ids=(sentence.id,),
                fact_ids=self.setting.fact_ids.get(sentence.id, ()),
            )

    def _words(self, sentence: Sentence, place: Place) -> str:
        """The sentence without its dash, a row as `Age: 0-2 months · Feeds: 7-8`, a footnote's
        mark only where its note is marked too, and plain words where that is safe.
        """
        text = _MARKER.sub("", sentence.text.strip())
        if ROW.fullmatch(text):
            text = _CELL_END.sub(" · ", text)
            text = _COLON.sub("：", text) if self.setting.language == "zh" else text
        elif place is Place.ROW:
            text = _CELL_START.sub("· ", text)
        if "[" in text:
            text = self._notes(text)
        if place is Place.HEADING and not self.setting.reading.quantities_of(sentence):
            text = HEADING_NUMBER.sub("", text) or text
        if self.setting.is_plain and self._is_safe(sentence):
            text = use_plain_words(text, self.setting.reading.lang, self.setting.wording)
        return text

    def _notes(self, text: str) -> str:
        if self.setting.layout is Layout.SECTIONS:
            kept = {
                match[1]
                for s in self.setting.reading.sentences
                if (match := _NOTE_AT_START.match(s.text))
            }
        else:
            kept = self._read_as_figures()
        bare = _NOTE_AT_START.match(text)
        if bare and bare[1] not in kept:
            text = text[bare.end() :]
        return _NOTE_MARKS.sub(lambda m: m[0] if m[1] in kept else "", text)

    def _read_as_figures(self) -> set[str]:
        """Marks the facts take for figures: what is a fact must not be lost."""
        reading = self.setting.reading
        return {
            match[1]
            for match in _NOTE_MARKS.finditer(reading.text)
            if any(match.start() <= q.start < match.end() for q in reading.quantities)
        }

    def _is_safe(self, sentence: Sentence) -> bool:
        """Nothing at stake in the sentence: no figure, name, denial, condition, doubt, alarm."""
        language, text = self.setting.language, sentence.text
        lead = self.setting.reading.lead_ins.get(sentence.id)
        return not (
            self.setting.fact_ids.get(sentence.id)
            or _DIGIT.search(text)
            or any(p[language].search(text) for p in (NEGATIVE, CONDITION, HEDGE, URGENT))
            or any(pattern.search(text) for pattern in ENTITIES.values())
            or (lead is not None and self.setting.fact_ids.get(lead.id))
        )


def _split_heading(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    first = [parts[0]] if parts and parts[0].place is Place.HEADING else []
    return first, list(parts[len(first) :])


def _shelves(
    parts: Sequence[Part], rest: Sequence[Part], language: str
) -> list[tuple[Lane, list[Part]]] | None:
    """The parts by section, or None where they stay as they are.

    Only what not to do and when to get help is ever taken out of its place: facts and advice
    explain one another and keep the card's order. Advice has a label when all of it comes after
    the facts.
    """
    lanes = [lane_of(part, language) for part in rest]
    ranks = order_of(parts, language)
    if lanes != sorted(lanes):
        if ranks is None:
            return None
        main = [lane for lane in lanes if lane < Lane.DONT]
        if main != sorted(main) or (ranks.get(Lane.HELP) == -1 and len(main) == 1):
            lanes = [Lane.KNOW if lane < Lane.DONT else lane for lane in lanes]
    shown = {lane for lane in lanes if lane is not Lane.NOTE}
    if shown <= {Lane.KNOW, Lane.DO} and lanes.count(Lane.DO) == 1:
        return None  # one piece of advice needs no label of its own
    if len(shown) < 2 and shown != {Lane.DO}:
        return None
    order = sorted({*lanes}, key=lambda lane: ((ranks or {}).get(lane, 0), lane))
    shelves = [
        (at, [part for part, lane in zip(rest, lanes, strict=True) if lane is at]) for at in order
    ]
    # A label must not part a sentence from what it leans on.
    return None if any(own[0].leans for at, own in shelves[1:] if at is not Lane.NOTE) else shelves
