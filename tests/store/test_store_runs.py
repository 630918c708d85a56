from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from store import runs
from store.engine import Database, utc_now
from store.runs import (
    LOCK_LEASE_S,
    LockedError,
    RunRecord,
    RunState,
    finish_run,
    keep_alive,
    list_runs,
    start_run,
)
from tests.store.processes import Child, answer_of_killed, race_children, race_threads


def let_pass(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    later = utc_now() + timedelta(seconds=seconds)
    monkeypatch.setattr(runs, "utc_now", lambda: later)


def states(db: Database) -> dict[str, RunState]:
    return {run.id: run.state for run in list_runs(db)}


def list_locks(db: Database) -> dict[str, str]:
    with db.read() as session:
        rows = session.execute(text("SELECT name, run_id FROM locks"))
        return {name: run_id for name, run_id in rows}  # noqa: C416  # rows are no pairs to dict


def test_run_is_listed_with_what_it_was_asked_and_what_came_of_it(db: Database) -> None:
    params = {"sources": ["a", "b"], "force": True, "max_cost": None}
    run_id = start_run(db, "adhoc", ["source:a"], params, "ada", "宝宝 first try")
    (running,) = list_runs(db)
    assert running == RunRecord(
        run_id, "adhoc", RunState.RUNNING, "ada", "宝宝 first try", params, {},
        running.started_at, None,
    )  # fmt: skip
    finish_run(db, run_id, RunState.DONE, {"cards": {"new": 3}})
    (done,) = list_runs(db)
    assert (done.state, done.summary) == (RunState.DONE, {"cards": {"new": 3}})
    assert done.finished_at is not None
    assert done.finished_at >= done.started_at
    assert list_locks(db) == {}


def test_second_run_of_the_same_work_is_refused_and_told_by_whom(db: Database) -> None:
    first = start_run(db, "daily", ["source:a", "source:b"], {})
    with pytest.raises(LockedError, match=f"Run {first} on .* working on source:b since .* UTC"):
        start_run(db, "adhoc", ["source:b", "source:c"], {})
    assert states(db) == {first: RunState.RUNNING}
    assert list_locks(db) == {"source:a": first, "source:b": first}


def test_runs_of_other_work_go_side_by_side(db: Database) -> None:
    first = start_run(db, "daily", ["source:a"], {})
    second = start_run(db, "adhoc", ["source:b"], {})
    assert states(db) == {first: RunState.RUNNING, second: RunState.RUNNING}


@pytest.mark.parametrize("state", [RunState.DONE, RunState.FAILED, RunState.INTERRUPTED])
def test_work_is_free_when_its_run_ended(db: Database, state: RunState) -> None:
    finish_run(db, start_run(db, "daily", ["source:a"], {}), state, {})
    second = start_run(db, "daily", ["source:a"], {})
    assert list_locks(db) == {"source:a": second}


def test_work_of_a_killed_process_is_free_at_once_and_its_run_is_marked(
    db: Database, url_of: Callable[[Database], str]
) -> None:
    dead = answer_of_killed("run", url_of(db), "source:a")
    assert states(db) == {dead: RunState.RUNNING}
    second = start_run(db, "daily", ["source:a"], {})
    assert states(db) == {dead: RunState.INTERRUPTED, second: RunState.RUNNING}
    assert list_locks(db) == {"source:a": second}
    assert all(run.finished_at for run in list_runs(db) if run.id == dead)


def pretend_elsewhere(db: Database) -> None:
    """As if the processes so far were on another machine."""
    with db.write() as session:
        for table in ("runs", "locks"):
            session.execute(text(f"UPDATE {table} SET holder = 'elsewhere:1:1'"))  # noqa: S608


def test_work_of_a_silent_run_elsewhere_is_free_after_its_lease(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start_run(db, "daily", ["source:a"], {})
    pretend_elsewhere(db)
    let_pass(monkeypatch, LOCK_LEASE_S - 5)
    with pytest.raises(LockedError, match="on elsewhere has been"):
        start_run(db, "daily", ["source:a"], {})
    let_pass(monkeypatch, LOCK_LEASE_S + 5)
    second = start_run(db, "daily", ["source:a"], {})
    assert list_locks(db) == {"source:a": second}
    assert states(db) == {first: RunState.INTERRUPTED, second: RunState.RUNNING}
    assert not keep_alive(db, first)
    assert keep_alive(db, second)


def test_run_that_says_it_is_alive_keeps_its_work(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start_run(db, "daily", ["source:a"], {})
    pretend_elsewhere(db)
    for beat in range(1, 4):
        let_pass(monkeypatch, beat * (LOCK_LEASE_S - 5))
        assert keep_alive(db, first)
    let_pass(monkeypatch, 4 * (LOCK_LEASE_S - 5))
    with pytest.raises(LockedError):
        start_run(db, "daily", ["source:a"], {})


def test_run_that_lost_part_of_its_work_is_told(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start_run(db, "daily", ["source:a", "source:b"], {})
    pretend_elsewhere(db)  # a laptop that slept
    let_pass(monkeypatch, LOCK_LEASE_S + 5)
    second = start_run(db, "adhoc", ["source:a"], {})
    assert not keep_alive(db, first)
    finish_run(db, first, RunState.FAILED, {})
    assert list_locks(db) == {"source:a": second}


def test_run_without_locks_is_alive(db: Database) -> None:
    run_id = start_run(db, "publish", [], {})
    assert keep_alive(db, run_id)
    assert not keep_alive(db, "nobody")


def test_threads_that_race_for_the_same_work_start_one_run(db: Database) -> None:
    for nth in range(5):

        def start(_: int, lock: str = f"source:{nth}") -> str:
            try:
                return start_run(db, "daily", [lock], {})
            except LockedError:
                return ""

        assert len([run_id for run_id in race_threads(4, start) if run_id]) == 1
    assert len(list_runs(db)) == 5


def test_processes_that_race_for_the_same_work_start_one_run(
    db: Database, url_of: Callable[[Database], str]
) -> None:
    url = url_of(db)
    answers = race_children([Child("run", url, "source:a", "hold") for _ in range(2)])
    refused = [answer for answer in answers if answer.startswith("LockedError: ")]
    assert (len(answers), len(refused), len(list_runs(db))) == (2, 1, 1)
    assert "working on source:a since" in refused[0]


def test_runs_are_listed_the_latest_first(db: Database) -> None:
    ids = [start_run(db, "daily", [], {}) for _ in range(3)]
    assert [run.id for run in list_runs(db)] == ids[::-1]
    assert [run.id for run in list_runs(db, limit=1)] == ids[-1:]
