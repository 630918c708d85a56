"""A guide's blocks as sections: the runs of content that stand under one heading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stages.chop.asides import list_asides
from stages.text import collapse
from stages.types import Block, BlockKind, CalloutKind, Guide

MAX_BREADCRUMBS = 12
"""Headings nested deeper than this (hostile or broken markup) count as this deep."""


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
        close()
        if not block.text.strip() or _is_guide_title(guide, index, is_first=index == first):
            continue
        if block.callout is not CalloutKind.NONE and outer is None:
            outer, box = list(path), block.callout
        path = _under(guide.blocks, path, index)
    close()
    return tuple(sections)


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
