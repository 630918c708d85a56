"""What somebody thinks of a draft: on its way to a decision, or the decision itself.

Where much is at stake one person's word is not enough. The first verdict on a text is kept here and
nobody else learns what it says, or whose it is, before theirs is in. Two that agree decide; where
they differ, a lead or a third person settles it. A verdict is about one version of a draft: any
change of the text makes it void.

Every function keeps verdict and decision in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from stages.types import Risk, Stakes
from store.decision_records import find_press
from store.decision_rules import check_may_approve, load_draft
from store.decision_types import (
    OTHER_PRESS,
    Action,
    By,
    NotAllowedError,
    RejectReason,
    Sending,
    StaleError,
)
from store.decisions import approve_in, reject_in
from store.desk_tables import VerdictRow
from store.engine import Database, utc_now
from store.queue_entries import refresh
from store.tables import CardRow, DraftRow, DraftState, UserRow, id_of
from store.users import Role

SETTLERS = (Role.LEAD, Role.ADMIN)

GIVEN = "You have given your verdict on this text. A second person decides with you."
DIFFERS = "Your verdict and somebody else's differ. A lead or a third person settles it."
GONE = "There is no verdict of yours to take back any more."


class Kind(StrEnum):
    """What became of a verdict. FIRST: a second person is needed. DIFFER: two people do not agree,
    and somebody has to settle it.
    """

    APPROVED = "approved"
    REJECTED = "rejected"
    FIRST = "first"
    DIFFER = "differ"


@dataclass(frozen=True, slots=True)
class Outcome:
    """decision_id: 0 while nothing is decided."""

    kind: Kind
    decision_id: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """user: a name. action: approve or reject. groups, due_at: what an approval would send."""

    user_id: int
    user: str
    action: Action
    reason: str
    note: str
    groups: tuple[str, ...]
    due_at: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class VerdictState:
    """What one person may know of the verdicts on a draft's present text.

    needs_two: whether it takes two people. mine: their own, if it counts. has_other: whether
    somebody else has looked. shown: all verdicts, once two differ; () before. may_settle: whether
    this person's next word decides then.
    """

    needs_two: bool = False
    mine: Verdict | None = None
    has_other: bool = False
    shown: tuple[Verdict, ...] = ()
    may_settle: bool = False

    @property
    def differs(self) -> bool:
        return bool(self.shown)

    @property
    def is_waiting(self) -> bool:
        """Whether this person can only wait for somebody else."""
        return self.mine is not None and not self.may_settle


def approve(
    db: Database, draft_id: int, by: By, sending: Sending, *, needs_two: bool = True
) -> Outcome:
    """Approve a pending draft, or say that one would.

    needs_two: whether two people decide where much is at stake. Raises StaleError or
    NotAllowedError.
    """
    return _give(db, draft_id, by, Action.APPROVE, sending, "", needs_two=needs_two)


def reject(
    db: Database,
    draft_id: int,
    by: By,
    reason: RejectReason,
    note: str = "",
    *,
    needs_two: bool = True,
) -> Outcome:
    """Reject a pending draft, or say that one would; otherwise as `approve`."""
    sending = Sending(note=note)
    return _give(db, draft_id, by, Action.REJECT, sending, reason.value, needs_two=needs_two)


def take_back(db: Database, draft_id: int, user_id: int) -> None:
    """Withdraw one's own verdict while nobody else has given theirs. Raises NotAllowedError."""
    with db.write() as session:
        draft, card, _ = load_draft(session, draft_id)
        rows = _standing(session, draft)
        if [row.user_id for row in rows] != [user_id] or not _is_open(draft):
            raise NotAllowedError(GONE)
        rows[0].withdrawn_at = utc_now()
        session.add(rows[0])
        refresh(session, [card.id])


def get_verdicts(
    db: Database, draft_ids: Sequence[int], user_id: int, *, needs_two: bool = True
) -> Mapping[int, VerdictState]:
    """By draft id, what this person may know; every draft has its entry. Two queries."""
    with db.read() as session:
        drafts = session.exec(
            select(DraftRow.id, CardRow.stakes, DraftRow.machine_risk, DraftRow.revision)
            .join(CardRow, col(CardRow.id) == col(DraftRow.card_id))
            .where(col(DraftRow.id).in_(draft_ids))
        ).all()
        rows = session.exec(
            select(VerdictRow, UserRow.name)
            .join(UserRow, col(UserRow.id) == col(VerdictRow.user_id))
            .join(DraftRow, col(DraftRow.id) == col(VerdictRow.draft_id))
            .where(
                col(VerdictRow.draft_id).in_(draft_ids),
                col(VerdictRow.version) == col(DraftRow.version),
                col(VerdictRow.withdrawn_at).is_(None),
                col(DraftRow.is_current),
                DraftRow.state == DraftState.PENDING,
            )
            .order_by(col(VerdictRow.id))
        ).all()
        is_settler = _is_settler(session, user_id) if len(rows) > 1 else False
    found: dict[int, list[Verdict]] = {}
    for row, name in rows:
        found.setdefault(row.draft_id, []).append(_value(row, name))
    return {
        draft_id: _state(
            found.get(draft_id, []),
            user_id,
            is_settler=is_settler,
            needs_two=needs_two and _needs_two(stakes, machine_risk, revision),
        )
        for draft_id, stakes, machine_risk, revision in drafts
        if draft_id is not None
    }


def _state(
    given: Sequence[Verdict], user_id: int, *, needs_two: bool, is_settler: bool
) -> VerdictState:
    mine = next((verdict for verdict in given if verdict.user_id == user_id), None)
    # Two that agree have decided; so two that stand differ, and then nothing is secret any more.
    differs = len(given) > 1
    return VerdictState(
        needs_two=needs_two,
        mine=mine,
        has_other=any(verdict.user_id != user_id for verdict in given),
        shown=tuple(given) if differs else (),
        may_settle=differs and (mine is None or is_settler),
    )


def _give(
    db: Database,
    draft_id: int,
    by: By,
    action: Action,
    sending: Sending,
    reason: str,
    *,
    needs_two: bool,
) -> Outcome:
    try:
        with db.write() as session:
            found = _find_press(session, draft_id, by, action)
            if found is not None:
                return found
            return _judge(session, draft_id, by, action, sending, reason, needs_two=needs_two)
    except (StaleError, NotAllowedError, IntegrityError):
        # The same press, sent twice at the same moment: the other one may have won.
        with db.read() as session:
            found = _find_press(session, draft_id, by, action)
        if found is None:
            raise
        return found


def _judge(
    session: Session,
    draft_id: int,
    by: By,
    action: Action,
    sending: Sending,
    reason: str,
    *,
    needs_two: bool,
) -> Outcome:
    """One person's word, under the lock of the draft and its card."""
    draft, card, guide = load_draft(session, draft_id)
    if not needs_two or not _needs_two(card.stakes, draft.machine_risk, draft.revision):
        return _decide(session, draft_id, by, action, sending, reason)
    if not _is_open(draft) or draft.version != by.version:
        raise StaleError(
            "Somebody decided, edited or renewed this draft since you opened it. "
            "Look at it again before you decide."
        )
    if action is Action.APPROVE:
        check_may_approve(session, (draft, card, guide), by.user_id, sending)
    standing = _standing(session, draft)
    others = [row for row in standing if row.user_id != by.user_id]
    is_mine_in = len(others) < len(standing)
    if len(standing) > 1:
        if is_mine_in and not _is_settler(session, by.user_id):
            raise NotAllowedError(DIFFERS)
        record = _record(session, standing)
        return _decide(session, draft_id, by, action, sending, reason, **record, settles=True)
    if is_mine_in:
        raise NotAllowedError(GIVEN)
    _keep(session, draft_id, by, action, sending, reason)
    if others and others[0].verdict == action.value:
        record = _record(session, others)
        return _decide(session, draft_id, by, action, sending, reason, **record)
    refresh(session, [card.id])
    return Outcome(Kind.DIFFER if others else Kind.FIRST)


def _keep(
    session: Session, draft_id: int, by: By, action: Action, sending: Sending, reason: str
) -> None:
    session.add(
        VerdictRow(
            draft_id=draft_id,
            version=by.version,
            user_id=by.user_id,
            verdict=action.value,
            reason=reason,
            note=sending.note[:2000],
            groups=list(sending.group_ids),
            due_at=sending.due_at,
            active_s=by.active_s,
            at=utc_now(),
            request_id=by.request_id or None,
        )
    )
    session.flush()


def _decide(
    session: Session,
    draft_id: int,
    by: By,
    action: Action,
    sending: Sending,
    reason: str,
    **after: Any,
) -> Outcome:
    if action is Action.APPROVE:
        return Outcome(Kind.APPROVED, approve_in(session, draft_id, by, sending, **after))
    why = RejectReason(reason)
    return Outcome(Kind.REJECTED, reject_in(session, draft_id, by, why, sending.note, **after))


def _needs_two(stakes: str, machine_risk: str, revision: int) -> bool:
    """Whether one person's word is not enough for this draft.

    A blocked draft that was rewritten has its two people already: whoever rewrote it stands for
    the text, cannot approve it (`check_may_approve`), and somebody else does.
    """
    is_rewritten = machine_risk == Risk.BLOCKED and revision > 0
    return stakes == Stakes.HIGH and not is_rewritten


def _is_open(draft: DraftRow) -> bool:
    return draft.is_current and draft.state == DraftState.PENDING


def _is_settler(session: Session, user_id: int) -> bool:
    role = session.exec(select(UserRow.role).where(UserRow.id == user_id)).first()
    return role in SETTLERS


def _standing(session: Session, draft: DraftRow) -> list[VerdictRow]:
    """The verdicts on a draft's present text, the first one first."""
    return list(
        session.exec(
            select(VerdictRow)
            .where(
                VerdictRow.draft_id == id_of(draft),
                VerdictRow.version == draft.version,
                col(VerdictRow.withdrawn_at).is_(None),
            )
            .order_by(col(VerdictRow.id))
        )
    )


def _record(session: Session, rows: Sequence[VerdictRow]) -> dict[str, Any]:
    """What the decision's record says of the verdicts that came before it."""
    ids = [row.user_id for row in rows]
    people = session.exec(select(UserRow.id, UserRow.name).where(col(UserRow.id).in_(ids)))
    names = {user_id: name for user_id, name in people if user_id is not None}
    return {
        "verdicts": [
            {
                "user": names[row.user_id],
                "user_id": row.user_id,
                "verdict": row.verdict,
                "reason": row.reason,
                "note": row.note,
                "groups": row.groups,
                "due_at": row.due_at.isoformat() if row.due_at else None,
                "active_s": row.active_s,
                "at": row.at.isoformat(),
            }
            for row in rows
        ]
    }


def _find_press(session: Session, draft_id: int, by: By, action: Action) -> Outcome | None:
    """What this press came to when it was sent before; NotAllowedError when it was another."""
    if not by.request_id:
        return None
    decision = find_press(session, by)
    if decision is not None:
        if (decision.draft_id, decision.action) != (draft_id, action):
            raise NotAllowedError(OTHER_PRESS)
        kind = Kind.APPROVED if action is Action.APPROVE else Kind.REJECTED
        return Outcome(kind, id_of(decision))
    row = session.exec(
        select(VerdictRow).where(
            VerdictRow.user_id == by.user_id, VerdictRow.request_id == by.request_id
        )
    ).first()
    if row is None:
        return None
    if (row.draft_id, row.verdict) != (draft_id, action):
        raise NotAllowedError(OTHER_PRESS)
    before = session.exec(
        select(VerdictRow.id).where(
            VerdictRow.draft_id == row.draft_id,
            VerdictRow.version == row.version,
            col(VerdictRow.id) < row.id,
            col(VerdictRow.withdrawn_at).is_(None),
        )
    ).first()
    return Outcome(Kind.FIRST if before is None else Kind.DIFFER)


def _value(row: VerdictRow, name: str) -> Verdict:
    return Verdict(
        row.user_id,
        name,
        Action(row.verdict),
        row.reason,
        row.note,
        tuple(row.groups),
        row.due_at,
        row.at,
    )
