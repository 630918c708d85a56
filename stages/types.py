"""The nouns of the line as plain frozen values: what stages take, return and hand to the store.

Offsets are half-open character ranges `(start, end)`. A block's and a card's offsets count in
`Guide.text`; a sentence's and a fact's in `Card.text`; a finding's `draft_span` in `Draft.text`
and its `card_span` in `Card.text`. Times are aware datetimes in UTC. Money is US dollars.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

Span = tuple[int, int]


# --- sources and pages ---------------------------------------------------------------------


class Reuse(StrEnum):
    """What a source's licence lets us do with its text. The register decides, never a page."""

    ADAPT_OK = "adapt_ok"
    EXCERPT_ONLY = "excerpt_only"
    LINK_ONLY = "link_only"
    UNKNOWN = "unknown"
    DO_NOT_CRAWL = "do_not_crawl"

    @property
    def allows_publishing(self) -> bool:
        """Only text that may be adapted leaves the house; the rest can be read by editors."""
        return self is Reuse.ADAPT_OK


@dataclass(frozen=True, slots=True)
class Source:
    """A publisher we crawl: where to start, how politely, under which licence.

    pages, hubs, feeds, sitemap: absolute URLs. pages are guides by our own choice; hubs are read
    for their links only. allow_prefixes and deny_prefixes are URL path prefixes, deny wins; an
    empty allow list allows every path. page_reuse overrides `reuse` for single pages.
    page_licence_required: the publisher licenses page by page, so a page that states no licence
    is quarantined. recheck_days: a page whose sitemap `lastmod` did not change is not even asked
    for until this many days after it was last seen. licence_checked, licence_checked_by: when (ISO
    date) and by whom the terms were last read, '' if nobody has; licence_summary: what they say.
    """

    id: str
    publisher: str
    homepage: str
    languages: tuple[str, ...]
    reuse: Reuse
    licence: str
    licence_url: str
    attribution: str
    licence_checked: str = ""
    licence_checked_by: str = ""
    licence_summary: str = ""
    country: str = ""
    enabled: bool = True
    disabled_reason: str = ""
    sitemap: str = ""
    feeds: tuple[str, ...] = ()
    hubs: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    page_reuse: Mapping[str, Reuse] = field(default_factory=dict)
    page_licence_required: bool = False
    allow_hosts: tuple[str, ...] = ()
    allow_prefixes: tuple[str, ...] = ()
    deny_prefixes: tuple[str, ...] = ()
    min_delay_s: float = 1.0
    max_guides: int = 40
    target_cards: int = 20
    recheck_days: int = 7


@dataclass(frozen=True, slots=True)
class Candidate:
    """A URL discovery proposes as a guide. lastmod: as the sitemap or feed says, '' if nothing."""

    url: str
    lastmod: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One URL fetched at one time. body is empty when the server answered 304."""

    url: str
    final_url: str
    status: int
    fetched_at: datetime
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    body: bytes = b""
    body_sha256: str = ""

    @property
    def is_not_modified(self) -> bool:
        return self.status == 304


# --- guides --------------------------------------------------------------------------------


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_ROW = "table_row"
    CAPTION = "caption"
    FOOTNOTE = "footnote"


class CalloutKind(StrEnum):
    """The kind of box a block stands in; NONE for running text."""

    NONE = ""
    WARNING = "warning"
    WHEN_TO_CALL = "when_to_call"
    TIP = "tip"


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a guide's main content, in reading order.

    text: one line, white space collapsed. A table row reads alone: each cell carries its column
    header (`Age: 0-2 months; Feeds: 7-8`). level: 1-6 for headings, nesting depth from 1 for list
    items, else 0. group: number shared by the items of one list or the rows of one table, 0 for
    none. marker: `1.` for an ordered item, the mark (`*`, `[1]`) of a footnote, else ''. A footnote
    stands right behind the block that refers to it, wherever the page has it. callout: the box the
    block stands in.
    start: offset of text in `Guide.text` (0 until the guide is built).
    """

    kind: BlockKind
    text: str
    level: int = 0
    group: int = 0
    marker: str = ""
    callout: CalloutKind = CalloutKind.NONE
    start: int = 0

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class PageContent:
    """What extraction reads out of one page.

    canonical, next_url, prev_url: absolute, '' if the page names none. licence: the licence line
    found on the page ('' if none): evidence only. reviewed: ISO date or ''. hidden: texts a reader
    cannot see (CSS-hidden, off-screen, white on white, injected alt text and comments), kept as
    evidence and never passed on. lost: main-content list items, cells or call-outs the audit could
    not find in the blocks. link_ratio: share of the main content's characters inside links, 0..1.
    unreadable: why the text cannot be had at all (`7 pages hold no text`), '' when it can.
    """

    title: str
    lang: str
    blocks: tuple[Block, ...]
    canonical: str = ""
    next_url: str = ""
    prev_url: str = ""
    licence: str = ""
    reviewed: str = ""
    hidden: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    link_ratio: float = 0.0
    unreadable: str = ""


class QuarantineReason(StrEnum):
    SOFT_404 = "soft_404"
    LOGIN_WALL = "login_wall"
    CAPTCHA = "captcha"
    NEEDS_OCR = "needs_ocr"
    NOT_HTML = "not_html"
    EMPTY = "empty"
    NOT_A_GUIDE = "not_a_guide"
    LANGUAGE = "language"
    SHRUNK = "shrunk"
    NO_LICENCE = "no_licence"


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Why a page was set aside instead of chopped; evidence is a short quote or figure."""

    reason: QuarantineReason
    evidence: str


@dataclass(frozen=True, slots=True)
class Guide:
    """The main content of a page (or of the pages of one multi-page guide).

    id: stable across fetches and host moves. text: block texts joined by newlines; every block's
    `start` points into it. content_hash: over the blocks, so boilerplate changes do not touch it.
    lang: BCP 47 (`en`, `zh-Hans`). reviewed: ISO date or ''. licence_finding: how a licence line on
    the page disagrees with the register, one plain sentence, '' when it does not.
    """

    id: str
    source_id: str
    url: str
    title: str
    lang: str
    blocks: tuple[Block, ...]
    text: str
    content_hash: str
    reuse: Reuse
    licence: str
    attribution: str
    reviewed: str = ""
    page_urls: tuple[str, ...] = ()
    licence_finding: str = ""


# --- cards ---------------------------------------------------------------------------------


class CardKind(StrEnum):
    FACT = "fact"
    HOW_TO = "how_to"
    WARNING = "warning"
    WHEN_TO_CALL = "when_to_call"
    MILESTONE = "milestone"
    AMOUNTS = "amounts"


class Stakes(StrEnum):
    """What is at stake when a draft of this topic is wrong; from seeds/policy.yaml."""

    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Card:
    """One independent piece of a guide.

    text: the card's own lines, one block a line, each a verbatim piece of the guide
    (`spans`, in order). breadcrumbs: guide title first, then the headings the card stands under.
    body_hash: of the text; ctx_hash: of the breadcrumbs and lead-in. stages: audience stages the
    text or breadcrumbs name (`T1 T2 T3 0-3m 3-6m 6-12m 12-24m 2-4y`), empty if none.
    position: order in the guide from 0.
    """

    id: str
    guide_id: str
    title: str
    breadcrumbs: tuple[str, ...]
    text: str
    kind: CardKind
    spans: tuple[Span, ...]
    body_hash: str
    ctx_hash: str
    lang: str
    topics: tuple[str, ...]
    stakes: Stakes
    position: int
    stages: tuple[str, ...] = ()


class ChangeKind(StrEnum):
    """How a card of the new version relates to the old one.

    SOURCE_REMOVED: its whole page is gone from the publisher's site, not just this piece of it.
    """

    NEW = "new"
    KEPT = "kept"
    REWORDED = "reworded"
    MATERIAL = "material"
    REMOVED = "removed"
    SOURCE_REMOVED = "source_removed"


@dataclass(frozen=True, slots=True)
class CardChange:
    """One line of the comparison of two versions of a guide. old is None for NEW, new for REMOVED.

    A `new` that continues an `old` already carries the old card's id.
    """

    kind: ChangeKind
    old: Card | None
    new: Card | None


@dataclass(frozen=True, slots=True)
class Sentence:
    """id: `s1`, `s2`, ... in card order. start, end: offsets in the card's text."""

    id: str
    text: str
    start: int
    end: int


class FactKind(StrEnum):
    QUANTITY = "quantity"
    PROHIBITION = "prohibition"
    CONDITION = "condition"
    RED_FLAG = "red_flag"
    WHO_TO_CALL = "who_to_call"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a draft of the card must not lose or change.

    id: `f1`, `f2`, ... value: canonical form for comparison (quantity: `<=200 mg/day`).
    start, end: offsets in the card's text. sentence_id: the sentence it stands in.
    """

    id: str
    kind: FactKind
    text: str
    value: str
    start: int
    end: int
    sentence_id: str


# --- drafts --------------------------------------------------------------------------------


class Severity(StrEnum):
    """CRITICAL could hurt a child; MAJOR misleads; MINOR must not be published; INFO is a hint."""

    INFO = "info"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's result on a draft; message is one plain sentence for an editor.

    strength: how clearly the check saw it, 0..1; what it is worth is for the score to say.
    """

    check: str
    severity: Severity
    message: str
    draft_span: Span | None = None
    card_span: Span | None = None
    strength: float = 1.0


class Risk(StrEnum):
    """LOW may be approved in bulk, FLAGGED must be read, BLOCKED needs a person's rewrite."""

    LOW = "low"
    FLAGGED = "flagged"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """source_ids: ids of the card sentences it rests on; empty for a hook, closer or disclaimer."""

    text: str
    source_ids: tuple[str, ...] = ()
    fact_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A card in one tone, with everything the checks said.

    key: hash of all it was made from (card body and context, tone, tone text, model, generation):
    the same key is never cooked twice. text: what an editor reads and edits; sentences keep
    the machine's version with its references. model: `offline/house` when no model wrote it.
    score: calibrated chance, 0..1, that the draft says something the card does not; None where
    nothing was scored (drafts of earlier releases).
    """

    key: str
    card_id: str
    tone: str
    tone_version: str
    tone_hash: str
    lang: str
    text: str
    sentences: tuple[DraftSentence, ...]
    model: str
    findings: tuple[Finding, ...]
    risk: Risk
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """One answered model call. cost_usd is None when the price is unknown, never 0 then."""

    key: str
    model: str
    text: str
    tokens_in: int
    tokens_out: int
    cost_usd: Decimal | None
    latency_s: float


# --- groups, placements, posts ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """A community group. stages: as in `Card.stages`, or `any`. excludes: topics it forbids."""

    id: str
    name: str
    lang: str
    description: str
    stages: tuple[str, ...]
    topics: tuple[str, ...]
    rules: tuple[str, ...]
    preferred_tone: str
    sample_posts: tuple[str, ...]
    channel: str = "atom"
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a card fits a group: a phrase of the group. kind: name, topic or question."""

    kind: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Placement:
    """Proposal: this card to this group in that tone. score: 0..1. runner_up: a group id or ''."""

    card_id: str
    group_id: str
    tone: str
    score: float
    reasons: tuple[Reason, ...]
    runner_up: str = ""


class PostState(StrEnum):
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PUBLISHED = "published"
    FAILED = "failed"
    VERIFY = "verify"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Post:
    """An approved draft for one group through one channel.

    key: idempotency key of (draft revision, group, channel). text: as approved, attribution apart.
    """

    id: int
    key: str
    group_id: str
    channel: str
    title: str
    text: str
    attribution: str
    source_url: str
    lang: str
    state: PostState
    due_at: datetime
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a channel says of a post it took. external_id: how the channel names the post."""

    external_id: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class ToneRules:
    """What the checks hold a draft of one tone and language to.

    length: least and most words (Han characters for Chinese). reading_grade_max: Flesch-Kincaid
    grade, English only, 0 for no limit. Phrases compare case-insensitively. disclaimer: the line
    every draft of this tone ends with, '' for none. flag_from: the score (see `Draft`) from which a
    draft is flagged, for cards of normal and of high stakes; from the policy, not the tone.
    """

    tone: str
    version: str
    hash: str
    lang: str
    length: tuple[int, int]
    reading_grade_max: float
    emoji_max: int
    required_phrases: tuple[str, ...]
    banned_phrases: tuple[str, ...]
    disclaimer: str
    flag_from: tuple[float, float] = (0.5, 0.5)
