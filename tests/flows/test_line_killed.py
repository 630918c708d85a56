"""A run that is killed in any stage, and started again, ends where an undisturbed one does."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from store.runs import RunState, list_runs
from store.tables import CompletionRow
from tests.fakes import FakeModel, FakeReply, quote_card
from tests.flows.line_child import POINTS
from tests.flows.processes import descendants, spoonful, started, wait_until, wait_until_gone
from tests.flows.small_site import SPOONFUL, Place

CONCURRENCY = 2


class HangingModel(FakeModel):
    """Answers faithfully until told to hang."""

    def __init__(self) -> None:
        self.hangs = False
        super().__init__(self._reply)

    def _reply(self, request: dict[str, Any]) -> FakeReply:
        return FakeReply(quote_card(request), hang_s=300 if self.hangs else 0)


def model_settings(model: FakeModel) -> dict[str, str]:
    return {
        "SPOONFUL_MODEL": "openai/fake",
        "SPOONFUL_ALLOW_UNPRICED_MODELS": "true",
        "SPOONFUL_MODEL_API_BASE": model.base_url,
        "SPOONFUL_MODEL_CONCURRENCY": str(CONCURRENCY),
        "OPENAI_API_KEY": "x",
    }


def count_settled(place: Place) -> int:
    db = place.open()
    with db.read() as session:
        rows = session.exec(select(CompletionRow).where(CompletionRow.state == "settled")).all()
    db.dispose()
    return len(rows)


def kill_with_workers(process: subprocess.Popen[str]) -> None:
    """SIGKILL, which asks nobody; what it started must notice and go."""
    children = descendants(process.pid)
    process.kill()
    process.wait()
    wait_until_gone(children)


def run_and_kill_at(point: str, environment: dict[str, str]) -> None:
    child = (sys.executable, "-m", "tests.flows.line_child", point)
    with started(environment, *child) as process:
        assert process.stderr
        said = ""
        for line in process.stderr:
            said += line
            if line == f"at {point}\n":
                break
        else:
            pytest.fail(f"the run ended before {point}: {said}")
        kill_with_workers(process)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_in_every_stage_the_line_ends_as_if_undisturbed(
    small_site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = Place(tmp_path / "calm", small_site).prepare()
    place = Place(tmp_path / "killed", small_site).prepare()
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with FakeModel(quote_card) as model:
        calm.overrides |= {
            "model": "openai/fake",
            "model_api_base": model.base_url,
            "allow_unpriced_models": True,
        }
        undisturbed = calm.run()
        ideal = model.calls
    assert undisturbed.errors == []
    assert ideal == undisturbed.cards.total == undisturbed.completions.calls

    lost = [0]  # after each kill: calls the server saw whose answer is not kept
    with HangingModel() as model:
        environment = place.environment(**model_settings(model))

        def note_lost() -> None:
            lost.append(model.calls - count_settled(place))

        for point in ("procure", "chop"):
            run_and_kill_at(point, environment)
            note_lost()

        model.hangs = True
        before = model.calls
        with started(environment, SPOONFUL, "run", "--json") as process:
            wait_until(
                lambda: model.calls == before + CONCURRENCY or process.poll() is not None,
                "calls in flight",
            )
            assert process.poll() is None
            kill_with_workers(process)
        model.hangs = False
        note_lost()

        for point in ("cook", "plate"):
            run_and_kill_at(point, environment)
            note_lost()

        last = spoonful(environment, "run", "--json")
        paid = model.calls

    assert last.code == 0, last.err
    assert last.json["errors"] == []
    assert set(POINTS) == {"procure", "chop", "cook", "plate"}
    assert place.content() == calm.content()
    assert count_settled(place) == ideal
    assert paid == ideal + lost[-1]
    in_flight = [now - before for before, now in pairwise(lost)]
    assert in_flight[:3] == [0, 0, CONCURRENCY]
    assert max(in_flight) <= CONCURRENCY
    db = place.open()
    states = [run.state for run in list_runs(db)]
    db.dispose()
    assert states == [RunState.DONE] + 5 * [RunState.INTERRUPTED]
