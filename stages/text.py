"""Text basics every stage shares: sentences with offsets, word counts, white space."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import sentencex  # type: ignore[import-untyped,unused-ignore]  # ships no types

from stages.types import Sentence, Span

_WORD = re.compile(r"[^\W_]\S*")
_HAN = re.compile("[\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")

# Zero-width, bidi, soft hyphen, interlinear and tag characters, and control characters other than
# tab and newline. A zero-width joiner stays inside an emoji, where it is visible in its effect.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    "\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e0fff]"
    "|(?<![\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d"
)

# The same with every joiner, as one class: a text without any, as nearly all are, is read quickly.
_MAYBE_HIDDEN = re.compile(_HIDDEN.pattern.split("]|")[0] + "\u200d]")

# Chinese full stops that sentencex leaves inside a sentence, with the closers that belong to them.
_ZH_END = re.compile("[。！？；｡]+[。！？；｡”’」』）】》\"')\\]]*")
_CLOSERS = frozenset("。！？；｡”’」』）】》)]")
_BRACKETED = re.compile(r"（[^（）\n]{0,200}）|\([^()\n]{0,200}\)")

# A line of nothing but these, whatever it ends with, holds no end of a sentence.
_PLAIN_LINE = re.compile(r"[\w\s,;:'’“”\"()/%°+&–—-]*.")

# A full stop after these does not end the sentence when a figure follows.
_BEFORE_FIGURE = re.compile(
    r"(?:^|[\s(])(?:approx|appr|ca|circa|no|nos|fig|figs|min|max|p|pp|vol|sec|ch|para|art|est|"
    r"incl|excl|tel|ext|avg)\.\s*$",
    re.IGNORECASE,
)
_MARKER_ONLY = re.compile(r"(?:[-•*‣·–]|[(（]?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)）、．])\s*")


@lru_cache(maxsize=256)
def is_chinese(lang: str) -> bool:
    """Whether a BCP 47 tag names Chinese in any script or country (`zh`, `zh-Hant`, `yue`)."""
    return lang.replace("_", "-").lower().split("-")[0] in {"zh", "yue", "cmn"}


def collapse(text: str) -> str:
    """One line: every run of white space (no-break and ideographic too) becomes one space."""
    return " ".join(text.split())


def strip_hidden(text: str) -> str:
    """Text without the characters nobody sees: zero-width, bidi, soft hyphen, tags, control."""
    if _MAYBE_HIDDEN.search(text) is None:
        return text
    return _HIDDEN.sub("", text)


def count_words(text: str, lang: str) -> int:
    """Words that hold a letter or digit; Han characters when lang is Chinese."""
    return len((_HAN if is_chinese(lang) else _WORD).findall(text))


def split_sentences(text: str, lang: str) -> tuple[Sentence, ...]:
    """Sentences of text in order; ids s1, s2, ...; offsets count in text.

    Edges hold no white space. A newline always ends a sentence. A list marker stays with the
    words after it. Chinese also ends at a full-width semicolon, outside brackets.
    """
    return tuple(
        Sentence(f"s{number}", text[start:end], start, end)
        for number, (start, end) in enumerate(sentence_spans(text, lang), 1)
    )


def sentence_spans(text: str, lang: str) -> list[Span]:
    """The same sentences as `split_sentences`, as offsets only."""
    spans: list[Span] = []
    offset = 0
    for line in text.split("\n"):
        for start, end in _line_spans(line, lang):
            spans.append((offset + start, offset + end))
        offset += len(line) + 1
    return spans


def _line_spans(line: str, lang: str) -> Iterator[Span]:
    begin = 0
    for cut in (*_cuts(line, lang), len(line)):
        piece = line[begin:cut]
        stripped = piece.strip()
        if stripped:
            start = begin + piece.index(stripped[0])
            yield start, start + len(stripped)
        begin = cut


# A sentence ends behind the mark of its footnote: `... evening.[1] This page ...`.
_MARK_AHEAD = re.compile(r"(?:\[\w{1,3}\])+(?=\s|[\u3400-\u9fff]|$)")
_NOTE_MARK = re.compile(r"[.!?。！？](?:\[\w{1,3}\])+(?=\s|[\u3400-\u9fff])")


def _cuts(line: str, lang: str) -> list[int]:
    """Offsets inside line where a new sentence begins."""
    chinese = is_chinese(lang)
    if not line.strip() or (not chinese and _PLAIN_LINE.fullmatch(line)):
        return []
    code = "zh" if chinese else lang.split("-")[0].lower() or "en"
    found = {int(bound["end_index"]) for bound in sentencex.get_sentence_boundaries(code, line)}
    if chinese:
        found |= {match.end() for match in _ZH_END.finditer(line)}
    if "[" in line:
        found |= {match.end() for match in _NOTE_MARK.finditer(line)}
    has_bracket = "(" in line or "（" in line
    inside = [match.span() for match in _BRACKETED.finditer(line)] if has_bracket else []
    cuts = []
    begin = 0
    for cut in sorted(found):
        if cut >= len(line) or any(start < cut < end for start, end in inside):
            continue
        if _joins(line[begin:cut], line[cut:]):
            continue
        cuts.append(cut)
        begin = cut
    return cuts


def _joins(before: str, after: str) -> bool:
    """Whether the splitter cut a sentence in two: after a marker, an abbreviation, or mid-word."""
    head = after.lstrip()[:1]
    if not head or head in _CLOSERS or _MARK_AHEAD.match(after):
        return True
    if _MARKER_ONLY.fullmatch(before.strip()):
        return True
    if not before.rstrip().endswith("."):
        return False
    return head.islower() or (head.isdigit() and _BEFORE_FIGURE.search(before[-12:]) is not None)
