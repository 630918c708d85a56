"""Fetch, extract and chop in a process of its own: `python -m tests.bench.job_pipeline '{...}'`
prints JSON.

Order: {"base": address of the server, "server": its process id, "pages": their folder}. With
"profile", the main thread's cProfile is written to that path.

Nothing is imported here that is not needed: every worker imports the main module anew, and what
that costs would be counted as the pipeline's.
"""

from __future__ import annotations

import json
import sys

if __name__ == "__main__":
    from dataclasses import asdict

    from tests.bench.pipeline import main
    from tests.bench.profiled import profiled

    order = json.loads(sys.argv[1])
    with profiled(order.get("profile", "")):
        laps = [asdict(main(order))]
    sys.stdout.write(json.dumps(laps))
