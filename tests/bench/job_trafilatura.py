"""The first mark to reach: two processes that share the pages out and do nothing but
`trafilatura.extract(html, fast=True, output_format="xml", include_formatting=True)`.

`python -m tests.bench.job_trafilatura FOLDER SERVER_PID` prints JSON. Pages are in memory and
trafilatura is imported before the clock starts; neither fetching nor writing is in the time.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from dataclasses import asdict
from pathlib import Path
from threading import Barrier

from tests.bench.gauge import Lap, Meter

PROCESSES = 2


def read_shard(folder: str, number: int, barrier: Barrier) -> tuple[float, int]:
    """CPU seconds used and pages with a text."""
    from trafilatura import extract

    names = sorted(path.name for path in Path(folder).glob("*.html"))[number::PROCESSES]
    bodies = [(Path(folder) / name).read_bytes() for name in names]
    barrier.wait()
    cpu = time.process_time()
    texts = [
        extract(body, fast=True, output_format="xml", include_formatting=True) for body in bodies
    ]
    return time.process_time() - cpu, sum(map(bool, texts))


def main(folder: str, server: int) -> Lap:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, context.Pool(PROCESSES) as pool:
        barrier = manager.Barrier(PROCESSES + 1)
        orders = [(folder, number, barrier) for number in range(PROCESSES)]
        waiting = pool.starmap_async(read_shard, orders, chunksize=1)
        barrier.wait()
        meter = Meter(server)
        shards = waiting.get()
        found = {"texts": sum(texts for _, texts in shards)}
        return meter.stop(found, sum(cpu for cpu, _ in shards))


if __name__ == "__main__":
    sys.stdout.write(json.dumps([asdict(main(sys.argv[1], int(sys.argv[2])))]))
