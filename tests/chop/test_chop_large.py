"""A guide of thousands of rows: time grows with its length, not with its square."""

from __future__ import annotations

import time
from collections.abc import Callable

from stages.chop import chop_guide, coverage, overlap
from stages.chop.explain import explain_guide
from stages.policy import Policy
from stages.types import Guide


def read(guide: Guide) -> float:
    """Seconds of CPU to chop, measure and explain a guide."""
    begun = time.process_time()
    cards = chop_guide(guide, Policy(()))
    assert coverage(guide, cards) == 1.0
    assert overlap(guide, cards) == 0.0
    assert explain_guide(guide, cards).parts
    return time.process_time() - begun


def test_thousands_of_rows_take_no_more_time_each_than_hundreds(
    guide_of: Callable[..., Guide],
) -> None:
    def rows(count: int) -> Guide:
        row = "Amount: {} grams with a little water; Note: ask your nurse about it if in doubt"
        lines = [f"| Food: number {n}; {row.format(n)}" for n in range(count)]
        return guide_of("## Rows\n" + "\n".join(lines))

    read(rows(100))
    few, many = read(rows(400)), read(rows(3200))
    assert many < 24 * max(few, 0.02)
