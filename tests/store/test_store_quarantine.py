from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from stages.types import Quarantine, QuarantineReason
from store.decision_types import NotAllowedError, StaleError
from store.engine import Database
from store.export import export_rows
from store.guides import save_guide
from store.pages import PageRecord, PageRole, Verdict, list_pages, save_pages
from store.quarantine import (
    PageAction,
    QuarantinedPage,
    Stop,
    accept_page,
    count_quarantined,
    ignore_page,
    list_page_decisions,
    list_quarantined,
    list_stops,
    restore_page,
    resume_source,
    stop_source,
)
from store.sources import list_sources, set_sources
from store.users import add_user
from tests.store.makers import NOON, SOURCE, make_guide
from tests.store.processes import race_threads
from tests.store.queries import counted_queries

WALL = Quarantine(QuarantineReason.LOGIN_WALL, "Sign in to read on")
Decide = Callable[[Database, str, int | None], int]


def make_page(name: str, source_id: str = "house", age_h: int = 0) -> PageRecord:
    at = NOON - timedelta(hours=age_h)
    url = f"https://guides.example/{name}"
    return PageRecord(
        f"{source_id}/{name}",
        source_id,
        PageRole.SET_ASIDE,
        url,
        url,
        200,
        at,
        at,
        quarantine=WALL,
        title=name,
    )


@pytest.fixture
def ada(db: Database) -> int:
    """An editor; the database has four pages of two sources, three of them set aside."""
    set_sources(db, [SOURCE, replace(SOURCE, id="other", publisher="The Other")])
    save_guide(db, make_guide("house/sleep"))
    save_pages(
        db,
        [
            replace(make_page("sleep", age_h=2), guide_id="house/sleep"),
            make_page("feeding", age_h=1),
            make_page("teeth", "other"),
            replace(make_page("fine"), quarantine=None),
        ],
    )
    return add_user(db, "ada", "hash").id


def keys(db: Database, *, include_settled: bool = False) -> list[str]:
    return [page.record.key for page in list_quarantined(db, include_settled=include_settled)]


def test_pages_set_aside_are_listed_with_what_is_known_of_them(db: Database, ada: int) -> None:
    teeth, feeding, sleep = list_quarantined(db)
    assert sleep == QuarantinedPage(
        record=replace(make_page("sleep", age_h=2), guide_id="house/sleep"),
        source_id="house",
        publisher="The House",
        guide_id="house/sleep",
        guide_title="Sleep",
        decision=None,
        is_stopped=False,
    )
    assert (teeth.publisher, teeth.guide_id, teeth.guide_title) == ("The Other", "", "")
    assert list_quarantined(db, limit=1, offset=1) == (feeding,)
    assert count_quarantined(db) == 3


@pytest.mark.parametrize(
    ("decide", "verdict", "action"),
    [
        (accept_page, Verdict.ACCEPTED, PageAction.ACCEPT),
        (ignore_page, Verdict.IGNORED, PageAction.IGNORE),
    ],
)
def test_decision_settles_a_page_and_is_on_record(
    db: Database, ada: int, decide: Callable[..., int], verdict: Verdict, action: PageAction
) -> None:
    decision_id = decide(db, "house/feeding", ada, "a short guide", seen=WALL.reason)
    assert keys(db) == ["other/teeth", "house/sleep"]
    assert count_quarantined(db) == 2
    _, settled, _ = list_quarantined(db, include_settled=True)
    assert settled.record.verdict is verdict
    (decision,) = list_page_decisions(db, page_key="house/feeding")
    assert settled.decision == decision
    assert (decision.id, decision.page_key, decision.source_id) == (
        decision_id,
        "house/feeding",
        "house",
    )
    assert (decision.user, decision.action, decision.reason, decision.note) == (
        "ada",
        action,
        "login_wall",
        "a short guide",
    )


def test_verdict_is_taken_back(db: Database, ada: int) -> None:
    ignore_page(db, "house/feeding", ada)
    restore_page(db, "house/feeding", ada, "I was wrong")
    assert keys(db) == ["other/teeth", "house/feeding", "house/sleep"]
    accept_page(db, "house/feeding", None)
    assert [(each.action, each.user, each.note) for each in list_page_decisions(db)] == [
        (PageAction.ACCEPT, "", ""),
        (PageAction.RESTORE, "ada", "I was wrong"),
        (PageAction.IGNORE, "ada", ""),
    ]
    assert [row["action"] for row in export_rows(db, "page_decisions")] == [
        "ignore",
        "restore",
        "accept",
    ]


@pytest.mark.parametrize("decide", [accept_page, ignore_page, restore_page])
def test_page_nobody_knows_is_refused(db: Database, ada: int, decide: Decide) -> None:
    with pytest.raises(NotAllowedError, match="There is no such page"):
        decide(db, "house/nobody", ada)


def test_decision_on_what_has_changed_is_stale(db: Database, ada: int) -> None:
    with pytest.raises(StaleError, match="taken back already"):
        restore_page(db, "house/feeding", ada)
    with pytest.raises(StaleError, match="not set aside any more"):
        accept_page(db, "house/fine", ada)
    with pytest.raises(StaleError, match="decided about this page"):
        accept_page(db, "house/feeding", ada, seen=QuarantineReason.EMPTY)
    ignore_page(db, "house/feeding", ada)
    with pytest.raises(StaleError, match="decided about this page"):
        accept_page(db, "house/feeding", ada)
    assert len(list_page_decisions(db)) == 1
    assert list_pages(db, "house")[0].verdict is Verdict.IGNORED


def test_of_people_deciding_about_a_page_at_once_one_wins(db: Database, ada: int) -> None:
    def decide(nth: int) -> str:
        act = accept_page if nth % 2 else ignore_page
        try:
            act(db, "house/feeding", ada)
        except StaleError:
            return "stale"
        return "made"

    assert Counter(race_threads(4, decide)) == {"made": 1, "stale": 3}
    assert len(list_page_decisions(db)) == 1


def test_stopped_source_is_named_until_it_is_resumed(db: Database, ada: int) -> None:
    stop_source(db, "house", ada, "they asked us to")
    stop_source(db, "other", None)
    stops = list_stops(db)
    assert stops == {
        "house": Stop(stops["house"].at, "ada", "they asked us to"),
        "other": Stop(stops["other"].at, "", ""),
    }
    assert keys(db) == []
    assert count_quarantined(db) == 0
    assert [page.is_stopped for page in list_quarantined(db, include_settled=True)] == [True] * 3
    resume_source(db, "house", ada)
    assert list(list_stops(db)) == ["other"]
    assert keys(db) == ["house/feeding", "house/sleep"]
    stop_source(db, "house", None, "again")
    assert list_stops(db)["house"].note == "again"
    assert [each.action for each in list_page_decisions(db, source_id="house")] == [
        PageAction.STOP,
        PageAction.RESUME,
        PageAction.STOP,
    ]


def test_stop_outlives_what_sources_yaml_says(db: Database, ada: int) -> None:
    stop_source(db, "house", ada)
    set_sources(db, [replace(SOURCE, max_guides=3)])
    assert list(list_stops(db)) == ["house"]
    assert [source.enabled for source in list_sources(db)] == [True, False]


def test_stopping_and_resuming_what_is_not_so_is_refused(db: Database, ada: int) -> None:
    for act in (stop_source, resume_source):
        with pytest.raises(NotAllowedError, match="There is no such source"):
            act(db, "nobody", ada)
    with pytest.raises(StaleError, match="not stopped any more"):
        resume_source(db, "house", ada)

    def stop(_: int) -> str:
        try:
            stop_source(db, "house", ada)
        except StaleError:
            return "stale"
        return "made"

    assert Counter(race_threads(4, stop)) == {"made": 1, "stale": 3}


def test_listing_pages_set_aside_takes_as_many_queries_for_many_as_for_one(
    db: Database, ada: int
) -> None:
    with counted_queries(db) as few:
        list_quarantined(db, limit=1)
    with counted_queries(db) as many:
        assert len(list_quarantined(db)) == 3
    assert len(few) == len(many)
