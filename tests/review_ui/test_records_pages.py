"""Audit, a post's trace, calendar, insights and metrics as people see them."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from review_ui.audit_view import BOM, CSV_COLUMNS, inert
from stages.types import PostState, Receipt, Risk
from store import verdicts
from store.api_tokens import make_api_token
from store.decision_types import By, RejectReason
from store.decisions import edit
from store.desk_tables import VerdictRow
from store.drafts import list_drafts
from store.engine import utc_now
from store.pages import PageRecord, PageRole, save_pages
from store.posts import claim_due_posts, list_posts, mark_published
from store.snapshots import Snapshots
from store.tables import metadata
from store.users import Role, add_user
from tests.deciding import approve, reject
from tests.review_ui.conftest import give_session
from tests.review_ui.desk_data import DeskData
from tests.review_ui.test_pages import count_queries
from tests.review_ui.visitor import Visitor, text_of

EVIL = '=HYPERLINK("https://evil.example","x")'
GROUPS = ("night-feeds", "back-to-work", "first-fever", "toddler-table")


def draft_of(desk: DeskData, card: str, nth: int = 0) -> int:
    return list_drafts(desk.db, [desk.cards[card]])[desk.cards[card]][nth].id


def decide_some(desk: DeskData) -> None:
    """Mara edits and approves a draft for a group, Lin rejects one with a note like a formula."""
    drafts = list_drafts(desk.db, [desk.cards["storage"]])[desk.cards["storage"]]
    edit(desk.db, drafts[0].id, By(1, 1, 20), drafts[0].text + " Really.", (), Risk.LOW)
    approve(desk.db, drafts[0].id, By(1, 2, 3.0), ["night-feeds"], 0)
    reject(desk.db, drafts[1].id, By(2, 1, 9.0), RejectReason.TONE, EVIL)


def publish_storage(desk: DeskData) -> int:
    decide_some(desk)
    for post in claim_due_posts(desk.db):
        mark_published(desk.db, post.id, Receipt(external_id="e-1"))
    return list_posts(desk.db, card_id=desk.cards["storage"])[0].post.id


@pytest.fixture
def someone(visit: Callable[[], Visitor], desk: DeskData) -> Callable[[Role], Visitor]:
    def enter(role: Role) -> Visitor:
        return give_session(visit(), desk, add_user(desk.db, f"a-{role}", "hash", role).id)

    return enter


# --- audit


def test_audit_tells_each_decision_and_the_words_that_changed(
    mara: Visitor, desk: DeskData
) -> None:
    decide_some(desk)
    rows = mara.page("/audit").xpath("//li[contains(@class, 'record')]")
    said = [text_of(row.xpath(".//p[@class='record-said']")[0]) for row in rows]
    title = "How long expressed milk keeps"
    assert said == [f"lin Rejected {title}", f"mara Approved {title}", f"mara Edited {title}"]
    assert [text_of(node) for node in rows[2].xpath(".//p[@class='difference']/ins")] == ["Really."]
    assert "looked for 9 s" in text_of(rows[0])


def test_audit_filters_by_what_its_form_sends(mara: Visitor, desk: DeskData) -> None:
    decide_some(desk)
    day = utc_now().date().isoformat()
    for query, count in (
        ("person=lin", 1), ("action=edit", 1), ("tone=expert", 2), ("source=river-health", 3),
        ("source=city-mother-child", 0), (f"from={day}&to={day}", 3), ("to=2020-01-01", 0),
        (f"card={desk.cards['storage']}", 3), ("batch=none", 0), ("from=2026-99-99&below=x", 3),
    ):  # fmt: skip
        rows = mara.page(f"/audit?{query}").xpath("//li[contains(@class, 'record')]")
        assert len(rows) == count, query


def test_audit_costs_the_same_queries_for_few_and_many(mara: Visitor, desk: DeskData) -> None:
    db = mara.client.app.state.services.db  # type: ignore[attr-defined]
    costs = []
    for _ in range(2):
        mara.get("/audit")
        with count_queries(db) as said:
            mara.get("/audit")
        costs.append(len(said))
        if len(costs) == 1:
            decide_some(desk)
    assert costs[0] == costs[1]


def test_editor_sees_own_pace_only_and_no_accounts(
    someone: Callable[[Role], Visitor], desk: DeskData
) -> None:
    decide_some(desk)
    editor = someone(Role.EDITOR)
    assert "looked for" not in editor.get("/audit").text
    rows = [json.loads(line) for line in editor.get("/audit/export.jsonl").text.splitlines()]
    assert {row["active_s"] for row in rows} == {None}
    assert editor.get("/audit?kind=accounts").status_code == 403
    assert editor.get("/audit/export.csv?kind=accounts").status_code == 403
    assert "Accounts" not in editor.get("/audit").text


def test_csv_opens_in_a_spreadsheet_and_runs_nothing(mara: Visitor, desk: DeskData) -> None:
    decide_some(desk)
    response = mara.get("/audit/export.csv?person=lin")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in response.headers["content-disposition"]
    text = response.content.decode()
    assert text.startswith(BOM)
    header, row = csv.reader(io.StringIO(text.removeprefix(BOM)))
    assert tuple(header) == CSV_COLUMNS
    assert dict(zip(header, row, strict=True))["note"] == "'" + EVIL


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\n=1", "＝1"])
def test_cell_like_a_formula_is_made_inert(cell: str) -> None:
    assert inert(cell) == "'" + cell
    assert inert("1 - 1 = 0") == "1 - 1 = 0"


def test_waiting_verdict_is_nowhere_in_the_record(mara: Visitor, desk: DeskData) -> None:
    with desk.db.write() as session:
        session.add(
            VerdictRow(
                draft_id=draft_of(desk, "fever"), version=1, user_id=2, verdict="reject",
                note="waiting words", groups=[], at=utc_now(),
            )
        )  # fmt: skip
    for path in ("/audit", "/audit/export.jsonl", "/audit/export.csv", "/api/v1/audit"):
        assert "waiting words" not in mara.get(path).text


def test_decision_of_two_names_both_and_hides_their_pace_from_others(
    mara: Visitor, someone: Callable[[Role], Visitor], desk: DeskData
) -> None:
    draft_id = draft_of(desk, "fever")
    for user_id, seconds in ((1, 3.25), (2, 4.25)):
        verdicts.reject(
            desk.db, draft_id, By(user_id, 1, seconds), RejectReason.WRONG, f"by {user_id}"
        )
    (row,) = mara.page("/audit").xpath("//li[contains(@class, 'record')]")
    assert "lin Rejected" in text_of(row)
    assert "Before: mara, Rejected" in text_of(row)
    assert "by 1" in text_of(row)
    exported = someone(Role.EDITOR).get("/audit/export.jsonl").text
    assert "by 1" in exported
    assert "3.25" not in exported
    assert "4.25" not in exported
    assert "3.25" in mara.get("/audit/export.jsonl").text


def add_decisions(desk: DeskData, count: int) -> None:
    now, draft_id = utc_now(), draft_of(desk, "storage")
    rows = [
        {
            "draft_id": draft_id, "user_id": 1 + n % 2, "action": "edit", "reason": "",
            "note": f"note {n}", "before": {"text": f"Milk keeps {n} hours.", "state": "pending"},
            "after": {"text": f"Milk keeps {n + 1} hours.", "state": "pending"}, "active_s": 7.0,
            "at": now - timedelta(minutes=n), "batch": "",
        }
        for n in range(count)
    ]  # fmt: skip
    with desk.db.write() as session:
        session.execute(insert(metadata.tables["decisions"]), rows)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_ten_thousand_entries_are_exported_within_five_seconds(
    mara: Visitor, desk: DeskData, form: str
) -> None:
    add_decisions(desk, 10_000)
    started = time.process_time()
    response = mara.get(f"/audit/export.{form}?source=river-health&action=edit")
    assert time.process_time() - started < 5
    rows = response.text.splitlines()[1 if form == "csv" else 0 :]
    assert len(rows) == 10_000
    assert "Milk keeps 10000 hours." in response.text


# --- a post's trace


def test_trace_leads_from_the_post_to_the_publishers_page(mara: Visitor, desk: DeskData) -> None:
    snapshots = Snapshots(desk.settings.snapshots_url)
    sha = snapshots.put(b"<script>alert(1)</script>")
    guide_id = "river-health/feeding"
    save_pages(
        desk.db,
        [
            PageRecord(
                key=guide_id, source_id="river-health", role=PageRole.GUIDE, url="https://h.example/",
                final_url="https://h.example/", status=200, fetched_at=utc_now(),
                seen_at=utc_now(), guide_id=guide_id, body_sha256=sha,
            )
        ],
    )  # fmt: skip
    post_id = publish_storage(desk)
    links = mara.page("/posts").xpath("//a[@data-trace]/@href")
    assert links == [f"/posts/{post_id}"]
    tree = mara.page(f"/posts/{post_id}")
    words = text_of(tree.get_element_by_id("main"))
    for expected in (
        "Approved by mara",
        "Text edited by mara",
        "offline/house",
        "version 1",
        sha[:16],
    ):
        assert expected in words
    assert next(text_of(node) for node in tree.xpath("//p[@class='difference']/ins")) == "Really."
    marked = [text_of(node) for node in tree.xpath("//mark[@class='ours']")]
    assert marked[0].startswith("Freshly expressed breast milk keeps")
    assert f"/posts/{post_id}/snapshot?sha={sha}" in tree.xpath("//a/@href")
    assert f"/cards/{desk.cards['storage']}" in tree.xpath("//a/@href")


def test_snapshot_is_handed_over_as_text_and_only_that_of_the_post(
    mara: Visitor, desk: DeskData
) -> None:
    snapshots = Snapshots(desk.settings.snapshots_url)
    sha, other = snapshots.put(b"<script>alert(1)</script>"), snapshots.put(b"not yours")
    save_pages(
        desk.db,
        [
            PageRecord(
                key="river-health/feeding", source_id="river-health", role=PageRole.GUIDE, url="u",
                final_url="", status=200, fetched_at=utc_now(), seen_at=utc_now(),
                guide_id="river-health/feeding", body_sha256=sha,
            )
        ],
    )  # fmt: skip
    post_id = publish_storage(desk)
    response = mara.get(f"/posts/{post_id}/snapshot")
    assert response.content == b"<script>alert(1)</script>"
    assert response.headers["content-type"].startswith("text/plain")
    assert response.headers["content-disposition"].startswith("attachment;")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert mara.get(f"/posts/{post_id}/snapshot?sha={other}").status_code == 404
    assert mara.get("/posts/999/snapshot").status_code == 404
    assert mara.get("/posts/999").status_code == 404
    assert mara.get(f"/posts/{2**70}").status_code == 404


def test_posts_turn_pages(mara: Visitor, desk: DeskData) -> None:
    add_posts(desk, 130, utc_now())
    tree = mara.page("/posts")
    rows = tree.xpath("//li[@data-row]/@id")
    (link,) = tree.xpath("//a[@rel='next']/@href")
    rest = mara.page(link).xpath("//li[@data-row]/@id")
    assert (len(rows), len(rest)) == (100, 30)
    assert not set(rows) & set(rest)


# --- calendar


def add_posts(desk: DeskData, count: int, start: datetime, card: str = "storage") -> None:
    """Posts of one draft, spread over seven days and four groups, in all states."""
    draft_id = draft_of(desk, card)
    decision = approve(desk.db, draft_id, By(1, 1), [], 0)
    states = [state.value for state in PostState if state is not PostState.WITHDRAWN]
    rows = [
        {
            "key": f"{card}{n}", "draft_id": draft_id, "decision_id": decision,
            "group_id": GROUPS[n % 4], "channel": "atom", "title": f"Post {n}", "text": "Milk.",
            "attribution": "", "source_url": "", "lang": "en", "state": states[n % len(states)],
            "due_at": start + timedelta(minutes=n * 10_000 // count),
            "published_at": start + timedelta(minutes=n * 10_000 // count),
            "created_at": start, "external_id": "", "attempts": 0, "holder": "", "alert": "",
        }
        for n in range(count)
    ]  # fmt: skip
    with desk.db.write() as session:
        session.execute(insert(metadata.tables["posts"]), rows)


MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def test_calendar_puts_posts_into_their_groups_row_and_their_day(
    mara: Visitor, desk: DeskData
) -> None:
    add_posts(desk, 14, MONDAY)
    tree = mara.page("/calendar?day=2026-11-25")
    heads = [text_of(th.xpath("./a")[0]) for th in tree.xpath("//thead//th")]
    assert (heads[0], heads[6]) == ("Mon 23 Nov", "Sun 29 Nov")
    rows = {text_of(row.xpath("./th")[0]): row for row in tree.xpath("//table/tbody/tr")}
    first = rows["Night Feeds Circle"].xpath("./td")[0]
    assert [text_of(node) for node in first.xpath(".//span[@class='chip-title']")] == ["Post 0"]
    assert "00:00" in text_of(first)
    assert len(tree.xpath("//a[contains(@class, 'chip ')]")) == 14
    assert "1 group gets nothing" in text_of(tree.get_element_by_id("main"))


def test_calendar_days_are_those_of_the_readers_clock(mara: Visitor, desk: DeskData) -> None:
    add_posts(desk, 1, MONDAY + timedelta(hours=20))
    mara.client.cookies["spoonful_zone"] = "Asia%2FShanghai"
    chip = mara.page("/calendar?view=day&day=2026-11-24").xpath("//a[contains(@class, 'chip ')]")
    assert "04:00" in text_of(chip[0])
    assert mara.page("/calendar?view=day&day=2026-11-23").xpath("//a[@class='chip ']") == []
    mara.client.cookies["spoonful_zone"] = "../../etc/passwd"
    assert mara.get("/calendar").status_code == 200


def test_calendar_shows_empty_days_and_marks_today(mara: Visitor) -> None:
    tree = mara.page("/calendar?day=2020-01-01")
    assert len(tree.xpath("//ol[@class='calendar-empty']/li")) == 7
    assert "Nothing goes out this week" in text_of(tree)
    today = mara.page("/calendar").xpath("//ol[@class='calendar-empty']/li[@class='is-today']")
    assert len(today) == 1
    for query in ("day=0001-01-01", "day=9999-12-31", "view=x&day=x&group=x&post=x", "post=999"):
        assert mara.get(f"/calendar?{query}").status_code == 200


@pytest.mark.parametrize("view", ["week", "day"])
def test_calendar_of_two_thousand_posts_asks_and_weighs_what_few_do(
    mara: Visitor, desk: DeskData, view: str
) -> None:
    db = mara.client.app.state.services.db  # type: ignore[attr-defined]
    path = f"/calendar?day=2026-11-23&view={view}"

    def look() -> float:
        started = time.process_time()
        mara.get(path)
        return time.process_time() - started

    with count_queries(db) as few:
        mara.get(path)
    add_posts(desk, 200, MONDAY)
    of_hundreds = min(look() for _ in range(3))
    add_posts(desk, 1800, MONDAY, "latch")
    with count_queries(db) as many:
        response = mara.get(path)
    of_thousands = min(look() for _ in range(3))
    assert of_thousands < 5 * of_hundreds
    assert len(many) == len(few)
    assert len(response.content) < 150_000


# --- insights and metrics


def test_insights_say_how_many_they_rest_on(mara: Visitor, desk: DeskData) -> None:
    decide_some(desk)
    tree = mara.page("/insights")
    words = text_of(tree.get_element_by_id("main"))
    tile = tree.xpath("//dl[@class='tiles']/div[1]/dd/*")
    assert [text_of(node) for node in tile] == ["50%", "1 of 2 decided", "too few to tell"]
    assert "Not in this tone" in words
    pace = tree.xpath("//section[@aria-labelledby='pace-title']//tbody/tr")
    assert [text_of(row.xpath("./th")[0]) for row in pace] == ["Everybody", "lin", "mara"]
    assert [text_of(cell) for cell in pace[2]] == ["mara", "3 s", "100% too few to tell", "1"]
    chart = tree.xpath("//*[@role='img']")[0]
    assert [node.text for node in chart.xpath("./*[local-name() = 'title']")] == ["Decisions a day"]


def test_insights_show_an_editor_no_one_elses_pace(
    someone: Callable[[Role], Visitor], desk: DeskData
) -> None:
    decide_some(desk)
    tree = someone(Role.EDITOR).page("/insights")
    words = text_of(tree.get_element_by_id("main"))
    assert "How long you look" in words
    assert "mara" not in words


def test_insights_without_a_decision_say_so(mara: Visitor) -> None:
    assert "Nobody decided anything in these days." in mara.get("/insights?days=7").text


def test_metrics_are_for_ops_and_name_every_state(
    someone: Callable[[Role], Visitor], guest: Visitor, desk: DeskData
) -> None:
    assert guest.get("/metrics").status_code == 303
    assert someone(Role.EDITOR).get("/metrics").status_code == 403
    response = someone(Role.OPS).get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = response.text.splitlines()
    key = {"authorization": f"Bearer {make_api_token(desk.db, 1, 'prometheus', 1)}"}
    assert guest.get("/metrics", **key).status_code == 200
    assert 'spoonful_drafts{state="pending",risk="flagged"} 3' in lines
    assert 'spoonful_posts{state="failed"} 0' in lines
    assert "# TYPE spoonful_leases gauge" in lines
    assert len([line for line in lines if line.startswith("spoonful_drafts{")]) == 9


def test_waiting_post_is_moved_from_calendar_and_trace(mara: Visitor, desk: DeskData) -> None:
    approve(desk.db, draft_of(desk, "storage"), By(1, 1), ["night-feeds"], 3600)
    post_id = list_posts(desk.db)[0].post.id
    mara.client.cookies["spoonful_zone"] = "Asia%2FShanghai"

    def move(page: str, **fields: str) -> datetime:
        form = next(
            form for form in mara.page(page).xpath("//form") if "reschedule" in form.get("action")
        )
        sent = {**dict(form.fields), **fields}
        answer = mara.client.post(form.get("action"), data=sent)
        assert answer.headers["location"].startswith(page.partition("?")[0])
        return list_posts(desk.db)[0].post.due_at

    assert move(f"/calendar?post={post_id}", due_at="2027-01-05T07:30") == datetime(
        2027, 1, 4, 23, 30, tzinfo=UTC
    )
    assert move(f"/posts/{post_id}", shift="day") == datetime(2027, 1, 5, 23, 30, tzinfo=UTC)
    kept = move(f"/posts/{post_id}", due_at="2020-01-01T00:00")
    assert kept == datetime(2027, 1, 5, 23, 30, tzinfo=UTC)
    assert "lies in the past" in text_of(mara.page("/posts").get_element_by_id("note"))
    assert move(f"/posts/{post_id}", due_at="2099-01-01T00:00") == kept
    assert "more than a year away" in text_of(mara.page("/posts").get_element_by_id("note"))
    assert move(f"/posts/{post_id}", due_at="soon") == kept
    first = mara.page("/audit?action=reschedule").xpath("//li[contains(@class, 'record')]")
    assert len(first) == 2
