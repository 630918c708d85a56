"""The commands that measure a stage on a folder of labelled data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

eval_app = typer.Typer(no_args_is_help=True, help="Measures on labelled data of your own.")

Data = Annotated[Path, typer.Option(help="Folder with the labelled data.", show_default=False)]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout; logs go to stderr.")
]


@eval_app.command("extract")
def eval_extract(data: Data, as_json: Json = False) -> None:
    """Main text of web pages against gold text, trafilatura's defaults beside ours.

    DATA holds gold.jsonl with rows {id, html, lang, main_content, must_have, must_not_have} and
    the HTML files the rows name. must_not_have is the share that leaked: less is better.
    """
    from flows.evals.extract import GOLD, run_extract
    from flows.evals.files import check_folder, read_rows
    from flows.evals.show import print_json, print_table, show_steps

    total = 2 * len(read_rows(check_folder(data, [GOLD]) / GOLD))
    with show_steps("extract", total) as step:
        report = run_extract(data, step)
    if as_json:
        return print_json(report)
    keys = ("f1", "precision", "recall", "must_have", "must_not_have", "pages_per_s")
    rows = []
    for name, figures in (("spoonful", report), ("trafilatura", report["trafilatura"])):
        rows.append([name, *(figures[key] for key in keys)])
        for lang, part in figures["by_lang"].items():
            rows.append([f"  {lang}", *(part[key] for key in keys)])
    columns = ("", "f1", "precision", "recall", "kept", "leaked", "pages/s")
    print_table(f"Extraction on {data}", columns, rows)


@eval_app.command("site")
def eval_site(data: Data, as_json: Json = False) -> None:
    """A real crawl of a site with traps, served on this machine, against what it should find.

    DATA holds site.yaml and the site it describes. The site's robots.txt sets the pace.
    """
    from flows.evals.files import check_folder
    from flows.evals.show import print_json, print_table, say, show_steps
    from flows.evals.site import figures, licence_lines, list_misses
    from flows.evals.site_crawl import crawl_site
    from flows.evals.site_file import SITE, read_site

    check_folder(data, [SITE])
    site = read_site(data)
    with show_steps("site") as step:
        crawl = crawl_site(data, site, step)
    report = figures(site.pages, crawl, site.may_adapt)
    for line in list_misses(site.pages, crawl):
        say(line)
    if as_json:
        return print_json(report)
    rows = [[name, value] for name, value in report.items() if name != "traps"]
    rows += [[f"trap {name}", ok] for name, ok in report["traps"].items()]
    print_table(f"Crawl of {data}", ("", "found"), rows)
    lines = licence_lines(site.pages, crawl, site.may_adapt)
    print_table(
        "Licences",
        ("page", "licence", "line read", "reuse right"),
        [[line.path, line.licence, line.is_read, line.reuse_right] for line in lines],
    )


@eval_app.command("chop")
def eval_chop(
    data: Data,
    revised: Annotated[
        Path | None,
        typer.Option(help="Folder with edited versions of the same files under the same paths."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Guides cut into cards, and the cards held to the definition of a good one.

    DATA holds HTML and Markdown files, one guide each; what is no guide is left out and named.
    """
    from flows.evals.chop import run_chop
    from flows.evals.guides import list_files
    from flows.evals.show import print_json, print_table, say, show_steps
    from stages.seeds import load_policy
    from store.settings import load_settings

    policy = load_policy(load_settings().policy_file)
    with show_steps("chop", len(list_files(data))) as step:
        report = run_chop(data, policy, revised, step)
    for name, why in report.left_out.items():
        say(f"left out, {name}: {why}")
    if report.unpaired:
        say(f"not compared, {revised} has no version of: {', '.join(report.unpaired)}")
    if as_json:
        return print_json(report.figures)
    _print_chop(data, report.figures, report.usual, print_table)


def _print_chop(
    data: Path, figures: Mapping[str, Any], usual: tuple[int, int], print_table: Any
) -> None:
    langs = figures["by_lang"]
    columns = [figures, *langs.values()]
    keys = ("guides", "cards", "pass_all", "coverage", "overlap")
    rows = [[key, *(column[key] for column in columns)] for key in keys]
    rows += [
        [f"check {name}", *(column["checks"][name] for column in columns)]
        for name in figures["checks"]
    ]
    rows.append(["long guides with 12 to 30 cards", list(usual), *("" for _ in langs)])
    for name, value in (figures["revised"] or {}).items():
        rows.append([f"revised {name}", value, *("" for _ in langs)])
    print_table(f"Chopping {data}", ("", "all", *langs), rows)


@eval_app.command("checks")
def eval_checks(
    data: Annotated[
        list[Path],
        typer.Option(help="Folder with the labelled data; several with --fit.", show_default=False),
    ],
    fit: Annotated[
        bool,
        typer.Option("--fit", help="Learn what each piece of evidence is worth from DATA instead."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Where --fit writes the weights; without it, nowhere.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Faithful and corrupted drafts through the checks, at the shipped threshold.

    DATA holds cards.jsonl, rewrites.jsonl and corrupted.jsonl. Flagged is every risk but low. With
    --fit the weights of the score are fitted anew, and the curve is printed of cards the fit had
    not seen: choose `flag_from` in policy.yaml by it.
    """
    if fit:
        return _fit_checks(data, out, as_json)
    if len(data) > 1:
        raise typer.BadParameter("one folder at a time; several go with --fit", param_hint="--data")
    _judge_checks(data[0], as_json)


def _fit_checks(folders: list[Path], out: Path | None, as_json: bool) -> None:
    from flows.evals.checks import CORRUPTED, REWRITES
    from flows.evals.files import check_folder, read_rows
    from flows.evals.fit import curve, fit, write_weights
    from flows.evals.fit_data import read_examples
    from flows.evals.show import print_json, print_table, say, show_steps
    from stages.seeds import load_policy
    from store.settings import load_settings

    settings = load_settings()
    policy = load_policy(settings.policy_file)
    names = (REWRITES, CORRUPTED)
    total = sum(
        len(read_rows(check_folder(folder, names) / name)) for folder in folders for name in names
    )
    with show_steps("fit", total) as step:
        examples = read_examples(folders, _rules(settings), policy, step)
        found = fit(examples)
    rows = curve(examples, found.scores)
    if out is not None:
        write_weights(out, found.weights, ", ".join(folder.name for folder in folders))
        say(f"Weights written to {out}")
    if as_json:
        return print_json({"curve": rows})
    print_table(
        f"{len(examples)} drafts, each scored by weights that had not seen its card",
        tuple(rows[0]),
        [list(row.values()) for row in rows],
    )


def _judge_checks(data: Path, as_json: bool) -> None:
    from flows.evals.checks import CORRUPTED, REWRITES, run_checks
    from flows.evals.files import check_folder, read_rows
    from flows.evals.show import print_json, print_table, show_steps
    from stages.seeds import load_policy
    from store.settings import load_settings

    settings = load_settings()
    check_folder(data, [REWRITES, CORRUPTED])
    total = sum(len(read_rows(data / name)) for name in (REWRITES, CORRUPTED))
    with show_steps("checks", total) as step:
        report = run_checks(data, _rules(settings), load_policy(settings.policy_file), step)
    if as_json:
        return print_json(report)
    names = ("false_flag", "recall", "localised", "ms_p95")
    rows: list[list[Any]] = [[name, report[name]] for name in names]
    for lang, part in report["by_lang"].items():
        rows += [[f"{name} in {lang}", value] for name, value in part.items()]
    rows += [[f"recall of {name}", value] for name, value in report["by_severity"].items()]
    rows += [[f"recall of {name}", value] for name, value in report["by_type"].items()]
    print_table(f"Checks on {data}", ("", "share"), rows)


@eval_app.command("placement")
def eval_placement(data: Data, as_json: Json = False) -> None:
    """Cards matched to groups, against editors' judgements.

    DATA holds cards.jsonl, groups.yaml and placements.jsonl.
    """
    from flows.evals.cards import CARDS
    from flows.evals.files import check_folder
    from flows.evals.placement_data import GROUPS, PLACEMENTS, run_placement
    from flows.evals.show import print_json, print_table, show_steps
    from stages.plate.embed import open_embedder  # loads 95 MB of weights
    from stages.seeds import load_groups, load_policy
    from store.settings import load_settings

    settings = load_settings()
    check_folder(data, [CARDS, GROUPS, PLACEMENTS])
    policy, house = load_policy(settings.policy_file), load_groups(settings.groups_file)
    embed = open_embedder(settings.embedding_model).embed
    with show_steps("placement") as step:
        report = run_placement(data, embed, policy, house, step)
    if as_json:
        return print_json(report)
    keys = ("hit1", "hit3", "ndcg3", "none_found", "false_none")
    columns = [report, *report["by_lang"].values()]
    rows = [[key, *(column[key] for column in columns)] for key in keys]
    rows.append(["ms_per_card", report["ms_per_card"], *("" for _ in report["by_lang"])])
    print_table(f"Placement on {data}", ("", "all", *report["by_lang"]), rows)


@eval_app.command("tones")
def eval_tones(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with cards.jsonl; default: the golden cards that come along."),
    ] = None,
    versions: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Two versions of the tones, beside each other.", metavar="A B"),
    ] = None,
    models: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Two models, beside each other.", metavar="A B"),
    ] = None,
    tone: Annotated[
        list[str] | None, typer.Option(help="Only this tone; may be given several times.")
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="Stop before a side costs more, in USD.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before paying.")] = False,
    as_json: Json = False,
) -> None:
    """Cards through all tones and the configured model, with every measure that needs no judge.

    With --versions or --models, two side by side. The offline writer costs nothing; a model is
    asked one call a card and side, which the ledger records and the budget holds.
    """
    from decimal import Decimal

    from flows.cli_tones import ask_before_paying
    from flows.evals.cards import CARDS, read_cards
    from flows.evals.files import check_folder
    from flows.evals.show import print_json, show_steps
    from flows.evals.tones import estimate_cost, make_sides, run_tones
    from flows.evals.tones_table import print_tones
    from flows.kitchen import open_store
    from flows.voices import read_voices
    from stages.seeds import load_policy
    from store.settings import SEEDS, load_settings

    settings, folder = load_settings(), data or SEEDS / "golden"
    check_folder(folder, [CARDS])
    cards = tuple(read_cards(folder, load_policy(settings.policy_file)).values())
    voices = read_voices(settings)
    sides = make_sides(settings, voices, versions or (), models or (), tone or ())
    costs = [estimate_cost(side, cards, voices.house) for side in sides]
    if not yes:
        total = None if None in costs else sum((cost for cost in costs if cost), Decimal(0))
        ask_before_paying(f"{len(cards)} cards for {len(sides)} sides", total)
    with show_steps("tones", len(cards) * len(sides)) as step:
        limit = None if max_cost is None else Decimal(str(max_cost))
        report = run_tones(sides, cards, voices.house, lambda: open_store(settings), limit, step)
    if as_json:
        return print_json(report)
    print_tones(folder, report)


def _rules(settings: Any) -> Any:
    """Tone id and language to the rules of the active version, None for an unknown tone."""
    from flows.kitchen import load_voices
    from stages.cook.rules import tone_rules

    active = {name: versions[0] for name, versions in load_voices(settings)[0].items()}
    return lambda tone, lang: tone_rules(active[tone], lang) if tone in active else None
