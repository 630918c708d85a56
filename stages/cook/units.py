"""Units of the quantity grammar, English and Chinese."""

from __future__ import annotations

import re
from decimal import Decimal

# Canonical unit -> (dimension's unit, factor). Months and years are 1/12 of 365.25 days and that
# year; week and day are exact. Household measures as on UK and US medicine labels: teaspoon 5 ml,
# tablespoon 15 ml; US cup 240 ml, pint 473 ml; fluid ounce 29.5735 ml, ounce 28.3495 g, pound
# 453.592 g, inch 2.54 cm. `deg` is a temperature whose scale the text leaves open.
_SCALE: dict[str, tuple[str, Decimal]] = {
    "ug": ("mg", Decimal("0.001")), "mg": ("mg", Decimal(1)), "g": ("mg", Decimal(1000)),
    "kg": ("mg", Decimal(1_000_000)), "lb": ("mg", Decimal("453592")),
    "oz": ("mg", Decimal("28349.5")), "jin": ("mg", Decimal(500_000)),
    "liang": ("mg", Decimal(50_000)),
    "ml": ("ml", Decimal(1)), "l": ("ml", Decimal(1000)), "floz": ("ml", Decimal("29.5735")),
    "tsp": ("ml", Decimal(5)), "tbsp": ("ml", Decimal(15)), "cup": ("ml", Decimal(240)),
    "pint": ("ml", Decimal(473)),
    "second": ("h", Decimal(1) / 3600), "minute": ("h", Decimal(1) / 60), "hour": ("h", Decimal(1)),
    "day": ("h", Decimal(24)), "week": ("h", Decimal(168)), "fortnight": ("h", Decimal(336)),
    "month": ("h", Decimal("730.5")), "year": ("h", Decimal(8766)),
    "mm": ("cm", Decimal("0.1")), "cm": ("cm", Decimal(1)), "m": ("cm", Decimal(100)),
    "km": ("cm", Decimal(100_000)), "in": ("cm", Decimal("2.54")), "ft": ("cm", Decimal("30.48")),
    "C": ("C", Decimal(1)), "F": ("C", Decimal(1)), "deg": ("C", Decimal(1)),
    "%": ("%", Decimal(1)),
    "kcal": ("kcal", Decimal(1)), "kJ": ("kcal", Decimal("0.239")), "IU": ("IU", Decimal(1)),
    "mmol/l": ("mmol/l", Decimal(1)), "mmHg": ("mmHg", Decimal(1)),
    "x": ("count", Decimal(1)), "point": ("point", Decimal(1)),
}  # fmt: skip

_EN_NAMES: dict[str, tuple[str, ...]] = {
    "ug": ("micrograms", "microgram", "mcg", "mcgs", "µg", "μg", "ug"),
    "mg": ("milligrams", "milligram", "mgs", "mg"),
    "kg": ("kilograms", "kilogram", "kilos", "kilo", "kgs", "kg"),
    "g": ("grams", "gram", "grammes", "gramme", "g"),
    "lb": ("pounds", "pound", "lbs", "lb"),
    "floz": ("fluid ounces", "fluid ounce", "fl oz", "fl. oz", "fl. oz.", "fl oz."),
    "oz": ("ounces", "ounce", "oz", "ozs"),
    "ml": ("millilitres", "millilitre", "milliliters", "milliliter", "mls", "ml", "cc"),
    "mmol/l": ("mmol/l",),
    "mmHg": ("mmhg", "mm hg"),
    "l": ("litres", "litre", "liters", "liter", "l"),
    "tsp": ("teaspoons", "teaspoon", "teaspoonfuls", "teaspoonful", "tsp", "tsps"),
    "tbsp": ("tablespoons", "tablespoon", "tablespoonfuls", "tablespoonful", "tbsp", "tbsps"),
    "cup": ("cups", "cup", "cupfuls", "cupful"),
    "pint": ("pints", "pint"),
    "second": ("seconds", "second", "secs", "sec", "s"),
    "minute": ("minutes", "minute", "mins", "min"),
    "hour": ("hours", "hour", "hrs", "hr", "h"),
    "day": ("days", "day", "nights", "night"),
    "week": ("weeks", "week", "wks", "wk", "weekly"),
    "fortnight": ("fortnights", "fortnight"),
    "month": ("months", "month", "mths", "mth", "mos", "mo"),
    "year": ("years", "year", "yrs", "yr", "yo", "birthday", "birthdays"),
    "mm": ("millimetres", "millimetre", "millimeters", "millimeter", "mm"),
    "cm": ("centimetres", "centimetre", "centimeters", "centimeter", "cm", "cms"),
    "km": ("kilometres", "kilometre", "kilometers", "kilometer", "km"),
    "m": ("metres", "metre", "meters", "meter", "m"),
    "in": ("inches", "inch"),
    "ft": ("feet", "foot", "ft"),
    "C": ("°c", "° c", "℃", "degrees c", "degree c", "degrees celsius", "degree celsius",
          "degrees centigrade", "celsius", "centigrade", "c"),
    "F": ("°f", "° f", "℉", "degrees f", "degree f", "degrees fahrenheit", "degree fahrenheit",
          "fahrenheit", "f"),
    "deg": ("degrees", "degree", "°"),
    "%": ("%", "percent", "per cent", "pct"),
    "kcal": ("kilocalories", "calories", "kcal", "cal"),
    "kJ": ("kj", "kilojoules"),
    "IU": ("iu", "international units", "international unit", "units", "unit"),
    "x": ("times", "x", "×"),
}  # fmt: skip
_ZH_NAMES: dict[str, tuple[str, ...]] = {
    "ug": ("微克", "µg", "μg", "ug", "mcg"),
    "mg": ("毫克", "mg", "Mg", "MG"),
    "kg": ("千克", "公斤", "kg", "KG", "Kg"),
    "jin": ("市斤", "斤"),
    "g": ("克", "g"),
    "ml": ("毫升", "ml", "mL", "ML"),
    "mmol/l": ("mmol/L", "mmol/l", "毫摩尔/升", "毫摩爾/升", "毫摩尔每升"),
    "mmHg": ("毫米汞柱", "mmHg", "mmhg"),
    "l": ("升", "L"),
    "second": ("秒钟", "秒鐘", "秒"),
    "minute": ("分钟", "分鐘", "min"),
    "hour": ("个小时", "個小時", "小时", "小時", "个钟头", "個鐘頭", "钟头", "鐘頭", "h"),
    "day": ("天", "日龄", "日齡", "昼夜", "晚上", "个晚上", "個晚上"),
    "week": ("孕周", "孕週", "个星期", "個星期", "个礼拜", "個禮拜", "礼拜", "禮拜", "星期",
             "周龄", "週齡", "周", "週"),
    "month": ("个多月", "個多月", "个月", "個月", "月龄", "月齡", "月"),
    "year": ("周岁", "週歲", "周歲", "岁", "歲", "年"),
    "mm": ("毫米", "mm"),
    "cm": ("厘米", "公分", "釐米", "cm"),
    "km": ("公里", "千米", "km"),
    "m": ("米",),
    "in": ("英寸",),
    "C": ("℃", "°C", "摄氏度", "攝氏度"),
    "F": ("℉", "°F", "华氏度", "華氏度"),
    "deg": ("度", "°"),
    "%": ("%", "％"),
    "kcal": ("千卡", "大卡", "kcal"),
    "kJ": ("千焦", "kJ"),
    "IU": ("国际单位", "國際單位", "单位", "單位", "IU", "iu"),
    "x": ("次", "倍", "回", "遍", "趟", "顿", "頓"),
}  # fmt: skip
# Chinese counters: what is counted matters less than that something is.
_ZH_COUNTERS = (
    "个個名位只隻片粒勺匙杯碗瓶包支颗顆种種餐针針剂劑份滴口条條步项項件层層级級档檔"
    "张張块塊根袋盒罐句样樣招点點类類把场場组組胎"
)


def _alternation(names: dict[str, tuple[str, ...]]) -> str:
    every = sorted((n for group in names.values() for n in group), key=len, reverse=True)
    return "|".join(re.escape(name) for name in every)


# 分 is a score only where the word ends there: not in 分钟, 分之, 分娩. 两 is a weight only where
# nothing is counted after it: not in 两个, 两次.
_ZH_POINT = "分(?=[，,。；;、)）\\s]|$|以|及|应|需|的|者|时)"
_ZH_LIANG = "两(?=[\\s，。；、,;的左重以]|$)"
ZH = f"(?:{_alternation(_ZH_NAMES)}|{_ZH_POINT}|{_ZH_LIANG}|[大小]?[{_ZH_COUNTERS}])"

_EN_LOOKUP = {name: unit for unit, names in _EN_NAMES.items() for name in names}
_ZH_LOOKUP = {name: unit for unit, names in _ZH_NAMES.items() for name in names}
_ZH_LOOKUP |= {"分": "point", "两": "liang"}
ZH_COUNTERS = frozenset(_ZH_COUNTERS)

TIMES = frozenset({"second", "minute", "hour", "day", "week", "fortnight", "month", "year"})
_SYMBOL = re.compile(r"[.\s]+")


def canonical(unit: str, chinese: bool) -> str:
    """Canonical spelling of a unit as written (`µg` -> `ug`); '' when it is no unit."""
    if chinese:
        return _ZH_LOOKUP.get(unit, "")
    name = _EN_LOOKUP.get(unit)
    return name if name is not None else _EN_LOOKUP.get(_SYMBOL.sub(" ", unit).strip(), "")


def dimension(name: str) -> str:
    """The canonical unit of a canonical spelling's dimension; `count` for none."""
    return _SCALE[name][0] if name else "count"


def convert(value: Decimal, name: str) -> Decimal:
    """value, in the unit of that canonical spelling, in its dimension's; Fahrenheit to Celsius.

    A temperature without its scale is Fahrenheit from 60: a fever or a cooked dish; water that
    scalds is said with its scale.
    """
    if not name:
        return value
    if name == "F" or (name == "deg" and value >= 60):
        return (value - 32) * 5 / 9
    return value * _SCALE[name][1]
