"""What becomes of pages over the days: gone, shrunk, doubted, parked; and what people say to it."""

from __future__ import annotations

from datetime import timedelta

import pytest

import flows.procure
import flows.shelf
from stages.errors import ConfigError
from stages.types import ChangeKind, QuarantineReason
from store.engine import utc_now
from store.guides import list_guides
from store.pages import PageRole, Verdict, list_pages
from store.parking import list_parked, set_parked
from store.quarantine import accept_page, ignore_page, list_quarantined, resume_source, stop_source
from tests.flows.publisher import PARTS, TITLE, Publisher
from tests.flows.small_site import SECTIONS_EN, page


@pytest.fixture
def crawled_publisher(publisher: Publisher) -> Publisher:
    """Both guides of the source, one of them longer, are procured and chopped."""
    publisher.write("sleep", page(TITLE, PARTS | dict(SECTIONS_EN["bottle"]["parts"])))  # type: ignore[call-overload]
    assert publisher.run().errors == []
    assert publisher.run("chop").errors == []
    return publisher


def test_page_missing_once_keeps_its_cards(crawled_publisher: Publisher) -> None:
    before = crawled_publisher.cards()
    crawled_publisher.remove("sleep")

    summary = crawled_publisher.run()

    assert (summary.errors, summary.cards.removed) == ([], 0)
    assert [note.split(" ")[0] for note in summary.notes] == ["missing:"]
    assert crawled_publisher.cards() == before
    assert crawled_publisher.role("sleep") is PageRole.GUIDE


def test_page_missing_twice_takes_its_cards_along(crawled_publisher: Publisher) -> None:
    of_sleep = [card["id"] for card in crawled_publisher.cards() if TITLE in card["breadcrumbs"]]
    assert of_sleep
    crawled_publisher.remove("sleep")
    crawled_publisher.relist()  # no list names it any more; it is asked for all the same

    crawled_publisher.run()
    summary = crawled_publisher.run()
    third = crawled_publisher.run()

    gone = crawled_publisher.cards(is_live=False)
    assert summary.cards.removed == len(of_sleep)
    assert sorted(card["id"] for card in gone) == sorted(of_sleep)
    assert {card["change"] for card in gone} == {ChangeKind.SOURCE_REMOVED.value}
    assert crawled_publisher.role("sleep") is PageRole.GONE
    assert (third.cards.removed, crawled_publisher.asked_for("sleep")) == (0, 0)


def test_page_back_after_one_miss_starts_counting_anew(crawled_publisher: Publisher) -> None:
    before = crawled_publisher.cards()
    html = (crawled_publisher.folder / "en" / "sleep.html").read_text(encoding="utf-8")
    for _ in range(2):
        crawled_publisher.remove("sleep")
        crawled_publisher.run()
        crawled_publisher.write("sleep", html)
        crawled_publisher.run()

    assert crawled_publisher.cards() == before


def test_page_back_after_removal_brings_its_cards_back(crawled_publisher: Publisher) -> None:
    before = {card["id"] for card in crawled_publisher.cards()}
    html = (crawled_publisher.folder / "en" / "sleep.html").read_text(encoding="utf-8")
    crawled_publisher.remove("sleep")
    crawled_publisher.run()
    crawled_publisher.run()
    assert {card["id"] for card in crawled_publisher.cards()} != before
    crawled_publisher.write("sleep", html)
    crawled_publisher.run()
    crawled_publisher.run("chop")

    assert {card["id"] for card in crawled_publisher.cards()} == before


LEFT = {name: PARTS[name] for name in ("On the back", "The room")}


def _shrink(publisher: Publisher) -> None:
    publisher.write("sleep", page(TITLE, LEFT))


def test_page_that_lost_half_its_text_waits_for_a_person(crawled_publisher: Publisher) -> None:
    before = crawled_publisher.cards()
    _shrink(crawled_publisher)

    summary = crawled_publisher.run()
    again = crawled_publisher.run()
    crawled_publisher.run("chop")

    with crawled_publisher.store() as db:
        (waiting,) = list_quarantined(db)
    assert (summary.guides.quarantined, summary.errors) == (1, [])
    assert (again.guides.quarantined, again.guides.fetched) == (0, 0)
    assert waiting.record.quarantine
    assert waiting.record.quarantine.reason is QuarantineReason.SHRUNK
    assert waiting.guide_title == TITLE
    assert crawled_publisher.cards() == before


def test_accepted_page_is_read_from_the_next_run_on(crawled_publisher: Publisher) -> None:
    _shrink(crawled_publisher)
    crawled_publisher.run()
    user = crawled_publisher.somebody()
    with crawled_publisher.store() as db:
        (waiting,) = list_quarantined(db)
        accept_page(db, waiting.record.key, user, "it was merged into another page")

    crawled_publisher.run()
    crawled_publisher.run("chop")

    of_sleep = [card for card in crawled_publisher.cards() if TITLE in card["breadcrumbs"]]
    assert {card["text"] for card in of_sleep} == set(LEFT.values())
    with crawled_publisher.store() as db:
        assert list_quarantined(db) == ()


def test_accepted_page_stays_accepted_when_extraction_changes(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.write("stub", page("Room temperature", {"": "Keep the room at 16 to 20°C."}))
    publisher.relist()
    publisher.run()
    user = publisher.somebody()
    with publisher.store() as db:
        (waiting,) = list_quarantined(db)
        accept_page(db, waiting.record.key, user)
    publisher.run()
    assert publisher.role("stub") is PageRole.GUIDE

    for module in (flows.procure, flows.shelf):
        monkeypatch.setattr(module, "EXTRACT_VERSION", "next")
    summary = publisher.run()

    assert summary.guides.quarantined == 0
    assert publisher.role("stub") is PageRole.GUIDE
    with publisher.store() as db:
        records = {record.url: record for record in list_pages(db, "harbour")}
    stub = next(record for url, record in records.items() if url.endswith("stub.html"))
    assert (stub.verdict, stub.extract_version) == (Verdict.ACCEPTED, "next")


def test_ignored_page_is_never_asked_for_again(publisher: Publisher) -> None:
    publisher.write("stub", page("Room temperature", {"": "Keep the room at 16 to 20°C."}))
    publisher.relist()
    publisher.run()
    assert publisher.asked_for("stub") == 1
    user = publisher.somebody()
    with publisher.store() as db:
        (waiting,) = list_quarantined(db)
        ignore_page(db, waiting.record.key, user)

    publisher.run()

    assert publisher.asked_for("stub") == 0
    assert publisher.asked_for("sleep") == 1


def test_unchanged_page_is_extracted_again_when_extraction_changes(
    crawled_publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert crawled_publisher.run().guides.fetched == 0
    for module in (flows.procure, flows.shelf):
        monkeypatch.setattr(module, "EXTRACT_VERSION", "next")

    assert crawled_publisher.run().guides.fetched == 2
    assert crawled_publisher.run().guides.fetched == 0


def test_stopped_source_is_left_alone_until_resumed(crawled_publisher: Publisher) -> None:
    user = crawled_publisher.somebody()
    with crawled_publisher.store() as db:
        stop_source(db, "harbour", user, "their terms changed")

    with pytest.raises(ConfigError, match=r"their terms changed.*resume harbour"):
        crawled_publisher.run()
    crawled_publisher.place.run(stage="procure")
    assert not [path for path in crawled_publisher.served.requests if path.startswith("/en/")]

    with crawled_publisher.store() as db:
        resume_source(db, "harbour", user, "")
    assert crawled_publisher.run().errors == []
    assert crawled_publisher.asked_for("sleep") == 1


def test_host_that_asked_for_a_pause_is_not_asked_before_it_is_over(publisher: Publisher) -> None:
    host = publisher.served.base.removeprefix("http://")
    with publisher.store() as db:
        set_parked(db, {host: utc_now() + timedelta(hours=2)})

    summary = publisher.run()

    assert publisher.served.requests == []
    assert (summary.errors, summary.guides.failed) == ([], 0)
    assert [host in note for note in summary.notes] == [True]
    with publisher.store() as db:
        assert list(list_parked(db)) == [host]
        assert list_guides(db) == ()


def test_further_pages_of_a_guide_are_asked_for_once(publisher: Publisher) -> None:
    """Pages are read ahead, and each page of a guide in several is itself on the list."""
    parts = [*PARTS.items(), *dict(SECTIONS_EN["bottle"]["parts"]).items()]  # type: ignore[call-overload]
    for number in (1, 2, 3):
        html = page(TITLE, dict(parts[2 * number - 2 : 2 * number]))
        links = "".join(
            f'<link rel="{rel}" href="sleep-{other}.html">'
            for rel, other in (("prev", number - 1), ("next", number + 1))
            if 1 <= other <= 3
        )
        publisher.write(f"sleep-{number}", html.replace("</head>", f"{links}</head>"))
    publisher.remove("sleep")
    publisher.relist()

    summary = publisher.run()

    assert summary.errors == []
    asked = [path for path in publisher.served.requests if "sleep-" in path]
    assert sorted(asked) == [f"/en/sleep-{number}.html" for number in (1, 2, 3)]
    with publisher.store() as db:
        guides = {ref.url.rpartition("/")[2] for ref in list_guides(db)}
    assert guides == {"bottle.html", "sleep-1.html"}


def test_first_listed_of_copies_is_the_guide(publisher: Publisher) -> None:
    """Whatever their titles are."""
    names = [f"copy-{letter}" for letter in "abcde"]
    for number, name in enumerate(names):
        publisher.write(name, page(TITLE if number % 2 else f"{TITLE} (to print)", PARTS))
    publisher.remove("sleep")
    publisher.relist()

    publisher.run()

    roles = {name: publisher.role(name) for name in names}
    assert roles == {names[0]: PageRole.GUIDE} | dict.fromkeys(names[1:], PageRole.DUPLICATE)


def test_cards_that_say_the_same_know_of_each_other(publisher: Publisher) -> None:
    publisher.run()
    publisher.run("chop")
    borrowed = "The cot"
    parts = dict(SECTIONS_EN["bottle"]["parts"]) | {borrowed: PARTS[borrowed]}  # type: ignore[call-overload]
    publisher.write("bottle", page(str(SECTIONS_EN["bottle"]["title"]), parts))
    publisher.run()
    publisher.run("chop")

    same = [card for card in publisher.cards() if card["text"] == PARTS[borrowed]]
    ids = {card["id"]: card["twin_id"] for card in publisher.cards()}
    new = next(card for card in same if TITLE not in card["breadcrumbs"])
    old = next(card for card in same if TITLE in card["breadcrumbs"])
    assert new["twin_id"] == old["id"]
    assert {twin for card_id, twin in ids.items() if card_id != new["id"]} <= {"", new["id"]}

    parts[borrowed] = "Choose a cot that meets the safety standard of your country. " * 2
    publisher.write("bottle", page(str(SECTIONS_EN["bottle"]["title"]), parts))
    publisher.run()
    publisher.run("chop")
    changed = [card for card in publisher.cards() if "meets the safety" in card["text"]]
    assert [card["twin_id"] for card in changed] == [""]


def test_page_that_moved_is_the_guide_once_the_old_address_is_gone(publisher: Publisher) -> None:
    publisher.run()
    publisher.run("chop")
    before = {card["text"] for card in publisher.cards()}
    publisher.write("where-to-sleep", page(TITLE, PARTS))
    publisher.remove("sleep")
    publisher.relist()
    publisher.run()
    assert publisher.role("where-to-sleep") is PageRole.DUPLICATE

    publisher.run()
    publisher.run()
    publisher.run("chop")

    assert publisher.role("where-to-sleep") is PageRole.GUIDE
    assert {card["text"] for card in publisher.cards()} == before


def test_licence_on_the_page_that_disagrees_is_on_every_draft(publisher: Publisher) -> None:
    html = page(TITLE, PARTS).replace(
        "<footer>",
        '<footer><a rel="license" href="https://creativecommons.org/licenses/by-nc-nd/4.0/">'
        "CC BY-NC-ND 4.0</a> ",
    )
    publisher.write("sleep", html)
    publisher.run("all")

    content = publisher.place.content()
    doubted = {row["id"] for row in content["guides"] if row["licence_finding"]}
    cards = {row["id"]: row["guide_id"] for row in content["cards"]}
    about_licence = {key for key, check, *_ in content["findings"] if check == "licence"}
    assert len(doubted) == 1
    assert about_licence == {
        row["key"] for row in content["drafts"] if cards[row["card_id"]] in doubted
    }
    assert {row["risk"] for row in content["drafts"] if row["key"] in about_licence} <= {
        "flagged",
        "blocked",
    }
