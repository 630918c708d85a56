"""Everything a run works with, opened once and closed at its end."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flows.voices import Due, Voices, due_tones, keep_voices, read_voices
from flows.workers import Workers
from stages.errors import ConfigError
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
from store.tones import set_flag_limits
from tones.load import House, Tone

if TYPE_CHECKING:
    from stages.plate.embed import Vector
    from stages.procure.fetch import Fetcher


@dataclass(slots=True)
class Kitchen:
    """voices: the tones in all their versions; `due_tones` says which one writes a card."""

    settings: Settings
    db: Database
    snapshots: Snapshots
    sources: dict[str, Source]
    groups: tuple[Group, ...]
    policy: Policy
    voices: Voices
    fetcher: Fetcher
    workers: Workers
    policy_hash: str
    groups_hash: str
    _embed: Callable[[Sequence[str]], list[Vector]] | None = field(default=None)

    @property
    def tones(self) -> dict[str, Tone]:
        """The file on top of every tone, by id."""
        return self.voices.tops

    @property
    def versions(self) -> dict[str, tuple[Tone, ...]]:
        """Every version there is a file of, by tone."""
        return self.voices.versions

    @property
    def house(self) -> House:
        return self.voices.house

    def due_tones(self, card_ids: Sequence[str]) -> dict[str, Due]:
        """By card: the version of every tone that writes it at this moment."""
        return due_tones(self.db, self.voices, card_ids)

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
    voices = read_voices(settings)
    if writes:
        set_sources(db, sources)
        set_groups(db, groups)
        keep_voices(db, voices)
        set_flag_limits(db, policy.flag_from)
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
                voices=voices,
                fetcher=fetcher,
                workers=workers,
                policy_hash=hash_parts(repr(policy)),
                groups_hash=hash_parts(repr(groups), settings.embedding_model),
            )
    finally:
        workers.close()


def load_voices(settings: Settings) -> tuple[dict[str, tuple[Tone, ...]], House]:
    """All tone versions by id, the one on top first, and the prompt they share.

    Raises ConfigError.
    """
    voices = read_voices(settings)
    return voices.versions, voices.house


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
