"""What people decide about posts: the draft stays as it is, its record is a Decision row too.

Each is a guarded UPDATE: of two people deciding at the same moment one wins, and the other is told.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from stages.types import PostState
from store.alerts import Alert
from store.decision_records import finish, once
from store.decision_rules import check_may_publish, check_time, load_draft
from store.decision_types import Action, By, NotAllowedError, StaleError
from store.engine import Database, utc_now
from store.tables import DecisionRow, PostRow, id_of

BEING_SENT = "A post is being sent at this moment. Try again in a minute."
NOT_FAILED = "This post is not failed any more."
SETTLED = "Somebody settled this post already."
NO_ALERT = "This post has no alert any more."


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
        decision = of_post(post, user_id, Action.WITHDRAW, PostState.WITHDRAWN)
        decision.note = note[:2000]
        move_post(session, post, PostState.WITHDRAWN, BEING_SENT)
        return finish(session, decision)


def retry(db: Database, post_id: int, user_id: int) -> int:
    """Send a failed post again with the next round; returns the decision's id.

    Raises NotAllowedError when it is not failed any more or its source no longer lets us publish,
    StaleError when its text is no longer what stands for the card.
    """
    with db.write() as session:
        post = session.get(PostRow, post_id)
        if post is None or post.state != PostState.FAILED:
            raise NotAllowedError(NOT_FAILED)
        check_may_publish(*load_draft(session, post.draft_id))
        decision = of_post(post, user_id, Action.RETRY, PostState.SCHEDULED)
        move_post(session, post, PostState.SCHEDULED, NOT_FAILED, due_at=utc_now(), error="")
        return finish(session, decision)


def settle(db: Database, post_id: int, user_id: int, is_out: bool) -> int:
    """A person looked: the post is out, or it is not and counts as failed.

    Returns the decision's id. Raises NotAllowedError when there is nothing to settle any more.
    """
    state = PostState.PUBLISHED if is_out else PostState.FAILED
    with db.write() as session:
        post = session.get(PostRow, post_id)
        if post is None or post.state != PostState.VERIFY:
            raise NotAllowedError(SETTLED)
        decision = of_post(post, user_id, Action.SETTLE, state)
        move_post(session, post, state, SETTLED, published_at=utc_now() if is_out else None)
        return finish(session, decision)


def reschedule(
    db: Database, post_id: int, user_id: int, due_at: datetime, request_id: str = ""
) -> int:
    """Let a post that waits go out at another time; returns the decision's id.

    Raises NotAllowedError when the time is past or the post does not wait any more.
    """

    def act(session: Session) -> int:
        check_time(due_at)
        post = session.get(PostRow, post_id, with_for_update=True)
        if post is None or post.state != PostState.SCHEDULED:
            raise NotAllowedError("This post does not wait any more.")
        decision = of_post(post, user_id, Action.RESCHEDULE, PostState.SCHEDULED)
        decision.before |= {"due_at": _iso(post.due_at)}
        decision.after |= {"due_at": _iso(due_at)}
        decision.request_id = request_id or None
        move_post(session, post, PostState.SCHEDULED, BEING_SENT, due_at=max(due_at, utc_now()))
        return finish(session, decision)

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
        decision = of_post(post, user_id, Action.KEEP, PostState(post.state))
        decision.note = note[:2000]
        decision.before |= {"alert": post.alert, "alert_at": _iso(post.alert_at)}
        post.alert, post.alert_at = Alert.NONE.value, None
        return finish(session, decision)


def undo_keep_in(session: Session, decision: DecisionRow, request_id: str) -> int:
    """Give the post the alert back that a person had cleared."""
    post = session.get(PostRow, decision.before["post"], with_for_update=True)
    is_undone = session.exec(
        select(DecisionRow.id).where(DecisionRow.undoes_id == decision.id)
    ).first()
    if post is None or is_undone or post.alert or post.state == PostState.WITHDRAWN:
        raise StaleError("Something newer happened to this post. Look at it again.")
    undone = of_post(post, decision.user_id, Action.UNDO, PostState(post.state))
    undone.undoes_id, undone.request_id = id_of(decision), request_id or None
    post.alert = Alert(decision.before["alert"]).value
    post.alert_at = datetime.fromisoformat(decision.before["alert_at"])
    return finish(session, undone)


def _iso(at: datetime | None) -> str:
    return (at or utc_now()).isoformat()


def of_post(post: PostRow, user_id: int, action: Action, state: PostState) -> DecisionRow:
    """The record of a decision about one post, to be added; the draft stays as it is."""
    return DecisionRow(
        draft_id=post.draft_id,
        user_id=user_id,
        action=action.value,
        before={"post": id_of(post), "state": post.state},
        after={"post": id_of(post), "state": state.value},
        at=utc_now(),
    )


def move_post(
    session: Session, post: PostRow, state: PostState, refusal: str, **values: Any
) -> None:
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
