"""How an approved draft reaches a group, and what each way of ending means for the post.

A channel's `send` ends in exactly one of these:

    Receipt          it is out                              -> published
    TransientError   nothing was sent, later may work       -> scheduled again
    UnknownOutcome   it may be out: never sent again blindly -> verify, a person looks
    any other StageError  refused, or broken until changed  -> failed
    anything else    a mistake of the channel: it may be out -> verify
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from stages.errors import ConfigError, StageError, TransientError
from stages.publish.atom import AtomChannel
from stages.types import Post, PostState, Receipt


class UnknownOutcome(StageError):  # noqa: N818  # an outcome between success and error
    """The post left us and no answer came: it may be published, so only a person decides."""


class Channel(Protocol):
    """A way to reach a group. name: as in `Group.channel`."""

    @property
    def name(self) -> str: ...

    async def send(self, post: Post) -> Receipt:
        """Hand the post over once. Raises TransientError, UnknownOutcome or PermanentError."""
        ...


_CHANNELS: Mapping[str, Callable[[], Channel]] = {"atom": AtomChannel}


def open_channel(name: str) -> Channel:
    """The channel of that name. Raises ConfigError for one we do not have."""
    try:
        return _CHANNELS[name]()
    except KeyError:
        known = ", ".join(sorted(_CHANNELS))
        raise ConfigError(f"channel: there is no {name!r}; expected one of: {known}") from None


def state_after(error: StageError | None) -> PostState:
    """The state of a post after `send`: None when it returned a receipt, else what it raised."""
    if error is None:
        return PostState.PUBLISHED
    if isinstance(error, TransientError):
        return PostState.SCHEDULED
    if isinstance(error, UnknownOutcome):
        return PostState.VERIFY
    return PostState.FAILED
