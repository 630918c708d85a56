"""Servers and pages that mean harm, or might as well. After each the crawl goes on.

| attack | outcome |
|---|---|
| gzip or deflate bomb (60 MB out of 60 KB) | PermanentError "larger than", read up to the cap |
| gzip inside gzip; brotli; two encodings | PermanentError, nothing is inflated twice |
| compressed data that never yields a byte | PermanentError at the cap of bytes received |
| broken or cut-off compression | TransientError |
| drip of a byte at a time: status line, headers, body, chunks | TransientError at the deadline |
| headers without end; interim answers without end | TransientError |
| an answer that is no HTTP; a connection closed at once | TransientError |
| Content-Length too long; cut-off chunks | TransientError |
| Content-Length too short | the length that was told is read, the next page is asked anew |
| Content-Length that is no number, negative, or told twice | TransientError |
| Content-Length above the cap | PermanentError before the body is read |
| redirect loop, chain, to file:, to another host, to a private address | Permanent/RefusedError |
| a name of a private address, at once or later (rebinding) | RefusedError, no socket opens |
| picture, zip, program sent as text/html | PermanentError that says what it is |
| picture, font or any binary without a known start sent as text/html | quarantine not_html |
| robots.txt: bomb, 3 MB, dripping, unknown encoding, pattern for backtracking | see the tests |
| robots.txt 200, 404, 401, 403, 429, 503, HTML in its place | test_procure_fetch |
| Retry-After: seconds, date, nonsense, years | parked a day at most, see test_procure_hosts |
| sitemaps that name each other, without end | test_procure_discover: each once, 30 at most |
| sitemap bomb (48 MB out of 50 KB), deep nesting | no tree is built: its entries or none |
| entities: expansion, files, in attributes, in UTF-16 | PermanentError, nothing is expanded |
| 200,000 nested tags | read; test_procure_extract; the fronts of such pages are judged |
| a charset that is wrong in seven ways | the text as it was written |
| a page that redirects to itself until a cookie comes | PermanentError: a crawl keeps none |
| cookie wall, log-in wall, robot check | quarantine, test_procure_judge |
| a page that crashes, hangs or fails the extractor | that page alone, flows/test_workers |
"""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
import time
import zlib
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stages.errors import PermanentError, RefusedError, StageError, TransientError
from stages.procure.extract import extract_page
from stages.procure.fetch import Fetcher
from stages.procure.inflate import inflate_file
from stages.procure.judge import judge_page
from stages.procure.listing import read_feed, read_sitemap
from stages.types import Page, PageContent, QuarantineReason

Attack = Callable[[asyncio.StreamWriter], Awaitable[None]]
GOOD = b"<html><body><p>Warm milk for everyone.</p></body></html>"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
MAX_BYTES = 200_000
DEADLINE_S = 0.4


def answer(head: bytes, body: bytes) -> bytes:
    return OK + head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def sends(data: bytes) -> Attack:
    """Send it and close the connection."""

    async def attack(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return attack


def stays(data: bytes) -> Attack:
    """Send it and leave the connection open for more."""

    async def attack(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(1)

    return attack


def drips(start: bytes, piece: bytes, pause_s: float = 0.02) -> Attack:
    """A start and then a piece again and again, until the other side has enough."""

    async def attack(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return attack


@asynccontextmanager
async def battlefield(lab, attacks: dict[str, Attack], **options):
    """A server with attacks by path and a good page at /good, and a fetcher that may reach it."""
    asked: list[str] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ")[1].decode()
                asked.append(path)
                if path in attacks:
                    await attacks[path](writer)
                    return
                if path == "/robots.txt":
                    writer.write(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n")
                else:
                    writer.write(answer(b"", GOOD))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    netloc = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    options = {"deadline_s": DEADLINE_S, "max_bytes": MAX_BYTES, **options}
    async with Fetcher("Spoonful/1.0", allow_private=frozenset({netloc}), **options) as fetcher:
        source = lab.make_source(f"http://{netloc}/")
        yield fetcher, source, asked
    server.close()


def survive(lab, attack: Attack, *, robots: bool = False) -> tuple[StageError | Page, Page | None]:
    """What came of an attacked page, and the good page that was fetched afterwards."""

    async def run() -> tuple[StageError | Page, Page | None]:
        path = "/robots.txt" if robots else "/bad"
        async with battlefield(lab, {path: attack}) as (fetcher, source, _):
            outcome: StageError | Page
            try:
                outcome = await fetcher.fetch(f"{source.homepage}bad", source)
            except StageError as error:
                outcome = error
            if robots:
                return outcome, None
            return outcome, await fetcher.fetch(f"{source.homepage}good", source)

    started = time.monotonic()
    found = asyncio.run(run())
    assert time.monotonic() - started < 10
    return found


def _bomb(megabytes: int, *, wbits: int = 31) -> bytes:
    engine = zlib.compressobj(9, wbits=wbits)
    zeros = bytes(1_000_000)
    return b"".join(engine.compress(zeros) for _ in range(megabytes)) + engine.flush()


def _silent_stream() -> bytes:
    """Deflate data of empty blocks: a megabyte that decodes to nothing."""
    engine = zlib.compressobj(wbits=-15)
    empty = engine.flush(zlib.Z_FULL_FLUSH)[-5:]
    return empty * 200_000


GZIP, DEFLATE = b"Content-Encoding: gzip\r\n", b"Content-Encoding: deflate\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
PERMANENT = {
    "gzip bomb": (answer(GZIP, _bomb(60)), "larger than 200,000 bytes"),
    "deflate bomb": (answer(DEFLATE, _bomb(20, wbits=15)), "larger than 200,000 bytes"),
    "raw deflate bomb": (answer(DEFLATE, _bomb(20, wbits=-15)), "larger than 200,000 bytes"),
    "gzip in gzip": (answer(GZIP, gzip.compress(gzip.compress(GOOD))), "is a gzip file"),
    "two gzip files in one": (answer(GZIP, gzip.compress(GOOD) * 2), "several gzip files"),
    "gzip twice": (answer(b"Content-Encoding: gzip, gzip\r\n", b"x"), "not asked for"),
    "brotli": (answer(b"Content-Encoding: br\r\n", b"x"), "not asked for"),
    "silent deflate": (answer(DEFLATE, _silent_stream()), "larger than 200,000 bytes"),
    "length above the cap": (OK + b"Content-Length: 999999999999\r\n\r\nx", "larger than"),
    "chunks above the cap": (CHUNKED + (b"ffff\r\n" + b"x" * 65535 + b"\r\n") * 5, "larger than"),
    "png": (answer(b"", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "a PNG picture"),
    "jpeg": (answer(b"", b"\xff\xd8\xff\xe0\x00\x10JFIF"), "a JPEG picture"),
    "zip": (answer(b"", b"PK\x03\x04" + bytes(99)), "a zip or Office file"),
    "redirect to a file": (b"HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\n\r\n", "no http"),
    "redirect to nothing": (b"HTTP/1.1 302 X\r\nLocation: http://[\r\n\r\n", "no http"),
    "cookie or loop": (
        b"HTTP/1.1 302 X\r\nSet-Cookie: ok=1\r\nLocation: /bad\r\n\r\n",
        "more than 5 times",
    ),
    "redirect to itself": (b"HTTP/1.1 301 X\r\nLocation: /bad\r\n\r\n", "more than 5 times"),
}
TRANSIENT = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "zeros": bytes(200_000),
    "broken gzip": answer(GZIP, b"\x1f\x8b\x08\x00" + b"x" * 50),
    "no gzip": answer(GZIP, GOOD),
    "cut-off gzip": answer(GZIP, gzip.compress(GOOD * 99)[:-20]),
    "length too long": OK + b"Content-Length: 5000\r\n\r\n" + GOOD,
    "cut-off chunk": CHUNKED + b"ff\r\n<p>Milk",
    "chunk of no size": CHUNKED + b"zz\r\n<p>Milk\r\n",
    "no last chunk": CHUNKED + b"3\r\n<p>\r\n",
    "negative length": OK + b"Content-Length: -5\r\n\r\n<p>",
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 9\r\n\r\n<p>aaaaaa",
    "length in words": OK + b"Content-Length: many\r\n\r\n<p>",
    "headers without end": OK + b"X-Filler: aaaaaaaaaaaaaaaaaaaa\r\n" * 9_000,
    "one header without end": OK + b"X-Filler: " + b"a" * 300_000,
    "split header": OK + b"X: a\nSet: b\r\n",
}
DRIPS = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "headers": (OK, b"X-A: b\r\n"),
    "body": (OK + b"Content-Length: 100000\r\n\r\n", b"x"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "nothing at all": (b"", b""),
}


@pytest.mark.parametrize("name", PERMANENT)
def test_attack_ends_for_good(lab, name):
    data, words = PERMANENT[name]
    outcome, good = survive(lab, sends(data))

    assert type(outcome) is PermanentError
    assert words in str(outcome)
    assert good.body == GOOD


@pytest.mark.parametrize("name", TRANSIENT)
def test_attack_ends_until_the_next_try(lab, name):
    outcome, good = survive(lab, sends(TRANSIENT[name]))

    assert type(outcome) is TransientError
    assert good.body == GOOD


@pytest.mark.parametrize("name", DRIPS)
def test_drip_ends_at_the_deadline(lab, name):
    outcome, good = survive(lab, drips(*DRIPS[name]))

    assert type(outcome) is TransientError
    assert "took longer than 0.4 s" in str(outcome)
    assert good.body == GOOD


@pytest.mark.parametrize("rest", [GOOD[10:], answer(b"", b"<p>Smuggled</p>")])
def test_short_length_costs_no_other_page_its_text(lab, rest):
    """What follows the told length is never taken for the next page."""

    async def run():
        lie = OK + b"Content-Length: 10\r\n\r\n" + GOOD[:10] + rest
        async with battlefield(lab, {"/bad": stays(lie)}) as (fetcher, source, _):
            bad = await fetcher.fetch(f"{source.homepage}bad", source)
            bodies = []
            for _ in range(3):
                try:
                    bodies.append((await fetcher.fetch(f"{source.homepage}good", source)).body)
                except TransientError:
                    continue
            return bad, bodies

    bad, bodies = asyncio.run(run())
    assert bad.body == GOOD[:10]
    assert len(bodies) >= 2
    assert set(bodies) == {GOOD}


# --- addresses -----------------------------------------------------------------------------------

INSIDE = (
    "127.0.0.1 169.254.169.254 10.0.0.5 100.64.0.1 0.0.0.0 224.0.0.1 192.88.99.1 ::1 fe80::1"
    " ff02::1 fd00::1 2002:7f00:1:: 2002:a9fe:a9fe::1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe"
    " 64:ff9b:1::1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 2001:0:7f00:1::1"
).split()


def _resolver(monkeypatch, *answers: list[str]) -> list[list[str]]:
    """A name server with one answer after the other; and the addresses that were connected to."""
    left = list(answers)
    connected: list[list[str]] = [[]]

    async def resolve(host: str, port: int) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    async def connect(self, host, port, **_):
        connected[0].append(host)
        raise OSError("no network in tests")

    monkeypatch.setattr("stages.procure.network._resolve", resolve)
    monkeypatch.setattr("httpcore.AnyIOBackend.connect_tcp", connect)
    return connected


@pytest.mark.parametrize("address", INSIDE)
def test_name_of_a_private_address_is_refused_before_a_socket_opens(lab, monkeypatch, address):
    connected = _resolver(monkeypatch, [address])

    async def run():
        async with Fetcher("Spoonful/1.0") as fetcher:
            url = "http://rebind.example/guide"
            await fetcher.fetch(url, lab.make_source(url))

    with pytest.raises(RefusedError, match="no public address"):
        asyncio.run(run())
    assert connected == [[]]


@pytest.mark.parametrize("later", ["127.0.0.1", "169.254.169.254"])
def test_name_that_moves_to_a_private_address_is_refused_there(monkeypatch, later):
    from stages.procure.network import GuardedBackend

    connected = _resolver(monkeypatch, ["93.184.215.14"], [later])
    backend = GuardedBackend(frozenset())
    with pytest.raises(OSError, match="no network"):
        asyncio.run(backend.connect_tcp("rebind.example", 80))
    with pytest.raises(RefusedError, match=later.replace(".", r"\.")):
        asyncio.run(backend.connect_tcp("rebind.example", 80))
    assert connected == [["93.184.215.14"]]


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "[::1]"])
def test_address_in_disguise_is_refused(lab, host):
    async def run():
        async with Fetcher("Spoonful/1.0") as fetcher:
            url = f"http://{host}:9/guide"
            await fetcher.fetch(url, lab.make_source(url))

    with pytest.raises((RefusedError, TransientError)) as caught:
        asyncio.run(run())
    assert "address" in str(caught.value) or "does not resolve" in str(caught.value)


# --- robots.txt ----------------------------------------------------------------------------------

RULES = b"User-agent: *\nDisallow: /bad\n"


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        # RFC 9309: what is beyond 500 KiB need not be read.
        (answer(b"", RULES + b"# filler\n" * 350_000), RefusedError, "disallows"),
        (answer(b"", b"# filler\n" * 350_000 + RULES), Page, ""),
        (answer(GZIP, _bomb(50)), Page, ""),
        (answer(GZIP, gzip.compress(RULES + bytes(5_000_000))), RefusedError, "disallows"),
        (answer(b"Content-Encoding: br\r\n", b"x"), RefusedError, "cannot be read"),
        (answer(b"", b"User-agent: *\nDisallow: /" + b"*a" * 5_000 + b"$\n"), Page, ""),
        (answer(b"", b"User-agent: *\nCrawl-delay: -5\nDisallow:\n"), Page, ""),
        (answer(b"", b"User-agent: *\nCrawl-delay: 1e9999\nDisallow: /bad\n"), RefusedError, ""),
        (b"HTTP/1.1 302 X\r\nLocation: /robots.txt\r\n\r\n", Page, ""),
        (b"HTTP/1.1 302 X\r\nLocation: https://x.example/\r\n\r\n", RefusedError, "another site"),
        (b"HTTP/1.1 302 X\r\nLocation: ftp://x.example/\r\n\r\n", RefusedError, "cannot be read"),
        (OK + b"Content-Length: 500\r\n\r\nUser-agent", TransientError, "cannot be had"),
        (b"", TransientError, "cannot be had"),
    ],
)
def test_hostile_robots(lab, data, kind, words):
    outcome, _ = survive(lab, sends(data), robots=True)

    assert type(outcome) is kind
    assert words in str(outcome)


def test_robots_that_drip_end_at_the_deadline(lab):
    outcome, _ = survive(lab, drips(OK + b"\r\n", b"#"), robots=True)

    assert type(outcome) is TransientError
    assert "cannot be had" in str(outcome)


# --- lists ---------------------------------------------------------------------------------------

URL = "https://a.org/list.xml"
BILLION = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
LAUGHS = f'<!DOCTYPE feed [<!ENTITY e0 "ha">{BILLION}]>'


@pytest.mark.parametrize(
    "body",
    [
        f"{LAUGHS}<feed><entry><id>&e9;</id><link href='/1'/></entry></feed>".encode(),
        f"{LAUGHS}<feed><entry><link href='&e9;'/></entry></feed>".encode(),
        f"{LAUGHS}<feed><entry><link href='&e9;'/></entry></feed>".encode("utf-16"),
        b'<!DOCTYPE feed [<!ENTITY e SYSTEM "file:///etc/passwd">]><feed><entry>&e;</entry></feed>',
        b'<!DOCTYPE feed [<!entity e "x">]><feed><entry><link href="/&e;"/></entry></feed>',
    ],
)
def test_entities_of_a_list_are_not_expanded(body):
    with pytest.raises(PermanentError):
        read_feed(body, URL)
    with pytest.raises(PermanentError):
        read_sitemap(body, URL)


def test_entities_behind_a_long_comment_are_not_expanded_either():
    """Beyond what is looked at for declarations, libxml2's own limits hold."""
    body = f"<!--{'x' * 70_000}-->{LAUGHS}<feed><entry><id>&e9;</id><link href='/1&e9;'/></entry>"
    started = time.process_time()
    try:
        found = read_feed(body.encode(), URL)
    except PermanentError:
        found = ()
    assert time.process_time() - started < 2
    assert sum(len(candidate.url) for candidate in found) < 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"<urlset>" + b"<url>" * 200_000,
        b"<urlset>" + b"<a/>" * 300_000,
        b"<urlset><url><loc>" + b"x" * 5_000_000,
        b"<sitemapindex>" + b"<sitemap><loc>" * 100_000,
        b"<urlset><url a" + b"='b' a" * 100_000,
    ],
)
def test_sitemap_of_nothing_but_markup_has_no_entries(body):
    started = time.process_time()
    try:
        found = read_sitemap(body, URL)
    except PermanentError:
        return
    assert time.process_time() - started < 3
    assert all(len(entry.url) < 5_000 for entry in (*found.entries, *found.children))
    assert len(found.entries) <= 1


def test_sitemap_gives_as_many_entries_as_the_protocol_allows():
    rows = b"".join(b"<url><loc>/p%d</loc></url>" % n for n in range(50_500))
    assert len(read_sitemap(b"<urlset>" + rows + b"</urlset>", URL).entries) == 50_000
    assert len(read_sitemap(b"https://a.org/x\n" * 60_000, URL).entries) == 50_000


@pytest.mark.parametrize(
    "data",
    [_bomb(60), b"\x1f\x8b", gzip.compress(GOOD)[:-9], b"\x1f\x8b" * 9],
    ids=["bomb", "magic", "cut off", "magic again"],
)
def test_gzip_file_is_whole_and_within_its_cap_or_nothing(data):
    with pytest.raises(PermanentError):
        inflate_file(data, 50_000_000, URL)


# --- pages ---------------------------------------------------------------------------------------


def _judge(lab, body: bytes, content: PageContent):
    page = Page(URL, URL, 200, datetime(2026, 11, 1, tzinfo=UTC), "text/html", body=body)
    return judge_page(page, content, lab.make_source(URL))


@pytest.mark.parametrize(
    "body",
    [
        b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 50,
        b"wOF2" + bytes(range(256)) * 50,
        bytes(range(256)) * 400,
    ],
)
def test_binary_sent_as_a_page_is_no_html(lab, body):
    found = _judge(lab, body, extract_page(body, URL, "text/html"))
    assert found is not None
    assert found.reason is QuarantineReason.NOT_HTML


@pytest.mark.parametrize(
    "body",
    [
        b"<div>" * 200_000 + b"deep" + b"</div>" * 200_000,
        b"<script>" * 30_000,
        b"<script></script>" * 30_000,
        b"<" * 200_000,
        b"<input " * 30_000,
        b"<a href='x" * 30_000,
        b"<p>404" * 30_000,
        b"sign in to " * 20_000,
        b"<noscript>" * 30_000,
    ],
)
def test_page_of_nothing_but_markup_is_judged_in_no_time(lab, body):
    content = PageContent(title="a" * 300, lang="en", blocks=())
    started = time.process_time()
    found = _judge(lab, body, content)

    assert time.process_time() - started < 1.0
    assert found is not None


CHARSETS = ("utf-8", "gb18030", "gbk", "big5", "shift_jis", "windows-1252", "utf-16")
HAN = "宝宝发烧到三十八度以上，请马上去医院。不要给三个月以下的婴儿吃任何药。" * 6
HAN_OLD = "寶寶發燒到三十八度以上，請馬上去醫院。不要給三個月以下的嬰兒吃任何藥。" * 6


@pytest.mark.parametrize(
    ("text", "written", "head"),
    [
        (HAN, "gb18030", ""),
        (HAN, "gbk", "<meta charset='gb2312'>"),
        (HAN, "utf-8", ""),
        (HAN_OLD, "big5", ""),
        (HAN_OLD, "utf-8", "<meta charset='big5-made-up'>"),
        (HAN, "utf-16", ""),
        ("Le bébé a de la fièvre : 38° ou plus, voyez un médecin. " * 6, "windows-1252", ""),
    ],
)
def test_charset_that_nobody_tells_is_found_out(text, written, head):
    body = f"<html><head>{head}<title>x</title></head><body><p>{text}</p></body></html>"
    content = extract_page(body.encode(written), URL, "text/html")
    assert text.strip() in " ".join(block.text for block in content.blocks)


# --- memory --------------------------------------------------------------------------------------

_MEMORY_RUN = """
import asyncio, gzip, resource, sys
sys.path[:0] = {paths!r}
from test_procure_hostile import *
from test_procure_hostile import _bomb
from conftest import Lab

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

lab = Lab()
for data in (PERMANENT["png"][0], TRANSIENT["nothing"]):
    survive(lab, sends(data))
sitemap = gzip.compress(b"<urlset>" + b"<a/>" * 2_000_000 + b"</urlset>")
read_sitemap(b"<urlset><url><loc>/1</loc></url></urlset>", URL)
before = peak()
for name in ("gzip bomb", "deflate bomb", "silent deflate", "chunks above the cap"):
    survive(lab, sends(PERMANENT[name][0]))
survive(lab, sends(answer(GZIP, _bomb(50))), robots=True)
for name in ("zeros", "headers without end", "one header without end"):
    survive(lab, sends(TRANSIENT[name]))
try:
    read_feed((LAUGHS + "<feed><entry><link href='&e9;'/></entry></feed>").encode(), URL)
except PermanentError:
    pass
network = peak()
read_sitemap(sitemap, URL)
print(before, network, peak())
"""


def test_memory_stays_under_its_cap_through_all_of_it():
    """In a process of its own: what the bombs cost at their peak, in MiB."""
    here = Path(__file__)
    script = _MEMORY_RUN.format(paths=[str(here.parent), str(here.parents[2])])
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    before, network, after = map(float, done.stdout.split())
    assert network - before < 25
    assert after - network < 40
