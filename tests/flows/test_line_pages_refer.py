"""Pages that refer to each other: copies, originals, further pages, series. No guide is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

import flows.steps
from stages.types import Page
from store.guides import list_guides
from store.pages import PageRole, list_pages, make_record, save_pages
from store.quarantine import accept_page, ignore_page, list_quarantined
from tests.flows.publisher import PARTS, TITLE, Publisher
from tests.flows.small_site import SECTIONS_EN, page

BOTTLE: dict[str, str] = dict(SECTIONS_EN["bottle"]["parts"])  # type: ignore[call-overload]


def with_link(html: str, rel: str, href: str) -> str:
    return html.replace("</head>", f'<link rel="{rel}" href="{href}"></head>')


def texts(publisher: Publisher) -> set[str]:
    return {card["text"] for card in publisher.cards()}


def chopped(publisher: Publisher, times: int = 1) -> None:
    for _ in range(times):
        assert publisher.run().errors == []
    assert publisher.run("chop").errors == []


def test_guide_moves_to_the_address_its_page_names_as_original(publisher: Publisher) -> None:
    chopped(publisher)
    before = texts(publisher)
    publisher.write("sleep", with_link(page(TITLE, PARTS), "canonical", "where-to-sleep.html"))
    publisher.write("where-to-sleep", page(TITLE, PARTS))
    publisher.relist()
    chopped(publisher, 2)
    assert publisher.role("where-to-sleep") is PageRole.GUIDE
    assert texts(publisher) == before

    changed = PARTS | {"On the back": PARTS["On the back"].replace("Never use", "You may use")}
    publisher.write("where-to-sleep", page(TITLE, changed))
    chopped(publisher)
    assert changed["On the back"] in texts(publisher)
    assert PARTS["On the back"] not in texts(publisher)


def test_page_whose_original_is_no_guide_stands_for_itself(publisher: Publisher) -> None:
    publisher.write("sleep", with_link(page(TITLE, PARTS), "canonical", "index.html"))
    publisher.write("index", page("Welcome", {"": "All our pages."}))
    chopped(publisher, 2)
    assert publisher.role("sleep") is PageRole.GUIDE


def test_one_of_two_pages_that_name_each_other_as_original_is_the_guide(
    publisher: Publisher,
) -> None:
    publisher.write("sleep", with_link(page(TITLE, PARTS), "canonical", "nights.html"))
    publisher.write("nights", with_link(page(TITLE, PARTS), "canonical", "sleep.html"))
    publisher.relist()
    for _ in range(3):
        chopped(publisher)
        roles = {publisher.role("sleep"), publisher.role("nights")}
        assert roles == {PageRole.GUIDE, PageRole.DUPLICATE}


def test_copy_whose_original_says_something_else_now_is_a_guide(publisher: Publisher) -> None:
    publisher.write("copy", page(TITLE, PARTS))
    publisher.write("a-sleep", page(TITLE, PARTS))
    publisher.remove("sleep")
    publisher.relist()
    chopped(publisher)
    assert publisher.role("copy") is PageRole.DUPLICATE
    bath = {name: text.replace("bottle", "bath") for name, text in BOTTLE.items()}
    publisher.write("a-sleep", page("Bath time", bath))
    chopped(publisher, 2)
    assert publisher.role("copy") is PageRole.GUIDE
    assert PARTS["The cot"] in texts(publisher)


def test_pages_that_differ_in_a_dose_are_two_guides(publisher: Publisher) -> None:
    care = " ".join((*PARTS.values(), *BOTTLE.values()))
    for name, age, dose in (("younger", "3 to 6", "2.5"), ("older", "6 to 24", "5")):
        text = f"Give a baby of {age} months {dose} ml of paracetamol, up to 4 times a day. "
        publisher.write(name, page("Paracetamol for babies", {"Dose": text + care[:200], "": care}))
    publisher.relist()
    chopped(publisher)
    assert (publisher.role("younger"), publisher.role("older")) == (PageRole.GUIDE,) * 2


def test_weeks_of_a_series_are_guides_of_their_own(publisher: Publisher) -> None:
    weeks = range(1, 16)
    for week in weeks:
        parts = {name: f"In week {week}: {text}" for name, text in (PARTS | BOTTLE).items()}
        html = with_link(page(f"Your baby, week {week}", parts), "next", f"week-{week + 1}.html")
        publisher.write(f"week-{week}", with_link(html, "prev", f"week-{week - 1}.html"))
    publisher.relist()
    chopped(publisher, 2)
    assert {publisher.role(f"week-{week}") for week in weeks} == {PageRole.GUIDE}


def _write_in_three(publisher: Publisher, *, is_split: bool) -> None:
    parts = list((PARTS | BOTTLE).items())
    for number in (1, 2, 3):
        html = page(f"{TITLE}, {number}" if is_split else TITLE, dict(parts[number - 1 :: 3]))
        if not is_split:
            for rel, other in (("prev", number - 1), ("next", number + 1)):
                if 1 <= other <= 3:
                    html = with_link(html, rel, f"part-{other}.html")
        publisher.write(f"part-{number}", html)


def test_pages_of_a_guide_that_is_split_up_are_guides_themselves(publisher: Publisher) -> None:
    _write_in_three(publisher, is_split=False)
    publisher.remove("sleep")
    publisher.remove("bottle")
    publisher.relist()
    chopped(publisher)
    assert [publisher.role(f"part-{n}").value for n in (1, 2, 3)] == [
        "guide",
        "continuation",
        "continuation",
    ]
    before = texts(publisher)
    _write_in_three(publisher, is_split=True)
    chopped(publisher, 2)
    lost = {text for text in before if text not in texts(publisher)}
    assert lost == set()


def test_guide_whose_last_page_is_gone_goes_on_without_it(publisher: Publisher) -> None:
    _write_in_three(publisher, is_split=False)
    publisher.relist()
    chopped(publisher)
    publisher.remove("part-3")
    html = (publisher.folder / "en" / "part-1.html").read_text(encoding="utf-8")
    publisher.write("part-1", html.replace("Never use a pillow", "You may use a pillow"))
    first = publisher.run()
    assert ["its next page" in error for error in first.errors] == [True]
    chopped(publisher)
    assert any("You may use a pillow" in text for text in texts(publisher))


def test_guide_set_aside_and_then_gone_is_removed(publisher: Publisher) -> None:
    chopped(publisher)
    wall = page("Log in", {"": "Please log in to read this article."})
    publisher.write("sleep", wall)
    publisher.run()
    assert publisher.role("sleep") is PageRole.SET_ASIDE
    assert PARTS["The cot"] in texts(publisher)
    publisher.remove("sleep")
    publisher.relist()
    chopped(publisher, 2)
    assert PARTS["The cot"] not in texts(publisher)


def test_ignored_page_of_a_standing_guide_is_watched_all_the_same(publisher: Publisher) -> None:
    publisher.write("sleep", page(TITLE, PARTS | BOTTLE))
    chopped(publisher)
    publisher.write("sleep", page(TITLE, {name: PARTS[name] for name in ("The cot", "The room")}))
    publisher.run()
    user = publisher.somebody()
    with publisher.store() as db:
        (waiting,) = list_quarantined(db)
        ignore_page(db, waiting.record.key, user)
    before = texts(publisher)
    chopped(publisher)
    assert texts(publisher) == before
    publisher.remove("sleep")
    chopped(publisher, 2)
    assert PARTS["The cot"] not in texts(publisher)


def test_page_that_shrank_to_a_stub_is_accepted_once(publisher: Publisher) -> None:
    chopped(publisher)
    publisher.write("sleep", page(TITLE, {"The room": "Nobody should smoke in the room."}))
    publisher.run()
    user = publisher.somebody()
    with publisher.store() as db:
        (waiting,) = list_quarantined(db)
        accept_page(db, waiting.record.key, user)
    chopped(publisher)
    with publisher.store() as db:
        assert list_quarantined(db) == ()
    assert publisher.role("sleep") is PageRole.GUIDE


def test_run_makes_good_what_a_killed_one_left_half_done(publisher: Publisher) -> None:
    """Killed after the page was noted as gone, before its cards were removed."""
    chopped(publisher)
    publisher.remove("sleep")
    with publisher.store() as db:
        record = next(row for row in list_pages(db, "harbour") if row.url.endswith("sleep.html"))
        gone = Page(record.url, record.url, 404, record.fetched_at)
        half = make_record(record.key, record.source_id, PageRole.GONE, gone)
        save_pages(db, [replace(half, guide_id=record.key, misses=2)])
    chopped(publisher)
    assert PARTS["The cot"] not in texts(publisher)
    with publisher.store() as db:
        assert [ref.is_removed for ref in list_guides(db) if ref.id == record.key] == [True]


def test_cards_of_a_removed_guide_stay_removed_when_the_chopper_changes(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    chopped(publisher)
    publisher.remove("sleep")
    chopped(publisher, 2)
    before = texts(publisher)
    monkeypatch.setattr(flows.steps, "CHOP_VERSION", "next")
    chopped(publisher)
    publisher.run("chop", force=True)
    assert texts(publisher) == before
