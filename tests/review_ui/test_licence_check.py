"""A draft of a page whose licence is in doubt: nothing is approved without a look at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from lxml import html

from store.decision_records import list_decisions
from store.decision_types import By, NotAllowedError, StaleError
from store.drafts import DraftView, list_drafts
from store.guides import get_guide, save_guide
from store.posts import list_posts
from store.tables import DraftState
from tests.deciding import approve
from tests.review_ui.desk_data import DeskData
from tests.review_ui.visitor import Visitor, text_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

FINDING = "The page states All rights reserved, which is stricter than the register."
HTMX = {"hx-request": "true"}


@pytest.fixture
def card(desk: DeskData) -> str:
    """A card of a guide whose page says something else about its licence."""
    set_finding(desk, FINDING)
    return desk.cards["storage"]


def set_finding(desk: DeskData, finding: str) -> None:
    guide = get_guide(desk.db, "river-health/feeding")
    assert guide
    save_guide(desk.db, replace(guide, licence_finding=finding))


def draft_of(desk: DeskData, tone: str) -> DraftView:
    card_id = desk.cards["storage"]
    return next(draft for draft in list_drafts(desk.db, [card_id])[card_id] if draft.tone == tone)


def test_plain_approval_without_the_check_is_refused_and_loses_nothing(
    mara: Visitor, desk: DeskData, card: str
) -> None:
    draft = draft_of(desk, "mom")
    changed: dict[str, str | list[str]] = {
        "group": ["toddler-table"],
        "tone:toddler-table": "mom",
        f"licence_note:{draft.id}": "Asked them <by> telephone.",
    }
    response = mara.decide(card, "mom", "approve", changed)
    assert response.status_code == 422
    assert draft_of(desk, "mom") == draft
    assert list_decisions(desk.db) == ()
    page = html.fromstring(response.text)
    column = page.get_element_by_id("tone-mom")
    fold = column.xpath(".//details[@data-licence]")[0]
    assert fold.get("open") is not None
    assert text_of(fold.xpath(".//p[@role='alert']")[0]).startswith("Not approved: the page says")
    assert FINDING in text_of(fold)
    assert "The register says Open Government Licence v3.0." in text_of(fold)
    assert fold.xpath(".//textarea")[0].value == "Asked them <by> telephone."
    assert page.xpath("//input[@name='group'][@checked]/@value") == ["toddler-table"]
    other = page.get_element_by_id("tone-expert").xpath(".//details[@data-licence]")[0]
    assert other.get("open") is None


@pytest.mark.parametrize("value", ["", "0", "yes"])
def test_check_must_be_said_for_this_very_draft(
    mara: Visitor, desk: DeskData, card: str, value: str
) -> None:
    mom, expert = draft_of(desk, "mom"), draft_of(desk, "expert")
    sent = {f"licence_checked:{expert.id}": "1", f"licence_checked:{mom.id}": value}
    response = mara.decide(card, "mom", "approve", sent, **HTMX)
    assert response.status_code == 422
    assert draft_of(desk, "mom").state is DraftState.PENDING


@pytest.mark.parametrize("name", ["licence_checked", "licence_checked:{id}"])
def test_checked_approval_is_put_on_record(
    mara: Visitor, desk: DeskData, card: str, name: str
) -> None:
    draft = draft_of(desk, "mom")
    sent: dict[str, str | list[str]] = {
        name.format(id=draft.id): "1",
        f"licence_seen:{draft.id}": FINDING,
        f"licence_note:{draft.id}": "Their editor wrote that we may.",
    }
    assert mara.decide(card, "mom", "approve", sent).status_code == 303
    assert draft_of(desk, "mom").state is DraftState.APPROVED
    said = f"Checked that it may be published. {FINDING} Their editor wrote that we may."
    assert [line.note for line in list_decisions(desk.db)] == [said]
    assert len(list_posts(desk.db)) == 1
    column = mara.tone(card, "mom")
    assert FINDING in text_of(column.xpath(".//p[contains(@class, 'licence-finding')]")[0])
    assert said in text_of(mara.page(f"/cards/{card}").get_element_by_id("history"))


def test_finding_that_changed_meanwhile_is_shown_again(
    mara: Visitor, desk: DeskData, card: str
) -> None:
    draft = draft_of(desk, "mom")
    sent: dict[str, str | list[str]] = {
        f"licence_checked:{draft.id}": "1",
        f"licence_seen:{draft.id}": "The page states CC BY-NC 4.0.",
    }
    response = mara.decide(card, "mom", "approve", sent)
    assert response.status_code == 409
    assert "has changed. Look at it again" in response.text
    assert FINDING in html.fromstring(response.text).text_content()
    assert draft_of(desk, "mom").state is DraftState.PENDING


def test_store_approves_nothing_without_the_finding(desk: DeskData, card: str) -> None:
    draft = draft_of(desk, "mom")
    by = By(1, draft.version)
    with pytest.raises(NotAllowedError, match="Check that it may be published"):
        approve(desk.db, draft.id, by, [], 0)
    with pytest.raises(StaleError, match="has changed"):
        approve(desk.db, draft.id, by, [], 0, licence_checked="another one")
    assert draft_of(desk, "mom") == draft


def test_draft_without_a_finding_needs_no_check(mara: Visitor, desk: DeskData) -> None:
    assert mara.tone(desk.cards["storage"], "mom").xpath(".//details[@data-licence]") == []
    assert mara.decide(desk.cards["storage"], "mom", "approve").status_code == 303


@pytest.mark.browser
def test_check_works_by_keyboard(open_desk: Callable[..., Page], desk: DeskData, card: str) -> None:
    page = open_desk()
    page.goto(f"/cards/{card}")
    page.keyboard.press("2")
    page.keyboard.press("a")
    page.wait_for_selector("#tone-mom [data-licence] input[type=checkbox]:focus")
    # Neither the same key again nor Enter approves what is not ticked.
    page.keyboard.press("a")
    page.wait_for_selector("#note .note-problem")
    page.keyboard.press("Enter")
    assert list_decisions(desk.db) == ()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("a letter came")
    page.keyboard.press("Escape")
    page.wait_for_selector("#tone-mom:focus")
    page.keyboard.press("a")
    page.wait_for_selector("#tone-mom [data-licence] input[type=checkbox]:focus")
    page.keyboard.press("a")
    page.wait_for_selector("#tone-mom[data-state=approved]")
    assert page.locator("#tone-mom .licence-finding").inner_text() == f"Licence {FINDING}"
    (decision,) = list_decisions(desk.db)
    assert (decision.tone, decision.note) == (
        "mom", f"Checked that it may be published. {FINDING} a letter came",
    )  # fmt: skip
    assert page.locator("#tone-engagement").evaluate("node => node === document.activeElement")
    # Ticking one tone ticked no other.
    page.keyboard.press("a")
    page.wait_for_selector("#tone-engagement [data-licence] input[type=checkbox]:focus")
    assert not page.locator("#tone-engagement [data-licence] input[type=checkbox]").is_checked()


@pytest.mark.browser
def test_check_works_without_javascript(
    open_desk: Callable[..., Page], desk: DeskData, card: str
) -> None:
    page = open_desk(java_script_enabled=False)
    page.goto(f"/cards/{card}")
    fold = page.locator("#tone-mom [data-licence]")
    fold.locator("summary").click()
    fold.locator("[data-approve]").click()
    page.wait_for_selector("#tone-mom [data-licence][open] [role=alert]")
    fold.locator("input[type=checkbox]").check()
    fold.locator("[data-approve]").click()
    page.wait_for_selector("#tone-mom[data-state=approved]")
    assert [line.tone for line in list_decisions(desk.db)] == ["mom"]
