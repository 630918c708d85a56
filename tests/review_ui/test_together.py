"""Several people on one card: who is on it, what they typed, what they say to each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from httpx import Response
from lxml import html

from stages.snippets import load_snippets
from stages.types import Risk
from store.comments import list_comments
from store.decision_types import By, RejectReason
from store.decisions import edit
from store.drafts import DraftView, list_drafts
from store.engine import utc_now
from store.groups import list_groups, set_groups
from store.leases import LEASE_S, get_lease, take
from store.settings import SEEDS
from store.working_texts import list_working
from tests.deciding import reject
from tests.review_ui.desk_data import XSS, DeskData
from tests.review_ui.visitor import Visitor, text_of

FRAGMENT = {"HX-Request": "true"}
MARA, LIN = 1, 2


def draft_of(desk: DeskData, name: str = "storage", tone: str = "expert") -> DraftView:
    card_id = desk.cards[name]
    return next(one for one in list_drafts(desk.db, [card_id])[card_id] if one.tone == tone)


def path_of(draft: DraftView) -> str:
    return f"/cards/{draft.card_id}/drafts/{draft.id}"


def send(visitor: Visitor, path: str, **fields: str) -> Response:
    headers = visitor.client.headers
    if "x-csrf-token" not in headers:
        headers["x-csrf-token"] = visitor.csrf()
    return visitor.client.post(path, data=fields, headers=FRAGMENT)


# --- presence ---


def test_opening_a_card_takes_nothing(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    page = mara.page(f"/cards/{card_id}")
    assert "Nobody is on this card" in text_of(page.xpath("//*[@data-presence]")[0])
    assert get_lease(desk.db, card_id, utc_now()) is None


def test_card_is_claimed_seen_by_others_and_let_go(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    card = f"/cards/{desk.cards['storage']}"
    assert "You are on this card" in send(mara, f"{card}/lease").text
    assert "mara is on this card" in send(lin, f"{card}/lease").text
    assert "mara is on this card" in text_of(lin.page(card).xpath("//*[@data-presence]")[0])
    assert "mara is on this card" in send(lin, f"{card}/lease/release").text
    assert "Nobody is on this card" in send(mara, f"{card}/lease/release").text


def test_whoever_lost_the_card_is_told_at_the_next_beat(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    card = f"/cards/{desk.cards['storage']}"
    send(mara, f"{card}/lease")
    assert "You are on this card" in send(lin, f"{card}/lease/take-over").text
    told = send(mara, f"{card}/lease/beat", had="1").text
    assert "lin took this card over." in told
    assert "took this card over" not in send(mara, f"{card}/lease/beat").text


def test_a_beat_takes_a_card_whose_lease_ran_out(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    take(desk.db, card_id, LIN, utc_now() - timedelta(seconds=LEASE_S))
    assert "You are on this card" in send(mara, f"/cards/{card_id}/lease/beat").text


def test_forms_without_javascript_lead_back_to_the_card(mara: Visitor, desk: DeskData) -> None:
    card = f"/cards/{desk.cards['storage']}"
    form = mara.page(card).xpath("//*[@data-presence]//form")[0]
    response = mara.client.post(form.action, data=dict(form.fields))
    assert (response.status_code, response.headers["location"]) == (303, card)
    assert "You are on this card" in mara.get(card).text


def test_a_card_that_does_not_exist_cannot_be_claimed(mara: Visitor) -> None:
    assert send(mara, "/cards/nope/lease").status_code == 404


# --- typing ---


def test_typing_is_kept_and_shown_to_its_author_alone(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    draft = draft_of(desk)
    typed = send(
        mara, f"{path_of(draft)}/working", text=f"Half a {XSS}", version=str(draft.version)
    )
    assert typed.status_code == 204
    kept = mara.page(f"/cards/{draft.card_id}").xpath("//*[@data-kept-text]")
    assert [one.text.strip("\n") for one in kept] == [f"Half a {XSS}"]
    assert lin.page(f"/cards/{draft.card_id}").xpath("//*[@data-kept-text]") == []
    assert send(lin, f"{path_of(draft)}/working/discard").status_code == 204
    assert send(mara, f"{path_of(draft)}/working/discard").status_code == 204
    assert list_working(desk.db, [draft.id], MARA) == {}


def test_typing_into_a_changed_draft_shows_three_texts_and_keeps_mine(
    mara: Visitor, desk: DeskData
) -> None:
    draft = draft_of(desk)
    edit(desk.db, draft.id, By(LIN, draft.version), draft.text + " Lin was here.", (), Risk.LOW)
    mine = draft.text + f" Mine. {XSS}"
    clash = send(mara, f"{path_of(draft)}/working", text=mine, version=str(draft.version))
    assert clash.status_code == 409
    tree = html.fromstring(clash.text)
    assert "lin saved another text while you typed." in text_of(tree)
    added = [text_of(one) for one in tree.xpath("//ins")]
    assert added == ["Lin was here.", f"Mine. {XSS}"]
    assert list_working(desk.db, [draft.id], MARA)[draft.id].text == mine


def test_typing_goes_with_its_own_card_only(mara: Visitor, desk: DeskData) -> None:
    draft, other = draft_of(desk), desk.cards["latch"]
    for way in ("working", "check"):
        path = f"/cards/{other}/drafts/{draft.id}/{way}"
        assert send(mara, path, text="x", version="1").status_code == 404
    assert mara.get(f"/cards/{other}/drafts/{draft.id}/versions").status_code == 404
    assert mara.get(f"/cards/{other}/drafts/{draft.id}/snippets").status_code == 404


def test_live_check_says_what_saving_would_and_keeps_nothing(mara: Visitor, desk: DeskData) -> None:
    draft = draft_of(desk)
    wrong = draft.text.replace("4 hours", "9 hours")
    live = html.fromstring(send(mara, f"{path_of(draft)}/check", text=wrong).text)
    findings = [text_of(one) for one in live.xpath("//*[@data-finding]")]
    marked = [text_of(one) for one in live.xpath("//*[@data-part='ink']//mark")]
    assert any("9 hours" in one for one in findings)
    assert "9 hours" in " ".join(marked)
    assert draft_of(desk).text == draft.text
    mara.decide(draft.card_id, "expert", "edit", {"text": wrong})
    assert len(draft_of(desk).findings) == len(findings)


def test_live_check_lays_the_text_out_as_it_stands(mara: Visitor, desk: DeskData) -> None:
    draft = draft_of(desk)
    text = f"One  {XSS}\n\n  two\n"
    live = html.fromstring(send(mara, f"{path_of(draft)}/check", text=text).text)
    assert live.xpath("//*[@data-part='ink']")[0].text_content() == text + "\n"
    assert live.xpath("//script | //img") == []


def test_meters_show_the_tones_length_and_a_channels_bytes(mara: Visitor, desk: DeskData) -> None:
    groups = list_groups(desk.db)
    set_groups(desk.db, [replace(one, channel="wecom") for one in groups])
    draft = draft_of(desk, "zh-vitamin")
    live = html.fromstring(send(mara, f"{path_of(draft)}/check", text="奶" * 1500).text)
    length, wecom = [text_of(one) for one in live.xpath("//*[@class[contains(., 'meter is-')]]")]
    assert length.split(" of ")[0] == "Length 1,500"
    assert wecom.split(" of ")[1] == "4,096 bytes too long"


def test_a_version_is_saved_under_its_name_and_compared_with_now(
    mara: Visitor, desk: DeskData
) -> None:
    draft = draft_of(desk)
    text = draft.text + " Softer."
    mara.decide(draft.card_id, "expert", "edit", {"text": text, "version_name": "Softer end"})
    page = mara.page(f"{path_of(draft)}/versions")
    heads = [text_of(one) for one in page.xpath("//*[@class='draft-version-head']")]
    assert "The text of now Softer end · mara" in heads[0]
    assert heads[1].startswith("As the machine wrote it")
    form = next(one for one in page.forms if one.action.endswith("/edit"))
    mara.client.post(form.action, data=dict(form.fields))
    assert draft_of(desk).text == draft.text


def test_ready_lines_are_those_of_language_topic_and_country(mara: Visitor, desk: DeskData) -> None:
    english = mara.page(f"{path_of(draft_of(desk))}/snippets")
    chinese = mara.page(f"{path_of(draft_of(desk, 'zh-fever'))}/snippets")
    assert "does not replace advice from a doctor" in text_of(english)
    assert "999" not in text_of(english)
    assert "不能代替医生" in text_of(chinese)
    assert "advice" not in text_of(chinese.get_element_by_id("main"))


# --- comments ---


def test_comment_calls_somebody_until_they_have_seen_it(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    card = f"/cards/{desk.cards['storage']}"
    send(mara, f"{card}/comments", text=f"@lin is this so? {XSS}")
    comment = lin.page(card).xpath("//*[@class='comment is-new']")[0]
    assert [text_of(one) for one in comment.xpath(".//*[@class='called']")] == ["@lin"]
    assert XSS in text_of(comment)
    mine = "//*[@class='rows']//a[@class='row-title']/@href"
    assert lin.page("/queue?view=mine").xpath(mine) == [f"{card}?view=mine"]
    send(lin, f"{card}/comments/seen")
    assert lin.page("/queue?view=mine").xpath(mine) == []


def test_only_ones_own_comment_can_be_taken_back(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    card_id = desk.cards["storage"]
    send(mara, f"/cards/{card_id}/comments", text="Mine")
    (comment,) = list_comments(desk.db, card_id)
    path = f"/cards/{card_id}/comments/{comment.id}/remove"
    assert send(lin, path).status_code == 404
    assert lin.page(f"/cards/{card_id}").xpath("//button[contains(@formaction, '/remove')]") == []
    assert send(mara, path).status_code == 200
    assert list_comments(desk.db, card_id) == ()


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 2001])
def test_empty_and_endless_comments_are_refused(mara: Visitor, desk: DeskData, text: str) -> None:
    card_id = desk.cards["storage"]
    answer = send(mara, f"/cards/{card_id}/comments", text=text)
    assert answer.status_code == 422
    assert text.strip() in answer.text
    assert list_comments(desk.db, card_id) == ()


def test_comment_form_works_without_javascript(mara: Visitor, desk: DeskData) -> None:
    card = f"/cards/{desk.cards['storage']}"
    form = next(one for one in mara.page(card).forms if one.get("id") == "comment-form")
    response = mara.client.post(form.action, data={**dict(form.fields), "text": "Plain"})
    assert (response.status_code, response.headers["location"]) == (303, f"{card}#comments")


def test_names_to_call_leave_out_oneself(mara: Visitor, visit: Callable[[], Visitor]) -> None:
    names = html.fromstring(mara.get("/comments/names", **FRAGMENT).text)
    assert [text_of(one) for one in names.xpath("//li")] == ["lin"]


def test_no_shipped_line_blocks_a_draft_it_is_put_into(mara: Visitor, desk: DeskData) -> None:
    blocked = []
    for line in load_snippets(SEEDS / "snippets.yaml"):
        draft = draft_of(desk, "diapers" if line.lang == "en" else "zh-vitamin")
        live = send(mara, f"{path_of(draft)}/check", text=f"{draft.text}\n{line.text}")
        if "risk-low" not in live.text:
            blocked.append(line.id)
    assert blocked == []


def test_typing_is_found_on_a_draft_somebody_decided_meanwhile(
    mara: Visitor, desk: DeskData
) -> None:
    draft = draft_of(desk)
    send(mara, f"{path_of(draft)}/working", text="Half of it", version=str(draft.version))
    reject(desk.db, draft.id, By(LIN, draft.version), RejectReason.TONE)
    tone = mara.tone(draft.card_id, "expert")
    assert text_of(tone.xpath(".//*[@data-kept-text]")[0]) == "Half of it"
    discard = tone.xpath(".//*[@data-discard]")[0]
    mara.client.post(discard.get("formaction"), data={"csrf": mara.csrf()})
    assert list_working(desk.db, [draft.id], MARA) == {}
