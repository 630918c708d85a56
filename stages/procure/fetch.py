"""The only door to other people's servers: polite, bounded, and never to a private address."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import SplitResult, urlsplit

import httpx

from stages.errors import PermanentError, RefusedError, TransientError
from stages.procure.answers import (
    GONE,
    REDIRECTS,
    TOO_MANY,
    Answer,
    Wanted,
    error_for,
    is_overload,
    read_answer,
    redirect_target,
    retry_after_s,
)
from stages.procure.hosts import Hosts
from stages.procure.inflate import ACCEPT_ENCODING
from stages.procure.network import Lines, is_private_allowed
from stages.procure.robots import MAX_ROBOTS_BYTES, Robots, read_robots
from stages.procure.urls import in_scope, is_allowed_host, normalise_url
from stages.types import Page, Reuse, Source

_MAX_REDIRECTS = 5
_ACCEPT = (
    b"text/html, application/xhtml+xml, application/xml;q=0.9, application/pdf;q=0.8,"
    b" text/plain;q=0.5"
)
# A stop that may pass is asked about again after this time, doubled each time it stands; every
# other answer holds for the life of a Fetcher.
_FIRST_ROBOTS_RETRY_S = 2.0
_LONGEST_ROBOTS_RETRY_S = 60.0

_Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class _KnownRobots:
    """stops: how often in a row it said stop for now."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    robots: Robots | None = None
    ask_again_at: float = 0.0
    stops: int = 0

    @property
    def is_current(self) -> bool:
        if self.robots is None:
            return False
        return not self.robots.retry or time.monotonic() < self.ask_again_at


class Fetcher:
    """One crawl's HTTP client; an async context manager.

    user_agent: `Name/version (+contact)`; robots rules are matched on the name. allow_private:
    `host` or `host:port` that may resolve to a private address (the demo site, tests).
    deadline_s: for one fetch with its redirects, waiting for its turn apart. max_bytes: of a body,
    as sent and decoded. connections: at most at once; httpx gets slower with more than 8.
    parked: hosts not to be asked before a time, as an earlier crawl left them. requests: how many
    were sent, robots.txt included. product: the name robots.txt knows us by.
    """

    def __init__(
        self,
        user_agent: str,
        *,
        allow_private: frozenset[str] = frozenset(),
        deadline_s: float = 30,
        max_bytes: int = 10_000_000,
        connections: int = 8,
        parked: Mapping[str, datetime] = MappingProxyType({}),
    ) -> None:
        if not user_agent.strip():
            raise ValueError("a crawl says who it is: user_agent must not be empty")
        self.requests = 0
        self._own_headers = [
            (b"User-Agent", user_agent.encode("latin-1", "replace")),
            (b"Accept-Encoding", ACCEPT_ENCODING.encode()),
        ]
        self.product = user_agent.split("/", 1)[0].split()[0]
        self._allow_private = allow_private
        self._deadline_s = deadline_s
        self._max_bytes = max_bytes
        self._hosts = Hosts(parked, connections)
        self._robots: dict[str, _KnownRobots] = {}
        connect_s = min(10.0, deadline_s)
        self._extensions = {
            "timeout": {"connect": connect_s, "read": deadline_s, "write": deadline_s}
        }
        # Bare connections: a crawl keeps no cookies (every page is read as a first visitor
        # sees it), takes no proxy from the environment and follows redirects by hand.
        self._lines = Lines(allow_private, connections)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._lines.aclose()

    @property
    def robots(self) -> dict[str, Robots]:
        """What robots.txt of the hosts asked so far lets `product` do, by origin."""
        return {origin: known.robots for origin, known in self._robots.items() if known.robots}

    @property
    def parked(self) -> dict[str, datetime]:
        """Hosts that asked to be left alone (`host` or `host:port`), and until when."""
        return self._hosts.parked

    async def fetch(
        self,
        url: str,
        source: Source,
        *,
        etag: str = "",
        last_modified: str = "",
        is_listing: bool = False,
    ) -> Page:
        """One page as it is now. 304, 404 and 410 are pages with that status and no body.

        etag, last_modified: validators of the last fetch, to be answered with 304. is_listing: a
        hub, feed or sitemap, which may lie outside the source's path rules.
        Raises RefusedError (scope, robots, private address, 401, 403), TransientError (5xx, 429,
        time-outs, broken transfers, a parked host at once; with retry_after_s when the host said),
        PermanentError (other statuses, content types, sizes, redirects without end).
        """
        if source.reuse is Reuse.DO_NOT_CRAWL:
            raise RefusedError(f"source {source.id} is marked do_not_crawl; enable another one")
        current = normalise_url(url)
        if not current:
            raise PermanentError(f"{url!r} is no http(s) address; correct it in the source")
        headers = [(b"Accept", _ACCEPT), (b"Accept-Language", _join_languages(source.languages))]
        if etag:
            headers.append((b"If-None-Match", _header(etag)))
        if last_modified:
            headers.append((b"If-Modified-Since", _header(last_modified)))
        budget = _Budget(self._deadline_s, url)
        wanted = Wanted(self._max_bytes, is_listing)
        for hop in range(_MAX_REDIRECTS + 1):
            _check_scope(current, source, is_listing, hop)
            robots = await self._robots_of(current, source, budget)
            self._check_robots(robots, current)
            delay_s = max(source.min_delay_s, robots.delay_s(self.product))
            answer = await self._ask(current, delay_s, headers, budget, wanted)
            if answer.status not in REDIRECTS:
                return self._page(url, current, answer, is_conditional=bool(etag or last_modified))
            current = redirect_target(current, answer)
        raise PermanentError(
            f"{url} redirects more than {_MAX_REDIRECTS} times; correct the address in the source"
        )

    async def is_allowed(self, url: str, source: Source) -> bool:
        """robots.txt lets us fetch it. Raises as fetch does while robots.txt cannot be had."""
        normal = normalise_url(url)
        if not normal or not is_allowed_host(normal, source):
            return False
        robots = await self._robots_of(normal, source, _Budget(self._deadline_s, url))
        if robots.stop and robots.retry:
            raise TransientError(f"{url} is not fetched: {robots.stop}", robots.retry_after_s)
        return robots.allows(normal, self.product)

    # --- robots -------------------------------------------------------------------------------

    def _check_robots(self, robots: Robots, url: str) -> None:
        if robots.stop and robots.retry:
            self._hosts.check(urlsplit(url).netloc, url)
            raise TransientError(
                f"{url} is not fetched: {robots.stop}; it is tried again later",
                robots.retry_after_s,
            )
        if robots.stop:
            raise RefusedError(
                f"{url} is not fetched: {robots.stop}, so the host does not want to be crawled."
                " Ask the publisher or disable the source"
            )
        if not robots.allows(url, self.product):
            raise RefusedError(
                f"{url} is not fetched: robots.txt disallows it. Take it off the source"
            )

    async def _robots_of(self, url: str, source: Source, budget: _Budget) -> Robots:
        parts = urlsplit(url)
        known = self._robots.setdefault(f"{parts.scheme}://{parts.netloc}", _KnownRobots())
        if not known.is_current:
            async with known.lock:
                if not known.is_current:  # another fetch asked meanwhile
                    self._hosts.check(parts.netloc, url)
                    origin = f"{parts.scheme}://{parts.netloc}"
                    self._note(known, await self._fetch_robots(origin, source, budget))
        assert known.robots is not None  # noqa: S101 - set above or before
        return known.robots

    def _note(self, known: _KnownRobots, robots: Robots) -> None:
        known.robots = robots
        known.stops = known.stops + 1 if robots.retry else 0
        wait_s = _FIRST_ROBOTS_RETRY_S * 2 ** min(known.stops - 1, 10) if robots.retry else 0.0
        known.ask_again_at = time.monotonic() + min(wait_s, _LONGEST_ROBOTS_RETRY_S)

    async def _fetch_robots(self, origin: str, source: Source, budget: _Budget) -> Robots:
        current = f"{origin}/robots.txt"
        wanted = Wanted(MAX_ROBOTS_BYTES, is_cut=True)
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                answer = await self._send_in_turn(
                    current, source.min_delay_s, [(b"Accept", b"text/plain")], budget, wanted
                )
                if answer.status not in REDIRECTS:
                    wait_s = self._note_load(current, answer)
                    content_type = answer.headers.get("content-type", "")
                    robots = read_robots(answer.status, content_type, answer.body)
                    return replace(robots, retry_after_s=wait_s)
                current = redirect_target(current, answer)
            except TransientError as error:
                stop = f"its robots.txt cannot be had ({error})"
                return Robots(stop=stop, retry=True, retry_after_s=error.retry_after_s)
            except RefusedError:
                raise
            except PermanentError as error:
                return Robots(stop=f"its robots.txt cannot be read ({error})")
            if not is_allowed_host(current, source):
                return Robots(stop=f"its robots.txt is redirected to another site, {current}")
        # RFC 9309: robots.txt behind more than five redirects counts as not there.
        return Robots()

    # --- the request --------------------------------------------------------------------------

    async def _ask(
        self, url: str, delay_s: float, headers: _Headers, budget: _Budget, wanted: Wanted
    ) -> Answer:
        answer = await self._send_in_turn(url, delay_s, headers, budget, wanted)
        if answer.status not in REDIRECTS:
            error = error_for(answer.status, self._note_load(url, answer), url)
            if error is not None:
                raise error
        return answer

    def _note_load(self, url: str, answer: Answer) -> float | None:
        """Park a host that says it has enough; the seconds it is to be left alone, if any."""
        name = urlsplit(url).netloc
        if not is_overload(answer.status):
            self._hosts.forgive(name)
            return None
        wait_s = retry_after_s(answer.headers.get("retry-after", ""), datetime.now(UTC))
        if wait_s is None and answer.status == TOO_MANY:
            return self._hosts.refuse(name)
        if wait_s:
            self._hosts.park(name, wait_s)
        return wait_s

    async def _send_in_turn(
        self, url: str, delay_s: float, headers: _Headers, budget: _Budget, wanted: Wanted
    ) -> Answer:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        is_ours = is_private_allowed(parts.hostname or "", port, self._allow_private)
        async with self._hosts.turn(parts.netloc, url, delay_s, is_ours=is_ours):
            return await self._send(url, parts, headers, budget, wanted)

    async def _send(
        self, url: str, parts: SplitResult, headers: _Headers, budget: _Budget, wanted: Wanted
    ) -> Answer:
        self.requests += 1
        request = httpx.Request(
            "GET",
            url,
            headers=[(b"Host", parts.netloc.encode()), *self._own_headers, *headers],
            extensions=self._extensions,
        )
        started = time.monotonic()
        try:
            async with asyncio.timeout(budget.left_s()):
                origin = f"{parts.scheme}://{parts.netloc}"
                async with self._lines.send(request, origin) as (response, body):
                    return await read_answer(
                        response.status_code, response.headers.raw, body, url, wanted
                    )
        except (TimeoutError, httpx.TimeoutException) as error:
            raise budget.spent(url) from error
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise PermanentError(f"{url} is no address that can be asked ({error})") from error
        except (httpx.NetworkError, httpx.ProtocolError) as error:
            raise TransientError(
                f"{url} could not be read ({error or type(error).__name__});"
                " it is tried again later"
            ) from error
        finally:
            budget.used_s += time.monotonic() - started

    def _page(self, url: str, final_url: str, answer: Answer, *, is_conditional: bool) -> Page:
        if answer.status == 304 and not is_conditional:
            raise TransientError(f"{url} answers 304 although nothing was asked to be compared")
        is_gone = answer.status in GONE
        return Page(
            url=url,
            final_url=final_url,
            status=answer.status,
            fetched_at=datetime.now(UTC),
            content_type=answer.headers.get("content-type", ""),
            etag="" if is_gone else answer.headers.get("etag", ""),
            last_modified="" if is_gone else answer.headers.get("last-modified", ""),
            body=answer.body,
            body_sha256=hashlib.sha256(answer.body).hexdigest() if answer.body else "",
        )


@dataclass(slots=True)
class _Budget:
    """Time one fetch may spend on the wire, over all its hops."""

    deadline_s: float
    url: str
    used_s: float = 0.0

    def left_s(self) -> float:
        return max(0.0, self.deadline_s - self.used_s)

    def spent(self, url: str) -> TransientError:
        return TransientError(
            f"{url} took longer than {self.deadline_s:g} s; it is tried again later"
        )


def _check_scope(url: str, source: Source, is_listing: bool, hop: int) -> None:
    if is_allowed_host(url, source) if is_listing else in_scope(url, source):
        return
    how = "redirects to" if hop else "is"
    raise RefusedError(
        f"source {source.id} {how} {url}, which its hosts or path rules do not allow; add the"
        " host to allow_hosts or the path to allow_prefixes if it is meant"
    )


@lru_cache(maxsize=256)
def _join_languages(languages: tuple[str, ...]) -> bytes:
    names = [name for name in languages if name.isascii() and name.replace("-", "").isalnum()]
    return ", ".join([*names, "*;q=0.5"]).encode() if names else b"*"


def _header(value: str) -> bytes:
    """A header's value as it once came. Line ends cannot get in: h11 refuses them."""
    return value.encode("latin-1", "replace")
