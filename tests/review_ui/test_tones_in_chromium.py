"""The page of tones in a real browser: by keyboard, on a phone, in the dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from store.tone_changes import list_standings, list_tone_changes
from tests.review_ui.desk_data import DeskData
from tests.review_ui.tone_data import NEXT, add_versions, hash_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

PROMOTE = "#tone-mom form[action='/tones/mom/promote'] button"


def test_version_is_tried_promoted_and_rolled_back_by_keyboard(
    desk: DeskData, open_desk: Callable[..., Page]
) -> None:
    add_versions(desk.db)
    page = open_desk()
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/tones")
    page.keyboard.press("j")
    page.wait_for_selector("#tone-expert:focus")
    page.keyboard.press("j")
    page.wait_for_selector("#tone-mom:focus")
    page.locator("#tone-mom summary:has-text('Try it as a canary')").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # 5, 10, 20 %
    page.keyboard.press("Enter")
    page.wait_for_selector("#note:has-text('The canary writes its cards')")
    canary = list_standings(desk.db)["mom"].canary
    assert canary is not None
    assert (canary.hash, canary.share) == (NEXT, 0.2)
    page.locator(".trial button:has-text('Promote 1.1')").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#note:has-text('Promoted')")
    assert list_standings(desk.db)["mom"].active == NEXT
    page.locator("#tone-mom .rollback button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#note:has-text('Rolled back')")
    assert list_standings(desk.db)["mom"].active == hash_of("mom")
    assert [change.user for change in list_tone_changes(desk.db)] == ["mara"] * 3


@pytest.mark.parametrize(("theme", "width"), [("light", 390), ("dark", 1280)])
def test_page_fits_and_its_buttons_can_be_hit(
    desk: DeskData, open_desk: Callable[..., Page], theme: str, width: int
) -> None:
    add_versions(desk.db)
    page = open_desk(viewport={"width": width, "height": 844}, color_scheme=theme)
    for address in ("/tones", f"/tones/mom/compare?old={hash_of('mom')}&new={NEXT}"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.goto("/tones")
    boxes = [button.bounding_box() for button in page.locator(PROMOTE).all()]
    assert len(boxes) == 2
    for box in boxes:
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["height"] >= (44 if width == 390 else 28)
