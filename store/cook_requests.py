"""People ask for another draft of one card in one tone; whoever cooks takes the requests from here.

One request is open per draft. Whoever takes one holds it by a lease, so that a cook who died does
not keep it. What comes of it replaces the draft the person saw, unless somebody changed or approved
that one meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import and_, or_, update
from sqlmodel import Session, col, select

from stages.errors import PermanentError
from stages.types import Draft, Reuse
from store.decision_records import once
from store.decision_rules import load_draft
from store.decision_types import Action, By, NotAllowedError, StaleError
from store.desk_tables import CookRequestRow
from store.drafts import replace_draft
from store.engine import Database, is_holder_dead, utc_now
from store.posts import say_unlicensed
from store.queue_entries import refresh
from store.tables import DecisionRow, DraftRow, DraftState, UserRow, id_of

LEASE_S = 600.0
"""Longer than the calls of one card take at their slowest; a dead cook's are free at once."""
MAX_NOTE_CHARS = 1000

OVERTAKEN = "Somebody decided or edited the draft while the new one was being written. It stays."
ASKED_ALREADY = "Another draft is being written already."
APPROVED = "This draft is approved. Undo that first."


class RequestState(StrEnum):
    ASKED = "asked"
    COOKING = "cooking"
    DONE = "done"
    FAILED = "failed"


OPEN = (RequestState.ASKED, RequestState.COOKING)


@dataclass(frozen=True, slots=True)
class CookRequest:
    """user: who asked. error: why nothing came of it. new_draft_id: what came of it, 0 for
    nothing yet.
    """

    id: int
    draft_id: int
    card_id: str
    tone: str
    user: str
    note: str
    state: RequestState
    error: str
    asked_at: datetime
    finished_at: datetime | None
    new_draft_id: int

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


def ask(db: Database, draft_id: int, by: By, note: str = "") -> int:
    """Ask for another draft in the place of this one; returns the id of the decision's record.

    note: what it should do better. Raises StaleError when the draft is not as it was seen,
    NotAllowedError when it is approved, another one is being written already, or nothing may be.
    """

    def act(session: Session) -> int:
        draft, card, guide = load_draft(session, draft_id)
        if not Reuse(guide.reuse).allows_publishing:
            raise NotAllowedError(say_unlicensed(guide.licence))
        if not draft.is_current or draft.version != by.version or card.removed_at is not None:
            raise StaleError(
                "Somebody decided, edited or renewed this draft since you opened it. Look again."
            )
        if draft.state == DraftState.APPROVED:
            raise NotAllowedError(APPROVED)
        row = CookRequestRow
        is_open = select(row.id).where(row.draft_id == draft_id, col(row.state).in_(OPEN))
        if session.exec(is_open.limit(1)).first() is not None:
            raise NotAllowedError(ASKED_ALREADY)
        request = CookRequestRow(
            draft_id=draft_id,
            card_id=card.id,
            tone=draft.tone,
            version=draft.version,
            user_id=by.user_id,
            note=note.strip()[:MAX_NOTE_CHARS],
            asked_at=utc_now(),
        )
        session.add(request)
        decision = DecisionRow(
            draft_id=draft_id,
            user_id=by.user_id,
            action=Action.REGENERATE.value,
            note=request.note,
            before={"state": draft.state, "version": draft.version},
            after={"state": draft.state, "version": draft.version},
            active_s=by.active_s,
            request_id=by.request_id or None,
            at=request.asked_at,
        )
        session.add(decision)
        session.flush()
        return id_of(decision)

    return once(
        db, by, act, lambda row: (row.action, row.draft_id) == (Action.REGENERATE, draft_id)
    )


def claim(db: Database, holder: str) -> CookRequest | None:
    """Take the oldest request that nobody is at; it goes to one caller only. None for none."""
    now = utc_now()
    row = CookRequestRow
    with db.write() as session:
        waiting = session.exec(
            select(CookRequestRow, UserRow.name)
            .join(UserRow, col(UserRow.id) == col(row.user_id))
            .where(col(row.state).in_(OPEN))
            .order_by(col(row.id))
        ).all()
        for request, user in waiting:
            if request.state == RequestState.COOKING and not _is_left(request, now):
                continue
            result = session.exec(
                update(CookRequestRow)
                .where(
                    col(row.id) == request.id,
                    col(row.state) == request.state,
                    col(row.holder) == request.holder,
                    or_(
                        col(row.lease_until).is_(None),
                        col(row.lease_until) == request.lease_until,
                    ),
                )
                .values(
                    state=RequestState.COOKING.value,
                    holder=holder,
                    lease_until=now + timedelta(seconds=LEASE_S),
                )
                .execution_options(synchronize_session=False)
            )
            if result.rowcount == 1:
                return _value(request, user, RequestState.COOKING)
    return None


def has_waiting(db: Database) -> bool:
    """Whether there may be something to take: a look that costs next to nothing."""
    row = CookRequestRow
    with db.read() as session:
        query = select(row.id).where(col(row.state).in_(OPEN)).limit(1)
        return session.exec(query).first() is not None


def finish(
    db: Database,
    request_id: int,
    holder: str,
    draft: Draft,
    body_hash: str,
    run_id: str,
    generation: int,
) -> bool:
    """Let the new draft stand in the place of the one it was asked for; False when that one is
    not as it was then, or somebody else holds the request. body_hash: of the text it was made from.

    generation: of the draft, see `next_generation`.
    """
    with db.write() as session:
        request = session.get(CookRequestRow, request_id, with_for_update=True)
        if request is None or not _holds(request, holder):
            return False
        old, card, _ = load_draft(session, request.draft_id)
        is_same = old.is_current and old.version == request.version
        if not is_same or old.state == DraftState.APPROVED or card.body_hash != body_hash:
            _close(request, RequestState.FAILED, OVERTAKEN)
            return False
        request.new_draft_id = replace_draft(session, old, draft, body_hash, run_id, generation)
        _close(request, RequestState.DONE)
        refresh(session, [card.id])
        return True


def fail(db: Database, request_id: int, holder: str, why: str) -> None:
    """Nothing comes of it; the old draft stays as it is."""
    with db.write() as session:
        request = session.get(CookRequestRow, request_id, with_for_update=True)
        if request is not None and _holds(request, holder):
            _close(request, RequestState.FAILED, why[:2000])


def next_generation(db: Database, card_id: str, tone: str) -> int:
    """One more than any draft of that card and tone has."""
    with db.read() as session:
        used = session.exec(
            select(DraftRow.generation)
            .where(DraftRow.card_id == card_id, DraftRow.tone == tone)
            .order_by(col(DraftRow.generation).desc())
            .limit(1)
        ).first()
    return 0 if used is None else used + 1


def list_texts(db: Database, card_id: str, tone: str) -> frozenset[str]:
    """Every text that was ever cooked for that card and tone."""
    with db.read() as session:
        return frozenset(
            session.exec(
                select(DraftRow.machine_text).where(
                    DraftRow.card_id == card_id, DraftRow.tone == tone
                )
            )
        )


def get_last(db: Database, draft_id: int) -> CookRequest | None:
    """The last request for another draft in the place of this one."""
    row = CookRequestRow
    with db.read() as session:
        found = session.exec(
            select(CookRequestRow, UserRow.name)
            .join(UserRow, col(UserRow.id) == col(row.user_id))
            .where(row.draft_id == draft_id)
            .order_by(col(row.id).desc())
            .limit(1)
        ).first()
    return _value(found[0], found[1], RequestState(found[0].state)) if found else None


def list_open(db: Database, card_id: str) -> Mapping[int, CookRequest]:
    """By id of a current draft: the last request for another one in its place, open or failed,
    or the one it came from.
    """
    row = CookRequestRow
    with db.read() as session:
        rows = session.exec(
            select(CookRequestRow, UserRow.name, DraftRow.id)
            .join(UserRow, col(UserRow.id) == col(row.user_id))
            .join(
                DraftRow,
                or_(
                    and_(
                        col(row.draft_id) == col(DraftRow.id), col(row.state) != RequestState.DONE
                    ),
                    col(row.new_draft_id) == col(DraftRow.id),
                ),
            )
            .where(row.card_id == card_id, col(DraftRow.is_current))
            .order_by(col(row.id))
        ).all()
    return {
        draft_id: _value(request, user, RequestState(request.state))
        for request, user, draft_id in rows
        if draft_id is not None
    }


def _is_left(request: CookRequestRow, now: datetime) -> bool:
    is_late = request.lease_until is None or request.lease_until <= now
    return is_late or is_holder_dead(request.holder)


def _holds(request: CookRequestRow, holder: str) -> bool:
    return request.state == RequestState.COOKING and request.holder == holder


def _close(request: CookRequestRow, state: RequestState, error: str = "") -> None:
    request.state, request.error = state.value, error
    request.finished_at, request.lease_until = utc_now(), None


def _value(request: CookRequestRow, user: str, state: RequestState) -> CookRequest:
    if request.id is None:
        raise PermanentError("a request was read before it was written")
    return CookRequest(
        id=request.id,
        draft_id=request.draft_id,
        card_id=request.card_id,
        tone=request.tone,
        user=user,
        note=request.note,
        state=state,
        error=request.error,
        asked_at=request.asked_at,
        finished_at=request.finished_at,
        new_draft_id=request.new_draft_id or 0,
    )
