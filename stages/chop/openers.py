"""Openings that lean on the text before them, and words that point elsewhere on the page."""

from __future__ import annotations

import re

# `It is important to ...` and `This guide ...` lean on nothing, so they are let through.
_OPENER_EN = re.compile(
    r"(?:this(?! (?:page|guide|article|section|leaflet|chapter|week|month|year|vaccine is))"
    r"|these|those|they|them|their|he|she|his|her"
    r"|it(?!(?:['’]s| is| can be| may be| might be| takes| will| would| could| can| may)?"
    r" (?:also )?(?:very |quite |really |perfectly |usually |often |not )*"
    r"(?:normal|important|best|common|safe|safest|easy|hard|possible|vital|essential|natural|okay|ok|"
    r"fine|time|good|worth|recommended|likely|unlikely|rare|helpful|useful|tempting|difficult|"
    r"depends|a good idea|clear|true|never|better|usual|advisable|unusual)\b)"
    r"|however|but|and|or|so|also|therefore|thus|otherwise|instead|moreover|furthermore|besides|"
    r"additionally|in addition|as a result|for this reason|because of this|for example|"
    r"for instance|unless|except|then|such|if so|if not|the same|likewise|similarly|still|yet|"
    r"both of|either way|in that case|in this case|in these cases|after that|after this|"
    r"before this|the (?:former|latter)|doing (?:this|so)|that(?:['’]s| is| means| way))\b",
    re.IGNORECASE,
)
_OPENER_ZH = re.compile(
    r"这|這|它|该(?!不该)|該(?!不該)|此(?!次)|上述|以上(?!的)|其(?:次|他|它|中|实|實)?|因此|所以|但|然而|不过|不過|"
    r"而且|并且|並且|同时|同時|另外|此外|否则|否則|另一方面|例如|比如|那么|那麼|于是|於是|他们|他們|她们|她們|"
    r"除此|反之|相反|如上|同样|同樣"
)
_POINTER = re.compile(
    r"\b(?:as|see|shown|listed|described|mentioned|explained|discussed|noted)[ ]"
    r"(?:above|below|earlier|previously|overleaf)\b"
    r"|\b(?:above|below)[- ]mentioned\b|如前所述|前文|下文|上文|[见見][上下]文",
    re.IGNORECASE,
)
_EXHIBIT = re.compile(
    r"\b(?:the|these|our) (?:[\w'’-]{1,30} ){0,3}?(?:tables?|figures?|charts?|diagrams?|pictures?|"
    r"images?|lists?|sections?|box|steps?|tips|signs|symptoms|advice|methods?|instructions|times|"
    r"amounts|numbers|guidelines|rules|recommendations|suggestions|examples|options|information|"
    r"schedules?|recipes?|positions|links|ways|points|criteria)"
    r" (?:(?P<up>above)|(?P<down>below))\b(?! (?:the|a|your|their|his|her|\d))"
    r"|[如见見]?(?:(?P<up_zh>上)|(?P<down_zh>下))(?:[图圖表](?:所示)?|[面列]的?(?:表格?|方法|步骤|步驟|"
    r"清单|清單|列表|图|圖))",
    re.IGNORECASE,
)
_TABLE = re.compile(
    r"\b(?:than|as|in|from|see) the table\b(?! (?:at|with|while|or|and|top|edge))"
    r"|\bthe table (?:shows|says|gives|lists)\b|如表|[见見]表|表中",
    re.IGNORECASE,
)
_BAN_EN = re.compile(
    r"\b(?:never|(?:must|should) not|do not|don['’]t|avoid|under no circumstances)\b", re.I
)
_BAN_ZH = re.compile(
    r"切勿|不要|不可(?!能)|不能|不得|禁止|严禁|嚴禁|避免|请勿|請勿|千万别|千萬別|绝不|絕不"
)


def is_dangling(text: str) -> bool:
    """Whether a text opens with a word that only the text before it explains."""
    head = text.lstrip(" \"'“‘(（「")[:120]
    return (_OPENER_EN.match(head) or _OPENER_ZH.match(head)) is not None


_NO = re.compile(
    r"\b(?:not|never|no|avoid|stop|without)\b|n['’]t\b|不|勿|禁|避免|忌", re.IGNORECASE
)


_LINK_WORDS = re.compile(
    r"(?:then|next|and|also|so|but|after that|finally)\b,? |(?:然后|然後|所以|同时|同時|另外)，?",
    re.IGNORECASE,
)


def is_dangling_lead(text: str) -> bool:
    """`is_dangling` for a line that introduces a list: `Then clean it in one of these ways:` leans
    on nothing, its list explains it.
    """
    found = _LINK_WORDS.match(text)
    return is_dangling(text[found.end() :] if found else text)


def has_pointer(
    text: str, *, above: bool = False, below: bool = False, has_rows: bool = False
) -> bool:
    """Whether a text sends the reader to a place the card does not hold (`see below`, 如下图).

    above, below: the card shows list items or rows before or after the text, so `the steps below`
    means them; has_rows: it holds rows, which `the table` means.
    """
    if _POINTER.search(text) or (not has_rows and _TABLE.search(text)):
        return True
    return any(
        not (above if found["up"] or found["up_zh"] else below) for found in _EXHIBIT.finditer(text)
    )


def is_ban(text: str) -> bool:
    """Whether a sentence forbids something in so many words: `Never ...`, `You must not ...`."""
    head = text[:120]
    return (_BAN_EN.search(head) or _BAN_ZH.search(head)) is not None


def is_prohibition(text: str) -> bool:
    """Whether a line says no to something: what it introduces turns round without it."""
    return _NO.search(text) is not None
