"""Fixtures every room's tests may use: a Chromium to drive. A room's own stand in its folder.

Tests run in two processes (`make test`), a file in one of them. Playwright's synchronous API keeps
an event loop running in the main thread while a browser is open, and `asyncio.run` refuses to start
beside it: a browser is closed at the end of the file, whose other tests come before.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests.chromium import find_chromium, launch_args, starts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PREFECT = ("tests/flows/test_prefect_pages.py", "tests/flows/test_prefect_runs.py")

DESK = {"width": 1280, "height": 800}

# Every run tries the same examples, so that a run fails for what changed and not for its luck.
# `make test ARGS=--hypothesis-profile=explore` looks for new ones; what it finds becomes a test.
settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("explore", max_examples=2_000)
settings.load_profile("same")


def pytest_configure() -> None:
    """Begun in the background, a process has Ctrl-C ignored, and so have the commands it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """A file in one process, and so are those that share one Prefect server: 40 s to start.

    By the names of the files: with marks, `--dist loadgroup` has grouped nothing since pytest 9.2
    (pytest-xdist issue 1386), and nobody is told.
    """
    from xdist.scheduler import LoadFileScheduling  # only where tests are shared out

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "prefect" if nodeid.startswith(PREFECT) else super()._split_scope(nodeid)

    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for servers and browsers begins first, so that neither process ends alone."""
    wants = {item: set(getattr(item, "fixturenames", ())) for item in items}
    in_browser = {item.path for item in items if "browser" in wants[item]}
    items.sort(
        key=lambda item: (
            "prefect" not in wants[item],
            item.path not in in_browser,
            str(item.path) if item.path in in_browser else "",
            "browser" in wants[item],
        )
    )


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of the machine's Chromium; skips the test where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium on this machine: `make test` as root installs one, or set CHROME")
    if starts(path) is None:
        pytest.skip(f"{path} does not start on this machine")
    return path


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """One headless browser for the file; take pages from `new_page`."""
    from playwright.sync_api import sync_playwright  # only where a browser is used: 0.3 s

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=launch_args())
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Function that opens a page in a context of its own (no cookies of another test).

    Its keywords are Playwright's for a context, such as locale, color_scheme, viewport and
    base_url; the defaults are British English, light, 1280 x 800. A page with an uncaught script
    error fails the test that opened it.
    """
    contexts: list[BrowserContext] = []
    script_errors: list[str] = []

    def open_page(**options: Any) -> Page:
        wanted = {"locale": "en-GB", "color_scheme": "light", "viewport": DESK, **options}
        context = browser.new_context(**wanted)
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("pageerror", lambda error: script_errors.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert script_errors == []
