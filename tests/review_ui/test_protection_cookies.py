"""Every cookie there is, with and without https; and where a browser is never sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from review_ui.app import create_app
from store.sessions import get_session_user
from tests.review_ui.conftest import give_session
from tests.review_ui.desk_data import DeskData, settings_for
from tests.review_ui.visitor import Visitor

OPEN_TO_SCRIPTS = {"spoonful_lang", "spoonful_theme"}
"""What a browser prefers, nothing else: unsigned, and a script may switch it."""
KINDS = {"session", "guest", "note", "invite", "token"}

WRITES = (
    ("/settings/language", {"lang": "en"}),
    ("/settings/theme", {"theme": "dark"}),
    ("/settings/theme", {"theme": ""}),
    ("/people/invites", {"role": "editor", "note": ""}),
    ("/settings/tokens", {"name": "export", "days": "30"}),
)


@pytest.fixture(params=["http", "https"])
def set_cookies(request: pytest.FixtureRequest, desk: DeskData) -> Iterator[tuple[str, list[str]]]:
    """The scheme, and every Set-Cookie a person gets in a day."""
    url = f"{request.param}://review.example.org"
    app = create_app(settings_for(desk.settings.home_path, review_url=url))
    with TestClient(app, base_url=url, follow_redirects=False) as client:
        visitor = Visitor(client)
        found = [visitor.get("/signin"), visitor.try_sign_in("mara", "wrong")]
        found.append(visitor.sign_in("mara").get("/queue"))
        csrf = visitor.csrf()
        found += [client.post(path, data={"csrf": csrf, **fields}) for path, fields in WRITES]
        found += [visitor.get("/people"), visitor.get("/settings")]
        found.append(client.post("/signout", data={"csrf": csrf}))
        found.append(visitor.try_sign_in("mara", "three warm spoons of porridge"))
        yield (
            request.param,
            [cookie for answer in found for cookie in answer.headers.get_list("set-cookie")],
        )


def test_cookies_are_shut_away(set_cookies: tuple[str, list[str]]) -> None:
    scheme, cookies = set_cookies
    wrong, names = [], set()
    for cookie in cookies:
        name, _, rest = cookie.partition("=")
        names.add(name)
        flags = {part.strip().lower() for part in rest.split(";")[1:]}
        wanted = {"samesite=lax", "path=/"}
        if name not in OPEN_TO_SCRIPTS:
            wanted.add("httponly")
        if scheme == "https" and "max-age=0" not in flags:
            wanted.add("secure")
        if not wanted <= flags or any(flag.startswith("domain") for flag in flags):
            wrong.append(cookie)
    prefix = "__Host-spoonful_" if scheme == "https" else "spoonful_"
    assert wrong == []
    assert names - OPEN_TO_SCRIPTS == {prefix + kind for kind in KINDS}


def test_session_a_stranger_planted_does_not_become_the_persons(
    guest: Visitor, desk: DeskData
) -> None:
    """Fixation: whoever knew the cookie before knows nothing after."""
    planted = give_session(guest, desk, 2).client.cookies["spoonful_session"]
    cookies = guest.client.app.state.services.cookies  # type: ignore[attr-defined]
    guest.client.cookies["spoonful_guest"] = cookies._signer("guest").sign(b"one").decode()
    fields = {"name": "mara", "password": "three warm spoons of porridge"}
    done = guest.client.post("/signin", data={**fields, "csrf": cookies.csrf_token("one")})
    assert done.status_code == 303
    fresh = next(
        cookie
        for cookie in done.headers.get_list("set-cookie")
        if cookie.startswith("spoonful_session=")
    )
    assert planted not in fresh
    token = cookies._signer("session").unsign(planted).decode()
    assert get_session_user(desk.db, token) is None


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "///evil.example",
        "\\/evil.example", "/%0d%0aLocation:https://evil.example", "javascript:alert(1)",
        "http:evil.example", "https:evil.example", "/\tevil.example", "//evil.example/..",
        "http://127.0.0.1:8400@evil.example", "/queue\\@evil.example", ".evil.example",
    ],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(mara: Visitor, target: str) -> None:
    csrf = mara.csrf()
    answers = [
        mara.client.get("/signin", params={"next": target}),
        mara.client.post("/settings/language", data={"csrf": csrf, "lang": "en", "next": target}),
        mara.client.post("/settings/theme", data={"csrf": csrf, "theme": "", "next": target}),
    ]
    for answer in answers:
        location = answer.headers["location"]
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))
        assert "\r" not in location
        assert "\n" not in location
