"""What the JSON API takes and gives. What it takes is strict: no other field, no other type."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from stages.cook.checks import MAX_CHARS
from stages.types import (
    BlockKind,
    CardKind,
    ChangeKind,
    PostState,
    Reuse,
    Risk,
    Severity,
    Span,
    Stakes,
)
from store.alerts import Alert
from store.decision_types import RejectReason
from store.posts import PostView
from store.runs import RunState
from store.tables import DraftState

T = TypeVar("T")


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class In(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Page(Out, Generic[T]):
    """One page of a list. next: the `cursor` of the following page, null at the end."""

    items: list[T]
    next: str | None = None


class FindingOut(Out):
    """What a check says of a draft. Spans are character offsets in the draft's and the card's
    text; strength is how clearly the check saw it, 0..1.
    """

    check: str
    severity: Severity
    message: str
    draft_span: Span | None
    card_span: Span | None
    strength: float


class SentenceOut(Out):
    """A sentence as the machine wrote it, and the ids of the card's sentences it rests on."""

    text: str
    source_ids: list[str]


class DraftBrief(Out):
    """A draft in the queue."""

    id: int
    tone: str
    state: DraftState
    risk: Risk
    version: int


class DraftOut(DraftBrief):
    """A draft. `version` goes back with every decision on it; `text` has people's edits,
    `machine_text` has none.
    """

    card_id: str
    tone_version: str
    tone_hash: str
    lang: str
    model: str
    machine_risk: Risk
    score: float | None
    revision: int
    text: str
    machine_text: str
    is_edited: bool
    sentences: list[SentenceOut]
    findings: list[FindingOut]
    created_at: datetime
    decided_at: datetime | None


class ReasonOut(Out):
    kind: str
    text: str
    score: float


class PlacementOut(Out):
    """A group the card is proposed to, why, and in which tone."""

    group_id: str
    tone: str
    score: float
    reasons: list[ReasonOut]
    runner_up: str


class GuideFactsOut(Out):
    """Where a card comes from, and what its licence allows."""

    id: str
    title: str
    url: str
    source_id: str
    publisher: str
    licence: str
    licence_url: str
    attribution: str
    reviewed: str
    reuse: Reuse


class CardFacts(Out):
    id: str
    title: str
    lang: str
    kind: CardKind
    stakes: Stakes
    stages: list[str]
    topics: list[str]
    position: int
    change: ChangeKind
    changed_at: datetime
    guide: GuideFactsOut
    placements: list[PlacementOut]


class QueueCard(CardFacts):
    """A card in the queue."""

    drafts: list[DraftBrief]


class VerdictOut(Out):
    """Where two people decide: whether they do, what you said, whether somebody else has looked.
    What they said is told once both are in.
    """

    needs_two: bool
    mine: str | None
    has_other: bool
    differs: bool


class DeskDraftOut(DraftOut):
    verdict: VerdictOut


class CardOut(CardFacts):
    """A card with everything on its desk. `spans` count in the guide's text."""

    text: str
    breadcrumbs: list[str]
    spans: list[Span]
    previous_text: str
    is_removed: bool
    licence_finding: str
    drafts: list[DeskDraftOut]


class BlockOut(Out):
    kind: BlockKind
    text: str
    level: int
    marker: str
    start: int
    end: int


class CardBrief(Out):
    id: str
    title: str
    position: int
    spans: list[Span]


class GuideOut(Out):
    """A guide as it was read, and the cards it was cut into."""

    id: str
    source_id: str
    url: str
    title: str
    lang: str
    reuse: Reuse
    licence: str
    attribution: str
    reviewed: str
    blocks: list[BlockOut]
    cards: list[CardBrief]


class PostOut(Out):
    """A post: one approved draft for one group."""

    id: int
    key: str
    state: PostState
    group_id: str
    group_name: str
    channel: str
    card_id: str
    draft_id: int
    tone: str
    lang: str
    title: str
    text: str
    attribution: str
    source_url: str
    due_at: datetime
    published_at: datetime | None
    error: str
    attempts: int
    alert: Alert


def make_post(view: PostView) -> PostOut:
    post = view.post
    return PostOut(
        id=post.id,
        key=post.key,
        state=post.state,
        group_id=post.group_id,
        group_name=view.group_name,
        channel=post.channel,
        card_id=view.card_id,
        draft_id=view.draft_id,
        tone=view.tone,
        lang=post.lang,
        title=post.title,
        text=post.text,
        attribution=post.attribution,
        source_url=post.source_url,
        due_at=post.due_at,
        published_at=post.published_at,
        error=view.error,
        attempts=view.attempts,
        alert=view.alert,
    )


class GroupOut(Out):
    id: str
    name: str
    lang: str
    description: str
    stages: list[str]
    topics: list[str]
    rules: list[str]
    preferred_tone: str
    channel: str


class RunOut(Out):
    id: str
    kind: str
    state: RunState
    requested_by: str
    note: str
    summary: dict[str, Any]
    started_at: datetime
    finished_at: datetime | None


class EntryOut(Out):
    """A row of the record. `active_s` is null where it is not yours to see."""

    kind: str
    id: int
    at: datetime
    user: str
    action: str
    about: str
    reason: str
    note: str
    active_s: float | None
    source_id: str
    guide_id: str
    guide_title: str
    page_key: str
    card_id: str
    draft_id: int | None
    lang: str
    tone: str
    tone_version: str
    tone_hash: str
    model: str
    draft_key: str
    batch: str
    undoes_id: int | None
    is_undone: bool
    before: dict[str, Any]
    after: dict[str, Any]


class Problem(Out):
    """What went wrong and what to do about it (RFC 9457). `draft`: how the draft is now, when it
    was not as you saw it.
    """

    type: str
    title: str
    status: int
    detail: str
    draft: DraftOut | None = None


RequestId = Annotated[
    str,
    Field(
        max_length=64,
        pattern=r"^[A-Za-z0-9_.:-]*$",
        description="Any id of yours for this press of a button: sent again, it gives the first "
        "outcome instead of deciding twice.",
    ),
]
Version = Annotated[int, Field(ge=1, lt=2**31, description="Of the draft as you saw it.")]
Note = Annotated[str, Field(max_length=2000)]
ActiveSeconds = Annotated[
    float, Field(ge=0, le=3600, description="How long a person looked at it, in seconds.")
]


class DecisionIn(In):
    version: Version
    request_id: RequestId = ""
    active_s: ActiveSeconds = 0.0


class ApproveIn(DecisionIn):
    """groups: ids of the groups it goes to; without it, those that are proposed in this tone.
    due_at: when it goes out, with an offset; without it, after the usual delay. licence_checked:
    the card's `licence_finding` if it has one, to say that you looked into it.
    """

    groups: list[Annotated[str, Field(max_length=200)]] | None = Field(default=None, max_length=200)
    due_at: Annotated[AwareDatetime | None, Field(strict=False)] = None
    licence_checked: Annotated[str, Field(max_length=4000)] = ""
    note: Note = ""


class RejectIn(DecisionIn):
    reason: Annotated[RejectReason, Field(strict=False)]
    note: Note = ""


class RegenerateIn(DecisionIn):
    note: Note = ""


class EditIn(DecisionIn):
    text: Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]


class UndoIn(In):
    request_id: RequestId = ""


class RescheduleIn(In):
    due_at: Annotated[
        AwareDatetime, Field(strict=False, description="When it goes out, with an offset.")
    ]
    request_id: RequestId = ""


class DecidedOut(Out):
    """What became of it, and the draft as it is now. outcome: approved, rejected, edited, undone;
    asked: for another draft; first: a second person is needed; differ: two people do not agree;
    taken_back: a first verdict. decision_id: null while nothing is decided.
    """

    outcome: str
    decision_id: int | None
    draft: DraftOut
