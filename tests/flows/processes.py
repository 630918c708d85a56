"""Starting the real command, and seeing what it leaves behind."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.settings import REPO_ROOT
from tests.flows.small_site import SPOONFUL

DEADLINE_S = 100.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout; fails when there is anything else."""
        return json.loads(self.out)


def spoonful(
    environment: Mapping[str, str], *arguments: str, stdin: str = "", cwd: Path = REPO_ROOT
) -> Ended:
    """Run the command to its end."""
    done = subprocess.run(
        [SPOONFUL, *arguments],
        env=dict(environment),
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def spoonful_each(environment: Mapping[str, str], *lines: Sequence[str]) -> list[Ended]:
    """Run several command lines that do not get in each other's way, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda line: spoonful(environment, *line), lines))


Process = subprocess.Popen[str]


@contextmanager
def started(environment: Mapping[str, str], *command: str | Path) -> Iterator[Process]:
    """A command under way; killed at the end of the block if it still runs."""
    process = subprocess.Popen(
        command,
        env=dict(environment),
        cwd=REPO_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def interrupt(process: Process) -> Ended:
    """Ctrl-C, and how it ended."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=DEADLINE_S)
    return Ended(process.returncode, out, err)


def wait_until(is_so: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Poll until is_so; fails, saying what was waited for, after the deadline."""
    end = time.monotonic() + deadline_s
    while not is_so():
        assert time.monotonic() < end, f"waited {deadline_s:.0f} s for {what}"
        time.sleep(0.05)


def descendants(pid: int) -> set[int]:
    """Ids of a process's children, their children and so on."""
    parents = {child: parent for child, (parent, _) in _processes().items()}
    found, front = set[int](), {pid}
    while front:
        front = {child for child, parent in parents.items() if parent in front} - found
        found |= front
    return found


def wait_until_gone(pids: set[int], deadline_s: float = 15.0) -> None:
    """Fails when any of the processes is still running after the deadline."""

    def are_gone() -> bool:
        states = _processes()
        return not any(pid in states and states[pid][1] != "Z" for pid in pids)

    wait_until(are_gone, f"processes {sorted(pids)} to go", deadline_s)


def _processes() -> dict[int, tuple[int, str]]:
    """Parent and state letter of every process, by id; Z has ended and waits for its parent."""
    if not Path("/proc/self/stat").exists():  # macOS has ps, and a small Debian has not
        lines = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        return {int(a): (int(b), c[0]) for a, b, c in map(str.split, lines)}
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
            found[int(path.parent.name)] = (int(parent), state)
    return found
