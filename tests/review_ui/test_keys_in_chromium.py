"""Deciding by keyboard alone, in a real browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from flows.recook import recooking
from store.decision_records import list_decisions
from store.decision_types import Action
from store.drafts import list_drafts
from store.tables import DraftState
from store.users import set_prefs
from tests.review_ui.desk_data import DeskData, add_guide, plain
from tests.review_ui.presses import wait_until_answered

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

COUNT_POINTERS = """
  sessionStorage.pointers ??= "0";
  for (const kind of ["pointerdown", "pointerup", "mousedown", "click", "touchstart", "wheel"]) {
    addEventListener(kind, (event) => {
      if (kind === "click" && event.detail === 0) return; // by key or script: no pointer
      sessionStorage.pointers = Number(sessionStorage.pointers) + 1;
    }, true);
  }
"""
COMPOSE = """key => document.activeElement.dispatchEvent(new KeyboardEvent(
  "keydown", {key, bubbles: true, cancelable: true, isComposing: true, keyCode: 229}))"""
PRESS_CAPS = """([key, shiftKey]) => document.activeElement.dispatchEvent(new KeyboardEvent(
  "keydown", {key, shiftKey, bubbles: true, cancelable: true}))"""


@pytest.fixture
def twenty(desk: DeskData) -> list[str]:
    """The cards of a guide of twenty, in their order."""
    recipes = [
        plain(
            f"bath-{number}", f"Bath, step {number}", f"Step {number}",
            f"Bathe the baby in water of {30 + number} °C, never hotter, for {number} minutes.",
            f"Step {number} is over when the baby is dry and warm again.",
            placed=(("night-feeds", 0.6, (("topic", "bath"),)),),
        )
        for number in range(1, 21)
    ]  # fmt: skip
    cards = add_guide(desk.db, "bath-time", "Bath time", "river-health", "en", recipes, desk.run_id)
    return list(cards.values())


def wait_for_open(page: Page, count: int) -> None:
    """Until so many tones are left to decide."""
    page.wait_for_function(
        "count => document.querySelectorAll('.tone[data-state=pending]').length === count",
        arg=count,
    )


def on_card(page: Page, title: str) -> None:
    page.wait_for_function(
        "title => document.querySelector('[data-desk]:not([data-unseen]) h1')?.textContent"
        " === title",
        arg=title,
    )


def test_guide_of_twenty_cards_is_decided_without_a_pointer(
    enter_desk: Callable[..., Page], desk: DeskData, twenty: list[str]
) -> None:
    page = enter_desk()
    page.add_init_script(COUNT_POINTERS)
    page.goto("/queue?guide=river-health%2Fbath-time")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    for number in range(1, 21):
        on_card(page, f"Bath, step {number}")
        page.wait_for_selector(".tone.is-chosen")
        if number == 2:  # one tone rejected with a reason and a note, the others approved
            page.keyboard.press("3")
            page.keyboard.press("r")
            page.keyboard.press("4")
            page.keyboard.press("n")
            page.keyboard.type("said on Monday")
            page.keyboard.press("Control+Enter")
            page.wait_for_selector("#tone-engagement[data-state=rejected]")
        if number == 3:  # one edited first
            page.keyboard.press("2")
            page.keyboard.press("e")
            page.keyboard.type("Warm hands first. ")
            page.keyboard.press("Control+Enter")
            page.wait_for_selector("#tone-mom .edited")
            page.keyboard.press("1")
        before = len(list_decisions(desk.db, limit=200))
        open_tones = page.locator(".tone[data-state=pending]").count()
        if number > 3:
            page.keyboard.press("Shift+A")
        else:
            for left in range(open_tones - 1, -1, -1):
                page.keyboard.press("a")
                if left:
                    wait_for_open(page, left)
        if number < 20:
            on_card(page, f"Bath, step {number + 1}")
        else:
            page.wait_for_url("**/queue?guide=*")
        wait_until_answered(page)
        assert len(list_decisions(desk.db, limit=200)) == before + open_tones
    assert page.evaluate("sessionStorage.pointers") == "0"
    states = Counter(
        draft.state for drafts in list_drafts(desk.db, twenty).values() for draft in drafts
    )
    assert states == {DraftState.APPROVED: 59, DraftState.REJECTED: 1}


def test_three_tones_are_approved_with_one_key_and_with_three(
    enter_desk: Callable[..., Page], desk: DeskData, twenty: list[str]
) -> None:
    page = enter_desk()
    page.goto(f"/cards/{twenty[0]}?guide=river-health%2Fbath-time")
    page.keyboard.press("Shift+A")
    on_card(page, "Bath, step 2")
    for left in (2, 1):
        page.keyboard.press("a")
        wait_for_open(page, left)
    page.keyboard.press("a")
    on_card(page, "Bath, step 3")
    wait_until_answered(page)
    found = list_drafts(desk.db, twenty[:2])
    assert {draft.state for card in found.values() for draft in card} == {DraftState.APPROVED}


def test_rejecting_one_tone_leaves_the_others(
    enter_desk: Callable[..., Page], desk: DeskData, twenty: list[str]
) -> None:
    page = enter_desk()
    page.goto(f"/cards/{twenty[0]}")
    before = {draft.tone: draft for draft in list_drafts(desk.db, twenty[:1])[twenty[0]]}
    page.keyboard.press("2")
    page.keyboard.press("r")
    # While reasons are shown, a letter decides nothing about the tone behind them.
    page.keyboard.press("a")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    page.wait_for_selector("#tone-mom[data-state=rejected]")
    after = {draft.tone: draft for draft in list_drafts(desk.db, twenty[:1])[twenty[0]]}
    assert (after["expert"], after["engagement"]) == (before["expert"], before["engagement"])
    assert after["mom"].state is DraftState.REJECTED
    (decision,) = list_decisions(desk.db)
    assert (decision.tone, decision.action, decision.reason) == ("mom", Action.REJECT, "tone")


def test_only_the_tone_asked_for_is_written_again(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    card_id = desk.cards["storage"]
    page = enter_desk()
    page.goto(f"/cards/{card_id}")
    before = {draft.tone: draft for draft in list_drafts(desk.db, [card_id])[card_id]}
    page.keyboard.press("2")
    page.keyboard.press("w")
    page.wait_for_selector("#tone-mom [data-regenerate] textarea:focus")
    page.keyboard.type("a warmer end")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#tone-mom .being-written")
    with recooking(desk.settings, desk.db):
        page.wait_for_selector(f"#tone-mom:not([data-draft-id='{before['mom'].id}'])")
    after = {draft.tone: draft for draft in list_drafts(desk.db, [card_id])[card_id]}
    assert (after["expert"], after["engagement"]) == (before["expert"], before["engagement"])
    assert after["mom"].text != before["mom"].text
    assert page.locator("#tone-expert").get_attribute("data-draft-id") == str(before["expert"].id)


def test_chinese_composition_never_decides_nor_submits(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = enter_desk(locale="zh-CN")
    page.goto(f"/cards/{desk.cards['zh-vitamin']}")
    ime = page.context.new_cdp_session(page)
    page.keyboard.press("1")
    for key in ("a", "A", "r", "e", "u", "j", "1", "Enter", "?"):
        page.evaluate(COMPOSE, key)
    # On the desk itself nothing can be composed: what an input method commits there is no key.
    ime.send("Input.insertText", {"text": "啊"})
    page.keyboard.press("e")
    page.wait_for_selector("#tone-expert textarea[name=text]:focus")
    for pinyin in ("b", "ba", "bao", "宝"):
        end = len(pinyin)
        composed = {"text": pinyin, "selectionStart": end, "selectionEnd": end}
        ime.send("Input.imeSetComposition", composed)
    for key in ("Enter", "Escape", "a"):
        page.evaluate(COMPOSE, key)
    page.evaluate("""() => document.activeElement.dispatchEvent(new KeyboardEvent("keydown",
        {key: "Enter", ctrlKey: true, isComposing: true, keyCode: 229, bubbles: true}))""")
    assert page.locator("#tone-expert details[data-editor][open]").count() == 1
    ime.send("Input.insertText", {"text": "宝宝"})
    assert "宝宝" in page.locator("#tone-expert textarea[name=text]").input_value()
    page.keyboard.press("Escape")
    page.wait_for_selector("#tone-expert:focus")
    page.keyboard.press("r")
    page.wait_for_selector("#tone-expert details[data-reject] input:focus")
    page.keyboard.press("n")
    ime.send("Input.imeSetComposition", {"text": "tai", "selectionStart": 3, "selectionEnd": 3})
    page.evaluate(COMPOSE, "Enter")
    ime.send("Input.insertText", {"text": "太"})
    page.wait_for_timeout(200)
    assert list_decisions(desk.db) == ()
    assert page.locator("#tone-expert").get_attribute("data-state") == "pending"


def test_caps_lock_is_no_shift_and_repeats_and_modifiers_are_no_press(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = enter_desk()
    page.goto(f"/cards/{desk.cards['storage']}")
    for keys in ("Control+a", "Alt+a", "Meta+a", "Control+u"):
        page.keyboard.press(keys)
    page.evaluate("""() => document.activeElement.dispatchEvent(new KeyboardEvent(
        "keydown", {key: "a", bubbles: true, repeat: true}))""")
    page.wait_for_timeout(150)
    assert list_decisions(desk.db) == ()
    page.keyboard.press("2")
    page.evaluate(PRESS_CAPS, ["A", False])  # Caps Lock: the chosen tone, not all of them
    page.wait_for_selector("#tone-mom[data-state=approved]")
    assert [one.tone for one in list_decisions(desk.db)] == ["mom"]


def test_key_of_ones_own_works_is_shown_and_the_old_one_does_nothing(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    set_prefs(desk.db, 1, keys={"desk.approve": "b", "anywhere.go": ";", "go.posts": "b"})
    page = enter_desk()
    page.goto(f"/cards/{desk.cards['storage']}")
    assert page.locator("#tone-mom [data-approve] kbd").inner_text() == "b"
    page.keyboard.press("2")
    page.keyboard.press("a")
    page.wait_for_timeout(150)
    assert list_decisions(desk.db) == ()
    page.keyboard.press("b")
    page.wait_for_selector("#tone-mom[data-state=approved]")
    page.keyboard.press("?")
    page.wait_for_selector("dialog#keys[open]")
    assert "b Approve the chosen tone" in " ".join(page.locator("#keys").inner_text().split())
    page.keyboard.press("Escape")
    page.keyboard.press(";")
    page.keyboard.press("b")
    page.wait_for_url("**/posts")
