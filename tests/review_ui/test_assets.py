"""Files of ours that name each other go out as one, and work as they are where they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from review_ui import assets
from review_ui.assets import ENTRIES, STATIC, load_assets


@pytest.fixture
def anew() -> Iterator[None]:
    load_assets.cache_clear()
    yield
    load_assets.cache_clear()


def test_entries_hold_what_they_name() -> None:
    files = load_assets().files
    for name in ENTRIES:
        assert b"import" not in files[name].body.replace(b"!important", b"")
        assert len(files[name].body) > 2 * len((STATIC / name).read_bytes())
    assert b"url(vendor/figtree.woff2)" in files["site.css"].body


@pytest.mark.usefixtures("anew")
def test_without_esbuild_files_go_out_as_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(assets, "NODE_MODULES", tmp_path)
    files = load_assets().files
    assert {name: files[name].body for name in ENTRIES} == {
        name: (STATIC / name).read_bytes() for name in ENTRIES
    }


@pytest.mark.usefixtures("anew")
def test_esbuild_that_fails_is_told_and_does_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    program = tmp_path / "@esbuild" / "linux-x64" / "bin" / "esbuild"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(assets, "NODE_MODULES", tmp_path)
    assert load_assets().files["main.js"].body == (STATIC / "main.js").read_bytes()
    assert "esbuild failed" in caplog.text
