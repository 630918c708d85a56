"""From a post back to what it was made from."""

from __future__ import annotations

import json
from decimal import Decimal

from stages.types import Completion, Risk
from store.completions import StoreLedger
from store.decisions import edit
from store.drafts import add_drafts
from store.engine import utc_now
from store.pages import PageRecord, PageRole, save_pages
from store.posts import list_posts
from store.traces import get_trace, list_snapshot_hashes
from tests.deciding import approve
from tests.store.makers import Stock, make_draft
from tests.store.queries import counted_queries


def save_page(stocked: Stock, sha: str) -> None:
    save_pages(
        stocked.db,
        [
            PageRecord(
                key="house/sleep", source_id="house", role=PageRole.GUIDE,
                url="https://guides.example/sleep", final_url="https://guides.example/sleep/",
                status=200, fetched_at=utc_now(), seen_at=utc_now(), guide_id="house/sleep",
                body_sha256=sha,
            )
        ],
    )  # fmt: skip


def publish(stocked: Stock, card: str = "card-0") -> int:
    draft = stocked.draft(card)
    approve(stocked.db, draft.id, stocked.by_ben(draft), ["g1"], 60)
    return list_posts(stocked.db, card_id=card)[0].post.id


def test_trace_names_people_draft_guide_and_both_snapshots(stocked: Stock) -> None:
    save_page(stocked, "old")
    draft = stocked.draft()
    edit(stocked.db, draft.id, stocked.by_ada(draft), "By Ada.", (), Risk.LOW)
    post_id = publish(stocked)
    save_page(stocked, "new")
    trace = get_trace(stocked.db, post_id)
    assert trace is not None
    assert (trace.approved_by, trace.editors, trace.view.post.text) == ("ben", ("ada",), "By Ada.")
    assert (trace.draft.machine_text, trace.key) == (
        "Lay baby down on the back.",
        "card-0/expert/0",
    )
    assert trace.approval is not None
    assert trace.approval.user == "ben"
    assert (trace.guide.id, trace.publisher, trace.is_outdated) == (
        "house/sleep", "The House", False,
    )  # fmt: skip
    assert [(item.sha256, item.url, item.is_of_approval) for item in trace.snapshots] == [
        ("old", "", True),
        ("new", "https://guides.example/sleep/", False),
    ]
    assert list_snapshot_hashes(stocked.db, post_id) == ("old", "new")


def test_trace_finds_the_call_whose_answer_holds_the_draft(stocked: Stock) -> None:
    ledger = StoreLedger(stocked.db, stocked.run_id, Decimal(9), Decimal(9))
    for key, said in (("one", "Something else."), ("two", "宝宝仰卧。")):
        ledger.claim(key, "some/model", "hash", Decimal("0.1"))
        ledger.settle(
            Completion(
                key=key, model="some/model", text=json.dumps([{"text": said}]), tokens_in=11,
                tokens_out=7, cost_usd=Decimal("0.02"), latency_s=0.5,
            )
        )  # fmt: skip
    add_drafts(stocked.db, [make_draft("card-0", text="宝宝仰卧。", nth=1)], stocked.run_id)
    trace = get_trace(stocked.db, publish(stocked))
    assert trace is not None
    assert trace.call is not None
    assert (trace.call.key, trace.call.tokens_in, trace.call.cost_usd) == (
        "two", 11, Decimal("0.02"),
    )  # fmt: skip
    other = get_trace(stocked.db, publish(stocked, "card-1"))
    assert other is not None
    assert other.call is None


def test_trace_of_no_post_is_none_and_costs_do_not_grow(stocked: Stock) -> None:
    assert get_trace(stocked.db, 999) is None
    assert list_snapshot_hashes(stocked.db, 999) == ()
    first, costs = publish(stocked), []
    for number in range(2):
        with counted_queries(stocked.db) as said:
            get_trace(stocked.db, first)
        costs.append(len(said))
        draft = stocked.draft("card-1") if number == 0 else None
        if draft:
            edit(stocked.db, draft.id, stocked.by_ada(draft), "More.", (), Risk.LOW)
    assert costs[0] == costs[1]
