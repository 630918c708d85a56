"""Which boxes of a page warn, say when to call for help, or give a tip."""

from __future__ import annotations

import re

from stages.procure.markup import Element, names_of, text_of
from stages.types import CalloutKind

_BOX_TAGS = frozenset(
    ("div", "section", "aside", "blockquote", "p", "td", "figure", "ul", "center")
)
# A box is small; longer wrappers with such a name are page layout.
_MAX_BOX_CHARS = 3500

_WARNING_NAMES = re.compile(
    r" (?:[a-z]*warn(?:ing)?s?|[a-z]*alert(?:s|box)?|danger|caution|important|attention"
    r"|red ?box|error"
    r"|urgent|critical|avoid|jinggao|zhuyi|weixian) "
)
_CALL_NAMES = re.compile(
    r" (?:emergenc(?:y|ies)|emerg|urgent|when to (?:call|get help|see)|get help|call (?:911"
    r"|999|120)"
    r"|red flags?|immediate) "
)
_TIP_NAMES = re.compile(
    r" (?:tips?|hints?|notes?|info(?:box)?|inset|call ?out|key ?facts?|key points?|remember"
    r"|did you know"
    r"|facts?|box ?out|highlight|summary box|pull ?out|good to know|tishi|tieshi) "
)
_CALL_WORDS = re.compile(
    r"\b(?:call (?:911|999|112|000|120|an ambulance|emergency|your (?:doctor|midwife|gp|health)"
    r"|the (?:doctor|emergency))|(?:when|where) to (?:call|get (?:medical )?help|seek|see|contact)"
    r"|get (?:medical |emergency )?help|seek (?:medical|emergency|urgent)"
    r"|(?:speak|talk) to (?:a|your) (?:doctor|nurse|midwife|gp)"
    r"|see (?:a|your) (?:doctor|gp|midwife)|go to (?:the|an) (?:emergency|hospital|a&e|nearest)"
    r"|(?:phone|ring|contact|tell) (?:a|your) (?:doctor|midwife|maternity|gp|nurse|health)"
    r"|emergency|act now|ask (?:a|your) (?:pharmacist|doctor))\b"
    r"|拨打\s?(?:120|110|119|999|急救)|撥打|叫救护车|叫救護車|(?:马上|立即|立刻|尽快|及时|馬上|儘快)(?:去|送|到)?"
    r"(?:医院|就医|就诊|看医生|急诊|醫院|就醫|看醫生)|(?:什么时候|何时|何時|什麼時候).{0,6}(?:医生|就医|就诊|醫生|就醫)",
    re.IGNORECASE,
)
_WARNING_WORDS = re.compile(
    r"^(?:warning|caution|danger|important|never|do not|don['’]t|avoid|beware|safety (?:alert"
    r"|warning))\b"
    r"|^(?:警告|注意|危险|危險|当心|小心|切勿|禁止|禁忌|严禁|嚴禁|千万不要|重要提醒|重要)",
    re.IGNORECASE,
)
_TIP_WORDS = re.compile(
    r"^(?:tips?|hint|note|did you know|good to know|remember|key (?:facts|points)|top tip"
    r"|quick tip)\b"
    r"|^(?:小贴士|小貼士|贴士|提示|温馨提示|溫馨提示|小知识|小知識|要点|要點|知识点|提醒)",
    re.IGNORECASE,
)
_OPENING_CHARS = 90


def callout_of(node: Element) -> CalloutKind:
    """The kind of box an element is; NONE for everything that is not a box.

    The box's name or role makes it one; its first words decide between the kinds, because
    `class="alert"` stands on warnings and on lists of when to call alike.
    """
    if node.tag not in _BOX_TAGS:
        return CalloutKind.NONE
    kind = _by_name(node)
    if kind is CalloutKind.NONE:
        return kind
    text = text_of(node)
    if not text or len(text) > _MAX_BOX_CHARS:
        return CalloutKind.NONE
    opening = text[:_OPENING_CHARS]
    if _CALL_WORDS.search(opening):
        return CalloutKind.WHEN_TO_CALL
    if _WARNING_WORDS.match(opening):
        return CalloutKind.WARNING
    if kind is CalloutKind.TIP and _TIP_WORDS.match(opening):
        return CalloutKind.TIP
    return kind


def _by_name(node: Element) -> CalloutKind:
    role = (node.get("role") or "").lower()
    names = names_of(node)
    if _CALL_NAMES.search(names):
        return CalloutKind.WHEN_TO_CALL
    if _WARNING_NAMES.search(names) or role == "alert":
        return CalloutKind.WARNING
    if _TIP_NAMES.search(names) or role in ("note", "doc-tip") or node.tag == "aside":
        return CalloutKind.TIP
    if role == "doc-notice":
        return CalloutKind.WARNING
    return CalloutKind.NONE
