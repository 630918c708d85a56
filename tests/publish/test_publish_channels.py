"""Channels: names, keys, and what each ending means for the post."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import (
    ConfigError,
    PermanentError,
    RefusedError,
    StageError,
    TransientError,
)
from stages.publish.atom import AtomChannel
from stages.publish.channels import UnknownOutcome, open_channel, post_key, state_after
from stages.publish.schedule import due_at
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


key_parts = st.tuples(st.text(), st.integers(), st.text(), st.text())


@given(key_parts, key_parts)
def test_post_keys_are_equal_only_for_equal_posts(
    one: tuple[str, int, str, str], other: tuple[str, int, str, str]
) -> None:
    assert (post_key(*one) == post_key(*other)) is (one == other)


def test_post_key_does_not_run_parts_together() -> None:
    assert post_key("a", 1, "bc", "d") != post_key("a", 1, "b", "cd")


def test_due_at_is_utc_and_never_before_now() -> None:
    beijing = NOON.astimezone(timezone(timedelta(hours=8)))
    assert due_at(beijing, 600) == NOON + timedelta(minutes=10)
    assert due_at(beijing, 600).tzinfo is UTC
    assert due_at(NOON, -5) == NOON
