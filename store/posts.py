"""Posts and the outbox: what was approved for a group, and how far it got."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, update
from sqlmodel import Session, col, select

from stages.types import Post, PostState, Receipt, Reuse
from store.alerts import Alert
from store.engine import Database, is_holder_dead, process_holder, utc_now
from store.tables import (
    CardRow,
    DecisionRow,
    DraftRow,
    GroupRow,
    GuideRow,
    PageRow,
    PostRow,
    id_of,
)

SEND_LEASE_S = 300.0
FEED = "atom"
"""The channel whose posts are entries of a feed, as in `stages.publish.atom`."""
PUBLISHABLE = tuple(reuse.value for reuse in Reuse if reuse.allows_publishing)


@dataclass(frozen=True, slots=True)
class PostView:
    """A post in the list of posts. error: why it failed or what to verify.

    alert, alert_at: what became of its source since, for a person to keep or withdraw the post.
    """

    post: Post
    draft_id: int
    card_id: str
    tone: str
    group_name: str
    error: str
    attempts: int
    alert: Alert = Alert.NONE
    alert_at: datetime | None = None


def add_posts(
    session: Session,
    draft: DraftRow,
    card: CardRow,
    guide: GuideRow,
    decision: DecisionRow,
    group_ids: Sequence[str],
    due_at: datetime,
) -> None:
    """Schedule a post per group inside the transaction of the approval; for `store.decisions`.

    An undone approval leaves a withdrawn post under the same key; approving the same text again
    schedules that one anew, and in a feed, where an entry may be corrected, another text as well:
    it keeps its id. The decision's record also keeps which bodies of the guide's pages we
    had at that time: what the approved text can be held against for ever.
    """
    if group_ids:
        decision.after = {**decision.after, "snapshots": _list_bodies(session, guide.id)}
    for group in session.exec(select(GroupRow).where(col(GroupRow.id).in_(group_ids))):
        key = _key(draft.key, draft.revision, group.id, group.channel_id)
        same = session.exec(select(PostRow).where(PostRow.key == key)).first()
        row = (
            same
            or _find_corrected(session, draft, group)
            or PostRow(
                key=key,
                draft_id=id_of(draft),
                decision_id=id_of(decision),
                group_id=group.id,
                channel=group.channel_id,
                title=card.title,
                text=draft.text,
                attribution=guide.attribution,
                source_url=guide.url,
                lang=draft.lang,
                state=PostState.SCHEDULED.value,
                due_at=due_at,
                created_at=utc_now(),
            )
        )
        row.decision_id, row.state, row.due_at = id_of(decision), PostState.SCHEDULED.value, due_at
        row.title, row.text = card.title, draft.text
        row.attribution, row.source_url = guide.attribution, guide.url
        row.published_at, row.error = None, ""
        row.alert, row.alert_at = Alert.NONE.value, None
        session.add(row)


def _find_corrected(session: Session, draft: DraftRow, group: GroupRow) -> PostRow | None:
    """The withdrawn entry of a feed that another text of the same draft corrects."""
    if group.channel_id != FEED:
        return None
    return session.exec(
        select(PostRow)
        .where(
            PostRow.draft_id == id_of(draft),
            PostRow.group_id == group.id,
            PostRow.channel == FEED,
            PostRow.state == PostState.WITHDRAWN,
            PostRow.external_id != "",  # it was out
        )
        .order_by(col(PostRow.id).desc())
    ).first()


def get_open_posts(session: Session, decision_id: int) -> Sequence[PostRow]:
    """Posts of an approval that are not withdrawn; for `store.decisions`."""
    return session.exec(
        select(PostRow)
        .where(PostRow.decision_id == decision_id, PostRow.state != PostState.WITHDRAWN)
        .order_by(col(PostRow.id))  # as the outbox claims them, so that neither waits in a circle
    ).all()


def list_taken_groups(session: Session, card_id: str, group_ids: Sequence[str]) -> tuple[str, ...]:
    """Names of those groups that have an open post of the card already; for `store.decisions`."""
    rows = session.exec(
        select(GroupRow)
        .where(
            col(GroupRow.id).in_(
                select(PostRow.group_id)
                .join(DraftRow, col(DraftRow.id) == col(PostRow.draft_id))
                .where(
                    DraftRow.card_id == card_id,
                    col(PostRow.group_id).in_(group_ids),
                    PostRow.state != PostState.WITHDRAWN,
                )
            )
        )
        .order_by(col(GroupRow.position))
    )
    return tuple(str(group.spec["name"]) for group in rows)


def claim_due_posts(db: Database, limit: int = 50) -> tuple[Post, ...]:
    """Take posts that are due from scheduled to sending; each is handed to one caller only.

    A post whose sender died halfway may be out or not: it becomes `verify`, for a person to see.
    A post whose source no longer lets us publish fails and says so; one whose source is gone or
    says something else by now waits for a person.
    """
    now, holder = utc_now(), process_holder()
    taken: list[Post] = []
    with db.write() as session:
        sending = select(PostRow).where(PostRow.state == PostState.SENDING).with_for_update()
        for row in session.exec(sending):
            if is_holder_dead(row.holder) or (row.lease_until and row.lease_until <= now):
                row.state = PostState.VERIFY.value
                row.error = "The sender ended while sending. Look whether the group has this post."
                session.add(row)
        _fail_unlicensed(session, now)
        due = session.exec(
            select(PostRow)
            .join(DraftRow, col(DraftRow.id) == col(PostRow.draft_id))
            .join(CardRow, col(CardRow.id) == col(DraftRow.card_id))
            .join(GuideRow, col(GuideRow.id) == col(CardRow.guide_id))
            .where(
                PostRow.state == PostState.SCHEDULED,
                PostRow.due_at <= now,
                PostRow.alert == Alert.NONE,
                col(GuideRow.reuse).in_(PUBLISHABLE),
            )
            .order_by(col(PostRow.due_at), col(PostRow.id))
            .limit(limit)
        ).all()
        for row in due:
            result = session.exec(
                update(PostRow)
                .where(
                    col(PostRow.id) == row.id,
                    col(PostRow.state) == PostState.SCHEDULED.value,
                    col(PostRow.alert) == Alert.NONE.value,
                )
                .values(
                    state=PostState.SENDING.value,
                    holder=holder,
                    lease_until=now + timedelta(seconds=SEND_LEASE_S),
                    attempts=PostRow.attempts + 1,
                )
            )
            if result.rowcount == 1:
                taken.append(_post(row))
    return tuple(taken)


def mark_published(db: Database, post_id: int, receipt: Receipt) -> None:
    _mark(
        db,
        post_id,
        PostState.PUBLISHED,
        published_at=utc_now(),
        external_id=receipt.external_id,
        error="",
    )


def mark_failed(db: Database, post_id: int, error: str) -> None:
    _mark(db, post_id, PostState.FAILED, error=error[:2000])


def mark_verify(db: Database, post_id: int, error: str) -> None:
    _mark(db, post_id, PostState.VERIFY, error=error[:2000])


def mark_rescheduled(db: Database, post_id: int, error: str, after_s: float) -> None:
    """Nothing was sent; try again later."""
    _mark(
        db,
        post_id,
        PostState.SCHEDULED,
        error=error[:2000],
        due_at=utc_now() + timedelta(seconds=after_s),
    )


def list_published(db: Database, group_id: str, limit: int = 50) -> tuple[Post, ...]:
    """What a group's feed shows, the latest first."""
    with db.read() as session:
        rows = session.exec(
            select(PostRow)
            .where(PostRow.group_id == group_id, PostRow.state == PostState.PUBLISHED)
            .order_by(col(PostRow.published_at).desc(), col(PostRow.id).desc())
            .limit(limit)
        )
        return tuple(_post(row) for row in rows)


def list_posts(
    db: Database,
    state: PostState | None = None,
    limit: int = 200,
    card_id: str | None = None,
    group_id: str | None = None,
    *,
    below: int | None = None,
    has_alert: bool | None = None,
    is_by_id: bool = False,
) -> tuple[PostView, ...]:
    """Those with an alert first unless is_by_id, then the latest; state, card_id, group_id,
    has_alert: only those. below: only posts with a lower id, to turn pages by.
    """
    first = () if is_by_id else (case((col(PostRow.alert) != "", 0), else_=1),)
    query = (
        select(PostRow, DraftRow, GroupRow)
        .join(DraftRow, col(DraftRow.id) == col(PostRow.draft_id))
        .join(GroupRow, col(GroupRow.id) == col(PostRow.group_id))
        .order_by(*first, col(PostRow.id).desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(PostRow.state == state.value)
    if card_id is not None:
        query = query.where(DraftRow.card_id == card_id)
    if group_id is not None:
        query = query.where(PostRow.group_id == group_id)
    if below is not None:
        query = query.where(col(PostRow.id) < below)
    if has_alert is not None:
        query = query.where((col(PostRow.alert) != "") == has_alert)
    with db.read() as session:
        return tuple(
            make_post_view(post, draft, group) for post, draft, group in session.exec(query)
        )


def get_post_view(db: Database, post_id: int) -> PostView | None:
    with db.read() as session:
        row = session.exec(
            select(PostRow, DraftRow, GroupRow)
            .join(DraftRow, col(DraftRow.id) == col(PostRow.draft_id))
            .join(GroupRow, col(GroupRow.id) == col(PostRow.group_id))
            .where(PostRow.id == post_id)
        ).first()
        return make_post_view(*row) if row else None


def make_post_view(post: PostRow, draft: DraftRow, group: GroupRow) -> PostView:
    """The value of a row; for the other files of this room."""
    return PostView(
        post=_post(post),
        draft_id=post.draft_id,
        card_id=draft.card_id,
        tone=draft.tone,
        group_name=str(group.spec["name"]),
        error=post.error,
        attempts=post.attempts,
        alert=Alert(post.alert),
        alert_at=post.alert_at,
    )


def get_feed_time(db: Database, group_id: str) -> datetime | None:
    """When what a group's feed shows last changed, None when nothing ever was in it.

    Never too early: counts every withdrawal or undo of a draft that has a post in the group.
    """
    published = select(func.max(PostRow.published_at)).where(PostRow.group_id == group_id)
    taken_back = (
        select(func.max(DecisionRow.at))
        .join(PostRow, col(PostRow.draft_id) == col(DecisionRow.draft_id))
        .where(PostRow.group_id == group_id, col(DecisionRow.action).in_(("undo", "withdraw")))
    )
    with db.read() as session:
        times = [session.exec(query).one() for query in (published, taken_back)]
    return max((time for time in times if time is not None), default=None)


def count_posts(db: Database) -> dict[PostState, int]:
    with db.read() as session:
        rows = session.exec(select(PostRow.state, func.count()).group_by(PostRow.state))
        return {PostState(state): count for state, count in rows}


def count_alerts(db: Database) -> int:
    """Posts that wait for a person because of what became of their source."""
    with db.read() as session:
        return session.exec(
            select(func.count()).select_from(PostRow).where(PostRow.alert != Alert.NONE)
        ).one()


def count_group_posts(db: Database) -> dict[str, dict[PostState, int]]:
    """Posts by group id and state."""
    found: dict[str, dict[PostState, int]] = {}
    with db.read() as session:
        rows = session.exec(
            select(PostRow.group_id, PostRow.state, func.count()).group_by(
                PostRow.group_id, PostRow.state
            )
        )
        for group_id, state, count in rows:
            found.setdefault(group_id, {})[PostState(state)] = count
    return found


def say_unlicensed(licence: str) -> str:
    """Why a draft of a guide under this licence is not published; for the files of this room."""
    return f"The licence of this source ({licence}) does not let us publish adapted text."


def _fail_unlicensed(session: Session, now: datetime) -> None:
    """The licence may have changed between an approval and the hour its posts are due."""
    rows = session.exec(
        select(PostRow, GuideRow.licence)
        .join(DraftRow, col(DraftRow.id) == col(PostRow.draft_id))
        .join(CardRow, col(CardRow.id) == col(DraftRow.card_id))
        .join(GuideRow, col(GuideRow.id) == col(CardRow.guide_id))
        .where(
            PostRow.state == PostState.SCHEDULED,
            PostRow.due_at <= now,
            col(GuideRow.reuse).not_in(PUBLISHABLE),
        )
        .order_by(col(PostRow.due_at), col(PostRow.id))
        .with_for_update(of=PostRow)
    )
    for row, licence in rows:
        row.state, row.error = PostState.FAILED.value, say_unlicensed(licence)
        session.add(row)


def _list_bodies(session: Session, guide_id: str) -> list[str]:
    """SHA-256 of the pages a guide was last read from, in the order of their addresses."""
    query = (
        select(PageRow.body_sha256)
        .where(PageRow.guide_id == guide_id, PageRow.body_sha256 != "")
        .order_by(col(PageRow.key))
    )
    return list(dict.fromkeys(session.exec(query)))


def _mark(db: Database, post_id: int, state: PostState, **values: object) -> None:
    """From sending to state; a post that was withdrawn or taken over meanwhile stays as it is."""
    with db.write() as session:
        session.exec(
            update(PostRow)
            .where(col(PostRow.id) == post_id, col(PostRow.state) == PostState.SENDING.value)
            .values(state=state.value, holder="", lease_until=None, **values)
        )


def _key(draft_key: str, revision: int, group_id: str, channel: str) -> str:
    """Idempotency key: the same text goes to the same group through the same channel once."""
    parts = (draft_key, str(revision), group_id, channel)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _post(row: PostRow) -> Post:
    return Post(
        id=id_of(row),
        key=row.key,
        group_id=row.group_id,
        channel=row.channel,
        title=row.title,
        text=row.text,
        attribution=row.attribution,
        source_url=row.source_url,
        lang=row.lang,
        state=PostState(row.state),
        due_at=row.due_at,
        published_at=row.published_at,
    )
