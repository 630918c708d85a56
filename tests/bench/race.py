"""Ours and its two marks, taking turns on the same pages; every figure comes from the same run.

On a machine that others use, too, only ratios of neighbours in time mean something. So the
competitors take turns several times, the medians over the rounds are compared, and each measurement
says how much CPU went to anybody else meanwhile.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.gauge import Lap, MemoryGauge
from tests.bench.pages import ROOT, PageSet

BENCH_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
COLD_STEPS = ("procure", "chop")


@dataclass(frozen=True, slots=True)
class Round:
    """pipeline: ours from fetch to cards, nothing kept. procure, chop: the line with its store, the
    first time; again: both once more on an unchanged web.
    """

    trafilatura: Lap
    pipeline: Lap
    scrapy: Lap
    procure: Lap
    chop: Lap
    procure_again: Lap
    chop_again: Lap

    @property
    def cold_s(self) -> float:
        return self.procure.wall_s + self.chop.wall_s

    @property
    def again_s(self) -> float:
        return self.procure_again.wall_s + self.chop_again.wall_s


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes, highest sums over all processes of a job. processes: PSS of each at that peak."""

    pss: int
    rss: int
    processes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """Pages and the server that has them. server: its process id. folder: where runs may write."""

    pages: PageSet
    base: str
    server: int
    folder: Path


@contextmanager
def open_track(pages: PageSet, folder: Path) -> Iterator[Track]:
    server = subprocess.Popen(
        [sys.executable, ROOT / "tests" / "bench" / "server.py", pages.folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdin
    assert server.stdout
    try:
        port = int(server.stdout.readline())
        yield Track(pages, f"http://127.0.0.1:{port}", server.pid, folder)
    finally:
        server.stdin.close()
        server.wait(timeout=10)


def run_round(track: Track, number: int) -> Round:
    folder, server = str(track.pages.folder), str(track.server)
    (trafilatura,) = _run(sys.executable, "job_trafilatura", folder, server)
    (pipeline,) = _laps(_pipeline_command(track))
    (scrapy,) = _run(BENCH_PYTHON, "job_scrapy", track.base, folder, server)
    line = _laps(_line_command(track, f"line-{number}", COLD_STEPS * 2))
    return Round(trafilatura, pipeline, scrapy, *line)


def measure_memory_of_line(track: Track) -> Memory:
    """In a cold run by itself: looking at memory 20 times a second would slow the timed ones."""
    return _measure_memory(_line_command(track, "memory", COLD_STEPS))


def measure_memory_of_pipeline(track: Track) -> Memory:
    return _measure_memory(_pipeline_command(track))


def middle(rounds: list[Round], figure: Callable[[Round], float]) -> float:
    return median(figure(each) for each in rounds)


def _measure_memory(command: list[str]) -> Memory:
    process = subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=subprocess.DEVNULL)
    with MemoryGauge(process.pid) as gauge:
        code = process.wait()
    if code:
        raise RuntimeError(f"exit code {code} of: {' '.join(command)}")
    return Memory(gauge.peak_pss, gauge.peak_rss, gauge.at_peak)


def _pipeline_command(track: Track) -> list[str]:
    order = {"base": track.base, "server": track.server, "pages": str(track.pages.folder)}
    return [sys.executable, "-m", "tests.bench.job_pipeline", json.dumps(order)]


def _line_command(track: Track, name: str, steps: tuple[str, ...]) -> list[str]:
    order = {
        "base": track.base,
        "server": track.server,
        "folder": str(track.folder / name),
        "steps": steps,
    }
    return [sys.executable, "-m", "tests.bench.job_line", json.dumps(order)]


def _run(python: str | Path, job: str, *words: str) -> list[Lap]:
    return _laps([str(python), "-m", f"tests.bench.{job}", *words])


def _laps(command: list[str]) -> list[Lap]:
    answer = subprocess.run(
        command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, check=True
    )
    return [Lap(**lap) for lap in json.loads(answer.stdout)]


def _environment() -> dict[str, str]:
    """Nothing of what a developer has set up for a real home."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPOONFUL_", "PREFECT_"))
    }
