"""The queue's filter in an address: read from a query string, written back into links."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from stages.types import Risk
from store.queue import Filter, View

MAX_CHARS = 200
FIELDS = {
    "source": "source_id",
    "guide": "guide_id",
    "group": "group_id",
    "run": "run_id",
    "lang": "lang",
    "q": "text",
    "topic": "topic",
    "stage": "stage",
    "tone": "tone",
    "model": "model",
    "version": "version",
}
"""Names in an address, and the fields of a filter they stand for as they are."""

E = TypeVar("E", bound=Enum)


def pick(kind: type[E], text: str) -> E | None:
    """The member of kind that text names, None if it names none."""
    try:
        return kind(text)
    except ValueError:
        return None


def read_filter(params: Mapping[str, str]) -> Filter:
    """Anything not understood is left out: an old link still opens a queue."""

    def get(name: str) -> str:
        return params.get(name, "").replace("\0", "").strip()[:MAX_CHARS]

    risk = pick(Risk, get("risk"))
    return Filter(
        view=pick(View, get("view")) or View.REVIEW,
        **{field: get(name) for name, field in FIELDS.items()},
        risk=risk.value if risk else "",
        age_h=_read_number(get("age"), 24 * 365),
    )


def write_filter(wanted: Filter) -> dict[str, str]:
    """The parameters `read_filter` reads; the first view needs none."""
    return {
        "view": "" if wanted.view is View.REVIEW else wanted.view.value,
        **{name: getattr(wanted, field) for name, field in FIELDS.items()},
        "risk": wanted.risk,
        "age": str(wanted.age_h or ""),
    }


def read_page(text: str) -> int:
    """A page number, 1 for anything else."""
    return _read_number(text, 100_000) or 1


def _read_number(text: str, most: int) -> int:
    """0 for anything that is no number."""
    return min(int(text), most) if text.isascii() and text.isdigit() else 0
