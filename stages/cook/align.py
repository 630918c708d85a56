"""Which card sentence a draft sentence comes from when it carries no ids: shared content words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

_WORD = re.compile(r"[a-z][a-z'’]+|\d+(?:\.\d+)?")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")


def words(text: str) -> frozenset[str]:
    """The words of a list written as one string."""
    return frozenset(text.split())


_STOP = words(
    "a an and are as at be been being but by can could did do does doing don don't for from "
    "get gets had has have he her hers him his how i if in into is isn't it its just keep let "
    "like may me might more most much my no not of off on once only or our out over own she "
    "should so some such than that the their them then there these they this those to too "
    "under up us use used using very was we well were what when where which while who why "
    "will with would you your yours child baby babies children infant infants kid kids little "
    "one toddler never always avoid unless before after until least about any all also "
    "because during each every other own "
)
_STOP_ZH = words(
    "宝宝 孩子 婴儿 可以 应该 一个 不要 不能 如果 以及 或者 时候 就是 这个 一些 需要 建议 进行 "
    "您的 你的 我们 他们 没有 不是 的时 时应 应立 的宝 儿童 家长"
)

# Characters that carry no meaning of their own there.
_STOP_SIGNS = frozenset(
    "的了是在有和也都就要会能不没把被给让到从对与及或等着过吧吗呢啊呀啦哦这那哪个些只再又还很更最太可以应该须"
    "需请用时后前中里上下内外为于而且但则即若如果因所之其者您你我他她它们宝婴儿孩娃子家妈爸一二两三四五六七八九"
    "十几多少大小每次各别勿忌禁无未非"
)


def is_stop(word: str, language: str) -> bool:
    """Whether a word carries no meaning of its own in a parents' guide."""
    if language == "zh":
        return word in _STOP_ZH or word in _STOP_SIGNS
    return word in _STOP


# Lay words and clinical words for the same thing, so that a rewrite still meets its source.
_SYNONYMS = {
    "poo": "stool", "poop": "stool", "faece": "stool", "wee": "urine", "pee": "urine",
    "temp": "fever", "temperature": "fever", "febrile": "fever", "diaper": "nappy",
    "breastmilk": "milk", "crib": "cot", "bassinet": "cot", "phone": "call", "ring": "call",
    "contact": "call", "physician": "doctor", "gp": "doctor", "paediatrician": "doctor",
    "pediatrician": "doctor", "sick": "ill", "unwell": "ill", "illness": "ill",
    "vomit": "vomiting", "drowsy": "sleepy", "drowsiness": "sleepy", "rouse": "wake",
    "neonatal": "newborn", "neonate": "newborn", "belly": "abdomen", "tummy": "abdomen",
    "womb": "uterus", "gestation": "pregnancy", "pregnant": "pregnancy", "maternal": "mother",
    "mom": "mother", "mum": "mother", "mama": "mother", "harm": "hurt", "injury": "hurt",
    "milliliter": "ml", "acetaminophen": "paracetamol", "hospital": "emergency",
    "choke": "choking", "suffocation": "suffocate", "sids": "death", "fatal": "death",
    "die": "death", "bleed": "bleeding", "sanitizing": "sterilise", "sterilize": "sterilise",
    "colour": "color", "breathless": "breathing", "breathe": "breathing", "breath": "breathing",
    "wheeze": "breathing", "jab": "vaccine", "vaccination": "vaccine", "shot": "vaccine",
    "suicidal": "harming", "seizure": "fit", "convulsion": "fit", "rashes": "rash",
    "swollen": "swelling", "ache": "pain", "painful": "pain", "hurting": "pain", "sore": "pain",
    "dehydrated": "dehydration", "weak": "weakness",
}  # fmt: skip


def stem(word: str) -> str:
    """A crude English stem: plural, -ing, -ed and -ly endings off, lay words made one."""
    word = word.replace("’", "'").removesuffix("'s")
    if word in _SYNONYMS:
        return _SYNONYMS[word]
    for ending in ("ingly", "edly", "ing", "ies", "ed", "es", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            break
    if len(word) > 4 and word.endswith("e"):
        word = word[:-1]
    return _SYNONYMS.get(word, word)


@lru_cache(maxsize=2048)
def content_tokens(text: str, language: str) -> frozenset[str]:
    """The tokens that carry meaning: stems in English, pairs of Han characters in Chinese.

    Remembered, because a card is compared with each of its drafts.
    """
    lower = text.lower()
    words = {stem(w) for w in _WORD.findall(lower) if w not in _STOP and not w[0].isdigit()}
    if language == "zh":
        pairs = {run[n : n + 2] for run in _HAN_RUN.findall(text) for n in range(len(run) - 1)}
        words |= pairs - _STOP_ZH
    return frozenset(words)


def coverage(part: frozenset[str], whole: frozenset[str]) -> float:
    """Share of part's tokens that stand in whole, 0..1; 1 for an empty part."""
    return len(part & whole) / len(part) if part else 1.0


def best_match(tokens: frozenset[str], others: Sequence[frozenset[str]]) -> tuple[int, float]:
    """Index and score (Dice, 0..1) of the most alike token set; (-1, 0.0) when none shares any."""
    best, best_score = -1, 0.0
    for n, other in enumerate(others):
        shared = len(tokens & other)
        if not shared:
            continue
        score = 2 * shared / (len(tokens) + len(other))
        if score > best_score:
            best, best_score = n, score
    return best, best_score


def union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """All tokens of several sets."""
    return frozenset().union(*sets)
