"""The queue in narrow rows, and the words its cards are found by.

The rows of the cards there are made by `store.migrate`, when the whole chain is through.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0005"
down_revision = "0004"

INDEXES = {
    "order": ("state", "rank", "day", "guide_id", "position", "card_id", "marks", "first_by"),
    "counts": ("marks", "newest_at", "pending"),
    "state_first_by": ("state", "first_by"),
    "state_newest_at": ("state", "newest_at"),
    "guide_id": ("guide_id",),
    "source_id": ("source_id",),
}


def upgrade() -> None:
    op.create_table(
        "queue_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.String(), nullable=False),
        sa.Column("guide_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("marks", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("first_by", sa.String(), nullable=False),
        sa.Column("oldest_at", UtcDateTime(), nullable=True),
        sa.Column("newest_at", UtcDateTime(), nullable=True),
        sa.Column("said", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["cards.id"], name=op.f("fk_queue_entries_card_id_cards")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_entries")),
        sa.UniqueConstraint("card_id", name=op.f("uq_queue_entries_card_id")),
    )
    for name, columns in INDEXES.items():
        op.create_index(f"ix_queue_entries_{name}", "queue_entries", columns)
    # Each database's own index of words, which neither could have from a table of ours.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE queue_words USING fts5"
            "(words, detail=none, tokenize='unicode61 remove_diacritics 0', prefix='1')"
        )
    else:
        op.execute(
            "CREATE TABLE queue_words (entry_id INTEGER PRIMARY KEY "
            "REFERENCES queue_entries (id) ON DELETE CASCADE, words TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX ix_queue_words_words ON queue_words USING gin (words)")
    op.create_index("ix_drafts_model", "drafts", ["model"])
    op.drop_index("ix_drafts_is_current_state_risk", table_name="drafts")
    op.create_index("ix_drafts_state_risk_is_current", "drafts", ["state", "risk", "is_current"])


def downgrade() -> None:
    op.drop_index("ix_drafts_state_risk_is_current", table_name="drafts")
    op.create_index("ix_drafts_is_current_state_risk", "drafts", ["is_current", "state", "risk"])
    op.drop_index("ix_drafts_model", table_name="drafts")
    op.execute("DROP TABLE queue_words")
    op.drop_table("queue_entries")
