"""What `job_line` does: the line by its stages, or bare."""

from __future__ import annotations

import asyncio
import cProfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows.kitchen import open_kitchen, open_store
from flows.line import run_line
from flows.request import RunRequest, Stage
from stages.procure.discover import discover
from store.engine import Database
from store.settings import Settings, load_settings
from tests.bench.bare_work import read_page
from tests.bench.gauge import Meter

BARE_AT_ONCE = 6

SOURCE = """\
sources:
  - id: bench
    publisher: Bench
    languages: [en, zh, pt, ru]
    homepage: {base}/
    sitemap: {base}/sitemap.xml
    reuse: adapt_ok
    licence: {{name: CC BY 4.0, url: "https://creativecommons.org/licenses/by/4.0/"}}
    attribution: From the bench
    crawl:
      allow_hosts: [127.0.0.1]
      allow_prefixes: [/guides/]
      min_delay_s: 0
      max_guides: 100000
"""

GROUPS = """\
groups:
  - id: parents
    name: Parents
    lang: en
    description: Sleep, feeding and health in the first year.
    stages: [0-3m]
    topics: [feeding]
    rules: [Be kind.]
    preferred_tone: mom
    sample_posts: ["How should my baby sleep?"]
"""


def make_settings(base: str, folder: Path) -> Settings:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sources.yaml").write_text(SOURCE.format(base=base))
    (folder / "groups.yaml").write_text(GROUPS)
    return load_settings(
        home=str(folder / "home"),
        sources_file=folder / "sources.yaml",
        groups_file=folder / "groups.yaml",
        allow_private=urlsplit(base).netloc,
    )


def run_stage(settings: Settings, db: Database, stage: Stage) -> dict[str, Any]:
    summary = asyncio.run(run_line(RunRequest(stage=stage), settings, db))
    return summary.as_dict()


def run_bare(settings: Settings, db: Database) -> dict[str, Any]:
    return asyncio.run(_bare(settings, db))


async def _bare(settings: Settings, db: Database) -> dict[str, Any]:
    async with open_kitchen(settings, db, writes=False) as kitchen:
        (source,) = kitchen.sources.values()
        found = await discover(source, kitchen.fetcher)
        waiting = iter(found.candidates)
        counts = {"pages": 0, "guides": 0, "cards": 0}

        async def work() -> None:
            for candidate in waiting:
                page = await kitchen.fetcher.fetch(candidate.url, source)
                cards = await kitchen.workers.run(read_page, page, source)
                counts["pages"] += 1
                counts["guides"] += cards is not None
                counts["cards"] += cards or 0

        await asyncio.gather(*(work() for _ in range(BARE_AT_ONCE)))
    return counts


def main(order: dict[str, Any]) -> list[dict[str, Any]]:
    settings = make_settings(order["base"], Path(order["folder"]))
    db = open_store(settings)
    results = []
    for at, step in enumerate(order["steps"]):
        work = run_bare if step == "bare" else _stage_runner(Stage(step))
        with _profiled(order.get("profile", "") if at == 0 else ""):
            meter = Meter(order["server"])
            results.append(asdict(meter.stop(work(settings, db))))
    db.dispose()
    return results


def _stage_runner(stage: Stage) -> Callable[[Settings, Database], dict[str, Any]]:
    return lambda settings, db: run_stage(settings, db, stage)


def _profiled(path: str) -> AbstractContextManager[Any]:
    return _Profile(path) if path else nullcontext()


class _Profile(cProfile.Profile):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def __exit__(self, *error: object) -> None:
        self.disable()
        self.dump_stats(self.path)
