"""Posts whose source changed or is gone: first on the list, kept or withdrawn by a person."""

from __future__ import annotations

from typing import Any

from review_ui.render import tone_name
from stages.types import Draft, PostState, Risk
from store.alerts import Alert
from store.decision_records import list_decisions
from store.decisions import undo
from store.drafts import add_drafts, list_drafts
from store.posts import PostView, count_alerts, list_posts
from tests.review_ui.desk_data import DeskData
from tests.review_ui.shelf_data import ShelfData
from tests.review_ui.visitor import Visitor, text_of


def rows(visitor: Visitor) -> dict[str, Any]:
    found = visitor.page("/posts").xpath("//li[contains(@class, 'has-alert')]")
    return {row.get("id"): row for row in found}


def view(desk: DeskData, post_id: int) -> PostView:
    return next(item for item in list_posts(desk.db) if item.post.id == post_id)


def press(visitor: Visitor, row: Any, action: str, **fields: str) -> str:
    """Send the row's form for action; returns the note it left."""
    form = next(form for form in row.xpath(".//form") if f"/{action}" in form.get("action"))
    sent = {**dict(form.fields), **fields}
    assert visitor.client.post(form.get("action"), data=sent).status_code == 303
    return text_of(visitor.page("/posts").get_element_by_id("note"))


def test_alerted_posts_come_first_with_what_changed(mara: Visitor, shelf: ShelfData) -> None:
    found = rows(mara)
    assert set(found) == {f"post-{post_id}" for post_id in shelf.posts.values()}
    changed = found[f"post-{shelf.posts['changed']}"]
    assert "Source changed" in text_of(changed)
    assert [text_of(node) for node in changed.xpath(".//del")] == ["14", "17", "4"]
    assert f"/cards/{shelf.cards['naps']}" in changed.xpath(".//a/@href")
    zh = found[f"post-{shelf.posts['zh-changed']}"]
    assert [text_of(node) for node in zh.xpath(".//ins")] == ["不超过3", "3", "能"]
    removed = found[f"post-{shelf.posts['removed']}"]
    assert "Source removed" in text_of(removed)
    assert removed.xpath(".//del | .//ins") == []


def test_keeping_a_post_is_a_recorded_decision(
    mara: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    post_id = shelf.posts["changed"]
    row = rows(mara)[f"post-{post_id}"]
    assert press(mara, row, "keep", note="Both are right.") == "The post stays as it is."
    assert view(desk, post_id).alert is Alert.NONE
    assert view(desk, post_id).post.state is PostState.PUBLISHED
    last = list_decisions(desk.db, limit=1)[0]
    assert (last.user, last.action.value, last.note) == ("mara", "keep", "Both are right.")
    history = mara.page(f"/cards/{shelf.cards['naps']}").get_element_by_id("history")
    assert "mara kept a post of Expert Both are right." in text_of(history)


def test_alerted_post_is_withdrawn(mara: Visitor, desk: DeskData, shelf: ShelfData) -> None:
    post_id = shelf.posts["removed"]
    press(mara, rows(mara)[f"post-{post_id}"], "withdraw")
    assert view(desk, post_id).post.state is PostState.WITHDRAWN
    assert count_alerts(desk.db) == 2


def test_second_of_two_people_is_told(mara: Visitor, lin: Visitor, shelf: ShelfData) -> None:
    name = f"post-{shelf.posts['changed']}"
    row = rows(lin)[name]
    press(mara, rows(mara)[name], "keep")
    assert press(lin, row, "keep") == "This post has no alert any more."


def test_alert_that_became_another_one_is_not_cleared(
    mara: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    row = rows(mara)[f"post-{shelf.posts['changed']}"]
    assert "has changed again" in press(mara, row, "keep", seen="source_removed")
    assert count_alerts(desk.db) == 3


def test_card_points_to_its_alerted_post(mara: Visitor, shelf: ShelfData) -> None:
    column = mara.tone(shelf.cards["naps"], "expert")
    link = column.xpath(".//a[@class='post-alert-mark']")[0]
    assert link.get("href") == f"/posts#post-{shelf.posts['changed']}"
    assert text_of(link) == "Source changed: keep or withdraw?"


def row(visitor: Visitor, post_id: int) -> Any:
    return visitor.page("/posts").get_element_by_id(f"post-{post_id}")


def trace(visitor: Visitor, post_id: int) -> str:
    return " ".join(text_of(line) for line in row(visitor, post_id).find_class("post-trace"))


def test_kept_post_says_who_kept_it_and_only_they_take_it_back(
    mara: Visitor, lin: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    post_id = shelf.posts["changed"]
    press(mara, rows(mara)[f"post-{post_id}"], "keep", note="Both are <right>.")
    assert trace(mara, post_id) == "Kept by mara · just now · Both are <right>."
    assert row(lin, post_id).xpath(".//button[@data-undo]") == []
    kept = row(mara, post_id)
    assert press(mara, kept, "undo") == "The post is to be decided again."
    assert view(desk, post_id).alert is Alert.SOURCE_CHANGED
    assert trace(mara, post_id) == ""
    assert press(mara, kept, "undo") == "There is nothing to undo here any more."
    assert [line.action.value for line in list_decisions(desk.db, limit=2)] == ["undo", "keep"]


def test_undo_of_another_decision_is_refused(
    mara: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    approval = list_decisions(desk.db, card_id=shelf.cards["naps"])[0]
    post_id = shelf.posts["changed"]
    fields = {"csrf": mara.csrf(), "decision": str(approval.id)}
    assert mara.client.post(f"/posts/{post_id}/undo", data=fields).status_code == 303
    assert view(desk, post_id).post.state is PostState.PUBLISHED


def test_withdrawn_post_says_who_withdrew_it_and_how(
    mara: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    removed, changed = shelf.posts["removed"], shelf.posts["changed"]
    press(mara, rows(mara)[f"post-{removed}"], "withdraw")
    assert trace(mara, removed) == "Withdrawn by mara · just now"
    assert "due" not in text_of(row(mara, removed).find_class("post-time")[0])
    approval = list_decisions(desk.db, card_id=shelf.cards["naps"])[0]
    undo(desk.db, approval.id, 1)
    assert trace(mara, changed) == "Withdrawn with its approval by mara · just now"


def test_lapsed_approval_is_a_line_of_the_history(
    mara: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    card_id = shelf.cards["naps"]
    column = mara.tone(card_id, "expert")
    assert "The source changed since this was approved." in text_of(column)
    old = next(draft for draft in list_drafts(desk.db, [card_id])[card_id] if draft.decided_at)
    new = Draft(
        key="of the new text", card_id=card_id, tone=old.tone, tone_version="1",
        tone_hash=old.tone_hash, lang="en", text="Newborns sleep 16 to 18 hours.", sentences=(),
        model="offline/house", findings=(), risk=Risk.LOW,
    )  # fmt: skip
    add_drafts(desk.db, [new], desk.run_id)
    history = mara.page(f"/cards/{card_id}").get_element_by_id("history")
    assert [text_of(line) for line in history.find_class("is-system")] == [
        f"Approval of {tone_name(old.tone)} lapsed: the source changed just now"
    ]
    assert mara.tone(card_id, old.tone).get("data-state") == "pending"
