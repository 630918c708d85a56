"""Tone versions: which one writes, which one is tried, and what became of their drafts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.types import Completion, Placement, Risk
from store.cards import list_cards
from store.completions import StoreLedger
from store.decision_types import NotAllowedError, RejectReason, StaleError
from store.decisions import edit
from store.drafts import add_drafts, list_drafts
from store.engine import Database, utc_now
from store.guides import remove_guide
from store.past_drafts import bring_back, list_past_keys
from store.placements import set_placements
from store.runs import start_run
from store.tone_changes import (
    Canary,
    Standing,
    ToneAction,
    is_in_share,
    list_canary_cards,
    list_standings,
    list_tone_changes,
    promote,
    rollback,
    start_canary,
    stop_canary,
)
from store.tone_figures import (
    VersionFigures,
    cost_of_a_draft,
    count_canary_cards,
    count_untouched,
    count_versions,
)
from store.tones import Place, ToneFile, get_tone_file, keep_tone_files, list_tone_files
from tests.deciding import approve, reject
from tests.store.makers import Stock, make_draft
from tests.store.processes import race_threads


def tone_file(version: str, place: Place = Place.NEXT, tone: str = "mom") -> ToneFile:
    return ToneFile(f"{tone} {version}", tone, version, f"text of {tone} {version}", place)


TOP = tone_file("1.0", Place.TOP)
FILES = (TOP, tone_file("1.1"), tone_file("1.2"))


@pytest.fixture
def known(db: Database) -> Database:
    """A database that knows three versions of mom, 1.0 on top."""
    keep_tone_files(db, FILES)
    return db


def standing(db: Database) -> tuple[str, str]:
    """Which version of mom writes, and which one a rollback returns to."""
    found = list_standings(db).get("mom", Standing("mom"))
    return found.active, found.before


# --- files ---------------------------------------------------------------------------------------


def test_files_are_kept_for_good_and_know_where_they_stand(known: Database) -> None:
    keep_tone_files(known, [replace(FILES[1], place=Place.TOP), replace(TOP, place=Place.EARLIER)])
    assert {file.version: file.place for file in list_tone_files(known)} == {
        "1.0": Place.EARLIER,
        "1.1": Place.TOP,
        "1.2": Place.GONE,
    }
    assert get_tone_file(known, "mom 1.2") == replace(FILES[2], place=Place.GONE)
    assert get_tone_file(known, "mom 9") is None


# --- which version writes ------------------------------------------------------------------------


def test_nobody_having_changed_anything_leaves_it_to_the_file_on_top(known: Database) -> None:
    assert list_standings(known) == {}


def test_promotions_are_rolled_back_one_by_one(known: Database) -> None:
    promote(known, "mom", "mom 1.1", None)
    promote(known, "mom", "mom 1.2", None)
    assert standing(known) == ("mom 1.2", "mom 1.1")
    rollback(known, "mom", None)
    assert standing(known) == ("mom 1.1", "mom 1.0")
    rollback(known, "mom", None)
    assert standing(known) == ("mom 1.0", "")
    with pytest.raises(NotAllowedError, match="No version was promoted"):
        rollback(known, "mom", None)


def test_rollback_after_a_new_promotion_returns_to_what_wrote_before_it(known: Database) -> None:
    promote(known, "mom", "mom 1.1", None)
    rollback(known, "mom", None)
    promote(known, "mom", "mom 1.2", None)
    rollback(known, "mom", None)
    assert standing(known) == ("mom 1.0", "")


def test_promoted_version_stays_when_another_file_is_put_on_top(known: Database) -> None:
    promote(known, "mom", "mom 1.1", None)
    keep_tone_files(known, [replace(FILES[2], place=Place.TOP)])
    assert standing(known) == ("mom 1.1", "mom 1.0")


def test_tones_do_not_meddle_with_each_other(known: Database) -> None:
    keep_tone_files(known, [*FILES, tone_file("1.0", Place.TOP, "expert")])
    promote(known, "mom", "mom 1.1", None)
    assert set(list_standings(known)) == {"mom"}
    with pytest.raises(NotAllowedError, match="No version was promoted"):
        rollback(known, "expert", None)


def test_changes_are_on_record_with_who_why_and_what_was_before(stocked: Stock) -> None:
    db = stocked.db
    keep_tone_files(db, FILES)
    start_canary(db, "mom", "mom 1.1", stocked.ada, share=0.2)
    promote(db, "mom", "mom 1.1", stocked.ben, "  Clearer.  ")
    rollback(db, "mom", None, "x" * 3000)
    start_canary(db, "mom", "mom 1.2", stocked.ada, groups=["g2", "g1", "g2"])
    stop_canary(db, "mom", stocked.ada)
    assert [
        (each.action, each.hash, each.before_hash, each.share, each.groups, each.user, each.note)
        for each in reversed(list_tone_changes(db))
    ] == [
        (ToneAction.CANARY, "mom 1.1", "mom 1.0", 0.2, (), "ada", ""),
        (ToneAction.PROMOTE, "mom 1.1", "mom 1.0", 0.0, (), "ben", "Clearer."),
        (ToneAction.ROLLBACK, "mom 1.0", "mom 1.1", 0.0, (), "", "x" * 2000),
        (ToneAction.CANARY, "mom 1.2", "mom 1.0", 0.0, ("g2", "g1"), "ada", ""),
        (ToneAction.STOP_CANARY, "mom 1.2", "mom 1.0", 0.0, (), "ada", ""),
    ]
    assert [each.id for each in list_tone_changes(db, limit=1)] == [
        list_standings(db)["mom"].last_id
    ]


@pytest.mark.parametrize(
    ("tone", "tone_hash", "message"),
    [
        ("mom", "mom 1.0", "mom 1.0 is the version that writes already."),
        ("mom", "nope", "There is no such version of mom."),
        ("mom", "expert 1.0", "There is no such version of mom."),
        ("dad", "mom 1.1", "There is no tone dad."),
    ],
)
def test_promotion_and_canary_refuse_what_cannot_write(
    known: Database, tone: str, tone_hash: str, message: str
) -> None:
    keep_tone_files(known, [*FILES, tone_file("1.0", Place.TOP, "expert")])
    with pytest.raises(NotAllowedError) as caught:
        promote(known, tone, tone_hash, None)
    assert str(caught.value) == message
    with pytest.raises(NotAllowedError) as caught:
        start_canary(known, tone, tone_hash, None, share=0.1)
    assert str(caught.value) == message
    assert list_tone_changes(known) == ()


def test_who_has_not_seen_the_last_change_changes_nothing(known: Database) -> None:
    promote(known, "mom", "mom 1.1", None, seen=0)
    seen = list_standings(known)["mom"].last_id
    for act in (
        lambda: promote(known, "mom", "mom 1.2", None, seen=0),
        lambda: rollback(known, "mom", None, seen=0),
        lambda: start_canary(known, "mom", "mom 1.2", None, share=0.5, seen=seen + 1),
        lambda: stop_canary(known, "mom", None, seen=0),
    ):
        with pytest.raises(StaleError, match="Somebody changed mom"):
            act()
    assert standing(known) == ("mom 1.1", "mom 1.0")


def test_of_two_who_promote_at_once_one_is_told_to_look_again(known: Database) -> None:
    outcomes: list[str] = []

    def act(number: int) -> None:
        try:
            promote(known, "mom", FILES[1 + number].hash, None, seen=0)
        except StaleError:
            outcomes.append("stale")
        else:
            outcomes.append("promoted")

    race_threads(2, act)
    assert sorted(outcomes) == ["promoted", "stale"]
    assert len(list_tone_changes(known)) == 1


# --- canaries ------------------------------------------------------------------------------------


def canary(db: Database) -> Canary | None:
    return list_standings(db)["mom"].canary


def test_canary_runs_until_it_is_stopped(known: Database) -> None:
    start_canary(known, "mom", "mom 1.1", None, share=0.2)
    found = canary(known)
    assert found is not None
    assert (found.hash, found.share, found.groups) == ("mom 1.1", 0.2, ())
    assert standing(known) == ("", "")
    stop_canary(known, "mom", None)
    assert canary(known) is None
    with pytest.raises(NotAllowedError, match="No canary of mom runs"):
        stop_canary(known, "mom", None)


def test_canary_with_another_share_began_when_it_began(known: Database) -> None:
    start_canary(known, "mom", "mom 1.1", None, share=0.1)
    first = canary(known)
    start_canary(known, "mom", "mom 1.1", None, share=0.5)
    raised = canary(known)
    start_canary(known, "mom", "mom 1.2", None, share=0.5)
    other = canary(known)
    assert first is not None
    assert raised is not None
    assert other is not None
    assert (raised.share, raised.since) == (0.5, first.since)
    assert other.since > first.since


def test_canary_ends_with_its_promotion_and_outlives_that_of_another(known: Database) -> None:
    start_canary(known, "mom", "mom 1.1", None, share=0.1)
    promote(known, "mom", "mom 1.2", None)
    assert canary(known) is not None
    promote(known, "mom", "mom 1.1", None)
    assert canary(known) is None
    rollback(known, "mom", None)
    assert canary(known) is None
    with pytest.raises(NotAllowedError, match="No canary of mom runs"):
        stop_canary(known, "mom", None)


def test_canary_that_a_rollback_brings_back_as_the_writer_ends(known: Database) -> None:
    promote(known, "mom", "mom 1.1", None)
    start_canary(known, "mom", "mom 1.0", None, share=0.1)
    rollback(known, "mom", None)
    assert (standing(known), canary(known)) == (("mom 1.0", ""), None)


@pytest.mark.parametrize(
    ("share", "groups", "message"),
    [
        (0.0, [], "Say either a share of the cards or groups."),
        (0.5, ["g1"], "Say either a share of the cards or groups."),
        (-0.1, [], "A share is more than 0 and at most 1 (100 %)."),
        (1.1, [], "A share is more than 0 and at most 1 (100 %)."),
        (float("nan"), [], "A share is more than 0 and at most 1 (100 %)."),
        (0.0, ["g1", "nope"], "There is no group nope."),
    ],
)
def test_canary_without_sense_is_refused(
    stocked: Stock, share: float, groups: list[str], message: str
) -> None:
    keep_tone_files(stocked.db, FILES)
    with pytest.raises(NotAllowedError) as caught:
        start_canary(stocked.db, "mom", "mom 1.1", None, share=share, groups=groups)
    assert str(caught.value) == message


SHARES = st.floats(0, 1)
DRAWN = [3, 8, 10, 15, 17]
"""Of twenty cards, those in a share of .3: drawn once, for every release after."""


@given(st.text(), SHARES, SHARES)
def test_larger_share_keeps_the_cards_of_a_smaller_one(card: str, one: float, two: float) -> None:
    small, large = sorted((one, two))
    assert is_in_share("mom", card, large) or not is_in_share("mom", card, small)


@given(st.text())
def test_share_of_all_is_all_and_of_none_is_none(card: str) -> None:
    assert is_in_share("mom", card, 1.0)
    assert not is_in_share("mom", card, 0.0)


def test_share_is_about_that_share_of_the_cards_and_other_cards_for_each_tone() -> None:
    cards = [f"{number:016x}" for number in range(20_000)]
    mom = {card for card in cards if is_in_share("mom", card, 0.2)}
    expert = {card for card in cards if is_in_share("expert", card, 0.2)}
    # Four standard deviations of a fair draw: sqrt(20,000 * .2 * .8) is 57.
    assert abs(len(mom) - 4_000) < 4 * 57
    assert abs(len(mom & expert) - 800) < 4 * 28


def test_same_cards_are_in_a_share_in_every_release() -> None:
    drawn = [n for n in range(20) if is_in_share("mom", f"card-{n}", 0.3)]
    assert drawn == DRAWN


def test_canary_of_groups_has_the_cards_placed_there(stocked: Stock) -> None:
    db = stocked.db
    keep_tone_files(db, FILES)
    placed = {
        "card-0": [Placement("card-0", "g1", "mom", 0.9, ())],
        "card-1": [Placement("card-1", "g1", "mom", 0.9, ()),
                   Placement("card-1", "g2", "mom", 0.4, ())],
        "card-2": [Placement("card-2", "g2", "mom", 0.9, ())],
    }  # fmt: skip
    set_placements(db, placed, dict.fromkeys(placed, "k"))
    start_canary(db, "mom", "mom 1.1", None, groups=["g1"])
    found = canary(db)
    assert found is not None
    cards = stocked.card_ids
    assert list_canary_cards(db, "mom", found, cards) == {"card-0", "card-1"}
    assert list_canary_cards(db, "mom", found, ["card-1", "card-2"]) == {"card-1"}
    assert count_canary_cards(db) == {"mom": 2}
    remove_guide(db, "house/sleep")
    assert count_canary_cards(db) == {"mom": 0}


def test_canary_of_a_share_counts_the_cards_of_the_library(stocked: Stock) -> None:
    db = stocked.db
    keep_tone_files(db, FILES)
    start_canary(db, "mom", "mom 1.1", None, share=0.3)
    expected = sum(is_in_share("mom", card.id, 0.3) for card in list_cards(db, "house/sleep"))
    assert count_canary_cards(db) == {"mom": expected}


# --- what became of the drafts -------------------------------------------------------------------


def test_figures_tell_risk_and_decisions_of_each_version(stocked: Stock) -> None:
    db = stocked.db
    for card_id, risk in (("card-0", Risk.FLAGGED), ("card-1", Risk.BLOCKED)):
        newer = replace(make_draft(card_id, "mom", nth=1), tone_hash="mom 1.1", risk=risk)
        add_drafts(db, [newer], stocked.run_id)
    draft = stocked.draft("card-2", "mom")
    approve(db, draft.id, stocked.by_ada(draft), [], 0)
    draft = stocked.draft("card-0", "mom")
    edit(db, draft.id, stocked.by_ada(draft), "Better.", (), Risk.LOW)
    draft = stocked.draft("card-0", "mom")
    approve(db, draft.id, stocked.by_ada(draft), [], 0)
    draft = stocked.draft("card-3", "mom")
    reject(db, draft.id, stocked.by_ada(draft), RejectReason.TONE)
    figures = count_versions(db)
    assert {key: figures[key] for key in ("hash of mom", "mom 1.1")} == {
        "hash of mom": VersionFigures(drafts=4, low=4, pending=2, approved=1, rejected=1),
        "mom 1.1": VersionFigures(drafts=2, flagged=1, blocked=1, pending=1, edited=1),
    }
    assert figures["mom 1.1"].decided == 1


def test_figures_since_a_time_leave_out_older_drafts_and_other_tones(stocked: Stock) -> None:
    db, now = stocked.db, utc_now()
    hour = timedelta(hours=1)
    assert count_versions(db, {"mom": now + hour}) == {}
    assert count_versions(db, {"mom": now - hour, "expert": now + hour}) == {
        "hash of mom": VersionFigures(drafts=4, low=4, pending=4)
    }
    assert count_versions(db, {}) == {}


def test_untouched_are_current_drafts_of_live_cards_nobody_decided_or_edited(
    stocked: Stock,
) -> None:
    db = stocked.db
    add_drafts(db, [replace(make_draft("card-0", "mom", nth=1), tone_hash="h2")], stocked.run_id)
    draft = stocked.draft("card-1", "mom")
    edit(db, draft.id, stocked.by_ada(draft), "Better.", (), Risk.LOW)
    draft = stocked.draft("card-2", "mom")
    reject(db, draft.id, stocked.by_ada(draft), RejectReason.TONE)
    assert count_untouched(db)["mom"] == {"hash of mom": 1, "h2": 1}
    remove_guide(db, "house/sleep")
    assert count_untouched(db) == {}


def test_cost_of_a_draft_is_shared_by_the_tones_of_a_call(stocked: Stock) -> None:
    db = stocked.db
    assert cost_of_a_draft(db, "openai/x") is None
    drafts = [
        replace(make_draft(card, tone, nth=7), model="openai/x")
        for card in ("card-0", "card-1")
        for tone in ("expert", "mom", "engagement")
    ]
    add_drafts(db, drafts, stocked.run_id)
    assert cost_of_a_draft(db, "openai/x") is None
    ledger = StoreLedger(db, stocked.run_id, Decimal(9), Decimal(9))
    for key in ("a", "b"):
        ledger.claim(key, "openai/x", "h", Decimal("0.01"))
        ledger.settle(Completion(key, "openai/x", "{}", 10, 10, Decimal("0.003"), 1.0))
    assert cost_of_a_draft(db, "openai/x") == Decimal("0.001")
    assert cost_of_a_draft(db, "openai/y") is None
    for kind in ("try", "eval"):
        apart = replace(ledger, run_id=start_run(db, kind, [], {}))
        apart.claim(kind, "openai/x", "h", Decimal("0.01"))
        apart.settle(Completion(kind, "openai/x", "{}", 10, 10, Decimal("0.003"), 1.0))
    assert cost_of_a_draft(db, "openai/x") == Decimal("0.001")


@pytest.mark.parametrize("score", [None, 0.0, 0.8125, 1.0])
def test_score_of_a_draft_is_kept(stocked: Stock, score: float | None) -> None:
    add_drafts(stocked.db, [replace(make_draft("card-0", nth=1), score=score)], stocked.run_id)
    assert stocked.draft("card-0").score == score
    assert {draft.score for draft in list_drafts(stocked.db, ["card-1"])["card-1"]} == {None}


# --- drafts that stand again ---------------------------------------------------------------------


def replace_mom(stocked: Stock, card_id: str = "card-0") -> None:
    """Another draft takes the place of the first one."""
    newer = replace(make_draft(card_id, "mom", nth=1), tone_hash="h2")
    add_drafts(stocked.db, [newer], stocked.run_id)


def test_draft_that_was_replaced_stands_again(stocked: Stock) -> None:
    db, first = stocked.db, stocked.draft("card-0", "mom")
    others = {tone: stocked.draft("card-0", tone) for tone in ("expert", "engagement")}
    replace_mom(stocked)
    assert list_past_keys(db, stocked.card_ids) == {"card-0/mom/0"}
    assert bring_back(db, ["card-0/mom/0", "nope"]) == 1
    assert stocked.draft("card-0", "mom") == first
    assert {tone: stocked.draft("card-0", tone) for tone in others} == others
    assert list_past_keys(db, stocked.card_ids) == {"card-0/mom/1"}
    assert bring_back(db, ["card-0/mom/0"]) == bring_back(db, []) == 0


@pytest.mark.parametrize("work", ["reject", "edit"])
def test_draft_a_person_worked_on_keeps_its_place(stocked: Stock, work: str) -> None:
    replace_mom(stocked)
    draft = stocked.draft("card-0", "mom")
    if work == "reject":
        reject(stocked.db, draft.id, stocked.by_ada(draft), RejectReason.TONE)
    else:
        edit(stocked.db, draft.id, stocked.by_ada(draft), "Better.", (), Risk.LOW)
    assert bring_back(stocked.db, ["card-0/mom/0"]) == 0
    assert stocked.draft("card-0", "mom").id == draft.id
