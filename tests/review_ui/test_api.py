"""The JSON API: what it gives, what it takes, and what it says when it does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from review_ui.routes import api_cards, api_decisions, api_records
from store.api_tokens import make_api_token
from store.audit import AuditFilter, list_entries
from store.drafts import list_drafts
from store.engine import utc_now
from store.posts import list_posts
from store.users import Role, add_user
from tests.review_ui.conftest import give_session
from tests.review_ui.desk_data import DeskData
from tests.review_ui.visitor import Visitor, text_of

API = "/api/v1"


def key_of(desk: DeskData, user_id: int) -> dict[str, str]:
    return {"authorization": f"Bearer {make_api_token(desk.db, user_id, 'test', 1)}"}


@pytest.fixture
def key(desk: DeskData) -> dict[str, str]:
    """Mara's, as headers."""
    return key_of(desk, 1)


def draft(desk: DeskData, card: str = "storage", tone: str = "expert") -> Any:
    drafts = list_drafts(desk.db, [desk.cards[card]])[desk.cards[card]]
    return next(each for each in drafts if each.tone == tone)


def path(desk: DeskData, action: str, card: str = "storage", tone: str = "expert") -> str:
    return f"{API}/cards/{desk.cards[card]}/drafts/{draft(desk, card, tone).id}/{action}"


def test_queue_is_that_of_the_page_with_its_filters(
    guest: Visitor, desk: DeskData, key: dict[str, str]
) -> None:
    found = guest.get(f"{API}/queue?q=latch", **key).json()
    assert [card["title"] for card in found["items"]] == ["Signs of a good latch"]
    assert found["next"] is None
    card = guest.get(f"{API}/cards/{found['items'][0]['id']}", **key).json()
    assert {each["tone"] for each in card["drafts"]} == {"expert", "mom", "engagement"}
    assert card["drafts"][0]["verdict"] == {
        "needs_two": False, "mine": None, "has_other": False, "differs": False,
    }  # fmt: skip
    guide = guest.get(f"{API}/guides/{card['guide']['id']}", **key).json()
    assert card["id"] in {each["id"] for each in guide["cards"]}
    start, end = card["spans"][0]
    blocks = [block for block in guide["blocks"] if block["start"] == start]
    assert (blocks[0]["end"], card["text"].startswith(blocks[0]["text"])) == (end, True)


def test_decisions_go_the_same_way_as_the_buttons(
    guest: Visitor, desk: DeskData, key: dict[str, str]
) -> None:
    due = (utc_now() + timedelta(days=1)).isoformat()
    body = {"version": 1, "active_s": 12.5, "groups": ["night-feeds"], "due_at": due}
    answer = guest.client.post(path(desk, "approve"), json=body, headers=key)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "approved")
    assert answer.json()["draft"]["state"] == "approved"
    (post,) = guest.get(f"{API}/posts", **key).json()["items"]
    assert (post["group_id"], post["state"], post["text"]) == (
        "night-feeds", "scheduled", draft(desk).text,
    )  # fmt: skip
    later = (utc_now() + timedelta(days=2)).isoformat()
    moved = guest.client.post(
        f"{API}/posts/{post['id']}/reschedule", json={"due_at": later}, headers=key
    )
    assert moved.json()["due_at"][:16] == later[:16]
    undone = guest.client.post(path(desk, "undo"), json={}, headers=key)
    assert (undone.json()["outcome"], undone.json()["draft"]["state"]) == ("undone", "pending")
    text = {"version": 3, "text": "Milk keeps for up to 4 hours.\r\nLabel it."}
    edited = guest.client.post(path(desk, "edit"), json=text, headers=key).json()
    assert edited["draft"]["text"] == "Milk keeps for up to 4 hours.\nLabel it."
    body = {"version": 1, "reason": "tone", "note": "stiff"}
    rejected = guest.client.post(path(desk, "reject", tone="mom"), json=body, headers=key)
    assert rejected.json()["outcome"] == "rejected"
    entries = guest.get(f"{API}/audit", **key).json()["items"]
    assert [each["action"] for each in entries] == [
        "reject", "edit", "undo", "reschedule", "approve",
    ]  # fmt: skip
    assert entries[-1]["active_s"] == 12.5


def test_another_draft_of_one_tone_is_asked_for(
    guest: Visitor, desk: DeskData, key: dict[str, str]
) -> None:
    body = {"version": 1, "note": "shorter, please"}
    asked = guest.client.post(path(desk, "regenerate"), json=body, headers=key)
    assert (asked.status_code, asked.json()["outcome"]) == (200, "asked")
    (entry,) = guest.get(f"{API}/audit?action=regenerate", **key).json()["items"]
    assert (entry["note"], entry["tone"]) == ("shorter, please", "expert")


def test_same_press_sent_again_decides_once(
    guest: Visitor, desk: DeskData, key: dict[str, str]
) -> None:
    body = {"version": 1, "reason": "tone", "request_id": "press-1"}
    answers = [
        guest.client.post(path(desk, "reject"), json=body, headers=key).json() for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert len(list_entries(desk.db, AuditFilter())) == 1


def test_loser_learns_how_the_draft_is_now(
    guest: Visitor, desk: DeskData, key: dict[str, str]
) -> None:
    body = {"version": 1, "reason": "tone"}
    guest.client.post(path(desk, "reject"), json=body, headers=key)
    late = guest.client.post(path(desk, "approve"), json={"version": 1}, headers=key)
    assert late.status_code == 409
    assert late.headers["content-type"] == "application/problem+json"
    told = late.json()
    assert (told["status"], told["draft"]["state"], told["draft"]["version"]) == (
        409, "rejected", 2,
    )  # fmt: skip
    assert "since you opened it" in told["detail"]


def test_first_of_two_verdicts_is_told_to_nobody_else(
    guest: Visitor, desk: DeskData, key: dict[str, str]
) -> None:
    body = {"version": 1, "reason": "wrong", "note": "a secret"}
    first = guest.client.post(path(desk, "reject", "fever"), json=body, headers=key).json()
    assert (first["outcome"], first["decision_id"], first["draft"]["state"]) == (
        "first", None, "pending",
    )  # fmt: skip
    address = f"{API}/cards/{desk.cards['fever']}"
    for headers, mine in ((key, "reject"), (key_of(desk, 2), None)):
        said = guest.get(address, **headers)
        verdict = next(each for each in said.json()["drafts"] if each["tone"] == "expert")[
            "verdict"
        ]
        assert verdict == {
            "needs_two": True, "mine": mine, "has_other": mine is None, "differs": False,
        }  # fmt: skip
        assert "a secret" not in said.text or mine
    assert guest.get(f"{API}/audit", **key).json()["items"] == []
    back = guest.client.post(path(desk, "undo", "fever"), json={}, headers=key).json()
    assert back["outcome"] == "taken_back"


REFUSED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("approve", {}),
    ("approve", {"version": "1"}),
    ("approve", {"version": 1, "unknown": 1}),
    ("approve", {"version": 1, "due_at": "2026-12-01T10:00:00"}),
    ("approve", {"version": 1, "groups": "night-feeds"}),
    ("reject", {"version": 1}),
    ("reject", {"version": 1, "reason": "because"}),
    ("edit", {"version": 1, "text": ""}),
    ("edit", {"version": 1, "text": "x" * 30_000}),
    ("reject", {"version": 1, "reason": "tone", "active_s": -1}),
    ("reject", {"version": 1, "reason": "tone", "request_id": "a b"}),
)


def test_what_is_not_exactly_as_described_is_refused(
    guest: Visitor, desk: DeskData, key: dict[str, str]
) -> None:
    for action, body in REFUSED:
        answer = guest.client.post(path(desk, action), json=body, headers=key)
        assert answer.status_code == 422, (action, body)
        assert answer.json()["errors"], (action, body)
    assert draft(desk).version == 1


def test_problems_say_what_to_do(
    visit: Callable[[], Visitor], desk: DeskData, key: dict[str, str]
) -> None:
    guest = visit()
    ops = key_of(desk, add_user(desk.db, "olga", "hash", Role.OPS).id)
    reject = path(desk, "reject")
    other = f"{API}/cards/{desk.cards['fever']}/drafts/{draft(desk).id}/reject"
    body = {"version": 1, "reason": "tone"}
    answers = {
        401: guest.get(f"{API}/queue"),
        403: guest.client.post(reject, json=body, headers=ops),
        404: guest.client.post(other, json=body, headers=key),
        405: guest.client.put(f"{API}/queue", headers=key),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]
    wrong = guest.get(f"{API}/queue", authorization="Bearer spoonful_nope")
    assert wrong.status_code == 401
    for nothing in (f"{API}/cards/nope", f"{API}/posts/{2**70}", f"{API}/nope"):
        assert guest.get(nothing, **key).status_code == 404


def test_session_needs_its_token_for_a_write(mara: Visitor, desk: DeskData) -> None:
    body = {"version": 1, "reason": "tone"}
    assert mara.client.post(path(desk, "reject"), json=body).status_code == 403
    token = {"x-csrf-token": mara.csrf()}
    assert mara.client.post(path(desk, "reject"), json=body, headers=token).status_code == 200


def test_lists_come_in_pages(mara: Visitor, desk: DeskData) -> None:
    token = {"x-csrf-token": mara.csrf()}
    body = {"version": 1, "groups": ["night-feeds", "back-to-work", "first-fever"]}
    mara.client.post(path(desk, "approve"), json=body, headers=token)
    first = mara.get(f"{API}/posts?limit=2").json()
    rest = mara.get(f"{API}/posts?limit=2&cursor={first['next']}").json()
    ids = [each["id"] for each in (*first["items"], *rest["items"])]
    assert ids == [view.post.id for view in list_posts(desk.db)]
    assert rest["next"] is None
    assert mara.get(f"{API}/posts?limit=2&cursor=nonsense").json() == first


def test_page_of_the_api_lists_every_route_of_it(mara: Visitor) -> None:
    schema = mara.get("/api/openapi.json").json()
    routes = {
        (method, route.path.replace(":path", ""))  # type: ignore[attr-defined]
        for module in (api_cards, api_decisions, api_records)
        for route in module.router.routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    listed = {
        (method.upper(), path) for path, methods in schema["paths"].items() for method in methods
    }
    assert listed == routes
    tree = mara.page("/api/docs")
    shown = {
        (text_of(head.xpath("./span")[0]), text_of(head.xpath("./code")[0]))
        for head in tree.xpath("//article//h3")
    }
    assert shown == routes
    assert tree.xpath("//script[not(@src)] | //style | //*[@style]") == []


def test_two_hundred_decisions_at_once_are_each_made_once(address: str, desk: DeskData) -> None:
    """Fifteen drafts, each decided by thirteen programs of two people at the same moment."""
    keys = [key_of(desk, 1), key_of(desk, 2)]
    drafts = [
        each
        for card in ("storage", "latch", "diapers", "pump", "iron")
        for each in list_drafts(desk.db, [desk.cards[card]])[desk.cards[card]]
    ]
    asked = [(drafts[n % len(drafts)], keys[n // len(drafts) % 2]) for n in range(200)]

    with httpx.Client(base_url=address, timeout=60, limits=httpx.Limits(max_connections=50)) as web:

        def decide(ask: tuple[Any, dict[str, str]]) -> tuple[int, int, int]:
            each, key = ask
            place = f"{API}/cards/{each.card_id}/drafts/{each.id}/reject"
            answer = web.post(place, json={"version": 1, "reason": "tone"}, headers=key)
            return each.id, answer.status_code, answer.json().get("decision_id", 0)

        with ThreadPoolExecutor(50) as threads:
            answers = list(threads.map(decide, asked))

    assert Counter(status for _, status, _ in answers) == {
        200: len(drafts),
        409: 200 - len(drafts),
    }
    told = {decision: draft_id for draft_id, status, decision in answers if status == 200}
    kept = {entry.id: entry.draft_id for entry in list_entries(desk.db, AuditFilter(), limit=500)}
    assert told == kept
    assert sorted(kept.values()) == sorted(each.id for each in drafts)  # type: ignore[type-var]


def test_editor_reads_the_record_without_anybodys_pace(
    visit: Callable[[], Visitor], mara: Visitor, desk: DeskData
) -> None:
    token = {"x-csrf-token": mara.csrf()}
    body = {"version": 1, "reason": "tone", "active_s": 4.0}
    mara.client.post(path(desk, "reject"), json=body, headers=token)
    editor = give_session(visit(), desk, add_user(desk.db, "ed", "hash", Role.EDITOR).id)
    assert editor.get(f"{API}/audit").json()["items"][0]["active_s"] is None
    assert editor.get(f"{API}/audit?kind=accounts").status_code == 403
