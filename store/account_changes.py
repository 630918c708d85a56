"""What was done to accounts, and by whom. Append-only: nothing here changes or deletes a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from store.desk_tables import AccountChangeRow
from store.engine import Database, utc_now
from store.tables import UserRow


class AccountAction(StrEnum):
    """What can happen to an account. The values are kept for good."""

    ADDED = "added"
    ROLE = "role"
    DISABLED = "disabled"
    ENABLED = "enabled"
    PASSWORD = "password"  # noqa: S105  # a word, not one
    SESSIONS_ENDED = "sessions_ended"
    TOKEN_MADE = "token_made"  # noqa: S105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    LINKED = "linked"
    UNLINKED = "unlinked"
    INVITED = "invited"
    INVITE_REVOKED = "invite_revoked"


@dataclass(frozen=True, slots=True)
class AccountChange:
    """name: of the account, '' where there is none yet. by: '' for the command line."""

    action: AccountAction
    name: str
    by: str
    detail: Mapping[str, Any]
    at: datetime


def record(
    session: Session,
    action: AccountAction,
    user_id: int | None,
    by_id: int | None,
    **detail: str | int,
) -> None:
    """Part of the transaction that makes the change. detail: never a secret, nor its hash."""
    session.add(
        AccountChangeRow(
            user_id=user_id, by_id=by_id, action=action.value, detail=detail, at=utc_now()
        )
    )


def list_account_changes(db: Database, limit: int = 50) -> tuple[AccountChange, ...]:
    """The latest first."""
    person, by = aliased(UserRow), aliased(UserRow)
    with db.read() as session:
        rows = session.exec(
            select(AccountChangeRow, person.name, by.name)
            .join(person, col(AccountChangeRow.user_id) == person.id, isouter=True)
            .join(by, col(AccountChangeRow.by_id) == by.id, isouter=True)
            .order_by(col(AccountChangeRow.id).desc())
            .limit(limit)
        )
        return tuple(
            AccountChange(
                AccountAction(row.action), name or "", by_name or "", dict(row.detail), row.at
            )
            for row, name, by_name in rows
        )
