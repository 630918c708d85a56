"""What the JSON API answers when something is not as asked (RFC 9457): what, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from review_ui.api_models import DraftOut

MEDIA_TYPE = "application/problem+json"
API = ("/api/v1/", "/api/openapi.json")
ROLE = "Your role does not do this. An admin can give you another one."

ADVICE = {
    400: "Look at the request: it could not be read.",
    401: "Send the header Authorization: Bearer KEY with a key from your settings that has not "
    "ended, or sign in with a browser.",
    403: "With a session cookie, send its X-CSRF-Token. If you did, your role does not do this.",
    404: "Nothing has this address; ids come from the lists.",
    405: "This address is for another method; /api/docs lists them.",
    409: "Read it again and decide anew.",
    413: "Send less: a draft has at most 20,000 characters.",
    422: "Correct the fields named and send it again.",
    500: "It is written to the log. Nothing was decided.",
    503: "Try again in a moment.",
}
TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Not this way",
    409: "Not as you saw it",
    413: "Too large",
    422: "Not as expected",
    500: "Something broke",
    503: "Not now",
}


class ApiProblemError(Exception):
    """A decision that was not made. draft: how it is now."""

    def __init__(self, status: int, detail: str, draft: DraftOut | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.draft = status, detail, draft


def is_api(request: Request) -> bool:
    """Whether a program asks: it gets problems, no pages."""
    return request.url.path.startswith(API)


def problem(
    status: int,
    detail: str = "",
    *,
    draft: DraftOut | None = None,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """detail: '' for what is generally to be done about such a status."""
    title = TITLES.get(status, TITLES[500])
    body: dict[str, Any] = {
        "type": f"/api/docs#problem-{status}",
        "title": title,
        "status": status,
        "detail": detail or ADVICE.get(status, ADVICE[500]),
    }
    if draft is not None:
        body["draft"] = draft.model_dump(mode="json")
    if errors:
        body["errors"] = [
            {"at": ".".join(str(part) for part in error["loc"]), "message": error["msg"]}
            for error in errors
        ]
    return JSONResponse(body, status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def answer_api(error: Exception) -> JSONResponse:
    """The problem an error stands for."""
    if isinstance(error, ApiProblemError):
        return problem(error.status, error.detail, draft=error.draft)
    if isinstance(error, RequestValidationError):
        return problem(422, errors=error.errors())
    if isinstance(error, HTTPException):
        detail = ROLE if error.detail == "role" else ""
        return problem(error.status_code, detail, headers=error.headers)
    return problem(500)
