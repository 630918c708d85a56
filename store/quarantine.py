"""Pages that were set aside, and what people say of them: accept, ignore, stop the whole source.

Every decision is an UPDATE guarded by what the person saw and a row of its own, at once: of two
people deciding at the same moment one wins, the other gets `StaleError`. A `user_id` of None is the
command line. What a decision leads to happens in the next run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, Table, func, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from stages.types import QuarantineReason
from store.decision_types import NotAllowedError, StaleError
from store.engine import Database, utc_now
from store.pages import PageRecord, Verdict, make_page
from store.tables import (
    GuideRow,
    PageDecisionRow,
    PageRow,
    SourceRow,
    UserRow,
    id_of,
    metadata,
)

_PAGES: Table = metadata.tables["pages"]

NO_SUCH_PAGE = "There is no such page."
NO_SUCH_SOURCE = "There is no such source."
NOT_SET_ASIDE = "This page is not set aside any more."
SETTLED = "Somebody decided about this page since you opened it. Look at it again."
NOTE_CHARS = 2000


class PageAction(StrEnum):
    ACCEPT = "accept"
    IGNORE = "ignore"
    RESTORE = "restore"
    STOP = "stop"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class PageDecision:
    """page_key: '' when it is about the whole source. user: '' for the command line. reason: why
    the page was set aside at that time.
    """

    id: int
    page_key: str
    source_id: str
    user: str
    action: PageAction
    reason: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class QuarantinedPage:
    """record.quarantine is there. guide_id, guide_title: of the guide that stands from an earlier
    look, '' if none. decision: the last one about this page. is_stopped: its whole source is.
    """

    record: PageRecord
    source_id: str
    publisher: str
    guide_id: str
    guide_title: str
    decision: PageDecision | None
    is_stopped: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """A source nothing is fetched from until a person resumes it. by: '' for the command line."""

    at: datetime
    by: str
    note: str


def list_quarantined(
    db: Database, *, include_settled: bool = False, limit: int = 200, offset: int = 0
) -> tuple[QuarantinedPage, ...]:
    """Pages that were set aside, the latest first.

    Settled are those with a verdict and all of a source that is stopped.
    """
    query = (
        _quarantined(include_settled)
        .add_columns(
            col(GuideRow.id).label("standing_id"),
            col(GuideRow.title).label("guide_title"),
            col(SourceRow.spec).label("spec"),
            col(SourceRow.stopped_at).label("stopped_at"),
        )
        .order_by(_PAGES.c.fetched_at.desc(), _PAGES.c.key)
        .limit(limit)
        .offset(offset)
    )
    with db.read() as session:
        rows = session.execute(query).all()
        last = _last_decisions(session, [row.key for row in rows])
    return tuple(
        QuarantinedPage(
            record=make_page(row),
            source_id=row.source_id,
            publisher=str(row.spec["publisher"]),
            guide_id=row.standing_id or "",
            guide_title=row.guide_title or "",
            decision=last.get(row.key),
            is_stopped=row.stopped_at is not None,
        )
        for row in rows
    )


def count_quarantined(db: Database) -> int:
    """Pages that wait for a person."""
    query = _quarantined(include_settled=False).with_only_columns(
        func.count(), maintain_column_froms=True
    )
    with db.read() as session:
        return int(session.execute(query).scalar_one())


def accept_page(
    db: Database,
    key: str,
    user_id: int | None,
    note: str = "",
    *,
    seen: QuarantineReason | None = None,
) -> int:
    """The page is a guide all the same; returns the decision's id.

    seen: the reason the person read. Raises NotAllowedError when there is no such page, StaleError
    when it is not set aside any more, for another reason, or somebody decided already.
    """
    return _settle(db, key, user_id, note, PageAction.ACCEPT, seen)


def ignore_page(
    db: Database,
    key: str,
    user_id: int | None,
    note: str = "",
    *,
    seen: QuarantineReason | None = None,
) -> int:
    """The page is rightly set aside and need not be shown any more; as `accept_page` otherwise."""
    return _settle(db, key, user_id, note, PageAction.IGNORE, seen)


def restore_page(db: Database, key: str, user_id: int | None, note: str = "") -> int:
    """Take the verdict on a page back; returns the decision's id.

    Raises NotAllowedError when there is no such page, StaleError when it has no verdict.
    """
    with db.write() as session:
        page = _load_page(session, key)
        changed = session.execute(
            update(_PAGES)
            .where(_PAGES.c.key == key, _PAGES.c.verdict != Verdict.NONE.value)
            .values(verdict=Verdict.NONE.value)
        )
        if _count(changed) != 1:
            raise StaleError("The verdict on this page was taken back already.")
        reason = page.quarantine_reason
        return _add(session, PageAction.RESTORE, page.source_id, user_id, note, key, reason)


def stop_source(db: Database, source_id: str, user_id: int | None, note: str = "") -> int:
    """Fetch nothing from a source until it is resumed; returns the decision's id.

    What it has given stays. Raises NotAllowedError when there is no such source, StaleError when it
    is stopped already.
    """
    with db.write() as session:
        if not _set_stop(session, source_id, utc_now()):
            raise StaleError("This source is stopped already.")
        return _add(session, PageAction.STOP, source_id, user_id, note)


def resume_source(db: Database, source_id: str, user_id: int | None, note: str = "") -> int:
    """Let a stopped source be fetched again; returns the decision's id.

    Raises NotAllowedError when there is no such source, StaleError when it is not stopped.
    """
    with db.write() as session:
        if not _set_stop(session, source_id, None):
            raise StaleError("This source is not stopped any more.")
        return _add(session, PageAction.RESUME, source_id, user_id, note)


def list_stops(db: Database) -> dict[str, Stop]:
    """Stopped sources by id."""
    stops = (
        sql_select(func.max(col(PageDecisionRow.id)))
        .where(col(PageDecisionRow.action) == PageAction.STOP.value)
        .group_by(col(PageDecisionRow.source_id))
    )
    query = (
        sql_select(col(SourceRow.id), SourceRow.stopped_at, UserRow.name, PageDecisionRow.note)  # type: ignore[call-overload]
        .join(PageDecisionRow, col(PageDecisionRow.source_id) == col(SourceRow.id))
        .outerjoin(UserRow, col(UserRow.id) == col(PageDecisionRow.user_id))
        .where(col(SourceRow.stopped_at).is_not(None), col(PageDecisionRow.id).in_(stops))
        .order_by(col(SourceRow.id))
    )
    with db.read() as session:
        rows = session.execute(query).all()
        return {row[0]: Stop(at=row[1], by=row[2] or "", note=row[3]) for row in rows}


def list_page_decisions(
    db: Database, limit: int = 100, *, page_key: str | None = None, source_id: str | None = None
) -> tuple[PageDecision, ...]:
    """The latest first; page_key, source_id: only theirs."""
    query = _decisions().order_by(col(PageDecisionRow.id).desc()).limit(limit)
    if page_key is not None:
        query = query.where(col(PageDecisionRow.page_key) == page_key)
    if source_id is not None:
        query = query.where(col(PageDecisionRow.source_id) == source_id)
    with db.read() as session:
        return tuple(_decision(*row) for row in session.execute(query))


def _quarantined(include_settled: bool) -> Select[Any]:
    query = (
        sql_select(_PAGES)
        .join(SourceRow, col(SourceRow.id) == _PAGES.c.source_id)
        .outerjoin(GuideRow, (col(GuideRow.id) == _PAGES.c.guide_id) & (_PAGES.c.guide_id != ""))
        .where(_PAGES.c.quarantine_reason > "")  # not equal, in words that an index understands
    )
    if not include_settled:
        query = query.where(
            _PAGES.c.verdict == Verdict.NONE.value, col(SourceRow.stopped_at).is_(None)
        )
    return query


def _decisions() -> Select[Any]:
    return sql_select(PageDecisionRow, col(UserRow.name)).outerjoin(
        UserRow, col(UserRow.id) == col(PageDecisionRow.user_id)
    )


def _last_decisions(session: Session, keys: Sequence[str]) -> dict[str, PageDecision]:
    last = (
        sql_select(func.max(col(PageDecisionRow.id)))
        .where(col(PageDecisionRow.page_key).in_(keys))
        .group_by(col(PageDecisionRow.page_key))
    )
    rows = session.execute(_decisions().where(col(PageDecisionRow.id).in_(last)))
    return {row.page_key or "": _decision(row, user) for row, user in rows}


def _decision(row: PageDecisionRow, user: str | None) -> PageDecision:
    return PageDecision(
        id=id_of(row),
        page_key=row.page_key or "",
        source_id=row.source_id,
        user=user or "",
        action=PageAction(row.action),
        reason=row.reason,
        note=row.note,
        at=row.at,
    )


def _settle(
    db: Database,
    key: str,
    user_id: int | None,
    note: str,
    action: PageAction,
    seen: QuarantineReason | None,
) -> int:
    verdict = Verdict.ACCEPTED if action is PageAction.ACCEPT else Verdict.IGNORED
    with db.write() as session:
        page = _load_page(session, key)
        reason = page.quarantine_reason
        if not reason:
            raise StaleError(NOT_SET_ASIDE)
        changed = session.execute(
            update(_PAGES)
            .where(
                _PAGES.c.key == key,
                _PAGES.c.quarantine_reason == (reason if seen is None else seen.value),
                _PAGES.c.verdict == Verdict.NONE.value,
            )
            .values(verdict=verdict.value)
        )
        if _count(changed) != 1:
            raise StaleError(SETTLED)
        return _add(session, action, page.source_id, user_id, note, key, reason)


def _load_page(session: Session, key: str) -> PageRow:
    page = session.get(PageRow, key, with_for_update=True)
    if page is None:
        raise NotAllowedError(NO_SUCH_PAGE)
    return page


def _set_stop(session: Session, source_id: str, at: datetime | None) -> bool:
    """The guarded UPDATE; False if the source is that way already."""
    if session.get(SourceRow, source_id) is None:
        raise NotAllowedError(NO_SUCH_SOURCE)
    stopped_at = col(SourceRow.stopped_at)
    changed = session.execute(
        update(SourceRow)
        .where(
            col(SourceRow.id) == source_id,
            stopped_at.is_not(None) if at is None else stopped_at.is_(None),
        )
        .values(stopped_at=at)
        .execution_options(synchronize_session=False)
    )
    return _count(changed) == 1


def _add(
    session: Session,
    action: PageAction,
    source_id: str,
    user_id: int | None,
    note: str,
    page_key: str | None = None,
    reason: str = "",
) -> int:
    row = PageDecisionRow(
        page_key=page_key,
        source_id=source_id,
        user_id=user_id,
        action=action.value,
        reason=reason,
        note=note[:NOTE_CHARS],
        at=utc_now(),
    )
    session.add(row)
    session.flush()
    return id_of(row)


def _count(result: Any) -> int:
    """Rows that an UPDATE met."""
    return int(result.rowcount)
