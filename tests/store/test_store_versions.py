from __future__ import annotations

from stages.types import Risk
from store.decisions import edit, undo
from store.versions import get_versions
from tests.store.makers import Stock


def test_versions_are_the_machines_text_and_every_save(stocked: Stock) -> None:
    draft = stocked.draft()
    edit(stocked.db, draft.id, stocked.by_ada(draft), "One", (), Risk.LOW, note="Softer")
    edit(stocked.db, draft.id, stocked.by_ben(stocked.draft()), "Two", (), Risk.LOW)

    found = get_versions(stocked.db, "card-0", draft.id)

    assert found is not None
    assert [(one.text, one.user, one.name) for one in found.versions] == [
        ("Two", "ben", ""),
        ("One", "ada", "Softer"),
        (draft.text, "", ""),
    ]
    assert (found.text, found.version, found.is_open) == ("Two", draft.version + 2, True)


def test_versions_know_which_text_stands_after_an_edit_was_taken_back(stocked: Stock) -> None:
    draft = stocked.draft()
    saved = edit(stocked.db, draft.id, stocked.by_ada(draft), "One", (), Risk.LOW)
    undo(stocked.db, saved, stocked.ada)

    found = get_versions(stocked.db, "card-0", draft.id)

    assert found is not None
    assert (found.text, [one.text for one in found.versions]) == (draft.text, ["One", draft.text])


def test_versions_of_another_cards_draft_are_not_told(stocked: Stock) -> None:
    assert get_versions(stocked.db, "card-1", stocked.draft("card-0").id) is None
