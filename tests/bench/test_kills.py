"""Twenty kills in 600 drafts. The suite has the same with fewer."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from tests.flows.killing import Trial, kill_and_compare


@pytest.mark.timeout(600)
def test_cook_killed_twenty_times_ends_as_if_undisturbed(tmp_path: Path) -> None:
    told = kill_and_compare(Trial(cards=200, kills=20, to_kill_s=0.9), tmp_path)
    Console(width=110, highlight=False).print(f"\n600 drafts, 20 kills, {told}")
