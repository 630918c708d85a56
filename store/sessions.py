"""Signed-in browsers, and failed attempts to sign in."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from store.account_changes import AccountAction, record
from store.engine import Database, utc_now
from store.tables import SessionRow, SignInAttemptRow, UserRow
from store.users import User, to_user

SEEN_EVERY_S = 300
"""A request says that somebody is there; it is written down no more often than this."""
AGENT_MAX_CHARS = 300


@dataclass(frozen=True, slots=True)
class Browser:
    """A signed-in browser. handle: names it in pages, and signs nobody in."""

    handle: str
    agent: str
    address: str
    created_at: datetime
    seen_at: datetime | None
    is_this: bool


def start_session(
    db: Database, user_id: int, hours: int, agent: str = "", address: str = ""
) -> str:
    """Open a session; returns the secret token for the cookie, of which only the hash is kept.

    agent, address: of the browser, as it says.
    """
    token, now = secrets.token_urlsafe(32), utc_now()
    with db.write() as session:
        session.exec(delete(SessionRow).where(col(SessionRow.expires_at) < now))
        session.add(
            SessionRow(
                token_hash=_hash(token),
                user_id=user_id,
                created_at=now,
                seen_at=now,
                expires_at=now + timedelta(hours=hours),
                agent=agent[:AGENT_MAX_CHARS],
                address=address[:100],
            )
        )
        session.exec(update(UserRow).where(col(UserRow.id) == user_id).values(seen_at=now))
    return token


def get_session_user(db: Database, token: str) -> User | None:
    """Who a live session belongs to; every few minutes it is noted that they were there."""
    now = utc_now()
    with db.read() as session:
        found = session.exec(
            select(UserRow, SessionRow.seen_at)
            .join(SessionRow, col(SessionRow.user_id) == col(UserRow.id))
            .where(
                SessionRow.token_hash == _hash(token),
                SessionRow.expires_at > now,
                col(UserRow.disabled_at).is_(None),
            )
        ).first()
    if found is None:
        return None
    row, seen_at = found
    user = to_user(row)
    if seen_at is None or (now - seen_at).total_seconds() > SEEN_EVERY_S:
        with db.write() as session:
            session.exec(
                update(SessionRow)
                .where(col(SessionRow.token_hash) == _hash(token))
                .values(seen_at=now)
            )
            session.exec(update(UserRow).where(col(UserRow.id) == user.id).values(seen_at=now))
    return user


def get_session_end(db: Database, token: str) -> datetime | None:
    """When a live session ends, None when there is none."""
    with db.read() as session:
        query = select(SessionRow.expires_at).where(SessionRow.token_hash == _hash(token))
        return session.exec(query.where(SessionRow.expires_at > utc_now())).first()


def list_sessions(db: Database, user_id: int, token: str) -> tuple[Browser, ...]:
    """A person's live sessions: the one of token first, then the latest seen."""
    with db.read() as session:
        found = [
            Browser(
                _handle(row.token_hash),
                row.agent,
                row.address,
                row.created_at,
                row.seen_at,
                row.token_hash == _hash(token),
            )
            for row in _live(session, user_id)
        ]
    return tuple(
        sorted(found, key=lambda one: (one.is_this, one.seen_at or one.created_at), reverse=True)
    )


def end_session(db: Database, token: str) -> None:
    with db.write() as session:
        session.exec(delete(SessionRow).where(col(SessionRow.token_hash) == _hash(token)))


def end_session_of(db: Database, user_id: int, handle: str) -> bool:
    """End one session of that person; False when they have none of that handle."""
    with db.write() as session:
        ended = [row for row in _live(session, user_id) if _handle(row.token_hash) == handle]
        for row in ended:
            session.delete(row)
        if ended:
            record(session, AccountAction.SESSIONS_ENDED, user_id, user_id, count=len(ended))
        return bool(ended)


def end_sessions(db: Database, user_id: int, by_id: int | None, keep: str = "") -> int:
    """End all sessions of a person but that of the token keep; returns how many there were."""
    with db.write() as session:
        ended = session.exec(
            delete(SessionRow).where(
                col(SessionRow.user_id) == user_id, col(SessionRow.token_hash) != _hash(keep)
            )
        ).rowcount
        if ended:
            record(session, AccountAction.SESSIONS_ENDED, user_id, by_id, count=ended)
        return int(ended)


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


def _live(session: Session, user_id: int) -> list[SessionRow]:
    return list(
        session.exec(
            select(SessionRow).where(
                SessionRow.user_id == user_id, SessionRow.expires_at > utc_now()
            )
        )
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _handle(token_hash: str) -> str:
    return hashlib.sha256(f"handle of {token_hash}".encode()).hexdigest()[:20]
