"""The record: filters, pages, and what is never in it."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from stages.types import Risk
from store.audit import AuditFilter, Entry, Kind, iterate_entries, list_entries
from store.decision_types import RejectReason
from store.decisions import edit, undo
from store.desk_tables import AccountChangeRow, VerdictRow
from store.engine import utc_now
from store.quarantine import resume_source, stop_source
from store.tables import DecisionRow
from tests.deciding import approve, reject
from tests.store.makers import Stock
from tests.store.queries import counted_queries


def decide_some(stocked: Stock) -> dict[str, int]:
    """Ada approves and takes it back, edits; Ben rejects. Ids by what was done."""
    draft = stocked.draft("card-0", "expert")
    made = {"approve": approve(stocked.db, draft.id, stocked.by_ada(draft, 7.5), ["g1"], 60)}
    made["undo"] = undo(stocked.db, made["approve"], stocked.ada)
    draft = stocked.draft("card-1", "mom")
    made["edit"] = edit(stocked.db, draft.id, stocked.by_ada(draft), "Mine.", (), Risk.LOW)
    draft = stocked.draft("card-2", "mom")
    made["reject"] = reject(
        stocked.db, draft.id, stocked.by_ben(draft), RejectReason.TONE, "too stiff"
    )
    return made


def ids(entries: tuple[Entry, ...]) -> list[int]:
    return [entry.id for entry in entries]


def test_entries_tell_who_did_what_to_which_draft(stocked: Stock) -> None:
    made = decide_some(stocked)
    found = {entry.id: entry for entry in list_entries(stocked.db, AuditFilter())}
    assert set(found) == set(made.values())
    first = found[made["approve"]]
    assert (first.user, first.action, first.card_id, first.about) == (
        "ada", "approve", "card-0", "Title of card-0",
    )  # fmt: skip
    assert (first.tone, first.tone_version, first.tone_hash, first.model, first.key) == (
        "expert", "1", "hash of expert", "offline/house", "card-0/expert/0",
    )  # fmt: skip
    assert (first.active_s, first.source_id, first.guide_id) == (7.5, "house", "house/sleep")
    assert first.before["state"] == "pending"
    assert first.after["groups"] == ["g1"]
    assert (first.is_undone, found[made["undo"]].undoes_id) == (True, made["approve"])
    edited = found[made["edit"]]
    assert (edited.before["text"], edited.after["text"]) == ("Lay baby down on the back.", "Mine.")
    assert (found[made["reject"]].reason, found[made["reject"]].note) == ("tone", "too stiff")


def test_filters_narrow_one_by_one(stocked: Stock) -> None:
    made = decide_some(stocked)
    now = utc_now()
    cases = {
        AuditFilter(person="ben"): ["reject"],
        AuditFilter(action="undo"): ["undo"],
        AuditFilter(tone="mom"): ["reject", "edit"],
        AuditFilter(card_id="card-0"): ["undo", "approve"],
        AuditFilter(source_id="house", person="ben"): ["reject"],
        AuditFilter(source_id="elsewhere"): [],
        AuditFilter(batch="b1"): [],
        AuditFilter(since=now + timedelta(hours=1)): [],
        AuditFilter(until=now - timedelta(hours=1)): [],
        AuditFilter(since=now - timedelta(hours=1), action="edit"): ["edit"],
    }
    for wanted, expected in cases.items():
        assert ids(list_entries(stocked.db, wanted)) == [made[name] for name in expected], wanted


def test_pages_follow_one_another_and_batches_hold_every_entry_once(stocked: Stock) -> None:
    decide_some(stocked)
    every = ids(list_entries(stocked.db, AuditFilter()))
    first = list_entries(stocked.db, AuditFilter(), limit=3)
    rest = list_entries(stocked.db, AuditFilter(), below=first[-1].id)
    assert ids(first) + ids(rest) == every
    batches = [entry.id for batch in iterate_entries(stocked.db, AuditFilter()) for entry in batch]
    assert batches == every


def test_other_kinds_have_their_own_rows(stocked: Stock) -> None:
    stop_source(stocked.db, "house", stocked.ben, "asked us to")
    resume_source(stocked.db, "house", None)
    with stocked.db.write() as session:
        session.add(
            AccountChangeRow(
                user_id=stocked.ben, by_id=stocked.ada, action="role", detail={"role": "lead"},
                at=utc_now(),
            )
        )  # fmt: skip
    pages = list_entries(stocked.db, AuditFilter(Kind.PAGES))
    assert [(each.user, each.action) for each in pages] == [("", "resume"), ("ben", "stop")]
    assert ids(list_entries(stocked.db, AuditFilter(Kind.PAGES, person="-"))) == [pages[0].id]
    assert list_entries(stocked.db, AuditFilter(Kind.PAGES, tone="mom")) == ()
    (change,) = list_entries(stocked.db, AuditFilter(Kind.ACCOUNTS, person="ada"))
    assert (change.user, change.action, change.about) == ("ada", "role", "ben")
    assert change.after == {"role": "lead"}
    assert list_entries(stocked.db, AuditFilter(Kind.TONES)) == ()


def test_verdict_that_waits_for_a_second_person_is_in_no_entry(stocked: Stock) -> None:
    draft = stocked.draft()
    with stocked.db.write() as session:
        session.add(
            VerdictRow(
                draft_id=draft.id, version=draft.version, user_id=stocked.ada, verdict="reject",
                note="secret", groups=[], at=utc_now(),
            )
        )  # fmt: skip
    found = [entry for kind in Kind for entry in list_entries(stocked.db, AuditFilter(kind))]
    assert "secret" not in repr(found)
    assert {entry.kind for entry in found} == {Kind.ACCOUNTS}


def test_page_of_entries_is_one_query(stocked: Stock) -> None:
    costs = []
    for _ in range(2):
        with counted_queries(stocked.db) as said:
            list_entries(stocked.db, AuditFilter(person="ada"))
        costs.append(len(said))
        decide_some(stocked) if not costs[1:] else None
    assert costs[0] == costs[1]
    with stocked.db.read() as session:
        assert session.exec(select(DecisionRow)).first() is not None
