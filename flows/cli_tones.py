"""The commands that look after the tones: which versions there are, and which one writes."""

from __future__ import annotations

import asyncio
import difflib
import json
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from stages.errors import ConfigError

if TYPE_CHECKING:
    from flows.voices import Voices
    from stages.types import Draft
    from store.engine import Database
    from store.settings import Settings

tones_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The voices drafts are written in, and which version of each writes.",
    epilog="Promoting, rolling back and canaries take effect with the next guide, also in a run "
    "that is under way. Drafts keep the version they were made with. tones/README.md says how a "
    "version is written.",
)

ToneId = Annotated[str, typer.Argument(help="Id of a tone, such as expert.", metavar="TONE")]
Version = Annotated[
    str, typer.Argument(help="A version, such as 1.1, or the beginning of its hash.")
]
Note = Annotated[str, typer.Option(help="Why; kept with the change.")]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout; logs go to stderr.")
]
MaxCost = Annotated[float | None, typer.Option(min=0, help="Stop before this costs more, in USD.")]


@tones_app.command("list")
def list_tones(as_json: Json = False) -> None:
    """Every tone: the version that writes, the canary, and the other versions.

    Changes none of that; a file that is new becomes known to the review pages.
    """
    from flows.tone_list import list_lines
    from store.settings import load_settings

    lines = list_lines(load_settings())
    if as_json:
        typer.echo(json.dumps({"tones": [line.as_dict() for line in lines]}, ensure_ascii=False))
        return
    for line in lines:
        typer.echo(str(line))


@tones_app.command("show")
def show_tone(
    tone: ToneId,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    version: Annotated[str, typer.Option(help="Another version than the one that writes.")] = "",
    against: Annotated[str, typer.Option(help="Show what differs from this version.")] = "",
) -> None:
    """What a tone asks for: length, phrases, disclaimer, and who we are and are not in it.

    With --against, the lines of the file that differ from another version's.
    """
    from flows.voices import active_tones, check_tone, find_version
    from stages.cook.rules import tone_rules

    _, db, voices = _open_voices()
    check_tone(voices, tone)
    shown = find_version(db, voices, tone, version) if version else active_tones(db, voices)[tone]
    if against:
        other = find_version(db, voices, tone, against)
        typer.echo(_compare(db, other.hash, shown.hash), nl=False)
        return
    rules = tone_rules(shown, lang)
    unit = "Han characters" if lang.startswith("zh") else "words"
    typer.echo(f"{tone} {shown.version} ({shown.hash[:8]})")
    typer.echo(f"length: {rules.length[0]} to {rules.length[1]} {unit}")
    typer.echo(f"reading grade: at most {rules.reading_grade_max:g} (0: no limit)")
    typer.echo(f"emoji: at most {rules.emoji_max}")
    typer.echo(f"required: {'; '.join(rules.required_phrases) or 'none'}")
    typer.echo(f"banned: {'; '.join(rules.banned_phrases) or 'none'}")
    typer.echo(f"disclaimer: {rules.disclaimer or 'none'}\n")
    typer.echo(shown.guide["zh" if lang.startswith("zh") else "en"])


@tones_app.command("try")
def try_version(
    card: Annotated[str, typer.Argument(help="Id of a card, as its page's address has it.")],
    tone: Annotated[str, typer.Option(help="Id of the tone.")],
    version: Annotated[
        str, typer.Option(help="A version, or the beginning of its hash; default: what writes.")
    ] = "",
    max_cost: MaxCost = None,
    as_json: Json = False,
) -> None:
    """Cook one card with a version of a tone, beside the version that writes.

    Nothing comes into the queue. With a model it costs a call or two, which the ledger records and
    the budget holds.
    """
    from flows.tasting import try_tone

    settings, db = _open()
    tasting = try_tone(settings, db, card, tone, version, _usd(max_cost))
    if as_json:
        typer.echo(json.dumps(tasting.as_dict(), ensure_ascii=False))
        return
    typer.echo(f"{tasting.card.title}\n\n{tasting.card.text}\n")
    _print_draft("tried" if tasting.active else "writes now", tasting.tried)
    if tasting.active:
        _print_draft("writes now", tasting.active)
    for problem in tasting.problems:
        typer.echo(problem, err=True)
    paid = tasting.summary.completions
    typer.echo(f"{paid.calls} calls, {paid.cached} from the ledger, {paid.cost_usd:.4f} USD")


@tones_app.command("promote")
def promote(tone: ToneId, version: Version, note: Note = "") -> None:
    """Let a version write from now on. Drafts that exist are not made again."""
    from flows.voices import find_version
    from store.tone_changes import promote as promote_version

    _, db, voices = _open_voices()
    chosen = find_version(db, voices, tone, version)
    promote_version(db, tone, chosen.hash, None, note)
    typer.echo(f"{tone} {chosen.version} ({chosen.hash[:8]}) writes from now on.")
    _say_untouched(db, tone, chosen.hash)


@tones_app.command("rollback")
def rollback(tone: ToneId, note: Note = "") -> None:
    """Return to the version that wrote before the last promotion; again goes further back."""
    from flows.voices import active_tones, check_tone
    from store.tone_changes import rollback as roll_back

    _, db, voices = _open_voices()
    check_tone(voices, tone)
    roll_back(db, tone, None, note)
    active = active_tones(db, voices)[tone]
    typer.echo(f"{tone} {active.version} ({active.hash[:8]}) writes again.")
    _say_untouched(db, tone, active.hash)


@tones_app.command("canary")
def start_canary(
    tone: ToneId,
    version: Version,
    share: Annotated[
        float, typer.Option(help="Share of the cards it writes, such as 0.2; always the same ones.")
    ] = 0.0,
    group: Annotated[
        list[str] | None,
        typer.Option(help="Instead: the cards placed in this group; may be given several times."),
    ] = None,
    note: Note = "",
) -> None:
    """Let a version write some cards beside the one that writes the others.

    A raised share keeps its cards and adds some. Groups mean cards already placed there, so a new
    card joins once it is placed and changes, or with `tones recook`.
    """
    from flows.voices import find_version
    from store.tone_changes import start_canary as start
    from store.tone_figures import count_canary_cards

    _, db, voices = _open_voices()
    chosen = find_version(db, voices, tone, version)
    start(db, tone, chosen.hash, None, note, share=share, groups=tuple(group or ()))
    count = count_canary_cards(db).get(tone, 0)
    whose = f"{100 * share:g} % of the cards" if share else f"the cards of {', '.join(group or ())}"
    typer.echo(f"{tone} {chosen.version} ({chosen.hash[:8]}) writes {whose}: {count} of those now.")
    typer.echo(f"New and changed ones get it; `spoonful tones recook {tone}` makes the others.")


@tones_app.command("stop-canary")
def stop_canary(tone: ToneId, note: Note = "") -> None:
    """Give all cards back to the version that writes. Drafts of the canary stay."""
    from flows.voices import check_tone
    from store.tone_changes import stop_canary as stop

    _, db, voices = _open_voices()
    check_tone(voices, tone)
    stop(db, tone, None, note)
    typer.echo(f"The canary of {tone} is stopped.")


@tones_app.command("recook")
def recook(
    tone: ToneId,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be cooked and its price; do nothing.")
    ] = False,
    max_cost: MaxCost = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before paying.")] = False,
    as_json: Json = False,
) -> None:
    """Make drafts again that another version of the tone should write now.

    After a promotion or with a canary: only drafts nobody has decided or edited, and each only if
    its card is due for another version than it was made with. Says the price and asks first.
    """
    from flows.line import run_line
    from flows.plan import make_plan
    from flows.progress import print_plan, print_summary, show_progress
    from flows.request import RunRequest, Stage

    settings, db, _ = _open_voices()
    request = RunRequest(
        stage=Stage.COOK,
        tones=(tone,),
        renew=True,
        max_cost_usd=_usd(max_cost),
        requested_by="command line",
        note=f"recook {tone}",
    )
    plan = asyncio.run(make_plan(request, settings, db))
    if dry_run:
        typer.echo(json.dumps(plan.as_dict(), ensure_ascii=False)) if as_json else print_plan(plan)
        return
    if not yes:
        ask_before_paying(f"{plan.drafts} drafts by {plan.model}", plan.cost_usd)
    with show_progress(is_quiet=as_json) as report:
        summary = asyncio.run(run_line(request, settings, db, report=report))
    if as_json:
        typer.echo(json.dumps(summary.as_dict(), ensure_ascii=False))
    else:
        print_summary(summary, settings)
    raise typer.Exit(1 if summary.errors else 0)


def ask_before_paying(what: str, cost_usd: Decimal | None) -> None:
    """Go on when it is free or the person says so. Raises ConfigError when nobody can be asked."""
    if cost_usd == 0:
        return
    cost = "an unknown price" if cost_usd is None else f"about {cost_usd:.4f} USD"
    if not sys.stdin.isatty():
        raise ConfigError(f"{what} would cost {cost}. Say --yes to pay it.")
    if not typer.confirm(f"{what} would cost {cost}. Go on?"):
        raise typer.Exit(0)


def _open() -> tuple[Settings, Database]:
    from flows.kitchen import open_store
    from store.settings import load_settings

    settings = load_settings()
    return settings, open_store(settings)


def _open_voices() -> tuple[Settings, Database, Voices]:
    """The store, in which every version of the files is known. Raises ConfigError."""
    from flows.voices import keep_voices, read_voices

    settings, db = _open()
    voices = read_voices(settings)
    keep_voices(db, voices)
    return settings, db, voices


def _say_untouched(db: Database, tone: str, tone_hash: str) -> None:
    from store.tone_figures import count_untouched

    counts = count_untouched(db).get(tone, {})
    others = sum(count for made_with, count in counts.items() if made_with != tone_hash)
    if others:
        typer.echo(
            f"{others} drafts nobody has touched keep the version they were made with; "
            f"`spoonful tones recook {tone} --dry-run` prices making them again."
        )


def _print_draft(title: str, draft: Draft) -> None:
    score = "" if draft.score is None else f", score {draft.score:.2f}"
    head = f"{draft.tone} {draft.tone_version} ({draft.tone_hash[:8]}), {title}"
    typer.echo(f"--- {head}: {draft.risk.value}{score}, by {draft.model}\n")
    typer.echo(f"{draft.text}\n")
    for finding in draft.findings:
        typer.echo(f"{finding.severity.value:<8} {finding.check}: {finding.message}")
    typer.echo("" if draft.findings else "no findings\n")


def _compare(db: Database, old_hash: str, new_hash: str) -> str:
    from store.tones import get_tone_file

    old, new = get_tone_file(db, old_hash), get_tone_file(db, new_hash)
    if old is None or new is None:  # both were just found there
        raise ConfigError("A version has left the database meanwhile.")
    before, after = (f"{file.tone} {file.version} ({file.hash[:8]})" for file in (old, new))
    lines = difflib.unified_diff(
        old.text.splitlines(), new.text.splitlines(), before, after, lineterm="", n=2
    )
    return "".join(f"{line}\n" for line in lines)


def _usd(amount: float | None) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))
