"""The line: plan what is missing and do it, guide by guide, streaming from fetch to placement.

The same code serves `spoonful run`, the demo and the flow on Prefect, which only hands in another
`Attempt`. Daily run, re-run and resuming after a crash differ in nothing: every step looks at
what is wanted and what is done.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from flows import steps
from flows.crawl import Crawl
from flows.kitchen import Kitchen, open_kitchen
from flows.models import check_models, list_models, open_gateway
from flows.procure import Found, Outcome
from flows.request import RunRequest, Stage
from flows.retries import Attempt, attempt
from flows.shelf import open_shelf
from flows.summary import RunSummary
from stages.errors import BudgetError, ConfigError, PermanentError, StageError
from stages.procure.urls import guide_id, in_scope
from stages.types import Candidate, Reuse, Source
from store.cards import count_cards, count_live_cards
from store.completions import get_spending
from store.engine import Database
from store.guides import GuideRef, list_guides
from store.parking import set_parked
from store.quarantine import Stop, list_stops
from store.queue_sums import fold_sums
from store.runs import LockedError, RunState, finish_run, keep_alive, start_run
from store.settings import Settings

HEARTBEAT_S = 15.0
GUIDES_AT_ONCE = 3
"""Guides cut up or placed side by side. More may wait for a model."""

MAX_NOTES = 100

Report = Callable[[RunSummary, str], None]
"""Told after every step: the summary so far and one line on what was just done."""


def no_report(summary: RunSummary, line: str) -> None:
    """Says nothing."""


@dataclass(slots=True)
class Line:
    """One run under way. queued: guides handed on to be worked on; chopped: those with cards up to
    date already. halted: why no more is cooked in this run, '' while it is.
    """

    kitchen: Kitchen
    request: RunRequest
    summary: RunSummary
    stove: steps.Stove
    attempt: Attempt
    report: Report
    queue: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    queued: set[str] = field(default_factory=set)
    chopped: set[str] = field(default_factory=set)
    errors: Counter[str] = field(default_factory=Counter)
    halted: str = ""
    tables: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(GUIDES_AT_ONCE))

    async def work(self, sources: list[Source]) -> None:
        """Procure all sources side by side and work on their guides as they come in."""
        async with asyncio.TaskGroup() as workers:
            # A guide may be no more than one card, and enough cards must be there for the model.
            at_once = self.kitchen.settings.model_concurrency if self.stove.gateway else 1
            at_once = max(GUIDES_AT_ONCE, steps.count_places(at_once))
            for _ in range(at_once):
                workers.create_task(self._work_on_guides())
            async with asyncio.TaskGroup() as producers:
                for source in sources:
                    producers.create_task(self._procure(source))
            for _ in range(at_once):
                self.queue.put_nowait(None)
        if self.request.includes(Stage.CHOP):
            with self.summary.timed("chop"):
                await asyncio.to_thread(steps.find_twins, self.kitchen)

    async def _procure(self, source: Source) -> None:
        if self.request.includes(Stage.PROCURE):
            is_forced = self.request.force and self.request.stage == Stage.PROCURE
            shelf = open_shelf(self.kitchen, source, is_forced=is_forced)
            crawl = Crawl(shelf, self.request, self.attempt, self._count, self._miss, self._say)
            with self.summary.timed("procure"):
                try:
                    removed = await crawl.run()
                    self.summary.cards.removed += removed
                except StageError as error:
                    self._note(f"{source.id}: {error}")
                finally:
                    shelf.note_seen()
                    set_parked(self.kitchen.db, self.kitchen.fetcher.parked)
        self._take_up_rest(source)

    def _take_up_rest(self, source: Source) -> None:
        """Every guide the request means and the crawl has not handed on already."""
        db = self.kitchen.db
        refs = [ref for ref in list_asked(db, source, self.request) if ref.id not in self.queued]
        if self.request.includes(Stage.CHOP):
            done = [ref.id for ref in refs if steps.is_chopped(self.kitchen, ref, self.request)]
            self.chopped.update(done)
            self.summary.cards.kept += sum(count_live_cards(db, done).values())
        has_more = self.request.includes(Stage.COOK) or self.request.includes(Stage.PLATE)
        for ref in refs:
            if has_more or ref.id not in self.chopped:
                self._enqueue(ref.id)

    def _count(self, candidate: Candidate, outcome: Outcome) -> None:
        guides = self.summary.guides
        guides.quarantined += outcome.found is Found.QUARANTINED
        self.summary.cards.removed += outcome.cards_removed
        if outcome.guide_id:
            guides.fetched += outcome.was_read
            guides.changed += outcome.found is Found.CHANGED
            guides.unchanged += outcome.found is Found.SAME
        if outcome.was_read:
            self._enqueue(outcome.guide_id)
        line = f"{outcome.found.value}: {candidate.url}"
        if outcome.found is Found.MISSING:
            self._say(f"{line} (its cards stay until it is missing in the next run, too)")
        elif outcome.cards_removed:
            self._say(f"{line} ({outcome.cards_removed} cards left the queue)")
        elif self.request.guides:
            self._say(line)
        self.report(self.summary, line)

    def _say(self, note: str) -> None:
        if len(self.summary.notes) < MAX_NOTES:
            self.summary.notes.append(note)

    def _miss(self, error: str, pages: int) -> None:
        self.summary.guides.failed += pages
        self._note(error)

    def _enqueue(self, guide_id: str) -> None:
        if guide_id not in self.queued:
            self.queued.add(guide_id)
            self.queue.put_nowait(guide_id)

    async def _work_on_guides(self) -> None:
        while (guide_id := await self.queue.get()) is not None:
            try:
                await self._work_on(guide_id)
            except StageError as error:
                self._note(f"guide {guide_id}: {error}")

    async def _work_on(self, guide_id: str) -> None:
        kitchen, request, summary = self.kitchen, self.request, self.summary
        if request.includes(Stage.CHOP) and guide_id not in self.chopped:
            async with self.tables:
                with summary.timed("chop"):
                    await self.attempt(
                        f"chop: {guide_id}",
                        partial(steps.chop, kitchen, guide_id, request, summary),
                    )
        if request.includes(Stage.COOK) and not self.halted:
            with summary.timed("cook"):
                await self._cook(guide_id)
        if request.includes(Stage.PLATE):
            async with self.tables:
                with summary.timed("plate"):
                    await self.attempt(
                        f"plate: {guide_id}",
                        partial(steps.plate, kitchen, guide_id, request, summary),
                    )
        self.report(summary, f"done: guide {guide_id}")

    async def _cook(self, guide_id: str) -> None:
        work = partial(steps.cook, self.kitchen, guide_id, self.request, self.summary, self.stove)
        try:
            await self.attempt(f"cook: {guide_id}", work)
        except (BudgetError, PermanentError) as error:
            # Only when every model refuses us does a card end this way; the next one would, too.
            if not self.halted:  # guides worked on side by side meet the same end
                self._note(str(error))
            self.halted = str(error)
        finally:
            faults, self.stove.faults = self.stove.faults, Counter()
            for fault, cards in faults.items():
                self.errors[fault] += cards - 1
                self._note(fault)

    def _note(self, error: str) -> None:
        self.errors[error] += 1
        self.summary.errors = [
            text if count == 1 else f"{text} ({count} times)" for text, count in self.errors.items()
        ]
        self.report(self.summary, error)


async def run_line(
    request: RunRequest,
    settings: Settings,
    db: Database,
    attempt: Attempt = attempt,
    report: Report = no_report,
) -> RunSummary:
    """Run the line once and return what it did; failures of single guides are in `errors`.

    Raises ConfigError before anything is fetched or paid when a setting, seed or key is wrong,
    LockedError when another run is at the same work.
    """
    started = time.perf_counter()
    async with open_kitchen(settings, db) as kitchen:
        sources = choose_sources(kitchen, request)
        check_ready(kitchen, request, sources)
        locks = [f"source {source.id}" for source in sources]
        run_id = start_run(
            db, request.kind, locks, request.as_params(), request.requested_by, request.note
        )
        summary = RunSummary(run_id)
        state = RunState.INTERRUPTED
        try:
            with _one_error():
                async with _heartbeat(db, run_id), _stove(kitchen, request) as stove:
                    line = Line(kitchen, request, summary, stove, attempt, report)
                    try:
                        await line.work(sources)
                    finally:
                        summary.notes += stove.notes()
            state = RunState.FAILED if summary.errors else RunState.DONE
        finally:
            spending = get_spending(db, run_id)
            summary.completions.cost_usd = float(spending.cost_usd)
            summary.completions.unknown_costs = spending.unknown_costs
            summary.cards.total = count_cards(db, [source.id for source in sources])
            summary.seconds.total = time.perf_counter() - started
            finish_run(db, run_id, state, summary.as_dict())
    fold_sums(db)  # what this run and the people since the last one added
    return summary


def choose_sources(kitchen: Kitchen, request: RunRequest) -> list[Source]:
    """The sources a request means. Raises ConfigError for one that is unknown or off."""
    stops = list_stops(kitchen.db)
    for source_id in request.sources:
        source = kitchen.sources.get(source_id)
        if source is None:
            known = ", ".join(sorted(kitchen.sources))
            raise ConfigError(f"There is no source {source_id}. Known are: {known}.")
        if not source.enabled:
            raise ConfigError(
                f"Source {source_id} is off: {source.disabled_reason or 'no reason given'} "
                f"Set `enabled: true` in {kitchen.settings.sources_file} to crawl it."
            )
        if source_id in stops and request.includes(Stage.PROCURE):
            raise ConfigError(_why_stopped(source_id, stops[source_id]))
    chosen = [
        source
        for source in kitchen.sources.values()
        if (source.id in request.sources if request.sources else source.enabled)
        and source.reuse is not Reuse.DO_NOT_CRAWL
        and not (source.id in stops and request.includes(Stage.PROCURE))
    ]
    if request.guides:
        for url in request.guides:
            if not any(in_scope(url, source) for source in chosen):
                raise ConfigError(f"No chosen source covers {url}. Check `spoonful sources`.")
        chosen = [
            source for source in chosen if any(in_scope(url, source) for url in request.guides)
        ]
    if not chosen:
        stopped = "".join(f" {_why_stopped(*stop)}" for stop in stops.items())
        raise ConfigError(f"No source is enabled in {kitchen.settings.sources_file}.{stopped}")
    return chosen


def _why_stopped(source_id: str, stop: Stop) -> str:
    return (
        f"Source {source_id} was stopped on {stop.at:%Y-%m-%d} by {stop.by or 'the command line'}: "
        f"{stop.note or 'no reason given'}. `spoonful sources resume {source_id}` ends that."
    )


def list_asked(db: Database, source: Source, request: RunRequest) -> list[GuideRef]:
    """The guides of a source that a request means, however it spells their addresses."""
    asked = {guide_id(source, url) for url in request.guides}
    return [
        ref
        for ref in list_guides(db, [source.id])
        if not ref.is_removed and (not asked or ref.id in asked)
    ]


def check_tones(kitchen: Kitchen, request: RunRequest) -> None:
    """Raises ConfigError for a tone or a version of one that there is not."""
    for tone in request.tones:
        if tone not in kitchen.tones:
            known = ", ".join(sorted(kitchen.tones))
            raise ConfigError(f"There is no tone {tone}. Known are: {known}.")
    if request.tone_version:
        if len(request.tones) != 1:
            raise ConfigError("A tone version goes with exactly one tone.")
        versions = [tone.version for tone in kitchen.versions[request.tones[0]]]
        if request.tone_version not in versions:
            raise ConfigError(
                f"Tone {request.tones[0]} has no version {request.tone_version}. "
                f"Known are: {', '.join(versions)}."
            )


def check_ready(kitchen: Kitchen, request: RunRequest, sources: list[Source]) -> None:
    """Raises ConfigError for what would fail later: tones, contact, models."""
    settings = kitchen.settings
    check_tones(kitchen, request)
    if request.includes(Stage.PROCURE) and not settings.contact:
        for source in sources:
            parts = urlsplit(source.homepage)
            if not {parts.netloc, parts.hostname} & settings.allow_private_hosts:
                raise ConfigError(
                    f"SPOONFUL_CONTACT is empty. {source.publisher} should be able to reach you: "
                    "set it to an e-mail address or a page about your crawler."
                )
    if request.includes(Stage.COOK):
        check_models(settings)


@contextmanager
def _one_error() -> Iterator[None]:
    """Of a group of errors that broke off together, raise the first that a stage raised."""
    try:
        yield
    except BaseExceptionGroup as group:
        ours, _ = group.split(StageError)
        if ours is None:
            raise
        error: BaseException = ours
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from group


@asynccontextmanager
async def _heartbeat(db: Database, run_id: str) -> AsyncIterator[None]:
    """Keep the run's locks while the block runs; end the block when another run has taken them."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if not keep_alive(db, run_id):
                raise LockedError(
                    "This run was silent for too long, and another one has taken over its work."
                )

    async with asyncio.TaskGroup() as group:
        task = group.create_task(beat())
        try:
            yield
        finally:
            task.cancel()


@asynccontextmanager
async def _stove(kitchen: Kitchen, request: RunRequest) -> AsyncIterator[steps.Stove]:
    settings = kitchen.settings
    limit = settings.max_cost_per_run_usd if request.max_cost_usd is None else request.max_cost_usd
    places = asyncio.Semaphore(steps.count_places(settings.model_concurrency))
    if not list_models(settings):
        yield steps.Stove(None, limit, places)
        return
    async with open_gateway(settings) as gateway:
        stove = steps.Stove(gateway, limit, places)
        try:
            yield stove
        finally:
            stove.checkers.close()
