"""Units, comparators and rates of the quantity grammar, English and Chinese."""

from __future__ import annotations

import re
from decimal import Decimal

# Canonical unit -> (dimension's unit, factor). Months and years are 1/12 of 365.25 days and that
# year; week and day are exact. Household measures as on UK and US medicine labels: teaspoon 5 ml,
# tablespoon 15 ml; fluid ounce 29.5735 ml, ounce 28.3495 g, pound 453.592 g, inch 2.54 cm.
_SCALE: dict[str, tuple[str, Decimal]] = {
    "ug": ("mg", Decimal("0.001")), "mg": ("mg", Decimal(1)), "g": ("mg", Decimal(1000)),
    "kg": ("mg", Decimal(1_000_000)), "lb": ("mg", Decimal("453592")),
    "oz": ("mg", Decimal("28349.5")), "jin": ("mg", Decimal(500_000)),
    "ml": ("ml", Decimal(1)), "l": ("ml", Decimal(1000)), "floz": ("ml", Decimal("29.5735")),
    "tsp": ("ml", Decimal(5)), "tbsp": ("ml", Decimal(15)),
    "second": ("h", Decimal(1) / 3600), "minute": ("h", Decimal(1) / 60), "hour": ("h", Decimal(1)),
    "day": ("h", Decimal(24)), "week": ("h", Decimal(168)), "month": ("h", Decimal("730.5")),
    "year": ("h", Decimal(8766)),
    "mm": ("cm", Decimal("0.1")), "cm": ("cm", Decimal(1)), "m": ("cm", Decimal(100)),
    "km": ("cm", Decimal(100_000)), "in": ("cm", Decimal("2.54")), "ft": ("cm", Decimal("30.48")),
    "C": ("C", Decimal(1)), "F": ("C", Decimal(1)), "%": ("%", Decimal(1)),
    "kcal": ("kcal", Decimal(1)), "kJ": ("kcal", Decimal("0.239")), "IU": ("IU", Decimal(1)),
    "mmol/l": ("mmol/l", Decimal(1)), "x": ("count", Decimal(1)), "point": ("point", Decimal(1)),
}  # fmt: skip

_EN_NAMES: dict[str, tuple[str, ...]] = {
    "ug": ("micrograms", "microgram", "mcg", "µg", "μg", "ug"),
    "mg": ("milligrams", "milligram", "mgs", "mg"),
    "kg": ("kilograms", "kilogram", "kilos", "kilo", "kgs", "kg"),
    "g": ("grams", "gram", "grammes", "gramme", "g"),
    "lb": ("pounds", "pound", "lbs", "lb"),
    "floz": ("fluid ounces", "fluid ounce", "fl oz", "fl. oz", "fl. oz."),
    "oz": ("ounces", "ounce", "oz"),
    "ml": ("millilitres", "millilitre", "milliliters", "milliliter", "mls", "ml"),
    "mmol/l": ("mmol/l",),
    "l": ("litres", "litre", "liters", "liter"),
    "tsp": ("teaspoons", "teaspoon", "teaspoonfuls", "tsp"),
    "tbsp": ("tablespoons", "tablespoon", "tbsp"),
    "second": ("seconds", "second", "secs", "sec"),
    "minute": ("minutes", "minute", "mins", "min"),
    "hour": ("hours", "hour", "hrs", "hr", "h"),
    "day": ("days", "day", "nights", "night"),
    "week": ("weeks", "week", "wks", "wk"),
    "month": ("months", "month", "mths", "mos"),
    "year": ("years", "year", "yrs", "yr"),
    "mm": ("millimetres", "millimeters", "mm"),
    "cm": ("centimetres", "centimetre", "centimeters", "centimeter", "cm"),
    "km": ("kilometres", "kilometers", "km"),
    "m": ("metres", "metre", "meters", "meter", "m"),
    "in": ("inches", "inch"),
    "ft": ("feet", "foot", "ft"),
    "C": ("°c", "° c", "℃", "degrees c", "degrees celsius", "celsius", "c"),
    "F": ("°f", "° f", "℉", "degrees f", "degrees fahrenheit", "fahrenheit", "f"),
    "%": ("%", "percent", "per cent"),
    "kcal": ("kilocalories", "calories", "kcal"),
    "kJ": ("kj", "kilojoules"),
    "IU": ("iu", "international units"),
    "x": ("times", "x", "×"),
}
_ZH_NAMES: dict[str, tuple[str, ...]] = {
    "ug": ("微克", "µg", "μg", "ug"),
    "mg": ("毫克", "mg"),
    "kg": ("千克", "公斤", "kg"),
    "jin": ("市斤", "斤"),
    "g": ("克", "g"),
    "ml": ("毫升", "ml", "mL", "ML"),
    "mmol/l": ("mmol/L", "毫摩尔/升"),
    "l": ("升", "L"),
    "second": ("秒钟", "秒鐘", "秒"),
    "minute": ("分钟", "分鐘"),
    "hour": ("个小时", "個小時", "小时", "小時", "个钟头", "h"),
    "day": ("天", "日龄", "日齡"),
    "week": ("孕周", "个星期", "個星期", "星期", "周岁内周", "周", "週"),
    "month": ("个多月", "个月", "個月", "月龄", "月齡", "月"),
    "year": ("周岁", "週歲", "岁", "歲", "年"),
    "mm": ("毫米", "mm"),
    "cm": ("厘米", "公分", "cm"),
    "km": ("公里", "千米", "km"),
    "m": ("米",),
    "in": ("英寸",),
    "C": ("℃", "°C", "摄氏度", "攝氏度", "度"),
    "F": ("℉", "°F", "华氏度", "華氏度"),
    "%": ("%", "％"),
    "kcal": ("千卡", "大卡", "kcal"),
    "kJ": ("千焦", "kJ"),
    "IU": ("国际单位", "國際單位", "单位", "單位", "IU"),
    "x": ("次", "倍"),
}
# Chinese counters: what is counted matters less than that something is.
_ZH_COUNTERS = (
    "个個名位只隻片粒勺匙杯碗瓶包支颗顆种種餐顿頓遍针針剂劑份滴口条條步项項件层層级級档檔"
)


def _alternation(names: dict[str, tuple[str, ...]]) -> str:
    every = sorted((n for group in names.values() for n in group), key=len, reverse=True)
    return "|".join(re.escape(name) for name in every)


EN = _alternation(_EN_NAMES)
# 分 is a score only where the word ends there: not in 分钟, 分之, 分娩.
_ZH_POINT = "分(?=[，,。；;、)）\\s]|$|以|及|应|需|的|者|时)"
ZH = f"(?:{_alternation(_ZH_NAMES)}|{_ZH_POINT}|[{_ZH_COUNTERS}])"
EN_TIME = "seconds?|minutes?|mins?|hours?|hrs?|h|days?|nights?|weeks?|months?|years?"
SOFT_TIMES = {"minute", "hour", "day", "night", "week", "month", "year"}

_EN_LOOKUP = {name: unit for unit, names in _EN_NAMES.items() for name in names}
_ZH_LOOKUP = {name: unit for unit, names in _ZH_NAMES.items() for name in names} | {"分": "point"}


def canonical(unit: str, chinese: bool) -> str:
    """Canonical spelling of a unit as written (`µg` -> `ug`); '' when it is no unit."""
    if chinese and unit in _ZH_LOOKUP:
        return _ZH_LOOKUP[unit]
    return _EN_LOOKUP.get(" ".join(unit.lower().split()), "")


def dimension(unit: str, chinese: bool) -> str:
    """The canonical unit of the dimension; `count` for plain numbers and counters."""
    name = canonical(unit, chinese)
    return _SCALE[name][0] if name else "count"


def convert(value: Decimal, unit: str, chinese: bool) -> Decimal:
    """value in the canonical unit of its dimension; Fahrenheit to Celsius."""
    name = canonical(unit, chinese)
    if not name:
        return value
    if name == "F":
        return (value - 32) * 5 / 9
    return value * _SCALE[name][1]


# --- comparators ----------------------------------------------------------------------------

_LEFT_EN = (
    ("<=", r"no more than|not more than|not exceed(?:ing)?|does not exceed|don't exceed|"
           r"(?:a )?maximum(?: of)?|max\.?|at most|up to(?: and including)?|no longer than|"
           r"no later than|within|inside|limit(?:ed)? to|no older than|≤|=<"),
    (">=", r"at least|no less than|not less than|no fewer than|(?:a )?minimum(?: of)?|min\.?|"
           r"not before|never before|from|since|starting at|≥|>=|as (?:little|early|soon) as"),
    ("<", r"less than|fewer than|under|below|younger than|before|lower than|shorter than|"
          r"smaller than|lighter than|until|by|<"),
    (">", r"more than|over|above|older than|exceed(?:s|ing)?|greater than|longer than|after|"
          r"beyond|higher than|heavier than|past|>"),
    ("~", r"about|around|approximately|roughly|some|nearly|almost|approx\.?|circa|~|≈"),
)  # fmt: skip
_RIGHT_EN = (
    (">=", r"or (?:more|higher|above|over|older|longer|greater|warmer|hotter)|"
           r"and (?:over|above|older|up)|upwards|plus|minimum|at least"),
    ("<=", r"or (?:less|fewer|lower|below|under|younger|colder|cooler)|and under|maximum|max|"
           r"at (?:the )?most"),
)  # fmt: skip
_LEFT_ZH = (
    ("<=", r"不得?超过|不得?超過|不能超过|不要超过|别超过|不高于|不大于|不多于|不晚于|最多|"
           r"至多|最长|最長|"
           r"上限|≤|控制在|限制在|以不超过"),
    (">=", r"不得?少于|不得?少於|不低于|不低於|不小于|不早于|不短于|至少|最少|起码|最短|满|"
           r"滿|达到?|達到?|"
           r"≥|自|从|從"),
    ("<", r"不到|不足|不满|不滿|未满|未滿|少于|少於|小于|小於|低于|低於|早于|短于|<|＜"),
    (">", r"超过|超過|多于|大于|大於|高于|高於|长于|逾|>|＞"),
    ("~", r"大约|大約|约|約|大概|左右|差不多"),
)  # fmt: skip
_RIGHT_ZH = (
    (">=", r"及?以上|或以上|或更[高多长久]|起|以后|以後|之后|後"),
    ("<=", r"及?以下|以内|以內|之内|之內|内|內|封顶|为限"),
    ("~", r"左右|上下|前后"),
)  # fmt: skip


def _compile(
    rows: tuple[tuple[str, str], ...], left: bool
) -> tuple[tuple[str, re.Pattern[str]], ...]:
    lead = r"(?:^|(?<=[^A-Za-z]))"
    out = []
    for sign, words in rows:
        if left:
            tail = (
                r"(?:\s(?:a|the|age|ages|aged|about|of|their|first|every|only)){0,2}\s?"
                r"(?:到|为|為|要|需|有|间隔|間隔|相隔|隔|喝|吃|喂|餵|睡|补充|補充|持续|持續|观察|觀察)?$"
            )
            out.append((sign, re.compile(rf"{lead}(?:{words}){tail}", re.IGNORECASE)))
        else:
            out.append(
                (
                    sign,
                    re.compile(
                        r"(?:\s?[(（][^()（）]{1,16}[)）])?[)）]?[\s,(（-]?(?:of age\s|old\s)?"
                        rf"(?:{words})",
                        re.IGNORECASE,
                    ),
                )
            )
    return tuple(out)


_CMP = {
    (False, True): _compile(_LEFT_EN, True),
    (False, False): _compile(_RIGHT_EN, False),
    (True, True): _compile(_LEFT_ZH, True),
    (True, False): _compile(_RIGHT_ZH, False),
}


def comparator(text: str, start: int, end: int, chinese: bool) -> str:
    """The comparator written before or after text[start:end], '' when there is none."""
    before = text[max(0, start - 26) : start]
    after = text[end : end + 36]
    left = _first(_CMP[chinese, True], before, search=True)
    right = _first(_CMP[chinese, False], after, search=False)
    if right and left in ("", "~", ">="):
        return right
    return left or right


def _first(rows: tuple[tuple[str, re.Pattern[str]], ...], text: str, *, search: bool) -> str:
    for sign, pattern in rows:
        if pattern.search(text) if search else pattern.match(text):
            return sign
    return ""


# --- rates, nouns, ages ------------------------------------------------------------------------

_RATE_EN = re.compile(
    r"[\s-]?(?:\(?of\s)?(?:[a-z]+\s){0,4}?(?P<rate>daily|nightly|weekly|(?:a|an|per|each|"
    r"every|in a)\s"
    r"(?P<per>hour|day|night|week|month|year|kg|kilogram)\b|in (?:any )?24 (?:hours|h)\b|"
    r"/\s?(?P<sl>"
    r"h|hour|day|week|kg)\b|per (?P<kg>kg|kilogram))",
    re.IGNORECASE,
)
_RATE_ZH_BEFORE = re.compile(
    r"每(?P<per>天|日|晚|周|週|星期|月|小时|小時|年)[^，。；;,\d]{0,10}$|一天[^，。；;,\d]{0,4}$"
)
_RATE_ZH_AFTER = re.compile(r"\s?[/每](?P<per>天|日|晚|周|週|星期|月|小时|小時|年|千克|公斤|kg)")
_PER = {
    "hour": "hour", "h": "hour", "day": "day", "night": "day", "daily": "day", "nightly": "day",
    "week": "week", "weekly": "week", "month": "month", "year": "year", "kg": "kg",
    "kilogram": "kg", "天": "day", "日": "day", "晚": "day", "周": "week", "週": "week",
    "星期": "week", "月": "month", "小时": "hour", "小時": "hour", "年": "year", "千克": "kg",
    "公斤": "kg",
}  # fmt: skip


def rate_after(text: str, end: int, chinese: bool) -> tuple[str, int]:
    """The rate written after an amount ('day' for "a day") and where it ends; ('', end) if none."""
    if chinese:
        match = _RATE_ZH_AFTER.match(text, end)
        return (_PER[match["per"]], match.end()) if match else ("", end)
    match = _RATE_EN.match(text[end : end + 48])
    if not match:
        return "", end
    word = match["per"] or match["sl"] or match["kg"] or match["rate"]
    return _PER.get(word.lower(), "day"), end + match.end()


def rate_before(text: str, start: int, chinese: bool) -> str:
    """The rate written before an amount, as Chinese does (每天0.4毫克)."""
    if not chinese:
        return ""
    match = _RATE_ZH_BEFORE.search(text[max(0, start - 14) : start])
    return _PER.get(match["per"] or "天", "day") if match else ""


_NOUN = re.compile(r"[\s-]([a-z]{3,})(?:[\s-]([a-z]{3,}))?", re.IGNORECASE)
_NOT_NOUNS = {
    "more", "less", "fewer", "other", "large", "small", "full", "medium", "and", "the", "for",
    "with", "per", "are", "was", "out", "from", "each", "main", "kinds", "types", "different",
    "that", "who", "which", "when", "good", "new",
}  # fmt: skip


def noun_after(text: str, end: int, unit: str, chinese: bool) -> str:
    """What is counted: the singular noun after the number, or the Chinese counter."""
    if chinese:
        return unit if unit in _ZH_LOOKUP or unit in set(_ZH_COUNTERS) else ""
    if unit:
        return "time"
    match = _NOUN.match(text[end : end + 40])
    if not match:
        return ""
    word = match[1].lower()
    if word in _NOT_NOUNS and match[2]:
        word = match[2].lower()
    return singular(word)


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
    r"[\s-]?(?:olds?\b|of age|of pregnancy|of gestation|pregnant|or older|or younger)",
    re.IGNORECASE,
)
_AGE_EN_BEFORE = re.compile(
    r"(?:\bage[sd]?|babies|baby|infants?|child(?:ren)?|toddlers?|under|younger than|older than|"
    r"before|born (?:before|at|after)|pregnant|turns?|birthday)\W{0,3}(?:of |from |under |"
    r"over |aged |"
    r"is |at least |younger than |older than |below |above )*$",
    re.IGNORECASE,
)  # fmt: skip
_AGE_ZH = {"岁", "歲", "周岁", "週歲", "月龄", "月齡", "日龄", "日齡", "孕周"}
_AGE_ZH_BEFORE = re.compile(
    r"(?:怀孕|懷孕|孕|妊娠|出生后?|生后|满|滿|宝宝|婴儿|孩子|儿童)[^，。；,]{0,3}$"
)


def is_age(text: str, start: int, end: int, unit: str, chinese: bool) -> bool:
    """Whether a time is an age, a gestation or a time since birth."""
    before = text[max(0, start - 32) : start]
    if chinese:
        return unit in _AGE_ZH or bool(_AGE_ZH_BEFORE.search(before))
    after = text[end : end + 16]
    return bool(_AGE_EN_AFTER.match(after) or _AGE_EN_BEFORE.search(before)) or "birthday" in unit
