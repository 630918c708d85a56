"""Who a user is at an OpenID provider."""

from __future__ import annotations

from sqlmodel import Session, col, select

from stages.errors import PermanentError
from store.account_changes import AccountAction, record
from store.desk_tables import IdentityRow
from store.engine import Database, take_turns, utc_now
from store.tables import UserRow
from store.users import Role, User, free_name, insert_user, to_user


def get_identity_user(db: Database, issuer: str, subject: str) -> User | None:
    """The active user linked with this identity."""
    with db.read() as session:
        row = session.exec(
            select(UserRow)
            .join(IdentityRow, col(IdentityRow.user_id) == col(UserRow.id))
            .where(
                IdentityRow.issuer == issuer,
                IdentityRow.subject == subject,
                col(UserRow.disabled_at).is_(None),
            )
        ).first()
        return to_user(row) if row else None


def is_identity_known(db: Database, issuer: str, subject: str) -> bool:
    """Whether it is somebody's, disabled or not."""
    with db.read() as session:
        return session.get(IdentityRow, (issuer, subject)) is not None


def has_identity(db: Database, user_id: int, issuer: str) -> bool:
    with db.read() as session:
        return _of(session, user_id, issuer) is not None


def link_identity(db: Database, user_id: int, issuer: str, subject: str) -> bool:
    """Let a user sign in with it from now on; False when it is somebody's already."""
    with db.write() as session:
        if session.get(IdentityRow, (issuer, subject)) is not None:
            return False
        insert_identity(session, user_id, issuer, subject)
        return True


def unlink_identity(db: Database, user_id: int, issuer: str) -> bool:
    """False when nothing was linked. Raises PermanentError when no way to sign in would be left."""
    with db.write() as session:
        row = _of(session, user_id, issuer)
        if row is None:
            return False
        user = session.get(UserRow, user_id)
        if user is None or not user.password_hash:
            raise PermanentError("There would be no way left to sign in.")
        session.delete(row)
        record(session, AccountAction.UNLINKED, user_id, user_id, issuer=issuer)
        return True


def add_identity_user(db: Database, name: str, issuer: str, subject: str, role: Role) -> User:
    """A new user for a new identity; a name that is taken gets a number.

    Whoever comes twice at the same moment is one user. Raises PermanentError when the identity is
    that of somebody who is disabled.
    """
    with db.write() as session:
        take_turns(session.connection(), "newcomers")
        known = session.get(IdentityRow, (issuer, subject))
        if known is None:
            user = insert_user(session, free_name(session, name), "", role)
            insert_identity(session, user.id, issuer, subject)
            return user
        row = session.get_one(UserRow, known.user_id)
        if row.disabled_at is not None:
            raise PermanentError("This person is disabled here.")
        return to_user(row)


def insert_identity(session: Session, user_id: int, issuer: str, subject: str) -> None:
    session.add(IdentityRow(issuer=issuer, subject=subject, user_id=user_id, added_at=utc_now()))
    record(session, AccountAction.LINKED, user_id, user_id, issuer=issuer)


def _of(session: Session, user_id: int, issuer: str) -> IdentityRow | None:
    return session.exec(
        select(IdentityRow).where(IdentityRow.user_id == user_id, IdentityRow.issuer == issuer)
    ).first()
