"""The one way out: connections go to an address that was looked at first.

A check before the request loses to DNS that answers differently the second time, so the check
sits where the socket is opened: the name is resolved once, every address is vetted, and the
connection is made to a vetted address. TLS and the Host header still carry the name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

import httpcore
import httpx

from stages.errors import RefusedError, TransientError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)

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
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
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
        bare = host.strip("[]").lower()
        if {bare, f"{bare}:{port}", f"[{bare}]:{port}"} & self._allow_private:
            return addresses
        for address in addresses:
            if not is_public_address(address):
                raise RefusedError(
                    f"{host} resolves to {address}, which is no public address; a source must"
                    " live on the public internet. Check the source's homepage and allow_hosts."
                )
        return addresses


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


def guarded_transport(allow_private: frozenset[str], connections: int) -> httpx.AsyncHTTPTransport:
    """httpx's transport with our network backend under it and no proxy.

    httpx 0.28 offers no public way to hand the backend in, so the pool is built by httpx (for
    its TLS settings) and given the backend through a private attribute. Raises RuntimeError when
    another version of httpx has no such attribute, rather than crawl unguarded.
    """
    transport = httpx.AsyncHTTPTransport(
        trust_env=False,
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
    )
    pool = getattr(transport, "_pool", None)
    if not isinstance(pool, httpcore.AsyncConnectionPool) or not hasattr(pool, "_network_backend"):
        raise RuntimeError(
            f"httpx {httpx.__version__} keeps its connection pool elsewhere than 0.28.1 does;"
            " the address guard cannot be installed. Install the pinned version."
        )
    pool._network_backend = GuardedBackend(allow_private)
    return transport
