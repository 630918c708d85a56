"""The queue's narrow rows say what the other tables say, whatever happened before."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from stages.errors import StageError
from stages.types import CardChange, ChangeKind, Reuse, Risk, Stakes
from store.cards import apply_changes, list_cards
from store.decision_records import list_decisions
from store.decision_types import By, RejectReason
from store.decisions import edit, undo
from store.desk_tables import QueueEntryRow, QueueSumRow
from store.drafts import add_drafts, list_drafts
from store.engine import Database, open_database, utc_now
from store.guides import remove_guide, save_guide
from store.migrate import migrate
from store.post_decisions import clear_alert, withdraw
from store.posts import list_posts
from store.queue_entries import EntryState, Mark, refresh, refresh_missing
from store.queue_sums import Changes, add_changes, fold_sums, read_sums
from store.search import list_facets
from store.sources import set_sources
from store.tables import CardRow, DraftState, GuideRow
from store.users import list_users
from tests.deciding import approve, reject
from tests.store.makers import FINDING, SOURCE, TONES, make_draft, make_guide, stock

Step = tuple[str, int, int]
Sums = dict[tuple[str, int], tuple[int, int, int]]
"""By facet and marks: cards, drafts that wait, cards with one of today."""


def act(db: Database, run_id: str, step: Step, nth: int) -> None:
    """Do one thing; what the rules refuse changes nothing, and has to leave the rows right too."""
    name, card_number, pick = step
    card_id = f"card-{card_number}"
    user = list_users(db)[pick % 2].id
    drafts = list_drafts(db, [card_id])[card_id]
    draft = drafts[pick % len(drafts)]
    by = By(user, draft.version)
    alerted = [view for view in list_posts(db) if view.alert]
    steps: dict[str, Callable[[], object]] = {
        "approve": lambda: approve(db, draft.id, by, ["g1"] if pick % 2 else [], 3600),
        "reject": lambda: reject(db, draft.id, by, RejectReason.OTHER),
        "edit": lambda: edit(db, draft.id, by, f"By hand {nth}.", [FINDING], list(Risk)[pick % 3]),
        "undo": lambda: [undo(db, d.id, user) for d in list_decisions(db, user_id=user, limit=1)],
        "cook": lambda: add_drafts(
            db,
            [replace(make_draft(card_id, TONES[pick % 3], nth=nth), risk=list(Risk)[pick % 3])],
            run_id,
        ),
        "withdraw": lambda: [withdraw(db, v.post.id, user) for v in list_posts(db)[:1]],
        "clear": lambda: [clear_alert(db, view.post.id, user) for view in alerted[:1]],
        "change": lambda: change(db, card_id, nth, list(Stakes)[pick % len(Stakes)]),
        "drop": lambda: drop(db, card_id),
        "gone": lambda: remove_guide(db, "house/sleep"),
        "back": lambda: save_guide(db, make_guide()),
        "licence": lambda: set_sources(
            db, [replace(SOURCE, reuse=Reuse.EXCERPT_ONLY if pick % 2 else Reuse.ADAPT_OK)]
        ),
    }
    with suppress(StageError):
        steps[name]()


NAMES = (
    *("approve", "reject", "edit", "undo", "cook", "withdraw", "clear", "change", "drop"),
    *("gone", "back", "licence"),
)


def change(db: Database, card_id: str, nth: int, stakes: Stakes) -> None:
    for card in list_cards(db, "house/sleep"):
        if card.id == card_id:
            new = replace(card, text=f"Text {nth}.", body_hash=f"body {nth}", stakes=stakes)
            change = CardChange(ChangeKind.MATERIAL, card, new)
            apply_changes(db, "house/sleep", [change], f"k{nth}")


def drop(db: Database, card_id: str) -> None:
    for card in list_cards(db, "house/sleep"):
        if card.id == card_id:
            apply_changes(db, "house/sleep", [CardChange(ChangeKind.REMOVED, card, None)], "k")


def check(db: Database) -> None:
    """The rows are those that the definition gives, and those that a new start gives."""
    with db.read() as session:
        entries = {row.card_id: row.model_dump() for row in session.exec(select(QueueEntryRow))}
        cards = {row.id: row for row in session.exec(select(CardRow))}
        guides = {row.id: row for row in session.exec(select(GuideRow))}
    drafts = list_drafts(db, list(cards))
    alerted = {view.card_id for view in list_posts(db) if view.alert}
    assert set(entries) == set(cards)
    for card_id, entry in entries.items():
        card, mine = cards[card_id], drafts.get(card_id, ())
        pending = [draft for draft in mine if draft.state is DraftState.PENDING]
        if card.removed_at:
            state = EntryState.GONE
        elif guides[card.guide_id].reuse != Reuse.ADAPT_OK:
            state = EntryState.READ_ONLY
        else:
            state = EntryState.OPEN if pending else EntryState.DECIDED
        assert entry["state"] == state
        assert entry["rank"] == 2 * (card_id not in alerted) + (card.stakes != Stakes.HIGH)
        assert entry["pending"] == len(pending)
        marks = Mark(entry["marks"])
        assert (Mark.FLAGGED in marks) == any(draft.risk is Risk.FLAGGED for draft in pending)
        assert (Mark.BLOCKED in marks) == any(draft.risk is Risk.BLOCKED for draft in pending)
        is_outdated = any(draft.body_hash != card.body_hash for draft in pending)
        assert (Mark.OUTDATED in marks) == is_outdated
        assert (Mark.HIGH_STAKES in marks) == (card.stakes == Stakes.HIGH)
        assert entry["oldest_at"] == min((draft.created_at for draft in pending), default=None)
    with db.write() as session:
        refresh(session, list(cards))
    with db.read() as session:
        again = {row.card_id: row.model_dump() for row in session.exec(select(QueueEntryRow))}
    assert again == entries
    assert list_sums(db) == count_entries(db)


def list_sums(db: Database) -> Sums:
    with db.read() as session:
        facets = session.exec(select(QueueSumRow.facet).distinct()).all()
        rows = read_sums(session, facets, utc_now())
    found = {(row.facet, row.marks): (row.cards, row.drafts, row.new) for row in rows}
    return {key: sums for key, sums in found.items() if any(sums)}


def count_entries(db: Database) -> Sums:
    found: Counter[tuple[str, int, int]] = Counter()
    today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    with db.read() as session:
        entries = session.exec(select(QueueEntryRow)).all()
        facets = list_facets(session, [entry.id or 0 for entry in entries])
    for entry in entries:
        assert facets[entry.id or 0]
        for facet in ("", *facets[entry.id or 0]):
            key = (facet, entry.marks)
            found[*key, 0] += 1
            found[*key, 1] += entry.pending
            found[*key, 2] += entry.newest_at is not None and entry.newest_at >= today
    keys = {(facet, marks) for facet, marks, _ in found}
    return {key: (found[*key, 0], found[*key, 1], found[*key, 2]) for key in keys}


def run(db: Database, steps: Sequence[Step]) -> None:
    stocked = stock(db)
    for nth, step in enumerate(steps):
        act(db, stocked.run_id, step, nth + 10)
    check(db)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "spoonful.db"
    db = open_database(f"sqlite:///{path}")
    migrate(db)
    db.dispose()
    return path


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.integers(0, 3), st.integers(0, 5)),
        min_size=4,
        max_size=14,
    )
)
def test_rows_say_what_the_tables_say_after_anything(template: Path, steps: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        shutil.copy(template, folder)
        db = open_database(f"sqlite:///{folder}/{template.name}")
        run(db, steps)
        db.dispose()


def test_rows_say_what_the_tables_say_after_a_day(db: Database) -> None:
    run(
        db,
        [
            *[("cook", 0, 1), ("edit", 0, 1), ("approve", 1, 1), ("approve", 1, 0)],
            *[("change", 1, 0), ("undo", 1, 1), ("reject", 2, 2), ("drop", 3, 0)],
            *[("licence", 0, 1), ("licence", 0, 0), ("gone", 0, 0), ("back", 0, 0)],
            *[("approve", 2, 0), ("withdraw", 2, 0)],
        ],
    )


def test_cards_without_a_row_get_one_and_the_others_keep_theirs(db: Database) -> None:
    stock(db)
    with db.write() as session:
        changes = Changes()
        for row in session.exec(select(QueueEntryRow).where(QueueEntryRow.card_id != "card-0")):
            facets = list_facets(session, [row.id or 0])[row.id or 0]
            changes.note(-1, facets, row.marks, row.pending, row.newest_at)
            session.delete(row)
        add_changes(session, changes)
    with db.write() as session:
        assert refresh_missing(session) == 3
        assert refresh_missing(session) == 0
    check(db)


def test_sums_are_folded_into_a_row_per_marks_while_people_decide(db: Database) -> None:
    stocked = stock(db)
    drafts = [stocked.draft(f"card-{nth}", tone) for nth in range(4) for tone in TONES]

    def decide() -> None:
        for draft in drafts:
            approve(db, draft.id, stocked.by_ada(draft), [], 0)

    with ThreadPoolExecutor(3) as pool:
        deciding = pool.submit(decide)
        folding = [pool.submit(fold_sums, db) for _ in range(20)]
        for each in (deciding, *folding):
            each.result()
    assert list_sums(db) == count_entries(db)
    fold_sums(db)
    assert list_sums(db) == count_entries(db)
    with db.read() as session:
        rows = session.exec(select(QueueSumRow)).all()
    keys = {(row.facet, row.marks) for row in rows}
    assert keys == set(count_entries(db))
    assert len(keys) == len(rows)
