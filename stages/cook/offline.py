"""The offline writer: an honest, deterministic extract of a card, laid out in each tone's way.

It writes no sentence of its own. Every line is a sentence of the card, word for word, or a line an
editor put into the tone's file (hook, closer, disclaimer). Sentences that carry a must-keep fact
always stay; when the text is longer than the tone allows, the others go from the end backwards
(the first stays longest), then the closer, then the hook.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from stages.cook.compose import compose
from stages.cook.facts import CardReading, facts_of, is_alarm, read_card
from stages.cook.lexicon import EMOJI
from stages.text import count_words
from stages.types import Card, DraftSentence, Fact, Sentence
from tones.load import Tone, phrases_for, pick

OFFLINE_MODEL = "offline/house"
"""What `Draft.model` says when no model wrote the draft."""


class Role(StrEnum):
    """What a sentence asks of its reader."""

    FACT = "fact"
    DO = "do"
    DONT = "dont"
    RED_FLAG = "red_flag"
    ASK = "ask"


class Layout(StrEnum):
    """How a tone arranges the card's sentences."""

    PROSE = "prose"
    LETTER = "letter"
    POINTS = "points"


LAYOUTS = {"expert": Layout.PROSE, "mom": Layout.LETTER, "engagement": Layout.POINTS}
"""Layout by tone id; a tone that is not listed is laid out as prose."""

SIGNS = {Role.DO: "✅", Role.DONT: "🚫", Role.RED_FLAG: "⚠️", Role.ASK: "💬"}
BULLET = "•"

HEADING_CHARS = 80
"""A line of the card without marker and end mark that is no longer than this is a heading."""

_IMPERATIVE_EN = re.compile(
    r"(?:always |try to |aim |make sure|you (?:can|should) )?"
    r"(?:add|aim|ask|bring|brush|build|burp|call|change|check|choose|clean|cover|cut|dress|drink|eat|"
    r"feed|fill|follow|give|go|hold|keep|lay|leave|let|lie|limit|look|make|mix|move|offer|open|place|"
    r"put|read|remove|rest|rinse|serve|set|sit|sleep|speak|start|store|supervise|support|take|talk|"
    r"tell|test|throw|try|turn|use|wait|warm|wash|watch|wear|wipe|write)\b",
    re.IGNORECASE,
)
_ADVICE_ZH = re.compile(
    r"应|應|要|须|須|请|請|可以|建议|建議|最好|每天|坚持|先|用|多|让|讓|把|选|選|给|給"
)
_DANGLING = re.compile(
    r"(?:this|that|these|those|it|they|he|she|however|also|then|instead|otherwise|but|and|or|so|"
    r"such|both|neither|afterwards|if so|if not|for example|in addition|the same)\b|"
    r"(?:这|這|它|该|該|此|其|但|而|因此|所以|否则|否則|同时|同時|另外|如果不|然后|然後|也|并|並)",
    re.IGNORECASE,
)
_ROW = re.compile(
    r"[^:：;；\n]{1,40}[:：]\s?[^;；\n]{1,200}(?:[;；]\s?[^:：;；\n]{1,40}[:：]\s?[^;；\n]{1,200})+"
)
# A sentence that tells its reader not to; "they do not mean that" does not.
_DONT = {
    "en": re.compile(
        r"(?:^|[,;:–] |\b(?:but|and|please|so) )(?:- )?(?:do not|don['’]t|never|avoid)\b|"
        r"\b(?:should|must) (?:not|never)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        "不要|不可|不得|切勿|请勿|請勿|禁|别|別|不能|不宜|避免|不建议|不建議|千万|千萬"
    ),
}
_PLAIN_DONT = re.compile(
    r"(?:please )?(?:do not|don['’]t|never|avoid)\b|"
    r"(?:请|請)?(?:千万|千萬)?(?:不要|不可|切勿|勿|禁止|别|別)",
    re.IGNORECASE,
)
_MARKED = re.compile(r"\A[-•*]\s+")
_NUMBERED_ITEM = re.compile(r"\A[(（]?(?:\d{1,2}|[a-z])[.)）、]\s")
_NUMBERED = re.compile(r"\A(?:\d{1,2}[.、)）]?\s+|[一二三四五六七八九十]{1,3}、\s?)")
_ENDS = re.compile(r"[.!?。！？…:：;；][\"'”’)）」』]*\s*$")


class _Place(StrEnum):
    """How a sentence stands in the card. All but RUNNING begin a line."""

    RUNNING = "running"
    TEXT = "text"
    ITEM = "item"
    NUMBERED = "numbered"
    ROW = "row"
    HEADING = "heading"

    @property
    def is_own_line(self) -> bool:
        return self in (_Place.ITEM, _Place.NUMBERED, _Place.ROW, _Place.HEADING)

    @property
    def bullet(self) -> str:
        return "" if self in (_Place.NUMBERED, _Place.HEADING) else f"{BULLET} "


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Sentences that must stay together and in order, each with its place in the card.

    is_list: a lead-in with its items. is_alarm_line: in a line of the card that tells when to get
    help.
    """

    sentences: tuple[Sentence, ...]
    places: tuple[_Place, ...]
    role: Role
    is_protected: bool
    is_list: bool
    is_alarm_line: bool


def write_offline(card: Card, tones: Sequence[Tone]) -> dict[str, tuple[DraftSentence, ...]]:
    """A draft of the card in every tone, by tone id."""
    reading = read_card(card.text, card.lang)
    facts = facts_of(reading)
    chunks = _chunks(reading, facts)
    return {tone.id: _write(card, tone, chunks, facts) for tone in tones}


def role_of(sentence: str, language: str) -> Role:
    """What a sentence asks of its reader; language is `en` or `zh`."""
    if is_alarm(sentence, language):
        return Role.RED_FLAG
    if _DONT[language].search(sentence):
        return Role.DONT
    if sentence.rstrip().endswith(("?", "？")):
        return Role.ASK
    if language == "zh":
        return Role.DO if _ADVICE_ZH.search(sentence) else Role.FACT
    return Role.DO if _IMPERATIVE_EN.match(sentence) else Role.FACT


def _chunks(reading: CardReading, facts: Sequence[Fact]) -> tuple[_Chunk, ...]:
    protected = {fact.sentence_id for fact in facts}
    alarm_lines = {
        _line(reading.text, s) for s in reading.sentences if is_alarm(s.text, reading.language)
    }
    groups: list[list[Sentence]] = []
    heads: list[str] = []
    for sentence in reading.sentences:
        if sentence.id in reading.planted:
            continue
        lead = reading.lead_ins.get(sentence.id)
        head = lead.id if lead and lead.id not in reading.planted else ""
        joins = bool(groups) and (
            (head and head == heads[-1]) or bool(_DANGLING.match(sentence.text))
        )
        if joins:
            groups[-1].append(sentence)
        else:
            groups.append([sentence])
            heads.append("")
        if sentence.text.rstrip().endswith((":", "：")):
            heads[-1] = sentence.id
    return tuple(
        _Chunk(
            sentences=tuple(group),
            places=tuple(_place(reading.text, s) for s in group),
            role=_role(group, reading.language),
            is_protected=any(s.id in protected for s in group),
            is_list=bool(head) and len(group) > 1,
            is_alarm_line=bool(alarm_lines & {_line(reading.text, s) for s in group}),
        )
        for group, head in zip(groups, heads, strict=True)
    )


def _line(text: str, sentence: Sentence) -> int:
    return text.count("\n", 0, sentence.start)


def _role(group: Sequence[Sentence], language: str) -> Role:
    roles = [role_of(sentence.text, language) for sentence in group]
    if Role.RED_FLAG in roles:
        return Role.RED_FLAG
    return roles[0] if roles[0] is not Role.FACT or Role.DONT not in roles else Role.DONT


def _write(
    card: Card, tone: Tone, chunks: Sequence[_Chunk], facts: Sequence[Fact]
) -> tuple[DraftSentence, ...]:
    layout = LAYOUTS.get(tone.id, Layout.PROSE)
    hook, closer = _frame(card, tone)
    disclaimer = pick(tone.disclaimer, card.lang)
    if layout is Layout.PROSE:
        hook, closer = _heading(card), ""
    elif not hook:
        hook = _heading(card)
    kept = list(chunks)
    if hook and kept and _says(kept[0], hook):
        hook = ""
    body = _body(kept, layout, tone, facts, hook + closer)
    draft = _assemble(hook, body, closer, disclaimer)
    limit = tone.length(card.lang)[1]
    while count_words(compose(draft, card.lang), card.lang) > limit:
        spare = [n for n, chunk in enumerate(kept) if not chunk.is_protected]
        if spare:
            del kept[spare[-1]]
        elif closer:
            closer = ""
        elif hook and layout is not Layout.PROSE:
            hook = ""
        else:
            break
        body = _body(kept, layout, tone, facts, hook + closer)
        draft = _assemble(hook, body, closer, disclaimer)
    return draft


def _says(chunk: _Chunk, heading: str) -> bool:
    """Whether the card's text opens with the heading itself, so that it need not stand twice."""
    first = _MARKED.sub("", chunk.sentences[0].text.strip()).rstrip(".!?。！？")
    return _NUMBERED.sub("", first) == heading


def _heading(card: Card) -> str:
    """The heading the card stands under, without its number; the card's title if there is none.

    A title may repeat the card's first words after the heading, which follow anyway.
    """
    last = card.breadcrumbs[-1] if card.breadcrumbs else ""
    heading = last if last and card.title.startswith(last) else card.title
    return _NUMBERED.sub("", heading) or heading


def _frame(card: Card, tone: Tone) -> tuple[str, str]:
    """Hook and closer of the card's topic, chosen by the card's words, so always the same."""
    turn = int(card.body_hash[:8], 16) if _is_hex(card.body_hash[:8]) else len(card.text)
    hooks = phrases_for(pick(tone.hooks, card.lang), card.topics)
    closers = phrases_for(pick(tone.closers, card.lang), card.topics)
    hook = hooks[turn % len(hooks)] if hooks else ""
    return hook, closers[turn % len(closers)] if closers else ""


def _is_hex(text: str) -> bool:
    return bool(text) and all(c in "0123456789abcdef" for c in text.lower())


def _assemble(
    hook: str, body: Sequence[DraftSentence], closer: str, disclaimer: str
) -> tuple[DraftSentence, ...]:
    draft: list[DraftSentence] = []
    if hook:
        draft.append(DraftSentence(hook + "\n\n"))
    draft.extend(body)
    if closer:
        draft.append(DraftSentence("\n\n" + closer))
    if disclaimer:
        draft.append(DraftSentence("\n\n" + disclaimer))
    return tuple(draft)


def _body(
    chunks: Sequence[_Chunk], layout: Layout, tone: Tone, facts: Sequence[Fact], frame: str
) -> list[DraftSentence]:
    by_sentence: dict[str, list[str]] = {}
    for fact in facts:
        by_sentence.setdefault(fact.sentence_id, []).append(fact.id)
    ordered = list(chunks)
    if layout is not Layout.PROSE:
        # Lines on when to get help stand last, where they are found again; whole lines, because
        # a sentence may go on from the one before. Order is otherwise the card's.
        ordered.sort(key=lambda chunk: chunk.is_alarm_line)
    signs = _signs(ordered, tone, frame) if layout is Layout.POINTS else {}
    body: list[DraftSentence] = []
    for turn, chunk in enumerate(ordered):
        before = ordered[turn - 1] if turn else None
        for n, sentence in enumerate(chunk.sentences):
            lead = _lead(chunk, n, turn, before, layout)
            if layout is Layout.POINTS and n == 0 and chunk.places[0].bullet:
                lead += signs.get(turn, BULLET) + " "
            body.append(
                DraftSentence(
                    text=lead + _readable(sentence.text),
                    source_ids=(sentence.id,),
                    fact_ids=tuple(by_sentence.get(sentence.id, ())),
                )
            )
    return body


def _lead(chunk: _Chunk, n: int, turn: int, before: _Chunk | None, layout: Layout) -> str:
    """Line break and bullet in front of sentence n of a chunk; turn: the chunk's number."""
    place = chunk.places[n]
    bullet = place.bullet
    gap = "\n\n" if place is _Place.HEADING else "\n"
    if layout is Layout.POINTS:
        if n == 0:
            return gap if before else ""
        return ("\n   " + bullet.replace(BULLET, "–")) if place.is_own_line else ""
    if place.is_own_line:
        return (gap if n or before else "") + bullet
    if n or before is None:
        return ""
    if chunk.is_list or before.is_list or before.places[-1].is_own_line:
        return "\n\n"
    turns = chunk.role is Role.RED_FLAG and before.role is not Role.RED_FLAG
    # A letter has short paragraphs: a new one every third chunk.
    return "\n\n" if turns or (layout is Layout.LETTER and turn % 3 == 0) else ""


def _place(text: str, sentence: Sentence) -> _Place:
    """Items carry the marker the chopper shows (`- `, `1. `); a row or a line without an end mark
    reads only on a line of its own.
    """
    start = sentence.start
    if start and text[start - 1] != "\n":
        return _Place.RUNNING
    if _MARKED.match(sentence.text):
        return _Place.ITEM
    if _NUMBERED_ITEM.match(sentence.text):
        return _Place.NUMBERED
    bare = sentence.text.strip()
    if _ROW.fullmatch(bare):
        return _Place.ROW
    if _ENDS.search(bare):
        return _Place.TEXT
    ends_line = sentence.end >= len(text) or text[sentence.end] == "\n"
    return _Place.HEADING if ends_line and len(bare) <= HEADING_CHARS else _Place.ROW


def _readable(text: str) -> str:
    """A list item without its dash, a table row as `Age: 0-2 months · Feeds: 7-8`."""
    bare = _MARKED.sub("", text.strip())
    return re.sub(r"\s?[;；]\s?", " · ", bare) if _ROW.fullmatch(bare) else bare


def _is_plain_dont(chunk: _Chunk) -> bool:
    """Whether the chunk says nothing but what not to do: a stop sign in front of "keep giving
    milk and do not dilute it" would forbid the milk.
    """
    return all(_PLAIN_DONT.match(_readable(sentence.text)) for sentence in chunk.sentences)


def _signs(chunks: Sequence[_Chunk], tone: Tone, frame: str) -> dict[int, str]:
    """The sign of each point: emoji as far as the tone allows, warnings first, then bullets."""
    from_frame = len(EMOJI.findall(frame))
    left = tone.emoji_max - from_frame
    found: dict[int, str] = {}
    rank = {Role.RED_FLAG: 0, Role.DONT: 1, Role.DO: 2, Role.ASK: 3, Role.FACT: 4}
    for n in sorted(range(len(chunks)), key=lambda n: rank[chunks[n].role]):
        chunk = chunks[n]
        sign = SIGNS.get(chunk.role)
        if chunk.role is Role.DONT and not _is_plain_dont(chunk):
            continue
        if sign and left > 0 and chunk.places[0].bullet:
            found[n] = sign
            left -= 1
    return found
