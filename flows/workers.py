"""A pool of processes for what a hostile page can hang, crash or fill.

Every process imports this file: it knows nothing but the standard library and our errors.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from stages.errors import PermanentError, StageError

T = TypeVar("T")

EXTRACT_TIMEOUT_S = 60.0
"""One page; a table of 60,000 rows takes 4 s."""


class _HangError(Exception):
    """Work took longer than it may."""


class Workers:
    """A small pool of processes for extraction, started when first needed.

    Threads gain nothing there and lxml has crashed in them; a page that kills its process or runs
    over time costs that page and a new pool. Work waits here and not in the pool, so its time
    counts from when it begins.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None
        self._places = asyncio.Semaphore(count)

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """work(*arguments) in another process. Raises PermanentError when it dies, hangs or fails.

        StageErrors of the work itself come through.
        """
        async with self._places:
            pool = self._pool = self._pool or _start_pool(self._count)
            try:
                return await _ask(pool, work, arguments)
            except BrokenProcessPool:
                self._drop(pool)
            except _HangError as error:
                self._drop(pool)
                raise PermanentError(str(error)) from error
            # The pool does not say which of its pages it died of: each is asked again by itself.
            pool = _start_pool(1)
            try:
                return await _ask(pool, work, arguments)
            except BrokenProcessPool as error:
                raise PermanentError("the extractor crashed on this page") from error
            except _HangError as error:
                raise PermanentError(str(error)) from error
            finally:
                _end(pool)

    def close(self) -> None:
        if self._pool is not None:
            self._drop(self._pool)

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        if self._pool is pool:
            self._pool = None
        _end(pool)


async def _ask(
    pool: ProcessPoolExecutor, work: Callable[..., T], arguments: tuple[object, ...]
) -> T:
    """Raises BrokenProcessPool when the pool ended meanwhile, _HangError, what Workers.run does."""
    future = asyncio.get_running_loop().run_in_executor(pool, work, *arguments)
    try:
        await asyncio.wait((future,), timeout=EXTRACT_TIMEOUT_S)
        if not future.done():
            raise _HangError(f"extraction took more than {EXTRACT_TIMEOUT_S:.0f} s and was ended")
    finally:
        future.cancel()  # nothing to a future that is done
    if future.cancelled():  # by _end, for another page
        raise BrokenProcessPool("the pool was ended before the work began")
    try:
        return future.result()
    except (BrokenProcessPool, StageError):
        raise
    except Exception as error:  # whatever a hostile page can make a parser raise costs that page
        name = type(error).__name__
        raise PermanentError(f"the extractor failed on this page: {name}") from error


def _end(pool: ProcessPoolExecutor) -> None:
    """End the pool's processes at once, and with them what they work on."""
    processes = list((pool._processes or {}).values())  # no public way to end a hanging worker
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
    for process in processes:
        process.join(timeout=5)


def _start_pool(count: int) -> ProcessPoolExecutor:
    # spawn: a fork of a process with threads (the event loop's, litellm's) can hang.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(
        count, mp_context=context, initializer=_prepare_worker, initargs=(os.getpid(),)
    )


def _prepare_worker(parent: int) -> None:
    """Ctrl-C is the parent's to handle; and a worker must not outlive a parent that was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
