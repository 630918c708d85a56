"""A guide's blocks as sections: the runs of content that stand under one heading."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stages.text import collapse, count_words, is_chinese
from stages.types import Block, BlockKind, CalloutKind, Guide

HAN_PER_WORD = 1.6
"""Han characters that carry about as much as one English word: 192 to 120."""

MIN_WORDS, MAX_WORDS = 40.0, 120.0
"""A card's length in English words (check 2 of `checks.py`)."""

STUB_WORDS = 15.0
"""Even a whole section is no card of its own below this (check 2 of `checks.py`)."""

MAX_BREADCRUMBS = 12
"""Headings nested deeper than this (hostile or broken markup) count as this deep."""

# Sections that point elsewhere or say where the guide comes from: no knowledge of their own.
_NAV_HEADING = re.compile(
    r"(?:related|useful|external|other|more|further|quick|helpful) "
    r"(?:links?|pages|articles|topics|reading|guides|content|stories|websites)"
    r"|(?:[a-z]+ )?links?|related|see also"
    r"|more (?:information|info|on this topic|like this|from this section)"
    r"|(?:for )?(?:further|additional|more) (?:information|resources|reading|help and information)"
    r"|find out more|read more|learn more|you (?:might|may) also (?:like|be interested in)"
    r"|(?:selected |our |information )?(?:references?|bibliography|citations?|sources?)"
    r"|(?:sources?|references?) and (?:further reading|references?|acknowledge?ments?)"
    r"|works cited|acknowledge?ments?|credits?|copyright|licen[cs]e|disclaimer|about this page"
    r"|(?:on|in) this (?:page|section|article|guide)|(?:table of )?contents|jump to"
    r"|share(?: this(?: page| article)?)?|print(?: this page)?|comments?|feedback|tags?"
    r"|did we answer your question.*|still have questions.*"
    r"|was this (?:page|article)? ?(?:helpful|useful)\W?|page (?:history|information|details)"
    r"|(?:next|last) review(?:ed)?(?: date)?|review(?:ed)? date|navigation|menu|sitemap"
    r"|(?:相关|相關|友情|外部|有用)(?:的)?(?:链接|連結|鏈接|文章|阅读|閱讀|内容|內容|主题|主題|推荐|推薦|页面|頁面)"
    r"|(?:参考|參考)(?:文献|文獻|资料|資料|来源|來源)|(?:资料|資料|信息|資訊|文章)?(?:来源|來源|出处|出處)"
    r"|(?:延伸|扩展|擴展|推荐|推薦)(?:阅读|閱讀)|更多(?:信息|資訊|资讯|内容|內容|阅读|閱讀)"
    r"|(?:猜你喜欢|猜你喜歡|热门推荐|熱門推薦|为你推荐|為你推薦|分享|打印|列印|评论|評論|目录|目錄|导航|導航)"
    r"|(?:版权|版權)(?:声明|聲明|信息|資訊)?|免责声明|免責聲明|关于本页|關於本頁|本页目录|本頁目錄|致谢|致謝",
    re.IGNORECASE,
)

# Lines of a page about itself. Anchored at the start and only tried on short blocks.
_META_LINE = re.compile(
    r"(?:(?:this )?(?:page|content|article|guide)?[ ]?(?:was )?(?:last|next|first|date)[ ]"
    r"(?:review(?:ed)?(?: due| date)?|updated?|modified|published|checked)\b"
    r"|(?:reviewed|updated|published|posted|written|medically reviewed|checked)(?: on| by)?[ ]?:"
    r"|(?:author|authors|source|sources|tags?|categor(?:y|ies)|licen[cs]e|copyright)[ ]?:"
    r"|©|\(c\) \d{4}|copyright\b|all rights reserved|unless otherwise noted,? this"
    r"|all material contained (?:on|in) th|(?:a )?federal government website"
    r"|(?:(?:photo|image|picture|video|illustration)[ ])?credits?[ ]?:|https?://\S+$"
    r"|back to (?:the )?top|return to top|skip to|next(?: page)?:|previous(?: page)?:"
    r"|page \d+ of \d+"
    r"|share (?:this|on)\b|print this|(?:view|read) (?:all|more)\b|click here|see also:"
    r"|was this (?:page|article|information) (?:helpful|useful)"
    r"|(?:本页|本頁|本文)?(?:最后|最後|上次|下次)?(?:更新|审核|審核|审阅|審閱|复核|發布|发布)"
    r"(?:时间|時間|日期|于|於)?[ ]?[:：]"
    r"|(?:来源|來源|作者|编辑|編輯|责任编辑|責任編輯|审核|審核|许可|許可|"
    r"标签|標籤|资料来源|資料來源)[ ]?[:：]"
    r"|版权所有|版權所有|返回顶部|返回頂部|上一[页頁篇]|下一[页頁篇]|分享到|点击(?:查看|阅读)|點擊(?:查看|閱讀))",
    re.IGNORECASE,
)
_CITATION = re.compile(
    r"\bet al\b|\bdoi[:. ]|\bISBN\b|\bPMID\b|\bretrieved (?:from|on)\b|\baccessed (?:on )?\d"
    r"|https?://\S{12,}|\b(?:19|20)\d\d;\s?\d{1,4}[(:]",
    re.IGNORECASE,
)
# A line that is a link to another page: `Find out more about sterilising`, never a full sentence.
_LINK_LINE = re.compile(
    r"(?:find out (?:more|how|about)|read (?:more|about|our)|learn (?:more|about|how)|see our|"
    r"see also|more (?:about|on|in)|visit|watch|download|get more)\b[^.!?:;\d]*$"
    r"|(?:了解|查看|阅读|閱讀|点击|點擊)(?:更多|详情|詳情)[^。！？；：\d]*$",
    re.IGNORECASE,
)
_SOURCE_LINE = re.compile(r"(?:sources?|adapted from|资料来源|資料來源)[ ]?[:：]", re.IGNORECASE)
_BYLINE = re.compile(
    r"[^.!?:;]{0,60}\b(?:reviewed|updated|published|checked)\b[^.!?]{0,40}\b(?:19|20)\d\d$",
    re.IGNORECASE,
)
_LINK_MAX_WORDS = 15
_META_MAX_WORDS = 40


@dataclass(frozen=True, slots=True)
class Section:
    """Content blocks that follow each other under the same headings.

    path: indices of the heading blocks above, outermost first, the guide's own title left out.
    blocks: indices of the content blocks. boxed: its heading stands in the same call-out box.
    navigation: nothing but links, sources or page data, so it gives no cards.
    """

    path: tuple[int, ...]
    blocks: tuple[int, ...]
    boxed: bool = False
    navigation: bool = False


def read_sections(guide: Guide) -> tuple[Section, ...]:
    """The guide's sections in reading order; headings without content of their own give none.

    A heading inside a call-out box opens a section that ends with the box; what follows belongs to
    the headings before it again.
    """
    sections: list[Section] = []
    path: list[int] = []
    outer: list[int] | None = None
    run: list[int] = []

    def close() -> None:
        if run:
            sections.append(_section(guide, tuple(path), tuple(run), boxed=outer is not None))
            run.clear()

    first = next((i for i, b in enumerate(guide.blocks) if b.kind is BlockKind.HEADING), -1)
    box = CalloutKind.NONE
    for index, block in enumerate(guide.blocks):
        if outer is not None and block.callout is not box:
            close()
            path, outer = outer, None
        if block.kind is not BlockKind.HEADING:
            if block.text.strip():
                run.append(index)
            continue
        close()
        if not block.text.strip() or _is_guide_title(guide, index, is_first=index == first):
            continue
        if block.callout is not CalloutKind.NONE and outer is None:
            outer, box = list(path), block.callout
        path = _under(guide.blocks, path, index)
    close()
    return tuple(sections)


def _under(blocks: Sequence[Block], path: list[int], index: int) -> list[int]:
    """The path of headings down to the heading at index."""
    level = blocks[index].level
    above = [heading for heading in path if blocks[heading].level < level]
    return [*above[: MAX_BREADCRUMBS - 1], index]


def _is_guide_title(guide: Guide, index: int, *, is_first: bool) -> bool:
    """Whether a heading only repeats the guide's title, as the h1 of nearly every page does."""
    block = guide.blocks[index]
    if _plain(block.text) == _plain(guide.title):
        return True
    return is_first and block.level == 1 and _plain(block.text) in _plain(guide.title)


def _plain(text: str) -> str:
    return collapse(text).casefold().strip(" .:!?#¶：。！？")


def _section(
    guide: Guide, path: tuple[int, ...], blocks: tuple[int, ...], *, boxed: bool
) -> Section:
    headings = [guide.blocks[index].text for index in path]
    content = tuple(i for i in blocks if not is_meta_line(guide.blocks[i].text, guide.lang))
    navigation = not content or any(map(is_navigation_heading, headings))
    if not navigation:
        cited = sum(1 for i in content if _CITATION.search(guide.blocks[i].text[:600]))
        navigation = len(content) >= 3 and cited * 2 > len(content)
    return Section(path, content or blocks, boxed, navigation)


def is_navigation_heading(text: str) -> bool:
    """Whether a heading announces links, sources or page data instead of advice."""
    return _NAV_HEADING.fullmatch(_plain(text)[:80]) is not None


def is_meta_line(text: str, lang: str) -> bool:
    """Whether a line speaks of the page (review date, licence, links) and not of its subject."""
    line = collapse(text)
    if line.startswith(("Credit", "credit", "http")) and "://" in line:
        return True
    if len(line) <= 1000 and _SOURCE_LINE.match(line):
        return True
    words = weigh(line, lang)
    if len(line) > 400 or words > _META_MAX_WORDS:
        return False
    if words <= _LINK_MAX_WORDS and (_LINK_LINE.match(line) or _BYLINE.match(line)):
        return True
    return _META_LINE.match(line) is not None


def weigh(text: str, lang: str) -> float:
    """Length of a text in English words; for Chinese, Han characters over `HAN_PER_WORD`."""
    words = count_words(text, lang)
    return words / HAN_PER_WORD if is_chinese(lang) else float(words)
