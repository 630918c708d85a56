"""Which new card continues which old one, and whether what changed could hurt."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from stages.chop.chop import card_id
from stages.text import collapse, is_chinese, sentence_spans
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
    "half|halves|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    "fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|"
    "ninety|hundreds?|thousands?|millions?|once|twice|thrice|single|double|triple|quarters?|dozens?|"
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|several|few|fewer|couple|many"
)
_UNITS = (
    "milligrams?|micrograms?|grams?|kilograms?|mg|mcg|µg|μg|g|kg|ml|cl|dl|l|millilit\\w{2,4}|"
    "lit\\w{2,3}|iu|kcal|calories|ounces?|oz|pounds?|lbs?|stones?|pints?|gallons?|teaspoons?|"
    "tablespoons?|tsp|tbsp|cups?|drops?|tablets?|doses?|servings?|portions?|mm|cm|m|km|"
    "(?:milli|centi|kilo)?met(?:re|er)s?|inch(?:es)?|feet|foot|miles?|seconds?|minutes?|hours?|days?|"
    "weeks?|fortnights?|months?|years?|trimesters?|hourly|daily|weekly|monthly|yearly|nightly|"
    "celsius|fahrenheit|percent|degrees?|a\\.?m\\.?|p\\.?m\\.?"
)
_QUANTITY_EN = re.compile(
    r"(?:(?<![\w.])[-−–](?=\d))?\d+(?:[.,:/]\d+)*(?:\s?(?:°\s?[CF]|%|[a-zµμ]{1,12}))?|[½¼¾⅓⅔⅛%℃℉<>≤≥±]|°\s?[CF]\b"
    rf"|\b(?:{_NUMBER_WORDS}|{_UNITS})\b",
    re.IGNORECASE,
)
_QUANTITY_ZH = re.compile(
    r"(?:(?<![\w.])[-−–](?=\d))?\d+(?:[.,:/]\d+)*\s?(?:°\s?[CF]|℃|℉|%|[a-zA-Zµμ]{1,8}|[个個]?[\u4e00-\u9fff])?"
    r"|[二三四五六七八九十百千万萬半两兩零〇双雙]+"
    r"|一(?=[个個次天日周週月岁歲年勺匙杯滴片粒份克毫小分秒倍顿餐頓碗瓶盒成半])"
    r"|毫升|毫克|微克|公克|千克|公斤|升|克|斤|毫米|厘米|公分|米|千卡|大卡|卡|国际单位|國際單位|摄氏|攝氏|华氏|華氏|度"
    r"|个月|個月|月龄|月齡|岁|歲|月|年|周|週|天|日|小时|小時|分钟|分鐘|秒|勺|匙|杯|滴|片|粒|份|次|倍|顿|頓|餐"
)
# What is denied belongs to a denial: `Do not shake. Warm it.` and `Shake. Do not warm it.` differ.
_LOGIC_EN = re.compile(
    r"\b(?:no more than|not more than)\b"
    r"|(?:\b(?:not|no|never|cannot|without|avoid|stop)|n['’]t)\b(?: [a-z'’-]{1,20})?"
    r"|\b(?:none|nobody|nothing|neither|nor|stopped|"
    r"(?:un|in)safe(?:ly)?|safe(?:ly)?|dangerous|harmful|harmless|except|only|just|unless|until|till|"
    r"if|when|whenever|before|after|while|during|since|under|over|above|below|between|within|beyond|"
    r"at least|at most|up to|less than|more than|fewer than|less|more|most|least|"
    r"maximum|minimum|exactly|about|around|nearly|higher|lower|older|younger|longer|shorter|larger|"
    r"smaller|earlier|later|must|should|may|can|could|might|would|will|always|often|sometimes|rarely|"
    r"usually|every|each|per|immediately|straight away|at once|either|both|all|any|some|or|and|"
    # Opposites: the one word that changes is all the change.
    r"refuse[sd]?|accept(?:s|ed)?|lacks?|lacking|discard(?:s|ed)?|throw(?:n|s)? away|keep|kept|"
    r"(?:on|onto) (?:the|their|its|his|her|your(?: baby's)?) (?:back|front|side|tummy|stomach)s?|"
    r"face (?:up|down)|upright|flat|"
    r"hot|cold|warm|cool|chilled|lukewarm|raw|cooked|uncooked|undercooked|left|right(?! away)|"
    r"open|closed|boil(?:s|ed|ing)?|unboiled|alone|unattended|attended|supervised|unsupervised|"
    r"sterile|unsterile|firm|soft|loose|tight|rear-facing|forward-facing|allow(?:s|ed)?|"
    r"forbid(?:s|den)?)\b",
    re.IGNORECASE,
)
_LOGIC_ZH = re.compile(
    r"不超过|不超過|不少于|不少於|不低于|不低於|不要|不能|不可|不得|不应|不應|不宜|不建议|不建議|不会|不會|"
    r"切勿|禁|避免|停|没|沒|无|無|非|未|不|勿|别|別|忌|莫|拒|除|仅|僅|只|唯|必须|必須|必|须|須|应|應|该|該|"
    r"可|能|建议|建議|如果|若|一旦|当|當|否则|否則|之前|之后|之後|以前|以后|以後|前|后|後|以上|以下|以内|以內|"
    r"内|內|外|至少|至多|最多|最少|超过|超過|低于|低於|高于|高於|大于|大於|小于|小於|少于|少於|多于|多於|满|滿|足|"
    r"多|少|每|立即|马上|馬上|尽快|盡快|都|或|和|及|约|約"
    # Opposites, as above; single signs only where they do not stand inside harmless words.
    r"|仰[卧臥睡躺]?|俯[卧臥睡]?|趴|侧[卧臥睡躺]|側[卧臥睡躺]|[卧臥]|[平竖豎]躺|生(?=[的食肉鱼魚蛋吃水熟奶])|熟|煮沸|煮|烧开|燒開"
    r"|冷|凉|涼|热|熱|温|溫|左|右|[打张張]开|[打張]開|[关關][闭閉]|倒掉|丢弃|丟棄|保留|保存|拒绝|拒絕|接受"
    r"|缺乏|缺少|含有|富含|独自|獨自|单独|單獨|陪同|看护|看護|松|鬆|[紧緊](?!急|张|張)|软|軟|硬"
)


_ALIKE = str.maketrans({"’": "'", "−": "-", "–": "-", " ": None})


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


def weights_of(text: str, lang: str, headings: Sequence[str] = ()) -> Counter[tuple[str, ...]]:
    """Quantities, negations and conditions of each sentence and of each heading, in their order.

    So two numbers that change places within a sentence count as a change, two sentences that do
    not; a sentence without any of them may read as it likes.
    """
    text = _MARKER.sub("", text)
    patterns = (_QUANTITY_ZH, _LOGIC_ZH) if is_chinese(lang) else ()
    told = [text[start:end] for start, end in sentence_spans(text, lang)]
    weights = (_weighty(said, (*patterns, _QUANTITY_EN, _LOGIC_EN)) for said in (*told, *headings))
    return Counter(weight for weight in weights if weight)


def _weight_of(card: Card) -> Counter[tuple[str, ...]]:
    return weights_of(card.text, card.lang, card.breadcrumbs)


def _weighty(text: str, patterns: Iterable[re.Pattern[str]]) -> tuple[str, ...]:
    return tuple(
        match.group().casefold().translate(_ALIKE)
        for pattern in patterns
        for match in pattern.finditer(text)
    )
