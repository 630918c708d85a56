"""When each host may be asked: its turns, the pauses between them, and how long it is parked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from stages.errors import TransientError

# A host that says "too many requests" without saying how long to wait: half a minute, which a run
# waits out, then twice as long each time it says so again.
_FIRST_PARK_S = 30.0
_LONGEST_PARK_S = 86_400.0


@dataclass(slots=True)
class _Host:
    """lock: held by the one request of the host that is under way. next_at: on the loop's clock."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    next_at: float = 0.0
    parked_until: datetime | None = None
    refusals: int = 0


class Hosts:
    """Turns of all hosts of a crawl, by `host` or `host:port`.

    parked: hosts not to be asked before a time (aware), as an earlier crawl left them.
    connections: requests under way at most, over all hosts.
    """

    def __init__(self, parked: Mapping[str, datetime], connections: int) -> None:
        self._hosts = {name: _Host(parked_until=until) for name, until in parked.items()}
        self._slots = asyncio.Semaphore(connections)

    @property
    def parked(self) -> dict[str, datetime]:
        """Hosts that are not asked now, and until when."""
        now = datetime.now(UTC)
        return {
            name: host.parked_until
            for name, host in self._hosts.items()
            if host.parked_until is not None and host.parked_until > now
        }

    def check(self, name: str, url: str) -> None:
        """Raise TransientError with the time left while the host is parked."""
        host = self._hosts.get(name)
        if host is None or host.parked_until is None:
            return
        left_s = (host.parked_until - datetime.now(UTC)).total_seconds()
        if left_s <= 0:
            host.parked_until = None
            return
        raise TransientError(
            f"{url} is not fetched: {name} asked to be left alone for {left_s:.0f} s more", left_s
        )

    def park(self, name: str, seconds: float) -> None:
        """Leave a host alone, a day at most; a longer parking stands."""
        host = self._host(name)
        until = datetime.now(UTC) + timedelta(seconds=min(seconds, _LONGEST_PARK_S))
        if seconds > 0 and (host.parked_until is None or until > host.parked_until):
            host.parked_until = until

    def refuse(self, name: str) -> float:
        """Park a host that did not say for how long; the seconds it is parked for."""
        host = self._host(name)
        seconds = min(_FIRST_PARK_S * float(2**host.refusals), _LONGEST_PARK_S)
        host.refusals = min(host.refusals + 1, 12)
        self.park(name, seconds)
        return seconds

    def forgive(self, name: str) -> None:
        """The host answered well."""
        self._host(name).refusals = 0

    @asynccontextmanager
    async def turn(
        self, name: str, url: str, delay_s: float, *, is_ours: bool
    ) -> AsyncIterator[None]:
        """Hold one request of a host: begun delay_s after the last one began, and after it ended.

        is_ours: a host of our own (the demo site, a bench), which without a delay is asked as
        often at once as there are connections. Raises TransientError while the host is parked,
        also when it was parked during the wait.
        """
        self.check(name, url)
        if is_ours and delay_s <= 0:
            async with self._slots:
                yield
            return
        host = self._host(name)
        async with host.lock:
            # Parking is looked at again: the request before may have been told to stay away.
            self.check(name, url)
            await asyncio.sleep(max(0.0, host.next_at - time.monotonic()))
            async with self._slots:
                host.next_at = time.monotonic() + delay_s
                yield

    def _host(self, name: str) -> _Host:
        return self._hosts.setdefault(name, _Host())
