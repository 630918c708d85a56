"""The only door to other people's servers: polite, bounded, and never to a private address."""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx

from stages.errors import PermanentError, RefusedError, TransientError
from stages.procure.answers import GONE, REDIRECTS, check_content_type, error_for
from stages.procure.inflate import ACCEPT_ENCODING, read_capped
from stages.procure.network import guarded_transport
from stages.procure.robots import MAX_ROBOTS_BYTES, Robots, read_robots
from stages.procure.urls import in_scope, is_allowed_host, normalise_url
from stages.types import Page, Reuse, Source

_MAX_REDIRECTS = 5
_ACCEPT = "text/html, application/xhtml+xml, application/xml;q=0.9, text/plain;q=0.5"
# A stop that may pass is asked about again after this time; every other answer holds for the
# life of a Fetcher.
_ROBOTS_RETRY_S = 60.0


@dataclass(slots=True)
class _Host:
    """What is known of one host: its turn-taking lock, and when it may be asked next."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    next_at: float = 0.0
    parked_until: float = 0.0


@dataclass(slots=True)
class _KnownRobots:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    robots: Robots | None = None
    asked_at: float = 0.0


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: httpx.Headers
    body: bytes


class Fetcher:
    """One crawl's HTTP client; an async context manager.

    user_agent: `Name/version (+contact)`; robots rules are matched on the name. allow_private:
    `host` or `host:port` that may resolve to a private address (the demo site, tests).
    deadline_s: for one fetch with its redirects, waiting for its turn apart. max_bytes: of a
    decoded body. connections: at most; httpx gets slower with more than 8. requests: how many
    were sent, robots.txt included.
    """

    def __init__(
        self,
        user_agent: str,
        *,
        allow_private: frozenset[str] = frozenset(),
        deadline_s: float = 30,
        max_bytes: int = 10_000_000,
        connections: int = 8,
    ) -> None:
        if not user_agent.strip():
            raise ValueError("a crawl says who it is: user_agent must not be empty")
        self.requests = 0
        self._user_agent = user_agent
        self._product = user_agent.split("/", 1)[0].split()[0]
        self._deadline_s = deadline_s
        self._max_bytes = max_bytes
        self._hosts: dict[str, _Host] = {}
        self._robots: dict[str, _KnownRobots] = {}
        self._timeout = httpx.Timeout(deadline_s, connect=min(10.0, deadline_s), pool=None)
        # Below httpx's client: a crawl keeps no cookies (every page is read as a first visitor
        # sees it), takes no proxy from the environment and follows redirects by hand.
        self._transport = guarded_transport(allow_private, connections)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._transport.aclose()

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
        time-outs, broken transfers; with retry_after_s when the host said), PermanentError (other
        statuses, content types, sizes, redirects without end).
        """
        if source.reuse is Reuse.DO_NOT_CRAWL:
            raise RefusedError(f"source {source.id} is marked do_not_crawl; enable another one")
        current = normalise_url(url)
        if not current:
            raise PermanentError(f"{url!r} is no http(s) address; correct it in the source")
        headers = {"Accept": _ACCEPT, "Accept-Language": _accept_language(source)}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        budget = _Budget(self._deadline_s, url)
        for hop in range(_MAX_REDIRECTS + 1):
            self._check_scope(current, source, is_listing, hop)
            await self._check_robots(current, source, budget)
            answer = await self._polite_get(current, source, headers, budget, is_listing)
            if answer.status not in REDIRECTS:
                is_conditional = bool(etag or last_modified)
                return _page(url, current, answer, is_conditional)
            current = _target(current, answer)
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
        return robots.allows(normal, self._product)

    # --- what must hold before a request ------------------------------------------------------

    def _check_scope(self, url: str, source: Source, is_listing: bool, hop: int) -> None:
        allowed = is_allowed_host(url, source) if is_listing else in_scope(url, source)
        if allowed:
            return
        how = "redirects to" if hop else "is"
        raise RefusedError(
            f"source {source.id} {how} {url}, which its hosts or path rules do not allow; add the"
            " host to allow_hosts or the path to allow_prefixes if it is meant"
        )

    async def _check_robots(self, url: str, source: Source, budget: _Budget) -> None:
        robots = await self._robots_of(url, source, budget)
        if robots.stop and robots.retry:
            raise TransientError(
                f"{url} is not fetched: {robots.stop}; it is tried again later",
                robots.retry_after_s,
            )
        if robots.stop:
            raise RefusedError(
                f"{url} is not fetched: {robots.stop}, so the host does not want to be crawled."
                " Ask the publisher or disable the source"
            )
        if not robots.allows(url, self._product):
            raise RefusedError(
                f"{url} is not fetched: robots.txt disallows it. Take it off the source"
            )

    async def _robots_of(self, url: str, source: Source, budget: _Budget) -> Robots:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        known = self._robots.setdefault(origin, _KnownRobots())
        async with known.lock:
            is_stale = (
                known.robots is not None
                and known.robots.retry
                and time.monotonic() - known.asked_at > _ROBOTS_RETRY_S
            )
            if known.robots is None or is_stale:
                known.robots = await self._fetch_robots(origin, source, budget)
                known.asked_at = time.monotonic()
            return known.robots

    async def _fetch_robots(self, origin: str, source: Source, budget: _Budget) -> Robots:
        current = f"{origin}/robots.txt"
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                answer = await self._paced(
                    current, source.min_delay_s, {"Accept": "text/plain"}, budget, MAX_ROBOTS_BYTES
                )
            except TransientError as error:
                return Robots(
                    stop=f"its robots.txt cannot be had ({error})",
                    retry=True,
                    retry_after_s=error.retry_after_s,
                )
            if answer.status not in REDIRECTS:
                return read_robots(
                    answer.status, answer.headers.get("content-type", ""), answer.body
                )
            current = _target(current, answer)
            if not is_allowed_host(current, source):
                return Robots(stop=f"its robots.txt is redirected to another site, {current}")
        # RFC 9309: robots.txt behind more than five redirects counts as not there.
        return Robots()

    # --- the request --------------------------------------------------------------------------

    async def _polite_get(
        self, url: str, source: Source, headers: dict[str, str], budget: _Budget, is_listing: bool
    ) -> _Answer:
        robots = await self._robots_of(url, source, budget)
        delay = max(source.min_delay_s, robots.delay_s(self._product))
        answer = await self._paced(url, delay, headers, budget, self._max_bytes, is_listing)
        if answer.status not in REDIRECTS:
            error = error_for(answer.status, answer.headers, url, datetime.now(UTC))
            if isinstance(error, TransientError) and error.retry_after_s:
                host = self._hosts[urlsplit(url).netloc]
                host.parked_until = time.monotonic() + error.retry_after_s
            if error is not None:
                raise error
        return answer

    async def _paced(
        self,
        url: str,
        delay_s: float,
        headers: dict[str, str],
        budget: _Budget,
        max_bytes: int,
        is_listing: bool | None = None,
    ) -> _Answer:
        """One request when it is this host's turn. is_listing None: any content type will do."""
        host = self._hosts.setdefault(urlsplit(url).netloc, _Host())
        async with host.lock:
            now = time.monotonic()
            if host.parked_until > now:
                left = host.parked_until - now
                raise TransientError(f"{url}: the host asked to wait {left:.0f} s more", left)
            if host.next_at > now:
                await asyncio.sleep(host.next_at - now)
            try:
                return await self._send(url, headers, budget, max_bytes, is_listing)
            finally:
                host.next_at = time.monotonic() + delay_s

    async def _send(
        self,
        url: str,
        headers: dict[str, str],
        budget: _Budget,
        max_bytes: int,
        is_listing: bool | None,
    ) -> _Answer:
        self.requests += 1
        started = time.monotonic()
        try:
            async with asyncio.timeout(budget.left_s()):
                response = await self._transport.handle_async_request(self._request(url, headers))
                try:
                    body = b""
                    if 200 <= response.status_code < 300:
                        body = await self._read(response, url, max_bytes, is_listing)
                    return _Answer(response.status_code, response.headers, body)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.TimeoutException) as error:
            raise budget.spent(url) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise PermanentError(f"{url} is no address that can be asked ({error})") from error
        except httpx.TransportError as error:
            raise TransientError(
                f"{url} could not be read ({error or type(error).__name__});"
                " it is tried again later"
            ) from error
        finally:
            budget.used_s += time.monotonic() - started

    def _request(self, url: str, headers: dict[str, str]) -> httpx.Request:
        own = {"User-Agent": self._user_agent, "Accept-Encoding": ACCEPT_ENCODING}
        return httpx.Request(
            "GET", url, headers={**own, **headers}, extensions={"timeout": self._timeout.as_dict()}
        )

    async def _read(
        self, response: httpx.Response, url: str, max_bytes: int, is_listing: bool | None
    ) -> bytes:
        if is_listing is not None:
            check_content_type(response.headers.get("content-type", ""), url, is_listing)
        encoding = response.headers.get("content-encoding", "")
        return await read_capped(response.aiter_raw(), encoding, max_bytes, url)


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


def _accept_language(source: Source) -> str:
    names = [name for name in source.languages if name.replace("-", "").isalnum()]
    return ", ".join([*names, "*;q=0.5"]) if names else "*"


def _target(url: str, answer: _Answer) -> str:
    location = answer.headers.get("location", "")
    try:
        target = normalise_url(urljoin(url, location)) if location else ""
    except ValueError:
        target = ""
    if not target:
        raise PermanentError(
            f"{url} redirects to {location[:200]!r}, which is no http(s) address; correct the"
            " address in the source"
        )
    return target


def _page(url: str, final_url: str, answer: _Answer, is_conditional: bool) -> Page:
    if answer.status == 304 and not is_conditional:
        raise TransientError(f"{url} answers 304 although nothing was asked to be compared")
    content_type = answer.headers.get("content-type", "")
    if answer.body[:5] == b"%PDF-":
        raise PermanentError(f"{url} is a PDF; only web pages can be read. Take it off the source")
    is_gone = answer.status in GONE
    return Page(
        url=url,
        final_url=final_url,
        status=answer.status,
        fetched_at=datetime.now(UTC),
        content_type=content_type,
        etag="" if is_gone else answer.headers.get("etag", ""),
        last_modified="" if is_gone else answer.headers.get("last-modified", ""),
        body=answer.body,
        body_sha256=hashlib.sha256(answer.body).hexdigest() if answer.body else "",
    )
