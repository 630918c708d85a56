"""Turning from card to card in a real browser: read ahead, swapped in place, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from store.decision_records import list_decisions
from store.drafts import list_drafts
from tests.review_ui.desk_data import DeskData
from tests.review_ui.presses import wait_until_held

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.browser

COUNT_SHIFTS = """() => {
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifts += entry.hadRecentInput ? 0 : entry.value;
  }).observe({ type: "layout-shift", buffered: false });
}"""


def stand_on(page: Page, card_id: str) -> None:
    page.wait_for_selector(f"[data-card='{card_id}']:not([data-unseen]) .tone.is-chosen")


def test_next_card_is_there_before_it_is_wanted_and_back_leads_back(
    open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk()
    read: list[str] = []
    loads: list[str] = []
    page.on("request", lambda r: read.append(r.url) if "/cards/" in r.url else None)
    page.goto(f"/cards/{desk.cards['latch']}")
    page.on("load", lambda p: loads.append(p.url))
    following = [desk.cards["diapers"], desk.cards["pump"]]
    page.wait_for_load_state("networkidle")
    assert [url for url in read if following[0] in url and not url.endswith("lease")] != []
    page.evaluate(COUNT_SHIFTS)
    read.clear()
    page.locator(".steps a[rel=next]").click()
    stand_on(page, following[0])
    assert page.title() == "Wet nappies as a sign of enough milk · Spoonful"
    assert page.url.endswith(following[0])
    assert page.evaluate("[scrollY, document.activeElement.dataset.tone]") == [0, "expert"]
    page.wait_for_load_state("networkidle")
    assert [url for url in read if url.endswith(following[0])] == []
    assert any(url.endswith(following[1]) for url in read)
    page.go_back()
    stand_on(page, desk.cards["latch"])
    assert page.url.endswith(desk.cards["latch"])
    assert loads == []
    assert page.evaluate("window.shifts") < 0.02


def test_last_decision_brings_the_next_card_and_undo_leads_back(
    open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk()
    page.goto(f"/cards/{desk.cards['latch']}")
    page.wait_for_selector(".tone.is-chosen")
    page.locator("[data-approve-all]").click()
    stand_on(page, desk.cards["diapers"])
    states = [
        d.state.value for d in list_drafts(desk.db, [desk.cards["latch"]])[desk.cards["latch"]]
    ]
    assert states == ["approved"] * 3
    # The flagged tone of this card is not among those approved together.
    page.locator("[data-approve-all]").click()
    page.wait_for_selector("#tone-expert[data-state=approved]")
    page.locator("#tone-engagement [data-approve]").click()
    stand_on(page, desk.cards["pump"])
    page.locator("[data-undo-last]").click()
    stand_on(page, desk.cards["diapers"])
    assert page.locator("#tone-engagement").get_attribute("data-state") == "pending"


def decide_all_but_the_last(page: Page, desk: DeskData) -> None:
    """On the card before `diapers`, which is read ahead: the last open tone is chosen."""
    page.goto(f"/cards/{desk.cards['latch']}")
    page.wait_for_load_state("networkidle")
    for tone in ("expert", "mom"):
        page.locator(f"#tone-{tone} [data-approve]").click()
        page.wait_for_selector(f"#tone-{tone}[data-state=approved]")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("3")


def states(desk: DeskData, card: str) -> list[str]:
    return [
        draft.state.value for draft in list_drafts(desk.db, [desk.cards[card]])[desk.cards[card]]
    ]


SECOND_PRESS = """([card, how]) => {
  new MutationObserver((_, watch) => {
    if (!document.querySelector(`[data-card="${card}"]`)) return;
    watch.disconnect();
    if (how === "button") document.querySelector("#tone-expert [data-approve]").click();
    else document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
    window.said = document.getElementById("note").textContent;
  }).observe(document.body, { childList: true, subtree: true });
}"""
"""Press at the very moment the card comes: from here, a busy machine would press too late."""


@pytest.mark.parametrize("how", ["key", "button"])
def test_second_press_decides_nothing_about_the_card_that_just_came(
    open_desk: Callable[..., Page], desk: DeskData, how: str
) -> None:
    page = open_desk()
    decide_all_but_the_last(page, desk)
    page.evaluate(SECOND_PRESS, [desk.cards["diapers"], how])
    if how == "key":
        page.keyboard.press("a")
    else:
        page.locator("#tone-engagement [data-approve]").click()
    said = page.wait_for_function("() => window.said").json_value()
    assert "just come" in said
    stand_on(page, desk.cards["diapers"])
    assert states(desk, "diapers") == ["pending"] * 3
    page.wait_for_selector("[data-desk]:not([data-unseen])")
    page.keyboard.press("a")
    page.wait_for_selector("#tone-expert[data-state=approved]")


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_press_the_desk_could_not_answer_is_sent_again_from_the_next_card(
    open_desk: Callable[..., Page], desk: DeskData, status: int
) -> None:
    page = open_desk()
    decide_all_but_the_last(page, desk)
    page.route(
        "**/approve*",
        lambda route: route.fulfill(status=status, body="busy") if status else route.abort(),
        times=1,
    )
    page.keyboard.press("a")
    stand_on(page, desk.cards["diapers"])
    page.wait_for_selector("#note [data-undo-last]")
    page.wait_for_selector("#outbox", state="hidden")
    assert states(desk, "latch") == ["approved"] * 3
    assert states(desk, "diapers") == ["pending"] * 3
    assert len(list_decisions(desk.db)) == 3


@pytest.mark.parametrize("status", [404, 409, 422])
def test_press_the_desk_refuses_is_told_of_on_the_next_card(
    open_desk: Callable[..., Page], desk: DeskData, status: int
) -> None:
    page = open_desk()
    decide_all_but_the_last(page, desk)
    page.route("**/approve*", lambda route: route.fulfill(status=status, body="no"), times=1)
    page.keyboard.press("a")
    stand_on(page, desk.cards["diapers"])
    page.locator("#outbox [data-part=refused] summary").click()
    row = page.locator("#outbox [data-part=refused] li")
    assert "Nothing was decided" in row.inner_text()
    assert states(desk, "latch") == ["approved", "approved", "pending"]
    row.locator("a").click()
    page.wait_for_url(f"**/cards/{desk.cards['latch']}*")
    page.locator("#outbox [data-part=refused] summary").click()
    page.locator("#outbox [data-forget]").click()
    page.wait_for_selector("#outbox", state="hidden")


def test_undo_behind_the_turn_means_the_decision_that_is_on_its_way(
    open_desk: Callable[..., Page], desk: DeskData
) -> None:
    """The next card has a decision of one's own already; that one stays."""
    page = open_desk()
    page.goto(f"/cards/{desk.cards['diapers']}")
    page.locator("#tone-expert [data-approve]").click()
    page.wait_for_selector("#tone-expert[data-state=approved]")
    decide_all_but_the_last(page, desk)
    held: list[Route] = []
    page.route("**/approve*", lambda route: held.append(route))
    page.keyboard.press("a")
    stand_on(page, desk.cards["diapers"])
    page.keyboard.press("u")
    assert "still on its way" in page.locator("#note").inner_text()
    wait_until_held(page, held)
    held[0].continue_()
    page.wait_for_selector("#note [data-undo-last]")
    page.keyboard.press("u")
    page.wait_for_url(f"**/cards/{desk.cards['latch']}*")
    page.wait_for_selector("#tone-engagement[data-state=pending]")
    assert states(desk, "latch") == ["approved", "approved", "pending"]
    assert states(desk, "diapers") == ["approved", "pending", "pending"]


def test_times_on_the_next_card_are_local_ones_too(
    enter_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = enter_desk(timezone_id="Asia/Shanghai")
    page.goto(f"/cards/{desk.cards['diapers']}")
    page.locator("#tone-mom [data-approve]").click()
    page.wait_for_selector("#tone-mom[data-state=approved]")
    page.goto(f"/cards/{desk.cards['latch']}")
    page.locator(".steps a[rel=next]").click()
    stand_on(page, desk.cards["diapers"])
    said = page.locator("time[datetime]").evaluate_all("all => all.map((one) => one.title)")
    assert said != []
    assert [title for title in said if "UTC" in title] == []


def test_text_that_is_being_written_is_not_turned_away_from(
    open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk()
    page.goto(f"/cards/{desk.cards['latch']}")
    page.wait_for_selector(".tone.is-chosen")
    at = page.locator("#tone-mom .sentence").nth(1).evaluate("s => s.getClientRects()[0].toJSON()")
    page.mouse.click(at["x"] + 2, at["y"] + at["height"] / 2)
    area = page.locator("#tone-mom textarea[name=text]")
    area.wait_for()
    assert area.evaluate("a => a.value.slice(a.selectionStart, a.selectionStart + 5)") == "The b"
    page.keyboard.type("Look: ")
    for tone in ("expert", "engagement"):
        page.locator(f"#tone-{tone} [data-approve]").click()
        page.wait_for_selector(f"#tone-{tone}[data-state=approved]")
    assert page.url.endswith(desk.cards["latch"])
    assert area.input_value().startswith("One small thing for today. 💛 Look: The b")


def test_difference_stays_on_from_card_to_card(
    open_desk: Callable[..., Page], desk: DeskData
) -> None:
    page = open_desk()
    page.goto(f"/cards/{desk.cards['latch']}")
    page.locator("[data-difference]").click()
    assert page.locator("#tone-mom .layer-rows").is_visible()
    assert not page.locator("#tone-mom .draft-text").is_visible()
    page.locator(".steps a[rel=next]").click()
    stand_on(page, desk.cards["diapers"])
    assert page.locator("#tone-mom .layer-rows").is_visible()
    assert page.locator("[data-difference]").get_attribute("aria-pressed") == "true"
    page.locator("[data-difference]").click()
    assert page.locator("#tone-mom .draft-text").is_visible()


def test_swipe_chooses_and_so_does_a_button(open_desk: Callable[..., Page], desk: DeskData) -> None:
    page = open_desk(viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto(f"/cards/{desk.cards['latch']}")
    page.wait_for_selector(".tone-tabs a[aria-current]")
    page.locator(".tone-tabs a").nth(2).click()
    page.wait_for_selector("#tone-engagement.is-chosen")
    page.locator("[data-tones]").evaluate("tones => tones.scrollTo({ left: 0 })")
    page.wait_for_selector("#tone-expert.is-chosen")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
