"""The only place where a draft's state changes: a guarded UPDATE and its Decision row, at once.

Every function takes the version the person saw. If anybody wrote in between, nothing happens and
`StaleError` says so; of two people deciding at the same moment one wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from stages.types import Finding, PostState, Risk
from store.decision_records import add_record, finish, once
from store.decision_rules import check_groups, check_may_approve, load_draft
from store.decision_types import (
    UNDOABLE,
    Action,
    By,
    NotAllowedError,
    RejectReason,
    Sending,
    StaleError,
)
from store.drafts import get_findings, set_findings
from store.engine import Database, utc_now
from store.post_decisions import BEING_SENT, move_post, undo_keep_in
from store.posts import add_posts, get_open_posts
from store.queue_entries import refresh
from store.tables import DecisionRow, DraftRow, DraftState, id_of
from store.values import dump, load
from store.working_texts import drop_working


def approve_in(
    session: Session, draft_id: int, by: By, sending: Sending, batch: str = "", **after: Any
) -> int:
    """Approve a pending draft and schedule one post per group; returns the decision's id.

    For where one person's word is enough: `store.verdicts` knows where it is not. A draft may be
    approved for no group yet; a group gets a card once, whatever the tone. after: what else the
    record says. Raises StaleError or NotAllowedError.
    """
    now = utc_now()
    draft, card, guide = load_draft(session, draft_id)
    check_may_approve(session, (draft, card, guide), by.user_id, sending)
    decision = _change(session, draft, by, Action.APPROVE, DraftState.APPROVED, now)
    check_groups(session, card, sending.group_ids)
    decision.after = {**decision.after, "groups": list(sending.group_ids), **after}
    if guide.licence_finding:
        decision.after = {**decision.after, "licence_finding": guide.licence_finding}
    decision.note, decision.batch = sending.note[:2000], batch
    decision_id = add_record(session, decision)
    soonest = now + timedelta(seconds=sending.publish_delay_s)
    due_at = max(soonest, sending.due_at or soonest)
    add_posts(session, draft, card, guide, decision, sending.group_ids, due_at)
    refresh(session, [card.id])
    return decision_id


def reject_in(
    session: Session, draft_id: int, by: By, reason: RejectReason, note: str = "", **after: Any
) -> int:
    """Reject a pending draft; otherwise as `approve_in`."""
    draft, _, _ = load_draft(session, draft_id)
    decision = _change(session, draft, by, Action.REJECT, DraftState.REJECTED, utc_now())
    decision.reason, decision.note = reason.value, note[:2000]
    decision.after = {**decision.after, **after}
    return finish(session, decision)


def edit(
    db: Database,
    draft_id: int,
    by: By,
    text: str,
    findings: Sequence[Finding],
    risk: Risk,
    score: float | None = None,
    note: str = "",
) -> int:
    """Give a pending draft a person's text and what the checks say of it; returns the decision's
    id. score: as in `Draft`, None when nobody scored the text. note: a name for this version.

    Raises StaleError.
    """

    def act(session: Session) -> int:
        draft, _, _ = load_draft(session, draft_id)
        kept = get_findings(session, [draft_id]).get(draft_id, ())
        before = _text_of(draft) | {"findings": dump(tuple[Finding, ...], kept)}
        new: dict[str, Any] = {"text": text, "risk": risk.value, "score": score}
        new["revision"] = draft.revision + 1
        decision = _change(session, draft, by, Action.EDIT, DraftState.PENDING, utc_now(), **new)
        decision.before = {**decision.before, **before}
        decision.after = {**decision.after, **new}
        decision.note = note[:2000]
        set_findings(session, draft, findings)
        drop_working(session, draft_id, by.user_id)
        return finish(session, decision)

    def is_it(row: DecisionRow) -> bool:
        is_edit = (row.action, row.draft_id) == (Action.EDIT, draft_id)
        return is_edit and row.after["text"] == text

    return once(db, by, act, is_it)


def undo(db: Database, decision_id: int, user_id: int, request_id: str = "") -> int:
    """Take one's own approval, rejection, edit or keeping of a post back; returns the undo's id.

    A post that was kept has its alert again, a text that was edited reads as before. Otherwise the
    draft is pending again, and its posts are withdrawn: one that waited never goes out, one that
    is out disappears from the feed. Raises StaleError when something newer stands on it,
    NotAllowedError when it is somebody else's or a post is just being sent.
    """
    by = By(user_id, 0, request_id=request_id)
    return once(
        db,
        by,
        lambda session: undo_in(session, decision_id, by),
        lambda row: row.undoes_id == decision_id,
    )


def undo_in(session: Session, decision_id: int, by: By, batch: str = "") -> int:
    """As `undo`, inside a transaction; by.version is not looked at."""
    decision = session.get(DecisionRow, decision_id)
    if decision is None or decision.action not in UNDOABLE:
        raise NotAllowedError("There is no such decision to undo.")
    if decision.user_id != by.user_id:
        raise NotAllowedError("Only the person who decided can undo it.")
    if decision.action == Action.KEEP:
        return undo_keep_in(session, decision, by.request_id)
    draft, _, _ = load_draft(session, decision.draft_id)
    posts = get_open_posts(session, decision_id)
    if any(post.state == PostState.SENDING for post in posts):
        raise NotAllowedError(BEING_SENT)
    seen = By(by.user_id, int(decision.after["version"]), request_id=by.request_id)
    before = decision.before
    is_edit = decision.action == Action.EDIT
    if is_edit and "findings" not in before:
        raise NotAllowedError("This edit is too old to be undone: edit the text again.")
    old: dict[str, Any] = {}
    if is_edit:
        old = {name: before[name] for name in ("text", "risk", "score")}
        old["revision"] = draft.revision + 1
    undone = _change(
        session,
        draft,
        seen,
        Action.UNDO,
        DraftState.PENDING,
        utc_now(),
        expected=DraftState(decision.after["state"]),
        **old,
    )
    undone.undoes_id, undone.batch = decision_id, batch
    if is_edit:
        undone.after = {**undone.after, **old}
        set_findings(session, draft, load(tuple[Finding, ...], before["findings"]))
    for post in posts:
        move_post(session, post, PostState.WITHDRAWN, BEING_SENT)
    return finish(session, undone)


def _text_of(draft: DraftRow) -> dict[str, Any]:
    return {"text": draft.text, "risk": draft.risk, "score": draft.score}


def _change(
    session: Session,
    draft: DraftRow,
    by: By,
    action: Action,
    state: DraftState,
    now: datetime,
    expected: DraftState = DraftState.PENDING,
    **values: Any,
) -> DecisionRow:
    """The guarded UPDATE; returns the Decision row to be added. Raises StaleError if it missed."""
    before = {"state": expected.value, "version": by.version}
    after = {"state": state.value, "version": by.version + 1, "revision": draft.revision}
    result = session.exec(
        update(DraftRow)
        .where(
            col(DraftRow.id) == draft.id,
            col(DraftRow.state) == expected.value,
            col(DraftRow.version) == by.version,
            col(DraftRow.is_current),
        )
        .values(
            state=state.value,
            version=DraftRow.version + 1,
            decided_at=None if state is DraftState.PENDING else now,
            **values,
        )
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:
        raise StaleError(
            "Somebody decided, edited or renewed this draft since you opened it. "
            "Look at it again before you decide."
        )
    return DecisionRow(
        draft_id=id_of(draft),
        user_id=by.user_id,
        action=action.value,
        before=before,
        after=after,
        active_s=by.active_s,
        request_id=by.request_id or None,
        at=now,
    )
