"""The JSON API's description: OpenAPI for programs, a page for people."""

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response

from review_ui.api_view import describe
from review_ui.deps import SignedIn
from review_ui.problems import ADVICE, TITLES
from review_ui.render import page
from review_ui.routes import api_cards, api_decisions, api_records

router = APIRouter()

PARTS = (api_cards, api_decisions, api_records)
VERSION = "1"
DESCRIPTION = (
    "The review desk for programs: the same functions and the same rules as its pages. "
    'Send "Authorization: Bearer KEY" with a key from your settings; it has your rights. '
    "A browser that is signed in may call it too, with its X-CSRF-Token on every write. "
    "Lists come in pages: send next back as cursor. "
    "Errors are application/problem+json and say what to do."
)


@router.get("/api/openapi.json", include_in_schema=False)
def show_schema(request: Request, user: SignedIn) -> Response:
    return JSONResponse(make_schema(request.app))


@router.get("/api/docs", include_in_schema=False)
def show(request: Request, user: SignedIn) -> Response:
    return page(
        request,
        "api.html",
        {
            "sections": describe(make_schema(request.app)),
            "description": DESCRIPTION,
            "problems": [(status, TITLES[status], ADVICE.get(status, "")) for status in TITLES],
            "address": str(request.base_url).rstrip("/"),
        },
    )


def make_schema(app: FastAPI) -> dict[str, Any]:
    """Made once; of the API's routes only."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title="Spoonful",
            version=VERSION,
            description=DESCRIPTION,
            routes=[route for module in PARTS for route in module.router.routes],
            separate_input_output_schemas=False,
        )
        schema.setdefault("components", {})["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
        }
        schema["security"] = [{"key": []}, {"session": []}]
        app.openapi_schema = schema
    return app.openapi_schema
