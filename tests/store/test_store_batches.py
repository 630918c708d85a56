"""Batches: what gets in, one undo, presses that come twice; corrections in a feed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stages.types import PostState, Receipt, Risk, Stakes
from store.batches import HIGH_STAKES, NOT_LOW, OTHER_TONE, Pick, approve_many, list_candidates
from store.decision_types import By, NotAllowedError
from store.decision_types import RejectReason as Why
from store.decisions import edit, undo
from store.drafts import DraftView
from store.engine import Database
from store.posts import claim_due_posts, list_posts, list_published, mark_published
from store.tables import DraftState
from store.undoing import NEWER, list_undoable, undo_batch, undo_last, undo_one
from tests.deciding import approve, reject
from tests.store.makers import Stock, make_card, stock


def pick(draft: DraftView) -> Pick:
    return Pick(draft.id, draft.version, ("g1",))


def test_batch_approves_all_and_leaves_out_what_changed_meanwhile(stocked: Stock) -> None:
    seen = [stocked.draft(card) for card in stocked.card_ids]
    reject(stocked.db, seen[2].id, stocked.by_ben(seen[2]), Why.WRONG)
    by = By(stocked.ada, 0, 8.0, "press")
    done = approve_many(stocked.db, [pick(draft) for draft in seen], by, 0)
    assert [one.draft_id for one in done.left_out] == [seen[2].id]
    assert len(done.decision_ids) == 3
    assert approve_many(stocked.db, [pick(draft) for draft in seen], by, 0) == done
    (entry,) = list_undoable(stocked.db, stocked.ada)
    assert (entry.batch, len(entry.decisions), entry.why_not) == (done.batch, 3, "")


@pytest.mark.parametrize("what", ["stakes", "flagged", "other"])
def test_what_needs_a_look_of_its_own_never_gets_in(db: Database, what: str) -> None:
    stakes = Stakes.HIGH if what == "stakes" else Stakes.NORMAL
    stocked = stock(db, cards=[replace(make_card("card-0"), stakes=stakes)])
    risky = stocked.draft(tone="mom" if what == "other" else "expert")
    if what != "stakes":
        edit(db, risky.id, stocked.by_ben(risky), "By hand.", [], Risk.FLAGGED)
    done = approve_many(db, [pick(stocked.draft())], By(stocked.ada, 0), 0)
    why = {"stakes": HIGH_STAKES, "flagged": NOT_LOW, "other": OTHER_TONE}[what]
    assert ([one.why for one in done.left_out], done.decision_ids) == ([why], ())
    assert stocked.draft().state is DraftState.PENDING
    assert list_candidates(db, 10) == ()
    alone = approve_many(db, [pick(stocked.draft())], By(stocked.ada, 0), 0, card_id="card-0")
    assert len(alone.decision_ids) == (what == "other")


def test_batch_has_a_limit(stocked: Stock) -> None:
    with pytest.raises(NotAllowedError, match="at most 25"):
        approve_many(stocked.db, [Pick(n, 1) for n in range(26)], By(stocked.ada, 0), 0)


def test_batch_is_undone_as_one_and_only_by_its_maker(stocked: Stock) -> None:
    drafts = [stocked.draft(card) for card in stocked.card_ids]
    done = approve_many(stocked.db, [pick(draft) for draft in drafts], By(stocked.ada, 0), 0)
    with pytest.raises(NotAllowedError):
        undo_batch(stocked.db, stocked.ben, done.batch)
    first = undo_batch(stocked.db, stocked.ada, done.batch, "press")
    assert undo_batch(stocked.db, stocked.ada, done.batch, "press") == first
    assert first.undone == 4
    assert {view.post.state for view in list_posts(stocked.db)} == {PostState.WITHDRAWN}
    assert list_undoable(stocked.db, stocked.ada) == ()


def test_undo_goes_back_from_the_newest_and_says_what_stands_on_something(stocked: Stock) -> None:
    db, draft = stocked.db, stocked.draft()
    edited = edit(db, draft.id, stocked.by_ada(draft), "By hand.", [], Risk.LOW)
    approve(db, draft.id, stocked.by_ada(stocked.draft()), ["g1"], 0)
    assert [entry.why_not for entry in list_undoable(db, stocked.ada)] == ["", NEWER]
    undo_last(db, stocked.ada)
    assert stocked.draft().state is DraftState.PENDING
    edit(db, draft.id, stocked.by_ben(stocked.draft()), "Bens.", [], Risk.LOW)
    with pytest.raises(Exception, match="since you opened it"):
        undo_one(db, stocked.ada, edited)


def test_edit_undone_gives_the_text_before_it(stocked: Stock) -> None:
    draft = stocked.draft()
    edit(stocked.db, draft.id, stocked.by_ada(draft), "By hand.", [], Risk.FLAGGED)
    undo_last(stocked.db, stocked.ada)
    after = stocked.draft()
    assert (after.text, after.risk, after.findings) == (draft.text, draft.risk, draft.findings)
    assert (after.version, after.revision) == (3, 2)


def test_post_approved_again_with_another_text_corrects_its_entry(stocked: Stock) -> None:
    db, draft = stocked.db, stocked.draft()
    decision = approve(db, draft.id, stocked.by_ada(draft), ["g1"], 0)
    (sent,) = claim_due_posts(db)
    mark_published(db, sent.id, Receipt("e"))
    undo(db, decision, stocked.ada)
    edit(db, draft.id, stocked.by_ada(stocked.draft()), "By hand.", [], Risk.LOW)
    approve(db, draft.id, stocked.by_ada(stocked.draft()), ["g1"], 0)
    (again,) = claim_due_posts(db)
    mark_published(db, again.id, Receipt("e"))
    (shown,) = list_published(db, "g1")
    assert (shown.key, shown.text) == (sent.key, "By hand.")
