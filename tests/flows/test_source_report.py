"""What is said of a source: its state, the pages it offers, and how well its licence is read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from flows.kitchen import open_kitchen
from flows.source_report import (
    REUSE_MEANINGS,
    LicenceFinding,
    PagesToday,
    SourceReport,
    Standing,
    licence_warnings,
    read_standing,
    report_source,
)
from stages.types import Quarantine, QuarantineReason, Reuse, Source
from store.guides import get_guide, list_guides, save_guide
from store.pages import PageRole, list_pages, save_pages
from store.parking import set_parked
from store.quarantine import Stop, ignore_page
from tests.flows.small_site import Place

DAY = date(2026, 11, 22)
SOON = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)

SOURCE = Source(
    id="a",
    publisher="A",
    homepage="https://a.example/",
    languages=("en",),
    reuse=Reuse.ADAPT_OK,
    licence="Open",
    licence_url="",
    attribution="From A",
    licence_checked="2026-10-06",
    pages=("https://a.example/one", "https://b.example/two"),
    allow_hosts=("a.example", "b.example"),
)


def report(place: Place, source_id: str = "harbour", **values: object) -> SourceReport:
    """A report on one source of a place that runs."""

    async def ask() -> SourceReport:
        async with open_kitchen(settings, db) as kitchen:
            source = replace(kitchen.sources[source_id], **values)  # type: ignore[arg-type]
            return await report_source(kitchen, source, read_standing(settings), DAY)

    settings, db = place.settings(), place.open()
    try:
        return asyncio.run(ask())
    finally:
        db.dispose()


def test_every_kind_of_licence_is_put_in_words() -> None:
    assert set(REUSE_MEANINGS) == set(Reuse)


@pytest.mark.parametrize(
    ("values", "standing", "expected"),
    [
        ({}, Standing(), ("on", "")),
        ({"enabled": False, "disabled_reason": "No terms."}, Standing(), ("off", "No terms.")),
        (
            {"reuse": Reuse.DO_NOT_CRAWL, "enabled": False, "disabled_reason": "Barred."},
            Standing(),
            ("barred", "Barred."),
        ),
        (
            {},
            Standing(stops={"a": Stop(SOON, "ann", "They asked.")}),
            ("stopped", "by ann on 2026-11-22: They asked."),
        ),
        (
            {},
            Standing(stops={"a": Stop(SOON, "", "")}),
            ("stopped", "by the command line on 2026-11-22"),
        ),
        ({}, Standing(parked={"a.example": SOON}), ("on", "")),
        (
            {},
            Standing(parked={"a.example": SOON, "b.example": SOON - timedelta(hours=1)}),
            ("parked", "until 2026-11-22 18:30 UTC, as its host asked"),
        ),
    ],
)
def test_state_of_a_source(
    values: dict[str, object], standing: Standing, expected: tuple[str, str]
) -> None:
    assert standing.state(replace(SOURCE, **values)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, ""),
        ({"licence_checked": ""}, "nobody has checked the licence"),
        ({"licence_checked": "", "enabled": False}, ""),
        ({"licence_checked": "", "reuse": Reuse.LINK_ONLY}, ""),
        ({"licence_checked": "2026-11-23"}, "the licence was checked on 2026-11-23, which is yet"),
    ],
)
def test_warning_about_a_reading_of_terms(values: dict[str, object], says: str) -> None:
    warnings = licence_warnings(replace(SOURCE, **values), DAY)  # type: ignore[arg-type]

    assert [warning[: len(says)] for warning in warnings] == ([says] if says else [])


def test_nothing_stands_where_nothing_has_run(place: Place) -> None:
    assert read_standing(place.settings()) == Standing()
    assert not place.home.exists()


def test_report_counts_the_pages_of_today(place: Place) -> None:
    said = report(place)
    two = report(place, max_guides=1)

    assert (said.state, said.problems, said.stored) == ("on", (), 0)
    assert said.today == PagesToday(2, 2, 0, 0, 0, 0, 0, 0)
    assert two.today == PagesToday(1, 1, 0, 0, 0, 0, 1, 0)
    assert [(host.says, host.is_stop, host.delay_s) for host in said.robots] == [
        ("read", False, 0.0)
    ]


def test_report_counts_guides_that_no_list_names_any_more(kept: Place) -> None:
    db = kept.open()
    url = list_guides(db, ["harbour"])[0].url
    db.dispose()
    said = report(kept, sitemap="", pages=(url,))

    assert said.today == PagesToday(1, 2, 0, 1, 1, 0, 0, 0)


def test_report_asks_no_source_whose_hosts_are_parked(kept: Place) -> None:
    db = kept.open()
    until = datetime.now(UTC) + timedelta(hours=2)
    set_parked(db, {kept.base.removeprefix("http://"): until})
    db.dispose()
    said = report(kept)

    assert said.state == "parked"
    assert said.reason == f"until {until:%Y-%m-%d %H:%M} UTC, as its host asked"
    assert (said.robots, said.today, said.is_ok) == ((), None, True)


def test_report_lists_licence_findings_and_pages_that_wait(kept: Place) -> None:
    db = kept.open()
    ref = list_guides(db, ["harbour"])[0]
    guide = get_guide(db, ref.id)
    assert guide
    save_guide(db, replace(guide, licence_finding="The page reserves all rights."))
    pages = [page for page in list_pages(db, "harbour") if page.role is PageRole.GUIDE]
    aside = Quarantine(QuarantineReason.EMPTY, "no text")
    save_pages(db, [replace(page, quarantine=aside) for page in pages])
    ignore_page(db, pages[0].key, None)
    db.dispose()
    said = report(kept)

    finding = LicenceFinding(ref.url, ref.title, "The page reserves all rights.")
    assert said.findings == (finding,)
    assert (said.stored, said.waiting) == (2, 1)
    assert said.as_dict()["licence"]["findings"] == [
        {"url": ref.url, "title": ref.title, "finding": "The page reserves all rights."}
    ]
