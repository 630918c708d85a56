"""The page of sources: terms in words, who stopped what, and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from store.guides import get_guide, remove_guide, save_guide
from store.quarantine import ignore_page, list_page_decisions, list_stops, stop_source
from store.tables import CardRow
from tests.review_ui.desk_data import DeskData
from tests.review_ui.shelf_data import ShelfData
from tests.review_ui.visitor import Visitor, text_of


def source(visitor: Visitor, publisher: str, path: str = "/sources") -> Any:
    found = visitor.page(path).xpath("//article[contains(@class, 'source-card')]")
    return next(article for article in found if publisher in text_of(article.xpath(".//h2")[0]))


def publishers(visitor: Visitor, path: str) -> list[str]:
    return [text_of(h2) for h2 in visitor.page(path).xpath("//article/header/h2")]


@pytest.mark.usefixtures("shelf")
def test_sources_are_listed_stopped_ones_first(mara: Visitor) -> None:
    assert [name[:12] for name in publishers(mara, "/sources")] == [
        "Parents' Cor", "River Valley", "The Sleep So", "江城妇幼保健中心",
        "Cosy House <", "The Old Clin",
    ]  # fmt: skip


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("tab", "count"), [("on", 2), ("parked", 1), ("stopped", 1), ("off", 2), ("findings", 2)]
)
def test_tabs_narrow_the_list(mara: Visitor, tab: str, count: int) -> None:
    assert len(publishers(mara, f"/sources?show={tab}")) == count


@pytest.mark.usefixtures("shelf")
def test_source_says_what_its_terms_allow_and_who_read_them(mara: Visitor) -> None:
    river = text_of(source(mara, "River Valley"))
    for words in (
        "On May be publishedEnglishriver-health",
        "Its text may be rewritten and published, with its attribution.",
        "16 Sep 2026 by Spoonful maintainers Text may be copied",
        "6 guides 6 pages 4 to decide",
        "1 guide says otherwise about the licence",
        "The page says “CC BY-NC 4.0”",
    ):
        assert words in river
    assert "nobody has read the terms yet" in text_of(source(mara, "The Sleep Society"))
    parked = text_of(source(mara, "江城"))
    assert parked.startswith("江城妇幼保健中心 Parked ")
    assert "fuyou.example.cn asked to be left alone until " in parked
    assert "lifted by itself" in parked
    off = text_of(source(mara, "The Old Clinic"))
    assert "Off in sources.yaml. Their terms forbid any reading by machines." in off
    assert "Never asked" in off


@pytest.mark.usefixtures("shelf")
def test_findings_link_to_their_guides(mara: Visitor) -> None:
    links = source(mara, "River Valley").xpath(".//*[@class='source-findings']//a/@href")
    assert links == ["/guides/river-health/newborn"]


def test_source_is_stopped_with_a_note_and_resumed(
    mara: Visitor, lin: Visitor, desk: DeskData
) -> None:
    (form,) = source(mara, "River Valley").xpath(".//form")
    silent = mara.client.post(form.get("action"), data=dict(form.fields))
    assert silent.status_code == 303
    assert list_stops(desk.db) == {}
    assert "say why" in text_of(mara.page("/sources").get_element_by_id("note"))
    mara.client.post(form.get("action"), data={**dict(form.fields), "note": " Site is moving. "})
    stopped = source(lin, "River Valley")
    assert "Stopped by mara just now" in text_of(stopped)
    assert "Site is moving." in text_of(stopped)
    (resume,) = stopped.xpath(".//form")
    lin.client.post(resume.get("action"), data={**dict(resume.fields), "note": "It has moved."})
    assert list_stops(desk.db) == {}
    assert [(line.user, line.action.value, line.note) for line in list_page_decisions(desk.db)] == [
        ("lin", "resume", "It has moved."),
        ("mara", "stop", "Site is moving."),
    ]
    assert "lin resumed River Valley Health Service" in text_of(mara.page("/sources"))


def test_second_stop_says_that_it_came_late(mara: Visitor, lin: Visitor, desk: DeskData) -> None:
    (form,) = source(mara, "River Valley").xpath(".//form")
    for visitor in (mara, lin):
        fields = {**dict(form.fields), "csrf": visitor.csrf(), "note": "Wait."}
        assert visitor.client.post(form.get("action"), data=fields).status_code == 303
    assert "stopped already" in text_of(lin.page("/sources").get_element_by_id("note"))
    assert len(list_page_decisions(desk.db)) == 1


def test_unknown_source_is_refused(mara: Visitor, desk: DeskData) -> None:
    fields = {"csrf": mara.csrf(), "note": "Wait."}
    for action in ("stop", "resume"):
        mara.client.post(f"/sources/nobody/{action}", data=fields)
        assert "no such source" in text_of(mara.page("/sources").get_element_by_id("note"))
    assert list_page_decisions(desk.db) == ()


def test_card_says_what_became_of_its_source(mara: Visitor, shelf: ShelfData) -> None:
    def banners(name: str) -> str:
        page = mara.page(f"/cards/{shelf.cards[name]}")
        return " ".join(text_of(p) for p in page.xpath("//p[contains(@class, 'banner')]"))

    assert banners("naps").startswith("Check the licence. The page says “CC BY-NC 4.0”")
    assert banners("bath").startswith("Source removed. The page is gone from the site of River")
    assert banners("latch").startswith("Nearly the same as Knowing that your baby is latched on")
    assert banners("storage") == ""


@pytest.mark.parametrize(
    ("name", "said", "removed", "added"),
    [
        ("naps", "Facts changed in the source", ["14", "17", "4"], ["16", "18", "3"]),
        ("zh-store", "Facts changed in the source", ["4", "4", "要"], ["不超过3", "3", "能"]),
        ("latch", "Only wording changed in the source", ["only", "is"], ["just", "stays"]),
    ],
)
def test_card_shows_what_changed_and_of_what_kind(
    mara: Visitor, shelf: ShelfData, name: str, said: str, removed: list[str], added: list[str]
) -> None:
    source = mara.page(f"/cards/{shelf.cards[name]}").xpath("//section[@class='source']")[0]
    assert text_of(source.xpath(".//details[.//del]/summary")[0]).startswith(said)
    assert [text_of(node) for node in source.xpath(".//del")] == removed
    assert [text_of(node) for node in source.xpath(".//ins")] == added


def test_guide_shows_footnotes_licence_finding_and_removal(mara: Visitor, shelf: ShelfData) -> None:
    guide = mara.page("/guides/river-health/newborn")
    notes = guide.xpath("//p[contains(@class, 'line-footnote')]")
    assert [text_of(note.xpath("./span")[0]) for note in notes] == ["¹", "*"]
    assert text_of(notes[1]) == "*By mouth it takes three doses; ask your midwife for the days."
    assert "Check the licence. The page says" in text_of(guide)
    assert "Source removed. This page is gone" in text_of(mara.page("/guides/river-health/bath"))


@pytest.mark.usefixtures("shelf")
def test_parking_of_a_stopped_source_leaves_the_stop(mara: Visitor, desk: DeskData) -> None:
    stop_source(desk.db, "city-mother-child", 1, "Wait.")
    stopped = text_of(source(mara, "江城"))
    assert stopped.startswith("江城妇幼保健中心 Stopped ")
    assert "That is lifted by itself; the stop is not." in stopped
    assert publishers(mara, "/sources?show=parked") == []


def test_record_names_pages_and_links_them(mara: Visitor, desk: DeskData, shelf: ShelfData) -> None:
    for name in ("vaccines", "toddler-food", "hostile"):
        ignore_page(desk.db, shelf.pages[name], 1)
    panel = mara.page("/sources").xpath("//section[@aria-labelledby='record-title']")[0]
    lines = {
        text_of(li.xpath("./span[2]")[0]): li.xpath(".//a/@href") for li in panel.xpath(".//li")
    }
    pdf = "https://fuyou.example.cn/files/2026/"
    assert lines[f"mara ignored {pdf}接种程序表.pdf"][0].startswith(pdf)
    assert lines["mara ignored Feeding a toddler"] == ["/guides/river-health/toddler-food"]
    assert [href for said, href in lines.items() if "Quiet evenings" in said] == [[]]
    assert not any(key in said for said in lines for key in shelf.pages.values())


@pytest.mark.parametrize(
    ("kind", "said", "reassures"),
    [
        ("material", "Facts changed in the source", False),
        ("reworded", "Only wording changed in the source", True),
        ("", "Text changed in the source", False),
    ],
)
def test_kind_of_a_change_survives_removal_and_return(
    mara: Visitor, desk: DeskData, shelf: ShelfData, kind: str, said: str, reassures: bool
) -> None:
    with desk.db.write() as session:
        row = session.get_one(CardRow, shelf.cards["naps"])
        row.previous_change = kind
        session.add(row)
    guide = get_guide(desk.db, "river-health/newborn")
    assert guide
    remove_guide(desk.db, guide.id)
    save_guide(desk.db, guide)
    page = mara.page(f"/cards/{shelf.cards['naps']}")
    fold = page.xpath("//section[@class='source']//details[.//del]")[0]
    assert text_of(fold.xpath("./summary")[0]) == said
    assert ("What was approved stays right" in text_of(fold)) == reassures
    assert (fold.get("open") is None) == reassures
