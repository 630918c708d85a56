"""`eval tones`: two versions or two models beside each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.evals.cards import read_cards
from flows.evals.tones import Written, make_sides, measure, run_tones, verbatim_share
from flows.evals.tones_table import row
from flows.voices import read_voices
from stages.errors import ConfigError, StageError
from stages.seeds import load_policy
from stages.types import Card, Draft, DraftSentence, Finding, Risk, Severity
from store.engine import Database
from store.settings import SEEDS, Settings, load_settings
from tests.fakes import FakeModel, quote_card
from tests.flows.test_eval_checks import make_card
from tests.flows.tone_folder import NEXT, add_version, copy_tones
from tones.load import load_tones

MOM = load_tones()["mom"]
GOLDEN = SEEDS / "golden"
TEXT = "Keep the room at 16 to 20 °C. Never cover your baby's head."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = copy_tones(tmp_path / "tones")
    add_version(folder)
    return folder


@pytest.fixture
def settings(tmp_path: Path, folder: Path) -> Settings:
    return load_settings(home=str(tmp_path / "home"), tones_dir=folder)


def golden(count: int) -> tuple[Card, ...]:
    cards = read_cards(GOLDEN, load_policy(load_settings().policy_file)).values()
    return tuple(cards)[-count:]


def no_database() -> Database:
    raise AssertionError("the offline writer needs no database")


def written(text: str, **more: Any) -> Written:
    draft = Draft(
        key="k", card_id="c", tone="mom", tone_version="1", tone_hash="h", lang="en", text=text,
        sentences=(), model="m", findings=(), risk=Risk.LOW,
    )  # fmt: skip
    return Written(make_card(TEXT), MOM, replace(draft, **more), is_makeshift=False)


def test_golden_cards_are_in_both_languages_and_all_scripts() -> None:
    languages = [card.lang for card in golden(99)]
    assert {lang: languages.count(lang) for lang in set(languages)} == {
        "en": 14, "zh-Hans": 7, "zh-Hant": 3,
    }  # fmt: skip


def test_measures_of_drafts() -> None:
    doubt = Finding("numbers", Severity.MAJOR, "8 became 9.")
    first = written(
        "Room: 16 to 20 °C! 🌙 Never cover your baby's head.",
        sentences=(DraftSentence("x", ("s1",), ("f1", "f9")),),
        score=0.25,
        findings=(doubt, doubt),
        risk=Risk.FLAGGED,
    )
    second = written("Warm is nice. " * 200, score=0.75)
    found = measure([first, second])
    facts = 2  # the range of the room and the prohibition
    assert {key: found[key] for key in ("drafts", "low", "flagged", "blocked", "score")} == {
        "drafts": 2, "low": 0.5, "flagged": 0.5, "blocked": 0.0, "score": 0.5,
    }  # fmt: skip
    assert (found["emoji"], found["findings"]) == (0.5, {"numbers": 0.5})
    assert found["facts_cited"] == pytest.approx(1 / (2 * facts))
    assert found["quantities_kept"] == 0.5
    assert found["length_ok"] == 0.0
    assert found["length"] == pytest.approx((10 + 600) / 2, abs=2)
    assert found["makeshift"] == found["banned_phrases"] == 0.0


def test_measures_of_nothing_are_empty() -> None:
    found = measure([])
    assert (found.pop("drafts"), found.pop("findings")) == (0, {})
    assert set(found.values()) == {None}


def test_banned_phrase_of_the_tone_is_counted() -> None:
    phrase = MOM.banned_phrases["en"][0]
    assert measure([written(f"So: {phrase.upper()}!"), written("Fine.")])["banned_phrases"] == 0.5


@pytest.mark.parametrize(
    ("text", "source", "expected"),
    [
        ("1 2 3 4 5 6 7", "1 2 3 4 5 6 7", 0.0),
        ("1 2 3 4 5 6 7 8", "a 1 2 3 4 5 6 7 8 b", 1.0),
        ("x 1 2 3 4 5 6 7 8", "1 2 3 4 5 6 7 8", 8 / 9),
        ("8 7 6 5 4 3 2 1", "1 2 3 4 5 6 7 8", 0.0),
        ("室温保持在二十度左右", "室温保持在二十度左右就好", 1.0),
        ("", "one", 0.0),
    ],
)  # fmt: skip
def test_verbatim_share_counts_runs_of_eight(text: str, source: str, expected: float) -> None:
    assert verbatim_share(text, source) == pytest.approx(expected)


def test_two_versions_are_cooked_and_measured_side_by_side(settings: Settings) -> None:
    sides = make_sides(settings, read_voices(settings), versions=(MOM.version, NEXT))
    voices = read_voices(settings)
    report = run_tones(sides, golden(3), voices.house, no_database)
    first, second = report["sides"]
    assert (report["cards"], first["name"], second["name"]) == (3, MOM.version, NEXT)
    # Only mom has both.
    assert set(first["tones"]) == set(second["tones"]) == {"mom"}
    assert first["versions"]["mom"].startswith(MOM.version)
    assert second["versions"]["mom"].startswith(NEXT)
    # The offline writer does not read the guide text, which is all that differs but the number.
    same = ("drafts", "low", "length", "verbatim", "quantities_kept", "facts_cited")
    assert {k: first["tones"]["mom"][k] for k in same} == {
        k: second["tones"]["mom"][k] for k in same
    }
    assert first["tones"]["mom"]["by_lang"]["zh"]["drafts"] == 3
    assert first["completions"]["calls"] == 3
    assert first["completions"]["cost_usd"] == 0


def test_two_models_are_measured_side_by_side_and_the_ledger_knows(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.kitchen import open_store
    from store.runs import list_runs

    monkeypatch.setenv("OPENAI_API_KEY", "x")
    voices = read_voices(settings)
    with FakeModel(quote_card) as model:
        more = {"model_api_base": model.base_url, "allow_unpriced_models": True}
        asked = settings.model_copy(update=more)
        sides = make_sides(asked, voices, models=("offline/house", "openai/fake"), wanted=("mom",))
        cards = golden(24)[:2]
        report = run_tones(sides, cards, voices.house, lambda: open_store(asked))
        again = run_tones(sides[1:], cards, voices.house, lambda: open_store(asked))
    offline, fake = report["sides"]
    assert (offline["model"], fake["model"]) == ("offline/house", "openai/fake")
    assert fake["tones"]["mom"]["verbatim"] == 1.0 > offline["tones"]["mom"]["verbatim"]
    assert fake["completions"]["tokens_in"] == 100 * fake["completions"]["calls"]
    assert fake["completions"]["cost_usd"] is None
    assert fake["tones"]["mom"]["makeshift"] == 0.0
    assert again["sides"][0]["completions"]["calls"] == 0
    assert again["sides"][0]["completions"]["cached"] == fake["completions"]["calls"]
    assert again["sides"][0]["tones"] == fake["tones"]
    db = open_store(asked)
    assert {run.kind for run in list_runs(db)} == {"eval"}
    db.dispose()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"versions": ("1", "2"), "models": ("a", "b")}, "Compare two versions or two models"),
        ({"wanted": ("dad",)}, "There is no tone dad. Known are: engagement, expert, mom."),
        ({"versions": (NEXT, "7.7")}, f"No tone has both versions, {NEXT} and 7.7."),
        ({"models": ("offline/house", "openai/x")}, "OPENAI_API_KEY is not set"),
    ],
)
def test_sides_that_make_no_sense_are_refused(
    settings: Settings, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        make_sides(settings, read_voices(settings), **asked)
    assert str(caught.value).startswith(message)


def test_row_of_two_figures_ends_with_their_difference() -> None:
    assert row("low", [0.5]) == ["low", 0.5]
    assert row("low", [0.5, 0.75]) == ["low", 0.5, 0.75, 0.25]
    assert row("score", [None, 0.75]) == ["score", None, 0.75, None]


@pytest.fixture
def told(tmp_path: Path, folder: Path) -> Callable[..., str]:
    """Function that gives what `spoonful eval tones ...` prints, or its error."""
    data = tmp_path / "data"
    data.mkdir()
    lines = (GOLDEN / "cards.jsonl").read_text(encoding="utf-8").splitlines()
    (data / "cards.jsonl").write_text("\n".join(lines[::12]), encoding="utf-8")
    home = tmp_path / "home"
    environment = {
        "SPOONFUL_HOME": str(home), "SPOONFUL_TONES_DIR": str(folder), "COLUMNS": "120"
    }  # fmt: skip

    def say(*arguments: str) -> str:
        line = ["eval", "tones", "--data", str(data), *arguments]
        result = CliRunner().invoke(app, line, env=environment)
        if isinstance(result.exception, StageError):
            return f"error: {result.exception}"
        assert result.exit_code == 0, result.stderr
        assert not home.exists()
        return result.stdout

    return say


def test_command_prints_a_table_for_each_tone_and_one_for_the_calls(
    told: Callable[..., str],
) -> None:
    said = told()
    heads = [line.split(" ")[0] for line in said.splitlines() if " on " in line or "Calls" in line]
    assert heads == ["engagement", "expert", "mom", "Calls"]
    assert "offline/house" in said


def test_command_gives_one_json_object(told: Callable[..., str]) -> None:
    report = json.loads(told("--versions", MOM.version, NEXT, "--json"))
    assert [side["name"] for side in report["sides"]] == [MOM.version, NEXT]
    assert report["cards"] == 2


def test_command_pays_nothing_unasked(
    told: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    said = told("--models", "offline/house", "openai/gpt-4o-mini")
    assert said.startswith("error: 2 cards for 2 sides would cost about 0.0")
    assert said.endswith("Say --yes to pay it.")
