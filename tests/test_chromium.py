"""Which browser the tests take, and that they skip in words where there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Function that makes programs of these names and returns an environment that finds them."""
    monkeypatch.setattr(chromium, "MAC_PATHS", ())

    def make(*names: str, body: str = "echo Chromium 1.2.3") -> dict[str, str]:
        for name in names:
            path = tmp_path / name
            path.write_text(f"#!/bin/sh\n{body}\n")
            path.chmod(0o755)
        return {"PATH": str(tmp_path)}

    return make


def test_find_chromium_prefers_chromium_to_chrome(
    programs: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    env = programs("google-chrome", "chromium")

    assert chromium.find_chromium(env) == str(tmp_path / "chromium")


def test_find_chromium_takes_the_one_that_was_chosen(
    programs: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    env = programs("chromium", "my-chrome")

    chosen = str(tmp_path / "my-chrome")
    assert chromium.find_chromium({**env, "CHROME": chosen}) == chosen
    assert chromium.find_chromium({**env, "CHROME": "my-chrome"}) == chosen


def test_find_chromium_finds_nothing_when_the_chosen_one_is_gone(
    programs: Callable[..., dict[str, str]],
) -> None:
    env = programs("chromium")

    assert chromium.find_chromium({**env, "CHROME": "/no/such/chrome"}) is None


def test_find_chromium_finds_nothing_on_an_empty_path(
    programs: Callable[..., dict[str, str]],
) -> None:
    assert chromium.find_chromium(programs()) is None


def test_starts_gives_the_version(programs: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    programs("chromium")

    assert chromium.starts(str(tmp_path / "chromium")) == "Chromium 1.2.3"


def test_starts_is_none_for_a_stand_in_that_only_gives_advice(
    programs: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    programs("chromium", body="echo 'install it with snap' >&2; exit 1")

    assert chromium.starts(str(tmp_path / "chromium")) is None


@pytest.mark.browser
def test_new_page_opens_a_context_of_its_own_with_what_was_asked_for(
    new_page: Callable[..., Page],
) -> None:
    page = new_page(locale="zh-CN", color_scheme="dark", viewport={"width": 400, "height": 700})

    assert page.evaluate(
        "[navigator.language, matchMedia('(prefers-color-scheme: dark)').matches, innerWidth]"
    ) == ["zh-CN", True, 400]
    assert new_page().evaluate("navigator.language") == "en-GB"
