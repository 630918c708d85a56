"""What a run says on a terminal: progress while it goes on, a table at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from flows.line import Report, no_report
from flows.summary import RunSummary
from store.settings import Settings

if TYPE_CHECKING:
    from flows.plan import Plan


@contextmanager
def show_progress(is_quiet: bool = False) -> Iterator[Report]:
    """A line that moves with the run, on stderr; nothing when quiet or when nobody watches."""
    console = Console(stderr=True)
    if is_quiet or not console.is_terminal:
        yield no_report
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting")

        def report(summary: RunSummary, line: str) -> None:
            guides = summary.guides.fetched + summary.guides.unchanged
            counts = f"{guides} guides  {summary.cards.new} new cards  {summary.drafts.new} drafts"
            progress.update(task, description=f"{counts}  {line[: max(10, console.width - 70)]}")

        yield report


def print_summary(summary: RunSummary, settings: Settings) -> None:
    """The run as a table, its notes and errors below."""
    console = Console()
    table = Table(title=f"Run {summary.run_id}", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column()
    for name, counts in summary.as_dict().items():
        if isinstance(counts, dict):
            table.add_row(name, "  ".join(f"{key} {value:g}" for key, value in counts.items()))
    console.print(table)
    for note in summary.notes:
        console.print(note, markup=False, highlight=False)
    for error in summary.errors:
        console.print(f"failed: {error}", style="red", markup=False, highlight=False)
    queue = f"{settings.effective_review_url}/queue?run={summary.run_id}"
    console.print(f"Review: {queue}", highlight=False)


def print_plan(plan: Plan) -> None:
    """What a dry run found."""
    console = Console()
    table = Table(title="Dry run: nothing was fetched, written or paid", title_justify="left")
    for name in ("guide", "cards to cook", "drafts to write", "tokens in", "tokens out"):
        table.add_column(name, justify="left" if name == "guide" else "right")
    for guide in plan.guides:
        numbers = (guide.cards, guide.drafts, guide.tokens_in, guide.tokens_out)
        table.add_row(guide.title, *(str(number) for number in numbers))
    console.print(table)
    cost = "unknown" if plan.cost_usd is None else f"{plan.cost_usd:.4f} USD"
    judge = f", judged by {plan.judge}" if plan.judge else ""
    console.print(
        f"Model {plan.model}{judge}: {plan.drafts} drafts, estimated cost {cost}. Calls that must "
        "be repeated, and what a model thinks before it answers, come on top."
    )
    if plan.sources_never_fetched:
        names = ", ".join(plan.sources_never_fetched)
        console.print(f"Not counted, because nothing of them was fetched yet: {names}.")
