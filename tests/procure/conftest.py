"""A loopback web server whose every answer a test writes, and sources that point to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from stages.procure.fetch import Fetcher
from stages.types import Reuse, Source

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Reply:
    """status, headers and body of one answer. stall: called with the writer in place of sending
    the body, for answers no honest server gives.
    """

    body: bytes = b"<html><body><p>Hello there.</p></body></html>"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    stall: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None


@dataclass
class Site:
    """Routes by path (with query); unknown paths get 404, robots.txt too unless it is set.

    seen: (path, headers, time) of every request, in order. connections: how many were opened.
    """

    routes: dict[str, Reply | list[Reply]] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str], float]] = field(default_factory=list)
    port: int = 0
    connections: int = 0

    @property
    def netloc(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.seen]

    def url(self, path: str = "/") -> str:
        return f"http://{self.netloc}{path}"

    def source(self, **changes: Any) -> Source:
        return replace(make_source(self.url("/")), **changes)

    def answer(self, path: str) -> Reply:
        found = self.routes.get(path, Reply(b"", 404))
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the loop ends with a connection still open
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        path = lines[0].split(" ")[1]
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:] if line)
        }
        self.seen.append((path, headers, time.monotonic()))
        reply = self.answer(path)
        sent = {"Content-Type": HTML, "Content-Length": str(len(reply.body)), **reply.headers}
        text = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        writer.write(f"HTTP/1.1 {reply.status} X\r\n{text}\r\n".encode())
        if reply.stall is not None:
            await reply.stall(writer)
            return False
        if reply.status != 304:
            writer.write(reply.body)
        await writer.drain()
        return True


def make_source(homepage: str, **changes: Any) -> Source:
    source = Source(
        id="test",
        publisher="Test Press",
        homepage=homepage,
        languages=("en", "zh-Hans"),
        reuse=Reuse.ADAPT_OK,
        licence="CC BY 4.0",
        licence_url="https://creativecommons.org/licenses/by/4.0/",
        attribution="Test Press",
        min_delay_s=0.0,
    )
    return replace(source, **changes)


@asynccontextmanager
async def serve(routes: Mapping[str, Reply | list[Reply]] | None = None) -> AsyncIterator[Site]:
    site = Site(dict(routes or {}))
    server = await asyncio.start_server(site.handle, "127.0.0.1", 0, limit=1 << 20)
    site.port = server.sockets[0].getsockname()[1]
    async with server:
        yield site


@asynccontextmanager
async def crawl(
    routes: Mapping[str, Reply | list[Reply]] | None = None, **options: Any
) -> AsyncIterator[tuple[Site, Fetcher]]:
    """A served site and a fetcher that may reach it."""
    async with serve(routes) as site:
        options.setdefault("allow_private", frozenset({site.netloc}))
        async with Fetcher("Spoonful/1.0 (+https://example.org/bot)", **options) as fetcher:
            yield site, fetcher


@dataclass(frozen=True)
class Lab:
    """What tests of the network need, in one fixture."""

    crawl: Callable[..., Any] = crawl
    serve: Callable[..., Any] = serve
    Reply: type[Reply] = Reply
    make_source: Callable[..., Source] = make_source


@pytest.fixture
def lab() -> Lab:
    return Lab()
