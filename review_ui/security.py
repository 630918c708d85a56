"""What protects the pages: cookies, CSRF tokens, response headers, size limits, safe redirects."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

from fastapi import HTTPException
from itsdangerous import BadSignature, Signer
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 256 * 1024
"""The largest form is an edited draft of 20,000 characters, up to nine bytes each when encoded."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`: browsers then send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Shield:
    """ASGI middleware: security headers on every response, a cap on every request body."""

    def __init__(self, app: ASGIApp, is_https: bool) -> None:
        self.app = app
        self.is_https = is_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        is_too_large = not declared.isdigit() or int(declared) > MAX_BODY_BYTES
        received = 0

        async def receive_capped() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if is_too_large or received > MAX_BODY_BYTES:
                raise HTTPException(413)
            return message

        async def send_shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                set_headers(MutableHeaders(scope=message), self.is_https)
            await send(message)

        await self.app(scope, receive_capped, send_shielded)


def set_headers(headers: MutableHeaders, is_https: bool) -> None:
    for name, value in HEADERS.items():
        headers[name] = value
    if is_https:
        headers["strict-transport-security"] = "max-age=31536000"
    headers.setdefault("cache-control", "no-store")


@dataclass(frozen=True, slots=True)
class Cookies:
    """Signed cookies and the CSRF tokens that belong to them."""

    secret: str
    is_https: bool

    def name(self, kind: str) -> str:
        """kind: `session`, `guest` or `note`."""
        return f"__Host-spoonful_{kind}" if self.is_https else f"spoonful_{kind}"

    def read(self, request: Request, kind: str) -> str:
        """What we put into the cookie, '' when it is missing or not signed by us."""
        try:
            signed = request.cookies.get(self.name(kind), "")
            return unquote(self._signer(kind).unsign(signed).decode("ascii"))
        except (BadSignature, UnicodeError):
            return ""

    def write(self, response: Response, kind: str, value: str, max_age_s: int | None) -> None:
        response.set_cookie(
            self.name(kind),
            self._signer(kind).sign(quote(value, safe="")).decode(),
            max_age=max_age_s,
            path="/",
            secure=self.is_https,
            httponly=True,
            samesite="lax",
        )

    def clear(self, response: Response, kind: str) -> None:
        response.delete_cookie(
            self.name(kind), path="/", secure=self.is_https, httponly=True, samesite="lax"
        )

    def csrf_token(self, session_token: str) -> str:
        """The token of a session (or of a guest on the sign-in page): nothing else makes it."""
        return self._signer("csrf").get_signature(session_token.encode()).decode()

    def is_csrf_token(self, sent: str, session_token: str) -> bool:
        expected = self.csrf_token(session_token)
        return bool(session_token) and secrets.compare_digest(sent.encode(), expected.encode())

    def _signer(self, kind: str) -> Signer:
        return Signer(self.secret, salt=f"spoonful.{kind}", digest_method=hashlib.sha256)


def is_from_elsewhere(request: Request, review_url: str) -> bool:
    """Whether the browser says that another site sent this write.

    Both headers may be missing (not a browser, or an old one); the CSRF token decides then.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    ours = {request.headers.get("host", ""), urlsplit(review_url).netloc}
    parts = _split(origin)
    return parts is None or parts.netloc not in ours - {""}


def safe_next(target: str) -> str:
    """Where to go after signing in: a path of ours, `/queue` for anything else."""
    if len(target) > 2000 or not target.isprintable() or "\\" in target:
        return "/queue"
    parts = _split(target)
    is_ours = target.startswith("/") and not target.startswith("//")
    if not is_ours or not parts or parts.scheme or parts.netloc:
        return "/queue"
    return "/queue" if parts.path in ("/signin", "/signout") else target


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:  # such as an unfinished IPv6 address
        return None
