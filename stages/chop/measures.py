"""How much of a guide its cards hold, what they hold twice, and what is in none of them."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from stages.chop.checks import Reading, View, asides_of, bans_of, leads_of
from stages.chop.outline import read_sections
from stages.types import BlockKind, Card, Guide, Span

_FAR = 1 << 62
"""Behind every offset."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A range of the guide's text that no card holds. reason: why it is no content (`links`,
    `sources`, `page data`), '' for content that was lost.
    """

    span: Span
    reason: str


def coverage(guide: Guide, cards: Sequence[Card]) -> float:
    """Share of the guide's content characters that stand in a card, 0..1; 1 for no content.

    Headings, which travel as titles and breadcrumbs, are no content here, nor are the links,
    sources and page data that `asides.py` knows by name: `list_gaps` lists those with their reason.
    """
    content = _content(guide, without=asides_of(read_sections(guide)))
    total = _visible(guide, content)
    return _visible(guide, _cut_to(_union(cards), content)) / total if total else 1.0


def overlap(guide: Guide, cards: Sequence[Card]) -> float:
    """Characters that stand in more than one card, as a share of the content in cards, 0..1.

    Lines that the checks ask to repeat (a list's lead-in or a table's caption on a further card,
    the prohibition that governs a list of steps) do not count; `repeated` gives their share.
    """
    return _doubled(guide, cards, with_leads=False)


def repeated(guide: Guide, cards: Sequence[Card]) -> float:
    """Like `overlap`, with the lead-in lines that stand on every card of a long list."""
    return _doubled(guide, cards, with_leads=True)


def _doubled(guide: Guide, cards: Sequence[Card], *, with_leads: bool) -> float:
    content, reading = _content(guide), Reading(guide)
    once = _visible(guide, _cut_to(_union(cards), content))
    every = 0
    shown: list[Span] = []  # what the cards before hold, in order and free of overlap
    leads: list[Span] = []  # and what of it they were asked to repeat, or to show before its place
    for card in cards:
        view = View(card, reading)
        spans = list(card.spans)
        if not with_leads:
            asked = {lead for group in leads_of(view).values() for lead in group} | bans_of(view)
            for lead in asked:
                _insert(leads, (lead.start, lead.end))
            is_copy = all(_is_held(span, shown) for span in spans)
            spans = [
                s for s in spans if is_copy or not _is_held(s, leads) or not _is_held(s, shown)
            ]
            for span in card.spans:
                _insert(shown, span)
        every += _visible(guide, _cut_to(_joined(spans), _between(content, spans)))
    return max(0, every - once) / once if once else 0.0


def _is_held(span: Span, shown: Sequence[Span]) -> bool:
    """Whether one of the spans, which are in order, holds this one."""
    place = bisect_right(shown, (span[0], _FAR)) - 1
    return place >= 0 and span[1] <= shown[place][1]


def _insert(shown: list[Span], span: Span) -> None:
    """Add a span in its place. Cards come in order, so this is nearly always the end."""
    if not _is_held(span, shown):
        insort(shown, span)


def _between(content: Sequence[Span], spans: Sequence[Span]) -> Sequence[Span]:
    """The part of the content that the spans can touch; both in order."""
    if not spans:
        return ()
    low, high = min(start for start, _ in spans), max(end for _, end in spans)
    first = max(0, bisect_right(content, (low, _FAR)) - 1)
    return content[first : bisect_right(content, (high, _FAR))]


def list_gaps(guide: Guide, cards: Sequence[Card]) -> tuple[Gap, ...]:
    """Everything but headings that is in no card, white space aside, with the reason."""
    gaps = []
    covered, asides = _union(cards), asides_of(read_sections(guide))
    for index, block in enumerate(guide.blocks):
        if block.kind is BlockKind.HEADING:
            continue
        place = block.start
        for low, high in [
            *_cut_to(_between(covered, [(block.start, block.end)]), [(block.start, block.end)]),
            (block.end, block.end),
        ]:
            if guide.text[place:low].strip():
                gaps.append(Gap((place, low), asides.get(index, "")))
            place = high
    return tuple(gaps)


def _visible(guide: Guide, spans: Iterable[Span]) -> int:
    """Characters in the spans, white space aside."""
    return sum(len("".join(guide.text[start:end].split())) for start, end in spans)


def _content(guide: Guide, without: Mapping[int, str] = MappingProxyType({})) -> list[Span]:
    return [
        (block.start, block.end)
        for index, block in enumerate(guide.blocks)
        if block.kind is not BlockKind.HEADING and block.text.strip() and index not in without
    ]


def _union(cards: Sequence[Card]) -> list[Span]:
    """The cards' spans in order, joined where they touch or overlap."""
    return _joined(span for card in cards for span in card.spans)


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _cut_to(spans: Sequence[Span], content: Sequence[Span]) -> list[Span]:
    """What of the spans lies within content; both in order and free of overlap."""
    cut = []
    place = 0
    for start, end in content:
        while place < len(spans) and spans[place][1] <= start:
            place += 1
        other = place
        while other < len(spans) and spans[other][0] < end:
            low, high = max(start, spans[other][0]), min(end, spans[other][1])
            if low < high:
                cut.append((low, high))
            other += 1
    return cut
