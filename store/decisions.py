"""The only place where a draft's state changes: a guarded UPDATE and its Decision row, at once.

Every function takes the version the person saw. If anybody wrote in between, nothing happens and
`StaleError` says so; of two people deciding at the same moment one wins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from stages.errors import PermanentError, StageError
from stages.types import Finding, PostState, Reuse, Risk, Stakes
from store.alerts import Alert
from store.drafts import get_findings, set_findings
from store.engine import Database, utc_now
from store.posts import add_posts, get_open_posts, list_taken_groups, say_unlicensed
from store.queue_entries import refresh, refresh_drafts
from store.tables import (
    CardRow,
    DecisionRow,
    DraftRow,
    DraftState,
    GroupRow,
    GuideRow,
    PostRow,
    UserRow,
    id_of,
)
from store.values import dump, load
from store.working_texts import drop_working

BEING_SENT = "A post is being sent at this moment. Try again in a minute."
NOT_FAILED = "This post is not failed any more."
SETTLED = "Somebody settled this post already."
NO_ALERT = "This post has no alert any more."
LICENCE_UNCHECKED = (
    "Not approved: the page says something else about its licence than the register. "
    "Check that it may be published, and say so."
)
LICENCE_CHANGED = "What the page says about its licence has changed. Look at it again."
OTHER_PRESS = "This press has done something else already."


class Action(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    EDIT = "edit"
    UNDO = "undo"
    WITHDRAW = "withdraw"
    RETRY = "retry"
    SETTLE = "settle"
    KEEP = "keep"
    REGENERATE = "regenerate"
    RESCHEDULE = "reschedule"


UNDOABLE = (Action.APPROVE, Action.REJECT, Action.EDIT, Action.KEEP)
PAST_SLACK = timedelta(minutes=2)
"""A time chosen for a post may lie so far back: the form was open while the clock went on."""
FARTHEST = timedelta(days=366)
"""What is to go out later than that was meant for another year."""


class RejectReason(StrEnum):
    """Codes an editor picks from."""

    WRONG = "wrong"
    UNCLEAR = "unclear"
    TONE = "tone"
    DUPLICATE = "duplicate"
    NOT_FOR_US = "not_for_us"
    OTHER = "other"


class StaleError(StageError):
    """The draft is not as the person saw it: decided, edited or cooked again meanwhile."""


class NotAllowedError(PermanentError):
    """The rules forbid this decision; the message says which and what would help."""


@dataclass(frozen=True, slots=True)
class Decision:
    """verdicts: of the people whose word came before it, as `store.verdicts` keeps them."""

    id: int
    draft_id: int
    card_id: str
    tone: str
    user: str
    action: Action
    reason: str
    note: str
    at: datetime
    is_undone: bool
    verdicts: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class By:
    """Who decides, on which version of the draft, after how many active seconds of looking.

    request_id: names this press of a button; the same press sent again (the connection broke, the
    page came back) gets the first one's outcome and decides nothing. '' for none.
    """

    user_id: int
    version: int
    active_s: float = 0.0
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Sending:
    """What an approval sends: one post per group, publish_delay_s seconds from now or at due_at.

    licence_checked: the guide's licence finding that the person has looked into; without it no
    draft of a guide that has one is approved.
    """

    group_ids: Sequence[str] = ()
    publish_delay_s: int = 0
    due_at: datetime | None = None
    licence_checked: str = ""
    note: str = ""


def approve(
    db: Database,
    draft_id: int,
    by: By,
    group_ids: Sequence[str],
    publish_delay_s: int,
    *,
    licence_checked: str = "",
    note: str = "",
    due_at: datetime | None = None,
) -> int:
    """Approve a pending draft and schedule one post per group; returns the decision's id.

    For where one person's word is enough: `store.verdicts` knows where it is not. group_ids may be
    empty: approved, but for no group yet. A group gets a card once, whatever the tone. Raises
    StaleError or NotAllowedError.
    """
    sending = Sending(group_ids, publish_delay_s, due_at, licence_checked, note)
    return once(
        db,
        by,
        lambda session: approve_in(session, draft_id, by, sending),
        lambda row: (row.action, row.draft_id) == (Action.APPROVE, draft_id),
    )


def reject(db: Database, draft_id: int, by: By, reason: RejectReason, note: str = "") -> int:
    """Reject a pending draft; returns the decision's id. Raises StaleError."""
    return once(
        db,
        by,
        lambda session: reject_in(session, draft_id, by, reason, note),
        lambda row: (row.action, row.draft_id) == (Action.REJECT, draft_id),
    )


def approve_in(
    session: Session, draft_id: int, by: By, sending: Sending, batch: str = "", **after: Any
) -> int:
    """As `approve`, inside a transaction; after: what else its record says."""
    now = utc_now()
    draft, card, guide = load_draft(session, draft_id)
    check_may_approve(session, (draft, card, guide), by.user_id, sending)
    decision = _change(session, draft, by, Action.APPROVE, DraftState.APPROVED, now)
    check_groups(session, card, sending.group_ids)
    decision.after = {**decision.after, "groups": list(sending.group_ids), **after}
    if guide.licence_finding:
        decision.after = {**decision.after, "licence_finding": guide.licence_finding}
    decision.note, decision.batch = sending.note[:2000], batch
    decision_id = _add(session, decision)
    soonest = now + timedelta(seconds=sending.publish_delay_s)
    due_at = max(soonest, sending.due_at or soonest)
    add_posts(session, draft, card, guide, decision, sending.group_ids, due_at)
    refresh(session, [card.id])
    return decision_id


def reject_in(
    session: Session, draft_id: int, by: By, reason: RejectReason, note: str = "", **after: Any
) -> int:
    """As `reject`, inside a transaction; after: what else its record says."""
    draft, _, _ = load_draft(session, draft_id)
    decision = _change(session, draft, by, Action.REJECT, DraftState.REJECTED, utc_now())
    decision.reason, decision.note = reason.value, note[:2000]
    decision.after = {**decision.after, **after}
    return _finish(session, decision)


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
        return _finish(session, decision)

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
        return _undo_keep(session, decision, by.request_id)
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
        _move(session, post, PostState.WITHDRAWN, BEING_SENT)
    return _finish(session, undone)


def withdraw(db: Database, post_id: int, user_id: int, note: str = "") -> int:
    """Take one post back, whatever became of its draft since; returns the decision's id.

    Raises NotAllowedError when there is no such post or it is just being sent.
    """
    with db.write() as session:
        post = session.get(PostRow, post_id)
        if post is None or post.state == PostState.WITHDRAWN:
            raise NotAllowedError("There is no such post to withdraw.")
        if post.state == PostState.SENDING:
            raise NotAllowedError(BEING_SENT)
        decision = _of_post(post, user_id, Action.WITHDRAW, PostState.WITHDRAWN)
        decision.note = note[:2000]
        _move(session, post, PostState.WITHDRAWN, BEING_SENT)
        return _finish(session, decision)


def retry(db: Database, post_id: int, user_id: int) -> int:
    """Send a failed post again with the next round; returns the decision's id.

    Raises NotAllowedError when it is not failed any more or its source no longer lets us publish,
    StaleError when its text is no longer what stands for the card.
    """
    with db.write() as session:
        post = session.get(PostRow, post_id)
        if post is None or post.state != PostState.FAILED:
            raise NotAllowedError(NOT_FAILED)
        _check_may_publish(*load_draft(session, post.draft_id))
        decision = _of_post(post, user_id, Action.RETRY, PostState.SCHEDULED)
        _move(session, post, PostState.SCHEDULED, NOT_FAILED, due_at=utc_now(), error="")
        return _finish(session, decision)


def settle(db: Database, post_id: int, user_id: int, is_out: bool) -> int:
    """A person looked: the post is out, or it is not and counts as failed.

    Returns the decision's id. Raises NotAllowedError when there is nothing to settle any more.
    """
    state = PostState.PUBLISHED if is_out else PostState.FAILED
    with db.write() as session:
        post = session.get(PostRow, post_id)
        if post is None or post.state != PostState.VERIFY:
            raise NotAllowedError(SETTLED)
        decision = _of_post(post, user_id, Action.SETTLE, state)
        _move(session, post, state, SETTLED, published_at=utc_now() if is_out else None)
        return _finish(session, decision)


def reschedule(
    db: Database, post_id: int, user_id: int, due_at: datetime, request_id: str = ""
) -> int:
    """Let a post that waits go out at another time; returns the decision's id.

    Raises NotAllowedError when the time is past or the post does not wait any more.
    """

    def act(session: Session) -> int:
        _check_time(due_at)
        post = session.get(PostRow, post_id, with_for_update=True)
        if post is None or post.state != PostState.SCHEDULED:
            raise NotAllowedError("This post does not wait any more.")
        decision = _of_post(post, user_id, Action.RESCHEDULE, PostState.SCHEDULED)
        decision.before |= {"due_at": _iso(post.due_at)}
        decision.after |= {"due_at": _iso(due_at)}
        decision.request_id = request_id or None
        _move(session, post, PostState.SCHEDULED, BEING_SENT, due_at=max(due_at, utc_now()))
        return _finish(session, decision)

    def is_it(row: DecisionRow) -> bool:
        return row.action == Action.RESCHEDULE and row.after["post"] == post_id

    return once(db, By(user_id, 0, request_id=request_id), act, is_it)


def clear_alert(
    db: Database, post_id: int, user_id: int, note: str = "", *, seen: Alert | None = None
) -> int:
    """A person looked: the post stays as it is, whatever became of its source.

    Returns the decision's id. seen: the alert the person read. Raises NotAllowedError when there
    is no alert any more, StaleError when it is another one by now.
    """
    with db.write() as session:
        post = session.get(PostRow, post_id, with_for_update=True)
        if post is None or post.alert == Alert.NONE:
            raise NotAllowedError(NO_ALERT)
        if seen is not None and post.alert != seen:
            raise StaleError("The source of this post has changed again. Look at it again.")
        decision = _of_post(post, user_id, Action.KEEP, PostState(post.state))
        decision.note = note[:2000]
        decision.before |= {"alert": post.alert, "alert_at": _iso(post.alert_at)}
        post.alert, post.alert_at = Alert.NONE.value, None
        return _finish(session, decision)


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


def _text_of(draft: DraftRow) -> dict[str, Any]:
    return {"text": draft.text, "risk": draft.risk, "score": draft.score}


def load_draft(session: Session, draft_id: int) -> tuple[DraftRow, CardRow, GuideRow]:
    row = session.exec(
        select(DraftRow, CardRow, GuideRow)
        .join(CardRow, col(CardRow.id) == col(DraftRow.card_id))
        .join(GuideRow, col(GuideRow.id) == col(CardRow.guide_id))
        .where(DraftRow.id == draft_id)
        # What the rules look at is what the guarded UPDATE changes, also on PostgreSQL.
        # The card's row makes approvals of its tones follow one another.
        # The card first: a batch that has the card waits for no draft that somebody else has.
        .with_for_update(of=[CardRow, DraftRow], key_share=True)
    ).first()
    if row is None:
        raise NotAllowedError("There is no such draft.")
    return row


def check_may_approve(
    session: Session,
    loaded: tuple[DraftRow, CardRow, GuideRow],
    user_id: int,
    sending: Sending,
) -> None:
    """Raises NotAllowedError or StaleError, which say why this person may not approve that."""
    draft, card, guide = loaded
    _check_may_publish(draft, card, guide)
    if draft.risk == Risk.BLOCKED:
        raise NotAllowedError("The checks block this text. Rewrite what they point at first.")
    if draft.machine_risk == Risk.BLOCKED and card.stakes == Stakes.HIGH:
        undo = aliased(DecisionRow)
        last_edit = session.exec(
            select(DecisionRow.user_id)
            .outerjoin(undo, col(undo.undoes_id) == col(DecisionRow.id))
            .where(
                DecisionRow.draft_id == draft.id,
                DecisionRow.action == Action.EDIT,
                col(undo.id).is_(None),
            )
            .order_by(col(DecisionRow.id).desc())
        ).first()
        if last_edit == user_id:
            raise NotAllowedError(
                "You rewrote this blocked draft and much is at stake: a second person approves it."
            )
    _check_licence(guide, sending.licence_checked)
    if sending.due_at is not None:
        _check_time(sending.due_at)


def _check_time(due_at: datetime) -> None:
    now = utc_now()
    if due_at < now - PAST_SLACK:
        raise NotAllowedError("The time it is to go out lies in the past. Choose a later one.")
    if due_at > now + FARTHEST:
        raise NotAllowedError("The time it is to go out is more than a year away. Choose another.")


def _check_licence(guide: GuideRow, checked: str) -> None:
    if guide.licence_finding and not checked:
        raise NotAllowedError(LICENCE_UNCHECKED)
    if guide.licence_finding and guide.licence_finding != checked:
        raise StaleError(LICENCE_CHANGED)


def _check_may_publish(draft: DraftRow, card: CardRow, guide: GuideRow) -> None:
    """What must hold for a text to go out, now or again."""
    if not Reuse(guide.reuse).allows_publishing:
        raise NotAllowedError(say_unlicensed(guide.licence))
    if not draft.is_current or card.removed_at is not None:
        raise StaleError("This draft has been replaced by a newer one, or its card is gone.")
    if draft.body_hash != card.body_hash:
        raise StaleError(
            "The source has changed since this draft was written. The next run writes it again."
        )


def check_groups(session: Session, card: CardRow, group_ids: Sequence[str]) -> None:
    """Raises NotAllowedError for a group that is gone, reads another language, or has a post of the
    card already.
    """
    query = select(GroupRow).where(col(GroupRow.id).in_(group_ids), col(GroupRow.is_active))
    found = {group.id: group for group in session.exec(query)}
    missing = sorted(set(group_ids).difference(found))
    foreign = [
        str(group.spec["name"])
        for group in found.values()
        if _is_chinese(str(group.spec["lang"])) != _is_chinese(card.lang)
    ]
    if foreign:
        raise NotAllowedError(f"This group reads another language: {', '.join(foreign)}.")
    if missing:
        raise NotAllowedError(f"There is no such group any more: {', '.join(missing)}.")
    taken = list_taken_groups(session, card.id, group_ids)
    if taken:
        raise NotAllowedError(f"This card already has a post for {', '.join(taken)}.")


def _is_chinese(lang: str) -> bool:
    return lang.lower().startswith("zh")


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


def _undo_keep(session: Session, decision: DecisionRow, request_id: str) -> int:
    """Give the post the alert back that a person had cleared."""
    post = session.get(PostRow, decision.before["post"], with_for_update=True)
    is_undone = session.exec(
        select(DecisionRow.id).where(DecisionRow.undoes_id == decision.id)
    ).first()
    if post is None or is_undone or post.alert or post.state == PostState.WITHDRAWN:
        raise StaleError("Something newer happened to this post. Look at it again.")
    undone = _of_post(post, decision.user_id, Action.UNDO, PostState(post.state))
    undone.undoes_id, undone.request_id = id_of(decision), request_id or None
    post.alert = Alert(decision.before["alert"]).value
    post.alert_at = datetime.fromisoformat(decision.before["alert_at"])
    return _finish(session, undone)


def _iso(at: datetime | None) -> str:
    return (at or utc_now()).isoformat()


def _of_post(post: PostRow, user_id: int, action: Action, state: PostState) -> DecisionRow:
    """The record of a decision about one post, to be added; the draft stays as it is."""
    return DecisionRow(
        draft_id=post.draft_id,
        user_id=user_id,
        action=action.value,
        before={"post": id_of(post), "state": post.state},
        after={"post": id_of(post), "state": state.value},
        at=utc_now(),
    )


def _add(session: Session, decision: DecisionRow) -> int:
    session.add(decision)
    session.flush()
    return id_of(decision)


def _finish(session: Session, decision: DecisionRow) -> int:
    """The last thing of a decision: its record, and its card's place in the queue."""
    decision_id = _add(session, decision)
    refresh_drafts(session, [decision.draft_id])
    return decision_id


def _move(session: Session, post: PostRow, state: PostState, refusal: str, **values: Any) -> None:
    """The guarded UPDATE of a post. Raises NotAllowedError(refusal) if it is not as it was read.

    A post that is withdrawn needs nobody's attention any more.
    """
    if state is PostState.WITHDRAWN:
        values |= {"alert": Alert.NONE.value, "alert_at": None}
    result = session.exec(
        update(PostRow)
        .where(col(PostRow.id) == post.id, col(PostRow.state) == post.state)
        .values(state=state.value, **values)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:
        raise NotAllowedError(refusal)
