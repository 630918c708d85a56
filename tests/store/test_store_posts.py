from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from stages.types import CardChange, ChangeKind, PostState, Receipt, Reuse
from store import posts
from store.cards import apply_changes
from store.decision_records import list_decisions
from store.decision_types import Action, NotAllowedError, StaleError
from store.decisions import undo
from store.engine import Database, utc_now
from store.groups import set_groups
from store.post_decisions import retry, settle, withdraw
from store.posts import (
    SEND_LEASE_S,
    claim_due_posts,
    count_posts,
    get_feed_time,
    list_posts,
    list_published,
    mark_failed,
    mark_published,
    mark_rescheduled,
    mark_verify,
)
from store.sources import set_sources
from tests.deciding import approve
from tests.store.makers import SOURCE, Stock, make_card, make_group
from tests.store.processes import answer_of_killed, race_threads


def schedule(stocked: Stock, delay_s: int = 0) -> None:
    """A post to g1 and g2 for each card."""
    for card_id in stocked.card_ids:
        draft = stocked.draft(card_id)
        approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1", "g2"], delay_s)


def send_one(stocked: Stock) -> int:
    """Id of a post that this process is just sending."""
    draft = stocked.draft()
    approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1"], 0)
    (post,) = claim_due_posts(stocked.db)
    return post.id


def let_pass(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    later = utc_now() + timedelta(seconds=seconds)
    monkeypatch.setattr(posts, "utc_now", lambda: later)


def state_and_error(db: Database, post_id: int) -> tuple[PostState, str]:
    view = next(view for view in list_posts(db) if view.post.id == post_id)
    return view.post.state, view.error


def test_post_is_claimed_when_it_is_due_and_not_before(
    stocked: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule(stocked, delay_s=120)
    assert claim_due_posts(stocked.db) == ()
    let_pass(monkeypatch, 121)
    claimed = claim_due_posts(stocked.db, limit=3)
    assert [post.state for post in claimed] == [PostState.SENDING] * 3
    assert [post.id for post in claimed] == sorted(post.id for post in claimed)
    assert [view.attempts for view in list_posts(stocked.db, PostState.SENDING)] == [1] * 3
    assert len(claim_due_posts(stocked.db)) == 5
    assert claim_due_posts(stocked.db) == ()


def test_each_due_post_goes_to_exactly_one_of_several_claimers(stocked: Stock) -> None:
    set_groups(stocked.db, [make_group(f"g{n}") for n in range(1, 7)])
    for card_id in stocked.card_ids:
        draft = stocked.draft(card_id)
        groups = [f"g{n}" for n in range(1, 7)]
        approve(stocked.db, draft.id, stocked.by_ada(draft), groups, 0)

    def claim_all(_: int) -> list[int]:
        mine: list[int] = []
        while claimed := claim_due_posts(stocked.db, limit=3):
            mine.extend(post.id for post in claimed)
        return mine

    claims = Counter(post_id for mine in race_threads(5, claim_all) for post_id in mine)
    # A claimer that lost a whole batch to others goes home early; the next one finds the rest.
    claims.update(claim_all(0))
    assert claims == Counter(view.post.id for view in list_posts(stocked.db))
    assert len(claims) == 24


def test_post_of_a_sender_that_was_killed_is_for_a_person_to_verify(
    stocked: Stock, url_of: Callable[[Database], str]
) -> None:
    schedule(stocked)
    answer = answer_of_killed("posts", url_of(stocked.db))
    assert len(answer.split()) == 8
    assert count_posts(stocked.db) == {PostState.SENDING: 8}
    assert claim_due_posts(stocked.db) == ()
    assert count_posts(stocked.db) == {PostState.VERIFY: 8}
    assert "Look whether the group has this post" in list_posts(stocked.db)[0].error


def test_post_of_a_sender_that_lives_is_left_to_it_until_its_lease_ends(
    stocked: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_id = send_one(stocked)
    let_pass(monkeypatch, SEND_LEASE_S - 5)
    assert claim_due_posts(stocked.db) == ()
    assert state_and_error(stocked.db, post_id)[0] is PostState.SENDING
    let_pass(monkeypatch, SEND_LEASE_S + 5)
    assert claim_due_posts(stocked.db) == ()
    assert state_and_error(stocked.db, post_id)[0] is PostState.VERIFY
    mark_published(stocked.db, post_id, Receipt("late"))
    assert state_and_error(stocked.db, post_id)[0] is PostState.VERIFY


def test_published_post_is_in_the_feed_the_latest_first(
    stocked: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule(stocked)
    claimed = [post for post in claim_due_posts(stocked.db) if post.group_id == "g1"]
    for nth, post in enumerate(claimed):
        let_pass(monkeypatch, nth)
        mark_published(stocked.db, post.id, Receipt(f"e{nth}", "https://group.example/1"))
    feed = list_published(stocked.db, "g1")
    assert [post.id for post in feed] == [post.id for post in reversed(claimed)]
    assert {post.state for post in feed} == {PostState.PUBLISHED}
    assert all(post.published_at for post in feed)
    assert [post.id for post in list_published(stocked.db, "g1", limit=1)] == [claimed[-1].id]
    assert list_published(stocked.db, "g2") == ()


def test_failed_post_goes_out_again_only_when_a_person_says_so(stocked: Stock) -> None:
    db, post_id = stocked.db, send_one(stocked)
    mark_failed(db, post_id, "403 " + "x" * 3000)
    state, error = state_and_error(db, post_id)
    assert (state, len(error)) == (PostState.FAILED, 2000)
    assert claim_due_posts(db) == ()
    retry(db, post_id, stocked.ben)
    with pytest.raises(NotAllowedError, match="not failed any more"):
        retry(db, post_id, stocked.ben)
    assert [post.id for post in claim_due_posts(db)] == [post_id]
    assert list_posts(db)[0].attempts == 2
    mark_published(db, post_id, Receipt("e1"))
    assert state_and_error(db, post_id) == (PostState.PUBLISHED, "")
    for nothing in (post_id, 10**6):
        with pytest.raises(NotAllowedError, match="not failed any more"):
            retry(db, nothing, stocked.ben)
    assert [(d.action, d.user) for d in list_decisions(db)] == [
        (Action.RETRY, "ben"),
        (Action.APPROVE, "ada"),
    ]


@pytest.mark.parametrize("change", ["licence", "text", "removed"])
def test_failed_post_that_may_not_go_out_any_more_stays_failed(stocked: Stock, change: str) -> None:
    db, post_id = stocked.db, send_one(stocked)
    mark_failed(db, post_id, "403")
    old, new = make_card("card-0"), make_card("card-0", text="On the back, always.")
    if change == "licence":
        set_sources(db, [replace(SOURCE, reuse=Reuse.LINK_ONLY)])
    elif change == "text":
        apply_changes(db, old.guide_id, [CardChange(ChangeKind.MATERIAL, old, new)], "k2")
    else:
        apply_changes(db, old.guide_id, [CardChange(ChangeKind.REMOVED, old, None)], "k2")
    with pytest.raises((NotAllowedError, StaleError), match=r"licence|has changed|card is gone"):
        retry(db, post_id, stocked.ben)
    assert state_and_error(db, post_id) == (PostState.FAILED, "403")
    assert len(list_decisions(db)) == 1


def test_due_post_whose_licence_was_taken_away_fails_and_is_not_sent(stocked: Stock) -> None:
    db = stocked.db
    schedule(stocked)
    taken = replace(SOURCE, reuse=Reuse.EXCERPT_ONLY, licence="All rights reserved")
    set_sources(db, [taken])
    assert claim_due_posts(db, limit=3) == ()
    assert {(view.post.state, view.error) for view in list_posts(db)} == {
        (
            PostState.FAILED,
            "The licence of this source (All rights reserved) does not let us publish adapted "
            "text.",
        )
    }
    set_sources(db, [SOURCE])
    assert claim_due_posts(db) == ()
    post_id = list_posts(db)[0].post.id
    retry(db, post_id, stocked.ada)
    assert [post.id for post in claim_due_posts(db)] == [post_id]


def test_post_that_is_not_due_yet_waits_whatever_its_licence(stocked: Stock) -> None:
    schedule(stocked, delay_s=120)
    set_sources(stocked.db, [replace(SOURCE, reuse=Reuse.UNKNOWN)])
    assert claim_due_posts(stocked.db) == ()
    assert count_posts(stocked.db) == {PostState.SCHEDULED: 8}


def test_rescheduled_post_goes_out_by_itself_later(
    stocked: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_id = send_one(stocked)
    mark_rescheduled(stocked.db, post_id, "429", after_s=30)
    assert state_and_error(stocked.db, post_id) == (PostState.SCHEDULED, "429")
    assert claim_due_posts(stocked.db) == ()
    let_pass(monkeypatch, 31)
    assert [post.id for post in claim_due_posts(stocked.db)] == [post_id]


@pytest.mark.parametrize(
    ("is_out", "state"), [(True, PostState.PUBLISHED), (False, PostState.FAILED)]
)
def test_unknown_outcome_is_settled_by_a_person_once(
    stocked: Stock, is_out: bool, state: PostState
) -> None:
    db, post_id = stocked.db, send_one(stocked)
    with pytest.raises(NotAllowedError, match="settled this post already"):
        settle(db, post_id, stocked.ben, is_out)
    mark_verify(db, post_id, "The connection broke while sending.")
    assert state_and_error(db, post_id)[0] is PostState.VERIFY
    assert claim_due_posts(db) == ()
    settle(db, post_id, stocked.ben, is_out)
    with pytest.raises(NotAllowedError, match="settled this post already"):
        settle(db, post_id, stocked.ada, not is_out)
    post = list_posts(db)[0].post
    assert (post.state, post.published_at is not None) == (state, is_out)
    assert len(list_published(db, "g1")) == is_out
    with db.read() as session:
        row = session.execute(
            text("SELECT action, user_id, after FROM decisions ORDER BY id DESC LIMIT 1")
        ).one()
    assert (row.action, row.user_id) == ("settle", stocked.ben)
    assert state.value in str(row.after)


def test_unknown_outcome_settled_by_two_people_at_once_is_settled_by_one(stocked: Stock) -> None:
    db, post_id = stocked.db, send_one(stocked)
    mark_verify(db, post_id, "The connection broke while sending.")

    def say(person: int) -> str:
        try:
            settle(db, post_id, (stocked.ada, stocked.ben)[person], is_out=person == 0)
        except NotAllowedError:
            return "late"
        return "made"

    assert sorted(race_threads(2, say)) == ["late", "made"]
    assert [d.action for d in list_decisions(db)] == [Action.SETTLE, Action.APPROVE]


@pytest.mark.parametrize("mark", [mark_failed, mark_verify])
def test_outcome_of_a_post_nobody_is_sending_is_ignored(
    stocked: Stock, mark: Callable[[Database, int, str], None]
) -> None:
    post_id = send_one(stocked)
    mark_published(stocked.db, post_id, Receipt("e1"))
    mark(stocked.db, post_id, "too late")
    mark_rescheduled(stocked.db, post_id, "too late", 0)
    assert state_and_error(stocked.db, post_id) == (PostState.PUBLISHED, "")


@pytest.mark.parametrize(
    "db", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_outcome_that_arrives_while_the_lease_is_looked_at_is_kept(stocked: Stock) -> None:
    # SQLite has one writer at a time; here the slow sender commits while the outbox looks.
    db, post_id = stocked.db, send_one(stocked)
    with db.write() as session:
        session.execute(text("UPDATE posts SET lease_until = '2020-01-01 00:00:00+00'"))
    looker = threading.Thread(target=claim_due_posts, args=(db,))
    with db.write() as session:
        session.execute(text("UPDATE posts SET state = 'published', published_at = created_at"))
        looker.start()
        time.sleep(0.4)
    looker.join(20)
    assert state_and_error(db, post_id)[0] is PostState.PUBLISHED


def test_posts_are_listed_by_state_card_and_group_with_their_draft(stocked: Stock) -> None:
    db = stocked.db
    schedule(stocked)
    post = list_posts(db, card_id="card-1", group_id="g2")[0]
    assert (post.card_id, post.tone, post.group_name) == ("card-1", "expert", "Group g2")
    assert post.draft_id == stocked.draft("card-1").id
    withdraw(db, post.post.id, stocked.ada)
    assert [view.post.id for view in list_posts(db, PostState.WITHDRAWN)] == [post.post.id]
    assert count_posts(db) == {PostState.SCHEDULED: 7, PostState.WITHDRAWN: 1}
    ids = [view.post.id for view in list_posts(db)]
    assert (ids, len(ids)) == (sorted(ids, reverse=True), 8)
    assert [view.post.id for view in list_posts(db, limit=2)] == ids[:2]


def test_feed_time_moves_when_a_post_comes_or_goes(stocked: Stock) -> None:
    db = stocked.db
    assert get_feed_time(db, "g1") is None
    draft = stocked.draft()
    decision = approve(db, draft.id, stocked.by_ada(draft), ["g1"], 0)
    (post,) = claim_due_posts(db)
    assert get_feed_time(db, "g1") is None
    mark_published(db, post.id, Receipt(""))
    published = get_feed_time(db, "g1")
    assert published is not None
    assert published == list_published(db, "g1")[0].published_at
    undo(db, decision, stocked.ada)
    withdrawn = get_feed_time(db, "g1")
    assert withdrawn is not None
    assert withdrawn > published
    assert get_feed_time(db, "g2") is None
