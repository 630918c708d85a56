"""Channels: names, and what each ending means for the post."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from stages.errors import (
    ConfigError,
    PermanentError,
    RefusedError,
    StageError,
    TransientError,
)
from stages.publish.atom import AtomChannel
from stages.publish.channels import UnknownOutcome, open_channel, state_after
from stages.types import Post, PostState, Receipt

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_post(text: str) -> Post:
    return Post(
        1, "k1", "g1", "atom", "Title", text, "By X", "https://x.example/", "en",
        PostState.SENDING, NOON,
    )  # fmt: skip


def test_open_channel_knows_atom() -> None:
    assert isinstance(open_channel("atom"), AtomChannel)


def test_open_channel_names_what_there_is() -> None:
    with pytest.raises(ConfigError, match="'pigeon'; expected one of: atom"):
        open_channel("pigeon")


def test_sending_to_atom_names_the_entry() -> None:
    receipt = asyncio.run(open_channel("atom").send(make_post("Hello")))
    assert receipt == Receipt(external_id="tag:spoonful.invalid,2026:post/k1")


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\x00"])
def test_sending_nothing_fails_for_good(text: str) -> None:
    with pytest.raises(PermanentError, match="no text"):
        asyncio.run(open_channel("atom").send(make_post(text)))


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (None, PostState.PUBLISHED),
        (TransientError("later"), PostState.SCHEDULED),
        (UnknownOutcome("no answer"), PostState.VERIFY),
        (PermanentError("no"), PostState.FAILED),
        (RefusedError("no"), PostState.FAILED),
        (ConfigError("no"), PostState.FAILED),
    ],
)
def test_state_after_send(error: StageError | None, state: PostState) -> None:
    assert state_after(error) is state


def test_an_unknown_outcome_is_never_retried_as_transient() -> None:
    assert not issubclass(UnknownOutcome, TransientError)
