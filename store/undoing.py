"""What a person can take back: their last decisions and batches, and why one cannot any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from stages.types import PostState
from store.decision_records import find_press
from store.decision_types import OTHER_PRESS, UNDOABLE, Action, By, NotAllowedError, StaleError
from store.decisions import undo_in
from store.engine import Database
from store.post_decisions import BEING_SENT
from store.tables import CardRow, DecisionRow, DraftRow, PostRow, id_of

KEPT = 50
"""Decisions and batches a person can look back on."""
LOOKS_BACK = 2_000
"""Rows read at most for them: a batch counts once, and what is taken back is skipped."""

NEWER = "Something newer stands on it."
REPLACED = "The line has written this draft again since."
NOTHING = "There is nothing of yours to undo any more."


@dataclass(frozen=True, slots=True)
class Done:
    """One decision as its undo page shows it. why_not: why it stands for good, '' if it need not.

    posts: how many of its posts would be withdrawn; out: how many of those are published.
    """

    id: int
    action: Action
    draft_id: int
    card_id: str
    card_title: str
    card_lang: str
    tone: str
    reason: str
    at: datetime
    posts: int
    out: int
    why_not: str


@dataclass(frozen=True, slots=True)
class Undoable:
    """A decision, or several made by one press. batch: '' for one by itself."""

    batch: str
    decisions: tuple[Done, ...]

    @property
    def at(self) -> datetime:
        return self.decisions[0].at

    @property
    def why_not(self) -> str:
        """'' when at least one of them can be taken back."""
        return "" if any(not one.why_not for one in self.decisions) else self.decisions[0].why_not


@dataclass(frozen=True, slots=True)
class Undone:
    """undone: how many decisions; left: why the others stand, each reason once."""

    undone: int
    left: tuple[str, ...] = ()


def list_undoable(db: Database, user_id: int, limit: int = KEPT) -> tuple[Undoable, ...]:
    """A person's last decisions that nobody has taken back, newest first, a batch as one. Two
    queries.
    """
    undo = aliased(DecisionRow)
    query = (
        select(DecisionRow, DraftRow, CardRow)
        .join(DraftRow, col(DraftRow.id) == col(DecisionRow.draft_id))
        .join(CardRow, col(CardRow.id) == col(DraftRow.card_id))
        .outerjoin(undo, col(undo.undoes_id) == col(DecisionRow.id))
        .where(
            DecisionRow.user_id == user_id,
            col(DecisionRow.action).in_(UNDOABLE),
            col(undo.id).is_(None),
        )
        .order_by(col(DecisionRow.id).desc())
        .limit(LOOKS_BACK)
    )
    with db.read() as session:
        taken: dict[str, list[tuple[DecisionRow, DraftRow, CardRow]]] = {}
        for decision, draft, card in session.exec(query):
            name = decision.batch or f"={decision.id}"
            if name not in taken and len(taken) >= limit:
                break
            taken.setdefault(name, []).append((decision, draft, card))
        rows = [row for group in taken.values() for row in group]
        posts = _list_posts(session, [id_of(decision) for decision, _, _ in rows])
        alerts = _list_alerts(session, [decision for decision, _, _ in rows])
        return tuple(
            Undoable(
                group[0][0].batch,
                tuple(_done(*row, posts.get(id_of(row[0]), ()), alerts) for row in group),
            )
            for group in taken.values()
        )


def undo_one(db: Database, user_id: int, decision_id: int, request_id: str = "") -> Undone:
    """Take one decision back, with the batch it was part of left as it is. Raises StaleError or
    NotAllowedError.
    """
    return _undo(db, By(user_id, 0, request_id=request_id), [decision_id], "")


def undo_batch(db: Database, user_id: int, batch: str, request_id: str = "") -> Undone:
    """Take back what can be of a batch, in one transaction. Raises as `undo_one` when that is
    nothing at all.
    """
    with db.read() as session:
        rows = session.exec(
            select(DecisionRow.id)
            .where(
                DecisionRow.batch == batch,
                DecisionRow.user_id == user_id,
                col(DecisionRow.action).in_(UNDOABLE),
            )
            .order_by(col(DecisionRow.draft_id))
        ).all()
    ids = [row for row in rows if row is not None]
    if not batch or not ids:
        raise NotAllowedError("There is no such batch of yours to undo.")
    return _undo(db, By(user_id, 0, request_id=request_id), ids, batch)


def undo_last(db: Database, user_id: int, request_id: str = "") -> Undone:
    """Take back a person's newest decision or batch that can be. Raises as `undo_one`."""
    by = By(user_id, 0, request_id=request_id)
    with db.read() as session:
        found = _find_press(session, by)
    if found is not None:
        return found
    for one in list_undoable(db, user_id):
        if not one.why_not:
            ids = [done.id for done in one.decisions]
            return _undo(db, by, ids, one.batch, is_last=True)
    raise NotAllowedError(NOTHING)


def _undo(db: Database, by: By, ids: Sequence[int], batch: str, *, is_last: bool = False) -> Undone:
    """is_last: they were found as the newest, which the same press may have found differently."""
    named = None if is_last else ids
    try:
        with db.write() as session:
            return _find_press(session, by, named) or _undo_each(session, by, ids, batch)
    except (StaleError, NotAllowedError, IntegrityError):
        # The same press, sent twice at the same moment: the other one may have won.
        with db.read() as session:
            found = _find_press(session, by, named)
        if found is None:
            raise
        return found


def _undo_each(session: Session, by: By, ids: Sequence[int], batch: str) -> Undone:
    problems: list[StaleError | NotAllowedError] = []
    undone = 0
    for decision_id in _in_order(session, ids):
        one = By(by.user_id, 0, request_id="" if undone else by.request_id)
        try:
            with session.begin_nested():
                undo_in(session, decision_id, one, batch)
        except (StaleError, NotAllowedError) as error:
            problems.append(error)
        else:
            undone += 1
    if not undone and problems:
        raise problems[0]
    return Undone(undone, tuple(dict.fromkeys(map(str, problems))))


def _in_order(session: Session, ids: Sequence[int]) -> list[int]:
    """Card by card, as batches are approved: neither waits for the other in a circle."""
    rows = session.exec(
        select(DecisionRow.id)
        .join(DraftRow, col(DraftRow.id) == col(DecisionRow.draft_id))
        .where(col(DecisionRow.id).in_(ids))
        .order_by(col(DraftRow.card_id), col(DraftRow.id))
    ).all()
    known = [row for row in rows if row is not None]
    return known or list(ids)


def _find_press(session: Session, by: By, ids: Sequence[int] | None = None) -> Undone | None:
    """What this press came to when it was sent before. ids: what it is to take back, None for
    whatever is the last. NotAllowedError when it was another press.
    """
    first = find_press(session, by)
    if first is None:
        return None
    is_undo = first.action == Action.UNDO
    if not is_undo or (ids is not None and first.undoes_id not in ids):
        raise NotAllowedError(OTHER_PRESS)
    if not first.batch:
        return Undone(1)
    rows = session.exec(
        select(DecisionRow.id).where(
            DecisionRow.batch == first.batch,
            DecisionRow.action == Action.UNDO,
            DecisionRow.at >= first.at,
        )
    ).all()
    return Undone(len(rows))


def _list_posts(session: Session, decision_ids: Sequence[int]) -> dict[int, tuple[PostState, ...]]:
    """States of the posts that decisions still carry."""
    rows = session.exec(
        select(PostRow.decision_id, PostRow.state).where(
            col(PostRow.decision_id).in_(decision_ids), PostRow.state != PostState.WITHDRAWN
        )
    )
    found: dict[int, tuple[PostState, ...]] = {}
    for decision_id, state in rows:
        found[decision_id] = (*found.get(decision_id, ()), PostState(state))
    return found


def _list_alerts(session: Session, decisions: Sequence[DecisionRow]) -> set[int]:
    """Of the posts somebody kept: those that have another alert or are withdrawn by now."""
    kept = [row.before["post"] for row in decisions if row.action == Action.KEEP]
    rows = session.exec(
        select(PostRow.id).where(
            col(PostRow.id).in_(kept),
            or_(col(PostRow.alert) != "", col(PostRow.state) == PostState.WITHDRAWN),
        )
    )
    return {row for row in rows if row is not None}


def _done(
    decision: DecisionRow,
    draft: DraftRow,
    card: CardRow,
    posts: Sequence[PostState],
    alerts: set[int],
) -> Done:
    return Done(
        id=id_of(decision),
        action=Action(decision.action),
        draft_id=decision.draft_id,
        card_id=card.id,
        card_title=card.title,
        card_lang=card.lang,
        tone=draft.tone,
        reason=decision.reason,
        at=decision.at,
        posts=len(posts),
        out=sum(state is PostState.PUBLISHED for state in posts),
        why_not=_why_not(decision, draft, posts, alerts),
    )


def _why_not(
    decision: DecisionRow, draft: DraftRow, posts: Sequence[PostState], alerts: set[int]
) -> str:
    """The same rules as `store.decisions.undo_in`, said before anybody presses the button."""
    if decision.action == Action.KEEP:
        return NEWER if decision.before["post"] in alerts else ""
    if not draft.is_current:
        return REPLACED
    after = decision.after
    if (draft.version, draft.state) != (after["version"], after["state"]):
        return NEWER
    if decision.action == Action.EDIT and "findings" not in decision.before:
        return "This edit is too old to be undone: edit the text again."
    return BEING_SENT if PostState.SENDING in posts else ""
