"""A real Prefect server with our deployments and a worker, as `spoonful up` starts them.

Started once for the session (fixture `prefect`). Asked through its HTTP API, which works beside
Playwright's event loop.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.sample_site import serve_folder
from flows.up import make_environment, run_prefect
from store.settings import Settings, prepare_home
from tests.flows.small_site import Place, build_site, page, write_sitemaps

PRIVATE = "en/private/plan.html"
"""Closed by robots.txt."""
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass(frozen=True, slots=True)
class PrefectServer:
    """ui: address of Prefect's pages. environment: of its processes. logs: what they said."""

    ui: str
    api: httpx.Client
    place: Place
    settings: Settings
    environment: Mapping[str, str]
    logs: Path

    def deployment(self, name: str) -> dict[str, Any]:
        found = self._ask("/deployments/filter", {"deployments": {"name": {"any_": [name]}}})
        assert len(found) == 1
        return dict(found[0])

    def ask_for_run(self, name: str, **parameters: Any) -> httpx.Response:
        """What the server answers when somebody asks for a run of a deployment."""
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        return self.send("POST", path, {"parameters": parameters, "state": {"type": "SCHEDULED"}})

    def send(self, method: str, path: str, value: Any = None) -> httpx.Response:
        """What the server answers. On SQLite it is now and then too busy, and says 503 or nothing
        at all: like Prefect's own client, we try again.
        """
        end = time.monotonic() + 60
        while True:
            is_last = time.monotonic() > end
            try:
                answer = self.api.request(method, path, json=value)
                if answer.status_code != 503 or is_last:
                    return answer
            except httpx.ReadTimeout:
                if is_last or path.endswith("/create_flow_run"):  # it may have made one
                    raise
            time.sleep(0.2)

    def start(self, name: str, **parameters: Any) -> str:
        """The id of a new run."""
        return str(self.ask_for_run(name, **parameters).raise_for_status().json()["id"])

    def runs(self, name: str) -> list[dict[str, Any]]:
        """Runs of a deployment, the latest first."""
        return self._ask(
            "/flow_runs/filter",
            {"deployments": {"name": {"any_": [name]}}, "sort": "EXPECTED_START_TIME_DESC"},
        )

    def run(self, run_id: str) -> dict[str, Any]:
        return dict(self.send("GET", f"/flow_runs/{run_id}").raise_for_status().json())

    def wait(
        self, run_id: str, types: tuple[str, ...] = ENDED, deadline_s: float = 90
    ) -> dict[str, Any]:
        """The run as soon as its state is of one of these types."""
        end = time.monotonic() + deadline_s
        while (run := self.run(run_id))["state_type"] not in types:
            assert time.monotonic() < end, f"{run['name']} is {run['state']}\n{self.worker_log()}"
            time.sleep(0.05)
        return run

    def finish(self, name: str, **parameters: Any) -> dict[str, Any]:
        """A new run, ended."""
        return self.wait(self.start(name, **parameters))

    def states(self, run_id: str) -> list[dict[str, Any]]:
        return list(self.send("GET", f"/flow_run_states/?flow_run_id={run_id}").json())

    def artifact(self, run_id: str) -> dict[str, Any]:
        """The one table a run left."""
        found = self._ask("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run_id]}}})
        assert [each["type"] for each in found] == ["table"]
        return found[0]

    def automations(self) -> list[dict[str, Any]]:
        return self._ask("/automations/filter", {"sort": "NAME_ASC"})

    def logs_of(self, run_id: str) -> str:
        found = self._ask("/logs/filter", {"logs": {"flow_run_id": {"any_": [run_id]}}})
        return "\n".join(str(line["message"]) for line in found)

    def worker_log(self) -> str:
        return (self.logs / "worker.log").read_text(errors="replace")[-4000:]

    def _ask(self, path: str, question: dict[str, Any]) -> list[dict[str, Any]]:
        return list(self.send("POST", path, question).raise_for_status().json())


@contextmanager
def start_prefect(folder: Path, compiled: Path) -> Iterator[PrefectServer]:
    """Everything in folder; all processes are ended after the block.

    compiled: for bytecode, where it may not be written beside the sources.
    """
    site = folder / "site"
    build_site(site)
    with serve_folder(site, 0) as served:
        write_sitemaps(site, served.base)
        _close_a_page(site)
        place = Place(folder, served.base).prepare()
        settings = place.settings(review_port=free_port())
        environment = environment_of(place, settings, port := free_port(), compiled) | {
            # A new schedule is otherwise seen within a minute.
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "3",
        }
        prepare_home(settings)
        logs = folder / "logs"
        (folder / "shots").mkdir()
        with (
            run_prefect(environment, logs, port),
            httpx.Client(base_url=environment["PREFECT_API_URL"], timeout=20) as api,
        ):
            ui = environment["PREFECT_API_URL"].removesuffix("/api")
            yield PrefectServer(ui, api, place, settings, environment, logs)


def environment_of(place: Place, settings: Settings, port: int, compiled: Path) -> dict[str, str]:
    """What `up` gives its processes, with nothing from outside but what the place lets in."""
    mine = place.environment(PYTHONPYCACHEPREFIX=str(compiled))
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(mine):
            patch.delenv(name)
        for name, value in mine.items():
            patch.setenv(name, value)
        return make_environment(settings, port)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _close_a_page(site: Path) -> None:
    (site / PRIVATE).parent.mkdir()
    (site / PRIVATE).write_text(page("A plan", {"Secret": "Not for crawlers. " * 20}))
    (site / "robots.txt").write_text("User-agent: *\nDisallow: /en/private/\n")
