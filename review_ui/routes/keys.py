"""One's own keys: seen, changed, put back."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from review_ui.deps import Serve, SignedIn
from review_ui.i18n import gettext as _
from review_ui.keys import OFF_PREF, PREF, Remap, list_sections, read_remap
from review_ui.render import go, page
from store.users import User, set_prefs

router = APIRouter()

PLACE = "/settings/keys"
FIELD = "key:"


@router.get(PLACE)
def show(request: Request, user: SignedIn) -> Response:
    return page(request, "keys.html", _context(user, read_remap(user, {})))


@router.post(PLACE)
async def change(request: Request, serve: Serve, user: SignedIn) -> Response:
    """All keys at once, or none of them when one cannot be. `reset` puts every key back."""
    form = await request.form()
    if "reset" in form:
        set_prefs(serve.db, user.id, **{PREF: None, OFF_PREF: None})
        return go(request, PLACE, _("All keys are as they came."))
    sent = {
        name.removeprefix(FIELD): value
        for name, value in form.items()
        if name.startswith(FIELD) and isinstance(value, str)
    }
    asked = read_remap(user, sent)
    if asked.problems:
        return page(request, "keys.html", _context(user, asked), 422)
    is_off = form.get("off") == "1"
    set_prefs(serve.db, user.id, **{PREF: dict(asked.changed) or None, OFF_PREF: is_off or None})
    return go(request, PLACE, _("Your keys are saved."))


def _context(user: User, asked: Remap) -> Mapping[str, Any]:
    return {
        "sections": list_sections(user, asked.keys),
        "asked": asked,
        "is_off": bool(user.prefs.get(OFF_PREF)),
    }
