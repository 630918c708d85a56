"""The first mark to reach: two processes that share the pages out and do nothing but
`trafilatura.extract(html, fast=True, output_format="xml", include_formatting=True)`.

`python -m tests.bench.job_trafilatura FOLDER SERVER_PID` prints JSON. Pages are read from files;
neither fetching nor writing is in the time. As with the pipeline, the clock starts before the two
processes do.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from pathlib import Path

PROCESSES = 2


def read_shard(folder: str, number: int) -> int:
    """Pages with a text."""
    from trafilatura import extract  # the parent needs none

    names = sorted(path.name for path in Path(folder).glob("*.html"))[number::PROCESSES]
    bodies = ((Path(folder) / name).read_bytes() for name in names)
    texts = (
        extract(body, fast=True, output_format="xml", include_formatting=True) for body in bodies
    )
    return sum(map(bool, texts))


if __name__ == "__main__":
    from dataclasses import asdict

    from tests.bench.gauge import Meter

    meter = Meter(int(sys.argv[2]))
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        orders = [(sys.argv[1], number) for number in range(PROCESSES)]
        found = {"texts": sum(pool.starmap(read_shard, orders, chunksize=1))}
        pool.close()
        pool.join()
    sys.stdout.write(json.dumps([asdict(meter.stop(found))]))
