"""The `spoonful` command. Heavy imports stand inside the commands, so that help comes at once."""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli_admin import users_app
from flows.cli_chop import EXAMPLES, chop
from flows.cli_eval import eval_app
from flows.cli_sources import sources_app
from flows.cli_tones import tones_app
from flows.request import RunRequest, Stage
from stages.errors import ConfigError, StageError

app = typer.Typer(
    name="spoonful",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help in 0.2 s instead of 0.5
    help="A content assembly line for mother-and-baby communities: guides from the web become "
    "knowledge cards, drafts in three tones and proposals for groups, and people decide.",
    epilog="""\b
First steps:
  spoonful demo                   the whole line on a sample site; no network, no model
  spoonful doctor                 what is still missing for real work, and the fix
  spoonful sources check          what real publishers allow and offer
  spoonful chop URL --open        the cards one of their pages gives, and why
  spoonful run --dry-run          what a run would cook, and its price
  spoonful up                     every day by itself, with the review pages

Settings are environment variables named SPOONFUL_...; README.md lists them. Exit codes: 0 done, 1
finished with failures (listed), 2 wrong use or configuration.
""",
)
app.add_typer(users_app, name="users")
app.add_typer(sources_app, name="sources")
app.add_typer(tones_app, name="tones")
app.add_typer(eval_app, name="eval")

INTERRUPTED = 130
"""What Typer makes of Ctrl-C; our exit codes are 0, 1 and 2."""

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout; logs go to stderr.")
]


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after the run instead of opening the queue.")
    ] = False,
    as_json: Json = False,
    later: Annotated[
        bool,
        typer.Option("--later", "--v2", help="Serve the sample site as it is a month later."),
    ] = False,
    port: Annotated[
        int | None, typer.Option(help="Port of the review pages. [default: 8400]")
    ] = None,
    site_port: Annotated[int, typer.Option(help="Port of the sample site.")] = 8765,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open the queue in a browser.")
    ] = False,
) -> None:
    """Run the line on a sample site, then open the queue.

    Needs no network, no model and no account. Everything goes into SPOONFUL_HOME; Ctrl-C ends it.
    """
    from flows.demo import DemoOptions, run_demo

    options = DemoOptions(
        once=once,
        as_json=as_json,
        is_later=later,
        port=port,
        site_port=site_port,
        opens_browser=not no_browser and not as_json,
    )
    raise typer.Exit(run_demo(options))


@app.command(
    epilog="""\b
Examples:
  spoonful run --source nhs-uk              one publisher
  spoonful run --guide URL --tone mom       one guide in one tone
  spoonful run --stage procure              fetch and read; cut and cook nothing
  spoonful run --stage cook --force         every draft again; with a model, it costs again
"""
)
def run(
    source: Annotated[
        list[str] | None, typer.Option(help="Only this source; may be given several times.")
    ] = None,
    guide: Annotated[
        list[str] | None, typer.Option(help="Only this guide, by URL; may be given several times.")
    ] = None,
    stage: Annotated[Stage, typer.Option(help="Only this stage of the line.")] = Stage.ALL,
    tone: Annotated[
        list[str] | None, typer.Option(help="Only this tone; may be given several times.")
    ] = None,
    tone_version: Annotated[
        str, typer.Option(help="Cook with this version of the one tone named.")
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Do the stage's work again even where it is done.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be cooked and its price; do nothing.")
    ] = False,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="Stop before this run costs more, in USD.")
    ] = None,
    note: Annotated[str, typer.Option(help="Kept with the run, for whoever looks later.")] = "",
    as_json: Json = False,
) -> None:
    """Run the line once, in this process.

    Does only what is not done: running it again after a crash goes on where it stopped. Exit code
    1 when something failed (listed), 2 when a setting is wrong or another run is at the same work.
    """
    from flows.line import run_line
    from flows.plan import make_plan
    from flows.progress import print_plan, print_summary, show_progress

    request = RunRequest(
        sources=tuple(source or ()),
        guides=tuple(guide or ()),
        stage=stage,
        tones=tuple(tone or ()),
        tone_version=tone_version,
        force=force,
        max_cost_usd=None if max_cost is None else Decimal(str(max_cost)),
        dry_run=dry_run,
        note=note,
        requested_by="command line",
    )
    settings, db = _open()
    if dry_run:
        plan = asyncio.run(make_plan(request, settings, db))
        _print_json(plan.as_dict()) if as_json else print_plan(plan)
        return
    with show_progress(is_quiet=as_json) as report:
        summary = asyncio.run(run_line(request, settings, db, report=report))
    _print_json(summary.as_dict()) if as_json else print_summary(summary, settings)
    raise typer.Exit(1 if summary.errors else 0)


app.command(epilog=EXAMPLES)(chop)


@app.command()
def up(
    port: Annotated[
        int | None, typer.Option(help="Port of the review pages. [default: 8400]")
    ] = None,
    prefect_port: Annotated[
        int, typer.Option(help="Port of the Prefect server, if one must be started.")
    ] = 4200,
) -> None:
    """Run Prefect server, worker and review pages together.

    A Prefect server that PREFECT_API_URL names is used; otherwise one is started. Ctrl-C ends all.
    """
    from flows.up import run_up

    settings, _ = _open(**({} if port is None else {"review_port": port}))
    raise typer.Exit(run_up(settings, prefect_port))


@app.command()
def review(
    port: Annotated[
        int | None, typer.Option(help="Port to listen on. [default: SPOONFUL_REVIEW_PORT]")
    ] = None,
) -> None:
    """Serve the review pages: queue, cards, posts and feeds."""
    from flows.serve import serve_review

    settings, db = _open(**({} if port is None else {"review_port": port}))
    db.dispose()
    serve_review(settings)


@app.command()
def publish(as_json: Json = False) -> None:
    """Send every approved post that is due, each exactly once."""
    from flows.publish import publish_due

    _, db = _open()
    summary = asyncio.run(publish_due(db))
    if as_json:
        _print_json(summary.as_dict())
    else:
        typer.echo(", ".join(f"{name} {count}" for name, count in summary.as_dict().items()))
    raise typer.Exit(1 if summary.failed or summary.verify else 0)


@app.command()
def migrate() -> None:
    """Bring the database to this version of Spoonful. Back it up first."""
    from store.engine import open_database
    from store.migrate import migrate as migrate_database
    from store.settings import load_settings, prepare_home

    settings = load_settings()
    prepare_home(settings)
    version = migrate_database(open_database(settings.effective_database_url))
    typer.echo(f"The database is at version {version}.")


@app.command()
def doctor(
    as_json: Json = False,
    model: Annotated[
        bool, typer.Option("--model", help="Make one real call to each model, too; it costs.")
    ] = False,
) -> None:
    """Say what is wrong with this installation, and the fix.

    Looks at settings, database, model, sources, tones and channels; asks nobody else. With
    `--model` it calls each model once and reports latency, price and reply format;
    `spoonful sources check` asks the publishers. A line that begins with `WRONG` must be mended
    (exit code 2); one with `note` is worth a look.
    """
    from flows.doctor import examine

    checks = examine(calls_models=model)
    is_ok = all(check.ok for check in checks)
    if as_json:
        rows = [
            {
                "name": check.name,
                "ok": check.ok,
                "says": check.says,
                "warnings": list(check.warnings),
            }
            for check in checks
        ]
        _print_json({"ok": is_ok, "checks": rows})
        raise typer.Exit(0 if is_ok else 2)
    for check in checks:
        typer.echo(f"{'ok   ' if check.ok else 'WRONG'} {check.name}: {check.says}")
        for warning in check.warnings:
            typer.echo(f"note  {check.name}: {warning}")
    raise typer.Exit(0 if is_ok else 2)


@app.command()
def export(
    what: Annotated[
        str,
        typer.Argument(
            help="One of: pages, page_decisions, cards, drafts, decisions, posts, completions."
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="File to write; stdout if left out.")] = None,
) -> None:
    """Write whole tables as JSON lines, oldest first."""
    from store.export import EXPORTS, export_rows

    if what not in EXPORTS:
        raise ConfigError(f"There is no export {what}. Choose one of: {', '.join(EXPORTS)}.")
    _, db = _open()
    count = 0
    with _open_for_writing(out) if out else _stdout() as file:
        for row in export_rows(db, what):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    typer.echo(f"{count} {what} written{f' to {out}' if out else ''}.", err=True)


def main() -> None:
    """Entry point: every error we foresee ends in its message and an exit code, not a traceback."""
    try:
        app(standalone_mode=True)
    except (KeyboardInterrupt, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code != INTERRUPTED:
            raise
        typer.echo("Interrupted. Nothing is lost: the next run goes on from here.", err=True)
        sys.exit(1)
    except StageError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)


def _open(**overrides: Any) -> tuple[Any, Any]:
    from flows.kitchen import open_store
    from store.settings import load_settings

    settings = load_settings(**overrides)
    return settings, open_store(settings)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))


def _open_for_writing(path: Path) -> Any:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror}).") from error


def _stdout() -> Any:
    import contextlib

    return contextlib.nullcontext(sys.stdout)
