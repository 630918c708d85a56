"""What the queue is sorted, counted and searched by: one narrow row per card, kept with the truth.

A row says nothing that the other tables do not: `refresh` works it out again, and whoever changes
a draft, a card, a guide's licence, an alert or a verdict calls it, last thing in the same
transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntFlag, StrEnum
from hashlib import blake2b
from typing import Any

from sqlalchemy import Row, Table, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from stages.types import ChangeKind, Reuse, Risk, Stakes
from store.desk_tables import QueueEntryRow
from store.queue_sums import Changes, add_changes, day_of
from store.search import cut, facet, list_facets, set_words
from store.tables import DraftState, metadata

CHUNK = 200
"""Cards at a time: their drafts are asked for by id."""


class EntryState(StrEnum):
    """OPEN: a draft waits for a person. EMPTY: nothing is written yet. GONE: left its guide."""

    OPEN = "open"
    DECIDED = "decided"
    EMPTY = "empty"
    READ_ONLY = "read_only"
    GONE = "gone"


class Mark(IntFlag):
    """FLAGGED, BLOCKED, OUTDATED: one of the drafts that wait is; outdated ones were made from
    another text than the card's. CHANGED: since it came. UNSURE: its page disagrees with the
    register about the licence. WAITING: for the verdict of somebody else. OPEN, DECIDED, READ_ONLY:
    the state once more, so that one number says which views a card is in.
    """

    FLAGGED = 1
    BLOCKED = 2
    OUTDATED = 4
    HIGH_STAKES = 8
    CHANGED = 16
    UNSURE = 32
    WAITING = 64
    OPEN = 128  # the highest that an open card has
    DECIDED = 256
    READ_ONLY = 512


RISK_BITS = {Risk.LOW: 1, Risk.FLAGGED: 2, Risk.BLOCKED: 4}


def sums_with(risk: Risk) -> list[int]:
    """Every value `risks` can have of a card with such a draft."""
    return [n for n in range(sum(RISK_BITS.values()) + 1) if n & RISK_BITS[risk]]


def open_marks(with_all: Mark = Mark.OPEN, without: int = 0) -> list[int]:
    """Every value the marks of an open card can have that has all of some and none of others.

    For `IN`: how many rows `marks & n = n` leaves, no database can tell before it has looked, and
    so PostgreSQL sorts what it could read in order.
    """
    among = range(Mark.OPEN, 2 * Mark.OPEN)
    return [n for n in among if n & with_all == with_all and not n & without]


_ENTRIES: Table = metadata.tables[QueueEntryRow.__tablename__]
_CARDS: Table = metadata.tables["cards"]
_GUIDES: Table = metadata.tables["guides"]
_DRAFTS: Table = metadata.tables["drafts"]
_POSTS: Table = metadata.tables["posts"]
_VERDICTS: Table = metadata.tables["verdicts"]

_SUMMED = ("marks", "pending", "newest_at")


@dataclass(slots=True)
class _Truth:
    """What the entries of some cards are made of."""

    cards: Sequence[Row[Any]]
    drafts: Mapping[str, list[Row[Any]]] = field(default_factory=dict)
    alerted: frozenset[str] = frozenset()
    verdicts: Mapping[int, set[int]] = field(default_factory=dict)


def refresh(session: Session, card_ids: Sequence[str]) -> None:
    """Bring the entries of these cards up to what the other tables say, in a few statements.

    Call it last: it locks the entries, so that of two transactions about one card the later one
    sees what the earlier one did.
    """
    session.flush()
    ids = sorted(set(card_ids))
    changes = Changes()
    for at in range(0, len(ids), CHUNK):
        _refresh(session, ids[at : at + CHUNK], changes)
    add_changes(session, changes)


def refresh_guides(session: Session, guide_ids: Sequence[str]) -> None:
    """The same for all cards of these guides."""
    session.flush()
    ids = session.execute(select(_CARDS.c.id).where(_CARDS.c.guide_id.in_(guide_ids)))
    refresh(session, ids.scalars().all())


def refresh_drafts(session: Session, draft_ids: Sequence[int]) -> None:
    """The same for the cards of these drafts."""
    session.flush()
    ids = session.execute(select(_DRAFTS.c.card_id).where(_DRAFTS.c.id.in_(draft_ids)))
    refresh(session, ids.scalars().all())


def refresh_missing(session: Session) -> int:
    """Make the entries of cards that have none; returns how many."""
    missing = select(_CARDS.c.id).where(_CARDS.c.id.not_in(select(_ENTRIES.c.card_id)))
    ids = session.execute(missing).scalars().all()
    refresh(session, ids)
    return len(ids)


def _refresh(session: Session, ids: Sequence[str], changes: Changes) -> None:
    known = _lock(session, ids)
    if len(known) < len(ids):
        dialect = session.connection().dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        blank = QueueEntryRow(card_id="").model_dump(exclude={"id", "card_id"})
        session.execute(
            insert(_ENTRIES).on_conflict_do_nothing(index_elements=["card_id"]),
            [{**blank, "card_id": card_id} for card_id in ids if card_id not in known],
        )
        known = _lock(session, ids)
    truth = _read(session, ids)
    facets = {card.id: _facets(card, truth.drafts.get(card.id, [])) for card in truth.cards}
    values = [_values(card, truth, facets[card.id]) for card in truth.cards]
    session.execute(_UPDATE, [{f"new_{name}": row[name] for name in row} for row in values])
    _note_changes(session, known, values, facets, changes)
    stale = {
        row["card_id"]: known[row["card_id"]].id
        for row in values
        if row["said"] != known[row["card_id"]].said
    }
    if stale:
        texts = session.execute(
            select(_CARDS.c.id, _CARDS.c.title, _CARDS.c.text).where(_CARDS.c.id.in_(list(stale)))
        )
        set_words(
            session,
            {stale[row.id]: (*cut(f"{row.title}\n{row.text}"), *facets[row.id]) for row in texts},
        )


def _lock(session: Session, ids: Sequence[str]) -> dict[str, Row[Any]]:
    rows = session.execute(
        select(*_ENTRIES.c["id", "card_id", "said", *_SUMMED])
        .where(_ENTRIES.c.card_id.in_(ids))
        .order_by(_ENTRIES.c.card_id)
        .with_for_update()
    )
    return {row.card_id: row for row in rows}


def _note_changes(
    session: Session,
    known: Mapping[str, Row[Any]],
    values: Sequence[Mapping[str, Any]],
    facets: Mapping[str, Sequence[str]],
    changes: Changes,
) -> None:
    """Of entries that are not what they were before; a new one was nothing."""
    changed = []
    for row in values:
        before = known[row["card_id"]]
        if any(row[name] != before._mapping[name] for name in ("said", *_SUMMED)):
            changed.append((before, row))
    had = list_facets(session, [before.id for before, _ in changed if before.said])
    for before, row in changed:
        if before.said:
            changes.note(-1, had[before.id], *(before._mapping[name] for name in _SUMMED))
        changes.note(1, facets[row["card_id"]], *(row[name] for name in _SUMMED))


def _read(session: Session, ids: Sequence[str]) -> _Truth:
    cards = session.execute(
        select(
            *_CARDS.c["id", "guide_id", "title", "body_hash", "lang", "topics", "stakes"],
            *_CARDS.c["position", "stages", "change", "removed_at"],
            *_GUIDES.c["source_id", "reuse", "licence_finding"],
        )
        .join(_GUIDES, _GUIDES.c.id == _CARDS.c.guide_id)
        .where(_CARDS.c.id.in_(ids))
    ).all()
    # Which drafts stand is asked here: SQLite would go by that, through all that stand, instead.
    columns = ("id", "card_id", "tone", "tone_version", "model", "risk", "state", "version")
    found = session.execute(
        select(*_DRAFTS.c[*columns, "body_hash", "created_at", "is_current"]).where(
            _DRAFTS.c.card_id.in_(ids)
        )
    ).all()
    drafts = defaultdict(list)
    for row in found:
        if row.is_current:
            drafts[row.card_id].append(row)
    by_id = {row.id: row for row in found}
    alerted = session.execute(
        select(_POSTS.c.draft_id).where(_POSTS.c.draft_id.in_(list(by_id)), _POSTS.c.alert != "")
    ).scalars()
    return _Truth(
        cards,
        drafts,
        frozenset(by_id[draft_id].card_id for draft_id in alerted),
        _read_verdicts(session, by_id),
    )


def _read_verdicts(session: Session, drafts: Mapping[int, Row[Any]]) -> dict[int, set[int]]:
    """Who has said what they think of a draft as it stands, by draft."""
    found = defaultdict(set)
    for row in session.execute(
        select(*_VERDICTS.c["draft_id", "version", "user_id"]).where(
            _VERDICTS.c.draft_id.in_(list(drafts)), _VERDICTS.c.withdrawn_at.is_(None)
        )
    ):
        if row.version == drafts[row.draft_id].version:
            found[row.draft_id].add(row.user_id)
    return found


def _values(card: Row[Any], truth: _Truth, facets: Sequence[str]) -> dict[str, Any]:
    drafts = truth.drafts.get(card.id, [])
    pending = _pending(drafts)
    times = [draft.created_at for draft in pending]
    oldest = min(times) if times else max((draft.created_at for draft in drafts), default=None)
    is_high = card.stakes == Stakes.HIGH
    is_alerted = card.id in truth.alerted
    said = [truth.verdicts.get(draft.id, set()) for draft in pending]
    first_by = sorted({user for users in said if len(users) == 1 for user in users})
    state = _state(card, len(pending), len(drafts))
    marks = {
        Mark.FLAGGED: any(draft.risk == Risk.FLAGGED for draft in pending),
        Mark.BLOCKED: any(draft.risk == Risk.BLOCKED for draft in pending),
        Mark.OUTDATED: any(draft.body_hash != card.body_hash for draft in pending),
        Mark.HIGH_STAKES: is_high,
        Mark.CHANGED: is_alerted or card.change in (ChangeKind.MATERIAL, ChangeKind.REWORDED),
        Mark.UNSURE: bool(card.licence_finding),
        Mark.WAITING: bool(first_by),
        Mark.OPEN: state is EntryState.OPEN,
        Mark.DECIDED: state is EntryState.DECIDED,
        Mark.READ_ONLY: state is EntryState.READ_ONLY,
    }
    return {
        "card_id": card.id,
        "guide_id": card.guide_id,
        "source_id": card.source_id,
        "lang": card.lang,
        "position": card.position,
        "state": state.value,
        "rank": (0 if is_alerted else 2) + (0 if is_high else 1),
        "day": day_of(oldest),
        "marks": sum(mark for mark, is_set in marks.items() if is_set),
        "risks": sum({RISK_BITS[Risk(draft.risk)] for draft in pending or drafts}),
        "pending": len(pending),
        "first_by": ",".join(map(str, first_by)),
        "oldest_at": min(times, default=None),
        "newest_at": max(times, default=None),
        "said": _digest(card.body_hash, card.title, *facets),
    }


def _pending(drafts: Sequence[Row[Any]]) -> list[Row[Any]]:
    return [draft for draft in drafts if draft.state == DraftState.PENDING]


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()


def _state(card: Row[Any], pending: int, total: int) -> EntryState:
    if card.removed_at is not None:
        return EntryState.GONE
    if card.reuse != Reuse.ADAPT_OK:
        return EntryState.READ_ONLY
    if pending:
        return EntryState.OPEN
    return EntryState.DECIDED if total else EntryState.EMPTY


def _facets(card: Row[Any], drafts: Sequence[Row[Any]]) -> list[str]:
    """What the card can be found by beside its words: its own, and of the drafts that wait, or of
    all if none does.
    """
    found = [facet("topic", topic) for topic in card.topics]
    found += [facet("stage", stage) for stage in card.stages]
    for draft in _pending(drafts) or drafts:
        found += [
            facet("tone", draft.tone),
            facet(draft.tone, draft.risk),
            facet("model", draft.model),
            facet("version", f"{draft.tone}@{draft.tone_version}"),
        ]
    return sorted(set(found))


_UPDATE = (
    update(_ENTRIES)
    .where(_ENTRIES.c.card_id == bindparam("new_card_id"))
    .values(
        {
            name: bindparam(f"new_{name}", type_=_ENTRIES.c[name].type)
            for name in _ENTRIES.c.keys()  # noqa: SIM118  # a collection of columns, not a dict
            if name not in ("id", "card_id")
        }
    )
)
