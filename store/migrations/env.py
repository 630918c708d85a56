"""Alembic's entry: runs on the connection that `store.migrate` or a test hands over."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

import store.desk_tables  # noqa: F401  # its tables join the same metadata
from store.queue_entries import refresh_missing
from store.search import WORDS, WORDS_COLUMN
from store.tables import metadata


def run(connection: Connection) -> None:
    """All steps in one transaction, on SQLite too, so that nobody meets a chain half done."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
        include_name=_is_ours,
    )
    with context.begin_transaction():
        context.run_migrations()
        if context.get_context().get_current_revision() == context.get_head_revision():
            with Session(connection) as session:
                refresh_missing(session)
                session.flush()
        if connection.dialect.name == "sqlite":
            _check_foreign_keys(connection)


def _is_ours(name: str | None, kind: str, parents: Any) -> bool:
    """The index of words is each database's own: no class of ours speaks of it."""
    if kind == "table":
        return name is None or not name.startswith(WORDS)
    words = (WORDS_COLUMN, f"ix_queue_entries_{WORDS_COLUMN}")
    return parents.get("table_name") != "queue_entries" or name not in words


def _set_foreign_keys(connection: Connection, value: str) -> None:
    """SQLite changes a constraint by building the table anew, which drops the old one. It must not
    look at references meanwhile, and can be told so only outside of a transaction: past SQLAlchemy,
    which would begin one.
    """
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA foreign_keys={value}")


def _check_foreign_keys(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise IntegrityError("PRAGMA foreign_key_check", {}, ValueError(f"broken: {broken[:5]}"))


given: Connection = context.config.attributes["connection"]
_set_foreign_keys(given, "OFF")
try:
    run(given)
    given.commit()
finally:
    given.rollback()  # undoes a chain that failed, so that the next line counts
    _set_foreign_keys(given, "ON")
