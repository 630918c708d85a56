"""The queue's filter in an address: read from a query string, written back into links."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from store.queue import Filter, View

MAX_CHARS = 200

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

    return Filter(
        view=pick(View, get("view")) or View.REVIEW,
        source_id=get("source"),
        guide_id=get("guide"),
        group_id=get("group"),
        run_id=get("run"),
        lang=get("lang"),
        text=get("q"),
    )


def write_filter(wanted: Filter) -> dict[str, str]:
    """The parameters `read_filter` reads; the first view needs none."""
    return {
        "view": "" if wanted.view is View.REVIEW else wanted.view.value,
        "source": wanted.source_id,
        "guide": wanted.guide_id,
        "group": wanted.group_id,
        "run": wanted.run_id,
        "lang": wanted.lang,
        "q": wanted.text,
    }


def read_page(text: str) -> int:
    """A page number, 1 for anything else."""
    return min(int(text), 100_000) if text.isascii() and text.isdigit() and int(text) else 1
