"""Tone versions are tried, promoted and rolled back; drafts have a score, findings a strength."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0003"
down_revision = "0002"

INDEXES = {"tone_files": ("tone",), "tone_changes": ("tone", "hash", "user_id")}


def upgrade() -> None:
    op.create_table(
        "tone_files",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("tone", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "place IN ('', 'top', 'next', 'earlier')", name=op.f("ck_tone_files_place_known")
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_tone_files")),
    )
    op.create_table(
        "tone_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tone", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("before_hash", sa.String(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "action IN ('promote', 'rollback', 'canary', 'stop_canary')",
            name=op.f("ck_tone_changes_action_known"),
        ),
        sa.CheckConstraint(
            "share >= 0 AND share <= 1", name=op.f("ck_tone_changes_share_possible")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column],
                ["tone_files.hash"],
                name=op.f(f"fk_tone_changes_{column}_tone_files"),
            )
            for column in ("hash", "before_hash")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_tone_changes_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tone_changes")),
    )
    for table, columns in INDEXES.items():
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.add_column("drafts", sa.Column("score", sa.Float(), nullable=True))
    op.add_column("findings", sa.Column("strength", sa.Float(), nullable=False, server_default="1"))


def downgrade() -> None:
    op.drop_column("findings", "strength")
    op.drop_column("drafts", "score")
    for table, columns in reversed(INDEXES.items()):
        for column in columns:
            op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
        op.drop_table(table)
