"""English numbers that belong together: ranges, lists, ratios, blood pressures."""

from __future__ import annotations

import re
from itertools import pairwise

from stages.cook import limits, units
from stages.cook.figures import Figure

_RANGE_GAP = frozenset(
    {
        "-", "–", "—", "~", " ~ ", " - ", " – ", " — ", "- to ", "- or ", " to ", "-to-", " or ",
        "-or-", " through ", " till ", " up to ", " and up to ", "/",
    }
)  # fmt: skip
_CLOCK_GAP = frozenset({"-", "–", " to ", " - ", " – "})
_SAME_AGAIN = re.compile(r"\s?[(（/／]\s?(?:or |about |即|约)?")
_LIST_GAP = re.compile(r"-?(?:,|/|,? (?:and|or|&|\+|then|and again at|and then)|\+|&) ?(?:at )?")
_RATIO_GAP = re.compile(
    r"-in-| (?:[a-z]+ ){0,2}?(?:in|out of|per|for|(?:in|of|out of|for|per) (?:every|each)) ?"
)
_PRESSURE_GAP = "/"


def join_figures(low: str, atoms: list[Figure]) -> list[Figure]:
    out: list[Figure] = []
    for atom in atoms:
        last = out[-1] if out else None
        if last is not None and 0 < atom.start - last.end <= 30:
            gap = low[last.end : atom.start]
            if _join(low, last, atom, gap):
                continue
        out.append(atom)
    _share_units(low, out)
    return out


def _join(low: str, last: Figure, atom: Figure, gap: str) -> bool:
    """Whether the atom became part of the figure before it."""
    if "\n" in gap:
        return False
    if _RATIO_GAP.fullmatch(gap):
        return _make_ratio(last, atom)
    if last.low != last.high:
        return False
    if last.unit and atom.unit and units.dimension(last.unit) != units.dimension(atom.unit):
        return False
    if gap == _PRESSURE_GAP and last.low >= 60:
        return _make_pressure(last, atom)
    between = gap.strip() == "and" and "between" in low[max(0, last.start - 20) : last.start]
    if gap not in _RANGE_GAP and not between:
        return False
    noun = limits.noun_after(low, atom.end)
    is_bare = not (last.unit or atom.unit or noun)
    if (
        is_bare
        and gap in _CLOCK_GAP
        and atom.low <= last.low <= 12
        and low.endswith(("from ", "between "), 0, last.start)
    ):
        last.shape = "clock"  # the sun from 10 to 4
        return True
    if (
        last.unit
        and not atom.unit
        and gap not in {"-", "–", " to ", " – "}
        and not (gap == " or " and last.is_soft and atom.is_soft)
    ):
        return False
    if gap == "/" and last.unit:
        return False
    unit = atom.unit or last.unit
    low_unit = last.unit or unit
    if units.convert(atom.low, unit) <= units.convert(last.low, low_unit):
        if last.unit or not (atom.unit or noun) or gap == "/" or last.shape or atom.shape:
            return False
        last.shape = "disordered"  # "6 to 4 months" is a range gone wrong
    last.high, last.low_unit, last.unit = atom.high, low_unit, unit
    last.unit_word = atom.unit_word or last.unit_word
    last.end, last.noun = atom.end, atom.noun
    last.is_soft = last.is_soft and atom.is_soft
    return True


def _make_ratio(last: Figure, atom: Figure) -> bool:
    """Make a share of "1 in 8" and "6 to 8 of every 10", unless hours or doses are counted."""
    if last.unit not in ("", "%") or atom.unit or atom.low < 2 or last.high > atom.low:
        return False
    if last.shape == "ordinal" or atom.shape == "ordinal" or last.unit == "%":
        return False
    last.low, last.high = last.low * 100 / atom.low, last.high * 100 / atom.low
    last.unit = last.low_unit = last.unit_word = "%"
    last.end, last.shape, last.is_soft = atom.end, "share", False
    return True


def _make_pressure(last: Figure, atom: Figure) -> bool:
    """140/90 with or without mmHg: two figures of one unit."""
    if atom.unit not in ("", "mmHg") or last.unit or not 40 <= atom.low < last.low:
        return False
    for figure in (last, atom):
        figure.unit = figure.low_unit = figure.unit_word = "mmHg"
    return False


def _share_units(low: str, figures: list[Figure]) -> None:
    """Give "9, 18 and 30 months" one unit: that of the end of the list."""
    goes_on = False  # a list of two needs its "and"; before it commas will do
    for n in range(len(figures) - 2, -1, -1):
        first, second = figures[n], figures[n + 1]
        is_list, goes_on = goes_on, False
        if first.unit or not second.unit or second.unit == "x" or first.shape == "ordinal":
            continue
        gap = low[first.end : second.start]
        if len(gap) < 20 and _LIST_GAP.fullmatch(gap) and (is_list or gap.strip() != ","):
            goes_on = True
            first.unit = first.low_unit = second.unit
            first.unit_word = second.unit_word
            first.is_soft = False


def share_labels(low: str, figures: list[Figure]) -> None:
    """Give "days 3 and 5" one unit: that before the first."""
    for first, second in pairwise(figures):
        gap = low[first.end : second.start]
        if (
            first.unit_word
            and low.startswith(first.unit_word, first.start)
            and not second.unit
            and _LIST_GAP.fullmatch(gap)
        ):
            second.unit = second.low_unit = second.unit_word = first.unit
            second.noun = ""


def share_limits(text: str, figures: list[Figure]) -> None:
    """Give "2 inches (5 cm) or less" and "140/90 or higher" their limit on both figures."""
    for first, second in pairwise(figures):
        if units.dimension(first.unit) != units.dimension(second.unit) or not first.unit:
            continue
        if not _SAME_AGAIN.fullmatch(text[first.end : second.start]):
            continue
        if first.comparator in ("", "~"):
            first.comparator = second.comparator
        elif second.comparator in ("", "~"):
            second.comparator = first.comparator
