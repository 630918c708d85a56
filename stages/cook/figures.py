"""What a reader of quantities finds in text, before units are brought to one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(slots=True)
class Figure:
    """One number or range as the text has it, in its own unit.

    low_unit, unit: canonical spellings ('' for a count); they differ in "18 months to three
    years". unit_word: the unit as written, lower case. shape: `ordinal` (the third dose), `label`
    (Day 1), `bare` (an age without its unit: "under two"), `share` (a ratio or fraction made
    percent), `disordered` ("6 to 4 months") or ''.
    """

    start: int
    end: int
    low: Decimal
    high: Decimal
    low_unit: str = ""
    unit: str = ""
    unit_word: str = ""
    comparator: str = ""
    per: str = ""
    noun: str = ""
    shape: str = ""
    is_soft: bool = False
    is_age: bool = False
