"""`spoonful chop`: one page through extraction, judgement and chopping, for a person to look at."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stages.errors import PermanentError, RefusedError, TransientError

if TYPE_CHECKING:
    from flows.explain import Chopped, Reading

EXAMPLES = """\b
Examples:
  spoonful chop page.html                   a table of its cards
  spoonful chop page.pdf --explain          its text, card by card
  spoonful chop URL --open                  the same in the browser
  spoonful chop page.md --html cards.html   the same as a file to pass on
"""


def chop(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE|URL",
            help="An HTML, PDF or Markdown file, or the address of a page.",
            show_default=False,
        ),
    ],
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Show the whole text with the cards laid over it, and every check."
        ),
    ] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write the explanation as one HTML page to this file.")
    ] = None,
    opens: Annotated[
        bool, typer.Option("--open", help="Open the explanation in the browser.")
    ] = False,
    source: Annotated[
        str, typer.Option(help="Judge by the rules of this source of sources.yaml.")
    ] = "",
    target: Annotated[
        int | None,
        typer.Option(
            min=1, max=200, help="Cards wanted of a usual guide. [default: the source's, or 20]"
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout; logs go to stderr.")
    ] = False,
) -> None:
    """Show the cards a page gives, and why they were cut so.

    With each card, the nine checks it passed or failed. A file needs no source and no network. An
    address is fetched under the source that covers it, at its pace, if its robots.txt allows;
    nothing of it is kept. What a run would do with the page is said, too: set aside and why,
    hidden texts, texts that extraction lost.

    Exit code 1 when the page would be set aside, gives no card or cannot be fetched, 2 for wrong
    use.
    """
    from flows.explain import chop_reading
    from flows.explain_json import as_dict
    from flows.explain_text import print_cards, print_explanation
    from stages.seeds import load_policy
    from store.settings import load_settings

    settings = load_settings()
    policy = load_policy(settings.policy_file)
    try:
        reading = _read(what, source)
    except (RefusedError, PermanentError, TransientError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    chopped = chop_reading(reading, policy, target)
    if html or opens:
        _write_page(chopped, html, opens=opens)
    if as_json:
        typer.echo(json.dumps(as_dict(chopped), ensure_ascii=False))
    elif explain or not (html or opens):
        from rich.console import Console

        # Piped into a file or a pager, lines break where a wide terminal would break them.
        console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
        (print_explanation if explain else print_cards)(console, chopped)
    raise typer.Exit(0 if chopped.cards and not reading.quarantine else 1)


def _read(what: str, source_id: str) -> Reading:
    import asyncio

    from flows.explain import find_source, is_web_address, read_file
    from store.settings import load_settings

    settings = load_settings()
    if is_web_address(what):
        from flows.explain_web import read_url  # the crawler, which a file can do without

        return asyncio.run(read_url(what, settings, source_id))
    return read_file(Path(what), find_source(source_id, settings) if source_id else None)


def _write_page(chopped: Chopped, path: Path | None, *, opens: bool) -> None:
    """The explanation as a page, in the file named or in one that the system clears away."""
    import tempfile
    import webbrowser

    from flows.explain_html import render_page
    from stages.errors import ConfigError

    if path is None:
        path = Path(tempfile.mkdtemp(prefix="spoonful-")) / "cards.html"
    try:
        path.write_text(render_page(chopped), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror}).") from error
    is_open = opens and webbrowser.open(path.resolve().as_uri())
    hint = "" if is_open or not opens else " No browser could be started; open the file yourself."
    typer.echo(f"The explanation is in {path}.{hint}", err=True)
