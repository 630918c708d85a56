"""What `job_cook` does: cards in a home of their own, cooked by the line."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from flows.kitchen import open_store
from flows.line import run_line
from flows.request import RunRequest, Stage
from stages.seeds import load_sources
from store.engine import Database
from store.settings import Settings
from store.sources import set_sources
from tests.bench.gauge import Lap, Meter
from tests.bench.line_work import make_settings
from tests.bench.profiled import profiled
from tests.stock import stock


def cook(settings: Settings, db: Database) -> dict[str, Any]:
    request = RunRequest(stage=Stage.COOK)
    return asyncio.run(run_line(request, settings, db)).as_dict()


def main(order: dict[str, Any]) -> Lap:
    os.environ["OPENAI_API_KEY"] = "x"
    settings = make_settings(
        "http://127.0.0.1",
        Path(order["folder"]),
        model=order["model"],
        model_api_base=order["api_base"],
        model_concurrency=order["concurrency"],
    )
    db = open_store(settings)
    set_sources(db, load_sources(settings.sources_file))
    stock(db, "bench", order["cards"])
    if order.get("is_warm"):
        import litellm  # noqa: F401  # what these imports cost is measured without is_warm
        import openai.resources.chat  # noqa: F401

        import stages.procure.fetch  # noqa: F401
    with profiled(order.get("profile", "")):
        meter = Meter(order["server"])
        lap = meter.stop(cook(settings, db))
    db.dispose()
    return lap
