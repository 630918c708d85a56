"""The same calls through LangChain: `ChatLiteLLM(...).batch(...)`.

`.venv-bench/bin/python -m tests.bench.job_langchain ORDER.json` prints JSON. Order: {"prompts": the
messages of each call, "api_base" and "server" (its process id) of the model server, "model",
"concurrency"}. What a first script would do, and no more: replies are read as
JSON; nothing is checked, kept or budgeted. The clock starts when everything is imported.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"}

import openai.resources.chat  # noqa: F401
from langchain_litellm import ChatLiteLLM

from tests.bench.gauge import Lap, Meter


def main(order: dict[str, Any]) -> Lap:
    model = ChatLiteLLM(
        model=order["model"],
        api_base=order["api_base"],
        api_key="x",
        temperature=0.4,
        max_tokens=4_000,
        max_retries=0,
        request_timeout=90,
        model_kwargs={"response_format": {"type": "json_object"}},
    )
    prompts = [
        [(message["role"], message["content"]) for message in messages]
        for messages in order["prompts"]
    ]
    meter = Meter(order["server"])
    replies = model.batch(prompts, config={"max_concurrency": order["concurrency"]})
    drafts = sum(len(json.loads(str(reply.content))) for reply in replies)
    return meter.stop({"calls": len(replies), "drafts": drafts})


if __name__ == "__main__":
    order = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.stdout.write(json.dumps([asdict(main(order))]))
