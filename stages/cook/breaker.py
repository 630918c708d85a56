"""Whether a model may be called now: one gate a model, the same for every card of a run.

A gate closes when the server asks for a pause (429, or any fault with Retry-After), for as long as
it asked, and after a number of faults in a row, for a cool-down that doubles with each failed
probe. When the time is over one call goes ahead as a probe; the others follow once it is answered.
A model that refuses us altogether (key, credit, name) is not asked again in the gate's life.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

from stages.cook.pacing import Clock
from stages.errors import ModelPausedError, ModelRefusedError, RateLimitedError, TransientError

FAULTS_IN_A_ROW = 5
"""Calls that fail one after the other before a model counts as down. Fewer would trip on the odd
500 at a concurrency of 8; more would pay more deadlines for nothing."""

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
"""Bounds of the pause after a 429 by our own reckoning; it doubles with each in a row."""

LONGEST_COOLDOWN_S = 600.0


@dataclass(slots=True)
class Patience:
    """Seconds a card will still wait for a model, over all its tries of it."""

    left_s: float

    async def spend(self, wait_s: float) -> bool:
        """Wait so long; False at once when less than that is left."""
        if wait_s > self.left_s:
            return False
        self.left_s -= wait_s
        await asyncio.sleep(wait_s)
        return True


class Gate:
    """The gate of one model. `enter` gives a ticket, to be handed in with what became of it: to
    `answered`, `failed`, or `leave` when no call was made. cooldown_s: of the first trip.
    """

    def __init__(
        self,
        model: str,
        *,
        cooldown_s: float = 30.0,
        faults_in_a_row: int = FAULTS_IN_A_ROW,
        clock: Clock = time.monotonic,
    ) -> None:
        self._model = model
        self._cooldown_s = cooldown_s
        self._faults_in_a_row = faults_in_a_row
        self._clock = clock
        self._changed = asyncio.Event()
        # Tickets of before the last closing say nothing about the model as it is now.
        self._number = 0
        self._is_closed = self._is_down = self._is_probed = False
        self._until = 0.0
        self._why = ""
        self._refusal = ""
        self._faults = self._limits = self._trips = 0
        self._answers = self._skipped = self._refused = self._all_trips = self._pauses = 0

    async def enter(self, patience: Patience, *, is_last: bool = True) -> int:
        """Wait until the model may be called; the ticket of the call.

        Waits no longer than patience has left, and for a model that is down only when there is no
        other (is_last). Raises ModelPausedError instead of waiting longer, ModelRefusedError when
        the model has refused us.
        """
        while True:
            if self._refusal:
                self._refused += 1
                raise ModelRefusedError(self._refusal)
            if not self._is_closed:
                return self._number
            wait_s = self._until - self._clock()
            if wait_s <= 0 and not self._is_probed:
                self._is_probed = True
                return self._number
            left_s = patience.left_s
            if left_s <= 0 or wait_s > left_s or (self._is_down and not is_last):
                self._skipped += 1
                raise ModelPausedError(f"{self._why}: not asked for now", max(0.0, wait_s))
            started, changed = self._clock(), self._changed
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s if wait_s > 0 else left_s):
                    await changed.wait()
            patience.left_s -= self._clock() - started

    def is_good(self, ticket: int) -> bool:
        """Whether the gate has stayed as it was since the ticket was given out."""
        return ticket == self._number and not self._refusal

    def answered(self, ticket: int) -> None:
        """The server did its work, whatever the answer was worth."""
        self._answers += 1
        if ticket == self._number:
            self._faults = self._limits = self._trips = 0
            self._is_closed = self._is_down = self._is_probed = False
            self._tell()

    def failed(self, ticket: int, error: Exception) -> None:
        """The call failed with error (ModelRefusedError or a TransientError)."""
        if isinstance(error, ModelRefusedError):
            self._refusal = self._refusal or str(error)
            self._tell()
            return
        pause_s = error.retry_after_s if isinstance(error, TransientError) else None
        if ticket != self._number:
            if self._is_closed and pause_s is not None:
                self._until = max(self._until, self._clock() + pause_s)
            return
        why = str(error).split(": ")[0]
        self._faults += not isinstance(error, RateLimitedError)
        if isinstance(error, RateLimitedError) or pause_s is not None:
            self._limits += 1
            self._pauses += 1
            self._close(max(pause_s or 0.0, self._own_pause_s(pause_s)), why)
        elif self._is_down or self._faults >= self._faults_in_a_row:
            self._close(
                min(self._cooldown_s * 2.0 ** min(self._trips, 20), LONGEST_COOLDOWN_S), why
            )
            self._trips += 1
            self._all_trips += 1
            self._is_down = True
        else:
            self.leave(ticket)

    def leave(self, ticket: int) -> None:
        """No call was made, or one that tells nothing; the next may probe."""
        if ticket == self._number:
            self._is_probed = False
            self._tell()

    def notes(self) -> list[str]:
        """What became of the model, for the run's summary; empty when nothing did."""
        found = []
        if self._all_trips:
            times = _times(self._all_trips)
            found.append(f"{self._model}: left alone {times} after faults in a row ({self._why})")
        if self._pauses:
            found.append(f"{self._model}: asked for a pause {_times(self._pauses)}")
        if self._skipped:
            found.append(f"{self._model}: skipped {_times(self._skipped)} while it was paused")
        if self._refusal and self._answers:
            found.append(f"{self._refusal} (after {self._answers} answers)")
        if self._refused:
            found.append(f"{self._model}: not asked {_times(self._refused)} after its refusal")
        return found

    def _own_pause_s(self, asked_s: float | None) -> float:
        """The pause by our own reckoning; one the server names is believed the first time."""
        doublings = self._limits - (1 if asked_s is None else 2)
        if doublings < 0:
            return 0.0
        return min(FIRST_PAUSE_S * 2.0 ** min(doublings, 20), LONGEST_PAUSE_S)

    def _close(self, for_s: float, why: str) -> None:
        self._number += 1
        self._is_closed, self._is_probed = True, False
        self._until, self._why = self._clock() + for_s, why
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
