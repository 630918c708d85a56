"""The calendar: posts laid out in lanes of groups and columns of days."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from review_ui.days import end_of, say_day, say_time, start_of
from stages.types import PostState
from store.calendar import CalendarPost, Lane, list_calendar, list_lanes
from store.engine import Database

WEEK_SHOWN = 4
"""Posts of a group on one day that a week shows; the day shows all."""
DAY_SHOWN = 100
MAX_POSTS = 5000

PROBLEMS = (PostState.FAILED, PostState.VERIFY)


class Span(StrEnum):
    WEEK = "week"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Chip:
    post: CalendarPost
    time: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A group's posts of a day. hidden: how many more there are."""

    day: date
    chips: tuple[Chip, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class Row:
    lane: Lane
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """problems: of the day's posts, those that failed or must be looked after."""

    day: date
    weekday: str
    name: str
    is_today: bool
    total: int
    problems: int


@dataclass(frozen=True, slots=True)
class CalendarView:
    """idle: active groups without a post in these days. is_cut: there are more posts than shown."""

    span: Span
    first: date
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    idle: tuple[Lane, ...]
    lanes: tuple[Lane, ...]
    states: Mapping[PostState, int]
    is_cut: bool

    @property
    def previous(self) -> date:
        return self.first - timedelta(days=len(self.columns))

    @property
    def next(self) -> date:
        return self.first + timedelta(days=len(self.columns))


def get_calendar(
    db: Database, span: Span, day: date, zone: ZoneInfo, now: datetime, group_id: str = ""
) -> CalendarView:
    """The week or the day that holds day, as a clock in zone has it."""
    first = day - timedelta(days=day.weekday()) if span is Span.WEEK else day
    days = [first + timedelta(days=n) for n in range(7 if span is Span.WEEK else 1)]
    posts = list_calendar(
        db, start_of(days[0], zone), end_of(days[-1], zone), group_id, MAX_POSTS + 1
    )
    is_cut = len(posts) > MAX_POSTS
    posts = posts[:MAX_POSTS]
    by_place: dict[tuple[str, date], list[CalendarPost]] = defaultdict(list)
    for post in posts:
        by_place[post.group_id, post.at.astimezone(zone).date()].append(post)
    lanes = list_lanes(db)
    busy = {post.group_id for post in posts}
    cap = WEEK_SHOWN if span is Span.WEEK else MAX_POSTS if group_id else DAY_SHOWN
    return CalendarView(
        span=span,
        first=first,
        title=_title(days),
        columns=tuple(_column(each, by_place, now.astimezone(zone).date()) for each in days),
        rows=tuple(
            Row(lane, tuple(_cell(each, by_place[lane.group_id, each], cap, zone) for each in days))
            for lane in lanes
            if lane.group_id in busy
        ),
        idle=tuple(
            lane
            for lane in lanes
            if lane.is_active and lane.group_id not in busy and group_id in ("", lane.group_id)
        ),
        lanes=lanes,
        states=Counter(post.state for post in posts),
        is_cut=is_cut,
    )


def _column(
    day: date, by_place: Mapping[tuple[str, date], Sequence[CalendarPost]], today: date
) -> Column:
    posts = [post for (_, on), found in by_place.items() if on == day for post in found]
    return Column(
        day,
        say_day(day, "EEE"),
        say_day(day, "d MMM"),
        day == today,
        len(posts),
        sum(post.state in PROBLEMS for post in posts),
    )


def _cell(day: date, posts: Sequence[CalendarPost], cap: int, zone: ZoneInfo) -> Cell:
    """What failed is never among the hidden."""
    kept = list(posts)
    if len(posts) > cap:
        ranked = sorted(posts, key=lambda post: post.state not in PROBLEMS)[:cap]
        kept = sorted(ranked, key=lambda post: (post.at, post.id))
    return Cell(
        day, tuple(Chip(post, say_time(post.at, zone)) for post in kept), len(posts) - len(kept)
    )


def _title(days: Sequence[date]) -> str:
    if len(days) == 1:
        return say_day(days[0], "EEEE d MMMM y")
    return f"{say_day(days[0], 'd MMM')} – {say_day(days[-1], 'd MMM y')}"
