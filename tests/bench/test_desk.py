"""The marks of the desk at 100,000 cards and 300,000 drafts, in Chromium on loopback."""

from __future__ import annotations

import gzip
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi.responses import Response
from rich.console import Console
from rich.table import Table

from review_ui.app import create_app
from store.engine import open_database
from store.sessions import start_session
from store.settings import Settings
from tests.bench.big_desk import build_big_desk
from tests.chromium import find_chromium
from tests.flows.prefect_server import free_port
from tests.flows.processes import started, wait_until
from tests.flows.small_site import SPOONFUL
from tests.store.postgres_server import NoServerError, start_server

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium"),
]

MARKS = {"queue opened": 200.0, "queue view": 200.0, "search": 300.0, "next card": 150.0}
"""Milliseconds that 95 of 100 stay below: the queue as a page of its own; another view, filter or
page of it, chosen on it; words typed into the search on it; the card after the one just decided.

Told beside them, without a mark: a page that says one word, which is what Chromium and the machine
take for themselves. Where that varies, so does the rest.
"""
MOST_WEIGHT = 150_000
QUERIES = ("fever", "fe", "baby milk", "vaccine dose", "宝宝", "疫苗接种", "睡", "nothing-like-it")
ADDRESSES = ("", "?view=flagged", "?view=new", "?view=decided", "?topic=sleep", "?page=20")
CHOICES = (
    ".views a[href='/queue?view=flagged']",
    ".pager a[rel=next]",
    ".views a[href^='/queue?view=new']",
    "select[name=risk] = low",
    ".views a[href^='/queue?view=decided']",
    ".narrowed a.token",
    "select[name=lang] = zh",
    ".views a[href^='/queue?']:first-child",
    "select[name=lang] = ",
)
TIMES = 60
LOOK_MS = 400
"""Somebody looks at a page before they go on."""

WATCH = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
addEventListener("keydown", () => {
  if (!sessionStorage.isLast) return;
  sessionStorage.pressed = Date.now();
  sessionStorage.from = location.pathname;
}, true);
const arrive = () => requestAnimationFrame(() => {
  if (!sessionStorage.pressed || sessionStorage.from === location.pathname) return;
  const times = JSON.parse(sessionStorage.times ?? "[]");
  times.push(Date.now() - Number(sessionStorage.pressed));
  sessionStorage.times = JSON.stringify(times);
  sessionStorage.removeItem("pressed");
  sessionStorage.isLast = "";
});
document.addEventListener("desk:turned", arrive);
for (const kind of ["click", "input", "submit"]) {
  addEventListener(kind, (event) => { window.chosen = event.timeStamp; }, true);
}
document.addEventListener("part:put", () => requestAnimationFrame(() => {
  window.took = performance.now() - window.chosen;
}));
document.addEventListener("DOMContentLoaded", arrive);
"""
"""Notes when a card's last tone is decided by a key and when another card is on the screen; when
something is chosen on the queue, and how long it took until it shows that.
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds by what was measured; bytes of a page with all it loads; shift of a swap."""

    times: dict[str, list[float]]
    weight: int
    shift: float

    def p95(self, name: str) -> float:
        """The smallest that 95 of 100 do not exceed (nearest rank)."""
        found = sorted(self.times[name])
        return found[math.ceil(len(found) * 0.95) - 1]


@pytest.fixture(params=("sqlite", "postgres"))
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Those of a desk whose database holds all that."""
    if request.param == "sqlite":
        yield _fill(f"sqlite:///{tmp_path / 'spoonful.db'}", tmp_path)
        return
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        server = start_server(folder)
    except NoServerError as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"no PostgreSQL: {error}")
    server.run("CREATE DATABASE big")
    yield _fill(server.url("big"), tmp_path)
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_desk_keeps_its_marks(settings: Settings, new_page: Any) -> None:
    figures = _measure(settings, new_page)
    table = Table("what", "p95", "mark", title=settings.effective_database_url.split(":")[0])
    for name in figures.times:
        mark = f"{MARKS[name]:.0f} ms" if name in MARKS else "—"
        table.add_row(name, f"{figures.p95(name):.0f} ms", mark)
    table.add_row("page weight", f"{figures.weight / 1000:.0f} KB", f"{MOST_WEIGHT / 1000:.0f} KB")
    table.add_row("layout shift on swap", f"{figures.shift:.3f}", "0")
    Console().print(table)
    for name, mark in MARKS.items():
        assert figures.p95(name) <= mark, name
    assert figures.weight <= MOST_WEIGHT
    assert figures.shift == 0


def _fill(url: str, home: Path) -> Settings:
    db = open_database(url)
    start = time.monotonic()
    build_big_desk(db)
    Console().print(f"filled in {time.monotonic() - start:.0f} s")
    db.dispose()
    return Settings(home=str(home), database_url=url, secret_key="k" * 40)


def _measure(settings: Settings, new_page: Any) -> Figures:
    with _serve(settings) as address:
        page: Page = new_page(base_url=address)
        page.add_init_script(WATCH)
        page.context.add_cookies([_sign_in(settings, address)])
        weight = _weigh(page)
        for search in ADDRESSES:  # the morning's first pages find nothing in any memory
            _load(page, f"/queue{search}")
        opened = [
            (_load(page, "/healthz"), _load(page, f"/queue{ADDRESSES[n % len(ADDRESSES)]}"))
            for n in range(TIMES)
        ]
        times = {
            "empty page": [empty for empty, _ in opened],
            "queue opened": [queue for _, queue in opened],
            "queue view": _choose(page),
            "search": [_search(page, QUERIES[n % len(QUERIES)]) for n in range(TIMES)],
        }
        times["next card"], shift = _decide(page)
    return Figures(times, weight, shift)


@contextmanager
def _serve(settings: Settings) -> Iterator[str]:
    """The address of the desk, served by the command in its own process as it is for editors."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "SPOONFUL_HOME": settings.home,
        "SPOONFUL_DATABASE_URL": settings.database_url,
        "SPOONFUL_SECRET_KEY": settings.secret_key,
    }
    with started(environment, SPOONFUL, "review", "--port", str(port)) as process:

        def is_ready() -> bool:
            assert process.poll() is None, process.communicate()[1]
            try:
                return httpx.get(f"{address}/readyz").is_success
            except httpx.TransportError:
                return False

        wait_until(is_ready, "the review pages")
        yield address


def _sign_in(settings: Settings, address: str) -> Any:
    app = create_app(settings)
    services = app.state.services
    response = Response()
    services.cookies.write(response, "session", start_session(services.db, 1, 12), None)
    services.db.dispose()
    name, _, rest = response.headers["set-cookie"].partition("=")
    return {"name": name, "value": rest.partition(";")[0], "url": address}


def _weigh(page: Page) -> int:
    """Bytes of the queue's page and all it loads, gzipped as a proxy would send them."""
    sizes: list[int] = []
    packed = ("font", "image/png", "image/jpeg")

    def add(response: Any) -> None:
        body = response.body()
        is_packed = any(kind in response.headers.get("content-type", "") for kind in packed)
        sizes.append(len(body) if is_packed else len(gzip.compress(body, 6)))

    page.on("response", add)
    page.goto("/queue", wait_until="networkidle")
    page.remove_listener("response", add)
    return sum(sizes)


def _load(page: Page, address: str) -> float:
    """From the start of the navigation until the page stands and its scripts have run."""
    page.wait_for_timeout(LOOK_MS)  # what the page before still paints is no part of this one
    page.goto(address)
    return float(
        page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    )


def _choose(page: Page) -> list[float]:
    """One thing after the other, as somebody goes through the queue: links, and filters given as
    `selector = value`.
    """
    page.goto("/queue")
    times = []
    for n in range(TIMES):
        selector, is_filter, value = CHOICES[n % len(CHOICES)].partition(" = ")
        control = page.locator(selector)
        times.append(
            _wait_for_part(
                page, partial(control.select_option, value) if is_filter else control.first.click
            )
        )
    return times


def _search(page: Page, words: str) -> float:
    page.locator("#find").fill(words)
    return _wait_for_part(page, lambda: page.locator("#find").press("Enter"))


def _wait_for_part(page: Page, act: Callable[[], object]) -> float:
    """From what somebody does until the frame in which the queue shows it."""
    page.wait_for_timeout(LOOK_MS)
    page.evaluate("window.took = 0")
    act()
    page.wait_for_function("() => window.took", polling=50)  # not in each frame: that draws them
    return float(page.evaluate("window.took"))


def _decide(page: Page) -> tuple[list[float], float]:
    """From the key that decides a card's last tone until the next card is on the screen, however it
    gets there, and all layout shift meanwhile.
    """
    page.goto("/queue")
    page.locator(".row .row-title").first.click()
    for _ in range(4 * TIMES):
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(LOOK_MS)
        times = json.loads(page.evaluate("sessionStorage.times ?? '[]'"))
        if len(times) >= TIMES:
            break
        before = urlsplit(page.url).path
        can_decide_all = page.evaluate(
            "document.querySelector('.tone[data-state=pending]') !== null &&"
            " [...document.querySelectorAll('.tone[data-state=pending]')]"
            ".every((tone) => tone.querySelector('button[data-approve]:not(:disabled)'))"
        )
        page.evaluate("sessionStorage.removeItem('pressed')")
        if not can_decide_all:
            page.keyboard.press("j")
        while can_decide_all and urlsplit(page.url).path == before:
            waiting = page.locator(".tone[data-state=pending]").count()
            page.evaluate(f"sessionStorage.isLast = {waiting} === 1 ? 'yes' : ''")
            page.keyboard.press("a")
            if waiting == 1:
                break
            page.wait_for_function(
                "n => document.querySelectorAll('.tone[data-state=pending]').length < n",
                arg=waiting,
            )
        page.wait_for_function("before => location.pathname !== before", arg=before)
    assert len(times) >= TIMES
    return times, float(page.evaluate("window.shifts"))
