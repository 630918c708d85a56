"""What must hold before a draft is approved, whoever approves it and in whatever way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from stages.types import Reuse, Risk, Stakes
from store.decision_types import (
    LICENCE_CHANGED,
    LICENCE_UNCHECKED,
    Action,
    NotAllowedError,
    Sending,
    StaleError,
)
from store.engine import utc_now
from store.posts import list_taken_groups, say_unlicensed
from store.tables import CardRow, DecisionRow, DraftRow, GroupRow, GuideRow

PAST_SLACK = timedelta(minutes=2)
"""A time chosen for a post may lie so far back: the form was open while the clock went on."""
FARTHEST = timedelta(days=366)
"""What is to go out later than that was meant for another year."""


def load_draft(session: Session, draft_id: int) -> tuple[DraftRow, CardRow, GuideRow]:
    """A draft with its card and guide, locked. Raises NotAllowedError when there is none."""
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
    check_may_publish(draft, card, guide)
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
        check_time(sending.due_at)


def check_time(due_at: datetime) -> None:
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


def check_may_publish(draft: DraftRow, card: CardRow, guide: GuideRow) -> None:
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
