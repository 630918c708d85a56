"""Posts: what waits to go out, what is out, and what needs a hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from review_ui.deps import Serve, SignedIn
from review_ui.filters import pick
from review_ui.marks import Change, compare
from review_ui.render import go, page
from stages.types import PostState
from store import decisions
from store.alerts import Alert
from store.decisions import Action, NotAllowedError, StaleError
from store.engine import Database
from store.overview import list_post_traces, list_text_changes
from store.posts import PostView, count_posts, list_posts

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


@dataclass(frozen=True, slots=True)
class AlertedPost:
    """changes: of its card's source since it was approved; empty when the source is gone."""

    view: PostView
    changes: tuple[Change, ...]


@router.get("/posts")
def show(request: Request, serve: Serve, user: SignedIn, state: str = "") -> Response:
    wanted = pick(PostState, state)
    counts = count_posts(serve.db)
    posts = list_posts(serve.db, wanted, SHOWN)
    return page(
        request,
        "posts.html",
        {
            "alerted": _with_changes(serve.db, [view for view in posts if view.alert]),
            "posts": [view for view in posts if not view.alert],
            "traces": list_post_traces(serve.db, [view.post.id for view in posts]),
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


@router.post("/posts/{post_id}/keep")
def keep(
    request: Request,
    serve: Serve,
    user: SignedIn,
    post_id: int,
    note: Annotated[str, Form(max_length=2000)] = "",
    seen: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """A person looked at what became of the source: the post stays as it is."""
    try:
        decisions.clear_alert(serve.db, post_id, user.id, note.strip(), seen=pick(Alert, seen))
    except (StaleError, NotAllowedError) as error:
        return _back(request, str(error))
    return _back(request, "The post stays as it is.")


@router.post("/posts/{post_id}/undo")
def undo(
    request: Request,
    serve: Serve,
    user: SignedIn,
    post_id: int,
    decision: Annotated[int, Form()],
) -> Response:
    """Take the keeping of a post back: its alert is there again."""
    trace = list_post_traces(serve.db, [post_id]).get(post_id)
    if trace is None or trace.decision_id != decision or trace.action is not Action.KEEP:
        return _back(request, "There is nothing to undo here any more.")
    try:
        decisions.undo(serve.db, decision, user.id)
    except (StaleError, NotAllowedError) as error:
        return _back(request, str(error))
    return _back(request, "The post is to be decided again.")


def _with_changes(db: Database, posts: Sequence[PostView]) -> list[AlertedPost]:
    """Each with what changed in its card's source, in one query for all."""
    found = list_text_changes(db, [view.card_id for view in posts]) if posts else {}
    return [
        AlertedPost(
            view,
            compare(change.previous_text, change.text)
            if (change := found.get(view.card_id))
            and change.previous_text
            and view.alert is Alert.SOURCE_CHANGED
            else (),
        )
        for view in posts
    ]


def _back(request: Request, note: str) -> Response:
    state = request.query_params.get("state", "")
    return go(request, f"/posts?state={state}" if pick(PostState, state) else "/posts", note)
