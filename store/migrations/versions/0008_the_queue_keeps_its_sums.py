"""The queue keeps how many cards have which marks, instead of counting all for every page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

COUNTS = "ix_queue_entries_counts"


def upgrade() -> None:
    op.create_table(
        "queue_sums",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("marks", sa.Integer(), nullable=False),
        sa.Column("cards", sa.Integer(), nullable=False),
        sa.Column("drafts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_sums")),
    )
    op.execute(
        "INSERT INTO queue_sums (marks, cards, drafts)"
        " SELECT marks, COUNT(*), SUM(pending) FROM queue_entries GROUP BY marks"
    )
    op.drop_index(COUNTS, table_name="queue_entries")


def downgrade() -> None:
    op.create_index(COUNTS, "queue_entries", ["marks", "pending"])
    op.drop_table("queue_sums")
