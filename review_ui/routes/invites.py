"""The page behind an invite. Opening it changes nothing: chat programs and mail scanners do."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from review_ui.deps import Serve, Services
from review_ui.entry import (
    WINDOW_S,
    count_failure,
    enter,
    find_password_problem,
    guest_page,
    hashing,
    is_address_slowed,
)
from review_ui.i18n import gettext as _
from review_ui.routes.oidc import Purpose, leave
from stages.errors import PermanentError
from store.invites import NoInviteError, accept_with_password, get_open_invite
from store.passwords import hash_password
from store.users import clean_name

router = APIRouter()


@router.get("/invite/{token}")
def show(request: Request, serve: Serve, token: str) -> Response:
    return _page(request, serve, token)


@router.post("/invite/{token}")
def accept(
    request: Request,
    serve: Serve,
    token: str,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    if is_address_slowed(request, serve) or get_open_invite(serve.db, token) is None:
        return _refuse(request, serve)
    chosen = clean_name(name)
    problem = find_password_problem(password, again, chosen)
    if not chosen:
        problem = _("Choose a name of at most 100 letters and signs.")
    if problem:
        return _page(request, serve, token, 422, name, problem)
    with hashing:
        hashed = hash_password(password)
    try:
        user = accept_with_password(serve.db, token, chosen, hashed)
    except NoInviteError:
        return _refuse(request, serve)
    except PermanentError:  # says which names there are to somebody with an invite only, slowly
        count_failure(request, serve)
        message = _("This name cannot be used here. Choose another.")
        return _page(request, serve, token, 422, name, message)
    return enter(request, serve, user.id, "/queue")


@router.post("/invite/{token}/oidc")
def accept_with_provider(request: Request, serve: Serve, token: str) -> Response:
    if is_address_slowed(request, serve) or get_open_invite(serve.db, token) is None:
        return _refuse(request, serve)
    return leave(request, serve, Purpose.INVITE, token)


def _page(
    request: Request,
    serve: Services,
    token: str,
    status_code: int = 200,
    name: str = "",
    message: str = "",
) -> Response:
    invite = None if is_address_slowed(request, serve) else get_open_invite(serve.db, token)
    if invite is None:
        return closed(request, serve)
    context = {
        "invite": invite,
        "token": token,
        "name": name[:100],
        "message": message,
        "provider": serve.oidc.name if serve.oidc else "",
    }
    return guest_page(request, serve, "invite.html", context, status_code)


def _refuse(request: Request, serve: Services) -> Response:
    count_failure(request, serve)
    return closed(request, serve)


def closed(request: Request, serve: Services) -> Response:
    """The one answer for a link that was used, revoked, has ended or never was, and for too many
    tries.
    """
    response = guest_page(request, serve, "invite.html", {"invite": None}, 404)
    if is_address_slowed(request, serve):
        response.headers["retry-after"] = str(WINDOW_S)
    return response
