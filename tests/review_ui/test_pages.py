"""Queue, guide, group and run pages, feeds, health, and how many queries a page takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from lxml import etree
from sqlalchemy import event

from review_ui.app import create_app
from stages.errors import ConfigError
from stages.types import Receipt
from store.decision_types import By
from store.decisions import undo
from store.drafts import list_drafts
from store.engine import Database, open_database
from store.posts import claim_due_posts, mark_published
from tests.deciding import approve
from tests.review_ui.desk_data import DeskData, add_guide, plain, settings_for
from tests.review_ui.visitor import Visitor, text_of


@contextmanager
def count_queries(db: Database) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            said.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def titles(visitor: Visitor, path: str) -> list[str]:
    return [text_of(a) for a in visitor.page(path).xpath("//a[@class='row-title']")]


def views(visitor: Visitor, path: str) -> dict[str, int]:
    links = visitor.page(path).xpath("//aside//nav/a")
    return {a.text.strip(): int(a.xpath("./b")[0].text) for a in links}


def publish_one(desk: DeskData, card: str, group_id: str) -> int:
    card_id = desk.cards[card]
    draft = list_drafts(desk.db, [card_id])[card_id][0]
    decision = approve(desk.db, draft.id, By(1, draft.version), [group_id], 0)
    for post in claim_due_posts(desk.db):
        mark_published(desk.db, post.id, Receipt(external_id=str(post.id)))
    return decision


def test_queue_counts_its_views(mara: Visitor) -> None:
    assert views(mara, "/queue") == {
        "To review": 10,
        "New today": 10,
        "Source changed": 1,
        "High stakes": 3,
        "Flagged": 3,
        "Blocked": 2,
        "Waiting for second": 0,
        "Mine": 0,
        "Decided": 0,
        "Read only": 1,
        "Failed posts": 0,
        "Quarantine": 0,
    }


def test_queue_shows_what_could_hurt_first(mara: Visitor) -> None:
    high = set(titles(mara, "/queue?view=high"))
    assert len(high) == 3
    assert set(titles(mara, "/queue")[:3]) == high


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("view=changed", ["How long expressed milk keeps"]),
        ("view=read_only", ["On the back, every sleep"]),
        ("lang=zh", ["三个月以下婴儿发热", "出生后补充维生素D"]),
        ("q=维生素", ["出生后补充维生素D"]),
        ("q=latch nipple", ["Signs of a good latch"]),
        (
            "group=toddler-table",
            ["Foods that can choke a small child", "Iron on a toddler's plate"],
        ),
        ("guide=river-health/ill-baby", ["Fever in a baby under three months"]),
        ("source=sleep-society&view=read_only", ["On the back, every sleep"]),
        ("run=unknown", []),
        ("q=zzz", []),
    ],
)
def test_queue_filters(mara: Visitor, query: str, expected: list[str]) -> None:
    assert sorted(titles(mara, f"/queue?{query}")) == sorted(expected)


def test_queue_of_a_run_holds_its_cards(mara: Visitor, desk: DeskData) -> None:
    assert len(titles(mara, f"/queue?run={desk.run_id}")) == 10


def test_queue_turns_pages_and_a_page_past_the_end_is_the_last(
    mara: Visitor, desk: DeskData
) -> None:
    many = [plain(f"card-{n}", f"Card {n}", "Heading", f"Sentence number {n}.") for n in range(40)]
    add_guide(desk.db, "many", "Many cards", "river-health", "en", many, desk.run_id)
    first, second = titles(mara, "/queue"), titles(mara, "/queue?page=2")
    assert (len(first), len(second)) == (30, 20)
    assert not set(first) & set(second)
    assert titles(mara, "/queue?page=9") == second


def test_queue_and_card_cost_the_same_queries_for_few_and_many(
    mara: Visitor, desk: DeskData
) -> None:
    db = mara.client.app.state.services.db  # type: ignore[attr-defined]
    card = f"/cards/{desk.cards['storage']}"
    costs = []
    for _ in range(2):
        for path in ("/queue", "/queue?q=latch", card, "/groups", "/posts", "/runs"):
            mara.get(path)
            with count_queries(db) as said:
                assert mara.get(path).status_code == 200
            costs.append(len(said))
        many = [plain(f"m{n}", f"Card {n}", "Heading", f"Sentence {n}.") for n in range(60)]
        add_guide(desk.db, "many", "Many cards", "river-health", "en", many, desk.run_id)
    assert costs[:6] == costs[6:]
    assert costs[1] <= costs[0]
    assert max(costs) <= 26


def test_neighbours_stay_in_the_filtered_view(mara: Visitor, desk: DeskData) -> None:
    page = mara.page(f"/cards/{desk.cards['zh-fever']}?lang=zh")
    assert page.xpath("//nav[@class='steps']/a/@href") == [
        f"/cards/{desk.cards['zh-vitamin']}?lang=zh"
    ]


def test_card_page_ties_sentences_to_their_sources(mara: Visitor, desk: DeskData) -> None:
    page = mara.page(f"/cards/{desk.cards['fever']}")
    source = {s.get("data-s"): text_of(s) for s in page.xpath("//*[@data-source]//*[@data-s]")}
    assert list(source) == ["s1", "s2", "s3", "s4", "s5"]
    drafted = page.get_element_by_id("tone-mom").xpath(".//*[@data-d]")
    assert [(text_of(s), s.get("data-refs")) for s in drafted][:2] == [
        ("If your tiny one feels hot, trust that worry.", None),
        (
            "Under 3 months, 38.5 °C or higher means: call your doctor or the emergency service "
            "right away, day or night.",
            "s1 s2",
        ),
    ]
    marks = page.xpath("//mark")
    assert [text_of(mark) for mark in marks] == [
        "38 °C",
        "Do not give any medicine before a doctor has seen the baby.",
        "38.5 °C",
        "paracetamol",
    ]


def test_card_page_shows_what_changed_in_the_source(mara: Visitor, desk: DeskData) -> None:
    page = mara.page(f"/cards/{desk.cards['storage']}")
    source = page.xpath("//section[@class='source']")[0]
    assert [text_of(node) for node in source.xpath(".//del")] == ["6", "5"]
    assert [text_of(node) for node in source.xpath(".//ins")] == ["4", "4", ", never in the door"]


def test_guide_page_shows_every_block_under_its_card(mara: Visitor, desk: DeskData) -> None:
    page = mara.page("/guides/river-health/ill-baby")
    links = page.xpath("//*[@class='cut-label']/a/@href")
    assert links == [f"/cards/{desk.cards['fever']}"]
    assert "Call your doctor or the emergency service" in page.text_content()


def test_group_page_shows_posts_as_members_see_them(mara: Visitor, desk: DeskData) -> None:
    publish_one(desk, "latch", "night-feeds")
    page = mara.page("/groups/night-feeds")
    post = page.xpath("//article[@class='member-post']")[0]
    assert text_of(post.xpath(".//h3")[0]) == "Signs of a good latch"
    assert "Open Government Licence" in text_of(post)
    assert page.xpath("//a[@class='feed-link']/@href") == ["/feeds/night-feeds.atom"]


def test_runs_page_tells_figures_and_errors(mara: Visitor, desk: DeskData) -> None:
    text = text_of(mara.page("/runs"))
    assert "river-health: https://health.example.org/moved answered 503 twice" in text
    assert "30 new" in text
    assert f"/queue?run={desk.run_id}" in mara.get("/runs").text


def test_feed_is_public_and_answers_not_modified(guest: Visitor, desk: DeskData) -> None:
    publish_one(desk, "latch", "night-feeds")
    first = guest.get("/feeds/night-feeds.atom")
    assert first.status_code == 200
    assert first.headers["content-type"] == "application/atom+xml"
    entries = etree.fromstring(first.content).findall("{*}entry")
    assert [entry.findtext("{*}title") for entry in entries] == ["Signs of a good latch"]
    etag, changed = first.headers["etag"], first.headers["last-modified"]
    for headers in (
        {"if-none-match": etag}, {"if-none-match": f'"x", W/{etag}'},
        {"if-modified-since": changed},
    ):  # fmt: skip
        again = guest.get("/feeds/night-feeds.atom", **headers)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    earlier = parsedate_to_datetime(changed) - timedelta(seconds=1)
    for headers in (
        {"if-modified-since": format_datetime(earlier, usegmt=True)},
        {"if-modified-since": "yesterday"}, {"if-none-match": '"other"'},
        {"if-none-match": '"other"', "if-modified-since": changed},
    ):  # fmt: skip
        assert guest.get("/feeds/night-feeds.atom", **headers).status_code == 200
    head = guest.client.head("/feeds/night-feeds.atom")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", etag)


def test_feed_time_moves_on_when_a_post_is_taken_back(guest: Visitor, desk: DeskData) -> None:
    decision = publish_one(desk, "latch", "night-feeds")
    undo(desk.db, decision, 1)
    later = datetime.now(UTC) - timedelta(minutes=1)
    headers = {"if-modified-since": format_datetime(later, usegmt=True)}
    assert guest.get("/feeds/night-feeds.atom", **headers).status_code == 200


def test_unknown_feed_is_not_found(guest: Visitor) -> None:
    assert guest.get("/feeds/nope.atom").status_code == 404


def test_static_files_keep_for_ever_and_nothing_else_is_served(mara: Visitor) -> None:
    page = mara.page("/queue")
    addresses = page.xpath("//link[@rel='stylesheet']/@href | //script/@src")
    assert len(addresses) == 2
    for address in addresses:
        response = mara.get(address)
        assert response.status_code == 200
        assert response.headers["cache-control"].endswith("immutable")
    assert mara.get("/static/old/tokens.css").headers["cache-control"] == "no-cache"
    for name in ("../app.py", "vendor/../../app.py", "%2e%2e/app.py", "", "vendor/"):
        assert mara.get(f"/static/v/{name}").status_code == 404


def test_theme_choice_is_in_the_page_from_the_start(mara: Visitor) -> None:
    mara.client.cookies["spoonful_theme"] = "dark"
    assert mara.page("/queue").get("data-theme") == "dark"
    mara.client.cookies["spoonful_theme"] = '"><script>'
    assert mara.page("/queue").get("data-theme") is None


def test_app_refuses_a_database_that_is_not_migrated(desk: DeskData) -> None:
    empty = settings_for(desk.settings.home_path / "empty")
    empty.home_path.mkdir()
    with pytest.raises(ConfigError, match="spoonful migrate"):
        create_app(empty)


def test_app_refuses_a_database_of_a_later_version(desk: DeskData) -> None:
    db = open_database(desk.settings.effective_database_url)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_later'")
    db.dispose()
    with pytest.raises(ConfigError, match="9999_later"):
        create_app(desk.settings)


def test_readiness_says_when_the_database_is_gone(guest: Visitor, desk: DeskData) -> None:
    assert guest.get("/readyz").text == "ready\n"
    with desk.db.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    response = guest.get("/readyz")
    assert (response.status_code, response.text) == (503, "database: not migrated\n")
    assert guest.get("/healthz").status_code == 200
