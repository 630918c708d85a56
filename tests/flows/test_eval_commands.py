"""The commands of `spoonful eval`: exactly the agreed keys as JSON, a table otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from stages.errors import ConfigError

TEXT = "Keep the room at 16 to 20 °C. Never cover your baby's head, by day or by night."
SLEEP = (
    "Put your baby down on the back for every sleep, by day and by night, in their own cot.\n\n"
    "The mattress should be firm and flat, and nothing soft belongs beside your baby in the cot. "
    "A room of 16 to 20 degrees is comfortable for a baby in a light sleeping bag that fits."
)


def write_rows(path: Path, *rows: object) -> None:
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "page.html").write_text(f"<main><h1>Sleep</h1><p>{TEXT}</p></main>", "utf-8")
    gold = {"id": "p", "html": "page.html", "lang": "en", "main_content": TEXT}
    write_rows(tmp_path / "gold.jsonl", gold)
    card = {"id": "c", "lang": "en", "title": "Sleep", "breadcrumbs": [], "text": TEXT}
    write_rows(tmp_path / "cards.jsonl", card)
    draft = {"id": "r", "card_id": "c", "tone": "mom", "text": TEXT}
    write_rows(tmp_path / "rewrites.jsonl", draft)
    fault = {"id": "x", "text": TEXT.replace("20", "60"), "error_type": "number_changed"}
    write_rows(tmp_path / "corrupted.jsonl", draft | fault | {"severity": "critical"})
    (tmp_path / "guides").mkdir()
    (tmp_path / "guides" / "a.md").write_text(f"# Sleep\n\n{SLEEP}", "utf-8")
    return tmp_path


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["eval", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_eval_extract_prints_the_agreed_keys(data):
    report = json.loads(run("extract", "--data", str(data), "--json"))
    keys = ["f1", "precision", "recall", "must_have", "must_not_have", "pages_per_s", "by_lang"]
    assert list(report) == [*keys, "trafilatura"]
    assert list(report["trafilatura"]) == keys


def test_eval_chop_prints_the_agreed_keys(data):
    report = json.loads(run("chop", "--data", str(data / "guides"), "--json"))
    assert list(report) == [
        "guides", "cards", "pass_all", "checks", "coverage", "overlap", "by_lang", "revised",
    ]  # fmt: skip
    assert (report["guides"], report["revised"]) == (1, None)


def test_eval_checks_prints_the_agreed_keys(data):
    report = json.loads(run("checks", "--data", str(data), "--json"))
    assert report.pop("ms_p95") > 0
    assert report == {
        "false_flag": 0.0, "recall": 1.0, "by_severity": {"critical": 1.0},
        "by_type": {"number_changed": 1.0},
        "by_lang": {"en": {"false_flag": 0.0, "recall": 1.0}}, "localised": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("extract", "--data", "."), ("spoonful", "trafilatura", "1.000", "pages/s")),
        (("chop", "--data", "guides", "--revised", "guides"), ("check trace", "revised ids_kept")),
        (("checks", "--data", "."), ("false_flag in en", "recall of critical")),
    ],
)
def test_eval_prints_a_table_without_json(data, words, shown, monkeypatch):
    monkeypatch.chdir(data)
    table = run(*words)
    assert [word for word in shown if word not in table] == []


@pytest.mark.parametrize("command", ["extract", "site", "chop", "checks", "placement"])
def test_eval_says_what_a_folder_lacks(command, tmp_path):
    with pytest.raises(ConfigError, match=f"{tmp_path} (lacks|holds no)"):
        run(command, "--data", str(tmp_path))
