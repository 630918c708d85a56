"""Pages set aside: shown with their evidence, settled by people, on record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from httpx import Response
from lxml import html

from review_ui.losses import find_losses
from stages.types import CardKind, QuarantineReason, Stakes
from store.guides import get_guide, save_guide
from store.overview import StandingCard, StandingGuide
from store.pages import Verdict, get_page, save_pages
from store.quarantine import accept_page, list_page_decisions, list_stops
from tests.review_ui.desk_data import DeskData
from tests.review_ui.shelf_data import INJECTION, STOP_NOTE, ZH_INJECTION, ShelfData, make_pages
from tests.review_ui.test_pages import count_queries
from tests.review_ui.visitor import Visitor, text_of


def articles(visitor: Visitor, path: str = "/quarantine") -> dict[str, Any]:
    """Pages on the list by title."""
    found = visitor.page(path).xpath("//article[@data-page]")
    return {text_of(article.xpath(".//h2")[0]): article for article in found}


def settle(
    visitor: Visitor, title: str, action: str, path: str = "/quarantine", **fields: str
) -> Response:
    """Press a button of a page's article with what stands in its form; htmx: as htmx would."""
    headers = {"hx-request": "true"} if fields.pop("htmx", "") else {}
    article = articles(visitor, path)[title]
    button = article.xpath(f".//button[@data-{action}]")[0]
    form = button.xpath("ancestor::form")[0]
    target = button.get("formaction") or form.get("action")
    sent = {name: value for name, value in form.fields.items() if value is not None}
    return visitor.client.post(target, data={**sent, **fields}, headers=headers)


def verdict(desk: DeskData, key: str) -> Verdict:
    record = get_page(desk.db, key)
    assert record is not None
    return record.verdict


def test_quarantine_lists_what_waits_the_latest_first(mara: Visitor, shelf: ShelfData) -> None:
    assert list(articles(mara)) == [
        "Feeding a toddler",
        "儿童发热护理",
        "Sorry, we could not find this page",
        "https://fuyou.example.cn/files/2026/接种程序表.pdf",
        "Quiet evenings <script>alert('page')</script><img src=x onerror=alert(1)>",
        "江城妇幼保健中心",
        "Lactancia materna",
        "Welcome to the Sleep Society",
    ]
    assert list(articles(mara, "/quarantine?view=settled")) == [
        "Just a moment",
        "Bath water",
        "Events near you",
    ]


@pytest.mark.usefixtures("shelf")
def test_bar_says_how_much_waits(mara: Visitor) -> None:
    counts = {
        text_of(a): a.get("href")
        for a in mara.page("/groups").xpath("//nav[@class='nav']//a[b[not(@hidden)]]")
    }
    assert counts == {"Posts3 to decide": "/posts", "Quarantine8 to decide": "/quarantine"}


def test_bar_says_nothing_when_nothing_waits(mara: Visitor, desk: DeskData) -> None:
    assert mara.page("/groups").xpath("//nav[@class='nav']//b[not(@hidden)]") == []


@pytest.mark.parametrize("reason", list(QuarantineReason))
def test_every_reason_has_its_words(mara: Visitor, desk: DeskData, reason: str) -> None:
    tree = mara.page("/quarantine?reason=" + reason)
    assert len(tree.xpath(f"//select[@name='reason']/option[@value='{reason}'][@selected]")) == 1


@pytest.mark.usefixtures("shelf")
def test_page_is_shown_with_all_that_helps_to_decide(mara: Visitor) -> None:
    shrunk = articles(mara)["Feeding a toddler"]
    text = text_of(shrunk)
    for words in (
        "Lost more than half of its text",
        "1,311 of 5,204 characters are left",
        "Feeding a toddler (2 cards, as read before)",
        "Open Government Licence v3.0",
        "Its cards stay. You are asked again only if the page changes.",
        "This page is being rewritten.",
        "Nothing of River Valley Health Service is asked for until somebody resumes it.",
    ):
        assert words in text
    assert shrunk.xpath(".//h2/a/@href") == ["https://health.example.org/toddler-food"]
    assert shrunk.xpath(".//dd/a/@href") == ["/guides/river-health/toddler-food"]


def test_guide_that_became_something_else_says_that_its_cards_stand(
    mara: Visitor, desk: DeskData
) -> None:
    page = make_pages()["gone"]
    save_pages(desk.db, [type(page)(**{**as_fields(page), "key": "river-health/ill-baby"})])
    (article,) = articles(mara).values()
    assert "When your baby is ill (1 card, as read before)" in text_of(article)
    assert "Its cards stay." in text_of(article)


@pytest.mark.usefixtures("shelf")
def test_hidden_texts_are_shown_as_evidence(mara: Visitor) -> None:
    found = articles(mara)
    zh = found["儿童发热护理"].xpath(".//details[contains(@class, 'hidden-texts')]")[0]
    assert text_of(zh.xpath(".//li")[0]) == ZH_INJECTION
    assert zh.get("open") is None
    assert INJECTION in text_of(
        next(article for title, article in found.items() if "Quiet" in title)
    )


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("source=city-mother-child", 3),
        ("reason=not_a_guide", 3),
        ("source=river-health&reason=not_a_guide", 1),
        ("source=nobody", 0),
        ("view=settled&reason=captcha", 1),
    ],
)
def test_quarantine_filters(mara: Visitor, query: str, count: int) -> None:
    tree = mara.page(f"/quarantine?{query}")
    assert len(tree.xpath("//article[@data-page]")) == count
    assert ("No page fits this filter" in tree.text_content()) == (count == 0)


def test_empty_quarantine_says_so(mara: Visitor, desk: DeskData) -> None:
    assert "Nothing to decide" in mara.page("/quarantine").text_content()
    assert "Nothing settled yet" in mara.page("/quarantine?view=settled").text_content()


def test_accepting_is_put_on_record(mara: Visitor, desk: DeskData, shelf: ShelfData) -> None:
    response = settle(mara, "Feeding a toddler", "accept", note="  The old part was wrong.  ")
    assert (response.status_code, response.headers["location"]) == (303, "/quarantine")
    assert verdict(desk, shelf.pages["toddler-food"]) is Verdict.ACCEPTED
    last = list_page_decisions(desk.db, 1)[0]
    assert (last.user, last.action.value, last.reason, last.note) == (
        "mara", "accept", "shrunk", "The old part was wrong.",
    )  # fmt: skip
    tree = mara.page("/quarantine?view=settled")
    assert "Accepted: the next run reads it as a guide." in text_of(tree.get_element_by_id("note"))
    settled = articles(mara, "/quarantine?view=settled")["Feeding a toddler"]
    assert "Accepted by mara just now" in text_of(settled)
    assert "The old part was wrong." in text_of(settled)


def test_ignored_page_can_be_taken_back(
    mara: Visitor, lin: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    settle(mara, "Lactancia materna", "ignore")
    assert verdict(desk, shelf.pages["espanol"]) is Verdict.IGNORED
    settle(lin, "Lactancia materna", "restore", "/quarantine?view=settled")
    assert verdict(desk, shelf.pages["espanol"]) is Verdict.NONE
    assert "Taken back by lin just now" in text_of(articles(mara)["Lactancia materna"])
    assert [(line.user, line.action.value) for line in list_page_decisions(desk.db, 2)] == [
        ("lin", "restore"),
        ("mara", "ignore"),
    ]


def test_page_without_text_cannot_be_accepted(
    mara: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    title = "https://fuyou.example.cn/files/2026/接种程序表.pdf"
    assert articles(mara)[title].xpath(".//button[@data-accept]") == []
    fields = {"csrf": mara.csrf(), "key": shelf.pages["vaccines"], "seen": "needs_ocr"}
    mara.client.post("/quarantine/accept", data=fields)
    assert "nothing to accept" in text_of(mara.page("/quarantine").get_element_by_id("note"))
    assert verdict(desk, shelf.pages["vaccines"]) is Verdict.NONE


def test_second_of_two_people_is_told_what_happened(
    mara: Visitor, lin: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    button = articles(lin)["Feeding a toddler"].xpath(".//button[@data-ignore]")[0]
    form = button.xpath("ancestor::form")[0]
    settle(mara, "Feeding a toddler", "accept")
    response = lin.client.post(
        button.get("formaction"), data=dict(form.fields), headers={"hx-request": "true"}
    )
    assert response.status_code == 409
    shown = html.fromstring(f"<div>{response.text}</div>")
    assert "Accepted by mara" in text_of(shown.xpath(".//article")[0])
    assert "Somebody decided about this page" in text_of(shown.get_element_by_id("note"))
    assert verdict(desk, shelf.pages["toddler-food"]) is Verdict.ACCEPTED
    assert len([line for line in list_page_decisions(desk.db) if line.page_key]) == 3


def test_page_set_aside_for_another_reason_meanwhile_is_not_settled(
    mara: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    fields = {"csrf": mara.csrf(), "key": shelf.pages["toddler-food"], "seen": "soft_404"}
    response = mara.client.post("/quarantine/ignore", data=fields, headers={"hx-request": "true"})
    assert response.status_code == 409
    assert verdict(desk, shelf.pages["toddler-food"]) is Verdict.NONE


def test_page_read_by_a_run_meanwhile_is_gone_from_the_list(
    mara: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    record = get_page(desk.db, shelf.pages["espanol"])
    assert record is not None
    article = articles(mara)["Lactancia materna"]
    form = article.xpath(".//form[@class='verdict']")[0]
    save_pages(desk.db, [type(record)(**{**as_fields(record), "quarantine": None})])
    response = mara.client.post(
        "/quarantine/accept",
        data=dict(form.fields),
        headers={"hx-request": "true", "hx-target": article.get("id")},
    )
    assert response.status_code == 409
    shown = html.fromstring(f"<div>{response.text}</div>")
    assert shown.get_element_by_id(article.get("id")).get("class") == "aside-page is-settled"
    assert "not set aside any more" in response.text


def as_fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


@pytest.mark.parametrize("key", ["", "nobody/nothing", "x" * 3000])
def test_unknown_page_is_refused(mara: Visitor, desk: DeskData, key: str) -> None:
    fields = {"csrf": mara.csrf(), "key": key}
    for action in ("accept", "ignore", "restore"):
        response = mara.client.post(f"/quarantine/{action}", data=fields)
        assert response.status_code in (303, 422)
    assert list_page_decisions(desk.db) == ()


def test_htmx_gets_the_settled_page_and_the_new_counts(mara: Visitor, shelf: ShelfData) -> None:
    response = settle(mara, "江城妇幼保健中心", "ignore", htmx="yes")
    assert response.status_code == 200
    shown = html.fromstring(f"<div>{response.text}</div>")
    assert (
        len(shown.xpath(".//article[contains(@class, 'is-settled')]//button[@data-restore]")) == 1
    )
    assert text_of(shown.xpath(".//*[@data-count='quarantine']")[0]) == "7 to decide"
    assert text_of(shown.get_element_by_id("quarantine-tabs")) == "To decide 7 Settled 4"


def test_stopping_from_the_quarantine_settles_what_the_source_gave(
    mara: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    path = "/quarantine?source=city-mother-child"
    (form, *_) = mara.page(path).xpath("//details[@data-stop]//form")
    fields = {**dict(form.fields), "note": "They moved to another site."}
    response = mara.client.post(form.get("action"), data=fields)
    assert response.headers["location"] == path
    stop = list_stops(desk.db)["city-mother-child"]
    assert (stop.by, stop.note) == ("mara", "They moved to another site.")
    assert articles(mara, path) == {}
    waiting = articles(mara, f"{path}&view=settled")
    assert len(waiting) == 3
    assert "Waits with its source" in text_of(waiting["儿童发热护理"])


def test_quarantine_costs_the_same_queries_for_few_and_many(
    mara: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    db = mara.client.app.state.services.db  # type: ignore[attr-defined]
    costs = []
    for _ in range(2):
        for path in ("/quarantine", "/sources", "/posts"):
            mara.get(path)
            with count_queries(db) as said:
                assert mara.get(path).status_code == 200
            costs.append(len(said))
        pages = make_pages().values()
        save_pages(
            desk.db,
            [
                type(page)(**{**as_fields(page), "key": f"{page.key}/{number}"})
                for page in pages
                for number in range(4)
            ],
        )
        if len(costs) == 3:
            accept_page(desk.db, f"{shelf.pages['gone']}/1", 1)
    assert costs[:3] == costs[3:]
    assert max(costs) <= 14


def test_quarantine_turns_pages(mara: Visitor, desk: DeskData, shelf: ShelfData) -> None:
    page = make_pages()["gone"]
    save_pages(
        desk.db,
        [
            type(page)(**{**as_fields(page), "key": f"k/{n}", "title": f"Page {n}"})
            for n in range(30)
        ],
    )
    first, second = articles(mara), articles(mara, "/quarantine?page=2")
    assert (len(first), len(second)) == (25, 13)
    assert not set(first) & set(second)
    assert list(articles(mara, "/quarantine?page=9")) == list(second)


def test_stop_note_is_shown_to_everybody(lin: Visitor, shelf: ShelfData) -> None:
    assert STOP_NOTE in text_of(lin.page("/sources"))


def losses(visitor: Visitor, title: str) -> list[str]:
    """What the fold of what would be lost lists, its summary first."""
    fold = articles(visitor)[title].find_class("losses")
    return [text_of(part) for part in fold[0].xpath("./summary | .//li")] if fold else []


def test_what_accepting_would_lose_is_listed_what_could_hurt_first(
    mara: Visitor, shelf: ShelfData
) -> None:
    said = losses(mara, "Feeding a toddler")
    assert said[0] == (
        "Accepting loses or changes 2 of 2 cards, 1 of them a warning or when to call"
    )
    assert said[1].startswith("Foods that can choke a small child Warning")
    assert said[2].startswith("Iron on a toddler's plate partly there")


def test_cards_that_stay_are_not_counted_as_lost(
    mara: Visitor, desk: DeskData, shelf: ShelfData
) -> None:
    record = get_page(desk.db, shelf.pages["toddler-food"])
    guide = get_guide(desk.db, "river-health/toddler-food")
    assert record
    assert guide
    save_pages(desk.db, [replace(record, excerpt=guide.text[:900])])
    assert losses(mara, "Feeding a toddler") == []
    text = text_of(articles(mara)["Feeding a toddler"])
    assert "Every card that stands is in the new text word for word." in text


@pytest.mark.parametrize(
    ("excerpt", "words"),
    [
        ("x" * 1000, "Only the beginning of the new text is kept here"),
        ("A short text.", "The guide was read from 2 pages and this is one of them"),
    ],
)
def test_losses_that_cannot_be_listed_are_said_so(
    mara: Visitor, desk: DeskData, shelf: ShelfData, excerpt: str, words: str
) -> None:
    record = get_page(desk.db, shelf.pages["toddler-food"])
    guide = get_guide(desk.db, "river-health/toddler-food")
    assert record
    assert guide
    save_pages(desk.db, [replace(record, excerpt=excerpt)])
    urls = ("https://a.example", "https://b.example")
    save_guide(desk.db, replace(guide, page_urls=urls if len(excerpt) < 1000 else urls[:1]))
    assert losses(mara, "Feeding a toddler") == []
    said = articles(mara)["Feeding a toddler"].find_class("losses-unknown")[0]
    assert "1,311 of 5,204 characters are left. " + words in text_of(said)
    assert said.xpath(".//a/@href") == ["/guides/river-health/toddler-food"]


@pytest.mark.parametrize(
    ("line", "text", "stands"),
    [
        ("Give 5 ml.", "Before. Give 5 ml. After.", True),
        ("give 5 ml", "Do not give 5 ml", False),
        ("Give 5 ml", "Give 5 ml every hour", False),
        ("Give  5 ml", "Give 5 ml\nRest", True),
        ("可以喝水。", "不可以喝水。", False),
        ("可以喝水。", "先量体温。可以喝水。再观察。", True),
    ],
)
def test_line_stands_only_as_a_whole(line: str, text: str, stands: bool) -> None:
    card = StandingCard("c", "Title", line, CardKind.FACT, Stakes.NORMAL)
    found = find_losses(StandingGuide((card,), 10, 1), text)
    assert found.count == (0 if stands else 1)


@pytest.mark.parametrize(
    ("title", "first"),
    [
        ("儿童发热护理", "Ignore i"),
        ("Sorry, we could not find this page", "Ignore i"),
        ("Lactancia materna", "Accept a"),
    ],
)
def test_likelier_verdict_is_the_primary_one(
    mara: Visitor, shelf: ShelfData, title: str, first: str
) -> None:
    buttons = articles(mara)[title].xpath(".//form[@class='verdict']//button")
    assert [text_of(button) for button in buttons if "primary" in button.get("class")] == [first]
    assert text_of(buttons[0]) == first
    assert len(buttons) == 2
