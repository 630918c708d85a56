"""Turns, pauses and parking: when which host is asked."""

from __future__ import annotations

import asyncio
import itertools
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import TransientError
from stages.procure.answers import retry_after_s
from stages.procure.discover import discover
from stages.procure.fetch import Fetcher
from stages.procure.hosts import Hosts

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY_S = 86_400.0


# --- Retry-After ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("999999", DAY_S),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW + timedelta(days=40), usegmt=True), DAY_S),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        ("Sunday, 22-Nov-26 12:01:00 GMT", 60.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 400, None),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_a_day_at_most(value, seconds):
    assert retry_after_s(value, NOW) == seconds


@given(st.one_of(st.text(max_size=60), st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ [+-]?\w+")))
def test_retry_after_takes_whatever_comes(value):
    found = retry_after_s(value, NOW)
    assert found is None or 0 <= found <= DAY_S


# --- parking -------------------------------------------------------------------------------------


def test_parked_host_is_not_asked_and_the_others_are(lab):
    async def run():
        async with lab.serve({"/g": lab.Reply()}) as busy, lab.serve({"/g": lab.Reply()}) as idle:
            until = datetime.now(UTC) + timedelta(minutes=10)
            options = {"allow_private": frozenset({busy.netloc, idle.netloc})}
            parked = {busy.netloc: until}
            async with Fetcher("Spoonful/1.0", connections=1, parked=parked, **options) as fetcher:
                with pytest.raises(TransientError) as caught:
                    await fetcher.fetch(busy.url("/g"), busy.source())
                page = await fetcher.fetch(idle.url("/g"), idle.source())
                return busy.paths, page.status, caught.value, fetcher.parked == {busy.netloc: until}

    asked, status, error, is_kept = asyncio.run(run())
    assert (asked, status, is_kept) == ([], 200, True)
    assert 598 < error.retry_after_s <= 600


def test_parking_that_is_over_is_forgotten(lab):
    async def run():
        async with lab.serve({"/g": lab.Reply()}) as site:
            parked = {site.netloc: datetime.now(UTC) - timedelta(seconds=1)}
            allowed = frozenset({site.netloc})
            async with Fetcher("Spoonful/1.0", allow_private=allowed, parked=parked) as fetcher:
                page = await fetcher.fetch(site.url("/g"), site.source())
                return page.status, fetcher.parked

    assert asyncio.run(run()) == (200, {})


def _parked_after(lab, routes, *, times: int = 1) -> tuple[list[float], list[float], list[str]]:
    """Seconds the host is parked for and retry_after_s of the errors, after some fetches."""

    async def run():
        async with lab.crawl(routes) as (site, fetcher):
            waits = []
            for _ in range(times):
                with pytest.raises(TransientError) as caught:
                    await fetcher.fetch(site.url("/g"), site.source())
                waits.append(caught.value.retry_after_s)
            left = [(at - datetime.now(UTC)).total_seconds() for at in fetcher.parked.values()]
            return left, waits, site.paths

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [(429, "20", 20), (503, "20", 20), (500, "20", 20), (503, "999999", DAY_S), (429, "", 30)],
)
def test_overloaded_host_is_parked_as_long_as_it_asks(lab, status, header, seconds):
    headers = {"Retry-After": header} if header else {}
    left, waits, asked = _parked_after(lab, {"/g": lab.Reply(b"", status, headers)}, times=2)

    assert seconds - 2 < left[0] <= seconds
    assert waits[0] == seconds
    assert seconds - 2 < waits[1] <= seconds
    assert asked == ["/robots.txt", "/g"]


@pytest.mark.parametrize("header", ["", "0", "soon"])
def test_host_that_is_down_without_a_time_is_not_parked(lab, header):
    headers = {"Retry-After": header} if header else {}
    left, waits, asked = _parked_after(lab, {"/g": lab.Reply(b"", 503, headers)}, times=2)

    assert left == []
    assert waits == [0.0 if header == "0" else None] * 2
    assert asked == ["/robots.txt", "/g", "/g"]


def test_robots_that_ask_to_wait_park_the_host(lab):
    robots = lab.Reply(b"", 503, {"Retry-After": "40"})
    left, waits, asked = _parked_after(lab, {"/robots.txt": robots}, times=2)

    assert 38 < left[0] <= 40
    assert all(38 < wait <= 40 for wait in waits)
    assert asked == ["/robots.txt"]


def test_listing_that_asks_to_wait_parks_the_host(lab):
    async def run():
        routes = {"/": lab.Reply(b"", 429, {"Retry-After": "50"}), "/1": lab.Reply()}
        async with lab.crawl(routes) as (site, fetcher):
            source = site.source(hubs=(site.url("/"),), feeds=(site.url("/feed.xml"),))
            with pytest.raises(TransientError) as caught:
                await discover(source, fetcher)
            return caught.value.retry_after_s, site.paths, len(fetcher.parked)

    assert asyncio.run(run()) == (50, ["/robots.txt", "/"], 1)


def test_host_that_refuses_again_and_again_is_parked_ever_longer():
    hosts = Hosts({}, 1)
    assert [hosts.refuse("a.org") for _ in range(3)] == [30, 60, 120]
    assert [hosts.refuse("a.org") for _ in range(20)][-1] == DAY_S
    hosts.forgive("a.org")
    assert hosts.refuse("a.org") == 30


def test_longer_parking_stands():
    hosts = Hosts({}, 1)
    hosts.park("a.org", 500)
    hosts.park("a.org", 5)
    (until,) = hosts.parked.values()
    assert (until - datetime.now(UTC)).total_seconds() > 490


def test_robots_that_were_down_for_a_moment_are_asked_again(lab, monkeypatch):
    monkeypatch.setattr("stages.procure.fetch._FIRST_ROBOTS_RETRY_S", 0.05)

    async def run():
        robots = [lab.Reply(b"", 500), lab.Reply(b"", 500), lab.Reply(b"", 404)]
        async with lab.crawl({"/robots.txt": robots, "/g": lab.Reply()}) as (site, fetcher):
            refused = 0
            for _ in range(60):
                try:
                    await fetcher.fetch(site.url("/g"), site.source())
                    break
                except TransientError:
                    refused += 1
                    await asyncio.sleep(0.02)
            return refused, site.paths

    refused, asked = asyncio.run(run())
    assert refused >= 4
    assert asked == ["/robots.txt"] * 3 + ["/g"]


# --- pacing --------------------------------------------------------------------------------------


def _slow(seconds: float):
    async def stall(writer):
        await asyncio.sleep(seconds)
        writer.write(b"<p>Milk</p>")
        await writer.drain()

    return stall


def test_pauses_of_one_host_hold_up_no_other(lab):
    """Four pages of a slow host and four of a quick one, through a single connection."""

    async def run():
        pages = {f"/{n}": lab.Reply() for n in range(4)}
        async with lab.serve(pages) as slow, lab.serve(pages) as quick:
            allowed = frozenset({slow.netloc, quick.netloc})
            async with Fetcher("Spoonful/1.0", allow_private=allowed, connections=1) as fetcher:
                waits = [
                    fetcher.fetch(site.url(f"/{n}"), site.source(min_delay_s=delay))
                    for site, delay in ((slow, 0.25), (quick, 0.02))
                    for n in range(4)
                ]
                await asyncio.gather(*waits)
            return (
                [when for path, _, when in slow.seen if path != "/robots.txt"],
                [when for path, _, when in quick.seen if path != "/robots.txt"],
            )

    slow, quick = asyncio.run(run())
    assert all(later - sooner >= 0.24 for sooner, later in itertools.pairwise(slow))
    assert quick[-1] < slow[1]


def test_pause_counts_between_starts_and_answers_do_not_overlap(lab):
    async def run():
        reply = lab.Reply(headers={"Content-Length": "11"}, stall=_slow(0.2))
        async with lab.crawl({f"/{n}": reply for n in range(3)}) as (site, fetcher):
            source = site.source(min_delay_s=0.3)
            await asyncio.gather(*(fetcher.fetch(site.url(f"/{n}"), source) for n in range(3)))
            return [when for path, _, when in site.seen if path != "/robots.txt"]

    gaps = [later - sooner for sooner, later in itertools.pairwise(asyncio.run(run()))]
    assert all(0.29 <= gap < 0.45 for gap in gaps)


def test_host_of_our_own_without_a_delay_is_asked_all_at_once(lab):
    async def run():
        reply = lab.Reply(headers={"Content-Length": "11"}, stall=_slow(0.3))
        async with lab.crawl({f"/{n}": reply for n in range(8)}) as (site, fetcher):
            started = time.monotonic()
            source = site.source(min_delay_s=0)
            await asyncio.gather(*(fetcher.fetch(site.url(f"/{n}"), source) for n in range(8)))
            return time.monotonic() - started

    assert asyncio.run(run()) < 1.2  # 2.4 one after the other


def test_turn_is_given_back_when_its_holder_is_cancelled(lab):
    async def run():
        hosts = Hosts({}, 1)

        async def hold() -> None:
            async with hosts.turn("a.org", "u", 0.0, is_ours=False):
                await asyncio.sleep(60)

        task = asyncio.create_task(hold())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(1), hosts.turn("a.org", "u", 0.0, is_ours=False):
            return True

    assert asyncio.run(run())
