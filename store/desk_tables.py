"""Tables of the desk: who may do what, who is on which card, and what people say to each other."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.tables import Json, UtcDateTime


def _text() -> Any:
    return Column(Text, nullable=False, server_default="")


def _time(*, nullable: bool = False, index: bool = False) -> Any:
    return Column(UtcDateTime, nullable=nullable, index=index)


def _json() -> Any:
    return Column(JSON, nullable=False)


def _ref(target: str, *, nullable: bool = False, index: bool = True, **kwargs: Any) -> Any:
    return Column(ForeignKey(target), nullable=nullable, index=index, **kwargs)


class IdentityRow(SQLModel, table=True):
    """Who a user is at an OpenID provider."""

    __tablename__: ClassVar[str] = "identities"
    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    user_id: int = Field(sa_column=_ref("users.id"))
    added_at: datetime = Field(sa_column=_time())


class InviteRow(SQLModel, table=True):
    """A link that lets one person in; token_hash is the SHA-256 of what the link holds.

    created_by: None for the command line.
    """

    __tablename__: ClassVar[str] = "invites"
    __table_args__ = (
        CheckConstraint("role IN ('editor', 'lead', 'ops', 'admin')", name="role_known"),
    )
    token_hash: str = Field(primary_key=True)
    role: str
    note: str = Field(default="", sa_column=_text())
    created_by: int | None = Field(default=None, sa_column=_ref("users.id", nullable=True))
    created_at: datetime = Field(sa_column=_time())
    expires_at: datetime = Field(sa_column=_time())
    used_by: int | None = Field(default=None, sa_column=_ref("users.id", nullable=True))
    used_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class ApiTokenRow(SQLModel, table=True):
    """A key for programs, with the rights of its user; token_hash is the SHA-256 of the key."""

    __tablename__: ClassVar[str] = "api_tokens"
    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    user_id: int = Field(sa_column=_ref("users.id"))
    name: str
    created_at: datetime = Field(sa_column=_time())
    expires_at: datetime = Field(sa_column=_time())
    used_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class AccountChangeRow(SQLModel, table=True):
    """Append-only: what was done to an account, by whom; by_id: None for the command line."""

    __tablename__: ClassVar[str] = "account_changes"
    id: int | None = Field(default=None, primary_key=True)
    user_id: int | None = Field(default=None, sa_column=_ref("users.id", nullable=True))
    by_id: int | None = Field(default=None, sa_column=_ref("users.id", nullable=True))
    action: str
    detail: Json = Field(sa_column=_json())
    at: datetime = Field(sa_column=_time(index=True))


class LeaseRow(SQLModel, table=True):
    """Who works on a card at the moment. taken_at: since when; until: unless it beats again."""

    __tablename__: ClassVar[str] = "leases"
    card_id: str = Field(sa_column=_ref("cards.id", index=False, primary_key=True))
    user_id: int = Field(sa_column=_ref("users.id"))
    taken_at: datetime = Field(sa_column=_time())
    until: datetime = Field(sa_column=_time(index=True))


class WorkingTextRow(SQLModel, table=True):
    """What a person typed into a draft and has not saved: one row, overwritten as they type.

    base_version: of the draft they began from.
    """

    __tablename__: ClassVar[str] = "working_texts"
    draft_id: int = Field(sa_column=_ref("drafts.id", index=False, primary_key=True))
    user_id: int = Field(sa_column=_ref("users.id", primary_key=True))
    text: str = Field(sa_column=_text())
    base_version: int
    saved_at: datetime = Field(sa_column=_time())


class VerdictRow(SQLModel, table=True):
    """One of the two independent verdicts a high-stakes draft needs, on one version of its text.

    groups, due_at: what its approval would send where and when. request_id: as of a decision.
    """

    __tablename__: ClassVar[str] = "verdicts"
    __table_args__ = (
        CheckConstraint("verdict IN ('approve', 'reject')", name="verdict_known"),
        Index("ix_verdicts_draft_id_version", "draft_id", "version"),
        UniqueConstraint("user_id", "request_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    draft_id: int = Field(sa_column=_ref("drafts.id", index=False))
    version: int
    user_id: int = Field(sa_column=_ref("users.id"))
    verdict: str
    reason: str = ""
    note: str = Field(default="", sa_column=_text())
    groups: list[str] = Field(default_factory=list, sa_column=_json())
    due_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    active_s: float = 0.0
    at: datetime = Field(sa_column=_time())
    withdrawn_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    request_id: str | None = None


class CommentRow(SQLModel, table=True):
    """What people say to each other about a card."""

    __tablename__: ClassVar[str] = "comments"
    id: int | None = Field(default=None, primary_key=True)
    card_id: str = Field(sa_column=_ref("cards.id"))
    user_id: int = Field(sa_column=_ref("users.id"))
    text: str = Field(sa_column=_text())
    at: datetime = Field(sa_column=_time())
    removed_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class MentionRow(SQLModel, table=True):
    """Somebody a comment names; seen_at: when they opened the card since."""

    __tablename__: ClassVar[str] = "mentions"
    comment_id: int = Field(sa_column=_ref("comments.id", index=False, primary_key=True))
    user_id: int = Field(sa_column=_ref("users.id", primary_key=True))
    seen_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class CookRequestRow(SQLModel, table=True):
    """A person asked for another draft of one card in one tone, with what it should do better.

    version: of the draft as that person saw it. new_draft_id: what came of it.
    """

    __tablename__: ClassVar[str] = "cook_requests"
    __table_args__ = (
        CheckConstraint("state IN ('asked', 'cooking', 'done', 'failed')", name="state_known"),
    )
    id: int | None = Field(default=None, primary_key=True)
    draft_id: int = Field(sa_column=_ref("drafts.id"))
    card_id: str = Field(sa_column=_ref("cards.id"))
    tone: str
    version: int
    user_id: int = Field(sa_column=_ref("users.id"))
    note: str = Field(default="", sa_column=_text())
    state: str = Field(default="asked", index=True)
    error: str = Field(default="", sa_column=_text())
    holder: str = ""
    lease_until: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    asked_at: datetime = Field(sa_column=_time())
    finished_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    new_draft_id: int | None = Field(default=None, sa_column=_ref("drafts.id", nullable=True))


class SavedViewRow(SQLModel, table=True):
    """A filter of the queue somebody keeps under a name."""

    __tablename__: ClassVar[str] = "saved_views"
    __table_args__ = (UniqueConstraint("user_id", "name"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(sa_column=_ref("users.id", index=False))
    name: str
    params: Json = Field(sa_column=_json())
    added_at: datetime = Field(sa_column=_time())


class QueueEntryRow(SQLModel, table=True):
    """What the queue sorts, counts and narrows cards by: `store.queue_entries` keeps it.

    rank: 0 a post is out whose source changed, and much is at stake; 1 only the former; 2 only the
    latter; 3 neither. day: of its oldest open draft, of its newest when none is open, since 1970,
    in UTC. marks: of `store.queue_entries.Mark`. risks: of its drafts that wait, of all when none
    does, by `store.queue_entries.RISK_BITS`. pending: drafts that wait for a person; oldest_at,
    newest_at: when those were written. first_by: ids, comma between, of those whose verdict on one
    of its drafts waits for somebody else's. said: a digest of what the index of words was told
    of it.
    """

    __tablename__: ClassVar[str] = "queue_entries"
    __table_args__ = (
        # The marks at their end let a view be read in order, and counted, without its rows.
        Index(
            "ix_queue_entries_order",
            *("state", "rank", "day", "guide_id", "position", "card_id"),
            *("marks", "first_by"),
        ),
        # All that these filters are counted by: PostgreSQL's rows are wide with words.
        Index(
            "ix_queue_entries_filters",
            *("marks", "risks", "lang", "source_id", "newest_at", "first_by", "oldest_at"),
        ),
        Index("ix_queue_entries_state_newest_at", "state", "newest_at"),
        Index("ix_queue_entries_state_first_by", "state", "first_by"),
    )
    id: int | None = Field(default=None, primary_key=True)
    card_id: str = Field(sa_column=Column(ForeignKey("cards.id"), nullable=False, unique=True))
    guide_id: str = Field(default="", index=True)
    source_id: str = Field(default="", index=True)
    lang: str = ""
    position: int = 0
    state: str = "empty"
    rank: int = 3
    day: int = 0
    marks: int = 0
    risks: int = 0
    pending: int = 0
    first_by: str = ""
    oldest_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    newest_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    said: str = ""


class QueueSumRow(SQLModel, table=True):
    """A change of how many cards have the marks, and how many of their drafts wait, either way:
    `store.queue_sums` keeps it.

    facet: of the cards that have this one, by `store.search.facet`; '' for all cards. day: when the
    newest of their drafts that wait was written, since 1970, in UTC; 0 for none.
    """

    __tablename__: ClassVar[str] = "queue_sums"
    id: int | None = Field(default=None, primary_key=True)
    facet: str = Field(default="", index=True)
    marks: int
    day: int = 0
    cards: int
    drafts: int
