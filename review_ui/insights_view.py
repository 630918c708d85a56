"""Insights: figures for people, and the charts they are drawn as."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from review_ui.audit_view import say_reason
from review_ui.days import end_of, say_day, start_of
from store.engine import Database
from store.insights import (
    Agreement,
    CheckFigures,
    Settled,
    SourceFigures,
    count_agreement,
    count_source_cards,
    list_check_figures,
    list_settled,
    sum_cost,
)

ENOUGH = 20
"""Below this many decisions a share says little: with 20, one in two may well be two in three."""
QUICK_S = 6.0
"""Robo-reviews were seen 1 to 6 seconds apart (FACTS, review)."""

CHART_WIDTH, CHART_HEIGHT = 1000, 230
AXIS = 40


@dataclass(frozen=True, slots=True)
class Share:
    """part of whole. is_enough: whether there are enough to say anything."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        return self.part / self.whole if self.whole else 0.0

    @property
    def is_enough(self) -> bool:
        return self.whole >= ENOUGH


@dataclass(frozen=True, slots=True)
class RateRow:
    """How often drafts of one kind are approved; edited: of these, after a change."""

    tone: str
    version: str
    model: str
    approved: Share
    edited: int


@dataclass(frozen=True, slots=True)
class PaceRow:
    """How long somebody looks at a draft. user: '' for all together. Batches do not count."""

    user: str
    median_s: float
    quick: Share


@dataclass(frozen=True, slots=True)
class DayBar:
    """A day of the chart: heights and places in its own units. name: '' where none is written."""

    day: date
    said: str
    name: str
    x: float
    width: float
    parts: tuple[tuple[str, int, float, float], ...]
    total: int
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class DayChart:
    """parts of a bar: kind, count, y, height. ticks: value and y."""

    bars: tuple[DayBar, ...]
    ticks: tuple[tuple[int, float], ...]
    width: int = CHART_WIDTH
    height: int = CHART_HEIGHT


@dataclass(frozen=True, slots=True)
class Insights:
    decided: Share
    edited: int
    chart: DayChart
    rates: tuple[RateRow, ...]
    reasons: tuple[tuple[str, int], ...]
    pace: tuple[PaceRow, ...]
    median_wait_s: float | None
    slow_wait_s: float | None
    agreement: Agreement
    checks: tuple[CheckFigures, ...]
    sources: tuple[SourceFigures, ...]
    cost_usd: Decimal
    cost_per_approval: Decimal | None


def get_insights(
    db: Database, days: int, today: date, zone: ZoneInfo, only_pace_of: str | None
) -> Insights:
    """The last days, today included. only_pace_of: whose pace may be seen, None for everybody's."""
    first = today - timedelta(days=days - 1)
    since, until = start_of(first, zone), end_of(today, zone)
    settled = list_settled(db, since, until)
    approvals = [item for item in settled if item.is_approval]
    waits = sorted(item.waited_s for item in settled)
    cost = sum_cost(db, since, until)
    return Insights(
        decided=Share(len(approvals), len(settled)),
        edited=sum(item.is_edited for item in approvals),
        chart=make_day_chart(settled, first, days, zone),
        rates=_rates(settled),
        reasons=tuple(
            (say_reason(reason), count)
            for reason, count in Counter(
                item.reason for item in settled if item.reason
            ).most_common()
        ),
        pace=_pace(settled, only_pace_of),
        median_wait_s=statistics.median(waits) if waits else None,
        slow_wait_s=waits[int(len(waits) * 0.9)] if waits else None,
        agreement=count_agreement(db, since, until),
        checks=list_check_figures(db, since, until),
        sources=count_source_cards(db),
        cost_usd=cost,
        cost_per_approval=cost / len(approvals) if approvals else None,
    )


def _rates(settled: Sequence[Settled]) -> tuple[RateRow, ...]:
    kinds: dict[tuple[str, str, str], list[Settled]] = defaultdict(list)
    for item in settled:
        kinds[item.tone, item.tone_version, item.model].append(item)
    return tuple(
        RateRow(
            *kind,
            Share(sum(item.is_approval for item in items), len(items)),
            sum(item.is_approval and item.is_edited for item in items),
        )
        for kind, items in sorted(kinds.items())
    )


def _pace(settled: Iterable[Settled], only: str | None) -> tuple[PaceRow, ...]:
    """Everybody together first. Decisions without a measured look, and batches, are left out."""
    looked = [item for item in settled if item.active_s > 0 and not item.batch]
    people: dict[str, list[float]] = defaultdict(list)
    for item in looked:
        people[item.user].append(item.active_s)
    rows = [("", [item.active_s for item in looked])] if only is None else []
    rows += [(name, times) for name, times in sorted(people.items()) if only in (None, name)]
    return tuple(
        PaceRow(
            name,
            statistics.median(times),
            Share(sum(time < QUICK_S for time in times), len(times)),
        )
        for name, times in rows
        if times
    )


_KINDS: tuple[tuple[str, Callable[[Settled], bool]], ...] = (
    ("approved", lambda item: item.is_approval and not item.is_edited),
    ("edited", lambda item: item.is_approval and item.is_edited),
    ("rejected", lambda item: not item.is_approval),
)


def make_day_chart(settled: Sequence[Settled], first: date, days: int, zone: ZoneInfo) -> DayChart:
    """Bars of stacked outcomes, one a day."""
    by_day: dict[date, list[Settled]] = defaultdict(list)
    for item in settled:
        by_day[_local_day(item.at, zone)].append(item)
    top = _round_up(max((len(items) for items in by_day.values()), default=0))
    floor, room = CHART_HEIGHT - 28, CHART_HEIGHT - 42
    step = (CHART_WIDTH - AXIS) / days
    every = max(1, -(-days // 8))
    bars = []
    for number in range(days):
        day = first + timedelta(days=number)
        items, y, parts = by_day.get(day, []), float(floor), []
        for kind, is_kind in _KINDS:
            count = sum(map(is_kind, items))
            height = room * count / top
            y -= height
            if count:
                parts.append((kind, count, round(y, 2), round(height, 2)))
        is_named = (days - 1 - number) % every == 0
        bars.append(
            DayBar(
                day,
                say_day(day, "d MMM y"),
                say_day(day, "d MMM") if is_named else "",
                round(AXIS + step * number + step * 0.14, 2),
                round(step * 0.72, 2),
                tuple(parts),
                len(items),
                number == days - 1,
            )
        )
    ticks = tuple((value, round(floor - room * value / top, 2)) for value in (0, top // 2, top))
    return DayChart(tuple(bars), ticks)


def _local_day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


def _round_up(most: int) -> int:
    """The top of an axis: an even number a person reads at a glance."""
    for top in (4, 10, 20, 40, 60, 100, 200, 400, 600, 1000, 2000, 4000, 10_000):
        if most <= top:
            return top
    return most + most % 2
