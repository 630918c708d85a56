"""What becomes of pages: verdicts, stops and misses, twins of cards, alerts on posts.

Columns are added with a default, which rebuilds no table. Only `decisions` is built anew on
SQLite, because its CHECK constraint learns an action; `env.py` prepares the connection for that.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0002"
down_revision = "0001"

ACTIONS_BEFORE = "'approve', 'reject', 'edit', 'undo', 'withdraw', 'retry', 'settle'"
ACTIONS = f"{ACTIONS_BEFORE}, 'keep'"

INDEXED = ("at", "draft_id", "user_id")


def upgrade() -> None:
    op.create_table(
        "parked_hosts",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_parked_hosts")),
    )
    op.create_table(
        "sketches",
        sa.Column("card_id", sa.String(), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_sketches_card_id_cards")),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_sketches")),
    )
    _create_page_decisions()
    for column in ("title", "excerpt"):
        op.add_column("pages", sa.Column(column, sa.Text(), server_default="", nullable=False))
    for column in ("extract_version", "verdict"):
        op.add_column("pages", sa.Column(column, sa.String(), server_default="", nullable=False))
    op.add_column("pages", sa.Column("misses", sa.Integer(), server_default="0", nullable=False))
    op.create_index(op.f("ix_pages_quarantine_reason"), "pages", ["quarantine_reason"])
    op.add_column("sources", sa.Column("stopped_at", UtcDateTime(), nullable=True))
    op.add_column(
        "guides", sa.Column("licence_finding", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("guides", sa.Column("removed_at", UtcDateTime(), nullable=True))
    for column in ("twin_id", "previous_change"):
        op.add_column("cards", sa.Column(column, sa.String(), server_default="", nullable=False))
    # Written out, because SQLite takes a CHECK with a new column but not after it.
    op.execute(
        "ALTER TABLE posts ADD COLUMN alert VARCHAR DEFAULT '' NOT NULL "
        "CONSTRAINT ck_posts_alert_known "
        "CHECK (alert IN ('', 'source_changed', 'source_removed'))"
    )
    op.add_column("posts", sa.Column("alert_at", UtcDateTime(), nullable=True))
    _set_actions(ACTIONS)
    # What `downgrade` disguised.
    op.execute(
        "UPDATE decisions SET action = 'keep', reason = '' "
        "WHERE action = 'settle' AND reason = 'keep'"
    )


def downgrade() -> None:
    # No decision is thrown away: to the earlier version, a person settled what became of a post.
    op.execute("UPDATE decisions SET action = 'settle', reason = 'keep' WHERE action = 'keep'")
    _set_actions(ACTIONS_BEFORE)
    op.drop_index(op.f("ix_pages_quarantine_reason"), table_name="pages")
    for table, columns in {
        "posts": ("alert_at", "alert"),
        "cards": ("previous_change", "twin_id"),
        "guides": ("removed_at", "licence_finding"),
        "sources": ("stopped_at",),
        "pages": ("misses", "verdict", "extract_version", "excerpt", "title"),
    }.items():
        for column in columns:
            op.drop_column(table, column)
    for column in ("at", "page_key", "source_id", "user_id"):
        op.drop_index(op.f(f"ix_page_decisions_{column}"), table_name="page_decisions")
    for table in ("page_decisions", "sketches", "parked_hosts"):
        op.drop_table(table)


def _create_page_decisions() -> None:
    op.create_table(
        "page_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("page_key", sa.String(), nullable=True),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "action IN ('accept', 'ignore', 'restore', 'stop', 'resume')",
            name=op.f("ck_page_decisions_action_known"),
        ),
        sa.ForeignKeyConstraint(
            ["page_key"], ["pages.key"], name=op.f("fk_page_decisions_page_key_pages")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_page_decisions_source_id_sources")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_page_decisions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_decisions")),
    )
    for column in ("at", "page_key", "source_id", "user_id"):
        op.create_index(op.f(f"ix_page_decisions_{column}"), "page_decisions", [column])


def _set_actions(actions: str) -> None:
    """Let the CHECK constraint of `decisions` know these actions."""
    name, condition = "ck_decisions_action_known", f"action IN ({actions})"
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(name), "decisions", type_="check")
        op.create_check_constraint(op.f(name), "decisions", condition)
        return
    # The table is spelt out: what SQLite says of itself lacks the CHECK constraints.
    table = sa.Table(
        "decisions",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("undoes_id", sa.Integer(), nullable=True),
        sa.Column("active_s", sa.Float(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(condition, name=op.f(name)),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["drafts.id"], name=op.f("fk_decisions_draft_id_drafts")
        ),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["decisions.id"], name=op.f("fk_decisions_undoes_id_decisions")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_decisions_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_decisions_undoes_id")),
        *(sa.Index(op.f(f"ix_decisions_{column}"), column) for column in INDEXED),
    )
    with op.batch_alter_table("decisions", copy_from=table, recreate="always"):
        pass
