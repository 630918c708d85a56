"""The review pages: `uvicorn --factory review_ui.app:create_app`."""

import logging

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from review_ui.assets import load_assets
from review_ui.deps import Services, SignInNeededError, guard, is_fragment, sign_in_address
from review_ui.render import fragment, make_templates, page
from review_ui.routes import (
    cards,
    feeds,
    groups,
    guides,
    health,
    posts,
    quarantine,
    queue,
    runs,
    signin,
    sources,
    static,
    tones,
)
from review_ui.security import Cookies, Shield, set_headers
from stages.errors import ConfigError
from store.engine import open_database
from store.migrate import check_version
from store.passwords import decoy_hash
from store.settings import Settings, get_secret_key, load_settings

log = logging.getLogger(__name__)

ROUTERS = (
    signin, queue, cards, posts, groups, guides, quarantine, sources, tones, runs, feeds, health,
    static,
)  # fmt: skip

PROBLEMS = {
    401: ("Please sign in", "You were signed out. What you typed is still on the page."),
    403: (
        "That did not come from this page",
        "The form was too old, or another site sent it. Go back, reload the page and try again.",
    ),
    404: ("Nothing here", "The page is gone, or the address has a slip in it."),
    405: ("Not this way", "This address cannot be used like that."),
    413: ("Too large", "That is more text than a draft can have. Nothing was saved."),
    422: ("That could not be read", "Something in the form is missing or not as expected."),
    429: ("Too many attempts", "Wait a quarter of an hour, then try again."),
    500: (
        "Something broke",
        "It is written to the log. Nothing was decided; go back and try once more.",
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
    )
    for module in ROUTERS:
        app.include_router(module.router)
    app.add_exception_handler(SignInNeededError, _ask_to_sign_in)
    app.add_exception_handler(HTTPException, _show_problem)
    app.add_exception_handler(RequestValidationError, _show_problem)
    app.add_exception_handler(Exception, _show_failure)
    app.add_middleware(Shield, is_https=is_https)
    decoy_hash()  # made now, so that the first unknown name takes no longer than the second
    return app


def _ask_to_sign_in(request: Request, _error: Exception) -> Response:
    if is_fragment(request):
        return _problem(request, 401)
    return RedirectResponse(sign_in_address(request), 303)


def _show_problem(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        response = _problem(request, error.status_code)
        response.headers.update(error.headers or {})
        return response
    return _problem(request, 422)


def _show_failure(request: Request, error: Exception) -> Response:
    """The last resort stands outside the middleware, so it sets the headers itself."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    response = _problem(request, 500)
    services: Services = request.app.state.services
    set_headers(response.headers, services.cookies.is_https)
    return response


def _problem(request: Request, status_code: int) -> Response:
    title, words = PROBLEMS.get(status_code, PROBLEMS[500 if status_code >= 500 else 422])
    context = {"title": title, "words": words, "status_code": status_code}
    if is_fragment(request):
        return fragment(request, "partials/problem.html", context, status_code)
    return page(request, "problem.html", context, status_code)
