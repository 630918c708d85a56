"""What holds the house together: pins and hashes, what git keeps, the steps of set-up."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = (
    ROOT / "requirements.lock",
    ROOT / ".ci" / "requirements-uv.txt",
    ROOT / ".ci" / "requirements-node.txt",
    ROOT / "tests" / "bench" / "requirements.lock",
)
SPECIFIER = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


def read_pins(lock: Path) -> dict[str, str]:
    """Package name, lower case with hyphens -> pinned version."""
    found = SPECIFIER.findall(lock.read_text(encoding="utf-8"))
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


# --- Python packages ----------------------------------------------------------------------------


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.relative_to(ROOT).as_posix())
def test_lock_pins_and_hashes_every_package(lock: Path) -> None:
    lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if line]
    # A requirement starts at the margin and goes on in indented lines.
    starts = [n for n, line in enumerate(lines) if not line.startswith((" ", "#"))]
    entries = [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]

    assert entries
    for entry in entries:
        assert SPECIFIER.match(entry[0]), entry[0]
        assert any(re.search(r"--hash=sha256:[0-9a-f]{64}", line) for line in entry), entry[0]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.relative_to(ROOT).as_posix())
def test_lock_names_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")

    assert re.findall(r"\S*://\S*|--(?:extra-)?index-url|--find-links|git\+", text) == []


def test_lock_holds_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[A-Za-z0-9._-]+", line)[0].lower() for line in asked}  # type: ignore[index]

    assert names - set(read_pins(LOCKS[0])) == set()


def test_lock_keeps_versions_that_go_together() -> None:
    pins = read_pins(LOCKS[0])

    # Later ones break Prefect 3.8: the server's import, or the schedule without a word.
    assert version(pins["fastapi"]) < (0, 151)
    assert version(pins["sqlalchemy"]) < (2, 1)
    # Earlier ones break on the aiohttp that litellm brings.
    assert version(pins["vcrpy"]) >= (8, 2, 1)
    # Its releases 1.82.7 and 1.82.8 were poisoned; the address guard reaches into httpx 0.28.
    assert pins["litellm"] not in ("1.82.7", "1.82.8")
    assert version(pins["httpx"])[:2] == (0, 28)


def test_lock_leaves_out_what_we_refuse() -> None:
    # diskcache unpickles what it finds on disk (CVE-2025-69872); PyMuPDF is under the AGPL.
    assert set(read_pins(LOCKS[0])) & {"diskcache", "pymupdf"} == set()


# A .pth file runs at every start of Python: the way in for a credential stealer once shipped in
# a litellm release. Name -> the only text it may hold, None for ours, which holds a path.
KNOWN_PTH = {
    "_spoonful.pth": None,
    "_virtualenv.pth": "import _virtualenv",
    "distutils-precedence.pth": (
        "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == "
        "'local'; enabled and __import__('_distutils_hack').add_shim();"
    ),
}


def suspicious_pth(folder: Path) -> list[str]:
    """Names of .pth files in the folder that nobody expects, or that hold something else."""
    return [
        path.name
        for path in sorted(folder.glob("*.pth"))
        if path.name not in KNOWN_PTH
        or path.read_text(encoding="utf-8").strip() not in (KNOWN_PTH[path.name], str(ROOT))
    ]


def test_site_packages_hold_no_unexpected_pth_file() -> None:
    folders = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}

    assert [name for folder in folders for name in suspicious_pth(folder)] == []


def test_suspicious_pth_finds_new_names_and_changed_text(tmp_path: Path) -> None:
    (tmp_path / "_virtualenv.pth").write_text("import _virtualenv\n")
    (tmp_path / "_spoonful.pth").write_text(f"{ROOT}\n")
    (tmp_path / "litellm_init.pth").write_text("import os, base64\n")
    (tmp_path / "distutils-precedence.pth").write_text("import subprocess\n")

    assert suspicious_pth(tmp_path) == ["distutils-precedence.pth", "litellm_init.pth"]


# --- front-end files ----------------------------------------------------------------------------


def test_front_end_lock_has_integrity_and_no_address() -> None:
    lock = json.loads((ROOT / "review_ui" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}

    assert packages
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, name
        assert not entry.get("hasInstallScript"), name


def test_front_end_packages_are_pinned_exactly() -> None:
    package = json.loads((ROOT / "review_ui" / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((ROOT / "review_ui" / "package-lock.json").read_text(encoding="utf-8"))
    locked = {
        name.removeprefix("node_modules/"): entry["version"]
        for name, entry in lock["packages"].items()
        if name
    }

    # Nothing else comes along, either. axe-core is for the tests: no page loads it. esbuild is one
    # program for each kind of machine, without the package that would choose it by a script.
    programs = package["optionalDependencies"]
    assert {**package["dependencies"], **programs, "axe-core": locked["axe-core"]} == locked
    assert all(name.startswith("@esbuild/") for name in programs)
    assert package["devDependencies"] == {"axe-core": locked["axe-core"]}


# --- what git keeps -----------------------------------------------------------------------------

needs_git = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="asks git, and this is no git checkout"
)


@needs_git
@pytest.mark.parametrize(
    "path",
    [
        ".venv/bin/python",
        ".spoonful/spoonful.db",
        "review_ui/node_modules/htmx.org/dist/htmx.min.js",
        "stages/__pycache__/types.cpython-311.pyc",
        ".env",
    ],
)
def test_git_ignores_what_is_made_or_secret(path: str) -> None:
    answer = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False)

    assert answer.returncode == 0


@needs_git
def test_repository_names_no_package_registry() -> None:
    hosts = ["py" + "pi.org", "pythonhosted" + ".org", "registry.npm" + "js.org"]
    listed = subprocess.run(
        ["git", "grep", "-lIF", *(word for host in hosts for word in ("-e", host))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert listed.stdout == ""


# --- set-up -------------------------------------------------------------------------------------


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Set-up's module at work in an empty checkout, its steps noted instead of taken."""
    spec = importlib.util.spec_from_file_location("house_setup", ROOT / ".ci" / "setup.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    ui = tmp_path / "review_ui"
    (ui / "node_modules").mkdir(parents=True)
    for path in (
        tmp_path / "requirements.lock",
        tmp_path / "pyproject.toml",
        ui / "package.json",
        ui / "package-lock.json",
        ui / ".npmrc",
    ):
        path.write_text(path.name)
    venv = tmp_path / ".venv"
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "UI", ui)
    monkeypatch.setattr(module, "STAMP", venv / "setup.json")
    module.steps = []  # type: ignore[attr-defined]

    def make_venv(uv: str | None) -> None:
        venv.mkdir(exist_ok=True)
        module.steps.append("venv")

    monkeypatch.setattr(module, "make_venv", make_venv)
    monkeypatch.setattr(module, "is_venv_usable", venv.is_dir)
    monkeypatch.setattr(module, "find_uv", lambda: "uv")
    for step in ("packages", "project", "front_end"):
        monkeypatch.setattr(
            module, f"install_{step}", lambda uv, step=step: module.steps.append(step)
        )
    return module


def test_setup_takes_every_step_once(setup: ModuleType) -> None:
    setup.set_up()
    setup.set_up()

    assert setup.steps == ["venv", "packages", "project", "front_end"]


@pytest.mark.parametrize(
    ("changed", "steps"),
    [
        ("requirements.lock", ["packages", "project"]),
        ("pyproject.toml", ["project"]),
        ("review_ui/package-lock.json", ["front_end"]),
    ],
)
def test_setup_repeats_only_what_a_change_touches(
    setup: ModuleType, tmp_path: Path, changed: str, steps: list[str]
) -> None:
    setup.set_up()
    setup.steps.clear()
    (tmp_path / changed).write_text("changed")

    setup.set_up()

    assert setup.steps == steps


def test_setup_goes_on_after_a_step_that_failed(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(uv: str) -> None:
        raise setup.SetupError("no network")

    install_front_end = setup.install_front_end
    monkeypatch.setattr(setup, "install_front_end", fail)
    assert setup.main() == 1
    monkeypatch.setattr(setup, "install_front_end", install_front_end)

    assert setup.main() == 0
    assert setup.steps == ["venv", "packages", "project", "front_end"]


def test_setup_starts_anew_where_the_checkout_was_moved(setup: ModuleType) -> None:
    setup.set_up()
    setup.steps.clear()
    setup.STAMP.write_text(setup.STAMP.read_text().replace("root", "was"))

    setup.set_up()

    assert setup.steps == ["venv", "packages", "project", "front_end"]


def test_setup_refuses_an_old_python(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))

    assert setup.main() == 1
    assert "Python 3.11 or newer is needed" in capsys.readouterr().err


@pytest.fixture
def bench_setup(setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Set-up's module with the lock of the bench, which is installed into a folder of its own."""
    lock = tmp_path / "tests" / "bench" / "requirements.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("scrapy")
    bench = tmp_path / ".venv-bench"
    monkeypatch.setattr(setup, "BENCH_VENV", bench)
    monkeypatch.setattr(setup, "BENCH_LOCK", lock)

    def run(command: list[str | Path], why_it_failed: str, cwd: Path = tmp_path) -> None:
        assert "--clear" in command  # what an older lock left behind must go
        Path(command[-1]).mkdir(exist_ok=True)
        setup.steps.append("bench venv")

    def install(uv: str, python: Path | None = None, lock: str | Path = "") -> None:
        setup.steps.append(f"packages of {lock}" if python else "packages")
        assert python in (None, bench / "bin" / "python")

    monkeypatch.setattr(setup, "run", run)
    monkeypatch.setattr(setup, "install_packages", install)
    return setup


BENCH_STEPS = ["bench venv", "packages of tests/bench/requirements.lock"]


def test_bench_setup_comes_after_the_other_and_once(bench_setup: ModuleType) -> None:
    assert bench_setup.main(for_bench=True) == 0
    assert bench_setup.main(for_bench=True) == 0

    assert bench_setup.steps == ["venv", "packages", "project", "front_end", *BENCH_STEPS]


def test_setup_alone_leaves_the_bench_out(bench_setup: ModuleType) -> None:
    assert bench_setup.main() == 0

    assert bench_setup.steps == ["venv", "packages", "project", "front_end"]


@pytest.mark.parametrize("changed", ["the lock", "the place", "a stop half-way"])
def test_bench_setup_is_made_anew(bench_setup: ModuleType, changed: str) -> None:
    bench_setup.main(for_bench=True)
    bench_setup.steps.clear()
    stamp = bench_setup.BENCH_VENV / "setup.json"
    if changed == "the lock":
        bench_setup.BENCH_LOCK.write_text("scrapy, newer")
    elif changed == "the place":
        stamp.write_text(stamp.read_text().replace("root", "was"))
    else:
        stamp.unlink()

    assert bench_setup.main(for_bench=True) == 0
    assert bench_setup.steps == BENCH_STEPS


def test_bench_setup_says_what_is_missing(
    bench_setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(command: list[str | Path], why_it_failed: str) -> None:
        raise bench_setup.SetupError(why_it_failed)

    monkeypatch.setattr(bench_setup, "run", fail)

    assert bench_setup.main(for_bench=True) == 1
    assert "setup: uv could not create .venv-bench" in capsys.readouterr().err


def test_make_alone_lists_the_targets() -> None:
    answer = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)

    listed = re.findall(r"^  make (\w+)", answer.stdout, re.MULTILINE)
    assert listed == [
        "help", "setup", "demo", "test", "bench", "lint", "fix", "messages", "pictures",
    ]  # fmt: skip
