"""The cook and LangChain on the same calls to the same slow model, taking turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from stages.cook.prompt import build_messages
from stages.types import Card
from store.settings import REPO_ROOT
from tests.bench.gauge import Lap, MemoryGauge
from tests.bench.race import BENCH_PYTHON, Memory
from tests.stock import make_guides
from tones.load import House, Tone, list_versions, load_house

LATENCY_S = 1.0
CONCURRENCY = 32
MODEL = "openai/gpt-4o-mini"
ENCODING = "o200k_base"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the server saw of a lap. tokens_in, tokens_out: by its own count."""

    calls: int
    tokens_in: int
    tokens_out: int
    most_at_once: int
    span_s: float


@dataclass(frozen=True, slots=True)
class Cooked:
    lap: Lap
    seen: Seen

    @property
    def ideal_s(self) -> float:
        return self.seen.calls * LATENCY_S / CONCURRENCY


@dataclass(frozen=True, slots=True)
class Server:
    base: str
    process: int

    def start_anew(self) -> None:
        httpx.post(f"{self.base}/log")

    def seen(self) -> Seen:
        log = httpx.get(f"{self.base}/log").json()
        return Seen(
            log["calls"],
            log["tokens_in"],
            log["tokens_out"],
            log["most_at_once"],
            log["last"] - log["first"],
        )


@contextmanager
def open_server(latency_s: float = LATENCY_S, encoding: str = ENCODING) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.model_server", str(latency_s), encoding],
        cwd=REPO_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield Server(f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid)
    finally:
        process.stdin.close()
        process.wait(timeout=10)


def cook(server: Server, folder: Path, cards: int, *, is_warm: bool = True) -> Cooked:
    """Our own line over a home of so many cards, in a process of its own."""
    return _run(server, _cook_command(server, folder, cards, is_warm))


def measure_memory(server: Server, folder: Path, cards: int) -> Memory:
    """In a run by itself: looking 20 times a second would slow a timed one."""
    command = _cook_command(server, folder, cards, is_warm=False)
    process = subprocess.Popen(
        command, cwd=REPO_ROOT, env=_environment(), stdout=subprocess.DEVNULL
    )
    with MemoryGauge(process.pid) as gauge:
        code = process.wait()
    if code:
        raise RuntimeError(f"exit code {code} of: {' '.join(command)}")
    return Memory(gauge.peak_pss, gauge.peak_rss, gauge.at_peak)


def batch(server: Server, order: Path, prompts: list[Any]) -> Cooked:
    """These calls through LangChain."""
    words = {
        "prompts": prompts,
        "api_base": f"{server.base}/v1",
        "server": server.process,
        "model": MODEL,
        "concurrency": CONCURRENCY,
    }
    order.write_text(json.dumps(words), encoding="utf-8")
    return _run(server, [str(BENCH_PYTHON), "-m", "tests.bench.job_langchain", str(order)])


@dataclass(frozen=True, slots=True)
class Prompts:
    """What the stocked cards are asked with, in three ways.

    together: one call a card for all tones, as we do. one_by_one: the same messages, each asking
    for one tone only. alone: one tone a call, and the instructions speak of that tone only.
    """

    together: list[Any]
    one_by_one: list[Any]
    alone: list[Any]


def make_prompts(cards: int) -> Prompts:
    voices = list_versions(REPO_ROOT / "tones")
    tones, house = [versions[0] for versions in voices.values()], load_house(REPO_ROOT / "tones")
    found = [card for _, made in make_guides("bench", cards) for card in made]
    return Prompts(
        [build_messages(card, tones, house) for card in found],
        [_one(card, tones, tone, house) for card in found for tone in tones],
        [build_messages(card, [tone], house) for card in found for tone in tones],
    )


def _one(card: Card, tones: list[Tone], tone: Tone, house: House) -> Any:
    return build_messages(card, tones, house, wanted=[tone.id])


def _cook_command(server: Server, folder: Path, cards: int, is_warm: bool) -> list[str]:
    order = {
        "folder": str(folder),
        "cards": cards,
        "api_base": f"{server.base}/v1",
        "server": server.process,
        "model": MODEL,
        "concurrency": CONCURRENCY,
        "is_warm": is_warm,
    }
    return [sys.executable, "-m", "tests.bench.job_cook", json.dumps(order)]


def _run(server: Server, command: list[str]) -> Cooked:
    server.start_anew()
    answer = subprocess.run(
        command, cwd=REPO_ROOT, env=_environment(), stdout=subprocess.PIPE, check=True
    )
    (lap,) = (Lap(**lap) for lap in json.loads(answer.stdout))
    return Cooked(lap, server.seen())


def _environment() -> dict[str, str]:
    """Nothing of what a developer has set up for a real home; litellm asks nobody for prices."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPOONFUL_", "PREFECT_"))
    }
    return kept | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"}
