"""Everything in the foreground: Prefect server, deployments, worker and review pages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flows.serve import check_port, serve_review
from stages.errors import ConfigError
from store.settings import REPO_ROOT, Settings, get_environment, prepare_home

STOP_S = 10.0


def run_up(settings: Settings, prefect_port: int) -> int:
    """Start all parts, serve until Ctrl-C or SIGTERM, end all parts. Returns the exit code."""
    check_port(settings.review_host, settings.review_port, "The review server")
    environment = make_environment(settings, prefect_port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logs = prepare_home(settings) / "logs"
    is_elsewhere = bool(get_environment().get("PREFECT_API_URL"))
    with run_prefect(environment, logs, None if is_elsewhere else prefect_port):
        ui = environment["PREFECT_API_URL"].removesuffix("/api")
        _say(f"Prefect: {ui}/deployments   Review: {settings.effective_review_url}/queue")
        _say(f"Logs: {logs}   Ctrl-C ends everything.")
        serve_review(settings)
    return 0


@contextmanager
def run_prefect(environment: Mapping[str, str], logs: Path, port: int | None) -> Iterator[None]:
    """A server on this port (None: it runs elsewhere) with our deployments, and a worker.

    All are ended after the block. Raises ConfigError when the port is taken or the server refuses.
    """
    logs.mkdir(exist_ok=True)
    with ExitStack() as parts:
        if port is not None:
            check_port("127.0.0.1", port, "The Prefect server")
            command = ["server", "start", "--host", "127.0.0.1", "--port", str(port)]
            parts.enter_context(_running("server", command, environment, logs))
        _deploy(environment, logs)
        command = ["worker", "start", "--pool", "spoonful", "--type", "process"]
        parts.enter_context(_running("worker", command, environment, logs))
        yield


def make_environment(settings: Settings, prefect_port: int) -> dict[str, str]:
    """The environment of the Prefect processes: ours, plus what it takes to run without surprise.

    What somebody has set already is kept.
    """
    api = f"http://127.0.0.1:{prefect_port}/api"
    home = settings.home_path
    defaults: Mapping[str, str] = {
        "PREFECT_API_URL": api,
        "PREFECT_UI_API_URL": api,
        # --port alone leaves the pages calling 4200.
        "PREFECT_SERVER_API_PORT": str(prefect_port),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # Otherwise any page somebody opens in a browser could start runs on this server.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": (
            f"http://127.0.0.1:{prefect_port},http://localhost:{prefect_port}"
        ),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        # Runs and events are otherwise kept for ever.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "SPOONFUL_REVIEW_URL": settings.effective_review_url,
        "PYTHONPATH": str(REPO_ROOT),
    }
    ours = get_environment()
    forced = {
        # The worker starts runs with the `python` it finds on PATH.
        # The processes run in another folder than this one.
        "SPOONFUL_HOME": str(home),
        "SPOONFUL_SOURCES_FILE": str(settings.sources_file.resolve()),
        "SPOONFUL_GROUPS_FILE": str(settings.groups_file.resolve()),
        "SPOONFUL_POLICY_FILE": str(settings.policy_file.resolve()),
        "SPOONFUL_TONES_DIR": str(settings.tones_dir.resolve()),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), ours.get("PATH", os.defpath))),
    }
    if ours.get("PYTHONDONTWRITEBYTECODE"):  # every run would compile all of Prefect anew: 2 s
        compiled = ours.get("PYTHONPYCACHEPREFIX") or str(home / "pycache")
        forced |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled}
    return {
        **ours,
        **{name: ours.get(name) or value for name, value in defaults.items()},
        **forced,
    }


@contextmanager
def _running(
    name: str, command: list[str], environment: Mapping[str, str], logs: Path
) -> Iterator[None]:
    """A Prefect process with a session of its own, ended with all its children after the block."""
    with open(logs / f"{name}.log", "ab") as log:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter
            [sys.executable, "-m", "prefect", *command],
            env=dict(environment),
            cwd=REPO_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            continue


def _deploy(environment: Mapping[str, str], logs: Path) -> None:
    result = subprocess.run(  # our own interpreter
        [sys.executable, "-m", "flows.deploy"],
        env=dict(environment),
        cwd=REPO_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise ConfigError(
            f"The Prefect server did not take the deployments; see {logs}.\n"
            f"{result.stderr.strip()[-1000:]}"
        )


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # talks to the person at the terminal
