"""Whether a page is a guide at all. What is not is set aside with a reason, never chopped."""

from __future__ import annotations

import re

from stages.types import BlockKind, Page, PageContent, Quarantine, QuarantineReason, Source

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？]")
_GONE = re.compile(
    r"\b(?:page|content|article|file|document|resource)\b.{0,30}\b(?:not (?:be )?found"
    r"|cannot be found"
    r"|(?:doesn['’]?t|does not|no longer) exists?|no longer available|(?:has|have|was"
    r"|been) (?:been )?"
    r"(?:moved|removed|deleted|retired))"
    r"|\b(?:can['’]?t|cannot|could(?: not|n['’]?t)|unable to) (?:find|locate|be found)\b.{0,40}"
    r"\b(?:page|article|content|looking for)|\b404\b|^not found$|^oops\b|^page (?:error"
    r"|unavailable)"
    r"|(?:页面|网页|頁面|網頁|文章|内容|內容).{0,8}(?:不存在|找不到|未找到|已(?:被)?(?:删除|刪除|移除|下线)|出错|走丢)"
    r"|(?:找不到|未找到|无法找到|無法找到|沒有找到|没有找到).{0,10}(?:页面|网页|頁面|網頁|文章|内容|內容)|出错了|您访问的.{0,12}不存在",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"\b(?:(?:log|sign) ?in to (?:continue|read|view|access|your)|please (?:log|sign) ?in"
    r"|(?:members|subscribers) only"
    r"|(?:log|sign) ?in or (?:register|create|subscribe|join)|create a free account to"
    r"|subscribe to (?:continue|read)"
    r"|already (?:a member|have an account|a subscriber)|verify (?:that )?you are (?:a )?human"
    r"|enable javascript"
    r"|complete the captcha)"
    r"|(?:请|請)(?:先)?(?:登录|登入|登陆|登錄)|(?:登录|登入|登錄)后(?:查看|阅读|可见)|(?:登入|登錄)後(?:查看|閱讀)|仅限会员|请输入验证码"
    r"|安全验证|人机验证",
    re.IGNORECASE,
)
_LOGIN_TITLE = re.compile(
    r"^(?:(?:log|sign)[ -]?in|member login|just a moment|access denied|attention required"
    r"|security check"
    r"|登录|登入|用户登录|会员登录|安全验证|请验证)\b", re.IGNORECASE,
)  # fmt: skip
_PASSWORD_FIELD = re.compile(rb"<input[^>]{0,200}type\s*=\s*[\"']?password", re.IGNORECASE)

# A page that says it is gone may add links and a search hint, but no guide.
_GONE_TITLE_CHARS = 3000
_GONE_TEXT_CHARS = 700
_WALL_CHARS = 1200
# The shortest guide of the corpus has 321 words, the longest stub 64; notices of a clinic,
# which only their missing licence tells from a guide, have about 150 Chinese characters.
_LEAST_WORDS = 50
_LEAST_HAN = 80
# Landing pages of the corpus have .6 and more of their text in links, guides .12 at most.
_LANDING_LINK_RATIO = 0.5
_LIKELY_LANDING_LINK_RATIO = 0.3
_FEW_SENTENCES = 25
_HTML_TYPES = ("text/html", "application/xhtml+xml", "")


def judge_page(page: Page, content: PageContent, source: Source) -> Quarantine | None:
    """Why a page is no guide we may use, or None when it is one.

    Checked in this order: HTML at all, a not-found page sent as success, a log-in wall, empty,
    a landing page or stub, a language the source is not read for, a licence where the source
    licenses page by page.
    """
    text = "\n".join(block.text for block in content.blocks)
    return (
        _not_html(page)
        or _soft_404(page, content, text)
        or _login_wall(page, content, text)
        or _empty(text)
        or _not_a_guide(content, text)
        or _other_language(content, source)
        or _no_licence(content, source)
    )


def _not_html(page: Page) -> Quarantine | None:
    kind = page.content_type.partition(";")[0].strip().lower()
    if kind not in _HTML_TYPES:
        return Quarantine(QuarantineReason.NOT_HTML, f"content type {kind}")
    if page.body[:5] == b"%PDF-":
        return Quarantine(QuarantineReason.NOT_HTML, "a PDF sent as HTML")
    return None


def _soft_404(page: Page, content: PageContent, text: str) -> Quarantine | None:
    if page.status >= 400:
        return Quarantine(QuarantineReason.SOFT_404, f"status {page.status}")
    first_heading = next(
        (block.text for block in content.blocks[:3] if block.kind is BlockKind.HEADING), ""
    )
    for line in (content.title, first_heading):
        if len(line) < 120 and len(text) < _GONE_TITLE_CHARS and _GONE.search(line):
            return Quarantine(QuarantineReason.SOFT_404, f"title: {line}")
    if len(text) < _GONE_TEXT_CHARS and (match := _GONE.search(text)):
        return Quarantine(QuarantineReason.SOFT_404, f"text: {_quote(text, match)}")
    return None


def _login_wall(page: Page, content: PageContent, text: str) -> Quarantine | None:
    if len(text) >= _WALL_CHARS:
        return None
    if _LOGIN_TITLE.match(content.title):
        return Quarantine(QuarantineReason.LOGIN_WALL, f"title: {content.title[:120]}")
    if match := _LOGIN.search(text):
        return Quarantine(QuarantineReason.LOGIN_WALL, f"text: {_quote(text, match)}")
    if len(text) < _WALL_CHARS // 3 and _PASSWORD_FIELD.search(page.body):
        return Quarantine(QuarantineReason.LOGIN_WALL, "a password field and hardly any text")
    return None


def _empty(text: str) -> Quarantine | None:
    if any(character.isalnum() for character in text):
        return None
    return Quarantine(QuarantineReason.EMPTY, "no text in the main content")


def _not_a_guide(content: PageContent, text: str) -> Quarantine | None:
    han = len(_HAN.findall(text))
    words = len(_WORD.findall(text))
    is_chinese = han > words
    if han < _LEAST_HAN if is_chinese else words < _LEAST_WORDS:
        count = f"{han} characters" if is_chinese else f"{words} words"
        return Quarantine(QuarantineReason.NOT_A_GUIDE, f"a stub of {count}: {text[:80]}")
    sentences = len(_SENTENCE_END.findall(text))
    ratio = content.link_ratio
    if ratio > _LANDING_LINK_RATIO or (
        ratio > _LIKELY_LANDING_LINK_RATIO and sentences < _FEW_SENTENCES
    ):
        return Quarantine(
            QuarantineReason.NOT_A_GUIDE,
            f"a landing page: {ratio:.0%} of its text in links, {sentences} sentences",
        )
    return None


def _other_language(content: PageContent, source: Source) -> Quarantine | None:
    if not content.lang or not source.languages:
        return None
    if any(_covers(wanted, content.lang) for wanted in source.languages):
        return None
    wanted = ", ".join(source.languages)
    return Quarantine(
        QuarantineReason.LANGUAGE, f"page is in {content.lang}, the source is read for {wanted}"
    )


_REGIONS = {"zh-cn": "zh-hans", "zh-sg": "zh-hans", "zh-tw": "zh-hant", "zh-hk": "zh-hant"}


def _covers(wanted: str, lang: str) -> bool:
    wanted = wanted.replace("_", "-").lower()
    wanted = _REGIONS.get(wanted, wanted)
    found = lang.lower()
    if wanted.startswith("zh-"):
        return found == wanted or found == "zh"
    return found.partition("-")[0] == wanted.partition("-")[0]


def _no_licence(content: PageContent, source: Source) -> Quarantine | None:
    if source.page_licence_required and not content.licence:
        return Quarantine(
            QuarantineReason.NO_LICENCE,
            "the source licenses page by page and this page states no licence",
        )
    return None


def _quote(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - 30) : match.end() + 30].replace("\n", " ").strip()
