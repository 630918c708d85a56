"""Starting `tests.store.child` and talking to it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]


class Child:
    """A child process that is ready to act."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.child", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> None:
        assert self._line() == "ready"

    def go(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        return self._line()

    def kill(self) -> None:
        """End it at once and take note of its end, so that no zombie is left."""
        self.process.kill()
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().rstrip("\n")


def answer_of_killed(*arguments: str) -> str:
    """Let a child act, kill it, and give what it said."""
    child = Child(*arguments, "hold")
    try:
        child.wait_until_ready()
        child.go()
        return child.answer()
    finally:
        child.kill()


def race_children(children: Sequence[Child]) -> list[str]:
    """Let all act in the same instant; their answers."""
    try:
        for child in children:
            child.wait_until_ready()
        for child in children:
            child.go()
        return [child.answer() for child in children]
    finally:
        for child in children:
            child.kill()


def race_threads(count: int, act: Callable[[int], T]) -> list[T]:
    """Call act(0), act(1), ... each in a thread of its own, in the same instant."""
    barrier = Barrier(count)

    def one(number: int) -> T:
        barrier.wait(timeout=30)
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
