"""A chopped page on a terminal: a table of its cards, or its text with the cards laid over it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.explain import (
    CHECK_MEANINGS,
    NO_SOURCE,
    Chopped,
    Run,
    list_runs,
    summary_line,
    unit_of,
)
from stages.chop import CARD_CHECKS
from stages.text import collapse, count_words, strip_hidden
from stages.types import BlockKind, CalloutKind, Card, CardKind, Stakes

KIND_COLOURS = {
    CardKind.WARNING: "red",
    CardKind.WHEN_TO_CALL: "red",
    CardKind.HOW_TO: "cyan",
    CardKind.AMOUNTS: "blue",
    CardKind.MILESTONE: "magenta",
    CardKind.FACT: "green",
}
BOXES = {
    CalloutKind.NONE: "",
    CalloutKind.WARNING: "⚠ ",
    CalloutKind.WHEN_TO_CALL: "☎ ",
    CalloutKind.TIP: "☆ ",
}
MAX_EVIDENCE = 20
"""Hidden and lost texts shown; the count says how many there are."""


def print_cards(console: Console, chopped: Chopped) -> None:
    """One row a card, what else there is to know of the page above and below."""
    _print_head(console, chopped)
    table = Table(show_edge=False, pad_edge=False, box=None)
    table.add_column("#", justify="right", style="dim")
    table.add_column("kind", no_wrap=True)
    table.add_column("size", justify="right")
    table.add_column("title", overflow="fold")
    failed = chopped.failed
    if has_failed := any(failed.values()):
        table.add_column("failed checks", overflow="fold")
    for card in chopped.cards:
        names = [Text(", ".join(failed.get(card.id, ())), "red")] if has_failed else []
        table.add_row(
            str(card.position + 1),
            Text(_name(card.kind), KIND_COLOURS[card.kind]),
            str(count_words(card.text, card.lang)),
            Text(_plain(card.title)),
            *names,
        )
    if chopped.cards:
        console.print(table)
    _print_foot(console, chopped)


def print_explanation(console: Console, chopped: Chopped) -> None:
    """The guide from top to bottom: where each card begins and why, and what is in none."""
    _print_head(console, chopped)
    for run in list_runs(chopped):
        if run.card:
            _print_card(console, run, run.card)
        elif run.is_heading:
            console.print()
            for line in run.lines:
                mark = "#" * max(1, line.block.level)
                console.print(Text(f"{mark} {_plain(line.text)}", "bold"))
        else:
            _print_gap(console, run)
    console.print()
    _print_foot(console, chopped)


def _print_head(console: Console, chopped: Chopped) -> None:
    reading, guide = chopped.reading, chopped.reading.guide
    console.print(Text(_plain(guide.title), "bold"))
    source = "no source" if reading.source.id == NO_SOURCE else f"source {reading.source.id}"
    reviewed = f", reviewed {guide.reviewed}" if guide.reviewed else ""
    _say(console, f"{reading.origin} ({source}, {guide.lang}{reviewed})", "dim")
    _say(console, summary_line(chopped))
    if reading.quarantine:
        reason = reading.quarantine.reason.value.replace("_", " ")
        said = f"A run would set this page aside: {reason} ({reading.quarantine.evidence})"
        _say(console, said, "bold red")
    for note in reading.notes:
        _say(console, note, "yellow")
    if guide.licence_finding:
        _say(console, f"Licence: {guide.licence_finding}", "yellow")
    console.print()


def _print_card(console: Console, run: Run, card: Card) -> None:
    colour = KIND_COLOURS[card.kind]
    console.print()
    if not run.is_first:
        _bar(console, Text(f"card {card.position + 1} goes on", f"dim {colour}"), colour)
        _print_lines(console, run, colour)
        return
    if run.reason:
        console.print(Text(f"✂ {_plain(run.reason)}", "italic dim"))
    head = Text(f"{card.position + 1}  ", f"bold {colour}")
    head.append(_plain(card.title), "bold")
    _bar(console, head, colour)
    _bar(console, Text(_plain(" › ".join(card.breadcrumbs)), "dim"), colour)
    _bar(console, Text(_plain(traits_line(card)), colour), colour)
    for line in run.again:
        _bar(console, Text(f"↻ {_plain(line)}", "dim"), colour)
    _print_lines(console, run, colour)
    for marks in _marks(run):
        _bar(console, marks, colour)


def traits_line(card: Card) -> str:
    """Kind, size, stages, topics and stakes of a card in one line."""
    traits = [_name(card.kind), f"{count_words(card.text, card.lang)} {unit_of(card.lang)}"]
    traits += [", ".join(card.stages)] if card.stages else []
    traits += [", ".join(map(_name, card.topics))] if card.topics else []
    traits += ["high stakes"] if card.stakes is Stakes.HIGH else []
    return " · ".join(traits)


def _print_lines(console: Console, run: Run, colour: str) -> None:
    for line in run.lines:
        block, text = line.block, _plain(line.text)
        style = "bold" if block.kind is BlockKind.HEADING else ""
        indent = ""
        if block.kind is BlockKind.LIST_ITEM:
            indent = "  " * max(0, block.level - 1) + f"{block.marker or '•'} "
        elif block.kind is BlockKind.TABLE_ROW:
            indent = "▤ "
        _bar(console, Text(BOXES[block.callout] + indent + text, style), colour)


def _marks(run: Run) -> Iterator[Text]:
    """The checks that failed, each with what it asks for, and the ones that passed."""
    for name in run.failed:
        yield Text(f"✗ {_name(name)}: {CHECK_MEANINGS[name]}", "bold red")
    passed = [name.replace("_", "-") for name in CARD_CHECKS if name not in run.failed]
    if passed:
        yield Text("✓ " + " ".join(passed), "green dim")


def _print_gap(console: Console, run: Run) -> None:
    console.print()
    _bar(console, Text(f"In no card. {_plain(run.reason)}", "italic yellow"), "yellow", "┆ ")
    for line in run.lines:
        _bar(console, Text(_plain(line.text), "dim"), "yellow", "┆ ")


def _print_foot(console: Console, chopped: Chopped) -> None:
    reading = chopped.reading
    for title, texts, colour in (
        ("Hidden from readers, left out", reading.hidden, "dim"),
        ("In the page's main part, but lost", reading.lost, "red"),
    ):
        if texts:
            _say(console, f"{title} ({len(texts)}):", f"bold {colour}")
            for text in texts[:MAX_EVIDENCE]:
                _say(console, f"  {collapse(_plain(text))[:300]}", colour)
    if reading.licence_line:
        _say(console, f"The page says of its licence: {reading.licence_line}", "dim")


def _bar(console: Console, text: Text, colour: str, bar: str = "┃ ") -> None:
    """Text with a coloured bar at its left, also where it wraps."""
    width = max(20, console.width - len(bar))
    for line in text.wrap(console, width) or [Text()]:
        console.print(Text(bar, colour) + line)


def _say(console: Console, text: str, style: str = "") -> None:
    console.print(Text(_plain(text), style), soft_wrap=not console.is_terminal)


def _plain(text: str) -> str:
    """Text out of a page without the characters that would move a terminal's cursor."""
    return strip_hidden(text).replace("\n", " ")


def _name(word: str) -> str:
    return str(word).replace("_", " ")
