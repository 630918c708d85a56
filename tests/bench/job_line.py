"""Our own line in a process of its own: `python -m tests.bench.job_line '{...}'` prints JSON.

Order: {"base": address of the server, "server": its process id, "folder": where the home is,
"steps": [names]}, each name a `Stage` to run the whole line's code with, through the database; or
`bare`: the same work from fetch to cards without the database and the snapshots, which shows what
keeping things costs. With "profile", the main thread's cProfile is written to that path for the
first step.

Nothing is imported here that is not needed: every process of the extraction pool imports the main
module anew, and what that costs would be counted as the line's.
"""

from __future__ import annotations

import json
import sys

if __name__ == "__main__":
    from tests.bench.line_work import main

    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))))
