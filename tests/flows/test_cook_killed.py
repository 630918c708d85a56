"""A cook that is killed at random moments, again and again, ends where an undisturbed one does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.killing import Trial, kill_and_compare


@pytest.mark.slow
def test_killed_at_random_moments_the_cook_ends_as_if_undisturbed(tmp_path: Path) -> None:
    """90 drafts; `make bench ARGS="-k killed"` does 600, killed twenty times."""
    kill_and_compare(Trial(cards=30, kills=5, to_kill_s=0.6), tmp_path)
