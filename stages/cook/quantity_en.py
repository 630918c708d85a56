"""Quantities in English text, as written."""

from __future__ import annotations

import re
from decimal import Decimal

from stages.cook import limits, units
from stages.cook.figures import Figure
from stages.cook.not_numbers_en import markers, skip_from
from stages.cook.numerals import EN_NUMBER, NUMBER_WORDS, ORDINAL, parse_number
from stages.cook.ranges_en import join_figures, share_labels, share_limits

_HALF = Decimal("0.5")
_START = re.compile(r"(?<![\w.])\d|[½¼¾⅓⅔⅛⅕]|[a-z]+")
_NUMBER = re.compile(rf"(?P<ordinal>{ORDINAL})|{EN_NUMBER}")
_OPENERS = NUMBER_WORDS | {"a", "an", "half", "couple", "once", "twice", "thrice", "quarter"}
_OPENERS |= {"twos", "threes", "fours", "fives"}

_HOTLINES = frozenset("110 111 112 119 120 000 911 988 995 999 811 116117 12320 12345".split())

_UNIT = re.compile(
    r"[ \u00a0-]?(?:(?:more|full|whole|extra|straight|solid|consecutive|completed|additional|"
    r"further|long|good) )?"
    r"(?P<unit>fl\.? ?oz\.?|fluid ounces?|per cent|international units?|mmol/l|mm ?hg"
    r"|degrees? (?:celsius|fahrenheit|centigrade|[cf]\b)|° ?[cf]?(?![a-z])|[℃℉%×]|[µμ]g\b"
    r"|[a-z]+(?![a-z]))"
)
_GESTATION = re.compile(r"(\d{2})\+([0-6])(?: ?weeks?\b)?(?![\d.])")  # 36+6: weeks and days
_OR_MORE = re.compile(r" or (more|fewer|less)(?= )")
_MINUS = re.compile(r"(?:(?:^|[ (:])[-−–]|\bminus )$")
_AND_A_HALF = re.compile(r" and a half\b")
_TIME_NAMES = "second|minute|hour|day|night|week|month|year"
_WHOLE = re.compile(
    r"an? (?:(?:full|whole|good) )?(?P<unit>minute|hour|day|night|week|fortnight|month|year)\b"
    r"(?!-old)"
)
_HALF_OF = re.compile(
    rf"(?:a )?half[ -](?:an? |of an? )?(?P<unit>{_TIME_NAMES}|teaspoon|tablespoon|cup|pint|pound|"
    r"litre|liter|inch|metre|meter|tsp|tbsp)s?\b"
)
_QUARTER_OF = re.compile(
    r"(?:(?P<three>three)[ -]quarters|(?:an? )?quarter)(?: of an?|[ -]) ?"
    rf"(?P<unit>{_TIME_NAMES}|teaspoon|cup)\b"
)
_FRACTION = re.compile(
    r"(?P<top>an?|one|two|three|four|\d)[ -](?P<bottom>thirds?|quarters?|fifths?|tenths?)\b"
    r"(?= (?:of|fewer|less|more|lower|higher|off|reduction)\b|[.,;:!?)\n]|$)"
)
_BOTTOM = {"third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
_COUPLE = re.compile(r"(?:a )?couple(?: of)? (?:more )?(?P<unit>[a-z]+)")
_OFTEN = {"once": 1, "twice": 2, "thrice": 3}
_INDEFINITE = frozenset({"a", "an"})

_LABEL_BEFORE = re.compile(r"\b(?P<unit>day|week|month|year)s?[ -]$")
_LABEL_NOT_AFTER = re.compile(r"(?:\b(?:an?|per|each|every|the|one|this|\d) )$")
_LABEL_AFTER = re.compile(r" ?(?:[:.)→=]|[-–—] )")
_AGE_BEFORE = re.compile(
    r"(?:\b(?:(?:under|over|below|above)[ -](?:the age of )?|aged? (?:of )?|ages |"
    r"turn(?:s|ed|ing)? )"
    r"|(?P<weak>\b(?:at|from|until|till|before|by|after|are|is|was|again at|past|"
    r"\w+['’](?:re|s)) ))(?:about |around )?$"
)
_AGE_AFTER = re.compile(r" (?:and|or) (?:up|older|younger|over|under)\b(?! to\b)")
_AFTER_AGE = re.compile(
    r"s?(?:\s*(?:$|[.,;:!?)(/—–→=]|\b(?:should|must|can|cannot|may|need|and|or|because|on|in|who|due|to|"
    r"is|are|whole|up|with)\b)|[^\w\s])"
)
_BEFORE_A_TIME = (
    "in", "within", "for", "after", "about", "than", "over", "least", "to", "once", "of", "half",
    "and", "or", "under", "up", "lasts", "takes", "take", "last", "wait", "through", "past",
    "around", "most", "until", "spend", "almost", "nearly", "only", "just", "from", "at",
    "before", "since", "by", "till", "whole", "inside",
)  # fmt: skip


def read_english(text: str, low: str) -> list[Figure]:
    """Figures of text in reading order. low: text in lower case, as long as text."""
    taken = markers(low)
    atoms: list[Figure] = []
    at = 0
    for match in _START.finditer(low):
        start = match.start()
        word = match[0]
        if start < at or (word.isascii() and not word.isdigit() and word not in _OPENERS):
            continue
        if start in taken:
            continue
        end = skip_from(low, start)
        if end > start:
            at = end
            continue
        atom = _atom(low, start, word)
        if atom is not None:
            atoms.append(atom)
            at = atom.end
    figures = [f for f in join_figures(low, atoms) if f.shape != "clock" and (f.high or f.unit)]
    for figure in figures:
        _finish(text, low, figure)
    share_labels(low, figures)
    share_limits(low, figures)
    return [figure for figure in figures if not _is_idiom(low, figure)]


def _is_idiom(low: str, figure: Figure) -> bool:
    """Whether "once" means "as soon as" or "one day", as it does alone."""
    return low.startswith("once", figure.start) and not (figure.per or figure.comparator)


def _atom(low: str, start: int, word: str) -> Figure | None:
    """The figure that begins at start, without its comparator; None where there is none."""
    special = _special(low, start, word)
    if special is not None:
        return special
    match = _NUMBER.match(low, start)
    if match is None:
        return _plural_age(low, start, word)
    value = parse_number(match[0])
    if value is None or (match[0] in _HOTLINES and not _has_unit(low, match.end())):
        return None
    end = match.end()
    ordinal = match["ordinal"] is not None
    if low[end : end + 1] in "\ufe0f\u20e3" and low[end : end + 1]:
        return None
    figure = Figure(start, end, value, value, shape="ordinal" if ordinal else "")
    gestation = _GESTATION.match(low, start)
    if gestation:
        weeks = value + Decimal(gestation[2]) / 7
        return Figure(start, gestation.end(), weeks, weeks, "week", "week", "weeks", is_age=True)
    if low.startswith("+", end):
        figure.comparator = ">="
        figure.end = end = end + 1
    _add_unit(low, figure, end)
    if figure.unit in ("C", "F", "deg") and _MINUS.search(low[max(0, start - 7) : start]):
        figure.low, figure.high = -figure.low, -figure.high
    if not figure.unit and len(match[0]) == 4 and match[0][:2] in ("19", "20"):
        return None  # a year of the calendar
    if ordinal and not figure.unit and word in {"first", "second"}:
        return None
    spelled = not word.isdigit() and word.isascii()
    figure.is_soft = (spelled and not figure.unit) or (ordinal and figure.unit != "year")
    return figure


def _plural_age(low: str, start: int, word: str) -> Figure | None:
    """An age in the plural: "under-fives", "the over twos"."""
    if word[:-1] not in NUMBER_WORDS or not _AGE_BEFORE.search(low[max(0, start - 7) : start]):
        return None
    value = parse_number(word[:-1])
    if value is None:
        return None
    return Figure(start, start + len(word), value, value, "year", "year", "year",
                  shape="bare", is_age=True)  # fmt: skip


def _special(low: str, start: int, word: str) -> Figure | None:
    if word in _OFTEN:
        return Figure(start, start + len(word), Decimal(_OFTEN[word]), Decimal(_OFTEN[word]),
                      noun="time", is_soft=True)  # fmt: skip
    if word not in {"a", "an", "half", "quarter", "couple", "one", "two", "three", "four"} and not (
        word.isdigit()
    ):
        return None
    match = _QUARTER_OF.match(low, start)
    if match:
        return _timed(low, match, Decimal("0.75") if match["three"] else Decimal("0.25"), False)
    match = _FRACTION.match(low, start)
    if match:
        top = Decimal(1) if match["top"] in _INDEFINITE else parse_number(match["top"])
        share = (top or Decimal(1)) * 100 / _BOTTOM[match["bottom"].removesuffix("s")]
        return Figure(start, match.end(), share, share, "%", "%", "%", shape="share")
    match = _HALF_OF.match(low, start)
    if match:
        return _timed(low, match, _HALF, True)
    if word == "half" and not low.startswith(("half-", "half past"), start):
        return Figure(start, start + 4, Decimal(50), Decimal(50), "%", "%", "%",
                      shape="share", is_soft=True)  # fmt: skip
    match = _COUPLE.match(low, start)
    if match:
        return _timed(low, match, Decimal(2), True)
    match = _WHOLE.match(low, start)
    if match and not _is_rate(low, start):
        return _timed(low, match, Decimal(1), True)
    return None


def _timed(low: str, match: re.Match[str], value: Decimal, soft: bool) -> Figure | None:
    unit = units.canonical(match["unit"], chinese=False)
    if not unit:
        return None
    figure = Figure(match.start(), match.end(), value, value, unit, unit, match["unit"],
                    is_soft=soft)  # fmt: skip
    if _AND_A_HALF.match(low, figure.end):
        figure.low = figure.high = value + _HALF
        figure.end += len(" and a half")
        figure.is_soft = False
    return figure


def _has_unit(low: str, end: int) -> bool:
    match = _UNIT.match(low, end)
    return match is not None and bool(units.canonical(match["unit"], chinese=False))


def _add_unit(low: str, figure: Figure, end: int) -> None:
    more = _OR_MORE.match(low, end)
    match = _UNIT.match(low, more.end() if more else end)
    if match is None:
        return
    word = match["unit"]
    unit = units.canonical(word, chinese=False)
    if word == "in" and low[match.end("unit") : match.end("unit") + 1] in {")", "."}:
        unit = "in"
    if (
        word == "s"
        and low[end] == "s"
        and _AGE_BEFORE.search(low[max(0, figure.start - 7) : figure.start])
    ):
        unit = ""  # the under-12s
    # "5 c" and "2 s" with a space are no units, "38c" and "10 s" are; "2 h" is.
    if not unit or (len(word) == 1 and word in "cflm" and low[end] == " " and word in "cf"):
        return
    if more:
        figure.comparator = ">=" if more[1] == "more" else "<="
    figure.unit = figure.low_unit = unit
    figure.unit_word = word
    figure.end = match.end("unit")
    half = _AND_A_HALF.match(low, figure.end)
    if half:
        figure.low = figure.high = figure.low + _HALF
        figure.end = half.end()


def _is_rate(low: str, start: int) -> bool:
    """'a day' after an amount ("200 mg a day", "twice a week") is a rate, not one day."""
    before = low[max(0, start - 24) : start].rstrip(" ")
    if not before or before[-1] in ".!?:;\n,(":
        return False
    return before.rpartition(" ")[2] not in _BEFORE_A_TIME


# --- comparators, rates, nouns, ages -----------------------------------------------------------


def _finish(text: str, low: str, figure: Figure) -> None:
    if not figure.unit:
        _label_or_age(low, figure)
    if low.startswith("+", figure.end):
        figure.comparator = ">="
        figure.end += 1
    elif not figure.comparator:
        figure.comparator = limits.comparator(text, low, figure.start, figure.end, False)
    before = low[max(0, figure.start - 7) : figure.start]
    if before.endswith(("from ", "by ")) and (figure.low != figure.high or figure.unit == "%"):
        figure.comparator = ""  # "from 3 to 5" and "by a third" are no limits
    figure.per = limits.rate(text, low, figure.start, figure.end, False)
    if figure.unit == "x":
        figure.noun = "time"
    elif not figure.unit and not figure.noun:
        figure.noun = limits.noun_after(low, figure.end)
    if units.dimension(figure.unit) == "h" and not figure.is_age:
        figure.is_age = limits.is_age(low, figure.start, figure.end, figure.unit_word, False)


def _label_or_age(low: str, figure: Figure) -> None:
    """Give a bare number the unit before it ("week 12") or that of an age ("under two")."""
    before = low[max(0, figure.start - 24) : figure.start]
    match = _LABEL_BEFORE.search(before)
    if match and not _LABEL_NOT_AFTER.search(before[: match.start()]):
        figure.unit = figure.low_unit = figure.unit_word = match["unit"]
        starts_line = not before[: match.start()].rpartition("\n")[2].strip(" •-*")
        if figure.low <= 10 and (starts_line or _LABEL_AFTER.match(low, figure.end)):
            figure.shape = "label"
        figure.start -= len(before) - match.start()
        figure.is_soft = figure.is_soft or figure.low <= 1
        return
    age = _AGE_BEFORE.search(before) or _AGE_AFTER.match(low, figure.end)
    if age is None or figure.high > 50 or figure.high % 1 or figure.shape == "ordinal":
        return
    if age.re is _AGE_AFTER:
        figure.unit = figure.low_unit = figure.unit_word = "year"
        figure.shape, figure.is_age = "bare", True
        return
    if not before.endswith(("aged ", "ages ")) and not _AFTER_AGE.match(low, figure.end):
        return
    if age["weak"] and (figure.high > 18 or low.startswith(("/", "-"), figure.end)):
        return
    figure.unit = figure.low_unit = figure.unit_word = "year"
    figure.shape, figure.is_age = "bare", True
    figure.is_soft = bool(age["weak"])
