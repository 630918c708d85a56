"""People and invites as an admin and a guest see them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from lxml import html

from store.invites import InviteState, get_open_invite, list_invites, make_invite
from store.sessions import add_failed_sign_in, start_session
from store.users import Role, add_user, disable_user, get_user, list_users, set_role
from tests.review_ui.conftest import give_session
from tests.review_ui.desk_data import DeskData
from tests.review_ui.visitor import Visitor, text_of

GOOD = {"name": "Ana", "password": "seven small blue boats", "again": "seven small blue boats"}


def post(visitor: Visitor, path: str, **fields: str) -> str:
    """Send a form; the note the next page shows."""
    response = visitor.client.post(path, data={"csrf": visitor.csrf(), **fields})
    assert response.status_code == 303, (path, response.status_code)
    page = html.fromstring(visitor.get(response.headers["location"].partition("#")[0]).text)
    return text_of(page.get_element_by_id("note"))


def accept(visitor: Visitor, token: str, **fields: str) -> object:
    page = html.fromstring(visitor.get(f"/invite/{token}").text)
    form = next(form for form in page.forms if form.action == f"/invite/{token}")
    return visitor.client.post(form.action, data={**dict(form.fields), **GOOD, **fields})


def test_invite_is_shown_once_and_lets_one_person_in(
    mara: Visitor, visit: Callable[[], Visitor], desk: DeskData
) -> None:
    mara.client.post(
        "/people/invites", data={"csrf": mara.csrf(), "role": "lead", "note": "for Ana"}
    )
    link = mara.page("/people").get_element_by_id("link").value
    assert link.startswith("http://127.0.0.1:8400/invite/")
    token = link.rpartition("/")[2]
    assert token not in mara.get("/people").text
    ana = visit()
    assert "mara would like you to review with them." in ana.get(f"/invite/{token}").text
    done = accept(ana, token)
    assert (done.status_code, done.headers["location"]) == (303, "/queue")  # type: ignore[attr-defined]
    assert ana.get("/queue").status_code == 200
    made = next(user for user in list_users(desk.db) if user.name == "Ana")
    assert made.role is Role.LEAD
    assert visit().get(f"/invite/{token}").status_code == 404
    assert "Used by Ana" in text_of(mara.page("/people"))


def test_opening_the_link_changes_nothing(visit: Callable[[], Visitor], desk: DeskData) -> None:
    token = make_invite(desk.db, Role.EDITOR, "", 1)
    for _ in range(3):
        visitor = visit()
        assert visitor.get(f"/invite/{token}").status_code == 200
        assert visitor.client.head(f"/invite/{token}").status_code == 405
    assert get_open_invite(desk.db, token) is not None
    assert len(list_users(desk.db)) == 2


def test_links_that_let_nobody_in_answer_alike(
    visit: Callable[[], Visitor], desk: DeskData
) -> None:
    used, revoked = make_invite(desk.db, Role.EDITOR, "", 1), make_invite(desk.db, Role.OPS, "x", 1)
    assert accept(visit(), used).status_code == 303  # type: ignore[attr-defined]
    handle = next(invite.handle for invite in list_invites(desk.db) if invite.note == "x")
    assert post(give_session(visit(), desk, 1), f"/people/invites/{handle}/revoke")
    answers = set()
    for token in (used, revoked, "never-was", "x" * 500):
        for visitor in (visit(),):
            shown = visitor.get(f"/invite/{token}")
            csrf = html.fromstring(shown.text).xpath("//input[@name='csrf']/@value")[0]
            sent = visitor.client.post(f"/invite/{token}", data={**GOOD, "csrf": str(csrf)})
            for answer in (shown, sent):
                text = re.sub(r'value="[^"]*"', "", answer.text)
                answers.add((answer.status_code, text))
    assert len(answers) == 1
    assert {status for status, _ in answers} == {404}
    assert len(list_users(desk.db)) == 3


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"password": "short", "again": "short"}, "at least 12 characters"),
        ({"again": "seven small blue boots"}, "The two passwords differ."),
        ({"name": " "}, "Choose a name"),
        ({"name": "an\u202ea"}, "Choose a name"),
        ({"name": "MARA"}, "This name cannot be used here."),
        ({"name": "x" * 12, "password": "x" * 12, "again": "x" * 12}, "same few characters"),
    ],
)
def test_what_is_wrong_is_said_and_the_invite_stays(
    guest: Visitor, desk: DeskData, fields: dict[str, str], words: str
) -> None:
    token = make_invite(desk.db, Role.EDITOR, "", 1)
    answer = accept(guest, token, **fields)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert words in answer.text  # type: ignore[attr-defined]
    assert get_open_invite(desk.db, token) is not None
    assert len(list_users(desk.db)) == 2


def test_guessing_is_slowed_down(guest: Visitor, desk: DeskData) -> None:
    token = make_invite(desk.db, Role.EDITOR, "", 1)
    for _ in range(30):
        add_failed_sign_in(desk.db, ("address:testclient",))
    answer = guest.get(f"/invite/{token}")
    assert (answer.status_code, answer.headers["retry-after"]) == (404, "900")


def test_role_access_and_sessions_of_others_are_changed(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    assert post(mara, "/people/2/role", role="ops") == "lin has the role “Operations” now."
    assert lin.get("/people").status_code == 403
    assert "People" not in text_of(lin.page("/queue").xpath("//header")[0])
    assert post(mara, "/people/2/end-sessions") == "lin is signed out everywhere."
    assert lin.get("/queue").status_code == 303
    give_session(lin, desk, 2)
    assert "can no longer sign in" in post(mara, "/people/2/disable")
    assert lin.get("/queue").status_code == 303
    assert post(mara, "/people/2/enable") == "lin can sign in again."
    changes = text_of(mara.page("/people").xpath("//section[@aria-labelledby='changes-title']")[0])
    assert "mara gave lin the role “Operations” instead of “Admin”" in changes
    assert "mara ended the access of lin" in changes


def test_last_admin_is_not_taken_away(mara: Visitor, desk: DeskData) -> None:
    set_role(desk.db, 2, Role.EDITOR, 1)
    for path, fields in (("/people/1/role", {"role": "editor"}), ("/people/1/disable", {})):
        assert "mara is the only admin" in post(mara, path, **fields)
    found = get_user(desk.db, 1)
    assert found is not None
    assert (found.role, found.disabled_at) == (Role.ADMIN, None)


def test_admin_signs_out_elsewhere_and_stays(mara: Visitor, desk: DeskData) -> None:
    other = start_session(desk.db, 1, 12)
    assert post(mara, "/people/1/end-sessions") == "mara is signed out everywhere."
    assert other
    assert mara.get("/people").status_code == 200


def test_people_page_asks_the_same_for_any_number_of_people(mara: Visitor, desk: DeskData) -> None:
    from sqlalchemy import event

    def count() -> int:
        engine = mara.client.app.state.services.db.engine  # type: ignore[attr-defined]
        seen: list[str] = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", listener)
        assert mara.get("/people").status_code == 200
        event.remove(engine, "before_cursor_execute", listener)
        return len(seen)

    first = count()
    for number in range(3):
        add_user(desk.db, f"person {number}", "hash", by_id=1)
        make_invite(desk.db, Role.EDITOR, "", 1)
    disable_user(desk.db, "person 0", 1)
    assert count() == first
    assert {invite.state for invite in list_invites(desk.db)} == {InviteState.OPEN}
