"""Two independent verdicts where much is at stake."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, select

from stages.types import Finding, PostState, Risk, Severity, Stakes
from store import verdicts
from store.audit import AuditFilter, list_entries
from store.decision_records import list_decisions
from store.decision_types import Action, By, NotAllowedError, RejectReason, Sending, StaleError
from store.decisions import edit, undo
from store.engine import Database, utc_now
from store.insights import Agreement, count_agreement
from store.posts import list_posts
from store.tables import DecisionRow, DraftState
from store.users import Role, add_user
from store.verdicts import Kind, Outcome, VerdictState, get_verdicts, take_back
from tests.store.makers import Stock, make_card, make_draft, stock
from tests.store.processes import race_threads

G1, G2 = Sending(("g1",)), Sending(("g2",))
BLOCKING = Finding("numbers", Severity.CRITICAL, "8 became 9.", (3, 4), (5, 6))


@pytest.fixture
def grave(db: Database) -> Stock:
    """As `stocked`, of cards on which much is at stake."""
    cards = [replace(make_card(f"card-{n}", position=n), stakes=Stakes.HIGH) for n in range(4)]
    return stock(db, cards=cards)


def state_of(stocked: Stock, user_id: int) -> VerdictState:
    draft = stocked.draft()
    return get_verdicts(stocked.db, [draft.id], user_id)[draft.id]


def approve(stocked: Stock, user_id: int, sending: Sending = G1, **more: str) -> Outcome:
    draft = stocked.draft()
    return verdicts.approve(stocked.db, draft.id, By(user_id, draft.version, **more), sending)  # type: ignore[arg-type]


def reject(stocked: Stock, user_id: int, note: str = "") -> Outcome:
    draft = stocked.draft()
    by = By(user_id, draft.version, 3.0)
    return verdicts.reject(stocked.db, draft.id, by, RejectReason.WRONG, note)


def after_of(db: Database, decision_id: int) -> dict[str, object]:
    with db.read() as session:
        return session.get_one(DecisionRow, decision_id).after


@pytest.mark.parametrize("first", ["approve", "reject"])
def test_first_verdict_decides_nothing(grave: Stock, first: str) -> None:
    draft = grave.draft()
    outcome = approve(grave, grave.ada) if first == "approve" else reject(grave, grave.ada)
    assert outcome == Outcome(Kind.FIRST)
    assert (grave.draft(), list_posts(grave.db), list_decisions(grave.db)) == (draft, (), ())


def test_second_person_sees_that_somebody_has_looked_and_nothing_else(grave: Stock) -> None:
    reject(grave, grave.ada, "Made up: 9 hours.")
    seen = state_of(grave, grave.ben)
    assert seen == VerdictState(needs_two=True, has_other=True)
    mine = state_of(grave, grave.ada).mine
    assert mine is not None
    assert (mine.action, mine.note) == (Action.REJECT, "Made up: 9 hours.")
    said = json.dumps([str(one) for one in list_entries(grave.db, AuditFilter())])
    assert "Made up" not in said


def test_two_approvals_approve_and_the_record_holds_both(grave: Stock) -> None:
    approve(grave, grave.ada, Sending(("g1", "g2")))
    outcome = approve(grave, grave.ben, G2)
    assert outcome.kind is Kind.APPROVED
    assert grave.draft().state is DraftState.APPROVED
    assert [view.post.group_id for view in list_posts(grave.db)] == ["g2"]
    after = after_of(grave.db, outcome.decision_id)
    (first,) = after["verdicts"]  # type: ignore[misc]
    assert after["groups"] == ["g2"]
    assert (first["user"], first["verdict"], first["groups"]) == ("ada", "approve", ["g1", "g2"])
    assert [(d.user, d.action) for d in list_decisions(grave.db)] == [("ben", Action.APPROVE)]


def test_two_rejections_reject(grave: Stock) -> None:
    reject(grave, grave.ada)
    outcome = reject(grave, grave.ben, "Too long.")
    assert outcome.kind is Kind.REJECTED
    assert grave.draft().state is DraftState.REJECTED
    assert list_decisions(grave.db)[0].note == "Too long."


def test_verdicts_that_differ_are_shown_to_everybody_and_wait_for_a_third(grave: Stock) -> None:
    eva = add_user(grave.db, "eva", "hash").id
    approve(grave, grave.ada)
    assert reject(grave, grave.ben) == Outcome(Kind.DIFFER)
    assert grave.draft().state is DraftState.PENDING
    for user, may_settle in ((grave.ada, False), (grave.ben, False), (eva, True)):
        state = state_of(grave, user)
        given = [(one.user, one.action) for one in state.shown]
        assert given == [("ada", Action.APPROVE), ("ben", Action.REJECT)]
        assert state.may_settle is may_settle
    with pytest.raises(NotAllowedError, match="differ"):
        approve(grave, grave.ben)
    outcome = reject(grave, eva)
    assert outcome.kind is Kind.REJECTED
    after = after_of(grave.db, outcome.decision_id)
    assert after["settles"] is True
    assert [one["user"] for one in after["verdicts"]] == ["ada", "ben"]  # type: ignore[attr-defined]


def test_lead_may_settle_though_one_of_the_two(grave: Stock) -> None:
    lead = add_user(grave.db, "lea", "hash", Role.LEAD).id
    reject(grave, grave.ada)
    approve(grave, lead)
    assert approve(grave, lead).kind is Kind.APPROVED


def test_one_person_is_not_two(grave: Stock) -> None:
    approve(grave, grave.ada)
    for give in (approve, reject):
        with pytest.raises(NotAllowedError, match="second person"):
            give(grave, grave.ada)
    assert grave.draft().state is DraftState.PENDING


def test_edit_makes_verdicts_on_the_earlier_text_void(grave: Stock) -> None:
    approve(grave, grave.ada)
    draft = grave.draft()
    edit(grave.db, draft.id, grave.by_ben(draft), "By hand.", [], Risk.LOW)
    assert state_of(grave, grave.ben) == VerdictState(needs_two=True)
    assert approve(grave, grave.ben) == Outcome(Kind.FIRST)
    assert approve(grave, grave.ada).kind is Kind.APPROVED


def test_own_verdict_can_be_taken_back_while_alone(grave: Stock) -> None:
    approve(grave, grave.ada)
    draft = grave.draft()
    with pytest.raises(NotAllowedError):
        take_back(grave.db, draft.id, grave.ben)
    take_back(grave.db, draft.id, grave.ada)
    assert state_of(grave, grave.ben) == VerdictState(needs_two=True)
    assert reject(grave, grave.ada) == Outcome(Kind.FIRST)
    approve(grave, grave.ben)
    with pytest.raises(NotAllowedError):
        take_back(grave.db, draft.id, grave.ada)


def test_first_approval_obeys_the_rules_of_approvals(db: Database) -> None:
    card = replace(make_card("card-0"), stakes=Stakes.HIGH)
    blocked = replace(make_draft("any"), findings=(BLOCKING,), risk=Risk.BLOCKED)
    stocked = stock(db, cards=[card], draft=blocked)
    with pytest.raises(NotAllowedError, match="block this text"):
        approve(stocked, stocked.ada)
    draft = stocked.draft()
    edit(db, draft.id, stocked.by_ada(draft), "By hand.", [], Risk.LOW)
    with pytest.raises(NotAllowedError, match="a second person approves it"):
        approve(stocked, stocked.ada)
    # Whoever rewrote it stands for the text already: with ben there are two.
    assert approve(stocked, stocked.ben).kind is Kind.APPROVED


def test_verdict_on_a_version_that_is_not_there_any_more_is_refused(grave: Stock) -> None:
    draft = grave.draft()
    edit(grave.db, draft.id, grave.by_ben(draft), "By hand.", [], Risk.LOW)
    with pytest.raises(StaleError):
        verdicts.reject(grave.db, draft.id, By(grave.ada, draft.version), RejectReason.WRONG)


def test_undone_approval_needs_two_again(grave: Stock) -> None:
    approve(grave, grave.ada)
    decision = approve(grave, grave.ben).decision_id
    undo(grave.db, decision, grave.ben)
    assert state_of(grave, grave.ada) == VerdictState(needs_two=True)
    assert approve(grave, grave.ada) == Outcome(Kind.FIRST)


def test_house_of_one_person_may_turn_the_rule_off(grave: Stock) -> None:
    draft = grave.draft()
    by = grave.by_ada(draft)
    assert verdicts.approve(grave.db, draft.id, by, G1, needs_two=False).kind is Kind.APPROVED
    assert not get_verdicts(grave.db, [draft.id], grave.ada, needs_two=False)[draft.id].needs_two


def test_normal_stakes_need_one_person(stocked: Stock) -> None:
    assert approve(stocked, stocked.ada).kind is Kind.APPROVED
    assert not state_of(stocked, stocked.ben).needs_two


def test_second_persons_time_is_when_it_goes_out(grave: Stock) -> None:
    soon, later = utc_now() + timedelta(hours=1), utc_now() + timedelta(hours=5)
    approve(grave, grave.ada, Sending(("g1",), due_at=soon))
    approve(grave, grave.ben, Sending(("g1",), due_at=later))
    assert [view.post.due_at for view in list_posts(grave.db)] == [later]


@pytest.mark.parametrize("stakes", list(Stakes))
def test_press_sent_twice_has_one_outcome(db: Database, stakes: Stakes) -> None:
    stocked = stock(db, cards=[replace(make_card("card-0"), stakes=stakes)])
    draft = stocked.draft()
    by = By(stocked.ada, draft.version, request_id="press-1")
    first = verdicts.approve(db, draft.id, by, G1)
    if stakes is Stakes.HIGH:
        assert reject(stocked, stocked.ben).kind is Kind.DIFFER
    assert verdicts.approve(db, draft.id, by, G1) == first
    # The same name of another person is another press.
    other = By(stocked.ben, draft.version, request_id="press-1")
    with pytest.raises((StaleError, NotAllowedError)):
        verdicts.approve(db, draft.id, other, G1)


def test_200_parallel_decisions_lose_none_and_make_none_twice(db: Database) -> None:
    """50 drafts, each approved by two presses of ada and two of ben, all at once: half of normal
    and half of high stakes.
    """
    stakes = (Stakes.NORMAL, Stakes.HIGH)
    cards = [replace(make_card(f"card-{n}", position=n), stakes=stakes[n % 2]) for n in range(50)]
    stocked = stock(db, cards=cards, tones=["expert"])
    drafts = [stocked.draft(card.id) for card in cards]

    def act(number: int) -> str:
        # Twenty at a time, ten presses each: what 200 requests are to a server.
        kinds = []
        for press in range(number, 200, 20):
            draft = drafts[press // 4]
            user = (stocked.ada, stocked.ben)[press % 2]
            by = By(user, draft.version, request_id=f"{draft.id}-{user}")
            try:
                kinds.append(verdicts.approve(db, draft.id, by, Sending(("g1", "g2"))).kind.value)
            except StaleError:
                kinds.append("late")
        return " ".join(kinds)

    counted = Counter(" ".join(race_threads(20, act)).split())
    with db.read() as session:
        made = session.exec(
            select(DecisionRow.draft_id).where(col(DecisionRow.action) == "approve")
        ).all()
    assert sorted(made) == sorted(draft.id for draft in drafts)
    # Of each draft both presses of whoever decided say so. At high stakes the other's say "first".
    assert counted == {"approved": 100, "first": 50, "late": 50}
    posts = [(view.draft_id, view.post.group_id) for view in list_posts(db, limit=1000)]
    assert len(posts) == len(set(posts)) == 100
    assert {view.post.state for view in list_posts(db, limit=1000)} == {PostState.SCHEDULED}


def test_rewriter_stays_the_rewriter_when_a_later_edit_is_taken_back(db: Database) -> None:
    """Or they would approve, alone, what they wrote themselves."""
    draft = replace(make_draft("card-0"), risk=Risk.BLOCKED, findings=(BLOCKING,))
    stocked = stock(db, cards=[replace(make_card("card-0"), stakes=Stakes.HIGH)], draft=draft)
    seen = stocked.draft()
    edit(db, seen.id, stocked.by_ada(seen), "Rewritten.", [], Risk.LOW)
    seen = stocked.draft()
    later = edit(db, seen.id, stocked.by_ben(seen), "Otherwise.", [], Risk.LOW)
    undo(db, later, stocked.ben)
    seen = stocked.draft()
    with pytest.raises(NotAllowedError, match="second person"):
        verdicts.approve(db, seen.id, stocked.by_ada(seen), G1)
    assert verdicts.approve(db, seen.id, stocked.by_ben(seen), G1).kind is Kind.APPROVED


def test_two_who_agree_count_as_a_pair_that_agrees(grave: Stock) -> None:
    ever = (utc_now() - timedelta(days=1), utc_now() + timedelta(days=1))
    draft = grave.draft()
    verdicts.approve(grave.db, draft.id, grave.by_ada(draft), G1)
    assert count_agreement(grave.db, *ever) == Agreement(0, 0)
    verdicts.approve(grave.db, draft.id, grave.by_ben(draft), G1)
    assert count_agreement(grave.db, *ever) == Agreement(1, 1)
