"""What a process and its descendants use, read from /proc."""

from __future__ import annotations

import os
import resource
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
SAMPLE_EVERY_S = 0.05


def list_tree(pid: int) -> list[int]:
    """The process and all its descendants that are alive."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    tree = [pid]
    for member in tree:  # grows while it is walked through
        tree += children.get(member, [])
    return tree


def read_cpu_s(pid: int) -> float:
    """CPU seconds of one process so far, those of its descendants apart."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def read_memory(pid: int) -> tuple[int, int]:
    """Bytes (PSS, RSS) of one process; PSS counts a page shared by n processes as 1/n of it."""
    found = {"Pss": 0, "Rss": 0}
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it has ended
        return 0, 0
    for line in text.splitlines()[1:]:
        name, _, rest = line.partition(":")
        if name in found:
            found[name] = int(rest.split()[0]) * 1024
    return found["Pss"], found["Rss"]


@dataclass(frozen=True, slots=True)
class Lap:
    """What one piece of work took. own_cpu_s: of the process itself; workers_cpu_s: of its
    children; server_cpu_s: of the loopback server meanwhile. others: CPU of anybody else on the
    machine, in cores. found: what the work says of itself.
    """

    wall_s: float
    own_cpu_s: float
    workers_cpu_s: float
    server_cpu_s: float
    others: float
    found: dict[str, Any]

    @property
    def cpu_s(self) -> float:
        """Of all processes that had to do with it."""
        return self.own_cpu_s + self.workers_cpu_s + self.server_cpu_s


class Meter:
    """Runs from its creation to `stop`. server: process id of the loopback server."""

    def __init__(self, server: int) -> None:
        self._server = server
        self._before = self._read()

    def stop(self, found: dict[str, Any], workers_cpu_s: float | None = None) -> Lap:
        """workers_cpu_s: what the children used, where they have not ended yet."""
        after = self._read()
        wall, own, workers, server, machine = (
            now - then for now, then in zip(after, self._before, strict=True)
        )
        workers = workers if workers_cpu_s is None else workers_cpu_s
        others = max(0.0, machine - own - workers - server) / wall
        return Lap(wall, own, workers, server, others, found)

    def _read(self) -> tuple[float, float, float, float, float]:
        """Wall, CPU of this process, of children that have ended, of the server, of everybody."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (
            time.monotonic(),
            time.process_time(),
            children.ru_utime + children.ru_stime,
            read_cpu_s(self._server),
            _read_busy_s(),
        )


def _read_busy_s() -> float:
    """CPU seconds all cores together have worked since the machine started, or were withheld."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _iowait, *rest = map(int, file.readline().split()[1:9])
    return (user + nice + system + sum(rest)) * TICK_S


@dataclass(slots=True)
class MemoryGauge:
    """Samples the tree of a process every 50 ms while the block runs, in a thread.

    peak_pss, peak_rss: bytes, the highest sums over the tree. at_peak: PSS by process then.
    """

    pid: int
    peak_pss: int = 0
    peak_rss: int = 0
    at_peak: tuple[int, ...] = ()
    samples: int = 0
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        if self._thread:
            self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(SAMPLE_EVERY_S):
            self.sample()

    def sample(self) -> None:
        memory = [read_memory(pid) for pid in list_tree(self.pid)]
        pss, rss = sum(pss for pss, _ in memory), sum(rss for _, rss in memory)
        self.samples += 1
        self.peak_rss = max(self.peak_rss, rss)
        if pss > self.peak_pss:
            self.peak_pss = pss
            self.at_peak = tuple(sorted((pss for pss, _ in memory), reverse=True))
