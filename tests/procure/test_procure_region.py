"""Which part of a page is the guide, and what stands in that part without belonging to it."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from stages.procure.extract import extract_page
from stages.procure.furniture import (
    calls_for_help,
    holds_phone,
    is_furniture_heading,
    is_furniture_line,
    is_link_heading,
    is_own_link_heading,
    is_sign_up,
    is_transcript_heading,
)
from stages.procure.measure import Size, measure, prose_of

URL = "https://example.org/guides/naps"
BODY = (
    "<p>Most babies of six months sleep two or three times a day, for an hour or so each.</p>"
    "<p>Put your baby down drowsy but awake, at about the same time on most of your days.</p>"
    "<h2>Short naps</h2>"
    "<p>A nap of half an hour is common until five months, and no sign that anything is wrong.</p>"
    "<p>Try to hold off the next one until your baby shows that the tiredness is coming back.</p>"
)
LINES = [
    "Most babies of six months sleep two or three times a day, for an hour or so each.",
    "Put your baby down drowsy but awake, at about the same time on most of your days.",
    "Short naps",
    "A nap of half an hour is common until five months, and no sign that anything is wrong.",
    "Try to hold off the next one until your baby shows that the tiredness is coming back.",
]


def read(page: str) -> list[str]:
    """Texts of the blocks of a page with this body, its title apart."""
    head = '<meta charset="utf-8"><title>Naps</title>'
    body = f'<!doctype html><html lang="en"><head>{head}</head><body>{page}</body></html>'
    return [block.text for block in extract_page(body.encode(), URL, "text/html").blocks]


def teaser(number: int) -> str:
    link = f"<a href='/p/{number}'>Page number {number}</a>"
    return f"<div class='item'><h3>{link}</h3><p>What is said about this one, in short.</p></div>"


# --- sizes ---------------------------------------------------------------------------------------


def test_measure_counts_text_links_and_running_text():
    root = etree.HTML(
        "<div><p>Feed your baby <b>when hungry</b>, not by the clock.</p>"
        "<p><a href='/x'>All of our guides</a> Next</p><p><a href='tel:999'>Call 999</a></p></div>"
    )
    sizes = measure(root)
    first, second, third = root.iter("p")
    assert sizes[first] == Size(chars=44, linked=0, prose=44, links=0)
    assert sizes[second] == Size(chars=21, linked=17, prose=0, links=1)
    assert sizes[third] == Size(chars=8, linked=0, prose=0, links=0)
    assert sizes[root] == Size(chars=73, linked=17, prose=44, links=1)
    assert sizes[second].link_ratio == pytest.approx(17 / 21)


_markup = st.recursive(
    st.text("ab 中", max_size=40),
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{'x '.join(parts)}</{tag}>",
        st.sampled_from(("p", "div", "b", "li", "a href='/q'", "section")).map(str),
        st.lists(inner, max_size=4),
    ),
    max_leaves=15,
)


@given(_markup)
def test_measure_is_never_more_for_a_part_than_for_the_whole(markup):
    root = etree.HTML(f"<div>{markup} end</div>")
    sizes = measure(root)
    for node, size in sizes.items():
        assert 0 <= size.linked <= size.chars
        assert 0 <= size.prose <= size.chars - size.linked
        parent = sizes.get(node.getparent(), size)
        assert (size.chars, size.linked, size.links) <= (parent.chars, parent.linked, parent.links)
    assert prose_of(root) >= 0


# --- where the guide is --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        f"<main><h1>Naps</h1>{BODY}</main>",
        f"<div role='main'><h1>Naps</h1>{BODY}</div>",
        f"<article><h1>Naps</h1>{BODY}</article>",
        f"<div><div><div><h1>Naps</h1>{BODY}</div></div></div>",
        f"<table><tr><td><h1>Naps</h1>{BODY}</td></tr></table>",
        f"<form><div><h1>Naps</h1>{BODY}</div></form>",
    ],
    ids=["main", "role", "article", "boxes", "table", "form"],
)
def test_region_is_found_whatever_holds_the_guide(page):
    menu = "<ul><li><a href='/'>Start</a></li><li><a href='/all'>All guides</a></li></ul>"
    found = read(f"<div class='x1'>{menu}</div>{page}<div class='x2'>{menu}</div>")
    assert found == LINES


def test_region_is_what_the_page_calls_main_beside_a_longer_list_of_news():
    news = "".join(f"<div><b>News {n}</b><p>{LINES[0]}</p></div>" for n in range(3))
    assert read(f"<main><h1>Naps</h1>{BODY}</main><div class='x1'>{news}</div>") == LINES


def test_region_is_no_single_article_of_a_guide_in_several_parts():
    second = BODY.replace("naps", "nights").replace("nap ", "night ")
    found = read(f"<div><article><h1>Naps</h1>{BODY}</article><section>{second}</section></div>")
    assert len(found) == 2 * len(LINES)


def test_region_keeps_the_lead_between_title_and_text():
    key = "<div class='key'><ul><li>Naps of half an hour are normal in the first months.</li>"
    lead = f"{key}<li>Wake windows grow with the age of your baby.</li></ul></div>"
    page = f"<main><div><h1>Naps</h1></div>{lead}<div class='text'>{BODY * 3}</div></main>"
    assert read(page)[:2] == [
        "Naps of half an hour are normal in the first months.",
        "Wake windows grow with the age of your baby.",
    ]


def test_region_lets_no_notice_before_the_title_in():
    notice = (
        "<div class='x1'>We are still building this site, and we welcome all you can say.</div>"
    )
    page = f"<main>{notice}<div class='text'><h1>Naps</h1>{BODY * 3}</div></main>"
    assert read(page) == LINES * 3


def test_region_keeps_a_warning_that_stands_beside_the_text():
    help_box = "<div class='x1'><h2>When to call your doctor</h2><p>Your baby is hard to wake.</p>"
    page = f"<main><div class='text'><h1>Naps</h1>{BODY * 4}</div>{help_box}</div></main>"
    assert read(page)[-2:] == ["When to call your doctor", "Your baby is hard to wake."]


@pytest.mark.parametrize("name", ["sidebar", "widget-area", "promo", "feedback", "related"])
def test_prune_never_takes_a_box_on_when_to_get_help(name):
    box = f"<div class='{name}'><p>Call 911 if your baby turns blue or stops breathing.</p></div>"
    assert read(f"<main><h1>Naps</h1>{BODY}{box}</main>") == [
        *LINES,
        "Call 911 if your baby turns blue or stops breathing.",
    ]


def test_prune_keeps_a_wrapper_named_after_the_sidebar_when_main_is_in_it():
    names = "content-sidebar-wrap"
    assert read(f"<div class='{names}'><main><h1>Naps</h1>{BODY}</main></div>") == LINES


def test_region_of_a_listing_is_its_titles():
    boxes = "".join(
        f"<article><h2><a href='/r/{n}'>Recipe {n} for toddlers</a></h2></article>"
        for n in range(6)
    )
    lead = "<p>All of our recipes for small eaters, quick to make.</p>"
    found = read(f"<main><h1>Recipes</h1>{lead}<div>{boxes}</div></main>")
    assert found[-6:] == [f"Recipe {n} for toddlers" for n in range(6)]


# --- what stands in it and is not the guide's ----------------------------------------------------


@pytest.mark.parametrize(
    "box",
    [
        "<div><ul><li><a href='/a'>Night feeds</a></li><li><a href='/b'>Solids</a></li></ul></div>",
        "<h2>Related guides</h2><ul><li><a href='/a'>Night feeds</a></li></ul>",
        "<div><h3>More to explore</h3></div><div>" + "".join(map(teaser, range(3))) + "</div>",
        "<div class='x1'>" + "".join(map(teaser, range(4))) + "</div>",
        "<div><h2>Rest easy?</h2><p>Sign up to our newsletter, with tips for every week.</p></div>",
        "<div><p>免责声明：</p><p>本文内容仅供参考，任何单位或个人转载须事先取得本站的书面授权。</p></div>",
        "<p><a href='/tool'>Try our nap planner</a></p>",
        "<p>By Ada Lovelace and Grace Hopper</p><p>November 19, 2019 at 9:45 am</p>",
        "<p>Facebook Twitter Email</p><p>Pin this for later!</p><p>Page 1 of 8</p>",
        "<p>Related: Seven signs of tiredness in toddlers</p>",
        "<div><button aria-controls='t1'><h3>Video transcript</h3></button>"
        "<div id='t1'><p>In this film we show how babies nap by day.</p></div></div>",
        "<div><h2>Our clinics</h2><ul><li><a href='/c'>Sleep Society</a></li></ul></div>",
        "<div><h3>See also</h3><ul><li><a href='/a'>Night feeds</a></li></ul></div>",
        "<h2>You may also like</h2><ul><li><a href='/a'>Night feeds</a></li></ul>",
    ],
)
def test_region_is_swept_of_what_is_not_the_guides(box):
    assert read(f"<main><h1>Naps</h1>{BODY * 2}{box}</main>") == LINES * 2


@pytest.mark.parametrize(
    ("box", "lines"),
    [
        (
            "<p>Signs of <a href='/ppd'>postpartum depression in mothers</a> are:</p>",
            ["Signs of postpartum depression in mothers are:"],
        ),
        (
            "<p>These pages can help you by night:</p><ul><li><a href='/a'>Nights</a></li></ul>",
            ["These pages can help you by night:", "Nights"],
        ),
        (
            "<p><a href='https://p.org/'>Poison Control: 1-800-222-1222</a></p>",
            ["Poison Control: 1-800-222-1222"],
        ),
        ("<p><a href='tel:111'>Call the night nurse</a></p>", ["Call the night nurse"]),
        (
            "<div class='warning'><p>Never shake a baby.</p>"
            "<ul><li><a href='/h'>Help</a></li></ul></div>",
            ["Never shake a baby.", "Help"],
        ),
        (
            "<h2>Sources of iron</h2><ul><li>Red meat and liver</li><li>Beans</li></ul>",
            ["Sources of iron", "Red meat and liver", "Beans"],
        ),
        (
            "<h2>Sources</h2><ul><li>Red meat and liver</li><li>Beans</li></ul>",
            ["Sources", "Red meat and liver", "Beans"],
        ),
        (
            "<h3><button aria-expanded='false'>What is a nap?</button></h3><p>A short sleep.</p>",
            ["What is a nap?", "A short sleep."],
        ),
        (
            "<button aria-controls='a1'>What is a nap?</button>"
            "<div id='a1'>A short sleep in the middle of the day.</div>",
            ["What is a nap?", "A short sleep in the middle of the day."],
        ),
        (
            "<h2>Sign up for antenatal classes</h2><p>Places go fast.</p>",
            ["Sign up for antenatal classes", "Places go fast."],
        ),
    ],
)
def test_region_keeps_what_only_looks_like_furniture(box, lines):
    assert read(f"<main><h1>Naps</h1>{BODY}{box}</main>") == [*LINES, *lines]


@pytest.mark.parametrize("title", ["References", "Sources", "参考文献"])
@pytest.mark.parametrize("form", ["flat", "box", "details"])
def test_region_keeps_works_cited(title, form):
    works = "<ol><li>Lamb, C. (2016). Naps of infants. Sleep, 12, 3-9.</li></ol>"
    box = {
        "flat": f"<h2>{title}</h2>{works}",
        "box": f"<div><h3>{title}</h3><div>{works}</div></div>",
        "details": f"<details><summary>{title}</summary>{works}</details>",
    }[form]
    cited = [title, "Lamb, C. (2016). Naps of infants. Sleep, 12, 3-9."]
    assert read(f"<main><h1>Naps</h1>{BODY}{box}</main>") == [*LINES, *cited]


@pytest.mark.parametrize(
    ("box", "lines"),
    [
        (
            "<h2>Connect with others</h2><ul><li><a href='//x.org/'>Sleep Society</a></li></ul>",
            ["Connect with others", "Sleep Society"],
        ),
        (
            "<h2>Related information</h2><ul><li><a href='/pdf'>Nap diary</a> (PDF)</li></ul>",
            ["Related information", "Nap diary (PDF)"],
        ),
        (
            "<h2>Whom to ask</h2><table><tr><th>Clinic</th></tr>"
            "<tr><td><a href='/q'>Quayside family hub</a></td></tr></table>",
            ["Whom to ask", "Clinic: Quayside family hub"],
        ),
    ],
)
def test_region_keeps_links_the_author_put_into_the_text(box, lines):
    assert read(f"<main><h1>Naps</h1>{BODY}{box}</main>") == [*LINES, *lines]


def test_region_keeps_a_section_of_links_like_the_sections_of_text():
    def section(inner: str) -> str:
        return f"<div class='qa'><h2>Naps</h2><div class='answer'>{inner}</div></div>"

    links = "<h3>Related information</h3><ul><li><a href='/pdf'>Nap diary</a></li></ul>"
    text = section(BODY) * 2
    page = f"<main><h1>All about naps</h1>{text}<div class='qa'>{links}</div></main>"
    assert read(page)[-2:] == ["Related information", "Nap diary"]
    assert read(page.replace("class='qa'><h3", "class='rail'><h3"))[-1] == LINES[-1]


def test_region_of_a_page_of_thousands_of_boxes_takes_linear_time():
    def cost(count: int) -> float:
        box = "<div class='alert x'><p><a href='/a'>More</a></p><h3>Related</h3><p>Text</p></div>"
        page = f"<main><h1>Naps</h1>{BODY}{box * count}</main>".encode()
        start = process_time()
        extract_page(page, URL, "text/html")
        return process_time() - start

    cost(10)
    # The best of three: others on the machine only ever make it dearer.
    few, many = (min(cost(count) for _ in range(3)) for count in (500, 4_000))
    assert many < 12 * max(few, 0.02)


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "By Angela Williams",
        "June 13, 2025",
        "3 May 2026, 10:15",
        "2005-02-06 13:26更新 来源：转载文章",
        "2022.01.20 16:31 来源：河南日报客户端",
        "更新时间 2012年12月10日",
        "【责任编辑:张三】",
        "Follow Sleep Well on Instagram, Facebook and YouTube.",
        "View more...",
        "推荐阅读",
    ],
)
def test_furniture_lines_are_known(line):
    assert is_furniture_line(line)


@pytest.mark.parametrize(
    "line",
    [
        "By giving 1000 IU a day you cover what your baby needs.",
        "By Week Twelve your baby may sleep through.",
        "Checked by the midwife at 6 weeks",
        "On 3 May 2026 the advice on peanuts changed.",
        "Follow your baby's cues on most days.",
        "Sign up for antenatal classes",
        "Resources for fathers of twins",
        "2 to 3 hours",
    ],
)
def test_advice_is_no_furniture_line(line):
    assert not is_furniture_line(line)


def test_headings_are_told_apart():
    assert is_link_heading("More from this publisher")
    assert is_link_heading("延伸阅读")
    assert not is_link_heading("More milk, less stress")
    assert is_furniture_heading("Sign up to our newsletter")
    assert not is_furniture_heading("Sign up for antenatal classes")
    assert is_own_link_heading("Related information")
    assert not is_own_link_heading("You may also like")
    assert is_transcript_heading("Video transcript")


def test_sign_up_boxes_are_told_from_advice_to_sign_up():
    assert is_sign_up("Join 12,000 families on our mailing list")
    assert is_sign_up("订阅我们的电子报")
    assert not is_sign_up("Sign up for a first aid class before the baby comes.")
    assert not is_sign_up("Join a group of other mothers for support and updates on their babies.")


@pytest.mark.parametrize(
    "text",
    [
        "When to call your doctor",
        "Call 911 if your baby is not breathing",
        "Get medical help now",
        "出现以下情况应立即就医",
        "请马上拨打120",
    ],
)
def test_calls_for_help_are_known(text):
    assert calls_for_help(text)


def test_phone_numbers_are_told_from_years():
    assert holds_phone("Call 1-800-994-9662")
    assert holds_phone("Dial 999")
    assert not holds_phone("Births, 2016-2021")
    assert not calls_for_help("Call it a day when you are tired")
