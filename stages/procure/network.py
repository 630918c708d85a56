"""The one way out: connections go to an address that was looked at first.

A check before the request loses to DNS that answers differently the second time, so the check
sits where the socket is opened: the name is resolved once, every address is vetted, and the
connection is made to a vetted address. TLS and the Host header still carry the name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import cast

import h11
import httpcore
import httpx

from stages.errors import RefusedError, TransientError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)

# Servers close a quiet connection after some seconds; one they closed fails the next request.
_KEEPALIVE_S = 5.0

# All that is given to IPv6 hosts of the internet; what lies outside are loopback, translations of
# IPv4 addresses (NAT64, `::127.0.0.1`), local networks and multicast.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# What `ipaddress` calls global and is none the less no public web server (Python 3.11 to 3.13
# differ on some of them), or reaches an IPv4 address through an IPv6 one.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/3",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)


def is_public_address(address: str) -> bool:
    """True for an address of the public internet; false for anything that is not an address."""
    try:
        parsed: _Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if not parsed.is_global or parsed.is_multicast:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed not in _GLOBAL_UNICAST:
        return False
    return not any(
        parsed in network for network in _NOT_PUBLIC if network.version == parsed.version
    )


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to vetted addresses only.

    allow_private: `host` or `host:port` that may be anything, for the demo site and tests.
    Raises RefusedError when any address of a host is not public, TransientError when the name
    does not resolve.
    """

    def __init__(self, allow_private: frozenset[str]) -> None:
        self._allow_private = allow_private
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        last: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in await self._vetted(host, port):
            try:
                return await self._backend.connect_tcp(
                    address,
                    port,
                    timeout=timeout,
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last or httpcore.ConnectError(f"no address for {host}")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise RefusedError(f"a crawl opens no local sockets, {path} was asked for")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _vetted(self, host: str, port: int) -> list[str]:
        addresses = await _resolve(host, port)
        if is_private_allowed(host, port, self._allow_private):
            return addresses
        for address in addresses:
            if not is_public_address(address):
                raise RefusedError(
                    f"{host} resolves to {address}, which is no public address; a source must"
                    " live on the public internet. Check the source's homepage and allow_hosts; a"
                    " host of your own must be named in SPOONFUL_ALLOW_PRIVATE."
                )
        return addresses


def is_private_allowed(host: str, port: int, allow_private: frozenset[str]) -> bool:
    """The host was allowed by name, with or without its port."""
    bare = host.strip("[]").lower()
    return not allow_private.isdisjoint((bare, f"{bare}:{port}", f"[{bare}]:{port}"))


async def _resolve(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransientError(
            f"the name {host} does not resolve ({error}); check the spelling of the source's"
            " addresses and this machine's network"
        ) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@lru_cache(maxsize=1)  # reading the certificates takes 30 ms
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


class _Line(httpx.AsyncHTTPTransport):
    """One connection at most, opened by the guard; origin: where it leads to, '' before its use.

    httpx 0.28 has no public way to hand a network backend in, so the pool that it would make is
    made here, under the private name it looks for. Where another version looks elsewhere, the
    first request fails: nothing goes out unguarded.
    """

    def __init__(self, backend: GuardedBackend) -> None:
        self.origin = ""
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=1,
            keepalive_expiry=_KEEPALIVE_S,
            network_backend=backend,
        )

    def has_leftover(self) -> bool:
        """A server sent more than the answer it announced. The next request on the connection
        would take it for its own answer: one page's text under another one's address.

        httpcore 1.0 offers no public way to look; where it keeps its state elsewhere, every
        connection counts as one that must not be used again (a test watches that they are).
        """
        for connection in self._pool.connections:
            inner = getattr(connection, "_connection", None)
            state = getattr(inner, "_h11_state", None)
            if not isinstance(state, h11.Connection) or state.trailing_data[0]:
                return True
        return False


class Lines:
    """Connections, all opened by the guard, that know no proxy and no cookie.

    Each stands in a pool of its own: one pool of several hands an idle connection to all requests
    that wait and lets all but one of them try again, which costs more than the rest of a fetch.
    The caller sees to it that there are no more than count requests at once.
    """

    def __init__(self, allow_private: frozenset[str], count: int) -> None:
        backend = GuardedBackend(allow_private)
        self._lines = [_Line(backend) for _ in range(count)]
        self._free = list(self._lines)

    @asynccontextmanager
    async def send(
        self, request: httpx.Request, origin: str
    ) -> AsyncIterator[tuple[httpx.Response, httpx.AsyncByteStream]]:
        """The answer and its body as it comes, through a line that leads there already if one is
        free, else through the one that has been free for longest.

        origin: scheme, host and port. Raises what httpx and the guard raise.
        """
        line = next((line for line in self._free if line.origin == origin), self._free[0])
        self._free.remove(line)
        line.origin = origin
        try:
            response = await line.handle_async_request(request)
            body = cast(httpx.AsyncByteStream, response.stream)
            try:
                yield response, body
            finally:
                await body.aclose()
                if line.has_leftover():
                    await line.aclose()
        finally:
            self._free.append(line)

    async def aclose(self) -> None:
        for line in self._lines:
            await line.aclose()
