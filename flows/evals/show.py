"""What `spoonful eval` says: progress on stderr, a table or one JSON object on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from flows.evals.files import Step

SAY_EVERY_S = 5.0
"""How often progress is said where nobody can watch a line move."""

ROUND = 4
"""Decimals of a figure: a share of 10,000 rows is still told apart."""


@contextmanager
def show_steps(what: str, total: int | None = None) -> Iterator[Step]:
    """Progress on stderr: a bar on a terminal, elsewhere a line every few seconds."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _say_now_and_then(what)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda label: progress.update(task, advance=1, description=f"{what}: {label[:60]}")


def _say_now_and_then(what: str) -> Step:
    count, last = 0, monotonic()

    def step(label: str) -> None:
        nonlocal count, last
        count += 1
        if monotonic() - last >= SAY_EVERY_S:
            last = monotonic()
            say(f"{what}: {count} done, {label}")

    return step


def say(line: str) -> None:
    """A remark for the person at the terminal, on stderr."""
    Console(stderr=True).print(line, markup=False, highlight=False, soft_wrap=True)


def print_json(report: Mapping[str, Any]) -> None:
    """One object on stdout, figures rounded."""
    sys.stdout.write(json.dumps(rounded(report), ensure_ascii=False) + "\n")


def rounded(value: Any) -> Any:
    """The same value with every float at four decimals."""
    if isinstance(value, float):
        return round(value, ROUND)
    if isinstance(value, Mapping):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return value


def print_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """A table on stdout: its first column names the row, the others hold figures."""
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    Console().print(table, markup=False)


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "ok" if value else "WRONG"
        case float():
            return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
        case [int() as part, int() as whole]:
            return f"{part} of {whole}"
    # A name out of a data file is shown as it is, never read as markup.
    return str(value).replace("[", r"\[")
