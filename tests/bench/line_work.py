"""What `job_line` does: the line by its stages, with database and snapshots."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows.kitchen import open_store
from flows.line import run_line
from flows.request import RunRequest, Stage
from store.engine import Database
from store.settings import Settings, load_settings
from tests.bench.gauge import Meter
from tests.bench.profiled import profiled

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


def make_settings(base: str, folder: Path, **more: object) -> Settings:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sources.yaml").write_text(SOURCE.format(base=base))
    (folder / "groups.yaml").write_text(GROUPS)
    return load_settings(
        home=str(folder / "home"),
        sources_file=folder / "sources.yaml",
        groups_file=folder / "groups.yaml",
        allow_private=urlsplit(base).netloc,
        **more,
    )


def run_stage(settings: Settings, db: Database, stage: Stage) -> dict[str, Any]:
    summary = asyncio.run(run_line(RunRequest(stage=stage), settings, db))
    return summary.as_dict()


def main(order: dict[str, Any]) -> list[dict[str, Any]]:
    settings = make_settings(order["base"], Path(order["folder"]))
    db = open_store(settings)
    results = []
    for at, step in enumerate(order["steps"]):
        with profiled(order.get("profile", "") if at == 0 else ""):
            meter = Meter(order["server"])
            results.append(asdict(meter.stop(run_stage(settings, db, Stage(step)))))
    db.dispose()
    return results
