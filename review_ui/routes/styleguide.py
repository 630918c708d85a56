"""The design system, documented by living examples of it."""

import re

from fastapi import APIRouter, Request
from fastapi.responses import Response

from review_ui.assets import STATIC
from review_ui.deps import SignedIn
from review_ui.palette import LEAST_CONTRAST, list_colours
from review_ui.render import page

router = APIRouter()

SIZES = ("xs", "s", "m", "read", "l", "xl", "xxl")
SPACES = ("1", "2", "3", "4", "5", "6", "7", "8")


@router.get("/styleguide")
def show(request: Request, user: SignedIn) -> Response:
    icons = (STATIC / "icons.css").read_text(encoding="utf-8")
    return page(
        request,
        "styleguide.html",
        {
            "colours": list_colours(),
            "least": LEAST_CONTRAST,
            "sizes": SIZES,
            "spaces": SPACES,
            "icons": re.findall(r"^\.icon-([a-z]+) ", icons, re.MULTILINE),
        },
    )
