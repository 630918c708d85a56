from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from stages.errors import PermanentError
from store.leases import (
    LEASE_S,
    Lease,
    beat,
    get_lease,
    list_leases,
    release,
    take,
    take_over,
    who_else,
)
from tests.store.makers import NOON, Stock

CARD = "card-0"
SOON = NOON + timedelta(seconds=30)
UNTIL = NOON + timedelta(seconds=LEASE_S)
LATER = NOON + timedelta(minutes=5)


def test_take_gives_a_card_nobody_has(stocked: Stock) -> None:
    lease = take(stocked.db, CARD, stocked.ada, NOON)

    assert lease == Lease(CARD, stocked.ada, "ada", NOON, UNTIL)
    assert get_lease(stocked.db, CARD, NOON) == lease


def test_take_never_steals_a_live_lease(stocked: Stock) -> None:
    mine = take(stocked.db, CARD, stocked.ada, NOON)

    assert take(stocked.db, CARD, stocked.ben, SOON) == mine
    assert who_else(stocked.db, CARD, stocked.ben, SOON) == mine
    assert who_else(stocked.db, CARD, stocked.ada, SOON) is None


def test_take_again_keeps_the_beginning(stocked: Stock) -> None:
    take(stocked.db, CARD, stocked.ada, NOON)

    again = take(stocked.db, CARD, stocked.ada, SOON)

    assert (again.taken_at, again.until) == (NOON, SOON + timedelta(seconds=LEASE_S))


def test_a_dead_browsers_card_is_free_within_five_minutes(stocked: Stock) -> None:
    take(stocked.db, CARD, stocked.ada, NOON)

    assert get_lease(stocked.db, CARD, UNTIL - timedelta(microseconds=1)) is not None
    assert get_lease(stocked.db, CARD, UNTIL) is None
    assert UNTIL <= LATER
    assert take(stocked.db, CARD, stocked.ben, UNTIL).user == "ben"


def test_beat_keeps_a_card_as_long_as_it_comes(stocked: Stock) -> None:
    take(stocked.db, CARD, stocked.ada, NOON)
    for seconds in range(30, 600, 30):
        lease = beat(stocked.db, CARD, stocked.ada, NOON + timedelta(seconds=seconds))
        assert lease is not None

    assert who_else(stocked.db, CARD, stocked.ben, NOON + timedelta(seconds=660)) is not None


def test_beat_of_the_one_who_lost_the_card_says_who_has_it(stocked: Stock) -> None:
    take(stocked.db, CARD, stocked.ada, NOON)
    taken = take_over(stocked.db, CARD, stocked.ben, SOON)

    assert (taken.user, taken.taken_at) == ("ben", SOON)
    assert beat(stocked.db, CARD, stocked.ada, SOON + timedelta(seconds=5)) == taken


def test_beat_takes_nothing(stocked: Stock) -> None:
    take(stocked.db, CARD, stocked.ada, NOON)

    assert beat(stocked.db, CARD, stocked.ada, LATER) is None
    assert get_lease(stocked.db, CARD, LATER) is None


def test_release_frees_only_ones_own(stocked: Stock) -> None:
    take(stocked.db, CARD, stocked.ada, NOON)

    assert not release(stocked.db, CARD, stocked.ben)
    assert release(stocked.db, CARD, stocked.ada)
    assert get_lease(stocked.db, CARD, NOON) is None


def test_leases_of_many_cards_leave_out_what_is_free(stocked: Stock) -> None:
    take(stocked.db, "card-0", stocked.ada, NOON)
    take(stocked.db, "card-1", stocked.ada, SOON)
    take(stocked.db, "card-2", stocked.ben, SOON)

    at = UNTIL
    assert {
        key: one.user for key, one in list_leases(stocked.db, stocked.card_ids, at).items()
    } == {
        "card-1": "ada",
        "card-2": "ben",
    }
    assert list_leases(stocked.db, [], NOON) == {}


def test_a_card_that_does_not_exist_cannot_be_taken(stocked: Stock) -> None:
    with pytest.raises(PermanentError):
        take(stocked.db, "nothing", stocked.ada, NOON)


def test_of_two_at_the_same_moment_one_has_the_card(stocked: Stock) -> None:
    people = [stocked.ada, stocked.ben] * 8
    with ThreadPoolExecutor(8) as threads:
        leases = list(threads.map(lambda one: take(stocked.db, CARD, one, NOON), people))

    assert len(set(leases)) == 1
