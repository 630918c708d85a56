"""The desk in a real browser: keys, focus, composition, light, small screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from stages.types import Receipt
from store.decision_records import list_decisions
from store.drafts import list_drafts
from store.posts import claim_due_posts, mark_published
from tests.review_ui.desk_data import DeskData
from tests.review_ui.presses import wait_until_answered
from tests.review_ui.shelf_data import ShelfData

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

COMPOSE = """key => document.activeElement.dispatchEvent(new KeyboardEvent(
  "keydown", {key, bubbles: true, cancelable: true, isComposing: true, keyCode: 229}))"""


def states(page: Page) -> list[str]:
    return [str(tone.get_attribute("data-state")) for tone in page.locator(".tone").all()]


def wait_for_states(page: Page, *expected: str) -> None:
    selector = "".join(
        f".tone:nth-child({n})[data-state={state}] ~ " for n, state in enumerate(expected, 1)
    )
    page.wait_for_selector(selector.removesuffix(" ~ "))
    page.wait_for_load_state()  # an undo may load the page: its keys are there with its scripts


def test_card_is_approved_with_the_keyboard_and_reaches_the_feed(
    open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk()
    title = "How long expressed milk keeps"
    for _ in range(len(desk.cards)):
        page.keyboard.press("j")
        if page.evaluate("document.activeElement.textContent") == title:
            break
    page.keyboard.press("Enter")
    page.wait_for_selector(".tone.is-chosen")
    page.wait_for_load_state()
    assert page.locator("h1").inner_text() == title
    page.keyboard.press("2")
    page.keyboard.press("a")
    wait_for_states(page, "pending", "approved")
    note = page.locator("#note .note").inner_text()
    assert note == "Mom approved for 1 group: Night Feeds Circle."
    assert page.evaluate("document.activeElement.id") == "tone-engagement"
    page.keyboard.press("a")
    wait_for_states(page, "pending", "approved", "approved")
    assert page.evaluate("document.activeElement.id") == "tone-expert"
    page.keyboard.press("u")
    wait_for_states(page, "pending", "approved", "pending")
    page.keyboard.press("3")
    page.keyboard.press("r")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    wait_for_states(page, "pending", "approved", "rejected")
    page.keyboard.press("1")
    page.keyboard.press("a")
    # The last tone is decided, so the next card comes by itself.
    page.wait_for_selector(f"[data-card='{desk.cards['latch']}']")
    assert page.url.endswith(f"/cards/{desk.cards['latch']}")
    wait_until_answered(page)
    for post in claim_due_posts(desk.db):
        mark_published(desk.db, post.id, Receipt(external_id=str(post.id)))
    page.goto("/groups/night-feeds")
    assert "tuck it at the back" in page.locator(".member-post").inner_text()
    feed = page.request.get("/feeds/night-feeds.atom").text()
    assert "tuck it at the back" in feed
    actions = [(d.tone, d.action.value) for d in reversed(list_decisions(desk.db))]
    assert actions == [
        ("mom", "approve"),
        ("engagement", "approve"),
        ("engagement", "undo"),
        ("engagement", "reject"),
        ("expert", "approve"),
    ]


def test_edit_in_place_is_saved_and_checked(open_desk: Callable[..., Page], desk: DeskData) -> None:
    page = open_desk()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"/cards/{desk.cards['storage']}")
    page.keyboard.press("1")
    page.keyboard.press("e")
    page.wait_for_selector("#tone-expert textarea[name=text]:focus")
    # Letters that are keys elsewhere are letters here.
    page.keyboard.type("a rare jukebox? ")
    assert states(page) == ["pending"] * 3
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#tone-expert .edited")
    draft = next(
        d for d in list_drafts(desk.db, [desk.cards["storage"]])[desk.cards["storage"]]
        if d.tone == "expert"
    )  # fmt: skip
    assert draft.text.startswith("a rare jukebox? Freshly expressed")
    assert page.locator("#tone-expert").evaluate("node => node === document.activeElement")
    # It is still the chosen one: the next key is about it.
    page.keyboard.press("r")
    page.wait_for_selector("#tone-expert details[data-reject][open]")
    assert said == []


def test_composition_and_modifiers_decide_nothing(
    open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk(locale="zh-CN")
    page.goto(f"/cards/{desk.cards['zh-vitamin']}")
    page.keyboard.press("1")
    for key in ("a", "r", "e", "u", "j", "k", "Enter", "?"):
        page.evaluate(COMPOSE, key)
    for key in ("Control+a", "Alt+a", "Meta+a", "Control+r"):
        if key != "Control+r":  # reloads, as it should; pressed last
            page.keyboard.press(key)
    page.keyboard.press("e")
    page.wait_for_selector("#tone-expert textarea[name=text]:focus")
    for key in ("a", "Enter", "Escape"):
        page.evaluate(COMPOSE, key)
    assert page.locator("#tone-expert details[data-editor]").get_attribute("open") is not None
    page.keyboard.insert_text("宝宝")
    page.keyboard.press("Escape")
    page.wait_for_selector("#tone-expert:focus")
    # A key held down repeats; only the first press counts, and here there was none.
    page.evaluate(
        """() => document.activeElement.dispatchEvent(new KeyboardEvent(
             "keydown", {key: "a", bubbles: true, repeat: true}))"""
    )
    page.wait_for_timeout(300)
    assert states(page) == ["pending"] * 3
    assert list_decisions(desk.db) == ()
    assert page.locator("#tone-expert textarea[name=text]").input_value().startswith("宝宝")


def test_sentence_lights_up_what_it_rests_on_and_back(
    open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk()
    page.goto(f"/cards/{desk.cards['fever']}")

    def lit() -> list[str]:
        return [text.strip() for text in page.locator(".is-lit").all_inner_texts()]

    page.locator("#tone-mom .sentence").nth(3).hover()
    assert lit() == [
        "Remove extra clothing, but do not give a cold bath.",
        "Take off an extra layer, skip the cold bath.",
    ]
    page.locator("#tone-expert .sentence").first.focus()
    page.keyboard.press("ArrowRight")
    assert len(lit()) == 2
    assert lit()[0].startswith("Call your doctor or the emergency service at once")
    page.locator("[data-source] [data-s=s3]").focus()
    assert lit() == [
        "Do not give any medicine before a doctor has seen the baby.",
        "No medicine should be given before a doctor has examined the infant.",
    ]
    page.locator("#tone-mom .finding").first.hover()
    assert lit()[:2] == ["38 °C", "38.5 °C"]


def test_button_counts_the_ticked_groups(open_desk: Callable[..., Page], desk: DeskData) -> None:
    page = open_desk()
    page.goto(f"/cards/{desk.cards['storage']}")
    label = page.locator("#tone-mom [data-approve-label]")
    page.locator("select[name='tone:first-fever']").select_option("mom")
    assert label.inner_text() == "Approve for 2 groups"
    page.locator("#group-night-feeds").uncheck()
    page.locator("#group-first-fever").uncheck()
    assert label.inner_text() == "Approve, no group"
    page.locator("#group-first-fever").check()
    page.keyboard.press("2")
    page.keyboard.press("a")
    wait_for_states(page, "pending", "approved")
    assert "Ask a Nurse: Babies Under One" in page.locator("#tone-mom .goes-to").inner_text()


def test_desk_works_without_javascript(open_desk: Callable[..., Page], desk: DeskData) -> None:
    page = open_desk(java_script_enabled=False)
    page.goto(f"/cards/{desk.cards['storage']}")
    page.locator("#tone-mom [data-approve]").click()
    page.wait_for_selector("#tone-mom[data-state=approved]")
    note = page.locator("#note .note").inner_text()
    assert note == "Mom approved for 1 group: Night Feeds Circle."
    page.locator("#tone-mom [data-undo]").click()
    page.wait_for_selector("#tone-mom[data-state=pending]")
    page.locator("#tone-expert summary", has_text="Reject").click()
    page.locator("#tone-expert input[value=duplicate]").check()
    page.locator("#tone-expert .rejecter button[type=submit]").click()
    page.wait_for_selector("#tone-expert[data-state=rejected]")


def test_sheet_of_keys_search_and_theme(open_desk: Callable[..., Page]) -> None:
    page = open_desk()
    page.keyboard.press("?")
    page.wait_for_selector("dialog#keys[open]")
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog#keys", state="hidden")
    page.keyboard.press("/")
    page.keyboard.type("latch")
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue?q=latch")
    assert page.locator(".row-title").all_inner_texts() == ["Signs of a good latch"]
    page.locator(".account summary").click()
    page.get_by_role("button", name="Dark").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url("**/queue")


def test_nothing_scrolls_sideways_on_a_telephone_and_nothing_breaks_the_policy(
    shelf: ShelfData, open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk(viewport={"width": 390, "height": 844}, has_touch=True)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    for path in (
        "/queue", "/posts", "/groups", "/groups/night-feeds", "/guides/river-health/feeding",
        "/runs", "/quarantine", "/quarantine?view=settled", "/sources", "/guides/river-health/bath",
        *(f"/cards/{card_id}" for card_id in shelf.cards.values()),
    ):  # fmt: skip
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, (path, width)
    assert said == []
    page.goto(f"/cards/{desk.cards['storage']}")
    page.locator(".tone-tabs a", has_text="Engagement").click()
    page.wait_for_function(
        "() => document.querySelector('#tone-engagement').getBoundingClientRect().left < 60"
    )
    page.locator("#tone-engagement [data-approve]").click()
    wait_for_states(page, "pending", "pending", "approved")
