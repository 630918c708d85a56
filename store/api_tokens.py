"""Keys for programs. A key has the rights its user has at that moment, and an end."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import col, select

from store.account_changes import AccountAction, record
from store.desk_tables import ApiTokenRow
from store.engine import Database, utc_now
from store.sessions import SEEN_EVERY_S
from store.tables import UserRow
from store.users import User, to_user

PREFIX = "spoonful_"
"""So that a key is known for one where it should not be: in a chat, in a repository."""
MAX_NAME_CHARS = 100


@dataclass(frozen=True, slots=True)
class ApiToken:
    id: int
    name: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


def make_api_token(db: Database, user_id: int, name: str, days: int) -> str:
    """Returns the key, of which only the hash is kept: nobody can show it again."""
    token, now = PREFIX + secrets.token_urlsafe(32), utc_now()
    with db.write() as session:
        session.add(
            ApiTokenRow(
                token_hash=_hash(token),
                user_id=user_id,
                name=name[:MAX_NAME_CHARS],
                created_at=now,
                expires_at=now + timedelta(days=days),
            )
        )
        record(session, AccountAction.TOKEN_MADE, user_id, user_id, token=name, days=days)
    return token


def list_api_tokens(db: Database, user_id: int) -> tuple[ApiToken, ...]:
    """A person's keys that still work, the latest first."""
    with db.read() as session:
        rows = session.exec(
            select(ApiTokenRow)
            .where(
                ApiTokenRow.user_id == user_id,
                ApiTokenRow.expires_at > utc_now(),
                col(ApiTokenRow.revoked_at).is_(None),
            )
            .order_by(col(ApiTokenRow.id).desc())
        )
        return tuple(
            ApiToken(row.id or 0, row.name, row.created_at, row.expires_at, row.used_at)
            for row in rows
        )


def revoke_api_token(db: Database, user_id: int, token_id: int) -> bool:
    """False when that person has no such key, or it is revoked already."""
    with db.write() as session:
        row = session.exec(
            select(ApiTokenRow)
            .where(
                ApiTokenRow.id == token_id,
                ApiTokenRow.user_id == user_id,
                col(ApiTokenRow.revoked_at).is_(None),
            )
            .with_for_update()
        ).first()
        if row is None:
            return False
        row.revoked_at = utc_now()
        session.add(row)
        record(session, AccountAction.TOKEN_REVOKED, user_id, user_id, token=row.name)
        return True


def get_token_user(db: Database, token: str) -> User | None:
    """Whose key this is, if it works; every few minutes it is noted that it was used."""
    now = utc_now()
    with db.read() as session:
        found = session.exec(
            select(UserRow, ApiTokenRow.id, ApiTokenRow.used_at)
            .join(ApiTokenRow, col(ApiTokenRow.user_id) == col(UserRow.id))
            .where(
                ApiTokenRow.token_hash == _hash(token),
                ApiTokenRow.expires_at > now,
                col(ApiTokenRow.revoked_at).is_(None),
                col(UserRow.disabled_at).is_(None),
            )
        ).first()
    if found is None:
        return None
    row, token_id, used_at = found
    if used_at is None or (now - used_at).total_seconds() > SEEN_EVERY_S:
        with db.write() as session:
            session.exec(
                update(ApiTokenRow).where(col(ApiTokenRow.id) == token_id).values(used_at=now)
            )
    return to_user(row)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
