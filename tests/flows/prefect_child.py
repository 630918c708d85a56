"""Works through `attempt_as_task` inside a small flow, and says when each attempt began.

Run as `python -m tests.flows.prefect_child` in the environment of a Prefect server.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import pairwise

from prefect import flow

from flows import deployed
from stages.errors import PermanentError, StageError, TransientError

CASES: dict[str, list[StageError]] = {
    "transient": [TransientError("busy"), TransientError("busy")],
    "asked to wait": [TransientError("busy", retry_after_s=1.0)],
    "asked to wait for long": [TransientError("come back tomorrow", retry_after_s=86_400)],
    "permanent": [PermanentError("gone")],
    "down": [TransientError("busy")] * 9,
}


@flow(name="attempts")
async def work_on(case: str) -> dict[str, object]:
    """Work that fails with the case's errors, one after the other, and then succeeds."""
    began: list[float] = []
    errors: Iterator[StageError] = iter(CASES[case])

    async def work() -> str:
        began.append(time.monotonic())
        for error in errors:
            raise error
        return "done"

    try:
        said = await deployed.attempt_as_task(f"{case}: {{it}}", work)
    except StageError as error:
        said = f"{type(error).__name__}: {error}"
    pauses = [later - earlier for earlier, later in pairwise(began)]
    return {"said": said, "pauses": pauses}


async def main() -> None:
    """All cases side by side; prints what came of each."""
    deployed.FIRST_DELAY_S = 0.2  # the same as in earnest, a tenth of the time
    found = await asyncio.gather(*(work_on(case) for case in CASES))
    sys.stdout.write(json.dumps(dict(zip(CASES, found, strict=True))) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
