"""Chromium for the browser tests: where it is, and how it is installed when it is not.

`python -m tests.chromium` (run by `make test`) finds one or installs Debian's, and says what it
did. It never fails: without a browser, the browser tests skip and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_PATHS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
# The fonts make Chinese legible in screenshots.
PACKAGES = ("chromium", "fonts-noto-cjk", "fonts-noto-color-emoji")


def find_chromium(env: Mapping[str, str] = os.environ) -> str | None:
    """Path of a Chromium or Chrome: $CHROME if set, else the first on PATH or in Applications.

    A $CHROME that is no program finds nothing, rather than another browser than was asked for.
    """
    if chosen := env.get("CHROME"):
        return shutil.which(chosen, path=env.get("PATH"))
    for name in NAMES:
        if found := shutil.which(name, path=env.get("PATH", "")):
            return found
    return next((str(path) for path in MAC_PATHS if os.access(path, os.X_OK)), None)


def launch_args() -> list[str]:
    """Flags for tests: nothing in the background, no sandbox where root cannot have one."""
    args = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
    ]
    return [*args, "--no-sandbox"] if os.geteuid() == 0 else args


def starts(path: str) -> str | None:
    """The version the browser prints, None when it does not start (Ubuntu's snap stand-in)."""
    try:
        asked = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() or None if asked.returncode == 0 else None


def install_chromium() -> None:
    """Install Debian's packages; needs root and apt-get."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ("install", "-y", "-qq", "--no-install-recommends", *PACKAGES)
    for words in (("update", "-qq"), install):
        subprocess.run(
            ["apt-get", *words],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
        )


def main() -> None:
    path = find_chromium()
    if path is None and os.environ.get("CHROME"):
        print(f"chromium: CHROME={os.environ['CHROME']} is no program; browser tests will skip")
        return
    if path is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("chromium: none found; installing " + " and ".join(PACKAGES), flush=True)
        install_chromium()
        path = find_chromium()
    version = starts(path) if path else None
    if version:
        print(f"chromium: using {path} ({version})")
    elif path:
        print(
            f"chromium: {path} does not start; set CHROME to one that does, or browser tests fail"
        )
    else:
        print(
            "chromium: none found; browser tests will skip. To run them, install Chromium or "
            "Chrome (Debian: sudo apt-get install chromium) or set CHROME to its path"
        )


if __name__ == "__main__":
    main()
