"""CPU of single rooms on one core, beside trafilatura on the same pages. Shown, not judged."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest
from rich.console import Console
from rich.table import Table
from trafilatura import extract

from stages.chop import chop_guide
from stages.policy import Policy
from stages.procure.extract import extract_page
from stages.procure.guide import build_guide
from stages.seeds import load_policy
from stages.types import Guide, PageContent, Reuse, Source
from store.settings import SEEDS
from store.snapshots import Snapshots
from tests.bench.pages import build_pages

pytestmark = pytest.mark.timeout(300)

MOST_PAGES = 100
ROUNDS = 3
URL = "http://127.0.0.1/guides/page.html"
SOURCE = Source("bench", "Bench", "http://127.0.0.1/", (), Reuse.ADAPT_OK, "", "", "")


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the rooms are given; content and guides are what the rooms before made of it."""

    bodies: list[tuple[bytes, str]]
    contents: list[PageContent]
    guides: list[Guide]
    policy: Policy


@pytest.fixture(scope="module")
def rooms(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rooms:
    count = min(MOST_PAGES, request.config.getoption("--pages"))
    folder = build_pages(tmp_path_factory.mktemp("rooms") / "pages", count).folder
    types: dict[str, str] = json.loads((folder / "types.json").read_text())
    bodies = [((folder / name).read_bytes(), kind) for name, kind in types.items()]
    contents = [extract_page(body, URL, kind) for body, kind in bodies]
    guides = [build_guide(SOURCE, URL, [content]) for content in contents if content.blocks]
    return Rooms(bodies, contents, guides, load_policy(SEEDS / "policy.yaml"))


def test_rooms_show_what_they_cost(rooms: Rooms, tmp_path: Path) -> None:
    work: dict[str, tuple[Callable[[], None], int]] = {
        "trafilatura fast XML": (lambda: _trafilatura(rooms, is_fast=True), len(rooms.bodies)),
        "trafilatura default": (lambda: _trafilatura(rooms), len(rooms.bodies)),
        "ours: extract": (lambda: _extract(rooms), len(rooms.bodies)),
        "ours: build a guide": (lambda: _build(rooms), len(rooms.guides)),
        "ours: chop": (lambda: _chop(rooms), len(rooms.guides)),
        "ours: keep the body": (lambda: _keep(rooms, tmp_path), len(rooms.bodies)),
    }
    costs: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, (run, count) in work.items():
            started = time.process_time()
            run()
            costs[name].append(1000 * (time.process_time() - started) / count)
    _show({name: min(times) for name, times in costs.items()})


def _trafilatura(rooms: Rooms, *, is_fast: bool = False) -> None:
    for body, _ in rooms.bodies:
        if is_fast:
            extract(body, fast=True, output_format="xml", include_formatting=True)
        else:
            extract(body)


def _extract(rooms: Rooms) -> None:
    for body, kind in rooms.bodies:
        extract_page(body, URL, kind)


def _build(rooms: Rooms) -> None:
    for content in rooms.contents:
        if content.blocks:
            build_guide(SOURCE, URL, [content])


def _chop(rooms: Rooms) -> None:
    for guide in rooms.guides:
        chop_guide(guide, rooms.policy)


def _keep(rooms: Rooms, folder: Path) -> None:
    snapshots = Snapshots(mkdtemp(dir=folder))  # a body that is there already costs only a look
    for body, _ in rooms.bodies:
        snapshots.put(body)


def _show(costs: dict[str, float]) -> None:
    table = Table("one process, least of three rounds")
    table.add_column("CPU ms a page or guide", justify="right")
    table.add_column("of trafilatura fast XML", justify="right")
    fast = costs["trafilatura fast XML"]
    for name, cost in costs.items():
        table.add_row(name, f"{cost:.2f}", f"{cost / fast:.2f}")
    console = Console(width=110, highlight=False)
    console.print()
    console.print(table)
