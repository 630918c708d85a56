"""Quantities in running text: value or range, canonical unit, comparator and rate.

`find_quantities` reads English and Chinese (both scripts). Values are exact decimals in one
canonical unit a dimension: mass mg, volume ml, time h, length cm, temperature C, energy kcal,
activity IU, pressure mmHg, share %; everything counted is `count`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from stages.cook import units
from stages.cook.figures import Figure
from stages.cook.quantity_en import read_english
from stages.cook.quantity_zh import read_chinese
from stages.types import Span

_FULL_WIDTH = str.maketrans("０１２３４５６７８９．％／", "0123456789.%/")


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity. low == high unless it is a range; both in `unit`.

    comparator: '', '<', '<=', '>', '>=' or '~'. per: '', 'hour', 'day', 'week', 'month', 'kg',
    'year' or two with a slash. written: the unit as the text has it in canonical spelling, before
    conversion; first, last: the numbers as the text has them, in that unit. noun: what a count
    counts. is_soft: written as a small word that is often idiom ("one", "half"), so its absence
    from the other text proves little. is_age: an age, gestation or time since birth. shape:
    `ordinal`, `label` (Day 1), `bare` (an age without unit), `share`,
    `disordered` (6 to 4 months) or ''. text: as written.
    """

    low: Decimal
    high: Decimal
    unit: str
    comparator: str
    per: str
    written: str
    noun: str
    start: int
    end: int
    is_soft: bool = False
    is_age: bool = False
    first: Decimal = Decimal(0)
    last: Decimal = Decimal(0)
    shape: str = ""
    text: str = ""

    @property
    def span(self) -> Span:
        return self.start, self.end

    @property
    def value(self) -> str:
        """Canonical form for comparison: `<=200 mg/day`."""
        number = _plain(self.low)
        if self.high != self.low:
            number += f"-{_plain(self.high)}"
        unit = f"{self.unit} {self.noun}".strip() if self.unit == "count" else self.unit
        return f"{self.comparator}{number} {unit}{'/' + self.per if self.per else ''}"


def _plain(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.0001')).normalize():f}"


def find_quantities(text: str, chinese: bool) -> tuple[Quantity, ...]:
    """Every quantity of text in reading order; ranges and conversions in brackets stay apart."""
    if chinese:
        figures = read_chinese(text.translate(_FULL_WIDTH))
    else:
        figures = read_english(text, lower(text))
    return tuple(_quantity(text, figure) for figure in figures)


def lower(text: str) -> str:
    """text in lower case, letter for letter: a few capitals would become two characters."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _quantity(text: str, figure: Figure) -> Quantity:
    low = units.convert(figure.low, figure.low_unit)
    high = units.convert(figure.high, figure.unit)
    return Quantity(
        low=low,
        high=high,
        unit=units.dimension(figure.unit),
        comparator=figure.comparator,
        per=figure.per,
        written=figure.unit,
        noun=figure.noun if units.dimension(figure.unit) == "count" else "",
        start=figure.start,
        end=figure.end,
        is_soft=figure.is_soft,
        is_age=figure.is_age,
        first=figure.low,
        last=figure.high,
        shape=figure.shape,
        text=text[figure.start : figure.end],
    )
