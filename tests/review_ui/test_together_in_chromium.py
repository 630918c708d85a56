"""Typing that is kept, checked and found again, and two browsers on one card."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from store.drafts import list_drafts
from store.engine import utc_now
from store.leases import list_leases
from store.working_texts import list_working
from tests.review_ui.desk_data import PASSWORD, DeskData

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser

EDITOR = "#tone-expert textarea[name=text]"
FOOT = "#tone-expert [data-saved]"


def start_editing(page: Page, desk: DeskData, name: str = "storage") -> None:
    page.goto(f"/cards/{desk.cards[name]}")
    page.wait_for_selector("[data-held]")
    page.keyboard.press("1")
    page.keyboard.press("e")
    page.wait_for_selector(f"{EDITOR}:focus")


def drafts_of(desk: DeskData, name: str = "storage") -> list[int]:
    return [draft.id for draft in list_drafts(desk.db, [desk.cards[name]])[desk.cards[name]]]


def test_typing_is_checked_kept_and_there_again_after_the_tab_was_closed(
    open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk()
    start_editing(page, desk)
    page.keyboard.type("Up to 77 hours. ")
    page.wait_for_selector("#tone-expert [data-live-findings] .finding >> text=77 hours")
    assert "77 hours" in page.locator("#tone-expert .ink mark").all_inner_texts()
    page.wait_for_selector(f"{FOOT} [data-word=kept]")
    again = page.context.new_page()
    page.close()
    again.goto(f"/cards/{desk.cards['storage']}")
    again.wait_for_selector("#tone-expert .kept >> text=Your text, not saved")
    assert again.locator(EDITOR).input_value().startswith("Up to 77 hours. Freshly")
    assert again.evaluate("document.activeElement.tagName") != "TEXTAREA"
    again.get_by_role("button", name="Discard it").click()
    again.wait_for_selector("#tone-expert .kept", state="detached")
    assert again.locator(EDITOR).input_value().startswith("Freshly")
    again.reload()
    assert again.locator("#tone-expert .kept").count() == 0
    assert list_working(desk.db, drafts_of(desk), 1) == {}


def test_saving_leaves_nothing_to_restore(open_desk: Callable[..., Page], desk: DeskData) -> None:
    page = open_desk()
    start_editing(page, desk)
    page.keyboard.type("Good to know: ")
    page.locator("#tone-expert").get_by_label("Name of this version").fill("Opening")
    page.get_by_role("button", name="Save and check").click()
    page.wait_for_selector("#tone-expert .draft-text >> text=Good to know:")
    page.reload()
    page.wait_for_selector("[data-held]")
    assert page.locator(".kept").count() == 0
    assert page.evaluate("localStorage.length") == 0


def test_words_stay_in_the_browser_while_the_desk_cannot_be_reached(
    open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk()
    start_editing(page, desk)

    def fail(route: Route) -> None:
        route.abort()

    page.route("**/working", fail)
    page.keyboard.type("Offline words. ")
    page.wait_for_selector(f"{FOOT} >> text=cannot be reached")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.wait_for_selector("#tone-expert .kept >> text=kept in this browser only")
    assert page.locator(EDITOR).input_value().startswith("Offline words. ")
    page.unroute("**/working")
    page.locator(EDITOR).press_sequentially("!")
    page.wait_for_selector(f"{FOOT} [data-word=kept]")
    assert list_working(desk.db, drafts_of(desk), 1) != {}


def test_half_a_chinese_word_is_not_checked(open_desk: Callable[..., Page], desk: DeskData) -> None:
    page = open_desk()
    start_editing(page, desk, "zh-vitamin")
    page.wait_for_selector("#tone-expert [data-live-findings] .live-sum")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    area = page.locator(EDITOR)
    area.evaluate(
        "area => { area.value += 'ni'; area.dispatchEvent("
        "new InputEvent('input', {bubbles: true, isComposing: true})); }"
    )
    page.wait_for_timeout(250)
    assert [url for url in asked if url.endswith("/check")] == []
    with page.expect_request("**/check"):
        area.dispatch_event("compositionend")


def test_taking_over_is_told_at_the_next_beat_and_typing_stays(
    open_desk: Callable[..., Page], desk: DeskData
) -> None:
    first = open_desk()
    first.clock.install()
    start_editing(first, desk)
    first.keyboard.type("Mine. ")
    first.clock.run_for(1500)
    first.wait_for_selector(f"{FOOT} [data-word=kept]")
    second = open_second(first)
    second.goto(f"/cards/{desk.cards['storage']}")
    second.wait_for_selector("[data-presence] >> text=mara is on this card")
    second.get_by_role("button", name="Take over").click()
    second.wait_for_selector("[data-held]")
    first.clock.run_for(31_000)
    first.wait_for_selector("[data-presence] >> text=lin took this card over.")
    assert first.locator(EDITOR).input_value().startswith("Mine. ")
    second.goto("/queue")
    first.clock.run_for(31_000)
    first.wait_for_selector("[data-held]")


def open_second(first: Page) -> Page:
    """A browser of lin's."""
    browser = first.context.browser
    assert browser is not None
    address = first.url.split("/cards/")[0]
    page = browser.new_context(base_url=address).new_page()
    page.goto("/signin")
    page.fill("#name", "lin")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue")
    return page


def test_turning_to_the_next_card_takes_that_one_and_lets_go_of_this(
    open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk()
    page.goto(f"/cards/{desk.cards['storage']}")
    page.wait_for_selector("[data-held]")
    first = page.url
    with page.expect_response("**/lease/release"):
        page.keyboard.press("j")
    page.wait_for_function("first => location.href !== first", arg=first)
    page.wait_for_selector("[data-held]")
    (lease,) = list_leases(desk.db, list(desk.cards.values()), utc_now()).values()
    assert page.url.split("?")[0].endswith(lease.card_id)
