"""The marks of fetch + extract + chop, for `make bench`. docs/bench.md says what is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest
from rich.console import Console
from rich.table import Table

from tests.bench.gauge import Lap
from tests.bench.pages import build_pages
from tests.bench.race import (
    Memory,
    Round,
    Track,
    measure_memory_of_line,
    measure_memory_of_pipeline,
    middle,
    open_track,
    run_round,
)

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not Path("/proc/self/smaps_rollup").exists(),
        reason="CPU and memory of processes are read from Linux's /proc",
    ),
]

MOST_MEMORY_MB = 600

MB = 1_000_000
QUIET_CORES = 0.1

NAMES = {
    "trafilatura": "trafilatura fast XML, two processes",
    "pipeline": "ours: fetch + extract + chop",
    "scrapy": "Scrapy + trafilatura default",
    "procure": "the line with its store: procure",
    "chop": "the line with its store: chop",
    "procure_again": "unchanged web: procure",
    "chop_again": "unchanged web: chop",
}
"""The laps of a Round."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Ours is this many times as fast as another. least: 0 where it is shown and not judged.

    above, below: what is divided, of one round.
    """

    name: str
    least: float
    above: Callable[[Round], float]
    below: Callable[[Round], float]

    def of(self, rounds: list[Round]) -> float:
        """The ratio of the medians: one round that was disturbed does not move it."""
        return middle(rounds, self.above) / middle(rounds, self.below)

    def each(self, rounds: list[Round]) -> list[float]:
        return [self.above(each) / self.below(each) for each in rounds]


OF_TRAFILATURA = Mark(
    "fetch + extract + chop : two trafilatura processes",
    0.90,
    lambda each: each.trafilatura.wall_s,
    lambda each: each.pipeline.wall_s,
)
OF_TRAFILATURA_CPU = Mark(
    "the same by CPU of all processes",
    0,
    lambda each: each.trafilatura.cpu_s,
    lambda each: each.pipeline.cpu_s,
)
OF_SCRAPY = Mark(
    "fetch + extract + chop : Scrapy + trafilatura",
    1.25,
    lambda each: each.scrapy.wall_s,
    lambda each: each.pipeline.wall_s,
)
OF_COLD = Mark(
    "the line, unchanged web : first crawl",
    8.0,
    lambda each: each.cold_s,
    lambda each: each.again_s,
)
LINE_OF_TRAFILATURA = Mark(
    "the line with its store : two trafilatura processes",
    0,
    lambda each: each.trafilatura.wall_s,
    lambda each: each.cold_s,
)
LINE_OF_SCRAPY = Mark(
    "the line with its store : Scrapy + trafilatura",
    0,
    lambda each: each.scrapy.wall_s,
    lambda each: each.cold_s,
)
MARKS = (
    OF_TRAFILATURA,
    OF_TRAFILATURA_CPU,
    OF_SCRAPY,
    OF_COLD,
    LINE_OF_TRAFILATURA,
    LINE_OF_SCRAPY,
)


@dataclass(frozen=True, slots=True)
class Results:
    track: Track
    rounds: list[Round]
    line_memory: Memory
    pipeline_memory: Memory


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("bench")
    pages = build_pages(folder / "pages", request.config.getoption("--pages"))
    with open_track(pages, folder) as track:
        count = request.config.getoption("--rounds")
        rounds = [run_round(track, number) for number in range(count)]
        results = Results(
            track, rounds, measure_memory_of_line(track), measure_memory_of_pipeline(track)
        )
    _show(results)
    return results


def test_pipeline_keeps_up_with_trafilatura_alone(results: Results) -> None:
    ratio = OF_TRAFILATURA.of(results.rounds)

    assert ratio >= OF_TRAFILATURA.least


def test_pipeline_passes_scrapy_with_trafilatura(results: Results) -> None:
    ratio = OF_SCRAPY.of(results.rounds)

    assert ratio >= OF_SCRAPY.least


def test_memory_of_the_line_stays_under_its_cap(results: Results) -> None:
    assert results.line_memory.rss <= MOST_MEMORY_MB * MB


def test_memory_of_the_pipeline_stays_under_its_cap(results: Results) -> None:
    assert results.pipeline_memory.rss <= MOST_MEMORY_MB * MB


def test_unchanged_crawl_is_fast(results: Results) -> None:
    ratio = OF_COLD.of(results.rounds)

    assert ratio >= OF_COLD.least


def test_unchanged_crawl_extracts_nothing(results: Results) -> None:
    for each in results.rounds:
        cold, again = each.procure.found["guides"], each.procure_again.found["guides"]
        assert (again["fetched"], again["unchanged"]) == (0, cold["fetched"])
        assert each.procure_again.workers_cpu_s == 0  # no extractor was even started


def test_every_page_is_read(results: Results) -> None:
    """The race is won by nobody who leaves out pages."""
    pages = len(results.track.pages.names)
    for each in results.rounds:
        guides = each.procure.found["guides"]
        assert each.procure.found["errors"] == []
        assert guides["fetched"] + guides["quarantined"] == pages
        assert each.chop.found["cards"]["total"] >= 8 * guides["fetched"]
        assert each.pipeline.found["pages"] == pages
        assert each.pipeline.found["guides"] >= guides["fetched"]
        assert each.pipeline.found["cards"] >= each.chop.found["cards"]["total"]
        assert each.scrapy.found["texts"] >= 0.95 * pages
        assert each.trafilatura.found["texts"] >= 0.95 * pages


# --- on the screen --------------------------------------------------------------------------------


def _show(results: Results) -> None:
    console = Console(width=110, highlight=False)
    console.print()
    console.print(f"{results.track.pages.described}; medians of {len(results.rounds)} rounds")
    console.print(_laps_table(results))
    console.print(_marks_table(results))
    guides = results.rounds[0].procure.found["guides"]
    cards = results.rounds[0].chop.found["cards"]["total"]
    console.print(
        f"{guides['fetched']} guides of {cards} cards, {guides['quarantined']} pages set aside"
    )
    console.print(_memory_text("the pipeline", results.pipeline_memory))
    console.print(_memory_text("the line", results.line_memory))
    laps: list[Lap] = [getattr(each, field) for each in results.rounds for field in NAMES]
    busiest = max(lap.others for lap in laps)
    if busiest > QUIET_CORES:
        console.print(
            f"Others took up to {busiest:.2f} cores of this machine meanwhile, so wall times and "
            "the ratios of them are rough; measure again when it is quiet."
        )


def _laps_table(results: Results) -> Table:
    pages = len(results.track.pages.names)
    table = Table("each page", title_justify="left")
    for head in ("pages/s", "ms wall", "CPU ms: own", "workers", "server", "others, cores"):
        table.add_column(head, justify="right")
    for field, name in NAMES.items():
        laps: list[Lap] = [getattr(each, field) for each in results.rounds]
        table.add_row(name, *_lap_cells(laps, pages))
    return table


def _lap_cells(laps: list[Lap], pages: int) -> list[str]:
    def of(figure: str) -> float:
        return median(float(getattr(lap, figure)) for lap in laps)

    parts = ("own_cpu_s", "workers_cpu_s", "server_cpu_s")
    return [
        f"{pages / of('wall_s'):.0f}",
        *(f"{1000 * of(part) / pages:.2f}" for part in ("wall_s", *parts)),
        f"{of('others'):.2f}",
    ]


def _marks_table(results: Results) -> Table:
    table = Table("marks", title_justify="left")
    for head in ("least", "of medians", "each round"):
        table.add_column(head, justify="right")
    for mark in MARKS:
        table.add_row(
            mark.name,
            f"{mark.least:.2f}" if mark.least else "",
            f"{mark.of(results.rounds):.2f}",
            " ".join(f"{ratio:.2f}" for ratio in mark.each(results.rounds)),
        )
    return table


def _memory_text(name: str, memory: Memory) -> str:
    each = " + ".join(f"{size / MB:.0f}" for size in memory.processes)
    return (
        f"peak memory of {name}: RSS {memory.rss / MB:.0f} MB over all its processes "
        f"(at most {MOST_MEMORY_MB}), PSS {memory.pss / MB:.0f} MB = {each}"
    )
