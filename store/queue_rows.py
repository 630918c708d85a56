"""What a row of the queue's list shows of a card: its drafts' states, not their texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, func, select
from sqlmodel import Session

from stages.types import ChangeKind, Reuse, Risk, Severity, Stakes
from store.desk_tables import CommentRow, QueueEntryRow
from store.engine import Database
from store.leases import Lease, list_leases
from store.tables import DraftState, metadata

_ENTRIES: Table = metadata.tables[QueueEntryRow.__tablename__]
_CARDS: Table = metadata.tables["cards"]
_GUIDES: Table = metadata.tables["guides"]
_DRAFTS: Table = metadata.tables["drafts"]
_FINDINGS: Table = metadata.tables["findings"]
_PLACEMENTS: Table = metadata.tables["placements"]
_COMMENTS: Table = metadata.tables[CommentRow.__tablename__]


@dataclass(frozen=True, slots=True)
class RowTone:
    """findings: those worth a look."""

    tone: str
    state: DraftState
    risk: Risk
    findings: int


@dataclass(frozen=True, slots=True)
class QueueRow:
    """oldest_at: since when a draft of it waits. lease: who is on it. is_alerted: a post of it is
    out whose source changed. previous_change: as in `QueueItem`.
    """

    card_id: str
    title: str
    breadcrumbs: tuple[str, ...]
    lang: str
    stakes: Stakes
    guide_id: str
    guide_title: str
    source_id: str
    reuse: Reuse
    licence_finding: str
    has_twin: bool
    is_alerted: bool
    previous_change: ChangeKind | None
    oldest_at: datetime | None
    tones: tuple[RowTone, ...]
    groups: tuple[str, ...]
    comments: int
    lease: Lease | None


def list_rows(db: Database, card_ids: Sequence[str], now: datetime) -> tuple[QueueRow, ...]:
    """In the order of card_ids; the number of queries does not depend on them."""
    if not card_ids:
        return ()
    with db.read() as session:
        cards = session.execute(
            select(
                *_CARDS.c["id", "title", "breadcrumbs", "lang", "stakes", "twin_id"],
                _CARDS.c.previous_change,
                *_ENTRIES.c["oldest_at", "rank"],
                *_GUIDES.c["source_id", "reuse", "licence_finding"],
                _GUIDES.c.id.label("guide_id"),
                _GUIDES.c.title.label("guide_title"),
            )
            .join(_GUIDES, _GUIDES.c.id == _CARDS.c.guide_id)
            .join(_ENTRIES, _ENTRIES.c.card_id == _CARDS.c.id)
            .where(_CARDS.c.id.in_(card_ids))
        ).all()
        tones = _list_tones(session, card_ids)
        groups: dict[str, list[str]] = {}
        for row in session.execute(
            select(_PLACEMENTS.c.card_id, _PLACEMENTS.c.group_id)
            .where(_PLACEMENTS.c.card_id.in_(card_ids))
            .order_by(_PLACEMENTS.c.score.desc(), _PLACEMENTS.c.group_id)
        ):
            groups.setdefault(row.card_id, []).append(row.group_id)
        comments = {
            row[0]: row[1]
            for row in session.execute(
                select(_COMMENTS.c.card_id, func.count())
                .where(_COMMENTS.c.card_id.in_(card_ids), _COMMENTS.c.removed_at.is_(None))
                .group_by(_COMMENTS.c.card_id)
            )
        }
    leases = list_leases(db, card_ids, now)
    order = {card_id: nth for nth, card_id in enumerate(card_ids)}
    return tuple(
        QueueRow(
            card_id=card.id,
            title=card.title,
            breadcrumbs=tuple(card.breadcrumbs),
            lang=card.lang,
            stakes=Stakes(card.stakes),
            guide_id=card.guide_id,
            guide_title=card.guide_title,
            source_id=card.source_id,
            reuse=Reuse(card.reuse),
            licence_finding=card.licence_finding,
            has_twin=bool(card.twin_id),
            is_alerted=card.rank < 2,
            previous_change=ChangeKind(card.previous_change) if card.previous_change else None,
            oldest_at=card.oldest_at,
            tones=tuple(tones.get(card.id, ())),
            groups=tuple(groups.get(card.id, ())),
            comments=comments.get(card.id, 0),
            lease=leases.get(card.id),
        )
        for card in sorted(cards, key=lambda card: order[card.id])
    )


def _list_tones(session: Session, card_ids: Sequence[str]) -> dict[str, list[RowTone]]:
    findings = (
        select(func.count())
        .where(_FINDINGS.c.draft_id == _DRAFTS.c.id, _FINDINGS.c.severity != Severity.INFO.value)
        .scalar_subquery()
    )
    columns = _DRAFTS.c["card_id", "tone", "state", "risk", "is_current"]
    drafts = session.execute(
        select(*columns, findings.label("findings")).where(_DRAFTS.c.card_id.in_(card_ids))
    ).all()
    found: dict[str, list[RowTone]] = {}
    for draft in drafts:
        if not draft.is_current:
            continue
        found.setdefault(draft.card_id, []).append(
            RowTone(draft.tone, DraftState(draft.state), Risk(draft.risk), draft.findings)
        )
    return found
