"""Token buckets: no more calls and tokens a minute than a provider's contract allows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

Clock = Callable[[], float]


APART_S = 0.003
"""Seconds; less than our own work on a call takes, so that the first round is soon under way."""

LULL_S = 0.01
LONGEST_LULL_S = 0.05


class Spacing:
    """Lets calls go one after the other, and before work that can wait. What leaves together comes
    back together, and then waits for one another: 32 calls of 1 s each lost .2 s in every round.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._next_at = 0.0

    async def wait(self) -> None:
        """Until `APART_S` after the call before."""
        now = self._clock()
        self._next_at = max(now, self._next_at + APART_S)
        if self._next_at > now:
            await asyncio.sleep(self._next_at - now)

    async def lull(self) -> None:
        """Until no call has begun for `LULL_S`, or `LONGEST_LULL_S` have passed."""
        await asyncio.sleep(0)
        end = self._clock() + LONGEST_LULL_S
        while (now := self._clock()) < min(self._next_at + LULL_S, end):
            await asyncio.sleep(min(self._next_at + LULL_S, end) - now)


class TokenBucket:
    """Allows `per_minute` in any minute, evenly: it holds one second's worth, at least 1.

    Whoever takes more than it holds goes into debt, which the next one waits for: those who wait go
    in the order they came, and what is larger than the bucket passes, too (a minute may then see
    one such more). per_minute: 0 for no limit.
    """

    def __init__(self, per_minute: float, clock: Clock = time.monotonic) -> None:
        self._capacity = max(1.0, per_minute / 60)
        # A full bucket at the beginning of a minute is part of what that minute may see.
        self._per_s = (per_minute - (self._capacity - 1)) / 60
        self._level = self._capacity
        self._clock = clock
        self._at = clock()

    def take(self, amount: float) -> float:
        """Take amount; seconds until it may be used. A negative amount is given back."""
        if self._per_s <= 0:
            return 0.0
        now = self._clock()
        self._level = min(self._capacity, self._level + (now - self._at) * self._per_s)
        self._at = now
        wait_s = max(0.0, (min(amount, self._capacity) - self._level) / self._per_s)
        self._level -= amount
        return wait_s if amount > 0 else 0.0


class Pace:
    """The two buckets of one model: calls, and tokens of prompt and reply together."""

    def __init__(
        self, calls_per_minute: float, tokens_per_minute: float, clock: Clock = time.monotonic
    ) -> None:
        self._calls = TokenBucket(calls_per_minute, clock)
        self._tokens = TokenBucket(tokens_per_minute, clock)

    async def wait(self, tokens: float) -> None:
        """Take one call of about so many tokens and wait until it may be made.

        Who is cancelled while waiting has taken nothing.
        """
        wait_s = max(self._calls.take(1), self._tokens.take(tokens))
        if not wait_s:
            return
        try:
            await asyncio.sleep(wait_s)
        except asyncio.CancelledError:
            self.give_back(tokens)
            raise

    def give_back(self, tokens: float) -> None:
        """The call was not made."""
        self._calls.take(-1)
        self._tokens.take(-tokens)

    def correct(self, tokens: float) -> None:
        """The call took so many tokens more than thought (negative: less)."""
        self._tokens.take(tokens)
