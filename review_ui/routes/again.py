"""The desk: having a draft written again, and what became of it."""

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

from review_ui import decide_form as read
from review_ui.answers import Outcome, answer, make_context
from review_ui.asked import Asked
from review_ui.desk import find_column
from review_ui.i18n import gettext as _
from review_ui.render import fragment
from store import cook_requests
from store.cook_requests import RequestState
from store.decision_types import NotAllowedError, StaleError

router = APIRouter()


@router.post("/cards/{card_id}/drafts/{draft_id}/regenerate")
def regenerate(asked: Asked) -> Response:
    """Have this tone written again; the draft stays until there is another."""
    asked.column()
    note = read.field(asked.form, "note")
    try:
        cook_requests.ask(asked.serve.db, asked.draft_id, asked.by(), note)
    except (StaleError, NotAllowedError) as error:
        return answer(asked, Outcome(_(str(error)), 409))
    said = _("%(tone)s is being written again.") % {"tone": asked.tone()}
    return answer(asked, Outcome(said))


@router.get("/cards/{card_id}/drafts/{draft_id}/regenerate")
def watch(asked: Asked) -> Response:
    """What became of the request: nothing to say while it is open, then the new draft's column in
    the place of the old one's, or why there is none.
    """
    found = cook_requests.get_last(asked.serve.db, asked.draft_id)
    if found is None or found.card_id != asked.card_id:
        raise HTTPException(404)
    if found.is_open:
        return Response(status_code=204)
    if found.state is RequestState.DONE:
        asked.draft_id = found.new_draft_id
        said = _("%(tone)s was written again.") % {"tone": asked.tone()}
        return answer(asked, Outcome(said))
    context = {
        **make_context(asked.request, asked.desk()),
        "column": find_column(asked.desk(), asked.draft_id),
    }
    if context["column"] is None:
        raise HTTPException(404)
    # Only this part: somebody may be typing into the draft that stays.
    headers = {"hx-retarget": f"#regenerate-{asked.draft_id}", "hx-reswap": "outerHTML"}
    response = fragment(asked.request, "partials/regenerate.html", context)
    response.headers.update(headers)
    return response
