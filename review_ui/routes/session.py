"""For pages that are open while their session ends: who is signed in, and how to be it again."""

import secrets

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from review_ui.deps import Serve, SignedIn
from review_ui.entry import GUEST_COOKIE_S
from store.sessions import get_session_end

router = APIRouter()


@router.get("/session")
def show(request: Request, serve: Serve, user: SignedIn) -> Response:
    """Whose session this browser has by now, its token for writes, and when it ends."""
    token = request.state.token
    ends_at = get_session_end(serve.db, token)
    return JSONResponse(
        {
            "user": user.id,
            "name": user.name,
            "csrf": serve.cookies.csrf_token(token),
            "ends_at": ends_at.isoformat(timespec="seconds") if ends_at else "",
        }
    )


@router.get("/session/guest")
def show_guest(request: Request, serve: Serve) -> Response:
    """What a sign-in form needs that a page already has."""
    guest = serve.cookies.read(request, "guest") or secrets.token_urlsafe(16)
    response = JSONResponse({"csrf": serve.cookies.csrf_token(guest)})
    serve.cookies.write(response, "guest", guest, GUEST_COOKIE_S)
    return response
