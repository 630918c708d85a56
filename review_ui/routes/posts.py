"""Posts: what waits to go out, what is out, and what needs a hand."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from review_ui.deps import Serve, SignedIn
from review_ui.filters import pick
from review_ui.render import go, page
from stages.types import PostState
from store import decisions
from store.decisions import NotAllowedError, StaleError
from store.posts import count_posts, list_posts

router = APIRouter()

STATE_NAMES = {
    PostState.SCHEDULED: "Waiting",
    PostState.SENDING: "Being sent",
    PostState.PUBLISHED: "Published",
    PostState.FAILED: "Failed",
    PostState.VERIFY: "To verify",
    PostState.WITHDRAWN: "Withdrawn",
}
SHOWN = 200


@router.get("/posts")
def show(request: Request, serve: Serve, user: SignedIn, state: str = "") -> Response:
    wanted = pick(PostState, state)
    counts = count_posts(serve.db)
    return page(
        request,
        "posts.html",
        {
            "posts": list_posts(serve.db, wanted, SHOWN),
            "counts": counts,
            "total": counts.get(wanted, 0) if wanted else sum(counts.values()),
            "names": STATE_NAMES,
            "wanted": wanted,
            "shown": SHOWN,
        },
    )


@router.post("/posts/{post_id}/retry")
def retry(request: Request, serve: Serve, user: SignedIn, post_id: int) -> Response:
    try:
        decisions.retry(serve.db, post_id, user.id)
    except (StaleError, NotAllowedError) as error:
        return _back(request, str(error))
    return _back(request, "The post goes out with the next round.")


@router.post("/posts/{post_id}/settle")
def settle(
    request: Request, serve: Serve, user: SignedIn, post_id: int, is_out: Annotated[str, Form()]
) -> Response:
    """A person looked whether a post of unknown outcome is in the group."""
    if is_out not in ("yes", "no"):
        raise HTTPException(422)
    try:
        decisions.settle(serve.db, post_id, user.id, is_out == "yes")
    except NotAllowedError as error:
        return _back(request, str(error))
    if is_out == "yes":
        return _back(request, "Marked as published.")
    return _back(request, "Marked as failed: send it again when you are ready.")


@router.post("/posts/{post_id}/withdraw")
def withdraw(request: Request, serve: Serve, user: SignedIn, post_id: int) -> Response:
    try:
        decisions.withdraw(serve.db, post_id, user.id)
    except NotAllowedError as error:
        return _back(request, str(error))
    return _back(request, "The post is withdrawn and gone from the feed.")


def _back(request: Request, note: str) -> Response:
    state = request.query_params.get("state", "")
    return go(request, f"/posts?state={state}" if pick(PostState, state) else "/posts", note)
