"""A pool of processes for what a hostile page can hang, crash or fill."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flows.worker_process import SIZE_BYTES, pack, serve
from stages.errors import PermanentError

T = TypeVar("T")

EXTRACT_TIMEOUT_S = 60.0
"""One page; a table of 60,000 rows takes 4 s."""

_HANDED_OUT = 2
"""Jobs a process has at most: one it works on and the next, so that it never waits for us."""

_MOST_CRASHES = 2
"""Times a job's process may end: the machine may have ended the first one for want of memory."""


class Workers:
    """A small pool of processes to extract and chop in, started when first needed.

    Threads gain nothing there and lxml has crashed in them. A page that kills its process or runs
    over time costs that page and a new process; its time counts from when work on it begins.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._workers: list[_Worker] = []
        self._waiting: deque[_Job] = deque()

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """work(*arguments) in another process. Raises PermanentError when it dies, hangs or fails.

        StageErrors of the work itself come through.
        """
        answer = asyncio.get_running_loop().create_future()
        job = _Job(pack((work, arguments)), answer)
        self._waiting.append(job)
        self._hand_out()
        found: T = await job.answer
        return found

    def close(self) -> None:
        """End all processes at once, and with them what they work on."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            worker.end()
            for job in worker.jobs:
                job.answer.cancel()

    def _hand_out(self) -> None:
        """Give waiting jobs to whoever has least to do."""
        while self._waiting:
            if self._waiting[0].answer.done():  # who asked has gone
                self._waiting.popleft()
                continue
            free = min(self._workers, key=lambda worker: len(worker.jobs), default=None)
            if (free is None or free.jobs) and len(self._workers) < self._count:
                try:
                    free = _Worker(self._hand_out, self._lose)
                except OSError as error:  # too many processes or files, or no memory for one more
                    problem = f"no process could be started for this page: {error.strerror}"
                    self._waiting.popleft().fail(problem)
                    continue
                self._workers.append(free)
            if free is None or len(free.jobs) >= _HANDED_OUT:
                return
            free.take(self._waiting.popleft())

    def _lose(self, worker: _Worker) -> None:
        """Its process has ended or was ended: others do what it had still to do."""
        if worker not in self._workers:
            return
        self._workers.remove(worker)
        worker.end()
        if worker.jobs and not worker.has_hung:
            first = worker.jobs[0]
            first.crashes += 1
            if first.crashes >= _MOST_CRASHES:
                first.fail("the process that worked on this page crashed")
        self._waiting.extendleft(reversed(worker.jobs))
        self._hand_out()


@dataclass(slots=True, eq=False)
class _Job:
    """order: the work and its arguments, packed. crashes: processes that ended while at it."""

    order: bytes
    answer: asyncio.Future[Any]
    crashes: int = 0

    def fail(self, problem: str) -> None:
        if not self.answer.done():
            self.answer.set_exception(PermanentError(problem))


class _Worker(asyncio.Protocol):
    """One process as its parent sees it. jobs: what it was given, in its order of work.

    on_done: called when it can be given more; on_end: when its process is there no more.
    """

    def __init__(self, on_done: Callable[[], None], on_end: Callable[[_Worker], None]) -> None:
        self.jobs: deque[_Job] = deque()
        self.has_hung = False
        self._on_done, self._on_end = on_done, on_end
        self._transport: asyncio.Transport | None = None
        self._read = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        # spawn: a fork of a process with threads (the event loop's, litellm's) can hang.
        context = multiprocessing.get_context("spawn")
        ours, theirs = socket.socketpair()
        self.process = context.Process(target=serve, args=(theirs, os.getpid()), daemon=True)
        with theirs:
            try:
                self.process.start()
            except OSError:
                ours.close()
                raise
        self._connecting = self._loop.create_task(
            self._loop.create_connection(lambda: self, sock=ours)
        )

    def take(self, job: _Job) -> None:
        self.jobs.append(job)
        if len(self.jobs) == 1:
            self._begin()
        if self._transport:
            self._transport.write(job.order)

    def end(self) -> None:
        """Its process has ended, or was told to."""
        self._stop_timer()
        self._connecting.cancel()
        if self._transport:
            self._transport.abort()
        self.process.kill()
        self.process.join(timeout=5)

    # --- told by the event loop ---------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - create_connection's
        self._transport = transport
        for job in self.jobs:
            transport.write(job.order)

    def data_received(self, data: bytes) -> None:
        self._read += data
        while len(self._read) >= SIZE_BYTES:
            end = SIZE_BYTES + int.from_bytes(self._read[:SIZE_BYTES])
            if len(self._read) < end:
                return
            answer = bytes(self._read[SIZE_BYTES:end])
            del self._read[:end]
            self._finish(answer)

    def connection_lost(self, error: Exception | None) -> None:
        self._on_end(self)

    # --- the job at hand ----------------------------------------------------------------------

    def _begin(self) -> None:
        self._timer = self._loop.call_later(EXTRACT_TIMEOUT_S, self._give_up)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self.has_hung = True
        self.jobs[0].fail(
            f"work on this page took more than {EXTRACT_TIMEOUT_S:.0f} s and was ended"
        )
        self._on_end(self)

    def _finish(self, answer: bytes) -> None:
        job = self.jobs.popleft()
        self._stop_timer()
        if self.jobs:
            self._begin()
        self._on_done()  # before the answer is looked at: the process is at work meanwhile
        if job.answer.done():
            return
        found, error, problem = pickle.loads(answer)  # noqa: S301 - from our own process
        if problem:
            job.fail(problem)
        elif error:
            job.answer.set_exception(error)
        else:
            job.answer.set_result(found)
