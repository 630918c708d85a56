"""Views, filters, search and pages of the queue in a real browser: chosen in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.review_ui.presses import wait_until_held
from tests.review_ui.test_turn_in_chromium import COUNT_SHIFTS

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser

FIRST_ROW = """() => {
  const topOf = (row) => row.getBoundingClientRect().top;
  const row = [...document.querySelectorAll(".row")].find((each) => topOf(each) >= 0);
  return [row.querySelector(".row-title").textContent, topOf(row)];
}"""
"""The title of the row somebody sees first, and how far it is from the top of the window."""
IS_SEEN = f"""([title, top]) => {{
  const [seen, at] = ({FIRST_ROW})();
  return seen === title && Math.abs(at - top) <= 2;
}}"""
FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Two frames on, what came into view has been laid out."""


@pytest.fixture
def queue(enter_desk: Callable[..., Page]) -> Page:
    page = enter_desk(viewport={"width": 1100, "height": 500})
    page.goto("/queue")
    return page


def wait_for_view(page: Page, name: str) -> None:
    page.wait_for_function(
        "name => document.querySelector('.views [aria-current]').firstChild.textContent === name",
        arg=name,
    )


def choose(page: Page, name: str, value: str) -> None:
    control = page.locator(f"select[name={name}]")
    control.focus()
    control.select_option(value)


def count_loads(page: Page) -> list[str]:
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    return loads


def hold_parts(page: Page) -> list[Route]:
    """What the page asks for to put in place stays without an answer until the test gives one."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.headers.get("hx-request"):
            held.append(route)
        else:
            route.continue_()

    page.route("**/queue?*", hold)
    return held


def test_view_is_chosen_in_place_and_back_leads_back(queue: Page) -> None:
    loads = count_loads(queue)
    queue.evaluate(COUNT_SHIFTS)
    queue.evaluate("scrollTo(0, 600)")
    queue.evaluate(FRAMES)
    seen = queue.evaluate(FIRST_ROW)
    queue.locator(".views a", has_text="High stakes").click()
    wait_for_view(queue, "High stakes")
    assert queue.url.endswith("/queue?view=high")
    assert queue.title() == "High stakes · Spoonful"
    assert queue.evaluate("document.activeElement.getAttribute('href')") == "/queue?view=high"
    assert queue.evaluate("scrollY") == 0
    high = queue.locator(".row-title").all_inner_texts()
    queue.go_back()
    wait_for_view(queue, "To review")
    queue.wait_for_function(IS_SEEN, arg=seen)
    assert queue.title() == "To review · Spoonful"
    assert len(queue.locator(".row-title").all_inner_texts()) > len(high) > 0
    queue.go_forward()
    wait_for_view(queue, "High stakes")
    assert queue.locator(".row-title").all_inner_texts() == high
    assert loads == []
    assert queue.evaluate("window.shifts") == 0


def test_back_leads_to_the_same_row_past_rows_nobody_has_come_near(
    enter_desk: Callable[..., Page],
) -> None:
    queue = enter_desk(viewport={"width": 1100, "height": 150})
    queue.goto("/queue")
    for top in range(0, 1000, 100):
        queue.evaluate(f"scrollTo(0, {top})")
        queue.evaluate(FRAMES)
    seen = queue.evaluate(FIRST_ROW)
    queue.evaluate("document.querySelector('.views a[href$=high]').click()")
    wait_for_view(queue, "High stakes")
    queue.go_back()
    wait_for_view(queue, "To review")
    queue.wait_for_function(IS_SEEN, arg=seen)


def test_filter_keeps_the_cursor_and_says_only_what_is_set(queue: Page) -> None:
    loads = count_loads(queue)
    choose(queue, "lang", "zh")
    queue.wait_for_selector(".narrowed .token")
    assert queue.url.endswith("/queue?lang=zh")
    assert queue.evaluate("document.activeElement.name") == "lang"
    choose(queue, "risk", "low")
    queue.wait_for_function("() => document.querySelectorAll('.token').length === 2")
    assert queue.url.endswith("/queue?risk=low&lang=zh")
    queue.locator(".token").first.click()
    queue.wait_for_function("() => document.querySelectorAll('.token').length === 1")
    assert queue.url.endswith("/queue?lang=zh")
    assert queue.evaluate("document.activeElement.className") == "list"
    assert loads == []


def test_search_leads_to_the_first_row_by_key_and_its_words_go_with_it(queue: Page) -> None:
    loads = count_loads(queue)
    queue.keyboard.press("/")
    queue.keyboard.type("latch")
    queue.keyboard.press("Enter")
    queue.wait_for_selector(".narrowed .token")
    queue.keyboard.press("j")
    assert queue.evaluate("document.activeElement.textContent") == "Signs of a good latch"
    queue.locator(".views a", has_text="Decided").click()
    wait_for_view(queue, "Decided")
    assert queue.locator("#find").input_value() == "latch"
    queue.locator(".token").click()
    queue.wait_for_selector(".narrowed", state="detached")
    assert queue.locator("#find").input_value() == ""
    assert loads == []


def test_filters_used_less_come_when_they_are_asked_for(queue: Page) -> None:
    assert queue.locator("select[name=topic]").count() == 0
    queue.get_by_role("link", name="More filters").click()
    queue.wait_for_function("() => document.activeElement.name === 'guide'")
    choose(queue, "topic", "fever")
    queue.wait_for_selector(".narrowed .token")
    assert queue.evaluate("document.activeElement.name") == "topic"
    queue.reload()
    assert queue.locator("select[name=topic]").input_value() == "fever"


def test_last_of_two_choices_is_shown(queue: Page) -> None:
    held = hold_parts(queue)
    queue.locator(".views a", has_text="Flagged").click()
    queue.wait_for_selector("[data-queue][aria-busy=true]")
    queue.locator(".views a", has_text="Decided").click()
    wait_until_held(queue, held, 2)
    held[1].continue_()
    wait_for_view(queue, "Decided")
    held[0].continue_()
    queue.wait_for_timeout(100)
    wait_for_view(queue, "Decided")
    assert queue.url.endswith("/queue?view=decided")


@pytest.mark.parametrize("how", ["broken", "signed out"])
def test_what_cannot_be_put_in_place_is_opened_as_a_page(queue: Page, how: str) -> None:
    held = hold_parts(queue)
    queue.locator(".views a", has_text="Flagged").click()
    wait_until_held(queue, held)
    if how == "broken":
        held[0].fulfill(status=500, body="")
        queue.wait_for_load_state()
        wait_for_view(queue, "Flagged")
    else:
        queue.context.clear_cookies()
        held[0].continue_()
        queue.wait_for_url("**/signin?next=%2Fqueue%3Fview%3Dflagged")


def test_link_opens_elsewhere_when_that_is_asked_for(queue: Page) -> None:
    with queue.context.expect_page() as opened:
        queue.locator(".views a", has_text="Flagged").click(modifiers=["Control"])
    opened.value.wait_for_url("**/queue?view=flagged")
    assert queue.url.endswith("/queue")


def test_queue_works_without_scripts(enter_desk: Callable[..., Page]) -> None:
    page = enter_desk(java_script_enabled=False)
    page.goto("/queue")
    page.locator(".views a", has_text="High stakes").click()
    page.get_by_role("link", name="More filters").click()
    page.locator("select[name=topic]").select_option("fever")
    page.locator(".filters button").click()
    assert page.locator("select[name=topic]").input_value() == "fever"
    assert page.locator(".views [aria-current]").inner_text().startswith("High stakes")
