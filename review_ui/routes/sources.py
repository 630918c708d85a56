"""Sources: every publisher with its terms; stopping one and resuming it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from review_ui.deps import Serve, SignedIn
from review_ui.filters import MAX_CHARS, pick
from review_ui.i18n import N_
from review_ui.i18n import gettext as _
from review_ui.quarantine_view import anchor
from review_ui.render import go, page, query
from review_ui.source_view import SourceView, list_record, list_source_views
from stages.types import QuarantineReason
from store import quarantine
from store.decision_types import NotAllowedError, StaleError

router = APIRouter()

TABS = (
    ("", N_("All")),
    ("on", N_("On")),
    ("parked", N_("Parked")),
    ("stopped", N_("Stopped")),
    ("off", N_("Off")),
    ("findings", N_("Findings")),
)

Note = Annotated[str, Form(max_length=2000)]


@router.get("/sources")
def show(request: Request, serve: Serve, user: SignedIn) -> Response:
    wanted = _wanted(request)
    views = list_source_views(serve.db)
    publishers = {view.source.id: view.source.publisher for view in views}
    return page(
        request,
        "sources.html",
        {
            "views": [view for view in views if _is_in(view, wanted)],
            "all_count": len(views),
            "tabs": [
                (name, label, sum(_is_in(view, name) for view in views)) for name, label in TABS
            ],
            "show": wanted,
            "record": list_record(serve.db, publishers),
        },
    )


@router.post("/sources/{source_id}/stop")
def stop(
    request: Request, serve: Serve, user: SignedIn, source_id: str, note: Note = ""
) -> Response:
    if not note.strip():
        return _back(request, source_id, _("Not stopped: say why, so that others know."))
    try:
        quarantine.stop_source(serve.db, source_id, user.id, note.strip())
    except (StaleError, NotAllowedError) as error:
        return _back(request, source_id, str(error))
    note = _("Stopped: nothing of this source is asked for any more.")
    return _back(request, source_id, note)


@router.post("/sources/{source_id}/resume")
def resume(
    request: Request, serve: Serve, user: SignedIn, source_id: str, note: Note = ""
) -> Response:
    try:
        quarantine.resume_source(serve.db, source_id, user.id, note.strip())
    except (StaleError, NotAllowedError) as error:
        return _back(request, source_id, str(error))
    return _back(request, source_id, _("Resumed: the next run asks this source again."))


def _is_in(view: SourceView, tab: str) -> bool:
    return {
        "on": view.is_on,
        "parked": view.is_parked,
        "stopped": view.stop is not None,
        "off": not view.source.enabled,
        "findings": bool(view.findings),
    }.get(tab, True)


def _wanted(request: Request) -> str:
    show = request.query_params.get("show", "")
    return show if show in dict(TABS) else ""


def _back(request: Request, source_id: str, note: str) -> Response:
    """To the page the form stood on: the quarantine as it was filtered, or this list."""
    params = request.query_params
    if params.get("back") == "quarantine":
        reason = pick(QuarantineReason, params.get("reason", ""))
        values = {
            "view": "settled" if params.get("view") == "settled" else "",
            "source": params.get("source", "").replace("\0", "")[:MAX_CHARS],
            "reason": reason.value if reason else "",
        }
        return go(request, "/quarantine" + query(values), note)
    return go(request, f"/sources{query({'show': _wanted(request)})}#{anchor(source_id)}", note)
