"""Words that give page furniture away when no name in the markup does, English and Chinese.

A guide's own line must never be taken for furniture: `Checked by the midwife at 6 weeks` or
`by giving 1000 IU a day` are advice. So a line needs the whole shape of furniture (a label with
a colon, a date, a team), not a word of it.
"""

from __future__ import annotations

import re

from stages.procure.markup import collapse

# Under these a page keeps links to its other pages; only where links are most of it, it goes.
_LINK_HEADINGS = re.compile(
    r"^(?:related(?: (?:content|articles?|guides?|links?|pages?|topics?|posts?|stories|reading"
    r"|resources|information))?|you (?:may|might) also (?:like|be interested in|enjoy)"
    r"|(?:up|read|what to read) next\b.{0,60}|(?:read |see )?more (?:from|in|on|to|like)\b.{0,60}"
    r"|explore (?:the topic|more|further)|keep reading|see also|recommended for you"
    r"|(?:further|suggested|recommended) (?:reading|articles)|(?:external|quick) links"
    r"|(?:popular|recent|latest|trending)(?: (?:posts|articles|stories|news|now|this week))?"
    r"|in this (?:section|article|guide)|on this page|(?:table of )?contents"
    r"|相关(?:阅读|文章|推荐|新闻|链接|内容|资讯)|相關(?:報導|閱讀|文章|連結)|(?:热门|熱門).{0,6}"
    r"|猜你喜欢|推荐阅读|推薦閱讀|延伸阅读|延伸閱讀|喜欢此内容的人还喜欢|(?:更多|最新)(?:文章|新闻|资讯|内容)"
    r"|编辑推荐|排行榜)[:：]?$",
    re.IGNORECASE,
)
# Of these, what an author may write over links of his own choice.
_OWN_LINK_HEADINGS = re.compile(
    r"^(?:related (?:links|reading|resources|information)|see also|external links"
    r"|(?:further|suggested|recommended) reading|more on\b.{0,60})[:：]?$",
    re.IGNORECASE,
)
# A film's words once more, as they were spoken.
_TRANSCRIPT_HEADING = re.compile(
    r"^(?:(?:video|audio|podcast|full|read the|show) ){0,2}transcript[:：]?$"
    r"|^(?:视频|影片)?文字(?:记录|稿)$",
    re.IGNORECASE,
)
# Under these stands nothing of the guide in any case.
_CERTAIN_HEADINGS = re.compile(
    r"^(?:share(?: (?:this|on|via).{0,20})?|(?:leave a )?(?:comments?|reply)(?: \(\d+\))?"
    r"|\d+ (?:comments?|replies|responses)"
    r"|subscribe(?: (?:to|now|today|by|via)\b.{0,50})?|newsletter"
    r"|sign up(?: (?:now|today|here"
    r"|(?:for|to) (?:our|the|free|e-?mails?|news|updates|alerts)\b.{0,50}))?"
    r"|follow us.{0,40}|tags?|(?:was|did) this (?:page|article|guide).{0,40}|rate this.{0,30}"
    r"|advertisement|about the authors?|featured (?:on|in)"
    r"|(?:反侵权|版权|免责|版權|免責)(?:公告|声明|聲明|说明|說明)"
    r"|(?:网友|最新|精彩|用户|網友)?(?:评论|評論|留言)(?:\s?[(（]\d+[)）])?|分享(?:到.{0,8})?"
    r"|扫码.{0,12}|掃碼.{0,12}|(?:上一篇|下一篇).{0,60}|广告.{0,8})[:：]?$",
    re.IGNORECASE,
)
_YEAR = r"(?:19|20)\d\d"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_SOCIAL = r"(?:facebook|twitter|x|instagram|youtube|pinterest|linkedin|whatsapp|tiktok|reddit)"
_LINES = re.compile(
    r"^(?:"
    # Dates and by-lines.
    r"(?:page |content |article |this page (?:was )?|medically |fact ?checked |date )?"
    r"(?:last |first |next |originally )?(?:reviewed|updated|published|modified|posted|checked"
    r"|review(?: is)? due)(?:\s?:.{0,120}|[^.]{0,80}" + _YEAR + r"[^.]{0,80})"
    r"|(?:written |reviewed )?by [^.]{0,80}" + _MONTH + r"\.? \d{0,2},? ?" + _YEAR + r"[^.]{0,40}"
    r"|(?:checked|written|reviewed) by the [^.]{0,60}(?:team|desk|editors?|board|staff|group)"
    r"|\d+ min(?:ute)?s? read|filed under.{0,120}"
    # Controls and ways through the site.
    rf"|(?:{_SOCIAL}|e-?mail|print|share|copy link)(?:[ ,/|]+(?:{_SOCIAL}|e-?mail|print|share"
    rf"|copy link|and)){{1,8}}|follow .{{1,40}} on {_SOCIAL}\b.{{0,60}}|pin (?:this|it)\b.{{0,20}}"
    r"|(?:photo|image|picture|video)s? (?:credits?|courtesy|source)\b.{0,80}|credits?: .{1,60}"
    r"|[^.]{0,60}\bgetty images\b[^.]{0,40}"
    r"|page \d{1,3} of \d{1,3}|(?:view|show|load|read|see) more(?:\s?[.…]{1,3})?"
    r"|(?:show|hide) caption|view other related\b.{0,40}"
    r"|share (?:this|on|via)\b.{0,40}|share|print(?: this page| version)?|email this.{0,20}"
    r"|copy link|advertisement|skip to (?:main )?content|(?:back|return) to top"
    r"|(?:related|read (?:more|also)|more like this|you may also like)\s?:\s?.{1,160}"
    r"|read next\b.{0,100}|up next|home ?[/>›»|] ?.{1,120}|you are here\b.{0,120}"
    r"|suggest an edit\b.{0,60}|cite this page"
    r"|click here to (?:print|share|subscribe).{0,60}"
    r"|(?:was|did) this (?:page|article|guide|information|content)"
    r" (?:helpful|useful|help you|answer).{0,60}"
    r"|(?:did|do) you find (?:this|the) .{0,40}\b(?:useful|helpful)\b.{0,40}"
    r"|how would you rate this.{0,40}|rate this (?:page|article|guide).{0,20}"
    # Notices.
    r"|(?:this|our) (?:post|page|article|site|blog)\b.{0,30}\baffiliate links?\b.{0,200}"
    r"|(?:we|this (?:web)?site|our partners)\b.{0,30}\b(?:uses?|sets?"
    r"|stores?) .{0,20}cookies.{0,240}"
    r"|cookies (?:help us|keep your).{0,160}"
    r"|(?:©|\(c\)|copyright)\s.{0,200}|all rights reserved.{0,100}"
    # The same in Chinese.
    r"|(?:发布|更新|审核|修改|發佈|發布)(?:日期|时间|時間)\s?(?:[:：]|(?=\d)).{0,60}"
    r"|(?:最近|最后|最後)(?:审核|更新|審核)\s?[:：]?.{0,40}"
    r"|(?:[^，。！？]{0,24} )?\d{4}[-年./]\d{1,2}[-月./]\d{1,2}日?.{0,24}(?:来源|來源)"
    r"\s?[:：]?.{0,40}"
    r"|(?:来源|來源)\s?[:：][^、，。]{0,40}"
    r"|(?:【纠错】\s?)?[（(【\[]?\s?(?:作者|编辑|責任編輯|责任编辑|记者|字号|原标题|点击数?|浏览量?|阅读量?)\s?[:：][^。]{0,60}"
    r"|阅读 ?\d[\d.万+]{0,9}次?"
    r"|(?:当前位置|您的位置|您所在的位置|你现在的位置).{0,120}|[上下]一篇\s?[:：]?.{0,100}"
    r"|(?:点击|點擊).{0,12}(?:关注|關注|订阅).{0,20}|阅读原文|长按.{0,10}二维码.{0,30}"
    r"|扫(?:一扫|码|描).{0,10}(?:关注|公众号|二维码|下载|进群).{0,20}|分享 ?收藏.{0,20}"
    r"|分享|收藏|点赞|赞|在看|打印|关闭|返回顶部|返回首页"
    r"|(?:[【\[](?:打印|列印|关闭|關閉|复制|收藏|推荐|返回|字体)[^】\]]{0,8}[】\]]\s?"
    r"|(?:打印|列印|关闭|關閉|复制|收藏|推荐|返回)(?:本|此)?(?:页面|页|頁|窗口|視窗|地址|文章)\s?){1,5}"
    r"|(?:标签|標籤|关键词|關鍵詞)\s?[:：].{0,80}|(?:特别|特別|免责|免責|郑重)?(?:声明|聲明)\s?[:：].{0,160}"
    r"|喜欢此内容的人还喜欢|版权(?:所有|说明|声明).{0,160}|转载须知.{0,160}|广告位.{0,10}"
    r")$",
    re.IGNORECASE,
)
# Who wrote a page and when, strung together: `Sleep team · last reviewed 3 May 2026 · history`.
_BYLINE = re.compile(
    r"^(?:(?:Written |Reviewed |Story )?[Bb]y:?|Author:)(?: [A-ZÀ-Þ][\w.'’-]{0,20},?){2,4}"
    r"(?: (?:and|&)(?: [A-ZÀ-Þ][\w.'’-]{0,20}){2,4})?$"
)
_DATE = re.compile(
    rf"^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{{0,6}},? )?(?:{_MONTH}\.? \d{{1,2}},? {_YEAR}"
    rf"|\d{{1,2}}\.? {_MONTH}\.?,? {_YEAR}|{_YEAR}[-./年]\d{{1,2}}[-./月]\d{{1,2}}日?"
    rf"|\d{{1,2}}[-./]\d{{1,2}}[-./]{_YEAR})"
    r"(?:(?: at )?[ T|,·-]{0,3}\d{1,2}:\d\d(?::\d\d)?(?: ?[ap]m)?.{0,8})?$",
    re.IGNORECASE,
)
_SIGN_UP = re.compile(
    r"\b(?:sign(?:ing)? up|subscribe|signup)\b.{0,80}\b(?:newsletters?|e-?mails?|updates"
    r"|mailing list|alerts|inbox)\b|\b(?:newsletters?|mailing list)\b.{0,60}"
    r"\b(?:sign up|subscribe)\b"
    r"|\binbox\b.{0,40}\bsign up\b|\bjoin\b.{0,60}\b(?:newsletters?|mailing list)\b"
    r"|订阅.{0,20}(?:邮件|通讯|快讯|电子报)|訂閱.{0,20}(?:電子報|郵件)",
    re.IGNORECASE,
)
_STRIP_MARK = re.compile(r"\s*[·•|｜]\s*")
_DATED = re.compile(
    rf"\b(?:reviewed|updated|published|posted|modified|checked)\b.{{0,20}}\b{_YEAR}\b"
    rf"|(?:更新|发布|發布|审核|審核|审阅|審閱).{{0,8}}{_YEAR}"
    rf"|{_YEAR}.{{0,12}}(?:更新|发布|發布|审核|審核)",
    re.IGNORECASE,
)
# What no list of furniture may outweigh: when to get help, whatever the box is called.
_HELP = re.compile(
    r"\b(?:when|where|who) to (?:call|get (?:medical )?help|see|seek|contact|phone|worry)\b"
    r"|\b(?:call|dial|ring|phone) (?:911|999|112|111|000|120|988|an ambulance|your (?:doctor|gp"
    r"|midwife|pediatrician|paediatrician|provider)|poison)\b"
    r"|\b(?:get|seek) (?:medical |emergency |urgent |immediate )?(?:help|care)\b"
    r"|\b(?:(?:warning|danger|emergency) signs?|red flags?|in an emergency|urgent advice"
    r"|emergency (?:room|department|services?|number))\b|\bpoison control\b"
    r"|(?:何时|什么时候|何時|什麼時候|应|應|立即|马上|馬上|尽快|及时|儘快).{0,8}(?:就医|就診|就诊|就醫|看医生|看醫生|急诊|急診)"
    r"|(?:拨打|撥打)\s?\d{3}|危险信号|危險信號|警示|警告",
    re.IGNORECASE,
)
_HELP_CHARS = 120
_YEARS = re.compile(rf"{_YEAR}[ .\-]{_YEAR}$")
_PHONE = re.compile(r"(?<!\d)(?:\d{3,4}[ .\-\u2011)]{1,2}\d{3,4}|911|999|112|988)(?!\d)")
_MAX_HEADING_CHARS = 90
_MAX_LINE_CHARS = 320
_MAX_SIGN_UP_CHARS = 500


def calls_for_help(text: str) -> bool:
    """The opening words of a box say when or where to get help, or warn."""
    return _HELP.search(text[:_HELP_CHARS]) is not None


def holds_phone(text: str) -> bool:
    """A number to call stands in the text; `2019-2021` looks like one and is none."""
    return any(not _YEARS.match(found) for found in _PHONE.findall(text))


def is_link_heading(text: str) -> bool:
    """A heading under which pages list their other pages."""
    return len(text) <= _MAX_HEADING_CHARS and _LINK_HEADINGS.match(collapse(text)) is not None


def is_transcript_heading(text: str) -> bool:
    """A heading over what is said in a film or a broadcast."""
    return len(text) <= _MAX_HEADING_CHARS and _TRANSCRIPT_HEADING.match(text) is not None


def is_own_link_heading(text: str) -> bool:
    """A heading for links that may be the author's own, where they stand in the text."""
    return len(text) <= _MAX_HEADING_CHARS and _OWN_LINK_HEADINGS.match(collapse(text)) is not None


def is_sign_up(text: str) -> bool:
    """A box that asks for an address to write to."""
    return len(text) <= _MAX_SIGN_UP_CHARS and _SIGN_UP.search(text) is not None


def is_furniture_heading(text: str) -> bool:
    """A heading under which a page keeps comments, sign-up boxes or share links."""
    return len(text) <= _MAX_HEADING_CHARS and _CERTAIN_HEADINGS.match(collapse(text)) is not None


def is_furniture_line(text: str) -> bool:
    """A line by itself that is page furniture: dates, by-lines, share words, cookie notices."""
    if len(text) > _MAX_LINE_CHARS:
        return False
    return (
        _LINES.match(text) is not None
        or is_furniture_heading(text)
        or is_link_heading(text)
        or _BYLINE.match(text) is not None
        or _DATE.match(text) is not None
        or _is_date_strip(text)
    )


def _is_date_strip(line: str) -> bool:
    parts = _STRIP_MARK.split(line)
    return len(parts) > 1 and line[-1] not in ".!?。！？" and any(map(_DATED.search, parts))
