"""A web server that costs next to nothing: every answer stands ready in memory.

`python server.py FOLDER` serves a folder of `pages.build_pages` on a free loopback port, prints the
port, and ends when its standard input is closed. Knows keep-alive, gzip, ETag with 304, robots.txt
and one sitemap; on two cores whatever it used would be missing on the side it measures.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import re
import sys
from pathlib import Path

GZIP_LEVEL = 6
_GET = re.compile(rb"GET (\S+) HTTP/1\.1\r\n")
_ETAG = re.compile(rb"\r\nif-none-match: *([^\r]+)", re.IGNORECASE)

Answers = dict[bytes, tuple[bytes, bytes, bytes]]
"""By path: the ETag, the answer in full, the 304."""

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Connection(asyncio.Protocol):
    """One client; requests may arrive in pieces or several at once."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while b"\r\n\r\n" in self.waiting:
            head, _, self.waiting = self.waiting.partition(b"\r\n\r\n")
            self.transport.write(self.answer(head + b"\r\n"))

    def answer(self, head: bytes) -> bytes:
        asked = _GET.match(head)
        known = self.answers.get(asked[1]) if asked else None
        if known is None:
            return NOT_FOUND
        etag, full, unchanged = known
        held = _ETAG.search(head)
        return unchanged if held and held[1] == etag else full


def prepare_answer(body: bytes, content_type: str) -> tuple[bytes, bytes, bytes]:
    etag = b'"%s"' % hashlib.sha256(body).hexdigest()[:20].encode()
    packed = gzip.compress(body, GZIP_LEVEL)
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Encoding: gzip\r\nETag: %s\r\n"
        b"Content-Length: %d\r\n\r\n" % (content_type.encode(), etag, len(packed))
    )
    return etag, head + packed, b"HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n" % etag


def prepare_answers(folder: Path, base: str) -> Answers:
    """Pages at `/guides/NAME`, with a robots.txt and the sitemap of them all."""
    types: dict[str, str] = json.loads((folder / "types.json").read_text())
    answers = {
        f"/guides/{name}".encode(): prepare_answer((folder / name).read_bytes(), content_type)
        for name, content_type in types.items()
    }
    urls = "".join(f"<url><loc>{base}/guides/{name}</loc></url>" for name in types)
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    sitemap = f'<?xml version="1.0"?><urlset xmlns="{space}">{urls}</urlset>'
    answers[b"/sitemap.xml"] = prepare_answer(sitemap.encode(), "application/xml")
    answers[b"/robots.txt"] = prepare_answer(b"User-agent: *\nDisallow: /private/\n", "text/plain")
    return answers


async def serve(folder: Path) -> None:
    answers: Answers = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(answers), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answers.update(prepare_answers(folder, f"http://127.0.0.1:{port}"))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
