"""Plain values to JSON columns and back, checked on the way in."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def dump(kind: Any, value: Any) -> Any:
    """Value as JSON types; kind: its type, such as `tuple[Block, ...]`."""
    return _adapter(kind).dump_python(value, mode="json")


def load(kind: type[T], data: Any) -> T:
    """The value that `dump` made data from. Raises ValidationError when it is no such value."""
    key: Any = kind  # a generic alias such as tuple[Block, ...] hashes, though mypy doubts it
    result: T = _adapter(key).validate_python(data)
    return result
