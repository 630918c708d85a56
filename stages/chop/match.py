"""Which new card continues which old one, and whether what changed could hurt."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from stages.chop.chop import card_id
from stages.text import collapse, is_chinese
from stages.types import Card, CardChange, ChangeKind

SAME_CARD = 62.0
"""Least likeness (0..100, rapidfuzz ratio of the texts) for a card to continue another one.

Two different cards of one guide are this alike in less than 5 of 100 cases (median of the likest
other card 46, 95th percentile 57), measured on the sample site and 28 guides in Markdown.
"""

SAME_PLACE = 55.0
"""The same for two cards under the same headings (there the 90th percentile is 53)."""

_MARKER = re.compile(r"^(?:- |[(（]?\w{1,5}[.)）、．] )", re.MULTILINE)

_NUMBER_WORDS = (
    "half|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|"
    "forty|fifty|sixty|ninety|hundred|once|twice|double|triple|quarter|third|dozen"
)
_QUANTITY_EN = re.compile(
    r"\d+(?:[.,:/]\d+)*(?:\s?(?:°\s?[CF]|%|[a-zµμ]{1,12}))?"
    rf"|\b(?:{_NUMBER_WORDS})\b"
    r"|\b(?:milligrams?|micrograms?|grams?|kilograms?|mg|mcg|µg|kg|ml|millilit\w{2,4}|lit\w{2,3}|"
    r"ounces?|oz|teaspoons?|tablespoons?|tsp|tbsp|cups?|seconds?|minutes?|hours?|days?|weeks?|"
    r"months?|years?|hourly|daily|weekly|monthly|yearly|celsius|fahrenheit|percent)\b",
    re.IGNORECASE,
)
_QUANTITY_ZH = re.compile(
    r"\d+(?:[.,:/]\d+)*\s?(?:°\s?[CF]|℃|%|[a-zA-Zµμ]{1,8}|[个個]?[\u4e00-\u9fff])?"
    r"|[一二三四五六七八九十百半两兩]+(?:[个個]?[次天日周週月岁歲年勺匙杯滴片粒份克毫小分秒倍顿餐頓])"
)
_LOGIC_EN = re.compile(
    r"\b(?:not|no|never|none|neither|nor|cannot|without|avoid|stop|unsafe|dangerous|except|only|"
    r"unless|until|if|when|before|after|while|during|under|over|above|below|between|within|"
    r"at least|at most|up to|less than|more than|fewer than|no more than|maximum|minimum|or less|"
    r"or more|or higher|or lower|older|younger|must|should|may|always|every|each|per|immediately|"
    r"straight away|at once|either|both|all|any)\b|n['’]t\b",
    re.IGNORECASE,
)
_LOGIC_ZH = re.compile(
    r"不要|不能|不可|不得|不应|不應|不宜|不建议|不建議|不会|不會|切勿|禁止|避免|停止|没有|沒有|无需|無需|未满|未滿|"
    r"不|勿|别(?=[给给让讓])|除非|除了|仅|僅|只有|只能|必须|必須|应该|應該|如果|若|一旦|当|當|之前|之后|之後|以前|"
    r"以后|以後|以上|以下|以内|以內|至少|最多|不超过|不超過|超过|超過|低于|低於|高于|高於|每|立即|马上|馬上"
)


def match_cards(old: Sequence[Card], new: Sequence[Card]) -> tuple[CardChange, ...]:
    """How two versions of one guide relate: a line per new card in order, then what is gone.

    Cards of the same body match first (nearest in place when there are several), then the likest
    pairs above `SAME_CARD` or `SAME_PLACE`. A new card that continues an old one carries its id;
    no two cards end with the same id, gone ones included.
    """
    pairs = _match_bodies(old, new)
    _match_likes(old, new, pairs)
    taken = {card.id for card in old}
    changes = []
    for place, card in enumerate(new):
        if place in pairs:
            before = old[pairs[place]]
            after = replace(card, id=before.id)
            changes.append(CardChange(change_of(before, after), before, after))
        else:
            fresh = _free_id(card, taken)
            taken.add(fresh)
            changes.append(CardChange(ChangeKind.NEW, None, replace(card, id=fresh)))
    matched = set(pairs.values())
    changes.extend(
        CardChange(ChangeKind.REMOVED, card, None)
        for place, card in enumerate(old)
        if place not in matched
    )
    return tuple(changes)


def change_of(old: Card, new: Card) -> ChangeKind:
    """KEPT, REWORDED or MATERIAL: a number, unit, negation or condition that came, went or changed.

    Step numbers do not count. Headings do: `under 3 months` in one governs all below it.
    """
    if old.body_hash == new.body_hash and old.ctx_hash == new.ctx_hash:
        return ChangeKind.KEPT
    if _weight_of(old) != _weight_of(new):
        return ChangeKind.MATERIAL
    return ChangeKind.REWORDED


def _match_bodies(old: Sequence[Card], new: Sequence[Card]) -> dict[int, int]:
    """New place -> old place of cards whose text is the same, the same context preferred."""
    pairs: dict[int, int] = {}
    for with_context in (True, False):
        waiting: defaultdict[tuple[str, ...], deque[int]] = defaultdict(deque)
        used = set(pairs.values())
        for place, card in enumerate(old):
            if place not in used:
                waiting[_key(card, with_context)].append(place)
        for place, card in enumerate(new):
            places = waiting.get(_key(card, with_context))
            if place not in pairs and places:
                pairs[place] = places.popleft()
    return pairs


def _key(card: Card, with_context: bool) -> tuple[str, ...]:
    return (card.body_hash, card.ctx_hash) if with_context else (card.body_hash,)


def _match_likes(old: Sequence[Card], new: Sequence[Card], pairs: dict[int, int]) -> None:
    """Add the likest remaining pairs, best first; ties go to the nearest, then the earliest."""
    used = set(pairs.values())
    left = [place for place in range(len(old)) if place not in used]
    options = []
    for place, card in enumerate(new):
        if place in pairs:
            continue
        for other in left:
            same_place = card.breadcrumbs == old[other].breadcrumbs
            floor = SAME_PLACE if same_place else SAME_CARD
            score = fuzz.ratio(_plain(card), _plain(old[other]), score_cutoff=floor)
            if score:
                bonus = 5.0 if same_place else 0.0
                options.append((-score - bonus, abs(place - other), place, other))
    for _, _, place, other in sorted(options):
        if place not in pairs and other not in used:
            pairs[place] = other
            used.add(other)


def _plain(card: Card) -> str:
    return collapse(_MARKER.sub("", card.text)).casefold()


def _free_id(card: Card, taken: set[str]) -> str:
    """The card's own id unless an old card has it: its text was there once and moved on."""
    number, fresh = 0, card.id
    while fresh in taken:
        number += 1
        fresh = card_id(card.guide_id, f"{card.body_hash}+", number)
    return fresh


def _weight_of(card: Card) -> Counter[str]:
    """Quantities, negations and conditions of the text and of the headings over it, counted."""
    text = _MARKER.sub("", card.text)
    return Counter(_weighty([text, *card.breadcrumbs], card.lang))


def _weighty(texts: Iterable[str], lang: str) -> Iterable[str]:
    patterns = (
        (_QUANTITY_ZH, _LOGIC_ZH, _QUANTITY_EN)
        if is_chinese(lang)
        else (
            _QUANTITY_EN,
            _LOGIC_EN,
        )
    )
    for text in texts:
        for pattern in patterns:
            for match in pattern.finditer(text):
                yield match.group().casefold().replace("’", "'").replace(" ", "")
