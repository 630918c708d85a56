"""Plain values to JSON columns and back, checked on the way in."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

T = TypeVar("T")
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def dump(kind: Any, value: Any) -> Any:
    """Value as JSON types; kind: its type, such as `tuple[Block, ...]`. Texts are cleaned."""
    adapter = _adapter(kind)
    data = adapter.dump_python(value, mode="json")
    return data if _is_clean(adapter, value) else _clean(data)


def load(kind: type[T], data: Any) -> T:
    """The value that `dump` made data from. Raises ValidationError when it is no such value."""
    key: Any = kind  # a generic alias such as tuple[Block, ...] hashes, though mypy doubts it
    result: T = _adapter(key).validate_python(data)
    return result


def clean_text(value: Any) -> Any:
    """A text with U+FFFD for each character no database takes, so that offsets stay; others as is.

    Those are NUL and lone halves of surrogate pairs: a model or a browser may send them.
    """
    if not isinstance(value, str) or _is_storable(value):
        return value
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)


def _is_clean(adapter: TypeAdapter[Any], value: Any) -> bool:
    """Whether no text in value needs cleaning, in a fraction of the time that cleaning takes.

    A lone half of a surrogate pair cannot be written as JSON, and a NUL is escaped there.
    """
    try:
        return b"\\u0000" not in adapter.dump_json(value)
    except PydanticSerializationError:
        return False


def _is_storable(text: str) -> bool:
    """What `UNSTORABLE` finds nothing in; cheaper than looking, and nearly every text is such."""
    if "\0" in text:
        return False
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
    return True


def _clean(data: Any) -> Any:
    if isinstance(data, dict):
        return {clean_text(name): _clean(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_clean(value) for value in data]
    return clean_text(data)
