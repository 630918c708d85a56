"""Links that let one person in, once, within a week."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from stages.errors import PermanentError
from store.account_changes import AccountAction, record
from store.desk_tables import InviteRow
from store.engine import Database, utc_now
from store.identities import insert_identity
from store.tables import UserRow
from store.users import Role, User, free_name, insert_user, is_name_taken

VALID_DAYS = 7
NOTE_MAX_CHARS = 200


class InviteState(StrEnum):
    OPEN = "open"
    USED = "used"
    REVOKED = "revoked"
    EXPIRED = "expired"


class NoInviteError(PermanentError):
    """No invite that still lets somebody in; it is not told whether there ever was one."""


@dataclass(frozen=True, slots=True)
class Invite:
    """handle: names it in pages, and lets nobody in. by: '' for the command line."""

    handle: str
    role: Role
    note: str
    by: str
    created_at: datetime
    expires_at: datetime
    state: InviteState
    used_by: str


@dataclass(frozen=True, slots=True)
class OpenInvite:
    """What whoever holds the link may know of it."""

    role: Role
    by: str
    expires_at: datetime


def make_invite(db: Database, role: Role, note: str, by_id: int | None) -> str:
    """Returns what the link holds; only its hash is kept. by_id: None for the command line."""
    token, now = secrets.token_urlsafe(32), utc_now()
    with db.write() as session:
        session.add(
            InviteRow(
                token_hash=_hash(token),
                role=role.value,
                note=note[:NOTE_MAX_CHARS],
                created_by=by_id,
                created_at=now,
                expires_at=now + timedelta(days=VALID_DAYS),
            )
        )
        record(session, AccountAction.INVITED, None, by_id, role=role.value, note=note)
    return token


def list_invites(db: Database, limit: int = 50) -> tuple[Invite, ...]:
    """The latest first."""
    by, guest = aliased(UserRow), aliased(UserRow)
    with db.read() as session:
        rows = session.exec(
            select(InviteRow, by.name, guest.name)
            .join(by, col(InviteRow.created_by) == by.id, isouter=True)
            .join(guest, col(InviteRow.used_by) == guest.id, isouter=True)
            .order_by(col(InviteRow.created_at).desc())
            .limit(limit)
        )
        return tuple(
            Invite(
                _handle(row.token_hash),
                Role(row.role),
                row.note,
                by_name or "",
                row.created_at,
                row.expires_at,
                _state(row),
                guest_name or "",
            )
            for row, by_name, guest_name in rows
        )


def get_open_invite(db: Database, token: str) -> OpenInvite | None:
    """A look that changes nothing: the previews of chat programs open links too."""
    with db.read() as session:
        found = session.exec(
            select(InviteRow, UserRow.name)
            .join(UserRow, col(InviteRow.created_by) == col(UserRow.id), isouter=True)
            .where(InviteRow.token_hash == _hash(token))
        ).first()
        if found is None or _state(found[0]) is not InviteState.OPEN:
            return None
        row, by = found
        return OpenInvite(Role(row.role), by or "", row.expires_at)


def revoke_invite(db: Database, handle: str, by_id: int | None) -> bool:
    """False when no open invite has that handle."""
    with db.write() as session:
        for row in session.exec(select(InviteRow).where(_is_open())):
            if _handle(row.token_hash) == handle:
                row.revoked_at = utc_now()
                session.add(row)
                record(session, AccountAction.INVITE_REVOKED, None, by_id, note=row.note)
                return True
        return False


def accept_with_password(db: Database, token: str, name: str, password_hash: str) -> User:
    """Make the account the invite promises.

    Raises NoInviteError; PermanentError when the name is taken, and then the invite stays open.
    """
    with db.write() as session:
        row = _take(session, token)
        if is_name_taken(session, name):
            raise PermanentError("This name cannot be used here.")
        return _use(session, row, name, password_hash)


def accept_with_identity(db: Database, token: str, name: str, issuer: str, subject: str) -> User:
    """The same for somebody who will sign in at a provider; a name that is taken gets a number."""
    with db.write() as session:
        row = _take(session, token)
        user = _use(session, row, free_name(session, name), "")
        insert_identity(session, user.id, issuer, subject)
        return user


def _take(session: Session, token: str) -> InviteRow:
    row = session.exec(
        select(InviteRow).where(InviteRow.token_hash == _hash(token), _is_open()).with_for_update()
    ).first()
    if row is None:
        raise NoInviteError("This invite lets nobody in.")
    return row


def _use(session: Session, row: InviteRow, name: str, password_hash: str) -> User:
    user = insert_user(session, name, password_hash, Role(row.role), row.created_by)
    row.used_by, row.used_at = user.id, utc_now()
    session.add(row)
    return user


def _is_open() -> ColumnElement[bool]:
    return and_(
        col(InviteRow.expires_at) > utc_now(),
        col(InviteRow.used_at).is_(None),
        col(InviteRow.revoked_at).is_(None),
    )


def _state(row: InviteRow) -> InviteState:
    if row.used_at is not None:
        return InviteState.USED
    if row.revoked_at is not None:
        return InviteState.REVOKED
    return InviteState.EXPIRED if row.expires_at <= utc_now() else InviteState.OPEN


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _handle(token_hash: str) -> str:
    return hashlib.sha256(f"handle of {token_hash}".encode()).hexdigest()[:20]
