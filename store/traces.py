"""Where a post comes from: everything between the publisher's page and what a group read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from stages.types import Card, Guide
from store.audit import AuditFilter, Entry, list_entries
from store.cards import make_card
from store.completions import MICRO, CallState
from store.drafts import DraftView, get_findings, make_view
from store.engine import Database
from store.guides import get_guide
from store.posts import PostView, make_post_view
from store.tables import (
    CardRow,
    CompletionRow,
    DecisionRow,
    DraftRow,
    GroupRow,
    GuideRow,
    PageRow,
    PostRow,
    RunRow,
    SourceRow,
    UserRow,
    id_of,
)

MAX_CALLS = 1000
"""Model calls of one run that are looked through for the one that gave a draft."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A page's body as it was fetched. url: '' when the page has another body by now.

    is_of_approval: we had this one when the post was approved; False: it is what we have now.
    """

    sha256: str
    url: str
    fetched_at: datetime | None
    is_of_approval: bool


@dataclass(frozen=True, slots=True)
class CallFacts:
    """The model call a draft came from; it answered for all tones of the card at once.

    cost_usd: None when nobody knows it.
    """

    key: str
    model: str
    prompt_hash: str
    tokens_in: int
    tokens_out: int
    cost_usd: Decimal | None
    latency_s: float
    sent_at: datetime
    run_id: str


@dataclass(frozen=True, slots=True)
class Trace:
    """history: what people did to the draft and its posts, the latest first; approval: the one of
    them this post stands on, approved_by its person. guide: as it was last read; is_outdated: its
    card says something else since the draft was written. key: of the draft.
    """

    view: PostView
    external_id: str
    card: Card
    draft: DraftView
    key: str
    run_id: str
    guide: Guide
    publisher: str
    licence_url: str
    approval: Entry | None
    approved_by: str
    history: tuple[Entry, ...]
    snapshots: tuple[Snapshot, ...]
    call: CallFacts | None

    @property
    def is_outdated(self) -> bool:
        return self.draft.body_hash != self.card.body_hash

    @property
    def editors(self) -> tuple[str, ...]:
        """Who changed the text, in the order they first did."""
        names = (entry.user for entry in reversed(self.history) if entry.action == "edit")
        return tuple(dict.fromkeys(names))


def get_trace(db: Database, post_id: int) -> Trace | None:
    """None when there is no such post. The number of queries does not depend on the post."""
    with db.read() as session:
        row = session.execute(
            sql_select(
                PostRow, DraftRow, CardRow, GuideRow, SourceRow, GroupRow, DecisionRow,
                col(UserRow.name), col(RunRow.started_at),
            )
            .join(DraftRow, col(DraftRow.id) == col(PostRow.draft_id))
            .join(CardRow, col(CardRow.id) == col(DraftRow.card_id))
            .join(GuideRow, col(GuideRow.id) == col(CardRow.guide_id))
            .join(SourceRow, col(SourceRow.id) == col(GuideRow.source_id))
            .join(GroupRow, col(GroupRow.id) == col(PostRow.group_id))
            .join(DecisionRow, col(DecisionRow.id) == col(PostRow.decision_id))
            .join(UserRow, col(UserRow.id) == col(DecisionRow.user_id))
            .join(RunRow, col(RunRow.id) == col(DraftRow.run_id))
            .where(col(PostRow.id) == post_id)
        ).first()  # fmt: skip
        if row is None:
            return None
        post, draft, card, guide, source, group, decision, approved_by, run_at = row
        findings = get_findings(session, [id_of(draft)])
        snapshots = _snapshots(session, guide.id, decision.after.get("snapshots", ()))
        call = _find_call(session, draft, run_at)
    history = list_entries(db, AuditFilter(draft_id=id_of(draft)), limit=200)
    whole_guide = get_guide(db, guide.id)
    if whole_guide is None:
        return None
    return Trace(
        view=make_post_view(post, draft, group),
        external_id=post.external_id,
        card=make_card(card),
        draft=make_view(draft, findings),
        key=draft.key,
        run_id=draft.run_id,
        guide=whole_guide,
        publisher=str(source.spec["publisher"]),
        licence_url=str(source.spec["licence_url"]),
        approval=next((entry for entry in history if entry.id == decision.id), None),
        approved_by=approved_by,
        history=history,
        snapshots=snapshots,
        call=call,
    )


def list_snapshot_hashes(db: Database, post_id: int) -> tuple[str, ...]:
    """SHA-256 of the bodies a post's trace offers, those of its approval first."""
    with db.read() as session:
        row = session.execute(
            sql_select(col(CardRow.guide_id), col(DecisionRow.after))
            .select_from(PostRow)
            .join(DraftRow, col(DraftRow.id) == col(PostRow.draft_id))
            .join(CardRow, col(CardRow.id) == col(DraftRow.card_id))
            .join(DecisionRow, col(DecisionRow.id) == col(PostRow.decision_id))
            .where(col(PostRow.id) == post_id)
        ).first()
        if row is None:
            return ()
        found = _snapshots(session, row[0], row[1].get("snapshots", ()))
    return tuple(snapshot.sha256 for snapshot in found)


def _snapshots(session: Session, guide_id: str, approved: list[str]) -> tuple[Snapshot, ...]:
    pages = session.exec(
        select(PageRow)
        .where(PageRow.guide_id == guide_id, PageRow.body_sha256 != "")
        .order_by(col(PageRow.key))
    ).all()
    now = {page.body_sha256: page for page in pages}
    return tuple(
        Snapshot(
            digest,
            (page.final_url or page.url) if (page := now.get(digest)) else "",
            page.fetched_at if page else None,
            digest in approved,
        )
        for digest in dict.fromkeys((*approved, *now))
    )


def _find_call(session: Session, draft: DraftRow, run_at: datetime) -> CallFacts | None:
    """The call of the draft's run whose answer holds the draft's first sentence.

    The ledger does not name drafts: an answer that an earlier run paid for is not found.
    """
    sentences = [str(item.get("text", "")) for item in draft.sentences]
    first = next((text for text in sentences if text.strip()), "")
    if not first:
        return None
    rows = session.exec(
        select(CompletionRow)
        .where(
            col(CompletionRow.sent_at) >= run_at,
            col(CompletionRow.sent_at) <= draft.created_at,
            CompletionRow.run_id == draft.run_id,
            CompletionRow.state == CallState.SETTLED,
        )
        .order_by(col(CompletionRow.sent_at).desc())
        .limit(MAX_CALLS)
    )
    escaped = json.dumps(first)[1:-1]
    for row in rows:
        if any(words in row.text for words in (first, escaped)):
            cost = row.cost_micro_usd
            return CallFacts(
                row.key,
                row.model,
                row.prompt_hash,
                row.tokens_in,
                row.tokens_out,
                None if cost is None else Decimal(cost) / MICRO,
                row.latency_s,
                row.sent_at,
                row.run_id,
            )
    return None
