"""Figures and texts that pages show of many rows at once, each in one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func
from sqlalchemy import select as sql_select
from sqlmodel import col

from stages.types import ChangeKind
from store.engine import Database
from store.pages import PageRole, Verdict
from store.tables import CardRow, PageRow


@dataclass(frozen=True, slots=True)
class PageFigures:
    """pages: known of a source and still there. set_aside: of these, without a verdict."""

    pages: int
    set_aside: int


@dataclass(frozen=True, slots=True)
class TextChange:
    """What the last change of a card's source did. previous_text: '' when the text is the same."""

    change: ChangeKind
    previous_text: str
    text: str
    lang: str
    changed_at: datetime


def count_source_pages(db: Database) -> dict[str, PageFigures]:
    """By source id; a source of which no page is known is missing."""
    is_open = and_(col(PageRow.quarantine_reason) != "", col(PageRow.verdict) == Verdict.NONE.value)
    query = (
        sql_select(col(PageRow.source_id), func.count(), func.sum(case((is_open, 1), else_=0)))
        .where(col(PageRow.role) != PageRole.GONE.value)
        .group_by(col(PageRow.source_id))
    )
    with db.read() as session:
        return {row[0]: PageFigures(row[1], int(row[2])) for row in session.execute(query)}


def list_text_changes(db: Database, card_ids: Sequence[str]) -> dict[str, TextChange]:
    """By card id; ids that are not known are missing."""
    query = sql_select(
        col(CardRow.id),
        col(CardRow.change),
        col(CardRow.previous_text),
        col(CardRow.text),
        col(CardRow.lang),
        col(CardRow.changed_at),
    ).where(col(CardRow.id).in_(card_ids))
    with db.read() as session:
        return {row[0]: TextChange(ChangeKind(row[1]), *row[2:]) for row in session.execute(query)}
