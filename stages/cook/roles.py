"""What a sentence of a card asks of its reader: sentence typing, English and Chinese.

`tests/cases/sentence_roles.jsonl` holds labelled sentences; the test beside it states the share
that is typed right.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from stages.cook.facts import is_alarm

_I = re.IGNORECASE


class Role(StrEnum):
    """What a sentence asks of its reader."""

    FACT = "fact"
    DO = "do"
    DONT = "dont"
    RED_FLAG = "red_flag"
    ASK = "ask"


_VERBS = (
    "accept|add|aim|allow|always|apply|ask|attach|avoid|base|bathe|begin|boil|book|breastfeed|bring|brush|"
    "build|burp|buy|call|carry|change|check|choose|clean|clear|close|comb|consider|contact|cook|"
    "cool|count|cover|cuddle|cut|defrost|describe|discard|discuss|dress|drink|dry|eat|empty|"
    "encourage|ensure|expect|express|fasten|feed|fill|find|finish|fit|follow|freeze|gather|gently|get|give|"
    "go|hang|have|heat|help|hold|include|install|introduce|join|keep|kneel|know|label|lay|learn|"
    "leave|let|lie|lift|limit|line|listen|lock|look|lower|lubricate|make|massage|mash|measure|mix|"
    "moisten|mount|move|name|note|offer|open|pack|pat|pause|pay|peel|postpone|place|plan|play|point|pour|prepare|practise|"
    "practice|press|pull|pump|push|put|raise|reach|read|record|reduce|reheat|relax|remember|remove|"
    "repeat|replace|rest|rinse|rub|save|say|scrape|scrub|seek|serve|set|shake|share|show|sing|sip|sit|"
    "sleep|slice|slowly|smile|soak|speak|spend|spread|stand|start|stay|sterilise|sterilize|stir|"
    "stop|store|strap|stretch|supervise|support|swaddle|switch|take|talk|teach|tell|test|thaw|"
    "throw|tie|tilt|touch|trust|try|turn|use|visit|wait|wake|walk|warm|wash|watch|wean|wear|weigh|"
    "wipe|work|wrap|write"
)
# A word of the list that is a noun here: "Sleep is...", "Support works best".
_NOT_A_NOUN = (
    r"(?!(?:ing)?[ -](?:is|are|was|were|may|might|can|could|will|would|should|must|has|have|had|"
    r"does|do|works?|helps?|means?|tends?|often|usually|comes?|begins?|"
    r"and \w+ (?:is|are|can|may))\b)"
)
_IMPERATIVE = (
    r"(?:please |then |just |also |instead,? |first,? |gently |slowly )?"
    rf"(?:{_VERBS})\b{_NOT_A_NOUN}"
)
_DO_EN = (
    re.compile(rf"(?:try this: |tip: |yes[:,] )?{_IMPERATIVE}", _I),
    # "If she is awake, offer a feed." "To wake a sleepy baby, undress her."
    re.compile(
        r"(?:if|when|whenever|once|before|after|until|while|during|for|from|to|at|in|on|with|as|"
        rf"every|each|between)\b[^.;:?!]{{2,160}}, {_IMPERATIVE}",
        _I,
    ),
    # "For the first two days use a cold pack."
    re.compile(
        r"(?:for|during|in|within|from|after|before|at|until|every) [^,.;:?!]{2,40} "
        rf"(?:hours?|days?|weeks?|months?|night|bedtime|birth|feeds?|meals?) (?:{_VERBS}) "
        r"(?:a|an|the|your|her|his|their|them|only|no|it|up)\b",
        _I,
    ),
    # "Ongoing pain suggests a latch problem, so ask for help."
    re.compile(rf"[^?]{{0,300}}(?:; |, so )(?-i:(?:{_VERBS}))\b{_NOT_A_NOUN}", _I),
    re.compile(
        r"\b(?:you|your \w+|parents|mothers|women|(?:a|the|your) (?:baby|child|toddler)|babies|"
        r"children|everyone)(?: \w+)? (?:should|must|need to|needs to|ought to)\b(?! not| never)",
        _I,
    ),
    re.compile(
        r"\b(?:should|must)(?: (?:always|also|only|ideally|still|first))? be\b|"
        r"\b(?:should|must) "
        r"(?:always|sleep|have|get|use|take|keep|eat|drink|wear|stay|sit|fit|go)\b",
        _I,
    ),
    re.compile(
        r"\bit(?:['’]s| is) (?:best|important|safer|safest|better|a good idea|recommended|wise|"
        r"essential|helpful) (?:to|that)\b|\b(?:is|are) (?:recommended|advised)\b|\bmake sure\b",
        _I,
    ),
)
# A plain statement that only mentions what people need: not an order to the reader.
_NOT_DO_EN = re.compile(r"(?:most|many|some|few|all) (?:babies|children|women|mothers)\b", _I)

_DONT_EN = re.compile(
    r"(?:^|[,;:–—] |\b(?:but|and|please|so|or) )(?:- )?"
    r"(?:(?:do not|don['’]t)(?! (?:worry|hesitate|forget|panic|expect|give up|feel|mind|"
    r"be (?:afraid|shy|alarmed|surprised|discouraged)))|never|avoid|stop using)\b|"
    r"\b(?:should|must) (?:not|never|be avoided)\b|\b(?:shouldn|mustn)['’]t\b|"
    r"\b(?:is|are) (?:not (?:safe|recommended|suitable|advised|allowed)|unsafe)\b|"
    r"\bnot (?:before|under|until) \d|^not as |^(?:- )?no \w+|"
    r": (?:no|none|not|never)\b|\bit is not safe\b",
    _I,
)
# "They do not mean that"; "No. Large studies found no link"; "no longer".
_NOT_DONT_EN = re.compile(r"^no (?:one|longer|matter|need|doubt|wonder|evidence)\b|^no[.,]", _I)

_DO_ZH = re.compile(
    r"应该|應該|应当|應當|(?<![反适響响供对對相感效])[应應](?!用|答|对|對|激|急|变|變|酬|聘)|"
    r"(?<![不主需只重首紧緊])要(?![求是点點素紧緊害命么麼])(?![^，。；]{0,16}才会)|"
    r"(?<![不无無必])需(?![求]|要?\d)|至少等|开始(?=心肺|急救)|修平|擦干|擦乾|"
    r"必须|必須|[须須]要?(?!知)|务必|務必|记得|記得|请|請(?!求)|建议|建議|推荐|推薦|最好|尽量|盡量|"
    r"尽早|盡早|儘早|坚持|堅持|确保|確保|注意|保持|(?:^|[，；。：])(?:先|每次|每天|每日|每周|用|"
    r"把|将|將|让|讓|给|給|选|選|喂|餵|洗|擦|放|穿|剪|切|煮|盖|蓋|抱|拍|补|補|避开|开窗|開窗)"
)
_DONT_ZH = re.compile(
    "不要(?!担心|擔心|怕|忘|着急|著急|客气|客氣|灰心)|不可(?!避免|能|少|缺)|不得不?|切勿|请勿|請勿|勿|禁止|禁用|禁食|严禁|嚴禁|忌|"
    "(?<![特区區类類级級个個性识識分差])[别別](?!人|的|处|處|说|說|名|担心|擔心|怕|忘|着急|著急|急)|"
    "(?:绝对?|絕對?|千万|千萬)不能|"
    "(?<!哪些)(?<!什么)(?<!什麼)不能(?=[用吃喝喂餵给給放加把让讓和与與在超当當随隨自离離再塞])|"
    "不宜|不应|不應|避免(?!不)|不建议|不建議|不推荐|不推薦|不适合|不適合|"
    "不放|不盖|不蓋|不枕|不加|不喂|不给|不給|(?<!吃)不吃|(?<!喝)不喝|"
    "(?:^|[，,、])不[^，,、。]{1,5}[，,、]不"
)
_ASKS = re.compile(r"[?？][\"'”’)）」』]*\s*$")
_MARK = re.compile(
    r"\A\s*(?:[-•*]|[(（]?(?:\d{1,2}|[a-z])[.)）、])\s+|\A\s*(?:\d{1,2}|[一二三四五六七八九十]{1,3})[.、]"
)
_NAMED = re.compile(r"\A[^:.!?]{2,60}: (?=\w)")


@lru_cache(maxsize=2048)
def role_of(sentence: str, language: str) -> Role:
    """What a sentence asks of its reader; language is `en` or `zh`.

    A sentence that says when to get help is a red flag whatever else it says; one that forbids is
    a don't even when it also advises. `sentence` may carry its list marker.
    """
    text = _MARK.sub("", sentence.strip())
    if is_alarm(_AMOUNT.sub("", text), language) or _NO_WAITING.search(text):
        return Role.RED_FLAG
    if _ASKS.search(text):
        return Role.ASK
    return _role_zh(text) if language == "zh" else _role_en(text)


def _role_en(text: str) -> Role:
    if _DONT_EN.search(text) and not _NOT_DONT_EN.match(text):
        return Role.DONT
    # "Vitamin D: Take 10 micrograms a day": what follows the name counts too.
    after = _NAMED.sub("", text, count=1)
    if any(p.match(words) for words in (text, after) for p in _DO_EN[:3]):
        return Role.DO
    if not _NOT_DO_EN.match(text) and any(p.search(text) for p in _DO_EN[3:]):
        return Role.DO
    return Role.FACT


def _role_zh(text: str) -> Role:
    if _DONT_ZH.search(text):
        return Role.DONT
    return Role.DO if _DO_ZH.search(text) else Role.FACT


# The line above a list of signs.
_NO_WAITING = re.compile(r"(?:不要等|别等|別等|do not wait|don['’]t wait)[：:]\s*\Z", _I)
# 120 millilitres are not the number of the ambulance.
_AMOUNT = re.compile(
    r"(?:[\d.]+\s?(?:到|至|[-~–—～])\s?)1(?:1[12]|[12]0|19)(?!\d)|"
    r"(?<!\d)(?:1(?:1[12]|[12]0|19)|911|999)(?=\s?(?:到|至|[-~–—～]\s?\d|"
    r"毫|微|克|分|次|天|小时|小時|千|卡|公|厘|个|個|度|国际|ml|mg|g\b|kcal|cal|minutes?|days?|"
    r"micrograms?|beats|mmHg))",
    _I,
)
_CLAUSE_END = re.compile(r"[,;:.，；：。]")


def is_leading_dont(sentence: str, language: str) -> bool:
    """Whether the first clause of a sentence already forbids: "Formula should never be frozen"."""
    text = _MARK.sub("", sentence.strip())
    end = _CLAUSE_END.search(text)
    head = text[: end.start()] if end else text
    if language == "zh":
        return bool(_DONT_ZH.search(head))
    found = _DONT_EN.search(head)
    # "Check the date and do not buy dented tins" begins with what to do.
    return found is not None and (found.start() == 0 or not _DO_EN[0].match(head))
