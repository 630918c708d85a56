"""Whether a page is a guide at all. What is not is set aside with a reason, never chopped."""

from __future__ import annotations

import re

from stages.procure.answers import is_pdf
from stages.procure.walls import find_wall, read_front
from stages.types import Page, PageContent, Quarantine, QuarantineReason, Source

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？]")
# The shortest guide of the corpus has 321 words, the longest stub 64; notices of a clinic,
# which only their missing licence tells from a guide, have about 150 Chinese characters.
_LEAST_WORDS = 50
_LEAST_HAN = 80
_LONGEST_STUB_CHARS = 2000
# Landing pages of the corpus have .6 and more of their text in links, guides .12 at most.
_LANDING_LINK_RATIO = 0.5
_LIKELY_LANDING_LINK_RATIO = 0.3
_FEW_SENTENCES = 25
# Half of a shorter guide is a sentence or two. (The shortest of the corpus has 1,900 characters.)
_LEAST_SHRINKING_CHARS = 400
_BINARY_SAMPLE_BYTES = 4096
_BINARY_SHARE = 0.05
_CONTROL_BYTES = tuple(bytes((code,)) for code in (*range(9), 11, *range(14, 27), *range(28, 32)))
_NEEDS_SCRIPT = re.compile(
    rb"<noscript|enable javascript|<div[^>]{0,100}id=[\"']?(?:root|app|__next)\b", re.IGNORECASE
)
_HTML_TYPES = ("text/html", "application/xhtml+xml", "")


def judge_page(page: Page, content: PageContent, source: Source) -> Quarantine | None:
    """Why a page is no guide we may use, or None when it is one.

    Checked in this order: text that cannot be had (a PDF of pictures), HTML or PDF at all, a wall
    in front of the guide (not found, robot check, log-in, cookies, maintenance), empty, a landing
    page or stub, a language the source is not read for, a licence where the source licenses page
    by page.
    """
    text = "\n".join(block.text for block in content.blocks)
    return (
        _unreadable(content)
        or _not_html(page)
        or _gone(page)
        or find_wall(read_front(page, content))
        or _empty(page, text)
        or _not_a_guide(content, text)
        or _other_language(content, source)
        or _no_licence(content, source)
    )


def find_shrinkage(old_chars: int, new_chars: int) -> Quarantine | None:
    """Quarantine of a guide that lost more than half of its text at once, None otherwise.

    old_chars, new_chars: length of the guide's text before and now. Guides under 400 characters
    are exempt: there half of the text is a sentence or two, and editors take those out every day.
    """
    if old_chars < _LEAST_SHRINKING_CHARS or new_chars * 2 >= old_chars:
        return None
    return Quarantine(
        QuarantineReason.SHRUNK, f"{new_chars:,} of {old_chars:,} characters are left"
    )


def _unreadable(content: PageContent) -> Quarantine | None:
    if not content.unreadable:
        return None
    return Quarantine(QuarantineReason.NEEDS_OCR, content.unreadable)


def _not_html(page: Page) -> Quarantine | None:
    if is_pdf(page.body):
        return None
    kind = page.content_type.partition(";")[0].strip().lower()
    if kind not in _HTML_TYPES:
        return Quarantine(QuarantineReason.NOT_HTML, f"content type {kind}")
    start = page.body[:_BINARY_SAMPLE_BYTES]
    strange = sum(start.count(byte) for byte in _CONTROL_BYTES)
    # UTF-16 text is half NULs and says so by its mark.
    if strange > _BINARY_SHARE * len(start) and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Quarantine(
            QuarantineReason.NOT_HTML, f"{strange} of the first {len(start)} bytes are no text"
        )
    return None


def _gone(page: Page) -> Quarantine | None:
    if page.status < 400:
        return None
    return Quarantine(QuarantineReason.SOFT_404, f"status {page.status}")


def _empty(page: Page, text: str) -> Quarantine | None:
    if any(character.isalnum() for character in text):
        return None
    why = " without JavaScript" if _NEEDS_SCRIPT.search(page.body) else ""
    return Quarantine(QuarantineReason.EMPTY, f"no text in the main content{why}")


def _not_a_guide(content: PageContent, text: str) -> Quarantine | None:
    return _stub(text) or _landing_page(content, text)


def _stub(text: str) -> Quarantine | None:
    if len(text) > _LONGEST_STUB_CHARS:
        return None
    han = len(_HAN.findall(text))
    words = len(_WORD.findall(text))
    is_chinese = han > words
    if han >= _LEAST_HAN if is_chinese else words >= _LEAST_WORDS:
        return None
    count = f"{han} characters" if is_chinese else f"{words} words"
    return Quarantine(QuarantineReason.NOT_A_GUIDE, f"a stub of {count}: {text[:80]}")


def _landing_page(content: PageContent, text: str) -> Quarantine | None:
    ratio = content.link_ratio
    if ratio <= _LIKELY_LANDING_LINK_RATIO:
        return None
    sentences = len(_SENTENCE_END.findall(text))
    if ratio <= _LANDING_LINK_RATIO and sentences >= _FEW_SENTENCES:
        return None
    return Quarantine(
        QuarantineReason.NOT_A_GUIDE,
        f"a landing page: {ratio:.0%} of its text in links, {sentences} sentences",
    )


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
