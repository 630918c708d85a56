"""Fixtures every room's tests may use: a Chromium to drive. A room's own stand in its folder.

Playwright's synchronous API keeps an event loop running in the main thread from the first browser
test to the end of the session, and `asyncio.run` refuses to start beside it. So browser tests come
last; what such a test or its fixtures run asynchronously goes through `tests.chromium.run_apart`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.chromium import find_chromium, launch_args, starts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

DESK = {"width": 1280, "height": 800}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of the machine's Chromium; skips the test where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium on this machine: `make test` as root installs one, or set CHROME")
    if starts(path) is None:
        pytest.skip(f"{path} does not start on this machine")
    return path


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator[Browser]:
    """One headless browser for the session; take pages from `new_page`."""
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
