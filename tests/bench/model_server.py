"""A model on loopback that answers every call after the same wait: `python model_server.py S`.

Prints its port and ends when its standard input is closed. Speaks the OpenAI chat completions
protocol on keep-alive connections. The reply takes over the card's sentences word for word in every
tone asked for, with the tone's last line, as the prompt wants it. Tokens are counted by tiktoken
with the encodings that travel in litellm's wheel; nothing of that is Spoonful's own.

`GET /log` gives what it has seen: calls, tokens in and out, most calls at once, seconds from the
first call's arrival to the last answer's departure. `POST /log` starts anew.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from dataclasses import asdict, dataclass
from functools import lru_cache
from time import monotonic
from typing import Any

from tests.tokens import load_encoding

_SENTENCE = re.compile(r"^\[(s\d+)\] (.+)$", re.MULTILINE)
_FACT = re.compile(r"^\[(f\d+)\] (s\d+) ", re.MULTILINE)
_LAST_LINE = re.compile(r"## Tone `(\w+)`.*?Last line, word for word: ([^\n]+)", re.DOTALL)
_LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)

TOKENS_PER_MESSAGE = 3
"""What chat formats add to each message, and once more to the reply's head."""


@dataclass(slots=True)
class Log:
    """What the server has seen since it was last asked to start anew."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    at_once: int = 0
    most_at_once: int = 0
    first: float = 0.0
    last: float = 0.0


class Model:
    """latency_s: from a request's last byte to its answer's first."""

    def __init__(self, latency_s: float, encoding: str) -> None:
        self.latency_s = latency_s
        self.log = Log()
        self._encoding = load_encoding(encoding)
        self._count_system = lru_cache(64)(self.count)

    def count(self, text: str) -> int:
        return len(self._encoding.encode(text, disallowed_special=()))

    async def answer(self, body: bytes) -> bytes:
        """The whole HTTP answer to a request for a completion."""
        arrived = monotonic()
        log = self.log
        log.first = log.first or arrived
        log.calls += 1
        log.at_once += 1
        log.most_at_once = max(log.most_at_once, log.at_once)
        request = json.loads(body)
        text = write_reply(request)
        system, *others = (message["content"] for message in request["messages"])
        tokens_in = self._count_system(system) + sum(map(self.count, others))
        tokens_in += TOKENS_PER_MESSAGE * (len(others) + 2)
        tokens_out = self.count(text)
        log.tokens_in += tokens_in
        log.tokens_out += tokens_out
        answer = {
            "id": "chatcmpl-bench",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": request["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": tokens_in,
                "completion_tokens": tokens_out,
                "total_tokens": tokens_in + tokens_out,
            },
        }
        packed = _http(answer)
        await asyncio.sleep(max(0.0, arrived + self.latency_s - monotonic()))
        log.at_once -= 1
        log.last = monotonic()
        return packed


def write_reply(request: dict[str, Any]) -> str:
    """Every tone asked for, faithful to the card by taking over its sentences."""
    system, card = (message["content"] for message in request["messages"][:2])
    facts: dict[str, list[str]] = {}
    for fact_id, sentence_id in _FACT.findall(card):
        facts.setdefault(sentence_id, []).append(fact_id)
    body = [
        {"text": text, "source_ids": [id], "fact_ids": facts.get(id, [])}
        for id, text in _SENTENCE.findall(card)
    ]
    asked = re.search(r"^Write the tones ([\w, ]+) in ", card, re.MULTILINE)
    assert asked, "the card's message names the tones"
    last_lines = _read_last_lines(system)
    reply = {
        tone: [*body, {"text": f"\n\n{last_lines[tone]}", "source_ids": [], "fact_ids": []}]
        for tone in asked[1].split(", ")
    }
    return json.dumps(reply, ensure_ascii=False)


@lru_cache(maxsize=64)
def _read_last_lines(system: str) -> dict[str, str]:
    return dict(_LAST_LINE.findall(system))


class Connection(asyncio.Protocol):
    """One client, one request at a time."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.waiting = b""
        self.tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        head, end, rest = self.waiting.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        if not end or len(rest) < size:
            return
        self.waiting = rest[size:]
        if head.startswith(b"GET /log"):
            self.transport.write(_http(asdict(self.model.log)))
        elif head.startswith(b"POST /log"):
            self.model.log = Log()
            self.transport.write(_http({}))
        else:
            task = asyncio.get_running_loop().create_task(self._answer(rest[:size]))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _answer(self, body: bytes) -> None:
        self.transport.write(await self.model.answer(body))


def _http(value: dict[str, Any]) -> bytes:
    body = json.dumps(value, ensure_ascii=False).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def serve(latency_s: float, encoding: str) -> None:
    model = Model(latency_s, encoding)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(model), "127.0.0.1", 0, backlog=256)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), sys.argv[2]))
