"""The desk of several people: roles, invites, leases, verdicts, comments, requests for a draft.

Whoever could sign in before could do everything, and still can: they become admins.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.tables import UtcDateTime

revision = "0004"
down_revision = "0003"

ACTIONS_BEFORE = "'approve', 'reject', 'edit', 'undo', 'withdraw', 'retry', 'settle', 'keep'"
ACTIONS = f"{ACTIONS_BEFORE}, 'regenerate', 'reschedule'"
NEW_ACTIONS = ("regenerate", "reschedule")

INDEXES = {
    "account_changes": (
        "at",
        "by_id",
        "user_id",
    ),
    "api_tokens": ("user_id",),
    "identities": ("user_id",),
    "invites": (
        "created_by",
        "used_by",
    ),
    "comments": (
        "card_id",
        "user_id",
    ),
    "leases": (
        "until",
        "user_id",
    ),
    "cook_requests": (
        "card_id",
        "draft_id",
        "new_draft_id",
        "state",
        "user_id",
    ),
    "mentions": ("user_id",),
    "verdicts": ("user_id",),
    "working_texts": ("user_id",),
}
TABLES = (
    "account_changes",
    "api_tokens",
    "identities",
    "invites",
    "saved_views",
    "comments",
    "leases",
    "cook_requests",
    "mentions",
    "verdicts",
    "working_texts",
)


def upgrade() -> None:
    _create_account_tables()
    _create_desk_tables()
    for table, columns in INDEXES.items():
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_index("ix_verdicts_draft_id_version", "verdicts", ["draft_id", "version"])
    op.add_column("sessions", sa.Column("seen_at", UtcDateTime(), nullable=True))
    op.add_column("sessions", sa.Column("agent", sa.Text(), server_default="", nullable=False))
    op.add_column("sessions", sa.Column("address", sa.String(), server_default="", nullable=False))
    # Written out, because SQLite takes a CHECK with a new column but not after it.
    op.execute(
        "ALTER TABLE users ADD COLUMN role VARCHAR DEFAULT 'editor' NOT NULL "
        "CONSTRAINT ck_users_role_known CHECK (role IN ('editor', 'lead', 'ops', 'admin'))"
    )
    op.add_column("users", sa.Column("prefs", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("users", sa.Column("seen_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE users SET role = 'admin'")
    op.add_column("decisions", sa.Column("batch", sa.String(), server_default="", nullable=False))
    op.add_column("decisions", sa.Column("request_id", sa.String(), nullable=True))
    _set_actions(ACTIONS, ["user_id", "request_id"])
    op.create_index(op.f("ix_decisions_batch"), "decisions", ["batch"])
    op.create_index("ix_decisions_user_id_at", "decisions", ["user_id", "at"])
    # What `downgrade` disguised.
    for action in NEW_ACTIONS:
        op.execute(
            f"UPDATE decisions SET action = '{action}', reason = '' "  # noqa: S608
            f"WHERE action = 'settle' AND reason = '{action}'"
        )


def downgrade() -> None:
    # No decision is thrown away: to the earlier version, a person settled something.
    for action in NEW_ACTIONS:
        op.execute(
            f"UPDATE decisions SET action = 'settle', reason = '{action}' "  # noqa: S608
            f"WHERE action = '{action}'"
        )
    op.drop_index("ix_decisions_user_id_at", table_name="decisions")
    op.drop_index(op.f("ix_decisions_batch"), table_name="decisions")
    _set_actions(ACTIONS_BEFORE, [])
    op.drop_column("decisions", "batch")
    op.drop_column("decisions", "request_id")
    for column in ("seen_at", "prefs", "role"):
        op.drop_column("users", column)
    for column in ("address", "agent", "seen_at"):
        op.drop_column("sessions", column)
    for table, columns in INDEXES.items():
        for column in columns:
            op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_account_tables() -> None:
    op.create_table(
        "account_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["users.id"], name=op.f("fk_account_changes_by_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_account_changes_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_changes")),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_identities_user_id_users")
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identities")),
    )
    op.create_table(
        "invites",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_by", sa.Integer(), nullable=True),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "role IN ('editor', 'lead', 'ops', 'admin')", name=op.f("ck_invites_role_known")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_invites_created_by_users")
        ),
        sa.ForeignKeyConstraint(["used_by"], ["users.id"], name=op.f("fk_invites_used_by_users")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_invites")),
    )


def _create_desk_tables() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_saved_views_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_views_user_id_name")),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_comments_card_id_cards")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_comments_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_table(
        "leases",
        sa.Column("card_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_leases_card_id_cards")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_leases_user_id_users")),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_leases")),
    )
    op.create_table(
        "cook_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("card_id", sa.String(), nullable=False),
        sa.Column("tone", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("new_draft_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'cooking', 'done', 'failed')",
            name=op.f("ck_cook_requests_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["card_id"], ["cards.id"], name=op.f("fk_cook_requests_card_id_cards")
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["drafts.id"], name=op.f("fk_cook_requests_draft_id_drafts")
        ),
        sa.ForeignKeyConstraint(
            ["new_draft_id"], ["drafts.id"], name=op.f("fk_cook_requests_new_draft_id_drafts")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_cook_requests_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cook_requests")),
    )
    op.create_table(
        "mentions",
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_mentions_comment_id_comments")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_mentions_user_id_users")),
        sa.PrimaryKeyConstraint("comment_id", "user_id", name=op.f("pk_mentions")),
    )
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("active_s", sa.Float(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.CheckConstraint(
            "verdict IN ('approve', 'reject')", name=op.f("ck_verdicts_verdict_known")
        ),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["drafts.id"], name=op.f("fk_verdicts_draft_id_drafts")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_verdicts_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
        sa.UniqueConstraint("user_id", "request_id", name=op.f("uq_verdicts_user_id_request_id")),
    )
    op.create_table(
        "working_texts",
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["drafts.id"], name=op.f("fk_working_texts_draft_id_drafts")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_working_texts_user_id_users")
        ),
        sa.PrimaryKeyConstraint("draft_id", "user_id", name=op.f("pk_working_texts")),
    )


def _set_actions(actions: str, unique: list[str]) -> None:
    """Let the CHECK constraint of `decisions` know these actions; unique: columns that together
    name one row, none to end that.
    """
    name, condition = "ck_decisions_action_known", f"action IN ({actions})"
    key = "uq_decisions_user_id_request_id"
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(name), "decisions", type_="check")
        op.create_check_constraint(op.f(name), "decisions", condition)
        if unique:
            op.create_unique_constraint(op.f(key), "decisions", unique)
        else:
            op.drop_constraint(op.f(key), "decisions", type_="unique")
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
        sa.Column("batch", sa.String(), server_default="", nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
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
        *([sa.UniqueConstraint(*unique, name=op.f(key))] if unique else []),
        *(
            sa.Index(op.f(f"ix_decisions_{column}"), column)
            for column in ("at", "draft_id", "user_id")
        ),
    )
    with op.batch_alter_table("decisions", copy_from=table, recreate="always"):
        pass
