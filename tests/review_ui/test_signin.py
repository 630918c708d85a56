"""Signing in: cookies, limits, what a signed-out person reaches."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from review_ui.app import create_app
from review_ui.routes.signin import _name_subject
from review_ui.security import safe_next
from stages.errors import ConfigError
from store.passwords import check_password, hash_password, verify_password
from store.sessions import add_failed_sign_in, get_session_user
from store.users import disable_user
from tests.review_ui.desk_data import PASSWORD, DeskData, settings_for
from tests.review_ui.visitor import Visitor


def test_sign_in_leads_back_to_where_the_person_wanted_to_go(guest: Visitor) -> None:
    response = guest.get("/queue?view=flagged&q=milk")
    assert response.headers["location"] == "/signin?next=%2Fqueue%3Fview%3Dflagged%26q%3Dmilk"
    done = guest.try_sign_in("mara", PASSWORD, "/queue?view=flagged&q=milk")
    assert (done.status_code, done.headers["location"]) == (303, "/queue?view=flagged&q=milk")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "queue",
        "javascript:alert(1)", "/queue\r\nset-cookie: a=b", "/\t/evil.example", "/signin", "",
        "http:/evil.example", "/" + "a" * 3000, "///evil.example", "http://[",
    ],
)  # fmt: skip
def test_next_never_leads_elsewhere(target: str) -> None:
    assert safe_next(target) == "/queue"


@pytest.mark.parametrize(
    ("name", "password"),
    [("mara", "wrong"), ("nobody", PASSWORD), ("mara", ""), ("", ""), ("mara", "x" * 5000)],
)
def test_wrong_name_and_wrong_password_get_the_same_answer(
    guest: Visitor, name: str, password: str
) -> None:
    response = guest.try_sign_in(name, password)
    assert response.status_code == 422
    assert "This name and password do not go together." in response.text
    assert "spoonful_session" not in response.headers.get("set-cookie", "")
    assert guest.get("/queue").status_code == 303


def test_disabled_user_is_out_at_once_and_stays_out(mara: Visitor, desk: DeskData) -> None:
    assert mara.get("/queue").status_code == 200
    disable_user(desk.db, "mara")
    assert mara.get("/queue").status_code == 303
    assert mara.try_sign_in("mara", PASSWORD).status_code == 422


def test_sign_in_stops_after_too_many_failures_for_a_name(
    visit: Callable[[], Visitor], desk: DeskData
) -> None:
    assert visit().try_sign_in("Mara ", "wrong").status_code == 422
    for _ in range(6):
        add_failed_sign_in(desk.db, (_name_subject("mara"),))
    assert visit().try_sign_in("MARA", "wrong").status_code == 422
    right = visit().try_sign_in("mara", PASSWORD)
    assert (right.status_code, right.headers["retry-after"]) == (429, "900")
    assert visit().try_sign_in("lin", PASSWORD).status_code == 303


def test_sign_in_stops_after_too_many_failures_from_an_address(
    guest: Visitor, desk: DeskData
) -> None:
    for _ in range(29):
        add_failed_sign_in(desk.db, ("address:testclient",))
    assert guest.try_sign_in("guess", "wrong").status_code == 422
    assert guest.try_sign_in("mara", PASSWORD).status_code == 429


def test_session_cookie_is_shut_away(guest: Visitor) -> None:
    response = guest.try_sign_in("mara", PASSWORD)
    cookies = response.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("spoonful_session="))
    parts = {part.strip().lower() for part in session.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/", "max-age=43200"} <= parts
    assert "secure" not in parts


def test_behind_https_cookies_are_secure_and_bound_to_the_host(desk: DeskData) -> None:
    settings = settings_for(desk.settings.home_path, review_url="https://review.example.org")
    with TestClient(
        create_app(settings), base_url="https://review.example.org", follow_redirects=False
    ) as client:
        visitor = Visitor(client)
        cookies = visitor.try_sign_in("mara", PASSWORD).headers.get_list("set-cookie")
        assert all(cookie.startswith("__Host-spoonful_") for cookie in cookies)
        assert all("; secure" in cookie.lower() for cookie in cookies)
        assert visitor.get("/queue").headers["strict-transport-security"] == "max-age=31536000"


def test_signing_in_gives_a_new_token_and_ends_the_planted_one(
    guest: Visitor, desk: DeskData
) -> None:
    browser = guest.sign_in("mara")
    services = browser.client.app.state.services  # type: ignore[attr-defined]
    planted = browser.client.cookies["spoonful_session"]
    signer = services.cookies._signer("session")
    old = signer.unsign(planted).decode()
    # Somebody else signs in on a browser that already holds a session.
    token = services.cookies.csrf_token("guest-token")
    browser.client.cookies["spoonful_guest"] = (
        services.cookies._signer("guest").sign(b"guest-token").decode()
    )
    done = browser.client.post("/signin", data={"csrf": token, "name": "lin", "password": PASSWORD})
    assert done.status_code == 303
    assert browser.client.cookies["spoonful_session"] != planted
    assert get_session_user(desk.db, old) is None


def test_signing_out_ends_the_session_on_the_server(mara: Visitor, desk: DeskData) -> None:
    kept = mara.client.cookies["spoonful_session"]
    assert mara.client.post("/signout", data={"csrf": mara.csrf()}).status_code == 303
    mara.client.cookies["spoonful_session"] = kept
    assert mara.get("/queue").status_code == 303


@pytest.mark.parametrize("cookie", ["forged", "forged.signature", "", ".", "a.b.c", "%00.x"])
def test_forged_session_cookie_is_nobody(guest: Visitor, cookie: str) -> None:
    guest.client.cookies["spoonful_session"] = cookie
    assert guest.get("/queue").status_code == 303


def test_password_rules() -> None:
    assert verify_password(hash_password(PASSWORD), PASSWORD)
    assert not verify_password(hash_password(PASSWORD), PASSWORD + " ")
    assert not verify_password("not a hash", PASSWORD)
    check_password(PASSWORD, "mara")
    check_password("十二个字的密码也是可以用的呀", "mara")
    for password in ("short", "a" * 40, "x" * 2000, "christabella"):
        with pytest.raises(ConfigError):
            check_password(password, "Christabella")
