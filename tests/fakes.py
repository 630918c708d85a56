"""Hand-written stand-ins for the outside world.

`FakeModel` is a loopback server that speaks the OpenAI chat completions protocol. Replies are
scripted per test, faults included; it counts its calls and keeps what it was asked.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_SENTENCE = re.compile(r"^\[(s\d+)\] (.+)$", re.MULTILINE)
_FACT = re.compile(r"^\[(f\d+)\] (s\d+) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FakeReply:
    """One scripted answer.

    text: the message's content. raw: sent as the whole body instead, as it is. hang_s: seconds of
    silence before answering. drip_s: seconds between the body's bytes. is_reset: the connection
    is closed in the middle of the body.
    """

    text: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    finish_reason: str = "stop"
    raw: bytes | None = None
    content_type: str = "application/json"
    hang_s: float = 0.0
    drip_s: float = 0.0
    is_reset: bool = False
    tokens: tuple[int, int] = (100, 50)


Request = dict[str, Any]
Reply = FakeReply | str
Answerer = Callable[[Request], Reply]


def asked_tones(request: Request) -> list[str]:
    """Tone ids of the reply format, else those the card message names."""
    reply_format = request.get("response_format") or {}
    schema = reply_format.get("json_schema", {}).get("schema", {})
    if schema:
        return list(schema["properties"])
    text = "\n".join(m["content"] for m in request["messages"] if m["role"] == "user")
    return [tone for tone in ("expert", "mom", "engagement") if re.search(rf"\b{tone}\b", text)]


def quote_card(request: Request) -> str:
    """A faithful reply: every tone asked for, each sentence of the card word for word."""
    card = next(m["content"] for m in request["messages"] if m["role"] == "user")
    facts: dict[str, list[str]] = {}
    for fact_id, sentence_id in _FACT.findall(card):
        facts.setdefault(sentence_id, []).append(fact_id)
    draft = [
        {"text": text, "source_ids": [id], "fact_ids": facts.get(id, [])}
        for id, text in _SENTENCE.findall(card)
    ]
    return json.dumps(dict.fromkeys(asked_tones(request), draft), ensure_ascii=False)


class FakeModel:
    """Use as `with FakeModel(replies) as model:`; call `openai/fake` at `model.base_url`.

    replies: a function of the request, or replies in order (the last one stays for good). Keeps
    requests (parsed bodies) and headers in the order they came.
    """

    def __init__(self, replies: Answerer | Iterable[Reply] = quote_card) -> None:
        self.requests: list[Request] = []
        self.headers: list[dict[str, str]] = []
        self._answer = replies if callable(replies) else _in_order(replies)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering; hanging replies end at once."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def environment(self) -> dict[str, str]:
        """What points the product at this server."""
        return {"OPENAI_API_KEY": "fake-key", "OPENAI_API_BASE": self.base_url}

    @property
    def calls(self) -> int:
        return len(self.requests)

    def _take(self, request: Request, headers: dict[str, str]) -> FakeReply:
        with self._lock:
            self.requests.append(request)
            self.headers.append(headers)
            reply = self._answer(request)
        return FakeReply(reply) if isinstance(reply, str) else reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                reply = fake._take(
                    json.loads(body), {name.lower(): value for name, value in self.headers.items()}
                )
                if reply.hang_s:
                    fake._closing.wait(reply.hang_s)
                with suppress(ConnectionError):
                    self._write(reply, _body(reply))

            def _write(self, reply: FakeReply, body: bytes) -> None:
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(body)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if reply.is_reset:
                    self.wfile.write(body[: len(body) // 2])
                    self.close_connection = True
                elif reply.drip_s:
                    for place in range(len(body)):
                        if fake._closing.wait(reply.drip_s):
                            return
                        self.wfile.write(body[place : place + 1])
                        self.wfile.flush()
                else:
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Keep the test output clean."""

        return Handler


def _in_order(replies: Iterable[Reply]) -> Answerer:
    def walk() -> Iterator[Reply]:
        last: Reply = ""
        for last in replies:
            yield last
        while True:
            yield last

    queue = walk()
    return lambda _request: next(queue)


def _body(reply: FakeReply) -> bytes:
    if reply.raw is not None:
        return reply.raw
    if reply.status != 200:
        error = {"message": reply.text or "fault", "type": "fake", "code": None}
        return json.dumps({"error": error}).encode()
    tokens_in, tokens_out = reply.tokens
    return json.dumps(
        {
            "id": "chatcmpl-fake",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "fake",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": reply.text},
                    "finish_reason": reply.finish_reason,
                }
            ],
            "usage": {
                "prompt_tokens": tokens_in,
                "completion_tokens": tokens_out,
                "total_tokens": tokens_in + tokens_out,
            },
        },
        ensure_ascii=False,
    ).encode()
