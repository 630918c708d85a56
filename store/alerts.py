"""Alerts on posts whose source is no longer what they were written from; for this room's files.

A person clears one with `store.post_decisions.clear_alert` or by withdrawing the post.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Table, and_, exists, update
from sqlalchemy import select as sql_select
from sqlmodel import Session

from stages.types import PostState
from store.tables import metadata

_POSTS: Table = metadata.tables["posts"]
_DRAFTS: Table = metadata.tables["drafts"]
_CARDS: Table = metadata.tables["cards"]

ALERTED = tuple(
    state.value
    for state in (PostState.SCHEDULED, PostState.SENDING, PostState.PUBLISHED, PostState.VERIFY)
)
"""Posts that are out or may go out: one that failed is checked when it is sent again."""


class Alert(StrEnum):
    """What became of the source of a post since it was approved."""

    NONE = ""
    SOURCE_CHANGED = "source_changed"
    SOURCE_REMOVED = "source_removed"


def set_change_alerts(session: Session, card_ids: Sequence[str], now: datetime) -> None:
    """After a material change of these cards: alert posts written from another text than theirs.

    A post whose text the source is back to needs no alert any more.
    """
    if not card_ids:
        return
    posts = _lock(session, card_ids)
    _set(session, posts, ~_is_of_present_text(), Alert.SOURCE_CHANGED, now)
    is_alerted = _POSTS.c.alert != Alert.NONE.value
    _set(session, posts, and_(is_alerted, _is_of_present_text()), Alert.NONE, None)


def set_removal_alerts(session: Session, card_ids: Sequence[str], now: datetime) -> None:
    """After these cards are gone: alert all their posts."""
    if not card_ids:
        return
    is_new = _POSTS.c.alert != Alert.SOURCE_REMOVED.value
    _set(session, _lock(session, card_ids), is_new, Alert.SOURCE_REMOVED, now)


def drop_removal_alerts(session: Session, card_ids: Sequence[str]) -> None:
    """These cards are back as they were: an alert stands only where the text had changed before."""
    if not card_ids:
        return
    posts = _lock(session, card_ids)
    is_removal = _POSTS.c.alert == Alert.SOURCE_REMOVED.value
    _set(session, posts, and_(is_removal, _is_of_present_text()), Alert.NONE, None)
    session.execute(
        update(_POSTS)
        .where(_POSTS.c.id.in_(posts), is_removal)
        .values(alert=Alert.SOURCE_CHANGED.value)
    )


def _lock(session: Session, card_ids: Sequence[str]) -> list[int]:
    """Ids of the posts of these cards that are out or may go out.

    They are locked in the order in which the outbox claims them, so that neither waits in a circle.
    """
    drafts = sql_select(_DRAFTS.c.id).where(_DRAFTS.c.card_id.in_(card_ids))
    query = (
        sql_select(_POSTS.c.id)
        .where(_POSTS.c.draft_id.in_(drafts), _POSTS.c.state.in_(ALERTED))
        .order_by(_POSTS.c.due_at, _POSTS.c.id)
        .with_for_update()
    )
    return list(session.execute(query).scalars())


def _set(
    session: Session,
    posts: Sequence[int],
    where: ColumnElement[bool],
    alert: Alert,
    at: datetime | None,
) -> None:
    session.execute(
        update(_POSTS).where(_POSTS.c.id.in_(posts), where).values(alert=alert.value, alert_at=at)
    )


def _is_of_present_text() -> ColumnElement[bool]:
    """Whether a post's draft was made from the text its card has now."""
    return exists(
        sql_select(_DRAFTS.c.id)
        .join(_CARDS, _CARDS.c.id == _DRAFTS.c.card_id)
        .where(and_(_DRAFTS.c.id == _POSTS.c.draft_id, _DRAFTS.c.body_hash == _CARDS.c.body_hash))
    )
