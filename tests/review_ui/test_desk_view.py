"""The card page: what stands on it, ties of sentences, races, presses that come twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lxml import html

from review_ui.desk import get_desk
from review_ui.filters import read_filter
from store.decision_records import list_decisions
from store.drafts import list_drafts
from store.engine import utc_now
from store.leases import get_lease, take
from store.posts import list_posts
from store.users import list_users
from tests.review_ui.desk_data import DeskData
from tests.review_ui.shelf_data import ShelfData
from tests.review_ui.ties import count_ties
from tests.review_ui.visitor import Visitor, text_of


def test_every_structured_sentence_is_tied_to_source_sentences_on_the_page(
    mara: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    cards = {**desk.cards, **shelf.cards}.values()
    assert count_ties(mara, desk.db, cards) > 60


def test_source_stands_in_its_guide(mara: Visitor, desk: DeskData) -> None:
    page = mara.page(f"/cards/{desk.cards['latch']}")
    above, below = (
        [text_of(line) for line in page.xpath(f"//details[contains(@class, '{side}')]//p")]
        for side in ("is-above", "is-below")
    )
    assert above[-2:] == ["Do not refreeze milk that has thawed.", "Latching on"]
    assert below[:2] == [
        "Is my baby getting enough?",
        "From day 5, expect at least 6 wet nappies in 24 hours.",
    ]
    facts = [text_of(row) for row in page.xpath("//dl[@class='facts']/div")]
    assert facts[:3] == [
        "PageBreastfeeding and expressed milk",
        "Reviewed2026-03-14",
        "LicenceOpen Government Licence v3.0",
    ]


def test_findings_bring_their_guideline(mara: Visitor, desk: DeskData) -> None:
    findings = mara.tone(desk.cards["fever"], "engagement").xpath(".//li[@data-finding]")
    assert [text_of(f.xpath(".//b")[0]) for f in findings] == [
        "Speaks of something else.", "A warning is missing.", "Longer or shorter than the tone.",
    ]  # fmt: skip


def test_own_words_are_marked_in_a_sentence_that_rests_on_the_source(
    mara: Visitor, desk: DeskData
) -> None:
    column = mara.tone(desk.cards["storage"], "mom")
    own = [text_of(word) for word in column.xpath(".//*[@class='own']")]
    assert own == ["counter", "fine", "long", "tuck", "Write", "freeze"]
    free = column.xpath(".//*[contains(@class, 'is-free')]")
    assert [text_of(sentence) for sentence in free] == [
        "That little bag of milk took work, so here is how to keep it safe. 💛"
    ]


def test_layers_follow_an_edit(mara: Visitor, desk: DeskData) -> None:
    card = desk.cards["storage"]
    draft = next(d for d in list_drafts(desk.db, [card])[card] if d.tone == "expert")
    assert mara.tone(card, "expert").xpath(".//*[contains(@class, 'layer-mine')]") == []
    mara.decide(card, "expert", "edit", {"text": draft.text.replace("4 hours", "3 hours")})
    rows = mara.tone(card, "expert").xpath(".//ol[contains(@class, 'layer-rows')]/li")
    assert len(rows) == len(draft.sentences)
    mine = [row.xpath(".//*[contains(@class, 'layer-mine')]") for row in rows]
    assert [bool(layer) for layer in mine] == [True, False, False, False]
    assert [e.tag + e.text for e in mine[0][0].iter("ins", "del")] == ["del4", "ins3"]


def test_a_fragment_of_the_card_is_its_desk_alone(mara: Visitor, desk: DeskData) -> None:
    page = mara.get(f"/cards/{desk.cards['latch']}?lang=en", **{"HX-Request": "true"})
    assert page.status_code == 200
    assert page.text.lstrip().startswith('<div class="desk"')
    assert "<html" not in page.text
    assert 'data-title="Signs of a good latch · Spoonful"' in page.text
    whole = mara.get(f"/cards/{desk.cards['latch']}?lang=en").text
    assert len(page.text) < len(whole)


def test_low_risk_tones_are_approved_together(mara: Visitor, desk: DeskData) -> None:
    card = desk.cards["diapers"]
    page = mara.page(f"/cards/{card}")
    button = page.xpath("//button[@data-approve-all]")[0]
    assert "Approve 2 low-risk tones" in text_of(button)
    fields = {**mara.desk_fields(card), "low": page.xpath("//input[@name='low']/@value")}
    answer = mara.client.post(button.get("formaction"), data=fields)
    assert answer.status_code == 303
    states = {d.tone: d.state.value for d in list_drafts(desk.db, [card])[card]}
    assert states == {"expert": "approved", "mom": "approved", "engagement": "pending"}
    shown = {**fields, "request_id:0": "another-press"}
    again = mara.client.post(button.get("formaction"), data=shown, headers={"HX-Request": "true"})
    assert again.status_code == 409


def test_where_much_is_at_stake_nothing_is_approved_together(mara: Visitor, desk: DeskData) -> None:
    page = mara.page(f"/cards/{desk.cards['fever']}")
    assert page.xpath("//button[@data-approve-all] | //input[@name='low']") == []


def test_first_word_of_two_waits_and_can_be_taken_back(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    card = desk.cards["fever"]
    assert mara.decide(card, "expert", "approve").status_code == 303
    mine, lins = mara.tone(card, "expert"), lin.tone(card, "expert")
    assert mine.get("data-state") == "waiting"
    assert "You would approve this." in text_of(mine)
    assert lins.get("data-state") == "pending"
    assert "mara" not in text_of(lins)
    assert mara.decide(card, "expert", "undo").status_code == 303
    assert mara.tone(card, "expert").get("data-state") == "pending"
    for visitor in (mara, lin):
        assert visitor.decide(card, "expert", "approve").status_code == 303
    assert mara.tone(card, "expert").get("data-state") == "approved"


def test_flagged_drafts_are_not_approved_together_even_when_asked_for(
    mara: Visitor, desk: DeskData
) -> None:
    card = desk.cards["fever"]
    drafts = {d.tone: d for d in list_drafts(desk.db, [card])[card]}
    flagged = drafts["engagement"]
    fields = {**mara.desk_fields(card), "low": [f"{flagged.id}:{flagged.version}"]}
    answer = mara.client.post(f"/cards/{card}/approve", data=fields, headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert list_decisions(desk.db) == ()


def test_a_press_that_comes_twice_decides_once(mara: Visitor, desk: DeskData) -> None:
    card = desk.cards["storage"]
    fields = mara.desk_fields(card)
    column = mara.tone(card, "mom")
    button = column.xpath(".//button[@data-approve]")[0]
    press = column.xpath(".//input[starts-with(@name, 'request_id:')]")[0]
    sent = {**fields, "version": button.get("value"), press.get("name"): press.get("value")}
    for _ in range(2):
        assert mara.client.post(button.get("formaction"), data=sent).status_code == 303
    assert [d.action.value for d in list_decisions(desk.db)] == ["approve"]
    assert len(list_posts(desk.db, card_id=card)) == 1


def test_the_slower_of_two_sees_what_changed_and_keeps_the_text(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    card = desk.cards["storage"]
    draft = next(d for d in list_drafts(desk.db, [card])[card] if d.tone == "mom")
    lins = draft.text.replace("4 days", "3 days")
    assert lin.decide(card, "mom", "edit", {"text": lins}).status_code == 303
    mine = draft.text.replace("4 hours", "2 hours")
    answer = mara.decide(
        card, "mom", "edit", {"text": mine, "version": str(draft.version)}, **{"HX-Request": "true"}
    )
    assert answer.status_code == 409
    column = html.fromstring(f"<div>{answer.text}</div>").get_element_by_id("tone-mom")
    conflict = column.xpath(".//*[@class='conflict']")[0]
    assert text_of(conflict).startswith("lin changed this draft while you were at it.")
    theirs, own = conflict.xpath(".//p[@class='difference']")
    assert [e.tag + e.text for e in theirs.iter("ins", "del")] == ["del4", "ins3"]
    assert [e.tag + e.text for e in own.iter("ins", "del")] == ["del4", "ins2", "del3", "ins4"]
    assert column.xpath(".//textarea[@name='text']")[0].text.strip() == mine


def test_a_card_somebody_is_on_is_taken_over_by_deciding_a_second_time(
    mara: Visitor, desk: DeskData
) -> None:
    card = desk.cards["storage"]
    lin = next(user for user in list_users(desk.db) if user.name == "lin")
    take(desk.db, card, lin.id, utc_now())
    answer = mara.decide(
        card, "mom", "reject", {"reason": "tone", "note": "Too sweet."}, **{"HX-Request": "true"}
    )
    assert answer.status_code == 409
    assert "lin is on this card. Press once more to take it over and decide." in answer.text
    assert "Too sweet." in answer.text
    assert list_decisions(desk.db) == ()
    assert (
        mara.decide(card, "mom", "reject", {"reason": "tone", "take_over": "1"}).status_code == 303
    )
    lease = get_lease(desk.db, card, utc_now())
    assert lease is not None
    assert lease.user == "mara"
    assert [d.user for d in list_decisions(desk.db)] == ["mara"]


def test_approval_may_name_the_time(mara: Visitor, desk: DeskData) -> None:
    card = desk.cards["storage"]
    draft = next(d for d in list_drafts(desk.db, [card])[card] if d.tone == "mom")
    due = (utc_now() + timedelta(days=2)).replace(second=0, microsecond=0)
    local = (due + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")
    fields: dict[str, str | list[str]] = {f"due_at:{draft.id}": local, "utc_offset": "480"}
    assert mara.decide(card, "mom", "approve", fields).status_code == 303
    assert [view.post.due_at for view in list_posts(desk.db, card_id=card)] == [due]


def test_approval_at_a_time_that_is_past_is_refused_and_the_time_kept(
    mara: Visitor, desk: DeskData
) -> None:
    card = desk.cards["storage"]
    draft = next(d for d in list_drafts(desk.db, [card])[card] if d.tone == "mom")
    fields: dict[str, str | list[str]] = {f"due_at:{draft.id}": "2020-01-01T10:00"}
    answer = mara.decide(card, "mom", "approve", fields, **{"HX-Request": "true"})
    assert answer.status_code == 422
    assert 'value="2020-01-01T10:00"' in answer.text
    assert list_decisions(desk.db) == ()


@pytest.mark.parametrize("name", ["storage", "fever", "zh-fever", "sleep"])
def test_desk_is_read_once_and_the_same_whoever_looks(desk: DeskData, name: str) -> None:
    users = list_users(desk.db)
    views = [get_desk(desk.db, desk.cards[name], user, read_filter({})) for user in users[:2]]
    assert views[0] is not None
    assert views[1] is not None
    assert views[0].stamp == views[1].stamp
    assert views[0].source_lines == views[1].source_lines
