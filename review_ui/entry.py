"""Getting in: what the sign-in page, invites and a provider's answer share."""

import ipaddress
import secrets
from collections.abc import Mapping
from threading import BoundedSemaphore
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from review_ui.deps import Services
from review_ui.i18n import N_
from review_ui.i18n import gettext as _
from review_ui.render import page
from store.passwords import WeakPasswordError, check_password
from store.sessions import add_failed_sign_in, count_failed_sign_ins, end_session, start_session

WINDOW_S = 15 * 60
MAX_PER_ADDRESS = 30
GUEST_COOKIE_S = 3600

PASSWORD_PROBLEMS = {
    "short": N_("A password needs at least 12 characters. A few unrelated words make a good one."),
    "long": N_("This password is too long: 1,024 bytes are the most."),
    "same": N_("This password repeats the same few characters."),
    "name": N_("A name is no password."),
}

hashing = BoundedSemaphore(2)
"""An argon2 check takes 64 MiB: no more than these at once, and no burst that outruns the count."""


def enter(request: Request, serve: Services, user_id: int, target: str) -> Response:
    """Sign the browser in and send it to target.

    A new token for the new person: one planted in the browser before is worth nothing.
    """
    if old := serve.cookies.read(request, "session"):
        end_session(serve.db, old)
    response = RedirectResponse(target, 303)
    give_session(request, serve, response, user_id)
    serve.cookies.clear(response, "guest")
    return response


def give_session(request: Request, serve: Services, response: Response, user_id: int) -> None:
    hours = serve.settings.session_hours
    agent = request.headers.get("user-agent", "")
    token = start_session(serve.db, user_id, hours, agent, client_address(request))
    serve.cookies.write(response, "session", token, hours * 3600)


def guest_page(
    request: Request,
    serve: Services,
    template: str,
    context: Mapping[str, Any],
    status_code: int = 200,
) -> Response:
    """A page with a form for somebody who is not signed in."""
    guest = serve.cookies.read(request, "guest") or secrets.token_urlsafe(16)
    guest_csrf = serve.cookies.csrf_token(guest)
    response = page(request, template, {**context, "guest_csrf": guest_csrf}, status_code)
    serve.cookies.write(response, "guest", guest, GUEST_COOKIE_S)
    return response


def is_address_slowed(request: Request, serve: Services) -> bool:
    """Whether too much has failed from there lately."""
    subject = address_subject(request)
    return count_failed_sign_ins(serve.db, subject, WINDOW_S) >= MAX_PER_ADDRESS


def count_failure(request: Request, serve: Services) -> None:
    add_failed_sign_in(serve.db, (address_subject(request),))


def find_password_problem(password: str, again: str, name: str) -> str:
    """Why nobody may have this new password, in the reader's language; '' when they may."""
    if not secrets.compare_digest(
        password.encode(errors="replace"), again.encode(errors="replace")
    ):
        return _("The two passwords differ.")
    try:
        check_password(password, name)
    except WeakPasswordError as error:
        return _(PASSWORD_PROBLEMS[error.why])
    return ""


def client_address(request: Request) -> str:
    return request.client.host if request.client else ""


def address_subject(request: Request) -> str:
    """The client's address; of IPv6 the network, as one person has all addresses in it."""
    host = client_address(request)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"address:{host[:100]}"
    if address.version == 6:
        return f"address:{ipaddress.ip_network((address, 64), strict=False)}"
    return f"address:{address}"
