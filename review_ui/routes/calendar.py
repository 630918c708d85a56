"""The calendar: what goes out when, group by group."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import Response

from review_ui.calendar_view import Span, get_calendar
from review_ui.days import local_input, read_day, read_zone
from review_ui.deps import Serve, SignedIn
from review_ui.filters import pick
from review_ui.render import page, query
from review_ui.routes.posts import STATE_NAMES
from store.engine import utc_now
from store.posts import get_post_view

router = APIRouter()


@router.get("/calendar")
def show(
    request: Request,
    serve: Serve,
    user: SignedIn,
    view: str = "",
    day: str = "",
    group: str = "",
    post: str = "",
) -> Response:
    """post: one of them, opened above the days to be read and moved."""
    zone, now = read_zone(request.cookies), utc_now()
    span = pick(Span, view) or Span.WEEK
    wanted = read_day(day) or today(now, zone)
    group = group.replace("\0", "")[:200]
    opened = get_post_view(serve.db, int(post)) if _is_id(post) else None
    params = {
        "view": "" if span is Span.WEEK else span.value,
        "day": wanted.isoformat(),
        "group": group,
    }
    return page(
        request,
        "calendar.html",
        {
            "calendar": get_calendar(serve.db, span, wanted, zone, now, group),
            "params": params,
            "group": group,
            "day": wanted,
            "today": today(now, zone),
            "opened": opened,
            "names": STATE_NAMES,
            "zone": zone,
            "due": local_input(opened.post.due_at, zone) if opened else "",
            "back": query({"at": "calendar", **params}),
        },
    )


def today(now: datetime, zone: ZoneInfo) -> date:
    return now.astimezone(zone).date()


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16
