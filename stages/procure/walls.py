"""What stands in front of a guide instead of it: not-found pages, log-in, robot and cookie walls.

A guide may speak of all of these (`how to log in to your child's health record`). A wall says
little else: so a page is one when hardly any text is left once the clauses that say so are taken
away. Only words no guide uses of itself decide alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stages.procure.answers import is_pdf
from stages.procure.charset import decode_body
from stages.types import BlockKind, Page, PageContent, Quarantine, QuarantineReason

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W_]+")
_CLAUSES = re.compile(r"(?<=[.!?,;:])\s+|(?<=[。！？，；：、])|\n")

# A stub of this size beside its wall is a teaser or a footer. The shortest guide of the corpus
# has 321 words, a clinic's notice about 150 Chinese characters.
_REST_WORDS = 60
_REST_HAN = 100
# A guide is short that is no longer than this many of them, which no text of these characters is.
_SHORT = 3.0
_SHORT_CHARS = 2000
# Where extraction finds less than this, the wall may be in what it takes for furniture.
_LITTLE_CHARS = 400
_CRUDE_BYTES = 60_000
# Walls say some hundred characters; not-found pages with search tips and popular links, more.
_LONGEST_WALL_CHARS = 3000
_MAX_WALL_LINE_CHARS = 200
_EVIDENCE_CHARS = 30

_GONE = re.compile(
    r"\b(?:page|content|article|file|document|resource)\b.{0,30}\b(?:not (?:be )?found"
    r"|cannot be found"
    r"|(?:doesn['’]?t|does not|no longer) exists?|no longer available|(?:has|have|was"
    r"|been) (?:been )?"
    r"(?:moved|removed|deleted|retired))"
    r"|\b(?:can['’]?t|cannot|could(?: not|n['’]?t)|unable to) (?:find|locate|be found)\b.{0,40}"
    r"\b(?:page|article|content|looking for)|^not found$|^oops\b|^page (?:error|unavailable)"
    r"|^(?:error[ :]{0,2})?404(?:\s*[-–—|:]|\s*$|\s+(?:error|not found|page))|\berror 404\b"
    r"|\b404 (?:error|not found)\b"
    r"|(?:页面|网页|頁面|網頁|文章|内容|內容).{0,8}(?:不存在|找不到|未找到|已(?:被)?(?:删除|刪除|移除|下线|下線)"
    r"|出错|走丢|走丟)"
    r"|(?:找不到|未找到|无法找到|無法找到|沒有找到|没有找到).{0,10}(?:页面|网页|頁面|網頁|文章|内容|內容)|出错了"
    r"|(?:您|你)访问的.{0,12}不存在|(?:您|你)訪問的.{0,12}不存在",
    re.IGNORECASE,
)
_DOWN = re.compile(
    r"\b(?:down for|under(?:going)?|scheduled|routine|planned) maintenance\b|\bbe (?:right )?back"
    r" (?:soon|shortly)\b|\b(?:site|website|page|service) is (?:temporarily|currently)"
    r" (?:unavailable|down|offline|closed)\b|\bservice (?:temporarily )?unavailable\b"
    r"|(?:网站|網站|系统|系統|平台).{0,4}(?:维护|維護|升级|升級)(?:中|期间|期間)"
    r"|(?:网站|網站|系统|系統|平台)?(?:正在|停机|停機)(?:维护|維護|升级|升級)"
    r"|(?:暂时|暫時)(?:无法|無法|不能)(?:访问|訪問|使用|提供)|服务不可用|服務不可用|稍后再(?:访问|试)|稍後再(?:訪問|試)",
    re.IGNORECASE,
)
_ROBOT = re.compile(
    r"\b(?:verify|verifying|confirm|prove|make sure|check(?:ing)? if) (?:that )?"
    r"(?:you(?:['’]re| are)|the site connection is) (?:not a robot|(?:a )?human|secure)\b"
    r"|\bare you (?:a )?(?:robot|human)\b"
    r"|\bi['’]?m not a robot\b|\b(?:checking|verifying) your (?:browser|device|connection)\b"
    r"|\bcomplete the (?:captcha|security check|challenge)\b"
    r"|\bunusual (?:traffic|activity) from your"
    r"|\benable (?:javascript|cookies)(?: and (?:javascript|cookies))? to continue\b"
    r"|\bpress (?:and|&) hold\b|\bddos protection by\b|\bpardon our interruption\b"
    r"|\bincapsula incident\b|\bray id\b|\bperformance (?:&|and) security by cloudflare\b"
    r"|\byou have been blocked\b|\bpermission to access\b.{0,80}\bon this server\b"
    r"|\bautomated (?:access|requests?|queries)\b|\benter the characters you see\b"
    r"|(?:安全|人机|人機|身份|滑动|滑動|行为|行為)(?:验证|驗證|校验)|(?:拖动|拖動|按住|向右滑动|向右滑動|拖拽).{0,6}(?:滑块|滑塊)"
    r"|(?:请|請).{0,6}(?:输入|輸入|完成).{0,6}(?:验证码|驗證碼|验证|驗證)|(?:点击|點擊).{0,6}(?:完成|进行|進行)(?:验证|驗證)"
    r"|(?:确认|確認|证明|證明|验证|驗證)(?:您|你).{0,3}(?:不是机器人|不是機器人|是真人|是人类)"
    r"|访问(?:过于|太)频繁|訪問(?:過於|太)頻繁|检测到.{0,10}(?:异常|恶意)(?:访问|流量|请求)|偵測到.{0,10}異常",
    re.IGNORECASE,
)
_ROBOT_TITLE = re.compile(
    r"^(?:just a moment|attention required|security check|access (?:to this page has been )?denied"
    r"|pardon our interruption|human verification|are you a robot|robot check|one more step"
    r"|请稍候|請稍候|安全验证|安全驗證|人机验证|人機驗證|滑动验证(?:页面)?|访问验证|請完成驗證)\W*(?:$|[|｜—–-].*)",
    re.IGNORECASE,
)
# Scripts of such walls. Honest pages carry some of them, too: they count where there is no text.
_ROBOT_MARKUP = re.compile(
    rb"cf-chl-|__cf_chl|cf_challenge|_incapsula_resource|px-captcha|captcha-delivery\.com"
    rb"|sec-if-cpt-container|awswafcaptcha|aws-waf-token|geetest|tencentcaptcha|nc_1_n1z"
    rb"|class=[\"']?(?:g-recaptcha|h-captcha|cf-turnstile)",
    re.IGNORECASE,
)
_NO_QUOTE = r"(?<![\"'“‘「『《])"
_IN = r"(?:log|sign)(?:ged)?[ -]?in"
_WHOLE = r"(?:the (?:full|rest|whole|entire|complete)|this (?:page|content|article|guide|resource))"
# Nobody says these but a wall.
_LOCKED = re.compile(
    rf"{_NO_QUOTE}\b(?:(?:please |you (?:must|need to|have to) (?:be )?)?{_IN}"
    r"(?: or [\w ]{3,30}?)?"
    rf" to (?:continue(?: reading)?|keep reading|read more|read on"
    rf"|(?:read|view|see|access|unlock) {_WHOLE})"
    r"|(?:create|register for|sign up for) (?:a |an )?(?:free )?account to"
    r" (?:continue|keep reading|read)"
    r"|subscribe (?:now )?to (?:continue|keep reading|read|unlock)"
    r"|(?:this|the rest of this|the full) (?:content|article|page|guide|resource) is (?:only )?"
    r"(?:available|reserved|visible|accessible)"
    r" (?:only )?(?:to|for) (?:registered|logged|signed|members|subscribers|paying)"
    r"|(?:for )?(?:members|subscribers)[ -]only (?:content|article|page)s?)\b"
    rf"|{_NO_QUOTE}(?:(?:请|請)(?:您|你)?先?(?:登录|登入|登陆|登錄|注册|註冊)(?:账号|帳號|会员|會員)?(?:后|後)?(?:再|以)?"
    r"(?:继续|繼續|查看|阅读|閱讀|访问|訪問|浏览|瀏覽)"
    r"|(?:登录|登入|登陆|登錄|注册|註冊)(?:后|後)(?:才能|才可|方可|即可|可以?)?"
    r"(?:继续|繼續|查看|阅读|閱讀|可见|可見|浏览|瀏覽)"
    r"(?:全文|更多|完整|内容|內容|本文|本页|本頁|剩余|详情|詳情|隐藏|隱藏|(?=\W|$))"
    r"|(?:仅限|僅限|限)(?:会员|會員|注册用户)(?:查看|阅读|閱讀|观看)?|(?:会员|會員)(?:专享|專享)(?:内容|內容|文章)?"
    r"|剩余.{0,10}(?:付费|登录|订阅|关注)|(?:扫码|掃碼|关注公众号).{0,10}(?:阅读全文|查看全文|閱讀全文))",
    re.IGNORECASE,
)
# A guide may be cut off after any length of it.
_CUT_OFF = re.compile(
    r"continue reading|keep reading|the (?:full|rest|whole|entire|complete)"
    r"|全文|剩余|繼續閱讀|继续阅读",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    rf"\b(?:{_IN}\b|forgot(?:ten)? (?:your |my )?password|already (?:a member|have an account"
    r"|a subscriber)|(?:members|subscribers) only|create an account|user ?name|password)"
    r"|登录|登入|登陆|登錄|忘记密码|忘記密碼|注册(?:账号|会员)|註冊(?:帳號|會員)|验证码登录|用户名|密码|密碼",
    re.IGNORECASE,
)
_LOGIN_TITLE = re.compile(
    r"^(?:(?:member |user |account )?(?:log|sign)[ -]?in"
    r"|(?:用户|用戶|会员|會員|账号|帳號)?(?:登录|登入|登錄))"
    r"\W*(?:$|[|｜—–-].*)",
    re.IGNORECASE,
)
_PASSWORD_FIELD = re.compile(rb"<input[^>]{0,200}type\s{0,9}=\s{0,9}[\"']?password", re.IGNORECASE)
_COOKIES = re.compile(
    r"\b(?:accept|reject|allow|manage|enable|use|uses|using|our|about|necessary|all)"
    r" (?:all |your |of )?cookies\b|\bcookie (?:policy|settings|preferences|notice|consent)\b"
    r"|\bwe value your privacy\b"
    r"|\b(?:consent|your choices|our (?:\d+ )?partners|privacy (?:policy|settings|notice)"
    r"|personal data)\b"
    r"|cookies?.{0,10}(?:政策|设置|設置|設定|同意|接受|偏好)|(?:接受|同意|启用|啟用|使用|管理|拒绝|拒絕).{0,6}cookies?"
    r"|隐私(?:政策|声明|设置)|隱私(?:政策|聲明|權)",
    re.IGNORECASE,
)
_SAYS_COOKIES = re.compile(r"\bcookies?\b|(?<![a-z])cookies?(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Front:
    """What a visitor meets first. heading: the first near the top, '' for none; lines: texts of
    the guide's blocks; is_bare: they hold hardly anything; page: all that is to be seen on the
    page then, else ''.
    """

    title: str
    heading: str
    lines: tuple[str, ...]
    is_bare: bool
    page: str
    body: bytes

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def seen(self) -> str:
        return "\n".join((*self.lines, self.page))


def read_front(page: Page, content: PageContent) -> Front:
    """The front of a page, out of what was extracted and, where that is little, out of its body."""
    lines = tuple(block.text for block in content.blocks)
    heading = next(
        (block.text for block in content.blocks[:3] if block.kind is BlockKind.HEADING), ""
    )
    is_bare = sum(map(len, lines)) < _LITTLE_CHARS and not is_pdf(page.body)
    crude = _crude_text(page.body[:_CRUDE_BYTES], page.content_type) if is_bare else ""
    return Front(content.title, heading, lines, is_bare, crude, page.body)


def find_wall(front: Front) -> Quarantine | None:
    """The wall a page is, with the words that say so; None for a page of its own."""
    if len(front.text) > _LONGEST_WALL_CHARS:
        return _find_lock(front, front.lines[-2:])
    return (
        _find_gone(front)
        or _find_robot_check(front)
        or _find_lock(front, front.lines)
        or _find_notice(front, _LOCKED, QuarantineReason.LOGIN_WALL, "text")
        or _find_notice(front, _DOWN, QuarantineReason.SOFT_404, "out of order")
        or _find_login(front)
        or _find_cookie_wall(front)
    )


def _find_gone(front: Front) -> Quarantine | None:
    for line in (front.title, front.heading):
        if len(line) < 120 and _GONE.search(line):
            return Quarantine(QuarantineReason.SOFT_404, f"title: {line}")
    return _find_notice(front, _GONE, QuarantineReason.SOFT_404, "text")


def _find_robot_check(front: Front) -> Quarantine | None:
    if _ROBOT_TITLE.match(front.title) and _is_little(front.text, _ROBOT):
        return Quarantine(QuarantineReason.CAPTCHA, f"title: {front.title[:120]}")
    if found := _find_notice(front, _ROBOT, QuarantineReason.CAPTCHA, "text"):
        return found
    marker = _ROBOT_MARKUP.search(front.body[:_CRUDE_BYTES]) if front.is_bare else None
    if marker and _is_little(front.seen, _ROBOT):
        name = marker.group().decode("ascii", "replace")
        return Quarantine(QuarantineReason.CAPTCHA, f"a robot check ({name}) and hardly any text")
    return None


def _find_lock(front: Front, lines: Sequence[str]) -> Quarantine | None:
    """Words of a wall on a line of their own: at the end of any guide, or beside a short one."""
    is_short = len(front.text) < _SHORT_CHARS and _amount(front.text) < _SHORT
    for line in lines if is_short else lines[-2:]:
        match = _LOCKED.search(line) if len(line) <= _MAX_WALL_LINE_CHARS else None
        if match and (is_short or _CUT_OFF.search(line)):
            return Quarantine(QuarantineReason.LOGIN_WALL, f"text: {_quote(line, match)}")
    return None


def _find_login(front: Front) -> Quarantine | None:
    if not _is_little(front.seen, _LOGIN):
        return None
    if _LOGIN_TITLE.match(front.title):
        return Quarantine(QuarantineReason.LOGIN_WALL, f"title: {front.title[:120]}")
    if _PASSWORD_FIELD.search(front.body):
        return Quarantine(QuarantineReason.LOGIN_WALL, "a password field and hardly any text")
    return _find_notice(front, _LOGIN, QuarantineReason.LOGIN_WALL, "text", share=0.3)


def _find_cookie_wall(front: Front) -> Quarantine | None:
    if not _SAYS_COOKIES.search(front.seen):
        return None
    return _find_notice(front, _COOKIES, QuarantineReason.LOGIN_WALL, "cookie wall", share=0.5)


def _find_notice(
    front: Front, pattern: re.Pattern[str], reason: QuarantineReason, what: str, share: float = 0.0
) -> Quarantine | None:
    """A page that says what the pattern knows and little else. share: of its clauses, at least,
    that must say it.
    """
    for text in (front.text, front.page):
        if len(text) > _LONGEST_WALL_CHARS:
            continue
        match = pattern.search(text)
        if match and _is_little(text, pattern) and _share(text, pattern) >= share:
            return Quarantine(reason, f"{what}: {_quote(text, match)}")
    return None


def _is_little(text: str, pattern: re.Pattern[str]) -> bool:
    """Hardly anything is left of a text without the clauses that a pattern knows."""
    kept = [clause for clause in _clauses(text) if not pattern.search(clause)]
    return _amount(" ".join(kept)) < 1


def _share(text: str, pattern: re.Pattern[str]) -> float:
    clauses = _clauses(text)
    return sum(bool(pattern.search(clause)) for clause in clauses) / max(1, len(clauses))


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSES.split(text) if clause.strip()]


def _amount(text: str) -> float:
    """Text in units of the most a wall has beside it."""
    han = len(_HAN.findall(text))
    return han / _REST_HAN + len(_WORD.findall(_HAN.sub(" ", text))) / _REST_WORDS


def _quote(text: str, match: re.Match[str]) -> str:
    start = max(0, match.start() - _EVIDENCE_CHARS)
    return " ".join(text[start : match.end() + _EVIDENCE_CHARS].split())


def _crude_text(body: bytes, content_type: str) -> str:
    """Every text of a page, its furniture and noscript parts, too; one line a tag."""
    markup = decode_body(body, content_type)
    for name in ("script", "style", "template"):
        markup = _without(markup, f"<{name}", f"</{name}")
    text = re.sub(r"<[^<>]{0,2000}>", "\n", markup)
    return "\n".join(line for part in text.split("\n") if (line := " ".join(part.split())))


def _without(markup: str, start: str, end: str) -> str:
    """Text without its parts from a start to the next end. In one pass, whatever comes."""
    lowered = markup.lower()
    kept: list[str] = []
    at = 0
    while (opened := lowered.find(start, at)) >= 0:
        kept.append(markup[at:opened])
        closed = lowered.find(end, opened)
        at = len(markup) if closed < 0 else closed
    kept.append(markup[at:])
    return " ".join(kept)
