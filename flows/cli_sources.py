"""The commands that look after the publishers we crawl."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from flows.source_report import SourceReport
    from stages.types import Source
    from store.engine import Database
    from store.settings import Settings

sources_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The publishers we crawl. What they allow, and whether we ask them.",
    epilog="Sources are written in seeds/sources.yaml (SPOONFUL_SOURCES_FILE), whose head explains "
    "every key. A mistake in it is named with its line by every command.",
)

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout; logs go to stderr.")
]
Id = Annotated[str, typer.Argument(help="Id of a source, as `sources list` shows it.")]
Note = Annotated[str, typer.Option(help="Why; kept with the decision.")]

INDENT = 13
"""Columns before what is said of a source: the longest name of a line and two more."""

STATE_COLOURS = {"on": "green", "off": "dim", "barred": "dim", "stopped": "red", "parked": "yellow"}


@sources_app.command("list")
def list_sources(as_json: Json = False) -> None:
    """Every source in short, with its state and licence. Asks nobody.

    States: on; off (not enabled, with the reason); barred (the publisher forbids crawling);
    stopped (by a person: `sources stop`); parked (its host asked us to wait).
    """
    from datetime import UTC, datetime

    from flows.source_report import REUSE_MEANINGS, licence_warnings, read_standing
    from stages.seeds import load_sources
    from store.settings import load_settings

    settings = load_settings()
    sources = load_sources(settings.sources_file)
    standing, today = read_standing(settings), datetime.now(UTC).date()
    if as_json:
        rows = [
            {
                "id": source.id,
                "publisher": source.publisher,
                "state": standing.state(source)[0],
                "reason": standing.state(source)[1],
                "languages": list(source.languages),
                "licence": source.licence,
                "reuse": source.reuse.value,
                "allows": REUSE_MEANINGS[source.reuse],
                "checked": source.licence_checked,
                "checked_by": source.licence_checked_by,
                "warnings": licence_warnings(source, today),
            }
            for source in sources
        ]
        return typer.echo(json.dumps({"sources": rows}, ensure_ascii=False))
    console = _console()
    for source in sources:
        state, reason = standing.state(source)
        checked = f"checked {source.licence_checked}" if source.licence_checked else "not checked"
        colour = "yellow" if licence_warnings(source, today) else ""
        console.print(f"{state:<8}", style=STATE_COLOURS[state], end="")
        console.print(f"{source.id:<30}", style="bold", end="", markup=False)
        said = f"{source.reuse.value:<13} {source.licence}, {checked}"
        console.print(said, style=colour, markup=False, soft_wrap=True)
        if reason:
            console.print(f"        {reason}", style="dim", markup=False, soft_wrap=True)
    return None


@sources_app.command("check")
def check_sources(
    source: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Ids of sources; all enabled ones if left out."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask each source what it allows and how many guides it offers. Fetches no guide.

    Says of each: whether it is asked at all; what its robots.txt allows and the pause between two
    requests; how many pages a run would fetch today; lists that could not be read; the licence,
    what may be done with it, who checked it when, and pages that say otherwise.

    Exit code 1 when a source could not be read, 2 for wrong use. A licence nobody has checked is a
    warning.
    """
    import asyncio

    from store.settings import load_settings

    reports = asyncio.run(_check(load_settings(), tuple(source or ()), is_quiet=as_json))
    is_ok = all(report.is_ok for report in reports)
    if as_json:
        said = {"ok": is_ok, "sources": [report.as_dict() for report in reports]}
        typer.echo(json.dumps(said, ensure_ascii=False))
    raise typer.Exit(0 if is_ok else 1)


@sources_app.command("stop")
def stop_source(source: Id, note: Note = "") -> None:
    """Fetch nothing from a source until it is resumed. What it has given stays."""
    from store.quarantine import stop_source as stop

    db, chosen = _open_source(source)
    stop(db, chosen.id, None, note)
    typer.echo(
        f"{chosen.id} is stopped: nothing is fetched from it, what it has given stays. "
        f"To go on: spoonful sources resume {chosen.id}"
    )


@sources_app.command("resume")
def resume_source(source: Id, note: Note = "") -> None:
    """Let a stopped source be fetched again, from the next run on."""
    from store.quarantine import resume_source as resume

    db, chosen = _open_source(source)
    _check_is_stopped(db, chosen)
    resume(db, chosen.id, None, note)
    state = "" if chosen.enabled else " It is off in sources.yaml all the same."
    typer.echo(f"{chosen.id} is fetched again from the next run on.{state}")


def _check_is_stopped(db: Database, source: Source) -> None:
    """Raises ConfigError saying what state the source is in when nobody has stopped it."""
    from flows.source_report import Standing
    from stages.errors import ConfigError
    from store.parking import list_parked
    from store.quarantine import list_stops

    standing = Standing(list_stops(db), list_parked(db))
    if source.id in standing.stops:
        return
    state, reason = standing.state(source)
    says = "on, and fetched in every run"
    if state == "parked":
        says = f"parked {reason}. That is lifted by itself; nothing is to be done"
    elif state == "off":
        says = f"off in sources.yaml: {reason.rstrip('.')}. To switch it on, set `enabled: true`"
    elif state == "barred":
        says = "barred by its publisher"
    elif waits := standing.waits(source):
        hosts = " and ".join(f"{host} until {at:%Y-%m-%d %H:%M} UTC" for host, at in waits.items())
        says = f"on; parked, as asked, is only {hosts}. That is lifted by itself"
    raise ConfigError(f"{source.id} is not stopped. It is {says}.")


def _open_source(source_id: str) -> tuple[Database, Source]:
    """The database, in which every source of the file is known, and the source meant."""
    from flows.kitchen import open_store
    from stages.seeds import load_sources
    from store.settings import load_settings
    from store.sources import set_sources

    settings = load_settings()
    sources = load_sources(settings.sources_file)
    (chosen,) = _choose(sources, (source_id,))
    db = open_store(settings)
    set_sources(db, sources)
    return db, chosen


def _choose(sources: tuple[Source, ...], ids: tuple[str, ...]) -> tuple[Source, ...]:
    """The sources named, or all enabled ones. Raises ConfigError for an unknown id."""
    from stages.errors import ConfigError

    known = {source.id: source for source in sources}
    for source_id in ids:
        if source_id not in known:
            names = ", ".join(sorted(known))
            raise ConfigError(f"There is no source {source_id}. Known are: {names}.")
    if ids:
        return tuple(known[source_id] for source_id in dict.fromkeys(ids))
    return tuple(source for source in sources if source.enabled)


async def _check(settings: Settings, ids: tuple[str, ...], *, is_quiet: bool) -> list[SourceReport]:
    """Reports in the file's order, each printed as soon as it and the ones before it are there."""
    import asyncio
    from datetime import UTC, datetime

    from flows.kitchen import open_kitchen, open_store
    from flows.line import check_ready
    from flows.request import RunRequest, Stage
    from flows.source_report import read_standing, report_source
    from stages.errors import ConfigError

    db = open_store(settings)
    standing, today = read_standing(settings), datetime.now(UTC).date()
    reports = []
    async with open_kitchen(settings, db) as kitchen:
        chosen = _choose(tuple(kitchen.sources.values()), ids)
        if not chosen:
            raise ConfigError(f"No source is enabled in {settings.sources_file}.")
        asked = [source for source in chosen if standing.state(source)[0] == "on"]
        check_ready(kitchen, RunRequest(stage=Stage.PROCURE), asked)
        async with asyncio.TaskGroup() as group:
            work = [
                group.create_task(report_source(kitchen, source, standing, today))
                for source in chosen
            ]
            for task in work:
                reports.append(await task)
                if not is_quiet:
                    _print_report(_console(), reports[-1])
    db.dispose()
    return reports


def _print_report(console: Console, report: SourceReport) -> None:
    from rich.text import Text

    from stages.text import strip_hidden

    head = Text(report.source.id, "bold")
    head.append(f"  {report.source.publisher}", "dim")
    console.print(head, soft_wrap=True)
    last = ""
    for name, text, colour in _lines(report):
        label = "" if name == last else f"  {name}"
        last = name or last
        for line in Text(strip_hidden(text), colour).wrap(console, max(20, console.width - INDENT)):
            line.rstrip()
            console.print(Text(f"{label:<{INDENT}}", "dim") + line)
            label = ""
    console.print()


def _lines(report: SourceReport) -> Iterator[tuple[str, str, str]]:
    """What to say of a source: name of the line, text, colour."""
    from flows.source_report import REUSE_MEANINGS

    source, today = report.source, report.today
    because = f" {report.reason}" if report.state == "parked" else f": {report.reason}"
    state = f"{report.state}{because if report.reason else ''}"
    yield "state", state, STATE_COLOURS[report.state]
    for host in report.robots:
        own = f" (its Crawl-delay is {host.crawl_delay_s:g} s)" if host.crawl_delay_s else ""
        pace = "" if host.is_stop else f"; a request every {host.delay_s:g} s{own}"
        yield "robots", f"{host.host}: {host.says}{pace}", "red" if host.is_stop else ""
    if today:
        new = today.candidates - today.known
        total = today.candidates + today.unlisted
        fetch = f"{today.to_fetch} to fetch of {total} pages"
        yield "today", f"{fetch}: {today.known} known, {new} new, {today.settled} settled", ""
        if today.unlisted:
            yield "", f"{today.unlisted} of them no list names any more; they may be gone", "yellow"
        if today.disallowed:
            yield "", f"{today.disallowed} more that robots.txt disallows", "yellow"
        if today.refused:
            yield "", f"{today.refused} more on hosts we do not connect to", "yellow"
        if today.out_of_scope:
            yield "", f"{today.out_of_scope} more outside its hosts and path rules", "dim"
        if today.over_budget:
            yield "", f"{today.over_budget} more beyond its max_guides", "yellow"
    waiting = f", {report.waiting} pages set aside wait for a person" if report.waiting else ""
    yield "stored", f"{report.stored} guides{waiting}", ""
    for problem in report.problems:
        yield "problem", problem, "red"
    yield "licence", source.licence, ""
    allows = f"{source.reuse.value}: {REUSE_MEANINGS[source.reuse]}"
    yield "", allows, "green" if source.reuse.allows_publishing else "yellow"
    if source.licence_summary:
        yield "", source.licence_summary, "dim"
    yield "", f"named as: {source.attribution}", ""
    if source.licence_checked:
        by = f" by {source.licence_checked_by}" if source.licence_checked_by else ""
        yield "", f"checked {source.licence_checked}{by}", ""
    if source.licence_url:
        yield "", f"terms: {source.licence_url}", ""
    for warning in report.warnings:
        yield "warning", warning, "yellow"
    for finding in report.findings:
        yield "finding", f"{finding.url}: {finding.finding}", "yellow"


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else 110)
