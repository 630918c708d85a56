"""One source in one run: its pages read side by side, and settled in the order it lists them."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from flows.procure import (
    Found,
    Outcome,
    is_settled,
    list_candidates,
    list_orphans,
    procure_guide,
    retire_guides,
)
from flows.request import RunRequest
from flows.retries import Attempt
from flows.shelf import Shelf
from stages.errors import StageError, TransientError
from stages.procure.urls import in_scope, normalise_url
from stages.types import Candidate
from store.pages import PageRole

READ_AHEAD = 6
"""Pages of a source fetched and extracted while earlier ones are settled; the fetcher still asks a
host for one page at a time, as slowly as it wants."""


@dataclass(frozen=True, slots=True)
class Crawl:
    """count: told what came of each candidate; miss: of an error and how many pages it cost; note:
    of what ops may want to know. waiting: pages of hosts that asked to be left alone, by host.
    """

    shelf: Shelf
    request: RunRequest
    attempt: Attempt
    count: Callable[[Candidate, Outcome], None]
    miss: Callable[[str, int], None]
    note: Callable[[str], None]
    waiting: Counter[str] = field(default_factory=Counter)

    async def run(self) -> int:
        """Procure what the source proposes, or the guides the request names. Returns how many cards
        went with guides whose page turned out to be another's.

        Raises StageError when none of the source's lists can be had.
        """
        try:
            touched = await self._settle_all(await self._list())
            orphans = [
                candidate
                for candidate in list_orphans(self.shelf)
                if not self.request.guides or self.shelf.key(candidate.url) in touched
            ]
            await self._settle_all(deque(orphans), is_alone=True)
            return retire_guides(self.shelf)
        finally:
            self._note_waiting()

    async def _settle_all(self, waiting: deque[Candidate], *, is_alone: bool = False) -> set[str]:
        """waiting: grows by the pages that others name. Returns the keys of all."""
        seen = {self.shelf.key(candidate.url) for candidate in waiting}
        ahead: deque[_Reader] = deque()
        async with asyncio.TaskGroup() as tasks:
            while waiting or ahead:
                while waiting and len(ahead) < READ_AHEAD:
                    ahead.append(self._start(tasks, waiting.popleft(), is_alone))
                reader = ahead.popleft()
                reader.turn.set()
                candidate, outcome = reader.candidate, await reader.task
                if outcome is None:
                    self._leave_parked(waiting)
                    continue
                self.count(candidate, outcome)
                if outcome.follow and self.shelf.key(outcome.follow) not in seen:
                    seen.add(self.shelf.key(outcome.follow))
                    waiting.append(Candidate(outcome.follow))
        return seen

    async def _list(self) -> deque[Candidate]:
        if self.request.guides:
            urls = dict.fromkeys(normalise_url(url) for url in self.request.guides)
            return deque(Candidate(url) for url in urls if in_scope(url, self.shelf.source))
        try:
            candidates, errors = await self.attempt(
                f"discover: {self.shelf.source.id}", lambda: list_candidates(self.shelf)
            )
        except TransientError:
            home = urlsplit(self.shelf.source.homepage).netloc
            if home not in self._parked:
                raise
            self.waiting[home] += 1
            return deque()
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

    def _start(self, tasks: asyncio.TaskGroup, candidate: Candidate, is_alone: bool) -> _Reader:
        turn = asyncio.Event()
        work = partial(procure_guide, self.shelf, candidate, turn.wait, is_alone=is_alone)

        async def read() -> Outcome | None:
            try:
                return await self.attempt(f"procure: {candidate.url}", work)
            except StageError as error:
                if _host(candidate) in self._parked:
                    self.waiting[_host(candidate)] += 1
                else:
                    self.miss(f"{candidate.url}: {error}", 1)
                return None

        return _Reader(candidate, turn, tasks.create_task(read()))

    @property
    def _parked(self) -> dict[str, datetime]:
        return self.shelf.kitchen.fetcher.parked

    def _leave_parked(self, waiting: deque[Candidate]) -> None:
        """A host that asked for a longer pause than a run gets it: its other pages wait, too."""
        parked = self._parked
        left = [candidate for candidate in waiting if _host(candidate) in parked]
        self.waiting.update(map(_host, left))
        for candidate in left:
            waiting.remove(candidate)

    def _note_waiting(self) -> None:
        for host, pages in self.waiting.items():
            until = self._parked.get(host)
            when = f"until {until:%Y-%m-%d %H:%M} UTC" if until else "for a while"
            self.note(
                f"{self.shelf.source.id}: {host} asked to be left alone {when}; "
                f"a later run goes on there (requests put off: {pages})"
            )


@dataclass(frozen=True, slots=True)
class _Reader:
    """A candidate being read. turn: set when all before it are settled. task: None: it failed."""

    candidate: Candidate
    turn: asyncio.Event
    task: asyncio.Task[Outcome | None]


def _host(candidate: Candidate) -> str:
    return urlsplit(candidate.url).netloc
