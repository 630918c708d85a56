"""Dropped connections, ended sessions and other people: nothing is lost, nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from store.decision_records import list_decisions
from store.decision_types import By
from store.decisions import edit
from store.drafts import DraftView, list_drafts
from store.sessions import end_sessions
from tests.review_ui.desk_data import PASSWORD, DeskData
from tests.review_ui.presses import count_presses

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser


def draft_of(desk: DeskData, card: str, tone: str) -> DraftView:
    drafts = list_drafts(desk.db, [desk.cards[card]])[desk.cards[card]]
    return next(draft for draft in drafts if draft.tone == tone)


def sign_in_again(page: Page, name: str = "mara") -> None:
    page.wait_for_selector("#sign-in-again[open] #again-password:focus")
    assert page.locator("#again-name").input_value() == "mara"
    if name != "mara":
        page.locator("#again-name").fill(name)
        page.locator("#again-password").focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def test_press_without_a_connection_waits_and_is_done_once(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = enter_desk()
    page.goto(f"/cards/{desk.cards['storage']}")
    page.context.set_offline(True)
    page.keyboard.press("2")
    page.keyboard.press("a")
    page.wait_for_selector("#outbox [data-part=waiting]:not([hidden])")
    assert page.locator("#outbox [data-part=waiting] [data-says]").inner_text() == (
        "1 decision waits for the connection"
    )
    assert page.locator("#tone-mom[data-waiting]").count() == 1
    page.keyboard.press("a")  # a second press on the same tone is not a second decision
    page.keyboard.press("1")
    page.keyboard.press("a")
    page.wait_for_selector("#tone-expert[data-waiting]")
    assert count_presses(page) == 2
    assert list_decisions(desk.db) == ()
    page.context.set_offline(False)
    page.wait_for_selector("#tone-expert[data-state=approved]")
    page.wait_for_selector("#tone-mom[data-state=approved]")
    page.wait_for_selector("#outbox", state="hidden")
    assert sorted(decision.tone for decision in list_decisions(desk.db)) == ["expert", "mom"]
    assert count_presses(page) == 0


def test_press_whose_answer_was_lost_is_not_done_twice(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = enter_desk()
    page.goto(f"/cards/{desk.cards['storage']}")

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/approve*", lose_the_answer, times=1)
    page.keyboard.press("2")
    page.keyboard.press("a")
    page.wait_for_selector("#outbox [data-part=waiting]:not([hidden])")
    assert [decision.tone for decision in list_decisions(desk.db)] == ["mom"]
    page.locator("[data-send-now]").click()
    page.wait_for_selector("#outbox", state="hidden")
    page.wait_for_selector("#tone-mom[data-state=approved]")
    assert [decision.tone for decision in list_decisions(desk.db)] == ["mom"]


def test_closed_tab_leaves_its_press_to_the_next_page(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = enter_desk()
    page.goto(f"/cards/{desk.cards['storage']}")
    page.route("**/reject*", lambda route: route.abort())
    page.keyboard.press("1")
    page.keyboard.press("r")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    page.wait_for_selector("#outbox [data-part=waiting]:not([hidden])")
    other = page.context.new_page()
    page.close()
    other.goto("/queue")
    other.wait_for_function("() => !localStorage.getItem('spoonful-presses:1')")
    (decision,) = list_decisions(desk.db)
    assert (decision.tone, decision.reason) == ("expert", "unclear")
    assert other.locator("#note").inner_text().startswith("Expert rejected.")


def test_press_on_a_version_that_is_gone_is_refused_and_its_text_kept(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = enter_desk()
    page.goto(f"/cards/{desk.cards['storage']}")
    page.keyboard.press("1")
    page.keyboard.press("e")
    page.keyboard.type("Mine. ")
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#outbox [data-part=waiting]:not([hidden])")
    seen = draft_of(desk, "storage", "expert")
    edit(desk.db, seen.id, By(2, seen.version), "Lin's text.", (), seen.risk)
    page.context.set_offline(False)
    page.wait_for_selector("#outbox [data-part=refused]:not([hidden])")
    assert draft_of(desk, "storage", "expert").text == "Lin's text."
    page.locator("#outbox [data-part=refused] summary").first.click()
    assert "edited" in page.locator("#outbox [data-why]").inner_text()
    page.locator("#outbox li summary").click()
    assert page.locator("#outbox li textarea").input_value().startswith("Mine. ")
    page.locator("#outbox [data-forget]").click()
    page.wait_for_selector("#outbox", state="hidden")


def test_session_that_ends_in_the_middle_of_an_edit_loses_nothing(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = enter_desk()
    page.goto(f"/cards/{desk.cards['storage']}")
    page.keyboard.press("1")
    page.keyboard.press("e")
    page.keyboard.type("Before, ")
    end_sessions(desk.db, 1, None)
    page.keyboard.type("and after. ")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#sign-in-again[open] #again-password:focus")
    page.keyboard.type("a wrong password")
    page.keyboard.press("Enter")
    page.wait_for_selector("#sign-in-again [data-problem]:not([hidden])")
    assert "do not go together" in page.locator("#sign-in-again [data-problem]").inner_text()
    sign_in_again(page)
    page.wait_for_selector("#tone-expert .edited")
    draft = draft_of(desk, "storage", "expert")
    assert draft.text.startswith("Before, and after. ")
    assert len(list_decisions(desk.db)) == 1
    # The page goes on with the new session's token.
    page.keyboard.press("2")
    page.keyboard.press("a")
    page.wait_for_selector("#tone-mom[data-state=approved]")
    assert page.url.endswith(f"/cards/{desk.cards['storage']}")


def test_what_one_pressed_is_never_sent_as_another(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = enter_desk()
    page.goto(f"/cards/{desk.cards['storage']}")
    end_sessions(desk.db, 1, None)
    page.keyboard.press("2")
    page.keyboard.press("a")
    sign_in_again(page, "lin")
    page.wait_for_selector("#sign-in-again [data-is-other]:not([hidden])")
    assert page.locator("[data-who]").inner_text() == "This browser is signed in as lin now."
    page.goto("/queue")
    page.wait_for_timeout(200)
    assert list_decisions(desk.db) == ()
    assert count_presses(page) == 1


def test_of_two_browsers_on_one_card_one_wins_and_the_other_keeps_its_text(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    mara, lin = enter_desk(1), enter_desk(2)
    for page, words in ((mara, "One. "), (lin, "Two. ")):
        page.goto(f"/cards/{desk.cards['storage']}")
        page.keyboard.press("1")
        page.keyboard.press("e")
        page.keyboard.type(words)
    mara.keyboard.press("Control+Enter")
    mara.wait_for_selector("#tone-expert .edited")
    lin.keyboard.press("Control+Enter")
    lin.wait_for_selector("#note .note-problem")
    assert draft_of(desk, "storage", "expert").text.startswith("One. ")
    texts = lin.locator("#tone-expert textarea")
    kept = texts.evaluate_all("areas => areas.map(area => area.value)")
    assert any(text.startswith("Two. ") for text in kept)
    assert "mara" in lin.locator("#tone-expert .tone-body").inner_text()
    assert [decision.user for decision in list_decisions(desk.db)] == ["mara"]


def test_of_two_browsers_deciding_at_once_one_does(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    pages = enter_desk(1), enter_desk(1)
    for page in pages:
        page.goto(f"/cards/{desk.cards['latch']}")
        page.keyboard.press("1")
    for page in pages:
        page.keyboard.press("a")
    for page in pages:
        page.wait_for_selector("#tone-expert[data-state=approved]")
    assert [decision.action.value for decision in list_decisions(desk.db)] == ["approve"]


def test_session_about_to_end_says_so_and_is_renewed_in_place(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = enter_desk()
    page.clock.install()
    page.goto(f"/cards/{desk.cards['storage']}")
    page.clock.run_for(11 * 3600_000 + 55 * 60_000)
    page.wait_for_selector("#signed-out:not([hidden])")
    assert "You will be signed out at" in page.locator("#signed-out [data-says]").inner_text()
    page.locator("[data-sign-in-again]").click()
    sign_in_again(page)
    page.wait_for_selector("#signed-out", state="hidden")
