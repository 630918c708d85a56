"""Drafts as they were cooked. What people do to them is in `store.decisions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, or_, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from stages.types import Draft, DraftSentence, Finding, Risk, Severity
from store.engine import Database, utc_now
from store.queue_entries import refresh
from store.tables import CardRow, DraftRow, DraftState, FindingRow, id_of, metadata
from store.values import dump, load

_DRAFTS = metadata.tables["drafts"]
_FINDINGS = metadata.tables["findings"]


@dataclass(frozen=True, slots=True)
class DraftMark:
    """Enough of a current draft to decide whether its card must be cooked again.

    body_hash: of the card's text that the draft was made from; tone_hash: of its tone version.
    """

    card_id: str
    tone: str
    tone_hash: str
    key: str
    body_hash: str
    generation: int
    state: DraftState
    is_edited: bool


@dataclass(frozen=True, slots=True)
class DraftView:
    """A current draft as people see it. text: with their edits; machine_text: as cooked.

    body_hash: of the card's text that the draft was made from. score: of text, as in `Draft.score`.
    """

    id: int
    card_id: str
    tone: str
    tone_version: str
    tone_hash: str
    lang: str
    model: str
    body_hash: str
    text: str
    machine_text: str
    machine_risk: Risk
    sentences: tuple[DraftSentence, ...]
    findings: tuple[Finding, ...]
    risk: Risk
    state: DraftState
    version: int
    revision: int
    created_at: datetime
    decided_at: datetime | None
    score: float | None = None

    @property
    def is_edited(self) -> bool:
        return self.text != self.machine_text


def list_marks(db: Database, card_ids: Sequence[str]) -> tuple[DraftMark, ...]:
    """The current draft of each card and tone."""
    with db.read() as session:
        rows = session.execute(
            sql_select(
                col(DraftRow.card_id),
                col(DraftRow.tone),
                col(DraftRow.tone_hash),
                col(DraftRow.key),
                col(DraftRow.body_hash),
                col(DraftRow.generation),
                col(DraftRow.state),
                (col(DraftRow.text) != col(DraftRow.machine_text)).label("is_edited"),
            ).where(col(DraftRow.card_id).in_(card_ids), col(DraftRow.is_current))
        )
        return tuple(
            DraftMark(
                row.card_id,
                row.tone,
                row.tone_hash,
                row.key,
                row.body_hash,
                row.generation,
                DraftState(row.state),
                bool(row.is_edited),
            )
            for row in rows
        )


def add_drafts(db: Database, drafts: Sequence[Draft], run_id: str, generation: int = 0) -> int:
    """Keep new drafts; each becomes the current one of its card and tone. Returns how many.

    A draft whose key is known already becomes current again and is not stored twice. What a
    person decided or edited since the run began stands: a new draft of the same source text is
    then left out.
    """
    now = utc_now()
    keys = [draft.key for draft in drafts]
    cards = {draft.card_id for draft in drafts}
    with db.write() as session:
        hashes = {card: session.get_one(CardRow, card).body_hash for card in cards}
        # Locked, so that no decision slips in before a current draft is replaced.
        stored = session.execute(
            sql_select(
                *_DRAFTS.c["id", "key", "card_id", "tone", "body_hash", "state", "is_current"],
                (_DRAFTS.c.text != _DRAFTS.c.machine_text).label("is_edited"),
            )
            .where(
                or_(
                    _DRAFTS.c.key.in_(keys),
                    and_(_DRAFTS.c.card_id.in_(cards), _DRAFTS.c.is_current),
                )
            )
            .order_by(_DRAFTS.c.card_id, _DRAFTS.c.id)  # as batches do, so that neither is stuck
            .with_for_update(key_share=True)
        ).all()
        known = {row.key: row.id for row in stored}
        replaced: list[int] = []
        again: list[int] = []
        new: list[Draft] = []
        for draft in drafts:
            place = (draft.card_id, draft.tone)
            old = [
                row
                for row in stored
                if row.is_current and (row.card_id, row.tone) == place and row.key != draft.key
            ]
            if any(_is_work_of_people(row, hashes[draft.card_id]) for row in old):
                continue
            replaced += [row.id for row in old]
            if draft.key in known:
                again.append(known[draft.key])
            else:
                new.append(draft)
        for ids, is_current in ((replaced, False), (again, True)):
            if ids:
                session.execute(
                    update(_DRAFTS).where(_DRAFTS.c.id.in_(ids)).values(is_current=is_current)
                )
        _insert(
            session,
            new,
            [_row(draft, hashes[draft.card_id], run_id, generation, now) for draft in new],
        )
        refresh(session, list(cards))
    return len(new)


def replace_draft(
    session: Session, old: DraftRow, draft: Draft, body_hash: str, run_id: str, generation: int
) -> int:
    """Let a new draft stand in the place of one a person wanted written again; returns its id.

    For the other files of this room. The old one and all that was done to it stays in the history.
    """
    old.is_current = False
    session.add(old)
    session.flush()
    _insert(session, [draft], [_row(draft, body_hash, run_id, generation, utc_now())])
    draft_id: int = session.execute(
        sql_select(_DRAFTS.c.id).where(_DRAFTS.c.key == draft.key)
    ).scalar_one()
    return draft_id


def list_drafts(db: Database, card_ids: Sequence[str]) -> dict[str, tuple[DraftView, ...]]:
    """Current drafts with their findings, by card id."""
    with db.read() as session:
        rows = session.exec(
            select(DraftRow)
            .where(col(DraftRow.card_id).in_(card_ids), col(DraftRow.is_current))
            .order_by(col(DraftRow.id))
        ).all()
        findings = get_findings(session, [row.id for row in rows if row.id is not None])
        found: dict[str, list[DraftView]] = {}
        for row in rows:
            found.setdefault(row.card_id, []).append(make_view(row, findings))
    return {card_id: tuple(drafts) for card_id, drafts in found.items()}


def count_drafts(db: Database) -> dict[tuple[DraftState, Risk], int]:
    """Current drafts by state and risk."""
    with db.read() as session:
        rows = session.exec(
            select(DraftRow.state, DraftRow.risk, func.count())
            .where(col(DraftRow.is_current))
            .group_by(DraftRow.state, DraftRow.risk)
        )
        return {(DraftState(state), Risk(risk)): count for state, risk, count in rows}


def set_findings(session: Session, row: DraftRow, findings: Sequence[Finding]) -> None:
    """Replace a draft's findings; for the other files of this room."""
    session.execute(delete(_FINDINGS).where(_FINDINGS.c.draft_id == id_of(row)))
    if findings:
        values = [_finding_values(id_of(row), finding) for finding in findings]
        session.execute(insert(_FINDINGS), values)


def get_findings(session: Session, draft_ids: Sequence[int]) -> dict[int, tuple[Finding, ...]]:
    """Findings by draft id; for the other files of this room."""
    found: dict[int, list[Finding]] = {}
    rows = session.exec(
        select(FindingRow)
        .where(col(FindingRow.draft_id).in_(draft_ids))
        .order_by(col(FindingRow.id))
    )
    for row in rows:
        found.setdefault(row.draft_id, []).append(
            Finding(
                check=row.check,
                severity=Severity(row.severity),
                message=row.message,
                draft_span=_span(row.draft_start, row.draft_end),
                card_span=_span(row.card_start, row.card_end),
                strength=row.strength,
            )
        )
    return {draft_id: tuple(findings) for draft_id, findings in found.items()}


def make_view(row: DraftRow, findings: dict[int, tuple[Finding, ...]]) -> DraftView:
    """The value of a row; for the other files of this room."""
    draft_id = id_of(row)
    return DraftView(
        id=draft_id,
        card_id=row.card_id,
        tone=row.tone,
        tone_version=row.tone_version,
        tone_hash=row.tone_hash,
        lang=row.lang,
        model=row.model,
        body_hash=row.body_hash,
        text=row.text,
        machine_text=row.machine_text,
        machine_risk=Risk(row.machine_risk),
        sentences=load(tuple[DraftSentence, ...], row.sentences),
        findings=findings.get(draft_id, ()),
        risk=Risk(row.risk),
        state=DraftState(row.state),
        version=row.version,
        revision=row.revision,
        created_at=row.created_at,
        decided_at=row.decided_at,
        score=row.score,
    )


def _is_work_of_people(current: Row[Any], body_hash: str) -> bool:
    """Whether a person decided or edited the draft, and its card reads as it did then."""
    is_touched = current.state != DraftState.PENDING or current.is_edited
    return bool(current.body_hash == body_hash and is_touched)


def _insert(session: Session, drafts: Sequence[Draft], rows: Sequence[DraftRow]) -> None:
    """Rows of these drafts with their findings; in bulk, since a run writes every one of its
    drafts while model calls wait.
    """
    if not rows:
        return
    ids = session.execute(
        insert(_DRAFTS).returning(_DRAFTS.c.id, sort_by_parameter_order=True),
        [row.model_dump(exclude={"id"}) for row in rows],
    ).scalars()
    findings = [
        _finding_values(draft_id, finding)
        for draft_id, draft in zip(ids, drafts, strict=True)
        for finding in draft.findings
    ]
    if findings:
        session.execute(insert(_FINDINGS), findings)


def _finding_values(draft_id: int, finding: Finding) -> dict[str, Any]:
    draft_start, draft_end = finding.draft_span or (None, None)
    card_start, card_end = finding.card_span or (None, None)
    return {
        "draft_id": draft_id,
        "check_name": finding.check,
        "severity": finding.severity.value,
        "message": finding.message,
        "draft_start": draft_start,
        "draft_end": draft_end,
        "card_start": card_start,
        "card_end": card_end,
        "strength": finding.strength,
    }


def _row(draft: Draft, body_hash: str, run_id: str, generation: int, now: datetime) -> DraftRow:
    return DraftRow(
        key=draft.key,
        card_id=draft.card_id,
        body_hash=body_hash,
        tone=draft.tone,
        tone_version=draft.tone_version,
        tone_hash=draft.tone_hash,
        lang=draft.lang,
        model=draft.model,
        generation=generation,
        machine_text=draft.text,
        machine_risk=draft.risk.value,
        sentences=dump(tuple[DraftSentence, ...], draft.sentences),
        text=draft.text,
        risk=draft.risk.value,
        run_id=run_id,
        created_at=now,
        score=draft.score,
    )


def _span(start: int | None, end: int | None) -> tuple[int, int] | None:
    return None if start is None or end is None else (start, end)
