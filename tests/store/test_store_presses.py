"""A press that is sent again stands for what it was pressed for, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from threading import Event, Thread

import pytest

from stages.types import Risk
from store import batches, verdicts
from store.batches import BatchOutcome, Pick, approve_many
from store.cook_requests import ask
from store.decision_types import OTHER_PRESS, By, NotAllowedError, RejectReason, Sending, StaleError
from store.decisions import edit, undo
from store.drafts import DraftView
from store.tables import DraftState
from store.undoing import undo_one
from tests.store.makers import Stock


def pressed(stocked: Stock, draft: DraftView) -> By:
    return replace(stocked.by_ada(draft), request_id="press")


def test_press_on_one_draft_decides_and_changes_no_other(stocked: Stock) -> None:
    first, other = stocked.draft(), stocked.draft(tone="mom")
    verdicts.approve(stocked.db, first.id, pressed(stocked, first), Sending())
    by = pressed(stocked, other)
    with pytest.raises(NotAllowedError, match=OTHER_PRESS):
        verdicts.approve(stocked.db, other.id, by, Sending())
    with pytest.raises(NotAllowedError, match=OTHER_PRESS):
        edit(stocked.db, other.id, by, "Mine.", [], Risk.LOW)
    with pytest.raises(NotAllowedError, match=OTHER_PRESS):
        ask(stocked.db, other.id, by)
    with pytest.raises(NotAllowedError, match=OTHER_PRESS):
        approve_many(stocked.db, [Pick(other.id, other.version)], by, 0)
    assert stocked.draft(tone="mom") == other


def test_press_that_rejected_never_says_it_approved(stocked: Stock) -> None:
    draft = stocked.draft()
    by = pressed(stocked, draft)
    verdicts.reject(stocked.db, draft.id, by, RejectReason.WRONG)
    with pytest.raises(NotAllowedError, match=OTHER_PRESS):
        verdicts.approve(stocked.db, draft.id, by, Sending())
    assert stocked.draft().state is DraftState.REJECTED


def test_text_changed_after_the_press_is_not_said_to_be_saved(stocked: Stock) -> None:
    draft = stocked.draft()
    by = pressed(stocked, draft)
    saved = edit(stocked.db, draft.id, by, "Once.", [], Risk.LOW)
    assert edit(stocked.db, draft.id, by, "Once.", [], Risk.LOW) == saved
    with pytest.raises(NotAllowedError, match=OTHER_PRESS):
        edit(stocked.db, draft.id, by, "Twice.", [], Risk.LOW)


def test_undo_sent_again_is_of_the_same_decision(stocked: Stock) -> None:
    decided = []
    for tone in ("expert", "mom"):
        draft = stocked.draft(tone=tone)
        decided.append(edit(stocked.db, draft.id, stocked.by_ada(draft), "Mine.", [], Risk.LOW))
    undone = undo_one(stocked.db, stocked.ada, decided[0], "press")
    assert undo_one(stocked.db, stocked.ada, decided[0], "press") == undone
    for again in (undo, lambda db, one, user, press: undo_one(db, user, one, press)):
        with pytest.raises(NotAllowedError, match=OTHER_PRESS):
            again(stocked.db, decided[1], stocked.ada, "press")
    assert stocked.draft(tone="mom").text == "Mine."


def test_batch_and_one_decision_on_its_card_never_wait_in_a_circle(
    stocked: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch has the card and comes to a draft that somebody else has begun to decide."""
    drafts = [stocked.draft(tone=tone) for tone in ("expert", "mom", "engagement")]
    has_card, load = Event(), batches.load_draft
    outcomes: list[BatchOutcome] = []
    looks = iter(range(99))

    def load_slowly(session: object, draft_id: int) -> object:
        if next(looks) == 1:
            has_card.set()
            other.join(0.5)
        return load(session, draft_id)  # type: ignore[arg-type]

    def decide() -> None:
        has_card.wait(5)
        with pytest.raises(StaleError):
            verdicts.approve(stocked.db, drafts[1].id, stocked.by_ben(drafts[1]), Sending())

    def approve_all() -> None:
        picks = [Pick(draft.id, draft.version) for draft in drafts]
        outcomes.append(approve_many(stocked.db, picks, By(stocked.ada, 0), 60))

    monkeypatch.setattr(batches, "load_draft", load_slowly)
    other = Thread(target=decide)
    other.start()
    approve_all()
    other.join()
    assert len(outcomes[0].decision_ids) == 3
