"""`spoonful tones`: what its commands say and do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from stages.errors import StageError
from store.cards import list_cards
from store.drafts import list_drafts
from store.guides import list_guides
from store.runs import list_runs
from store.tone_changes import list_tone_changes
from tests.flows.small_site import Place
from tests.flows.tone_folder import NEXT, add_version, copy_tones
from tones.load import load_tones

MOM = load_tones()["mom"]
TOP = f"{MOM.version} ({MOM.hash[:8]})"
Tones = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_tones(tmp_path / "tones")


@pytest.fixture
def tried(folder: Path) -> str:
    """How a further version of mom is called, which waits in next/."""
    return f"{NEXT} ({add_version(folder)[:8]})"


@pytest.fixture
def tones(kept: Place, folder: Path, tried: str) -> Tones:
    """Function that gives what `spoonful tones ...` prints, or its error."""
    kept.overrides["tones_dir"] = folder
    environment = kept.environment(SPOONFUL_TONES_DIR=str(folder))

    def say(*arguments: str, input: str | None = None) -> str:
        result = CliRunner().invoke(app, ["tones", *arguments], env=environment, input=input)
        if isinstance(result.exception, StageError):
            return f"error: {result.exception}"
        assert result.exit_code == 0, result.stderr
        return result.stdout

    return say


def line_of(tones: Tones, tone: str = "mom") -> str:
    return next(line for line in tones("list").splitlines() if line.startswith(tone))


def first_card(place: Place) -> str:
    db = place.open()
    card = list_cards(db, list_guides(db)[0].id)[0].id
    db.dispose()
    return card


def count_of_cards(place: Place) -> int:
    return place.count_cards()


def test_list_says_what_writes_what_waits_and_what_is_tried(tones: Tones, tried: str) -> None:
    assert line_of(tones) == f"mom  active {TOP}  next {tried}"
    tones("canary", "mom", NEXT, "--share", "0.25")
    assert line_of(tones) == f"mom  active {TOP}  canary {tried} for 25 % of the cards"
    tones("promote", "mom", NEXT)
    assert line_of(tones) == (
        f"mom  active {tried}  the file on top is {TOP} and writes once it is promoted"
    )


def test_list_knows_a_version_whose_file_is_gone(tones: Tones, tried: str, folder: Path) -> None:
    tones("promote", "mom", NEXT)
    (folder / "next" / f"mom-{NEXT}.md").unlink()
    assert line_of(tones).startswith(
        f"mom  active {tried}  its file is gone, the database keeps it  the file on top is {TOP}"
    )


def test_list_without_a_database_reads_the_files_and_makes_none(
    tones: Tones, folder: Path, tmp_path: Path
) -> None:
    home = tmp_path / "nowhere"
    environment = {"SPOONFUL_HOME": str(home), "SPOONFUL_TONES_DIR": str(folder)}
    result = CliRunner().invoke(app, ["tones", "list", "--json"], env=environment)
    listed = json.loads(result.stdout)["tones"]
    assert [line["tone"] for line in listed] == ["engagement", "expert", "mom"]
    assert [(each["version"], each["place"], each["drafts"]) for each in listed[2]["versions"]] == [
        (MOM.version, "top", 0),
        (NEXT, "next", 0),
    ]
    assert not home.exists()


def test_list_as_json_counts_drafts_and_names_the_way_back(tones: Tones, kept: Place) -> None:
    tones("promote", "mom", NEXT)
    line = json.loads(tones("list", "--json"))["tones"][2]
    assert line["rollback_to"] == MOM.hash
    assert {each["version"]: each["drafts"] for each in line["versions"]} == {
        MOM.version: count_of_cards(kept),
        NEXT: 0,
    }


def test_promote_and_rollback_are_one_command_and_say_what_stays(
    tones: Tones, tried: str, kept: Place
) -> None:
    stays = (
        f"{count_of_cards(kept)} drafts nobody has touched keep the version they were made with; "
        "`spoonful tones recook mom --dry-run` prices making them again.\n"
    )
    assert tones("promote", "mom", NEXT, "--note", "Calmer.") == (
        f"mom {tried} writes from now on.\n{stays}"
    )
    assert tones("rollback", "mom") == f"mom {TOP} writes again.\n"
    assert tones("rollback", "mom") == "error: No version was promoted that could be rolled back."
    db = kept.open()
    assert [(each.action.value, each.user, each.note) for each in list_tone_changes(db)] == [
        ("rollback", "", ""),
        ("promote", "", "Calmer."),
    ]
    db.dispose()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("promote", "mom", "7.7"), f"Tone mom has no version 7.7. Known are: {TOP}, {NEXT} ("),
        (("promote", "dad", "1.0"), "There is no tone dad. Known are: engagement, expert, mom."),
        (("rollback", "dad"), "There is no tone dad. Known are: engagement, expert, mom."),
        (("stop-canary", "mom"), "No canary of mom runs."),
        (("canary", "mom", NEXT), "Say either a share of the cards or groups."),
        (("canary", "mom", NEXT, "--group", "nope"), "There is no group nope."),
        (("promote", "mom", MOM.version), f"mom {MOM.version} is the version that writes already."),
        (("show", "dad"), "There is no tone dad. Known are: engagement, expert, mom."),
    ],
)
def test_wrong_use_is_told_in_a_sentence(
    tones: Tones, arguments: tuple[str, ...], message: str
) -> None:
    said = tones(*arguments)
    assert said.startswith(f"error: {message.removesuffix('.')}")


def test_canary_says_how_many_cards_it_writes(tones: Tones, tried: str, kept: Place) -> None:
    count = count_of_cards(kept)
    assert tones("canary", "mom", NEXT, "--share", "1") == (
        f"mom {tried} writes 100 % of the cards: {count} of those now.\n"
        "New and changed ones get it; `spoonful tones recook mom` makes the others.\n"
    )
    assert tones("canary", "mom", NEXT, "--group", "new-parents").startswith(
        f"mom {tried} writes the cards of new-parents: "
    )
    assert tones("stop-canary", "mom") == "The canary of mom is stopped.\n"


def test_show_tells_another_version_and_what_differs(tones: Tones, tried: str) -> None:
    assert tones("show", "mom").startswith(f"mom {TOP}\nlength: ")
    assert tones("show", "mom", "--lang", "zh", "--version", NEXT).startswith(f"mom {tried}\n")
    lines = tones("show", "mom", "--version", NEXT, "--against", MOM.version).splitlines()
    assert lines[:2] == [f"--- mom {TOP}", f"+++ mom {tried}"]
    changed = [line for line in lines[2:] if line[0] in "+-"]
    assert changed[:2] == [f'-version: "{MOM.version}"', f'+version: "{NEXT}"']
    assert next(line for line in changed[2:] if line[0] == "+").startswith("+Calm. ")


def test_try_prints_both_drafts_and_what_was_paid(tones: Tones, tried: str, kept: Place) -> None:
    card = first_card(kept)
    said = tones("try", card, "--tone", "mom", "--version", NEXT)
    assert f"--- mom {tried}, tried: " in said
    assert f"--- mom {TOP}, writes now: " in said
    assert said.endswith("1 calls, 0 from the ledger, 0.0000 USD\n")
    report: dict[str, Any] = json.loads(
        tones("try", card, "--tone", "mom", "--version", NEXT, "--json")
    )
    assert report["card"]["id"] == card
    assert (report["tried"]["version"], report["active"]["version"]) == (NEXT, MOM.version)
    assert report["tried"]["text"] in said
    assert report["completions"]["cached"] == 1


def test_recook_makes_what_is_due_and_is_a_run_like_any_other(tones: Tones, kept: Place) -> None:
    count = count_of_cards(kept)
    tones("promote", "mom", NEXT)
    plan = json.loads(tones("recook", "mom", "--dry-run", "--json"))
    assert (plan["drafts"], plan["cost_usd"]) == (count, 0)
    summary = json.loads(tones("recook", "mom", "--json"))
    assert summary["drafts"]["new"] == count
    db = kept.open()
    cards = [card.id for guide in list_guides(db) for card in list_cards(db, guide.id)]
    made = {
        (draft.tone, draft.tone_version)
        for drafts in list_drafts(db, cards).values()
        for draft in drafts
    }
    assert (list_runs(db)[0].note, list_runs(db)[0].requested_by) == ("recook mom", "command line")
    db.dispose()
    assert {version for tone, version in made if tone == "mom"} == {NEXT}
    assert NEXT not in {version for tone, version in made if tone != "mom"}


def test_recook_with_a_model_pays_nothing_unasked(
    tones: Tones, kept: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.setenv("SPOONFUL_MODEL", "openai/gpt-4o-mini")
    monkeypatch.setenv("SPOONFUL_MODEL_API_BASE", "http://127.0.0.1:9/v1")
    tones("promote", "mom", NEXT)
    said = tones("recook", "mom")
    assert said.startswith(f"error: {count_of_cards(kept)} drafts by openai/gpt-4o-mini would cost")
    assert said.endswith("Say --yes to pay it.")
    db = kept.open()
    assert list_runs(db)[0].kind != "try"
    assert len(list_runs(db)) == 1
    db.dispose()
