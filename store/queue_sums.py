"""How many cards of the queue have which marks, and how many of their drafts wait: always known.

To count 100,000 entries anew for every page was a fifth of the server's work on it. So whoever
changes entries adds rows here, less one for what an entry was and one more for what it is. No row
is ever changed: of two people who decide at once, neither waits. All rows together say what
counting the entries would; `fold_sums` makes few of many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Table, delete, func, insert, select
from sqlmodel import Session

from store.desk_tables import QueueSumRow
from store.engine import Database
from store.tables import metadata

_SUMS: Table = metadata.tables[QueueSumRow.__tablename__]
_READ = select(
    _SUMS.c.marks, func.sum(_SUMS.c.cards).label("cards"), func.sum(_SUMS.c.drafts).label("drafts")
).group_by(_SUMS.c.marks)


@dataclass(frozen=True, slots=True)
class Changes:
    """By marks: how many more cards have them, how many more of such cards' drafts wait."""

    cards: Counter[int] = field(default_factory=Counter)
    drafts: Counter[int] = field(default_factory=Counter)

    def note(self, marks: int, pending: int, cards: int = 1) -> None:
        """cards: -1 for what an entry was."""
        self.cards[marks] += cards
        self.drafts[marks] += cards * pending


def add_changes(session: Session, changes: Changes) -> None:
    rows = [
        {"marks": marks, "cards": changes.cards[marks], "drafts": changes.drafts[marks]}
        for marks in changes.cards
        if changes.cards[marks] or changes.drafts[marks]
    ]
    if rows:
        session.execute(insert(_SUMS), rows)


def read_sums(session: Session) -> Sequence[Row[Any]]:
    """A row per marks that cards have or had: marks, cards, drafts."""
    return session.execute(_READ).all()


def fold_sums(db: Database) -> None:
    """Make one row of all that have the same marks. Rows that others add meanwhile stay."""
    changes = Changes()
    with db.write() as session:
        gone = delete(_SUMS).returning(_SUMS.c.marks, _SUMS.c.cards, _SUMS.c.drafts)
        for marks, cards, drafts in session.execute(gone):
            changes.cards[marks] += cards
            changes.drafts[marks] += drafts
        add_changes(session, changes)
