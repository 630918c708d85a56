"""The queue counts faster: a narrower index, and in PostgreSQL the words beside what is counted.

With the words in a table of their own, PostgreSQL joined 100,000 rows to count a topic's cards.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

COUNTS = "ix_queue_entries_counts"


def upgrade() -> None:
    op.drop_index(COUNTS, table_name="queue_entries")
    op.create_index(COUNTS, "queue_entries", ["marks", "pending"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE queue_entries ADD COLUMN words TSVECTOR")
        op.execute(
            "UPDATE queue_entries SET words = queue_words.words"
            " FROM queue_words WHERE queue_words.entry_id = queue_entries.id"
        )
        op.execute("CREATE INDEX ix_queue_entries_words ON queue_entries USING gin (words)")
        op.execute("DROP TABLE queue_words")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE queue_words (entry_id INTEGER PRIMARY KEY "
            "REFERENCES queue_entries (id) ON DELETE CASCADE, words TSVECTOR NOT NULL)"
        )
        op.execute(
            "INSERT INTO queue_words (entry_id, words)"
            " SELECT id, words FROM queue_entries WHERE words IS NOT NULL"
        )
        op.execute("CREATE INDEX ix_queue_words_words ON queue_words USING gin (words)")
        op.execute("DROP INDEX ix_queue_entries_words")
        op.execute("ALTER TABLE queue_entries DROP COLUMN words")
    op.drop_index(COUNTS, table_name="queue_entries")
    op.create_index(COUNTS, "queue_entries", ["marks", "newest_at", "pending"])
