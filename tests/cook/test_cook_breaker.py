"""The gate of a model: pauses, the circuit breaker, the probe, a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from stages.cook.breaker import FAULTS_IN_A_ROW, LONGEST_COOLDOWN_S, Gate, Patience
from stages.errors import (
    ModelPausedError,
    ModelRefusedError,
    OutcomeUnknownError,
    RateLimitedError,
    TransientError,
)


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def play(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scene)


def opened() -> tuple[Gate, Watch]:
    watch = Watch()
    return Gate("m", cooldown_s=30, clock=watch), watch


async def enter(gate: Gate, patience_s: float = 0, *, is_last: bool = True) -> int:
    return await gate.enter(Patience(patience_s), is_last=is_last)


async def trip(gate: Gate) -> None:
    for _ in range(FAULTS_IN_A_ROW):
        gate.failed(await enter(gate), TransientError("server error 500: oops"))


def test_gate_closes_after_faults_in_a_row_and_names_the_fault() -> None:
    async def scene() -> None:
        gate, _ = opened()
        await trip(gate)
        with pytest.raises(ModelPausedError, match=r"^server error 500: not asked for now$"):
            await enter(gate)

    play(scene())


def test_gate_stays_open_when_an_answer_comes_between_the_faults() -> None:
    async def scene() -> None:
        gate, _ = opened()
        for _ in range(3 * FAULTS_IN_A_ROW):
            gate.failed(await enter(gate), TransientError("oops"))
            gate.answered(await enter(gate))
        await enter(gate)

    play(scene())


def test_gate_lets_one_probe_through_after_the_cooldown_and_opens_when_it_is_answered() -> None:
    async def scene() -> None:
        gate, watch = opened()
        await trip(gate)
        watch.now = 30
        probe = await enter(gate)
        with pytest.raises(ModelPausedError):
            await enter(gate)
        gate.answered(probe)
        await enter(gate)
        await enter(gate)

    play(scene())


def test_gate_doubles_the_cooldown_with_each_failed_probe_up_to_a_bound() -> None:
    async def scene() -> None:
        gate, watch = opened()
        await trip(gate)
        waits = []
        for _ in range(7):
            with pytest.raises(ModelPausedError) as caught:
                await enter(gate)
            wait_s = caught.value.retry_after_s
            assert wait_s is not None
            waits.append(wait_s)
            watch.now += wait_s
            gate.failed(await enter(gate), OutcomeUnknownError("no answer within 90 s"))
        assert waits == [30, 60, 120, 240, 480, LONGEST_COOLDOWN_S, LONGEST_COOLDOWN_S]

    play(scene())


def test_gate_of_a_model_that_is_down_is_waited_for_only_when_there_is_no_other() -> None:
    async def scene() -> None:
        gate = Gate("m", cooldown_s=0.05)
        await trip(gate)
        with pytest.raises(ModelPausedError):
            await enter(gate, 10, is_last=False)
        await enter(gate, 10, is_last=True)

    play(scene())


def test_one_rate_limit_pauses_the_model_for_everybody_and_one_probe_goes_first() -> None:
    async def scene() -> None:
        gate = Gate("m")
        gate.failed(await enter(gate), RateLimitedError("rate limit", 0.05))
        order = []

        async def card(name: str) -> None:
            ticket = await enter(gate, 5, is_last=False)
            order.append(name)
            if len(order) == 1:
                await asyncio.sleep(0.05)
                assert order == [name]  # the others wait for the probe's answer
            gate.answered(ticket)

        await asyncio.gather(*(card(str(n)) for n in range(6)))
        assert len(order) == 6

    play(scene())


def test_rate_limits_do_not_count_as_faults() -> None:
    async def scene() -> None:
        gate, watch = opened()
        for _ in range(2 * FAULTS_IN_A_ROW):
            gate.failed(await enter(gate), RateLimitedError("rate limit"))
            watch.now += 60
        gate.answered(await enter(gate))
        assert gate.notes() == [f"m: asked for a pause {2 * FAULTS_IN_A_ROW} times"]

    play(scene())


def test_rate_limits_in_a_row_lengthen_the_pause_whatever_the_server_asks() -> None:
    async def scene() -> None:
        gate, watch = opened()
        pauses = []
        for _ in range(6):
            gate.failed(await enter(gate), RateLimitedError("rate limit", 0.0))
            start = watch.now
            while True:
                try:
                    ticket = await enter(gate)
                    break
                except ModelPausedError as error:
                    watch.now += error.retry_after_s or 0.0
            gate.leave(ticket)
            pauses.append(watch.now - start)
        assert pauses == [0, 0.5, 1, 2, 4, 8]

    play(scene())


def test_late_news_of_calls_sent_before_the_pause_do_not_end_or_renew_it() -> None:
    async def scene() -> None:
        gate, watch = opened()
        early, late, slow = [await enter(gate) for _ in range(3)]
        gate.failed(early, RateLimitedError("rate limit", 10))
        gate.answered(late)
        gate.failed(slow, RateLimitedError("rate limit", 20))
        watch.now = 15
        with pytest.raises(ModelPausedError):
            await enter(gate)
        watch.now = 20
        await enter(gate)

    play(scene())


def test_patience_is_used_up_over_several_pauses() -> None:
    async def scene() -> None:
        gate = Gate("m")
        patience = Patience(10)
        for _ in range(2):
            ticket = await gate.enter(patience)
            gate.failed(ticket, RateLimitedError("rate limit", 0.05))
            gate._limits = 0  # the server's word alone
        await gate.enter(patience)
        assert patience.left_s <= 9.9

    play(scene())


def test_gate_refuses_for_good_and_wakes_those_who_wait() -> None:
    async def scene() -> None:
        gate = Gate("m")
        first, second = await enter(gate), await enter(gate)
        gate.failed(first, RateLimitedError("rate limit", 30))
        waiting = asyncio.create_task(enter(gate, 60))
        await asyncio.sleep(0.01)
        gate.failed(second, ModelRefusedError("m refused our key"))
        with pytest.raises(ModelRefusedError, match="m refused our key"):
            await asyncio.wait_for(waiting, 1)
        assert not gate.is_good(second)

    play(scene())


def test_probe_that_is_given_up_leaves_the_way_free_for_another() -> None:
    async def scene() -> None:
        gate, watch = opened()
        await trip(gate)
        watch.now = 31
        gate.leave(await enter(gate))
        await enter(gate)

    play(scene())


def test_notes_tell_what_became_of_the_model() -> None:
    async def scene() -> None:
        gate, _ = opened()
        assert gate.notes() == []
        gate.answered(await enter(gate))
        await trip(gate)
        for _ in range(3):
            with pytest.raises(ModelPausedError):
                await enter(gate)
        assert gate.notes() == [
            "m: left alone once after faults in a row (server error 500)",
            "m: skipped 3 times while it was paused",
        ]

    play(scene())
