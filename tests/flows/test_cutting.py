"""Chopping in a worker: the same cards, and a policy read once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flows import cutting
from flows.cutting import chop_in_worker, policy_of
from stages.chop import chop_guide
from stages.errors import ConfigError
from stages.procure.extract import extract_page
from stages.procure.guide import build_guide
from stages.seeds import load_policy
from stages.types import Guide, Reuse, Source

ROOT = Path(__file__).resolve().parents[2]
POLICY = ROOT / "seeds" / "policy.yaml"
SOURCE = Source("s", "S", "https://a.example/", (), Reuse.ADAPT_OK, "", "", "")
URL = "https://a.example/fever.html"


@pytest.fixture
def guide() -> Guide:
    parts = (
        f"<h2>Fever, part {n}</h2><p>{'A fever is a high temperature. Give water often. ' * 9}</p>"
        for n in range(6)
    )
    html = f"<html lang=en><title>Fever</title><main><h1>Fever</h1>{''.join(parts)}</main></html>"
    return build_guide(SOURCE, URL, [extract_page(html.encode(), URL)])


@pytest.mark.parametrize("target", [3, 20])
def test_chop_in_worker_gives_the_cards_of_chop_guide(guide: Guide, target: int) -> None:
    cards = chop_in_worker(guide, str(POLICY), "now", target)

    assert cards
    assert cards == chop_guide(guide, load_policy(POLICY), target)


def test_chop_in_worker_cuts_what_still_reads_the_same_as_before(guide: Guide) -> None:
    before = chop_guide(guide, load_policy(POLICY), 3)

    cards = chop_in_worker(guide, str(POLICY), "now", 20, before)

    assert cards == chop_guide(guide, load_policy(POLICY), 20, before)


def test_policy_is_read_once_for_each_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    policy = load_policy(POLICY)

    def load(path: Path) -> object:
        read.append(path)
        return policy

    monkeypatch.setattr(cutting, "load_policy", load)
    for policy_hash in ("first", "first", "second", "first"):
        assert policy_of("a/policy.yaml", policy_hash) is policy

    assert read == [Path("a/policy.yaml")] * 2


def test_missing_policy_is_said(guide: Guide, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml: cannot be read"):
        chop_in_worker(guide, str(tmp_path / "gone.yaml"), "now", 20)


def test_workers_import_nothing_of_the_line() -> None:
    """What they import costs every run as often as there are workers."""
    code = (
        "import sys, flows.cutting, flows.worker_process, stages.procure.extract\n"
        "heavy = {'asyncio', 'sqlalchemy', 'sqlmodel', 'pydantic', 'httpx', 'prefect', 'litellm',"
        " 'fastapi', 'numpy', 'flows.kitchen', 'flows.line'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (answer.stdout, answer.stderr) == ("\n", "")
