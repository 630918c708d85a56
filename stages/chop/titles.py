"""Titles of at most twelve words, from the heading and, where that is not enough, the content."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from stages.chop.atoms import Piece, sentence_ranges
from stages.chop.openers import is_dangling
from stages.chop.pack import Cut
from stages.chop.phrases import (
    clause_of,
    condition_of,
    key_terms,
    label_of,
    says_more,
    subject_of,
)
from stages.chop.shorten import (
    TRAILING,
    clean_heading,
    close_pairs,
    fit_heading,
    shorten,
    title_limit,
    title_size,
)
from stages.text import is_chinese
from stages.types import BlockKind, Guide

_GENERIC = re.compile(
    r"what (?:you can|to) do|"
    r"do(?:['’]?s)?|don['’]?t(?:['’]?s)?|do not|dos and don['’]?ts|tips?|"
    r"overview|introduction|summary|key (?:points|facts|messages)|general|other|others|notes?|"
    r"did you know|(?:fun|quick|key) facts?|(?:quick|top) tips?|good to know|caution|danger|"
    r"你知道吗|你知道嗎|小知识|小知識|"
    r"examples?|yes|no|always|never|avoid|why|how|when|what|remember|important|warning|"
    r"causes?|symptoms?|signs?|treatments?|prevention|diagnosis|risks?|benefits?|side effects?|"
    r"results?|methods?|ingredients?|steps?|"
    r"概述|简介|簡介|总结|總結|小结|小結|提示|小贴士|小貼士|注意|注意事项|注意事項|要点|要點|重点|重點|"
    r"其他|其它|原因|症状|症狀|治疗|治療|预防|預防|诊断|診斷|方法|步骤|步驟|警告|示例|例子|可以|不可以|应该|應該|不要",
    re.IGNORECASE,
)
_JUDGES = re.compile(
    r"\bhazard(?:s|ous)?\b|\bavoid(?:ing)?\b|\bdo not\b|\bdon['’]t\b|\bnever\b|"
    r"\bnot (?:to|safe|allowed|suitable)\b|\bunsafe\b|\bdangers?\b|\bdangerous\b|\brisky\b|"
    r"\blimit\b|\bwarnings?\b|\ballowed\b|"
    r"\bsafe (?:foods?|drinks?|fish|medicines?|to (?:eat|drink|take|use|have|give))\b|"
    r"\bforbidden\b|\bharmful\b|\bpoison(?:s|ous)?\b|"
    r"不能|避免|不可以?|可以|不要|禁|忌|慎|危险|危險|警告|不宜|有毒",
    re.IGNORECASE,
)
_CATEGORY_WORDS, _CATEGORY_HAN = 4, 8
_ABOUT_TABLE = re.compile(
    r"(?:the|this|our) (?:table|chart|list|figure|picture)s?\b|[上下]表", re.IGNORECASE
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
_ENDS_OPEN = re.compile(
    r"(?: (?:may|can|should|could|might))? "
    r"(?:include|includes|including|are|is|such as|like|be|with)"
    r"(?: (?:the following|these))?$",
    re.IGNORECASE,
)
_NEAR = 4
"""Cards before and behind of the same section that a title sets its card apart from."""

_PLUS = re.compile(r"(?:plus|meanwhile|here|next|again|finally|first|second|last),", re.IGNORECASE)
_PROHIBITS = re.compile(
    r"\b(?:not|never|avoid|stop|without|don['’]t)\b|不|勿|禁|避免|忌|别|別", re.I
)


def title_cuts(guide: Guide, cuts: Sequence[Cut]) -> list[str]:
    """One title per cut, in order, no two alike (compared without case)."""
    of_section: dict[tuple[int, ...], list[Cut]] = {}
    places: list[int] = []
    for cut in cuts:
        places.append(len(of_section.setdefault(cut.path, [])))
        of_section[cut.path].append(cut)
    titles: list[str] = []
    seen: set[str] = set()
    for cut, place in zip(cuts, places, strict=True):
        siblings = of_section[cut.path][max(0, place - _NEAR) : place + _NEAR]
        title = _first_free(_candidates(guide, cut, siblings), seen, guide.lang)
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
    base = shorten(last, title_limit(lang) - 2, lang)
    while f"{base} ({number})".casefold() in seen:
        number += 1
    return f"{base} ({number})"


def _candidates(guide: Guide, cut: Cut, siblings: Sequence[Cut]) -> Iterable[str]:
    """Titles from the best to the last resort. siblings: the section's cuts, itself included."""
    lang, limit = guide.lang, title_limit(guide.lang)
    merged = _merged_headings(guide, cut)
    heading = fit_heading(_heading(guide, cut), limit, lang)
    if not heading and len(siblings) > 1 and title_size(guide.title, lang) * 2 <= limit:
        heading = clean_heading(guide.title)
    if merged and not all(map(_is_label, merged)):
        yield from _listed_under(guide, cut, merged)
    elif merged and heading:
        yield heading
    if len(siblings) == 1 and not merged and heading:
        yield heading
    if not heading and len(siblings) == 1:
        yield fit_heading(clean_heading(guide.title), limit, lang)
    above = guide.blocks[cut.path[-2]].text if len(cut.path) > 1 else guide.title
    sentences = _sentences(guide, cut)
    topics: list[str] = []
    if guide.blocks[_own(guide, cut)[0].block].kind is BlockKind.TABLE_ROW:
        yield from _row_titles(guide, cut, heading)
    yield from _joined(guide, heading, _kept(_topics(guide, cut, sentences), topics))
    for said in sentences[:2]:
        if title_size(said, lang) <= limit and not _PLUS.match(said):
            yield _ENDS_OPEN.sub("", said.rstrip(":")) if _opens_list(said) else said
    others = [_said(guide, other) for other in siblings if other is not cut]
    for head in (heading, fit_heading(clean_heading(above), limit, lang)):
        room = limit - title_size(head, lang)
        terms = key_terms(_said(guide, cut), others, head, room, lang) if head else ""
        yield from _joined(guide, head, (*topics, terms))
    yield from _fitting(topics, heading, limit, lang)
    if heading:
        yield heading
    yield shorten(next(iter(sentences), guide.title), limit, lang)


def _heading(guide: Guide, cut: Cut) -> str:
    """The heading a card stands under; `Do` and the like take their parent along."""
    if not cut.path:
        return ""
    heading = clean_heading(guide.blocks[cut.path[-1]].text)
    above = [clean_heading(guide.blocks[index].text) for index in cut.path[:-1]]
    parent = above[-1] if above else clean_heading(guide.title)
    if _is_label(heading):
        if cut.boxed:
            return parent  # `Warning` says what the box shows
    elif not (_JUDGES.search(parent) and _is_category(heading, guide.lang)):
        return heading
    room = title_limit(guide.lang) - title_size(heading, guide.lang)
    return f"{fit_heading(parent, room, guide.lang)}{_colon(guide.lang)}{heading}"


def _is_label(heading: str) -> bool:
    return _GENERIC.fullmatch(heading.rstrip("?？!！ ")) is not None


def _is_category(heading: str, lang: str) -> bool:
    """Whether a heading only names a kind of thing: `Proteins`, which under `Foods to avoid` says
    the opposite of what it says alone.
    """
    longest = _CATEGORY_HAN if is_chinese(lang) else _CATEGORY_WORDS
    is_short = title_size(heading, lang) <= longest and heading[-1:] not in "?？!！"
    return is_short and _JUDGES.search(heading) is None


def _link(heading: str, lang: str) -> str:
    """What stands between a heading and the phrase behind it; never a second colon."""
    if is_chinese(lang):
        return "，" if "：" in heading else "：" if not heading.endswith("？") else ""
    return " – " if heading.endswith(("?", "!", "…")) or ": " in heading else ": "


def _colon(lang: str) -> str:
    return "：" if is_chinese(lang) else ": "


def _lower_first(guide: Guide, phrase: str) -> str:
    """A phrase behind a colon without its capital, unless the guide never writes it small."""
    first = phrase.split(" ", 1)[0].strip(",.'’:")
    if not first[:1].isupper() or (len(first) > 1 and not first[1:].islower()):
        small = first.lower().split("'")[0].split("’")[0]
        return phrase[:1].lower() + phrase[1:] if small in TRAILING - {"i"} else phrase
    small = first.lower()
    if small in TRAILING or f" {small}" in guide.text:
        return phrase[:1].lower() + phrase[1:]
    return phrase


def _listed(headings: Sequence[str], lang: str) -> str:
    """Headings of a merged card in one line, as many as fit."""
    chinese, limit = is_chinese(lang), title_limit(lang)
    comma = "、" if chinese else ", " if all(len(h.split()) <= 4 for h in headings) else "; "
    title = shorten(headings[0], limit, lang)
    for place, heading in enumerate(headings[1:], 2):
        last = place == len(headings)
        link = ("和" if chinese else " and ") if last and comma != "; " else comma
        longer = f"{title}{link}{heading}"
        if title_size(longer, lang) > limit:
            break
        title = longer
    return title


def _listed_under(guide: Guide, cut: Cut, merged: Sequence[str]) -> Iterable[str]:
    """The headings of a merged card, categories with the heading that judges them all."""
    lang = guide.lang
    parent = clean_heading(guide.blocks[cut.path[-1]].text if cut.path else guide.title)
    if _JUDGES.search(parent) and all(_is_category(one, lang) for one in merged):
        listed = _listed(merged, lang)
        room = title_limit(lang) - title_size(listed, lang)
        if room >= title_limit(lang) // 3:
            yield f"{fit_heading(parent, room, lang)}{_colon(lang)}{listed}"
        yield parent
    yield _listed(merged, lang)


def _merged_headings(guide: Guide, cut: Cut) -> list[str]:
    if len(cut.sections) == 1:
        return []
    inside = [guide.blocks[piece.block] for piece in cut.pieces]
    return [clean_heading(block.text) for block in inside if block.kind is BlockKind.HEADING]


def _joined(guide: Guide, heading: str, phrases: Iterable[str]) -> Iterable[str]:
    """`Heading: phrase` for every phrase there is room for."""
    lang, limit = guide.lang, title_limit(guide.lang)
    if not heading:
        yield from _fitting(phrases, "", limit, lang)
        return
    link = _link(heading, lang)
    for phrase in _fitting(phrases, heading, limit - title_size(heading + link, lang), lang):
        yield f"{heading}{link}{_lower_first(guide, phrase)}"


def _fitting(phrases: Iterable[str], heading: str, room: int, lang: str) -> Iterable[str]:
    """Those of the phrases that fit and tell more than the heading."""
    for phrase in phrases:
        phrase = phrase.strip(" !！").rstrip(".。:：;；,，")
        if phrase and title_size(phrase, lang) <= room and says_more(phrase, heading, lang):
            yield close_pairs(phrase)


def _kept(phrases: Iterable[str], told: list[str]) -> Iterable[str]:
    """The phrases, remembered: most titles need but the first of them."""
    for phrase in phrases:
        told.append(phrase)
        yield phrase


def _topics(guide: Guide, cut: Cut, said: Sequence[str]) -> Iterable[str]:
    """What this card is about beside the others of its section, from the best to the last."""
    lang = guide.lang
    own = _own(guide, cut)
    blocks = [guide.blocks[piece.block] for piece in own]
    markers = [
        b.marker.strip(" .)、．") for b in blocks if b.kind is BlockKind.LIST_ITEM and b.marker
    ]
    if len(markers) > 1 and len(markers) * 2 > len(blocks):
        yield _numbered(guide, cut, markers[0], markers[-1])
    yield from _shown(guide, _labels(guide, own))
    yield from (
        _ENDS_OPEN.sub("", one.rstrip(":")) if _opens_list(one) else one for one in said[:2]
    )
    for one in said[:3]:
        yield condition_of(one, lang)
        subject = clause_of(one) if is_chinese(lang) else subject_of(one)
        if is_chinese(lang) or " " in subject or _said(guide, cut).count(subject) > 2:
            yield subject


def _own(guide: Guide, cut: Cut) -> Sequence[Piece]:
    own = cut.pieces[cut.repeated :] or cut.pieces
    told = [p for p in own if guide.blocks[p.block].kind is not BlockKind.FOOTNOTE]
    return told or own


def _said(guide: Guide, cut: Cut) -> str:
    return "\n".join(guide.text[piece.start : piece.end] for piece in _own(guide, cut)[:12])


def _cells(guide: Guide, own: Sequence[Piece]) -> list[str]:
    """First cells of the card's rows, without their header."""
    rows = [p for p in own if guide.blocks[p.block].kind is BlockKind.TABLE_ROW]
    cells = [re.split("[;；]", guide.blocks[p.block].text[:200], maxsplit=1)[0] for p in rows]
    return list(dict.fromkeys(re.split("[:：]", cell, maxsplit=1)[-1].strip() for cell in cells))


def _row_titles(guide: Guide, cut: Cut, heading: str) -> Iterable[str]:
    """`Heading: first row to last row`, with as much of each as fits; never the first row alone for
    a card of several.
    """
    lang, limit = guide.lang, title_limit(guide.lang)
    cells = [cell for cell in _cells(guide, _own(guide, cut)) if cell]
    if not cells:
        return
    short = [fit_heading(cell, max(3, limit // 4), lang) for cell in cells]
    is_told = len(set(short)) == len(short) and not any("…" in cell for cell in short)
    for terms in (cells, short if is_told else ()):
        shown = list(_shown(guide, terms))
        if len(terms) > 1:
            # Cells with commas of their own are told as first and last; the first alone never is.
            shown = shown[-2:-1] if any(set(",，、") & set(cell) for cell in terms) else shown[:-1]
        yield from _joined(guide, heading, shown)
        for phrase in _fitting(shown, "", limit, lang):
            room = limit - title_size(phrase, lang) - 1
            head = fit_heading(heading, room, lang) if room >= limit // 4 else ""
            head = "" if "…" in head else head
            yield f"{head}{_link(head, lang)}{_lower_first(guide, phrase)}" if head else phrase


def _labels(guide: Guide, own: Sequence[Piece]) -> list[str]:
    """The terms that items and paragraphs of the card open with, if most of them do."""
    lines = [
        guide.text[piece.start : piece.end][:100]
        for piece in own[:12]
        if guide.blocks[piece.block].level <= 1
        and guide.blocks[piece.block].kind is not BlockKind.TABLE_ROW
    ]
    labels = [label_of(line, guide.lang) for line in lines]
    told = [label for label in labels if label]
    is_told = told and (labels[0] or 2 * len(told) > len(lines))
    return list(dict.fromkeys(told)) if is_told else []


def _shown(guide: Guide, terms: Sequence[str]) -> Iterable[str]:
    """The terms in a row, from the first to the last; then the first one alone."""
    lang = guide.lang
    terms = [term.rstrip(" .。") for term in terms if term]
    terms = [*terms[:1], *(_lower_first(guide, term) for term in terms[1:])]
    if 1 < len(terms) <= 3:
        comma, link = ("、", "和") if is_chinese(lang) else (", ", " and ")
        yield f"{comma.join(terms[:-1])}{link}{terms[-1]}"
    if len(terms) > 1:
        yield f"{terms[0]}至{terms[-1]}" if is_chinese(lang) else f"{terms[0]} to {terms[-1]}"
    yield from terms[:1]


def _sentences(guide: Guide, cut: Cut) -> list[str]:
    """The first sentences of the card's own that stand for themselves: no items of `Never:`."""
    said: list[str] = []
    forbids = _forbids(guide, cut)
    for piece in _own(guide, cut)[:4]:
        kind = guide.blocks[piece.block].kind
        if kind is BlockKind.TABLE_ROW or (forbids and kind is BlockKind.LIST_ITEM):
            continue
        block = guide.blocks[piece.block]
        if kind is BlockKind.PARAGRAPH and _opens_list(block.text):
            forbids = forbids or _PROHIBITS.search(block.text) is not None
        for start, end in sentence_ranges(block.text, guide.lang):
            if block.start + start < piece.start or block.start + end > piece.end:
                continue
            line = block.text[start:end]
            one = line.strip(" !！").rstrip(".。:：;；,，")
            if one and _says_something(one):
                said.append(one + (":" if _opens_list(line) else ""))
                if len(said) == 3:
                    break
        if len(said) >= 3:
            break
    return said[:3]


def _opens_list(line: str) -> bool:
    return line.endswith((":", "："))


def _forbids(guide: Guide, cut: Cut) -> bool:
    """Whether what stands over the card's items turns them round: `Never:`, `Foods to avoid`."""
    lead = "".join(guide.text[piece.start : piece.end] for piece in cut.pieces[: cut.repeated])
    above = guide.blocks[cut.path[-1]].text if cut.path else guide.title
    return _PROHIBITS.search(f"{lead} {above}") is not None


def _says_something(sentence: str) -> bool:
    """Whether a sentence can stand as a title: no bare answer, nothing that leans on the others."""
    if _is_label(sentence) or _ABOUT_TABLE.match(sentence):
        return False
    return _ANSWER.fullmatch(sentence) is None and not is_dangling(sentence)


def _numbered(guide: Guide, cut: Cut, first: str, last: str) -> str:
    """`steps 4 to 6` of instructions, `points 4 to 6` of any other numbered list."""
    headings = "\n".join(guide.blocks[index].text for index in cut.path[-1:])
    is_steps = _STEPS.search(headings) is not None
    if is_chinese(guide.lang):
        return f"第{first}至{last}{'步' if is_steps else '条'}"
    return f"{'steps' if is_steps else 'points'} {first} to {last}"
