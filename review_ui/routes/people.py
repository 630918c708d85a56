"""People: who may sign in, as what, and invites. For admins; no secret is ever on these pages."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from review_ui.deps import Serve, SignedIn
from review_ui.i18n import N_
from review_ui.i18n import gettext as _
from review_ui.people_view import ROLE_NAMES, ROLE_WORDS, make_change_lines
from review_ui.render import go, page
from store.account_changes import list_account_changes
from store.invites import NOTE_MAX_CHARS, list_invites, make_invite, revoke_invite
from store.sessions import end_sessions
from store.users import (
    LastAdminError,
    Role,
    User,
    disable_user,
    enable_user,
    get_user,
    list_people,
    set_role,
)

router = APIRouter()

SHOW_ONCE_S = 120
LAST_ADMIN = N_("%(name)s is the only admin. Make somebody else one first.")


@router.get("/people")
def show(request: Request, serve: Serve, user: SignedIn) -> Response:
    """The link of an invite just made is in a cookie of the admin's browser: shown, then gone."""
    token = serve.cookies.read(request, "invite")
    response = page(
        request,
        "people.html",
        {
            "people": list_people(serve.db),
            "invites": list_invites(serve.db),
            "changes": make_change_lines(list_account_changes(serve.db)),
            "link": f"{serve.settings.effective_review_url}/invite/{token}" if token else "",
            "roles": list(Role),
            "role_names": ROLE_NAMES,
            "role_words": ROLE_WORDS,
            "note_max_chars": NOTE_MAX_CHARS,
        },
    )
    if token:
        serve.cookies.clear(response, "invite")
    return response


@router.post("/people/invites")
def invite(
    request: Request,
    serve: Serve,
    user: SignedIn,
    role: Annotated[Role, Form()],
    note: Annotated[str, Form(max_length=NOTE_MAX_CHARS)] = "",
) -> Response:
    token = make_invite(serve.db, role, note.strip(), user.id)
    response = go(request, "/people#invites", _("The invite is ready. Its link is shown once."))
    serve.cookies.write(response, "invite", token, SHOW_ONCE_S)
    return response


@router.post("/people/invites/{handle}/revoke")
def revoke(request: Request, serve: Serve, user: SignedIn, handle: str) -> Response:
    if not revoke_invite(serve.db, handle, user.id):
        return go(request, "/people#invites", _("This invite was used, revoked or over already."))
    return go(request, "/people#invites", _("The link of this invite lets nobody in any more."))


@router.post("/people/{user_id}/role")
def change_role(
    request: Request,
    serve: Serve,
    user: SignedIn,
    user_id: int,
    role: Annotated[Role, Form()],
) -> Response:
    person = _find(serve, user_id)
    try:
        set_role(serve.db, user_id, role, user.id)
    except LastAdminError:
        return go(request, "/people", _(LAST_ADMIN) % {"name": person.name})
    words = {"name": person.name, "role": _(ROLE_NAMES[role])}
    return go(request, "/people", _("%(name)s has the role “%(role)s” now.") % words)


@router.post("/people/{user_id}/disable")
def disable(request: Request, serve: Serve, user: SignedIn, user_id: int) -> Response:
    person = _find(serve, user_id)
    try:
        disable_user(serve.db, person.name, user.id)
    except LastAdminError:
        return go(request, "/people", _(LAST_ADMIN) % {"name": person.name})
    note = _("%(name)s can no longer sign in. What they decided stays on record.")
    return go(request, "/people", note % {"name": person.name})


@router.post("/people/{user_id}/enable")
def enable(request: Request, serve: Serve, user: SignedIn, user_id: int) -> Response:
    person = _find(serve, user_id)
    enable_user(serve.db, user_id, user.id)
    return go(request, "/people", _("%(name)s can sign in again.") % {"name": person.name})


@router.post("/people/{user_id}/end-sessions")
def sign_out_everywhere(request: Request, serve: Serve, user: SignedIn, user_id: int) -> Response:
    person = _find(serve, user_id)
    kept = request.state.token if user_id == user.id else ""
    end_sessions(serve.db, user_id, user.id, kept)
    return go(request, "/people", _("%(name)s is signed out everywhere.") % {"name": person.name})


def _find(serve: Serve, user_id: int) -> User:
    person = get_user(serve.db, user_id)
    if person is None:
        raise HTTPException(404)
    return person
