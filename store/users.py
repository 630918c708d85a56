"""People who sign in: their roles, whether they may, and what they prefer.

Passwords are in `store.passwords`, sessions in `store.sessions`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, true, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from stages.errors import PermanentError
from store.account_changes import AccountAction, record
from store.desk_tables import ApiTokenRow, IdentityRow
from store.engine import Database, take_turns, utc_now
from store.tables import SessionRow, UserRow, id_of

MAX_NAME_CHARS = 100
MAX_SAME_NAMES = 50


class Role(StrEnum):
    """What somebody may do; `review_ui.access` says which page asks for which.

    EDITOR: read, decide, edit. LEAD: an editor who also settles verdicts that differ and chooses
    tone versions. OPS: sources, quarantine, runs, posts that failed. ADMIN: all of it, and people.
    """

    EDITOR = "editor"
    LEAD = "lead"
    OPS = "ops"
    ADMIN = "admin"


class NameTakenError(PermanentError):
    """Somebody has this name."""


class LastAdminError(PermanentError):
    """Without this person nobody could look after people any more."""


@dataclass(frozen=True, slots=True)
class User:
    """prefs: language (`lang`), `theme` and `keys` of their own; empty where they chose nothing."""

    id: int
    name: str
    created_at: datetime
    disabled_at: datetime | None = None
    role: Role = Role.EDITOR
    prefs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """A user as whoever looks after people sees them.

    sessions: how many browsers are signed in. has_identity: whether they sign in at a provider.
    """

    user: User
    has_password: bool
    has_identity: bool
    sessions: int
    api_tokens: int
    seen_at: datetime | None


def clean_name(name: str) -> str:
    """name as it is kept; '' when nobody may be called that.

    No invisible characters, and none that would make one name look like another.
    """
    name = unicodedata.normalize("NFKC", name).strip()
    return name if 0 < len(name) <= MAX_NAME_CHARS and name.isprintable() else ""


def add_user(
    db: Database,
    name: str,
    password_hash: str,
    role: Role = Role.EDITOR,
    by_id: int | None = None,
) -> User:
    """password_hash: '' for somebody who signs in at a provider only.

    Raises NameTakenError.
    """
    with db.write() as session:
        return insert_user(session, name, password_hash, role, by_id)


def insert_user(
    session: Session, name: str, password_hash: str, role: Role, by_id: int | None = None
) -> User:
    """`add_user` as a part of a transaction, which ends when this raises."""
    row = UserRow(name=name, password_hash=password_hash, role=role.value, created_at=utc_now())
    try:
        session.add(row)
        session.flush()
    except IntegrityError as error:
        raise NameTakenError(f"There is a user named {name} already.") from error
    user = to_user(row)
    record(session, AccountAction.ADDED, user.id, by_id, role=role.value)
    return user


def is_name_taken(session: Session, name: str) -> bool:
    """Whether somebody has this name, in capitals or not."""
    taken = select(UserRow.id).where(func.lower(UserRow.name) == name.lower())
    return session.exec(taken.limit(1)).first() is not None


def free_name(session: Session, name: str) -> str:
    """name, with a number when it is taken. Raises PermanentError when there are too many."""
    for number in range(1, MAX_SAME_NAMES):
        chosen = name if number == 1 else f"{name} {number}"
        if not is_name_taken(session, chosen):
            return chosen
    raise PermanentError(f"There are too many people named {name}.")


def has_users(db: Database) -> bool:
    with db.read() as session:
        return session.exec(select(UserRow.id).limit(1)).first() is not None


def get_user(db: Database, user_id: int) -> User | None:
    with db.read() as session:
        row = session.get(UserRow, user_id)
        return to_user(row) if row else None


def get_user_named(db: Database, name: str) -> User | None:
    with db.read() as session:
        row = session.exec(select(UserRow).where(UserRow.name == name)).first()
        return to_user(row) if row else None


def list_users(db: Database) -> tuple[User, ...]:
    with db.read() as session:
        return tuple(to_user(row) for row in session.exec(select(UserRow).order_by(UserRow.name)))


def list_people(db: Database) -> tuple[Person, ...]:
    """Everybody, those who may sign in first. Holds nothing that would sign anybody in."""
    now = utc_now()
    with db.read() as session:
        sessions = _count_of(session, col(SessionRow.user_id), col(SessionRow.expires_at) > now)
        api_tokens = _count_of(
            session,
            col(ApiTokenRow.user_id),
            and_(col(ApiTokenRow.expires_at) > now, col(ApiTokenRow.revoked_at).is_(None)),
        )
        identities = _count_of(session, col(IdentityRow.user_id), true())
        rows = session.exec(
            select(UserRow).order_by(
                col(UserRow.disabled_at).is_not(None), func.lower(UserRow.name)
            )
        )
        return tuple(
            Person(
                to_user(row),
                has_password=bool(row.password_hash),
                has_identity=id_of(row) in identities,
                sessions=sessions.get(id_of(row), 0),
                api_tokens=api_tokens.get(id_of(row), 0),
                seen_at=row.seen_at,
            )
            for row in rows
        )


def set_prefs(db: Database, user_id: int, **changes: Any) -> None:
    """Keep what somebody chose; a value of None or '' forgets the choice."""
    with db.write() as session:
        row = session.exec(select(UserRow).where(UserRow.id == user_id).with_for_update()).first()
        if row is None:
            return
        prefs = {**row.prefs, **changes}
        row.prefs = {name: value for name, value in prefs.items() if value not in (None, "")}
        session.add(row)


def set_role(db: Database, user_id: int, role: Role, by_id: int | None) -> bool:
    """False when there is no such user. Raises LastAdminError rather than leave no admin."""
    with db.write() as session:
        row = _lock_user(session, user_id)
        if row is None:
            return False
        if row.role == role.value:
            return True
        if role is not Role.ADMIN:
            _keep_an_admin(session, row)
        record(session, AccountAction.ROLE, user_id, by_id, before=row.role, role=role.value)
        row.role = role.value
        session.add(row)
        return True


def set_password(db: Database, name: str, password_hash: str, by_id: int | None = None) -> bool:
    """Give a user a new password, enable them, end their sessions and API tokens; False if unknown.

    For whoever looks after people; a person's own change is `change_password`.
    """
    with db.write() as session:
        row = session.exec(select(UserRow).where(UserRow.name == name)).first()
        if row is None:
            return False
        row.password_hash, row.disabled_at = password_hash, None
        session.add(row)
        session.exec(delete(SessionRow).where(col(SessionRow.user_id) == row.id))
        session.exec(
            update(ApiTokenRow)
            .where(col(ApiTokenRow.user_id) == row.id, col(ApiTokenRow.revoked_at).is_(None))
            .values(revoked_at=utc_now())
        )
        record(session, AccountAction.PASSWORD, id_of(row), by_id)
        return True


def change_password(db: Database, user_id: int, old_hash: str, password_hash: str) -> bool:
    """A person's own new password ends all their sessions, this one too: it gets a new token.

    old_hash: of the password they gave; False when it is no longer theirs.
    """
    with db.write() as session:
        changed = session.exec(
            update(UserRow)
            .where(col(UserRow.id) == user_id, col(UserRow.password_hash) == old_hash)
            .values(password_hash=password_hash)
        )
        if not changed.rowcount:
            return False
        session.exec(delete(SessionRow).where(col(SessionRow.user_id) == user_id))
        record(session, AccountAction.PASSWORD, user_id, user_id)
        return True


def disable_user(
    db: Database, name: str, by_id: int | None = None, keep_admin: bool = True
) -> bool:
    """No more sign-in, and every session ends now; False when there is no such active user.

    Raises LastAdminError when keep_admin, rather than leave no admin.
    """
    with db.write() as session:
        found = session.exec(select(UserRow.id).where(UserRow.name == name)).first()
        row = _lock_user(session, found) if found is not None else None
        if row is None or row.disabled_at is not None:
            return False
        if keep_admin:
            _keep_an_admin(session, row)
        row.disabled_at = utc_now()
        session.add(row)
        session.exec(delete(SessionRow).where(col(SessionRow.user_id) == row.id))
        record(session, AccountAction.DISABLED, id_of(row), by_id)
        return True


def enable_user(db: Database, user_id: int, by_id: int | None) -> bool:
    """Let somebody sign in again, as they did before; False when nobody had disabled them."""
    with db.write() as session:
        enabled = session.exec(
            update(UserRow)
            .where(col(UserRow.id) == user_id, col(UserRow.disabled_at).is_not(None))
            .values(disabled_at=None)
        )
        if enabled.rowcount:
            record(session, AccountAction.ENABLED, user_id, by_id)
        return bool(enabled.rowcount)


def get_password_hash(db: Database, name: str) -> tuple[User, str] | None:
    """An active user who has a password, and the hash to verify against."""
    with db.read() as session:
        row = session.exec(
            select(UserRow).where(
                UserRow.name == name,
                col(UserRow.disabled_at).is_(None),
                UserRow.password_hash != "",
            )
        ).first()
        return (to_user(row), row.password_hash) if row else None


def to_user(row: UserRow) -> User:
    return User(
        id_of(row), row.name, row.created_at, row.disabled_at, Role(row.role), dict(row.prefs)
    )


def _count_of(session: Session, user_id: Any, condition: ColumnElement[bool]) -> dict[int, int]:
    """How many rows each user has that meet the condition."""
    rows = session.exec(select(user_id, func.count()).where(condition).group_by(user_id))
    return dict(rows.all())


def _lock_user(session: Session, user_id: int) -> UserRow | None:
    """Whoever may take an admin away waits for others who may, so that one always stays."""
    take_turns(session.connection(), "admins")
    return session.exec(select(UserRow).where(UserRow.id == user_id)).first()


def _keep_an_admin(session: Session, row: UserRow) -> None:
    if row.role != Role.ADMIN or row.disabled_at is not None:
        return
    others = session.exec(
        select(UserRow.id)
        .where(
            UserRow.role == Role.ADMIN.value,
            UserRow.id != row.id,
            col(UserRow.disabled_at).is_(None),
        )
        .limit(1)
    ).first()
    if others is None:
        raise LastAdminError(f"{row.name} is the only admin. Make somebody else one first.")
