"""Approve, edit, reject, undo: what happens, what is said, who wins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from lxml import html

from stages.cook.checks import check_draft
from stages.cook.risk import assess_risk
from stages.types import CardChange, ChangeKind, PostState, Receipt, Risk
from store.cards import apply_changes, get_card
from store.decision_records import list_decisions
from store.drafts import DraftView, list_drafts
from store.posts import claim_due_posts, list_posts, list_published, mark_published
from store.tables import DraftState
from store.tones import get_tone
from tests.review_ui.desk_data import DeskData
from tests.review_ui.visitor import Visitor, text_of

HTMX = {"hx-request": "true"}


def draft_of(desk: DeskData, card: str, tone: str) -> DraftView:
    card_id = desk.cards[card]
    return next(d for d in list_drafts(desk.db, [card_id])[card_id] if d.tone == tone)


def groups_of(desk: DeskData) -> list[tuple[str, str, str]]:
    """(group, tone, state) of every post, the first first."""
    return [
        (view.post.group_id, view.tone, view.post.state.value)
        for view in reversed(list_posts(desk.db))
    ]


def publish(desk: DeskData) -> None:
    for post in claim_due_posts(desk.db):
        mark_published(desk.db, post.id, Receipt(external_id=str(post.id)))


def note(visitor: Visitor, path: str) -> str:
    return text_of(visitor.page(path).get_element_by_id("note"))


def test_approval_posts_to_the_groups_that_prefer_the_tone(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    response = mara.decide(card_id, "mom", "approve")
    assert (response.status_code, response.headers["location"]) == (303, f"/cards/{card_id}")
    assert groups_of(desk) == [("night-feeds", "mom", "scheduled")]
    assert note(mara, f"/cards/{card_id}") == "Mom approved for 1 group: Night Feeds Circle."
    assert note(mara, f"/cards/{card_id}") == ""


def test_three_approvals_give_each_group_the_card_once(mara: Visitor, desk: DeskData) -> None:
    for tone in ("expert", "mom", "engagement"):
        assert mara.decide(desk.cards["storage"], tone, "approve").status_code == 303
    assert groups_of(desk) == [
        ("first-fever", "expert", "scheduled"),
        ("night-feeds", "mom", "scheduled"),
        ("back-to-work", "engagement", "scheduled"),
    ]


def test_editor_chooses_groups_and_their_tone(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    changed = {
        "group": ["night-feeds", "toddler-table"],
        "tone:night-feeds": "expert",
        "tone:toddler-table": "expert",
    }
    mara.decide(card_id, "expert", "approve", changed)
    assert groups_of(desk) == [
        ("night-feeds", "expert", "scheduled"),
        ("toddler-table", "expert", "scheduled"),
    ]


def test_group_of_another_language_cannot_be_smuggled_in(mara: Visitor, desk: DeskData) -> None:
    changed = {"group": ["xin-shou-ma-ma", "nope"], "tone:xin-shou-ma-ma": "mom"}
    mara.decide(desk.cards["storage"], "mom", "approve", changed)
    assert groups_of(desk) == []
    assert draft_of(desk, "storage", "mom").state is DraftState.APPROVED


def test_button_says_for_how_many_groups(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["fever"]
    labels = {
        tone: [
            text_of(label) for label in mara.tone(card_id, tone).xpath(".//*[@data-approve-label]")
        ]
        for tone in ("expert", "mom", "engagement")
    }
    assert labels == {
        "expert": ["Approve for 1 group"],
        "mom": [],
        "engagement": ["Approve, no group"],
    }


def test_group_falls_to_another_tone_when_its_own_is_rejected(
    mara: Visitor, desk: DeskData
) -> None:
    card_id = desk.cards["storage"]
    mara.decide(card_id, "mom", "reject", {"reason": "tone"})
    fields = mara.desk_fields(card_id)
    assert fields["tone:night-feeds"] == "expert"


def test_blocked_draft_has_no_button_and_cannot_be_approved(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["fever"]
    draft = draft_of(desk, "fever", "mom")
    column = mara.tone(card_id, "mom")
    assert column.xpath(".//button[@data-approve]") == []
    assert "Blocked by a check. Edit the text it points at first." in text_of(column)
    fields = {**mara.desk_fields(card_id), "version": str(draft.version)}
    path = f"/cards/{card_id}/drafts/{draft.id}/approve"
    mara.client.post(path, data=fields)
    assert draft_of(desk, "fever", "mom") == draft
    assert note(mara, f"/cards/{card_id}").startswith("The checks block this text.")


def test_blocked_high_stakes_draft_needs_a_second_person_after_the_rewrite(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    card_id = desk.cards["fever"]
    card = get_card(desk.db, card_id)
    assert card
    mara.decide(card_id, "mom", "edit", {"text": card.text})
    assert draft_of(desk, "fever", "mom").risk is not Risk.BLOCKED
    column = mara.tone(card_id, "mom")
    assert "A second person approves it." in text_of(column)
    assert column.xpath(".//button[@data-approve]") == []
    lin.decide(card_id, "mom", "approve")
    assert draft_of(desk, "fever", "mom").state is DraftState.APPROVED


def test_draft_of_an_older_source_text_explains_itself(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    draft, old = draft_of(desk, "storage", "mom"), get_card(desk.db, card_id)
    assert old
    fields = {**mara.desk_fields(card_id), "version": str(draft.version)}
    new = replace(old, text=old.text + " Label it.", body_hash="of the longer text")
    apply_changes(desk.db, old.guide_id, [CardChange(ChangeKind.MATERIAL, old, new)], "k")
    column = mara.tone(card_id, "mom")
    assert "The source has changed since this draft was written." in text_of(column)
    assert column.xpath(".//button[@data-approve]") == []
    mara.client.post(f"/cards/{card_id}/drafts/{draft.id}/approve", data=fields)
    assert draft_of(desk, "storage", "mom") == draft
    assert note(mara, f"/cards/{card_id}").startswith("The source has changed")


def test_read_only_card_explains_itself(mara: Visitor, desk: DeskData) -> None:
    page = mara.page(f"/cards/{desk.cards['sleep']}")
    assert "does not let us publish adapted text" in page.text_content()
    assert page.xpath("//button[@data-approve]") == []


def test_edit_is_checked_again_like_the_machines_text(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    old = draft_of(desk, "storage", "expert")
    text = "Milk keeps for up to 14 hours at room temperature.\nA miracle!"
    response = mara.decide(card_id, "expert", "edit", {"text": text.replace("\n", "\r\n")})
    assert response.status_code == 303
    new = draft_of(desk, "storage", "expert")
    card, rules = get_card(desk.db, card_id), get_tone(desk.db, old.tone_hash, "en")
    assert card
    assert rules
    checked = check_draft(card, text, rules, old.sentences)
    assert checked.findings
    assert checked.score != old.score
    assert (new.text, new.findings, new.score, new.risk, new.version, new.is_edited) == (
        text,
        checked.findings,
        checked.score,
        assess_risk(checked.findings, checked.score, card.stakes, rules.flag_from),
        old.version + 1,
        True,
    )
    column = mara.tone(card_id, "expert")
    assert "edited by mara" in text_of(column)
    assert text_of(column.xpath(".//ins")[0])


def test_column_says_the_score_and_the_worst_finding_first(mara: Visitor, desk: DeskData) -> None:
    columns = [mara.tone(desk.cards["fever"], tone) for tone in ("expert", "mom", "engagement")]
    said = [text_of(column.xpath(".//p[@class='chance']")[0]) for column in columns]
    found = [text_of(item) for item in columns[2].xpath(".//li[@data-finding]//summary")]
    assert said == [f"{share} likely to stray" for share in ("4%", "over 99%", "62%")]
    assert found == [
        "Major The card does not mention paracetamol (“paracetamol”).",
        "Perhaps The warning “Do not give any medicine before a doctor has seen the baby.” "
        "is missing.",
        "Hint 44 words; this tone asks for 60.",
    ]
    quiet = columns[2].xpath(".//li[contains(@class, 'sev-perhaps')]")[0].get("data-finding")
    page = mara.page(f"/cards/{desk.cards['fever']}")
    (mark,) = page.xpath(f"//*[@data-source]//mark[contains(@data-f, '{quiet}')]")
    assert text_of(mark) == "Do not give any medicine before a doctor has seen the baby."


def test_column_says_no_score_where_nobody_scored(mara: Visitor, desk: DeskData) -> None:
    assert mara.tone(desk.cards["storage"], "expert").xpath(".//p[@class='chance']") == []


@pytest.mark.parametrize("text", ["", "   \r\n ", "x" * 20_001])
def test_edit_that_cannot_be_kept_is_handed_back(mara: Visitor, desk: DeskData, text: str) -> None:
    old = draft_of(desk, "storage", "expert")
    response = mara.decide(desk.cards["storage"], "expert", "edit", {"text": text}, **HTMX)
    assert response.status_code == 422
    assert draft_of(desk, "storage", "expert") == old
    area = html.fromstring(response.text).xpath("//textarea[@name='text']")[0]
    assert area.text.strip() == (text.strip() or old.text)


def test_edit_that_changes_nothing_writes_nothing(mara: Visitor, desk: DeskData) -> None:
    old = draft_of(desk, "storage", "expert")
    mara.decide(desk.cards["storage"], "expert", "edit")
    assert draft_of(desk, "storage", "expert") == old
    assert list_decisions(desk.db) == ()


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_loser_of_a_race_keeps_the_text(
    mara: Visitor, lin: Visitor, desk: DeskData, headers: dict[str, str]
) -> None:
    card_id = desk.cards["storage"]
    seen = draft_of(desk, "storage", "mom")
    lin.decide(card_id, "mom", "edit", {"text": seen.text + " Lin was here."})
    mine = seen.text + " Mara’s <words>."
    sent = {"text": mine, "version": str(seen.version)}
    response = mara.decide(card_id, "mom", "edit", sent, **headers)
    assert response.status_code == 409
    tree = html.fromstring(response.text)
    assert "Your text is kept below." in tree.text_content()
    assert tree.xpath("//textarea[@name='text']")[0 if headers else 1].text.strip() == mine
    assert draft_of(desk, "storage", "mom").text == seen.text + " Lin was here."


def test_loser_keeps_the_text_when_the_draft_was_decided(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    card_id = desk.cards["storage"]
    seen = draft_of(desk, "storage", "mom")
    path = f"/cards/{card_id}/drafts/{seen.id}/edit"
    fields = {**mara.desk_fields(card_id), "version": str(seen.version), "text": "My own words."}
    lin.decide(card_id, "mom", "approve")
    response = mara.client.post(path, data=fields, headers=HTMX)
    assert response.status_code == 409
    assert "My own words." in html.fromstring(response.text).xpath("//textarea[@readonly]")[0].text


def test_of_two_people_deciding_at_once_one_wins(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    card_id = desk.cards["storage"]
    draft = draft_of(desk, "storage", "engagement")
    base = f"/cards/{card_id}/drafts/{draft.id}"
    calls = []
    for visitor, action in ((mara, "approve"), (lin, "reject")):
        fields = {
            **visitor.desk_fields(card_id),
            "version": str(draft.version),
            "reason": "tone",
        }
        calls.append((visitor, f"{base}/{action}", fields))

    def send(call: tuple[Visitor, str, dict[str, object]]) -> int:
        visitor, path, fields = call
        return visitor.client.post(path, data=fields, headers=HTMX).status_code  # type: ignore[arg-type]

    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(send, calls))
    assert sorted(codes) == [200, 409]
    assert len(list_decisions(desk.db)) == 1
    winner = DraftState.APPROVED if codes[0] == 200 else DraftState.REJECTED
    assert draft_of(desk, "storage", "engagement").state is winner
    assert len(list_posts(desk.db)) == (1 if codes[0] == 200 else 0)


def test_rejection_needs_a_reason_and_keeps_the_note(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    response = mara.decide(card_id, "mom", "reject", {"reason": ""}, **HTMX)
    assert response.status_code == 422
    assert list_decisions(desk.db) == ()
    mara.decide(card_id, "mom", "reject", {"reason": "tone", "note": " Too <sweet>. "})
    decision = list_decisions(desk.db)[0]
    assert (decision.reason, decision.note, decision.user) == ("tone", "Too <sweet>.", "mara")
    column = mara.tone(card_id, "mom")
    assert "Rejected by mara: Not in this tone" in text_of(column)
    assert "Too <sweet>." in text_of(column)


def test_rejecting_one_tone_leaves_the_others(mara: Visitor, desk: DeskData) -> None:
    mara.decide(desk.cards["storage"], "mom", "reject", {"reason": "tone"})
    states = [draft_of(desk, "storage", tone).state for tone in ("expert", "mom", "engagement")]
    assert states == [DraftState.PENDING, DraftState.REJECTED, DraftState.PENDING]


def test_undo_before_publishing_keeps_the_post_in(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    mara.decide(card_id, "mom", "approve")
    mara.decide(card_id, "mom", "undo")
    assert groups_of(desk) == [("night-feeds", "mom", "withdrawn")]
    assert draft_of(desk, "storage", "mom").state is DraftState.PENDING
    assert claim_due_posts(desk.db) == ()
    mara.decide(card_id, "mom", "approve")
    assert groups_of(desk) == [("night-feeds", "mom", "scheduled")]


def test_undo_after_publishing_takes_the_post_out_of_the_feed(
    mara: Visitor, desk: DeskData
) -> None:
    card_id = desk.cards["storage"]
    mara.decide(card_id, "mom", "approve")
    publish(desk)
    before = mara.get("/feeds/night-feeds.atom")
    assert before.text.count("<entry") == 1
    mara.decide(card_id, "mom", "undo")
    after = mara.get(
        "/feeds/night-feeds.atom",
        **{"if-none-match": before.headers["etag"]},
    )
    assert (after.status_code, after.text.count("<entry")) == (200, 0)
    assert note(mara, f"/cards/{card_id}") == "Mom is open again. 1 post withdrawn."
    assert list_published(desk.db, "night-feeds") == ()


def test_undo_counts_only_the_posts_it_withdraws(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    changed = {"group": ["night-feeds", "toddler-table"], "tone:toddler-table": "mom"}
    mara.decide(card_id, "mom", "approve", changed)
    taken_back = list_posts(desk.db, group_id="toddler-table")[0].post.id
    mara.client.post(f"/posts/{taken_back}/withdraw", data={"csrf": mara.csrf()})
    mara.decide(card_id, "mom", "undo")
    assert note(mara, f"/cards/{card_id}") == "Mom is open again. 1 post withdrawn."


def test_only_the_person_who_decided_can_undo(mara: Visitor, lin: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    mara.decide(card_id, "mom", "approve")
    draft = draft_of(desk, "storage", "mom")
    assert "Only mara can undo this." in text_of(lin.tone(card_id, "mom"))
    path = f"/cards/{card_id}/drafts/{draft.id}/undo"
    response = lin.client.post(path, data=lin.desk_fields(card_id), headers=HTMX)
    assert response.status_code == 409
    assert draft_of(desk, "storage", "mom").state is DraftState.APPROVED


def test_draft_answers_only_under_its_own_card(mara: Visitor, desk: DeskData) -> None:
    draft = draft_of(desk, "storage", "mom")
    fields = {**mara.desk_fields(desk.cards["latch"]), "version": str(draft.version)}
    for card_id in (desk.cards["latch"], "nope"):
        path = f"/cards/{card_id}/drafts/{draft.id}/approve"
        assert mara.client.post(path, data=fields).status_code == 404
    assert draft_of(desk, "storage", "mom") == draft


@pytest.mark.parametrize("version", ["", "x", "-1", "1e3", "٣", "9" * 30])
def test_form_without_a_version_is_refused(mara: Visitor, desk: DeskData, version: str) -> None:
    response = mara.decide(desk.cards["storage"], "mom", "approve", {"version": version})
    assert response.status_code == 422
    assert list_decisions(desk.db) == ()


def test_htmx_gets_the_tone_and_what_else_changed(mara: Visitor, desk: DeskData) -> None:
    response = mara.decide(desk.cards["storage"], "mom", "approve", {"active_s": "12.5"}, **HTMX)
    assert response.status_code == 200
    tree = html.fromstring(f"<div>{response.text}</div>")
    assert [node.get("id") for node in tree] == ["tone-mom", "note", "advance", "groups", "history"]
    assert [node.get("hx-swap-oob") for node in tree] == [None, "innerHTML", "true", "true", "true"]
    assert tree[0].get("data-state") == "approved"
    assert "<html" not in response.text


def test_all_decided_offers_the_next_card_of_the_same_view(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    for tone in ("expert", "mom"):
        mara.decide(card_id, tone, "approve")
    column = mara.page(f"/cards/{card_id}?lang=en").get_element_by_id("tone-engagement")
    path = column.xpath(".//button[@data-approve]")[0].get("formaction")
    assert path.endswith("/approve?lang=en")
    fields = {**mara.desk_fields(card_id), "version": "1"}
    response = mara.client.post(path, data=fields, headers=HTMX)
    advance = html.fromstring(f"<div>{response.text}</div>").xpath("//*[@data-advance]")[0]
    assert advance.get("href") == f"/cards/{desk.cards['latch']}?lang=en"


def test_failed_and_unclear_posts_offer_their_next_action(mara: Visitor, desk: DeskData) -> None:
    from store.posts import mark_failed, mark_verify

    for tone in ("expert", "mom", "engagement"):
        mara.decide(desk.cards["storage"], tone, "approve")
    first, second, third = claim_due_posts(desk.db)
    mark_failed(desk.db, first.id, "The group's server answered 500.")
    mark_verify(desk.db, second.id, "The sender ended while sending.")
    mark_published(desk.db, third.id, Receipt(external_id="3"))
    page = mara.page("/posts")
    assert "The group's server answered 500." in page.text_content()
    buttons = [text_of(button) for button in page.xpath("//*[@class='post-actions']//button")]
    assert sorted(buttons) == [
        "It is not", "It is out", "Send again", "Withdraw", "Withdraw", "Withdraw",
    ]  # fmt: skip
    csrf = mara.csrf()
    mara.client.post(f"/posts/{first.id}/retry", data={"csrf": csrf})
    mara.client.post(f"/posts/{second.id}/settle", data={"csrf": csrf, "is_out": "yes"})
    mara.client.post(f"/posts/{third.id}/withdraw", data={"csrf": csrf})
    states = {view.post.id: view.post.state for view in list_posts(desk.db)}
    assert states == {
        first.id: PostState.SCHEDULED,
        second.id: PostState.PUBLISHED,
        third.id: PostState.WITHDRAWN,
    }
    log = [(d.action.value, d.user) for d in list_decisions(desk.db)]
    assert log[:3] == [("withdraw", "mara"), ("settle", "mara"), ("retry", "mara")]
    history = text_of(mara.page(f"/cards/{desk.cards['storage']}").get_element_by_id("history"))
    assert "mara sent again a post of" in history
    assert "mara settled a post of" in history
    again = mara.client.post(f"/posts/{first.id}/settle", data={"csrf": csrf, "is_out": "yes"})
    assert again.status_code == 303
    assert note(mara, "/posts") == "Somebody settled this post already."
