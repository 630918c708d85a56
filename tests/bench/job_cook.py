"""Cooking in a process of its own: `python -m tests.bench.job_cook '{...}'` prints JSON.

Order: {"folder": where the home is made, "cards": how many, "api_base": of the model server,
"server": its process id, "model": its name, "concurrency": calls at once}. With "is_warm", litellm
is loaded before the clock starts; with "profile", the main thread's cProfile is written to that
path.

Nothing is imported here that is not needed: the process that checks drafts imports the main module
anew, and what that costs would be counted as the cook's.
"""

from __future__ import annotations

import json
import sys

if __name__ == "__main__":
    from dataclasses import asdict

    from tests.bench.cook_work import main

    sys.stdout.write(json.dumps([asdict(main(json.loads(sys.argv[1])))]))
