"""Drafts as they were cooked. What people do to them is in `store.decisions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from stages.types import Draft, DraftSentence, Finding, Risk, Severity
from store.engine import Database, utc_now
from store.tables import CardRow, DraftRow, DraftState, FindingRow, id_of
from store.values import dump, load


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

    body_hash: of the card's text that the draft was made from. score: of the machine's text, as in
    `Draft.score`.
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
    added = 0
    with db.write() as session:
        for draft in drafts:
            card = session.get_one(CardRow, draft.card_id)
            if _has_work_of_people(session, draft, card.body_hash):
                continue
            session.exec(
                update(DraftRow)
                .where(
                    col(DraftRow.card_id) == draft.card_id,
                    col(DraftRow.tone) == draft.tone,
                    col(DraftRow.key) != draft.key,
                )
                .values(is_current=False)
            )
            known = session.exec(select(DraftRow).where(DraftRow.key == draft.key)).first()
            if known:
                known.is_current = True
                session.add(known)
                continue
            row = _row(draft, card.body_hash, run_id, generation, now)
            session.add(row)
            session.flush()
            set_findings(session, row, draft.findings)
            added += 1
    return added


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
    for old in session.exec(select(FindingRow).where(FindingRow.draft_id == id_of(row))):
        session.delete(old)
    for finding in findings:
        draft_start, draft_end = finding.draft_span or (None, None)
        card_start, card_end = finding.card_span or (None, None)
        session.add(
            FindingRow(
                draft_id=id_of(row),
                check=finding.check,
                severity=finding.severity.value,
                message=finding.message,
                draft_start=draft_start,
                draft_end=draft_end,
                card_start=card_start,
                card_end=card_end,
            )
        )


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


def _has_work_of_people(session: Session, draft: Draft, body_hash: str) -> bool:
    """Whether the draft would take the place of one that a person decided or edited.

    Locks the current draft, so that no decision slips in before it is replaced.
    """
    current = session.exec(
        select(DraftRow)
        .where(
            DraftRow.card_id == draft.card_id,
            DraftRow.tone == draft.tone,
            col(DraftRow.is_current),
            DraftRow.body_hash == body_hash,
        )
        .with_for_update(key_share=True)
    ).first()
    if current is None or current.key == draft.key:
        return False
    return current.state != DraftState.PENDING or current.text != current.machine_text


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
