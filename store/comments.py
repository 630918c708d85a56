"""What people say to each other about a card, and whom they name in it.

A comment taken back is shown no more; its row stays, since it was said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from stages.errors import PermanentError
from store.desk_tables import CommentRow, MentionRow
from store.engine import Database
from store.tables import CardRow, metadata

MAX_COMMENT_CHARS = 2000
MAX_PER_MINUTE = 20
"""Comments of one person: more is a script or a stuck key."""
MAX_MENTIONS = 20
"""People one comment can call."""

_COMMENTS = metadata.tables[CommentRow.__tablename__]
_MENTIONS = metadata.tables[MentionRow.__tablename__]
_USERS = metadata.tables["users"]


class TooManyError(PermanentError):
    """Somebody comments faster than people do."""


@dataclass(frozen=True, slots=True)
class CommentPart:
    """A stretch of a comment's text. is_name: it calls somebody."""

    text: str
    is_name: bool


@dataclass(frozen=True, slots=True)
class Comment:
    """user: who said it. parts: its text, names apart. unseen_by: ids of people it names who have
    not opened the card since.
    """

    id: int
    card_id: str
    user_id: int
    user: str
    text: str
    at: datetime
    parts: tuple[CommentPart, ...]
    unseen_by: frozenset[int]


def add_comment(db: Database, card_id: str, user_id: int, text: str, now: datetime) -> int:
    """Say something about a card; returns the comment's id. Whoever it names by `@name` is called.

    text: not empty; what is past `MAX_COMMENT_CHARS` is cut off. Raises TooManyError, and
    PermanentError when there is no such card.
    """
    text = text[:MAX_COMMENT_CHARS]
    with db.write() as session:
        if session.get(CardRow, card_id) is None:
            raise PermanentError("There is no such card.")
        lately = select(func.count()).where(
            _COMMENTS.c.user_id == user_id, _COMMENTS.c.at > now - timedelta(minutes=1)
        )
        if session.execute(lately).scalar_one() >= MAX_PER_MINUTE:
            raise TooManyError("That is a lot of comments for a minute. Wait a little.")
        row = CommentRow(card_id=card_id, user_id=user_id, text=text, at=now)
        session.add(row)
        session.flush()
        ids = _people(session)
        named = {ids[name] for _, _, name in find_names(text, ids)}
        for named_id in sorted(named - {user_id})[:MAX_MENTIONS]:
            session.add(MentionRow(comment_id=_id(row), user_id=named_id))
        session.flush()
        return _id(row)


def remove_comment(
    db: Database, card_id: str, comment_id: int, user_id: int, now: datetime
) -> bool:
    """Take one's own comment back; False when there is no such one."""
    with db.write() as session:
        result = session.exec(
            update(CommentRow)
            .where(
                col(CommentRow.id) == comment_id,
                col(CommentRow.card_id) == card_id,
                col(CommentRow.user_id) == user_id,
                col(CommentRow.removed_at).is_(None),
            )
            .values(removed_at=now)
        )
        return bool(result.rowcount)


def list_comments(db: Database, card_id: str) -> tuple[Comment, ...]:
    """What was said about a card, the first first, without what was taken back."""
    with db.read() as session:
        rows = session.execute(
            select(_COMMENTS, _USERS.c.name)
            .join(_USERS, _USERS.c.id == _COMMENTS.c.user_id)
            .where(_COMMENTS.c.card_id == card_id, _COMMENTS.c.removed_at.is_(None))
            .order_by(_COMMENTS.c.id)
        ).all()
        called = session.execute(
            select(_MENTIONS, _USERS.c.name)
            .join(_USERS, _USERS.c.id == _MENTIONS.c.user_id)
            .join(_COMMENTS, _COMMENTS.c.id == _MENTIONS.c.comment_id)
            .where(_COMMENTS.c.card_id == card_id)
        ).all()
    return tuple(
        Comment(
            id=row.id,
            card_id=row.card_id,
            user_id=row.user_id,
            user=row.name,
            text=row.text,
            at=row.at,
            parts=split_names(row.text, [one.name for one in called if one.comment_id == row.id]),
            unseen_by=frozenset(
                one.user_id for one in called if one.comment_id == row.id and one.seen_at is None
            ),
        )
        for row in rows
    )


def mark_seen(db: Database, card_id: str, user_id: int, now: datetime) -> int:
    """Somebody opened the card: what calls them there is seen. Returns how many comments were new
    to them.
    """
    with db.write() as session:
        result = session.exec(
            update(MentionRow)
            .where(
                col(MentionRow.user_id) == user_id,
                col(MentionRow.seen_at).is_(None),
                col(MentionRow.comment_id).in_(
                    select(_COMMENTS.c.id).where(_COMMENTS.c.card_id == card_id)
                ),
            )
            .values(seen_at=now)
        )
        return int(result.rowcount)


def list_names(db: Database) -> tuple[str, ...]:
    """Names of the people a comment can call."""
    with db.read() as session:
        return tuple(sorted(_people(session), key=str.casefold))


def find_names(text: str, names: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    """Where text calls whom: start, end and name, in order.

    A name stands behind an `@` that does not follow a letter or digit (an e-mail address does);
    of several that fit the longest counts; capitals do not matter. Behind a Latin name the word
    must end, behind a Chinese one it need not: `@林医生请看`.
    """
    by_size: dict[int, dict[str, str]] = {}
    for name in names:
        by_size.setdefault(len(name), {})[name.casefold()] = name
    sizes = sorted(by_size, reverse=True)
    at = text.find("@")
    while at >= 0:
        end = at + 1
        if not at or not text[at - 1].isascii() or not text[at - 1].isalnum():
            for size in sizes:
                found = by_size[size].get(text[at + 1 : at + 1 + size].casefold())
                if found and _ends(text, at + 1 + size):
                    end = at + 1 + size
                    yield at, end, found
                    break
        at = text.find("@", end)


def split_names(text: str, names: Iterable[str]) -> tuple[CommentPart, ...]:
    """Text in stretches, those that call one of names apart; joined they are text."""
    parts: list[CommentPart] = []
    done = 0
    for start, end, _ in find_names(text, names):
        if start > done:
            parts.append(CommentPart(text[done:start], False))
        parts.append(CommentPart(text[start:end], True))
        done = end
    if done < len(text):
        parts.append(CommentPart(text[done:], False))
    return tuple(parts)


def _ends(text: str, end: int) -> bool:
    """Whether a name that reaches to end is whole there."""
    after = text[end : end + 1]
    return not after.isalnum() or not (after.isascii() and text[end - 1].isascii())


def _people(session: Session) -> dict[str, int]:
    """Ids of people who can sign in, by name."""
    rows = session.execute(select(_USERS.c.name, _USERS.c.id).where(_USERS.c.disabled_at.is_(None)))
    return {row.name: row.id for row in rows if row.name}


def _id(row: CommentRow) -> int:
    if row.id is None:
        raise ValueError("a comment was used before it was flushed")
    return row.id
