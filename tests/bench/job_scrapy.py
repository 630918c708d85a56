"""The second mark to pass: Scrapy with `trafilatura.extract(html)` in an item pipeline.

`.venv-bench/bin/python -m tests.bench.job_scrapy BASE FOLDER SERVER_PID` prints JSON. Everything
that could slow Scrapy down and is not needed is off: delay, throttling, cookies, robots.txt,
logging, console; it is handed the addresses and keeps nothing. The clock starts when everything is
imported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response
from trafilatura import extract

from tests.bench.gauge import Lap, Meter

SETTINGS = {
    "CONCURRENT_REQUESTS": 16,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
    "DOWNLOAD_DELAY": 0,
    "AUTOTHROTTLE_ENABLED": False,
    "COOKIES_ENABLED": False,
    "ROBOTSTXT_OBEY": False,
    "LOG_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
}


class Extraction:
    """The item pipeline. texts: pages that had one."""

    texts = 0

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        Extraction.texts += bool(extract(item["body"]))
        return item


class Pages(Spider):
    name = "pages"
    urls: tuple[str, ...] = ()

    async def start(self) -> AsyncIterator[Request]:
        for url in self.urls:
            yield Request(url)

    def parse(self, response: Response) -> Any:
        yield {"url": response.url, "body": response.body}


def main(base: str, folder: Path, server: int) -> Lap:
    types: dict[str, str] = json.loads((folder / "types.json").read_text())
    urls = tuple(f"{base}/guides/{name}" for name in types)
    process = CrawlerProcess({**SETTINGS, "ITEM_PIPELINES": {Extraction: 1}})
    process.crawl(Pages, urls=urls)
    meter = Meter(server)
    process.start()
    return meter.stop({"texts": Extraction.texts})


if __name__ == "__main__":
    sys.stdout.write(json.dumps([asdict(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))]))
