"""What the demo and `up` make of the environment they are started in."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import demo
from flows.up import make_environment
from store.settings import Settings, load_settings


def test_demo_costs_nothing_whatever_is_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPOONFUL_HOME", str(tmp_path))
    monkeypatch.setenv("SPOONFUL_MODEL", "openai/gpt-5")
    monkeypatch.setenv("SPOONFUL_FALLBACK_MODELS", "anthropic/claude-sonnet-4-5")
    monkeypatch.setenv("SPOONFUL_EMBEDDING_MODEL", "openai/text-embedding-3-small")
    options = demo.DemoOptions(True, True, False, None, 8765, False)

    settings = demo._demo_settings(options)

    assert (settings.model, settings.fallback_models, settings.embedding_model) == (
        Settings.model_fields["model"].default,
        "",
        "embedded",
    )


def test_up_gives_its_processes_whole_paths(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPOONFUL_HOME", "./data")
    monkeypatch.setenv("SPOONFUL_TONES_DIR", "voices")

    environment = make_environment(load_settings(), 4200)

    assert environment["SPOONFUL_HOME"] == str(tmp_path / "data")
    assert environment["SPOONFUL_TONES_DIR"] == str(tmp_path / "voices")


def test_up_lets_no_other_page_speak_to_its_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_SERVER_CORS_ALLOWED_ORIGINS", raising=False)
    environment = make_environment(load_settings(), 4321)
    assert environment["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] == (
        "http://127.0.0.1:4321,http://localhost:4321"
    )
