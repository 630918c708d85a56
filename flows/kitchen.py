"""Everything a run works with, opened once and closed at its end."""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from stages.cook.rules import tone_rules
from stages.errors import ConfigError, PermanentError, StageError
from stages.policy import Policy
from stages.seeds import load_groups, load_policy, load_sources
from stages.types import Group, Source
from store.embeddings import add_embeddings, get_embeddings
from store.engine import Database, open_database
from store.groups import set_groups
from store.migrate import check_version, get_version, migrate
from store.parking import list_parked
from store.settings import Settings, prepare_home
from store.snapshots import Snapshots
from store.sources import set_sources
from store.tones import add_tones
from tones.load import House, Tone, ToneError, list_versions, load_house

if TYPE_CHECKING:
    from stages.plate.embed import Vector
    from stages.procure.fetch import Fetcher

T = TypeVar("T")

RULE_LANGUAGES = ("en", "zh", "zh-Hant")
"""What the rules of a tone are kept for; `zh` serves simplified Chinese."""

EXTRACT_TIMEOUT_S = 60.0
"""One page; a table of 60,000 rows takes 4 s."""


class _HangError(Exception):
    """Work took longer than it may."""


class Workers:
    """A small pool of processes for extraction, started when first needed.

    Threads gain nothing there and lxml has crashed in them; a page that kills its process or runs
    over time costs that page and a new pool. Work waits here and not in the pool, so its time
    counts from when it begins.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None
        self._places = asyncio.Semaphore(count)

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """work(*arguments) in another process. Raises PermanentError when it dies, hangs or fails.

        StageErrors of the work itself come through.
        """
        async with self._places:
            pool = self._pool = self._pool or _start_pool(self._count)
            try:
                return await _ask(pool, work, arguments)
            except BrokenProcessPool:
                self._drop(pool)
            except _HangError as error:
                self._drop(pool)
                raise PermanentError(str(error)) from error
            # The pool does not say which of its pages it died of: each is asked again by itself.
            pool = _start_pool(1)
            try:
                return await _ask(pool, work, arguments)
            except BrokenProcessPool as error:
                raise PermanentError("the extractor crashed on this page") from error
            except _HangError as error:
                raise PermanentError(str(error)) from error
            finally:
                _end(pool)

    def close(self) -> None:
        if self._pool is not None:
            self._drop(self._pool)

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        if self._pool is pool:
            self._pool = None
        _end(pool)


@dataclass(slots=True)
class Kitchen:
    """tones: the active version by id; versions: all of them."""

    settings: Settings
    db: Database
    snapshots: Snapshots
    sources: dict[str, Source]
    groups: tuple[Group, ...]
    policy: Policy
    tones: dict[str, Tone]
    versions: dict[str, tuple[Tone, ...]]
    house: House
    fetcher: Fetcher
    workers: Workers
    policy_hash: str
    groups_hash: str
    _embed: Callable[[Sequence[str]], list[Vector]] | None = field(default=None)

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Vectors of texts, each embedded once in the life of the database. May take seconds."""
        self._embed = self._embed or _open_embed(self.settings, self.db)
        return self._embed(texts)


def open_store(settings: Settings) -> Database:
    """The database of these settings, made if there is none.

    Raises ConfigError when it waits for `spoonful migrate` or is from a later version.
    """
    prepare_home(settings)
    db = open_database(settings.effective_database_url)
    if not get_version(db):
        migrate(db)
    elif not check_version(db):
        raise ConfigError(
            "The database is from an earlier Spoonful. Back it up, then run `spoonful migrate`."
        )
    return db


@asynccontextmanager
async def open_kitchen(
    settings: Settings, db: Database, *, writes: bool = True
) -> AsyncIterator[Kitchen]:
    """Read the seeds and tones, bring them into the database if it writes, open the crawler.

    Raises ConfigError naming file, line and key of what is wrong.
    """
    from stages.procure.fetch import Fetcher  # 0.3 s that `spoonful --help` need not pay

    sources = load_sources(settings.sources_file)
    groups = load_groups(settings.groups_file)
    policy = load_policy(settings.policy_file)
    versions, house = load_voices(settings)
    tones = {tone_id: found[0] for tone_id, found in versions.items()}
    if writes:
        every = [tone for found in versions.values() for tone in found]
        set_sources(db, sources)
        set_groups(db, groups)
        add_tones(db, [tone_rules(tone, lang) for tone in every for lang in RULE_LANGUAGES])
    workers = Workers(os.cpu_count() or 2)
    try:
        async with Fetcher(
            settings.user_agent,
            allow_private=settings.allow_private_hosts,
            parked=list_parked(db),
        ) as fetcher:
            yield Kitchen(
                settings=settings,
                db=db,
                snapshots=Snapshots(settings.snapshots_url),
                sources={source.id: source for source in sources},
                groups=groups,
                policy=policy,
                tones=tones,
                versions=versions,
                house=house,
                fetcher=fetcher,
                workers=workers,
                policy_hash=hash_parts(repr(policy)),
                groups_hash=hash_parts(repr(groups), settings.embedding_model),
            )
    finally:
        workers.close()


def load_voices(settings: Settings) -> tuple[dict[str, tuple[Tone, ...]], House]:
    """All tone versions by id, active first, and the prompt they share. Raises ConfigError."""
    try:
        return list_versions(settings.tones_dir), load_house(settings.tones_dir)
    except ToneError as error:
        raise ConfigError(str(error)) from error


def hash_parts(*parts: str) -> str:
    """One short hash over several texts, none of which can run into the next."""
    joined = "\x1f".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()[:32]


def _open_embed(settings: Settings, db: Database) -> Callable[[Sequence[str]], list[Vector]]:
    from stages.plate.embed import from_bytes, open_embedder, to_bytes  # loads 95 MB of weights

    embedder = open_embedder(settings.embedding_model)

    def embed(texts: Sequence[str]) -> list[Vector]:
        known = get_embeddings(db, embedder.name, texts)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            fresh = {
                text: to_bytes(vector)
                for text, vector in zip(missing, embedder.embed(missing), strict=True)
            }
            add_embeddings(db, embedder.name, fresh)
            known |= fresh
        return [from_bytes(known[text]) for text in texts]

    return embed


async def _ask(
    pool: ProcessPoolExecutor, work: Callable[..., T], arguments: tuple[object, ...]
) -> T:
    """Raises BrokenProcessPool when the pool ended meanwhile, _HangError, what Workers.run does."""
    future = asyncio.get_running_loop().run_in_executor(pool, work, *arguments)
    try:
        await asyncio.wait((future,), timeout=EXTRACT_TIMEOUT_S)
        if not future.done():
            raise _HangError(f"extraction took more than {EXTRACT_TIMEOUT_S:.0f} s and was ended")
    finally:
        future.cancel()  # nothing to a future that is done
    if future.cancelled():  # by _end, for another page
        raise BrokenProcessPool("the pool was ended before the work began")
    try:
        return future.result()
    except (BrokenProcessPool, StageError):
        raise
    except Exception as error:  # whatever a hostile page can make a parser raise costs that page
        name = type(error).__name__
        raise PermanentError(f"the extractor failed on this page: {name}") from error


def _end(pool: ProcessPoolExecutor) -> None:
    """End the pool's processes at once, and with them what they work on."""
    processes = list((pool._processes or {}).values())  # no public way to end a hanging worker
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
    for process in processes:
        process.join(timeout=5)


def _start_pool(count: int) -> ProcessPoolExecutor:
    # spawn: a fork of a process with threads (the event loop's, litellm's) can hang.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(
        count, mp_context=context, initializer=_prepare_worker, initargs=(os.getpid(),)
    )


def _prepare_worker(parent: int) -> None:
    """Ctrl-C is the parent's to handle; and a worker must not outlive a parent that was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
