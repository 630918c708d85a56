"""What stands around a quantity: comparator, rate, what is counted, whether it is an age."""

from __future__ import annotations

import re
from collections.abc import Iterable

# --- comparators ----------------------------------------------------------------------------

_LEFT_EN = {
    "<=": "no more than|not more than|not exceed|not exceeding|t exceed|never exceed|maximum|"
          "maximum of|max|max of|at most|at the most|up to|up to and including|no longer than|"
          "no later than|within|inside|limit to|limited to|no older than|≤|=<|cap of|ceiling of|"
          "not longer than|no greater than|capped at|as many as|"
          "as much as",
    ">=": "at least|no less than|not less than|no fewer than|not fewer than|minimum|minimum of|"
          "min|a minimum of|from|since|starting at|starting from|≥|>=|"
          "as little as|as early as|as soon as|no earlier than|"
          "no younger than|reaches|hits|or more than",
    "<": "less than|fewer than|under|below|younger than|before|lower than|shorter than|<|"
         "smaller than|lighter than|until|till|by|sub|short of",
    ">": "more than|over|above|older than|exceed|exceeds|exceeding|greater than|longer than|after|"
         ">|beyond|higher than|heavier than|past|bigger than|larger than|tops|anything over",
    "~": "about|around|approximately|roughly|some|nearly|almost|approx|circa|~|≈|or so",
}  # fmt: skip
_MORE = "more greater higher longer later older hotter warmer bigger larger heavier".split()
_LESS = "less fewer lower shorter sooner earlier younger colder cooler smaller lighter".split()
_LEFT_LOOKUP = {
    tuple(phrase.split()): sign for sign, words in _LEFT_EN.items() for phrase in words.split("|")
}
for _sign, _inverse, _words in ((">", "<=", _MORE), ("<", ">=", _LESS)):
    _LEFT_LOOKUP |= {(word, "than"): _sign for word in _words}
    _LEFT_LOOKUP |= {
        (no, word, "than"): _inverse for word in _words for no in ("no", "not", "never")
    }
_FILLERS = frozenset(
    [
        "a",
        "an",
        "the",
        "age",
        "ages",
        "aged",
        "about",
        "of",
        "their",
        "first",
        "every",
        "only",
        "around",
        "your",
        "his",
        "her",
        "roughly",
        "full",
    ]
)
_LEFT_WORDS = re.compile(r"[a-z]+|[≤≥<>=~≈]+")
_LEFT_CUT = re.compile(r".*[.,;:!?()\n\d—–]", re.DOTALL)
_RIGHT_EN = re.compile(
    r"(?: ?\([^()\n]{1,24}\))?\)?[ ,(-]{0,2}(?:of age |old )?(?:"
    r"(?P<ge>or (?:more|higher|above|over|older|longer|greater|warmer|hotter|up)\b|"
    r"and (?:over|above|older|up|upwards|beyond|more)\b|upwards|plus\b|minimum\b|min\b|"
    r"at (?:the very )?least\b|"
    r"at minimum|at the least)"
    r"|(?P<le>or (?:less|fewer|lower|below|under|younger|colder|cooler|shorter|sooner)\b|"
    r"and (?:under|younger|below)\b|maximum\b|max\b|"
    r"at (?:the )?(?:very )?most\b|tops\b|at the outside))"
)
_LEFT_ZH = {
    "<=": "不超过 不超過 不得超过 不得超過 不能超过 不能超過 不要超过 不要超過 别超过 別超過 "
          "不高于 不高於 不大于 不多于 不晚于 最多 至多 最长 最長 上限 ≤ ≦ 控制在 限制在 "
          "不可超过 不应超过 最晚 最迟 最遲 封顶",
    ">=": "不少于 不少於 不得少于 不低于 不低於 不小于 不短于 至少 最少 起码 起碼 "
          "最短 满 滿 达 達 达到 達到 ≥ ≧ 自 从 從 最早 大于等于 大于或等于",
    "<": "不到 不足 不满 不滿 未满 未滿 少于 少於 小于 小於 低于 低於 早于 早於 "
         "短于 < ＜ 未到 未足",
    ">": "超过 超過 多于 多於 大于 大於 高于 高於 长于 逾 > ＞ 晚于 超",
    "~": "大约 大約 约 約 大概 差不多 将近 近",
}  # fmt: skip
_ZH_FILLERS = (
    "到 为 為 要 需 有 间隔 間隔 相隔 隔 喝 吃 喂 餵 睡 补充 補充 持续 持續 观察 觀察 孕 怀孕 第 "
    "了 的 在 连续 用 够 約 约 大约"
).split()


_SIGNS_ZH = {word: sign for sign, words in _LEFT_ZH.items() for word in words.split()}


def _reversed(words: Iterable[str]) -> str:
    return "|".join(re.escape(word[::-1]) for word in sorted(words, key=len, reverse=True))


# Read backwards from the number, so that the pattern is tried at one place only; the longest
# phrase first, for 不满 is not 满.
_BEFORE_ZH = re.compile(
    rf"\s?(?:(?:{_reversed(_ZH_FILLERS)})\s?){{0,2}}?(?P<sign>{_reversed(_SIGNS_ZH)})"
)
_RIGHT_ZH = re.compile(
    r"(?:\s?[(（][^()（）\n]{1,16}[)）])?[)）]?\s?(?:龄|大)?(?:"
    r"(?P<ge>[及或]?以上|或更[高多长久大]|起|以后|以後|之后|之後|後|往上|或更)"
    r"|(?P<le>[及或]?以下|以内|以內|之内|之內|内|內|封顶|为限|往下|之前|以前)"
    r"|(?P<ap>左右|上下|前后|前後))"
)


def comparator(text: str, low: str, start: int, end: int, chinese: bool) -> str:
    """The comparator written before or after text[start:end], '' when there is none.

    low: text in lower case, as long as text. "Not before 6 months" is '<', as in "never give it
    before 6 months": what a sentence forbids is not read here.
    """
    if chinese:
        found = _BEFORE_ZH.match(text[max(0, start - 14) : start][::-1])
        left = _SIGNS_ZH[found["sign"][::-1]] if found else ""
        after = _RIGHT_ZH.match(text, end)
    else:
        left = _left_en(low[max(0, start - 34) : start])
        after = _RIGHT_EN.match(low, end)
    right = {"ge": ">=", "le": "<=", "ap": "~"}[after.lastgroup or "ap"] if after else ""
    if right and left in ("", "~", ">="):
        return right
    return left or right


def _left_en(before: str) -> str:
    words = _LEFT_WORDS.findall(_LEFT_CUT.sub("", before))
    for _ in range(3):
        for size in (4, 3, 2, 1):
            sign = _LEFT_LOOKUP.get(tuple(words[-size:])) if len(words) >= size else None
            if sign:
                return sign
        if not words or words[-1] not in _FILLERS:
            return ""
        words.pop()
    return ""


# --- rates ---------------------------------------------------------------------------------

_RATE_EN = re.compile(
    r"[ -]?(?:\(?of )?(?:[a-z]+ ){0,4}?(?P<rate>daily\b|nightly\b|weekly\b|"
    r"(?:a|an|per|each|every|in an?|in one) "
    r"(?P<per>hour|day|night|week|month|year|kg|kilogram|kilo)\b|"
    r"(?:in|within|over|per|every) (?:any |each |a )?24[ -]?(?:hours|hour|hrs|h)\b|"
    r"/ ?(?P<sl>hour|day|week|month|year|hr|h|d|kg|wk)\b(?P<more>/(?:day|d|24 ?h)\b)?)"
)
_RATE_ZH_BEFORE = re.compile(
    r"每(?P<per>天|日|晚|周|週|星期|月|小时|小時|年|公斤|千克)[^，。；;,\d]{0,10}$|一[天日][^，。；;,\d]{0,4}$"
)
_RATE_ZH_AFTER = re.compile(
    r"\s?[/／每](?P<per>天|日|晚|周|週|星期|月|小时|小時|年|千克|公斤|kg|d|h)"
)
_PER = {
    "hour": "hour", "h": "hour", "hr": "hour", "day": "day", "d": "day", "night": "day",
    "daily": "day", "nightly": "day", "week": "week", "wk": "week", "weekly": "week",
    "month": "month", "year": "year", "kg": "kg", "kilo": "kg",
    "kilogram": "kg", "天": "day", "日": "day", "晚": "day", "周": "week", "週": "week",
    "星期": "week", "月": "month", "小时": "hour", "小時": "hour", "年": "year", "千克": "kg",
    "公斤": "kg",
}  # fmt: skip


def rate(text: str, low: str, start: int, end: int, chinese: bool) -> str:
    """What an amount is per: 'day' for "a day" or 每天, 'kg', 'kg/day' for both; '' for nothing."""
    if not chinese:
        match = _RATE_EN.match(low, end)
        if not match:
            return ""
        word = match["per"] or match["sl"] or match["rate"]
        return _PER.get(word, "day") + ("/day" if match["more"] else "")
    after, before = _RATE_ZH_AFTER.match(text, end), None
    window = text[max(0, start - 14) : start]
    if "每" in window or "一" in window:
        before = _RATE_ZH_BEFORE.search(window)
    found = {_PER.get(match["per"] or "天", "day") for match in (after, before) if match}
    return "/".join(sorted(found, reverse=True))


# --- nouns and ages --------------------------------------------------------------------------

_NOUN = re.compile(r"(?:[ -]or (?:more|fewer|less))?[ -]([a-z]{3,})(?:[ -]([a-z]{3,}))?")
_FUNCTION = frozenset(
    "and the for with per are was were out from each that who which when but not then than into "
    "onto over under after before until till because while since via may can should must "
    "will".split()
)
_ADJECTIVES = frozenset(
    "more less fewer other large small full medium main kinds types different good new soaked "
    "little tiny big whole separate quick simple easy straight extra slow gentle short long wet "
    "dirty daily single rapid fast further additional".split()
)


def noun_after(low: str, end: int) -> str:
    """What is counted: the singular English noun after the number, '' when there is none."""
    match = _NOUN.match(low, end)
    if not match:
        return ""
    word = match[1]
    if word in _ADJECTIVES and match[2]:
        word = match[2]
    return "" if word in _FUNCTION else singular(word)


def singular(word: str) -> str:
    """English noun without its plural ending, good enough to compare counts."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


_AGE_EN_AFTER = re.compile(
    r"[ -]?(?:olds?\b|of age|of pregnancy|of gestation|pregnant|or older|or younger|and older|"
    r"and up|gestation|s?['’]? gestation|corrected|postpartum|after (?:birth|delivery))"
)
_AGE_EN_BEFORE = re.compile(
    r"(?:\bage[sd]?|babies|baby|infants?|child(?:ren)?|toddlers?|under|younger than|older than|"
    r"before|born (?:before|at|after)|pregnant|turns?|turned|birthday|until|from|newborns?)\W{0,3}"
    r"(?:of |from |under |over |aged |is |at least |younger than |older than |below |above |about |"
    r"around |the )*$"
)
_AGE_ZH = frozenset("岁 歲 周岁 週歲 周歲 月龄 月齡 日龄 日齡 周龄 週齡 孕周 孕週".split())
_AGE_ZH_BEFORE = re.compile(
    r"(?:怀孕|懷孕|孕|妊娠|出生后?|生后|产后|產後|满|滿|宝宝|婴儿|孩子|儿童)[^，。；,]{0,3}$"
)
_AGE_ZH_AFTER = re.compile(r"(?:龄|大|齡|的?(?:宝宝|婴儿|孩子|儿童|幼儿|寶寶|嬰兒))")


def is_age(text: str, start: int, end: int, unit: str, chinese: bool) -> bool:
    """Whether a time is an age, a gestation or a time since birth.

    text: in lower case. unit: as written.
    """
    before = text[max(0, start - 32) : start]
    if chinese:
        if unit in _AGE_ZH:
            return True
        return bool(_AGE_ZH_BEFORE.search(before[-12:]) or _AGE_ZH_AFTER.match(text, end))
    if unit.startswith(("birthday", "yo")) or _AGE_EN_AFTER.match(text, end):
        return True
    return bool(_AGE_EN_BEFORE.search(before))
