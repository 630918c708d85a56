"""Headers, CSRF, sizes, error pages, and text that wants to be code."""

from __future__ import annotations

import pytest
from lxml import etree, html

from review_ui.security import HEADERS
from stages.types import Receipt
from store.decision_types import By
from store.drafts import list_drafts
from store.posts import claim_due_posts, mark_published
from tests.deciding import approve
from tests.review_ui.desk_data import XSS, DeskData
from tests.review_ui.visitor import Visitor

PAGES = (
    "/queue", "/posts", "/groups", "/groups/night-feeds", "/guides/river-health/evenings", "/runs",
    "/quarantine", "/quarantine?view=settled", "/sources",
)  # fmt: skip


def card_pages(desk: DeskData) -> list[str]:
    return [f"/cards/{card_id}" for card_id in desk.cards.values()]


@pytest.mark.parametrize(
    ("path", "status_code"),
    [
        ("/signin", 200), ("/queue", 200), ("/nope", 404), ("/healthz", 200), ("/readyz", 200),
        ("/feeds/night-feeds.atom", 200), ("/cards/nope", 404), ("/feeds/nope.atom", 404),
        ("/static/x/nope.css", 404), ("/static/x/..%2f..%2fapp.py", 404), ("/groups/nope", 404),
        ("/guides/nope", 404), ("/posts?state=nope", 200), ("/queue?view=nope&page=-1", 200),
        ("/queue?page=99999999999999", 200), ("/queue?q=%00&lang=%25", 200),
        ("/quarantine?view=nope&reason=nope&page=-1&source=%00", 200), ("/sources?show=nope", 200),
    ],
)  # fmt: skip
def test_every_answer_carries_the_headers(mara: Visitor, path: str, status_code: int) -> None:
    target = "/signin?next=/queue" if path == "/signin" else path
    if path == "/signin":
        mara.client.cookies.clear()
    response = mara.get(target)
    assert response.status_code == status_code
    assert {name: response.headers.get(name) for name in HEADERS} == HEADERS
    if not path.startswith(("/static", "/feeds/night")):
        assert response.headers["cache-control"] == "no-store"


def test_policy_allows_nothing_inline() -> None:
    policy = HEADERS["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy


@pytest.mark.usefixtures("shelf")
def test_pages_hold_no_inline_script_style_or_handler(mara: Visitor, desk: DeskData) -> None:
    for path in (*PAGES, *card_pages(desk), "/nope"):
        tree = html.fromstring(mara.get(path).text)
        assert tree.xpath("//script[not(@src)] | //style | //*[@style]") == [], path
        handlers = [
            name for node in tree.iter() for name in node.attrib if name.startswith(("on", "hx-on"))
        ]
        assert handlers == [], path


WRITES = (
    "/signout",
    "/posts/1/retry",
    "/posts/1/withdraw",
    "/posts/1/settle",
    "/posts/1/keep",
    "/quarantine/accept",
    "/quarantine/ignore",
    "/quarantine/restore",
    "/sources/river-health/stop",
    "/sources/river-health/resume",
    "/cards/{card}/drafts/{draft}/approve",
    "/cards/{card}/drafts/{draft}/reject",
    "/cards/{card}/drafts/{draft}/edit",
    "/cards/{card}/drafts/{draft}/undo",
)


@pytest.mark.parametrize("path", WRITES)
def test_write_without_its_token_is_refused(
    mara: Visitor, lin: Visitor, desk: DeskData, path: str
) -> None:
    card_id = desk.cards["storage"]
    draft = list_drafts(desk.db, [card_id])[card_id][0]
    path = path.format(card=card_id, draft=draft.id)
    fields = {"version": "1", "reason": "tone", "text": "Another text."}
    for token in ("", "guess", lin.csrf()):
        response = mara.client.post(path, data={**fields, "csrf": token})
        assert response.status_code == 403, token
    assert list_drafts(desk.db, [card_id])[card_id][0] == draft
    assert mara.get("/queue").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://testserver.evil.example"},
    ],
)
def test_write_from_another_site_is_refused_even_with_the_token(
    mara: Visitor, desk: DeskData, headers: dict[str, str]
) -> None:
    response = mara.decide(desk.cards["storage"], "mom", "approve", **headers)
    assert response.status_code == 403
    assert mara.tone(desk.cards["storage"], "mom").get("data-state") == "pending"


@pytest.mark.parametrize(
    "headers", [{"origin": "http://testserver", "sec-fetch-site": "same-origin"}, {}]
)
def test_write_from_our_own_page_is_taken(
    mara: Visitor, desk: DeskData, headers: dict[str, str]
) -> None:
    response = mara.decide(desk.cards["storage"], "mom", "approve", **headers)
    assert response.status_code == 303


def test_decisions_are_never_made_by_following_a_link(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    draft = list_drafts(desk.db, [card_id])[card_id][0]
    for action in ("approve", "reject", "edit", "undo"):
        path = f"/cards/{card_id}/drafts/{draft.id}/{action}?version=1&csrf={mara.csrf()}"
        assert mara.get(path).status_code == 405
    assert list_drafts(desk.db, [card_id])[card_id][0] == draft


def test_body_that_is_too_large_is_refused(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["storage"]
    response = mara.decide(card_id, "mom", "edit", {"text": "x" * 300_000})
    assert response.status_code == 413
    assert "Too large" in response.text

    def drip() -> object:
        for _ in range(40):
            yield b"a" * 10_000

    path = f"/cards/{card_id}/drafts/1/edit"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    chunked = mara.client.post(path, content=drip(), headers=headers)  # type: ignore[arg-type]
    assert chunked.status_code == 413


def test_failure_shows_a_page_with_headers_and_no_detail(
    mara: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("review_ui.routes.runs.list_runs", fail)
    response = mara.get("/runs")
    assert response.status_code == 500
    assert "Something broke" in response.text
    assert "secret detail" not in response.text
    assert {name: response.headers.get(name) for name in HEADERS} == HEADERS


def test_hostile_text_arrives_inert_on_every_page(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["hostile"]
    paths = ("/queue", "/queue?q=script", f"/cards/{card_id}", "/guides/river-health/evenings")
    for path in paths:
        page = mara.get(path).text
        tree = html.fromstring(page)
        assert "alert(" in tree.text_content(), path
        assert XSS not in page, path
        assert tree.xpath("//script[not(@src)] | //img | //*[@onerror]") == [], path


@pytest.mark.usefixtures("shelf")
def test_hostile_pages_and_sources_arrive_inert(mara: Visitor) -> None:
    for path in ("/quarantine", "/quarantine?source=river-health", "/sources", "/sources?show=off"):
        page = mara.get(path).text
        tree = html.fromstring(page)
        assert "alert(" in tree.text_content(), path
        assert XSS not in page, path
        assert tree.xpath("//script[not(@src)] | //main//img | //*[@onerror]") == [], path
        assert [href for href in tree.xpath("//a/@href") if "javascript" in href] == [], path
        away = tree.xpath("//a[starts-with(@href, 'http')]")
        assert {a.get("rel") for a in away} == {"noopener noreferrer"}, path


def test_hostile_search_text_arrives_inert(mara: Visitor) -> None:
    page = mara.get("/queue", **{}).text
    assert page
    response = mara.client.get("/queue", params={"q": f'"><b>{XSS}', "run": f"'{XSS}"})
    tree = html.fromstring(response.text)
    assert tree.xpath("//script[not(@src)] | //img | //main//b[starts-with(., '<')]/*") == []
    assert tree.get_element_by_id("find").value == f'"><b>{XSS}'


def test_javascript_links_are_not_links(mara: Visitor, desk: DeskData) -> None:
    tree = mara.page(f"/cards/{desk.cards['sleep']}")
    assert [a for a in tree.xpath("//a/@href") if "javascript" in a] == []
    assert "All rights reserved" in tree.text_content()


def test_links_to_sources_say_nothing_about_us(mara: Visitor, desk: DeskData) -> None:
    tree = mara.page(f"/cards/{desk.cards['storage']}")
    away = tree.xpath("//a[starts-with(@href, 'http')]")
    assert len(away) >= 2
    assert {a.get("rel") for a in away} == {"noopener noreferrer"}


def test_hostile_post_is_inert_in_group_page_and_feed(mara: Visitor, desk: DeskData) -> None:
    card_id = desk.cards["hostile"]
    draft = list_drafts(desk.db, [card_id])[card_id][0]
    approve(desk.db, draft.id, By(1, draft.version), ["night-feeds"], 0)
    for post in claim_due_posts(desk.db):
        mark_published(desk.db, post.id, Receipt(external_id="x"))
    page = mara.page("/groups/night-feeds")
    assert "alert('page')" in page.text_content()
    assert page.xpath("//script[not(@src)] | //img") == []
    feed = etree.fromstring(mara.get("/feeds/night-feeds.atom").content)
    content = feed.findtext(".//{*}entry/{*}content") or ""
    shown = html.fromstring(f"<div>{content}</div>")
    assert "alert('page')" in shown.text_content()
    assert shown.xpath("//script | //img | //*[@onerror]") == []
