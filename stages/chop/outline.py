"""A guide's blocks as sections: the runs of content that stand under one heading."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from stages.chop.asides import list_asides
from stages.chop.weight import MIN_WORDS, weigh
from stages.text import collapse
from stages.types import Block, BlockKind, CalloutKind, Guide

MAX_BREADCRUMBS = 12
"""Headings nested deeper than this (hostile or broken markup) count as this deep."""


CALL, WARNING = "call", "warning"

_CALL = re.compile(
    r"\bwhen (?:to|should|do|must|can|you|it) (?:[\w'’]+ ){0,4}?(?:call|phone|ring|see|get|seek|go|"
    r"contact|talk|speak|ask|visit|take|worry|consult)\b"
    r"|\b(?:call|phone|ring|dial) (?:the |your |a |an |for )?(?:999|911|112|000|111|doctor|gp|"
    r"midwife|ambulance|emergency|poison)|\bemergenc(?:y|ies)\b|\burgent\b|\bimmediate action\b"
    r"|\bseek (?:medical|help|urgent)|\bget (?:\w+ )?(?:medical )?help\b"
    r"|\bsee (?:a|your) (?:doctor|gp)\b"
    r"|就[医醫诊診]|[看找]医生|[看找]醫生|急救|急[诊診]|紧急|緊急|求助|送[医醫]|去[医醫]院|拨打|撥打",
    re.IGNORECASE,
)
_WARNING = re.compile(
    r"\bwarnings?\b|\bdanger\b|\bdanger signs?\b|\bnever\b|\bcaution\b|\bred flags?\b"
    r"|警告|危险信号|危險信號|切勿|千万|千萬|严禁|嚴禁|禁止|绝对不|絕對不",
    re.IGNORECASE,
)
_BARE_LABEL = re.compile(
    r"(?:warnings?|cautions?|important|note|danger|attention|remember|"
    r"警告|注意|重要|重要提示|当心|當心|小心|危险|危險)[.!:。！：]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Section:
    """Content blocks that follow each other under the same headings.

    path: indices of the heading blocks above, outermost first, the guide's own title left out.
    blocks: indices of the content blocks; empty when nothing of the section is content. boxed: its
    heading stands in the same call-out box. asides: indices of the blocks that are no content, each
    with its reason (see `asides.py`).
    """

    path: tuple[int, ...]
    blocks: tuple[int, ...]
    boxed: bool = False
    asides: Mapping[int, str] = field(default_factory=dict)


def read_sections(guide: Guide) -> tuple[Section, ...]:
    """The guide's sections in reading order; headings without content of their own give none.

    A heading inside a call-out box opens a section that ends with the box; what follows belongs to
    the headings before it again.
    """
    sections: list[Section] = []
    path: list[int] = []
    outer: list[int] | None = None
    run: list[int] = []

    def close() -> None:
        if run:
            sections.append(_section(guide, tuple(path), tuple(run), boxed=outer is not None))
            run.clear()

    first = next((i for i, b in enumerate(guide.blocks) if b.kind is BlockKind.HEADING), -1)
    box = CalloutKind.NONE
    for index, block in enumerate(guide.blocks):
        if outer is not None and block.callout is not box:
            close()
            path, outer = outer, None
        if block.kind is not BlockKind.HEADING:
            if block.text.strip():
                run.append(index)
            continue
        if run and outer is None and _only_labels(guide, index):
            continue  # the box speaks of the section that it stands in
        close()
        if not block.text.strip() or _is_guide_title(guide, index, is_first=index == first):
            continue
        if block.callout is not CalloutKind.NONE and outer is None:
            outer, box = list(path), block.callout
        path = _under(guide.blocks, path, index)
    close()
    return tuple(sections)


def _only_labels(guide: Guide, index: int) -> bool:
    """Whether a heading in a short box says no more than the box does: `Warning`."""
    block = guide.blocks[index]
    if block.callout is CalloutKind.NONE:
        return False
    follows = index + 1 < len(guide.blocks) and guide.blocks[index + 1].callout is block.callout
    starts = index == 0 or guide.blocks[index - 1].callout is not block.callout
    if not (starts and follows and _BARE_LABEL.fullmatch(block.text.strip())):
        return False
    words = 0.0
    for other in guide.blocks[index + 1 :]:
        words += weigh(other.text, guide.lang)
        if other.callout is not block.callout or words >= MIN_WORDS:
            break
        if other.kind is BlockKind.HEADING:
            return False
    return words < MIN_WORDS or other.callout is not block.callout


def _under(blocks: Sequence[Block], path: list[int], index: int) -> list[int]:
    """The path of headings down to the heading at index."""
    level = blocks[index].level
    above = [heading for heading in path if blocks[heading].level < level]
    return [*above[: MAX_BREADCRUMBS - 1], index]


def _is_guide_title(guide: Guide, index: int, *, is_first: bool) -> bool:
    """Whether a heading only repeats the guide's title, as the h1 of nearly every page does."""
    block = guide.blocks[index]
    if _plain(block.text) == _plain(guide.title):
        return True
    return is_first and block.level == 1 and _plain(block.text) in _plain(guide.title)


def _plain(text: str) -> str:
    return collapse(text).casefold().strip(" .:!?#¶：。！？")


def _section(
    guide: Guide, path: tuple[int, ...], blocks: tuple[int, ...], *, boxed: bool
) -> Section:
    headings = [guide.blocks[index].text for index in path]
    asides = list_asides(headings, [(i, guide.blocks[i]) for i in blocks], guide.lang)
    return Section(path, tuple(i for i in blocks if i not in asides), boxed, asides)


def urgency_of(guide: Guide, section: Section) -> str:
    """`CALL` for a section that says when to get help, `WARNING` for a warning, '' for any other:
    by the headings above it, the innermost first, or by the box that all of it stands in.
    """
    for index in reversed(section.path):
        found = _urgency(guide.blocks[index].text[:200])
        if found:
            return found
    boxes = {guide.blocks[index].callout for index in section.blocks}
    if boxes == {CalloutKind.WHEN_TO_CALL}:
        return CALL
    return WARNING if boxes == {CalloutKind.WARNING} else ""


@lru_cache(maxsize=1024)
def _urgency(heading: str) -> str:
    if _CALL.search(heading):
        return CALL
    return WARNING if _WARNING.search(heading) else ""
