"""The style sheets a page brings along, as far as they can hide text: what they say of one element.

Only the page's own `<style>` elements are read; nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType

from stages.procure.markup import Element, words_of
from stages.procure.survey import Survey

_MAX_RULES = 4000
_MAX_COMPOUNDS = 6
_MAX_LOOKS = 300_000
_MAX_STYLE_CHARS = 3000
_MAX_SHEET_CHARS = 300_000
_CSS_COMMENT = re.compile(r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/")
_BRACE = re.compile(r"[{}]")
_SIMPLE_SELECTOR = re.compile(r"^([a-z][a-z0-9]*)?((?:[.#][\w-]+){0,3})$", re.IGNORECASE)
_SELECTOR_PART = re.compile(r"[.#][\w-]+")
# Names that style sheets we do not fetch use for text meant for screen readers only.
_READER_ONLY = (
    " sr only ",
    " visually hidden ",
    " visuallyhidden ",
    " screen reader text ",
    " screen reader only ",
    " screenreader ",
    " element invisible ",
    " a11y hidden ",
    " vh ",
)
# Every style that `hidden` acts on has one of these in it.
_HIDES = re.compile(
    r"display\s*:\s*none|visibility|opacity|position\s*:|indent|font-size\s*:\s*[0-2.]|overflow"
    r"|(?<![-\w])color\s*:",
    re.IGNORECASE,
)

Style = dict[str, str]


_Compound = tuple[str, frozenset[str]]
# Number, compounds from the last to the first, declarations as written.
_Rule = tuple[int, tuple[_Compound, ...], str]


class Sheet:
    """Declarations by selector. Compounds of tag, class and id are understood, and descendant or
    child combinators between them (`.card p.lead`); rules with anything else are passed over.
    """

    def __init__(self, used: frozenset[str]) -> None:
        # Classes and ids of the page, as selectors write them: rules for others are not kept.
        self._used = used
        # Under one class or id of the selector's last compound; numbered, because later rules win.
        self._rules: dict[str, list[_Rule]] = {}
        # Of these, the ones with a rule that can hide an element by itself.
        self._hiding: set[str] = set()
        self._verdicts: dict[str, bool] = {}
        self._budget = _MAX_LOOKS
        self._rough: dict[tuple[str, str | None, str | None], Style] = {}
        self._near: dict[tuple[str | None, str | None], list[_Rule]] = {}
        self.size = 0
        self.is_complete = True

    @property
    def is_full(self) -> bool:
        return self.size >= _MAX_RULES

    def add(self, selector: str, declared: str) -> None:
        parts = selector.replace(">", " ").split()[:_MAX_COMPOUNDS]
        if not parts or not self._used.issuperset(_SELECTOR_PART.findall(parts[-1])):
            return
        compounds = []
        for part in reversed(parts):
            match = _SIMPLE_SELECTOR.match(part)
            if match is None:
                return
            names = frozenset(_SELECTOR_PART.findall(match.group(2)))
            compounds.append(((match.group(1) or "").lower(), names))
        if compounds[0][1] and not self.is_full:
            self.size += 1
            rule = (self.size, tuple(compounds), declared)
            key = min(compounds[0][1])
            self._rules.setdefault(key, []).append(rule)
            if can_hide(declared):
                self._hiding.add(key)

    def may_hide(self, name: str | None, identity: str | None) -> bool:
        """An element of this class and id may be hidden: a rule that can hide may fit it, or it is
        named as meant for screen readers.
        """
        if name:
            verdict = self._verdicts.get(name)
            if verdict is None:
                parts = () if not self._hiding else name[:_MAX_STYLE_CHARS].split()
                verdict = any(f".{part}" in self._hiding for part in parts)
                verdict = self._verdicts[name] = verdict or is_reader_only(name)
            if verdict:
                return True
        return bool(identity) and (f"#{identity}" in self._hiding or is_reader_only(identity or ""))

    def _rules_for(self, name: str | None, identity: str | None) -> list[_Rule]:
        key = (name, identity)
        near = self._near.get(key)
        if near is None:
            if not self._rules:
                return []
            own = _selectable(name, identity)
            near = [
                rule for part in own for rule in self._rules.get(part, ()) if rule[1][0][1] <= own
            ]
            near.sort(key=itemgetter(0))
            self._near[key] = near
        return near

    def style_of(self, node: Element) -> Style:
        style: Style = {}
        if self._rules:
            name, identity = node.get("class"), node.get("id")
            if name or identity:
                style.update(self._ruled(node, name, identity))
        if node.get("style"):
            style.update(_declarations(node.get("style")[:_MAX_STYLE_CHARS]))
        return style

    def _ruled(self, node: Element, name: str | None, identity: str | None) -> Style:
        rules = self._rules_for(name, identity)
        if not rules:
            return {}
        if self._budget > 0 and any(len(compounds) > 1 for _, compounds, _ in rules):
            self._budget -= len(rules)
            return _merged(
                declared
                for _, compounds, declared in rules
                if compounds[0][0] in ("", node.tag) and self._fits_above(node, compounds[1:])
            )
        # Rules without anything to stand under. Or a page with too many: what they stand under is
        # no longer asked there, so more is taken for hidden, never less.
        key = (node.tag, name, identity)
        if key not in self._rough:
            self._rough[key] = _merged(
                declared for _, compounds, declared in rules if compounds[0][0] in ("", node.tag)
            )
        return self._rough[key]

    def _fits_above(self, node: Element, compounds: tuple[_Compound, ...]) -> bool:
        """Every compound matches some ancestor, nearest first."""
        if not compounds:
            return True
        wanted = list(compounds)
        for ancestor in node.iterancestors():
            self._budget -= 1
            if _fits(ancestor, wanted[0]):
                wanted.pop(0)
                if not wanted:
                    return True
        return False


def _merged(rules: Iterable[str]) -> Style:
    style: Style = {}
    for declared in rules:
        style.update(_declarations(declared))
    return style


def _selectable(name: str | None, identity: str | None) -> frozenset[str]:
    """Its class names and id, as selectors write them."""
    return _selectors((name or "")[:_MAX_STYLE_CHARS], (identity or "")[:_MAX_STYLE_CHARS])


@lru_cache(maxsize=1024)
def _selectors(name: str, identity: str) -> frozenset[str]:
    own = {f".{part}" for part in name.split()}
    own.add(f"#{identity}")
    return frozenset(own)


def _fits(node: Element, compound: _Compound) -> bool:
    return compound[0] in ("", node.tag) and compound[1] <= _selectable(
        node.get("class"), node.get("id")
    )


@lru_cache(maxsize=512)
def _declarations(text: str) -> Mapping[str, str]:
    style: Style = {}
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        if colon:
            style[name.strip().lower()] = value.lower().replace("!important", "").strip()
    return MappingProxyType(style)


def read_sheets(survey: Survey) -> Sheet:
    sheets = [
        _without_print(_CSS_COMMENT.sub("", (node.text or "")[:_MAX_SHEET_CHARS]))
        for node in survey.tagged("style")
        if (node.get("media") or "all").strip().lower() != "print"
    ]
    sheet = Sheet(_used_names(survey) if sheets else frozenset())
    sheet.is_complete = not any(
        "stylesheet" in (link.get("rel") or "").lower() for link in survey.tagged("link")
    )
    for css in sheets:
        for rule in css.split("}"):
            if sheet.is_full:
                break
            # Behind the last brace: what stands inside @supports is found all the same.
            selectors, brace, declared = rule.rpartition("{")
            if brace:
                for selector in selectors.rpartition("{")[2].rpartition(";")[2].split(","):
                    sheet.add(selector, declared[:_MAX_STYLE_CHARS])
    return sheet


def _used_names(survey: Survey) -> frozenset[str]:
    used = {f".{name}" for value in survey.classes for name in value.split()}
    used.update(f"#{value}" for value in survey.ids)
    return frozenset(used)


def _without_print(css: str) -> str:
    """The sheet without its @media blocks: what holds on some screens only hides nothing."""
    kept: list[str] = []
    position = 0
    while (start := css.find("@media", position)) >= 0:
        kept.append(css[position:start])
        position = len(css)
        depth = 0
        for brace in _BRACE.finditer(css, start):
            depth += 1 if brace.group() == "{" else -1
            if depth <= 0:
                position = brace.end()
                break
    return "".join([*kept, css[position:]])


def can_hide(declared: str) -> bool:
    """Declarations that could hide text, alone or together with others."""
    return _HIDES.search(declared) is not None


def is_reader_only(name: str) -> bool:
    """A class or id that style sheets we do not fetch use for text only screen readers say."""
    name = name[:_MAX_STYLE_CHARS]
    low = name.lower()
    # Hardly any holds these letters.
    if not ("hidden" in low or "sr" in low or "reader" in low or "invisible" in low or "vh" in low):
        return False
    words = f" {' '.join(words_of(name))} "
    return any(known in words for known in _READER_ONLY)
