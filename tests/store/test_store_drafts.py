from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from stages.types import CardChange, ChangeKind, Finding, Risk, Severity
from store.cards import apply_changes
from store.decision_types import RejectReason, StaleError
from store.decisions import edit
from store.drafts import DraftMark, DraftView, add_drafts, count_drafts, list_drafts, list_marks
from store.tables import DraftState
from tests.deciding import approve, reject
from tests.store.makers import FINDING, Stock, make_card, make_draft
from tests.store.processes import race_threads

BODY = make_card("card-0").body_hash


def test_draft_comes_back_with_its_findings(stocked: Stock) -> None:
    findings = (FINDING, Finding("length", Severity.MINOR, "Too long.", strength=0.25))
    draft = replace(
        make_draft("card-0", "mom", "宝宝 🍼 sleeps.", nth=1),
        findings=findings,
        risk=Risk.FLAGGED,
        score=0.625,
    )
    assert add_drafts(stocked.db, [draft], stocked.run_id, generation=2) == 1
    view = stocked.draft("card-0", "mom")
    assert view.findings == findings
    assert (view.text, view.machine_text, view.sentences) == (
        draft.text,
        draft.text,
        draft.sentences,
    )
    assert (view.risk, view.machine_risk, view.score, view.state) == (
        Risk.FLAGGED,
        Risk.FLAGGED,
        0.625,
        DraftState.PENDING,
    )
    assert (view.version, view.revision, view.is_edited) == (1, 0, False)
    assert (view.model, view.tone_version, view.tone_hash) == ("offline/house", "1", "hash of mom")


def test_new_draft_takes_the_place_of_the_one_of_its_card_and_tone_only(stocked: Stock) -> None:
    before = list_drafts(stocked.db, stocked.card_ids)
    add_drafts(stocked.db, [make_draft("card-1", "mom", "Other words.", nth=1)], stocked.run_id)
    after = list_drafts(stocked.db, stocked.card_ids)
    assert {d.tone: d.text for d in after["card-1"]} == {
        "expert": "Lay baby down on the back.",
        "mom": "Other words.",
        "engagement": "Lay baby down on the back.",
    }
    assert {card: d for card, d in after.items() if card != "card-1"} == {
        card: d for card, d in before.items() if card != "card-1"
    }


def test_known_key_becomes_current_again_and_is_not_stored_twice(stocked: Stock) -> None:
    first = stocked.draft("card-0", "mom")
    add_drafts(stocked.db, [make_draft("card-0", "mom", "Newer.", nth=1)], stocked.run_id)
    assert stocked.draft("card-0", "mom").text == "Newer."
    assert add_drafts(stocked.db, [make_draft("card-0", "mom")], stocked.run_id) == 0
    assert stocked.draft("card-0", "mom") == first
    assert add_drafts(stocked.db, [make_draft("card-0", "mom")], stocked.run_id) == 0
    assert sum(count_drafts(stocked.db).values()) == 12


def change_source(stocked: Stock, before: str, after: str) -> None:
    old, new = make_card("card-0", text=before), make_card("card-0", text=after)
    apply_changes(stocked.db, old.guide_id, [CardChange(ChangeKind.MATERIAL, old, new)], "k")


@pytest.mark.parametrize("work", ["approve", "reject", "edit"])
def test_work_of_a_person_stands_against_a_draft_of_the_same_source_text(
    stocked: Stock, work: str
) -> None:
    draft = stocked.draft("card-0", "mom")
    if work == "approve":
        approve(stocked.db, draft.id, stocked.by_ada(draft), [], 0)
    elif work == "reject":
        reject(stocked.db, draft.id, stocked.by_ada(draft), RejectReason.TONE)
    else:
        edit(stocked.db, draft.id, stocked.by_ada(draft), "By hand.", [], Risk.LOW)
    left = stocked.draft("card-0", "mom")
    drafts = [make_draft("card-0", tone, "Newer.", nth=1) for tone in ("mom", "expert")]
    assert add_drafts(stocked.db, drafts, stocked.run_id, generation=1) == 1
    assert stocked.draft("card-0", "mom") == left
    assert stocked.draft("card-0", "expert").text == "Newer."
    change_source(stocked, "On the back.", "On the back, always.")
    newest = make_draft("card-0", "mom", "Newest.", nth=2)
    assert add_drafts(stocked.db, [newest], stocked.run_id) == 1
    assert stocked.draft("card-0", "mom").text == "Newest."


def test_edit_and_a_new_draft_in_the_same_instant_never_lose_the_edit(stocked: Stock) -> None:
    for card_id in stocked.card_ids:
        draft = stocked.draft(card_id, "mom")

        def act(person: int, card_id: str = card_id, draft: DraftView = draft) -> str:
            if person == 0:
                newer = make_draft(card_id, "mom", "Newer.", nth=1)
                return "kept" if add_drafts(stocked.db, [newer], stocked.run_id) else "left out"
            try:
                edit(stocked.db, draft.id, stocked.by_ada(draft), "By hand.", [], Risk.LOW)
            except StaleError:
                return "stale"
            return "edited"

        outcome = tuple(race_threads(2, act))
        assert outcome in (("kept", "stale"), ("left out", "edited"))
        wanted = "Newer." if outcome[0] == "kept" else "By hand."
        assert stocked.draft(card_id, "mom").text == wanted


def test_known_key_comes_back_as_people_left_it(stocked: Stock) -> None:
    draft = stocked.draft("card-0", "mom")
    reject(stocked.db, draft.id, stocked.by_ada(draft), RejectReason.TONE)
    change_source(stocked, "On the back.", "On the back, always.")
    add_drafts(stocked.db, [make_draft("card-0", "mom", "Newer.", nth=1)], stocked.run_id)
    assert stocked.draft("card-0", "mom").state is DraftState.PENDING
    change_source(stocked, "On the back, always.", "On the back.")
    add_drafts(stocked.db, [make_draft("card-0", "mom")], stocked.run_id)
    assert stocked.draft("card-0", "mom").state is DraftState.REJECTED


def test_marks_tell_what_stands_for_each_card_and_tone(stocked: Stock) -> None:
    approved = stocked.draft("card-0", "expert")
    approve(stocked.db, approved.id, stocked.by_ada(approved), [], 0)
    edited = stocked.draft("card-0", "mom")
    edit(stocked.db, edited.id, stocked.by_ada(edited), "By hand.", [], Risk.LOW)
    add_drafts(stocked.db, [make_draft("card-0", "engagement", nth=3)], stocked.run_id, 3)
    marks = {mark.tone: mark for mark in list_marks(stocked.db, ["card-0"])}
    assert marks == {
        "expert": DraftMark(
            "card-0",
            "expert",
            "hash of expert",
            "card-0/expert/0",
            BODY,
            0,
            DraftState.APPROVED,
            False,
        ),
        "mom": DraftMark(
            "card-0", "mom", "hash of mom", "card-0/mom/0", BODY, 0, DraftState.PENDING, True
        ),
        "engagement": DraftMark(
            "card-0",
            "engagement",
            "hash of engagement",
            "card-0/engagement/3",
            BODY,
            3,
            DraftState.PENDING,
            False,
        ),
    }
    assert list_marks(stocked.db, []) == ()


def test_drafts_are_counted_by_state_and_risk(stocked: Stock) -> None:
    draft = stocked.draft()
    reject(stocked.db, draft.id, stocked.by_ada(draft), RejectReason.WRONG)
    blocked = replace(make_draft("card-1", "mom", nth=1), risk=Risk.BLOCKED)
    add_drafts(stocked.db, [blocked], stocked.run_id)
    assert count_drafts(stocked.db) == {
        (DraftState.PENDING, Risk.LOW): 10,
        (DraftState.PENDING, Risk.BLOCKED): 1,
        (DraftState.REJECTED, Risk.LOW): 1,
    }


def test_drafts_of_no_card_are_an_empty_answer(stocked: Stock) -> None:
    assert list_drafts(stocked.db, []) == {}
    assert list_drafts(stocked.db, ["nobody"]) == {}


@pytest.mark.parametrize("column", ["state", "risk"])
def test_database_knows_no_other_state_or_risk(stocked: Stock, column: str) -> None:
    with pytest.raises(IntegrityError), stocked.db.write() as session:
        session.execute(text(f"UPDATE drafts SET {column} = 'perhaps'"))  # noqa: S608


def test_drafts_of_one_call_are_all_kept_or_none(stocked: Stock) -> None:
    orphan = make_draft("no-such-card", "mom")
    with pytest.raises(SQLAlchemyError):
        add_drafts(stocked.db, [make_draft("card-0", "mom", nth=1), orphan], stocked.run_id)
    assert stocked.draft("card-0", "mom").text == "Lay baby down on the back."


def test_text_no_database_can_hold_is_kept_with_its_offsets(stocked: Stock) -> None:
    # A model may answer anything JSON can say, such as a NUL or half of an emoji.
    wild = "Sleep\0 well \ud83d now"
    draft = replace(make_draft("card-0", "mom", wild, nth=1), findings=(FINDING,))
    assert add_drafts(stocked.db, [draft], stocked.run_id) == 1
    assert stocked.draft("card-0", "mom").text == "Sleep\ufffd well \ufffd now"
