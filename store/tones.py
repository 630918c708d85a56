"""Tone versions: their rules, so that an old draft is checked by its own, and their files, so that
a version can be used again when its file is gone. Which of them writes is in `store.tone_changes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlmodel import col, select

from stages.types import ToneRules
from store.engine import Database, take_turns, utc_now
from store.tables import ToneFileRow, ToneRow
from store.values import dump, load


class Place(StrEnum):
    """Where the file of a tone version stands in tones/; GONE when only the database has it."""

    TOP = "top"
    NEXT = "next"
    EARLIER = "earlier"
    GONE = ""


@dataclass(frozen=True, slots=True)
class ToneFile:
    """A tone version as its file says it. hash: of the text, as on every draft made with it."""

    hash: str
    tone: str
    version: str
    text: str
    place: Place


def add_tones(db: Database, rules: Sequence[ToneRules]) -> None:
    """Keep each tone version and language once."""
    with db.write() as session:
        take_turns(session.connection(), "tones")
        for rule in rules:
            if session.get(ToneRow, (rule.hash, rule.lang)) is None:
                session.add(
                    ToneRow(
                        hash=rule.hash,
                        lang=rule.lang,
                        tone=rule.tone,
                        version=rule.version,
                        rules=dump(ToneRules, rule),
                        first_used_at=utc_now(),
                    )
                )


def set_flag_limits(db: Database, flag_from: tuple[float, float]) -> None:
    """Hold every version to the policy's limits, so that an edited draft is judged as a new one."""
    with db.write() as session:
        take_turns(session.connection(), "tones")
        for row in session.exec(select(ToneRow)):
            rules = load(ToneRules, row.rules)
            if rules.flag_from != flag_from:
                row.rules = dump(ToneRules, replace(rules, flag_from=flag_from))
                session.add(row)


def get_tone(db: Database, tone_hash: str, lang: str) -> ToneRules | None:
    """The rules kept for lang, else those of its language without script or region."""
    with db.read() as session:
        for known in (lang, lang.partition("-")[0]):
            row = session.get(ToneRow, (tone_hash, known))
            if row:
                return load(ToneRules, row.rules)
        return None


def list_tone_versions(db: Database) -> tuple[ToneRules, ...]:
    """Every version that was ever used, by tone, version and language."""
    with db.read() as session:
        rows = session.exec(select(ToneRow).order_by(ToneRow.tone, ToneRow.version, ToneRow.lang))
        return tuple(load(ToneRules, row.rules) for row in rows)


def keep_tone_files(db: Database, files: Sequence[ToneFile]) -> None:
    """Keep every version once, for good, and note where its file stands now.

    files: all there are. Writes only what is new or has moved.
    """
    with db.write() as session:
        take_turns(session.connection(), "tones")
        known = {row.hash: row for row in session.exec(select(ToneFileRow))}
        places = {file.hash: file.place for file in files}
        for tone_hash, row in known.items():
            row.place = places.get(tone_hash, Place.GONE).value
            session.add(row)
        for file in files:
            if file.hash not in known:
                session.add(
                    ToneFileRow(
                        hash=file.hash,
                        tone=file.tone,
                        version=file.version,
                        text=file.text,
                        place=file.place.value,
                        added_at=utc_now(),
                    )
                )


def list_tone_files(db: Database) -> tuple[ToneFile, ...]:
    """Every version that was ever read, by tone, the one read last first."""
    with db.read() as session:
        rows = session.exec(
            select(ToneFileRow).order_by(
                ToneFileRow.tone, col(ToneFileRow.added_at).desc(), ToneFileRow.hash
            )
        )
        return tuple(_file(row) for row in rows)


def get_tone_file(db: Database, tone_hash: str) -> ToneFile | None:
    with db.read() as session:
        row = session.get(ToneFileRow, tone_hash)
        return _file(row) if row else None


def _file(row: ToneFileRow) -> ToneFile:
    return ToneFile(row.hash, row.tone, row.version, row.text, Place(row.place))
