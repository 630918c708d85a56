"""Quantities of a whole draft against those of the whole card."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from stages.cook.limits import singular
from stages.cook.number_context import Alike, Context, is_denied
from stages.cook.quantity import Quantity
from stages.cook.same_quantity import (
    ends_explained,
    explains,
    follows,
    is_bare_repeat,
    is_given_otherwise,
    is_kept,
    is_turned,
    opposite,
)
from stages.cook.units import ZH_COUNTERS
from stages.types import Finding, Severity

_WORD = re.compile(r"[a-z]{3,}")
_HAN = re.compile(r"[\u3400-\u9fff]")
MOST = 200
"""Quantities read of either side; a card has forty at most, only a hostile text has more."""

_COMMON_NOUNS = frozenset({"time", "次", "个", "個", "种", "種"})
_SCALES = (
    frozenset({"second", "minute", "hour"}),
    frozenset({"hour", "day"}),
    frozenset({"day", "week"}),
    frozenset({"month", "year"}),
)
_SINGLE = re.compile(r"\b(?:an?|one) (?:[a-z]+ )?([a-z]{3,})\b(?! or two)")
_LIST_LINE = re.compile(r"^\s*(?:[-•*▪·–✅❌👉]|\d{1,2}[.)、．]|[^\w\s(\"“'‘])", re.MULTILINE)

# A wrong dose, temperature or age can hurt; a wrong share or count misleads.
HARMFUL = frozenset({"mg", "ml", "C", "h", "IU", "mmol/l", "mmHg"})

# Talk of oneself, and questions, carry figures of their own.
_OWN_STORY = re.compile(
    r"\b(?:my|mine|i|i['’](?:m|ve|d|ll)|(?:we|we['’]d) (?:had|were|did|went|used|tried|spent|got|"
    r"made|was))\b(?! (?:pediatrician|paediatrician|doctor|midwife|gp|nurse|health visitor))"
    r"|我[家们]?|咱",
    re.IGNORECASE,
)
_A_CHILD = re.compile(r"\b(?:an?|your|my|our|his|her|curious|little|any) (?:[a-z]+ )?$")
_TALK = re.compile(
    r"\b(?:trick|tip|job|read|scroll|save|seconds? of your|quick|poll|quiz|challenge|"
    r"favou?rite)\b|收藏|评论|速看|看完|读完|快速|只要花|花\d",
    re.IGNORECASE,
)
# A question to the reader, not a sign put as one: "Dry nappy for 12 hours? Call."
_ASKS = re.compile(
    r"\b(?:you|your|yours|who|what|which|how|ever|ready|got|want|know|guess)\b.*\?"
    r"|[你您妳谁誰猜哪吗嗎].*[?？]",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class _Sides:
    """Card and draft side by side."""

    card: tuple[Quantity, ...]
    card_text: str
    draft: tuple[Quantity, ...]
    draft_text: str
    heading: tuple[Quantity, ...]

    @cached_property
    def chinese(self) -> bool:
        return _HAN.search(self.card_text) is not None

    @cached_property
    def alike(self) -> Alike:
        return Alike(
            Context(self.card_text, self.chinese, self.card),
            Context(self.draft_text, self.chinese, self.draft),
        )

    @cached_property
    def missing(self) -> tuple[Quantity, ...]:
        """The card's figures that the draft does not have in any form."""
        return tuple(c for c in self.card if not any(is_kept(c, d) for d in self.draft))

    @cached_property
    def nouns(self) -> frozenset[str]:
        words = {"time", *(singular(word) for word in _WORD.findall(self.card_text.lower()))}
        return frozenset(words | (set(self.card_text) & ZH_COUNTERS))

    @cached_property
    def single(self) -> frozenset[str]:
        """What the card speaks of in the singular only: "a pad in an hour"."""
        return frozenset(singular(word) for word in _SINGLE.findall(self.card_text.lower()))

    @cached_property
    def list_sizes(self) -> frozenset[int]:
        return frozenset(len(_LIST_LINE.findall(t)) for t in (self.card_text, self.draft_text))

    def sentence(self, quantity: Quantity) -> str:
        start, end = self.alike.draft.sentence_of(quantity.start)
        return self.draft_text[start:end]


def check_plain(
    card: Sequence[Quantity],
    card_text: str,
    draft: Sequence[Quantity],
    draft_text: str,
    *,
    heading: Sequence[Quantity] = (),
) -> Iterator[Finding]:
    """Quantities of a whole draft against those of the whole card.

    heading: quantities of the title and breadcrumbs; they account for a draft's figure and are
    never missed. A quantity in `card` that is not in card_text where it says is one of those too.
    """
    inside = [c for c in card if card_text[c.start : c.end] == c.text]
    outside = [c for c in card if card_text[c.start : c.end] != c.text]
    sides = _Sides(
        card=tuple(inside[:MOST]),
        card_text=card_text,
        draft=tuple(draft[:MOST]),
        draft_text=draft_text,
        heading=(*heading, *outside)[:MOST],
    )
    for quantity in sides.draft:
        yield from _check_one(sides, quantity)


def _check_one(sides: _Sides, quantity: Quantity) -> Iterator[Finding]:
    if quantity.shape == "label":
        return
    accounts = [c for c in sides.card if explains(c, quantity)]
    accounts = [c for c in accounts if c.unit == quantity.unit] or accounts
    if is_given_otherwise(quantity, accounts, sides.card):
        accounts = []
    rival = _same_noun(sides, quantity, accounts)
    if rival is not None:
        strength = _doubt(sides, quantity, 0.6 if quantity.is_soft else 0.75)
        yield _finding("quantity_changed", sides, quantity, rival, strength)
        return
    if accounts:
        yield from _check_place(sides, quantity, accounts)
        return
    known = (*sides.card, *sides.heading)
    rival = _stretched(sides, quantity)
    if rival is not None:
        strength = _doubt(sides, quantity, 0.7)
        yield _finding("quantity_changed", sides, quantity, rival, strength)
        return
    if quantity.shape != "disordered" and (
        any(explains(c, quantity) for c in sides.heading)
        or ends_explained(known, quantity)
        or is_bare_repeat(known, quantity)
    ):
        return
    rival, alike = _rival(sides, quantity)
    if rival is not None:
        strength = _doubt(sides, quantity, _changed(quantity, rival, alike), alike)
        yield _finding("quantity_changed", sides, quantity, rival, strength)
        return
    strength = _doubt(sides, quantity, _invented(sides, quantity))
    if strength > 0:
        yield Finding(
            "quantity_invented",
            _severity("", strength),
            f"The card does not give “{quantity.text}”.",
            quantity.span,
            strength=strength,
        )


def _same_noun(sides: _Sides, quantity: Quantity, accounts: Sequence[Quantity]) -> Quantity | None:
    """A count of the same things that is gone, where the draft's number is the card's for others:
    ten sets and ten squeezes for three sets and ten squeezes.
    """
    if quantity.unit != "count" or not quantity.noun or quantity.noun in _COMMON_NOUNS:
        return None
    if any(c.noun == quantity.noun for c in accounts):
        return None
    return next((c for c in sides.missing if c.noun == quantity.noun), None)


def _stretched(sides: _Sides, quantity: Quantity) -> Quantity | None:
    """A range of the card that is gone, of which the draft's range keeps one end only."""
    if quantity.first == quantity.last:
        return None
    for c in sides.missing:
        is_like = (
            c.unit == quantity.unit
            and c.first != c.last
            and (c.written == quantity.written or c.unit == "count")
        )
        if is_like and (c.first == quantity.first) != (c.last == quantity.last):
            return c
    return None


def _same_scale(a: Quantity, b: Quantity) -> bool:
    """Whether two times are of one kind: minutes and hours, days and weeks, months and years."""
    if a.unit != "h" or a.written == b.written:
        return True
    return any(a.written in scale and b.written in scale for scale in _SCALES)


def _rival(sides: _Sides, quantity: Quantity) -> tuple[Quantity | None, float]:
    """The card's figure in whose place the draft's stands, and how alike their places are."""
    best: Quantity | None = None
    best_value = best_alike = 0.0
    for c in sides.card:
        same_number = (c.first, c.last) == (quantity.first, quantity.last) and not (
            c.is_soft or c.shape != quantity.shape
        )
        if not _comparable(c, quantity) or not (same_number or _same_scale(c, quantity)):
            continue
        alike = sides.alike(quantity, c)
        gone = c in sides.missing
        value = alike + (0.25 if gone else 0.0) + (0.15 if same_number else 0.0)
        value += 0.1 if c.is_age == quantity.is_age and c.unit == "h" else 0.0
        if (gone or alike > 0.3 or (same_number and alike > 0.12)) and value > best_value:
            best, best_value, best_alike = c, value, alike
    return best, best_alike


def _comparable(card: Quantity, draft: Quantity) -> bool:
    if card.unit != draft.unit:
        if "count" in (card.unit, draft.unit):
            return False
        return card.first == draft.first and not (card.is_soft and draft.is_soft)
    if card.unit == "count":
        return (bool(card.noun) and card.noun == draft.noun) or not (
            card.is_soft or draft.is_soft or (card.noun and draft.noun)
        )
    return True


def _changed(quantity: Quantity, rival: Quantity, alike: float) -> float:
    """How clearly the draft's figure stands where the card has another."""
    if (
        quantity.written != rival.written
        and (quantity.first, quantity.last) == (rival.first, rival.last)
        and not quantity.is_soft
    ):
        # One hour beside one year may be chance; 38 °F beside 38 °C is not.
        return 1.0 if quantity.first > 2 or alike > 0.15 else 0.5 + alike
    if quantity.unit == "count":
        if not quantity.noun:
            return 0.35 + min(0.4, alike)
        return (0.6 if quantity.is_soft else 0.7) + min(0.3, alike)
    if quantity.shape == "bare":
        return (0.35 if quantity.is_soft else 0.5) + min(0.4, alike)
    if quantity.shape == rival.shape == "ordinal" and quantity.first == rival.first:
        return 0.35 + min(0.4, alike)  # "the first month" for the first year
    if quantity.is_soft:
        # "a day", "half an hour": idiom more often than not.
        return min(0.45, 0.3 + alike) if not quantity.comparator else 0.45 + min(0.3, alike)
    return 0.5 + min(0.5, 1.2 * alike)


def _invented(sides: _Sides, quantity: Quantity) -> float:
    """How clearly a figure with no counterpart is a claim of its own."""
    if quantity.unit == "count":
        if quantity.noun in sides.single and quantity.low > 1:
            return 0.65 if quantity.per or not quantity.is_soft else 0.4
        if quantity.is_soft or quantity.noun not in sides.nouns:
            return 0.0 if quantity.is_soft and quantity.low <= 3 else 0.2
        return 0.55
    if quantity.unit == "%":
        return 0.4 if quantity.is_soft else 1.0
    if quantity.unit != "h":
        return 0.3 if quantity.is_soft else 0.9
    if quantity.is_soft:
        return 0.2
    if quantity.comparator not in ("", "~") or quantity.per or quantity.low != quantity.high:
        return 0.8
    return 0.55 if quantity.is_age else 0.45


def _doubt(sides: _Sides, quantity: Quantity, strength: float, alike: float = 0.0) -> float:
    """The strength that is left where a figure may be a story's, a hook's or worked out.

    alike: how much the figure's place is like one of the card's; a limit ("under 2 months") or a
    like place is no story.
    """
    if strength <= 0:
        return 0.0
    if (
        quantity.unit == "count"
        and quantity.low == quantity.high
        and int(quantity.low) in sides.list_sizes
        and not quantity.per
    ):
        return 0.1
    strength *= 1 - follows(sides.card, quantity, sides.draft)
    if quantity.unit in ("h", "count"):
        said = sides.sentence(quantity)
        claim = min(1.0, 2 * alike + (0.5 if quantity.comparator not in ("", "~") else 0.0))
        if _OWN_STORY.search(said):
            strength *= 0.45 + 0.55 * claim
        elif _TALK.search(said) or _ASKS.search(said):
            strength *= 0.6 + 0.4 * claim
        if quantity.is_age and _A_CHILD.search(
            sides.draft_text[max(0, quantity.start - 24) : quantity.start].lower()
        ):
            strength *= 0.45
    return round(strength, 3)


def _check_place(
    sides: _Sides, quantity: Quantity, accounts: Sequence[Quantity]
) -> Iterator[Finding]:
    """A figure the card has, but which the draft puts where the card has another one."""
    if quantity.is_soft and quantity.unit == "count":
        return
    nearest = max(accounts, key=lambda c: sides.alike(quantity, c))
    own = sides.alike(quantity, nearest)
    best: Quantity | None = None
    strength = 0.0
    for c in sides.card:
        if c in accounts or c.unit != quantity.unit or c.is_soft or not _comparable(c, quantity):
            continue
        if c.is_age != quantity.is_age or not _same_scale(c, quantity):
            continue
        alike = sides.alike(quantity, c)
        if c in sides.missing:
            more = alike - own
            value = 0.45 + 1.2 * more if more > 0.12 and alike > 0.2 else 0.0
        else:
            value = _exchanged(sides, quantity, nearest, c) if alike > own + 0.1 else 0.0
        if value > strength:
            best, strength = c, min(0.95, value)
    if best is not None:
        yield _finding("quantity_swapped", sides, quantity, best, round(strength, 3))
    elif is_turned(quantity, accounts, sides.draft) and nearest.low == quantity.low:
        yield from _check_limit(sides, quantity, accounts, own)


def _check_limit(
    sides: _Sides, quantity: Quantity, accounts: Sequence[Quantity], alike: float
) -> Iterator[Finding]:
    """A limit the other way round from the card's, unless a word of denial turns it back."""
    turned = next(c for c in accounts if opposite(quantity, c))
    denied = is_denied(sides.draft_text, quantity) != is_denied(sides.card_text, turned)
    # "Not before one" and "from the first birthday" agree: limits of time are a hint only.
    most = 0.35 if denied else 0.45 if quantity.unit == "h" else 0.6
    strength = round(min(most, 0.2 + alike), 3)
    yield Finding(
        "comparator_changed",
        _severity(quantity.unit, strength),
        f"“{quantity.text}” is a limit the other way round from the card's “{turned.text}”.",
        quantity.span,
        turned.span,
        strength=strength,
    )


def _exchanged(sides: _Sides, quantity: Quantity, own: Quantity, other: Quantity) -> float:
    """How clearly two of the card's figures have changed places in the draft."""
    partners = [d for d in sides.draft if d != quantity and is_kept(other, d)]
    if not partners:
        return 0.0
    gain = min(
        sides.alike(quantity, other)
        + sides.alike(d, own)
        - sides.alike(quantity, own)
        - sides.alike(d, other)
        for d in partners
    )
    return 0.4 + 0.5 * gain if gain > 0.25 else 0.0


def _severity(unit: str, strength: float) -> Severity:
    """A doubt that is more likely wrong than right is a hint to the editor, no more."""
    if strength < 0.5:
        return Severity.INFO
    return Severity.CRITICAL if unit in HARMFUL else Severity.MAJOR


def _finding(
    check: str, sides: _Sides, quantity: Quantity, rival: Quantity, strength: float
) -> Finding:
    return Finding(
        check,
        _severity(rival.unit, strength),
        f"The draft says “{quantity.text}” where the card says “{rival.text}”.",
        quantity.span,
        rival.span,
        strength=strength,
    )
