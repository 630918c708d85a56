"""The fetcher against a real socket: manners, limits, and what it must never reach."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import socket
import time
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from stages.errors import PermanentError, RefusedError, TransientError
from stages.procure.fetch import Fetcher
from stages.procure.network import GuardedBackend, is_public_address
from stages.types import Reuse

ROBOTS = {"Content-Type": "text/plain"}


def test_fetch_returns_the_page_with_its_validators(lab):
    async def run():
        page = lab.Reply(b"<p>Milk</p>", headers={"ETag": '"a1"', "Last-Modified": "yesterday"})
        async with lab.crawl({"/g": page}) as (site, fetcher):
            got = await fetcher.fetch(site.url("/g#part"), site.source())
            return site, fetcher, got

    site, fetcher, page = asyncio.run(run())
    assert (page.status, page.body, page.etag, page.last_modified) == (
        200,
        b"<p>Milk</p>",
        '"a1"',
        "yesterday",
    )
    assert page.final_url == site.url("/g")
    assert len(page.body_sha256) == 64
    assert site.paths == ["/robots.txt", "/g"]
    assert fetcher.requests == 2
    headers = site.seen[1][1]
    assert headers["user-agent"] == "Spoonful/1.0 (+https://example.org/bot)"
    assert headers["accept-encoding"] == "gzip, deflate"
    assert "cookie" not in headers


def test_fetch_asks_conditionally_and_reports_304_without_a_body(lab):
    async def run():
        async with lab.crawl({"/g": lab.Reply(b"", 304)}) as (site, fetcher):
            page = await fetcher.fetch(
                site.url("/g"), site.source(), etag='"a1"', last_modified="yesterday"
            )
            return site.seen[-1][1], page

    headers, page = asyncio.run(run())
    assert (headers["if-none-match"], headers["if-modified-since"]) == ('"a1"', "yesterday")
    assert (page.is_not_modified, page.body) == (True, b"")


@pytest.mark.parametrize("status", [404, 410])
def test_fetch_reports_a_gone_page_as_a_page(lab, status):
    async def run():
        async with lab.crawl({"/g": lab.Reply(b"gone", status)}) as (site, fetcher):
            return await fetcher.fetch(site.url("/g"), site.source())

    page = asyncio.run(run())
    assert (page.status, page.body) == (status, b"")


@pytest.mark.parametrize(
    ("robots", "error", "words"),
    [
        ((200, b"User-agent: *\nDisallow: /private/\n", ROBOTS), None, ""),
        ((404, b"", {}), None, ""),
        ((400, b"", {}), None, ""),
        ((200, b"<!doctype html><html><body>Oops</body></html>", {}), None, ""),
        ((200, b"User-agent: Spoonful\nDisallow: /\n", ROBOTS), RefusedError, "disallows"),
        ((200, b"User-agent: *\nDisallow: /*.htm$\n", ROBOTS), RefusedError, "disallows"),
        ((401, b"", {}), RefusedError, "401"),
        ((403, b"", {}), RefusedError, "403"),
        ((429, b"", {}), TransientError, "left alone"),
        ((503, b"", {}), TransientError, "503"),
        ((500, b"User-agent: *\nAllow: /\n", ROBOTS), TransientError, "500"),
    ],
)
def test_fetch_obeys_robots_by_status(lab, robots, error, words):
    status, body, headers = robots

    async def run():
        routes = {"/robots.txt": lab.Reply(body, status, headers), "/g.htm": lab.Reply()}
        async with lab.crawl(routes) as (site, fetcher):
            try:
                return site, await fetcher.fetch(site.url("/g.htm"), site.source())
            except (RefusedError, TransientError) as refusal:
                return site, refusal

    site, outcome = asyncio.run(run())
    if error is None:
        assert outcome.status == 200
    else:
        assert type(outcome) is error
        assert words in str(outcome)
        assert site.paths == ["/robots.txt"]


def test_fetch_asks_for_robots_once_when_many_pages_are_wanted(lab):
    async def run():
        async with lab.crawl({f"/{n}": lab.Reply() for n in range(4)}) as (site, fetcher):
            await asyncio.gather(
                *(fetcher.fetch(site.url(f"/{n}"), site.source()) for n in range(4))
            )
            return site.paths

    assert asyncio.run(run()).count("/robots.txt") == 1


@pytest.mark.parametrize("by", ["floor", "robots"])
def test_fetch_keeps_the_longer_of_both_pauses_between_requests(lab, by):
    robots = b"User-agent: *\nCrawl-delay: 0.3\n" if by == "robots" else b"User-agent: *\n"

    async def run():
        routes = {"/robots.txt": lab.Reply(robots, headers=ROBOTS)}
        routes |= {f"/{n}": lab.Reply() for n in range(3)}
        async with lab.crawl(routes) as (site, fetcher):
            source = site.source(min_delay_s=0.3 if by == "floor" else 0.05)
            await asyncio.gather(*(fetcher.fetch(site.url(f"/{n}"), source) for n in range(3)))
            return [when for path, _, when in site.seen if path != "/robots.txt"]

    times = asyncio.run(run())
    assert all(later - sooner >= 0.29 for sooner, later in itertools.pairwise(times))


@pytest.mark.parametrize("status", [429, 503])
def test_fetch_raises_retry_after_and_leaves_the_host_alone(lab, status):
    async def run():
        routes = {"/g": lab.Reply(b"", status, {"Retry-After": "20"}), "/h": lab.Reply()}
        async with lab.crawl(routes) as (site, fetcher):
            with pytest.raises(TransientError) as first:
                await fetcher.fetch(site.url("/g"), site.source())
            with pytest.raises(TransientError) as second:
                await fetcher.fetch(site.url("/h"), site.source())
            return site.paths, first.value.retry_after_s, second.value.retry_after_s

    paths, first, second = asyncio.run(run())
    assert first == 20
    assert 18 < second <= 20
    assert "/h" not in paths


def test_fetch_reads_retry_after_given_as_a_date(lab):
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)

    async def run():
        async with lab.crawl({"/g": lab.Reply(b"", 503, {"Retry-After": when})}) as (site, fetcher):
            with pytest.raises(TransientError) as caught:
                await fetcher.fetch(site.url("/g"), site.source())
            return caught.value.retry_after_s

    assert 80 < asyncio.run(run()) <= 90


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, RefusedError), (403, RefusedError), (400, PermanentError), (451, PermanentError)],
)
def test_fetch_names_a_refused_page_an_error_for_good(lab, status, error):
    async def run():
        async with lab.crawl({"/g": lab.Reply(b"", status)}) as (site, fetcher):
            await fetcher.fetch(site.url("/g"), site.source())

    with pytest.raises(error):
        asyncio.run(run())


@pytest.mark.parametrize("status", [200, 302, 304, 404])
def test_fetch_keeps_its_connection(lab, status):
    """Also after answers whose body nobody reads."""

    async def run():
        headers = {"Location": "/g"} if status == 302 else {}
        routes = {
            "/a": lab.Reply(b"" if status == 304 else b"x", status, headers),
            "/g": lab.Reply(),
        }
        async with lab.crawl(routes) as (site, fetcher):
            for _ in range(3):
                await fetcher.fetch(site.url("/a"), site.source(), etag='"a"')
            return site.connections, len(site.seen)

    connections, requests = asyncio.run(run())
    assert connections == 1
    assert requests >= 4


# --- limits --------------------------------------------------------------------------------------


def _pack(kind: str, data: bytes) -> bytes:
    if kind == "gzip":
        return gzip.compress(data)
    if kind == "deflate":
        return zlib.compress(data)
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(data) + engine.flush()


@pytest.mark.parametrize("kind", ["gzip", "deflate", "deflate without header"])
def test_fetch_inflates_what_it_asked_for(lab, kind):
    body = b"<p>" + b"Warm milk. " * 500 + b"</p>"
    headers = {"Content-Encoding": kind.split()[0]}

    async def run():
        async with lab.crawl({"/g": lab.Reply(_pack(kind, body), headers=headers)}) as (site, f):
            return await f.fetch(site.url("/g"), site.source())

    assert asyncio.run(run()).body == body


def test_fetch_stops_a_gzip_bomb_at_the_cap(lab):
    bomb = gzip.compress(bytes(40_000_000))

    async def run():
        reply = lab.Reply(bomb, headers={"Content-Encoding": "gzip"})
        async with lab.crawl({"/g": reply}, max_bytes=100_000) as (site, fetcher):
            await fetcher.fetch(site.url("/g"), site.source())

    with pytest.raises(PermanentError, match="larger than 100,000 bytes"):
        asyncio.run(run())


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip"])
def test_fetch_refuses_an_encoding_it_did_not_ask_for(lab, encoding):
    async def run():
        reply = lab.Reply(b"xx", headers={"Content-Encoding": encoding})
        async with lab.crawl({"/g": reply}) as (site, fetcher):
            await fetcher.fetch(site.url("/g"), site.source())

    with pytest.raises(PermanentError, match="not asked for"):
        asyncio.run(run())


def test_fetch_retries_later_when_the_body_is_cut_off(lab):
    whole = gzip.compress(b"<p>Milk</p>" * 1000)

    async def run():
        reply = lab.Reply(whole[:-30], headers={"Content-Encoding": "gzip"})
        async with lab.crawl({"/g": reply}) as (site, fetcher):
            await fetcher.fetch(site.url("/g"), site.source())

    with pytest.raises(TransientError, match="cut off"):
        asyncio.run(run())


def test_fetch_retries_later_when_content_length_lies(lab):
    async def close_early(writer):
        writer.write(b"<p>Mi")
        await writer.drain()

    async def run():
        reply = lab.Reply(headers={"Content-Length": "5000"}, stall=close_early)
        async with lab.crawl({"/g": reply}) as (site, fetcher):
            await fetcher.fetch(site.url("/g"), site.source())

    with pytest.raises(TransientError):
        asyncio.run(run())


def test_fetch_refuses_an_oversize_page(lab):
    async def run():
        async with lab.crawl({"/g": lab.Reply(bytes(5001))}, max_bytes=5000) as (site, fetcher):
            await fetcher.fetch(site.url("/g"), site.source())

    with pytest.raises(PermanentError, match="larger than 5,000 bytes"):
        asyncio.run(run())


def test_fetch_ends_a_drip_at_its_total_deadline(lab):
    async def drip(writer):
        for _ in range(100):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def run():
        reply = lab.Reply(headers={"Content-Length": "100"}, stall=drip)
        async with lab.crawl({"/g": reply}, deadline_s=0.5) as (site, fetcher):
            start = time.monotonic()
            with pytest.raises(TransientError, match="longer than"):
                await fetcher.fetch(site.url("/g"), site.source())
            return time.monotonic() - start

    assert asyncio.run(run()) < 2


@pytest.mark.parametrize(
    ("headers", "body", "words"),
    [
        ({"Content-Type": "application/octet-stream"}, b"x", "no PDF"),
        ({"Content-Type": "text/html"}, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        ({"Content-Type": "text/html"}, b"PK\x03\x04", "a zip"),
        ({"Content-Type": "image/png"}, b"x", "image/png"),
        ({"Content-Type": "application/gzip"}, b"x", "application/gzip"),
    ],
)
def test_fetch_refuses_what_is_no_page(lab, headers, body, words):
    async def run():
        async with lab.crawl({"/g": lab.Reply(body, headers=headers)}) as (site, fetcher):
            await fetcher.fetch(site.url("/g"), site.source())

    with pytest.raises(PermanentError, match=words):
        asyncio.run(run())


@pytest.mark.parametrize(
    "kind", ["application/pdf", "application/octet-stream", "binary/octet-stream", "text/html", ""]
)
def test_fetch_brings_a_pdf_however_it_is_sent(lab, kind):
    body = b"\n%PDF-1.7 and so on"

    async def run():
        async with lab.crawl({"/g": lab.Reply(body, headers={"Content-Type": kind})}) as (site, f):
            return await f.fetch(site.url("/g"), site.source())

    page = asyncio.run(run())
    assert (page.body, page.content_type) == (body, kind)


# --- redirects and scope -------------------------------------------------------------------------


def _to(lab, where, status=302):
    return lab.Reply(b"", status, {"Location": where})


def test_fetch_follows_redirects_and_tells_the_final_address(lab):
    async def run():
        routes = {"/a": _to(lab, "/b"), "/b": _to(lab, "/c", 308), "/c": lab.Reply()}
        async with lab.crawl(routes) as (site, fetcher):
            page = await fetcher.fetch(site.url("/a"), site.source())
            return page.url == site.url("/a"), page.final_url == site.url("/c")

    assert asyncio.run(run()) == (True, True)


def test_fetch_gives_up_on_a_redirect_loop(lab):
    async def run():
        async with lab.crawl({"/a": _to(lab, "/b"), "/b": _to(lab, "/a")}) as (site, fetcher):
            with pytest.raises(PermanentError, match="more than 5 times"):
                await fetcher.fetch(site.url("/a"), site.source())
            return len(site.paths)

    assert asyncio.run(run()) == 7


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data/", "http://localhost/", "https://elsewhere.example/"],
)
def test_fetch_does_not_follow_a_redirect_out_of_the_source(lab, target):
    async def run():
        async with lab.crawl({"/a": _to(lab, target)}) as (site, fetcher):
            await fetcher.fetch(site.url("/a"), site.source())

    with pytest.raises(RefusedError, match="allow_hosts"):
        asyncio.run(run())


def test_fetch_checks_the_address_of_an_allowed_redirect_target(lab):
    async def run():
        async with lab.crawl({"/a": _to(lab, "http://169.254.169.254/x")}) as (site, fetcher):
            source = site.source(allow_hosts=("169.254.169.254",))
            await fetcher.fetch(site.url("/a"), source)

    with pytest.raises(RefusedError, match="no public address"):
        asyncio.run(run())


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "javascript:alert(1)", ""])
def test_fetch_refuses_a_redirect_that_leads_nowhere(lab, target):
    async def run():
        async with lab.crawl({"/a": _to(lab, target)}) as (site, fetcher):
            await fetcher.fetch(site.url("/a"), site.source())

    with pytest.raises(PermanentError, match="no http"):
        asyncio.run(run())


def test_fetch_checks_path_rules_and_robots_at_every_hop(lab):
    robots = lab.Reply(b"User-agent: *\nDisallow: /private/\n", headers=ROBOTS)

    async def run():
        routes = {
            "/robots.txt": robots,
            "/in/a": _to(lab, "/out/b"),
            "/in/c": _to(lab, "/private/d"),
            "/out/b": lab.Reply(),
            "/private/d": lab.Reply(),
        }
        async with lab.crawl(routes) as (site, fetcher):
            source = site.source(allow_prefixes=("/in/", "/private/"))
            for path in ("/in/a", "/in/c", "/out/b"):
                with pytest.raises(RefusedError):
                    await fetcher.fetch(site.url(path), source)
            await fetcher.fetch(site.url("/out/b"), source, is_listing=True)
            return site.paths

    assert asyncio.run(run()) == ["/robots.txt", "/in/a", "/in/c", "/out/b"]


def test_fetch_refuses_a_source_marked_do_not_crawl(lab):
    async def run():
        async with lab.crawl({"/a": lab.Reply()}) as (site, fetcher):
            with pytest.raises(RefusedError, match="do_not_crawl"):
                await fetcher.fetch(site.url("/a"), site.source(reuse=Reuse.DO_NOT_CRAWL))
            return site.paths

    assert asyncio.run(run()) == []


# --- addresses -----------------------------------------------------------------------------------


def test_fetch_refuses_a_name_that_resolves_to_this_machine(lab):
    async def run():
        async with lab.serve({"/a": lab.Reply()}) as site:
            url = f"http://localhost:{site.port}/a"
            async with Fetcher("Spoonful/1.0") as fetcher:
                with pytest.raises(RefusedError, match="no public address"):
                    await fetcher.fetch(url, lab.make_source(url))
            return site.paths

    assert asyncio.run(run()) == []


def test_fetch_reaches_a_private_name_that_is_allowed(lab):
    async def run():
        async with lab.serve({"/a": lab.Reply()}) as site:
            url = f"http://localhost:{site.port}/a"
            async with Fetcher("Spoonful/1.0", allow_private=frozenset({"localhost"})) as fetcher:
                return (await fetcher.fetch(url, lab.make_source(url))).status

    assert asyncio.run(run()) == 200


def test_guard_connects_to_the_address_it_looked_at(lab, monkeypatch):
    """A name that answers differently the second time is resolved only once."""
    answers = [["93.184.215.14"], ["127.0.0.1"]]
    asked: list[str] = []

    async def resolve(host, port):
        asked.append(host)
        return answers.pop(0)

    class Backend:
        async def connect_tcp(self, host, port, **_):
            return host

    monkeypatch.setattr("stages.procure.network._resolve", resolve)
    backend = GuardedBackend(frozenset())
    monkeypatch.setattr(backend, "_backend", Backend())
    assert asyncio.run(backend.connect_tcp("rebind.example", 80)) == "93.184.215.14"
    assert asked == ["rebind.example"]


def test_guard_refuses_a_name_with_one_private_address_among_public_ones(monkeypatch):
    async def resolve(host, port):
        return ["93.184.215.14", "10.0.0.8"]

    monkeypatch.setattr("stages.procure.network._resolve", resolve)
    with pytest.raises(RefusedError, match=r"10\.0\.0\.8"):
        asyncio.run(GuardedBackend(frozenset()).connect_tcp("mixed.example", 443))


@pytest.mark.parametrize(
    "address",
    (
        "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1"
        " 240.0.0.1 255.255.255.255 192.88.99.1 198.18.0.1 192.0.2.1 ::1 :: fe80::1 fe80::1%eth0"
        " fc00::1 ff02::1 2002:7f00:1::1 64:ff9b::7f00:1 64:ff9b::808:808 ::ffff:127.0.0.1"
        " 2001:db8::1 2001::1 not-an-address"
    ).split(),
)
def test_guard_calls_an_address_private(address):
    assert not is_public_address(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700::6810:84e5"])
def test_guard_calls_an_address_public(address):
    assert is_public_address(address)


def test_transport_ignores_proxies_of_the_environment(lab, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    async def run():
        async with lab.crawl({"/a": lab.Reply()}) as (site, fetcher):
            return (await fetcher.fetch(site.url("/a"), site.source())).status

    assert asyncio.run(run()) == 200


def test_fetch_calls_a_closed_port_transient(lab):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/a"

    async def run():
        async with Fetcher("Spoonful/1.0", allow_private=frozenset({"127.0.0.1"})) as fetcher:
            await fetcher.fetch(url, lab.make_source(url))

    with pytest.raises(TransientError):
        asyncio.run(run())
