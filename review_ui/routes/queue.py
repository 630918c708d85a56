"""The queue: what waits, in the order that matters, and the views people keep of it."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from review_ui.deps import Serve, SignedIn
from review_ui.filters import read_filter, read_page, write_filter
from review_ui.i18n import gettext as _
from review_ui.queue_view import VIEW_NAMES, get_queue_view
from review_ui.render import go, page_or_part, query
from stages.errors import PermanentError
from store.engine import utc_now
from store.saved_views import delete_view, save_view

router = APIRouter()


@router.get("/")
def home() -> Response:
    return RedirectResponse("/queue", 303)


@router.get("/queue")
def show(request: Request, serve: Serve, user: SignedIn) -> Response:
    """The page; for a queue that shows something else, what changes of it."""
    with serve.db.look():
        view = get_queue_view(
            serve.db,
            read_filter(request.query_params),
            read_page(request.query_params.get("page", "")),
            user.id,
            utc_now(),
            serve.settings.late_after_h,
            is_unfolded=bool(request.query_params.get("more")),
        )
        context = {"queue": view, "views": VIEW_NAMES, "params": view.params}
        return page_or_part(request, "queue.html", "partials/queue.html", context)


@router.post("/queue/views")
def save(
    request: Request, serve: Serve, user: SignedIn, name: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Keep the filter of the address that was open, which came as its own parameters."""
    params = write_filter(read_filter(request.query_params))
    kept = {key: value for key, value in params.items() if value}
    try:
        save_view(serve.db, user.id, name, kept, utc_now())
    except PermanentError as error:
        return go(request, "/queue" + query(kept), _(str(error)))
    return go(request, "/queue" + query(kept), _("View saved."))


@router.post("/queue/views/{view_id}/delete")
def delete(request: Request, serve: Serve, user: SignedIn, view_id: int) -> Response:
    if not delete_view(serve.db, view_id, user.id):
        raise HTTPException(404)
    return go(request, "/queue", _("View deleted."))
