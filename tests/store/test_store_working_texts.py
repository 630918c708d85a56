from __future__ import annotations

from datetime import timedelta

import pytest

from stages.errors import PermanentError
from stages.types import Risk
from store.decision_types import RejectReason
from store.decisions import edit, undo
from store.drafts import add_drafts
from store.working_texts import (
    ClashKind,
    WorkingText,
    discard_working,
    get_basis,
    get_clash,
    list_working,
    save_working,
)
from tests.deciding import reject
from tests.store.makers import NOON, Stock, make_draft

LATER = NOON + timedelta(seconds=2)


def test_typing_goes_into_one_row_a_draft_and_person(stocked: Stock) -> None:
    draft = stocked.draft()
    for seconds, text in enumerate(("On", "On the", "On the back")):
        at = NOON + timedelta(seconds=seconds)
        assert save_working(stocked.db, draft.id, stocked.ada, text, draft.version, at) is None
    save_working(stocked.db, draft.id, stocked.ben, "Ben's", draft.version, NOON)

    assert list_working(stocked.db, [draft.id], stocked.ada) == {
        draft.id: WorkingText(draft.id, "On the back", draft.version, LATER)
    }
    assert list_working(stocked.db, [], stocked.ada) == {}


def test_a_text_that_is_the_drafts_own_is_not_kept(stocked: Stock) -> None:
    draft = stocked.draft()
    save_working(stocked.db, draft.id, stocked.ada, "Other words", draft.version, NOON)

    save_working(stocked.db, draft.id, stocked.ada, draft.text, draft.version, LATER)

    assert list_working(stocked.db, [draft.id], stocked.ada) == {}


def test_discard_forgets_only_ones_own(stocked: Stock) -> None:
    draft = stocked.draft()
    save_working(stocked.db, draft.id, stocked.ada, "Mine", draft.version, NOON)

    assert not discard_working(stocked.db, draft.id, stocked.ben)
    assert discard_working(stocked.db, draft.id, stocked.ada)
    assert list_working(stocked.db, [draft.id], stocked.ada) == {}


def test_typing_into_a_draft_somebody_else_edited_shows_all_three_texts(stocked: Stock) -> None:
    before = stocked.draft()
    edit(stocked.db, before.id, stocked.by_ben(before), "Ben's text", (), Risk.LOW)
    between = stocked.draft()
    edit(stocked.db, before.id, stocked.by_ben(between), "Ben's better text", (), Risk.LOW)

    clash = save_working(stocked.db, before.id, stocked.ada, "Mine", before.version, NOON)

    assert clash is not None
    assert (clash.kind, clash.user) == (ClashKind.EDITED, "ben")
    assert (clash.base, clash.theirs, clash.mine) == (before.text, "Ben's better text", "Mine")
    assert (clash.draft_id, clash.version) == (before.id, before.version + 2)
    assert list_working(stocked.db, [before.id], stocked.ada)[before.id].text == "Mine"
    second = get_clash(stocked.db, before.id, "Mine", between.version)
    assert second is not None
    assert second.base == "Ben's text"


def test_an_edit_taken_back_is_a_change_too(stocked: Stock) -> None:
    first = stocked.draft()
    saved = edit(stocked.db, first.id, stocked.by_ben(first), "Ben's text", (), Risk.LOW)
    between = stocked.draft()
    undo(stocked.db, saved, stocked.ben)

    clash = save_working(stocked.db, first.id, stocked.ada, "Mine", between.version, NOON)

    assert clash is not None
    assert (clash.kind, clash.base, clash.theirs) == (ClashKind.EDITED, "Ben's text", first.text)


def test_a_draft_decided_and_reopened_is_no_clash(stocked: Stock) -> None:
    draft = stocked.draft()
    undo(
        stocked.db,
        reject(stocked.db, draft.id, stocked.by_ben(draft), RejectReason.TONE),
        stocked.ben,
    )

    assert save_working(stocked.db, draft.id, stocked.ada, "Mine", draft.version, NOON) is None


def test_saving_for_good_forgets_what_was_typed(stocked: Stock) -> None:
    draft = stocked.draft()
    save_working(stocked.db, draft.id, stocked.ada, "Half of it", draft.version, NOON)
    save_working(stocked.db, draft.id, stocked.ben, "Ben's", draft.version, NOON)

    edit(stocked.db, draft.id, stocked.by_ada(draft), "All of it", (), Risk.LOW)

    assert list_working(stocked.db, [draft.id], stocked.ada) == {}
    assert list_working(stocked.db, [draft.id], stocked.ben) != {}


def test_typing_into_a_draft_somebody_decided_says_so(stocked: Stock) -> None:
    draft = stocked.draft()
    reject(stocked.db, draft.id, stocked.by_ben(draft), RejectReason.TONE)

    clash = save_working(stocked.db, draft.id, stocked.ada, "Mine", draft.version, NOON)

    assert clash is not None
    assert (clash.kind, clash.user, clash.base) == (ClashKind.DECIDED, "ben", draft.text)


def test_typing_into_a_draft_that_was_written_again_shows_the_new_one(stocked: Stock) -> None:
    draft = stocked.draft()
    add_drafts(stocked.db, [make_draft("card-0", "expert", "New words.", nth=1)], stocked.run_id)
    newer = stocked.draft()

    clash = save_working(stocked.db, draft.id, stocked.ada, "Mine", draft.version, NOON)

    assert clash is not None
    assert (clash.kind, clash.user) == (ClashKind.REPLACED, "")
    assert (clash.theirs, clash.draft_id) == ("New words.", newer.id)
    kept = list_working(stocked.db, [newer.id], stocked.ada)
    assert (kept[newer.id].text, kept[newer.id].draft_id) == ("Mine", draft.id)
    assert discard_working(stocked.db, newer.id, stocked.ada)
    assert list_working(stocked.db, [newer.id], stocked.ada) == {}


def test_a_late_autosave_of_what_was_just_saved_is_nothing(stocked: Stock) -> None:
    draft = stocked.draft()
    edit(stocked.db, draft.id, stocked.by_ada(draft), "Saved", (), Risk.LOW)

    assert save_working(stocked.db, draft.id, stocked.ada, "Saved", draft.version, NOON) is None
    assert list_working(stocked.db, [draft.id], stocked.ada) == {}


def test_nothing_is_kept_for_a_draft_that_does_not_exist(stocked: Stock) -> None:
    with pytest.raises(PermanentError):
        save_working(stocked.db, 999_999, stocked.ada, "Mine", 1, NOON)


def test_a_basis_is_found_under_its_own_card_only(stocked: Stock) -> None:
    draft = stocked.draft()

    basis = get_basis(stocked.db, "card-0", draft.id)

    assert basis is not None
    assert (basis.draft.text, basis.card.id, basis.licence_finding) == (draft.text, "card-0", "")
    assert get_basis(stocked.db, "card-1", draft.id) is None
