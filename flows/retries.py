"""The only place that retries: what failed in passing is tried again, nothing else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from stages.errors import TransientError

RETRIES = 3
FIRST_DELAY_S = 2.0
LONGEST_WAIT_S = 60.0
"""A server that asks for a longer pause is left for the next run."""

Step = Callable[..., Awaitable[Any]]
Wrap = Callable[[str, Step], Step]
"""Gives a step its retries; the flow on Prefect gives it a task of its own instead."""


def is_transient(error: BaseException) -> bool:
    """Whether waiting may help, and no longer than a run can wait."""
    return isinstance(error, TransientError) and (error.retry_after_s or 0) <= LONGEST_WAIT_S


def with_retries(name: str, step: Step) -> Step:
    """step, tried up to three more times while its error is transient."""

    async def tried(*arguments: Any) -> Any:
        for attempt in range(RETRIES):
            try:
                return await step(*arguments)
            except TransientError as error:
                if not is_transient(error):
                    raise
                wait_s = error.retry_after_s or FIRST_DELAY_S * 2**attempt
                await asyncio.sleep(wait_s * random.uniform(1.0, 1.3))  # jitter
        return await step(*arguments)

    tried.__name__ = name
    return tried
