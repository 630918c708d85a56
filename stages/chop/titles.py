"""Titles of at most twelve words, from the heading and, where that is not enough, the content."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from stages.chop.openers import is_dangling
from stages.chop.pack import Cut
from stages.text import collapse, count_words, is_chinese, sentence_spans
from stages.types import BlockKind, Guide

MAX_TITLE_WORDS = 12
MAX_TITLE_HAN = 24

_CLAUSE_END = re.compile(r"[,;:(–—，；：（。、？！]|\s-\s|[.?!](?=\s|$)")
_GENERIC = re.compile(
    r"what (?:you can|to) do|"
    r"do(?:['’]?s)?|don['’]?t(?:['’]?s)?|do not|dos and don['’]?ts|tips?|"
    r"overview|introduction|summary|key (?:points|facts|messages)|general|other|others|notes?|"
    r"examples?|yes|no|always|never|avoid|why|how|when|what|remember|important|warning|"
    r"causes?|symptoms?|signs?|treatments?|prevention|diagnosis|risks?|benefits?|side effects?|"
    r"results?|methods?|ingredients?|steps?|"
    r"概述|简介|簡介|总结|總結|小结|小結|提示|小贴士|小貼士|注意|注意事项|注意事項|要点|要點|重点|重點|"
    r"其他|其它|原因|症状|症狀|治疗|治療|预防|預防|诊断|診斷|方法|步骤|步驟|警告|示例|例子|可以|不可以|应该|應該|不要",
    re.IGNORECASE,
)
_STEPS = re.compile(
    r"\b(?:steps?|how|mak(?:e|ing)|prepar\w+|clean\w*|giv(?:e|ing)|us(?:e|ing)|do|chang\w+|bath\w*|"
    r"wash\w*|express\w*|stor\w+|recipe|method)\b|步|方法|怎么|怎麼|怎样|怎樣|如何|做法|流程",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"(?:yes|no|maybe|true|false|sometimes|it depends|warning|caution|remember|important|note|tip|"
    r"是的?|不是|对|對|有|没有|沒有|可以|不可以|会|會|注意|提示|警告)[.!,:。！，：]*",
    re.IGNORECASE,
)
_TRAILING = frozenset(
    "a an the of to and or but in on at by for with from as if when than that which who is "
    "are was be can may should must will do does not no your their his her its this these so "
    "because until before after under over about between into per up only also or very more "
    "most any some each you they it we i has have had such while where".split()
)


def title_cuts(guide: Guide, cuts: Sequence[Cut]) -> list[str]:
    """One title per cut, in order, no two alike (compared without case)."""
    pieces_of_section: dict[tuple[int, ...], int] = {}
    for cut in cuts:
        pieces_of_section[cut.path] = pieces_of_section.get(cut.path, 0) + 1
    titles: list[str] = []
    seen: set[str] = set()
    for cut in cuts:
        alone = pieces_of_section[cut.path] == 1
        title = _first_free(_candidates(guide, cut, alone), seen, guide.lang)
        title = title[:1].upper() + title[1:]
        seen.add(title.casefold())
        titles.append(title)
    return titles


def _first_free(candidates: Iterable[str], seen: set[str], lang: str) -> str:
    last = ""
    for title in candidates:
        if title and title.casefold() not in seen:
            return title
        last = title or last
    number = 2
    base = shorten(last, _limit(lang) - 2, lang)
    while f"{base} ({number})".casefold() in seen:
        number += 1
    return f"{base} ({number})"


def _candidates(guide: Guide, cut: Cut, alone: bool) -> Iterable[str]:
    lang, limit = guide.lang, _limit(guide.lang)
    heading = _heading(guide, cut)
    merged = _merged_headings(guide, cut)
    phrase = _phrase(guide, cut)
    if merged:
        yield _listed(merged, lang)
    if alone and not merged:
        yield shorten(heading or clean_heading(guide.title), limit, lang)
    yield _with(heading, phrase, lang)
    if len(cut.path) > 1:
        yield _with(clean_heading(guide.blocks[cut.path[-2]].text), phrase, lang)
    yield shorten(phrase, limit, lang)
    for piece in cut.pieces[cut.repeated + 1 :]:
        yield _with(heading, shorten(guide.text[piece.start : piece.end], limit, lang), lang)
    yield shorten(heading or phrase or guide.title, limit, lang)


def _heading(guide: Guide, cut: Cut) -> str:
    """The heading a card stands under; `Do` and the like take their parent along."""
    if not cut.path:
        return ""
    heading = clean_heading(guide.blocks[cut.path[-1]].text)
    if not _GENERIC.fullmatch(heading):
        return heading
    above = [clean_heading(guide.blocks[index].text) for index in cut.path[:-1]]
    parent = above[-1] if above else clean_heading(guide.title)
    room = _limit(guide.lang) - _size(heading, guide.lang)
    return f"{shorten(parent, room, guide.lang)}{_colon(guide.lang)}{heading}"


def _colon(lang: str) -> str:
    return "：" if is_chinese(lang) else ": "


@lru_cache(maxsize=1024)
def clean_heading(text: str) -> str:
    """A heading without anchor signs and closing colons."""
    return collapse(text).strip(" #¶§").rstrip(":： .")


def shorten(text: str, limit: int, lang: str) -> str:
    """text cut to limit at a clause if one ends in time, else at a word, with an ellipsis.

    A bracket or quotation that the cut leaves open goes, with what is in it where enough is left.
    """
    return _closed(_shorten(collapse(text), limit, lang))


_PAIRS = {")": "(", "]": "[", "）": "（", "】": "【", "」": "「", "』": "『", "》": "《", "”": "“"}
_OPENERS = frozenset(_PAIRS.values())


def _closed(title: str) -> str:
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
                return _closed(title[:place] + title[place + 1 :])
    if not open_at and title.count('"') % 2:
        open_at.append(title.rindex('"'))
    if not open_at:
        return title
    place = open_at[-1]
    head = title[:place].rstrip(" ,;:–—-，；：、")
    if len(head) * 2 < len(title):  # most of the title stands inside: only the sign goes
        return _closed(title[:place] + title[place + 1 :])
    return _closed(f"{head}…" if cut and not head.endswith("…") else head)


def _shorten(text: str, limit: int, lang: str) -> str:
    if _size(text, lang) <= limit:
        return text
    for match in reversed(list(_CLAUSE_END.finditer(text[:400]))):
        head = text[: match.start()].strip()
        if head and limit / 3 <= _size(head, lang) <= limit:
            return head
    if is_chinese(lang):
        return _cut_han(text, limit) + "…"
    words = text.split()[:limit]
    while len(words) > 2 and (
        words[-1].strip(",.").lower() in _TRAILING or words[-1][:1].isdigit()
    ):
        words.pop()
    return " ".join(words).rstrip(" ,;:.–—") + "…"


def _cut_han(text: str, limit: int) -> str:
    end = len(text)
    while end > 1 and _size(text[:end], "zh") > limit - 1:
        end -= max(1, (end - limit) // 4)
    while end > 1 and text[end - 1 : end + 1].isascii() and text[end - 1].isalnum():
        end -= 1
    return text[:end].rstrip("，、；：（ ") or text[:limit]


def _limit(lang: str) -> int:
    return MAX_TITLE_HAN if is_chinese(lang) else MAX_TITLE_WORDS


def _size(text: str, lang: str) -> int:
    """Words; for Chinese, Han characters and half of the rest, as wide as they look."""
    if not is_chinese(lang):
        return len(text.split())
    han = count_words(text, lang)
    return han + (len(text) - han + 1) // 2


def _with(heading: str, phrase: str, lang: str) -> str:
    """`Heading: phrase` within the limit; the heading gives way before the phrase does."""
    limit = _limit(lang)
    if not heading or not phrase:
        return shorten(phrase or heading, limit, lang)
    if phrase.casefold().startswith(heading.casefold()):
        return shorten(phrase, limit, lang)
    if _size(heading, lang) > limit * 2 // 3:
        if _size(phrase, lang) > limit // 3:
            return shorten(phrase, limit, lang)
        heading = shorten(heading, limit // 2, lang)
    room = limit - _size(heading, lang) - (1 if heading.endswith(("?", "!", "…")) else 0)
    phrase = shorten(phrase, max(2, room), lang)
    if is_chinese(lang):
        return f"{heading}{'' if heading.endswith('？') else '：'}{phrase}"
    return f"{heading}{' –' if heading.endswith(('?', '!', '…')) else ':'} {_lower_first(phrase)}"


def _lower_first(phrase: str) -> str:
    """A sentence's opening word without its capital, unless it is a name, I or an abbreviation."""
    first = phrase.split(" ", 1)[0]
    plain = first.strip(",.'’").lower()
    if plain in _TRAILING - {"i"} or plain in _COMMON_OPENERS:
        return phrase[:1].lower() + phrase[1:]
    return phrase


_COMMON_OPENERS = frozenset(
    "babies baby children child most many some all keep give offer check make use put never "
    "always try avoid ask call talk feed wash let start stop there step steps breast "
    "breastfeeding milk don't dont follow take choose once every even both other others what "
    "how why food".split()
)


def _listed(headings: Sequence[str], lang: str) -> str:
    """Headings of a merged card in one line, as many as fit."""
    chinese, limit = is_chinese(lang), _limit(lang)
    comma = "、" if chinese else ", " if all(len(h.split()) <= 4 for h in headings) else "; "
    title = shorten(headings[0], limit, lang)
    for place, heading in enumerate(headings[1:], 2):
        last = place == len(headings)
        link = ("和" if chinese else " and ") if last and comma != "; " else comma
        longer = f"{title}{link}{heading}"
        if _size(longer, lang) > limit:
            break
        title = longer
    return title


def _merged_headings(guide: Guide, cut: Cut) -> list[str]:
    if len(cut.sections) == 1:
        return []
    inside = [guide.blocks[piece.block] for piece in cut.pieces]
    return [clean_heading(block.text) for block in inside if block.kind is BlockKind.HEADING]


def _phrase(guide: Guide, cut: Cut) -> str:
    """What this card is about beside the others of its section, in its own words."""
    own = cut.pieces[cut.repeated :] or cut.pieces
    blocks = [guide.blocks[piece.block] for piece in own]
    items = [block for block in blocks if block.kind is BlockKind.LIST_ITEM]
    markers = [block.marker.strip(" .)、．") for block in items if block.marker]
    if len(markers) > 1 and len(markers) * 2 > len(blocks):
        return _numbered(guide, cut, markers[0], markers[-1])
    line = guide.text[own[0].start : own[0].end]
    if blocks[0].kind is BlockKind.TABLE_ROW:
        cell = re.split("[;；]", line, maxsplit=1)[0]
        return re.split("[:：]", cell, maxsplit=1)[-1].strip()
    sentences = [line[start:end] for start, end in sentence_spans(line, guide.lang)]
    opening = next((said for said in sentences if _says_something(said)), line)
    return opening.strip(" !！").rstrip(".。:：;；,，")


def _says_something(sentence: str) -> bool:
    """Whether a sentence can stand as a title: no bare answer, nothing that leans on the others."""
    return _ANSWER.fullmatch(sentence) is None and not is_dangling(sentence)


def _numbered(guide: Guide, cut: Cut, first: str, last: str) -> str:
    """`steps 4 to 6` of instructions, `points 4 to 6` of any other numbered list."""
    headings = "\n".join(guide.blocks[index].text for index in cut.path[-1:])
    is_steps = _STEPS.search(headings) is not None
    if is_chinese(guide.lang):
        return f"第{first}至{last}{'步' if is_steps else '条'}"
    return f"{'steps' if is_steps else 'points'} {first} to {last}"
