"""A person's own settings: language, theme, password, sessions, API tokens, linked account."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from review_ui.agents import describe_agent
from review_ui.deps import Serve, Services, SignedIn
from review_ui.entry import (
    WINDOW_S,
    count_failure,
    find_password_problem,
    give_session,
    hashing,
    is_address_slowed,
)
from review_ui.i18n import COOKIE as LANGUAGE_COOKIE
from review_ui.i18n import LANGUAGES, speak
from review_ui.i18n import gettext as _
from review_ui.people_view import ROLE_NAMES, ROLE_WORDS
from review_ui.render import go, page
from review_ui.routes.oidc import Purpose, leave
from review_ui.security import safe_next
from stages.errors import PermanentError
from store.api_tokens import MAX_NAME_CHARS, list_api_tokens, make_api_token, revoke_api_token
from store.identities import has_identity, unlink_identity
from store.passwords import hash_password, verify_password
from store.sessions import end_session_of, end_sessions, list_sessions
from store.users import User, change_password, get_password_hash, set_prefs

router = APIRouter()

TOKEN_DAYS = (30, 90, 365)
SHOW_ONCE_S = 120
YEAR_S = 31_536_000


@router.get("/settings")
def show(request: Request, serve: Serve, user: SignedIn) -> Response:
    return _page(request, serve, user)


@router.post("/settings/language")
def choose_language(
    request: Request,
    serve: Serve,
    lang: Annotated[str, Form()],
    next: Annotated[str, Form()] = "",
) -> Response:
    """For everybody; a cookie keeps it for who is not signed in."""
    if lang not in LANGUAGES:
        raise HTTPException(422)
    user = request.state.user
    if user is not None:
        set_prefs(serve.db, user.id, lang=lang)
    speak(lang)
    target = safe_next(next) if next or user is not None else "/signin"
    response = RedirectResponse(target, 303)
    _keep(response, serve, LANGUAGE_COOKIE, lang)
    return response


@router.post("/settings/theme")
def choose_theme(
    request: Request,
    serve: Serve,
    user: SignedIn,
    theme: Annotated[Literal["", "light", "dark"], Form()] = "",
    next: Annotated[str, Form()] = "",
) -> Response:
    """theme: '' as the system has it."""
    response = RedirectResponse(safe_next(next), 303)
    if not theme:
        set_prefs(serve.db, user.id, theme="")
        response.delete_cookie("spoonful_theme", path="/", samesite="lax")
    else:
        set_prefs(serve.db, user.id, theme=theme)
        _keep(response, serve, "spoonful_theme", theme)
    return response


@router.post("/settings/password")
def set_new_password(
    request: Request,
    serve: Serve,
    user: SignedIn,
    old: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Ends every session; this browser gets a new one."""
    if is_address_slowed(request, serve):
        message = _("Too many failed attempts. Wait a quarter of an hour, then try again.")
        response = _page(request, serve, user, 429, message)
        response.headers["retry-after"] = str(WINDOW_S)
        return response
    with hashing:
        found = get_password_hash(serve.db, user.name)
        if found is None or not verify_password(found[1], old):
            count_failure(request, serve)
            return _page(request, serve, user, 422, _("The old password is another one."))
        if problem := find_password_problem(password, again, user.name):
            return _page(request, serve, user, 422, problem)
        hashed = hash_password(password)
    if not change_password(serve.db, user.id, found[1], hashed):
        return _page(request, serve, user, 422, _("The old password is another one."))
    response = go(
        request, "/settings", _("Your password is changed; all other browsers are signed out.")
    )
    give_session(request, serve, response, user.id)
    return response


@router.post("/settings/sessions/end-others")
def end_others(request: Request, serve: Serve, user: SignedIn) -> Response:
    end_sessions(serve.db, user.id, user.id, request.state.token)
    return go(request, "/settings#sessions", _("All other browsers are signed out."))


@router.post("/settings/sessions/{handle}/end")
def end_one(request: Request, serve: Serve, user: SignedIn, handle: str) -> Response:
    if not end_session_of(serve.db, user.id, handle):
        raise HTTPException(404)
    return go(request, "/settings#sessions", _("That browser is signed out."))


@router.post("/settings/tokens")
def make_token(
    request: Request,
    serve: Serve,
    user: SignedIn,
    name: Annotated[str, Form(max_length=MAX_NAME_CHARS)],
    days: Annotated[int, Form()],
) -> Response:
    """The key goes into a cookie of this browser: shown on the next page, then gone."""
    if days not in TOKEN_DAYS or not name.strip():
        raise HTTPException(422)
    token = make_api_token(serve.db, user.id, name.strip(), days)
    response = go(request, "/settings#tokens", _("The token is ready. It is shown once."))
    serve.cookies.write(response, "token", token, SHOW_ONCE_S)
    return response


@router.post("/settings/tokens/{token_id}/revoke")
def revoke_token(request: Request, serve: Serve, user: SignedIn, token_id: int) -> Response:
    if not revoke_api_token(serve.db, user.id, token_id):
        raise HTTPException(404)
    return go(request, "/settings#tokens", _("The token works no more."))


@router.post("/settings/identity")
def link(request: Request, serve: Serve, user: SignedIn) -> Response:
    return leave(request, serve, Purpose.LINK, str(user.id))


@router.post("/settings/identity/remove")
def unlink(request: Request, serve: Serve, user: SignedIn) -> Response:
    if serve.oidc is None:
        raise HTTPException(404)
    try:
        unlink_identity(serve.db, user.id, serve.oidc.issuer)
    except PermanentError:
        note = _("It stays linked: you would have no way left to sign in.")
        return go(request, "/settings#password", note)
    return go(request, "/settings#password", _("It is no longer linked."))


def _page(
    request: Request, serve: Services, user: User, status_code: int = 200, message: str = ""
) -> Response:
    """message: what is wrong with the password form."""
    token = serve.cookies.read(request, "token")
    sessions = list_sessions(serve.db, user.id, request.state.token)
    context = {
        "message": message,
        "languages": LANGUAGES,
        "sessions": [(session, describe_agent(session.agent)) for session in sessions],
        "tokens": list_api_tokens(serve.db, user.id),
        "token_days": TOKEN_DAYS,
        "token_name_max": MAX_NAME_CHARS,
        "new_token": token,
        "has_password": get_password_hash(serve.db, user.name) is not None,
        "provider": serve.oidc.name if serve.oidc else "",
        "is_linked": serve.oidc is not None and has_identity(serve.db, user.id, serve.oidc.issuer),
        "role_name": _(ROLE_NAMES[user.role]),
        "role_words": _(ROLE_WORDS[user.role]),
    }
    response = page(request, "settings.html", context, status_code)
    if token:
        serve.cookies.clear(response, "token")
    return response


def _keep(response: Response, serve: Services, name: str, value: str) -> None:
    """A choice of this browser; nothing secret, so unsigned, and scripts may read it."""
    response.set_cookie(
        name,
        value,
        max_age=YEAR_S,
        path="/",
        secure=serve.cookies.is_https,
        samesite="lax",
    )
