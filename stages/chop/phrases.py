"""What a card is about in a few of its own words: topics, never a claim cut short.

A sentence may be a title as a whole or not at all: `Do not give it to a baby under 3 months` says
more than its source when `unless a doctor says so` is cut off. A subject (`Nut butters`), a
condition (`If your baby is ill`) or a key term says no more than what the card is about.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from functools import lru_cache

from stages.chop.openers import is_dangling, is_prohibition
from stages.text import is_chinese

MAX_TOPIC_WORDS = 6
MAX_TOPIC_HAN = 12
_LOOK_CHARS = 1500
"""A card is shorter; what is longer (rows of hostile pages) is not read to its end."""

_VERBS = frozenset(
    "is are was were am can could may might should must will would shall has have had do does did "
    "helps needs need includes include causes cause makes contains contain means seems seem "
    "becomes become happens happen occurs occur starts begins comes goes says works provides "
    "provide requires require affects affect allows gives takes came went became gets usually "
    "isn't aren't can't don't doesn't won't wasn't weren't cannot shouldn't recommends recommend "
    "suggest suggests show shows range ranges vary varies depends depend".split()
)
_ADVERBS = frozenset(
    "also usually often sometimes generally then now still only just never rarely always typically "
    "normally probably possibly commonly and or but both all each".split()
)
_DETERMINERS = frozenset(
    "a an the your some many most all any these those this that every each other another one two "
    "several both our their his her its my".split()
)
_RELATIVES = frozenset(
    "that who which when if because where while whether although though since as how why what "
    "unless until so than to not no never without".split()
)
_STOP = frozenset(
    "a about above across actually after again against all almost along already also although "
    "always am among an and another any anyone anything are around as ask at available away back "
    "bad be became because become been before being below best better between big both bring but "
    "by call came can cannot cause caused causes certain change changes check choose come comes "
    "common complete contact could day days depending did different difficult do does doing done "
    "down due during each early easier easy either else end enough especially etc even ever every "
    "everyone everything example extra far feel few find first follow for found from full get gets "
    "getting give given gives giving go goes going good got great had happen happens hard has have "
    "having he help helping helps her here high him his hold how however i if important in include "
    "included includes including instead into is isn it its just keep keeping kind know known "
    "large last later learn least less let like likely list little long look looking lot lots low "
    "made main make makes making many may maybe mean means might more most much must my near need "
    "needed needs never new next no non not nothing now of off offer often ok old on once one ones "
    "only open or order other others our out over own part people per perhaps place possible "
    "provide put quite rather read ready really right said same say says see seem several she "
    "short should show since small so some someone something sometimes soon start starts stay "
    "still stop such sure take taken takes taking talk tell than that the their them then there "
    "these they thing things think this those though through time times to together too took "
    "toward towards try trying turn two type types under unless until up upon us use used uses "
    "useful using usually very via want wants was watch way ways we well went were what when "
    "whenever where whether which while who whole whose why will with within without work would "
    "year years yes yet you your yourself baby babies baby's child children child's woman women "
    "mother mothers parent parents person month months week weeks hour hours minute minutes "
    "doctor doctors three four five six seven eight nine ten half amount number usual normal "
    "common general specific various able allow allows based begin begins contain contains "
    "called eat eats drink drinks wash lies lie feed feeds ask asks prefer come coming tested "
    "seems add adds remove clean cover place wait leave leaves move moves turn turns carry hold "
    "prepare consider speak visit live lives born rare early late likely able fewer every whole "
    "depend depends experts recommend recommended recommends require requires develop happen "
    "increase increased reduce remember prevent avoid don't doesn't can't won't isn't aren't "
    "you're you'll you've it's they're that's there's we're i'm let's didn't wasn't".split()
)
_BEFORE_NOUN = frozenset(
    "a an the your of with for in on from any some no their by about his her its like as and or "
    "into between without such common called".split()
)
_BEFORE_VERB = frozenset("to you we they i can may should must will could might not who".split())
_WORD = re.compile(r"[^\W\d_][\w'’-]*|[^\w\s'’-]")
_CONDITION = re.compile(
    r"(?:if|when|before|after|during|while|once|until)\b[^,.;:?!()]{4,70}(?=,)", re.IGNORECASE
)
_LABEL = re.compile(r"([^.,;:!?]{2,60}?)(?:\s?:\s|\s[–—-]\s|\.\s(?=\S)|\s?\()")
_LABEL_ZH = re.compile(r"([^，。；！？：:、]{2,14})[：:]")
_CONDITION_ZH = re.compile(
    r"(?:如果|如|若|当|當|一旦)[^，。；！？：]{2,20}(?=，)|[^，。；！？：]{2,14}(?:时|時|的时候|的時候)(?=，)"
)
_LEANING_ZH = re.compile(
    r"(?:在|从|從|自|据|據|随着|隨著|由于|由於|为了|為了|根据|根據|通过|通過|虽|雖|尽管|儘管|因|即使|对于|對於|"
    r"关于|關於|首先|其次|最后|最後|总之|總之|除非|否则|否則|只有|才|至于|至於|到时候|到時候|无论|無論|言归正传|目前|作为|作為|后文|後文|上文|近日|近期|日前|有的?|还|還|也|就|都|又|再|才|更|让|讓|使|给|給|把|被|"
    r"我|你|您|他|她|它|我们|你们|大家|本)|.*(?:中|时|時|后|後|前|之际|的|下|了|着|著|是|为|為|和|与|與|以及|或|及|说|說|"
    r"认为|認為|表示|指出|介绍|介紹)$"
)
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_FUNCTION_ZH = re.compile(
    r"如果|因为|因為|所以|可以|应该|應該|需要|不要|不能|没有|沒有|就是|这个|這個|这些|這些|那些|一个|一個|一些|我们|我們|"
    r"他们|他們|你们|自己|什么|什麼|怎么|怎麼|时候|時候|以及|或者|而且|但是|然后|然後|非常|比较|比較|已经|已經|开始|開始|"
    r"进行|進行|通过|通過|由于|为了|為了|建议|建議|可能|一般|通常|同时|同時|宝宝|寶寶|孩子|每天|每次|左右|"
    r"[的了是在和与與及或把被对對向从從到就也都而但让讓使给給会會能要应應该該请請不没沒有这這那其之于於为為以等很更最再又还還"
    r"每个個几幾多少上下中里裡内內外后後前时時将將已所我你您他她它们們用着著过過来來去说說如若当當则則因且吗嗎呢吧啊"
    r"一二三四五六七八九十两兩月日天年周週岁歲次]"
)


def subject_of(sentence: str) -> str:
    """What an English sentence speaks of: the words before its first verb; '' when in doubt."""
    words = sentence[:160].replace("’", "'").split()[: MAX_TOPIC_WORDS + 3]
    for place, word in enumerate(words):
        plain = word.lower().strip("\"'“”(")
        if plain.rstrip(",.;:)") in _VERBS:
            return _trimmed(sentence.split()[:place])
        if plain in _RELATIVES or word[-1] in ",;:.?!)":
            return ""
    return ""


def _trimmed(words: Sequence[str]) -> str:
    words = list(words)
    while words and words[-1].lower() in _ADVERBS:
        words.pop()
    while words and words[0].lower() in _DETERMINERS:
        words.pop(0)
    says = [word for word in words if word.lower().strip("'’\"“”()") not in _STOP]
    if not says or len(words) > MAX_TOPIC_WORDS or words[-1].lower() in _STOP | _BEFORE_VERB:
        return ""
    return "" if words[0].lower() in _STOP else " ".join(words)


def condition_of(sentence: str, lang: str) -> str:
    """The opening `If your baby is ill` of a sentence, '' if it opens otherwise."""
    if is_chinese(lang):
        found = _CONDITION_ZH.match(sentence)
        return found.group() if found else ""
    found = _CONDITION.match(sentence)
    if not found:
        return ""
    words = found.group().split()
    says = any(word.lower().strip("'’") not in _STOP for word in words[1:])
    return found.group() if says and len(words) <= MAX_TOPIC_WORDS + 2 else ""


def label_of(line: str, lang: str) -> str:
    """`Iodine` of `Iodine: aim for 220 micrograms`, the term an item opens with; '' for none."""
    if is_chinese(lang):
        found = _LABEL_ZH.match(line)
        label = found[1].strip() if found else ""
        return "" if is_dangling(label) else label
    found = _LABEL.match(line[:90])
    if not found:
        return ""
    label, sign = found[1].strip(), line[found.end(1) :].lstrip()[:1]
    words = label.split()
    longest = {":": MAX_TOPIC_WORDS, ".": 3}.get(sign, 4)
    is_figure = sign == "(" and any(map(str.isdigit, label))  # `38 °C (100.4 °F) or higher`
    if is_figure or len(words) > longest or is_dangling(label):
        return ""
    return "" if all(word.lower().strip("'’") in _STOP for word in words) else label


def clause_of(sentence: str) -> str:
    """The first clause of a Chinese sentence that reads alone, denies nothing and names no figure;
    '' for none.
    """
    for clause in re.split(r"[，；：。！？]", sentence[:120])[:3]:
        clause = clause.strip(" “”\"'—")
        if 4 <= len(clause) <= MAX_TOPIC_HAN + 6 and not (
            _LEANING_ZH.match(clause)
            or is_dangling(clause)
            or is_prohibition(clause)
            or any(sign.isdigit() or sign in "（）()《“”" for sign in clause)
        ):
            return clause
    return ""


def key_terms(text: str, siblings: Sequence[str], known: str, room: int, lang: str) -> str:
    """The card's one or two most telling terms, in reading order, joined by `and`; '' for none.

    siblings: texts of the other cards of the section, which terms should set this one apart from.
    known: the heading, which need not be said again. room: words, or Han characters.
    """
    text = text[:_LOOK_CHARS]
    if is_chinese(lang):
        return _key_terms_zh(text, siblings, known, min(room, MAX_TOPIC_HAN))
    room = min(room, MAX_TOPIC_WORDS)
    scored = _scored(text, siblings, known.lower())
    best = {term: worth for term, worth in scored.items() if len(term.split()) <= room}
    if not best:
        return ""
    first, *rest = best
    used = set(first.lower().split())
    for term in rest[:2]:
        if best[term] < 0.6 * best[first]:
            break
        if not used & set(term.lower().split()) and len(f"{first} {term}".split()) < room:
            pair = sorted((first, term), key=text.find)
            return f"{pair[0]} and {pair[1]}"
    return first


def _scored(text: str, siblings: Sequence[str], known: str) -> dict[str, float]:
    """Terms of an English text with their worth, the most telling first."""
    cues: dict[str, float] = {}
    shown: dict[str, str] = {}
    for run, cue in _runs(text):
        term = " ".join(run)
        low = term.lower()
        cues[low] = max(cue, cues.get(low, 0.0))
        shown.setdefault(low, term)
    others = [other.lower() for other in siblings]
    low_text = text.lower()

    def score(low: str) -> float:
        words = low.split()
        elsewhere = sum(low in other for other in others) / max(1, len(others))
        said = sum(word.rstrip("s") in known for word in words) / len(words)
        often = min(3, low_text.count(low))
        return float(
            cues[low] * often**0.7 * len(words) ** 0.6 * (1 - 0.7 * elsewhere) * (1 - 0.7 * said)
        )

    worth = {low: score(low) for low in shown if " " in low or low_text.count(low) > 1}
    ranked = sorted(worth, key=lambda low: (-worth[low], low_text.find(low)))
    return {shown[low]: worth[low] for low in ranked[:6] if worth[low] > 0.3}


def _runs(text: str) -> Iterable[tuple[list[str], float]]:
    """Runs of up to four telling words, each with how much its surroundings speak for a noun."""
    for line in text.split("\n"):
        run: list[str] = []
        before = ""
        opening = True
        for word in [*_WORD.findall(line.replace("’", "'")), "."]:
            low = word.lower()
            if low[0].isalpha() and low not in _STOP and not low.endswith("ly") and len(low) > 2:
                run.append(word)
                continue
            if run:
                cue = 1.6 if before in _BEFORE_NOUN else 0.5 if before in _BEFORE_VERB else 1.0
                while run and len(run) > 1 and run[-1].lower().endswith(("ing", "ed")):
                    run.pop()
                yield run[-4:], 0.5 if opening and cue < 1.6 else cue
                opening = False
            run, before = [], low
            opening = word in ".!?" or (opening and word == "-")


def _key_terms_zh(text: str, siblings: Sequence[str], known: str, room: int) -> str:
    counts: Counter[str] = Counter()
    for run in _HAN_RUN.findall(text):
        counts.update(part for part in _FUNCTION_ZH.split(run) if 2 <= len(part) <= 6)
    if not counts:
        return ""

    def score(term: str) -> float:
        elsewhere = sum(term in other for other in siblings) / max(1, len(siblings))
        said = 0.3 if term in known else 1.0
        often = min(4, text.count(term))
        return float(often**0.8 * min(4, len(term)) * (1 - 0.7 * elsewhere) * said)

    often = [term for term in counts if text.count(term) > 1]
    best = sorted(often or counts, key=lambda term: (-score(term), text.find(term)))
    first = best[0]
    for term in best[1:3]:
        apart = term not in first and first not in term
        if apart and len(first) + len(term) + 1 <= room:
            pair = sorted((first, term), key=text.find)
            return f"{pair[0]}和{pair[1]}"
    return first if len(first) <= room else ""


@lru_cache(maxsize=2048)
def says_more(phrase: str, known: str, lang: str) -> bool:
    """Whether a phrase tells anything that the heading has not told."""
    if is_chinese(lang):
        return phrase not in known
    heard: Set[str] = set(known.lower().replace("’", "'").split())
    return any(word not in _STOP and word not in heard for word in _plain_words(phrase))


def _plain_words(phrase: str) -> list[str]:
    return [word.strip("\"'“”.,:;()?!") for word in phrase.lower().replace("’", "'").split()]
