"""The process side of `flows.workers`: does one job after the other.

Every process imports this file: it knows little of the standard library, and of ours the errors.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import time

from stages.errors import StageError

SIZE_BYTES = 8
"""In front of every message: how long it is."""

_MEMORY_BYTES = 2 * 2**30
"""Of addresses, of which a worker uses .5 GiB on a page of the largest size that is let in."""

_GC_THRESHOLDS = (50_000, 20, 100)
"""A page makes 20,000 objects, nearly none of them in cycles: with the usual 700, looking for those
took a worker 6% of its time."""


def serve(channel: socket.socket, parent: int) -> None:
    """Do the orders that come through the channel, one by one, until it is closed."""
    _prepare(parent)
    has_frozen = False
    with channel, channel.makefile("rb") as orders, contextlib.suppress(BrokenPipeError):
        while size := orders.read(SIZE_BYTES):
            channel.sendall(_do(orders.read(int.from_bytes(size))))
            if not has_frozen:  # what the first job has imported is here to stay
                has_frozen = True
                gc.collect()
                gc.freeze()
                gc.set_threshold(*_GC_THRESHOLDS)


def _do(order: bytes) -> bytes:
    """What came of it, packed: (result, StageError or None, what went wrong otherwise or '')."""
    try:
        work, arguments = pickle.loads(order)  # noqa: S301 - from our own parent
        return pack((work(*arguments), None, ""))
    except StageError as error:
        return pack((None, error, ""))
    except Exception as error:  # noqa: BLE001 - whatever a parser raises costs that page alone
        problem = f"reading this page failed: {type(error).__name__}"
        return pack((None, None, problem))


def pack(value: object) -> bytes:
    """Pickled, with its size in front."""
    pickled = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return len(pickled).to_bytes(SIZE_BYTES) + pickled


def _prepare(parent: int) -> None:
    """Ctrl-C is the parent's to handle; a worker must not outlive a parent that was killed; and a
    page that asks for all the memory there is gets a MemoryError, and costs that page.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":  # elsewhere the limit is not kept
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = _MEMORY_BYTES if most == resource.RLIM_INFINITY else min(_MEMORY_BYTES, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
