"""Guides from a few lines of text, for chop's tests."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from stages.policy import Policy
from stages.types import Block, BlockKind, CalloutKind, Guide, Reuse

_BOXES = {"!": CalloutKind.WARNING, "?": CalloutKind.WHEN_TO_CALL}


def build_guide(blocks: Sequence[Block], lang: str = "en", title: str = "A guide") -> Guide:
    placed: list[Block] = []
    position = 0
    for block in blocks:
        placed.append(replace(block, start=position))
        position += len(block.text) + 1
    text = "\n".join(block.text for block in placed)
    return Guide(
        id="guide-1",
        source_id="source-1",
        url="http://127.0.0.1/guide",
        title=title,
        lang=lang,
        blocks=tuple(placed),
        text=text,
        content_hash=hashlib.sha256(text.encode()).hexdigest(),
        reuse=Reuse.ADAPT_OK,
        licence="CC BY 4.0",
        attribution="A publisher",
    )


def read_blocks(text: str) -> list[Block]:
    """A line a block: `## heading`, `- item`, `1. step`, `| row`, `= caption`, else a paragraph.

    Two more spaces of indent nest an item; `!` and `?` before it all put it in a box.
    """
    blocks: list[Block] = []
    group = 0
    last: BlockKind | None = None
    for line in filter(str.strip, text.strip("\n").split("\n")):
        box = _BOXES.get(line[0], CalloutKind.NONE)
        line = line[1:] if box else line
        nested = 1 + (len(line) - len(line.lstrip())) // 2
        line = line.strip()
        heading = re.match(r"(#+) ", line)
        step = re.match(r"(\d+\.) ", line)
        if heading:
            block = Block(BlockKind.HEADING, line[heading.end() :], len(heading[1]))
        elif step or line.startswith("- "):
            group += last is not BlockKind.LIST_ITEM
            marker = step[1] if step else ""
            words = line[len(marker or "-") + 1 :]
            block = Block(BlockKind.LIST_ITEM, words, nested, group, marker)
        elif line.startswith("| "):
            group += last is not BlockKind.TABLE_ROW
            block = Block(BlockKind.TABLE_ROW, line[2:], 0, group)
        elif line.startswith("= "):
            block = Block(BlockKind.CAPTION, line[2:])
        else:
            block = Block(BlockKind.PARAGRAPH, line)
        last = block.kind
        blocks.append(replace(block, callout=box))
    return blocks


@pytest.fixture(scope="session")
def guide_of() -> Callable[..., Guide]:
    """Builds a guide from lines (the notation of `read_blocks`), a language and a title."""

    def make(text: str, lang: str = "en", title: str = "A guide") -> Guide:
        return build_guide(read_blocks(text), lang, title)

    return make


@pytest.fixture(scope="session")
def guide_from() -> Callable[..., Guide]:
    """Builds a guide from blocks, a language and a title; offsets are filled in."""
    return build_guide


@pytest.fixture(scope="session")
def no_topics() -> Policy:
    return Policy(())
