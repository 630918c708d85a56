"""A post's trace for people: its passage in the guide, each sentence beside what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from review_ui.marks import Change, compare, draft_parts
from stages.text import split_sentences
from stages.types import Block, BlockKind, Card, Guide, Span
from store.traces import Trace


@dataclass(frozen=True, slots=True)
class PassageBlock:
    """A block of the guide. pieces: its text, with what the card was cut from marked.

    after_gap: blocks were left out right before it.
    """

    block: Block
    pieces: tuple[tuple[str, bool], ...]
    after_gap: bool


@dataclass(frozen=True, slots=True)
class Rest:
    """A stretch of the post. sources: what the model said it rests on; is_machine: as the model
    wrote it, otherwise a person's words.
    """

    text: str
    is_machine: bool
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TraceView:
    """changes: from the machine's text to the post's, empty when nobody touched it."""

    trace: Trace
    passage: tuple[PassageBlock, ...]
    rests: tuple[Rest, ...]
    changes: tuple[Change, ...]


def make_trace_view(trace: Trace) -> TraceView:
    post, draft = trace.view.post, trace.draft
    return TraceView(
        trace,
        make_passage(trace.guide, trace.card.spans),
        make_rests(trace.card, post.text, trace),
        compare(draft.machine_text, post.text) if draft.machine_text != post.text else (),
    )


def make_passage(guide: Guide, spans: Sequence[Span]) -> tuple[PassageBlock, ...]:
    """The blocks the card was cut from, under their headings and between their neighbours."""
    blocks = guide.blocks
    hit = {
        number
        for number, block in enumerate(blocks)
        if any(start < block.end and end > block.start for start, end in spans)
    }
    shown = {near for number in hit for near in (number - 1, number, number + 1)}
    shown |= {_heading_above(blocks, number) for number in hit}
    numbers = sorted(number for number in shown if 0 <= number < len(blocks))
    return tuple(
        PassageBlock(
            blocks[number], _mark(blocks[number], spans), before >= 0 and number - 1 != before
        )
        for before, number in zip((-1, *numbers), numbers, strict=False)
    )


def _heading_above(blocks: Sequence[Block], number: int) -> int:
    return next(
        (at for at in range(number, -1, -1) if blocks[at].kind is BlockKind.HEADING), number
    )


def _mark(block: Block, spans: Sequence[Span]) -> tuple[tuple[str, bool], ...]:
    pieces: list[tuple[str, bool]] = []
    at = block.start
    for start, end in sorted(spans):
        begin, stop = max(start, at), min(end, block.end)
        if begin >= stop:
            continue
        if begin > at:
            pieces.append((block.text[at - block.start : begin - block.start], False))
        pieces.append((block.text[begin - block.start : stop - block.start], True))
        at = stop
    if at < block.end:
        pieces.append((block.text[at - block.start :], False))
    return tuple(pieces)


def make_rests(card: Card, text: str, trace: Trace) -> tuple[Rest, ...]:
    """The post's text from beginning to end, cut at the machine's sentences."""
    sources = {} if trace.is_outdated else {
        sentence.id: card.text[sentence.start : sentence.end]
        for sentence in split_sentences(card.text, card.lang)
    }  # fmt: skip
    rests: list[Rest] = []
    at = 0
    for part in draft_parts(trace.draft.id, text, trace.draft.sentences):
        rests += _own_words(text[at : part.start])
        found = tuple(sources[ref] for ref in part.refs if ref in sources)
        rests.append(Rest(text[part.start : part.end], True, found))
        at = part.end
    return (*rests, *_own_words(text[at:]))


def _own_words(text: str) -> list[Rest]:
    return [Rest(text.strip(), False, ())] if text.strip() else []
