"""Every table. Rows are made and read in this room only, from values checked elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel

metadata: MetaData = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Json = dict[str, Any]


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in and out, in UTC, also on SQLite, which forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone was handed to the store")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _text(*, nullable: bool = False, **kwargs: Any) -> Any:
    return Column(Text, nullable=nullable, **kwargs)


def _time(*, nullable: bool = False, index: bool = False) -> Any:
    return Column(UtcDateTime, nullable=nullable, index=index)


def _json() -> Any:
    return Column(JSON, nullable=False)


def _ref(target: str, *, nullable: bool = False, index: bool = True, **kwargs: Any) -> Any:
    return Column(ForeignKey(target), nullable=nullable, index=index, **kwargs)


class DraftState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class SourceRow(SQLModel, table=True):
    """stopped_at: since when a person has it stopped, whatever sources.yaml says."""

    __tablename__: ClassVar[str] = "sources"
    id: str = Field(primary_key=True)
    enabled: bool
    spec: Json = Field(sa_column=_json())
    stopped_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    updated_at: datetime = Field(sa_column=_time())


class PageRow(SQLModel, table=True):
    """key names the page within its source and survives host moves."""

    __tablename__: ClassVar[str] = "pages"
    key: str = Field(primary_key=True)
    source_id: str = Field(sa_column=_ref("sources.id"))
    guide_id: str = Field(default="", index=True)
    role: str
    url: str = Field(sa_column=_text())
    final_url: str = Field(sa_column=_text())
    status: int
    content_type: str
    etag: str = Field(sa_column=_text())
    last_modified: str
    lastmod: str
    body_sha256: str
    content_hash: str
    quarantine_reason: str = Field(default="", index=True)
    quarantine_evidence: str = Field(default="", sa_column=_text())
    licence: str = Field(default="", sa_column=_text())
    hidden: list[str] = Field(default_factory=list, sa_column=_json())
    lost: list[str] = Field(default_factory=list, sa_column=_json())
    fetched_at: datetime = Field(sa_column=_time())
    seen_at: datetime = Field(sa_column=_time())
    title: str = Field(default="", sa_column=_text(server_default=""))
    excerpt: str = Field(default="", sa_column=_text(server_default=""))
    misses: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    extract_version: str = Field(default="", sa_column_kwargs={"server_default": ""})
    verdict: str = Field(default="", sa_column_kwargs={"server_default": ""})


class PageDecisionRow(SQLModel, table=True):
    """Append-only: what a person said of a page that was set aside, or of a whole source.

    page_key: None when the decision is about the source. user_id: None for the command line.
    reason: why the page was set aside at that time.
    """

    __tablename__: ClassVar[str] = "page_decisions"
    __table_args__ = (
        CheckConstraint(
            "action IN ('accept', 'ignore', 'restore', 'stop', 'resume')", name="action_known"
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    page_key: str | None = Field(default=None, sa_column=_ref("pages.key", nullable=True))
    source_id: str = Field(sa_column=_ref("sources.id"))
    user_id: int | None = Field(default=None, sa_column=_ref("users.id", nullable=True))
    action: str
    reason: str = ""
    note: str = Field(default="", sa_column=_text())
    at: datetime = Field(sa_column=_time(index=True))


class ParkedHostRow(SQLModel, table=True):
    """A host that asked us to stay away until then."""

    __tablename__: ClassVar[str] = "parked_hosts"
    host: str = Field(primary_key=True)
    until: datetime = Field(sa_column=_time())


class GuideRow(SQLModel, table=True):
    """chopped_key: hash of what the cards were last made from; differs when there is work.

    removed_at: since when the page is gone from the publisher's site.
    """

    __tablename__: ClassVar[str] = "guides"
    id: str = Field(primary_key=True)
    source_id: str = Field(sa_column=_ref("sources.id"))
    url: str = Field(sa_column=_text())
    title: str = Field(sa_column=_text())
    lang: str
    blocks: list[Json] = Field(sa_column=_json())
    text: str = Field(sa_column=_text())
    content_hash: str
    reuse: str
    licence: str = Field(sa_column=_text())
    attribution: str = Field(sa_column=_text())
    reviewed: str
    page_urls: list[str] = Field(sa_column=_json())
    chopped_key: str = ""
    created_at: datetime = Field(sa_column=_time())
    changed_at: datetime = Field(sa_column=_time())
    licence_finding: str = Field(default="", sa_column=_text(server_default=""))
    removed_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class CardRow(SQLModel, table=True):
    """plated_key: hash of what the placements were last made from.

    twin_id: a card of the library that says nearly the same, '' for none. previous_change: the kind
    of the change from previous_text; `change` is the last one of any kind, removal included.
    """

    __tablename__: ClassVar[str] = "cards"
    __table_args__ = (Index("ix_cards_guide_id_position", "guide_id", "position"),)
    id: str = Field(primary_key=True)
    guide_id: str = Field(sa_column=_ref("guides.id", index=False))
    title: str = Field(sa_column=_text())
    breadcrumbs: list[str] = Field(sa_column=_json())
    text: str = Field(sa_column=_text())
    kind: str
    spans: list[list[int]] = Field(sa_column=_json())
    body_hash: str
    ctx_hash: str
    lang: str
    topics: list[str] = Field(sa_column=_json())
    stakes: str
    position: int
    stages: list[str] = Field(sa_column=_json())
    change: str
    previous_text: str = Field(default="", sa_column=_text(server_default=""))
    previous_change: str = Field(default="", sa_column_kwargs={"server_default": ""})
    removed_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    plated_key: str = ""
    created_at: datetime = Field(sa_column=_time())
    changed_at: datetime = Field(sa_column=_time())
    twin_id: str = Field(default="", sa_column_kwargs={"server_default": ""})


class SketchRow(SQLModel, table=True):
    """What a card is compared by when near-duplicates are looked for."""

    __tablename__: ClassVar[str] = "sketches"
    card_id: str = Field(sa_column=_ref("cards.id", index=False, primary_key=True))
    sketch: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ToneRow(SQLModel, table=True):
    """One tone version in one language, as the checks need it."""

    __tablename__: ClassVar[str] = "tones"
    hash: str = Field(primary_key=True)
    lang: str = Field(primary_key=True)
    tone: str
    version: str
    rules: Json = Field(sa_column=_json())
    first_used_at: datetime = Field(sa_column=_time())


class ToneFileRow(SQLModel, table=True):
    """The file of a tone version as it was read, so that it can be used again when it is gone.

    place: where it stood when the folder was last read, '' if it does not any more.
    """

    __tablename__: ClassVar[str] = "tone_files"
    __table_args__ = (
        CheckConstraint("place IN ('', 'top', 'next', 'earlier')", name="place_known"),
    )
    hash: str = Field(primary_key=True)
    tone: str = Field(index=True)
    version: str
    text: str = Field(sa_column=_text())
    place: str
    added_at: datetime = Field(sa_column=_time())


class ToneChangeRow(SQLModel, table=True):
    """Append-only: which version of a tone writes, and which one is tried beside it.

    before_hash: the version that wrote until then. share: of the cards a canary gets, 0..1; groups:
    ids of those whose cards it gets instead. user_id: None for the command line.
    """

    __tablename__: ClassVar[str] = "tone_changes"
    __table_args__ = (
        CheckConstraint(
            "action IN ('promote', 'rollback', 'canary', 'stop_canary')", name="action_known"
        ),
        CheckConstraint("share >= 0 AND share <= 1", name="share_possible"),
    )
    id: int | None = Field(default=None, primary_key=True)
    tone: str = Field(index=True)
    action: str
    hash: str = Field(sa_column=_ref("tone_files.hash"))
    before_hash: str = Field(sa_column=_ref("tone_files.hash", index=False))
    share: float = 0.0
    groups: list[str] = Field(default_factory=list, sa_column=_json())
    user_id: int | None = Field(default=None, sa_column=_ref("users.id", nullable=True))
    note: str = Field(default="", sa_column=_text())
    at: datetime = Field(sa_column=_time())


class DraftRow(SQLModel, table=True):
    """machine_text is what was cooked and never changes; text is what a person may have edited.

    body_hash: of the card's text at that time. score: what the checks give the present text.

    is_current: the draft that stands for its card and tone; a newer one takes the place of a
    pending one. version: counts every write, so that two people cannot overwrite each other.
    revision: counts edits of the text, part of a post's idempotency key.
    """

    __tablename__: ClassVar[str] = "drafts"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'approved', 'rejected')", name="state_known"),
        CheckConstraint("risk IN ('low', 'flagged', 'blocked')", name="risk_known"),
        Index("ix_drafts_card_id_tone", "card_id", "tone"),
        # Not led by is_current: SQLite would go through all that stand to find those of a card.
        Index("ix_drafts_state_risk_is_current", "state", "risk", "is_current"),
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    card_id: str = Field(sa_column=_ref("cards.id", index=False))
    body_hash: str
    tone: str
    tone_version: str
    tone_hash: str
    lang: str
    model: str = Field(index=True)
    generation: int
    machine_text: str = Field(sa_column=_text())
    machine_risk: str
    sentences: list[Json] = Field(sa_column=_json())
    text: str = Field(sa_column=_text())
    risk: str
    state: str = Field(default=DraftState.PENDING.value)
    is_current: bool = Field(default=True)
    version: int = Field(default=1)
    revision: int = Field(default=0)
    run_id: str = Field(sa_column=_ref("runs.id"))
    created_at: datetime = Field(sa_column=_time())
    decided_at: datetime | None = Field(default=None, sa_column=_time(nullable=True, index=True))
    score: float | None = None


class FindingRow(SQLModel, table=True):
    """What the checks say of the draft's present text."""

    __tablename__: ClassVar[str] = "findings"
    id: int | None = Field(default=None, primary_key=True)
    draft_id: int = Field(sa_column=_ref("drafts.id"))
    check: str = Field(sa_column=Column("check_name", String, nullable=False))
    severity: str
    message: str = Field(sa_column=_text())
    draft_start: int | None = None
    draft_end: int | None = None
    card_start: int | None = None
    card_end: int | None = None
    strength: float = Field(default=1.0, sa_column_kwargs={"server_default": "1"})


class ChannelRow(SQLModel, table=True):
    __tablename__: ClassVar[str] = "channels"
    id: str = Field(primary_key=True)
    kind: str
    config: Json = Field(sa_column=_json())


class GroupRow(SQLModel, table=True):
    __tablename__: ClassVar[str] = "groups"
    id: str = Field(primary_key=True)
    channel_id: str = Field(sa_column=_ref("channels.id"))
    spec: Json = Field(sa_column=_json())
    position: int
    is_active: bool
    updated_at: datetime = Field(sa_column=_time())


class PlacementRow(SQLModel, table=True):
    __tablename__: ClassVar[str] = "placements"
    card_id: str = Field(sa_column=_ref("cards.id", index=False, primary_key=True))
    group_id: str = Field(sa_column=_ref("groups.id", primary_key=True))
    tone: str
    score: float
    reasons: list[Json] = Field(sa_column=_json())
    runner_up: str
    created_at: datetime = Field(sa_column=_time())


class UserRow(SQLModel, table=True):
    """password_hash: '' for somebody who signs in at an OpenID provider only. prefs: language,
    theme and keys of their own. seen_at: within minutes, when they last asked for a page.
    """

    __tablename__: ClassVar[str] = "users"
    __table_args__ = (
        CheckConstraint("role IN ('editor', 'lead', 'ops', 'admin')", name="role_known"),
    )
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    password_hash: str = Field(sa_column=_text())
    role: str = Field(default="editor", sa_column_kwargs={"server_default": "editor"})
    prefs: Json = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}")
    )
    disabled_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    created_at: datetime = Field(sa_column=_time())
    seen_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class SessionRow(SQLModel, table=True):
    """A signed-in browser; token_hash is the SHA-256 of what its cookie holds."""

    __tablename__: ClassVar[str] = "sessions"
    token_hash: str = Field(primary_key=True)
    user_id: int = Field(sa_column=_ref("users.id"))
    created_at: datetime = Field(sa_column=_time())
    expires_at: datetime = Field(sa_column=_time(index=True))
    seen_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    agent: str = Field(default="", sa_column=_text(server_default=""))
    address: str = Field(default="", sa_column_kwargs={"server_default": ""})


class SignInAttemptRow(SQLModel, table=True):
    """A failed sign-in, counted per name and per address."""

    __tablename__: ClassVar[str] = "sign_in_attempts"
    id: int | None = Field(default=None, primary_key=True)
    subject: str = Field(index=True)
    at: datetime = Field(sa_column=_time(index=True))


class DecisionRow(SQLModel, table=True):
    """Append-only. before and after hold state, version, text and groups as they were.

    batch: the same for all decisions of one batch, '' for a decision by itself. request_id: names
    the press of a button that made it.
    """

    __tablename__: ClassVar[str] = "decisions"
    __table_args__ = (
        CheckConstraint(
            "action IN ('approve', 'reject', 'edit', 'undo', 'withdraw', 'retry', 'settle', "
            "'keep', 'regenerate', 'reschedule')",
            name="action_known",
        ),
        Index("ix_decisions_user_id_at", "user_id", "at"),
        UniqueConstraint("user_id", "request_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    draft_id: int = Field(sa_column=_ref("drafts.id"))
    user_id: int = Field(sa_column=_ref("users.id"))
    action: str
    reason: str = ""
    note: str = Field(default="", sa_column=_text(server_default=""))
    before: Json = Field(sa_column=_json())
    after: Json = Field(sa_column=_json())
    undoes_id: int | None = Field(
        default=None, sa_column=Column(ForeignKey("decisions.id"), nullable=True, unique=True)
    )
    active_s: float = 0.0
    at: datetime = Field(sa_column=_time(index=True))
    batch: str = Field(default="", index=True, sa_column_kwargs={"server_default": ""})
    request_id: str | None = None


class PostRow(SQLModel, table=True):
    """decision_id: the recorded human decision without which there is no post.

    alert: what became of the source since, '' when nothing did or a person keeps the post anyway.
    """

    __tablename__: ClassVar[str] = "posts"
    __table_args__ = (
        CheckConstraint(
            "state IN ('scheduled','sending','published','failed','verify','withdrawn')",
            name="state_known",
        ),
        CheckConstraint("alert IN ('', 'source_changed', 'source_removed')", name="alert_known"),
        Index("ix_posts_state_due_at", "state", "due_at"),
        Index("ix_posts_group_id_state_published_at", "group_id", "state", "published_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    draft_id: int = Field(sa_column=_ref("drafts.id"))
    decision_id: int = Field(sa_column=_ref("decisions.id"))
    group_id: str = Field(sa_column=_ref("groups.id", index=False))
    channel: str
    title: str = Field(sa_column=_text())
    text: str = Field(sa_column=_text())
    attribution: str = Field(sa_column=_text())
    source_url: str = Field(sa_column=_text())
    lang: str
    state: str
    due_at: datetime = Field(sa_column=_time())
    published_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    external_id: str = ""
    error: str = Field(default="", sa_column=_text(server_default=""))
    attempts: int = 0
    holder: str = ""
    lease_until: datetime | None = Field(default=None, sa_column=_time(nullable=True))
    created_at: datetime = Field(sa_column=_time())
    alert: str = Field(default="", sa_column_kwargs={"server_default": ""})
    alert_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class CompletionRow(SQLModel, table=True):
    """The ledger: one row per model call, written before it is sent. Money in millionths of USD."""

    __tablename__: ClassVar[str] = "completions"
    __table_args__ = (
        CheckConstraint("state IN ('sent', 'settled', 'failed')", name="state_known"),
    )
    key: str = Field(primary_key=True)
    model: str
    prompt_hash: str
    state: str
    text: str = Field(default="", sa_column=_text(server_default=""))
    tokens_in: int = 0
    tokens_out: int = 0
    cost_micro_usd: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    reserved_micro_usd: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    latency_s: float = 0.0
    error: str = Field(default="", sa_column=_text(server_default=""))
    sends: int = Field(default=1)
    run_id: str = Field(sa_column=_ref("runs.id"))
    holder: str
    sent_at: datetime = Field(sa_column=_time(index=True))
    lease_until: datetime = Field(sa_column=_time())
    settled_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class EmbeddingRow(SQLModel, table=True):
    __tablename__: ClassVar[str] = "embeddings"
    model: str = Field(primary_key=True)
    text_hash: str = Field(primary_key=True)
    vector: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class RunRow(SQLModel, table=True):
    __tablename__: ClassVar[str] = "runs"
    id: str = Field(primary_key=True)
    kind: str
    state: str
    requested_by: str
    note: str = Field(sa_column=_text())
    params: Json = Field(sa_column=_json())
    summary: Json = Field(sa_column=_json())
    holder: str
    started_at: datetime = Field(sa_column=_time(index=True))
    finished_at: datetime | None = Field(default=None, sa_column=_time(nullable=True))


class LockRow(SQLModel, table=True):
    __tablename__: ClassVar[str] = "locks"
    name: str = Field(primary_key=True)
    holder: str
    run_id: str
    taken_at: datetime = Field(sa_column=_time())
    lease_until: datetime = Field(sa_column=_time())


def id_of(
    row: DraftRow | DecisionRow | PostRow | UserRow | PageDecisionRow | ToneChangeRow,
) -> int:
    """The id the database gave to a row that has been flushed."""
    if row.id is None:
        raise ValueError(f"a {type(row).__name__} was used before it was flushed")
    return row.id
