"""Signing in and out."""

import hashlib
import ipaddress
import logging
import secrets
from threading import BoundedSemaphore
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from review_ui.deps import Serve, Services
from review_ui.render import page
from review_ui.security import safe_next
from store.passwords import decoy_hash, verify_password
from store.sessions import (
    add_failed_sign_in,
    count_failed_sign_ins,
    end_session,
    start_session,
)
from store.users import get_password_hash

router = APIRouter()
log = logging.getLogger(__name__)

WINDOW_S = 15 * 60
MAX_PER_NAME = 8
MAX_PER_ADDRESS = 30
GUEST_COOKIE_S = 3600

# An argon2 check takes 64 MiB: no more than these at once, and no burst that outruns the count.
_checks = BoundedSemaphore(2)


@router.get("/signin")
def show(request: Request, serve: Serve, next: str = "") -> Response:
    if request.state.user is not None:
        return RedirectResponse(safe_next(next), 303)
    return _form(request, serve, next=next)


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
    subjects = (_name_subject(name), _address_subject(request))
    with _checks:
        limits = zip(subjects, (MAX_PER_NAME, MAX_PER_ADDRESS), strict=True)
        if any(count_failed_sign_ins(serve.db, who, WINDOW_S) >= most for who, most in limits):
            log.warning("sign-in refused: too many failures")
            message = "Too many failed attempts. Wait a quarter of an hour, then try again."
            response = _form(request, serve, 429, next, name, message)
            response.headers["retry-after"] = str(WINDOW_S)
            return response
        found = get_password_hash(serve.db, name)
        is_right = verify_password(found[1] if found else decoy_hash(), password)
        if found is None or not is_right:
            add_failed_sign_in(serve.db, subjects)
            message = "This name and password do not go together."
            return _form(request, serve, 422, next, name, message)
    # A new token for the new person: one planted in the browser before is worth nothing.
    if old := serve.cookies.read(request, "session"):
        end_session(serve.db, old)
    token = start_session(serve.db, found[0].id, serve.settings.session_hours)
    response = RedirectResponse(safe_next(next), 303)
    serve.cookies.write(response, "session", token, serve.settings.session_hours * 3600)
    serve.cookies.clear(response, "guest")
    return response


@router.post("/signout")
def sign_out(request: Request, serve: Serve) -> Response:
    end_session(serve.db, request.state.token)
    response = RedirectResponse("/signin", 303)
    serve.cookies.clear(response, "session")
    return response


def _form(
    request: Request,
    serve: Services,
    status_code: int = 200,
    next: str = "",
    name: str = "",
    message: str = "",
) -> Response:
    guest = serve.cookies.read(request, "guest") or secrets.token_urlsafe(16)
    context = {
        "guest_csrf": serve.cookies.csrf_token(guest),
        "next": safe_next(next),
        "name": name,
        "message": message,
    }
    response = page(request, "signin.html", context, status_code)
    serve.cookies.write(response, "guest", guest, GUEST_COOKIE_S)
    return response


def _name_subject(name: str) -> str:
    """A hash: people type passwords into the name field, and attempts are kept for a day."""
    return "name:" + hashlib.sha256(name.casefold().encode()).hexdigest()[:32]


def _address_subject(request: Request) -> str:
    """The client's address; of IPv6 the network, as one person has all addresses in it."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"address:{host[:100]}"
    if address.version == 6:
        return f"address:{ipaddress.ip_network((address, 64), strict=False)}"
    return f"address:{address}"
