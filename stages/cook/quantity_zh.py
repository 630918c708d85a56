"""Quantities in Chinese text, both scripts, as written."""

from __future__ import annotations

import re
from decimal import Decimal

from stages.cook import limits, units
from stages.cook.figures import Figure
from stages.cook.numerals import ZH_NUMBER, parse_number
from stages.cook.ranges_en import share_limits

_HALF = Decimal("0.5")
_SEP = r"\s?(?:--?|–|—{1,2}|~|～|〜|至|到|或|、(?=[一二三四五六七八九\d])|-)\s?"
_DIGIT = "[一二三四五六七八九]"

_NUMBER = re.compile(
    rf"(?P<a>{ZH_NUMBER})(?:\s?(?P<mid>{units.ZH})?{_SEP}(?P<b>{ZH_NUMBER}))?"
    rf"(?P<plus>\+)?\s?(?P<more>[多余餘来來几幾])?\s?(?P<unit>{units.ZH})?(?P<half>半)?"
    rf"(?P<point>[\d一二三四五六七八九](?![\d十百个個次天周]))?"
)
# 两三天, 十五六个月, 六七个月
_PAIR = re.compile(
    rf"(?P<ten>[一二三四五六七八九]?十)?(?P<a>[一两兩二三四五六七八])(?P<b>[二两兩三四五六七八九])"
    rf"(?=[百十千]?(?P<unit>{units.ZH}))"
)
_AND_HALF = re.compile(
    rf"(?P<a>{ZH_NUMBER})[个個]半(?P<unit>小时|小時|钟头|鐘頭|月|星期|礼拜|禮拜)"
)
_HAN_PART = r"[零一二两三四五六七八九十百]{1,5}"
_FRACTION = re.compile(
    rf"(?P<bottom>{_HAN_PART}|\d{{1,3}})分之(?P<a>{_HAN_PART}(?:点{_DIGIT})?|\d{{1,3}}(?:\.\d)?)"
    rf"(?:{_SEP}(?:(?:百|三|四|五|十)分之)?(?P<b>{_HAN_PART}|\d{{1,3}}(?:\.\d)?))?"
)
_TENTHS = re.compile(
    rf"(?P<a>{_DIGIT}|\d(?:\.\d)?)(?:{_SEP}(?P<b>{_DIGIT}|\d))?成(?P<half>半)?(?![年人为為长長熟分功员員])"
)
_ONE_HALF = re.compile(r"一半|半数|半數")
_RATIO = re.compile(
    r"每\s?(?P<b>\d{1,6}|[十百千]|一百|一千|一万)\s?(?:[名个個位]|[^\W\d]{0,3}名|[^\W\d]{0,3}[个個])"
    r"[^\d，。；;,]{0,8}?(?P<a>\d{1,3}|[一二三四五六七八九])"
    r"(?:\s?(?:[-–—~～至到或])\s?(?P<c>\d{1,3}|[一二三四五六七八九]))?\s?[名个個位]"
)
_RATIO_PLAIN = re.compile(
    r"(?P<b>\d{1,6}|[十百千])\s?[个個位名][^\d，。；;,]{0,6}[里裡中][^\d，。；;,]{0,5}?"
    r"(?P<a>\d{1,3}|[一二三四五六七八九])(?:\s?[-–—~～至到或]\s?(?P<c>\d{1,3}|[一二三四五六七八九]))?"
    r"\s?[个個位名]?"
)
_PRESSURE = re.compile(r"(?P<a>\d{2,3})\s?[/／]\s?(?P<b>\d{2,3})(?!\d)\s?(?:mm\s?[Hh]g|毫米汞柱)?")
_FIRST_YEAR = re.compile(r"(?<![\d一二两三四五六七八九十半])(?:周岁|週歲|周歲)")
_FULL_MONTH = re.compile(r"(?<![\d一二两三四五六七八九十半])(?:满月|滿月)(?!龄|齡)")
_HUNDRED_DAYS = re.compile(r"百[日天](?!咳)")
_NOT_NUMBERS = re.compile(
    r"(?<![\d.])\d{4}\s?年(?:\d{1,2}月)?(?:\d{1,2}[日号號])?|\d{1,2}月\d{1,2}[日号號]"
    r"|\d{1,2}[:：]\d\d|24/7|24小时(?:热线|熱線)|\d{3,4}-\d{7,8}|\d{7,}"
    r"|(?:凌晨|半夜|早上|上午|中午|下午|晚上|夜里|早|晚|约)?(?:\d{1,2}|[一二三四五六七八九十]{1,2})"
    r"[点點](?:半|[一二三四五]?十?分|钟|鐘|整|前|后|後|多|左右|\d\d分?)"
    r"|(?<!\d)\d{1,2}[时時](?![间間长長内內])|\d-\d-\d"
    r"|(?:凌晨|半夜|早上|上午|中午|下午|晚上|夜里)(?:\d{1,2}|[一二三四五六七八九十]{1,2})[点點]"
    r"|第[一二三四五六七八九十\d]{1,2}(?:步|条|條|点|點|招|类|類|个问题|题|題|项|項|部分|句|件事)"
    r"|[一二两三四五六七八九十]分[钱清明辨享别]|十分(?![之钟鐘])|千万(?![\d])|万一|第一(?=时间|時間|位的|反应)"
    r"|一(?=[定般起些直旦样樣边邊共律贯貫致切味下同经經点點次性会會])|统一|唯一|单一|之一(?!半)|三明治|四肢"
    r"|五官|百日咳|百分百|半(?=夜|固体|固體|流质|流質|坐|卧|臥|脱脂|径|路|途|身)|一{2,}|二维|两者|兩者|两侧|兩側|三伏|七上八下"
    r"|B\d{1,2}|[A-Za-z]-?\d{1,2}(?!\d)(?=[^\d]|$)|\d\ufe0f?\u20e3|一带|五谷|八宝"
)
_START = re.compile(r"(?<![\d.])\d|[½¼¾⅓⅔半俩倆仨零〇一二两兩三四五六七八九十廿百千万萬每满滿周週]")
_SEVERAL = frozenset("几幾数數好")
_HOTLINES = frozenset("110 119 120 122 911 999 12320 12345 12355 12356".split())
_MARKER = re.compile(
    r"(?:^|\n|(?<=[•·▪\-] ))[ \t　]*[（(]?(?:\d{1,2}|[一二三四五六七八九十]{1,2})"
    r"(?:[.)）、．:：](?!\d)|\s(?=\D))"
)
_FIRST = re.compile(r"(?<![孕产術术饭餐睡])(?:头|頭|前|最初)的?$")
_ORDINAL = re.compile(r"第$")
_LABEL_BEFORE = re.compile(r"(?:步骤|步驟|第|方法|误区|誤區|要点|要點|提示|问题|問題|类型)\s?$")
_AGE_SHORT = re.compile(r"(?:个月|個月|月|岁|歲)$")


def read_chinese(text: str) -> list[Figure]:
    """Figures of text in reading order."""
    taken = bytearray(len(text))
    figures: list[Figure] = []
    for figure in _shares(text):
        if not any(taken[figure.start : figure.end]):
            _claim(taken, figure.start, figure.end)
            figures.append(figure)
    for pattern in (_NOT_NUMBERS, _MARKER):
        for match in pattern.finditer(text):
            if not any(taken[match.start() : match.end()]):
                _claim(taken, match.start(), match.end())
    at = 0
    for match in _START.finditer(text):
        start = match.start()
        if start < at or taken[start]:
            continue
        found = _figure(text, start)
        if found is not None:
            figures.append(found)
            at = found.end
    figures.sort(key=lambda figure: figure.start)
    _share_units(text, figures)
    for figure in figures:
        _finish(text, figure)
    share_limits(text, figures)
    return [
        f for n, f in enumerate(figures) if _is_quantity(text, f) and not _is_rate(text, figures, n)
    ]


def _claim(taken: bytearray, start: int, end: int) -> None:
    taken[start:end] = b"\x01" * (end - start)


def _shares(text: str) -> list[Figure]:
    found = []
    if "个" in text or "個" in text or "每" in text or "名" in text or "位" in text:
        for pattern in (_RATIO, _RATIO_PLAIN):
            for match in pattern.finditer(text):
                bottom = parse_number(match["b"])
                found += _share(match, bottom, match["a"], match["c"])
    if "分之" in text:
        for match in _FRACTION.finditer(text):
            found += _share(match, parse_number(match["bottom"]), match["a"], match["b"])
    if "成" in text:
        for match in _TENTHS.finditer(text):
            found += _share(match, Decimal(10), match["a"], match["b"])
            if match["half"] and found:
                found[-1].low += 5
                found[-1].high += 5
    for match in _ONE_HALF.finditer(text):
        found.append(Figure(match.start(), match.end(), Decimal(50), Decimal(50), "%", "%", "%",
                            shape="share", is_soft=True))  # fmt: skip
    for match in _PRESSURE.finditer(text):
        top, under = Decimal(match["a"]), Decimal(match["b"])
        if 60 <= top <= 260 and 30 <= under < top:
            found.append(Figure(match.start("a"), match.end("a"), top, top, "mmHg", "mmHg", "mmHg"))
            found.append(
                Figure(match.start("b"), match.end(), under, under, "mmHg", "mmHg", "mmHg")
            )
    return found


def _share(
    match: re.Match[str], bottom: Decimal | None, top: str, other: str | None
) -> list[Figure]:
    low = parse_number(top)
    high = parse_number(other) if other else low
    if low is None or high is None or not bottom or bottom < 2 or low > bottom:
        return []
    return [Figure(match.start(), match.end(), low * 100 / bottom, max(low, high) * 100 / bottom,
                   "%", "%", "%", shape="share")]  # fmt: skip


def _figure(text: str, start: int) -> Figure | None:
    for pattern, reader in (
        (_FULL_MONTH, _full_month),
        (_FIRST_YEAR, _first_year),
        (_HUNDRED_DAYS, _hundred_days),
        (_AND_HALF, _and_half),
        (_PAIR, _pair),
        (_NUMBER, _number),
    ):
        match = pattern.match(text, start)
        if match:
            figure = reader(text, match)
            if figure is not None:
                return figure
    return None


def _full_month(text: str, match: re.Match[str]) -> Figure | None:
    return Figure(match.start(), match.end(), Decimal(1), Decimal(1), "month", "month", "满月",
                  is_age=True, is_soft=True)  # fmt: skip


def _first_year(text: str, match: re.Match[str]) -> Figure | None:
    return Figure(match.start(), match.end(), Decimal(1), Decimal(1), "year", "year", "周岁",
                  is_age=True, is_soft=True)  # fmt: skip


def _hundred_days(text: str, match: re.Match[str]) -> Figure | None:
    return Figure(match.start(), match.end(), Decimal(100), Decimal(100), "day", "day", "百日",
                  is_age=True, is_soft=True)  # fmt: skip


def _and_half(text: str, match: re.Match[str]) -> Figure | None:
    value = parse_number(match["a"])
    unit = units.canonical("个" + match["unit"], chinese=True)
    if value is None or not unit:
        return None
    value += _HALF
    return Figure(match.start(), match.end(), value, value, unit, unit, "个" + match["unit"])


def _pair(text: str, match: re.Match[str]) -> Figure | None:
    low, high = parse_number(match["a"]), parse_number(match["b"])
    unit = re.compile(units.ZH).match(text, match.end())
    if low is None or high is None or high != low + 1 or unit is None:
        return None
    tens = parse_number(match["ten"]) if match["ten"] else Decimal(0)
    low, high = low + (tens or 0), high + (tens or 0)
    name = units.canonical(unit[0], chinese=True)
    return Figure(match.start(), unit.end(), low, high, name, name, unit[0],
                  noun=unit[0] if not name else "", is_soft=not name)  # fmt: skip


def _number(text: str, match: re.Match[str]) -> Figure | None:
    raw = match["a"]
    low = parse_number(raw)
    high = parse_number(match["b"]) if match["b"] else low
    if low is None or high is None or (raw in _HOTLINES and not match["unit"]):
        return None
    if match["b"] and "、" in match[0] and (match["mid"] or high != low + 1):
        # 2公分、3个月 is a list; only 3、4天 is a range.
        cut = match.end("mid" if match["mid"] else "a")
        alone = _NUMBER.match(text[:cut], match.start())
        return _number(text, alone) if alone else None
    before = text[max(0, match.start() - 2) : match.start()]
    if before[-1:] in {".", "/", ":"} and before[:1].isdigit() and len(before) == 2:
        return None
    if before[-1:] in _SEVERAL and not raw[0].isdigit():
        return None
    word, mid = match["unit"] or "", match["mid"] or ""
    name, low_name = units.canonical(word, True), units.canonical(mid or word, True)
    end = match.end("half") if match["half"] and word else match.end("unit" if word else "a")
    if match["b"] and not word:
        end = match.end("b")
    disordered = False
    if match["b"] and word and not mid and high <= low:
        disordered = True  # 4到3天 is a range gone wrong
    elif match["b"] and units.convert(high, name) <= units.convert(low, low_name or name):
        high, end, word = low, match.end("mid" if mid else "a"), mid
        name = low_name = units.canonical(mid, True)
    elif match["half"] and word:
        if name in units.TIMES:
            low, high = low + _HALF, high + _HALF
        else:
            end = match.end("unit")
    elif match["point"] and name == "deg" and word == "度":
        low = high = low + (parse_number(match["point"]) or Decimal(0)) / 10
        end = match.end("point")
    spelled = not raw.isascii() and raw not in "½¼¾⅓⅔"
    soft = (spelled and not name) or raw in {"一", "半"} or (spelled and name == "x" and low < 2)
    if name in ("C", "F", "deg") and text.endswith(("零下", "-", "−"), 0, match.start()):
        low, high = -high, -low
    figure = Figure(match.start(), end, low, high, low_name or name, name, word, is_soft=soft)
    figure.noun = word if not name else ""
    figure.shape = "disordered" if disordered else ""
    if match["plus"]:
        figure.comparator = ">="
        figure.end = max(figure.end, match.end("plus"))
    elif match["more"]:
        figure.comparator = ">" if match["more"] in "多余餘" else "~"
        figure.end = max(figure.end, match.end("more"))
    return figure


def _share_units(text: str, figures: list[Figure]) -> None:
    """18、24和30月龄: what has no unit of its own takes that of the end of the list."""
    for n in range(len(figures) - 2, -1, -1):
        first, second = figures[n], figures[n + 1]
        gap = text[first.end : second.start]
        if (
            not first.unit_word
            and second.unit
            and gap.strip() in {"、", "和", "及", "与", "或", "/", "，"}
        ):
            first.unit = first.low_unit = second.unit
            first.unit_word = second.unit_word
            first.is_soft = False


def _finish(text: str, figure: Figure) -> None:
    before = text[max(0, figure.start - 8) : figure.start]
    if before.endswith("第"):
        figure.shape = "ordinal"
        figure.is_soft = figure.is_soft or figure.unit not in units.TIMES
    if text.startswith("+", figure.end) and not text[figure.end + 1 : figure.end + 2].isdigit():
        figure.comparator = ">="
        figure.end += 1
    if not figure.comparator:
        figure.comparator = limits.comparator(text, text, figure.start, figure.end, True)
    if _FIRST.search(before):
        figure.comparator = "<="
    if figure.low != figure.high and before.endswith(("自", "从", "從")):
        figure.comparator = ""
    figure.per = limits.rate(text, text, figure.start, figure.end, True)
    if figure.unit == "x":
        figure.noun = figure.unit_word
    if units.dimension(figure.unit) == "h" and not figure.is_age:
        figure.is_age = limits.is_age(text, figure.start, figure.end, figure.unit_word, True)


def _is_rate(text: str, figures: list[Figure], n: int) -> bool:
    """一天 beside an amount (一天350毫升, 五百毫升一天) says how often, not how long."""
    figure = figures[n]
    if not (text.startswith("一", figure.start) and figure.low == 1 and figure.unit in units.TIMES):
        return False
    before = figures[n - 1].end if n else -9
    after = figures[n + 1].start if n + 1 < len(figures) else len(text) + 9
    gap = text[figure.end : after]
    return (
        before == figure.start
        or (len(gap) <= 5 and not _PAUSE.search(gap))
        or (text.startswith("每", figure.end))
    )


_PAUSE = re.compile(r"[，。；、,;！？\n]")


def _is_quantity(text: str, figure: Figure) -> bool:
    """Han numerals without a unit or counter are mostly words; a digit is a figure anywhere."""
    if figure.unit_word or figure.unit or figure.noun:
        return True
    return text[figure.start : figure.start + 1].isdigit() and text[figure.start].isascii()
