"""Which version of a tone writes which card.

The files in tones/ are what can write, the changes people made in the database say what does. They
are read anew for every guide, so that a promotion reaches a run that is under way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stages.cook.rules import tone_rules
from stages.errors import ConfigError
from store.engine import Database
from store.settings import Settings
from store.tone_changes import Standing, list_canary_cards, list_standings
from store.tones import (
    Place,
    ToneFile,
    add_tones,
    get_tone_file,
    keep_tone_files,
    list_tone_files,
)
from tones.load import House, Tone, ToneError, list_files, load_house, parse_tone
from tones.load import ToneFile as FileRead

RULE_LANGUAGES = ("en", "zh", "zh-Hant")
"""What the rules of a tone are kept for; `zh` serves simplified Chinese."""

HASH_CHARS, LEAST_HASH_CHARS = 8, 6
"""How much of a hash is shown, and how much names a version."""

Due = dict[str, Tone]
"""Tone id to the version that writes a card."""


@dataclass(slots=True)
class Voices:
    """files: every version there is a file of, by tone, the one on top first. kept: versions read
    from the database because their file is gone, by hash.
    """

    files: dict[str, tuple[FileRead, ...]]
    house: House
    kept: dict[str, Tone] = field(default_factory=dict)

    @property
    def versions(self) -> dict[str, tuple[Tone, ...]]:
        return {tone: tuple(file.tone for file in found) for tone, found in self.files.items()}

    @property
    def tops(self) -> dict[str, Tone]:
        return {tone: found[0].tone for tone, found in self.files.items()}

    def tone_of(self, db: Database, tone_hash: str) -> Tone:
        """The version of that hash, from its file or as the database keeps it.

        Raises ConfigError when there is neither, or what is kept can no longer be read.
        """
        for found in self.files.values():
            for file in found:
                if file.tone.hash == tone_hash:
                    return file.tone
        if tone_hash not in self.kept:
            self.kept[tone_hash] = _read_kept(db, tone_hash)
        return self.kept[tone_hash]


def read_voices(settings: Settings) -> Voices:
    """The tones and the prompt they share, from their files. Raises ConfigError."""
    try:
        return Voices(list_files(settings.tones_dir), load_house(settings.tones_dir))
    except ToneError as error:
        raise ConfigError(str(error)) from error


def keep_voices(db: Database, voices: Voices) -> None:
    """Bring every version into the database: its rules for the checks, its file for later."""
    every = [file for found in voices.files.values() for file in found]
    add_tones(db, [tone_rules(file.tone, lang) for file in every for lang in RULE_LANGUAGES])
    keep_tone_files(
        db,
        [
            ToneFile(file.tone.hash, file.tone.id, file.tone.version, file.text, Place(file.place))
            for file in every
        ],
    )


def active_tones(db: Database, voices: Voices) -> dict[str, Tone]:
    """The version that writes, by tone: what was promoted last, else the file on top."""
    return _active(db, voices, list_standings(db))


def due_tones(db: Database, voices: Voices, card_ids: Sequence[str]) -> dict[str, Due]:
    """By card: the version of every tone that would write it now, canaries included."""
    standings = list_standings(db)
    active = _active(db, voices, standings)
    due = {card_id: dict(active) for card_id in card_ids}
    for tone, standing in standings.items():
        if standing.canary is None or tone not in active:
            continue
        tried = voices.tone_of(db, standing.canary.hash)
        for card_id in list_canary_cards(db, tone, standing.canary, card_ids):
            due[card_id][tone] = tried
    return due


def _active(db: Database, voices: Voices, standings: Mapping[str, Standing]) -> dict[str, Tone]:
    return {
        tone: voices.tone_of(db, standings[tone].active)
        if tone in standings and standings[tone].active
        else top
        for tone, top in voices.tops.items()
    }


def _read_kept(db: Database, tone_hash: str) -> Tone:
    file = get_tone_file(db, tone_hash)
    if file is None:
        raise ConfigError(f"There is no tone version {tone_hash[:8]}, neither as a file nor kept.")
    name = f"{file.tone} {file.version} ({tone_hash[:8]}, kept in the database)"
    try:
        return parse_tone(file.text, name)
    except ToneError as error:
        raise ConfigError(
            f"{error}. Its file is gone; promote another version: `spoonful tones list`."
        ) from error


def check_tone(voices: Voices, tone: str) -> None:
    """Raises ConfigError for a tone there is no file of."""
    if tone not in voices.files:
        raise ConfigError(f"There is no tone {tone}. Known are: {', '.join(sorted(voices.files))}.")


def find_version(db: Database, voices: Voices, tone: str, name: str) -> Tone:
    """The version somebody means: `1.1`, or the beginning of a hash as `tones list` shows it.

    Of equal version numbers the one that stands in tones/ is meant. Raises ConfigError when there
    is none, or several.
    """
    check_tone(voices, tone)
    kept = [file for file in list_tone_files(db) if file.tone == tone]
    by_name = [file for file in kept if file.version == name]
    found = [file for file in by_name if file.place is not Place.GONE] or by_name
    if not found and len(name) >= LEAST_HASH_CHARS:
        found = [file for file in kept if file.hash.startswith(name.lower())]
    if len(found) == 1:
        return voices.tone_of(db, found[0].hash)
    kept.sort(key=lambda file: [int(part) for part in file.version.split(".")])
    known = ", ".join(f"{file.version} ({file.hash[:HASH_CHARS]})" for file in kept)
    if found:
        raise ConfigError(f"Several versions of {tone} are called {name}; name a hash: {known}.")
    raise ConfigError(f"Tone {tone} has no version {name}. Known are: {known}.")
