"""What routes ask for: the services, the signed-in user, and the guard before every route."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from jinja2 import Environment

from review_ui.access import is_public, may
from review_ui.assets import Assets
from review_ui.i18n import choose_language, speak
from review_ui.oidc import Oidc
from review_ui.security import Cookies, is_from_elsewhere
from stages.snippets import Snippet
from store.api_tokens import get_token_user
from store.engine import Database
from store.sessions import get_session_user
from store.settings import Settings
from store.users import User

# Parts of addresses that are numbers of rows, and the largest a database has.
NUMBERS = frozenset(
    {"draft_id", "post_id", "user_id", "token_id", "comment_id", "view_id", "decision_id"}
)
MAX_NUMBER = 2**31 - 1
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Public routes that are another page for somebody who is signed in.
TWO_FACED = frozenset({"/signin", "/settings/language", "/signin/oidc/callback"})
# Forms for people who are not signed in, even when the browser is.
GUEST_FORMS = frozenset({"/signin", "/invite/{token}", "/invite/{token}/oidc"})
# Where a program's key is taken; everywhere else there is nothing but cookies.
FOR_PROGRAMS = ("/api/v1/", "/metrics")


class SignInNeededError(Exception):
    """Nobody is signed in; the handler sends people to the sign-in page."""


@dataclass(frozen=True, slots=True)
class Services:
    """Built once by `create_app`, read by every route."""

    settings: Settings
    db: Database
    cookies: Cookies
    assets: Assets
    templates: Environment
    oidc: Oidc | None = None
    snippets: tuple[Snippet, ...] = ()


def get_services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def guard(request: Request) -> None:
    """Before every route: nobody unknown gets past, nobody goes where their role may not, and no
    write goes without its token.
    """
    services = get_services(request)
    method, path = request.method, request.scope["route"].path
    is_open, is_safe = is_public(method, path), method in SAFE_METHODS
    request.state.user, request.state.token = None, ""
    speak(choose_language(request.cookies, request.headers, {}))
    if path.startswith(FOR_PROGRAMS) and "authorization" in request.headers:
        await check_token(request, services, method, path)
        return
    token = ""
    if not is_open or path in TWO_FACED:
        token = services.cookies.read(request, "session")
    user = await run_in_threadpool(get_session_user, services.db, token) if token else None
    request.state.user, request.state.token = user, token if user else ""
    if user is not None:
        speak(choose_language(request.cookies, request.headers, user.prefs))
    elif not is_open:
        raise SignInNeededError
    if user is not None and not may(user.role, method, path):
        raise HTTPException(403, "role")
    check_numbers(request.path_params)
    if not is_safe:
        if user is None or path in GUEST_FORMS:
            token = services.cookies.read(request, "guest")
        await check_write(request, services, token)


def recognise(request: Request) -> None:
    """Who asks, and in which language: for an answer to whom nothing is refused."""
    services = get_services(request)
    token = services.cookies.read(request, "session")
    user = get_session_user(services.db, token) if token else None
    request.state.user, request.state.token = user, token if user else ""
    speak(choose_language(request.cookies, request.headers, user.prefs if user else {}))


async def check_token(request: Request, services: Services, method: str, path: str) -> None:
    """A program's key instead of cookies: a browser sends none by itself, so no CSRF token either.

    Raises 401 for a key that does not work, even where cookies would let the browser in.
    """
    kind, _, key = request.headers["authorization"].partition(" ")
    user = None
    if kind.lower() == "bearer":
        user = await run_in_threadpool(get_token_user, services.db, key.strip())
    if user is None:
        raise HTTPException(401, "token", headers={"www-authenticate": "Bearer"})
    if not may(user.role, method, path):
        raise HTTPException(403, "role")
    check_numbers(request.path_params)
    request.state.user = user
    speak(choose_language(request.cookies, request.headers, user.prefs))


def check_numbers(params: Mapping[str, str]) -> None:
    """Raises 404 for a number no row can have: a database would fail on it."""
    for name in NUMBERS & params.keys():
        digits = params[name].lstrip("+-").lstrip("0")
        if digits.isdecimal() and (len(digits) > 10 or int(digits) > MAX_NUMBER):
            raise HTTPException(404)


async def check_write(request: Request, services: Services, token: str) -> None:
    """Raises 403 unless the write comes from a form of ours in the browser of token."""
    sent = request.headers.get("x-csrf-token", "")
    if not sent:
        field = (await request.form()).get("csrf", "")
        sent = field if isinstance(field, str) else ""
    is_ours = services.cookies.is_csrf_token(sent, token)
    if not is_ours or is_from_elsewhere(request, services.settings.effective_review_url):
        raise HTTPException(403, "csrf")


def get_user(request: Request) -> User:
    user = request.state.user
    if not isinstance(user, User):
        raise SignInNeededError
    return user


def is_fragment(request: Request) -> bool:
    """Whether htmx asks, and so wants a part of a page."""
    return request.headers.get("hx-request") == "true"


def sign_in_address(request: Request) -> str:
    """The sign-in page that leads back here; after a write, to the page it was made on."""
    if request.method in SAFE_METHODS:
        query = f"?{request.url.query}" if request.url.query else ""
        target = request.url.path + query
    else:
        target = "/queue"
    return "/signin?" + urlencode({"next": target}) if target != "/" else "/signin"


Serve = Annotated[Services, Depends(get_services)]
SignedIn = Annotated[User, Depends(get_user)]
