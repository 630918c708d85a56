"""What of a page is no guide content: where to go next, where it comes from, the page itself.

Three kinds, each with its reason, so that what no card holds can always be named: `links` send the
reader elsewhere, `sources` say what the text rests on, `page data` is dates, licences and credits.
Headings such as `References` vouch for all below them; `More information` only for what looks like
a pointer, since advice stands under it too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from stages.chop.weight import weigh
from stages.text import collapse
from stages.types import Block, BlockKind, CalloutKind

LINKS, SOURCES, PAGE_DATA = "links", "sources", "page data"

_SOURCES_HEADING = re.compile(
    r"(?:selected |our |information |key )?(?:references?|bibliography|citations?|sources?)"
    r"|(?:sources?|references?) and (?:further reading|references?|acknowledge?ments?)"
    r"|works cited"
    r"|(?:参考|參考)(?:文献|文獻|资料|資料|来源|來源)|(?:资料|資料|信息|資訊|文章)?(?:来源|來源|出处|出處)",
    re.IGNORECASE,
)
_DATA_HEADING = re.compile(
    r"acknowledge?ments?|credits?|copyright|licen[cs]e|about this page"
    r"|(?:on|in) this (?:page|section|article|guide)|(?:table of )?contents|jump to"
    r"|share(?: this(?: page| article)?)?|print(?: this page)?|comments?|feedback|tags?"
    r"|was this (?:page|article)? ?(?:helpful|useful)\W?|page (?:history|information|details)"
    r"|(?:next|last) review(?:ed)?(?: date)?|review(?:ed)? date|navigation|menu|sitemap"
    r"|(?:分享|打印|列印|评论|評論|目录|目錄|导航|導航)|(?:版权|版權)(?:声明|聲明|信息|資訊)?"
    r"|关于本页|關於本頁|本页目录|本頁目錄|致谢|致謝",
    re.IGNORECASE,
)
_LINKS_HEADING = re.compile(
    r"(?:related|useful|external|other|more|further|quick|helpful|support) "
    r"(?:links?|pages|articles|topics|reading|guides|content|stories|websites|resources|"
    r"information|materials?|organi[sz]ations?)"
    r"|connect with (?:us|other (?:organi[sz]ations?|groups|parents|women))"
    r"|(?:helpful|useful|other|related|support) (?:organi[sz]ations?|contacts|phone numbers)"
    r"|(?:[a-z]{1,20} )?links?|related|see also|resources"
    r"|more (?:information|info|on this topic|like this|from this section|in)"
    r"|(?:for )?(?:further|additional|more) (?:information|resources|reading|help and information)"
    r"|find out more|read more|learn more|you (?:might|may) also (?:like|be interested in)"
    r"|did we answer your question.*|still have questions.*|disclaimer"
    r"|(?:相关|相關|友情|外部|有用)(?:的)?(?:链接|連結|鏈接|信息|資訊|资讯|机构|機構|文章|阅读|閱讀|内容|內容|主题|主題|推荐|推薦|页面|頁面)"
    r"|(?:延伸|扩展|擴展|推荐|推薦)(?:阅读|閱讀)|更多(?:信息|資訊|资讯|内容|內容|阅读|閱讀)"
    r"|(?:猜你喜欢|猜你喜歡|热门推荐|熱門推薦|为你推荐|為你推薦)|免责声明|免責聲明",
    re.IGNORECASE,
)

# Lines of a page about itself. Anchored at the start and only tried on short blocks.
_META_LINE = re.compile(
    r"(?:(?:this )?(?:page|content|article|guide|media|video)?[ ]?(?:was )?(?:last|next|first|date)"
    r"[ ](?:review(?:ed)?(?: due| date)?|updated?|modified|published|checked)\b"
    r"|(?:reviewed|updated|published|posted|written|medically reviewed|checked)(?: on| by)?[ ]?:"
    r"|(?:author|authors|source|sources|tags?|categor(?:y|ies)|licen[cs]e|copyright)[ ]?:"
    r"|©|\(c\) \d{4}|copyright\b|all rights reserved|unless otherwise noted,? this"
    r"|all material contained (?:on|in) th|(?:a )?federal government website"
    r"|(?:(?:photo|image|picture|video|illustration)[ ])?credits?[ ]?:|https?://\S+$"
    r"|back to (?:the )?top|top of page|return to top|skip to|next(?: page)?:|previous(?: page)?:"
    r"|page \d+ of \d+"
    r"|share (?:this|on)\b|print this|(?:view|read) (?:all|more)\b|click here|see also:"
    r"|was this (?:page|article|information) (?:helpful|useful)|(?:image|photo|video|图片|圖片)$"
    r"|(?:本页|本頁|本文)?(?:最后|最後|上次|下次)?(?:更新|审核|審核|審阅|審閱|复核|發布|发布)"
    r"(?:时间|時間|日期|于|於)?[ ]?[:：]"
    r"|(?:来源|來源|作者|编辑|編輯|责任编辑|責任編輯|审核|審核|许可|許可|"
    r"标签|標籤|资料来源|資料來源)[ ]?[:：]"
    r"|版权所有|版權所有|返回顶部|返回頂部|上一[页頁篇]|下一[页頁篇]|分享到|点击(?:查看|阅读)|點擊(?:查看|閱讀))",
    re.IGNORECASE,
)
_CITATION = re.compile(
    r"\bet al\b|\bdoi[:. ]|\bISBN\b|\bPMID\b|\bretrieved (?:from|on)\b|\baccessed (?:on )?\d"
    r"|https?://\S{12,}|\b(?:19|20)\d\d;\s?\d{1,4}[(:]|\((?:19|20)\d\d[a-z]?\)\.|\[[JMCDRN]\]",
    re.IGNORECASE,
)
# A line that is a link to another page: `Find out more about sterilising`, never a full sentence.
_LINK_LINE = re.compile(
    r"(?:find out (?:more|how|about)|read (?:more|about|our)|learn (?:more|about|how)|see our|"
    r"see also|more (?:about|on|in)|visit|watch|download|get more)\b[^.!?:;\d]*$"
    r"|(?:了解|查看|阅读|閱讀|点击|點擊)(?:更多|详情|詳情)[^。！？；：\d]*$",
    re.IGNORECASE,
)
# A line that announces links, whatever it says besides: only under a heading that does too.
_ANNOUNCES = re.compile(
    r"\b(?:more|further|additional) (?:information|info|advice|help|resources)\b"
    r"|\bfollowing (?:websites?|organi[sz]ations?|resources?|pages?|links?)\b|\bfind out more\b"
    r"|更多(?:信息|資訊|资讯|内容|內容)|以下(?:网站|網站|链接|連結|机构|機構)",
    re.IGNORECASE,
)
_SOURCE_LINE = re.compile(
    r"(?:sources?|(?:(?:table|figure|chart|text) )?(?:adapted|reprinted) from|资料来源|資料來源)"
    r"[ ]?[:：]",
    re.IGNORECASE,
)
_BYLINE = re.compile(
    r"\A[^.!?:;]{0,60}\b(?:reviewed|updated|published|checked)\b[^.!?]{0,40}\b(?:19|20)\d\d$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?。！？][\"'”’)）」]*$")
_LINK_MAX_WORDS = 15
_META_MAX_WORDS = 40
_ADVICE_MIN_WORDS = 10.0
"""Below it, a line under `More information` that ends like a sentence is still a pointer."""

_URGENT = {CalloutKind.WARNING, CalloutKind.WHEN_TO_CALL}


def list_asides(
    headings: Sequence[str], blocks: Sequence[tuple[int, Block]], lang: str
) -> dict[int, str]:
    """Which of a section's blocks are no content: index to `LINKS`, `SOURCES` or `PAGE_DATA`.

    headings: those above the section. blocks: its blocks with their indices, in order. A warning
    or when-to-call box is always content.
    """
    above = next((why for why in map(why_heading, headings) if why), "")
    found: dict[int, str] = {}
    led = ""  # the reason of the line that introduces the list being read
    for index, block in blocks:
        if block.callout in _URGENT:
            continue
        is_led = led and block.kind is BlockKind.LIST_ITEM
        is_above = above in {SOURCES, PAGE_DATA} or (above and (is_led or _points(block, lang)))
        why = above if is_above else why_line(block.text, lang)
        if why:
            found[index] = why
        if block.kind is not BlockKind.LIST_ITEM:
            led = why if block.kind is BlockKind.PARAGRAPH else ""
    rest = [(index, block) for index, block in blocks if index not in found]
    if len(rest) >= 3 and 2 * sum(_is_citation(block.text[:600]) for _, block in rest) > len(rest):
        found |= dict.fromkeys((i for i, block in rest if block.callout not in _URGENT), SOURCES)
    return found


def _is_citation(text: str) -> bool:
    # The pattern asks for one of these; most texts hold none, and this test costs next to nothing.
    is_likely = "20" in text or "19" in text or "et al" in text or "://" in text or "[" in text
    return is_likely and _CITATION.search(text) is not None


def why_heading(text: str) -> str:
    """What a heading announces instead of advice, '' for a heading of content."""
    plain = collapse(text).casefold().strip(" .:!?#¶：。！？")[:80]
    for pattern, why in (
        (_SOURCES_HEADING, SOURCES),
        (_DATA_HEADING, PAGE_DATA),
        (_LINKS_HEADING, LINKS),
    ):
        if pattern.fullmatch(plain):
            return why
    return ""


def why_line(text: str, lang: str) -> str:
    """Why a line is no content whatever it stands under: '' for a line of content."""
    line = collapse(text[:1001])
    if line.startswith(("Credit", "credit", "http")) and "://" in line:
        return PAGE_DATA
    if len(line) <= 1000 and _SOURCE_LINE.match(line):
        return SOURCES
    if len(line) > 400:
        return ""
    if len(line) <= 40 and (why := why_heading(line)):  # a heading that was not marked as one
        return why
    is_meta = _META_LINE.match(line) is not None
    is_link = not is_meta and _LINK_LINE.match(line) is not None
    if not is_meta and not is_link and not _BYLINE.match(line):
        return ""
    words = weigh(line, lang)
    if is_meta:
        return PAGE_DATA if words <= _META_MAX_WORDS else ""
    if words > _LINK_MAX_WORDS:
        return ""
    return LINKS if is_link else PAGE_DATA


def _points(block: Block, lang: str) -> bool:
    """Whether a block under a heading of links is one of them, and not advice in full sentences."""
    text = block.text.strip()
    if block.kind is BlockKind.TABLE_ROW or not _SENTENCE_END.search(text):
        return True
    return weigh(text, lang) < _ADVICE_MIN_WORDS or _ANNOUNCES.search(text) is not None
