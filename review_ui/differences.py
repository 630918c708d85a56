"""What became of a source on its way to a reader: source, machine's text, people's text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from review_ui.marks import Change, compare
from stages.text import is_chinese
from stages.types import DraftSentence, Span

Changes = tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One sentence of the machine. source: what it rests on, with what it left out marked as
    removed; () when it rests on nothing. machine: the sentence, with what the source does not say
    marked as added. mine: from the machine's words to those that stand now; () when untouched.
    """

    source: Changes
    machine: Changes
    mine: Changes


def make_layers(
    sentences: Sequence[DraftSentence],
    machine_text: str,
    text: str,
    sources: Mapping[str, str],
    lang: str,
) -> tuple[LayerRow, ...]:
    """A row for each sentence of the machine. sources: sentences of the card by id.

    What a person added stands with the sentence it follows, at the very beginning with the first.
    """
    glue = "" if is_chinese(lang) else " "
    edits = _split(compare_texts(machine_text, text), _places(sentences, machine_text))
    rows = []
    for sentence, edited in zip(sentences, edits, strict=True):
        source = glue.join(sources[ref] for ref in sentence.source_ids if ref in sources)
        changes = compare_texts(source, sentence.text) if source else ()
        rows.append(
            LayerRow(
                source=_without("added", changes),
                machine=_without("removed", changes) or (Change("same", sentence.text),),
                mine=edited if any(change.kind != "same" for change in edited) else (),
            )
        )
    return tuple(rows)


def _without(kind: str, changes: Changes) -> Changes:
    """One side of a comparison; what stands together then is one stretch."""
    kept: list[Change] = []
    for change in changes:
        if change.kind == kind:
            continue
        if kept and kept[-1].kind == change.kind:
            kept[-1] = Change(change.kind, kept[-1].text + change.text)
        else:
            kept.append(change)
    return tuple(kept)


@lru_cache(maxsize=4096)
def compare_texts(old: str, new: str) -> Changes:
    """`compare`, remembered: a card is shown many times, with the same texts."""
    return compare(old, new)


def _places(sentences: Sequence[DraftSentence], text: str) -> list[int]:
    """Where in the machine's text each of its sentences ends."""
    ends = []
    at = 0
    for sentence in sentences:
        words = sentence.text.strip()
        found = text.find(words, at) if words else -1
        at = found + len(words) if found >= 0 else at
        ends.append(at)
    return ends


def _split(changes: Changes, ends: Sequence[int]) -> list[Changes]:
    """The comparison of two whole texts cut where the old one's sentences end."""
    rows: list[list[Change]] = [[] for _ in ends]
    if not rows:
        return []
    row = at = 0
    for change in changes:
        if change.kind == "added":
            rows[row].append(change)
            continue
        rest = change.text
        while rest:
            # Past the last sentence everything is the last one's.
            if row < len(ends) - 1 and at >= ends[row]:
                row += 1
                continue
            room = ends[row] - at if row < len(ends) - 1 else len(rest)
            piece, rest = rest[:room], rest[room:]
            rows[row].append(Change(change.kind, piece))
            at += len(piece)
    return [_trim(changes) for changes in rows]


def _trim(changes: Sequence[Change]) -> Changes:
    """Without the white space that only stands between two sentences."""
    kept = list(changes)
    for edge in (0, -1):
        while kept and kept[edge].kind == "same" and not kept[edge].text.strip():
            kept.pop(edge)
        if kept and kept[edge].kind == "same":
            text = kept[edge].text
            kept[edge] = Change("same", text.lstrip() if edge == 0 else text.rstrip())
    return tuple(kept)


# --- words of a draft that its source does not have ---------------------------------------

_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*")
_HAN_RUN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+|\\d+(?:\\.\\d+)?")
_ENDINGS = ("ingly", "edly", "ing", "ies", "ied", "est", "ed", "es", "er", "ly", "s")
_MIN_STEM = 3

_SMALL_WORDS = frozenset(
    """a about above after again all also always am an and any are around as at away back be because
    been before being below best better both but by can cannot could did do does doing don't down
    during each either else enough even ever every everyone few find first for from get gets
    getting give gives go goes going good got had has have having he her here hers him his how if
    in into is isn't it it's its just keep keeps know let let's like little look lot made make
    makes many may maybe me might mine more most much must my need needs never new next no not
    nothing now of off often okay on once one ones only onto or other our ours out over own perhaps
    please put quite rather really right same say see she should so some something soon still such
    take takes than that that's the their them then there these they thing things this those though
    through till to today together too toward towards try under until up upon us use used very want
    was way we well were what when where whether which while who whole whose why will with within
    without would yes yet you you're your yours yourself""".split()
)
_SMALL_HAN = frozenset(
    "的地得了着过算吗呢吧啊呀哦啦嘛么和与及或而且但又也都就才还再很太更最是在有这那你我他她它们个些把被让给对"
    "从到向往为以于上下里中前后时会能可要应请先若如则即便使其之所每各该没不别一二三两"
)


def own_words(sentence: str, source: str, lang: str) -> tuple[Span, ...]:
    """Content words of a sentence that occur nowhere in what it rests on, as offsets.

    English by stem, figures as they are written; Chinese by runs of characters, none of which
    stands beside the same neighbour in the source.
    """
    return _own_han(sentence, source) if is_chinese(lang) else _own_english(sentence, source)


def _own_english(sentence: str, source: str) -> tuple[Span, ...]:
    known = {_stem(word) for word in _WORD.findall(source)}
    return tuple(
        match.span()
        for match in _WORD.finditer(sentence)
        if match[0].lower().replace("’", "'") not in _SMALL_WORDS
        and (len(match[0]) >= _MIN_STEM or match[0][0].isdigit())
        and _stem(match[0]) not in known
    )


@lru_cache(maxsize=16_384)
def _stem(word: str) -> str:
    """Enough of a word to recognise its other forms: `refrozen` and `freeze` stay two words."""
    low = word.lower().replace("’", "'").removesuffix("'s")
    if low[0].isdigit():
        return low.rstrip(".,:")
    for ending in _ENDINGS:
        if low.endswith(ending) and len(low) - len(ending) >= _MIN_STEM:
            low = low.removesuffix(ending)
            break
    if len(low) > _MIN_STEM and low[-1] == low[-2]:
        low = low[:-1]
    return low[:-1] if len(low) > _MIN_STEM and low[-1] in "eyi" else low


def _own_han(sentence: str, source: str) -> tuple[Span, ...]:
    pairs = set()
    numbers = set()
    for run in _HAN_RUN.findall(source):
        if run[0].isdigit():
            numbers.add(run)
        pairs |= {run[n : n + 2] for n in range(len(run) - 1)}
    spans: list[Span] = []
    for match in _HAN_RUN.finditer(sentence):
        run, start = match[0], match.start()
        if run[0].isdigit():
            spans += [] if run in numbers else [match.span()]
            continue
        is_known = [False] * len(run)
        for n in range(len(run) - 1):
            if run[n : n + 2] in pairs:
                is_known[n] = is_known[n + 1] = True
        begin = 0
        for n in range(len(run) + 1):
            if n == len(run) or is_known[n] or run[n] in _SMALL_HAN:
                if n - begin >= 2:
                    spans.append((start + begin, start + n))
                begin = n + 1
    return tuple(spans)
