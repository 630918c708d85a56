"""Shapes of real sites (health services, portals, blogs) that once cost a guide its words."""

from __future__ import annotations

import pytest

from stages.procure.extract import extract_page
from stages.types import BlockKind

TEXT = (
    "<p>Listeria can make you very ill while you are pregnant, even where you notice little.</p>"
    "<p>Symptoms usually start within 2 weeks after eating food that holds the germ.</p>"
)
LINES = [
    "Listeria can make you very ill while you are pregnant, even where you notice little.",
    "Symptoms usually start within 2 weeks after eating food that holds the germ.",
]
TABLE = "<table><tr><th>Gel</th><th>Why</th></tr><tr><td>Benzocaine</td><td>No</td></tr></table>"


def read(body: str, url: str = "https://e.org/a.html") -> list[str]:
    page = f"<html><body><main><h1>Listeria</h1>{TEXT}{body}</main></body></html>"
    lines = [block.text for block in extract_page(page.encode(), url).blocks]
    assert lines[:2] == LINES
    return lines[2:]


def test_accordion_that_calls_itself_a_list_of_tabs_is_read():
    body = (
        "<div class='accordion' role='tablist'><div class='card'><button aria-controls='c1'>"
        "<h3>Can I breastfeed?</h3></button><div id='c1' class='collapse' style='display:none'>"
        "<p>Yes. It is not passed through breast milk.</p></div></div></div>"
    )
    assert read(body) == ["Can I breastfeed?", "Yes. It is not passed through breast milk."]


def test_list_of_tabs_alone_is_not_read():
    assert read("<ul role='tablist'><li>Overview</li><li>Treatment</li></ul>") == []


@pytest.mark.parametrize("tag", ["button", "div role='button'"])
def test_title_of_a_panel_stays_whatever_the_panel_holds(tag):
    body = (
        f"<div><{tag} aria-controls='q3'>What should I avoid?</{tag.split()[0]}>"
        f"<div id='q3' hidden>{TABLE}</div></div>"
    )
    assert read(body) == ["What should I avoid?", "Gel: Benzocaine; Why: No"]


def test_button_that_opens_a_menu_is_not_read():
    menu = "<ul><li><a href='/1'>Symptoms</a></li><li><a href='/2'>Prevention</a></li></ul>"
    assert read(f"<button aria-controls='m'>Topics</button><div id='m'>{menu}</div>") == []


def test_heading_over_nothing_ends_no_guide():
    related = "<div class='related-page'><a href='/h'>How to prevent it</a></div>"
    assert read(f"<div><h3>View all food safety</h3>{related}</div>") == []


@pytest.mark.parametrize(
    "line",
    [
        "打印本页 关闭窗口",
        "【打印】【关闭】",
        "标签：补钙 孕期",
        "声明：本文内容仅供参考，不能代替医生诊断。",
        "Did you find this information useful?",
        "This post may contain affiliate links. Read my disclosure policy.",
    ],
)
def test_lines_of_portals_and_blogs_are_furniture(line):
    assert read(f"<div><p>{line}</p></div>") == []


@pytest.mark.parametrize(
    ("links", "neighbours"),
    [
        ("<a href='#'>上一页</a> <a href='a_2.html'>下一页</a>", ("https://e.org/a_2.html", "")),
        ("<a href='a_2.html'>Next page »</a>", ("https://e.org/a_2.html", "")),
        ("<a href='a_2.html'> <b>Next</b> </a>", ("https://e.org/a_2.html", "")),
        ("<a href='a_2.html'>2</a> <a href='b.html'>下一页</a>", ("", "")),
        (
            "<a href='a_3.html'>下一頁</a><a href='a.html'>上一頁</a>",
            ("https://e.org/a_3.html", ""),
        ),
    ],
)
def test_pages_of_one_guide_are_known_by_what_their_links_say(links, neighbours):
    page = f"<html><body><h1>Listeria</h1>{TEXT}<div class='art_page'>{links}</div></body></html>"
    content = extract_page(page.encode(), "https://e.org/a.html")
    assert (content.next_url, content.prev_url) == neighbours


def test_guide_of_headings_alone_keeps_them():
    page = (
        "<main><h1>Guides</h1><h2><a href='/a'>Milk</a></h2><h2><a href='/b'>Naps</a></h2></main>"
    )
    blocks = extract_page(page.encode(), "https://e.org/").blocks
    assert [block.kind for block in blocks] == [BlockKind.HEADING, BlockKind.HEADING]


def test_control_characters_that_count_as_white_space_break_nothing():
    assert read("<p>Milk\x0b and\x0c honey\x1f.</p>") == ["Milk and honey."]
