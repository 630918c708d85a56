"""Who may go where: a row for every route. A route without one cannot be served at all."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from fastapi.routing import APIRoute

from store.users import Role

Place = tuple[str, str]
"""Method and path template: `("POST", "/posts/{post_id}/retry")`."""

PUBLIC = None
"""Anybody, signed in or not."""
EVERYONE = frozenset(Role)
EDITORS = frozenset({Role.EDITOR, Role.LEAD, Role.ADMIN})
LEADS = frozenset({Role.LEAD, Role.ADMIN})
OPS = frozenset({Role.OPS, Role.ADMIN})
SENDERS = frozenset({Role.EDITOR, Role.LEAD, Role.OPS, Role.ADMIN})
TONE_KEEPERS = frozenset({Role.LEAD, Role.OPS, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})

CARD = "/cards/{card_id}"
DRAFT = "/cards/{card_id}/drafts/{draft_id}"

ACCESS: dict[Place, frozenset[Role] | None] = {
    # signing in, and what machines ask
    ("GET", "/signin"): PUBLIC,
    ("POST", "/signin"): PUBLIC,
    ("POST", "/signout"): EVERYONE,
    ("GET", "/session"): EVERYONE,
    ("GET", "/session/guest"): PUBLIC,
    ("GET", "/signin/oidc"): PUBLIC,
    ("GET", "/signin/oidc/callback"): PUBLIC,
    ("GET", "/invite/{token}"): PUBLIC,
    ("POST", "/invite/{token}"): PUBLIC,
    ("POST", "/invite/{token}/oidc"): PUBLIC,
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/feeds/{group_id}.atom"): PUBLIC,
    ("GET", "/static/{version}/{name:path}"): PUBLIC,
    # people, and a person's own settings
    ("GET", "/people"): ADMINS,
    ("POST", "/people/invites"): ADMINS,
    ("POST", "/people/invites/{handle}/revoke"): ADMINS,
    ("POST", "/people/{user_id}/role"): ADMINS,
    ("POST", "/people/{user_id}/disable"): ADMINS,
    ("POST", "/people/{user_id}/enable"): ADMINS,
    ("POST", "/people/{user_id}/end-sessions"): ADMINS,
    ("GET", "/settings"): EVERYONE,
    ("POST", "/settings/language"): PUBLIC,
    ("GET", "/settings/keys"): EVERYONE,
    ("POST", "/settings/keys"): EVERYONE,
    ("POST", "/settings/theme"): EVERYONE,
    ("POST", "/settings/password"): EVERYONE,
    ("POST", "/settings/sessions/end-others"): EVERYONE,
    ("POST", "/settings/sessions/{handle}/end"): EVERYONE,
    ("POST", "/settings/tokens"): EVERYONE,
    ("POST", "/settings/tokens/{token_id}/revoke"): EVERYONE,
    ("POST", "/settings/identity"): EVERYONE,
    ("POST", "/settings/identity/remove"): EVERYONE,
    # queue
    ("GET", "/"): EVERYONE,
    ("GET", "/queue"): EVERYONE,
    ("POST", "/queue/views"): EVERYONE,
    ("POST", "/queue/views/{view_id}/delete"): EVERYONE,
    # desk
    ("GET", CARD): EVERYONE,
    ("POST", f"{CARD}/approve"): EDITORS,
    ("POST", f"{DRAFT}/approve"): EDITORS,
    ("POST", f"{DRAFT}/reject"): EDITORS,
    ("POST", f"{DRAFT}/edit"): EDITORS,
    ("POST", f"{DRAFT}/undo"): EDITORS,
    ("POST", f"{DRAFT}/regenerate"): EDITORS,
    ("GET", f"{DRAFT}/regenerate"): EVERYONE,
    ("GET", "/guides/{guide_id:path}"): EVERYONE,
    # many at once, and taking back
    ("GET", "/batch"): EDITORS,
    ("POST", "/batch"): EDITORS,
    ("GET", "/undo"): EDITORS,
    ("POST", "/undo/last"): EDITORS,
    ("POST", "/undo/decisions/{decision_id}"): EDITORS,
    ("POST", "/undo/batches/{batch}"): EDITORS,
    # together
    ("POST", f"{CARD}/lease"): EDITORS,
    ("POST", f"{CARD}/lease/beat"): EDITORS,
    ("POST", f"{CARD}/lease/release"): EDITORS,
    ("POST", f"{CARD}/lease/take-over"): EDITORS,
    ("POST", f"{DRAFT}/working"): EDITORS,
    ("POST", f"{DRAFT}/working/discard"): EDITORS,
    ("POST", f"{DRAFT}/check"): EDITORS,
    ("GET", f"{DRAFT}/versions"): EVERYONE,
    ("GET", f"{DRAFT}/snippets"): EVERYONE,
    ("POST", f"{CARD}/comments"): EVERYONE,
    ("POST", f"{CARD}/comments/{{comment_id}}/remove"): EVERYONE,
    ("POST", f"{CARD}/comments/seen"): EVERYONE,
    ("GET", "/comments/names"): EVERYONE,
    # posts and groups
    ("GET", "/posts"): EVERYONE,
    ("GET", "/posts/{post_id}"): EVERYONE,
    ("GET", "/posts/{post_id}/snapshot"): EVERYONE,
    ("POST", "/posts/{post_id}/retry"): SENDERS,
    ("POST", "/posts/{post_id}/reschedule"): SENDERS,
    ("POST", "/posts/{post_id}/settle"): SENDERS,
    ("POST", "/posts/{post_id}/withdraw"): SENDERS,
    ("POST", "/posts/{post_id}/keep"): EDITORS,
    ("POST", "/posts/{post_id}/undo"): EDITORS,
    ("GET", "/groups"): EVERYONE,
    ("GET", "/groups/{group_id}"): EVERYONE,
    # records
    ("GET", "/calendar"): EVERYONE,
    ("GET", "/insights"): EVERYONE,
    ("GET", "/audit"): EVERYONE,
    ("GET", "/audit/export.{form}"): EVERYONE,
    ("GET", "/metrics"): OPS,
    # for programs
    ("GET", "/api/docs"): EVERYONE,
    ("GET", "/api/openapi.json"): EVERYONE,
    ("GET", "/api/v1/queue"): EVERYONE,
    ("GET", "/api/v1/cards/{card_id}"): EVERYONE,
    ("GET", "/api/v1/guides/{guide_id:path}"): EVERYONE,
    ("GET", "/api/v1/posts"): EVERYONE,
    ("GET", "/api/v1/posts/{post_id}"): EVERYONE,
    ("GET", "/api/v1/groups"): EVERYONE,
    ("GET", "/api/v1/runs"): EVERYONE,
    ("GET", "/api/v1/audit"): EVERYONE,
    ("POST", f"/api/v1{DRAFT}/approve"): EDITORS,
    ("POST", f"/api/v1{DRAFT}/reject"): EDITORS,
    ("POST", f"/api/v1{DRAFT}/edit"): EDITORS,
    ("POST", f"/api/v1{DRAFT}/undo"): EDITORS,
    ("POST", f"/api/v1{DRAFT}/regenerate"): EDITORS,
    ("POST", "/api/v1/posts/{post_id}/reschedule"): SENDERS,
    # the line
    ("GET", "/quarantine"): EVERYONE,
    ("POST", "/quarantine/accept"): SENDERS,
    ("POST", "/quarantine/ignore"): SENDERS,
    ("POST", "/quarantine/restore"): SENDERS,
    ("GET", "/sources"): EVERYONE,
    ("POST", "/sources/{source_id}/stop"): OPS,
    ("POST", "/sources/{source_id}/resume"): OPS,
    ("GET", "/tones"): EVERYONE,
    ("GET", "/tones/{tone}/compare"): EVERYONE,
    ("POST", "/tones/{tone}/promote"): TONE_KEEPERS,
    ("POST", "/tones/{tone}/rollback"): TONE_KEEPERS,
    ("POST", "/tones/{tone}/canary"): TONE_KEEPERS,
    ("POST", "/tones/{tone}/stop-canary"): TONE_KEEPERS,
    ("GET", "/runs"): EVERYONE,
    # the design system
    ("GET", "/styleguide"): EVERYONE,
}


def check_access(routers: Iterable[APIRouter]) -> None:
    """Raises RuntimeError naming each route without a row and each row without a route."""
    places = {
        (method, route.path)
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
    }
    if places != set(ACCESS):
        raise RuntimeError(f"review_ui.access and the routes differ: {places ^ set(ACCESS)}")


def is_public(method: str, path: str) -> bool:
    """path: the route's template."""
    return ACCESS[_place(method, path)] is PUBLIC


def may(role: Role, method: str, path: str) -> bool:
    """Whether somebody signed in with that role gets there; path: the route's template."""
    allowed = ACCESS[_place(method, path)]
    return allowed is PUBLIC or role in allowed


def _place(method: str, path: str) -> Place:
    return ("GET" if method == "HEAD" else method, path)
