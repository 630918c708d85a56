"""Signing in at an OpenID provider: against a real one on loopback, and against its faults."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from lxml import html

from review_ui import oidc as oidc_module
from review_ui.app import create_app
from review_ui.oidc import is_safe_url, make_oidc
from stages.errors import ConfigError
from store.identities import get_identity_user, link_identity
from store.invites import get_open_invite, make_invite
from store.settings import load_settings
from store.users import Role, disable_user, list_users
from tests.review_ui.conftest import give_session
from tests.review_ui.desk_data import DeskData, settings_for
from tests.review_ui.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, serve_provider
from tests.review_ui.visitor import Visitor

REVIEW = "http://testserver"


@pytest.fixture(scope="module")
def served() -> Iterator[Provider]:
    with serve_provider() as provider:
        yield provider


@pytest.fixture
def provider(served: Provider) -> Provider:
    served.fault, served.claims, served.kid = "", {}, "first"
    served.codes.clear()
    served.asked.clear()
    return served


@pytest.fixture
def open_browser(desk: DeskData, provider: Provider) -> Iterator[Callable[..., Visitor]]:
    """Function that opens a browser on a desk with that provider; settings: more of its own."""
    made: list[Any] = []
    apps: dict[str, Any] = {}

    def open_one(**settings: str) -> Visitor:
        key = repr(settings)
        if key not in apps:
            apps[key] = create_app(
                settings_for(
                    desk.settings.home_path,
                    review_url=REVIEW,
                    oidc_issuer=provider.issuer,
                    oidc_client_id=CLIENT_ID,
                    oidc_client_secret=CLIENT_SECRET,
                    oidc_name="Clinic ID",
                    **settings,
                )
            )
        client = TestClient(apps[key], follow_redirects=False, raise_server_exceptions=False)
        made.append(client)
        return Visitor(client)

    yield open_one
    for client in made:
        client.close()
    for app in apps.values():
        app.state.services.db.dispose()


def go_and_come_back(visitor: Visitor, provider: Provider, subject: str = "ines-1") -> Any:
    away = visitor.get("/signin/oidc?next=/posts")
    assert away.status_code == 303
    return come_back(visitor, provider.authorize(away.headers["location"], subject))


def come_back(visitor: Visitor, address: str) -> Any:
    assert address.startswith(f"{REVIEW}/signin/oidc/callback?")
    return visitor.get(address.removeprefix(REVIEW))


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/queue").status_code == 200


def test_linked_person_signs_in_and_lands_where_they_wanted(
    open_browser: Callable[..., Visitor], provider: Provider, desk: DeskData
) -> None:
    link_identity(desk.db, 1, provider.issuer, "ines-1")
    visitor = open_browser()
    assert "Sign in with Clinic ID" in visitor.get("/signin").text
    done = go_and_come_back(visitor, provider)
    assert (done.status_code, done.headers["location"]) == (303, "/posts")
    assert "Signed in as mara" in visitor.get("/queue").text
    assert provider.asked == ["/.well-known/openid-configuration", "/token", "/jwks"]


def test_stranger_gets_no_account(
    open_browser: Callable[..., Visitor], provider: Provider, desk: DeskData
) -> None:
    before = list_users(desk.db)
    visitor = open_browser()
    refused = go_and_come_back(visitor, provider)
    assert refused.status_code == 403
    assert "Nobody here goes with this account" in refused.text
    assert not is_in(visitor)
    assert list_users(desk.db) == before


FAULTS = (
    "alg none", "HS256 with the public key", "another key", "changed afterwards", "huge keys",
    "no JSON", "no token", "other issuer", "plain token endpoint", "moved", "deep",
)  # fmt: skip
CLAIMS = (
    {"nonce": "another"}, {"nonce": None}, {"aud": "another-client"}, {"aud": None},
    {"aud": [CLIENT_ID, "another-client"]}, {"azp": "another-client"}, {"exp": 1}, {"exp": None},
    {"exp": "never"}, {"iss": "https://evil.example"}, {"iss": None}, {"sub": None}, {"sub": ""},
    {"sub": 7}, {"iat": int(time.time()) + 86_400}, {"nbf": int(time.time()) + 86_400},
)  # fmt: skip


def test_no_fault_of_the_provider_lets_anybody_in(
    open_browser: Callable[..., Visitor],
    provider: Provider,
    desk: DeskData,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link_identity(desk.db, 1, provider.issuer, "ines-1")
    link_identity(desk.db, 2, provider.issuer, "mara")
    monkeypatch.setattr("review_ui.entry.MAX_PER_ADDRESS", 1000)
    monkeypatch.setattr(oidc_module, "REMEMBER_S", -1)
    reached = {}
    for fault, claims in [*((fault, {}) for fault in FAULTS), *(("", claims) for claims in CLAIMS)]:
        visitor = open_browser()
        provider.fault, provider.claims = fault, dict(claims)
        away = visitor.get("/signin/oidc")
        answer = away
        if away.status_code == 303:
            answer = come_back(visitor, provider.authorize(away.headers["location"], "ines-1"))
        reached[fault or str(claims)] = (answer.status_code, is_in(visitor))
    assert set(reached.values()) == {(502, False)}
    assert len(reached) == len(FAULTS) + len(CLAIMS)


def test_slow_answer_ends(
    open_browser: Callable[..., Visitor], provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc_module, "TOTAL_S", 0.3)
    provider.fault = "slow"
    began = time.monotonic()
    assert go_and_come_back(open_browser(), provider).status_code == 502
    assert time.monotonic() - began < 5


def test_new_keys_of_the_provider_are_found(
    open_browser: Callable[..., Visitor],
    provider: Provider,
    desk: DeskData,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link_identity(desk.db, 1, provider.issuer, "ines-1")
    provider.fault = "odd keys"
    assert go_and_come_back(open_browser(), provider).status_code == 303
    provider.kid = "second"
    assert go_and_come_back(open_browser(), provider).status_code == 502  # asked a moment ago
    monkeypatch.setattr(oidc_module, "KEYS_AGAIN_S", -1)
    assert go_and_come_back(open_browser(), provider).status_code == 303


def test_answer_to_another_browser_or_a_second_time_is_refused(
    open_browser: Callable[..., Visitor], provider: Provider, desk: DeskData
) -> None:
    link_identity(desk.db, 1, provider.issuer, "ines-1")
    hers, theirs = open_browser(), open_browser()
    address = provider.authorize(hers.get("/signin/oidc").headers["location"], "ines-1")
    theirs.get("/signin/oidc")
    for visitor in (theirs, open_browser()):
        assert come_back(visitor, address).status_code == 400
        assert not is_in(visitor)
    kept = hers.client.cookies["spoonful_oidc"]
    assert come_back(hers, address).status_code == 303
    assert "spoonful_oidc" not in hers.client.cookies
    hers.client.post("/signout", data={"csrf": hers.csrf()})
    assert come_back(hers, address).status_code == 400
    hers.client.cookies["spoonful_oidc"] = kept  # with the cookie put back, the code is used up
    assert come_back(hers, address).status_code == 502
    assert not is_in(hers)


def test_kept_attempt_ends(
    open_browser: Callable[..., Visitor],
    provider: Provider,
    desk: DeskData,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link_identity(desk.db, 1, provider.issuer, "ines-1")
    visitor = open_browser()
    address = provider.authorize(visitor.get("/signin/oidc").headers["location"], "ines-1")
    monkeypatch.setattr("review_ui.routes.oidc.AWAY_S", -1)
    assert come_back(visitor, address).status_code == 400


def test_cancelled_and_mixed_up_answers_are_refused(
    open_browser: Callable[..., Visitor], provider: Provider
) -> None:
    changes = {
        "error=access_denied": 403,
        "error=server_error": 502,
        "code=": 502,
        "iss=https%3A%2F%2Fevil.example": 502,
    }
    for change, status in changes.items():
        visitor = open_browser()
        state = parse_qs(urlsplit(visitor.get("/signin/oidc").headers["location"]).query)["state"]
        answer = visitor.get(f"/signin/oidc/callback?code=x&state={state[0]}&{change}")
        assert answer.status_code == status
    assert "/token" not in provider.asked


def test_address_to_come_back_to_is_ours_whatever_the_host_header_says(
    open_browser: Callable[..., Visitor],
) -> None:
    away = open_browser().get("/signin/oidc", host="evil.example").headers["location"]
    sent = parse_qs(urlsplit(away).query)
    assert sent["redirect_uri"] == [f"{REVIEW}/signin/oidc/callback"]
    assert sent["client_id"] == [CLIENT_ID]
    assert min(len(sent[name][0]) for name in ("state", "nonce", "code_challenge")) >= 43


@pytest.mark.parametrize(
    ("settings", "claims", "status"),
    [
        ({"oidc_domains": "other.example.org"}, {}, 403),
        ({"oidc_domains": "clinic.example.org"}, {"email_verified": False}, 403),
        ({"oidc_domains": "clinic.example.org"}, {"email_verified": "true"}, 403),
        ({"oidc_domains": "example.org"}, {}, 403),
        ({"oidc_domains": "@Clinic.example.org, x.org"}, {}, 303),
    ],
)
def test_only_verified_addresses_of_the_domains_sign_in(
    open_browser: Callable[..., Visitor],
    provider: Provider,
    desk: DeskData,
    settings: dict[str, str],
    claims: dict[str, Any],
    status: int,
) -> None:
    link_identity(desk.db, 1, provider.issuer, "ines-1")
    provider.claims = claims
    assert go_and_come_back(open_browser(**settings), provider).status_code == status


def test_people_of_the_domain_become_users_where_that_is_set(
    open_browser: Callable[..., Visitor], provider: Provider, desk: DeskData
) -> None:
    settings = {"oidc_domains": "clinic.example.org", "oidc_role": "ops"}
    provider.claims = {"name": "mara"}  # a name does not make anybody mara
    assert go_and_come_back(open_browser(**settings), provider, "new").status_code == 303
    made = get_identity_user(desk.db, provider.issuer, "new")
    assert made is not None
    assert (made.name, made.role) == ("mara 2", Role.OPS)
    disable_user(desk.db, "mara 2")
    assert go_and_come_back(open_browser(**settings), provider, "new").status_code == 403
    assert len([user for user in list_users(desk.db) if "mara" in user.name]) == 2


def test_invite_is_accepted_with_the_provider(
    open_browser: Callable[..., Visitor], provider: Provider, desk: DeskData
) -> None:
    token = make_invite(desk.db, Role.LEAD, "", 1)
    visitor = open_browser()
    form = html.fromstring(visitor.get(f"/invite/{token}").text).forms[0]
    page = visitor.client.post(form.action, data=dict(form.fields))
    (address,) = html.fromstring(page.text).xpath("//main//a/@href")
    assert get_open_invite(desk.db, token) is not None
    done = come_back(visitor, provider.authorize(address, "ines-9"))
    assert (done.status_code, done.headers["location"]) == (303, "/queue")
    made = get_identity_user(desk.db, provider.issuer, "ines-9")
    assert made is not None
    assert (made.name, made.role) == ("Ines Paz", Role.LEAD)
    assert get_open_invite(desk.db, token) is None


def test_person_links_an_account_and_unlinks_it(
    open_browser: Callable[..., Visitor], provider: Provider, desk: DeskData
) -> None:
    visitor = give_session(open_browser(), desk, 1)
    csrf = visitor.csrf()
    page = visitor.client.post("/settings/identity", data={"csrf": csrf})
    (address,) = html.fromstring(page.text).xpath("//main//a[@rel='noreferrer']/@href")
    back = provider.authorize(address, "mara-there")
    done = come_back(visitor, back)
    assert (done.status_code, done.headers["location"]) == (303, "/settings")
    linked = get_identity_user(desk.db, provider.issuer, "mara-there")
    assert linked is not None
    assert linked.name == "mara"
    visitor.client.post("/settings/identity/remove", data={"csrf": csrf})
    assert get_identity_user(desk.db, provider.issuer, "mara-there") is None


def test_account_is_linked_only_for_whoever_asked(
    open_browser: Callable[..., Visitor], provider: Provider, desk: DeskData
) -> None:
    visitor = give_session(open_browser(), desk, 1)
    page = visitor.client.post("/settings/identity", data={"csrf": visitor.csrf()})
    (address,) = html.fromstring(page.text).xpath("//main//a[@rel='noreferrer']/@href")
    give_session(visitor, desk, 2)  # somebody else signs in meanwhile
    assert come_back(visitor, provider.authorize(address, "there")).status_code == 403
    assert get_identity_user(desk.db, provider.issuer, "there") is None


def test_secret_is_neither_shown_nor_logged(
    open_browser: Callable[..., Visitor],
    provider: Provider,
    desk: DeskData,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    link_identity(desk.db, 1, provider.issuer, "ines-1")
    visitor = open_browser()
    go_and_come_back(visitor, provider)
    services = visitor.client.app.state.services  # type: ignore[attr-defined]
    seen = [visitor.get(path).text for path in ("/settings", "/people", "/queue")]
    seen += [caplog.text, repr(services), repr(services.settings), str(services.oidc)]
    provider.fault = "alg none"
    seen.append(go_and_come_back(open_browser(), provider).text)
    assert [text for text in seen if CLIENT_SECRET in text] == []
    assert "sign-in at the provider failed" in caplog.text


def test_without_a_provider_there_is_no_way_to_one(guest: Visitor) -> None:
    assert guest.get("/signin/oidc").status_code == 404
    assert guest.get("/signin/oidc/callback?code=x&state=y").status_code == 404
    assert "/signin/oidc" not in guest.get("/signin").text


def test_settings_that_would_open_the_door_are_refused() -> None:
    for url in ("http://login.example.org", "login.example.org", "ftp://login.example.org"):
        with pytest.raises(ConfigError, match="SPOONFUL_OIDC_ISSUER"):
            load_settings(oidc_issuer=url)
    issuer = "https://login.example.org"
    with pytest.raises(ConfigError, match="SPOONFUL_OIDC_CLIENT_ID"):
        make_oidc(load_settings(oidc_issuer=issuer))
    with pytest.raises(ConfigError, match="SPOONFUL_OIDC_DOMAINS"):
        make_oidc(load_settings(oidc_issuer=issuer, oidc_client_id="x", oidc_role="editor"))
    assert make_oidc(load_settings()) is None
    assert not is_safe_url("http://127.0.0.1/token", issuer)
    assert is_safe_url("https://login.example.org/token", issuer)
