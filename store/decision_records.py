"""The records of decisions: read, and written once for each press of a button."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from store.decision_types import OTHER_PRESS, Action, By, Decision, NotAllowedError, StaleError
from store.engine import Database
from store.queue_entries import refresh_drafts
from store.tables import DecisionRow, DraftRow, UserRow, id_of


def once(
    db: Database,
    by: By,
    act: Callable[[Session], int],
    is_it: Callable[[DecisionRow], bool],
) -> int:
    """What act returns, the id of a decision; the first outcome when this press came before.

    is_it: whether that record is what the press asks for; NotAllowedError when it is not.
    """
    try:
        with db.write() as session:
            found = find_press(session, by)
            return act(session) if found is None else _check_press(found, is_it)
    except (StaleError, IntegrityError):
        # The same press, sent twice at the same moment: the other one may have won.
        with db.read() as session:
            found = find_press(session, by)
        if found is None:
            raise
        return _check_press(found, is_it)


def find_press(session: Session, by: By) -> DecisionRow | None:
    """The first record of what this press came to when it was sent before."""
    if not by.request_id:
        return None
    return session.exec(
        select(DecisionRow).where(
            DecisionRow.user_id == by.user_id, DecisionRow.request_id == by.request_id
        )
    ).first()


def _check_press(found: DecisionRow, is_it: Callable[[DecisionRow], bool]) -> int:
    if not is_it(found):
        raise NotAllowedError(OTHER_PRESS)
    return id_of(found)


def list_decisions(
    db: Database, card_id: str | None = None, user_id: int | None = None, limit: int = 100
) -> tuple[Decision, ...]:
    """The latest first; card_id, user_id: only theirs."""
    query = (
        select(DecisionRow, DraftRow, UserRow)
        .join(DraftRow, col(DraftRow.id) == col(DecisionRow.draft_id))
        .join(UserRow, col(UserRow.id) == col(DecisionRow.user_id))
        .order_by(col(DecisionRow.id).desc())
        .limit(limit)
    )
    if card_id is not None:
        query = query.where(DraftRow.card_id == card_id)
    if user_id is not None:
        query = query.where(DecisionRow.user_id == user_id)
    with db.read() as session:
        rows = session.exec(query).all()
        ids = [decision.id for decision, _, _ in rows]
        undone = set(
            session.exec(
                select(DecisionRow.undoes_id).where(col(DecisionRow.undoes_id).in_(ids))
            ).all()
        )
        return tuple(
            Decision(
                id=id_of(decision),
                draft_id=decision.draft_id,
                card_id=draft.card_id,
                tone=draft.tone,
                user=user.name,
                action=Action(decision.action),
                reason=decision.reason,
                note=decision.note,
                at=decision.at,
                is_undone=decision.id in undone,
                verdicts=tuple(decision.after.get("verdicts", ())),
            )
            for decision, draft, user in rows
        )


def add_record(session: Session, decision: DecisionRow) -> int:
    session.add(decision)
    session.flush()
    return id_of(decision)


def finish(session: Session, decision: DecisionRow) -> int:
    """The last thing of a decision: its record, and its card's place in the queue."""
    decision_id = add_record(session, decision)
    refresh_drafts(session, [decision.draft_id])
    return decision_id
