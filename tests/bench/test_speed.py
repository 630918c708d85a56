"""The marks of fetch + extract + chop, for `make bench`. docs/bench.md says what is measured."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest
from rich.console import Console
from rich.table import Table

from tests.bench.gauge import Lap
from tests.bench.pages import build_pages
from tests.bench.race import Memory, Round, Track, measure_memory, middle, open_track, run_round

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not Path("/proc/self/smaps_rollup").exists(),
        reason="CPU and memory of processes are read from Linux's /proc",
    ),
]

LEAST_OF_TRAFILATURA = 0.90
LEAST_OF_SCRAPY = 1.25
MOST_MEMORY_MB = 600
LEAST_OF_COLD = 8.0

MB = 1_000_000
QUIET_CORES = 0.1

NAMES = {
    "trafilatura": "trafilatura fast XML, two processes",
    "scrapy": "Scrapy + trafilatura default",
    "bare": "ours, nothing kept",
    "procure": "ours: procure",
    "chop": "ours: chop",
    "procure_again": "ours, unchanged web: procure",
    "chop_again": "ours, unchanged web: chop",
}
"""The laps of a Round."""


class Results:
    def __init__(self, track: Track, rounds: list[Round], memory: Memory) -> None:
        self.track = track
        self.rounds = rounds
        self.memory = memory

    @property
    def of_trafilatura(self) -> float:
        return middle(self.rounds, lambda each: each.trafilatura.wall_s / each.cold_s)

    @property
    def of_scrapy(self) -> float:
        return middle(self.rounds, lambda each: each.scrapy.wall_s / each.cold_s)

    @property
    def of_cold(self) -> float:
        return middle(self.rounds, lambda each: each.cold_s / each.again_s)

    @property
    def of_trafilatura_cpu(self) -> float:
        return middle(self.rounds, lambda each: each.trafilatura.cpu_s / each.cold_cpu_s)


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("bench")
    pages = build_pages(folder / "pages", request.config.getoption("--pages"))
    with open_track(pages, folder) as track:
        count = request.config.getoption("--rounds")
        rounds = [run_round(track, number) for number in range(count)]
        results = Results(track, rounds, measure_memory(track))
    _show(results)
    return results


def test_line_keeps_up_with_trafilatura_alone(results: Results) -> None:
    assert results.of_trafilatura >= LEAST_OF_TRAFILATURA


def test_line_passes_scrapy_with_trafilatura(results: Results) -> None:
    assert results.of_scrapy >= LEAST_OF_SCRAPY


def test_memory_stays_under_its_cap(results: Results) -> None:
    assert results.memory.rss <= MOST_MEMORY_MB * MB


def test_unchanged_crawl_is_fast(results: Results) -> None:
    assert results.of_cold >= LEAST_OF_COLD


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
    console.print(_memory_text(results.memory))
    laps = [getattr(each, field) for each in results.rounds for field in NAMES]
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
    for head in ("least", "median", "each round"):
        table.add_column(head, justify="right")
    rounds = results.rounds
    rows = [
        (
            "procure + chop : two trafilatura processes",
            f"{LEAST_OF_TRAFILATURA:.2f}",
            results.of_trafilatura,
            [each.trafilatura.wall_s / each.cold_s for each in rounds],
        ),
        (
            "the same by CPU of all processes",
            "",
            results.of_trafilatura_cpu,
            [each.trafilatura.cpu_s / each.cold_cpu_s for each in rounds],
        ),
        (
            "procure + chop : Scrapy + trafilatura",
            f"{LEAST_OF_SCRAPY:.2f}",
            results.of_scrapy,
            [each.scrapy.wall_s / each.cold_s for each in rounds],
        ),
        (
            "unchanged web : procure + chop",
            f"{LEAST_OF_COLD:.1f}",
            results.of_cold,
            [each.cold_s / each.again_s for each in rounds],
        ),
    ]
    for name, least, value, each in rows:
        table.add_row(name, least, f"{value:.2f}", " ".join(f"{ratio:.2f}" for ratio in each))
    return table


def _memory_text(memory: Memory) -> str:
    each = " + ".join(f"{size / MB:.0f}" for size in memory.processes)
    return (
        f"peak memory of all processes: RSS {memory.rss / MB:.0f} MB (at most {MOST_MEMORY_MB}), "
        f"PSS {memory.pss / MB:.0f} MB = {each}"
    )
