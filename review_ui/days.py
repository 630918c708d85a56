"""Days and hours as a reader's clock has them: the browser says its time zone in a cookie."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from review_ui.i18n import spoken_locale

COOKIE = "spoonful_zone"

_NAME = re.compile(r"[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,2}")


def read_zone(cookies: Mapping[str, str]) -> ZoneInfo:
    """The zone a browser has said, UTC for anything unknown."""
    name = cookies.get(COOKIE, "").replace("%2F", "/")
    if not _NAME.fullmatch(name):
        return ZoneInfo("UTC")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no zone file, or a folder of such
        return ZoneInfo("UTC")


def read_day(text: str) -> date | None:
    """`2026-11-23`; None for anything else. Nothing at the ends of time, where adding overflows."""
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day and 1970 <= day.year <= 2200 else None


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """When that day begins there, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """When the next day begins there, in UTC."""
    return start_of(day + timedelta(days=1), zone)


def read_moment(text: str, zone: ZoneInfo) -> datetime | None:
    """ISO time in UTC; without an offset, as `<input type=datetime-local>` sends it, it is meant
    in zone. None for anything else.
    """
    try:
        moment = datetime.fromisoformat(text) if 16 <= len(text) <= 32 else None
    except ValueError:
        return None
    if moment is None or not 1970 <= moment.year <= 2200:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def shift_moment(moment: datetime, shift: str, zone: ZoneInfo) -> datetime:
    """shift: `hour` or `day`, later; a day later is the same time on the clock there."""
    local = moment.astimezone(zone)
    later = {"hour": moment + timedelta(hours=1), "day": local + timedelta(days=1)}
    return later.get(shift, moment).astimezone(UTC)


def local_input(moment: datetime, zone: ZoneInfo) -> str:
    """The value of `<input type=datetime-local>`."""
    return f"{moment.astimezone(zone):%Y-%m-%dT%H:%M}"


def say_day(day: date, form: str = "d MMM") -> str:
    """A date in the reader's language. form: a skeleton of CLDR letters, in English order."""
    return format_date(day, form if spoken_locale().language == "en" else _CHINESE[form],
                       locale=spoken_locale())  # fmt: skip


def say_time(moment: datetime, zone: ZoneInfo) -> str:
    """`07:30` there."""
    return format_time(moment.astimezone(zone), "HH:mm", locale=spoken_locale())


_CHINESE = {
    "d MMM": "M月d日",
    "EEE": "EEE",
    "EEEE d MMMM y": "y年M月d日 EEEE",
    "d MMM y": "y年M月d日",
}
