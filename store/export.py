"""Whole tables as plain JSON rows, for archives and for looking from outside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlmodel import SQLModel, col, select

from store.engine import Database
from store.tables import (
    CardRow,
    CompletionRow,
    DecisionRow,
    DraftRow,
    PageDecisionRow,
    PageRow,
    PostRow,
)

EXPORTS: dict[str, tuple[type[SQLModel], str]] = {
    "pages": (PageRow, "fetched_at"),
    "page_decisions": (PageDecisionRow, "at"),
    "cards": (CardRow, "created_at"),
    "drafts": (DraftRow, "created_at"),
    "decisions": (DecisionRow, "at"),
    "posts": (PostRow, "created_at"),
    "completions": (CompletionRow, "sent_at"),
}
"""What can be exported, and the column it is ordered by."""

BATCH = 500


def export_rows(db: Database, what: str) -> Iterator[dict[str, Any]]:
    """Every row, oldest first, as JSON types; reads in batches, so any size fits in memory."""
    table, order = EXPORTS[what]
    with db.read() as session:
        rows = session.exec(
            select(table)
            .order_by(col(getattr(table, order)), *table.__table__.primary_key)  # type: ignore[attr-defined]
            .execution_options(yield_per=BATCH)
        )
        for row in rows:
            yield {
                name: value.isoformat() if isinstance(value, datetime) else value
                for name, value in row.model_dump().items()
            }
