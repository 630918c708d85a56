"""Posts whose source is no longer what they were written from, and what people say of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from stages.types import Card, CardChange, ChangeKind, PostState, Receipt
from store.alerts import Alert
from store.cards import apply_changes, get_card, list_cards
from store.decision_records import list_decisions
from store.decision_types import Action, NotAllowedError, StaleError
from store.decisions import undo
from store.engine import Database
from store.guides import get_guide_ref, list_guides, remove_guide, save_guide
from store.post_decisions import clear_alert, withdraw
from store.posts import (
    claim_due_posts,
    count_alerts,
    list_posts,
    list_published,
    mark_failed,
    mark_published,
)
from store.queue import Filter, View, get_item, get_queue
from tests.deciding import approve
from tests.store.makers import Stock, make_card, make_guide
from tests.store.processes import race_threads

GUIDE_ID = "house/sleep"


def publish(stocked: Stock, card_id: str = "card-0", delay_s: int = 0) -> int:
    """Id of a post of the card in g1: published, or scheduled when there is a delay."""
    draft = stocked.draft(card_id)
    approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1"], delay_s)
    if not delay_s:
        for post in claim_due_posts(stocked.db):
            mark_published(stocked.db, post.id, Receipt("e1"))
    return next(view.post.id for view in list_posts(stocked.db, card_id=card_id))


def change(
    stocked: Stock, kind: ChangeKind, text: str = "On the side.", card_id: str = "card-0"
) -> None:
    old = get_card(stocked.db, card_id)
    assert old is not None
    new = make_card(card_id, position=old.position, text=text)
    apply_changes(stocked.db, GUIDE_ID, [CardChange(kind, old, new)], "k2")


def drop(stocked: Stock, card_id: str = "card-0") -> None:
    old = get_card(stocked.db, card_id)
    apply_changes(stocked.db, GUIDE_ID, [CardChange(ChangeKind.REMOVED, old, None)], "k2")


def alerts(stocked: Stock) -> dict[str, Alert]:
    """By card id."""
    return {view.card_id: view.alert for view in list_posts(stocked.db)}


def alert_of(stocked: Stock) -> Alert:
    return alerts(stocked)["card-0"]


# --- what raises an alert --------------------------------------------------------------------


@pytest.mark.parametrize("delay_s", [0, 3600])
def test_material_change_alerts_posts_that_are_out_or_will_be(stocked: Stock, delay_s: int) -> None:
    publish(stocked, delay_s=delay_s)
    publish(stocked, "card-1", delay_s)
    change(stocked, ChangeKind.MATERIAL)
    (alerted, other) = list_posts(stocked.db)
    assert (alerted.card_id, alerted.alert) == ("card-0", Alert.SOURCE_CHANGED)
    assert alerted.alert_at is not None
    assert (other.card_id, other.alert, other.alert_at) == ("card-1", Alert.NONE, None)
    assert count_alerts(stocked.db) == 1


@pytest.mark.parametrize("kind", [ChangeKind.KEPT, ChangeKind.REWORDED])
def test_other_changes_alert_nobody(stocked: Stock, kind: ChangeKind) -> None:
    publish(stocked)
    change(stocked, kind)
    assert alert_of(stocked) is Alert.NONE


def test_card_that_is_gone_alerts_its_posts(stocked: Stock) -> None:
    publish(stocked)
    change(stocked, ChangeKind.MATERIAL)
    drop(stocked)
    assert alerts(stocked) == {"card-0": Alert.SOURCE_REMOVED}


def test_source_that_says_again_what_the_post_says_needs_no_alert(stocked: Stock) -> None:
    publish(stocked)
    was = get_card(stocked.db, "card-0")
    change(stocked, ChangeKind.MATERIAL)
    assert was
    change(stocked, ChangeKind.MATERIAL, was.text)
    assert alert_of(stocked) is Alert.NONE


def test_card_that_comes_back_ends_the_alert_of_its_absence(stocked: Stock) -> None:
    publish(stocked)
    publish(stocked, "card-1")
    was: Card | None = get_card(stocked.db, "card-0")
    assert was
    drop(stocked)
    drop(stocked, "card-1")
    apply_changes(stocked.db, GUIDE_ID, [CardChange(ChangeKind.NEW, None, was)], "k3")
    change(stocked, ChangeKind.NEW, card_id="card-1")
    assert alerts(stocked) == {"card-0": Alert.NONE, "card-1": Alert.SOURCE_CHANGED}


def test_failed_and_withdrawn_posts_get_no_alert(stocked: Stock) -> None:
    withdraw(stocked.db, publish(stocked), stocked.ada)
    draft = stocked.draft("card-1")
    approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1"], 0)
    (post,) = claim_due_posts(stocked.db)
    mark_failed(stocked.db, post.id, "no answer")
    for card_id in ("card-0", "card-1"):
        change(stocked, ChangeKind.MATERIAL, card_id=card_id)
    remove_guide(stocked.db, GUIDE_ID)
    assert alerts(stocked) == {"card-0": Alert.NONE, "card-1": Alert.NONE}


# --- a page that is gone -----------------------------------------------------------------------


def test_guide_that_is_gone_takes_its_cards_out_of_the_queue(stocked: Stock) -> None:
    db = stocked.db
    publish(stocked)
    drop(stocked, "card-3")
    assert remove_guide(db, GUIDE_ID) == 3
    assert remove_guide(db, GUIDE_ID) == 0
    assert remove_guide(db, "house/nobody") == 0
    (ref,) = list_guides(db)
    assert ref.is_removed
    assert list_cards(db, GUIDE_ID) == ()
    assert set(get_queue(db, Filter()).counts.values()) == {0}
    gone, piece = get_item(db, "card-1"), get_item(db, "card-3")
    assert gone
    assert piece
    assert (gone.is_removed, gone.is_source_removed) == (True, True)
    assert gone.change is ChangeKind.SOURCE_REMOVED
    assert (piece.is_removed, piece.is_source_removed) == (True, False)
    assert alert_of(stocked) is Alert.SOURCE_REMOVED


def test_draft_of_a_page_that_is_gone_cannot_be_approved(stocked: Stock) -> None:
    remove_guide(stocked.db, GUIDE_ID)
    draft = stocked.draft()
    with pytest.raises(StaleError, match="its card is gone"):
        approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1"], 0)


def test_guide_that_returns_brings_its_cards_back_to_be_chopped(stocked: Stock) -> None:
    db = stocked.db
    publish(stocked)
    publish(stocked, "card-1")
    change(stocked, ChangeKind.MATERIAL, card_id="card-1")
    drop(stocked, "card-3")
    before = list_cards(db, GUIDE_ID)
    remove_guide(db, GUIDE_ID)
    assert not save_guide(db, make_guide())
    ref = get_guide_ref(db, GUIDE_ID)
    assert ref
    assert (ref.is_removed, ref.chopped_key) == (False, "")
    assert list_cards(db, GUIDE_ID) == before
    assert alerts(stocked) == {"card-0": Alert.NONE, "card-1": Alert.SOURCE_CHANGED}
    assert get_queue(db, Filter()).counts[View.REVIEW] == 3
    kept = [CardChange(ChangeKind.KEPT, card, card) for card in before]
    apply_changes(db, GUIDE_ID, kept, "k3")
    item = get_item(db, "card-0")
    assert item
    assert (item.change, item.is_source_removed) == (ChangeKind.KEPT, False)


def test_guide_returns_without_alarm_for_what_a_person_had_kept(stocked: Stock) -> None:
    post_id = publish(stocked)
    remove_guide(stocked.db, GUIDE_ID)
    clear_alert(stocked.db, post_id, stocked.ada)
    save_guide(stocked.db, replace(make_guide(), content_hash="c2"))
    assert alert_of(stocked) is Alert.NONE


# --- what an alert does ------------------------------------------------------------------------


def test_posts_with_an_alert_come_first(stocked: Stock) -> None:
    for card_id in stocked.card_ids:
        publish(stocked, card_id)
    change(stocked, ChangeKind.MATERIAL, card_id="card-1")
    order = [view.card_id for view in list_posts(stocked.db)]
    assert order == ["card-1", "card-3", "card-2", "card-0"]


def test_scheduled_post_with_an_alert_waits_for_a_person(stocked: Stock) -> None:
    db = stocked.db
    draft = stocked.draft()
    approve(db, draft.id, stocked.by_ada(draft), ["g1"], 0)
    change(stocked, ChangeKind.MATERIAL)
    assert claim_due_posts(db) == ()
    (view,) = list_posts(db)
    assert view.post.state is PostState.SCHEDULED
    clear_alert(db, view.post.id, stocked.ada)
    assert [post.id for post in claim_due_posts(db)] == [view.post.id]


def test_post_that_is_out_stays_in_the_feed_while_its_alert_waits(stocked: Stock) -> None:
    post_id = publish(stocked)
    remove_guide(stocked.db, GUIDE_ID)
    assert [post.id for post in list_published(stocked.db, "g1")] == [post_id]


def test_withdrawing_a_post_ends_its_alert(stocked: Stock) -> None:
    post_id = publish(stocked)
    change(stocked, ChangeKind.MATERIAL)
    withdraw(stocked.db, post_id, stocked.ben)
    assert count_alerts(stocked.db) == 0


def test_approving_the_text_of_now_again_starts_without_an_alert(stocked: Stock) -> None:
    db = stocked.db
    draft = stocked.draft()
    decision = approve(db, draft.id, stocked.by_ada(draft), ["g1"], 3600)
    was = get_card(db, "card-0")
    assert was
    change(stocked, ChangeKind.MATERIAL)
    undo(db, decision, stocked.ada)
    change(stocked, ChangeKind.MATERIAL, was.text)
    draft = stocked.draft()
    approve(db, draft.id, stocked.by_ada(draft), ["g1"], 3600)
    assert alert_of(stocked) is Alert.NONE


# --- keeping a post as it is -------------------------------------------------------------------


def test_keeping_a_post_clears_its_alert_and_is_on_record(stocked: Stock) -> None:
    db = stocked.db
    post_id = publish(stocked)
    change(stocked, ChangeKind.MATERIAL)
    decision_id = clear_alert(db, post_id, stocked.ben, "8 or 9, no matter")
    (view,) = list_posts(db)
    assert (view.alert, view.alert_at, view.post.state) == (Alert.NONE, None, PostState.PUBLISHED)
    latest, _ = list_decisions(db, "card-0")
    assert (latest.id, latest.action, latest.user, latest.note, latest.is_undone) == (
        decision_id,
        Action.KEEP,
        "ben",
        "8 or 9, no matter",
        False,
    )


def test_post_that_was_kept_is_alerted_again_by_the_next_change(stocked: Stock) -> None:
    post_id = publish(stocked)
    change(stocked, ChangeKind.MATERIAL)
    clear_alert(stocked.db, post_id, stocked.ada)
    change(stocked, ChangeKind.KEPT)
    assert alert_of(stocked) is Alert.NONE
    change(stocked, ChangeKind.MATERIAL, "On the front.")
    assert alert_of(stocked) is Alert.SOURCE_CHANGED


def test_keeping_is_taken_back_by_the_person_who_kept(stocked: Stock) -> None:
    db = stocked.db
    post_id = publish(stocked)
    change(stocked, ChangeKind.MATERIAL)
    (before,) = list_posts(db)
    decision_id = clear_alert(db, post_id, stocked.ada)
    with pytest.raises(NotAllowedError, match="Only the person who decided"):
        undo(db, decision_id, stocked.ben)
    undo(db, decision_id, stocked.ada)
    assert list_posts(db) == (before,)
    undone, kept, _ = list_decisions(db, "card-0")
    assert (undone.action, kept.action, kept.is_undone) == (Action.UNDO, Action.KEEP, True)
    clear_alert(db, post_id, stocked.ada)
    with pytest.raises(StaleError, match="Something newer"):
        undo(db, decision_id, stocked.ada)


@pytest.mark.parametrize("newer", ["alert", "withdrawal"])
def test_keeping_cannot_be_taken_back_once_something_newer_happened(
    stocked: Stock, newer: str
) -> None:
    post_id = publish(stocked)
    change(stocked, ChangeKind.MATERIAL)
    decision_id = clear_alert(stocked.db, post_id, stocked.ada)
    if newer == "alert":
        remove_guide(stocked.db, GUIDE_ID)
    else:
        withdraw(stocked.db, post_id, stocked.ben)
    with pytest.raises(StaleError, match="Something newer"):
        undo(stocked.db, decision_id, stocked.ada)


def test_keeping_what_has_no_alert_or_another_one_is_refused(stocked: Stock) -> None:
    post_id = publish(stocked)
    for nobody in (post_id, 999_999):
        with pytest.raises(NotAllowedError, match="no alert any more"):
            clear_alert(stocked.db, nobody, stocked.ada)
    remove_guide(stocked.db, GUIDE_ID)
    with pytest.raises(StaleError, match="has changed again"):
        clear_alert(stocked.db, post_id, stocked.ada, seen=Alert.SOURCE_CHANGED)
    clear_alert(stocked.db, post_id, stocked.ada, seen=Alert.SOURCE_REMOVED)


def test_of_people_keeping_a_post_at_once_one_wins(stocked: Stock) -> None:
    post_id = publish(stocked)
    change(stocked, ChangeKind.MATERIAL)

    def keep(_: int) -> str:
        try:
            clear_alert(stocked.db, post_id, stocked.ada)
        except NotAllowedError:
            return "refused"
        return "made"

    assert Counter(race_threads(4, keep)) == {"made": 1, "refused": 3}
    assert [each.action for each in list_decisions(stocked.db)] == [Action.KEEP, Action.APPROVE]


def test_outbox_and_removal_at_once_do_not_wait_in_a_circle(stocked: Stock) -> None:
    db: Database = stocked.db
    for card_id in stocked.card_ids:
        draft = stocked.draft(card_id)
        approve(db, draft.id, stocked.by_ada(draft), ["g1", "g2"], 0)

    def act(nth: int) -> int:
        return len(claim_due_posts(db)) if nth % 2 else remove_guide(db, GUIDE_ID)

    removed, _ = race_threads(2, act)
    assert removed == 4
    assert {view.alert for view in list_posts(db)} == {Alert.SOURCE_REMOVED}
