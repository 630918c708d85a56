"""Insights: how deciding goes, for leads; everybody sees their own pace."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from review_ui.access import LEADS
from review_ui.days import read_zone
from review_ui.deps import Serve, SignedIn
from review_ui.guidelines import get_guideline
from review_ui.insights_view import ENOUGH, QUICK_S, get_insights
from review_ui.render import page
from store.engine import utc_now

router = APIRouter()

RANGES = (7, 30, 90)


@router.get("/insights")
def show(request: Request, serve: Serve, user: SignedIn, days: str = "") -> Response:
    wanted = next((each for each in RANGES if days == str(each)), 30)
    zone = read_zone(request.cookies)
    today = utc_now().astimezone(zone).date()
    sees_all = user.role in LEADS
    return page(
        request,
        "insights.html",
        {
            "insights": get_insights(
                serve.db, wanted, today, zone, None if sees_all else user.name
            ),
            "days": wanted,
            "ranges": RANGES,
            "enough": ENOUGH,
            "quick_s": int(QUICK_S),
            "sees_all": sees_all,
            "zone": zone,
            "guideline": get_guideline,
        },
    )
