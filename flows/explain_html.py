"""A chopped page as one HTML page of its own: no script, nothing loaded, every text escaped."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flows.explain import (
    CHECK_MEANINGS,
    NO_SOURCE,
    Chopped,
    Line,
    Run,
    is_web_address,
    list_runs,
    unit_of,
)
from stages.chop import CARD_CHECKS
from stages.text import count_words, is_chinese, strip_hidden
from stages.types import CalloutKind, Card, CardKind, Stakes

CARD_SIZE, CARD_SIZE_HAN = (40, 120), (64, 192)
"""Least and most words, Han characters for Chinese, of a card (the check `size`)."""

MAX_EVIDENCE = 200
"""Hidden and lost texts written out; the count says how many there are."""

CALLOUT_NAMES = {
    CalloutKind.NONE: "",
    CalloutKind.WARNING: "Warning",
    CalloutKind.WHEN_TO_CALL: "When to call",
    CalloutKind.TIP: "Tip",
}


def render_page(chopped: Chopped) -> str:
    """The whole page as text. It follows the reader's light or dark setting."""
    reading = chopped.reading
    runs = list_runs(chopped)
    address = reading.guide.url if is_web_address(reading.origin) else ""
    return (
        _environment()
        .get_template("explain.html")
        .render(
            chopped=chopped,
            reading=reading,
            guide=reading.guide,
            source=None if reading.source.id == NO_SOURCE else reading.source,
            address=address,
            name=Path(
                reading.origin
            ).name,  # the page may be passed on; folders are nobody's business
            runs=runs,
            map=[_segment(run) for run in runs],
            kinds=_count_kinds(chopped.cards),
            bad=sum(1 for names in chopped.failed.values() if names),
            checks=CARD_CHECKS,
            meanings=CHECK_MEANINGS,
            callouts=CALLOUT_NAMES,
            unit=unit_of(reading.guide.lang),
            most_evidence=MAX_EVIDENCE,
            boxes_of=_boxes,
            size_of=_size,
            is_high=lambda card: card.stakes is Stakes.HIGH,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_without_hidden,
    )
    environment.filters["name"] = lambda word: str(word).replace("_", " ")
    return environment


def _without_hidden(value: Any) -> Any:
    """Texts of a page without the characters that turn or hide what stands around them."""
    return strip_hidden(value) if type(value) is str else value


def _segment(run: Run) -> dict[str, Any]:
    """One piece of the map of the guide, as long as its text."""
    chars = sum(len(line.text) for line in run.lines)
    return {
        "card": run.card,
        "failed": run.failed,
        "chars": max(1, chars),
        "is_heading": run.is_heading,
    }


def _boxes(run: Run) -> list[tuple[CalloutKind, list[Line]]]:
    """The lines of a run by the call-out box they stand in."""
    boxes = groupby(run.lines, key=lambda line: line.block.callout)
    return [(callout, list(lines)) for callout, lines in boxes]


def _count_kinds(cards: tuple[Card, ...]) -> list[tuple[CardKind, int]]:
    counts = {kind: sum(1 for card in cards if card.kind is kind) for kind in CardKind}
    return [(kind, count) for kind, count in counts.items() if count]


def _size(card: Card) -> dict[str, float]:
    """A card's length, and where it lies on the scale from nothing to the longest card, in %."""
    least, most = CARD_SIZE_HAN if is_chinese(card.lang) else CARD_SIZE
    words = count_words(card.text, card.lang)
    return {
        "words": words,
        "share": min(100.0, 100 * words / most),
        "least": 100 * least / most,
    }
