"""Groups: who they are, and what they have got from us."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from review_ui.deps import Serve, SignedIn
from review_ui.render import page
from stages.types import PostState
from store.groups import get_group, list_groups
from store.posts import count_group_posts, list_posts

router = APIRouter()

SHOWN = 50


@router.get("/groups")
def show_all(request: Request, serve: Serve, user: SignedIn) -> Response:
    counts = count_group_posts(serve.db)
    return page(request, "groups.html", {"groups": list_groups(serve.db), "counts": counts})


@router.get("/groups/{group_id}")
def show(request: Request, serve: Serve, user: SignedIn, group_id: str) -> Response:
    group = get_group(serve.db, group_id)
    if group is None:
        raise HTTPException(404)
    return page(
        request,
        "group.html",
        {
            "group": group,
            "published": list_posts(serve.db, PostState.PUBLISHED, SHOWN, group_id=group_id),
            "waiting": list_posts(serve.db, PostState.SCHEDULED, SHOWN, group_id=group_id),
        },
    )
