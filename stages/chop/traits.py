"""What a card says of itself: its kind, and the audience stages its text names."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from functools import lru_cache

from stages.chop.pack import Cut
from stages.types import Block, BlockKind, CalloutKind, CardKind, Guide

_CALL = re.compile(
    r"\b(?:when|who|where) to (?:call|get help|seek|ask for help|see a|contact|go to)"
    r"|\b(?:call|ring|dial) (?:911|999|112|000|111|your (?:doctor|midwife|gp|paediatrician|"
    r"pediatrician|health visitor|nurse))|\bget (?:medical |urgent |emergency )?help\b"
    r"|\b(?:urgent|emergency|immediate) (?:help|advice|care|medical|appointment)"
    r"|\b(?:see|speak to|talk to|contact|phone|tell) (?:a|an|your|the) (?:doctor|nurse|midwife|gp|"
    r"health visitor|pharmacist|paediatrician|pediatrician)\b.{0,12}(?:now|if|straight|when|$)"
    r"|\bseek (?:medical|urgent|emergency|immediate)|\bgo to (?:a&e|the emergency)"
    r"|(?:何时|何時|什么时候|什麼時候|哪些情况|哪些情況).{0,6}(?:就医|就醫|看医生|看醫生|求助|去医院|去醫院)"
    r"|(?:立即|马上|馬上|及时|及時|尽快|盡快|紧急|緊急)(?:就医|就醫|送医|送醫|求助|拨打|撥打)|就医信号|就醫訊號",
)
_WARN = re.compile(
    r"\b(?:warnings?|danger(?:s|ous)?|caution|never|do not|don['’]t|avoid|risks?|hazards?|unsafe|"
    r"not safe)\b|警告|注意事项|注意事項|危险|危險|禁忌|切勿|不要|禁止|避免|风险|風險"
    r"|不能吃|不可以|忌口|忌食",
)
_WARN_HEADING = re.compile(
    r"\b(?:warnings?|danger(?:s|ous)?|caution|never|do not|don['’]?ts?|avoid|hazards?|unsafe|"
    r"not (?:safe|to)|limit)\b|警告|危险|危險|禁忌|切勿|不要|禁止|避免|不能|不可|不宜|少吃",
)
_HOW = re.compile(
    r"^(?:how to|how (?:do|can|should) (?:i|you|we)(?! (?:know|tell))|steps? |making|preparing|"
    r"cleaning|giving|changing)\b"
    r"|\bstep[- ]by[- ]step\b|(?:方法|步骤|步驟|怎么|怎麼|怎样|怎樣|如何)",
)
_MILESTONE = re.compile(
    r"\bmilestones?\b|\bdevelopment(?:al)?\b|\b(?:by|at|around) \d+ (?:weeks|months|years)\b.{0,40}"
    r"\b(?:can|may|will|should|most|many)\b|里程碑|发育|發育|大运动|大運動|精细动作|精細動作",
)
_AMOUNT = re.compile(
    r"\d[\d.,/–-]*\s?(?:ml|millilit(?:er|re)s?|g|grams?|mg|milligrams?|mcg|µg|micrograms?|iu|oz|"
    r"ounces?|cups?|pints?|tbsp|tsp|tablespoons?|teaspoons?|servings?|portions?|kcal|calories|kg)\b"
    r"|\d[\d.,/–-]*\s?(?:毫升|克|毫克|微克|公克|千卡|大卡|勺|匙|杯|份|国际单位|國際單位)",
)
_AMOUNT_HEADING = re.compile(
    r"\bhow much\b|\bamounts?\b|\bdos(?:e|es|age)\b|\brecipes?\b|\bingredients\b|\bservings?\b"
    r"|用量|剂量|劑量|食谱|食譜|奶量|多少|份量",
)


# Each pattern needs one of its words: plain substring search rules most texts out, much faster.
_CALL_WORDS = (
    "call help seek emergency urgent immediate contact doctor nurse midwife gp visitor pharmacist "
    "diatrician dial ring 就 求助 看医 看醫 去医 去醫 送 拨 撥"
).split()
_WARN_WORDS = (
    *"warning danger caution never don't don’t avoid risk hazard unsafe".split(),
    *"警告 注意事 危险 危險 禁 切勿 不要 避免 风险 風險 不能吃 不可以 忌".split(),
    "do not",
    "not safe",
)


_CALL_LEAD = re.compile(
    r"\b(?:call|see|contact|ring|tell|talk to|speak to) (?:a|an|your|the) (?:[a-z]+ )?(?:doctor|"
    r"nurse|midwife|gp|health visitor|paediatrician|pediatrician)\b[^.!?]{0,80}:$"
    r"|(?:就医|就醫|看医生|看醫生|去医院|去醫院|急诊|急診)[^。！？]{0,20}[:：]$"
)


def _leads_to_call(line: str) -> bool:
    """Whether a line introduces the list of when to call: `Call your doctor if you have:`."""
    return line.endswith((":", "：")) and _CALL_LEAD.search(line[-300:]) is not None


def _has_any(text: str, words: Sequence[str]) -> bool:
    return any(word in text for word in words)


def _length(block: Block) -> int:
    return len(block.text)


def kind_of(guide: Guide, cut: Cut, text: str) -> CardKind:
    """The card's kind: call-out boxes first, then headings, then what the text is made of."""
    blocks = [guide.blocks[piece.block] for piece in cut.pieces]
    for box, kind in (
        (CalloutKind.WHEN_TO_CALL, CardKind.WHEN_TO_CALL),
        (CalloutKind.WARNING, CardKind.WARNING),
    ):
        if 2 * sum(len(b.text) for b in blocks if b.callout is box) > sum(map(_length, blocks)):
            return kind
    inside = [block.text for block in blocks if block.kind is BlockKind.HEADING]
    headings = "\n".join([*(guide.blocks[index].text for index in cut.path[-1:]), *inside]).lower()
    low = text.lower()
    call = _CALL.search(low[:160]) if _has_any(low[:160], _CALL_WORDS) else None
    told = _kinds_of_headings(headings)
    if CardKind.WHEN_TO_CALL in told:
        return CardKind.WHEN_TO_CALL
    if call and (call.start() < 8 or len(_CALL.findall(low)) > 1):
        return CardKind.WHEN_TO_CALL
    if any(_leads_to_call(line) for line in low.split("\n")[:3]):
        return CardKind.WHEN_TO_CALL
    if CardKind.WARNING in told:
        return CardKind.WARNING
    steps = sum(1 for block in blocks if block.marker and block.kind is BlockKind.LIST_ITEM)
    if steps >= 2 and steps * 2 >= len(blocks):
        return CardKind.HOW_TO
    amounts = len(_AMOUNT.findall(low)) if _DIGIT.search(low) else 0
    if amounts >= 4 or (amounts >= 2 and CardKind.AMOUNTS in told):
        return CardKind.AMOUNTS
    aged = any(_AGE_HEADING.fullmatch(heading.strip()) for heading in headings.split("\n"))
    if CardKind.MILESTONE in told or (aged and _MILESTONE.search(guide.title.lower())):
        return CardKind.MILESTONE
    if sum(map(low.count, _WARN_WORDS)) >= 4 and len(_WARN.findall(low)) >= 4:
        return CardKind.WARNING
    return CardKind.HOW_TO if CardKind.HOW_TO in told else CardKind.FACT


@lru_cache(maxsize=1024)
def _kinds_of_headings(headings: str) -> frozenset[CardKind]:
    """What the headings of a card, in small letters, announce."""
    patterns = (
        (CardKind.WHEN_TO_CALL, _CALL),
        (CardKind.WARNING, _WARN_HEADING),
        (CardKind.AMOUNTS, _AMOUNT_HEADING),
        (CardKind.MILESTONE, _MILESTONE),
        (CardKind.HOW_TO, _HOW),
    )
    return frozenset(kind for kind, pattern in patterns if pattern.search(headings))


# --- stages ----------------------------------------------------------------------------------

_BANDS = (("0-3m", 0, 3), ("3-6m", 3, 6), ("6-12m", 6, 12), ("12-24m", 12, 24), ("2-4y", 24, 48))
STAGES = ("T1", "T2", "T3", *(band[0] for band in _BANDS))

_TRIMESTERS = (
    ("T1", re.compile(
        r"\b(?:first|1st) trimester\b|\bearly pregnancy\b|孕早期|[懷怀]孕(?:早期|初期)|孕初期", re.I
    )),
    ("T2", re.compile(
        r"\b(?:second|2nd) trimester\b|\bmid-pregnancy\b|孕中期|[懷怀]孕中期", re.I
    )),
    ("T3", re.compile(
        r"\b(?:third|3rd) trimester\b|\blate pregnancy\b|孕晚期|[懷怀]孕(?:晚期|後期|后期)", re.I
    )),
)  # fmt: skip
_PREGNANCY_WEEK = re.compile(
    r"\b(?:week|weeks) (?:of )?(\d{1,2})(?: (?:to|and) (\d{1,2}))?(?: of pregnancy| pregnant)"
    r"|\b(\d{1,2})(?:st|nd|rd|th)? weeks? (?:of pregnancy|pregnant)|孕(?:期)?第?(\d{1,2})[周週]",
    re.IGNORECASE,
)
_NEWBORN = re.compile(r"\bnew-?borns?\b|新生[儿兒]", re.IGNORECASE)
_UNIT = {"d": 1 / 30, "w": 1 / 4.345, "m": 1.0, "y": 12.0}
_AGE_EN = re.compile(
    r"(?P<low>\d{1,2})(?:\s?(?:to|-|–|and)\s?(?P<high>\d{1,2}))?[\s-](?P<unit>day|week|month|year)s?"
    r"(?P<post>[\s-](?:old|of age|olds)\b)?",
    re.IGNORECASE,
)
_BEFORE_AGE = re.compile(
    r"\b(?:aged|ages?|under|over|below|younger than|older than|by|from|until|at|about|"
    r"around|first|between|birth to|than)\s+(?:the age of\s+|about\s+|around\s+)?$",
    re.IGNORECASE,
)
_AGE_UNIT = re.compile(r"day|week|month|year", re.IGNORECASE)
_AGE_ZH = re.compile(
    r"(?P<pre>满|滿|未满|未滿|不到|小于|小於|大于|大於)?(?P<low>\d{1,2})(?:\s?[-–~～至到]\s?(?P<high>\d{1,2}))?\s?"
    r"(?P<unit>个月|個月|月龄|月齡|月大|周岁|週歲|岁|歲|天|周|週)"
    r"(?P<post>龄|齡|大|以下|以上|以内|以內|以前|以后|以後|之前|之后|之後|前|后|後|起|的?(?:宝宝|寶寶|婴儿|嬰兒|孩子|幼儿|幼兒))?"
)
_DIGIT = re.compile(r"\d")
_SENTENCE = re.compile(r"(?:[^.!?。！？\n]+|\.(?=\d))+")
_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty twenty-one twenty-two twenty-three twenty-four"
).split()
_AGE_HEADING = re.compile(
    rf"(?:at )?(\d{{1,2}}|{'|'.join(reversed(_NUMBERS))}) (weeks?|months?|years?)(?: old)?",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"under|below|younger|first|until|birth|未满|未滿|不到|小于|小於|以下|以内|以內|以前|之前|前"
)
_ABOVE = re.compile(r"over|older|from|以上|以后|以後|之后|之後|起|后|後|大于|大於")
_CHILD = re.compile(
    r"\b(?:bab(?:y|ies)|infants?|child(?:ren)?|toddlers?|newborns?|kids?|boys?|girls?|old)\b"
    r"|宝宝|寶寶|婴|嬰|孩子|儿童|兒童|幼儿|幼兒",
    re.IGNORECASE,
)


def stages_of(text: str, breadcrumbs: Sequence[str]) -> tuple[str, ...]:
    """Audience stages named in the text; else in the nearest heading that names one; else none."""
    found: Set[str] = _named(text)
    for heading in reversed(breadcrumbs):
        found = found or _named_in_heading(heading)
    return tuple(stage for stage in STAGES if stage in found) if found else ()


@lru_cache(maxsize=1024)
def _named_in_heading(heading: str) -> frozenset[str]:
    return frozenset(_named(_with_digits(heading)))


def _named(text: str) -> set[str]:
    # Plain substring and digit tests first: most texts name no stage, and `re` takes its time.
    found: set[str] = set()
    low = text.lower()
    has_digit = _DIGIT.search(text) is not None
    if "trimester" in low or "pregnan" in low or "孕" in low:
        found = {stage for stage, pattern in _TRIMESTERS if pattern.search(text)}
        for match in _PREGNANCY_WEEK.finditer(text) if has_digit else ():
            for week in (int(number) for number in match.groups() if number):
                found.add("T1" if week <= 12 else "T2" if week <= 27 else "T3")
    if ("born" in low or "新生" in low) and _NEWBORN.search(text):
        found.add("0-3m")
    if has_digit:
        for part in _SENTENCE.findall(text):
            if _DIGIT.search(part):
                found |= _aged(part)
    return found


def _with_digits(heading: str) -> str:
    """A heading that is nothing but an age (`Six months`) as one that says so in digits."""
    match = _AGE_HEADING.fullmatch(heading.strip())
    if match is None:
        return heading
    number = match[1].lower()
    digits = number if number.isdigit() else str(_NUMBERS.index(number) + 1)
    return f"{digits} {match[2]} old"


def _aged(text: str) -> set[str]:
    """The age bands one sentence or line names."""
    found: set[str] = set()
    child = _CHILD.search(text) is not None
    for match in _AGE_EN.finditer(text) if _AGE_UNIT.search(text) else ():
        before = text[max(0, match.start() - 40) : match.start()]
        if before[-1:].isalnum():
            continue
        pre = _BEFORE_AGE.search(before)
        # A bare `3 months` is more often a duration than an age, and the age may be the mother's
        # time since birth: a child has to be named, or the line has to start with it.
        told = child or not text[: match.start() - len(pre[0] if pre else "")].strip(" -")
        aged = pre and match["unit"].lower() in {"month", "year"} and told
        if match["post"] or aged:
            found |= _bands(match, match["unit"][0].lower(), pre[0] if pre else "")
    if not child:
        return found
    for match in _AGE_ZH.finditer(text):
        unit = {"个": "m", "個": "m", "月": "m", "天": "d"}.get(match["unit"][0], "y")
        if match["unit"] in {"周", "週"}:
            unit = "w"
        aged = match["unit"] not in {"个月", "個月", "天", "周", "週"}
        if aged or match["post"] or match["pre"]:
            found |= _bands(match, unit, match["pre"] or "")
    return found


def _bands(match: re.Match[str], unit: str, pre: str) -> set[str]:
    """The age bands a named age or range touches; `over 6 months` is read as the band it starts."""
    low = int(match["low"]) * _UNIT[unit]
    context = f"{pre}{match['post'] or ''}"
    before = match.string[max(0, match.start() - 40) : match.start()].lower()
    if "until" in before.rsplit(".", 1)[-1] or before.endswith("直到"):
        context += "until"
    if match["high"]:
        high = int(match["high"]) * _UNIT[unit]
    elif _BELOW.search(context.lower()):
        low, high = 0.0, low
    elif _ABOVE.search(context.lower()):
        high = low + 0.1
    else:
        high = low + 0.1
    return {name for name, start, end in _BANDS if start < high and low < end}
