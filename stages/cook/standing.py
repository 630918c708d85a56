"""Whether words stand in a text, whatever their case."""

from __future__ import annotations

import re
from functools import lru_cache

_PATTERNS: dict[int, tuple[re.Pattern[str], re.Pattern[str] | None]] = {}
_CAPITAL = re.compile(r"\(\?P<\w+>|\\.|[A-Z]", re.DOTALL)


def stands(pattern: re.Pattern[str], text: str) -> bool:
    """Whether `pattern.search` finds something. pattern: one that stays, as those of a module do.

    Where case does not matter, it is looked for in lower case: there `re` goes from one alternative
    to the next by their first letters, which it does not where it ignores case (3.5 to 4.5 times as
    fast with the patterns of `lexicon` and `cues` on sentences of 80 characters). And it is
    remembered: the same sentences are asked the same for each of their clauses and for every draft
    of a card.
    """
    key = id(pattern)  # hashing a pattern takes as long as a search
    if key not in _PATTERNS:
        _PATTERNS[key] = (pattern, _in_lower_case(pattern))
    return _stands(key, text)


@lru_cache(maxsize=32_768)
def _stands(key: int, text: str) -> bool:
    pattern, lower = _PATTERNS[key]
    found = pattern.search(text) if lower is None else lower.search(text.lower())
    return found is not None


def _in_lower_case(pattern: re.Pattern[str]) -> re.Pattern[str] | None:
    """None where case matters."""
    if not pattern.flags & re.IGNORECASE:
        return None
    source = _CAPITAL.sub(lambda at: at[0].lower() if len(at[0]) == 1 else at[0], pattern.pattern)
    return re.compile(source, pattern.flags & ~re.IGNORECASE)
