"""Our own line in a process of its own: `python -m tests.bench.job_line '{...}'` prints JSON.

Order: {"base": address of the server, "server": its process id, "folder": where the home is,
"steps": names of the `Stage`s to run one after the other}. With "profile", the main thread's
cProfile is written to that path for the first step.

Nothing is imported here that is not needed: every worker imports the main module anew, and what
that costs would be counted as the line's.
"""

from __future__ import annotations

import json
import sys

if __name__ == "__main__":
    from tests.bench.line_work import main

    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))))
