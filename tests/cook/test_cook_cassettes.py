"""Recorded conversations with a model, replayed with no server behind them."""

from __future__ import annotations

import asyncio

import pytest

from tests.cook.record_cassettes import RECORDER, SCENES, play

NOBODY = {"OPENAI_API_KEY": "fake-key", "OPENAI_API_BASE": "http://127.0.0.1:9/v1"}


@pytest.mark.parametrize("name", SCENES)
def test_cassette_replays_to_the_same_drafts_and_is_played_out(name: str) -> None:
    card, _, requests = SCENES[name]
    with RECORDER.use_cassette(f"{name}.yaml", record_mode="none") as cassette:
        result = asyncio.run(play(card, NOBODY))
    # A fallback would hide a request the cassette does not have.
    assert cassette.all_played
    assert cassette.play_count == requests
    assert [draft.model for draft in result.drafts] == ["openai/fake"] * 3
    assert [c.tokens_in for c in result.completions] == [100] * len(result.completions)
