"""What a decision is made of: actions, who decides, what an approval sends, and refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from stages.errors import PermanentError, StageError

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
