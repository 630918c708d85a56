"""People who sign in, their sessions and failed attempts. Passwords are in `store.passwords`."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from stages.errors import PermanentError
from store.engine import Database, utc_now
from store.tables import SessionRow, SignInAttemptRow, UserRow, id_of


class Role(StrEnum):
    """What somebody may do; `review_ui.access` says which page asks for which.

    EDITOR: read, decide, edit. LEAD: an editor who also settles verdicts that differ and chooses
    tone versions. OPS: sources, quarantine, runs, posts that failed. ADMIN: all of it, and people.
    """

    EDITOR = "editor"
    LEAD = "lead"
    OPS = "ops"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class User:
    """prefs: language (`lang`), `theme` and `keys` of their own; empty where they chose nothing."""

    id: int
    name: str
    created_at: datetime
    disabled_at: datetime | None = None
    role: Role = Role.EDITOR
    prefs: Mapping[str, Any] = field(default_factory=dict)


def add_user(db: Database, name: str, password_hash: str, role: Role = Role.EDITOR) -> User:
    """Raises PermanentError when the name is taken."""
    try:
        with db.write() as session:
            row = UserRow(
                name=name, password_hash=password_hash, role=role.value, created_at=utc_now()
            )
            session.add(row)
            session.flush()
            return _user(row)
    except IntegrityError as error:
        raise PermanentError(f"There is a user named {name} already.") from error


def set_password(db: Database, name: str, password_hash: str) -> bool:
    """Give a user a new password, enable them and end their sessions; False if unknown."""
    with db.write() as session:
        row = session.exec(select(UserRow).where(UserRow.name == name)).first()
        if row is None:
            return False
        row.password_hash, row.disabled_at = password_hash, None
        session.add(row)
        session.exec(delete(SessionRow).where(col(SessionRow.user_id) == row.id))
        return True


def list_users(db: Database) -> tuple[User, ...]:
    with db.read() as session:
        return tuple(_user(row) for row in session.exec(select(UserRow).order_by(UserRow.name)))


def disable_user(db: Database, name: str) -> bool:
    """No more sign-in, and every session ends now; False when there is no such active user."""
    with db.write() as session:
        result = session.exec(
            update(UserRow)
            .where(col(UserRow.name) == name, col(UserRow.disabled_at).is_(None))
            .values(disabled_at=utc_now())
        )
        ids = select(UserRow.id).where(UserRow.name == name)
        session.exec(delete(SessionRow).where(col(SessionRow.user_id).in_(ids)))
        return bool(result.rowcount)


def get_password_hash(db: Database, name: str) -> tuple[User, str] | None:
    """An active user and the hash to verify against."""
    with db.read() as session:
        row = session.exec(
            select(UserRow).where(UserRow.name == name, col(UserRow.disabled_at).is_(None))
        ).first()
        return (_user(row), row.password_hash) if row else None


def start_session(db: Database, user_id: int, hours: int) -> str:
    """Open a session; returns the secret token for the cookie, of which only the hash is kept."""
    token, now = secrets.token_urlsafe(32), utc_now()
    with db.write() as session:
        session.exec(delete(SessionRow).where(col(SessionRow.expires_at) < now))
        session.add(
            SessionRow(
                token_hash=_hash(token),
                user_id=user_id,
                created_at=now,
                expires_at=now + timedelta(hours=hours),
            )
        )
    return token


def get_session_user(db: Database, token: str) -> User | None:
    """Who a live session belongs to."""
    with db.read() as session:
        row = session.exec(
            select(UserRow)
            .join(SessionRow, col(SessionRow.user_id) == col(UserRow.id))
            .where(
                SessionRow.token_hash == _hash(token),
                SessionRow.expires_at > utc_now(),
                col(UserRow.disabled_at).is_(None),
            )
        ).first()
        return _user(row) if row else None


def end_session(db: Database, token: str) -> None:
    with db.write() as session:
        session.exec(delete(SessionRow).where(col(SessionRow.token_hash) == _hash(token)))


def add_failed_sign_in(db: Database, subjects: tuple[str, ...]) -> None:
    """subjects: what to count against, such as the name and the address."""
    now = utc_now()
    with db.write() as session:
        session.exec(
            delete(SignInAttemptRow).where(col(SignInAttemptRow.at) < now - timedelta(days=1))
        )
        for subject in subjects:
            session.add(SignInAttemptRow(subject=subject, at=now))


def count_failed_sign_ins(db: Database, subject: str, within_s: int) -> int:
    with db.read() as session:
        return session.exec(
            select(func.count())
            .select_from(SignInAttemptRow)
            .where(
                SignInAttemptRow.subject == subject,
                SignInAttemptRow.at > utc_now() - timedelta(seconds=within_s),
            )
        ).one()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _user(row: UserRow) -> User:
    return User(
        id_of(row), row.name, row.created_at, row.disabled_at, Role(row.role), dict(row.prefs)
    )
