"""Every route, by every role and by nobody: real requests, found from the application itself.

A new route needs a row in `review_ui.access` (the application does not start without) and, for each
new kind of thing in its address, an example in EXAMPLES below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from review_ui.access import ACCESS, PUBLIC
from review_ui.app import create_app
from store.api_tokens import make_api_token
from store.drafts import list_drafts
from store.invites import list_invites, make_invite
from store.passwords import hash_password
from store.users import Role, add_user, list_users
from tests.review_ui.conftest import copy_desk, give_session
from tests.review_ui.desk_data import PASSWORD, DeskData
from tests.review_ui.tone_data import NEXT, add_versions, hash_of
from tests.review_ui.visitor import Visitor

OPEN = {
    # signing in
    ("GET", "/signin"),
    ("POST", "/signin"),
    ("GET", "/session/guest"),
    ("GET", "/signin/oidc"),
    ("GET", "/signin/oidc/callback"),
    ("GET", "/invite/{token}"),
    ("POST", "/invite/{token}"),
    ("POST", "/invite/{token}/oidc"),
    ("POST", "/settings/language"),
    ("GET", "/session/guest"),
    # what machines ask
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/feeds/{group_id}.atom"),
    ("GET", "/static/{version}/{name:path}"),
}
"""What anybody may ask for. Think twice, then add a row."""

EXAMPLES = {
    "card_id": "",
    "draft_id": "",
    "token": "",
    "handle": "",
    "group_id": "night-feeds",
    "guide_id": "river-health/feeding",
    "source_id": "river-health",
    "tone": "mom",
    "version": "x",
    "name": "base.css",
    "form": "csv",
    # what belongs to somebody else, or is not there
    "user_id": "2",
    "post_id": "1",
    "token_id": "1",
    "comment_id": "1",
    "view_id": "1",
    "decision_id": "1",
    "batch": "nobodys",
}
"""What stands in an address; '' is found in the data."""

ROLES = (None, *Role)


@dataclass(frozen=True)
class Doors:
    """One application for the whole table. users: somebody's id by role."""

    app: object
    desk: DeskData
    users: dict[Role, int]
    examples: dict[str, str]

    def fill(self, path: str) -> str:
        return re.sub(r"\{(\w+)(:path)?\}", lambda found: self.examples.get(found[1], "1"), path)

    def browser(self, role: Role | None) -> Visitor:
        client = TestClient(
            self.app,  # type: ignore[arg-type]
            follow_redirects=False,
            raise_server_exceptions=False,
        )
        visitor = Visitor(client)
        return give_session(visitor, self.desk, self.users[role]) if role else visitor

    def csrf(self, visitor: Visitor) -> str:
        """The token of this browser, as its pages would have it."""
        cookies = visitor.client.app.state.services.cookies  # type: ignore[attr-defined]
        signed = visitor.client.cookies["spoonful_session"]
        return str(cookies.csrf_token(cookies._signer("session").unsign(signed).decode()))

    def dump(self) -> dict[str, list[str]]:
        """Everything in the database but who was seen when."""
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name != 'sessions'"
        users = "SELECT id, name, role, password_hash, prefs, disabled_at FROM users"
        with self.desk.db.read() as session:

            def rows(query: str) -> list[str]:
                return sorted(map(repr, session.execute(text(query))))

            tables = [row[0] for row in session.execute(text(names))]
            found = {table: rows(f"SELECT * FROM {table}") for table in tables}  # noqa: S608
            return {**found, "users": rows(users)}


@pytest.fixture(scope="module")
def doors(built_desk: DeskData, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    for desk in copy_desk(built_desk, tmp_path_factory.mktemp("doors") / "home"):
        add_versions(desk.db)
        users = {
            role: add_user(desk.db, f"{role} of the table", hash_password(PASSWORD), role).id
            for role in Role
        }
        card_id = desk.cards["storage"]
        invite = make_invite(desk.db, Role.EDITOR, "for the table", 1)
        make_api_token(desk.db, 1, "for the table", 30)
        examples = {
            **EXAMPLES,
            "card_id": card_id,
            "draft_id": str(list_drafts(desk.db, [card_id])[card_id][0].id),
            "token": invite,
            "handle": list_invites(desk.db)[0].handle,
        }
        app = create_app(desk.settings)
        yield Doors(app, desk, users, examples)
        app.state.services.db.dispose()


def routes() -> list[tuple[str, str]]:
    return sorted(ACCESS)


def is_write(method: str) -> bool:
    return method not in ("GET", "HEAD")


def test_every_address_of_the_application_has_an_example(doors: Doors) -> None:
    asked = {name for _, path in routes() for name, _ in re.findall(r"\{(\w+)(:path)?\}", path)}
    assert asked - set(EXAMPLES) == set()


def test_only_these_routes_are_open_to_everybody() -> None:
    assert {place for place, roles in ACCESS.items() if roles is PUBLIC} == OPEN


def test_admins_reach_everything() -> None:
    assert [place for place, roles in ACCESS.items() if roles and Role.ADMIN not in roles] == []


def test_nobody_gets_where_their_role_may_not_and_nothing_changes(doors: Doors) -> None:
    before, wrong = doors.dump(), []
    for role in ROLES:
        visitor = doors.browser(role)
        csrf = doors.csrf(visitor) if role else ""
        for method, path in routes():
            roles = ACCESS[method, path]
            if roles is PUBLIC or role in roles:
                continue
            response = visitor.client.request(
                method, doors.fill(path), headers={"x-csrf-token": csrf}
            )
            is_asked_who = response.status_code == 401 or response.headers.get(
                "location", ""
            ).startswith("/signin")
            if not (response.status_code == 403 if role else is_asked_who):
                wrong.append((role, method, path, response.status_code))
    assert wrong == []
    assert doors.dump() == before


def test_no_write_goes_without_its_token_and_nothing_changes(doors: Doors) -> None:
    before, wrong, tried = doors.dump(), [], 0
    other = doors.csrf(doors.browser(Role.LEAD))
    visitor = doors.browser(Role.ADMIN)
    for method, path in routes():
        if not is_write(method):
            continue
        for csrf in ("", "guess", other):
            data = {"csrf": csrf, "name": "ana", "password": PASSWORD, "lang": "en"}
            response = visitor.client.request(method, doors.fill(path), data=data)
            tried += 1
            if response.status_code != 403:
                wrong.append((method, path, csrf, response.status_code))
    assert wrong == []
    assert tried > 60
    assert doors.dump() == before


def test_whoever_may_is_neither_kept_out_nor_met_by_a_failure(doors: Doors) -> None:
    """Last, as these writes are taken. Each goes with the least a form could hold."""
    wrong = []
    for role in Role:
        for method, path in routes():
            roles = ACCESS[method, path]
            if roles is PUBLIC or role not in roles:
                continue
            visitor = doors.browser(role)
            headers = {"x-csrf-token": doors.csrf(visitor)} if is_write(method) else {}
            address = doors.fill(path)
            if path.endswith("/compare"):
                address += f"?old={hash_of('mom')}&new={NEXT}"
            status_code = visitor.client.request(method, address, headers=headers).status_code
            if status_code in (401, 403) or status_code >= 500:
                wrong.append((role, method, path, status_code))
    assert wrong == []
    assert {user.name for user in list_users(doors.desk.db)} >= {"mara", "lin"}
