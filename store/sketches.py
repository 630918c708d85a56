"""Sketches of cards, by which near-duplicates in the library are found, and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Table, bindparam, delete, insert, update
from sqlalchemy import select as sql_select
from sqlmodel import col

from store.engine import Database, take_turns
from store.tables import CardRow, SketchRow, metadata

_SKETCHES: Table = metadata.tables["sketches"]
_CARDS: Table = metadata.tables["cards"]

BATCH = 1_000
"""Cards in one transaction; databases take 32,766 parameters in a statement, some fewer."""


def add_sketches(db: Database, sketches: Mapping[str, tuple[str, bytes]]) -> None:
    """Keep a sketch per card id, in place of an earlier one. With each goes the body hash of the
    text it was made of: one whose card says something else by now is left out.
    """
    for ids in _batches(sorted(sketches)):
        with db.write() as session:
            take_turns(session.connection(), "sketches")
            found = session.execute(
                sql_select(_CARDS.c.id, _CARDS.c.body_hash)
                .where(_CARDS.c.id.in_(ids))
                .order_by(_CARDS.c.id)
                .with_for_update()
            ).all()
            valid = [id for id, body_hash in found if body_hash == sketches[id][0]]
            session.execute(delete(_SKETCHES).where(_SKETCHES.c.card_id.in_(valid)))
            if valid:
                rows = [{"card_id": id, "sketch": sketches[id][1]} for id in valid]
                session.execute(insert(_SKETCHES), rows)


@dataclass(frozen=True, slots=True)
class Unsketched:
    """A live card that has no sketch of its present text."""

    card_id: str
    guide_id: str
    body_hash: str
    text: str
    lang: str


def list_unsketched(db: Database) -> tuple[Unsketched, ...]:
    """By card id; a card that changes loses its sketch (`store.cards` sees to it)."""
    query = (
        sql_select(_CARDS.c.id, _CARDS.c.guide_id, _CARDS.c.body_hash, _CARDS.c.text, _CARDS.c.lang)
        .outerjoin(_SKETCHES, _SKETCHES.c.card_id == _CARDS.c.id)
        .where(_CARDS.c.removed_at.is_(None), _SKETCHES.c.card_id.is_(None))
        .order_by(_CARDS.c.id)
    )
    with db.read() as session:
        return tuple(Unsketched(*row) for row in session.execute(query))


def load_sketches(db: Database) -> tuple[tuple[str, str, bytes], ...]:
    """Card id, guide id and sketch of every live card that has one, by card id."""
    query = (
        sql_select(col(CardRow.id), col(CardRow.guide_id), col(SketchRow.sketch))
        .join(SketchRow, col(SketchRow.card_id) == col(CardRow.id))
        .where(col(CardRow.removed_at).is_(None))
        .order_by(col(CardRow.id))
    )
    with db.read() as session:
        return tuple((row[0], row[1], row[2]) for row in session.execute(query))


def set_twins(db: Database, twins: Mapping[str, str]) -> None:
    """Note per card id the card that says nearly the same, '' for none; others stay as they are."""
    for ids in _batches(sorted(twins)):
        with db.write() as session:
            session.execute(
                update(_CARDS)
                .where(_CARDS.c.id == bindparam("at_card"), _CARDS.c.twin_id != bindparam("said"))
                .values(twin_id=bindparam("said")),
                [{"at_card": card_id, "said": twins[card_id]} for card_id in ids],
            )


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
