"""The only place that retries: what failed in passing is tried again, nothing else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from stages.errors import TransientError

RETRIES = 3
FIRST_DELAY_S = 2.0
LONGEST_WAIT_S = 60.0
"""A server that asks for a longer pause is left for the next run."""

T = TypeVar("T")
Work = Callable[[], Awaitable[T]]


class Attempt(Protocol):
    """Does work with retries. name: what it is, then `: ` and on what, for whoever watches.

    The flow on Prefect hands in one that makes each a task of its own.
    """

    async def __call__(self, name: str, work: Work[T]) -> T: ...


def is_transient(error: BaseException) -> bool:
    """Whether waiting may help, and no longer than a run can wait."""
    return isinstance(error, TransientError) and (error.retry_after_s or 0) <= LONGEST_WAIT_S


async def attempt(name: str, work: Work[T]) -> T:
    """What work gives, tried up to three more times while its error is transient."""
    for number in range(RETRIES):
        try:
            return await work()
        except TransientError as error:
            if not is_transient(error):
                raise
            wait_s = error.retry_after_s or FIRST_DELAY_S * 2**number
            await asyncio.sleep(wait_s * random.uniform(1.0, 1.3))  # jitter
    return await work()
