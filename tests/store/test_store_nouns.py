"""Pages, groups, tones, placements and embeddings: the plain ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from stages.types import (
    Page,
    Placement,
    Quarantine,
    QuarantineReason,
    Reason,
    ToneRules,
)
from store.cards import list_card_states
from store.embeddings import add_embeddings, get_embeddings
from store.engine import Database
from store.groups import get_group, list_groups, set_groups
from store.pages import (
    PageRole,
    list_pages,
    make_record,
    mark_seen,
    save_pages,
)
from store.placements import list_placements, set_placements
from store.sources import set_sources
from store.tones import add_tones, get_tone, list_tone_versions
from tests.store.makers import NOON, SOURCE, Stock, make_group
from tests.store.processes import race_threads

PAGE = Page(
    url="https://guides.example/sleep",
    final_url="https://guides.example/sleep/",
    status=200,
    fetched_at=NOON,
    content_type="text/html",
    etag='W/"1"',
    last_modified="Sun, 01 Mar 2026 12:00:00 GMT",
    body=b"x",
    body_sha256="f" * 64,
)
RULES = ToneRules("mom", "1", "h1", "en", (30, 60), 8.0, 2, ("we",), ("must",), "Ask a doctor.")


# --- pages ---------------------------------------------------------------------------------------


def test_page_comes_back_as_it_was_saved_and_is_replaced_by_its_key(db: Database) -> None:
    set_sources(db, [SOURCE])
    record = make_record("sleep", "house", PageRole.GUIDE, PAGE)
    full = replace(record, guide_id="house/sleep", lastmod="2026-03-01", content_hash="c")
    aside = replace(
        full,
        role=PageRole.SET_ASIDE,
        quarantine=Quarantine(QuarantineReason.SOFT_404, "“Page not found” 找不到"),
    )
    for version in (record, full, aside):
        save_pages(db, [version])
        assert list_pages(db, "house") == (version,)
    assert list_pages(db, "other") == ()


def test_seen_page_keeps_all_but_the_time(db: Database) -> None:
    set_sources(db, [SOURCE])
    record = replace(make_record("sleep", "house", PageRole.GUIDE, PAGE), lastmod="2026-03-01")
    save_pages(db, [record, replace(record, key="food")])
    later = NOON + timedelta(days=1)
    mark_seen(db, [("sleep", later, "")])
    mark_seen(db, [("food", later, "2026-03-02")])
    assert list_pages(db, "house") == (
        replace(record, key="food", seen_at=later, lastmod="2026-03-02"),
        replace(record, seen_at=later),
    )


# --- groups --------------------------------------------------------------------------------------


def test_groups_become_what_the_file_says_in_its_order(db: Database) -> None:
    first, second = make_group("b"), make_group("a", channel="webhook")
    set_groups(db, [first, second])
    assert list_groups(db) == (first, second)
    renamed = replace(second, name="爸爸群", channel="atom")
    set_groups(db, [renamed, first])
    assert list_groups(db) == (renamed, first)


def test_group_that_left_the_file_is_off_but_can_be_read_until_it_comes_back(db: Database) -> None:
    first, second = make_group("a"), make_group("b")
    set_groups(db, [first, second])
    set_groups(db, [second])
    assert list_groups(db) == (second,)
    assert (get_group(db, "a"), get_group(db, "z")) == (first, None)
    set_groups(db, [first, second])
    assert list_groups(db) == (first, second)


# --- tones ---------------------------------------------------------------------------------------


def test_tone_version_is_kept_once_and_found_by_any_chinese(db: Database) -> None:
    chinese = replace(RULES, lang="zh", disclaimer="请咨询医生。")
    newer = replace(RULES, version="2", hash="h2")
    for _ in range(2):
        add_tones(db, [RULES, chinese, newer])
    assert list_tone_versions(db) == (RULES, chinese, newer)
    assert [get_tone(db, "h1", lang) for lang in ("en", "en-GB", "zh-Hant", "zh")] == [
        RULES,
        RULES,
        chinese,
        chinese,
    ]
    assert get_tone(db, "h2", "zh-Hans") is None


# --- placements ----------------------------------------------------------------------------------


def test_placements_are_replaced_card_by_card_and_listed_best_first(stocked: Stock) -> None:
    db = stocked.db
    reasons = (Reason("question", "Does she ever sleep?", 0.83),)
    weak = Placement("card-0", "g1", "mom", 0.4, reasons, "g2")
    strong = Placement("card-0", "g2", "expert", 0.9, ())
    other = Placement("card-1", "g1", "mom", 0.5, ())
    keys = {"card-0": "k0", "card-1": "k1", "card-2": "k2"}
    placed = {"card-0": [weak, strong], "card-1": [other], "card-2": []}
    assert set_placements(db, placed, keys) == 3
    assert list_placements(db, stocked.card_ids) == {"card-0": (strong, weak), "card-1": (other,)}
    assert set_placements(db, {"card-0": [weak]}, {"card-0": "k9"}) == 1
    assert list_placements(db, stocked.card_ids) == {"card-0": (weak,), "card-1": (other,)}
    states = list_card_states(db, "house/sleep")
    assert [state.plated_key for state in states] == ["k9", "k1", "k2", ""]


# --- embeddings ----------------------------------------------------------------------------------


def test_vector_is_found_by_its_model_and_text(db: Database) -> None:
    add_embeddings(db, "a", {"sleep": b"\x00\x01", "睡眠": b"\xff" * 1024, "": b""})
    add_embeddings(db, "a", {"sleep": b"\x00\x02"})
    assert get_embeddings(db, "a", ["sleep", "睡眠", "", "food", "sleep"]) == {
        "sleep": b"\x00\x02",
        "睡眠": b"\xff" * 1024,
        "": b"",
    }
    assert get_embeddings(db, "b", ["sleep"]) == {}
    assert get_embeddings(db, "a", []) == {}


def test_more_texts_than_a_query_takes_parameters_are_found(db: Database) -> None:
    vectors = {f"text {n}": str(n).encode() for n in range(1201)}
    add_embeddings(db, "a", vectors)
    assert get_embeddings(db, "a", [*vectors, "none"]) == vectors


# --- two runs of different sources that start at once --------------------------------------------


def test_runs_that_start_at_once_both_write_what_they_share(db: Database) -> None:
    def start(number: int) -> None:
        sources = [replace(SOURCE, id=f"source {n}") for n in range(20)]
        set_sources(db, sources)
        set_groups(db, [make_group(f"g{n}") for n in range(20)])
        add_tones(db, [replace(RULES, hash=f"h{n}") for n in range(20)])
        add_embeddings(db, "a", {f"text {n}": b"vector" for n in range(20)})

    race_threads(3, start)
    assert (len(list_groups(db)), len(list_tone_versions(db))) == (20, 20)
