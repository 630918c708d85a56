"""Everything a run works with, opened once and closed at its end."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flows.workers import Workers
from stages.cook.rules import tone_rules
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
from store.tones import add_tones
from tones.load import House, Tone, ToneError, list_versions, load_house

if TYPE_CHECKING:
    from stages.plate.embed import Vector
    from stages.procure.fetch import Fetcher

RULE_LANGUAGES = ("en", "zh", "zh-Hant")
"""What the rules of a tone are kept for; `zh` serves simplified Chinese."""


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
