"""Token buckets on a clock of their own."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.cook.pacing import APART_S, Pace, Spacing, TokenBucket


class Watch:
    """A clock that stands still until it is set forward."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def starts(per_minute: float, amounts: list[float], pauses: list[float]) -> list[float]:
    """When each amount may be used; pauses: seconds between the requests."""
    watch = Watch()
    bucket = TokenBucket(per_minute, watch)
    found = []
    for amount, pause in zip(amounts, pauses, strict=True):
        watch.now += pause
        found.append(watch.now + bucket.take(amount))
    return found


def test_bucket_spaces_calls_evenly_and_in_order() -> None:
    assert starts(60, [1] * 4, [0] * 4) == pytest.approx([100, 101, 102, 103])


def test_bucket_lets_one_through_that_is_larger_than_it_holds_and_makes_the_next_wait() -> None:
    assert starts(6000, [3000, 3000, 10], [0] * 3) == pytest.approx([100, 130.5, 160.6], abs=1)


def test_bucket_without_a_limit_never_waits() -> None:
    assert starts(0, [1e9] * 3, [0] * 3) == [100, 100, 100]


def test_bucket_takes_back_what_was_not_used() -> None:
    watch = Watch()
    bucket = TokenBucket(60, watch)
    bucket.take(1)
    bucket.take(-1)
    assert bucket.take(1) == 0
    assert bucket.take(1) == pytest.approx(1)


@given(
    st.integers(1, 2000),
    st.lists(st.floats(0, 20, allow_nan=False), min_size=1, max_size=200),
)
def test_no_minute_sees_more_calls_than_the_limit(per_minute: int, pauses: list[float]) -> None:
    found = starts(per_minute, [1] * len(pauses), pauses)
    for first in found:
        seen = sum(1 for at in found if first <= at < first + 60 - 1e-6)
        assert seen <= per_minute


def test_pace_gives_back_when_its_waiter_is_cancelled() -> None:
    async def run() -> None:
        pace = Pace(60, 0)
        await pace.wait(1)
        waiter = asyncio.create_task(pace.wait(1))
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        async with asyncio.timeout(1.5):  # not the two seconds of a third in line
            await pace.wait(1)

    asyncio.run(run())


def test_pace_waits_for_tokens_as_well_as_for_calls() -> None:
    async def run() -> float:
        pace = Pace(0, 6000)
        await pace.wait(100)
        pace.correct(-70)  # it took 30
        started = asyncio.get_running_loop().time()
        await pace.wait(1)
        return asyncio.get_running_loop().time() - started

    assert asyncio.run(run()) < 0.6


def test_spacing_lets_calls_go_one_after_the_other_and_other_work_after_them() -> None:
    async def main() -> tuple[list[float], float]:
        spacing, loop = Spacing(), asyncio.get_running_loop()
        began = loop.time()
        begun: list[float] = []

        async def call() -> None:
            await spacing.wait()
            begun.append(loop.time() - began)

        async def work() -> float:
            await spacing.lull()
            return loop.time() - began

        *_, worked = await asyncio.gather(*(call() for _ in range(4)), work())
        return begun, worked

    begun, worked = asyncio.run(main())
    # A machine that stops for a moment lets one begin late, but none too early.
    assert all(at > (nth - 0.5) * APART_S for nth, at in enumerate(begun))
    assert worked > begun[-1]
