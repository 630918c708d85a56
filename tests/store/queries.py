"""Counting what is asked of a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from store.engine import Database


@contextmanager
def counted_queries(db: Database) -> Iterator[list[str]]:
    """The statements sent while inside."""
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "after_cursor_execute", note)
    yield statements
    event.remove(db.engine, "after_cursor_execute", note)
