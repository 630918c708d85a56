"""Ids that belong to somebody else, or to something else, do nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from review_ui.access import ACCESS
from store.api_tokens import get_token_user, list_api_tokens, make_api_token
from store.comments import add_comment, list_comments
from store.drafts import list_drafts
from store.engine import utc_now
from store.saved_views import list_views, save_view
from store.sessions import get_session_user, list_sessions, start_session
from store.users import Role, set_role
from store.working_texts import list_working
from tests.review_ui.conftest import give_session
from tests.review_ui.desk_data import DeskData
from tests.review_ui.visitor import Visitor


@dataclass(frozen=True)
class Two:
    """Two editors, neither of them an admin; browser and token: those of lin, who tries."""

    desk: DeskData
    lin: Visitor
    csrf: str

    def post(self, path: str, **fields: str) -> int:
        return self.lin.client.post(path, data={"csrf": self.csrf, **fields}).status_code


@pytest.fixture
def two(visit: Callable[[], Visitor], desk: DeskData) -> Two:
    lin = give_session(visit(), desk, 2)
    csrf = lin.csrf()
    set_role(desk.db, 2, Role.EDITOR, 1)
    return Two(desk, lin, csrf)


def test_session_of_somebody_else_goes_on(two: Two) -> None:
    db = two.desk.db
    token = start_session(db, 1, 12)
    (session,) = list_sessions(db, 1, token)
    assert two.post(f"/settings/sessions/{session.handle}/end") == 404
    assert two.post("/settings/sessions/end-others") == 303
    assert get_session_user(db, token) is not None


def test_api_token_of_somebody_else_goes_on(two: Two) -> None:
    db = two.desk.db
    key = make_api_token(db, 1, "export", 30)
    (token,) = list_api_tokens(db, 1)
    for token_id in (token.id, 0, -1, 2**63, 2**80):
        assert two.post(f"/settings/tokens/{token_id}/revoke") == 404
    assert get_token_user(db, key) is not None


def test_comment_of_somebody_else_or_on_another_card_stays(two: Two) -> None:
    db, cards = two.desk.db, two.desk.cards
    theirs = add_comment(db, cards["storage"], 1, "Mara's word.", utc_now())
    mine = add_comment(db, cards["storage"], 2, "Lin's word.", utc_now())
    assert two.post(f"/cards/{cards['storage']}/comments/{theirs}/remove") == 404
    assert two.post(f"/cards/{cards['fever']}/comments/{mine}/remove") == 404
    assert len(list_comments(db, cards["storage"])) == 2


def test_working_text_of_somebody_else_is_neither_seen_nor_changed(
    two: Two, visit: Callable[[], Visitor]
) -> None:
    db, card_id = two.desk.db, two.desk.cards["storage"]
    draft = list_drafts(db, [card_id])[card_id][0]
    path = f"/cards/{card_id}/drafts/{draft.id}/working"
    mara = give_session(visit(), two.desk, 1)
    secret = "What only mara has typed so far."
    fields = {"text": secret, "base_version": str(draft.version), "version": str(draft.version)}
    assert mara.client.post(path, data={"csrf": mara.csrf(), **fields}).status_code < 400
    assert list_working(db, [draft.id], 1)[draft.id].text == secret
    assert secret not in two.lin.get(f"/cards/{card_id}").text
    two.post(f"{path}/discard")
    two.post(path, **{**fields, "text": "Lin's own."})
    assert list_working(db, [draft.id], 1)[draft.id].text == secret


def test_saved_view_of_somebody_else_stays(two: Two) -> None:
    db = two.desk.db
    view_id = save_view(db, 1, "Mine", {"view": "flagged"}, utc_now())
    for wrong in (view_id, 0, -1, 2**63, 2**80):
        assert two.post(f"/queue/views/{wrong}/delete") in (303, 404), wrong
    assert [view.name for view in list_views(db, 1)] == ["Mine"]
    assert "Mine" not in [view.name for view in list_views(db, 2)]


OWN_ONLY = "/cards/{card_id}/drafts/{draft_id}/working/discard"
"""Takes back what oneself has typed, whatever card the address says; nobody else's."""


def test_draft_of_another_card_is_not_there(two: Two) -> None:
    """Every route with a card and a draft in its address, whichever there are."""
    db, cards = two.desk.db, two.desk.cards
    draft = list_drafts(db, [cards["storage"]])[cards["storage"]][0]
    before = list_drafts(db, [cards["storage"]])[cards["storage"]]
    wrong, tried = [], 0
    fields = {
        "version": str(draft.version),
        "base_version": str(draft.version),
        "reason": "tone",
        "text": "Another text.",
        "note": "Another.",
        "verdict": "approve",
    }
    for method, path in sorted(ACCESS):
        if "{draft_id}" not in path or "{card_id}" not in path or path == OWN_ONLY:
            continue
        address = path.format(card_id=cards["fever"], draft_id=draft.id)
        headers = {"x-csrf-token": two.csrf}
        sent = {"json": fields} if path.startswith("/api/") else {"data": fields}
        body = sent if method == "POST" else {}
        response = two.lin.client.request(method, address, headers=headers, **body)  # type: ignore[arg-type]
        tried += 1
        if response.status_code not in (404, 422):
            wrong.append((method, path, response.status_code))
    assert wrong == []
    assert tried >= 8
    assert list_drafts(db, [cards["storage"]])[cards["storage"]] == before


def test_invite_and_people_are_out_of_an_editors_reach(two: Two) -> None:
    for path in ("/people/1/disable", "/people/1/role", "/people/invites", "/people/2/role"):
        assert two.post(path, role="admin") == 403
    assert two.lin.get("/people").status_code == 403


@pytest.mark.parametrize("number", ["9" * 25, str(2**31), "-" + "9" * 25, "0", "-1", "1e3", "１"])
def test_number_no_row_has_does_no_harm(mara: Visitor, number: str) -> None:
    """On every route that takes one."""
    csrf, wrong, tried = mara.csrf(), [], 0
    for method, path in sorted(ACCESS):
        if "_id}" not in path:
            continue
        address = re.sub(r"\{\w+(:path)?\}", number, path)
        answer = mara.client.request(method, address, headers={"x-csrf-token": csrf})
        tried += 1
        if answer.status_code >= 500:
            wrong.append((method, path, answer.status_code))
    assert wrong == []
    assert tried > 25
