"""The queue: what waits, guide by guide."""

from itertools import groupby

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from review_ui.choice import tone_rank
from review_ui.deps import Serve, SignedIn
from review_ui.filters import read_filter, read_page, write_filter
from review_ui.render import page
from store.groups import list_groups
from store.queue import PAGE_SIZE, View, get_queue, list_guide_titles
from store.sources import list_sources

router = APIRouter()

VIEW_NAMES = {
    View.REVIEW: "To review",
    View.FLAGGED: "Flagged",
    View.BLOCKED: "Blocked",
    View.HIGH_STAKES: "High stakes",
    View.CHANGED: "Source changed",
    View.DECIDED: "Decided",
    View.READ_ONLY: "Read only",
}


@router.get("/")
def home() -> Response:
    return RedirectResponse("/queue", 303)


@router.get("/queue")
def show(request: Request, serve: Serve, user: SignedIn) -> Response:
    wanted = read_filter(request.query_params)
    number = read_page(request.query_params.get("page", ""))
    found = get_queue(serve.db, wanted, number)
    pages = max(1, -(-found.total // PAGE_SIZE))
    if number > pages:
        found, number = get_queue(serve.db, wanted, pages), pages
    groups = list_groups(serve.db)
    return page(
        request,
        "queue.html",
        {
            "wanted": wanted,
            "params": write_filter(wanted),
            "views": VIEW_NAMES,
            "counts": found.counts,
            "total": found.total,
            # Cards whose source changed come first, so a guide may begin more than once.
            "guides": [
                (guide, list(items))
                for guide, items in groupby(found.items, key=lambda item: item.guide)
            ],
            "sort_drafts": lambda drafts: sorted(drafts, key=lambda d: tone_rank(d.tone)),
            "page_number": number,
            "pages": pages,
            "sources": list_sources(serve.db),
            "groups": groups,
            "group_names": {group.id: group.name for group in groups},
            "guide_titles": list_guide_titles(serve.db),
        },
    )
