"""cProfile of the main thread, where an order asks for it."""

from __future__ import annotations

import cProfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def profiled(path: str) -> Iterator[None]:
    """Write a profile of the block to path, none when it is empty."""
    if not path:
        yield
        return
    with cProfile.Profile() as profile:
        yield
    profile.dump_stats(path)
