"""Starts cooks that are there to be killed: `python -m tests.flows.cook_nursery`.

Everything heavy is loaded once; then each line on stdin forks a process of its own that cooks what
is missing in the home the environment names. Answers with two lines: the process's id when it has
begun, and how it ended: its exit code, or minus the signal.
"""

from __future__ import annotations

import asyncio
import os
import sys

import litellm  # noqa: F401  # 2 s that every cook would take to load
import openai.resources.chat  # noqa: F401

import stages.cook.complete
import stages.procure.fetch  # noqa: F401
from flows.kitchen import open_store
from flows.line import run_line
from flows.request import RunRequest, Stage
from store.settings import load_settings


def cook() -> int:
    settings = load_settings()
    db = open_store(settings)
    summary = asyncio.run(run_line(RunRequest(stage=Stage.COOK), settings, db))
    return 1 if summary.errors else 0


def say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 3
            try:
                code = cook()
            finally:
                os._exit(code)
        say(child)
        _, status = os.waitpid(child, 0)
        say(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
