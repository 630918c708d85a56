"""What an editor gets back for a decision: the parts of the desk that changed, and a note."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import HTTPException, Request
from fastapi.responses import Response

from review_ui import decide_form as read
from review_ui.asked import Ask
from review_ui.deps import is_fragment
from review_ui.desk import DeskView, find_column
from review_ui.desk_words import HAPPENED, HISTORY, REASONS
from review_ui.differences import Changes, compare_texts
from review_ui.filters import read_filter, write_filter
from review_ui.i18n import gettext as _
from review_ui.render import fragment, go, page, query
from stages.cook.checks import MAX_CHARS
from stages.types import Stakes
from store.decision_types import By
from store.engine import utc_now
from store.leases import take_over, who_else
from store.working_texts import Clash, get_clash


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody was faster. theirs: what they changed in what the loser had before them; mine:
    from what stands now to the loser's text, which is text; () where there is no difference.
    """

    what: str
    at: datetime | None
    theirs: Changes = ()
    mine: Changes = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to tell the editor. unsaved: text of theirs that could not be kept, to hand back.

    asks_licence: the licence has to be checked first. asks_over: somebody else is on the card, and
    a second press takes it over. conflict: what somebody else did first. In each of these what the
    form held is handed back with the answer.
    """

    note: str
    status_code: int = 200
    unsaved: str = ""
    asks_licence: bool = False
    asks_over: bool = False
    conflict: Conflict | None = None
    undo_path: str = ""

    @property
    def keeps_form(self) -> bool:
        return bool(self.unsaved or self.asks_licence or self.asks_over or self.conflict)


def must_ask(asked: Ask) -> Outcome | None:
    """Whether somebody else is on the card; whoever was asked takes it over by deciding.

    Nobody is asked where two people are wanted anyway.
    """
    is_high = asked.desk().item.card.stakes is Stakes.HIGH
    if is_high and asked.serve.settings.second_person:
        return None
    other = who_else(asked.serve.db, asked.card_id, asked.user.id, utc_now())
    if other is None:
        return None
    if read.field(asked.form, "take_over") == "1":
        take_over(asked.serve.db, asked.card_id, asked.user.id, utc_now())
        return None
    message = _("%(name)s is on this card. Press once more to take it over and decide.")
    return Outcome(message % {"name": other.user}, 409, asks_over=True)


def lost(asked: Ask, by: By, error: Exception, text: str = "") -> Outcome:
    """Why nothing was written. Somebody was faster, if the draft is not as it was seen: then also
    what they made of it, and text beside that.
    """
    clash = get_clash(asked.serve.db, asked.draft_id, text, by.version)
    message = _(str(error))
    if text:
        message = _("%(problem)s Your text is kept below.") % {"problem": message}
    conflict = _conflict(clash, text) if clash else None
    return Outcome(message, 409, text, conflict=conflict)


def _conflict(clash: Clash, text: str) -> Conflict:
    name = clash.user or _("Somebody")
    return Conflict(
        what=_(HAPPENED[clash.kind]) % {"name": name},
        at=clash.at,
        theirs=compare_texts(clash.base, clash.theirs) if clash.base != clash.theirs else (),
        mine=compare_texts(clash.theirs, text) if text and text != clash.theirs else (),
        text=text,
    )


def answer(asked: Ask, outcome: Outcome) -> Response:
    """htmx gets the parts that changed; a plain form is sent back to the page.

    Where that would lose what somebody wrote or ticked, the page is shown at once with it.
    """
    if not is_fragment(asked.request) and not outcome.keeps_form:
        params = query(write_filter(read_filter(asked.request.query_params)))
        target = f"/cards/{quote(asked.card_id, safe='')}{params}"
        return go(asked.request, target, outcome.note)
    view = asked.look()
    column = find_column(view, asked.draft_id)
    undo_path, _hash, decision_id = outcome.undo_path.partition("#")
    context = {
        **make_context(asked.request, view),
        "note": outcome.note,
        "is_problem": outcome.status_code >= 400,
        "unsaved": {asked.draft_id: outcome.unsaved} if outcome.unsaved else {},
        "asked_licence": asked.draft_id if outcome.asks_licence else 0,
        "asked_over": asked.draft_id if outcome.asks_over else 0,
        "conflicts": {asked.draft_id: outcome.conflict} if outcome.conflict else {},
        "licence_notes": read.by_draft(asked.form, "licence_note"),
        "dues": read.by_draft(asked.form, "due_at"),
        "kept_reason": read.field(asked.form, "reason") if outcome.asks_over else "",
        "kept_note": read.field(asked.form, "note") if outcome.asks_over else "",
        "undo_path": undo_path,
        "undo_decision": decision_id,
        "column": column,
    }
    if not is_fragment(asked.request):
        return page(asked.request, "card.html", context, outcome.status_code)
    if column is None:
        raise HTTPException(404)
    return fragment(asked.request, "decided.html", context, outcome.status_code)


def answer_all(asked: Ask, outcome: Outcome) -> Response:
    """The same for what concerns the whole card: htmx gets all of it anew."""
    if not is_fragment(asked.request):
        params = query(write_filter(read_filter(asked.request.query_params)))
        target = f"/cards/{quote(asked.card_id, safe='')}{params}"
        return go(asked.request, target, outcome.note)
    context = {
        **make_context(asked.request, asked.look()),
        "note": outcome.note,
        "is_problem": outcome.status_code >= 400,
        "asked_over": -1 if outcome.asks_over else 0,
        "dues": read.by_draft(asked.form, "due_at"),
    }
    return fragment(asked.request, "decided_all.html", context, outcome.status_code)


def make_context(request: Request, view: DeskView) -> Mapping[str, Any]:
    wanted = read_filter(request.query_params)
    return {
        "desk": view,
        "item": view.item,
        "wanted": wanted,
        "params": write_filter(wanted),
        "reasons": REASONS,
        "reason_name": lambda code: _(REASONS[code]) if code in REASONS else code,
        "happened": HISTORY,
        "new_request_id": lambda: secrets.token_hex(12),
        "max_chars": MAX_CHARS,
        "unsaved": {},
        "asked_licence": 0,
        "asked_over": 0,
        "conflicts": {},
        "licence_notes": {},
        "dues": {},
        "kept_reason": "",
        "kept_note": "",
        "undo_path": "",
        "undo_decision": "",
        "is_problem": False,
    }
