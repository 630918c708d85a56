"""`spoonful up`: everything starts, works, and ends with it."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.flows.prefect_server import ENDED, free_port
from tests.flows.processes import (
    DEADLINE_S,
    descendants,
    spoonful,
    started,
    wait_until,
    wait_until_gone,
)
from tests.flows.small_site import SPOONFUL, Place

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(240)]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=lambda by: by.name)
def test_up_runs_everything_until_it_is_told_to_end(
    place: Place, compiled: Path, by: signal.Signals
) -> None:
    environment = place.environment(PYTHONPYCACHEPREFIX=str(compiled))
    ports = {"review": free_port(), "prefect": free_port()}
    command = (SPOONFUL, "up", "--port", str(ports["review"]))
    with started(environment, *command, "--prefect-port", str(ports["prefect"])) as process:
        said = process.stdout.readline() if process.stdout else ""
        assert f"http://127.0.0.1:{ports['prefect']}/deployments" in said, process.stderr
        wait_until(lambda: _answers(ports["review"], "/healthz"), "the review pages")
        if by is signal.SIGINT:
            assert _run_adhoc(ports["prefect"]) == "COMPLETED"
        parts = descendants(process.pid)
        assert len(parts) >= 2

        process.send_signal(by)
        _, err = process.communicate(timeout=DEADLINE_S)

    assert process.returncode in (0, 130)
    assert "Traceback" not in err
    wait_until_gone(set(parts))


@pytest.mark.parametrize(
    ("option", "name"), [("--port", "The review server"), ("--prefect-port", "The Prefect server")]
)
def test_up_says_which_port_is_taken(place: Place, option: str, name: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        free = "--prefect-port" if option == "--port" else "--port"

        done = spoonful(place.environment(), "up", option, str(port), free, str(free_port()))

    assert done.code == 2
    assert done.err == (
        f"{name} cannot listen on 127.0.0.1:{port} (Address already in use). "
        "End what uses that port, or choose another.\n"
    )


def _run_adhoc(port: int) -> str:
    """State of an ad-hoc run on up's server, once it has ended."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api", timeout=60) as api:
        found = api.get("/deployments/name/line/adhoc").raise_for_status().json()
        path = f"/deployments/{found['id']}/create_flow_run"
        asked = {"parameters": {"sources": ["harbour"], "stage": "procure"}}
        run = api.post(path, json=asked).raise_for_status().json()

        def state() -> str:
            return str(api.get(f"/flow_runs/{run['id']}").json()["state_type"])

        wait_until(lambda: state() in ENDED, "the run", 90)
        return state()


def _answers(port: int, path: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}").is_success
    except httpx.TransportError:
        return False
