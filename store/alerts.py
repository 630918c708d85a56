"""Alerts on posts whose source is no longer what they were written from; for this room's files.

A person clears one with `store.decisions.clear_alert` or by withdrawing the post.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, case, exists, null, update
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
    _set(session, card_ids, ~_is_of_present_text(), Alert.SOURCE_CHANGED, now)
    session.execute(
        update(_POSTS)
        .where(_of_cards(card_ids), _POSTS.c.alert != Alert.NONE.value, _is_of_present_text())
        .values(alert=Alert.NONE.value, alert_at=None)
    )


def set_removal_alerts(session: Session, card_ids: Sequence[str], now: datetime) -> None:
    """After these cards are gone: alert all their posts."""
    if card_ids:
        _set(session, card_ids, _POSTS.c.alert != Alert.SOURCE_REMOVED, Alert.SOURCE_REMOVED, now)


def drop_removal_alerts(session: Session, card_ids: Sequence[str]) -> None:
    """These cards are back as they were: an alert stands only where the text had changed before."""
    if not card_ids:
        return
    is_as_written = _is_of_present_text()
    session.execute(
        update(_POSTS)
        .where(_of_cards(card_ids), _POSTS.c.alert == Alert.SOURCE_REMOVED.value)
        .values(
            alert=case((is_as_written, Alert.NONE.value), else_=Alert.SOURCE_CHANGED.value),
            alert_at=case((is_as_written, null()), else_=_POSTS.c.alert_at),
        )
    )


def _set(
    session: Session, card_ids: Sequence[str], where: Any, alert: Alert, now: datetime
) -> None:
    session.execute(
        update(_POSTS)
        .where(_of_cards(card_ids), _POSTS.c.state.in_(ALERTED), where)
        .values(alert=alert.value, alert_at=now)
    )


def _of_cards(card_ids: Sequence[str]) -> ColumnElement[bool]:
    drafts = sql_select(_DRAFTS.c.id).where(_DRAFTS.c.card_id.in_(card_ids))
    return _POSTS.c.draft_id.in_(drafts)


def _is_of_present_text() -> ColumnElement[bool]:
    """Whether a post's draft was made from the text its card has now."""
    return exists(
        sql_select(_DRAFTS.c.id)
        .join(_CARDS, _CARDS.c.id == _DRAFTS.c.card_id)
        .where(and_(_DRAFTS.c.id == _POSTS.c.draft_id, _DRAFTS.c.body_hash == _CARDS.c.body_hash))
    )
