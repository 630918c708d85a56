"""What kind of card it is: what its sentences do (tell, bid, forbid, send for help), counted.

Word lists and thresholds were chosen by reading labelled cards of one set of guides and checked
on others that were labelled blind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from functools import lru_cache
from typing import NamedTuple

from stages.chop.pack import Cut
from stages.chop.traits import AGE_HEADING
from stages.text import is_chinese
from stages.types import Block, BlockKind, CalloutKind, CardKind, Guide

_PROFESSIONAL = (
    r"(?:doctor|doctors|nurse|midwife|gp|health visitor|paediatrician|pediatrician|"
    r"health ?care (?:provider|team|professional)|maternity unit|hospital)"
)
_CALL = re.compile(
    r"\b(?:when|who|where) to (?:call|get help|seek|ask for help|see a|contact|go to)"
    r"|\b(?:call|ring|dial) (?:911|999|112|000|111|120|for help|an ambulance|"
    rf"your (?:[a-z]+ )?{_PROFESSIONAL})|\bget (?:medical |urgent |emergency )?help\b"
    r"|\b(?:urgent|emergency|immediate) (?:help|advice|care|medical|appointment)"
    rf"|\b(?:see|speak to|talk to|contact|phone|tell) (?:a|an|your|the) (?:[a-z]+ )?{_PROFESSIONAL}"
    r"(?: [a-z]+){0,3} (?:now|if|straight|when|right away|immediately|at once|the same day)"
    r"(?! you have (?:any )?(?:other )?(?:questions|concerns))"
    rf"|\b(?:see|contact|phone) (?:a|your|the) {_PROFESSIONAL}(?:$|[.!:])"
    r"|\bseek (?:medical|urgent|emergency|immediate)"
    r"|\bgo to (?:a&e|(?:an|the) (?:emergency|nearest))"
    r"|\b(?:do not|don['’]t) wait for (?:the|your|a)\b|\bask for a check\b"
    r"|(?:何时|何時|什么时候|什麼時候|哪些情况|哪些情況).{0,6}(?:就医|就醫|看医生|看醫生|求助|去医院|去醫院)"
    r"|(?:立即|立刻|马上|馬上|及时|及時|尽快|盡快|紧急|緊急)"
    r"(?:去|到|带|帶|就|送|找|看|求|拨|撥|联系|聯繫|告诉|告訴).{0,4}"
    r"(?:医|醫|诊|診|助|打|120|119|999|院)|就医信号|就醫訊號|(?:拨打|撥打)\s?(?:120|119|999|112)",
    re.MULTILINE,
)
# What the pattern above may begin with: plain substring search finds the places to try much faster.
_CALL_OPENINGS = (
    "when to|who to|where to|call |ring |dial |get |urgent |emergency |immediate |see |speak to|"
    "talk to|contact |phone |tell |seek |go to|do not wait|don't wait|don’t wait|ask for a check"
).split("|")
_CALL_OPENINGS_ZH = (
    "何时|何時|什么时候|什麼時候|哪些情况|哪些情況|立即|立刻|马上|馬上|及时|及時|尽快|盡快|紧急|緊急|"
    "就医信号|就醫訊號|拨打|撥打"
).split("|")
# An ambulance or its number: whatever else a card says, this is what has to be found in it.
_EMERGENCY = re.compile(
    r"\b(?:call|ring|dial|phone|calling|ringing)\b[^.!?\n]{0,40}?"
    r"(?:\b(?:999|911|112|111|120|119|000)\b|\bambulance\b|\bemergency services\b)"
    r"|\btreat [^.!?\n]{0,40}\bas an emergency\b|\bthis is an emergency\b"
    r"|\bis a medical emergency\b|\bstart cpr\b"
    r"|(?:拨打|撥打|打|拨|撥|叫)\s?(?:急救电话|急救電話|120|119|999|112|救护车|救護車)"
)
_EMERGENCY_WORDS = (
    "999", "911", "112", "111", "120", "119", "000", "ambulance", "emergency", "cpr", "急救",
    "救护车", "救護車",
)  # fmt: skip
_EMERGENCY_VERBS = (
    "call", "ring ", "dial", "phone", "treat", "emergency", "cpr", "打", "拨", "撥", "叫",
)  # fmt: skip
_FORBIDDEN_LIST = re.compile(
    r"\bhazards?\b|\b(?:to|must|should) (?:avoid|limit)\b|\bavoid\b"
    r"|\bnot (?:to )?(?:eat|give|use|drink)\b|\bunsafe\b"
    r"|(?:不能|不可|不宜|不要|别|別)(?:吃|喝|用|给|給)|禁忌|禁用|忌口|避免"
)
_CALL_LEAD = re.compile(
    rf"\b(?:call|see|contact|ring|phone|tell|talk to|speak to) (?:a|an|your|the) (?:[a-z]+ )?"
    rf"{_PROFESSIONAL}\b[^.!?]{{0,80}}:$"
    r"|(?:就医|就醫|看医生|看醫生|去医院|去醫院|急诊|急診)[^。！？]{0,20}[:：]$"
)
_WARN_HEADING = re.compile(
    r"\b(?:warnings?|danger(?:s|ous)?|caution|never|do not|don['’]ts?|avoid|hazards?|unsafe|"
    r"not (?:safe|to)|limit)\b|警告|危险|危險|禁忌|切勿|不要|禁止|避免|不能|不可|不宜|少吃",
)
_HOW = re.compile(
    r"^(?:how to|how (?:do|can|should) (?:i|you|we)(?! (?:know|tell))|steps? |making|preparing|"
    r"cleaning|giving|changing|"
    r"what (?:you )?(?:can|should|to) (?:i |you )?do|tips\b|.{0,30}: tips)\b"
    r"|\bstep[- ]by[- ]step\b|\btips (?:for|on)\b|(?:方法|步骤|步驟|怎么|怎麼|怎样|怎樣|如何)",
    re.MULTILINE,
)
_MILESTONE_HEADING = re.compile(
    r"\bmilestones?\b|\bdevelopment(?:al)?\b|\bdeveloping baby\b|里程碑|发育|發育|大运动|大運動|"
    r"精细动作|精細動作"
)
_MILESTONE = re.compile(
    r"\b(?:by|at|around|from) (?:about |around )?\d{1,3} (?:to \d{1,3} )?(?:weeks|months|years)\b"
    r".{0,60}"
    r"\b(?:most|many|some|your|a) (?:bab(?:y|ies)|infants|children|toddlers|child)\b.{0,20}"
    r"\b(?:can|will|may|are able|begins?|starts?|learns?|rolls?|sits?|walks?|smiles?|crawls?)\b"
    r"|\b(?:most|many|some) (?:bab(?:y|ies)|infants|children|toddlers)\b.{0,30}"
    r"\b(?:roll|sit|crawl|walk|smile|babble|stand|talk|say|wave|point)\b.{0,40}\d (?:weeks|months)"
    r"|\d\s?(?:个月|個月|月龄|月齡|岁|歲).{0,12}(?:宝宝|寶寶|孩子|婴儿|嬰兒).{0,10}(?:会|會|能)"
    r"(?:抬|翻|坐|爬|站|走|笑|叫|说|說|认|認|抓|指)"
)
_AMOUNT = re.compile(
    r"\d(?<![\d.,/–½¼-]\d)[\d.,/–½¼ -]{0,20}(?:\s?(?:to|到|至)\s?[\d.,]{1,9})?\s?"
    r"(?:(?:ml|millilit(?:er|re)s?|g|grams?|mg|"
    r"milligrams?|mcg|µg|micrograms?|iu|oz|ounces?|cups?|pints?|lit(?:er|re)s?|tbsp|tsp|"
    r"tablespoons?|teaspoons?|servings?|portions?|glasses|scoops?|kcal|calories|kg|feeds?|"
    r"times a day|wet nappies|wet diapers)\b"
    r"|毫升|克|毫克|微克|公克|千卡|大卡|勺|匙|杯|份|国际单位|國際單位|ml|mg|g)"
)
_DOSE = re.compile(
    r"\d ?(?:mg|ml|mcg|micrograms?|milligrams?)\b.{0,20}(?:per|for each|for every|/) ?"
    r"(?:kg|kilogram)|每(?:公斤|千克)"
)
_INTERVAL = re.compile(
    r"every \d[\d –-]{0,9}(?:to \d{1,3} )?hours\b|每\s?\d[\d～~到至-]{0,9}\s?(?:小时|小時)"
)
_VESSELS = (" cup", "portion", "serving", "spoon", " glass", " pint")
_AMOUNT_WORDS = re.compile(
    r"\b(?:one|two|three|four|five|six|eight|ten|half|a) (?:(?:to|or) \w{2,6} )?"
    r"(?:cup|portion|serving|tablespoon|teaspoon|glass|pint)"
)
_DIGIT = re.compile(r"\d")
_AGE_UNITS = ("weeks", "months", "years", "月", "岁", "歲")
_AMOUNT_HEADING = re.compile(
    r"\bhow (?:much|many|often)\b|\bamounts?\b|\bdos(?:e|es|age)\b|\brecipes?\b|\bingredients\b"
    r"|\bservings?\b|用量|剂量|劑量|食谱|食譜|奶量|多少|份量",
)
_NOT = re.compile(
    r"\b(?:do not|don['’]t|never|avoid|must not|mustn['’]t|should(?:n['’]t| not)|"
    r"can(?:not|['’]t) be given|not safe|unsafe|dangerous|not recommended|"
    r"choking (?:risk|hazard)|not (?:before|under))\b"
    r"|^\W*no (?!one|need|matter|wonder)"
    r"|不要|不能|切勿|禁止|避免|危险|危險|不可(?!避免)|不得|不宜|严禁|嚴禁|别给|別給"
)
_NOT_WORDS = (
    *"not n't n’t never avoid unsafe danger choking no".split(),
    *"不 切勿 禁 避免 危 严 嚴 别 別".split(),
)
_NOT_YOU = re.compile(
    r"\b(?:if|when) you (?:do not|don['’]t)|\b(?:babies|they|women|many|most) (?:do not|don['’]t)"
    r"|\bdo not (?:have|need)\b"
)
_BIDDING_LEAD = re.compile(
    r"\b(?:tips?|things (?:you can|to) do|things to try|try th(?:is|ese)|follow (?:these|the)|"
    r"these steps|(?:safety|prevention) (?:steps|measures))\b[^.!?]{0,60}:$",
    re.MULTILINE,
)
_TELLING_LEAD = re.compile(r"\b(?:if|might|may|who|signs?|symptoms?|whether)\b|如果|可能|症状|症狀")
_SENTENCE_END = re.compile(r"[!?。！？；]+|\.(?!\w)")
_MARK = re.compile(r"\s*(?:- |[(（]?\w{1,3}[.)）] )?")
_LABEL = re.compile(r"\A[^:–—,]{1,40}(?::|\s[–—]|\s-)\s")
_OPENING = frozenset(
    "if when for to before after once until while at in from during as by with then next also "
    "instead first finally please always just simply only even gently slowly carefully "
    "closely quickly".split()
)
_BIDDING = frozenset(
    "add aim allow apply ask attach avoid base bathe begin boil breastfeed bring brush build "
    "burp buy call calm carry change check choose clean clip close closely collect comfort "
    "consult contact cook cool count cover create cut decide discard discuss do don't double "
    "drain dress drink dry eat empty encourage ensure establish explain express feed fill "
    "find finish fit fix flush fold follow freeze gather get give go handle heat help hold "
    "include increase install introduce invite join keep know label lay leave let lie lift "
    "limit line listen lock look lower maintain make mark mash massage measure mix move "
    "never note offer open pack pat pay place plan play point pour practice practise prepare "
    "press pull pump puree put quickly raise reach read record reduce refrigerate relax remember "
    "remove repeat replace request rest rinse rub run schedule screw secure serve set shake "
    "share shop show shut sing sit sleep slide soak soothe speak spread squeeze stand start "
    "stay step sterilise sterilize stick stir stop store supervise support swaddle swap tickle "
    "switch take talk teach tell test thaw throw tilt touch try tuck turn use vary wait wake "
    "warm wash watch wear weigh wipe work wrap write".split()
)
_YOU = re.compile(
    r"(?:you (?:also )?(?:can|should|could|may want to|will need to|need to)|it['’]s best to)\b"
)
_BID_ZH = re.compile(
    r"(?:^|[，：] ?)(?:- )?(?:请|請|要|应|應|建议|建議|先|再|把|将|將|用|给|給|让|讓|尽量|盡量|"
    r"最好|每次|记得|記得|注意|准备|準備|选|選|洗|擦|放|抱|喂|餵|加|做|保持|坚持|堅持|鼓励|鼓勵)|应当|應當|需要"
)


class Tally(NamedTuple):
    """How many of a card's sentences there are, bid, forbid."""

    sentences: int
    bids: int
    forbids: int
    opens_forbidding: bool


def kind_of(guide: Guide, cut: Cut, text: str) -> CardKind:
    """The card's kind: call-out boxes first, then who is sent for help, then what most sentences
    do and what the headings announce.
    """
    blocks = [guide.blocks[piece.block] for piece in cut.pieces]
    boxed = _kind_of_box(blocks)
    if boxed:
        return boxed
    inside = [block.text for block in blocks if block.kind is BlockKind.HEADING]
    headings = "\n".join([*(guide.blocks[index].text for index in cut.path[-1:]), *inside]).lower()
    told = _kinds_of_headings(headings)
    low = text.lower()
    tally = tally_of(low, guide.lang, {heading.lower() for heading in inside})
    steps = sum(1 for block in blocks if block.marker and block.kind is BlockKind.LIST_ITEM)
    if _is_emergency(low):
        return CardKind.HOW_TO if steps >= 2 else CardKind.WHEN_TO_CALL
    if CardKind.WHEN_TO_CALL in told or _sends_for_help(low, tally):
        return CardKind.WHEN_TO_CALL
    if CardKind.WARNING in told or _is_forbidden_list(guide, cut, blocks, tally):
        return CardKind.WARNING
    if _is_milestone(guide, cut, low, headings, told):
        return CardKind.MILESTONE
    amounts = _count_amounts(low)
    if amounts >= 4 or (amounts >= 2 and (CardKind.AMOUNTS in told or _DOSE.search(low))):
        return CardKind.AMOUNTS
    rows = sum(block.kind is BlockKind.TABLE_ROW for block in blocks)
    if rows * 2 >= len(blocks):
        return CardKind.AMOUNTS if amounts > rows else CardKind.FACT
    forbids = tally.forbids + tally.opens_forbidding
    if forbids * 2 >= tally.sentences and forbids >= tally.bids:
        return CardKind.WARNING
    bids = tally.bids + tally.forbids
    if (
        (steps >= 2 and steps * 2 >= len(blocks))
        or bids * 2 >= tally.sentences
        or (bids and ":\n" in low and _BIDDING_LEAD.search(low))
    ):
        return CardKind.HOW_TO
    if amounts >= 2 and amounts * 2 >= tally.sentences:
        return CardKind.AMOUNTS
    likely = CardKind.HOW_TO in told and bids * 3 >= tally.sentences
    return CardKind.HOW_TO if likely else CardKind.FACT


def _is_emergency(low: str) -> bool:
    return (
        any(word in low for word in _EMERGENCY_WORDS)
        and any(verb in low for verb in _EMERGENCY_VERBS)
        and _EMERGENCY.search(low) is not None
    )


def _is_forbidden_list(guide: Guide, cut: Cut, blocks: Sequence[Block], tally: Tally) -> bool:
    """Whether most of the card is a list of what the headings above it tell to keep from a child:
    the items themselves may be nothing but names of foods.
    """
    items = sum(block.kind in {BlockKind.LIST_ITEM, BlockKind.TABLE_ROW} for block in blocks)
    if items * 2 < len(blocks) or tally.bids * 2 > tally.sentences:
        return False
    return any(_is_forbidding(guide.blocks[index].text) for index in cut.path[-3:])


@lru_cache(maxsize=1024)
def _is_forbidding(heading: str) -> bool:
    return _FORBIDDEN_LIST.search(heading.lower()) is not None


def _kind_of_box(blocks: Sequence[Block]) -> CardKind | None:
    whole = sum(len(block.text) for block in blocks)
    for box, kind in (
        (CalloutKind.WHEN_TO_CALL, CardKind.WHEN_TO_CALL),
        (CalloutKind.WARNING, CardKind.WARNING),
    ):
        if 2 * sum(len(block.text) for block in blocks if block.callout is box) > whole:
            return kind
    return None


def tally_of(low: str, lang: str, headings: Set[str] = frozenset()) -> Tally:
    """Sentences of a card in small letters: all, those that bid, those that forbid. A list item
    counts as one, by its first sentence. headings: lines that are none.
    """
    count = bids = forbids = 0
    is_bid = _BID_ZH.search if is_chinese(lang) else _bids
    shortest = 4 if is_chinese(lang) else 9
    first_forbids = telling = False
    for line in low.split("\n"):
        if line in headings:
            continue
        is_item = line.startswith("- ") or _MARK.match(line).end() > 0  # type: ignore[union-attr]
        telling = telling and is_item
        for place, said in enumerate(_SENTENCE_END.split(line)):
            if len(said) < shortest or (is_item and place and count):
                continue
            count += 1
            if _forbids(said):
                forbids += 1
                first_forbids = first_forbids or count == 1
            elif is_bid(said) and not (telling and is_item):
                bids += 1
        if line.endswith((":", "：")):
            telling = _TELLING_LEAD.search(line) is not None
    return Tally(max(1, count), bids, forbids, first_forbids)


def _forbids(said: str) -> bool:
    for word in _NOT_WORDS:
        if word in said:
            return _NOT.search(said) is not None and _NOT_YOU.search(said) is None
    return False


def _bids(said: str) -> bool:
    """Whether an English sentence tells the reader to do something."""
    start = said[_MARK.match(said).end() :]  # type: ignore[union-attr]
    if _opens_bidding(start):
        return True
    label = _LABEL.match(start)
    if label and _opens_bidding(start[label.end() :]):
        return True
    first = start.split(" ", 1)[0].rstrip(",")
    return first in _OPENING and any(
        _opens_bidding(part.lstrip()) for part in start[:200].split(",")[1:4]
    )


def _opens_bidding(part: str) -> bool:
    words = part.split(" ", 2)
    first = words[0].strip("\"'“”(")
    if (first in _OPENING or first.endswith("ly")) and len(words) > 1:
        return words[1] in _BIDDING
    return first in _BIDDING or _YOU.match(part) is not None


def _sends_for_help(low: str, tally: Tally) -> bool:
    lines = low.split("\n")
    if any(line.endswith((":", "：")) and _CALL_LEAD.search(line[-300:]) for line in lines[:3]):
        return True
    calls = _find_calls(low)
    return bool(calls) and (calls[0] < 8 or len(calls) * 3 >= tally.sentences)


def _find_calls(low: str) -> list[int]:
    """Where the reader is sent for help, in order."""
    found: list[int] = []
    for opening in _CALL_OPENINGS if low.isascii() else (*_CALL_OPENINGS, *_CALL_OPENINGS_ZH):
        at = low.find(opening)
        while at >= 0:
            if _CALL.match(low, at):
                found.append(at)
            at = low.find(opening, at + 1)
    return sorted(found)


def _count_amounts(low: str) -> int:
    """How many portions, doses, times and the like a text names."""
    found = len(_AMOUNT.findall(low)) if _DIGIT.search(low) else 0
    if "every " in low or "每" in low:
        found += len(_INTERVAL.findall(low))
    if any(word in low for word in _VESSELS):
        found += len(_AMOUNT_WORDS.findall(low))
    return found


def _is_milestone(
    guide: Guide, cut: Cut, low: str, headings: str, told: frozenset[CardKind]
) -> bool:
    above = guide.blocks[cut.path[-2]].text if len(cut.path) > 1 else ""
    if CardKind.MILESTONE in told or _MILESTONE_HEADING.search(above.lower()):
        return True
    aged = any(AGE_HEADING.fullmatch(line.strip()) for line in headings.split("\n"))
    if aged and _MILESTONE_HEADING.search(guide.title.lower()):
        return True
    is_dated = any(unit in low for unit in _AGE_UNITS) and _DIGIT.search(low) is not None
    return is_dated and len(_MILESTONE.findall(low)) >= 2


@lru_cache(maxsize=1024)
def _kinds_of_headings(headings: str) -> frozenset[CardKind]:
    """What the headings of a card, in small letters, announce."""
    patterns = (
        (CardKind.WHEN_TO_CALL, _CALL),
        (CardKind.WARNING, _WARN_HEADING),
        (CardKind.AMOUNTS, _AMOUNT_HEADING),
        (CardKind.MILESTONE, _MILESTONE_HEADING),
        (CardKind.HOW_TO, _HOW),
    )
    return frozenset(kind for kind, pattern in patterns if pattern.search(headings))
