"""Every test that takes `db` runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from store.engine import Database, open_database
from store.migrate import migrate
from store.tables import metadata
from tests.store.makers import Stock, stock
from tests.store.postgres_server import NoServerError, Server, start_server

BACKENDS = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for the session; skips the test, saying why, where none can be started."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # pytest's own folders are too long for sockets
    try:
        server = start_server(folder)
    except NoServerError as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"no PostgreSQL: {error}")
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: Server) -> Iterator[Database]:
    postgres_server.run("CREATE DATABASE migrated")
    yield from _migrated(postgres_server.url("migrated"))


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    yield from _migrated(f"sqlite:///{tmp_path_factory.mktemp('migrated') / 'spoonful.db'}")


@pytest.fixture(params=BACKENDS)
def db(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database without a row; emptying one costs a tenth of making another."""
    db: Database = request.getfixturevalue(f"migrated_{request.param}")
    yield db
    with db.write() as session:
        if request.param == "postgres":  # fail, not hang, when a test left something open
            session.execute(text("SET LOCAL lock_timeout = '20s'"))
        for table in reversed(metadata.sorted_tables):
            session.execute(table.delete())


@pytest.fixture(params=BACKENDS)
def empty_db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database that was never migrated."""
    if request.param == "sqlite":
        yield from _opened(f"sqlite:///{tmp_path / 'spoonful.db'}")
    else:
        server: Server = request.getfixturevalue("postgres_server")
        server.run("CREATE DATABASE fresh")
        yield from _opened(server.url("fresh"))
        server.run("DROP DATABASE fresh WITH (FORCE)")


@pytest.fixture
def stocked(db: Database) -> Stock:
    """A database with one guide of four cards in three tones, two groups and two editors."""
    return stock(db)


@pytest.fixture
def url_of() -> Callable[[Database], str]:
    """Function that gives the URL a child process opens the same database with."""
    return lambda db: db.engine.url.render_as_string(hide_password=False)


def _opened(url: str) -> Iterator[Database]:
    db = open_database(url)
    yield db
    db.dispose()


def _migrated(url: str) -> Iterator[Database]:
    for db in _opened(url):
        migrate(db)
        yield db
