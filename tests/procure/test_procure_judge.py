"""Judging pages, building guides, naming URLs: plain data in, plain values out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.procure.guide import build_guide, content_hash
from stages.procure.judge import judge_page
from stages.procure.urls import guide_id, in_scope, normalise_url
from stages.types import (
    Block,
    BlockKind,
    CalloutKind,
    Page,
    PageContent,
    QuarantineReason,
    Reuse,
    Source,
)

URL = "https://example.org/guides/milk"
SOURCE = Source(
    id="press",
    publisher="Test Press",
    homepage="https://example.org/",
    languages=("en", "zh-CN"),
    reuse=Reuse.EXCERPT_ONLY,
    licence="CC BY 4.0",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    attribution="Test Press, CC BY 4.0",
)
LONG = "Babies feed often in the first weeks, and the feeds last as long as they want. " * 5


def page(**changes) -> Page:
    return replace(Page(URL, URL, 200, datetime(2026, 11, 1, tzinfo=UTC), "text/html"), **changes)


def content(*texts: str, **changes) -> PageContent:
    blocks = tuple(Block(BlockKind.PARAGRAPH, text) for text in texts)
    return replace(PageContent(title="Milk", lang="en", blocks=blocks), **changes)


GUIDE = content(LONG)


# --- judge -------------------------------------------------------------------------------------


def test_judge_lets_a_guide_through():
    assert judge_page(page(), GUIDE, SOURCE) is None


@pytest.mark.parametrize(
    "title",
    (
        "Page not found|404|Oops! That page can’t be found.|Sorry, we can't find that page"
        "|This page has been removed|The page you are looking for no longer exists|Page has moved"
        "|页面不存在|抱歉，找不到您要的页面|頁面不存在|您访问的文章已被删除"
    ).split("|"),
)
def test_judge_knows_a_not_found_page_by_its_title(title):
    found = judge_page(page(), replace(GUIDE, title=title), SOURCE)
    assert found is not None
    assert found.reason is QuarantineReason.SOFT_404
    assert title in found.evidence


@pytest.mark.parametrize(
    "title",
    [
        "When milk is not enough",
        "Lost teeth: what can be found",
        "404 ways to play",
        "宝宝找不到乳头",
    ],
)
def test_judge_does_not_take_a_guide_for_a_not_found_page(title):
    found = judge_page(page(), replace(content(*[LONG] * 9), title=title), SOURCE)
    assert found is None


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ((page(status=500), GUIDE), QuarantineReason.SOFT_404),
        ((page(), content("The requested page could not be found.")), QuarantineReason.SOFT_404),
        ((page(content_type="text/plain"), GUIDE), QuarantineReason.NOT_HTML),
        ((page(body=b"\x00\x01\x02" * 99), GUIDE), QuarantineReason.NOT_HTML),
        ((page(), content("Please log in to read this guide.")), QuarantineReason.LOGIN_WALL),
        ((page(), content("请先登录后查看全文")), QuarantineReason.LOGIN_WALL),
        ((page(), content("Hello", title="Sign in")), QuarantineReason.LOGIN_WALL),
        ((page(body=b'<input type="password">'), content("Hello")), QuarantineReason.LOGIN_WALL),
        ((page(), content()), QuarantineReason.EMPTY),
        ((page(), content("—", "…")), QuarantineReason.EMPTY),
        ((page(), content("Click here")), QuarantineReason.NOT_A_GUIDE),
        ((page(), content("点击这里进入喂养指南")), QuarantineReason.NOT_A_GUIDE),
        ((page(), replace(GUIDE, link_ratio=0.6)), QuarantineReason.NOT_A_GUIDE),
        ((page(), replace(GUIDE, link_ratio=0.35)), QuarantineReason.NOT_A_GUIDE),
        ((page(), replace(GUIDE, lang="pt")), QuarantineReason.LANGUAGE),
        ((page(), replace(GUIDE, lang="zh-Hant")), QuarantineReason.LANGUAGE),
    ],
)
def test_judge_sets_aside_what_is_no_guide(case, reason):
    found = judge_page(*case, SOURCE)
    assert found is not None
    assert found.reason is reason
    assert found.evidence


@pytest.mark.parametrize("lang", ["en", "zh-Hans", ""])
def test_judge_accepts_the_languages_of_the_source(lang):
    assert judge_page(page(), replace(GUIDE, lang=lang), SOURCE) is None


def test_judge_asks_for_a_licence_where_the_source_licenses_page_by_page():
    source = replace(SOURCE, page_licence_required=True)
    found = judge_page(page(), GUIDE, source)
    assert found is not None
    assert found.reason is QuarantineReason.NO_LICENCE
    assert judge_page(page(), replace(GUIDE, licence="CC BY 4.0"), source) is None


# --- guide -------------------------------------------------------------------------------------


def test_build_guide_lays_out_blocks_of_all_its_pages():
    one = PageContent(
        title="Milk",
        lang="en",
        blocks=(
            Block(BlockKind.LIST_ITEM, "Cup", level=1, group=1),
            Block(BlockKind.TABLE_ROW, "Age: 1; Feeds: 8", group=2),
        ),
        reviewed="2026-01-02",
    )
    two = PageContent(
        title="Milk (2)",
        lang="en",
        blocks=(
            Block(BlockKind.HEADING, "Milk", level=1),
            Block(BlockKind.LIST_ITEM, "Spoon", level=1, group=1),
        ),
    )
    guide = build_guide(SOURCE, URL, [one, two], [URL, f"{URL}-2"])
    assert guide.text == "Cup\nAge: 1; Feeds: 8\nSpoon"
    assert [(block.start, block.group) for block in guide.blocks] == [(0, 1), (4, 2), (21, 3)]
    assert (guide.title, guide.lang, guide.reviewed) == ("Milk", "en", "2026-01-02")
    assert (guide.reuse, guide.licence) == (Reuse.EXCERPT_ONLY, "CC BY 4.0")
    assert guide.attribution == "Test Press, CC BY 4.0"
    assert guide.page_urls == (URL, f"{URL}-2")
    assert guide.id == guide_id(SOURCE, URL)


def test_build_guide_takes_the_reuse_of_the_page_when_it_has_its_own():
    source = replace(SOURCE, page_reuse={f"{URL}#top": Reuse.LINK_ONLY})
    assert build_guide(source, URL, [GUIDE]).reuse is Reuse.LINK_ONLY


def test_build_guide_links_to_no_address_that_tracks():
    urls = [f"{URL}?utm_source=mail&fbclid=1", f"{URL}?page=2&utm_medium=x#part"]
    guide = build_guide(SOURCE, urls[0], [GUIDE, GUIDE], urls)

    assert (guide.url, guide.page_urls) == (URL, (URL, f"{URL}?page=2"))
    assert guide.id == build_guide(SOURCE, URL, [GUIDE]).id


def test_build_guide_needs_a_page():
    with pytest.raises(ValueError, match="at least one page"):
        build_guide(SOURCE, URL, [])


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Give 3 ml"},
        {"level": 2},
        {"marker": "2."},
        {"kind": BlockKind.PARAGRAPH},
        {"callout": CalloutKind.WARNING},
    ],
)
def test_content_hash_sees_what_readers_see(change):
    block = Block(BlockKind.LIST_ITEM, "Give 2 ml", level=1, marker="1.")
    assert content_hash([block]) != content_hash([replace(block, **change)])
    assert content_hash([block]) == content_hash([replace(block, start=7, group=4)])


@given(st.lists(st.text(alphabet="ab 多点.", min_size=1, max_size=12), max_size=8))
def test_build_guide_offsets_point_at_their_blocks(texts):
    guide = build_guide(SOURCE, URL, [content(*texts)])
    assert all(guide.text[block.start : block.end] == block.text for block in guide.blocks)


# --- URLs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTPS://Example.ORG:443/A/../b/./c#frag", "https://example.org/b/c"),
        ("http://example.org:80", "http://example.org/"),
        ("http://example.org:8080/", "http://example.org:8080/"),
        ("https://u:p@example.org/a", "https://example.org/a"),
        ("https://example.org/a?utm_source=x&id=7&fbclid=y", "https://example.org/a?id=7"),
        ("https://example.org/a?b=2&a=1", "https://example.org/a?b=2&a=1"),
        ("https://example.org/%7Eme/%e5%ae%9d", "https://example.org/~me/%E5%AE%9D"),
        ("https://example.org/宝 宝", "https://example.org/%E5%AE%9D%20%E5%AE%9D"),
        ("https://例子.cn/a", "https://xn--fsqu00a.cn/a"),
        ("https://example.org/../../etc", "https://example.org/etc"),
        ("https://example.org/a/..", "https://example.org/"),
        ("https://example.org/?q=宝宝", "https://example.org/?q=%E5%AE%9D%E5%AE%9D"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("ftp://example.org/a", ""),
        ("javascript:alert(1)", ""),
        ("http://example.org:99999/", ""),
        ("http://[bad", ""),
        ("https://", ""),
        ("https://exa mple.org/", ""),
        ("/guides/milk", ""),
    ],
)
def test_normalise_url_gives_one_spelling(url, normal):
    assert normalise_url(url) == normal


@given(st.text(alphabet="htps:/.?#&=%aA0-_~宝 @[]", max_size=60))
def test_normalise_url_never_raises_and_settles(tail):
    once = normalise_url(f"https://example.org/{tail}")
    assert normalise_url(once) == once


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://example.org/g/a", True),
        ("http://example.org/g/a", True),
        ("https://example.org/g/old/a", False),
        ("https://example.org/%67/%6Fld/a", False),
        ("https://example.org/g/x/../old/a", False),
        ("https://example.org/shop", False),
        ("https://example.org/one-by-one", True),
        ("https://media.example.org/g/a", True),
        ("https://example.org.evil.example/g/a", False),
        ("https://example.org@evil.example/g/a", False),
        ("https://example.org:8443/g/a", False),
    ],
)
def test_in_scope_follows_hosts_and_paths(url, inside):
    source = replace(
        SOURCE,
        allow_hosts=("media.example.org",),
        allow_prefixes=("/g/",),
        deny_prefixes=("/g/old/",),
        pages=("https://example.org/one-by-one",),
    )
    assert in_scope(url, source) is inside


def test_guide_id_survives_a_move_of_the_whole_site():
    moved = replace(SOURCE, homepage="http://127.0.0.1:9001/")
    assert guide_id(SOURCE, URL) == guide_id(moved, "http://127.0.0.1:9001/guides/milk")
    assert guide_id(SOURCE, URL) != guide_id(SOURCE, "https://media.example.org/guides/milk")
    assert guide_id(SOURCE, URL) != guide_id(replace(SOURCE, id="other"), URL)
    assert guide_id(SOURCE, f"{URL}?page=2") != guide_id(SOURCE, URL)
