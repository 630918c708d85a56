"""Tones: which version of each writes, what its drafts came to, and the buttons that change it."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from review_ui.deps import Serve, SignedIn
from review_ui.i18n import gettext as _
from review_ui.render import go, page
from review_ui.tone_compare import compare_files
from review_ui.tone_view import ToneView, list_tone_views
from store import tone_changes
from store.decision_types import NotAllowedError, StaleError
from store.groups import list_groups
from store.tones import ToneFile, get_tone_file

router = APIRouter()

SHARES = (0.05, 0.1, 0.2, 0.5)
"""Shares of the cards that the page offers a canary; the command line takes any."""

Hash = Annotated[str, Form(max_length=64)]
Seen = Annotated[int, Form(ge=0)]
Note = Annotated[str, Form(max_length=2000)]


@router.get("/tones")
def show(request: Request, serve: Serve, user: SignedIn) -> Response:
    return page(
        request,
        "tones.html",
        {
            "views": list_tone_views(serve.db, serve.settings.model),
            "groups": list_groups(serve.db),
            "shares": SHARES,
        },
    )


@router.get("/tones/{tone}/compare")
def compare(
    request: Request, serve: Serve, user: SignedIn, tone: str, old: str = "", new: str = ""
) -> Response:
    before, after = _file(serve, tone, old), _file(serve, tone, new)
    view = next(
        (v for v in list_tone_views(serve.db, serve.settings.model) if v.tone == tone), None
    )
    if view is None:
        raise HTTPException(404)
    return page(
        request,
        "tones_compare.html",
        {
            "view": view,
            "old": _named(view, before),
            "new": _named(view, after),
            "parts": compare_files(before.text, after.text),
        },
    )


@router.post("/tones/{tone}/promote")
def promote(
    request: Request,
    serve: Serve,
    user: SignedIn,
    tone: str,
    version: Hash,
    seen: Seen,
    note: Note = "",
) -> Response:
    try:
        tone_changes.promote(serve.db, tone, version, user.id, note, seen=seen)
    except (StaleError, NotAllowedError) as error:
        return _back(request, tone, str(error))
    return _back(request, tone, _("Promoted: it writes from the next guide on. Drafts stay."))


@router.post("/tones/{tone}/rollback")
def rollback(
    request: Request, serve: Serve, user: SignedIn, tone: str, seen: Seen, note: Note = ""
) -> Response:
    try:
        tone_changes.rollback(serve.db, tone, user.id, note, seen=seen)
    except (StaleError, NotAllowedError) as error:
        return _back(request, tone, str(error))
    return _back(request, tone, _("Rolled back: the version before writes again. Drafts stay."))


@router.post("/tones/{tone}/canary")
def canary(
    request: Request,
    serve: Serve,
    user: SignedIn,
    tone: str,
    version: Hash,
    seen: Seen,
    share: Annotated[float, Form(ge=0, le=1)] = 0.0,
    group: Annotated[list[str] | None, Form(max_length=500)] = None,
) -> Response:
    try:
        tone_changes.start_canary(
            serve.db,
            tone,
            version,
            user.id,
            share=share,
            groups=tuple(group or ()),
            seen=seen,
        )
    except (StaleError, NotAllowedError) as error:
        return _back(request, tone, str(error))
    return _back(request, tone, _("The canary writes its cards from the next guide on."))


@router.post("/tones/{tone}/stop-canary")
def stop_canary(request: Request, serve: Serve, user: SignedIn, tone: str, seen: Seen) -> Response:
    try:
        tone_changes.stop_canary(serve.db, tone, user.id, seen=seen)
    except (StaleError, NotAllowedError) as error:
        return _back(request, tone, str(error))
    return _back(request, tone, _("Canary stopped. Its drafts stay."))


def _file(serve: Serve, tone: str, tone_hash: str) -> ToneFile:
    file = get_tone_file(serve.db, tone_hash)
    if file is None or file.tone != tone:
        raise HTTPException(404)
    return file


def _named(view: ToneView, file: ToneFile) -> str:
    return next((each.name for each in view.versions if each.file.hash == file.hash), file.version)


def _back(request: Request, tone: str, note: str) -> Response:
    return go(request, f"/tones#tone-{quote(tone)}", note)
