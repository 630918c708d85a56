"""A page that fails, hangs or crashes costs that page and no other."""

from __future__ import annotations

import asyncio
import errno
import os
import pickle
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flows import workers
from flows.workers import Workers
from stages.errors import PermanentError, TransientError

Job = tuple[Callable[..., object], object]


def double(number: int) -> int:
    return 2 * number


def doze(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def crash(code: int) -> None:
    time.sleep(0.3)  # its neighbours are at work by then
    os._exit(code)


def crash_noted(log: Path) -> None:
    with log.open("a") as file:
        file.write(f"{os.getpid()}\n")
    os._exit(7)


def crash_once(mark: Path) -> str:
    if mark.exists():
        return "read"
    mark.touch()
    os._exit(7)


def echo(body: bytes) -> bytes:
    return body


def fail(error: Exception) -> None:
    raise error


def give_function(_: object) -> object:
    return lambda: None


def run_all(count: int, jobs: list[Job]) -> list[object]:
    """What each job gives, or the message of its PermanentError."""

    async def work() -> list[object]:
        workers = Workers(count)
        try:
            found = await asyncio.gather(
                *(workers.run(function, argument) for function, argument in jobs),
                return_exceptions=True,
            )
        finally:
            workers.close()
        return [str(one) if isinstance(one, PermanentError) else one for one in found]

    return asyncio.run(work())


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (UnicodeError("label empty or too long"), "UnicodeError"),
        (TimeoutError("its own"), "TimeoutError"),
        (RecursionError(), "RecursionError"),
    ],
)
def test_error_of_the_work_costs_that_page(error: Exception, name: str) -> None:
    found = run_all(1, [(fail, error), (double, 4)])

    assert found == [f"reading this page failed: {name}", 8]


def test_errors_of_stages_come_through() -> None:
    (found,) = run_all(1, [(fail, TransientError("later"))])

    assert isinstance(found, TransientError)


def test_result_that_cannot_travel_costs_that_page() -> None:
    first, second = run_all(1, [(give_function, 0), (double, 4)])

    assert str(first).startswith("reading this page failed: ")
    assert second == 8


def test_large_pages_travel_both_ways() -> None:
    body = bytes(range(256)) * 40_000  # 10 MB: far more than a socket takes at once

    assert run_all(2, [(echo, body)] * 3) == [body] * 3


def test_work_that_cannot_travel_is_refused() -> None:
    with pytest.raises((AttributeError, TypeError, pickle.PicklingError)):
        asyncio.run(Workers(1).run(lambda: None))


def test_idle_process_that_is_killed_is_replaced() -> None:
    async def work() -> list[int]:
        workers = Workers(1)
        try:
            first = await workers.run(os.getpid)
            os.kill(first, signal.SIGKILL)
            return [first, await workers.run(os.getpid)]
        finally:
            workers.close()

    first, second = asyncio.run(work())
    assert first != second


def test_page_that_always_crashes_costs_two_processes(tmp_path: Path) -> None:
    """The first end may not have been its fault; a third try would only cost time."""
    log = tmp_path / "log"
    found = run_all(1, [(crash_noted, log), (double, 4)])

    assert found == ["the process that worked on this page crashed", 8]
    assert len(set(log.read_text().split())) == 2


def test_page_whose_process_ended_once_is_read(tmp_path: Path) -> None:
    assert run_all(1, [(crash_once, tmp_path / "mark"), (double, 4)]) == ["read", 8]


def test_process_that_cannot_start_costs_that_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> object:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    with monkeypatch.context() as patch:
        patch.setattr(workers.multiprocessing, "get_context", refuse)
        found = run_all(1, [(double, 4)])

    assert found == ["no process could be started for this page: Resource temporarily unavailable"]


def test_page_that_crashes_is_the_only_one_to_fail() -> None:
    found = run_all(2, [(doze, 1.0), (crash, 7), *((double, number) for number in range(4))])

    assert found == [1.0, "the process that worked on this page crashed", 0, 2, 4, 6]


def test_page_that_hangs_is_the_only_one_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    # Long enough for a process to start on a busy machine.
    monkeypatch.setattr(workers, "EXTRACT_TIMEOUT_S", 8.0)
    slow = [(doze, 3.0)] * 3  # together longer than one may take
    found = run_all(2, [(doze, 600.0), *slow, *((double, number) for number in range(4))])

    assert found == [
        "work on this page took more than 8 s and was ended",
        *[3.0] * 3,
        *[0, 2, 4, 6],
    ]


def test_cancelling_a_run_ends_its_work() -> None:
    async def work() -> None:
        workers = Workers(1)
        task = asyncio.create_task(workers.run(doze, 600.0))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        workers.close()

    started = time.monotonic()
    asyncio.run(work())
    assert time.monotonic() - started < 60
