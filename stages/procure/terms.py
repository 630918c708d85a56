"""Which terms of use a line of text names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import itemgetter

_MAX_CHARS = 2000
_CC = re.compile(
    r"creativecommons\.org/(?:licen[cs]es|publicdomain)/(?P<path>[a-z-]{2,12})"
    r"|\bcc[ -]?(?P<code>0|by(?:[ -](?:nc|nd|sa)){0,3})\b"
    r"|creative commons|知识共享|知識共享|创用\s?cc|創用\s?cc",
    re.IGNORECASE,
)
_PARTS = {
    "nc": re.compile(r"non-?\s?commercial|非商业|非商業", re.IGNORECASE),
    "nd": re.compile(r"no-?\s?deriv|禁止(?:演绎|改作|衍生|修改)|禁止演繹", re.IGNORECASE),
    "sa": re.compile(r"share-?\s?alike|相同方式|相同條件|相同条件", re.IGNORECASE),
}
_GOVERNMENT = re.compile(
    r"open government (?:data )?licen[cs]e|\bogl\b|开放政府|開放政府"
    r"|(?:资料|資料|数据)(?:开放|開放)(?:授权|授權)",
    re.IGNORECASE,
)
_NO_FREEDOM = re.compile(
    r"not (?:in|part of) the public domain|\b(?:may|must|can) ?not be (?:freely )?"
    r"(?:copied|reproduced|re-?used|reprinted|republished|adapted|modified|distributed)",
    re.IGNORECASE,
)
_PUBLIC = re.compile(
    r"public domain|free of (?:any )?copyright|copyright[- ]free|no (?:known )?copyright"
    r"|not (?:subject to|protected by) copyright|公有领域|公有領域|公共领域|公共領域",
    re.IGNORECASE,
)
_RESERVED = re.compile(
    r"all rights (?:are )?reserved|(?<!some )rights reserved"
    r"|(?:prior|written|express) (?:written )?(?:permission|consent)"
    r"|not (?:be )?[^.]{0,80}without [^.]{0,30}(?:permission|consent)|personal use only"
    r"|版权所有|版權所有|保留(?:所有|一切)权利|保留(?:所有|一切)權利"
    r"|未经[^。；]{0,20}(?:许可|授权|同意|允许)|未經[^。；]{0,20}(?:許可|授權|同意|允許)"
    r"|(?:禁止|严禁|嚴禁|谢绝|謝絕|不得|请勿|請勿)[^。；]{0,12}(?:转载|轉載|复制|複製|翻印)",
    re.IGNORECASE,
)
_NONCOMMERCIAL = re.compile(
    r"non-?\s?commercial (?:use|purposes?|reuse|reproduction|distribution)"
    r"|not (?:be used )?for commercial"
    r"|(?:不得|禁止|严禁|嚴禁)[^。；]{0,8}(?:商业|商業|商用)|非商业(?:性|用途|使用)|非商業(?:性|用途|使用)",
    re.IGNORECASE,
)
_REPRINT = re.compile(
    r"(?:转载|轉載|引用)[^。；]{0,30}(?:注明|註明|标明|標明)|reprint[^.]{0,60}credit", re.I
)


@dataclass(frozen=True, slots=True)
class Terms:
    """kind: cc, government, public, noncommercial, reprint or reserved. parts: of a CC licence."""

    kind: str
    parts: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        if self.kind == "cc":
            return "-".join(["CC BY", *(part.upper() for part in sorted(self.parts, key=_ORDER))])
        return _NAMES[self.kind]

    @property
    def limits(self) -> frozenset[str]:
        """What it forbids or asks for, beyond naming the source."""
        return self.parts if self.kind == "cc" else _LIMITS[self.kind]


_ORDER = ("nc", "nd", "sa").index
_NAMES = {
    "government": "the Open Government Licence",
    "public": "the public domain",
    "noncommercial": "non-commercial use only",
    "reprint": "reprinting with the source named",
    "reserved": "all rights reserved",
}
_CLOSED = (
    ("noncommercial", _NONCOMMERCIAL),
    ("reserved", _RESERVED),
    ("reprint", _REPRINT),
)
_LIMITS = {
    "government": frozenset[str](),
    "public": frozenset[str](),
    "noncommercial": frozenset(("nc",)),
    "reprint": frozenset[str](),
    "reserved": frozenset(("nc", "nd", "reserved")),
}


def read_terms(text: str) -> tuple[Terms, ...]:
    """The terms a line names, an open licence before all others; () when it names none, as a bare
    copyright line does.
    """
    text = text[:_MAX_CHARS]
    found: list[tuple[int, Terms]] = []
    if match := _CC.search(text):
        found.append((match.start(), _creative_commons(match, text)))
    if match := _GOVERNMENT.search(text):
        found.append((match.start(), Terms("government")))
    if not found and (_NO_FREEDOM.search(text)):
        return (Terms("noncommercial" if _NONCOMMERCIAL.search(text) else "reserved"),)
    if match := _PUBLIC.search(text):
        found.append((match.start(), Terms("public")))
    if found:
        return tuple(terms for _, terms in sorted(found, key=itemgetter(0)))
    for kind, pattern in _CLOSED:
        if pattern.search(text):
            return (Terms(kind),)
    return ()


def _creative_commons(match: re.Match[str], text: str) -> Terms:
    code = (match.group("path") or match.group("code") or "").lower()
    if code in ("0", "zero", "mark"):
        return Terms("public")
    parts = {part for part in re.split(r"[ -]", code) if part in _PARTS}
    if not code or code == "by":
        # `Creative Commons Attribution-NonCommercial`: the parts are written out.
        parts |= {part for part, pattern in _PARTS.items() if pattern.search(text)}
        parts |= {
            part for part in _PARTS if re.search(rf"\bby[a-z -]{{0,8}}[ -]{part}\b", text, re.I)
        }
    return Terms("cc", frozenset(parts))
