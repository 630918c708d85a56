"""The presses a browser keeps until the desk has answered them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

COUNT = "JSON.parse(localStorage.getItem('spoonful-presses:1') ?? '[]').length"


def count_presses(page: Page) -> int:
    return int(page.evaluate(COUNT))


def wait_until_answered(page: Page) -> None:
    """The next card is there before the answer to the press that brought it."""
    page.wait_for_function(f"() => {COUNT} === 0")  # the policy forbids to evaluate words


def wait_until_held(page: Page, held: list[Route], count: int = 1) -> None:
    """Until so many requests that the test holds have come from the page."""
    while len(held) < count:
        page.wait_for_timeout(10)
