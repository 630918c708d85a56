"""`spoonful run --json` that stops dead at one point: `python -m tests.flows.line_child POINT`.

It says `at POINT` on stderr and stays there, in the middle of its work, until it is killed.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from flows import cli, procure, steps

POINTS = {
    "procure": (procure, "save_guide", "after"),
    "chop": (steps, "apply_changes", "before"),
    "cook": (steps, "add_drafts", "before"),
    "plate": (steps, "set_placements", "before"),
}
"""A function of the line by the name it is called under, and where to stop: the guide is kept and
its page is not; a guide is kept and its cards are not; a model's answer is paid and its drafts are
not kept; groups are chosen and not kept.
"""


def stop_at(point: str) -> None:
    module, name, where = POINTS[point]
    work = getattr(module, name)

    def stopping(*arguments: Any, **named: Any) -> None:
        if where == "after":
            work(*arguments, **named)
        sys.stderr.write(f"at {point}\n")
        sys.stderr.flush()
        time.sleep(300)

    setattr(module, name, stopping)


if __name__ == "__main__":
    stop_at(sys.argv[1])
    sys.argv[1:] = ["run", "--json"]
    cli.main()
