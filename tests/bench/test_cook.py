"""The marks of the cook, for `make bench`: 600 drafts from a model that takes a second a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from tests.bench.cook_race import (
    CONCURRENCY,
    ENCODING,
    LATENCY_S,
    Cooked,
    Prompts,
    batch,
    cook,
    make_prompts,
    measure_memory,
    open_server,
)
from tests.bench.race import Memory
from tests.tokens import load_encoding

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not Path("/proc/self/smaps_rollup").exists(),
        reason="CPU and memory of processes are read from Linux's /proc",
    ),
]

CARDS = 200
MOST_OF_IDEAL = 1.15
MOST_TOKENS = 0.45
MOST_MEMORY_MB = 400
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Results:
    """warm: with litellm loaded before the clock starts. together, one_by_one: LangChain's laps, on
    our calls and on one call a draft. tokens: of the prompts in `Prompts`' three ways.
    """

    warm: list[Cooked]
    cold: Cooked
    together: list[Cooked]
    one_by_one: Cooked
    memory: Memory
    tokens: dict[str, int]

    @property
    def best(self) -> Cooked:
        """The round that others on the machine disturbed least: a slow one is no slow cook."""
        return min(self.warm, key=lambda each: each.seen.span_s)


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("cook")
    prompts = make_prompts(CARDS)
    rounds = range(request.config.getoption("--rounds"))
    with open_server() as server:
        warm, together = [], []
        for number in rounds:
            warm.append(cook(server, folder / f"warm-{number}", CARDS))
            together.append(batch(server, folder / "order.json", prompts.together))
        found = Results(
            warm,
            cook(server, folder / "cold", CARDS, is_warm=False),
            together,
            batch(server, folder / "order.json", prompts.one_by_one),
            measure_memory(server, folder / "memory", CARDS),
            _count_tokens(prompts),
        )
    _show(found)
    return found


def test_calls_wait_for_nothing_but_the_model(results: Results) -> None:
    """From the first call to the last answer; opening the kitchen is not the cook's."""
    assert results.best.seen.span_s <= MOST_OF_IDEAL * results.best.ideal_s


def test_one_call_a_card_saves_tokens(results: Results) -> None:
    assert results.tokens["together"] <= MOST_TOKENS * results.tokens["one_by_one"]


def test_memory_stays_under_its_cap(results: Results) -> None:
    assert results.memory.rss <= MOST_MEMORY_MB * MB


def test_every_draft_is_made_and_checked(results: Results) -> None:
    """The race is won by nobody who leaves out work."""
    for each in (*results.warm, results.cold):
        found = each.lap.found
        assert found["errors"] == []
        assert found["drafts"]["new"] == 3 * CARDS
        assert found["completions"]["calls"] == each.seen.calls
        assert found["completions"]["tokens_in"] == each.seen.tokens_in
        assert each.seen.most_at_once <= CONCURRENCY
    assert all(each.lap.found["drafts"] == 3 * CARDS for each in results.together)
    assert results.one_by_one.lap.found["drafts"] == 3 * CARDS


# --- on the screen --------------------------------------------------------------------------------


def _count_tokens(prompts: Prompts) -> dict[str, int]:
    encoding = load_encoding(ENCODING)

    def count(calls: list[Any]) -> int:
        return sum(len(encoding.encode(part["content"])) for call in calls for part in call)

    ways = {"together": prompts.together, "one_by_one": prompts.one_by_one}
    return {name: count(calls) for name, calls in (ways | {"alone": prompts.alone}).items()}


def _show(results: Results) -> None:
    console = Console(width=110, highlight=False)
    console.print()
    console.print(_table(results))
    tokens = results.tokens
    console.print(
        f"input tokens: {tokens['together']:,} for {CARDS} calls; "
        f"{tokens['together'] / tokens['one_by_one']:.3f} of the same prompts asked for one tone "
        f"each (at most {MOST_TOKENS}), {tokens['together'] / tokens['alone']:.3f} of prompts that "
        "hold one tone's guide only"
    )
    memory = results.memory
    console.print(
        f"peak memory of a run from its start: RSS {memory.rss / MB:.0f} MB "
        f"(at most {MOST_MEMORY_MB}), PSS {memory.pss / MB:.0f} MB"
    )
    ours, theirs = results.best, min(results.together, key=lambda each: each.lap.wall_s)
    console.print(
        f"LangChain's batch takes, of our wall: {theirs.lap.wall_s / ours.lap.wall_s:.2f} on the "
        f"same calls, {results.one_by_one.lap.wall_s / ours.lap.wall_s:.2f} with one call a draft"
    )


def _table(results: Results) -> Table:
    title = f"{3 * CARDS} drafts, {LATENCY_S:g} s a call, {CONCURRENCY} at once"
    table = Table(title, title_justify="left")
    heads = ("calls", "wall s", "of ideal", "calls s", "of ideal", "CPU s", "others, cores")
    for head in heads:
        table.add_column(head, justify="right")
    rows = [("ours", each) for each in results.warm]
    rows += [("ours, imports in the time", results.cold)]
    rows += [("LangChain batch, our calls", each) for each in results.together]
    rows += [("LangChain batch, a call a draft", results.one_by_one)]
    figures: tuple[Callable[[Cooked], str], ...] = (
        lambda each: str(each.seen.calls),
        lambda each: f"{each.lap.wall_s:.2f}",
        lambda each: f"{each.lap.wall_s / each.ideal_s:.3f}",
        lambda each: f"{each.seen.span_s:.2f}",
        lambda each: f"{each.seen.span_s / each.ideal_s:.3f}",
        lambda each: f"{each.lap.own_cpu_s + each.lap.workers_cpu_s:.2f}",
        lambda each: f"{each.lap.others:.2f}",
    )
    for name, each in rows:
        table.add_row(name, *(figure(each) for figure in figures))
    return table
