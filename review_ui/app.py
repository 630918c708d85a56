"""The review pages: `uvicorn --factory review_ui.app:create_app`."""

import logging

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from review_ui.access import check_access
from review_ui.assets import load_assets
from review_ui.deps import (
    Services,
    SignInNeededError,
    guard,
    is_fragment,
    recognise,
    sign_in_address,
)
from review_ui.i18n import N_
from review_ui.i18n import gettext as _
from review_ui.oidc import make_oidc
from review_ui.problems import ApiProblemError, answer_api, is_api, problem
from review_ui.render import fragment, make_templates, page
from review_ui.routes import (
    again,
    api_cards,
    api_decisions,
    api_docs,
    api_records,
    audit,
    batch,
    calendar,
    cards,
    comments,
    feeds,
    groups,
    guides,
    health,
    insights,
    invites,
    keys,
    leases,
    metrics,
    oidc,
    people,
    posts,
    quarantine,
    queue,
    runs,
    session,
    settings,
    signin,
    sources,
    static,
    styleguide,
    tones,
    undo,
    working,
)
from review_ui.security import Cookies, Shield, set_headers
from stages.errors import ConfigError
from stages.snippets import load_snippets
from store.engine import open_database
from store.migrate import check_version
from store.passwords import decoy_hash
from store.settings import Settings, get_secret_key, load_settings

log = logging.getLogger(__name__)

ROUTERS = (
    signin, oidc, invites, people, settings,
    queue, cards, again, batch, undo, posts, groups, guides, quarantine, sources, tones, runs,
    feeds, health, static, keys, session,
    audit, calendar, insights, metrics, api_cards, api_records, api_decisions,
    api_docs, leases, working, comments, styleguide,
)  # fmt: skip

ROLE_PROBLEM = (
    N_("Not with your role"),
    N_("Somebody with another role does this. An admin can give you one."),
)
PROBLEMS = {
    401: (N_("Please sign in"), N_("You were signed out. What you typed is still on the page.")),
    403: (
        N_("That did not come from this page"),
        N_(
            "The form was too old, or another site sent it. Go back, reload the page and try again."
        ),
    ),
    404: (N_("Nothing here"), N_("The page is gone, or the address has a slip in it.")),
    405: (N_("Not this way"), N_("This address cannot be used like that.")),
    413: (N_("Too large"), N_("That is more text than a draft can have. Nothing was saved.")),
    422: (N_("That could not be read"), N_("Something in the form is missing or not as expected.")),
    429: (N_("Too many attempts"), N_("Wait a quarter of an hour, then try again.")),
    500: (
        N_("Something broke"),
        N_("It is written to the log. Nothing was decided; go back and try once more."),
    ),
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """The web application; settings: from the environment when None.

    Raises ConfigError when settings are wrong, the database cannot be reached, is not migrated
    or was migrated by a later version.
    """
    settings = settings or load_settings()
    db = open_database(settings.effective_database_url)
    if not check_version(db):
        raise ConfigError(
            "The database is not at this version of Spoonful. Run `spoonful migrate` first."
        )
    is_https = settings.effective_review_url.startswith("https://")
    assets = load_assets()
    app = FastAPI(
        title="Spoonful",
        dependencies=[Depends(guard)],
        # A redirect would be built from the Host header, which anybody may send.
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.services = Services(
        settings=settings,
        db=db,
        cookies=Cookies(get_secret_key(settings), is_https),
        assets=assets,
        templates=make_templates(assets),
        oidc=make_oidc(settings),
        snippets=load_snippets(settings.snippets_file),
    )
    for module in ROUTERS:
        app.include_router(module.router)
    check_access(module.router for module in ROUTERS)
    app.add_exception_handler(SignInNeededError, _ask_to_sign_in)
    app.add_exception_handler(ApiProblemError, _show_problem)
    app.add_exception_handler(HTTPException, _show_problem)
    app.add_exception_handler(RequestValidationError, _show_problem)
    app.add_exception_handler(Exception, _show_failure)
    app.add_middleware(Shield, is_https=is_https)
    decoy_hash()  # made now, so that the first unknown name takes no longer than the second
    return app


def _ask_to_sign_in(request: Request, _error: Exception) -> Response:
    if is_api(request):
        return problem(401, headers={"www-authenticate": "Bearer"})
    if is_fragment(request):
        return _problem(request, 401)
    return RedirectResponse(sign_in_address(request), 303)


def _show_problem(request: Request, error: Exception) -> Response:
    if is_api(request):
        return answer_api(error)
    if isinstance(error, HTTPException):
        is_role = error.status_code == 403 and error.detail == "role"
        response = _problem(request, error.status_code, ROLE_PROBLEM if is_role else None)
        response.headers.update(error.headers or {})
        return response
    return _problem(request, 422)


def _show_failure(request: Request, error: Exception) -> Response:
    """The last resort stands outside the middleware, so it sets the headers itself."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    response = problem(500) if is_api(request) else _problem(request, 500)
    services: Services = request.app.state.services
    set_headers(response.headers, services.cookies.is_https)
    return response


def _problem(request: Request, status_code: int, said: tuple[str, str] | None = None) -> Response:
    if not hasattr(request.state, "user"):
        recognise(request)  # no route has this address, so nobody was looked for
    title, words = said or PROBLEMS.get(status_code, PROBLEMS[500 if status_code >= 500 else 422])
    context = {"title": _(title), "words": _(words), "status_code": status_code}
    if is_fragment(request):
        return fragment(request, "partials/problem.html", context, status_code)
    return page(request, "problem.html", context, status_code)
