from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from stages.errors import BudgetError, InFlightError
from stages.types import Completion
from store import completions
from store.completions import Spending, StoreLedger, get_spending
from store.engine import Database, utc_now
from store.runs import start_run
from tests.store.processes import Child, answer_of_killed, race_children, race_threads

ANSWER = Completion("call-1", "a/model", '{"mom": "宝宝 🍼"}', 900, 120, Decimal("0.001234"), 2.5)
HALF = Decimal("0.5")


@pytest.fixture
def run_id(db: Database) -> str:
    return start_run(db, "daily", [], {})


@pytest.fixture
def ledger(db: Database, run_id: str) -> StoreLedger:
    return StoreLedger(db, run_id, max_run_usd=Decimal(5), max_day_usd=Decimal(20))


def claim(ledger: StoreLedger, key: str = "call-1", usd: Decimal | None = HALF) -> object:
    return ledger.claim(key, "a/model", "prompt hash", usd)


def let_pass(monkeypatch: pytest.MonkeyPatch, **time: float) -> None:
    later = utc_now() + timedelta(**time)
    monkeypatch.setattr(completions, "utc_now", lambda: later)


def test_settled_call_is_answered_from_the_ledger(ledger: StoreLedger) -> None:
    assert claim(ledger) is None
    ledger.settle(ANSWER)
    assert claim(ledger) == ANSWER
    assert claim(replace(ledger, max_run_usd=Decimal(0))) == ANSWER
    assert get_spending(ledger.db, ledger.run_id) == Spending(1, 900, 120, Decimal("0.001234"), 0)


def test_call_of_an_earlier_run_is_answered_and_costs_this_one_nothing(
    db: Database, ledger: StoreLedger
) -> None:
    claim(ledger)
    ledger.settle(ANSWER)
    later = replace(ledger, run_id=start_run(db, "daily", [], {}))
    assert claim(later) == ANSWER
    assert get_spending(db, later.run_id) == Spending(0, 0, 0, Decimal(0), 0)


def test_call_of_unknown_price_is_sent_only_when_allowed(ledger: StoreLedger) -> None:
    with pytest.raises(BudgetError, match=r"a/model .*SPOONFUL_ALLOW_UNPRICED_MODELS=true"):
        claim(ledger, usd=None)
    assert get_spending(ledger.db, ledger.run_id).calls == 0
    assert claim(ledger, usd=Decimal(0)) is None
    ledger.settle(ANSWER)
    assert claim(ledger, usd=None) == ANSWER  # nothing is sent
    assert claim(replace(ledger, allow_unpriced=True), "call-2", None) is None


def test_unknown_cost_stays_unknown(ledger: StoreLedger) -> None:
    ledger = replace(ledger, allow_unpriced=True)
    unknown = replace(ANSWER, cost_usd=None)
    claim(ledger)
    ledger.settle(unknown)
    assert claim(ledger) == unknown
    claim(ledger, "call-2", None)
    ledger.settle(replace(ANSWER, key="call-2", cost_usd=Decimal(0)))
    assert get_spending(ledger.db, ledger.run_id) == Spending(2, 1800, 240, Decimal(0), 1)


def test_failed_call_may_be_sent_again_and_frees_its_reserve(ledger: StoreLedger) -> None:
    for _ in range(12):  # 6 USD in all, were they not freed
        assert claim(ledger) is None
        ledger.fail("call-1", "x" * 9000)
    assert claim(ledger) is None
    ledger.settle(ANSWER)
    assert claim(ledger) == ANSWER


def test_call_of_unknown_outcome_counts_as_spent(ledger: StoreLedger) -> None:
    ledger = replace(ledger, max_run_usd=Decimal("1.2"))
    for _ in range(2):
        assert claim(ledger) is None
        ledger.fail("call-1", "no answer within 90 s", is_unknown=True)
    assert get_spending(ledger.db, ledger.run_id).cost_usd == 1
    with pytest.raises(BudgetError):
        claim(ledger)
    assert claim(ledger, usd=Decimal("0.2")) is None
    ledger.settle(ANSWER)
    assert get_spending(ledger.db, ledger.run_id).cost_usd == Decimal("1.001234")


def test_call_in_flight_is_refused_and_names_when_to_try_again(ledger: StoreLedger) -> None:
    claim(ledger)
    with pytest.raises(InFlightError, match="in flight") as caught:
        claim(ledger)
    assert caught.value.retry_after_s == 5.0


def test_call_in_flight_is_free_when_its_lease_ends(
    ledger: StoreLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(ledger)
    let_pass(monkeypatch, seconds=ledger.lease_s - 5)
    with pytest.raises(InFlightError):
        claim(ledger)
    let_pass(monkeypatch, seconds=ledger.lease_s + 5)
    assert claim(ledger) is None


def test_call_of_a_killed_process_is_taken_over_at_once(
    db: Database, ledger: StoreLedger, url_of: Callable[[Database], str]
) -> None:
    assert answer_of_killed("call", url_of(db), ledger.run_id) == "None"
    assert claim(ledger) is None
    ledger.settle(ANSWER)
    assert claim(ledger) == ANSWER


def test_same_key_is_sent_once_by_parallel_threads(ledger: StoreLedger) -> None:
    for nth in range(10):

        def call(_: int, key: str = f"call-{nth}") -> str:
            try:
                return "sent" if claim(ledger, key) is None else "answered"
            except InFlightError:
                return "refused"

        assert Counter(race_threads(6, call)) == {"sent": 1, "refused": 5}


def test_failed_key_is_sent_again_once_by_parallel_threads(ledger: StoreLedger) -> None:
    claim(ledger)
    ledger.fail("call-1", "time-out")

    def call(_: int) -> str:
        try:
            return "sent" if claim(ledger) is None else "answered"
        except InFlightError:
            return "refused"

    assert Counter(race_threads(6, call)) == {"sent": 1, "refused": 5}


def test_failure_that_comes_after_another_process_took_over_is_ignored(
    ledger: StoreLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(ledger)
    let_pass(monkeypatch, seconds=ledger.lease_s + 5)
    slow = completions.process_holder()
    monkeypatch.setattr(completions, "process_holder", lambda: "elsewhere:1:1")
    assert claim(ledger) is None
    monkeypatch.setattr(completions, "process_holder", lambda: slow)
    ledger.fail("call-1", "time-out")
    with pytest.raises(InFlightError):
        claim(ledger)
    ledger.settle(ANSWER)
    ledger.fail("call-1", "time-out")
    assert claim(ledger) == ANSWER


# --- budgets -------------------------------------------------------------------------------


def test_call_that_could_exceed_the_budget_of_the_run_is_not_sent(ledger: StoreLedger) -> None:
    ledger = replace(ledger, max_run_usd=Decimal("1.2"))
    claim(ledger, "a")
    claim(ledger, "b")
    with pytest.raises(BudgetError, match=r"this run to 1.5000 USD.*SPOONFUL_MAX_COST_PER_RUN_USD"):
        claim(ledger, "c")
    ledger.settle(replace(ANSWER, key="a", cost_usd=Decimal("0.1")))  # cheaper than feared
    assert claim(ledger, "c") is None
    with pytest.raises(BudgetError):
        claim(ledger, "d")
    ledger.settle(replace(ANSWER, key="c"))


def test_budget_may_be_used_to_the_last_cent(ledger: StoreLedger) -> None:
    ledger = replace(ledger, max_run_usd=Decimal(1))
    assert [claim(ledger, key) for key in "ab"] == [None, None]
    with pytest.raises(BudgetError):
        claim(ledger, "c", Decimal("0.000001"))


def test_call_refused_for_its_cost_may_be_claimed_later(ledger: StoreLedger) -> None:
    with pytest.raises(BudgetError):
        claim(replace(ledger, max_run_usd=Decimal(0)))
    assert claim(ledger) is None


def test_budget_of_the_day_counts_all_runs_until_midnight(
    db: Database, ledger: StoreLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = utc_now().replace(hour=12)
    monkeypatch.setattr(completions, "utc_now", lambda: noon)
    claim(replace(ledger, max_day_usd=Decimal("0.8")), "a")
    second = StoreLedger(db, start_run(db, "daily", [], {}), Decimal(5), Decimal("0.8"))
    with pytest.raises(BudgetError, match=r"this day to 1.0000 USD.*SPOONFUL_MAX_COST_PER_DAY_USD"):
        claim(second, "b")
    assert claim(second, "b", Decimal("0.3")) is None
    monkeypatch.setattr(completions, "utc_now", lambda: noon + timedelta(hours=12))
    assert claim(second, "c") is None


def test_parallel_calls_together_stay_in_the_budget(db: Database, ledger: StoreLedger) -> None:
    ledger = replace(ledger, max_run_usd=Decimal(2))

    def call(number: int) -> str:
        try:
            return str(claim(ledger, f"call-{number}"))
        except BudgetError:
            return "over"

    assert Counter(race_threads(8, call)) == {"None": 4, "over": 4}


def test_two_processes_together_stay_in_the_day_budget(
    db: Database, url_of: Callable[[Database], str]
) -> None:
    """Each has a run of its own and 30 calls of 0.10 to send; the day allows 4."""
    runs = [start_run(db, "daily", [], {}) for _ in range(2)]
    children = [
        Child("spend", url_of(db), f"{run},{name}") for run, name in zip(runs, "ab", strict=True)
    ]
    assert sum(int(sent) for sent in race_children(children)) == 40


def test_spending_counts_the_calls_of_its_run_only(db: Database, ledger: StoreLedger) -> None:
    other = replace(ledger, run_id=start_run(db, "daily", [], {}))
    for each, key in ((ledger, "a"), (ledger, "b"), (other, "c")):
        claim(each, key)
        each.settle(replace(ANSWER, key=key))
    claim(ledger, "d")
    assert get_spending(db, ledger.run_id) == Spending(3, 1800, 240, Decimal("0.002468"), 0)
    assert get_spending(db, "nobody") == Spending(0, 0, 0, Decimal(0), 0)
