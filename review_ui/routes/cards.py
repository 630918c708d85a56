"""The desk: one card, its three drafts, and what people decide about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from review_ui.deps import Serve, Services, SignedIn, is_fragment
from review_ui.desk import DeskView, ToneColumn, find_column, get_desk, read_picked
from review_ui.filters import pick, read_filter, write_filter
from review_ui.render import fragment, go, page, plural, query
from stages.cook.checks import MAX_CHARS, check_draft, licence_findings
from stages.cook.risk import assess_risk
from stages.types import PostState
from store import decisions
from store.decisions import By, NotAllowedError, RejectReason, StaleError
from store.tones import get_tone
from store.users import User

router = APIRouter()

REASONS = {
    RejectReason.WRONG: "Says what the source does not",
    RejectReason.UNCLEAR: "Hard to understand",
    RejectReason.TONE: "Not in this tone",
    RejectReason.DUPLICATE: "We have said this already",
    RejectReason.NOT_FOR_US: "Not for our groups",
    RejectReason.OTHER: "Something else",
}
RISK_WORDS = {"low": "low risk", "flagged": "flagged", "blocked": "blocked"}
MAX_ACTIVE_S = 3600.0
"""Longer looks are a forgotten tab, not reading."""

FormValues = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to tell the editor. unsaved: text of theirs that could not be kept, to hand back.

    asks_licence: the licence has to be checked first; what the form held is handed back with it.
    """

    note: str
    status_code: int = 200
    unsaved: str = ""
    asks_licence: bool = False


async def read_form(request: Request) -> FormValues:
    values: FormValues = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            values.setdefault(name, []).append(value)
    return values


Sent = Annotated[FormValues, Depends(read_form)]


@dataclass(frozen=True, slots=True)
class Ask:
    """A decision as it was asked for, and the desk it was asked on."""

    request: Request
    serve: Services
    user: User
    card_id: str
    draft_id: int
    form: FormValues

    def desk(self) -> DeskView:
        wanted = read_filter(self.request.query_params)
        picked = read_picked(self.form)
        view = get_desk(self.serve.db, self.card_id, self.user, wanted, picked)
        if view is None:
            raise HTTPException(404)
        return view

    def by(self) -> By:
        version = _field(self.form, "version")
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise HTTPException(422, "The form does not say which version of the draft it is for.")
        return By(self.user.id, int(version), _active_seconds(self.form))


def ask(
    request: Request, serve: Serve, user: SignedIn, card_id: str, draft_id: int, form: Sent
) -> Ask:
    return Ask(request, serve, user, card_id, draft_id, form)


Asked = Annotated[Ask, Depends(ask)]


@router.get("/cards/{card_id}")
def show(request: Request, serve: Serve, user: SignedIn, card_id: str) -> Response:
    view = get_desk(serve.db, card_id, user, read_filter(request.query_params))
    if view is None:
        raise HTTPException(404)
    return page(request, "card.html", _context(request, view))


@router.post("/cards/{card_id}/drafts/{draft_id}/approve")
def approve(asked: Asked) -> Response:
    """A draft whose page disagrees about its licence is approved only by somebody who says that
    they have looked into it: `licence_checked=1`.
    """
    column = _column(asked)
    groups = column.targets
    by = asked.by()
    checked = ""
    if column.licence and column.is_pending and not column.refusal:
        if _draft_field(asked, "licence_checked") != "1":
            return _answer(asked, Outcome(decisions.LICENCE_UNCHECKED, 422, asks_licence=True))
        # A browser sends the finding with other line ends and spaces than the page had.
        seen = " ".join(_draft_field(asked, "licence_seen").split())
        if seen not in ("", " ".join(column.licence.split())):
            return _answer(asked, Outcome(decisions.LICENCE_CHANGED, 409, asks_licence=True))
        checked = column.licence
    try:
        decisions.approve(
            asked.serve.db,
            column.draft.id,
            by,
            [group.id for group in groups],
            asked.serve.settings.publish_delay_s,
            licence_checked=checked,
            note=_say_checked(checked, _draft_field(asked, "licence_note")) if checked else "",
        )
    except (StaleError, NotAllowedError) as error:
        return _answer(asked, Outcome(str(error), 409))
    tone = column.draft.tone.capitalize()
    if not groups:
        return _answer(asked, Outcome(f"{tone} approved, for no group."))
    names = ", ".join(group.name for group in groups)
    return _answer(asked, Outcome(f"{tone} approved for {plural(len(groups), 'group')}: {names}."))


@router.post("/cards/{card_id}/drafts/{draft_id}/reject")
def reject(asked: Asked) -> Response:
    column = _column(asked)
    reason = pick(RejectReason, _field(asked.form, "reason"))
    if reason is None:
        return _answer(asked, Outcome("Pick a reason, so that the next draft can be better.", 422))
    try:
        decisions.reject(
            asked.serve.db,
            column.draft.id,
            asked.by(),
            reason,
            _field(asked.form, "note").strip(),
        )
    except StaleError as error:
        return _answer(asked, Outcome(str(error), 409))
    return _answer(asked, Outcome(f"{column.draft.tone.capitalize()} rejected."))


@router.post("/cards/{card_id}/drafts/{draft_id}/edit")
def edit(asked: Asked) -> Response:
    """Keep an editor's text and check it again: same checks, same rules as the machine's."""
    text = _field(asked.form, "text").replace("\r\n", "\n").replace("\r", "\n").strip()
    column = _column(asked)
    draft = column.draft
    if not text or len(text) > MAX_CHARS:
        message = (
            f"Not saved: the text has {len(text):,} characters; {MAX_CHARS:,} are the limit."
            if text
            else "Not saved: a draft cannot be empty. Reject it instead."
        )
        return _answer(asked, Outcome(message, 422, text))
    if text == draft.text:
        return _answer(asked, Outcome("Nothing was changed."))
    item = asked.desk().item
    card = item.card
    rules = get_tone(asked.serve.db, draft.tone_hash, draft.lang)
    if rules is None:
        message = "Not saved: the rules of this tone version are not known here. Run the line once."
        return _answer(asked, Outcome(message, 409, text))
    checked = check_draft(card, text, rules, draft.sentences)
    findings = (*checked.findings, *licence_findings(item.licence_finding))
    risk = assess_risk(findings, checked.score, card.stakes, rules.flag_from)
    try:
        decisions.edit(asked.serve.db, draft.id, asked.by(), text, findings, risk, checked.score)
    except StaleError as error:
        return _answer(asked, Outcome(f"{error} Your text is kept below.", 409, text))
    found = plural(len(findings), "finding") if findings else "no findings"
    tone = draft.tone.capitalize()
    return _answer(asked, Outcome(f"{tone} saved and checked: {RISK_WORDS[risk]}, {found}."))


@router.post("/cards/{card_id}/drafts/{draft_id}/undo")
def undo(asked: Asked) -> Response:
    column = _column(asked)
    if column.decision is None:
        return _answer(asked, Outcome("There is nothing to undo here any more.", 409))
    sent = _field(asked.form, "decision")
    if sent and sent != str(column.decision.id):
        return _answer(asked, Outcome("Something newer was decided since. Look again.", 409))
    try:
        decisions.undo(asked.serve.db, column.decision.id, asked.user.id)
    except (StaleError, NotAllowedError) as error:
        return _answer(asked, Outcome(str(error), 409))
    withdrawn = [post for post in column.posts if post.post.state is not PostState.WITHDRAWN]
    words = f"{column.draft.tone.capitalize()} is open again."
    if column.decision.action is decisions.Action.APPROVE and withdrawn:
        words += f" {plural(len(withdrawn), 'post')} withdrawn."
    return _answer(asked, Outcome(words))


def _column(asked: Ask) -> ToneColumn:
    """The draft asked about; 404 unless it is a current draft of that very card."""
    column = find_column(asked.desk(), asked.draft_id)
    if column is None:
        raise HTTPException(404)
    return column


def _answer(asked: Ask, outcome: Outcome) -> Response:
    """htmx gets the parts that changed; a plain form is sent back to the page.

    Where that would lose what somebody wrote or ticked, the page is shown at once with it.
    """
    is_kept = outcome.unsaved or outcome.asks_licence
    if not is_fragment(asked.request) and not is_kept:
        params = query(write_filter(read_filter(asked.request.query_params)))
        target = f"/cards/{quote(asked.card_id, safe='')}{params}"
        return go(asked.request, target, outcome.note)
    view = asked.desk()
    context = {
        **_context(asked.request, view),
        "note": outcome.note,
        "is_problem": outcome.status_code >= 400,
        "unsaved": {asked.draft_id: outcome.unsaved} if outcome.unsaved else {},
        "asked_licence": asked.draft_id if outcome.asks_licence else 0,
        "licence_notes": _licence_notes(asked.form),
    }
    if not is_fragment(asked.request):
        return page(asked.request, "card.html", context, outcome.status_code)
    context["column"] = find_column(view, asked.draft_id)
    if context["column"] is None:
        raise HTTPException(404)
    return fragment(asked.request, "decided.html", context, outcome.status_code)


def _context(request: Request, view: DeskView) -> Mapping[str, Any]:
    wanted = read_filter(request.query_params)
    return {
        "desk": view,
        "item": view.item,
        "wanted": wanted,
        "params": write_filter(wanted),
        "reasons": REASONS,
        "max_chars": MAX_CHARS,
        "unsaved": {},
        "asked_licence": 0,
        "licence_notes": {},
        "is_problem": False,
    }


def _say_checked(finding: str, note: str) -> str:
    """What the decision's record says of the licence."""
    return f"Checked that it may be published. {finding} {note.strip()}".strip()


def _draft_field(asked: Ask, name: str) -> str:
    """A field about one draft: where all drafts of a card share a form, its name has the id."""
    scoped = f"{name}:{asked.draft_id}"
    return _field(asked.form, scoped if scoped in asked.form else name)


def _licence_notes(form: FormValues) -> Mapping[str, str]:
    """Notes on the licence that were typed and not kept yet, by the id of their draft."""
    start = "licence_note:"
    return {
        name.removeprefix(start): values[-1]
        for name, values in form.items()
        if name.startswith(start)
    }


def _field(form: FormValues, name: str) -> str:
    """The last value of a field: a button's stands after the hidden one's."""
    return form.get(name, [""])[-1]


def _active_seconds(form: FormValues) -> float:
    try:
        value = float(_field(form, "active_s") or 0)
    except ValueError:
        return 0.0
    return min(max(value, 0.0), MAX_ACTIVE_S) if value == value else 0.0  # NaN is not itself
