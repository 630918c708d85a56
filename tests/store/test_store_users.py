from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from stages.errors import PermanentError
from store import sessions
from store.engine import Database, utc_now
from store.sessions import (
    add_failed_sign_in,
    count_failed_sign_ins,
    end_session,
    get_session_user,
    start_session,
)
from store.users import add_user, disable_user, get_password_hash, list_users, set_password


def let_hours_pass(monkeypatch: pytest.MonkeyPatch, hours: float) -> None:
    later = utc_now() + timedelta(hours=hours)
    monkeypatch.setattr(sessions, "utc_now", lambda: later)


def test_user_is_found_with_the_hash_to_verify(db: Database) -> None:
    ada = add_user(db, "ada", "hash of ada")
    assert get_password_hash(db, "ada") == (ada, "hash of ada")
    assert get_password_hash(db, "eve") is None
    assert list_users(db) == (ada,)


def test_name_that_is_taken_is_refused_and_the_first_user_stays(db: Database) -> None:
    add_user(db, "ada", "first")
    with pytest.raises(PermanentError, match="a user named ada already"):
        add_user(db, "ada", "second")
    found = get_password_hash(db, "ada")
    assert found is not None
    assert found[1] == "first"


def test_new_password_ends_the_sessions_and_enables_the_user(db: Database) -> None:
    ada = add_user(db, "ada", "old")
    token = start_session(db, ada.id, 12)
    disable_user(db, "ada")
    assert set_password(db, "ada", "new")
    assert get_session_user(db, token) is None
    assert get_password_hash(db, "ada") == (ada, "new")
    assert not set_password(db, "eve", "new")


def test_disabled_user_can_neither_sign_in_nor_go_on(db: Database) -> None:
    ada, ben = add_user(db, "ada", "a"), add_user(db, "ben", "b")
    tokens = [start_session(db, user.id, 12) for user in (ada, ben)]
    assert disable_user(db, "ada")
    assert get_password_hash(db, "ada") is None
    assert [get_session_user(db, token) for token in tokens] == [None, ben]
    assert get_session_user(db, start_session(db, ada.id, 12)) is None
    assert not disable_user(db, "ada")
    assert not disable_user(db, "eve")


def test_session_belongs_to_its_user_until_it_ends(db: Database) -> None:
    ada = add_user(db, "ada", "a")
    first, second = start_session(db, ada.id, 12), start_session(db, ada.id, 12)
    assert get_session_user(db, first) == get_session_user(db, second) == ada
    end_session(db, first)
    assert (get_session_user(db, first), get_session_user(db, second)) == (None, ada)
    assert get_session_user(db, "") is None


def test_session_ends_after_its_hours(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = add_user(db, "ada", "a")
    token = start_session(db, ada.id, 2)
    let_hours_pass(monkeypatch, 1.9)
    assert get_session_user(db, token) == ada
    let_hours_pass(monkeypatch, 2.1)
    assert get_session_user(db, token) is None
    start_session(db, ada.id, 2)  # sweeps what has ended
    with db.read() as session:
        assert session.execute(text("SELECT count(*) FROM sessions")).scalar_one() == 1


def test_database_holds_no_token_that_signs_in(db: Database) -> None:
    token = start_session(db, add_user(db, "ada", "a").id, 12)
    with db.read() as session:
        (row,) = session.execute(text("SELECT * FROM sessions"))
    assert token not in [str(value) for value in row]
    assert get_session_user(db, row[0]) is None


def test_failed_sign_ins_are_counted_by_subject_and_time(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        add_failed_sign_in(db, ("name:ada", "address:1.2.3.4"))
    add_failed_sign_in(db, ("name:ben", "address:1.2.3.4"))
    subjects = ("name:ada", "name:ben", "address:1.2.3.4", "name:a%")
    assert [count_failed_sign_ins(db, subject, 900) for subject in subjects] == [3, 1, 4, 0]
    let_hours_pass(monkeypatch, 1)
    assert count_failed_sign_ins(db, "name:ada", 900) == 0
    assert count_failed_sign_ins(db, "name:ada", 7200) == 3


def test_failed_sign_ins_are_forgotten_after_a_day(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_failed_sign_in(db, ("name:ada",))
    let_hours_pass(monkeypatch, 25)
    add_failed_sign_in(db, ("name:ben",))
    assert count_failed_sign_ins(db, "name:ada", 10**6) == 0


def test_name_no_database_can_hold_signs_nobody_in(db: Database) -> None:
    add_user(db, "ada", "a")
    for name in ("ada\0", "\ud800", "ada' OR '1'='1"):
        assert get_password_hash(db, name) is None
        add_failed_sign_in(db, (name,))
        assert count_failed_sign_ins(db, name, 900) == 1
