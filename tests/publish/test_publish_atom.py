"""The Atom feed: RFC 4287's required parts, stable ids, and hostile text that stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree, html

from stages.publish.atom import ATOM, MAX_ENTRIES, entry_id, render_feed
from stages.publish.plain_html import clean_text, safe_url, source_to_html, text_to_html
from stages.types import Group, Post, PostState

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SELF = "https://desk.example/feeds/pumping.atom"
SITE = "https://desk.example/"
NS = {"a": ATOM}
LANG = "{http://www.w3.org/XML/1998/namespace}lang"

GROUP = Group(
    id="pumping",
    name="Working parents who pump",
    lang="en",
    description="Cleaning & storing.",
    stages=("any",),
    topics=("pump cleaning",),
    rules=(),
    preferred_tone="mom",
    sample_posts=(),
)
POST = Post(
    id=1,
    key="k1",
    group_id="pumping",
    channel="atom",
    title="Clean parts",
    text="Wash your hands.\n\n- bottle\n- tubing\n\n1. Rinse\n2. Dry",
    attribution="Based on a guide by Harbour Health, CC BY 4.0",
    source_url="https://harbour.example/pump?a=1&b=2",
    lang="en-GB",
    state=PostState.PUBLISHED,
    due_at=NOON,
    published_at=NOON,
)

HOSTILE = [
    "<script>alert(1)</script>",
    "]]><x/>",
    "<![CDATA[<b>]]>",
    '<a href="javascript:alert(1)">click</a>',
    "javascript:alert(1)",
    "<img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;",
    "</content></entry><entry>",
    "<!--",
    "a\x00b\x0bc\x1fd\x7f\x9f",
    "\ud800 \udfff \ufffe \uffff",
    "ad\u202egnp.exe \u2066x\u2069 \u200bz\ufeff",
    "- <li>\n- </ul><script>",
    "1. <b>\n2. <script>",
    "\U000e0041\U000e0042",
]


def parse(*posts: Post, group: Group = GROUP, feed: str = SELF, site: str = SITE) -> Any:
    return etree.fromstring(render_feed(group, posts, feed, site))


def contents(feed: Any) -> Iterator[Any]:
    for content in feed.iterfind("a:entry/a:content", NS):
        yield html.fragment_fromstring(content.text or "", create_parent="div")


# --- shape ---------------------------------------------------------------------------------------


def assert_valid(feed: Any) -> None:
    """The musts of RFC 4287 for a feed of our shape."""
    assert feed.tag == f"{{{ATOM}}}feed"
    for element in (feed, *feed.iterfind("a:entry", NS)):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"a:{name}", NS)) == 1
            assert element.findtext(f"a:{name}", namespaces=NS)
        for name in ("subtitle", "rights", "published", "generator", "content"):
            assert len(element.findall(f"a:{name}", NS)) <= 1
        for name in ("updated", "published"):
            for time in element.findall(f"a:{name}", NS):
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time.text)
        for link in element.findall("a:link", NS):
            assert link.get("href").startswith(("http://", "https://"))
        assert element.findtext("a:id", namespaces=NS).startswith("tag:spoonful.invalid,2026:")
    # One author at the feed serves all entries.
    assert feed.findtext("a:author/a:name", namespaces=NS)
    assert len(feed.findall("a:link[@rel='self']", NS)) <= 1
    ids = [entry.text for entry in feed.iterfind("a:entry/a:id", NS)]
    assert len(ids) == len(set(ids))
    assert {content.get("type") for content in feed.iterfind("a:entry/a:content", NS)} <= {"html"}


def test_feed_of_one_post() -> None:
    feed = parse(POST)
    assert_valid(feed)
    entry = feed.find("a:entry", NS)
    assert (feed.get(LANG), entry.get(LANG)) == ("en", "en-GB")
    assert feed.findtext("a:title", namespaces=NS) == "Working parents who pump"
    assert feed.findtext("a:subtitle", namespaces=NS) == "Cleaning & storing."
    assert feed.find("a:link[@rel='self']", NS).get("href") == SELF
    assert feed.find("a:link[@rel='alternate']", NS).get("href") == SITE
    assert feed.findtext("a:updated", namespaces=NS) == "2026-03-01T12:00:00Z"
    assert entry.findtext("a:published", namespaces=NS) == "2026-03-01T12:00:00Z"
    assert entry.findtext("a:rights", namespaces=NS) == POST.attribution
    assert entry.find("a:link[@rel='via']", NS).get("href") == POST.source_url
    assert entry.findtext("a:content", namespaces=NS) == (
        "<p>Wash your hands.</p><ul><li>bottle</li><li>tubing</li></ul>"
        "<ol><li>Rinse</li><li>Dry</li></ol>"
        "<p><small>Based on a guide by Harbour Health, CC BY 4.0 "
        '<a href="https://harbour.example/pump?a=1&amp;b=2" rel="nofollow noopener noreferrer">'
        "Read the original page</a></small></p>"
    )


def test_feed_without_posts_is_valid_and_says_when() -> None:
    feed = parse()
    assert_valid(feed)
    assert feed.findtext("a:updated", namespaces=NS) == "1970-01-01T00:00:00Z"


def test_chinese_feed_speaks_chinese() -> None:
    feed = parse(replace(POST, lang="zh-Hans", text="洗手。"), group=replace(GROUP, lang="zh-Hans"))
    assert feed.get(LANG) == "zh-Hans"
    assert "来源" in feed.findtext("a:rights", namespaces=NS)
    assert "查看原文" in feed.findtext("a:entry/a:content", namespaces=NS)


@pytest.mark.parametrize(
    "other",
    [
        *(replace(POST, state=state) for state in PostState if state is not PostState.PUBLISHED),
        replace(POST, group_id="private"),
        replace(POST, channel="webhook"),
        replace(POST, published_at=None),
    ],
    ids=lambda post: f"{post.state}-{post.group_id}-{post.channel}",
)
def test_only_published_posts_of_this_group_and_channel_are_shown(other: Post) -> None:
    assert b"Secret" not in render_feed(GROUP, [replace(other, title="Secret")], SELF, SITE)


def test_newest_fifty_stand_first_in_utc() -> None:
    east = timezone(timedelta(hours=8))
    posts = [
        replace(POST, key=f"k{n:02}", published_at=(NOON + timedelta(hours=n)).astimezone(east))
        for n in range(60)
    ]
    feed = parse(*posts[::2], *posts[1::2])
    assert_valid(feed)
    ids = [entry.text for entry in feed.iterfind("a:entry/a:id", NS)]
    assert ids == [entry_id(post) for post in reversed(posts[-MAX_ENTRIES:])]
    assert feed.findtext("a:updated", namespaces=NS) == "2026-03-03T23:00:00Z"


def test_ids_survive_a_move_and_an_edit() -> None:
    before = parse(POST)
    moved = replace(POST, id=9, title="Other", text="Other")
    after = parse(moved, feed="http://new.example/x.atom", site="http://new.example/")
    assert [e.text for e in before.iter(f"{{{ATOM}}}id")] == [
        e.text for e in after.iter(f"{{{ATOM}}}id")
    ]


def test_the_same_key_is_shown_once() -> None:
    assert_valid(parse(POST, replace(POST, id=2)))


def test_the_same_posts_give_the_same_bytes() -> None:
    posts = [POST, replace(POST, key="k2")]
    assert render_feed(GROUP, posts, SELF, SITE) == render_feed(GROUP, posts[::-1], SELF, SITE)


def test_post_without_title_or_credit_is_named_by_its_text() -> None:
    feed = parse(replace(POST, title=" ", attribution="", source_url="", text="x" * 300))
    assert_valid(feed)
    assert feed.findtext("a:entry/a:title", namespaces=NS) == "x" * 119 + "…"
    assert feed.findtext("a:entry/a:content", namespaces=NS) == f"<p>{'x' * 300}</p>"


# --- hostile text --------------------------------------------------------------------------------

ALLOWED = {"div", "p", "ul", "ol", "li", "br", "small", "a"}


def assert_inert(fragment: Any, source_url: str) -> None:
    for element in fragment.iter():
        assert element.tag in ALLOWED
        allowed = {"a": {"href", "rel"}, "ol": {"start"}}.get(element.tag, set())
        assert set(element.attrib) <= allowed
        if element.tag == "a":
            assert element.get("href") == source_url


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert_wherever_it_stands(text: str) -> None:
    post = replace(POST, title=text, text=text, attribution=text, source_url=text, lang=text)
    feed = parse(
        post,
        replace(post, key=text),
        group=replace(GROUP, name=text, description=text, lang=text),
        feed=text,
        site=text,
    )
    assert_valid(feed)
    for fragment in contents(feed):
        assert_inert(fragment, "")
    assert "\u202e" not in etree.tostring(feed, encoding="unicode")


wild_text = st.one_of(
    st.text(max_size=200),
    st.text(st.sampled_from("<>&\"'- 1.2.\n\r\t]!/script\u200b\u3000、"), max_size=60),
    st.lists(st.sampled_from(HOSTILE), max_size=4).map("\n".join),
)
_MARK = re.compile(r"(?:[-*•‣·–]|[0-9]{1,3}[.)、．])[ \t\u3000]+(?=\S)")


def visible(text: str) -> str:
    """Characters of the text in order, without white space and what may mark a list."""
    lines = (line.strip() for line in clean_text(text).split("\n"))
    return "".join(
        "".join(_MARK.sub("", line, count=1).split())
        if _MARK.match(line)
        else "".join(line.split())
        for line in lines
    )


@given(wild_text)
@example("- a\n- b\n1. c\n3. d")
@example("2.5 mg\n10. <b>")
def test_any_text_comes_back_as_inert_text(text: str) -> None:
    fragment = html.fragment_fromstring(text_to_html(text), create_parent="div")
    assert_inert(fragment, "")
    shown = [
        piece or ""
        for element in fragment.iter("p", "li")
        for piece in (element.text, *(line_break.tail for line_break in element))
    ]
    assert visible("\n".join(shown)) == visible(text)


@given(wild_text, wild_text, wild_text)
def test_any_post_gives_a_valid_feed(title: str, text: str, attribution: str) -> None:
    feed = parse(replace(POST, title=title, text=text, attribution=attribution))
    assert_valid(feed)
    for fragment in contents(feed):
        assert_inert(fragment, POST.source_url)


@given(wild_text)
def test_clean_text_is_stable_and_fits_xml(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    element = etree.Element("x")
    element.text = cleaned
    assert (etree.fromstring(etree.tostring(element)).text or "") == cleaned


def test_numbers_a_browser_would_change_stay_text() -> None:
    assert text_to_html("1. a\n3. b") == "<p>1. a<br>3. b</p>"
    assert text_to_html("4. a\n5. b") == '<ol start="4"><li>a</li><li>b</li></ol>'
    assert text_to_html("2.5 mg\n2019. x") == "<p>2.5 mg<br>2019. x</p>"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//evil.example/",
        "/relative",
        "ftp://x.example/",
        "http:///nohost",
        "http://[::1",
        "https://x.example:99999/",
        "https://good.example@evil.example/",
        'https://x.example/"onclick="x',
        "https://x.example/<script>",
        "https://x.example/a b",
        "https://x.example/\u202egnp",
        "https://x.example/\x00",
        "https://x.example/" + "a" * 3000,
    ],
)
def test_unsafe_addresses_are_left_out(url: str) -> None:
    assert safe_url(url) == ""
    assert source_to_html("", url, "en") == ""


@pytest.mark.parametrize(
    "url", ["https://x.example/a?b=1&c=2#d", "HTTP://x.example", "https://x.example:8443/指南"]
)
def test_safe_addresses_are_kept(url: str) -> None:
    assert safe_url(f" {url}\n") == url


def test_long_hostile_text_takes_linear_time() -> None:
    for text in ("\n" * 50_000, "- " * 50_000, " \n" * 50_000 + "x", "1. " * 50_000, "<" * 100_000):
        text_to_html(text)
