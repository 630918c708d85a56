"""A person's own settings, and keys for programs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import html
from sqlalchemy import text

from review_ui.agents import describe_agent
from store.api_tokens import make_api_token
from store.sessions import start_session
from store.users import Role, disable_user, get_user, set_prefs, set_role
from tests.review_ui.conftest import give_session
from tests.review_ui.desk_data import PASSWORD, DeskData
from tests.review_ui.visitor import Visitor, text_of

NEW = "nine slow green trains"


def send(visitor: Visitor, path: str, **fields: str) -> int:
    response = visitor.client.post(path, data={"csrf": visitor.csrf(), **fields})
    return response.status_code


def prefs(desk: DeskData) -> dict[str, object]:
    found = get_user(desk.db, 1)
    assert found is not None
    return dict(found.prefs)


def test_language_follows_the_person_and_the_browser(
    mara: Visitor, guest: Visitor, visit: Callable[[], Visitor], desk: DeskData
) -> None:
    answer = mara.client.post(
        "/settings/language", data={"csrf": mara.csrf(), "lang": "zh_Hans", "next": "/posts?page=1"}
    )
    assert answer.headers["location"] == "/posts?page=1"
    assert prefs(desk) == {"lang": "zh_Hans"}
    elsewhere = give_session(visit(), desk, 1)
    assert elsewhere.page("/queue").get("lang") == "zh-Hans"
    form = next(
        form
        for form in html.fromstring(guest.get("/signin").text).forms
        if form.action == "/settings/language"
    )
    guest.client.post(form.action, data={**dict(form.fields), "lang": "zh_Hans"})
    assert guest.page("/signin").get("lang") == "zh-Hans"
    assert send(mara, "/settings/language", lang="tlh") == 422


def test_address_that_is_no_page_speaks_to_whoever_asked(
    mara: Visitor, guest: Visitor, desk: DeskData
) -> None:
    set_prefs(desk.db, 1, lang="zh_Hans")
    mine, theirs = mara.get("/nowhere"), guest.get("/nowhere")
    assert (mine.status_code, theirs.status_code) == (404, 404)
    page = html.fromstring(mine.text)
    assert page.get("lang") == "zh-Hans"
    assert [link.get("href") for link in page.xpath("//main//a")] == ["/queue"]
    assert html.fromstring(theirs.text).xpath("//main//a/@href") == ["/signin"]


def test_language_switch_leads_nowhere_else(mara: Visitor) -> None:
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        data = {"csrf": mara.csrf(), "lang": "en", "next": target}
        answer = mara.client.post("/settings/language", data=data)
        assert answer.headers["location"] == "/queue"
        data = {"csrf": mara.csrf(), "theme": "dark", "next": target}
        assert mara.client.post("/settings/theme", data=data).headers["location"] == "/queue"


def test_theme_is_kept_and_given_back_to_the_system(mara: Visitor, desk: DeskData) -> None:
    assert send(mara, "/settings/theme", theme="dark") == 303
    assert mara.page("/settings").get("data-theme") == "dark"
    assert prefs(desk) == {"theme": "dark"}
    assert send(mara, "/settings/theme", theme="") == 303
    assert mara.page("/settings").get("data-theme") is None
    assert prefs(desk) == {}
    assert send(mara, "/settings/theme", theme="neon") == 422


def test_new_password_needs_the_old_one_and_ends_other_sessions(
    visit: Callable[[], Visitor], desk: DeskData
) -> None:
    mara, elsewhere = visit().sign_in("mara"), give_session(visit(), desk, 1)
    csrf, before = mara.csrf(), mara.client.cookies["spoonful_session"]

    def change(old: str, password: str, again: str) -> int:
        data = {"csrf": csrf, "old": old, "password": password, "again": again}
        return mara.client.post("/settings/password", data=data).status_code

    assert change("wrong", NEW, NEW) == 422
    assert change(PASSWORD, NEW, NEW + "x") == 422
    assert change(PASSWORD, "mara", "mara") == 422
    assert elsewhere.get("/queue").status_code == 200
    assert change(PASSWORD, NEW, NEW) == 303
    assert elsewhere.get("/queue").status_code == 303
    assert mara.client.cookies["spoonful_session"] != before
    assert mara.get("/queue").status_code == 200
    assert visit().try_sign_in("mara", PASSWORD).status_code == 422
    assert visit().try_sign_in("mara", NEW).status_code == 303


def test_old_password_cannot_be_guessed_for_long(
    mara: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_ui.entry.MAX_PER_ADDRESS", 1)
    fields = {"old": "wrong", "password": NEW, "again": NEW}
    assert [send(mara, "/settings/password", **fields) for _ in range(2)] == [422, 429]


def test_sessions_are_listed_in_words_and_ended(mara: Visitor, desk: DeskData) -> None:
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"
    start_session(desk.db, 1, 12, phone, "192.0.2.7")
    section = mara.page("/settings").get_element_by_id("sessions")
    assert "Safari on iPhone 192.0.2.7" in text_of(section)
    (action,) = section.xpath(
        ".//form[contains(@action, '/end')][contains(@action, 's/')][1]/@action"
    )[:1]
    assert send(mara, action) == 303
    assert "iPhone" not in text_of(mara.page("/settings").get_element_by_id("sessions"))
    assert mara.get("/queue").status_code == 200


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/2010 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537 Edg/140", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537", "Chrome on Android"),
        ("curl/8.5", "A browser that does not say what it is"),
        ("", "A browser that does not say what it is"),
    ],
)  # fmt: skip
def test_browsers_are_told_apart(agent: str, words: str) -> None:
    assert describe_agent(agent) == words


# --- keys for programs --------------------------------------------------------------------------


def test_api_token_is_shown_once_and_works_where_it_should(
    mara: Visitor, guest: Visitor, desk: DeskData
) -> None:
    assert send(mara, "/settings/tokens", name="Weekly export", days="30") == 303
    page = mara.page("/settings")
    key = page.get_element_by_id("token").value
    assert key.startswith("spoonful_")
    assert key not in mara.get("/settings").text
    bearer = {"authorization": f"Bearer {key}"}
    assert guest.get("/api/v1/groups", **bearer).status_code == 200
    for path in ("/queue", "/settings", "/people", "/posts"):
        assert guest.get(path, **bearer).status_code == 303, path
    (action,) = page.xpath("//form[contains(@action, '/revoke')]/@action")
    assert send(mara, action) == 303
    assert guest.get("/api/v1/groups", **bearer).status_code == 401


def test_key_has_the_role_of_its_user_and_ends_with_them(guest: Visitor, desk: DeskData) -> None:
    key = make_api_token(desk.db, 2, "import", 30)
    card_id = desk.cards["storage"]
    with desk.db.read() as session:
        query = text("SELECT id FROM drafts WHERE card_id = :card LIMIT 1")
        draft_id = session.execute(query, {"card": card_id}).scalar_one()
    path = f"/api/v1/cards/{card_id}/drafts/{draft_id}/approve"
    headers = {"authorization": f"Bearer {key}"}
    # No cookie, no CSRF token: nothing but the key is asked for.
    assert guest.client.post(path, json={}, headers=headers).status_code not in (401, 403)
    set_role(desk.db, 2, Role.OPS, 1)
    assert guest.client.post(path, json={}, headers=headers).status_code == 403
    disable_user(desk.db, "lin", 1)
    assert guest.client.post(path, json={}, headers=headers).status_code == 401


@pytest.mark.parametrize("value", ["Bearer", "Bearer x", "Basic bWFyYTp4", "", "Bearer a b", "ü"])
def test_wrong_key_is_refused_even_with_a_good_cookie(mara: Visitor, value: str) -> None:
    headers = {"authorization": value.encode()}
    answer = mara.client.get("/api/v1/groups", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
