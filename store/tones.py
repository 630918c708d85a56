"""The tone versions drafts were made with, so that an old draft is checked by its own rules."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import select

from stages.types import ToneRules
from store.engine import Database, take_turns, utc_now
from store.tables import ToneRow
from store.values import dump, load


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
