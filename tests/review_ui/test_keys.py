"""The table of keys, and what people change of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from review_ui.keys import (
    ANYWHERE,
    BY_ID,
    GO,
    KEYS,
    OFF_PREF,
    PAGES,
    PREF,
    keys_of,
    make_sheet,
    page_of,
    read_remap,
)
from store.users import User, get_user
from tests.review_ui.desk_data import PASSWORD, DeskData
from tests.review_ui.visitor import Visitor

MARA = User(1, "mara", datetime(2026, 11, 1, tzinfo=UTC))


def test_no_press_means_two_things() -> None:
    assert read_remap(MARA, {}).problems == {}
    assert max(Counter(key.id for key in KEYS).values()) == 1
    assert {key.page for key in KEYS} <= set(PAGES)


@pytest.mark.parametrize(
    ("id", "typed"),
    [
        ("desk.approve", "j"), ("desk.approve", "?"), ("desk.approve", "Enter"),
        ("desk.approve", "\t"), ("desk.approve", "'"), ("desk.approve", "/"),
        ("desk.approve", "aa"), ("desk.approve", "\x00"), ("anywhere.help", "a"),
        ("go.posts", "q"), ("reasons.note", "1"),
    ],
)  # fmt: skip
def test_key_that_is_taken_or_needed_elsewhere_is_refused(id: str, typed: str) -> None:
    asked = read_remap(MARA, {id: typed})
    if typed == "\t":  # nothing but space: no key
        assert (asked.keys[id], asked.problems) == ("", {})
    else:
        assert id in asked.problems


def test_one_key_may_do_something_else_on_each_page() -> None:
    asked = read_remap(MARA, {"posts.keep": "e", "go.posts": "a", "go.audit": "p"})
    assert asked.problems == {}
    assert asked.changed == {"posts.keep": "e", "go.posts": "a", "go.audit": "p"}


def test_full_width_letter_is_the_letter() -> None:
    assert read_remap(MARA, {"desk.approve": " ｂ "}).changed == {"desk.approve": "b"}


@pytest.mark.parametrize("kept", [None, "x", {"desk.approve": 7}, {"nope": "x"}, {"desk.edit": ""}])
def test_whatever_preferences_hold_every_action_has_a_key_or_none(kept: object) -> None:
    now = keys_of(replace(MARA, prefs={PREF: kept}))
    assert set(now) == set(BY_ID)
    assert now["desk.approve"] == "a"


def test_page_gets_its_own_keys_and_those_of_everywhere() -> None:
    user = replace(MARA, prefs={PREF: {"desk.approve": "b", "desk.edit": ""}})
    data = json.loads(make_sheet(user, "/cards/x").data)
    on_desk = {key: how for key, how, _ in data["page"]}
    assert on_desk["b"] == "approve"
    assert "a" not in on_desk
    assert "e" not in on_desk
    assert data["named"]["approve"] == "b"
    assert [key for key, _, _ in data["anywhere"]] == ["/", "?", "g"]
    assert json.loads(make_sheet(user, "/posts").data)["named"]["keep"] == "a"
    off = json.loads(make_sheet(replace(user, prefs={OFF_PREF: True}), "/cards/x").data)
    assert [off[part] for part in ("page", "anywhere", "go", "reasons")] == [[]] * 4


def test_keys_that_lead_somewhere_lead_where_something_is() -> None:
    sheet = make_sheet(MARA, "/queue")
    led = [what for _, _, what in json.loads(sheet.data)["go"]]
    assert "/queue" in led
    assert "/people" not in led
    assert [section.page for section in sheet.here] == ["queue", ANYWHERE, GO]


def test_pages_are_known_by_their_path() -> None:
    paths = ("/cards/x/drafts/1/edit", "/posts", "/settings/keys", "/", "/guides/a/b")
    assert [page_of(path) for path in paths] == ["desk", "posts", "", "", "guide"]


def test_keys_are_kept_shown_and_put_back(mara: Visitor, desk: DeskData) -> None:
    csrf = mara.csrf()
    refused = mara.client.post("/settings/keys", data={"csrf": csrf, "key:desk.approve": "j"})
    assert refused.status_code == 422
    assert "does this too: Next card" in refused.text
    taken = mara.client.post(
        "/settings/keys", data={"csrf": csrf, "key:desk.approve": "b", "key:go.nope": "y"}
    )
    assert taken.status_code == 303
    user = get_user(desk.db, 1)
    assert user is not None
    assert user.prefs[PREF] == {"desk.approve": "b"}
    page = mara.page("/settings/keys")
    assert page.get_element_by_id("key-desk.approve").value == "b"
    assert "bApprove the chosen tone" in page.get_element_by_id("keys").text_content()
    mara.client.post("/settings/keys", data={"csrf": csrf, "reset": "1"})
    assert mara.page("/settings/keys").get_element_by_id("key-desk.approve").value == "a"


def test_session_says_whose_it_is_and_until_when(mara: Visitor, guest: Visitor) -> None:
    said = mara.get("/session").json()
    assert (said["user"], said["name"], said["csrf"]) == (1, "mara", mara.csrf())
    left = datetime.fromisoformat(said["ends_at"]) - datetime.now(UTC)
    assert 11.9 < left.total_seconds() / 3600 <= 12
    assert guest.get("/session", **{"HX-Request": "true"}).status_code == 401


def test_guest_token_signs_in(guest: Visitor) -> None:
    csrf = guest.get("/session/guest").json()["csrf"]
    fields = {"csrf": csrf, "name": "mara", "password": PASSWORD}
    assert guest.client.post("/signin", data=fields).status_code == 303
    assert guest.get("/session").json()["name"] == "mara"
