"""What `job_pipeline` does: fetch, extract and chop, side by side, and keep nothing.

Made of the line's own parts: its crawler, which obeys robots.txt, its pool of workers, its rooms.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows.workers import Workers
from stages.procure.fetch import Fetcher
from stages.types import Reuse, Source
from tests.bench.gauge import Lap, Meter
from tests.bench.reading import read_page

AT_ONCE = 8
WORKERS = 2
USER_AGENT = "Spoonful-bench/1.0 (+http://127.0.0.1/)"
POLICY = Path(__file__).resolve().parents[2] / "seeds" / "policy.yaml"


async def run(source: Source, urls: list[str]) -> dict[str, int]:
    """pages read, guides among them, their cards."""
    counts = {"pages": 0, "guides": 0, "cards": 0}
    waiting = iter(urls)
    workers = Workers(WORKERS)

    async def work(fetcher: Fetcher) -> None:
        for url in waiting:
            page = await fetcher.fetch(url, source)
            cards = await workers.run(read_page, page, source, str(POLICY))
            counts["pages"] += 1
            counts["guides"] += bool(cards)
            counts["cards"] += len(cards)

    try:
        async with Fetcher(
            USER_AGENT, allow_private=frozenset((source.allow_hosts[0],)), connections=AT_ONCE
        ) as fetcher:
            await asyncio.gather(*(work(fetcher) for _ in range(AT_ONCE)))
    finally:
        workers.close()
    return counts


def main(order: dict[str, Any]) -> Lap:
    base, names = order["base"], json.loads((Path(order["pages"]) / "types.json").read_text())
    source = Source(
        id="bench",
        publisher="Bench",
        homepage=f"{base}/",
        languages=("en", "zh", "pt", "ru"),
        reuse=Reuse.ADAPT_OK,
        licence="CC BY 4.0",
        licence_url="https://creativecommons.org/licenses/by/4.0/",
        attribution="From the bench",
        allow_hosts=(urlsplit(base).hostname or "",),
        allow_prefixes=("/guides/",),
        min_delay_s=0,
    )
    meter = Meter(order["server"])
    return meter.stop(asyncio.run(run(source, [f"{base}/guides/{name}" for name in names])))
