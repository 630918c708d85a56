"""Figures of deciding, and of the whole store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from stages.types import Completion, PostState, Risk
from store.completions import CallState, StoreLedger
from store.decision_types import RejectReason
from store.decisions import edit, undo
from store.desk_tables import LeaseRow, VerdictRow
from store.engine import utc_now
from store.gauges import get_gauges
from store.insights import (
    Agreement,
    CheckFigures,
    SourceFigures,
    count_agreement,
    count_source_cards,
    list_check_figures,
    list_settled,
    sum_cost,
)
from store.tables import DraftState
from tests.deciding import approve, reject
from tests.store.makers import FINDING, Stock, make_draft, stock
from tests.store.queries import counted_queries

EVER = (utc_now() - timedelta(days=1), utc_now() + timedelta(days=1))


def pay(stocked: Stock, key: str, cost: str) -> None:
    ledger = StoreLedger(stocked.db, stocked.run_id, Decimal(9), Decimal(9))
    ledger.claim(key, "some/model", "hash", Decimal("0.1"))
    ledger.settle(
        Completion(
            key=key, model="some/model", text="{}", tokens_in=10, tokens_out=5,
            cost_usd=Decimal(cost), latency_s=0.5,
        )
    )  # fmt: skip


def test_settled_are_decisions_that_stand(stocked: Stock) -> None:
    first = stocked.draft("card-0")
    undo(stocked.db, approve(stocked.db, first.id, stocked.by_ada(first), [], 0), stocked.ada)
    second = stocked.draft("card-1")
    edit(stocked.db, second.id, stocked.by_ada(second), "Mine.", (), Risk.LOW)
    second = stocked.draft("card-1")
    approve(stocked.db, second.id, stocked.by_ada(second, 12), [], 0)
    third = stocked.draft("card-2", "mom")
    reject(stocked.db, third.id, stocked.by_ben(third), RejectReason.WRONG)
    found = list_settled(stocked.db, *EVER)
    assert [
        (each.user, each.is_approval, each.is_edited, each.reason, each.active_s, each.tone)
        for each in found
    ] == [("ada", True, True, "", 12, "expert"), ("ben", False, False, "wrong", 0, "mom")]
    assert list_settled(stocked.db, EVER[1], EVER[1] + timedelta(days=1)) == ()


def test_findings_approved_anyway_are_counted_by_draft(db: object) -> None:
    pattern = replace(make_draft("x"), findings=(FINDING, FINDING))
    stocked = stock(db, draft=pattern)  # type: ignore[arg-type]
    for card in ("card-0", "card-1"):
        draft = stocked.draft(card)
        approve(stocked.db, draft.id, stocked.by_ada(draft), [], 0)
    draft = stocked.draft("card-2")
    reject(stocked.db, draft.id, stocked.by_ben(draft), RejectReason.WRONG)
    assert list_check_figures(stocked.db, *EVER) == (CheckFigures("numbers", 3, 2),)


def test_agreement_counts_complete_pairs_only(stocked: Stock) -> None:
    def say(card: str, user_id: int, verdict: str, withdrawn: bool = False) -> None:
        draft = stocked.draft(card)
        with stocked.db.write() as session:
            session.add(
                VerdictRow(
                    draft_id=draft.id, version=draft.version, user_id=user_id, verdict=verdict,
                    groups=[], at=utc_now(), withdrawn_at=utc_now() if withdrawn else None,
                )
            )  # fmt: skip

    say("card-0", stocked.ada, "approve")
    say("card-0", stocked.ben, "approve")
    say("card-1", stocked.ada, "approve")
    say("card-1", stocked.ben, "reject")
    say("card-2", stocked.ada, "approve")
    say("card-3", stocked.ada, "approve", withdrawn=True)
    say("card-3", stocked.ben, "reject")
    assert count_agreement(stocked.db, *EVER) == Agreement(pairs=2, same=1)


def test_cost_and_cards_of_sources(stocked: Stock) -> None:
    pay(stocked, "a", "0.25")
    pay(stocked, "b", "0.5")
    draft = stocked.draft("card-0")
    approve(stocked.db, draft.id, stocked.by_ada(draft), [], 0)
    assert sum_cost(stocked.db, *EVER) == Decimal("0.75")
    assert count_source_cards(stocked.db) == (SourceFigures("The House", 4, 1),)


def test_gauges_count_the_store_in_a_fixed_number_of_queries(stocked: Stock) -> None:
    now = utc_now()
    with counted_queries(stocked.db) as before:
        empty = get_gauges(stocked.db, now)
    assert (empty.last_run_at, empty.leases, empty.cost_usd) == (None, 0, 0)
    draft = stocked.draft("card-0")
    approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1", "g2"], 60)
    pay(stocked, "a", "0.25")
    with stocked.db.write() as session:
        for card, until in (("card-1", now + timedelta(hours=1)), ("card-2", now)):
            session.add(LeaseRow(card_id=card, user_id=stocked.ada, taken_at=now, until=until))
    with counted_queries(stocked.db) as after:
        gauges = get_gauges(stocked.db, now)
    assert gauges.drafts == {
        (DraftState.PENDING, Risk.LOW): 11,
        (DraftState.APPROVED, Risk.LOW): 1,
    }
    assert gauges.posts == {PostState.SCHEDULED: 2}
    assert (gauges.calls, gauges.cost_usd) == ({CallState.SETTLED: 1}, Decimal("0.25"))
    assert (gauges.leases, gauges.oldest_pending_s is not None) == (1, True)
    assert len(before) == len(after)
