"""The queue is narrowed by risk, language, source and age without reading its rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

FILTERS = "ix_queue_entries_filters"


def upgrade() -> None:
    op.add_column(
        "queue_entries", sa.Column("risks", sa.Integer(), nullable=False, server_default="0")
    )
    op.execute(
        "UPDATE queue_entries SET risks = COALESCE((SELECT SUM(DISTINCT CASE drafts.risk"
        " WHEN 'low' THEN 1 WHEN 'flagged' THEN 2 WHEN 'blocked' THEN 4 ELSE 0 END) FROM drafts"
        " WHERE drafts.card_id = queue_entries.card_id AND drafts.is_current"
        " AND (drafts.state = 'pending' OR queue_entries.pending = 0)), 0)"
    )
    with op.batch_alter_table("queue_entries") as table:
        table.alter_column("risks", server_default=None)
    op.create_index(
        FILTERS,
        "queue_entries",
        ["marks", "risks", "lang", "source_id", "newest_at", "first_by", "oldest_at"],
    )


def downgrade() -> None:
    op.drop_index(FILTERS, table_name="queue_entries")
    op.drop_column("queue_entries", "risks")
