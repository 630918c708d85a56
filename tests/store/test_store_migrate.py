from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from stages.errors import ConfigError
from stages.types import Risk
from store.alerts import Alert
from store.cards import list_cards
from store.decision_records import list_decisions
from store.decisions import undo
from store.desk_tables import QueueSumRow
from store.drafts import add_drafts
from store.engine import Database, open_database, utc_now
from store.guides import remove_guide
from store.migrate import check_version, get_version, make_config, migrate
from store.post_decisions import clear_alert
from store.posts import list_posts
from store.queue_sums import read_sums
from store.search import WORDS, WORDS_COLUMN
from store.tables import metadata
from tests.deciding import approve
from tests.store.makers import TONES, make_draft, stock
from tests.store.processes import Child, race_children

HEAD = "0008"


def run_alembic(db: Database, step: Callable[..., None], *arguments: str) -> None:
    config = make_config()
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        step(config, *arguments)
        connection.commit()


def list_tables(db: Database) -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_chain_goes_up_and_down_and_up_again(empty_db: Database) -> None:
    assert migrate(empty_db) == HEAD
    run_alembic(empty_db, command.check)
    found = list_tables(empty_db)
    words = {name for name in found if name.startswith(WORDS)}  # SQLite keeps several
    assert (WORDS in words) == (empty_db.engine.dialect.name == "sqlite")
    assert found - words == set(metadata.tables)
    run_alembic(empty_db, command.downgrade, "base")
    assert list_tables(empty_db) == set()
    assert get_version(empty_db) == ""
    assert migrate(empty_db) == HEAD
    run_alembic(empty_db, command.check)


def test_foreign_keys_indexes_and_checks_of_the_database_are_those_of_the_tables(
    db: Database,
) -> None:
    # Alembic's check looks at neither the names of foreign keys nor CHECK constraints.
    found = inspect(db.engine)
    for table in metadata.tables.values():
        named = {
            "foreign keys": {key["name"] for key in found.get_foreign_keys(table.name)},
            "indexes": {
                index["name"]
                for index in found.get_indexes(table.name)
                if not index.get("duplicates_constraint")
                and index["name"] != f"ix_queue_entries_{WORDS_COLUMN}"
            },
            "checks": {check["name"] for check in found.get_check_constraints(table.name)},
        }
        kinds = [type(constraint).__name__ for constraint in table.constraints]
        wanted = dict(zip(named, (set[str](), set[str](), set[str]()), strict=True))
        wanted["indexes"] = {str(index.name) for index in table.indexes}
        for constraint, kind in zip(table.constraints, kinds, strict=True):
            if kind == "ForeignKeyConstraint":
                wanted["foreign keys"].add(str(constraint.name))
            elif kind == "CheckConstraint":
                wanted["checks"].add(str(constraint.name))
        expected = {"foreign keys", "indexes", "checks"}
        assert set(named) == expected
        # Names given by the naming convention are made when DDL is compiled; compare the counts.
        assert {kind: len(names) for kind, names in named.items()} == {
            kind: len(names) for kind, names in wanted.items()
        }, table.name


def test_rows_survive_the_way_down_and_up_again(empty_db: Database) -> None:
    migrate(empty_db)
    stocked = stock(empty_db)
    draft = stocked.draft()
    approval = approve(empty_db, draft.id, stocked.by_ada(draft), ["g1", "g2"], 3600)
    draft = stocked.draft("card-1")
    undo(empty_db, approve(empty_db, draft.id, stocked.by_ada(draft), ["g1"], 0), stocked.ada)
    remove_guide(empty_db, "house/sleep")
    kept, _ = [view.post.id for view in list_posts(empty_db, card_id="card-0")]
    clear_alert(empty_db, kept, stocked.ben, "still right")
    decisions, cards = list_decisions(empty_db), list_cards(empty_db, "house/sleep")
    posts = [view.post for view in list_posts(empty_db)]

    run_alembic(empty_db, command.downgrade, "0001")
    with empty_db.read() as session:
        found = session.execute(text("SELECT id, action, note FROM decisions ORDER BY id")).all()
        count = session.execute(text("SELECT count(*) FROM posts")).scalar_one()
    assert [tuple(row) for row in found] == [
        (approval, "approve", ""),
        (approval + 1, "approve", ""),
        (approval + 2, "undo", ""),
        (approval + 3, "settle", "still right"),
    ]
    assert count == 3

    assert migrate(empty_db) == HEAD
    run_alembic(empty_db, command.check)
    assert list_decisions(empty_db) == decisions
    assert list_cards(empty_db, "house/sleep") == cards
    assert sorted(view.post.id for view in list_posts(empty_db)) == sorted(p.id for p in posts)
    assert {view.alert for view in list_posts(empty_db)} == {Alert.NONE}
    with pytest.raises(IntegrityError), empty_db.write() as session:
        session.execute(text("UPDATE decisions SET action = 'forget'"))
    with pytest.raises(IntegrityError), empty_db.write() as session:
        session.execute(text("UPDATE posts SET decision_id = 999999"))


def test_risks_of_the_queue_are_worked_out_for_the_cards_that_are_there(empty_db: Database) -> None:
    migrate(empty_db)
    stocked = stock(empty_db)
    for nth, risk in enumerate(Risk):
        draft = replace(make_draft("card-0", TONES[nth], nth=1), risk=risk)
        add_drafts(empty_db, [draft], stocked.run_id)
    blocked = replace(make_draft("card-1", nth=1), risk=Risk.BLOCKED)
    add_drafts(empty_db, [blocked], stocked.run_id)
    for tone in ("mom", "engagement"):
        draft = stocked.draft("card-1", tone)
        approve(empty_db, draft.id, stocked.by_ada(draft), [], 0)
    for tone in TONES:
        draft = stocked.draft("card-2", tone)
        approve(empty_db, draft.id, stocked.by_ada(draft), [], 0)
    risks = list_risks(empty_db)
    assert [risks[card_id] for card_id in ("card-0", "card-1", "card-2")] == [7, 4, 1]
    run_alembic(empty_db, command.downgrade, "0006")
    run_alembic(empty_db, command.upgrade, HEAD)
    assert list_risks(empty_db) == risks


def list_risks(db: Database) -> dict[str, int]:
    with db.read() as session:
        rows = session.execute(text("SELECT card_id, risks FROM queue_entries")).all()
    return {row.card_id: row.risks for row in rows}


def test_sums_of_the_queue_are_counted_for_the_cards_that_are_there(empty_db: Database) -> None:
    migrate(empty_db)
    stocked = stock(empty_db)
    draft = stocked.draft()
    approve(empty_db, draft.id, stocked.by_ada(draft), [], 0)
    sums = list_sums(empty_db)
    assert sum(cards for facet, _, cards, *_ in sums if not facet) == 4
    assert len({facet for facet, *_ in sums}) > len(TONES)
    run_alembic(empty_db, command.downgrade, "0007")
    run_alembic(empty_db, command.upgrade, HEAD)
    assert list_sums(empty_db) == sums


def list_sums(db: Database) -> list[tuple[str | int, ...]]:
    with db.read() as session:
        facets = session.exec(select(QueueSumRow.facet).distinct()).all()
        rows = read_sums(session, facets, utc_now())
    return sorted(tuple(row) for row in rows if row.cards or row.drafts)


def test_step_that_breaks_a_reference_is_taken_back_whole(tmp_path: Path) -> None:
    db = open_database(f"sqlite:///{tmp_path / 'spoonful.db'}")
    run_alembic(db, command.upgrade, "0001")
    raw = sqlite3.connect(tmp_path / "spoonful.db")  # without foreign keys
    raw.execute("INSERT INTO findings VALUES (1, 99, 'c', 'info', 'm', NULL, NULL, NULL, NULL)")
    raw.commit()
    with pytest.raises(IntegrityError, match="findings"):
        migrate(db)
    assert get_version(db) == "0001"
    assert "sketches" not in list_tables(db)
    raw.execute("DELETE FROM findings")
    raw.commit()
    raw.close()
    assert migrate(db) == HEAD


def test_migrate_leaves_a_database_of_this_version_as_it_is(db: Database) -> None:
    assert check_version(db)
    assert migrate(db) == HEAD


def test_check_version_says_that_an_empty_database_has_work_to_do(empty_db: Database) -> None:
    assert not check_version(empty_db)
    assert list_tables(empty_db) == set()


@pytest.mark.parametrize("act", [migrate, check_version])
def test_database_of_a_later_spoonful_is_refused(
    empty_db: Database, act: Callable[[Database], object]
) -> None:
    db = empty_db
    migrate(db)
    with db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(ConfigError) as caught:
        act(db)
    assert str(caught.value) == (
        "The database is at version 0999, which this Spoonful does not know: it was migrated by "
        "a later one. Update Spoonful, or restore the backup made before."
    )
    assert get_version(db) == "0999"


def test_processes_that_migrate_at_once_both_end_well(
    empty_db: Database, url_of: Callable[[Database], str]
) -> None:
    url = url_of(empty_db)
    children = [Child("migrate", url) for _ in range(2)]
    assert race_children(children) == [HEAD] * 2


def test_database_that_cannot_be_opened_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(ConfigError, match=r"folder.db cannot be opened .*SPOONFUL_DATABASE_URL"):
        migrate(open_database(f"sqlite:///{tmp_path / 'folder.db'}"))


def test_file_that_is_no_database_names_the_setting_and_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir or Madam, " * 300)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"letter.db cannot be opened .*SPOONFUL_DATABASE_URL"):
        migrate(open_database(f"sqlite:///{path}"))
    assert path.read_bytes() == before


def test_server_that_does_not_answer_names_the_setting_and_hides_the_password() -> None:
    db = open_database("postgresql://anna:hunter2@127.0.0.1:1/spoonful?connect_timeout=2")
    with pytest.raises(ConfigError, match="SPOONFUL_DATABASE_URL") as caught:
        migrate(db)
    assert "hunter2" not in str(caught.value)
