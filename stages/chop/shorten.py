"""Headings and sentences cut to the length of a title."""

from __future__ import annotations

import re
from functools import lru_cache

from stages.chop.openers import is_prohibition
from stages.text import collapse, count_words, is_chinese

MAX_TITLE_WORDS = 12
MAX_TITLE_HAN = 24

_CLAUSE_END = re.compile(r"[,;:(–—，；：（。、？！]|\s-\s|[.?!](?=\s|$)")
_ASKED = re.compile(r"[,;:(–—]|\s-\s|\s(?=(?:for|while|when|if|during|before|after|because)\s)")
_BREAK = re.compile(
    r"[,;:(–—]|\s-\s|\s(?=(?:for|while|when|if|with|to|during|before|after|from|in|on|at|and|or|"
    r"that|which|because|without|between|by)\s)"
)
_BREAK_ZH = re.compile(r"[，；：（—。、？！ ]")
TRAILING = frozenset(
    "a an the of to and or but in on at by for with from as if when than that which who is "
    "are was be can may should must will do does not no your their his her its this these so "
    "because until before after under over about between into per up only also or very more "
    "most any some each you they it we i has have had such while where".split()
)


@lru_cache(maxsize=1024)
def clean_heading(text: str) -> str:
    """A heading without anchor signs and closing colons."""
    return collapse(text).strip(" #¶§").rstrip(":： .")


def fit_heading(text: str, limit: int, lang: str) -> str:
    """A heading cut to limit where it stays a topic: at a clause, or before `for`, `while` and the
    like; one that denies something is cut only with an ellipsis.
    """
    if title_size(text, lang) <= limit:
        return text
    mark = text[-1] if text[-1:] in "?？" else ""
    if not is_prohibition(text):
        breaks = _BREAK_ZH if is_chinese(lang) else _ASKED if mark else _BREAK
        for match in reversed(list(breaks.finditer(text))):
            head = close_pairs(text[: match.start()].rstrip(" ,;:–—-，；：、") + mark)
            last = head.rstrip("?").rpartition(" ")[2].lower()
            if max(3, limit // 4) <= title_size(head, lang) <= limit and last not in TRAILING:
                return head
    return shorten(text, limit, lang)


def shorten(text: str, limit: int, lang: str) -> str:
    """text cut to limit at a clause if one ends in time, else at a word, with an ellipsis.

    A bracket or quotation that the cut leaves open goes, with what is in it where enough is left.
    """
    return close_pairs(_shorten(collapse(text), limit, lang))


_PAIRS = {")": "(", "]": "[", "）": "（", "】": "【", "」": "「", "』": "『", "》": "《", "”": "“"}
_OPENERS = frozenset(_PAIRS.values())


def close_pairs(title: str) -> str:
    """The title without a bracket or quotation mark that nothing closes, or that closes nothing."""
    cut = title.endswith("…")
    open_at: list[int] = []
    for place, sign in enumerate(title):
        if sign in _OPENERS:
            open_at.append(place)
        elif sign in _PAIRS:
            if open_at and title[open_at[-1]] == _PAIRS[sign]:
                open_at.pop()
            else:
                return close_pairs(title[:place] + title[place + 1 :])
    if not open_at and title.count('"') % 2:
        open_at.append(title.rindex('"'))
    if not open_at:
        return title
    place = open_at[-1]
    head = title[:place].rstrip(" ,;:–—-，；：、")
    if len(head) * 2 < len(title):  # most of the title stands inside: only the sign goes
        return close_pairs(title[:place] + title[place + 1 :])
    return close_pairs(f"{head}…" if cut and not head.endswith("…") else head)


def _shorten(text: str, limit: int, lang: str) -> str:
    if title_size(text, lang) <= limit:
        return text
    for match in reversed(list(_CLAUSE_END.finditer(text[:400]))):
        head = text[: match.start()].strip()
        if head and limit / 3 <= title_size(head, lang) <= limit:
            return head
    if is_chinese(lang):
        return _cut_han(text, limit) + "…"
    words = text.split()[:limit]
    while len(words) > 2 and (words[-1].strip(",.").lower() in TRAILING or words[-1][:1].isdigit()):
        words.pop()
    return " ".join(words).rstrip(" ,;:.–—") + "…"


def _cut_han(text: str, limit: int) -> str:
    end = len(text)
    while end > 1 and title_size(text[:end], "zh") > limit - 1:
        end -= max(1, (end - limit) // 4)
    while end > 1 and text[end - 1 : end + 1].isascii() and text[end - 1].isalnum():
        end -= 1
    return text[:end].rstrip("，、；：（ ") or text[:limit]


def title_limit(lang: str) -> int:
    """The longest title, in the measure of `title_size`."""
    return MAX_TITLE_HAN if is_chinese(lang) else MAX_TITLE_WORDS


def title_size(text: str, lang: str) -> int:
    """Words; for Chinese, Han characters and half of the rest, as wide as they look."""
    if not is_chinese(lang):
        return len(text.split())
    han = count_words(text, lang)
    return han + (len(text) - han + 1) // 2
