"""Posts: what waits to go out, what is out, and what needs a hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from review_ui.audit_view import make_line, seen_by
from review_ui.days import (
    local_input,
    read_day,
    read_moment,
    read_zone,
    say_day,
    say_time,
    shift_moment,
)
from review_ui.deps import Serve, SignedIn
from review_ui.filters import pick
from review_ui.guidelines import get_guideline
from review_ui.i18n import N_
from review_ui.i18n import gettext as _
from review_ui.marks import Change, compare
from review_ui.render import go, page, query
from review_ui.trace_view import make_trace_view
from stages.errors import ConfigError, TransientError
from stages.types import PostState
from store import decisions, post_decisions
from store.alerts import Alert
from store.decision_types import Action, NotAllowedError, StaleError
from store.engine import Database
from store.overview import list_post_traces, list_text_changes
from store.posts import PostView, count_posts, list_posts
from store.snapshots import Snapshots
from store.traces import get_trace, list_snapshot_hashes

router = APIRouter()

STATE_NAMES = {
    PostState.SCHEDULED: N_("Waiting"),
    PostState.SENDING: N_("Being sent"),
    PostState.PUBLISHED: N_("Published"),
    PostState.FAILED: N_("Failed"),
    PostState.VERIFY: N_("To verify"),
    PostState.WITHDRAWN: N_("Withdrawn"),
}
PAGE_SIZE = 100
MAX_ALERTED = 200


@dataclass(frozen=True, slots=True)
class AlertedPost:
    """changes: of its card's source since it was approved; empty when the source is gone."""

    view: PostView
    changes: tuple[Change, ...]


@router.get("/posts")
def show(
    request: Request, serve: Serve, user: SignedIn, state: str = "", below: str = ""
) -> Response:
    """Posts whose source is not what it was stand on the first page, before all others."""
    wanted = pick(PostState, state)
    number = int(below) if below.isascii() and below.isdigit() and len(below) < 16 else None
    counts = count_posts(serve.db)
    alerted = [] if number else list_posts(serve.db, wanted, MAX_ALERTED, has_alert=True)
    found = list_posts(serve.db, wanted, PAGE_SIZE + 1, below=number, has_alert=False)
    posts = found[:PAGE_SIZE]
    return page(
        request,
        "posts.html",
        {
            "alerted": _with_changes(serve.db, alerted),
            "posts": posts,
            "traces": list_post_traces(serve.db, [view.post.id for view in (*alerted, *posts)]),
            "counts": counts,
            "total": counts.get(wanted, 0) if wanted else sum(counts.values()),
            "names": STATE_NAMES,
            "wanted": wanted,
            "next_below": posts[-1].post.id if len(found) > PAGE_SIZE else None,
            "is_later": number is not None,
        },
    )


@router.get("/posts/{post_id}")
def show_trace(request: Request, serve: Serve, user: SignedIn, post_id: int) -> Response:
    """One post and everything it came from."""
    trace = get_trace(serve.db, _known(post_id))
    if trace is None:
        raise HTTPException(404)
    kept = Snapshots(serve.settings.snapshots_url)
    snapshots = [(item, kept.has(item.sha256)) for item in trace.snapshots]
    zone = read_zone(request.cookies)
    return page(
        request,
        "post.html",
        {
            "shown": make_trace_view(trace),
            "trace": trace,
            "spans": ", ".join(f"{start}–{end}" for start, end in trace.card.spans),
            "snapshots": snapshots,
            "history": [make_line(entry) for entry in seen_by(trace.history, user)],
            "traces": list_post_traces(serve.db, [post_id]),
            "names": STATE_NAMES,
            "zone": zone,
            "guideline": get_guideline,
            "due": local_input(trace.view.post.due_at, zone),
            "back": "?at=trace",
        },
    )


@router.get("/posts/{post_id}/snapshot")
def show_snapshot(
    request: Request, serve: Serve, user: SignedIn, post_id: int, sha: str = ""
) -> Response:
    """The page's body as it was fetched: somebody else's, so it is handed over as text to keep,
    never shown. sha: which of the post's snapshots, the first when empty.
    """
    hashes = list_snapshot_hashes(serve.db, _known(post_id))
    wanted = sha or next(iter(hashes), "")
    if wanted not in hashes:
        raise HTTPException(404)
    try:
        body = Snapshots(serve.settings.snapshots_url).get(wanted)
    except KeyError as error:
        raise HTTPException(404) from error
    except (TransientError, ConfigError) as error:
        raise HTTPException(503) from error
    return Response(
        body,
        media_type="text/plain",
        headers={
            "content-disposition": f'attachment; filename="snapshot-{wanted[:12]}.txt"',
            "x-content-type-options": "nosniff",
        },
    )


@router.post("/posts/{post_id}/retry")
def retry(request: Request, serve: Serve, user: SignedIn, post_id: int) -> Response:
    try:
        post_decisions.retry(serve.db, post_id, user.id)
    except (StaleError, NotAllowedError) as error:
        return _back(request, _(str(error)))
    return _back(request, _("The post goes out with the next round."))


@router.post("/posts/{post_id}/settle")
def settle(
    request: Request, serve: Serve, user: SignedIn, post_id: int, is_out: Annotated[str, Form()]
) -> Response:
    """A person looked whether a post of unknown outcome is in the group."""
    if is_out not in ("yes", "no"):
        raise HTTPException(422)
    try:
        post_decisions.settle(serve.db, post_id, user.id, is_out == "yes")
    except NotAllowedError as error:
        return _back(request, _(str(error)))
    if is_out == "yes":
        return _back(request, _("Marked as published."))
    return _back(request, _("Marked as failed: send it again when you are ready."))


@router.post("/posts/{post_id}/withdraw")
def withdraw(request: Request, serve: Serve, user: SignedIn, post_id: int) -> Response:
    try:
        post_decisions.withdraw(serve.db, post_id, user.id)
    except NotAllowedError as error:
        return _back(request, _(str(error)))
    return _back(request, _("The post is withdrawn and gone from the feed."))


@router.post("/posts/{post_id}/reschedule")
def reschedule(
    request: Request,
    serve: Serve,
    user: SignedIn,
    post_id: int,
    due_at: Annotated[str, Form(max_length=40)],
    shift: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Let a post that waits go out at another time: at due_at by the reader's clock, or an hour or
    a day later than that.
    """
    zone = read_zone(request.cookies)
    moment = read_moment(due_at, zone)
    if moment is None:
        return _back(request, _("Not moved: say a day and an hour."))
    moment = shift_moment(moment, shift, zone)
    try:
        post_decisions.reschedule(serve.db, _known(post_id), user.id, moment)
    except (StaleError, NotAllowedError) as error:
        return _back(request, _(str(error)))
    said = {"day": say_day(moment.astimezone(zone).date()), "time": say_time(moment, zone)}
    return _back(request, _("It goes out on %(day)s at %(time)s.") % said)


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
        post_decisions.clear_alert(serve.db, post_id, user.id, note.strip(), seen=pick(Alert, seen))
    except (StaleError, NotAllowedError) as error:
        return _back(request, _(str(error)))
    return _back(request, _("The post stays as it is."))


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
        return _back(request, _("There is nothing to undo here any more."))
    try:
        decisions.undo(serve.db, decision, user.id)
    except (StaleError, NotAllowedError) as error:
        return _back(request, _(str(error)))
    return _back(request, _("The post is to be decided again."))


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


def _known(post_id: int) -> int:
    """Databases keep ids of eight bytes; nothing has a larger one."""
    if not 0 < post_id < 2**63:
        raise HTTPException(404)
    return post_id


def _back(request: Request, note: str) -> Response:
    """Where the button was pressed: the post's own page, or the list."""
    if request.query_params.get("at") == "trace":
        return go(request, f"/posts/{request.path_params['post_id']}", note)
    if request.query_params.get("at") == "calendar":
        day = request.query_params.get("day", "")
        shown = {
            "view": "day" if request.query_params.get("view") == "day" else "",
            "day": day if read_day(day) else "",
            "group": request.query_params.get("group", "")[:200],
            "post": str(request.path_params["post_id"]),
        }
        return go(request, f"/calendar{query(shown)}#opened", note)
    state = request.query_params.get("state", "")
    return go(request, f"/posts?state={state}" if pick(PostState, state) else "/posts", note)
