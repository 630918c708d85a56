"""What `spoonful tones list` says of a tone, with a database or without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flows.voices import HASH_CHARS, Voices, keep_voices, read_voices
from store.engine import open_database
from store.migrate import check_version, get_version
from store.settings import Settings
from store.tone_changes import Standing, list_standings
from store.tone_figures import count_versions
from store.tones import Place, list_tone_files

ORDER = (Place.TOP, Place.NEXT, Place.EARLIER, Place.GONE)


@dataclass(frozen=True, slots=True)
class VersionLine:
    """place: where its file stands. drafts: ever made with it."""

    version: str
    hash: str
    place: Place
    drafts: int

    def __str__(self) -> str:
        return f"{self.version} ({self.hash[:HASH_CHARS]})"

    def as_dict(self) -> dict[str, Any]:
        place = self.place.value or "gone"
        return {"version": self.version, "hash": self.hash, "place": place, "drafts": self.drafts}


@dataclass(frozen=True, slots=True)
class ToneLine:
    """A tone with its versions. active_hash: of the one that writes."""

    tone: str
    active_hash: str
    standing: Standing
    versions: tuple[VersionLine, ...]

    def __str__(self) -> str:
        by_hash = {version.hash: version for version in self.versions}
        active, canary = by_hash[self.active_hash], self.standing.canary
        said = [f"{self.tone}  active {active}"]
        if active.place is Place.GONE:
            said.append("its file is gone, the database keeps it")
        if canary:
            share = ", ".join(canary.groups) or f"{100 * canary.share:g} % of the cards"
            said.append(f"canary {by_hash[canary.hash]} for {share}")
        top = next((each for each in self.versions if each.place is Place.TOP), active)
        if top.hash != active.hash:
            said.append(f"the file on top is {top} and writes once it is promoted")
        named = {active.hash, top.hash, canary.hash if canary else ""}
        for place in ORDER[1:]:
            names = [
                str(each)
                for each in self.versions
                if each.place is place and each.hash not in named
            ]
            if names:
                said.append(f"{place.value or 'no longer a file'} {', '.join(names)}")
        return "  ".join(said)

    def as_dict(self) -> dict[str, Any]:
        canary = self.standing.canary
        return {
            "tone": self.tone,
            "active": self.active_hash,
            "rollback_to": self.standing.before or None,
            "canary": {"hash": canary.hash, "share": canary.share, "groups": list(canary.groups)}
            if canary
            else None,
            "versions": [version.as_dict() for version in self.versions],
        }


def list_lines(settings: Settings) -> tuple[ToneLine, ...]:
    """Every tone there is a file of.

    If there is a database, what is new among the files is kept there, so that the review pages know
    it; which version writes stays as it is. Raises ConfigError for a mistake in a file, or when the
    database cannot be opened.
    """
    voices = read_voices(settings)
    standings, figures, kept = _look(settings, voices)
    lines = []
    for tone, files in voices.files.items():
        standing = standings.get(tone, Standing(tone))
        found = {file.tone.hash: (file.tone.version, Place(file.place)) for file in files}
        for name, tone_hash, version in kept:
            if name == tone:
                found.setdefault(tone_hash, (version, Place.GONE))
        versions = [
            VersionLine(version, tone_hash, place, figures.get(tone_hash, 0))
            for tone_hash, (version, place) in found.items()
        ]
        lines.append(
            ToneLine(
                tone,
                standing.active or files[0].tone.hash,
                standing,
                tuple(sorted(versions, key=lambda each: ORDER.index(each.place))),
            )
        )
    return tuple(lines)


def _look(
    settings: Settings, voices: Voices
) -> tuple[dict[str, Standing], dict[str, int], list[tuple[str, str, str]]]:
    """Standings, drafts by version, (tone, hash, version) ever read; nothing without a database."""
    if not settings.database_url and not (settings.home_path / "spoonful.db").exists():
        return {}, {}, []
    db = open_database(settings.effective_database_url)
    try:
        if not get_version(db) or not check_version(db):
            return {}, {}, []
        keep_voices(db, voices)
        figures = {tone_hash: each.drafts for tone_hash, each in count_versions(db).items()}
        kept = [(file.tone, file.hash, file.version) for file in list_tone_files(db)]
        return list_standings(db), figures, kept
    finally:
        db.dispose()
