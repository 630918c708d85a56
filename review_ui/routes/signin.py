"""Signing in and out."""

import hashlib
import logging
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from review_ui.deps import Serve, Services
from review_ui.entry import MAX_PER_ADDRESS, WINDOW_S, address_subject, enter, guest_page, hashing
from review_ui.i18n import gettext as _
from review_ui.security import safe_next
from store.passwords import decoy_hash, verify_password
from store.sessions import add_failed_sign_in, count_failed_sign_ins, end_session
from store.users import get_password_hash

router = APIRouter()
log = logging.getLogger(__name__)

MAX_PER_NAME = 8


@router.get("/signin")
def show(request: Request, serve: Serve, next: str = "") -> Response:
    if request.state.user is not None:
        return RedirectResponse(safe_next(next), 303)
    return sign_in_page(request, serve, next=next)


@router.post("/signin")
def sign_in(
    request: Request,
    serve: Serve,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
) -> Response:
    """One answer for an unknown name, a wrong password and a disabled user, after the same time."""
    name = name.strip()[:100]
    subjects = (_name_subject(name), address_subject(request))
    with hashing:
        limits = zip(subjects, (MAX_PER_NAME, MAX_PER_ADDRESS), strict=True)
        if any(count_failed_sign_ins(serve.db, who, WINDOW_S) >= most for who, most in limits):
            return slow_down(request, serve, next, name)
        found = get_password_hash(serve.db, name)
        is_right = verify_password(found[1] if found else decoy_hash(), password)
        if found is None or not is_right:
            add_failed_sign_in(serve.db, subjects)
            message = _("This name and password do not go together.")
            return sign_in_page(request, serve, 422, next, name, message)
    return enter(request, serve, found[0].id, safe_next(next))


@router.post("/signout")
def sign_out(request: Request, serve: Serve) -> Response:
    end_session(serve.db, request.state.token)
    response = RedirectResponse("/signin", 303)
    serve.cookies.clear(response, "session")
    return response


def slow_down(request: Request, serve: Services, next: str = "", name: str = "") -> Response:
    log.warning("sign-in refused: too many failures")
    message = _("Too many failed attempts. Wait a quarter of an hour, then try again.")
    response = sign_in_page(request, serve, 429, next, name, message)
    response.headers["retry-after"] = str(WINDOW_S)
    return response


def sign_in_page(
    request: Request,
    serve: Services,
    status_code: int = 200,
    next: str = "",
    name: str = "",
    message: str = "",
) -> Response:
    context = {
        "next": safe_next(next),
        "name": name,
        "message": message,
        "provider": serve.oidc.name if serve.oidc else "",
    }
    return guest_page(request, serve, "signin.html", context, status_code)


def _name_subject(name: str) -> str:
    """A hash: people type passwords into the name field, and attempts are kept for a day."""
    return "name:" + hashlib.sha256(name.casefold().encode()).hexdigest()[:32]
