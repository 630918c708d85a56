"""Cursors of the JSON API: opaque to programs, so that what is inside may change."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import Query

Cursor = Annotated[
    str, Query(max_length=200, description="`next` of the page before; without it, the first.")
]


def write_number(number: int) -> str:
    return base64.urlsafe_b64encode(f"n{number}".encode()).decode().rstrip("=")


def read_number(cursor: str) -> int | None:
    """None for no cursor and for one that is none of ours."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeError, ValueError):
        return None
    digits = text.removeprefix("n")
    is_ours = text.startswith("n") and digits.isascii() and digits.isdigit() and len(digits) < 16
    return int(digits) if is_ours else None
