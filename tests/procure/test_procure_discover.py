"""Discovery over a loopback site, and the reading of its lists."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from stages.errors import PermanentError, RefusedError, TransientError
from stages.procure.discover import discover
from stages.procure.fetch import Fetcher
from stages.procure.listing import read_feed, read_hub, read_sitemap
from stages.types import Candidate

XML = {"Content-Type": "application/xml"}


def urlset(*rows: tuple[str, str]) -> bytes:
    inner = "".join(
        f"<url><loc>{loc}</loc>{f'<lastmod>{date}</lastmod>' if date else ''}</url>"
        for loc, date in rows
    )
    return (
        '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"{inner}</urlset>"
    ).encode()


def index(*locs: str) -> bytes:
    inner = "".join(f"<sitemap><loc>{loc}</loc></sitemap>" for loc in locs)
    return f"<sitemapindex>{inner}</sitemapindex>".encode()


def hub(*hrefs: str) -> bytes:
    links = "".join(f'<a href="{href}">Guide</a> ' for href in hrefs)
    return f"<html><body>{links}</body></html>".encode()


# --- lists -------------------------------------------------------------------------------------


def test_read_sitemap_gives_pages_with_their_dates():
    body = urlset(("https://a.org/1", "2026-02-03"), ("/2", "soon"), ("https://a.org/3", ""))
    assert read_sitemap(body, "https://a.org/sitemap.xml").entries == (
        Candidate("https://a.org/1", "2026-02-03"),
        Candidate("https://a.org/2"),
        Candidate("https://a.org/3"),
    )


def test_read_sitemap_reads_gzip_text_and_indexes():
    plain = urlset(("https://a.org/1", ""))
    assert read_sitemap(gzip.compress(plain), "u") == read_sitemap(plain, "u")
    assert read_sitemap(b"https://a.org/1\nhttps://a.org/2\n", "u").entries == (
        Candidate("https://a.org/1"),
        Candidate("https://a.org/2"),
    )
    found = read_sitemap(index("https://a.org/s1.xml"), "https://a.org/s.xml")
    assert (found.children, found.entries) == ((Candidate("https://a.org/s1.xml"),), ())


@pytest.mark.parametrize("body", [b"<html><body>Oops</body></html>", b"<", b"<a", b"\x1f\x8bxx"])
def test_read_sitemap_says_when_it_is_none(body):
    with pytest.raises(PermanentError):
        read_sitemap(body, "https://a.org/sitemap.xml")


def test_read_feed_reads_atom_and_rss():
    atom = (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><link href="/self"/><entry>'
        b'<link rel="edit" href="/e"/><link href="/1"/><updated>2026-02-03T10:00:00Z</updated>'
        b"</entry></feed>"
    )
    rss = (
        b"<rss><channel><link>https://a.org/</link><item><link>https://a.org/2</link>"
        b"<pubDate>Tue, 03 Feb 2026</pubDate></item><item><guid>https://a.org/3</guid></item>"
        b"<item><title>No link</title></item></channel></rss>"
    )
    assert read_feed(atom, "https://a.org/f") == (
        Candidate("https://a.org/1", "2026-02-03T10:00:00Z"),
    )
    assert read_feed(rss, "https://a.org/f") == (
        Candidate("https://a.org/2"),
        Candidate("https://a.org/3"),
    )


@pytest.mark.parametrize(
    "dtd",
    [
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">',
        '<!ENTITY b SYSTEM "file:///etc/passwd">',
    ],
)
def test_read_feed_expands_no_entities(dtd):
    body = f"<!DOCTYPE feed [{dtd}]><feed><entry><link href='/1'/><id>&b;</id></entry></feed>"
    with pytest.raises(PermanentError, match="entities"):
        read_feed(body.encode(), "https://a.org/f")


def test_read_hub_gives_visible_links_once():
    body = (
        b'<base href="/g/"><a href="one">1</a><a href="/two#x">2</a><a href="one">1</a>'
        b'<a href="mailto:a@b.c">m</a><a href="javascript:void(0)">j</a>'
        b'<a rel="nofollow" href="n">n</a>'
        b'<div style="display:none"><a href="trap">t</a></div><a>none</a>'
    )
    assert read_hub(body, "https://a.org/") == ("https://a.org/g/one", "https://a.org/two#x")


# --- discovery ---------------------------------------------------------------------------------


def run(lab, routes, work, **options):
    async def inside():
        async with lab.crawl({}, **options) as (site, fetcher):
            site.routes.update(routes(site))
            return await work(site, fetcher), site

    return asyncio.run(inside())


def test_discover_gathers_lists_within_the_rules(lab):
    def routes(site):
        return {
            "/robots.txt": lab.Reply(
                b"User-agent: *\nDisallow: /g/secret\n", headers={"Content-Type": "text/plain"}
            ),
            "/": lab.Reply(hub("/g/1?utm_source=x", "/g/2#top", "/g/secret", "/shop", "/feed.xml")),
            "/feed.xml": lab.Reply(
                f"<feed><entry><link href='{site.url('/g/3')}'/></entry></feed>".encode(),
                headers=XML,
            ),
            "/sitemap.xml": lab.Reply(
                urlset(
                    (site.url("/g/2"), "2026-02-03"),
                    (site.url("/g/4"), ""),
                    (site.url("/g/old/5"), ""),
                    ("https://elsewhere.example/g/6", ""),
                    (site.url("/"), ""),
                ),
                headers=XML,
            ),
        }

    async def work(site, fetcher):
        source = site.source(
            hubs=(site.url("/"),),
            feeds=(site.url("/feed.xml"),),
            sitemap=site.url("/sitemap.xml"),
            pages=(site.url("/about-cups"),),
            allow_prefixes=("/g/",),
            deny_prefixes=("/g/old/",),
        )
        return await discover(source, fetcher)

    found, site = run(lab, routes, work)
    assert [(c.url.removeprefix(site.url("")), c.lastmod) for c in found.candidates] == [
        ("/about-cups", ""),
        ("/g/1", ""),
        ("/g/2", "2026-02-03"),
        ("/g/3", ""),
        ("/g/4", ""),
    ]
    assert (found.disallowed, found.over_budget, found.errors) == (1, 0, ())
    assert [page.url for page in found.pages] == [
        site.url(path) for path in ("/", "/feed.xml", "/sitemap.xml")
    ]
    assert "/g/secret" not in site.paths


def test_discover_stops_at_the_budget_and_counts_the_rest(lab):
    async def work(site, fetcher):
        return await discover(site.source(hubs=(site.url("/"),), max_guides=2), fetcher)

    found, _ = run(lab, lambda site: {"/": lab.Reply(hub("/1", "/2", "/3", "/4"))}, work)
    assert (len(found.candidates), found.over_budget) == (2, 2)


def test_discover_reads_an_unchanged_list_from_its_earlier_body(lab):
    def routes(site):
        first = lab.Reply(hub("/1", "/2"), headers={"ETag": '"v1"'})
        return {"/": [first, lab.Reply(b"", 304)]}

    async def work(site, fetcher):
        source = site.source(hubs=(site.url("/"),))
        first = await discover(source, fetcher)
        page = first.pages[0]
        again = await discover(
            source, fetcher, {page.url: (page.etag, page.last_modified)}, {page.url: page}
        )
        return first, again

    (first, again), site = run(lab, routes, work)
    assert again.candidates == first.candidates != ()
    assert site.seen[-1][1]["if-none-match"] == '"v1"'
    assert (again.pages[0].status, again.pages[0].body) == (304, first.pages[0].body)
    assert again.pages[0].etag == '"v1"'


def test_discover_asks_unconditionally_when_the_earlier_body_is_lost(lab):
    async def work(site, fetcher):
        source = site.source(hubs=(site.url("/"),))
        return await discover(source, fetcher, {site.url("/"): ('"v1"', "")}, {})

    found, site = run(lab, lambda site: {"/": lab.Reply(hub("/1"))}, work)
    assert len(found.candidates) == 1
    assert "if-none-match" not in site.seen[-1][1]


def test_discover_ends_on_sitemaps_that_name_each_other(lab):
    def routes(site):
        names = ("/sitemap.xml", "/s2.xml")
        loop = lab.Reply(index(*(site.url(name) for name in names)), headers=XML)
        return dict.fromkeys(names, loop)

    async def work(site, fetcher):
        source = site.source(sitemap=site.url("/sitemap.xml"), pages=(site.url("/1"),))
        return await discover(source, fetcher)

    found, site = run(lab, routes, work)
    assert len(found.candidates) == 1
    assert site.paths.count("/sitemap.xml") == 1
    assert site.paths.count("/s2.xml") == 1


def test_discover_ends_on_sitemaps_without_end(lab):
    def routes(site):
        return {
            f"/s{n}.xml": lab.Reply(
                index(*(site.url(f"/s{n * 10 + i}.xml") for i in range(10))), headers=XML
            )
            for n in range(1, 200)
        }

    async def work(site, fetcher):
        return await discover(
            site.source(sitemap=site.url("/s1.xml"), pages=(site.url("/1"),)), fetcher
        )

    found, site = run(lab, routes, work)
    assert len(site.paths) <= 32
    assert found.errors


def test_discover_keeps_the_other_lists_when_one_is_down(lab):
    def routes(site):
        return {"/": lab.Reply(hub("/1")), "/feed.xml": lab.Reply(b"", 500)}

    async def work(site, fetcher):
        source = site.source(hubs=(site.url("/"),), feeds=(site.url("/feed.xml"),))
        return await discover(source, fetcher)

    found, site = run(lab, routes, work)
    assert [c.url for c in found.candidates] == [site.url("/1")]
    assert len(found.errors) == 1
    assert "500" in found.errors[0]


@pytest.mark.parametrize(("status", "error"), [(503, TransientError), (404, PermanentError)])
def test_discover_raises_when_nothing_of_a_source_can_be_read(lab, status, error):
    async def work(site, fetcher):
        return await discover(site.source(hubs=(site.url("/"),)), fetcher)

    with pytest.raises(error, match=str(status)):
        run(lab, lambda site: {"/": lab.Reply(b"", status)}, work)


def test_discover_raises_when_robots_cannot_be_had(lab):
    async def work(site, fetcher):
        return await discover(site.source(pages=(site.url("/1"),)), fetcher)

    with pytest.raises(TransientError, match="503"):
        run(lab, lambda site: {"/robots.txt": lab.Reply(b"", 503)}, work)


def test_discover_counts_what_is_out_of_scope(lab):
    async def work(site, fetcher):
        source = site.source(hubs=(site.url("/"),), allow_prefixes=("/g/",))
        return await discover(source, fetcher)

    links = hub("/g/1", "/shop", "/shop#cups", "https://elsewhere.example/g/2", "/g/../shop")
    found, _ = run(lab, lambda site: {"/": lab.Reply(links)}, work)
    assert (len(found.candidates), found.out_of_scope) == (1, 2)


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ({}, ["/g/1"]),
        ({"allow_prefixes": ("/g/",)}, ["/g/1", "/g/leaflet.pdf", "/g/Cots.PDF"]),
        ({"pages": ("/forms/leave.pdf",)}, ["/forms/leave.pdf", "/g/1"]),
    ],
)
def test_discover_takes_pdfs_only_where_the_source_asks_for_them(lab, rules, wanted):
    async def work(site, fetcher):
        rules_here = dict(rules)
        if "pages" in rules_here:
            rules_here["pages"] = tuple(site.url(path) for path in rules_here["pages"])
        found = await discover(site.source(hubs=(site.url("/"),), **rules_here), fetcher)
        return [candidate.url.removeprefix(site.url("")) for candidate in found.candidates]

    links = hub(
        "/g/1", "/g/leaflet.pdf", "/g/Cots.PDF", "/forms/leave.pdf", "/g/song.mp3", "/g/a.JPG"
    )
    found, _ = run(lab, lambda site: {"/": lab.Reply(links)}, work)
    assert found == wanted


def test_discover_stops_looking_at_its_budgets(lab, monkeypatch):
    monkeypatch.setattr("stages.procure.discover._MAX_FOUND", 5)
    monkeypatch.setattr("stages.procure.discover._MAX_LISTED_BYTES", 80)

    def routes(site):
        rows = [(site.url(f"/{n}"), "") for n in range(9)]
        return {
            "/": lab.Reply(hub("/a")),
            "/sitemap.xml": lab.Reply(urlset(*rows), headers=XML),
            "/feed.xml": lab.Reply(b"<feed><entry><link href='/f'/></entry></feed>", headers=XML),
        }

    async def work(site, fetcher):
        source = site.source(
            hubs=(site.url("/"),), feeds=(site.url("/feed.xml"),), sitemap=site.url("/sitemap.xml")
        )
        return await discover(source, fetcher)

    found, site = run(lab, routes, work)
    assert len(found.candidates) == 2
    assert "/sitemap.xml" not in site.paths
    assert [error.split(";")[0] for error in found.errors] == ["lists of more than 80 bytes"]

    monkeypatch.setattr("stages.procure.discover._MAX_LISTED_BYTES", 100_000)
    found, _ = run(lab, routes, work)
    assert len(found.candidates) == 5
    assert [error.split(";")[0] for error in found.errors] == ["more than 5 addresses"]


def test_discover_says_which_hosts_are_refused_and_counts_their_candidates_apart(lab):
    async def run_two():
        async with lab.serve({}) as private, lab.serve({}) as up:
            host = f"localhost:{private.port}"
            hidden = f"http://{host}"
            up.routes["/"] = lab.Reply(hub("/1", f"{hidden}/2", f"{hidden}/3"))
            source = up.source(hubs=(up.url("/"),), allow_hosts=(host,))
            own = up.source(pages=(f"{hidden}/2",), allow_hosts=(host,))
            async with Fetcher("Spoonful/1.0", allow_private=frozenset({up.netloc})) as fetcher:
                found = await discover(source, fetcher)
                with pytest.raises(RefusedError, match="SPOONFUL_ALLOW_PRIVATE"):
                    await discover(own, fetcher)
            return [c.url for c in found.candidates] == [up.url("/1")], found, private.paths

    is_kept, found, asked = asyncio.run(run_two())
    assert is_kept
    assert (found.refused, found.disallowed, asked) == (2, 0, [])
    assert len(found.errors) == 1
    assert "localhost resolves to" in found.errors[0]


def test_discover_keeps_the_candidates_of_other_hosts_when_one_is_down(lab):
    async def run_two():
        async with lab.serve({"/robots.txt": lab.Reply(b"", 503)}) as down, lab.serve({}) as up:
            up.routes["/"] = lab.Reply(hub("/1", down.url("/2"), down.url("/3")))
            source = up.source(hubs=(up.url("/"),), allow_hosts=(down.netloc,))
            allowed = frozenset({up.netloc, down.netloc})
            async with Fetcher("Spoonful/1.0", allow_private=allowed) as fetcher:
                found = await discover(source, fetcher)
            return [c.url for c in found.candidates] == [up.url("/1")], found, down.paths

    is_kept, found, asked = asyncio.run(run_two())
    assert is_kept
    assert len(found.errors) == 1
    assert "503" in found.errors[0]
    assert asked == ["/robots.txt"]
