"""Numbers, units, ages and comparators: changed, invented or lost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from stages.cook.quantity import Quantity
from stages.cook.units import singular
from stages.types import Finding, Severity

_WORD = re.compile(r"[a-z]{3,}|[个個位名只片粒次种]")

# Time across units (3 months as 12 weeks, a month as 4 weeks or 28 days) may differ by 8%; other
# conversions by 5% (1 inch as 2.5 cm); temperatures by 0.6 degrees C (40 F as 4 C).
_TIME_RATIO = Decimal("0.085")
_RATIO = Decimal("0.05")
_DEGREES = Decimal("0.6")

# A wrong dose, temperature or age can hurt; a wrong share or count misleads.
HARMFUL = frozenset({"mg", "ml", "C", "h", "IU", "mmol/l"})
_UP, _DOWN = frozenset({">", ">="}), frozenset({"<", "<="})


def same_value(a: Decimal, b: Decimal, unit: str, same_unit: bool) -> bool:
    """Whether two values in one canonical unit say the same, allowing for a conversion."""
    if a == b:
        return True
    if same_unit:
        return abs(a - b) < Decimal("0.0001")
    if unit == "C":
        return abs(a - b) <= _DEGREES
    ratio = _TIME_RATIO if unit == "h" else _RATIO
    return abs(a - b) <= ratio * max(abs(a), abs(b))


def same_quantity(a: Quantity, b: Quantity, *, loose: bool) -> bool:
    """Whether two quantities say the same. loose: one end of a range may stand for it."""
    if a.unit != b.unit:
        return False
    same_unit = a.written == b.written and a.unit != "%"
    if a.per and b.per and a.per != b.per and not (loose and a.unit == "h"):
        return False

    def equal(x: Decimal, y: Decimal) -> bool:
        return same_value(x, y, a.unit, same_unit)

    if equal(a.low, b.low) and equal(a.high, b.high):
        return True
    if not loose:
        return False
    ends_a, ends_b = {a.low, a.high}, {b.low, b.high}
    if len(ends_a) == 1 or len(ends_b) == 1:
        return any(equal(x, y) for x in ends_a for y in ends_b)
    return a.unit == "%" and b.low <= a.high and a.low <= b.high


def opposite(a: Quantity, b: Quantity) -> bool:
    """Whether one is a floor and the other a ceiling."""
    return (a.comparator in _UP and b.comparator in _DOWN) or (
        a.comparator in _DOWN and b.comparator in _UP
    )


def check_plain(
    card: Sequence[Quantity], card_text: str, draft: Sequence[Quantity], draft_text: str
) -> Iterator[Finding]:
    """Quantities of a whole draft against those of the whole card."""
    # A bare count is a claim about the card only when it counts something the card speaks of.
    known = {"time", *(singular(word) for word in _WORD.findall(card_text.lower()))}
    lost = [
        q for q in card if not q.is_soft and not any(same_quantity(q, d, loose=True) for d in draft)
    ]
    for quantity in draft:
        if any(same_quantity(quantity, c, loose=True) for c in card):
            continue
        if _is_bare_time(quantity, card):
            continue
        rival = next((q for q in lost if _comparable(q, quantity)), None)
        if quantity.is_soft:
            rival = _count_rival(quantity, card, draft)
            if rival is None:
                continue
        words = draft_text[quantity.start : quantity.end]
        if rival is not None:
            yield Finding(
                "quantity_changed",
                Severity.CRITICAL if rival.unit in HARMFUL else Severity.MAJOR,
                f"The draft says “{words}”, the card “{card_text[rival.start : rival.end]}”.",
                quantity.span,
                rival.span,
            )
        elif quantity.unit != "count" or quantity.noun in known:
            yield Finding(
                "quantity_invented",
                Severity.MAJOR,
                f"The card does not give “{words}”.",
                quantity.span,
            )


def check_aligned(
    pairs: Sequence[tuple[Sequence[Quantity], Sequence[Quantity]]],
    draft: Sequence[Quantity],
    card_text: str,
    draft_text: str,
) -> Iterator[Finding]:
    """A card figure that is gone, where the draft sentence nearest to it has another of its kind.

    pairs: quantities of a card sentence with those of its nearest draft sentence.
    """
    for source, target in pairs:
        for wanted in source:
            if wanted.is_soft or any(same_quantity(wanted, d, loose=True) for d in draft):
                continue
            for other in target:
                if other.unit == wanted.unit and not any(
                    same_quantity(other, s, loose=True) for s in source
                ):
                    yield Finding(
                        "quantity_swapped",
                        Severity.CRITICAL if wanted.unit in HARMFUL else Severity.MAJOR,
                        f"The draft says “{draft_text[other.start : other.end]}” where the card "
                        f"says “{card_text[wanted.start : wanted.end]}”.",
                        other.span,
                        wanted.span,
                    )
                    break


def check_cited(
    source: Sequence[Quantity],
    card: Sequence[Quantity],
    card_text: str,
    draft: Sequence[Quantity],
    draft_text: str,
) -> Iterator[Finding]:
    """Quantities of one draft sentence against those of the card sentences it cites."""
    missing = _unmatched(source, draft)
    for quantity in draft:
        words = draft_text[quantity.start : quantity.end]
        twins = [c for c in source if same_quantity(quantity, c, loose=False)]
        if twins:
            # 2 inches (5 cm) is said twice; the one in the same unit has the comparator.
            nearest = [c for c in twins if c.written == quantity.written] or twins
            if all(opposite(quantity, c) for c in nearest):
                yield Finding(
                    "comparator_cited",
                    Severity.CRITICAL,
                    f"“{words}” is a limit the other way round from the card's "
                    f"“{card_text[twins[0].start : twins[0].end]}”.",
                    quantity.span,
                    twins[0].span,
                )
            continue
        rival = next((q for q in missing if q.unit == quantity.unit), None)
        rival = rival or next((q for q in missing if not quantity.is_soft), None)
        if rival is None and not quantity.is_soft:
            rival = next((q for q in source if q.unit == quantity.unit != "count"), None)
        if rival is None and quantity.is_soft and quantity.unit == "count":
            continue
        if rival is not None:
            yield Finding(
                "quantity_cited",
                Severity.CRITICAL,
                f"The draft says “{words}”, the card “{card_text[rival.start : rival.end]}”.",
                quantity.span,
                rival.span,
            )
        elif any(same_quantity(quantity, c, loose=False) for c in card):
            yield Finding(
                "quantity_moved",
                Severity.MINOR,
                f"“{words}” stands in another sentence of the card than the ones cited.",
                quantity.span,
            )
        else:
            yield Finding(
                "quantity_invented",
                Severity.MAJOR,
                f"The card does not give “{words}”.",
                quantity.span,
            )


def _unmatched(source: Sequence[Quantity], draft: Sequence[Quantity]) -> list[Quantity]:
    """Source quantities left over when each draft quantity stands for one of them."""
    left = list(source)
    for quantity in draft:
        twin = next((q for q in left if same_quantity(q, quantity, loose=False)), None)
        if twin is not None:
            left.remove(twin)
    return left


def _comparable(card: Quantity, draft: Quantity) -> bool:
    if card.unit != draft.unit:
        # Bare figures are too common to stand for each other's units.
        return "count" not in (card.unit, draft.unit) and card.low == draft.low
    return card.unit != "count" or not card.noun or not draft.noun or card.noun == draft.noun


def _count_rival(
    quantity: Quantity, card: Sequence[Quantity], draft: Sequence[Quantity]
) -> Quantity | None:
    """A small count written in words is wrong only beside the same noun with another number."""
    if not quantity.noun or quantity.low < 2:
        return None
    rivals = [c for c in card if c.unit == "count" and c.noun == quantity.noun]
    missing = [c for c in rivals if not any(same_quantity(c, d, loose=True) for d in draft)]
    return missing[0] if missing else None


def _is_bare_time(quantity: Quantity, card: Sequence[Quantity]) -> bool:
    """A bare figure that is one of the card's times without its unit ("under 16")."""
    return quantity.unit == "count" and any(
        c.unit == "h" and c.written in {"year", "month", "week", "day"} and quantity.low in _bare(c)
        for c in card
    )


def _bare(quantity: Quantity) -> set[Decimal]:
    """The number as written in its own unit, for "under 16" where the card says 16 years."""
    hours = {"year": Decimal(8766), "month": Decimal("730.5"), "week": Decimal(168)}
    per = hours.get(quantity.written, Decimal(24))
    return {quantity.low / per, quantity.high / per}
