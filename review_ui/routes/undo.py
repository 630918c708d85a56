"""What one decided lately, and taking it back."""

from secrets import token_hex

from fastapi import APIRouter, Request
from fastapi.responses import Response

from review_ui import decide_form as read
from review_ui.asked import Sent
from review_ui.deps import Serve, SignedIn
from review_ui.desk_words import REASONS
from review_ui.i18n import N_, ngettext
from review_ui.i18n import gettext as _
from review_ui.render import go, page
from review_ui.security import safe_next
from store.decision_types import Action, NotAllowedError, StaleError
from store.undoing import KEPT, Undone, list_undoable, undo_batch, undo_last, undo_one

router = APIRouter()

DONE = {
    Action.APPROVE: N_("Approved %(tone)s"),
    Action.REJECT: N_("Rejected %(tone)s"),
    Action.EDIT: N_("Edited %(tone)s"),
    Action.KEEP: N_("Kept a post of %(tone)s"),
}


@router.get("/undo")
def show(request: Request, serve: Serve, user: SignedIn) -> Response:
    context = {
        "entries": list_undoable(serve.db, user.id),
        "kept": KEPT,
        "done": DONE,
        "reasons": REASONS,
        "new_request_id": lambda: token_hex(12),
    }
    return page(request, "undo.html", context)


@router.post("/undo/last")
def last(request: Request, serve: Serve, user: SignedIn, form: Sent) -> Response:
    """One's newest decision or batch that can be taken back."""
    target = safe_next(read.field(form, "next") or "/undo")
    press = read.read_request_id(form, 0)
    try:
        undone = undo_last(serve.db, user.id, press)
    except (StaleError, NotAllowedError) as error:
        return go(request, target, _(str(error)))
    return go(request, target, _say(undone))


@router.post("/undo/decisions/{decision_id}")
def one(request: Request, serve: Serve, user: SignedIn, decision_id: int, form: Sent) -> Response:
    try:
        undone = undo_one(serve.db, user.id, decision_id, read.read_request_id(form, 0))
    except (StaleError, NotAllowedError) as error:
        return go(request, "/undo", _(str(error)))
    return go(request, "/undo", _say(undone))


@router.post("/undo/batches/{batch}")
def many(request: Request, serve: Serve, user: SignedIn, batch: str, form: Sent) -> Response:
    try:
        undone = undo_batch(serve.db, user.id, batch, read.read_request_id(form, 0))
    except (StaleError, NotAllowedError) as error:
        return go(request, "/undo", _(str(error)))
    return go(request, "/undo", _say(undone))


def _say(undone: Undone) -> str:
    said = ngettext(
        "%(num)s decision taken back.", "%(num)s decisions taken back.", undone.undone
    ) % {"num": undone.undone}
    if undone.left:
        why = " ".join(_(reason) for reason in undone.left)
        said = _("%(done)s The others stand: %(why)s") % {"done": said, "why": why}
    return said
