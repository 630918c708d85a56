"""The words beside a number, so that numbers of two texts can be told to speak of one thing."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import log

from stages.cook.align import is_stop, stem
from stages.cook.quantity import Quantity, lower

# Weights of a word by where it stands: next to the number, in its clause, in its sentence, in the
# line that leads in to it. Chosen by hand on tests/cases/drafts.
_NEXT, _CLAUSE, _SENTENCE, _LEAD = 1.5, 1.0, 0.5, 0.25

_SENTENCE_END = re.compile(r"\.(?=\s|$|[)\]\"”])|[!?。！？\n]")
_CLAUSE_END = re.compile(r",(?=\s|$)|[;；:：，、()（）—|→]| [-–] ")
_NEXT_ITEM = re.compile(r"(?: (?:or|and) (?:an? |the |about )?|[和或及与])$")
_EN_TOKEN = re.compile(r"[a-z]{3,}")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")

_STATEMENT_END = re.compile(r"[.;!?](?=\s|$)|[。；！？，\n]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_COMMA_ZH = re.compile(r"[，,：:、]")
_DENIAL = re.compile(
    r"\b(?:not|never|cannot|rarely|seldom|without|nothing|none|avoid\w*|un(?:safe|suitable)|"
    r"no(?! (?:more|less|fewer|longer|later|older|younger|earlier|higher|lower)\b)|withh\w+|"
    r"contraindicat\w+|prohibit\w*|forbid\w*)\b|n['’]t\b"
    r"|[不别別](?![得要能可应應]?(?:超|少|低|高|多|小|大|足|满|滿|到|早|晚))|[勿禁没沒無无忌]",
    re.IGNORECASE,
)

Bag = dict[str, float]


@lru_cache(maxsize=8192)
def _token(word: str) -> str:
    """The stem of an English word, '' for one without meaning."""
    return "" if is_stop(word, "en") else stem(word)


@dataclass(slots=True)
class Context:
    """A text whose numbers are looked up one by one. quantities: all it holds."""

    text: str
    chinese: bool
    quantities: Sequence[Quantity]
    _lower: str = ""
    _ends: list[int] = field(default_factory=list)
    _cuts: list[int] = field(default_factory=list)
    _places: list[int] = field(default_factory=list)
    _words: list[str] = field(default_factory=list)
    _bags: dict[tuple[int, int], Bag] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lower = lower(self.text)
        masked = bytearray(len(self.text) + 1)
        for quantity in self.quantities:
            masked[quantity.start : quantity.end] = b"\x01" * (quantity.end - quantity.start)
        self._ends = [0, *(m.end() for m in _SENTENCE_END.finditer(self.text)), len(self.text)]
        cuts = [m.start() for m in _CLAUSE_END.finditer(self.text) if not masked[m.start()]]
        for quantity in self.quantities:
            before = _NEXT_ITEM.search(self._lower, max(0, quantity.start - 12), quantity.start)
            if before:
                cuts.append(before.start())
        self._cuts = sorted(cuts)
        self._read_words(masked)

    def sentence_of(self, at: int) -> tuple[int, int]:
        """Start and end of the sentence that holds offset `at`."""
        n = bisect_right(self._ends, at)
        return self._ends[n - 1], self._ends[n] if n < len(self._ends) else len(self.text)

    def bag(self, quantity: Quantity) -> Bag:
        """Words and other numbers around a quantity with their weights."""
        if quantity.span not in self._bags:
            self._bags[quantity.span] = self._read(quantity)
        return self._bags[quantity.span]

    def _read(self, quantity: Quantity) -> Bag:
        start, end = self.sentence_of(quantity.start)
        left = max((c for c in self._cuts if start <= c < quantity.start), default=start)
        right = min((c for c in self._cuts if quantity.end <= c < end), default=end)
        found: Bag = {}
        following = False
        for token, at in self._tokens(start, end, quantity):
            weight = _CLAUSE if left <= at < right else _SENTENCE
            if not following and quantity.end <= at < min(right, quantity.end + 24):
                following, weight = True, _NEXT
            found[token] = max(found.get(token, 0.0), weight)
        if len(found) < 4 and start:
            before = self.sentence_of(start - 1)
            for token, _ in self._tokens(*before, quantity):
                found.setdefault(token, _LEAD)
        return found

    def _tokens(self, start: int, end: int, quantity: Quantity) -> list[tuple[str, int]]:
        first, last = bisect_left(self._places, start), bisect_left(self._places, end)
        found = list(zip(self._words[first:last], self._places[first:last], strict=True))
        for other in self.quantities:
            if not start <= other.start < end or other.span == quantity.span:
                continue
            # Amounts of one unit in a row (12 oz, 5 oz, 1.5 oz) would each draw the others.
            if other.unit == "h" or other.unit != quantity.unit:
                found.extend((value, other.start) for value in _values(other))
        return found

    def _read_words(self, masked: bytearray) -> None:
        """Every word with its place, in reading order, without those inside a quantity."""
        found = []
        if self.chinese:
            for run in _HAN_RUN.finditer(self.text):
                word, at = run[0], run.start()
                for n in range(len(word) - 1):
                    pair = word[n : n + 2]
                    if not (masked[at + n] or masked[at + n + 1] or is_stop(pair, "zh")):
                        found.append((at + n, pair))
        for match in _EN_TOKEN.finditer(self._lower):
            if not masked[match.start()] and (token := _token(match[0])):
                found.append((match.start(), token))
        found.sort()
        self._places = [at for at, _ in found]
        self._words = [token for _, token in found]


def _values(quantity: Quantity) -> set[str]:
    """A number as a token, so that the same number beside two others draws them together."""
    low, high = f"{quantity.low:.3f}", f"{quantity.high:.3f}"
    return {f"{value} {quantity.unit}" for value in (low, high, f"{low}-{high}")}


@dataclass(slots=True)
class Alike:
    """How alike the surroundings of a draft's number and a card's number are, 0..1."""

    card: Context
    draft: Context
    _rare: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bags = [self.card.bag(q) for q in self.card.quantities]
        seen = Counter(token for bag in bags for token in bag)
        total = len(bags)
        self._rare = {token: log(1 + total / n) for token, n in seen.items()}

    def __call__(self, draft: Quantity, card: Quantity) -> float:
        mine, theirs = self.draft.bag(draft), self.card.bag(card)
        shared = mass = other = 0.0
        for token, weight in theirs.items():
            rare = self._rare.get(token, 1.0)
            mass += weight * rare
            if token in mine:
                shared += min(weight, mine[token]) * rare
        for token, weight in mine.items():
            other += weight * self._rare.get(token, 0.7)
        if not shared:
            return 0.0
        return float(shared / (mass * other) ** 0.5)


def is_denied(text: str, quantity: Quantity) -> bool:
    """Whether a word of denial stands before the figure in its sentence."""
    before = _STATEMENT_END.split(text[max(0, quantity.start - 90) : quantity.start])[-1]
    if _HAN.search(before):
        before = _COMMA_ZH.split(before)[-1]
    return _DENIAL.search(before) is not None
