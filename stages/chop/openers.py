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
    r"\bthe (?:table|figure|chart|diagram|picture|image|list|section|box|"
    r"steps?|tips|signs|advice|method|instructions) (?:above|below)\b"
    r"|[如见見]?[上下][图圖表](?:所示)?",
    re.IGNORECASE,
)


def is_dangling(text: str) -> bool:
    """Whether a text opens with a word that only the text before it explains."""
    head = text.lstrip(" \"'“‘(（「")[:120]
    return (_OPENER_EN.match(head) or _OPENER_ZH.match(head)) is not None


_NO = re.compile(
    r"\b(?:not|never|no|avoid|stop|without)\b|n['’]t\b|不|勿|禁|避免|忌", re.IGNORECASE
)


def has_pointer(text: str, *, has_exhibit: bool = False) -> bool:
    """Whether a text sends the reader to a place the card does not hold (`see below`, 如下图).

    has_exhibit: the card has list items or table rows, so `the steps below` means them.
    """
    if _POINTER.search(text):
        return True
    return not has_exhibit and _EXHIBIT.search(text) is not None


def is_prohibition(text: str) -> bool:
    """Whether a line says no to something: what it introduces turns round without it."""
    return _NO.search(text) is not None
