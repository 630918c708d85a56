from __future__ import annotations

from datetime import timedelta

import pytest

from stages.errors import PermanentError
from store.comments import (
    MAX_COMMENT_CHARS,
    MAX_PER_MINUTE,
    CommentPart,
    TooManyError,
    add_comment,
    find_names,
    list_comments,
    list_names,
    mark_seen,
    remove_comment,
    split_names,
)
from store.desk_tables import CommentRow
from store.queue import Filter, View, get_queue
from store.users import disable_user
from tests.store.makers import NOON, Stock

CARD = "card-0"
NAMES = ("ada", "ben", "Ada Lin", "林医生", "林")


def count_mine(stocked: Stock, user_id: int) -> int:
    """Cards in somebody's own view: here there is no other reason than a call."""
    counts = get_queue(stocked.db, Filter(), user_id=user_id, now=NOON).counts
    return counts[View.MINE]


def called(text: str) -> list[str]:
    return [name for _, _, name in find_names(text, NAMES)]


def test_comments_of_a_card_are_told_in_order(stocked: Stock) -> None:
    add_comment(stocked.db, CARD, stocked.ada, "First", NOON)
    add_comment(stocked.db, "card-1", stocked.ada, "Elsewhere", NOON)
    add_comment(stocked.db, CARD, stocked.ben, "Second", NOON + timedelta(minutes=2))

    comments = list_comments(stocked.db, CARD)

    assert [(one.user, one.text) for one in comments] == [("ada", "First"), ("ben", "Second")]


def test_a_name_in_a_comment_calls_that_person_until_they_look(stocked: Stock) -> None:
    add_comment(stocked.db, CARD, stocked.ada, "Is that so, @Ben?", NOON)
    add_comment(stocked.db, CARD, stocked.ada, "@ben and again", NOON)

    assert count_mine(stocked, stocked.ben) == 1  # cards
    assert count_mine(stocked, stocked.ada) == 0
    assert list_comments(stocked.db, CARD)[0].unseen_by == {stocked.ben}
    assert mark_seen(stocked.db, "card-1", stocked.ben, NOON) == 0
    assert mark_seen(stocked.db, CARD, stocked.ben, NOON) == 2
    assert count_mine(stocked, stocked.ben) == 0
    assert list_comments(stocked.db, CARD)[0].unseen_by == frozenset()


def test_naming_oneself_calls_nobody(stocked: Stock) -> None:
    add_comment(stocked.db, CARD, stocked.ada, "note to @ada", NOON)

    assert count_mine(stocked, stocked.ada) == 0


def test_a_comment_taken_back_calls_nobody_and_stays_on_record(stocked: Stock) -> None:
    comment = add_comment(stocked.db, CARD, stocked.ada, "@ben look", NOON)

    assert not remove_comment(stocked.db, CARD, comment, stocked.ben, NOON)
    assert not remove_comment(stocked.db, "card-1", comment, stocked.ada, NOON)
    assert remove_comment(stocked.db, CARD, comment, stocked.ada, NOON)
    assert not remove_comment(stocked.db, CARD, comment, stocked.ada, NOON)

    assert list_comments(stocked.db, CARD) == ()
    assert count_mine(stocked, stocked.ben) == 0
    with stocked.db.read() as session:
        row = session.get(CommentRow, comment)
        assert row is not None
        assert (row.text, row.removed_at) == ("@ben look", NOON)


def test_people_who_left_are_not_called(stocked: Stock) -> None:
    disable_user(stocked.db, "ben")

    add_comment(stocked.db, CARD, stocked.ada, "@ben", NOON)

    assert count_mine(stocked, stocked.ben) == 0
    assert list_names(stocked.db) == ("ada",)


def test_a_flood_of_comments_is_stopped(stocked: Stock) -> None:
    for _ in range(MAX_PER_MINUTE):
        add_comment(stocked.db, CARD, stocked.ada, "again", NOON)

    with pytest.raises(TooManyError):
        add_comment(stocked.db, CARD, stocked.ada, "again", NOON)
    add_comment(stocked.db, CARD, stocked.ben, "me, once", NOON)
    add_comment(stocked.db, CARD, stocked.ada, "a minute later", NOON + timedelta(minutes=1))


def test_a_comment_on_nothing_is_refused(stocked: Stock) -> None:
    with pytest.raises(PermanentError):
        add_comment(stocked.db, "nothing", stocked.ada, "Hello", NOON)


def test_a_comment_has_an_end(stocked: Stock) -> None:
    add_comment(stocked.db, CARD, stocked.ada, "x" * (MAX_COMMENT_CHARS + 5), NOON)

    assert len(list_comments(stocked.db, CARD)[0].text) == MAX_COMMENT_CHARS


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ada", ["ada"]),
        ("@Ada Lin, please", ["Ada Lin"]),
        ("@ada lindgren", ["ada"]),
        ("@adamant", []),
        ("mail ada@ben.example", []),
        ("(@ben) @BEN", ["ben", "ben"]),
        ("请@林医生看一下", ["林医生"]),
        ("@林护士", ["林"]),
        ("@@ada", ["ada"]),
        ("@ ada", []),
        ("@", []),
    ],
)
def test_names_are_found_as_people_write_them(text: str, names: list[str]) -> None:
    assert called(text) == names


def test_parts_of_a_comment_are_its_text() -> None:
    assert split_names("Hi @ada, @ben!", ["ada"]) == (
        CommentPart("Hi ", False),
        CommentPart("@ada", True),
        CommentPart(", @ben!", False),
    )
    assert split_names("", ["ada"]) == ()
