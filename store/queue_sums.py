"""How many cards of the queue have which marks, and how many of their drafts wait, of all cards and
of those with one facet, such as a topic or a tone: always known.

To count 100,000 entries anew for every page was a fifth of the server's work on it, and more where
a topic had many. So whoever changes entries adds rows here, less one for what an entry was and one
more for what it is. No row is ever changed: of two people who decide at once, neither waits. All
rows together say what counting the entries would; `fold_sums` makes few of many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, case, delete, func, insert, select
from sqlmodel import Session

from store.desk_tables import QueueSumRow
from store.engine import Database, utc_now
from store.tables import metadata

_SUMS: Table = metadata.tables[QueueSumRow.__tablename__]
_DAY_S = 86_400


def day_of(moment: datetime | None) -> int:
    """Since 1970, in UTC; 0 for None."""
    return int(moment.timestamp()) // _DAY_S if moment else 0


@dataclass(frozen=True, slots=True)
class Changes:
    """By facet, marks and day: how many more cards have them, and how many more of such cards'
    drafts wait.
    """

    cards: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    drafts: Counter[tuple[str, int, int]] = field(default_factory=Counter)

    def note(
        self,
        cards: int,
        facets: Iterable[str],
        marks: int,
        pending: int,
        newest_at: datetime | None,
    ) -> None:
        """cards: 1 for what the entry of a card is, -1 for what it was."""
        day = day_of(newest_at)
        for facet in ("", *facets):
            self.cards[facet, marks, day] += cards
            self.drafts[facet, marks, day] += cards * pending


def add_changes(session: Session, changes: Changes) -> None:
    rows = [
        {"facet": facet, "marks": marks, "day": day, "cards": cards, "drafts": drafts}
        for (facet, marks, day), cards in changes.cards.items()
        if (drafts := changes.drafts[facet, marks, day]) or cards
    ]
    if rows:
        session.execute(insert(_SUMS), rows)


def read_sums(session: Session, facets: Sequence[str], now: datetime) -> Sequence[Row[Any]]:
    """A row per facet and marks that cards have or had: facet, marks, cards, drafts, and new, the
    cards of which a draft that waits is of today.
    """
    is_new = _SUMS.c.day >= day_of(now)
    query = select(
        *_SUMS.c["facet", "marks"],
        func.sum(_SUMS.c.cards).label("cards"),
        func.sum(_SUMS.c.drafts).label("drafts"),
        func.sum(case((is_new, _SUMS.c.cards), else_=0)).label("new"),
    )
    grouped = query.where(_SUMS.c.facet.in_(facets)).group_by(*_SUMS.c["facet", "marks"])
    return session.execute(grouped).all()


def fold_sums(db: Database) -> None:
    """Make one row of all that say the same, whatever day that has passed they say it of. Rows that
    others add meanwhile stay.
    """
    today = day_of(utc_now())
    changes = Changes()
    with db.write() as session:
        columns = _SUMS.c["facet", "marks", "day", "cards", "drafts"]
        for facet, marks, day, cards, drafts in session.execute(delete(_SUMS).returning(*columns)):
            key = (facet, marks, day if day >= today else 0)
            changes.cards[key] += cards
            changes.drafts[key] += drafts
        add_changes(session, changes)
