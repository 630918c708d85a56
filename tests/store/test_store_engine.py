from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from stages.errors import ConfigError
from store import engine
from store.engine import Database, is_holder_dead, open_database, process_holder
from store.pages import PageRecord, PageRole, list_pages, mark_seen, save_pages
from store.sources import set_sources
from tests.store.makers import NOON, SOURCE
from tests.store.postgres_server import Server


@pytest.fixture
def file_db(tmp_path: Path) -> Database:
    return open_database(f"sqlite:///{tmp_path / 'new.db'}")


def test_sqlite_is_in_wal_with_foreign_keys_and_a_busy_timeout(file_db: Database) -> None:
    names = ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
    for _ in range(2):  # also on a connection that comes from the pool
        with file_db.read() as session:
            values = [session.execute(text(f"PRAGMA {name}")).scalar_one() for name in names]
        assert values == ["wal", 1, engine.BUSY_TIMEOUT_MS, 1]


def test_sqlite_write_holds_the_lock_from_its_start_and_readers_go_on(file_db: Database) -> None:
    with file_db.write() as session:
        session.execute(text("CREATE TABLE t (n INTEGER)"))
    hasty = open_database(str(file_db.engine.url))
    with hasty.read() as session:
        session.execute(text("PRAGMA busy_timeout=10"))  # its only connection keeps that
    count = text("SELECT count(*) FROM t")
    with file_db.write() as session:
        assert session.execute(count).scalar_one() == 0
        with hasty.read() as other:
            assert other.execute(count).scalar_one() == 0
        with pytest.raises(OperationalError, match="database is locked"), hasty.write() as other:
            other.execute(count)


def test_postgres_goes_by_the_index_unless_the_server_was_told_of_its_disk(
    postgres_server: Server,
) -> None:
    def cost_on_a_new_connection() -> str:
        opened = open_database(postgres_server.url("told"))
        with opened.read() as session:
            cost = session.execute(text("SHOW random_page_cost")).scalar_one()
        opened.dispose()
        return str(cost)

    postgres_server.run("CREATE DATABASE told")
    assert cost_on_a_new_connection() == "1.1"
    postgres_server.run("ALTER DATABASE told SET random_page_cost = 2")
    assert cost_on_a_new_connection() == "2"


def test_write_that_raises_leaves_nothing(db: Database) -> None:
    def write_twice() -> None:
        insert = text("INSERT INTO channels (id, kind, config) VALUES ('a', 'b', '{}')")
        with db.write() as session:
            session.execute(insert)
            session.execute(insert)

    with pytest.raises(IntegrityError):
        write_twice()
    with db.read() as session:
        assert session.execute(text("SELECT count(*) FROM channels")).scalar_one() == 0


@pytest.mark.parametrize(
    "url",
    ["", "spoonful.db", "mysql+pymysql://a@b/c", "nosuch://x", "postgresql://host:port/name"],
)
def test_url_that_is_not_understood_names_the_setting(url: str) -> None:
    with pytest.raises(ConfigError, match="SPOONFUL_DATABASE_URL"):
        open_database(url)


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg", "postgresql+asyncpg"])
def test_postgresql_url_gets_our_driver_whatever_it_names(scheme: str) -> None:
    db = open_database(f"{scheme}://anna:pw@127.0.0.1/name")
    assert db.engine.url.drivername == "postgresql+psycopg"


def page_at(when: datetime) -> PageRecord:
    return PageRecord("k", "house", PageRole.GUIDE, "u", "u", 200, when, when)


def test_time_without_a_zone_is_refused(db: Database) -> None:
    set_sources(db, [SOURCE])
    naive = datetime(2026, 3, 1, 12)
    with pytest.raises(StatementError, match="a time without a zone"):
        save_pages(db, [page_at(naive)])
    assert list_pages(db, "house") == ()
    save_pages(db, [page_at(NOON)])
    with pytest.raises(StatementError, match="a time without a zone"):
        mark_seen(db, [("k", naive, "")])
    assert list_pages(db, "house") == (page_at(NOON),)


def test_time_of_another_zone_comes_back_as_the_same_moment_in_utc(db: Database) -> None:
    set_sources(db, [SOURCE])
    shanghai = timezone(timedelta(hours=8))
    save_pages(db, [page_at(NOON.astimezone(shanghai))])
    (page,) = list_pages(db, "house")
    assert (page.seen_at, page.seen_at.tzinfo) == (NOON, UTC)


# --- holders ---------------------------------------------------------------------------------


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def holder_of(pid: int, host: str | None = None) -> str:
    start = engine._process_start(pid)
    return f"{host or socket.gethostname()}:{pid}:{start}"


def test_holder_lives_while_its_process_does(sleeper: subprocess.Popen[bytes]) -> None:
    holder = holder_of(sleeper.pid)
    assert not is_holder_dead(holder)
    assert not is_holder_dead(process_holder())
    sleeper.kill()
    sleeper.wait()
    assert is_holder_dead(holder)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to see zombies in")
def test_holder_that_ended_but_was_not_waited_for_is_dead(
    sleeper: subprocess.Popen[bytes],
) -> None:
    holder = holder_of(sleeper.pid)
    sleeper.kill()
    end = time.monotonic() + 10
    while not is_holder_dead(holder) and time.monotonic() < end:
        time.sleep(0.01)
    assert is_holder_dead(holder)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc with start times")
def test_holder_whose_number_was_given_to_another_process_is_dead() -> None:
    assert is_holder_dead(f"{socket.gethostname()}:{os.getpid()}:1")


def test_holder_of_another_machine_is_never_called_dead(sleeper: subprocess.Popen[bytes]) -> None:
    holder = holder_of(sleeper.pid, host="elsewhere")
    sleeper.kill()
    sleeper.wait()
    assert not is_holder_dead(holder)


@pytest.mark.parametrize("host", ["fe80::1", "a:b:c", "", "haus-für-kinder", "宝宝.local"])
def test_holder_of_a_host_with_an_odd_name_is_recognised(
    host: str, monkeypatch: pytest.MonkeyPatch, sleeper: subprocess.Popen[bytes]
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    assert not is_holder_dead(process_holder())
    holder = holder_of(sleeper.pid)
    assert not is_holder_dead(holder)
    sleeper.kill()
    sleeper.wait()
    assert is_holder_dead(holder)


@pytest.mark.parametrize("holder", ["", "host", "host:12", f"{socket.gethostname()}:x:1", ":::"])
def test_holder_that_is_no_holder_is_not_called_dead(holder: str) -> None:
    assert not is_holder_dead(holder)


def test_holder_without_a_start_time_lives_while_its_number_does(
    sleeper: subprocess.Popen[bytes],
) -> None:
    holder = f"{socket.gethostname()}:{sleeper.pid}:0"  # written where there is no /proc
    assert not is_holder_dead(holder)
    sleeper.kill()
    sleeper.wait()
    assert is_holder_dead(holder)


def test_living_holder_whose_start_time_cannot_be_read_is_not_called_dead(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = holder_of(sleeper.pid)
    monkeypatch.setattr(engine, "_process_start", lambda pid: "0")
    assert not is_holder_dead(holder)
    assert not is_holder_dead(process_holder())
