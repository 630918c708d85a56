"""Judging pages, building guides, naming URLs: plain data in, plain values out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.procure.guide import build_guide, content_hash
from stages.procure.judge import find_shrinkage, judge_page
from stages.procure.urls import guide_id, in_scope, normalise_url
from stages.types import (
    Block,
    BlockKind,
    CalloutKind,
    Page,
    PageContent,
    Quarantine,
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


# --- walls ---------------------------------------------------------------------------------------

ROBOT_CHECKS = (
    "Just a moment...|Verify you are human by completing the action below. Ray ID: 8f1",
    "Attention Required! | Cloudflare|Sorry, you have been blocked. You are unable to access a.org",
    "Access Denied|You don't have permission to access this page on this server. Reference #18.2",
    "Milk|Checking your browser before accessing example.org. Please allow up to 5 seconds.",
    "Milk|Our systems have detected unusual traffic from your network. Are you a robot?",
    "Milk|Press & Hold to confirm you are a human (and not a bot).",
    "Pardon Our Interruption|As you were browsing, something made us think you were a bot.",
    "Milk|Please enable JavaScript and cookies to continue.",
    "Milk|To continue, please complete the captcha. I'm not a robot",
    "宝宝喂养|请完成安全验证后继续访问",
    "宝宝喂养|向右拖动滑块完成拼图",
    "滑动验证页面|亲，请拖动下方滑块完成验证",
    "宝宝喂养|您的访问过于频繁，请输入验证码",
    "寶寶餵養|請確認您不是機器人，點擊下方進行驗證",
)
LOCKS = (
    "Milk|Sign in to continue reading this article. Already have an account? Log in",
    "Milk|Please log in to view this page.",
    "Milk|This content is only available to registered members.",
    "Milk|You must be logged in to access this page.",
    "Milk|Create a free account to keep reading.",
    "Milk|Subscribe to continue reading. Members-only content",
    "Log in | Baby Club|Username Password Forgot your password? Create an account",
    "喂养指南|登录后查看全文",
    "喂养指南|请先登录后再继续阅读",
    "喂养指南|剩余60%内容需付费阅读",
    "餵養指南|請先登入後查看",
    "用户登录|用户名 密码 忘记密码",
)
COOKIE_WALLS = (
    "We value your privacy|We and our 842 partners use cookies to store personal data. Accept all"
    " cookies. Reject all cookies. Cookie settings. Our privacy policy",
    "Before you continue|This site uses cookies. Your choices apply to this site. Manage cookies",
    "隐私|本网站使用cookie改善体验。接受所有Cookie 拒绝 Cookie设置 隐私政策",
)
OUT_OF_ORDER = (
    "Milk|The site is temporarily unavailable. We are down for scheduled maintenance.",
    "Milk|We will be back soon!",
    "503|Service Unavailable. No server is available to handle this request.",
    "系统维护|系统正在维护，请稍后再试。",
    "公告|网站升级期间暂时无法访问，给您带来不便敬请谅解。",
    "公告|網站維護中，請稍後再試",
)


def _wall(case: str) -> PageContent:
    title, _, text = case.partition("|")
    if text.startswith(" Cloudflare") or text.startswith(" Baby"):
        extra, _, text = text.partition("|")
        title = f"{title}|{extra}"
    return content(text, title=title)


WALLS = [
    *((case, QuarantineReason.CAPTCHA) for case in ROBOT_CHECKS),
    *((case, QuarantineReason.LOGIN_WALL) for case in LOCKS),
    *((case, QuarantineReason.LOGIN_WALL) for case in COOKIE_WALLS),
    *((case, QuarantineReason.SOFT_404) for case in OUT_OF_ORDER),
]


@pytest.mark.parametrize(("case", "reason"), WALLS)
def test_judge_knows_a_wall_and_quotes_its_words(case, reason):
    wall = _wall(case)
    found = judge_page(page(), wall, SOURCE)
    assert found is not None
    assert found.reason is reason
    quote = found.evidence.partition(": ")[2]
    assert quote in f"{wall.title}\n{wall.blocks[0].text}"
    assert len(quote) > 3


@pytest.mark.parametrize(("case", "reason"), WALLS)
def test_judge_knows_a_wall_that_extraction_took_for_furniture(case, reason):
    wall = _wall(case)
    markup = f"<title>{wall.title}</title><style>p {{}}</style><div><p>{wall.blocks[0].text}</div>"
    found = judge_page(page(body=markup.encode()), content(title=wall.title), SOURCE)
    assert found is not None
    assert found.reason is reason


@pytest.mark.parametrize(
    "markup",
    [
        b"<script src='/cdn-cgi/challenge-platform/x.js'></script><div id='cf-chl-widget'></div>",
        b"<form><div class='g-recaptcha' data-sitekey='x'></div></form>",
        b"<script>var gt = 'geetest'</script>",
    ],
)
def test_judge_knows_a_robot_check_by_its_script_where_there_is_no_text(markup):
    found = judge_page(page(body=markup), content(title="example.org"), SOURCE)
    assert found is not None
    assert found.reason is QuarantineReason.CAPTCHA
    form = markup + b"<p>" + LONG.encode() + b"</p>"
    assert judge_page(page(body=form), GUIDE, SOURCE) is None


PARAGRAPH = (
    "Your child's record holds every vaccination, growth measurement and test result since birth."
    " You can look things up before an appointment, print the growth chart for the nursery, and"
    " correct a wrong address. The record is kept by the health service and nobody else can read"
    " it without your consent. It takes about ten minutes to set up, and you will need the letter"
    " with your code that came in the post."
)
HONEST = [
    ("How to log in to your child's health record", PARAGRAPH,
     "Go to the front page and choose Sign in. Enter your user name and password.",
     "If you forgot your password, choose Forgot password and follow the steps."),
    ("Log in to the health record: a guide for parents", PARAGRAPH,
     "Please log in with the code from your letter. You must be logged in to see test results."),
    ("What a captcha is and why your child meets one", PARAGRAPH,
     "A captcha is a small test to verify you are human, such as I'm not a robot."
     " Complete the captcha together with your child."),
    ("Sign in to continue: passwords for the family", PARAGRAPH,
     "Many sites say “sign in to continue”; nothing is wrong with that."),
    ("Teething cookies", PARAGRAPH,
     "Make the cookies small. All cookies must be soft. Accept that most end on the floor."),
    ("What nursery apps do with your data", PARAGRAPH,
     "Most apps use cookies. Read the privacy policy and choose your cookie settings."),
    ("Car seats: page 4 of the manual has been removed", *[PARAGRAPH] * 8),
    ("Lost and found: toys", PARAGRAPH, "A toy that cannot be found is often under the cot."),
    ("Keeping teeth healthy", PARAGRAPH,
     "Planned maintenance of a brace takes minutes. The clinic is temporarily closed on Sundays."),
    ("Our phone numbers", PARAGRAPH, "Call 404 555 0100 at any hour. Error 404 is no number."),
    ("怎样登录健康档案", "登录后可以查看宝宝的疫苗记录、生长曲线和体检结果。" * 3,
     "打开首页，输入用户名和密码。如果忘记密码，请点击找回。宝宝每次体检之前，建议家长先看一遍上次的记录，"
     "把想问医生的问题写下来，带上疫苗本和出生证明，提前十分钟到达，先量体温再进诊室，"
     "给宝宝穿容易脱下的衣服，带一块小毯子和喜欢的玩具，检查之后在候诊区观察半小时再回家。"),
    ("门诊通知", "因系统升级，港湾儿童保健门诊自2026年11月1日起调整开放时间：周一至周五"
     "上午八点到十一点半，下午一点半到五点；周六只开上午。需要接种疫苗的宝宝请提前两天电话预约，就诊时带好疫苗本和医保卡，发热的宝宝请先到"
     "发热门诊就诊，不要直接到保健门诊来，以免交叉感染。"),
]  # fmt: skip


@pytest.mark.parametrize("guide", HONEST, ids=lambda guide: guide[0])
def test_judge_lets_an_honest_guide_speak_of_walls(guide):
    title, *texts = guide
    password = b"<form><input type='password'></form>"
    for body in (b"", password):
        assert judge_page(page(body=body), content(*texts, title=title), SOURCE) is None


def test_judge_sets_a_guide_aside_that_is_cut_off_by_a_wall():
    lines = [LONG] * 9
    cut = content(*lines, "Sign in to continue reading")
    found = judge_page(page(), cut, SOURCE)
    assert found is not None
    assert found.reason is QuarantineReason.LOGIN_WALL
    assert judge_page(page(), content(*lines, "登录后阅读全文"), SOURCE) is not None
    assert judge_page(page(), content("Sign in to continue reading", *lines), SOURCE) is None


@pytest.mark.parametrize(
    ("old", "new", "evidence"),
    [
        (5310, 1204, "1,204 of 5,310 characters are left"),
        (5310, 0, "0 of 5,310 characters are left"),
        (400, 199, "199 of 400 characters are left"),
        (400, 200, ""),
        (5310, 2655, ""),
        (5310, 9000, ""),
        (399, 10, ""),
        (0, 0, ""),
    ],
)
def test_find_shrinkage_tells_when_more_than_half_is_gone(old, new, evidence):
    found = find_shrinkage(old, new)
    if evidence:
        assert found == Quarantine(QuarantineReason.SHRUNK, evidence)
    else:
        assert found is None


def test_judge_says_that_a_pdf_of_pictures_needs_reading_by_machine():
    scanned = content(title="", unreadable="11 pages hold 58 characters of text")
    found = judge_page(page(content_type="application/pdf", body=b"%PDF-1.4"), scanned, SOURCE)
    assert found == Quarantine(QuarantineReason.NEEDS_OCR, "11 pages hold 58 characters of text")


def test_judge_says_when_a_page_is_empty_without_its_script():
    body = b"<div id='root'></div><script src='/app.js'></script>"
    found = judge_page(page(body=body), content(title=""), SOURCE)
    assert found == Quarantine(
        QuarantineReason.EMPTY, "no text in the main content without JavaScript"
    )


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
