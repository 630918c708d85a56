"""Roles, invites, identities, API tokens and sessions; what is done to accounts is written down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import ModuleType

import pytest
from sqlalchemy import text

from stages.errors import PermanentError
from store import api_tokens, invites, sessions
from store.account_changes import AccountAction, list_account_changes
from store.api_tokens import get_token_user, list_api_tokens, make_api_token, revoke_api_token
from store.engine import Database, utc_now
from store.identities import (
    add_identity_user,
    get_identity_user,
    link_identity,
    unlink_identity,
)
from store.invites import (
    InviteState,
    NoInviteError,
    accept_with_identity,
    accept_with_password,
    get_open_invite,
    list_invites,
    make_invite,
    revoke_invite,
)
from store.sessions import (
    end_session_of,
    end_sessions,
    get_session_user,
    list_sessions,
    start_session,
)
from store.users import (
    LastAdminError,
    Role,
    User,
    add_user,
    change_password,
    clean_name,
    disable_user,
    enable_user,
    get_password_hash,
    get_user,
    list_people,
    list_users,
    set_password,
    set_prefs,
    set_role,
)

ISSUER = "https://login.example.org"


@pytest.fixture
def ada(db: Database) -> User:
    return add_user(db, "ada", "hash of ada", Role.ADMIN)


@pytest.fixture
def ben(db: Database, ada: User) -> User:
    return add_user(db, "ben", "hash of ben", by_id=ada.id)


def let_days_pass(monkeypatch: pytest.MonkeyPatch, module: ModuleType, days: float) -> None:
    later = utc_now() + timedelta(days=days)
    monkeypatch.setattr(module, "utc_now", lambda: later)


def actions(db: Database) -> list[tuple[AccountAction, str, str]]:
    return [(change.action, change.name, change.by) for change in list_account_changes(db)]


# --- roles -------------------------------------------------------------------------------------


def test_role_is_changed_and_written_down(db: Database, ada: User, ben: User) -> None:
    assert set_role(db, ben.id, Role.LEAD, ada.id)
    assert set_role(db, ben.id, Role.LEAD, ada.id)  # nothing changes, nothing is written
    assert not set_role(db, 999, Role.LEAD, ada.id)
    assert [user.role for user in list_users(db)] == [Role.ADMIN, Role.LEAD]
    change = list_account_changes(db)[0]
    assert (change.action, change.name, change.by) == (AccountAction.ROLE, "ben", "ada")
    assert change.detail == {"before": "editor", "role": "lead"}
    assert len(list_account_changes(db)) == 3


def test_last_admin_stays_one(db: Database, ada: User, ben: User) -> None:
    with pytest.raises(LastAdminError):
        set_role(db, ada.id, Role.EDITOR, ada.id)
    with pytest.raises(LastAdminError):
        disable_user(db, "ada", ada.id)
    assert get_user(db, ada.id) == ada
    set_role(db, ben.id, Role.ADMIN, ada.id)
    disable_user(db, "ben", ada.id)  # somebody who cannot sign in looks after nobody
    with pytest.raises(LastAdminError):
        set_role(db, ada.id, Role.OPS, ada.id)


def test_two_admins_cannot_end_each_other_at_once(db: Database, ada: User, ben: User) -> None:
    set_role(db, ben.id, Role.ADMIN, ada.id)

    def demote(pair: tuple[User, User]) -> bool:
        try:
            return set_role(db, pair[0].id, Role.EDITOR, pair[1].id)
        except LastAdminError:
            return False

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(demote, ((ada, ben), (ben, ada))))
    assert sorted(done) == [False, True]
    assert [user.role for user in list_users(db)].count(Role.ADMIN) == 1


def test_newcomers_of_one_moment_are_one_user_each(db: Database, ada: User) -> None:
    def come(subject: str) -> User:
        return add_identity_user(db, "ada", ISSUER, subject, Role.EDITOR)

    with ThreadPoolExecutor(6) as pool:
        came = list(pool.map(come, ("1", "1", "1", "2", "2", "2")))
    assert [user.id for user in came[1:3]] == [came[0].id] * 2
    assert [user.id for user in came[4:]] == [came[3].id] * 2
    assert {user.name for user in came} == {"ada 2", "ada 3"}


def test_disabled_person_is_enabled_again(db: Database, ada: User, ben: User) -> None:
    token = start_session(db, ben.id, 12)
    key = make_api_token(db, ben.id, "export", 30)
    disable_user(db, "ben", ada.id)
    assert (get_session_user(db, token), get_token_user(db, key)) == (None, None)
    assert enable_user(db, ben.id, ada.id)
    assert not enable_user(db, ben.id, ada.id)
    assert get_session_user(db, token) is None
    assert get_password_hash(db, "ben") == (ben, "hash of ben")
    assert actions(db)[:2] == [
        (AccountAction.ENABLED, "ben", "ada"),
        (AccountAction.DISABLED, "ben", "ada"),
    ]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (" Mara ", "Mara"), ("李娜", "李娜"), ("Ａda", "Ada"), ("", ""), ("a" * 101, ""),
        ("a\u202eb", ""), ("a\u200bb", ""), ("a\nb", ""), ("\u00a0", ""),
        ("Ana Maria", "Ana Maria"),
    ],
)  # fmt: skip
def test_names_hold_nothing_invisible(name: str, kept: str) -> None:
    assert clean_name(name) == kept


def test_preferences_are_kept_and_forgotten(db: Database, ada: User) -> None:
    set_prefs(db, ada.id, lang="zh_Hans", keys={"approve": "x"})
    set_prefs(db, ada.id, theme="dark", lang="")
    found = get_user(db, ada.id)
    assert found is not None
    assert found.prefs == {"theme": "dark", "keys": {"approve": "x"}}
    set_prefs(db, 999, lang="en")


def test_people_are_listed_with_what_they_have(db: Database, ada: User, ben: User) -> None:
    start_session(db, ada.id, 12)
    start_session(db, ada.id, 12)
    make_api_token(db, ada.id, "one", 30)
    cat = add_identity_user(db, "cat", ISSUER, "cat-1", Role.OPS)
    disable_user(db, "ben", ada.id)
    rows = [
        (
            person.user.name,
            person.has_password,
            person.has_identity,
            person.sessions,
            person.api_tokens,
            person.seen_at is not None,
        )
        for person in list_people(db)
    ]
    assert rows == [
        ("ada", True, False, 2, 1, True),
        ("cat", False, True, 0, 0, False),
        ("ben", True, False, 0, 0, False),
    ]
    assert cat.role is Role.OPS


def test_password_of_ones_own_ends_all_sessions(db: Database, ada: User) -> None:
    token = start_session(db, ada.id, 12)
    assert not change_password(db, ada.id, "hash that is old", "new")
    assert get_session_user(db, token) == ada
    assert change_password(db, ada.id, "hash of ada", "new")
    assert get_session_user(db, token) is None
    assert get_password_hash(db, "ada") == (ada, "new")


def test_password_set_for_somebody_ends_their_keys(db: Database, ada: User) -> None:
    key = make_api_token(db, ada.id, "export", 30)
    set_password(db, "ada", "new")
    assert get_token_user(db, key) is None


# --- invites -----------------------------------------------------------------------------------


def test_invite_lets_one_person_in_once(db: Database, ada: User) -> None:
    token = make_invite(db, Role.LEAD, "for Ben", ada.id)
    found = get_open_invite(db, token)
    assert found is not None
    assert (found.role, found.by) == (Role.LEAD, "ada")
    user = accept_with_password(db, token, "ben", "hash")
    assert (user.name, user.role) == ("ben", Role.LEAD)
    assert get_open_invite(db, token) is None
    with pytest.raises(NoInviteError):
        accept_with_password(db, token, "eve", "hash")
    (invite,) = list_invites(db)
    assert (invite.state, invite.used_by, invite.note) == (InviteState.USED, "ben", "for Ben")
    assert actions(db)[0] == (AccountAction.ADDED, "ben", "ada")


def test_invite_survives_a_name_that_is_taken(db: Database, ada: User) -> None:
    token = make_invite(db, Role.EDITOR, "", ada.id)
    for name in ("ada", "ADA"):
        with pytest.raises(PermanentError, match="cannot be used"):
            accept_with_password(db, token, name, "hash")
    assert get_open_invite(db, token) is not None
    assert len(list_users(db)) == 1


def test_many_at_once_make_one_account(db: Database, ada: User) -> None:
    token = make_invite(db, Role.EDITOR, "", ada.id)

    def accept(number: int) -> bool:
        try:
            accept_with_password(db, token, f"guest {number}", "hash")
        except NoInviteError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(accept, range(6))) == [False] * 5 + [True]
    assert len(list_users(db)) == 2


def test_invite_ends_by_time_and_by_hand(
    db: Database, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, revoked = (make_invite(db, Role.EDITOR, note, None) for note in ("late", "revoked"))
    handles = {invite.note: invite.handle for invite in list_invites(db)}
    assert revoke_invite(db, handles["revoked"], ada.id)
    assert not revoke_invite(db, handles["revoked"], ada.id)
    assert not revoke_invite(db, "nope", ada.id)
    let_days_pass(monkeypatch, invites, 7.01)
    for token in (late, revoked, "nope", ""):
        assert get_open_invite(db, token) is None
        with pytest.raises(NoInviteError):
            accept_with_identity(db, token, "eve", ISSUER, "eve")
    assert {invite.note: invite.state for invite in list_invites(db)} == {
        "late": InviteState.EXPIRED,
        "revoked": InviteState.REVOKED,
    }
    assert not revoke_invite(db, handles["late"], ada.id)


# --- identities --------------------------------------------------------------------------------


def test_identity_is_one_persons(db: Database, ada: User, ben: User) -> None:
    assert link_identity(db, ada.id, ISSUER, "1")
    assert not link_identity(db, ben.id, ISSUER, "1")
    assert get_identity_user(db, ISSUER, "1") == ada
    assert get_identity_user(db, "https://other.example.org", "1") is None
    assert unlink_identity(db, ada.id, ISSUER)
    assert not unlink_identity(db, ada.id, ISSUER)
    assert get_identity_user(db, ISSUER, "1") is None


def test_only_way_to_sign_in_stays(db: Database, ada: User) -> None:
    cat = add_identity_user(db, "ada", ISSUER, "2", Role.EDITOR)
    assert cat.name == "ada 2"
    with pytest.raises(PermanentError, match="no way left"):
        unlink_identity(db, cat.id, ISSUER)
    assert get_password_hash(db, "ada 2") is None


# --- sessions and API tokens -------------------------------------------------------------------


def test_sessions_are_listed_and_ended_one_by_one(db: Database, ada: User, ben: User) -> None:
    mine = start_session(db, ada.id, 12, "Firefox", "192.0.2.1")
    other = start_session(db, ada.id, 12, "x" * 5000, "192.0.2.2")
    theirs = start_session(db, ben.id, 12)
    listed = list_sessions(db, ada.id, mine)
    assert [(one.is_this, one.address, len(one.agent)) for one in listed] == [
        (True, "192.0.2.1", 7),
        (False, "192.0.2.2", 300),
    ]
    assert not end_session_of(db, ben.id, listed[1].handle)
    assert end_session_of(db, ada.id, listed[1].handle)
    assert [get_session_user(db, token) for token in (mine, other, theirs)] == [ada, None, ben]


def test_all_other_sessions_end(db: Database, ada: User, ben: User) -> None:
    mine, other, theirs = (start_session(db, who.id, 12) for who in (ada, ada, ben))
    assert end_sessions(db, ada.id, ada.id, mine) == 1
    assert [get_session_user(db, token) for token in (mine, other, theirs)] == [ada, None, ben]
    assert end_sessions(db, ben.id, ada.id) == 1
    assert end_sessions(db, ben.id, ada.id) == 0
    assert actions(db)[0] == (AccountAction.SESSIONS_ENDED, "ben", "ada")


def test_being_there_is_written_down_every_few_minutes_only(
    db: Database, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = start_session(db, ada.id, 12)
    began = list_people(db)[0].seen_at
    let_days_pass(monkeypatch, sessions, 4 / 1440)
    get_session_user(db, token)
    assert list_people(db)[0].seen_at == began
    let_days_pass(monkeypatch, sessions, 6 / 1440)
    get_session_user(db, token)
    assert list_people(db)[0].seen_at != began


def test_api_token_works_until_it_ends_or_is_revoked(
    db: Database, ada: User, ben: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (make_api_token(db, ada.id, name, 30) for name in ("export", "import"))
    assert get_token_user(db, first) == ada
    assert get_token_user(db, first + "x") is None
    listed = {token.name: token for token in list_api_tokens(db, ada.id)}
    assert listed["export"].used_at is not None
    assert not revoke_api_token(db, ben.id, listed["export"].id)
    assert revoke_api_token(db, ada.id, listed["export"].id)
    assert (get_token_user(db, first), get_token_user(db, second)) == (None, ada)
    let_days_pass(monkeypatch, api_tokens, 30.01)
    assert get_token_user(db, second) is None
    assert list_api_tokens(db, ada.id) == ()


def test_database_holds_no_secret_that_lets_anybody_in(db: Database, ada: User) -> None:
    secrets = [
        make_invite(db, Role.EDITOR, "note", ada.id),
        make_api_token(db, ada.id, "export", 30),
        start_session(db, ada.id, 12),
    ]
    with db.read() as session:
        kept = [
            str(value)
            for table in ("invites", "api_tokens", "sessions", "account_changes")
            for row in session.execute(text(f"SELECT * FROM {table}"))  # noqa: S608
            for value in row
        ]
    assert [secret for secret in secrets if any(secret in value for value in kept)] == []
    assert get_token_user(db, kept[1]) is None
