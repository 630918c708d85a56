"""The desk: one card, its three drafts, and what people decide about them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from review_ui import decide_form as read
from review_ui.decide_form import FormValues
from review_ui.deps import Serve, Services, SignedIn, is_fragment
from review_ui.desk import DeskView, ToneColumn, find_column, get_desk, read_picked
from review_ui.desk_words import HAPPENED, HISTORY, NOTHING_TOGETHER, REASONS, SAVED, VERDICTS
from review_ui.differences import Changes, compare_texts
from review_ui.filters import pick, read_filter, write_filter
from review_ui.i18n import gettext as _
from review_ui.i18n import ngettext
from review_ui.render import fragment, go, page, query, tone_name
from stages.cook.checks import MAX_CHARS, check_draft, licence_findings
from stages.cook.risk import assess_edit
from stages.types import PostState, Stakes
from store import decisions, verdicts
from store.batches import Pick, approve_many
from store.decisions import Action, By, NotAllowedError, RejectReason, Sending, StaleError
from store.engine import utc_now
from store.leases import take_over, who_else
from store.tones import get_tone
from store.users import User
from store.working_texts import Clash, get_clash

router = APIRouter()


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


async def read_form(request: Request) -> FormValues:
    values: FormValues = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            values.setdefault(name, []).append(value)
    return values


Sent = Annotated[FormValues, Depends(read_form)]


@dataclass(slots=True)
class Ask:
    """A decision as it was asked for, and the desk it was asked on."""

    request: Request
    serve: Services
    user: User
    card_id: str
    draft_id: int
    form: FormValues
    _seen: DeskView | None = field(default=None)

    def desk(self) -> DeskView:
        """The desk before the decision; read once."""
        if self._seen is None:
            self._seen = self.look()
        return self._seen

    def look(self) -> DeskView:
        """The desk as it is at this moment."""
        wanted = read_filter(self.request.query_params)
        picked = read_picked(self.form)
        two = self.serve.settings.second_person
        with self.serve.db.look():
            view = get_desk(
                self.serve.db, self.card_id, self.user, wanted, picked, second_person=two
            )
        if view is None:
            raise HTTPException(404)
        return view

    def column(self) -> ToneColumn:
        """The draft asked about; 404 unless it is a current draft of that very card."""
        column = find_column(self.desk(), self.draft_id)
        if column is None:
            raise HTTPException(404)
        return column

    def by(self) -> By:
        version = read.read_version(read.field(self.form, "version"))
        request_id = read.read_request_id(self.form, self.draft_id)
        return By(self.user.id, version, read.active_seconds(self.form), request_id)

    def draft_field(self, name: str) -> str:
        return read.draft_field(self.form, name, self.draft_id)

    def tone(self) -> str:
        return tone_name(self.column().draft.tone)

    def must_ask(self) -> Outcome | None:
        """Whether somebody else is on the card; whoever was asked takes it over by deciding.

        Nobody is asked where two people are wanted anyway.
        """
        is_high = self.desk().item.card.stakes is Stakes.HIGH
        if is_high and self.serve.settings.second_person:
            return None
        other = who_else(self.serve.db, self.card_id, self.user.id, utc_now())
        if other is None:
            return None
        if read.field(self.form, "take_over") == "1":
            take_over(self.serve.db, self.card_id, self.user.id, utc_now())
            return None
        message = _("%(name)s is on this card. Press once more to take it over and decide.")
        return Outcome(message % {"name": other.user}, 409, asks_over=True)


def ask(
    request: Request, serve: Serve, user: SignedIn, card_id: str, draft_id: int, form: Sent
) -> Ask:
    return Ask(request, serve, user, card_id, draft_id, form)


Asked = Annotated[Ask, Depends(ask)]


@router.get("/cards/{card_id}")
def show(request: Request, serve: Serve, user: SignedIn, card_id: str) -> Response:
    """The page; for a desk that turns to this card, what changes of it."""
    two = serve.settings.second_person
    wanted = read_filter(request.query_params)
    with serve.db.look():
        view = get_desk(serve.db, card_id, user, wanted, second_person=two)
    if view is None:
        raise HTTPException(404)
    show_as = fragment if is_fragment(request) else page
    template = "partials/desk.html" if is_fragment(request) else "card.html"
    return show_as(request, template, make_context(request, view))


@router.post("/cards/{card_id}/approve")
def approve_low(
    request: Request, serve: Serve, user: SignedIn, card_id: str, form: Sent
) -> Response:
    """Approve what is low risk of this card, as it was shown: fields `low=draft:version`."""
    asked = Ask(request, serve, user, card_id, 0, form)
    shown = read.read_lows(form)
    columns = [column for column in asked.desk().lows if column.draft.id in shown]
    if not columns:
        return _answer_all(
            asked, Outcome(_("Nothing here can be approved together any more."), 409)
        )
    if outcome := asked.must_ask():
        return _answer_all(asked, outcome)
    picks = [
        Pick(column.draft.id, shown[column.draft.id], tuple(g.id for g in column.targets))
        for column in columns
    ]
    by = By(user.id, 0, read.active_seconds(form), read.read_request_id(form, 0))
    delay_s = serve.settings.publish_delay_s
    try:
        done = approve_many(serve.db, picks, by, delay_s, card_id=card_id)
    except NotAllowedError as error:
        return _answer_all(asked, Outcome(_(str(error)), 409))
    if not done.decision_ids:
        why = _(done.left_out[0].why) if done.left_out else _(NOTHING_TOGETHER)
        return _answer_all(asked, Outcome(why, 409))
    count = len(done.decision_ids)
    note = ngettext("%(num)s tone approved.", "%(num)s tones approved.", count) % {"num": count}
    if done.left_out:
        left = ngettext(
            "%(note)s %(num)s was left out: %(why)s",
            "%(note)s %(num)s were left out: %(why)s",
            len(done.left_out),
        )
        why = _(done.left_out[0].why)
        note = left % {"note": note, "num": len(done.left_out), "why": why}
    return _answer_all(asked, Outcome(note))


@router.post("/cards/{card_id}/drafts/{draft_id}/approve")
def approve(asked: Asked) -> Response:
    """A draft whose page disagrees about its licence is approved only by somebody who says that
    they have looked into it: `licence_checked=1`.
    """
    column = asked.column()
    groups = column.targets
    by = asked.by()
    checked = ""
    try:
        due_at = read.read_due(asked.draft_field("due_at"), read.field(asked.form, "utc_offset"))
    except ValueError:
        message = _("Not approved: pick a time between now and a year from now.")
        return answer(asked, Outcome(message, 422))
    if column.licence and column.is_pending and not column.refusal:
        if asked.draft_field("licence_checked") != "1":
            return answer(asked, Outcome(_(decisions.LICENCE_UNCHECKED), 422, asks_licence=True))
        # A browser sends the finding with other line ends and spaces than the page had.
        seen = " ".join(asked.draft_field("licence_seen").split())
        if seen not in ("", " ".join(column.licence.split())):
            return answer(asked, Outcome(_(decisions.LICENCE_CHANGED), 409, asks_licence=True))
        checked = column.licence
    if outcome := asked.must_ask():
        return answer(asked, outcome)
    try:
        said = verdicts.approve(
            asked.serve.db,
            column.draft.id,
            by,
            Sending(
                [group.id for group in groups],
                asked.serve.settings.publish_delay_s,
                due_at,
                checked,
                _say_checked(checked, asked.draft_field("licence_note")) if checked else "",
            ),
            needs_two=asked.serve.settings.second_person,
        )
    except (StaleError, NotAllowedError) as error:
        return answer(asked, _lost(asked, by, error))
    if said.kind in VERDICTS:
        return answer(asked, Outcome(_(VERDICTS[said.kind]) % {"tone": asked.tone()}))
    if not groups:
        note = _("%(tone)s approved, for no group.") % {"tone": asked.tone()}
    else:
        note = ngettext(
            "%(tone)s approved for %(num)s group: %(names)s.",
            "%(tone)s approved for %(num)s groups: %(names)s.",
            len(groups),
        ) % {
            "tone": asked.tone(),
            "num": len(groups),
            "names": ", ".join(group.name for group in groups),
        }
    return answer(asked, Outcome(note, undo_path=_undo_path(asked, said.decision_id)))


@router.post("/cards/{card_id}/drafts/{draft_id}/reject")
def reject(asked: Asked) -> Response:
    asked.column()
    by = asked.by()
    reason = pick(RejectReason, read.field(asked.form, "reason"))
    if reason is None:
        return answer(
            asked, Outcome(_("Pick a reason, so that the next draft can be better."), 422)
        )
    if outcome := asked.must_ask():
        return answer(asked, outcome)
    note = read.field(asked.form, "note").strip()
    try:
        two = asked.serve.settings.second_person
        said = verdicts.reject(asked.serve.db, asked.draft_id, by, reason, note, needs_two=two)
    except (StaleError, NotAllowedError) as error:
        return answer(asked, _lost(asked, by, error))
    if said.kind in VERDICTS:
        return answer(asked, Outcome(_(VERDICTS[said.kind]) % {"tone": asked.tone()}))
    words = _("%(tone)s rejected.") % {"tone": asked.tone()}
    return answer(asked, Outcome(words, undo_path=_undo_path(asked, said.decision_id)))


@router.post("/cards/{card_id}/drafts/{draft_id}/edit")
def edit(asked: Asked) -> Response:
    """Keep an editor's text and check it again: same checks, same rules as the machine's."""
    text = read.field(asked.form, "text").replace("\r\n", "\n").replace("\r", "\n").strip()
    draft = asked.column().draft
    by = asked.by()
    if not text or len(text) > MAX_CHARS:
        message = _("Not saved: a draft cannot be empty. Reject it instead.")
        if text:
            message = _("Not saved: the text has %(num)s characters; %(max)s are the limit.") % {
                "num": f"{len(text):,}",
                "max": f"{MAX_CHARS:,}",
            }
        return answer(asked, Outcome(message, 422, text))
    if text == draft.text:
        return answer(asked, Outcome(_("Nothing was changed.")))
    item = asked.desk().item
    rules = get_tone(asked.serve.db, draft.tone_hash, draft.lang)
    if rules is None:
        message = _(
            "Not saved: the rules of this tone version are not known here. Run the line once."
        )
        return answer(asked, Outcome(message, 409, text))
    checked = check_draft(item.card, text, rules, draft.sentences)
    findings = (*checked.findings, *licence_findings(item.licence_finding))
    risk = assess_edit(findings, checked.score, item.card.stakes, rules.flag_from)
    try:
        name = read.field(asked.form, "version_name").strip()
        decisions.edit(asked.serve.db, draft.id, by, text, findings, risk, checked.score, name)
    except (StaleError, NotAllowedError) as error:
        return answer(asked, _lost(asked, by, error, text))
    found = ngettext("%(num)s finding", "%(num)s findings", len(findings)) if findings else ""
    found = found % {"num": len(findings)} if found else _("no findings")
    return answer(asked, Outcome(_(SAVED[risk]) % {"tone": asked.tone(), "findings": found}))


@router.post("/cards/{card_id}/drafts/{draft_id}/undo")
def undo(asked: Asked) -> Response:
    column = asked.column()
    if column.is_waiting:
        try:
            verdicts.take_back(asked.serve.db, asked.draft_id, asked.user.id)
        except NotAllowedError as error:
            return answer(asked, Outcome(_(str(error)), 409))
        words = _("Your verdict on %(tone)s is taken back.") % {"tone": asked.tone()}
        return answer(asked, Outcome(words))
    if column.decision is None:
        return answer(asked, Outcome(_("There is nothing to undo here any more."), 409))
    sent = read.field(asked.form, "decision")
    if sent and sent != str(column.decision.id):
        return answer(asked, Outcome(_("Something newer was decided since. Look again."), 409))
    try:
        request_id = read.read_request_id(asked.form, asked.draft_id)
        decisions.undo(asked.serve.db, column.decision.id, asked.user.id, request_id)
    except (StaleError, NotAllowedError) as error:
        return answer(asked, Outcome(_(str(error)), 409))
    withdrawn = [post for post in column.posts if post.post.state is not PostState.WITHDRAWN]
    words = _("%(tone)s is open again.") % {"tone": asked.tone()}
    if column.decision.action is Action.APPROVE and withdrawn:
        words = ngettext(
            "%(tone)s is open again. %(num)s post withdrawn.",
            "%(tone)s is open again. %(num)s posts withdrawn.",
            len(withdrawn),
        ) % {"tone": asked.tone(), "num": len(withdrawn)}
    return answer(asked, Outcome(words))


def _lost(asked: Ask, by: By, error: Exception, text: str = "") -> Outcome:
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


def _undo_path(asked: Ask, decision_id: int) -> str:
    """Where the decision can be taken back from any later card."""
    params = query(write_filter(read_filter(asked.request.query_params)))
    card = quote(asked.card_id, safe="")
    return f"/cards/{card}/drafts/{asked.draft_id}/undo{params}#{decision_id}"


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


def _answer_all(asked: Ask, outcome: Outcome) -> Response:
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


def _say_checked(finding: str, note: str) -> str:
    """What the decision's record says of the licence."""
    return f"Checked that it may be published. {finding} {note.strip()}".strip()
