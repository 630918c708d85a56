"""The deployments on a real Prefect server: scheduled, asked for, refused, failing, killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from store.runs import RunState, finish_run, start_run
from store.settings import REPO_ROOT
from tests.flows.prefect_server import PRIVATE, PrefectServer
from tests.flows.processes import descendants, wait_until

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(240)]


def test_scheduled_run_appears_and_completes(prefect: PrefectServer) -> None:
    """With an SQLAlchemy that Prefect does not fit, all looks well and this never happens."""
    path = f"/deployments/{prefect.deployment('daily')['id']}/schedules"
    soon = (datetime.now(UTC) + timedelta(seconds=7)).isoformat()
    asked = [{"active": True, "schedule": {"interval": 60, "anchor_date": soon}}]
    schedule = prefect.send("POST", path, asked).raise_for_status().json()[0]
    try:
        started: list[dict[str, Any]] = []

        def has_started() -> bool:
            started[:] = [run for run in prefect.runs("daily") if run["start_time"]]
            return bool(started)

        wait_until(has_started, "a scheduled run", 100)
        run = prefect.wait(started[0]["id"])
    finally:
        prefect.send("DELETE", f"{path}/{schedule['id']}").raise_for_status()

    assert run["auto_scheduled"]
    assert run["state_type"] == "COMPLETED"
    assert run["name"] == "all: all sources, for schedule"


def test_form_is_told_every_parameter(prefect: PrefectServer) -> None:
    schema = prefect.deployment("adhoc")["parameter_openapi_schema"]

    assert [name for name, field in schema["properties"].items() if not field["description"]] == []
    assert schema["definitions"]["Stage"]["enum"] == ["all", "procure", "chop", "cook", "plate"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"stage": "boil"},
        {"guides": ["not a page"]},
        {"max_cost_usd": -1},
        {"sources": ["../etc"]},
        {"tone_version": "newest"},
        {"note": "x" * 501},
        {"dry_run": "perhaps"},
    ],
    ids=lambda parameters: next(iter(parameters)),
)
def test_bad_parameter_is_refused(prefect: PrefectServer, parameters: dict[str, Any]) -> None:
    before = len(prefect.runs("adhoc"))

    answer = prefect.ask_for_run("adhoc", **parameters)

    assert answer.status_code in (409, 422)
    assert next(iter(parameters)) in answer.text
    assert len(prefect.runs("adhoc")) == before


def test_unknown_source_fails_with_the_reason(prefect: PrefectServer) -> None:
    run = prefect.finish("adhoc", sources=["habour"], requested_by="Mei")

    assert run["state"]["message"] == "There is no source habour. Known are: gangwan, harbour."
    assert run["state_type"] == "FAILED"
    assert "Traceback" not in prefect.logs_of(run["id"])


def test_failures_of_a_run_are_its_message(prefect: PrefectServer) -> None:
    url = f"{prefect.place.base}/{PRIVATE}"

    run = prefect.finish("adhoc", guides=[url])

    assert run["state_type"] == "FAILED"
    assert run["state"]["message"].startswith(f"1 failures: {url}: ")
    assert "robots.txt" in run["state"]["message"]
    assert (
        "`" + run["state"]["message"].removeprefix("1 failures: ") + "`"
        in prefect.artifact(run["id"])["description"]
    )


def test_second_run_of_the_same_work_says_so_and_does_not_start(prefect: PrefectServer) -> None:
    db = prefect.place.open()
    first = start_run(db, "cli", ["source harbour"], {})
    try:
        run = prefect.finish("adhoc", sources=["harbour"])
    finally:
        finish_run(db, first, RunState.DONE, {})
        db.dispose()

    assert run["state_type"] == "FAILED"
    assert run["state"]["message"].startswith(f"Run {first} on ")
    assert "source harbour" in run["state"]["message"]
    assert "Traceback" not in prefect.logs_of(run["id"])


def test_artifact_tells_plan_counts_and_cost(prefect: PrefectServer) -> None:
    run = prefect.finish("adhoc", sources=["gangwan"], force=True, note="a `look`", tones=["mom"])
    table = prefect.artifact(run["id"])

    rows = {row["stage"]: row for row in json.loads(table["data"])}
    assert list(rows) == ["procure", "chop", "cook", "plate", "all"]
    assert len({tuple(row) for row in rows.values()}) == 1  # Prefect shows the first row's columns
    made = int(rows["cook"]["done"].split(":")[0])
    assert run["state"]["message"] == f"{made} new drafts, {made} cards"
    says = table["description"]
    assert "**Asked for:** `gangwan, stage all, mom, forced` by `somebody`: `a 'look'`" in says
    assert f"**Cost:** 0.0000 USD for {made} calls of offline/house" in says
    assert all(f"&view={view})" in says for view in ("review", "flagged", "blocked"))


def test_dry_run_leaves_a_plan_and_writes_nothing(prefect: PrefectServer) -> None:
    prefect.finish("adhoc", sources=["harbour"])
    before = prefect.place.content()

    run = prefect.finish("adhoc", sources=["harbour"], stage="cook", force=True, dry_run=True)

    rows = json.loads(prefect.artifact(run["id"])["data"])
    drafts = sum(row["drafts to write"] for row in rows)
    assert {row["guide"] for row in rows} == {
        "Safe sleep in the first year",
        "Making up a bottle of formula",
    }
    assert run["state"]["message"] == (
        f"{drafts} drafts to write with offline/house, estimated cost 0.0000 USD."
    )
    assert prefect.place.content() == before


def test_killed_run_crashes_and_the_next_goes_on(prefect: PrefectServer) -> None:
    run_id = prefect.start("adhoc", sources=["harbour"], force=True)
    prefect.wait(run_id, ("RUNNING",))
    os.kill(_engine_of(run_id), signal.SIGKILL)

    assert prefect.wait(run_id)["state_type"] == "CRASHED"
    assert prefect.finish("adhoc", sources=["harbour"])["state_type"] == "COMPLETED"


def test_run_gives_signs_of_life(prefect: PrefectServer) -> None:
    """What the zombie automation listens to; by hand, it ended a zombie after 123 s."""
    run = prefect.finish("adhoc", stage="chop")
    wanted = {
        "filter": {
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "resource": {"id": [f"prefect.flow-run.{run['id']}"]},
            "occurred": {"since": run["created"]},
        }
    }

    def was_heard() -> bool:
        return prefect.send("POST", "/events/filter", wanted).json()["total"] > 0

    wait_until(was_heard, "a heartbeat", 30)


def test_second_deploy_changes_nothing(prefect: PrefectServer) -> None:
    def all_there_is() -> Any:
        deployments = [prefect.deployment(name) for name in ("daily", "adhoc", "publish")]
        for deployment in deployments:  # Prefect writes them anew each time
            deployment["schedules"] = [each["schedule"] for each in deployment["schedules"]]
        return _as_deployed([*deployments, *prefect.automations()])

    before = all_there_is()

    subprocess.run(
        [sys.executable, "-m", "flows.deploy"],
        env=dict(prefect.environment),
        cwd=REPO_ROOT,
        check=True,
    )

    assert all_there_is() == before


def test_automations_end_zombies_and_tell_of_failures(prefect: PrefectServer) -> None:
    failures, zombies = sorted(prefect.automations(), key=lambda found: len(found["name"]))[::-1]

    assert failures["name"] == "spoonful: tell about failures"
    assert set(failures["trigger"]["expect"]) == {
        "prefect.flow-run.Failed",
        "prefect.flow-run.Crashed",
    }
    assert zombies["name"] == "spoonful: end zombie runs"
    assert zombies["enabled"]
    assert zombies["trigger"]["posture"] == "Proactive"
    assert zombies["trigger"]["after"] == ["prefect.flow-run.heartbeat"]
    assert zombies["trigger"]["within"] == 120
    assert [(act["type"], act["state"]) for act in zombies["actions"]] == [
        ("change-flow-run-state", "CRASHED")
    ]


def test_only_passing_failures_are_tried_again(prefect: PrefectServer) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.flows.prefect_child"],
        env=dict(prefect.environment),
        cwd=REPO_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])

    assert {case: (each["said"], len(each["pauses"])) for case, each in found.items()} == {
        "transient": ("done", 2),
        "asked to wait": ("done", 1),
        "asked to wait for long": ("TransientError: come back tomorrow", 0),
        "permanent": ("PermanentError: gone", 0),
        "down": ("TransientError: busy", 3),
    }
    first, second = found["transient"]["pauses"]
    assert first >= 0.2 * 0.7  # less the jitter
    assert second >= 0.4 * 0.7
    assert found["asked to wait"]["pauses"][0] >= 1.0 + 0.2 * 0.7


def _engine_of(run_id: str) -> int:
    """The process of a run."""
    for pid in descendants(os.getpid()):
        shown = subprocess.run(
            ["ps", "eww", "-o", "command=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        if "-m prefect.engine" in shown and run_id in shown:
            return pid
    raise AssertionError(f"no process of run {run_id}")


def _as_deployed(value: Any) -> Any:
    """Without what Prefect tells of the moment: when, and what runs of it are under way."""
    passing = ("updated", "last_polled", "status", "version_id", "version_info", "active_slots")
    if isinstance(value, dict):
        return {key: _as_deployed(each) for key, each in value.items() if key not in passing}
    if isinstance(value, list):
        shown = [_as_deployed(each) for each in value]
        return sorted(shown) if all(isinstance(each, str) for each in shown) else shown
    return value
