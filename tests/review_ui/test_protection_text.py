"""Text that wants to be code, kept in every place that holds text, shown on every page there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from lxml import etree, html
from sqlalchemy import text

from review_ui.access import ACCESS
from review_ui.app import create_app
from stages.types import Receipt
from store.api_tokens import make_api_token
from store.comments import add_comment
from store.decision_types import By, RejectReason
from store.drafts import list_drafts
from store.engine import utc_now
from store.groups import set_groups
from store.invites import make_invite
from store.posts import claim_due_posts, mark_published
from store.sources import set_sources
from store.users import Role
from tests.deciding import approve, reject
from tests.review_ui.conftest import copy_desk, give_session
from tests.review_ui.desk_data import GROUPS, SOURCES, DeskData
from tests.review_ui.tone_data import NEXT, add_versions, hash_of
from tests.review_ui.visitor import Visitor

PAYLOADS = (
    "<script pwned>alert(1)</script>",
    "</script><script pwned>alert(1)</script>",
    "</title><script pwned>alert(1)</script>",
    "</textarea><script pwned>alert(1)</script>",
    "</template><script pwned>alert(1)</script>",
    "--><script pwned>alert(1)</script>",
    "]]><script pwned>alert(1)</script>",
    "<img pwned src=x onerror=alert(1)>",
    "<IMG PWNED SRC=x OnErRoR=alert(1)>",
    "<svg pwned/onload=alert(1)>",
    "<svg><animate pwned onbegin=alert(1) attributeName=x>",
    "<math><mi pwned xlink:href='javascript:alert(1)'>x</mi></math>",
    "<body pwned onload=alert(1)>",
    "<details pwned open ontoggle=alert(1)>",
    "<iframe pwned srcdoc='<script>alert(1)</script>'></iframe>",
    "<object pwned data='javascript:alert(1)'></object>",
    "<a pwned href='javascript:alert(1)'>x</a>",
    "<a pwned href=' java\tscript:alert(1)'>x</a>",
    "<form pwned action='javascript:alert(1)'><button>x</button></form>",
    "<meta pwned http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base pwned href='https://evil.example/'>",
    "<link pwned rel=stylesheet href='https://evil.example/x.css'>",
    "<style pwned>*{background:url(https://evil.example)}</style>",
    "<div pwned style='position:fixed;inset:0' hx-get='/signout' hx-trigger=load>x</div>",
    "\"><img pwned src=x onerror=alert(1)><x y=\"",
    "'><img pwned src=x onerror=alert(1)><x y='",
    "\" pwned autofocus onfocus=alert(1) x=\"",
    "' pwned autofocus onfocus=alert(1) x='",
    "` pwned onmouseover=alert(1) x=`",
    "{{ 7 * 7 }}{% raw %}${alert(1)}#{alert(1)}<%= 7 * 7 %>",
    "javascript:alert(1)//pwned",
)  # fmt: skip
BLOB = " ".join(PAYLOADS)
CARD = "storage"

TEXTS = (
    "UPDATE cards SET title = title || :blob, previous_text = previous_text || :blob",
    "UPDATE guides SET title = title || :blob, licence = :blob, attribution = :blob, "
    "reviewed = :blob, licence_finding = :blob",
    "UPDATE drafts SET text = text || :blob, machine_text = machine_text || :blob",
    "UPDATE findings SET message = message || :blob",
    "UPDATE posts SET title = :blob, text = text || :blob, attribution = :blob, error = :blob",
    "UPDATE users SET name = name || :blob",
    "UPDATE runs SET note = :blob, requested_by = :blob",
    "UPDATE sessions SET agent = :blob, address = :blob",
    "INSERT INTO saved_views (user_id, name, params, added_at) "
    "VALUES (1, :blob, '{}', '2026-01-01 00:00:00.000000')",
    "INSERT INTO working_texts (draft_id, user_id, text, base_version, saved_at) "
    "SELECT id, 1, :blob, version, '2026-01-01 00:00:00.000000' FROM drafts "
    "WHERE state = 'pending'",
    "INSERT INTO cook_requests (draft_id, card_id, tone, user_id, note, state, error, holder, "
    "asked_at, version) SELECT id, card_id, tone, 1, :blob, 'failed', :blob, '', "
    "'2026-01-01 00:00:00.000000', version FROM drafts WHERE state = 'pending'",
)


@pytest.fixture(scope="module")
def hostile(
    built_desk: DeskData, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[DeskData, Visitor]]:
    """A desk on which everything anybody can write has been written by somebody hostile."""
    for desk in copy_desk(built_desk, tmp_path_factory.mktemp("hostile") / "home"):
        add_versions(desk.db)
        drafts = list_drafts(desk.db, [desk.cards[CARD]])[desk.cards[CARD]]
        approve(desk.db, drafts[0].id, By(1, drafts[0].version), ["night-feeds"], 0)
        for post in claim_due_posts(desk.db):
            mark_published(desk.db, post.id, Receipt(external_id=BLOB))
        by = By(1, drafts[1].version)
        reject(desk.db, drafts[1].id, by, RejectReason.TONE, BLOB)
        add_comment(desk.db, desk.cards[CARD], 2, BLOB, utc_now())
        make_invite(desk.db, Role.EDITOR, BLOB[:200], 1)
        make_api_token(desk.db, 1, BLOB[:100], 30)
        set_groups(
            desk.db,
            [
                replace(group, name=BLOB, description=BLOB, rules=(BLOB,), sample_posts=(BLOB,))
                for group in GROUPS
            ],
        )
        set_sources(desk.db, [replace(source, publisher=BLOB) for source in SOURCES])
        app = create_app(desk.settings)
        client = TestClient(app, follow_redirects=False, raise_server_exceptions=False)
        mara = give_session(Visitor(client), desk, 1)
        with desk.db.write() as session:
            for statement in TEXTS:
                session.execute(text(statement), {"blob": BLOB})
        yield desk, mara
        client.close()
        app.state.services.db.dispose()


def addresses(desk: DeskData) -> list[str]:
    """Every page there is, and all of the card's states."""
    examples = {
        "card_id": desk.cards[CARD],
        "draft_id": str(list_drafts(desk.db, [desk.cards[CARD]])[desk.cards[CARD]][2].id),
        "group_id": "night-feeds",
        "guide_id": "river-health/feeding",
        "tone": "mom",
        "post_id": "1",
        "form": "jsonl",
    }

    def fill(path: str) -> str:
        return re.sub(r"\{(\w+)(:path)?\}", lambda found: examples.get(found[1], "1"), path)

    found = [
        fill(path)
        for method, path in sorted(ACCESS)
        if method == "GET" and not path.startswith(("/static", "/api/", "/feeds"))
    ]
    compare = f"/tones/mom/compare?old={hash_of('mom')}&new={NEXT}"
    cards = [f"/cards/{desk.cards[name]}" for name in ("fever", "zh-fever")]
    return [*found, *cards, compare, "/queue?q=pwned", "/queue?view=all", "/audit?q=pwned"]


def find_live(tree: Any) -> list[str]:
    """What of a page would do something it should not."""
    live = []
    for node in tree.iter():
        if not isinstance(node.tag, str):
            continue
        is_ours = node.tag != "script" or node.get("src", "").startswith("/static/")
        if not is_ours or node.tag in ("iframe", "object", "embed", "base", "style"):
            live.append(node.tag)
        for name, value in node.attrib.items():
            plain = re.sub(r"[\s\x00-\x20]", "", value).lower()
            if name == "pwned" or name.startswith(("on", "hx-on")) or name in ("style", "srcdoc"):
                live.append(f"{node.tag} {name}")
            if name in ("href", "src", "action", "formaction", "xlink:href", "data") and (
                plain.startswith(("javascript:", "data:", "vbscript:"))
            ):
                live.append(f"{node.tag} {name}={value[:40]}")
    return live


def test_finder_finds_every_payload_that_is_let_through() -> None:
    missed = [
        payload
        for payload in PAYLOADS[:-2]
        if payload.startswith("<")
        and "<body" not in payload  # a parser forgets a second one
        and not find_live(html.fromstring(f"<div><p>{payload}</p></div>"))
    ]
    assert missed == []


@pytest.fixture(scope="module")
def pages(hostile: tuple[DeskData, Visitor]) -> dict[str, Response]:
    """Everything an admin is shown; what htmx asks for under its address and `+`."""
    desk, mara = hostile
    found = {}
    for address in addresses(desk):
        found[address] = mara.get(address)
        if address.startswith(("/cards/", "/queue", "/posts")):
            found[address + " +"] = mara.get(address, **{"hx-request": "true"})
    return found


def test_no_text_becomes_code_on_any_page(pages: dict[str, Response]) -> None:
    live, shown = {}, 0
    for address, response in pages.items():
        assert response.status_code < 500, address
        if "html" not in response.headers.get("content-type", "") or not response.text.strip():
            continue
        tree = html.document_fromstring(response.text)
        shown += "pwned" in tree.text_content()
        found = find_live(tree)
        found += [payload for payload in PAYLOADS if "<" in payload and payload in response.text]
        if found or "49${" in response.text:
            live[address] = found
    assert live == {}
    assert shown > 20


def test_admin_sees_no_secret_anywhere(
    hostile: tuple[DeskData, Visitor], pages: dict[str, Response]
) -> None:
    desk, _ = hostile
    columns = {
        "users": "password_hash",
        "sessions": "token_hash",
        "invites": "token_hash",
        "api_tokens": "token_hash",
    }
    secrets = [desk.settings.secret_key]
    with desk.db.read() as session:
        for table, column in columns.items():
            kept = session.execute(text(f"SELECT {column} FROM {table}"))  # noqa: S608
            secrets += [str(value) for (value,) in kept]
    assert len(secrets) >= 6
    seen = [
        (address, secret[:8])
        for address, response in pages.items()
        for secret in secrets
        if secret in response.text or "$argon2" in response.text
    ]
    assert seen == []


def test_text_of_programs_is_no_page(hostile: tuple[DeskData, Visitor]) -> None:
    desk, mara = hostile
    for path in (f"/api/v1/cards/{desk.cards[CARD]}", "/api/v1/queue", "/audit/export.jsonl"):
        response = mara.get(path)
        assert "pwned" in response.text, path
        assert "html" not in response.headers["content-type"]
        assert response.headers["x-content-type-options"] == "nosniff"


def test_feed_stays_well_formed_and_inert(hostile: tuple[DeskData, Visitor]) -> None:
    _, mara = hostile
    feed = etree.fromstring(mara.get("/feeds/night-feeds.atom").content)
    assert {node.tag.partition("}")[2] for node in feed.iter() if isinstance(node.tag, str)} <= {
        "feed", "id", "title", "subtitle", "updated", "link", "entry", "published", "author",
        "name", "content", "summary", "rights", "generator", "uri", "category", "source",
    }  # fmt: skip
    assert len(feed.findall("{*}entry")) == 1
    for node in feed.iter("{*}content", "{*}title", "{*}summary", "{*}rights", "{*}subtitle"):
        if node.get("type") == "html":
            assert find_live(html.fromstring(f"<div>{node.text or ''}</div>")) == []
    assert "pwned" in "".join(feed.itertext())


def test_addresses_of_the_search_arrive_inert(hostile: tuple[DeskData, Visitor]) -> None:
    _, mara = hostile
    names = ("q", "view", "group", "source", "page", "state", "who", "run", "lang", "day", "sort")
    for path in ("/queue", "/posts", "/audit", "/calendar", "/quarantine", "/signin"):
        for chosen in (names, names[:1]):
            response = mara.client.get(path, params=dict.fromkeys(chosen, BLOB))
            assert response.status_code < 500, path
            assert find_live(html.document_fromstring(response.text or "<p>")) == [], path
