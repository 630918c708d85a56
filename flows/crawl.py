"""One source in one run: its pages read side by side, and settled in the order it lists them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from flows.procure import Found, Outcome, is_settled, list_candidates, procure_guide
from flows.request import RunRequest
from flows.retries import Attempt
from flows.shelf import Shelf
from stages.errors import StageError
from stages.procure.urls import in_scope, normalise_url
from stages.types import Candidate
from store.pages import PageRole

READ_AHEAD = 6
"""Pages of a source fetched and extracted while earlier ones are settled; the fetcher still asks a
host for one page at a time, as slowly as it wants."""


@dataclass(frozen=True, slots=True)
class Crawl:
    """count: told what came of each candidate; miss: of an error and how many pages it cost."""

    shelf: Shelf
    request: RunRequest
    attempt: Attempt
    count: Callable[[Candidate, Outcome], None]
    miss: Callable[[str, int], None]

    async def run(self) -> None:
        """Procure what the source proposes, or the guides the request names.

        Raises StageError when none of the source's lists can be had.
        """
        waiting = await self._list()
        seen = {self.shelf.key(candidate.url) for candidate in waiting}
        followed: dict[str, Candidate] = {}  # by the page named instead of it
        ahead: deque[_Reader] = deque()
        async with asyncio.TaskGroup() as tasks:
            while waiting or ahead:
                while waiting and len(ahead) < READ_AHEAD:
                    ahead.append(self._start(tasks, waiting.popleft()))
                reader = ahead.popleft()
                reader.turn.set()
                candidate, outcome = reader.candidate, await reader.task
                if outcome is None:
                    self._leave_parked(candidate, waiting)
                    continue
                self.count(candidate, outcome)
                key = self.shelf.key(outcome.follow) if outcome.follow else ""
                if key and key not in seen:
                    seen.add(key)
                    followed[key] = candidate
                    waiting.append(Candidate(outcome.follow))
                elif outcome.found is Found.GONE and self.shelf.key(candidate.url) in followed:
                    # The page named is not there: the one that named it stands for itself.
                    waiting.append(followed.pop(self.shelf.key(candidate.url)))

    async def _list(self) -> deque[Candidate]:
        if self.request.guides:
            urls = dict.fromkeys(normalise_url(url) for url in self.request.guides)
            return deque(Candidate(url) for url in urls if in_scope(url, self.shelf.source))
        candidates, errors = await self.attempt(
            f"discover: {self.shelf.source.id}", lambda: list_candidates(self.shelf)
        )
        for error in errors:
            self.miss(f"{self.shelf.source.id}: {error}", 0)
        waiting: deque[Candidate] = deque()
        for candidate in candidates:
            if self.shelf.is_forced or not is_settled(self.shelf, candidate):
                waiting.append(candidate)
                continue
            record = self.shelf.record(candidate.url)
            is_guide = record is not None and record.role is PageRole.GUIDE
            guide_id = record.guide_id if record and is_guide else ""
            self.count(candidate, Outcome(Found.SAME, guide_id))
        return waiting

    def _start(self, tasks: asyncio.TaskGroup, candidate: Candidate) -> _Reader:
        turn = asyncio.Event()
        work = partial(procure_guide, self.shelf, candidate, turn.wait)

        async def read() -> Outcome | None:
            try:
                return await self.attempt(f"procure: {candidate.url}", work)
            except StageError as error:
                self.miss(f"{candidate.url}: {error}", 1)
                return None

        return _Reader(candidate, turn, tasks.create_task(read()))

    def _leave_parked(self, candidate: Candidate, waiting: deque[Candidate]) -> None:
        """A host that asked for a longer pause than a run gets it: its other pages wait, too."""
        parked = self.shelf.kitchen.fetcher.parked
        left = [other for other in waiting if _host(other) in parked]
        if _host(candidate) in parked and left:
            rest = [other for other in waiting if other not in left]
            waiting.clear()
            waiting.extend(rest)
            hosts = ", ".join(
                f"{host} until {parked[host]:%Y-%m-%d %H:%M} UTC"
                for host in sorted({_host(other) for other in left})
            )
            self.miss(
                f"{self.shelf.source.id}: asked to stay away from {hosts}; "
                f"{len(left)} more pages are left for a later run",
                len(left),
            )


@dataclass(frozen=True, slots=True)
class _Reader:
    """A candidate being read. turn: set when all before it are settled. task: None: it failed."""

    candidate: Candidate
    turn: asyncio.Event
    task: asyncio.Task[Outcome | None]


def _host(candidate: Candidate) -> str:
    return urlsplit(candidate.url).netloc
