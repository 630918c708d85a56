"""The record: everything people did, the latest first, one page or a whole export at a time.

Four kinds of rows are never rewritten: decisions on drafts and posts, on pages and sources, on tone
versions, and changes of accounts. A verdict that waits for a second person is none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, false
from sqlalchemy import select as sql_select
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlmodel import col

from store.desk_tables import AccountChangeRow
from store.engine import Database
from store.tables import (
    CardRow,
    DecisionRow,
    DraftRow,
    GuideRow,
    PageDecisionRow,
    PageRow,
    ToneChangeRow,
    ToneFileRow,
    ToneRow,
    UserRow,
)

BATCH = 500
"""Rows of an export read at a time: no transaction stays open while somebody's line is slow."""
COMMAND_LINE = "-"
"""As a person in a filter: what nobody signed in did."""


class Kind(StrEnum):
    DECISIONS = "decisions"
    PAGES = "pages"
    TONES = "tones"
    ACCOUNTS = "accounts"


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Empty fields do not filter; a field that a kind knows nothing of leaves that kind empty.

    person: a user's name, or COMMAND_LINE. since, until: half-open.
    """

    kind: Kind = Kind.DECISIONS
    person: str = ""
    action: str = ""
    source_id: str = ""
    tone: str = ""
    card_id: str = ""
    draft_id: int | None = None
    batch: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing somebody did. user: '' for the command line. about: what it was done to, for
    people: a card's title, a page's, a tone, an account. before, after: what the row keeps.

    tone_version, tone_hash, model, key: of the draft as it was cooked (key: of card text, tone
    version, model and generation). undoes_id: the entry it took back; is_undone: it was taken back.
    """

    kind: Kind
    id: int
    at: datetime
    user: str
    action: str
    about: str
    note: str = ""
    reason: str = ""
    lang: str = ""
    card_id: str = ""
    guide_id: str = ""
    guide_title: str = ""
    source_id: str = ""
    page_key: str = ""
    draft_id: int | None = None
    tone: str = ""
    tone_version: str = ""
    tone_hash: str = ""
    model: str = ""
    key: str = ""
    active_s: float | None = None
    batch: str = ""
    undoes_id: int | None = None
    is_undone: bool = False
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


def list_entries(
    db: Database, wanted: AuditFilter, below: int | None = None, limit: int = 50
) -> tuple[Entry, ...]:
    """The latest first. below: only entries with a lower id, to turn pages by."""
    query, make, row_id = _KINDS[wanted.kind](wanted)
    if below is not None:
        query = query.where(row_id < below)
    with db.read() as session:
        return tuple(
            make(row) for row in session.execute(query.order_by(row_id.desc()).limit(limit))
        )


def iterate_entries(db: Database, wanted: AuditFilter) -> Iterator[tuple[Entry, ...]]:
    """All of them, the latest first, in batches; each is read in a transaction of its own."""
    below: int | None = None
    while batch := list_entries(db, wanted, below, BATCH):
        yield batch
        if len(batch) < BATCH:
            return
        below = batch[-1].id


def list_people(db: Database) -> tuple[str, ...]:
    """Names of everybody who ever had an account."""
    with db.read() as session:
        return tuple(
            session.execute(sql_select(col(UserRow.name)).order_by(col(UserRow.name))).scalars()
        )


def list_tone_names(db: Database) -> tuple[str, ...]:
    """Of all tones drafts were ever written in."""
    with db.read() as session:
        query = sql_select(col(ToneRow.tone)).distinct().order_by(col(ToneRow.tone))
        return tuple(session.execute(query).scalars())


_Plan = tuple[Select[Any], Callable[[Any], Entry], InstrumentedAttribute[Any]]


def _decisions(wanted: AuditFilter) -> _Plan:
    undo = aliased(DecisionRow)
    query = (
        sql_select(
            DecisionRow,
            col(UserRow.name),
            *_columns(DraftRow, "card_id", "tone", "tone_version", "tone_hash", "model", "key"),
            *_columns(CardRow, "title", "lang", "guide_id"),
            col(GuideRow.title).label("guide_title"),
            col(GuideRow.source_id),
            col(undo.id).label("undo_id"),
        )
        .join(UserRow, col(UserRow.id) == col(DecisionRow.user_id))
        .join(DraftRow, col(DraftRow.id) == col(DecisionRow.draft_id))
        .join(CardRow, col(CardRow.id) == col(DraftRow.card_id))
        .join(GuideRow, col(GuideRow.id) == col(CardRow.guide_id))
        .outerjoin(undo, col(undo.undoes_id) == col(DecisionRow.id))
    )
    query = _narrow(query, wanted, DecisionRow)
    for value, column in (
        (wanted.source_id, col(GuideRow.source_id)),
        (wanted.tone, col(DraftRow.tone)),
        (wanted.card_id, col(DraftRow.card_id)),
        (wanted.batch, col(DecisionRow.batch)),
    ):
        query = query.where(column == value) if value else query
    if wanted.draft_id is not None:
        query = query.where(col(DecisionRow.draft_id) == wanted.draft_id)
    return query, _decision, _id(DecisionRow)


def _decision(row: Any) -> Entry:
    decision: DecisionRow = row[0]
    return Entry(
        Kind.DECISIONS,
        decision.id or 0,
        decision.at,
        row.name,
        decision.action,
        row.title,
        decision.note,
        decision.reason,
        lang=row.lang,
        card_id=row.card_id,
        guide_id=row.guide_id,
        guide_title=row.guide_title,
        source_id=row.source_id,
        draft_id=decision.draft_id,
        tone=row.tone,
        tone_version=row.tone_version,
        tone_hash=row.tone_hash,
        model=row.model,
        key=row.key,
        active_s=decision.active_s,
        batch=decision.batch,
        undoes_id=decision.undoes_id,
        is_undone=row.undo_id is not None,
        before=decision.before,
        after=decision.after,
    )


def _pages(wanted: AuditFilter) -> _Plan:
    query = (
        sql_select(PageDecisionRow, col(UserRow.name), col(PageRow.title), col(PageRow.url))
        .outerjoin(UserRow, col(UserRow.id) == col(PageDecisionRow.user_id))
        .outerjoin(PageRow, col(PageRow.key) == col(PageDecisionRow.page_key))
    )
    query = _narrow(query, wanted, PageDecisionRow)
    if wanted.source_id:
        query = query.where(col(PageDecisionRow.source_id) == wanted.source_id)
    return (
        _without(query, wanted, "tone", "card_id", "draft_id", "batch"),
        _page,
        _id(PageDecisionRow),
    )


def _page(row: Any) -> Entry:
    decision: PageDecisionRow = row[0]
    return Entry(
        Kind.PAGES,
        decision.id or 0,
        decision.at,
        row.name or "",
        decision.action,
        row.title or row.url or decision.source_id,
        decision.note,
        decision.reason,
        source_id=decision.source_id,
        page_key=decision.page_key or "",
    )


def _tones(wanted: AuditFilter) -> _Plan:
    new, old = aliased(ToneFileRow), aliased(ToneFileRow)
    query: Select[Any] = (
        sql_select(
            ToneChangeRow,
            col(UserRow.name),
            col(new.version).label("version"),
            col(old.version).label("old_version"),
        )
        .outerjoin(UserRow, col(UserRow.id) == col(ToneChangeRow.user_id))
        .join(new, col(new.hash) == col(ToneChangeRow.hash))
        .join(old, col(old.hash) == col(ToneChangeRow.before_hash))
    )
    query = _narrow(query, wanted, ToneChangeRow)
    if wanted.tone:
        query = query.where(col(ToneChangeRow.tone) == wanted.tone)
    return (
        _without(query, wanted, "source_id", "card_id", "draft_id", "batch"),
        _tone,
        _id(ToneChangeRow),
    )


def _tone(row: Any) -> Entry:
    change: ToneChangeRow = row[0]
    after: dict[str, Any] = {"version": row.version, "hash": change.hash}
    after |= {"share": change.share} if change.share else {}
    after |= {"groups": change.groups} if change.groups else {}
    return Entry(
        Kind.TONES,
        change.id or 0,
        change.at,
        row.name or "",
        change.action,
        change.tone,
        change.note,
        tone=change.tone,
        tone_version=row.version,
        tone_hash=change.hash,
        before={"version": row.old_version, "hash": change.before_hash},
        after=after,
    )


def _accounts(wanted: AuditFilter) -> _Plan:
    whose = aliased(UserRow)
    query: Select[Any] = (
        sql_select(AccountChangeRow, col(UserRow.name), col(whose.name).label("whose"))
        .outerjoin(UserRow, col(UserRow.id) == col(AccountChangeRow.by_id))
        .outerjoin(whose, col(whose.id) == col(AccountChangeRow.user_id))
    )
    query = _narrow(query, wanted, AccountChangeRow)
    query = _without(query, wanted, "source_id", "tone", "card_id", "draft_id", "batch")
    return query, _account, _id(AccountChangeRow)


def _account(row: Any) -> Entry:
    change: AccountChangeRow = row[0]
    return Entry(
        Kind.ACCOUNTS,
        change.id or 0,
        change.at,
        row.name or "",
        change.action,
        row.whose or "",
        after=change.detail,
    )


_KINDS: dict[Kind, Callable[[AuditFilter], _Plan]] = {
    Kind.DECISIONS: _decisions,
    Kind.PAGES: _pages,
    Kind.TONES: _tones,
    Kind.ACCOUNTS: _accounts,
}


def _narrow(query: Select[Any], wanted: AuditFilter, table: Any) -> Select[Any]:
    """By what every kind has: when, what, and who (the user the query joins)."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        conditions.append(col(table.at) >= wanted.since)
    if wanted.until is not None:
        conditions.append(col(table.at) < wanted.until)
    if wanted.action:
        conditions.append(col(table.action) == wanted.action)
    if wanted.person == COMMAND_LINE:
        conditions.append(col(UserRow.id).is_(None))
    elif wanted.person:
        conditions.append(col(UserRow.name) == wanted.person)
    return query.where(*conditions)


def _without(query: Select[Any], wanted: AuditFilter, *names: str) -> Select[Any]:
    """Nothing, if the filter asks for what this kind has not."""
    return query.where(false()) if any(getattr(wanted, name) for name in names) else query


def _columns(table: Any, *names: str) -> list[Any]:
    return [getattr(table, name) for name in names]


def _id(table: Any) -> InstrumentedAttribute[Any]:
    found: InstrumentedAttribute[Any] = table.id
    return found


def hide_pace(entry: Entry, viewer: str) -> Entry:
    """The entry without how long anybody but viewer looked, also at a first verdict in it."""
    after = dict(entry.after)
    if "verdicts" in after:
        after["verdicts"] = [
            each if each["user"] == viewer else {**each, "active_s": None}
            for each in after["verdicts"]
        ]
    own = entry.active_s if entry.user == viewer else None
    return replace(entry, active_s=own, after=after)
