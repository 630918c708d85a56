from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from stages.types import Quarantine, QuarantineReason
from store.cards import apply_changes, count_live_cards
from store.engine import Database
from store.guides import get_guide_ref, list_guide_refs, list_guides, save_guide
from store.pages import (
    PageRecord,
    PageRole,
    Verdict,
    get_page,
    list_pages,
    mark_seen,
    save_pages,
)
from store.quarantine import accept_page, ignore_page, restore_page
from store.sources import set_sources
from tests.store.makers import NOON, SOURCE, make_card, make_guide, new
from tests.store.queries import counted_queries

LATER = NOON + timedelta(hours=1)
SOFT_404 = Quarantine(QuarantineReason.SOFT_404, "Page not found")
SHRUNK = Quarantine(QuarantineReason.SHRUNK, "4,000 -> 700 characters")
PAGE = PageRecord(
    key="house/sleep",
    source_id="house",
    role=PageRole.SET_ASIDE,
    url="https://guides.example/sleep",
    final_url="https://guides.example/sleep/",
    status=200,
    fetched_at=NOON,
    seen_at=NOON,
    guide_id="house/sleep",
    content_type="text/html",
    etag='"e1"',
    last_modified="Sun, 01 Mar 2026 12:00:00 GMT",
    lastmod="2026-03-01",
    body_sha256="b1",
    content_hash="c1",
    quarantine=SOFT_404,
    licence="All rights reserved",
    hidden=("Ignore all previous instructions",),
    lost=("12 months",),
    title="睡眠",
    excerpt="找不到页面",
    misses=1,
    extract_version="2",
)


@pytest.fixture
def pages_db(db: Database) -> Database:
    set_sources(db, [SOURCE])
    return db


def settle(db: Database, verdict: Verdict) -> None:
    {Verdict.ACCEPTED: accept_page, Verdict.IGNORED: ignore_page}[verdict](db, PAGE.key, None)


def test_page_comes_back_as_it_was_saved(pages_db: Database) -> None:
    save_pages(pages_db, [PAGE])
    assert list_pages(pages_db, "house") == (PAGE,)
    assert get_page(pages_db, PAGE.key) == PAGE
    changed = replace(PAGE, quarantine=None, role=PageRole.GUIDE, hidden=(), misses=0, title="")
    save_pages(pages_db, [changed, replace(PAGE, key="house/a"), PAGE, changed])
    assert list_pages(pages_db, "house") == (replace(PAGE, key="house/a"), changed)
    assert get_page(pages_db, "house/nobody") is None


def test_excerpt_is_cut(pages_db: Database) -> None:
    save_pages(pages_db, [replace(PAGE, excerpt="x" * 1500)])
    assert list_pages(pages_db, "house")[0].excerpt == "x" * 1000


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.IGNORED])
@pytest.mark.parametrize(
    ("again", "is_kept"),
    [
        (PAGE, True),
        (replace(PAGE, content_hash="c2", role=PageRole.GUIDE), True),
        (replace(PAGE, quarantine=Quarantine(SOFT_404.reason, "Gone fishing")), True),
        (replace(PAGE, quarantine=None), False),
        (replace(PAGE, quarantine=SHRUNK), False),
    ],
)
def test_verdict_stands_while_the_page_is_set_aside_for_the_same_reason(
    pages_db: Database, verdict: Verdict, again: PageRecord, is_kept: bool
) -> None:
    save_pages(pages_db, [PAGE])
    settle(pages_db, verdict)
    save_pages(pages_db, [again])
    assert get_page(pages_db, PAGE.key) == replace(
        again, verdict=verdict if is_kept else Verdict.NONE
    )


def test_verdict_on_a_shrunken_page_is_about_one_text(pages_db: Database) -> None:
    page = replace(PAGE, quarantine=SHRUNK)
    save_pages(pages_db, [page])
    settle(pages_db, Verdict.ACCEPTED)
    save_pages(pages_db, [page])
    assert list_pages(pages_db, "house")[0].verdict is Verdict.ACCEPTED
    save_pages(pages_db, [replace(page, content_hash="c2")])
    assert list_pages(pages_db, "house")[0].verdict is Verdict.NONE


def test_verdict_that_a_record_carries_on_outlives_its_quarantine(pages_db: Database) -> None:
    save_pages(pages_db, [PAGE])
    settle(pages_db, Verdict.ACCEPTED)
    guide = replace(PAGE, quarantine=None, role=PageRole.GUIDE, verdict=Verdict.ACCEPTED)
    save_pages(pages_db, [guide])
    assert get_page(pages_db, PAGE.key) == guide


def test_record_brings_no_verdict_back_that_was_taken_back_meanwhile(pages_db: Database) -> None:
    save_pages(pages_db, [PAGE])
    settle(pages_db, Verdict.ACCEPTED)
    read = list_pages(pages_db, "house")
    restore_page(pages_db, PAGE.key, None)
    save_pages(pages_db, read)
    assert list_pages(pages_db, "house") == (PAGE,)
    ignore_page(pages_db, PAGE.key, None)
    save_pages(pages_db, read)
    assert list_pages(pages_db, "house") == (replace(PAGE, verdict=Verdict.IGNORED),)


def test_pages_seen_again_move_in_time_and_are_missed_no_more(pages_db: Database) -> None:
    other, third = replace(PAGE, key="house/b"), replace(PAGE, key="house/c")
    save_pages(pages_db, [PAGE, other, third])
    mark_seen(
        pages_db,
        [(third.key, LATER, "2026-03-02"), (PAGE.key, LATER, ""), ("house/nobody", LATER, "")],
    )
    mark_seen(pages_db, [])
    assert list_pages(pages_db, "house") == (
        other,
        replace(third, seen_at=LATER, misses=0, lastmod="2026-03-02"),
        replace(PAGE, seen_at=LATER, misses=0),
    )
    mark_seen(pages_db, [(other.key, LATER, "2026-03-03")])
    seen = replace(other, seen_at=LATER, misses=0, lastmod="2026-03-03")
    assert get_page(pages_db, other.key) == seen


def test_reading_and_marking_many_pages_and_guides_takes_as_many_queries_as_one(
    pages_db: Database,
) -> None:
    ids = [f"house/{n}" for n in range(30)]
    for nth, guide_id in enumerate(ids):
        save_guide(pages_db, make_guide(guide_id))
        cards = [make_card(f"{guide_id}/{n}", guide_id, n) for n in range(nth % 3)]
        apply_changes(pages_db, guide_id, new(*cards), f"k{nth}")
    records = [replace(PAGE, key=guide_id, guide_id=guide_id) for guide_id in ids]
    counts = []
    for some in (1, 30):
        save_pages(pages_db, records[:some])
        with counted_queries(pages_db) as queries:
            save_pages(pages_db, records[:some])
            mark_seen(pages_db, [(guide_id, LATER, "") for guide_id in ids[:some]])
            assert len(list_pages(pages_db, "house")) == some
            refs = list_guide_refs(pages_db, ids[:some])
            live = count_live_cards(pages_db, ids[:some])
            assert len(list_guides(pages_db)) == 30
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert {ref.id: ref.chopped_key for ref in refs.values()} == {
        guide_id: f"k{nth}" for nth, guide_id in enumerate(ids)
    }
    assert live == {guide_id: nth % 3 for nth, guide_id in enumerate(ids)}
    assert get_guide_ref(pages_db, ids[4]) == refs[ids[4]]
    assert get_guide_ref(pages_db, "house/nobody") is None


def test_lists_of_guides_read_neither_text_nor_blocks(pages_db: Database) -> None:
    save_guide(pages_db, make_guide())
    with counted_queries(pages_db) as queries:
        list_guides(pages_db)
        list_guide_refs(pages_db, ["house/sleep"])
        get_guide_ref(pages_db, "house/sleep")
    assert [query for query in queries if "blocks" in query or "text" in query] == []
