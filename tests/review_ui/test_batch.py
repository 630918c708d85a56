"""Approving many at once, taking back, two verdicts and writing again, as the pages do it."""

from __future__ import annotations

from stages.types import Stakes
from store.cards import get_card
from store.cook_requests import claim, fail, get_last, list_open
from store.decision_records import list_decisions
from store.drafts import list_drafts
from store.posts import list_posts
from store.tables import DraftState
from tests.review_ui.desk_data import DeskData
from tests.review_ui.visitor import Visitor

HTMX = {"hx-request": "true"}


def picks(visitor: Visitor) -> dict[str, list[str]]:
    """What the batch page would send."""
    page = visitor.page("/batch")
    form = page.xpath("//form[@data-batch]")[0]
    fields: dict[str, list[str]] = {}
    for field in form.xpath(".//input"):
        fields.setdefault(field.get("name"), []).append(field.get("value"))
    return fields


def states(desk: DeskData) -> dict[tuple[str, str], DraftState]:
    found = list_drafts(desk.db, list(desk.cards.values()))
    return {(card, d.tone): d.state for card, drafts in found.items() for d in drafts}


def test_batch_page_lists_only_what_may_be_waved_through(mara: Visitor, desk: DeskData) -> None:
    shown = {int(value.partition(":")[0]) for value in picks(mara)["pick"]}
    cards = {
        card: drafts
        for card, drafts in list_drafts(desk.db, list(desk.cards.values())).items()
        if any(draft.id in shown for draft in drafts)
    }
    assert shown
    assert {draft.risk.value for drafts in cards.values() for draft in drafts} == {"low"}


def test_batch_is_one_press_and_one_undo(mara: Visitor, desk: DeskData) -> None:
    before = states(desk)
    sent = picks(mara)
    answer = mara.client.post("/batch", data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, "/undo")
    approved = [place for place, state in states(desk).items() if state is DraftState.APPROVED]
    assert len(approved) == len(sent["pick"])
    mara.client.post("/batch", data=sent)  # the same press again
    assert len(list_decisions(desk.db)) == len(sent["pick"])
    page = mara.page("/undo")
    (action,) = page.xpath("//ol//form/@action")
    mara.client.post(action, data={"csrf": sent["csrf"]})
    assert states(desk) == before
    assert {view.post.state.value for view in list_posts(desk.db)} == {"withdrawn"}
    assert page.xpath("//ol//form")
    assert not mara.page("/undo").xpath("//ol//form")


def test_undo_last_takes_back_the_newest(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    mara.decide(card_id, "mom", "approve")
    mara.decide(card_id, "expert", "reject", {"reason": "wrong"})
    csrf = mara.csrf()
    answer = mara.client.post("/undo/last", data={"csrf": csrf, "next": f"/cards/{card_id}"})
    assert answer.headers["location"] == f"/cards/{card_id}"
    now = states(desk)
    assert now[card_id, "mom"] is DraftState.APPROVED
    assert now[card_id, "expert"] is DraftState.PENDING


def test_tone_is_written_again_only_once_and_says_why_not(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    assert mara.decide(card_id, "mom", "regenerate", {"note": "Shorter <b>"}).status_code == 303
    draft = next(d for d in list_drafts(desk.db, [card_id])[card_id] if d.tone == "mom")
    path = f"/cards/{card_id}/drafts/{draft.id}/regenerate"
    assert list(list_open(desk.db, card_id)) == [draft.id]
    assert mara.client.get(path, headers=HTMX).status_code == 204
    taken = claim(desk.db, "me")
    assert taken is not None
    fail(desk.db, taken.id, "me", "The model was away.")
    answer = mara.client.get(path, headers=HTMX)
    assert answer.headers["hx-retarget"] == f"#regenerate-{draft.id}"
    assert "The model was away." in answer.text
    found = get_last(desk.db, draft.id)
    assert found is not None
    assert found.note == "Shorter <b>"


def test_second_editor_finds_no_trace_of_the_first_verdict(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    card_id = next(
        card
        for card, drafts in list_drafts(desk.db, list(desk.cards.values())).items()
        if any(d.risk.value == "low" for d in drafts) and is_high(desk, card)
    )
    tone = next(d.tone for d in list_drafts(desk.db, [card_id])[card_id] if d.risk.value == "low")
    mara.decide(card_id, tone, "reject", {"reason": "unclear", "note": "Kumquat."})
    for path in (f"/cards/{card_id}", "/queue", "/audit", f"/api/v1/cards/{card_id}", "/undo"):
        answer = lin.client.get(path)
        assert answer.status_code == 200
        assert "Kumquat" not in answer.text
    assert "Somebody has looked." in lin.client.get(f"/cards/{card_id}").text
    assert states(desk)[card_id, tone] is DraftState.PENDING
    lin.decide(card_id, tone, "reject", {"reason": "unclear"})
    assert states(desk)[card_id, tone] is DraftState.REJECTED
    assert "Kumquat." in lin.client.get(f"/cards/{card_id}").text


def is_high(desk: DeskData, card_id: str) -> bool:
    card = get_card(desk.db, card_id)
    return card is not None and card.stakes is Stakes.HIGH
