"""How each tone arranges the parts of a card: sections, a letter or points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from stages.cook.facts import CardReading, language_key
from stages.cook.lexicon import CONDITION, ENTITIES, HEDGE, NEGATIVE, URGENT
from stages.cook.offline_frame import HEADING_NUMBER
from stages.cook.offline_order import Lane, lane_of, order_of, shelve
from stages.cook.offline_parts import ROW, Part, Place
from stages.cook.roles import Role, role_of
from stages.text import count_words
from stages.types import DraftSentence, Sentence
from tones.plain import Wording, use_plain_words

BULLET = "•"

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


@dataclass(slots=True)
class _Setter:
    setting: Setting

    # --- sections ----------------------------------------------------------------------------

    def sections(self, parts: Sequence[Part]) -> list[DraftSentence]:
        head, rest = _split_heading(parts)
        draft = self._lines(head, "")
        shelves = shelve(parts, rest, self.setting.language)
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
        warned = [self._warns(part) for part in rest if part.role is not Role.RED_FLAG]
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
