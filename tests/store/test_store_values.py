from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.types import Block, BlockKind, DraftSentence, Group, Reason, Source, ToneRules
from store.values import clean_text, dump, load

# Strings a database takes; PostgreSQL has no NUL and neither has half of a surrogate pair.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
st.register_type_strategy(str, TEXTS)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
KINDS = (Source, Group, ToneRules, Block, DraftSentence, Reason)


def values_of(kind: type) -> st.SearchStrategy[object]:
    floats = {
        name: FLOATS for name, annotation in kind.__annotations__.items() if annotation == "float"
    }
    return st.builds(kind, **floats)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_value_comes_back_equal_after_json(kind: type, data: st.DataObject) -> None:
    value = data.draw(values_of(kind))
    assert load(kind, json.loads(json.dumps(dump(kind, value)))) == value


@given(st.lists(values_of(Block), max_size=4).map(tuple))
def test_tuple_of_values_comes_back_equal_after_json(blocks: tuple[Block, ...]) -> None:
    kind = tuple[Block, ...]
    assert load(kind, json.loads(json.dumps(dump(kind, blocks)))) == blocks


@given(st.text(st.sampled_from("a睡💤\\u\0\ud800\udfff"), max_size=8))
def test_text_is_stored_with_a_mark_for_each_character_no_database_takes(text: str) -> None:
    cleaned = "".join("�" if character in "\0\ud800\udfff" else character for character in text)
    assert clean_text(text) == cleaned
    stored = dump(tuple[Block, ...], (Block(BlockKind.PARAGRAPH, text),))
    assert stored[0]["text"] == cleaned
    json.dumps(stored, ensure_ascii=False).encode()


@pytest.mark.parametrize("data", [{}, {"text": 3}, [], None, {"kind": "poem", "text": "x"}])
def test_data_that_is_no_such_value_is_refused(data: object) -> None:
    with pytest.raises(ValidationError):
        load(Block, data)
