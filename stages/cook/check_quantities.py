"""Numbers, units, ages and comparators: changed, invented or lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stages.cook.number_context import is_denied
from stages.cook.plain_quantities import HARMFUL, check_plain
from stages.cook.quantity import Quantity
from stages.cook.same_quantity import (
    explains,
    is_given_otherwise,
    is_kept,
    is_turned,
    opposite,
    same_quantity,
    same_value,
)
from stages.types import Finding, Severity

__all__ = [
    "HARMFUL", "check_cited", "check_plain", "is_kept", "opposite",
    "same_quantity", "same_value",
]  # fmt: skip


def check_cited(
    source: Sequence[Quantity],
    card: Sequence[Quantity],
    card_text: str,
    draft: Sequence[Quantity],
    draft_text: str,
) -> Iterator[Finding]:
    """Quantities of one draft sentence against those of the card sentences it cites.

    source: quantities of the cited sentences and their lead-in lines; card: all of the card's.
    """
    missing = _unmatched(source, draft)
    for quantity in draft:
        twins = [c for c in source if explains(c, quantity)]
        twins = [c for c in twins if c.unit == quantity.unit] or twins
        if is_given_otherwise(quantity, twins, source):
            twins = []
        rival = _rival(quantity, missing, source if not twins else ())
        if twins and not (rival is not None and _belongs_elsewhere(quantity, twins, draft)):
            yield from _check_limit(quantity, twins, draft, card_text, draft_text)
            continue
        known = any(explains(c, quantity) for c in card)
        if rival is not None:
            soft = quantity.is_soft and rival.is_soft
            yield Finding(
                "quantity_cited",
                Severity.MAJOR if soft or known else Severity.CRITICAL,
                f"The draft says “{quantity.text}”, the card “{rival.text}”.",
                quantity.span,
                rival.span,
                strength=0.6 if soft or known else 1.0,
            )
        elif known:
            yield Finding(
                "quantity_moved",
                Severity.INFO,
                f"“{quantity.text}” stands in another sentence of the card than the ones cited.",
                quantity.span,
                strength=0.3,
            )
        elif quantity.shape != "label" and not (quantity.is_soft and quantity.unit == "count"):
            yield Finding(
                "quantity_unsourced",
                Severity.INFO if quantity.is_soft else Severity.MAJOR,
                f"The card does not give “{quantity.text}”.",
                quantity.span,
                strength=0.4 if quantity.is_soft else 0.9,
            )


def _rival(
    quantity: Quantity, missing: Sequence[Quantity], source: Sequence[Quantity]
) -> Quantity | None:
    """The cited figure in whose place the draft's stands.

    missing: cited figures that nothing in the draft sentence stands for; source: all cited ones.
    """
    same = [c for c in missing if c.unit == quantity.unit and _same_things(c, quantity)]
    if same:
        return min(same, key=lambda c: (c.first != quantity.first, c.written != quantity.written))
    if quantity.is_soft:
        return None
    other = next((c for c in missing if not c.is_soft and c.first == quantity.first), None)
    if other is not None:
        return other
    if quantity.unit == "count":
        return None
    return next((c for c in source if c.unit == quantity.unit), None)


def _same_things(card: Quantity, draft: Quantity) -> bool:
    if card.unit != "count" or card.noun == draft.noun:
        return True
    return not (card.noun and draft.noun) and not (card.is_soft or draft.is_soft)


def _belongs_elsewhere(
    quantity: Quantity, twins: Sequence[Quantity], draft: Sequence[Quantity]
) -> bool:
    """Whether the cited figure the quantity repeats is already said by one before it."""
    before = [
        d for d in draft if d.start < quantity.start and any(explains(c, d) for c in twins)
        and d.value == quantity.value
    ]  # fmt: skip
    return len(before) >= len(twins)


def _check_limit(
    quantity: Quantity,
    twins: Sequence[Quantity],
    draft: Sequence[Quantity],
    card_text: str,
    draft_text: str,
) -> Iterator[Finding]:
    """A floor that became a ceiling, or the other way round."""
    if not is_turned(quantity, twins, draft):
        return
    turned = next(c for c in twins if opposite(quantity, c))
    # "Never over 2" says "up to 2".
    denied = is_denied(draft_text, quantity) != is_denied(card_text, turned)
    yield Finding(
        "comparator_cited",
        Severity.INFO if denied else Severity.CRITICAL,
        f"“{quantity.text}” is a limit the other way round from the card's “{turned.text}”.",
        quantity.span,
        turned.span,
        strength=0.35 if denied else 0.9,
    )


def _unmatched(source: Sequence[Quantity], draft: Sequence[Quantity]) -> list[Quantity]:
    """Source quantities left over when each draft quantity stands for one of them."""
    left = list(source)
    for quantity in draft:
        twins = [q for q in left if is_kept(q, quantity)]
        if twins:
            left.remove(next((q for q in twins if q.value == quantity.value), twins[0]))
    return left
