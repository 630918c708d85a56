"""Opening the database, and the one way to talk to it: a short transaction."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlmodel import Session

from stages.errors import ConfigError
from store.values import clean_text

BUSY_TIMEOUT_MS = 15_000
MAPPED_BYTES = 256 * 2**20
"""Of a SQLite file, read in place by all connections: each one's own cache has only two megabytes,
and the queue counts a library of 100,000 cards twice as fast without copying into it.
"""


_looking: ContextVar[Session | None] = ContextVar("looking", default=None)


@dataclass(frozen=True, slots=True)
class Database:
    """A handle to pass around; holds no open connection of its own."""

    engine: Engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A look at the data; the rows stay readable after it. Within `look`, part of that."""
        looking = _looking.get()
        if looking is not None and looking.bind is self.engine:
            yield looking
            return
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def look(self) -> Iterator[None]:
        """All that is read within is read in one transaction: a page of twenty questions sees one
        state of things, and opens no twenty transactions. What is written meanwhile is not seen.
        """
        with self.read() as session:
            token = _looking.set(session)
            try:
                yield
            finally:
                _looking.reset(token)

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction that takes SQLite's write lock at its start.

        Without that, two transactions that read first and write later cannot both proceed, and
        one fails at once instead of waiting for the other.
        """
        with Session(self.engine.execution_options(writes=True)) as session, session.begin():
            yield session

    def dispose(self) -> None:
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open SQLite (WAL, foreign keys, busy timeout) or PostgreSQL; connects on first use.

    Raises ConfigError when the URL is not understood.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: the port is no number
        raise ConfigError(f"SPOONFUL_DATABASE_URL is not a database URL: {error}") from error
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, connect_args={"check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif parsed.get_backend_name() == "postgresql":
        # The connection used last knows the tables and has its statements prepared.
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_use_lifo=True
        )
        event.listen(engine, "connect", _prepare_postgres)
    else:
        raise ConfigError(
            f"SPOONFUL_DATABASE_URL names {parsed.get_backend_name()}; "
            "Spoonful keeps its data in sqlite or postgresql."
        )
    event.listen(engine, "before_cursor_execute", _clean_parameters, retval=True)
    return Database(engine)


def take_turns(connection: Connection, name: str) -> None:
    """Let transactions that call this with the same name follow one another, each to its end.

    For what must look before it writes rows that may not be there yet. SQLite has one writer at
    a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(name))))


def utc_now() -> datetime:
    return datetime.now(UTC)


def process_holder() -> str:
    """Names this process in leases, so that a dead holder on the same machine is recognised."""
    return f"{socket.gethostname()}:{os.getpid()}:{_process_start(os.getpid())}"


def is_holder_dead(holder: str) -> bool:
    """True only when the holder was a process of this machine that is certainly gone."""
    rest, _, start = holder.rpartition(":")
    host, _, pid_text = rest.rpartition(":")
    if host != socket.gethostname() or not pid_text.isdigit():
        return False
    pid = int(pid_text)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    # The number may have been given to another process since; '0' tells nothing about that.
    return "0" not in (start, now := _process_start(pid)) and now != start


def _process_start(pid: int) -> str:
    """Start time of a process in clock ticks since boot, '0' where /proc does not tell."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return "0"
    # A zombie has ended; only its parent has not noticed yet.
    return "ended" if fields[0] == "Z" else fields[19]


def _clean_parameters(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _is_many: bool
) -> tuple[str, Any]:
    """No database takes half a surrogate pair, PostgreSQL takes no NUL; people send both."""
    return statement, _clean(parameters)


def _clean(values: Any) -> Any:
    """values: one statement's, by name or in order, or a list of such."""
    if isinstance(values, dict):
        return {name: clean_text(value) for name, value in values.items()}
    if isinstance(values, list):
        return [_clean(row) for row in values]
    if isinstance(values, tuple):
        return tuple(clean_text(value) for value in values)
    return clean_text(values)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event speaks BEGIN itself, below
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    _turn_wal_on(cursor)
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA mmap_size={MAPPED_BYTES}")
    cursor.close()


def _prepare_postgres(connection: Any, _record: Any) -> None:
    """PostgreSQL reckons with disks that have heads, for which a page elsewhere costs four times
    the next one. So it read all of 100,000 entries for a word that a quarter of them has: 70 ms,
    and 230 the first time, against 20 by the index. A server that was told of its disk keeps that.
    """
    connection.execute(
        "SELECT set_config('random_page_cost', '1.1', false)"
        " WHERE current_setting('random_page_cost') = '4'"
    )
    connection.commit()


def _turn_wal_on(cursor: sqlite3.Cursor) -> None:
    """A new database is turned once; meanwhile SQLite calls it busy and does not wait by itself."""
    end = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
