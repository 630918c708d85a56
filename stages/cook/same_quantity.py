"""Whether two quantities say the same, and whether a card's quantities account for a draft's."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from stages.cook.quantity import Quantity

# Time across units (3 months as 12 weeks, a month as 4 weeks or 28 days) may differ by 8%; other
# conversions by 5% (1 inch as 2.5 cm); temperatures by 0.6 degrees C (40 F as 4 C).
_TIME_RATIO = Decimal("0.085")
_RATIO = Decimal("0.05")
_DEGREES = Decimal("0.6")
_EXACT = Decimal("0.0001")
# A share is rounded: one in eight as 12-13%, a third as 33%.
_SHARE_POINTS = Decimal("1")
_FLUID_ML = Decimal("29.5735") / Decimal("28349.5")

_UP, _DOWN = frozenset({">", ">="}), frozenset({"<", "<="})
_SHORT = frozenset({"second", "minute", "hour"})


def same_value(a: Decimal, b: Decimal, unit: str, same_unit: bool) -> bool:
    """Whether two values in one canonical unit say the same, allowing for a conversion."""
    if a == b:
        return True
    if unit == "%":
        return abs(a - b) <= min(_SHARE_POINTS, _RATIO * max(abs(a), abs(b))) and not same_unit
    if same_unit:
        return abs(a - b) < _EXACT
    if unit == "C":
        return abs(a - b) <= _DEGREES
    ratio = _TIME_RATIO if unit == "h" else _RATIO
    return abs(a - b) <= ratio * max(abs(a), abs(b))


def _aligned(a: Quantity, b: Quantity) -> tuple[tuple[Decimal, Decimal], ...] | None:
    """The pairs (low, low) and (high, high) in a common unit; None where there is none."""
    if a.written != b.written and "deg" in (a.written, b.written):
        if a.unit == b.unit == "C":
            return (a.first, b.first), (a.last, b.last)
        return None
    if a.unit == b.unit:
        return (a.low, b.low), (a.high, b.high)
    if {a.unit, b.unit} == {"mg", "ml"} and "oz" in (a.written, b.written):
        # An ounce of drink is a fluid one.
        x, y = (_FLUID_ML if q.written == "oz" else Decimal(1) for q in (a, b))
        return (a.low * x, b.low * y), (a.high * x, b.high * y)
    return None


def _is_same_unit(a: Quantity, b: Quantity) -> bool:
    if "%" in (a.unit, b.unit):
        return a.shape == b.shape == ""
    if "deg" in (a.written, b.written):
        return True
    # Short times and times in one unit are exact; months are weeks only by and large.
    if a.unit == "h" and a.written in _SHORT and b.written in _SHORT:
        return True
    return a.written == b.written or {a.written, b.written} <= {"ug", "mg", "g", "kg"} or {
        a.written, b.written
    } <= {"ml", "l"}  # fmt: skip


def same_rate(a: str, b: str) -> bool:
    """Whether two rates do not contradict: one that is not written may be any."""
    for kind in (frozenset({"kg"}), frozenset({"hour", "day", "week", "month", "year"})):
        x, y = set(a.split("/")) & kind, set(b.split("/")) & kind
        if x and y and x != y:
            return False
    return True


def same_quantity(a: Quantity, b: Quantity, *, loose: bool) -> bool:
    """Whether two quantities say the same. loose: one end of a range may stand for it."""
    pairs = _aligned(a, b)
    if pairs is None or (not same_rate(a.per, b.per) and not (loose and a.unit == "h")):
        return False
    same_unit = _is_same_unit(a, b)
    (low_a, low_b), (high_a, high_b) = pairs

    def equal(x: Decimal, y: Decimal) -> bool:
        return same_value(x, y, a.unit, same_unit)

    if equal(low_a, low_b) and equal(high_a, high_b):
        return True
    if not loose:
        return False
    if low_a == high_a or low_b == high_b:
        return any(equal(x, y) for x in (low_a, high_a) for y in (low_b, high_b))
    return a.unit == "%" and low_b <= high_a and low_a <= high_b


def opposite(a: Quantity, b: Quantity) -> bool:
    """Whether one is a floor and the other a ceiling."""
    return direction(a) * direction(b) < 0


def direction(quantity: Quantity) -> int:
    """1 for a floor, -1 for a ceiling, 0 for neither."""
    return (quantity.comparator in _UP) - (quantity.comparator in _DOWN)


def explains(card: Quantity, draft: Quantity) -> bool:
    """Whether the card's quantity accounts for the draft's: equal, converted, an end of a range,
    or the same figure without its unit.
    """
    if draft.shape == "disordered":
        return card.shape == "disordered" and draft.value == card.value
    if (
        draft.low == draft.high
        and draft.shape != "disordered"
        and same_quantity(draft, card, loose=True)
    ):
        return True
    if same_quantity(draft, card, loose=False) or _least(draft) == _least(card) is not None:
        return True
    if draft.low == 0 < draft.high and card.unit == draft.unit:
        return draft.high in (card.low, card.high)
    ends = (draft.first, draft.last)
    if draft.is_soft and card.is_soft and same_quantity(draft, card, loose=True):
        return True  # "a day or two", "a couple of days"
    is_plain = (draft.shape == "ordinal" and not (draft.written and card.written)) or (
        draft.unit == "count" and not draft.noun
    )
    if is_plain or (draft.shape == "bare" and card.unit in ("h", "count")):
        return _repeats(card, ends)
    if card.shape == "bare" and draft.unit in ("h", "count"):
        # "Under 2" is years; "at 2" may be months where the draft says so.
        is_open = card.is_soft or not draft.written
        return (is_open and _repeats(card, ends)) or same_quantity(
            draft, card, loose=draft.low == draft.high
        )
    if card.unit == "count" and not card.noun and not card.is_soft and draft.written:
        # A table gives the figures in its cells and the unit in its head.
        return (card.first, card.last) == ends
    return card.unit == draft.unit == "%" and draft.low >= card.low and draft.high <= card.high


def _repeats(card: Quantity, ends: tuple[Decimal, Decimal]) -> bool:
    """Whether figures without a unit are the card's: its range, or one end of it."""
    if ends[0] == ends[1]:
        return ends[0] in (card.first, card.last)
    return ends == (card.first, card.last)


def is_kept(card: Quantity, draft: Quantity) -> bool:
    """Whether the draft's quantity is the card's said again: a small bare number is not enough."""
    if card.written and not draft.written and draft.first < 10 and not draft.first % 1:
        return False
    return explains(card, draft)


def _least(quantity: Quantity) -> Decimal | None:
    """The smallest whole count that is meant: 2 for "more than once" and for "2 or more"."""
    if quantity.unit != "count" or quantity.comparator not in _UP or quantity.low != quantity.high:
        return None
    return quantity.low + 1 if quantity.comparator == ">" else quantity.low


def is_turned(quantity: Quantity, card: Sequence[Quantity], draft: Sequence[Quantity]) -> bool:
    """Whether a floor of the card became a ceiling, or the other way round.

    card: the card's quantities of the same value. The card may have both ("under 12 months",
    "from the first birthday"), so what counts is how often each way is said.
    """
    if not any(opposite(quantity, c) for c in card):
        return False
    way = direction(quantity)
    here = [direction(d) for d in draft if any(explains(c, d) for c in card)]
    there = [direction(c) for c in card]
    return here.count(way) > there.count(way) and here.count(-way) < there.count(-way)


def is_given_otherwise(
    draft: Quantity, accounts: Sequence[Quantity], card: Sequence[Quantity]
) -> bool:
    """Whether the draft's figure passes for a conversion only, while the card gives another, close
    one in that very unit: 990 ml for 960 ml (32 fl oz).
    """
    if any(c.written == draft.written or c.low == draft.low for c in accounts) or not draft.written:
        return False
    ends = (draft.first, draft.last)
    if any(
        (c.first, c.last) == ends and c.unit == draft.unit and c not in accounts and c.first > 5
        for c in card
    ):
        return True  # 72 days is no way to say 11 weeks where the card has 72 hours
    return any(
        c.written == draft.written and c.low == c.high and c not in accounts
        and same_value(c.low, draft.low, c.unit, same_unit=False)
        for c in card
    )  # fmt: skip


def is_bare_repeat(card: Sequence[Quantity], draft: Quantity) -> bool:
    """Whether a figure without unit and noun repeats figures of the card ("one to three")."""
    if (
        draft.noun
        or draft.unit not in ("count", "h")
        or (draft.unit == "h" and draft.shape != "bare")
    ):
        return False
    known = {value for c in card for value in (c.first, c.last)}
    return draft.first in known and draft.last in known


def ends_explained(card: Sequence[Quantity], draft: Quantity) -> bool:
    """Whether both ends of a draft's range are figures of the card: "one to three years" where
    the card speaks of 12 months and of three years.
    """
    if draft.low == draft.high:
        return False

    def found(value: Decimal) -> bool:
        return any(
            c.unit == draft.unit
            and any(
                same_value(value, end, c.unit, _is_same_unit(c, draft)) for end in (c.low, c.high)
            )
            for c in card
        )

    return found(draft.low) and found(draft.high)


def follows(card: Sequence[Quantity], draft: Quantity, others: Sequence[Quantity]) -> float:
    """How likely the draft's figure is worked out from the card's, 0..1: a sum or difference of
    two, a product with a count, the rest of a whole.

    others: the draft's quantities, for "two to three 8 oz cups".
    """
    if draft.low != draft.high or draft.is_soft:
        return 0.0
    like = [c for c in card if c.unit == draft.unit and not c.is_soft]
    ends = {value for c in like for value in (c.low, c.high)}
    if draft.unit == "%":
        return 0.6 if 100 - draft.low in ends else 0.0
    before = next((o for o in others if 0 < draft.start - o.end <= 3 and o.unit == "count"), None)
    if before is not None and ends & {before.low * draft.low, before.high * draft.low}:
        return 0.8
    written = [c for c in like if c.written == draft.written]
    raw = {value for c in written for value in (c.first, c.last)}
    if any(x + y == draft.first or x - y == draft.first for x in raw for y in raw if x != y):
        return 0.25
    counts = {c.low for c in card if c.unit == "count"} - {Decimal(1)}
    return 0.25 if any(x * n == draft.first for x in raw for n in counts) else 0.0
