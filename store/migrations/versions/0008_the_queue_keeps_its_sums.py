"""The queue keeps how many cards have which marks, of all cards and of those with each facet,
instead of counting them for every page.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0008"
down_revision = "0007"

COUNTS = "ix_queue_entries_counts"
FACET = "\ue000"
"""Facets are among an entry's words, and this begins them and nothing else."""
ENTRIES = sa.table(
    "queue_entries",
    *(sa.column(name) for name in ("id", "marks", "pending", "words")),
    sa.column("newest_at", UtcDateTime()),
)
WORDS = sa.table("queue_words", sa.column("rowid"), sa.column("words"))  # SQLite's
SUMS = sa.table(
    "queue_sums", *(sa.column(name) for name in ("facet", "marks", "day", "cards", "drafts"))
)


def upgrade() -> None:
    op.create_table(
        "queue_sums",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("facet", sa.String(), nullable=False),
        sa.Column("marks", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("cards", sa.Integer(), nullable=False),
        sa.Column("drafts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_sums")),
    )
    op.create_index("ix_queue_sums_facet", "queue_sums", ["facet"])
    _count(sa.literal(""), ENTRIES)
    if op.get_bind().dialect.name == "sqlite":
        listed = '["' + sa.func.replace(WORDS.c.words, " ", '","', type_=sa.String()) + '"]'
        word = sa.func.json_each(listed).table_valued("value").alias("word")
        entries = ENTRIES.join(WORDS, WORDS.c.rowid == ENTRIES.c.id)
        _count(word.c.value, entries.join(word, sa.true()))
    else:
        words = sa.func.unnest(sa.func.tsvector_to_array(ENTRIES.c.words))
        word = words.table_valued("value").render_derived("word")
        _count(word.c.value, ENTRIES.join(word, sa.true()))
    op.drop_index(COUNTS, table_name="queue_entries")


def _count(facet: sa.ColumnElement[Any], entries: sa.FromClause) -> None:
    """The entries by facet: a word, of which only facets are taken, or '' for all of them."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    today = int(midnight.timestamp()) // 86_400
    day = sa.case((ENTRIES.c.newest_at >= midnight, today), else_=0)  # days that passed are alike
    is_wanted = sa.or_(facet == "", sa.func.substr(facet, 1, 1) == FACET)
    query = sa.select(facet, ENTRIES.c.marks, day, sa.func.count(), sa.func.sum(ENTRIES.c.pending))
    found = query.select_from(entries).where(is_wanted).group_by(sa.text("1, 2, 3"))
    op.execute(sa.insert(SUMS).from_select(list(SUMS.c.keys()), found))


def downgrade() -> None:
    op.create_index(COUNTS, "queue_entries", ["marks", "pending"])
    op.drop_table("queue_sums")
