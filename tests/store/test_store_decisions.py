from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from stages.errors import StageError
from stages.types import (
    CardChange,
    ChangeKind,
    Finding,
    PostState,
    Receipt,
    Reuse,
    Risk,
    Severity,
    Stakes,
)
from store.cards import apply_changes
from store.decision_records import list_decisions
from store.decision_types import Action, By, NotAllowedError, RejectReason, StaleError
from store.decisions import edit, undo
from store.drafts import DraftView, add_drafts, list_drafts
from store.engine import Database
from store.groups import set_groups
from store.post_decisions import withdraw
from store.posts import PostView, claim_due_posts, list_posts, list_published, mark_published
from store.sources import set_sources
from store.tables import DecisionRow, DraftState
from tests.deciding import approve, reject
from tests.store.makers import (
    FINDING,
    SOURCE,
    Stock,
    make_card,
    make_draft,
    make_group,
    make_guide,
    stock,
)
from tests.store.processes import race_threads

BLOCKING = Finding("numbers", Severity.CRITICAL, "8 became 9.", (3, 4), (5, 6))


def posts_by_group(db: Database) -> dict[str, PostView]:
    return {view.post.group_id: view for view in list_posts(db)}


def count(db: Database, table: str) -> int:
    with db.read() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


def raw_decisions(db: Database) -> list[tuple[object, ...]]:
    with db.read() as session:
        rows = session.execute(
            text("SELECT action, active_s, undoes_id FROM decisions ORDER BY id")
        )
        return [tuple(row) for row in rows]


# --- approve, reject, edit -------------------------------------------------------------------


def test_approval_schedules_a_post_per_group_with_the_text_and_attribution(
    stocked: Stock,
) -> None:
    draft = stocked.draft()
    approve(stocked.db, draft.id, stocked.by_ada(draft, active_s=7.5), ["g2", "g1"], 120)
    after = stocked.draft()
    assert (after.state, after.version) == (DraftState.APPROVED, 2)
    assert after.decided_at is not None
    posts = posts_by_group(stocked.db)
    wanted = (draft.text, "Title of card-0", "The House, CC BY 4.0", PostState.SCHEDULED)
    assert {
        group: (view.post.text, view.post.title, view.post.attribution, view.post.state)
        for group, view in posts.items()
    } == dict.fromkeys(("g1", "g2"), wanted)
    assert len({view.post.key for view in posts.values()}) == 2
    for view in posts.values():
        assert (view.post.due_at - after.decided_at).total_seconds() == pytest.approx(120)
    assert raw_decisions(stocked.db) == [("approve", 7.5, None)]


def test_approval_for_no_group_is_a_decision_without_a_post(stocked: Stock) -> None:
    draft = stocked.draft()
    approve(stocked.db, draft.id, stocked.by_ada(draft), [], 0)
    assert stocked.draft().state is DraftState.APPROVED
    assert list_posts(stocked.db) == ()


def test_approval_names_a_group_twice_and_gets_one_post(stocked: Stock) -> None:
    draft = stocked.draft()
    approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1", "g1"], 0)
    assert len(list_posts(stocked.db)) == 1


@pytest.mark.parametrize("groups", [["g1", "nowhere"], ["left"]])
def test_approval_for_a_group_that_is_not_there_changes_nothing(
    stocked: Stock, groups: list[str]
) -> None:
    set_groups(stocked.db, [make_group("g1"), make_group("left")])
    set_groups(stocked.db, [make_group("g1")])
    draft = stocked.draft()
    with pytest.raises(NotAllowedError, match=groups[-1]):
        approve(stocked.db, draft.id, stocked.by_ada(draft), groups, 0)
    assert stocked.draft() == draft
    assert (list_posts(stocked.db), list_decisions(stocked.db)) == ((), ())


def test_rejection_keeps_its_reason_and_makes_no_post(stocked: Stock) -> None:
    draft = stocked.draft()
    note = "太硬 " * 900
    reject(stocked.db, draft.id, stocked.by_ada(draft), RejectReason.TONE, note)
    assert stocked.draft().state is DraftState.REJECTED
    (decision,) = list_decisions(stocked.db)
    assert (decision.action, decision.user, decision.reason) == (Action.REJECT, "ada", "tone")
    assert (decision.note, decision.card_id, decision.tone) == (note[:2000], "card-0", "expert")
    assert list_posts(stocked.db) == ()


def test_edit_replaces_text_findings_and_risk_and_keeps_what_was_cooked(stocked: Stock) -> None:
    draft = stocked.draft()
    edit(stocked.db, draft.id, stocked.by_ada(draft), "By hand.", [FINDING], Risk.FLAGGED)
    after = stocked.draft()
    assert (after.text, after.findings, after.risk) == ("By hand.", (FINDING,), Risk.FLAGGED)
    assert (after.machine_text, after.machine_risk) == (draft.text, Risk.LOW)
    assert (after.version, after.revision, after.is_edited) == (2, 1, True)
    assert (after.state, after.decided_at) == (DraftState.PENDING, None)
    edit(stocked.db, draft.id, stocked.by_ben(after), draft.text, [], Risk.LOW)
    again = stocked.draft()
    assert (again.findings, again.revision, again.is_edited) == ((), 2, False)


def test_edited_text_is_what_is_posted(stocked: Stock) -> None:
    draft = stocked.draft()
    edit(stocked.db, draft.id, stocked.by_ada(draft), "By hand.", [], Risk.LOW)
    approve(stocked.db, draft.id, stocked.by_ada(stocked.draft()), ["g1"], 0)
    assert posts_by_group(stocked.db)["g1"].post.text == "By hand."


@pytest.mark.parametrize("first", ["approve", "reject", "edit", "cook"])
@pytest.mark.parametrize("second", ["approve", "reject", "edit"])
def test_decision_on_a_draft_that_changed_meanwhile_is_refused(
    stocked: Stock, first: str, second: str
) -> None:
    seen = stocked.draft()

    def act(what: str, by: By) -> None:
        if what == "approve":
            approve(stocked.db, seen.id, by, ["g1"], 0)
        elif what == "reject":
            reject(stocked.db, seen.id, by, RejectReason.WRONG)
        elif what == "edit":
            edit(stocked.db, seen.id, by, f"By {by.user_id}.", [], Risk.LOW)
        else:
            add_drafts(stocked.db, [make_draft("card-0", nth=1)], stocked.run_id)

    act(first, stocked.by_ada(seen))
    left = (list_drafts(stocked.db, ["card-0"]), list_decisions(stocked.db), list_posts(stocked.db))
    with pytest.raises(StaleError, match=r"since you opened it|replaced by a newer one"):
        act(second, stocked.by_ben(seen))
    assert left == (
        list_drafts(stocked.db, ["card-0"]),
        list_decisions(stocked.db),
        list_posts(stocked.db),
    )


def test_draft_nobody_knows_is_refused(stocked: Stock) -> None:
    with pytest.raises(NotAllowedError, match="no such draft"):
        reject(stocked.db, 10**6, By(stocked.ada, 1), RejectReason.WRONG)


def test_decision_of_an_unknown_user_is_not_made(stocked: Stock) -> None:
    draft = stocked.draft()
    with pytest.raises(IntegrityError):
        approve(stocked.db, draft.id, By(10**6, 1), ["g1"], 0)
    assert (stocked.draft(), list_posts(stocked.db)) == (draft, ())


# --- what must not be approved ---------------------------------------------------------------


def test_blocked_draft_is_approved_only_after_a_rewrite(db: Database) -> None:
    blocked = replace(make_draft("any"), findings=(BLOCKING,), risk=Risk.BLOCKED)
    stocked = stock(db, draft=blocked)
    draft = stocked.draft()
    with pytest.raises(NotAllowedError, match="block this text"):
        approve(db, draft.id, stocked.by_ada(draft), ["g1"], 0)
    assert list_posts(db) == ()
    edit(db, draft.id, stocked.by_ada(draft), "By hand.", [], Risk.FLAGGED)
    approve(db, draft.id, stocked.by_ada(stocked.draft()), ["g1"], 0)  # stakes are normal
    assert stocked.draft().state is DraftState.APPROVED


def test_edit_brings_the_score_of_its_text_and_keeps_the_one_before(db: Database) -> None:
    stocked = stock(db, draft=replace(make_draft("any"), score=0.75))
    edit(db, stocked.draft().id, stocked.by_ada(stocked.draft()), "By hand.", [], Risk.LOW, 0.125)
    with db.read() as session:
        (decision,) = session.exec(select(DecisionRow)).all()
    assert stocked.draft().score == 0.125
    assert (decision.before["score"], decision.after["score"]) == (0.75, 0.125)


def test_edit_that_makes_a_draft_blocked_takes_the_approval_away(stocked: Stock) -> None:
    draft = stocked.draft()
    edit(stocked.db, draft.id, stocked.by_ada(draft), "9 hours", [BLOCKING], Risk.BLOCKED)
    with pytest.raises(NotAllowedError, match="block this text"):
        approve(stocked.db, draft.id, stocked.by_ben(stocked.draft()), ["g1"], 0)


def test_rewrite_of_a_blocked_draft_with_high_stakes_needs_a_second_person(db: Database) -> None:
    card = replace(make_card("card-0"), stakes=Stakes.HIGH)
    blocked = replace(make_draft("any"), findings=(BLOCKING,), risk=Risk.BLOCKED)
    stocked = stock(db, cards=[card], draft=blocked)
    draft = stocked.draft()
    edit(db, draft.id, stocked.by_ada(draft), "Bens words.", [], Risk.LOW)
    edit(db, draft.id, stocked.by_ben(stocked.draft()), "Adas words.", [], Risk.LOW)
    edit(db, draft.id, stocked.by_ada(stocked.draft()), "By hand.", [], Risk.LOW)
    with pytest.raises(NotAllowedError, match="a second person approves it"):
        approve(db, draft.id, stocked.by_ada(stocked.draft()), ["g1"], 0)
    approve(db, draft.id, stocked.by_ben(stocked.draft()), ["g1"], 0)
    assert posts_by_group(db)["g1"].post.text == "By hand."


def test_draft_with_high_stakes_that_was_not_blocked_needs_one_person(db: Database) -> None:
    stocked = stock(db, cards=[replace(make_card("card-0"), stakes=Stakes.HIGH)])
    draft = stocked.draft()
    edit(db, draft.id, stocked.by_ada(draft), "By hand.", [], Risk.LOW)
    approve(db, draft.id, stocked.by_ada(stocked.draft()), ["g1"], 0)
    assert stocked.draft().state is DraftState.APPROVED


@pytest.mark.parametrize("reuse", [r for r in Reuse if r is not Reuse.ADAPT_OK])
def test_source_without_a_licence_to_adapt_can_be_read_but_not_published(
    db: Database, reuse: Reuse
) -> None:
    stocked = stock(db, cards=[make_card("card-0")], guide=make_guide(reuse=reuse))
    draft = stocked.draft()
    with pytest.raises(NotAllowedError, match="licence"):
        approve(db, draft.id, stocked.by_ada(draft), ["g1"], 0)
    assert (stocked.draft(), list_posts(db)) == (draft, ())


def test_draft_of_a_removed_card_is_not_approved(stocked: Stock) -> None:
    draft = stocked.draft()
    gone = CardChange(ChangeKind.REMOVED, make_card("card-0"), None)
    apply_changes(stocked.db, "house/sleep", [gone], "k2")
    with pytest.raises(StaleError, match="its card is gone"):
        approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1"], 0)


def test_draft_of_a_text_the_source_has_changed_since_is_not_approved(stocked: Stock) -> None:
    draft = stocked.draft()
    old, new = make_card("card-0"), make_card("card-0", text="On the back, always.")
    apply_changes(stocked.db, old.guide_id, [CardChange(ChangeKind.MATERIAL, old, new)], "k2")
    with pytest.raises(StaleError, match="The source has changed since this draft was written"):
        approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1"], 0)
    assert (stocked.draft(), list_posts(stocked.db)) == (draft, ())
    add_drafts(stocked.db, [make_draft("card-0", text="Always.", nth=1)], stocked.run_id)
    renewed = stocked.draft()
    approve(stocked.db, renewed.id, stocked.by_ada(renewed), ["g1"], 0)
    assert posts_by_group(stocked.db)["g1"].post.text == "Always."


def test_licence_the_register_takes_away_stops_approvals_of_known_guides(stocked: Stock) -> None:
    draft = stocked.draft()
    set_sources(stocked.db, [replace(SOURCE, reuse=Reuse.LINK_ONLY, licence="All rights")])
    with pytest.raises(NotAllowedError, match=r"\(All rights\) does not let us publish"):
        approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1"], 0)
    set_sources(stocked.db, [SOURCE])
    approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1"], 0)
    assert stocked.draft().state is DraftState.APPROVED


def test_group_gets_a_card_in_one_tone_only(stocked: Stock) -> None:
    db, expert, mom = stocked.db, stocked.draft(), stocked.draft(tone="mom")
    first = approve(db, expert.id, stocked.by_ada(expert), ["g1"], 0)
    with pytest.raises(NotAllowedError, match="already has a post for Group g1"):
        approve(db, mom.id, stocked.by_ben(mom), ["g2", "g1"], 0)
    assert stocked.draft(tone="mom") == mom
    undo(db, first, stocked.ada)
    approve(db, mom.id, stocked.by_ben(mom), ["g2", "g1"], 0)
    other = stocked.draft("card-1")
    approve(db, other.id, stocked.by_ada(other), ["g1"], 0)
    open_posts = [v for v in list_posts(db) if v.post.state is not PostState.WITHDRAWN]
    assert sorted((v.card_id, v.tone, v.post.group_id) for v in open_posts) == [
        ("card-0", "mom", "g1"),
        ("card-0", "mom", "g2"),
        ("card-1", "expert", "g1"),
    ]


def test_post_without_a_decision_cannot_be_written(stocked: Stock) -> None:
    insert = text(
        "INSERT INTO posts (key, draft_id, decision_id, group_id, channel, title, text, "
        "attribution, source_url, lang, state, due_at, external_id, attempts, holder, created_at) "
        "SELECT 'k', id, :decision, 'g1', 'atom', '', text, '', '', lang, 'scheduled', "
        "created_at, '', 0, '', created_at FROM drafts WHERE id = :draft"
    )
    for decision in (None, 10**6):
        with pytest.raises(IntegrityError), stocked.db.write() as session:
            session.execute(insert, {"decision": decision, "draft": stocked.draft().id})
    assert list_posts(stocked.db) == ()


def test_decision_that_carries_a_post_cannot_be_deleted(stocked: Stock) -> None:
    draft = stocked.draft()
    approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1"], 0)
    with pytest.raises(IntegrityError), stocked.db.write() as session:
        session.execute(text("DELETE FROM decisions"))


# --- undo and withdraw -------------------------------------------------------------------------


def test_undo_of_an_approval_withdraws_posts_that_wait_and_posts_that_are_out(
    stocked: Stock,
) -> None:
    db, draft = stocked.db, stocked.draft()
    decision = approve(db, draft.id, stocked.by_ada(draft), ["g1", "g2"], 0)
    out, waiting = claim_due_posts(db, limit=1), list_posts(db, PostState.SCHEDULED)
    mark_published(db, out[0].id, Receipt("e1"))
    assert (len(out), len(waiting)) == (1, 1)
    undo(db, decision, stocked.ada)
    after = stocked.draft()
    assert (after.state, after.version, after.decided_at) == (DraftState.PENDING, 3, None)
    assert {view.post.state for view in list_posts(db)} == {PostState.WITHDRAWN}
    assert [list_published(db, group) for group in ("g1", "g2")] == [(), ()]
    assert claim_due_posts(db) == ()
    assert [(d.action, d.is_undone) for d in list_decisions(db)] == [
        (Action.UNDO, False),
        (Action.APPROVE, True),
    ]
    assert raw_decisions(db)[1][2] == decision


def test_undo_of_a_rejection_makes_the_draft_pending(stocked: Stock) -> None:
    draft = stocked.draft()
    decision = reject(stocked.db, draft.id, stocked.by_ada(draft), RejectReason.OTHER)
    undo(stocked.db, decision, stocked.ada)
    assert stocked.draft().state is DraftState.PENDING


def test_undo_is_for_the_person_who_decided_and_once(stocked: Stock) -> None:
    draft = stocked.draft()
    decision = approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1"], 60)
    with pytest.raises(NotAllowedError, match="Only the person who decided"):
        undo(stocked.db, decision, stocked.ben)
    undoing = undo(stocked.db, decision, stocked.ada)
    with pytest.raises(StaleError):
        undo(stocked.db, decision, stocked.ada)
    for nothing in (undoing, 10**6):
        with pytest.raises(NotAllowedError, match="no such decision"):
            undo(stocked.db, nothing, stocked.ada)


def test_undo_is_refused_when_something_newer_stands_on_the_decision(stocked: Stock) -> None:
    draft = stocked.draft()
    first = reject(stocked.db, draft.id, stocked.by_ada(draft), RejectReason.OTHER)
    undo(stocked.db, first, stocked.ada)
    approve(stocked.db, draft.id, stocked.by_ben(stocked.draft()), ["g1"], 60)
    with pytest.raises(StaleError):
        undo(stocked.db, first, stocked.ada)
    assert stocked.draft().state is DraftState.APPROVED


def test_undo_while_a_post_is_being_sent_changes_nothing(stocked: Stock) -> None:
    draft = stocked.draft()
    decision = approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1", "g2"], 0)
    claim_due_posts(stocked.db, limit=1)
    with pytest.raises(NotAllowedError, match="being sent"):
        undo(stocked.db, decision, stocked.ada)
    assert stocked.draft().state is DraftState.APPROVED
    states = Counter(view.post.state for view in list_posts(stocked.db))
    assert states == {PostState.SENDING: 1, PostState.SCHEDULED: 1}


def test_same_text_approved_again_after_undo_goes_out_once_as_the_same_post(
    stocked: Stock,
) -> None:
    db, draft = stocked.db, stocked.draft()
    first = approve(db, draft.id, stocked.by_ada(draft), ["g1", "g2"], 0)
    before = posts_by_group(db)
    undo(db, first, stocked.ada)
    approve(db, draft.id, stocked.by_ben(stocked.draft()), ["g1"], 0)
    after = posts_by_group(db)
    assert (after["g1"].post.id, after["g1"].post.key) == (
        before["g1"].post.id,
        before["g1"].post.key,
    )
    assert after["g1"].post.state is PostState.SCHEDULED
    assert after["g2"].post.state is PostState.WITHDRAWN
    assert [post.group_id for post in claim_due_posts(db)] == ["g1"]


def test_edited_text_approved_after_undo_is_another_post(stocked: Stock) -> None:
    db, draft = stocked.db, stocked.draft()
    first = approve(db, draft.id, stocked.by_ada(draft), ["g1"], 0)
    undo(db, first, stocked.ada)
    edit(db, draft.id, stocked.by_ada(stocked.draft()), "By hand.", [], Risk.LOW)
    approve(db, draft.id, stocked.by_ada(stocked.draft()), ["g1"], 0)
    assert sorted((view.post.text, view.post.state) for view in list_posts(db)) == [
        ("By hand.", PostState.SCHEDULED),
        (draft.text, PostState.WITHDRAWN),
    ]


def test_second_undo_after_a_second_approval_withdraws_again(stocked: Stock) -> None:
    for _ in range(2):
        draft = stocked.draft()
        decision = approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1"], 0)
        undo(stocked.db, decision, stocked.ada)
    assert [view.post.state for view in list_posts(stocked.db)] == [PostState.WITHDRAWN]
    assert len(list_decisions(stocked.db)) == 4


def test_withdrawal_takes_one_post_back_whatever_became_of_its_draft(stocked: Stock) -> None:
    db, draft = stocked.db, stocked.draft()
    approve(db, draft.id, stocked.by_ada(draft), ["g1", "g2"], 0)
    for post in claim_due_posts(db):
        mark_published(db, post.id, Receipt(""))
    add_drafts(db, [make_draft("card-0", nth=1)], stocked.run_id)
    post = posts_by_group(db)["g1"].post
    withdraw(db, post.id, stocked.ben, "The source changed.")
    assert (list_published(db, "g1"), len(list_published(db, "g2"))) == ((), 1)
    latest = list_decisions(db)[0]
    assert (latest.action, latest.user, latest.note) == (
        Action.WITHDRAW,
        "ben",
        "The source changed.",
    )
    for nothing in (post.id, 10**6):
        with pytest.raises(NotAllowedError, match="no such post"):
            withdraw(db, nothing, stocked.ben)


def test_withdrawal_of_a_post_being_sent_is_refused(stocked: Stock) -> None:
    draft = stocked.draft()
    approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1"], 0)
    (post,) = claim_due_posts(stocked.db)
    with pytest.raises(NotAllowedError, match="being sent"):
        withdraw(stocked.db, post.id, stocked.ben)
    assert len(list_decisions(stocked.db)) == 1


# --- many people at once -----------------------------------------------------------------------


def test_parallel_decisions_are_never_made_twice_and_never_lost(db: Database) -> None:
    cards = [make_card(f"card-{n}", position=n) for n in range(200)]
    stocked = stock(db, cards=cards, tones=["mom"])
    ids = [stocked.draft(card_id, "mom").id for card_id in stocked.card_ids]

    def decide(person: int) -> Counter[str]:
        user_id = (stocked.ada, stocked.ben)[person]
        outcomes: Counter[str] = Counter()
        for draft_id in ids if person == 0 else reversed(ids):
            try:
                if person == 0:
                    approve(db, draft_id, By(user_id, 1), ["g1"], 0)
                else:
                    reject(db, draft_id, By(user_id, 1), RejectReason.TONE)
                outcomes["made"] += 1
            except StaleError:
                outcomes["stale"] += 1
        return outcomes

    approvals, rejections = race_threads(2, decide)
    assert approvals.total() == rejections.total() == 200
    assert approvals["made"] + rejections["made"] == 200
    drafts = [views[0] for views in list_drafts(db, stocked.card_ids).values()]
    assert Counter(draft.state for draft in drafts) == Counter(
        {DraftState.APPROVED: approvals["made"], DraftState.REJECTED: rejections["made"]}
    )
    assert {draft.version for draft in drafts} == {2}
    assert (count(db, "decisions"), count(db, "posts")) == (200, approvals["made"])


def test_people_who_decide_on_one_draft_in_the_same_instant_make_one_decision(
    stocked: Stock,
) -> None:
    for card_id in stocked.card_ids:
        draft = stocked.draft(card_id)

        def decide(person: int, draft_id: int = draft.id) -> str:
            try:
                approve(stocked.db, draft_id, By(stocked.ada, 1), ["g1", "g2"], 0)
            except StaleError:
                return "stale"
            return "made"

        assert Counter(race_threads(6, decide)) == {"made": 1, "stale": 5}
    assert (count(stocked.db, "decisions"), count(stocked.db, "posts")) == (4, 8)


def test_two_tones_approved_for_one_group_in_the_same_instant_make_one_post(
    stocked: Stock,
) -> None:
    tones = ("expert", "mom", "engagement")
    for card_id in stocked.card_ids:
        drafts = [stocked.draft(card_id, tone) for tone in tones]

        def decide(person: int, drafts: list[DraftView] = drafts) -> str:
            try:
                approve(stocked.db, drafts[person].id, By(stocked.ada, 1), ["g1"], 0)
            except NotAllowedError:
                return "taken"
            return "made"

        assert Counter(race_threads(3, decide)) == {"made": 1, "taken": 2}
    assert (count(stocked.db, "decisions"), count(stocked.db, "posts")) == (4, 4)


def test_undo_and_sending_in_the_same_instant_never_both_win(stocked: Stock) -> None:
    db = stocked.db
    set_groups(db, [make_group(f"g{n}") for n in range(1, 5)])
    for card_id in stocked.card_ids:
        for tone, groups in (("expert", ["g1", "g2"]), ("mom", ["g3", "g4"])):
            draft = stocked.draft(card_id, tone)
            decision = approve(db, draft.id, stocked.by_ada(draft), groups, 0)

            def act(person: int, decision: int = decision) -> object:
                if person == 0:
                    return claim_due_posts(db)
                try:
                    return undo(db, decision, stocked.ada)
                except StageError as error:
                    return str(error)

            sent, undone = race_threads(2, act)
            states = {v.post.state for v in list_posts(db) if v.draft_id == draft.id}
            if isinstance(undone, int):
                assert (sent, states) == ((), {PostState.WITHDRAWN})
            else:
                assert isinstance(sent, tuple)
                assert (len(sent), states) == (2, {PostState.SENDING})


# --- the log -------------------------------------------------------------------------------------


def test_decisions_are_listed_latest_first_by_card_and_by_person(stocked: Stock) -> None:
    db = stocked.db
    for card_id, user_id in (
        ("card-0", stocked.ada),
        ("card-1", stocked.ben),
        ("card-2", stocked.ada),
    ):
        reject(db, stocked.draft(card_id).id, By(user_id, 1), RejectReason.OTHER)
    assert [d.card_id for d in list_decisions(db)] == ["card-2", "card-1", "card-0"]
    assert [d.card_id for d in list_decisions(db, user_id=stocked.ada)] == ["card-2", "card-0"]
    assert [d.user for d in list_decisions(db, card_id="card-1")] == ["ben"]
    assert [d.card_id for d in list_decisions(db, limit=1)] == ["card-2"]


def test_decision_keeps_the_text_before_and_after_an_edit(stocked: Stock) -> None:
    draft = stocked.draft()
    edit(stocked.db, draft.id, stocked.by_ada(draft), "By hand.", [], Risk.FLAGGED)
    with stocked.db.read() as session:
        row = session.exec(select(DecisionRow)).one()
    before = {"state": "pending", "version": 1, "text": draft.text, "risk": "low", "score": None}
    before["findings"] = []
    assert row.before == before
    assert row.after == {
        "state": "pending",
        "version": 2,
        "revision": 1,
        "text": "By hand.",
        "risk": "flagged",
        "score": None,
    }


def test_card_goes_to_no_group_that_reads_another_language(stocked: Stock) -> None:
    set_groups(stocked.db, [make_group("g1"), make_group("mama", lang="zh-Hans")])
    draft = stocked.draft()
    with pytest.raises(NotAllowedError, match="reads another language: Group mama"):
        approve(stocked.db, draft.id, stocked.by_ada(draft), ["g1", "mama"], 0)
    assert stocked.draft() == draft
