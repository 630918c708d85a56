"""To the OpenID provider and back: to sign in, to accept an invite, to link an account."""

import json
import logging
import time
from dataclasses import asdict
from enum import StrEnum
from secrets import compare_digest
from threading import BoundedSemaphore

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from review_ui.deps import Serve, Services
from review_ui.entry import count_failure, enter, is_address_slowed
from review_ui.i18n import gettext as _
from review_ui.oidc import Attempt, Claims, Oidc, OidcError
from review_ui.render import go, page
from review_ui.routes.signin import sign_in_page, slow_down
from review_ui.security import safe_next
from stages.errors import PermanentError
from store.identities import (
    add_identity_user,
    get_identity_user,
    is_identity_known,
    link_identity,
)
from store.invites import accept_with_identity
from store.users import User, clean_name

router = APIRouter()
log = logging.getLogger(__name__)

AWAY_S = 600
"""How long somebody may take at the provider."""

_exchanges = BoundedSemaphore(4)
"""A provider that answers slowly holds no more of our threads than these."""


class Purpose(StrEnum):
    """Why somebody goes to the provider; what comes with it is a page, an invite, a user's id."""

    SIGN_IN = "sign_in"
    INVITE = "invite"
    LINK = "link"


class _RefusedError(Exception):
    """Says to the person why they do not get in."""


@router.get("/signin/oidc")
def start(request: Request, serve: Serve, next: str = "") -> Response:
    oidc = _oidc(serve)
    if is_address_slowed(request, serve):
        return slow_down(request, serve, next)
    try:
        url = _begin(serve, oidc, Purpose.SIGN_IN, safe_next(next))
    except OidcError as error:
        return _fail(request, serve, error)
    response = RedirectResponse(url[0], 303)
    serve.cookies.write(response, "oidc", url[1], AWAY_S)
    return response


def leave(request: Request, serve: Services, purpose: Purpose, what: str) -> Response:
    """Answer to a form: a page that goes on to the provider.

    Not a redirect: browsers hold it against our `form-action 'self'`.
    """
    try:
        url, kept = _begin(serve, _oidc(serve), purpose, what)
    except OidcError as error:
        return _fail(request, serve, error)
    response = page(request, "leave.html", {"url": url, "provider": _oidc(serve).name})
    serve.cookies.write(response, "oidc", kept, AWAY_S)
    return response


@router.get("/signin/oidc/callback")
def come_back(
    request: Request,
    serve: Serve,
    state: str = "",
    code: str = "",
    error: str = "",
    iss: str = "",
) -> Response:
    oidc = _oidc(serve)
    if is_address_slowed(request, serve):
        return slow_down(request, serve)
    response = _come_back(request, serve, oidc, state, code, error, iss)
    serve.cookies.clear(response, "oidc")
    return response


def _come_back(
    request: Request, serve: Services, oidc: Oidc, state: str, code: str, error: str, iss: str
) -> Response:
    kept = _read_attempt(request, serve)
    if kept is None or not compare_digest(state.encode(), kept[0].state.encode()):
        message = _("This sign-in was begun in another browser, or too long ago. Begin again.")
        return sign_in_page(request, serve, 400, message=message)
    attempt, purpose, what = kept
    if error == "access_denied":
        message = _("You did not sign in at %(provider)s.") % {"provider": oidc.name}
        return sign_in_page(request, serve, 403, message=message)
    if error or not code or (iss and iss != oidc.issuer):
        return _fail(request, serve, OidcError("it came back without a code of that issuer"))
    try:
        claims = _finish(oidc, code, attempt)
        if not oidc.is_welcome(claims):
            raise _RefusedError(_("Only addresses of certain domains may sign in here."))
        if purpose is Purpose.LINK:
            return _link(request, serve, claims, what)
        user = _find_user(serve, oidc, claims, purpose, what)
    except OidcError as fault:
        count_failure(request, serve)
        return _fail(request, serve, fault)
    except (_RefusedError, PermanentError) as refusal:
        log.warning("sign-in at the provider refused: nobody of ours")
        return sign_in_page(request, serve, 403, message=str(refusal))
    return enter(request, serve, user.id, what if purpose is Purpose.SIGN_IN else "/queue")


def _finish(oidc: Oidc, code: str, attempt: Attempt) -> Claims:
    if not _exchanges.acquire(blocking=False):
        raise OidcError("too many people come back at once")
    try:
        return oidc.finish(code, attempt)
    finally:
        _exchanges.release()


def _find_user(serve: Services, oidc: Oidc, claims: Claims, purpose: Purpose, what: str) -> User:
    """Whose identity it is; with an invite, or from the right domain, a new user.

    Raises _RefusedError. An e-mail address alone never makes somebody a user who is here already.
    """
    user = get_identity_user(serve.db, claims.issuer, claims.subject)
    if user is not None:
        return user
    refusal = _RefusedError(
        _("Nobody here goes with this account. Ask for an invite, or link it in your settings.")
    )
    name = clean_name(claims.name) or _("Somebody new")
    if is_identity_known(serve.db, claims.issuer, claims.subject):
        raise refusal
    if purpose is Purpose.INVITE:
        return accept_with_identity(serve.db, what, name, claims.issuer, claims.subject)
    if oidc.role is None:
        raise refusal
    return add_identity_user(serve.db, name, claims.issuer, claims.subject, oidc.role)


def _link(request: Request, serve: Services, claims: Claims, user_id: str) -> Response:
    """Only for whoever asked for it, and is still signed in."""
    user = request.state.user
    if user is None or str(user.id) != user_id:
        raise _RefusedError(_("You were signed out meanwhile. Sign in, then link it again."))
    name = serve.oidc.name if serve.oidc else ""
    if not link_identity(serve.db, user.id, claims.issuer, claims.subject):
        return go(request, "/settings", _("That account is linked with somebody already."))
    note = _("From now on you can sign in with %(provider)s.") % {"provider": name}
    return go(request, "/settings", note)


def _begin(serve: Services, oidc: Oidc, purpose: Purpose, what: str) -> tuple[str, str]:
    """Where to, and what the browser keeps meanwhile."""
    url, attempt = oidc.begin()
    kept = {**asdict(attempt), "purpose": purpose, "what": what, "at": int(time.time())}
    return url, json.dumps(kept)


def _read_attempt(request: Request, serve: Services) -> tuple[Attempt, Purpose, str] | None:
    """What this browser keeps; signed by us, so it is as we wrote it."""
    text = serve.cookies.read(request, "oidc")
    if not text:
        return None
    kept = json.loads(text)
    if time.time() - kept["at"] > AWAY_S:
        return None
    attempt = Attempt(kept["state"], kept["nonce"], kept["verifier"])
    return attempt, Purpose(kept["purpose"]), kept["what"]


def _fail(request: Request, serve: Services, error: OidcError) -> Response:
    log.warning("sign-in at the provider failed: %s", error)
    message = _("%(provider)s did not answer as it should. Try again in a moment.") % {
        "provider": _oidc(serve).name
    }
    return sign_in_page(request, serve, 502, message=message)


def _oidc(serve: Services) -> Oidc:
    if serve.oidc is None:
        raise HTTPException(404)
    return serve.oidc
