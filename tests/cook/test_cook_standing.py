"""Words are found whatever their case, as the pattern that ignores case finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.cook import cues, lexicon
from stages.cook.standing import stands


def list_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for module in (lexicon, cues):
        for name, value in vars(module).items():
            tables = value if isinstance(value, Mapping) else {"": value}
            for key, pattern in tables.items():
                if isinstance(pattern, re.Pattern):
                    yield f"{name} {key}", pattern


PATTERNS = dict(list_patterns())
WORDS = sorted(
    {word for each in PATTERNS.values() for word in re.findall(r"[^\W\d_]{2,}", each.pattern)}
)
PIECES = st.sampled_from([*WORDS, " ", ", ", ". ", "’t ", "n't ", "-", "3 ", "GP ", "A&E ", "❌"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(PIECES, max_size=12))
    cases = draw(st.lists(st.sampled_from([str.lower, str.upper, str.title, str]), min_size=12))
    return "".join(case(piece) + " " for case, piece in zip(cases, pieces, strict=False))


@given(texts())
def test_stands_says_what_search_finds(text: str) -> None:
    for name, pattern in PATTERNS.items():
        assert stands(pattern, text) == (pattern.search(text) is not None), name


def test_every_table_of_words_is_tried() -> None:
    assert len(PATTERNS) > 40
    assert {"NEGATIVE en", "NEGATIVE zh", "PERMIT en", "PLANTED "} <= PATTERNS.keys()


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        (r"(?P<Verb>Call) \w+\W", "CALL them!", True),
        (r"\bSIDS\b", "sids", True),
        (r"[A-Z]{3}\d", "abc1", True),
        (r"\AI\S", "i n", False),
    ],
)
def test_capitals_of_a_pattern_mean_letters_and_of_its_escapes_what_they_are(
    source: str, text: str, found: bool
) -> None:
    pattern = re.compile(source, re.IGNORECASE)
    assert stands(pattern, text) is found


def test_where_case_matters_it_does() -> None:
    pattern = re.compile("GP")
    assert stands(pattern, "the GP")
    assert not stands(pattern, "the gp")
