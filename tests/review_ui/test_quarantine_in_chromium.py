"""Quarantine, posts and sources in a real browser, by keyboard alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from store.decision_records import list_decisions
from store.quarantine import list_page_decisions, list_stops
from tests.review_ui.desk_data import DeskData
from tests.review_ui.shelf_data import ShelfData

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def wait_for_focus(page: Page, title: str) -> None:
    page.wait_for_selector(f"article:focus h2:has-text({json.dumps(title, ensure_ascii=False)})")


def wait_for_trace(page: Page, says: str) -> None:
    """Until the page that says so of the post is there, and its keys with it."""
    page.wait_for_selector(f".post-trace:has-text({json.dumps(says)})")
    page.wait_for_load_state()


def test_quarantine_is_settled_by_keyboard(
    shelf: ShelfData, open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk()
    page.keyboard.press("g")
    page.keyboard.press("x")
    page.wait_for_url("**/quarantine")
    # Nothing is chosen yet, so nothing is decided.
    page.keyboard.press("a")
    page.keyboard.press("i")
    page.keyboard.press("j")
    wait_for_focus(page, "Feeding a toddler")
    page.keyboard.press("n")
    page.keyboard.type("as jukebox air")  # letters that are keys elsewhere
    page.keyboard.press("Escape")
    wait_for_focus(page, "Feeding a toddler")
    page.keyboard.press("a")
    wait_for_focus(page, "儿童发热护理")
    assert page.locator("#note").inner_text() == "Accepted: the next run reads it as a guide."
    page.keyboard.press("i")
    wait_for_focus(page, "Sorry, we could not find this page")
    assert [words[0] for words in page.locator("[data-count=quarantine]").all_text_contents()] == [
        "6"
    ] * 3
    page.keyboard.press("u")
    wait_for_focus(page, "儿童发热护理")
    page.keyboard.press("s")
    page.keyboard.type("Their pages moved.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#note:has-text('Stopped')")
    assert page.locator("article[data-state=open]").count() == 4
    assert [(line.action.value, line.note) for line in list_page_decisions(desk.db, 4)] == [
        ("stop", "Their pages moved."),
        ("restore", ""),
        ("ignore", ""),
        ("accept", "as jukebox air"),
    ]
    assert set(list_stops(desk.db)) == {"city-mother-child", "parents-corner"}


def test_alerted_posts_are_settled_by_keyboard(
    shelf: ShelfData, open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk()
    page.goto("/posts")
    # Nothing is chosen yet, so nothing is decided.
    page.keyboard.press("w")
    page.keyboard.press("a")
    page.keyboard.press("j")
    page.keyboard.press("j")
    row = page.locator(".post-row:focus")
    name = row.get_attribute("id")
    page.keyboard.press("n")
    page.keyboard.type("a jaw wakes")
    page.keyboard.press("Escape")
    page.wait_for_selector(f"#{name}:focus")
    page.keyboard.press("a")
    wait_for_trace(page, "Kept by mara")
    last = list_decisions(desk.db, limit=1)[0]
    assert (last.action.value, last.note) == ("keep", "a jaw wakes")
    page.keyboard.press("j")
    page.keyboard.press("w")
    wait_for_trace(page, "Withdrawn by mara")
    page.locator(f"#{name}").focus()
    page.keyboard.press("u")
    page.wait_for_selector(f"#{name}.has-alert")


def test_source_is_stopped_by_keyboard(
    shelf: ShelfData, open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk()
    page.goto("/sources?show=on")
    page.keyboard.press("s")
    page.keyboard.press("j")
    page.keyboard.press("s")
    page.keyboard.type("Their site moves.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#note:has-text('Stopped')")
    assert set(list_stops(desk.db)) == {"river-health", "parents-corner"}
