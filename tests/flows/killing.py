"""Killing a cook at random moments, again and again, and comparing with one left in peace."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import select

from stages.seeds import load_sources
from store.runs import RunState, list_runs
from store.settings import REPO_ROOT
from store.sources import set_sources
from store.tables import CompletionRow
from tests.fakes import FakeModel, FakeReply, Request, quote_card
from tests.flows.small_site import Place
from tests.stock import stock

CONCURRENCY = 4
LATENCY_S = 0.1


@dataclass(frozen=True, slots=True)
class Trial:
    """kills: at a random moment of the first to_kill_s seconds of a cook."""

    cards: int
    kills: int
    to_kill_s: float


@dataclass(frozen=True, slots=True)
class Nursery:
    """A process that forks cooks on demand."""

    process: subprocess.Popen[str]

    def begin(self) -> int:
        """Process id of a new cook."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._read()

    def end(self) -> int:
        """The exit code of the cook, or minus the signal that ended it."""
        return self._read()

    def _read(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())


@contextmanager
def open_nursery(place: Place, model: FakeModel) -> Iterator[Nursery]:
    environment = place.environment(
        SPOONFUL_MODEL="openai/gpt-4o-mini",
        SPOONFUL_MODEL_API_BASE=model.base_url,
        SPOONFUL_MODEL_CONCURRENCY=str(CONCURRENCY),
        OPENAI_API_KEY="x",
        LITELLM_LOCAL_MODEL_COST_MAP="True",
        LITELLM_MODE="PRODUCTION",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.flows.cook_nursery"],
        env=environment,
        cwd=REPO_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Nursery(process)
    finally:
        process.kill()
        process.communicate()


def answer_late(request: Request) -> FakeReply:
    return FakeReply(quote_card(request), hang_s=LATENCY_S)


def prepare(place: Place, cards: int) -> None:
    place.prepare()
    db = place.open()
    set_sources(db, load_sources(place.sources_file))
    stock(db, "harbour", cards)
    db.dispose()


def calls_by_state(place: Place) -> dict[str, dict[str, str]]:
    """Of the ledger: replies by key, by state."""
    db = place.open()
    found: dict[str, dict[str, str]] = {"sent": {}, "settled": {}, "failed": {}}
    with db.read() as session:
        for row in session.exec(select(CompletionRow)):
            found[row.state][row.key] = row.text
    db.dispose()
    return found


def count_sent_by(place: Place, process: int) -> int:
    """Calls the process had in flight when it ended."""
    db = place.open()
    with db.read() as session:
        rows = session.exec(select(CompletionRow).where(CompletionRow.state == "sent")).all()
    db.dispose()
    return sum(f":{process}:" in row.holder for row in rows)


def kill_and_compare(trial: Trial, folder: Path) -> str:
    """Fails where the killed cook does not end as the undisturbed one; tells what happened."""
    calm = Place(folder / "calm", "http://127.0.0.1:9")
    place = Place(folder / "killed", "http://127.0.0.1:9")
    for each in (calm, place):
        prepare(each, trial.cards)
    with FakeModel(answer_late) as model, open_nursery(calm, model) as nursery:
        nursery.begin()
        assert nursery.end() == 0
        ideal = model.calls
    assert ideal == trial.cards

    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    in_flight: list[int] = []
    with FakeModel(answer_late) as model, open_nursery(place, model) as nursery:
        while len(in_flight) < trial.kills:
            cook = nursery.begin()
            time.sleep(chance.uniform(0, trial.to_kill_s))
            os.kill(cook, signal.SIGKILL)
            assert nursery.end() == -signal.SIGKILL, f"the cook ended first (seed {seed})"
            in_flight.append(count_sent_by(place, cook))
        nursery.begin()
        assert nursery.end() == 0
        paid = model.calls

    told = f"seed {seed}: {paid} calls for {ideal}, in flight at the kills: {in_flight}"
    assert max(in_flight) <= CONCURRENCY, told
    assert paid <= ideal + sum(in_flight), told
    assert place.content() == calm.content(), told
    assert calls_by_state(place) == calls_by_state(calm), told
    db = place.open()
    states = [run.state for run in list_runs(db)]
    db.dispose()
    assert states == [RunState.DONE] + (len(states) - 1) * [RunState.INTERRUPTED]
    return told
