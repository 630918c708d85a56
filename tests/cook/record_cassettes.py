"""Record the cassettes of test_cook_cassettes.py from the loopback model.

Run `python -m tests.cook.record_cassettes` after the prompt's form or the samples changed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import vcr

from stages.cook.complete import Gateway
from stages.cook.cook import CookResult, CookSettings, cook_card
from stages.types import Card
from tests.cook.cook_samples import FEVER_ZH, HOUSE, TONES, MemoryLedger, make_card
from tests.fakes import Answerer, FakeModel, FakeReply, Reply, Request, quote_card

FOLDER = Path(__file__).with_name("cassettes")
SETTINGS = CookSettings(model="openai/fake", house=HOUSE, deadline_s=20, max_wait_s=0.05)

RECORDER = vcr.VCR(
    cassette_library_dir=str(FOLDER),
    # The port differs from run to run; the body says everything else.
    match_on=["method", "path", "body"],
    filter_headers=["authorization", "user-agent", "host"],
    decode_compressed_response=True,
)


def _ladder() -> Answerer:
    def answer(request: Request) -> Reply:
        if (request.get("response_format") or {}).get("type") == "json_schema":
            return FakeReply("response_format json_schema is not supported", 400)
        return quote_card(request)

    return answer


def _second_try() -> Answerer:
    def answer(request: Request) -> Reply:
        return quote_card(request) if len(request["messages"]) > 2 else "Sure! Here is your draft."

    return answer


SCENES: Mapping[str, tuple[Card, Answerer, int]] = {
    "english": (make_card(), quote_card, 1),
    "chinese": (make_card(FEVER_ZH, "zh-Hans", "发热"), quote_card, 1),
    "ladder": (make_card(), _ladder(), 2),
    "second_try": (make_card(), _second_try(), 2),
}
"""By cassette: the card, how the model answered, and the number of requests."""


async def play(card: Card, environment: Mapping[str, str]) -> CookResult:
    """Cook a card with whatever answers behind environment."""
    async with Gateway(environment) as gateway:
        return await cook_card(card, TONES, SETTINGS, MemoryLedger(), gateway)


def record() -> None:
    for name, (card, answer, _requests) in SCENES.items():
        path = FOLDER / f"{name}.yaml"
        path.unlink(missing_ok=True)
        with FakeModel(answer) as model, RECORDER.use_cassette(f"{name}.yaml", record_mode="once"):
            result = asyncio.run(play(card, model.environment))
        sys.stdout.write(f"{path.name}: {model.calls} requests, {result.drafts[0].model}\n")


if __name__ == "__main__":
    record()
