"""The desk: one card, its three drafts, and what people decide about them."""

from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from review_ui import decide_form as read
from review_ui.answers import Outcome, answer, answer_all, lost, make_context, must_ask
from review_ui.asked import Ask, Asked, Sent
from review_ui.deps import Serve, SignedIn
from review_ui.desk import get_desk
from review_ui.desk_words import NOTHING_TOGETHER, SAVED, VERDICTS
from review_ui.filters import pick, read_filter, write_filter
from review_ui.i18n import gettext as _
from review_ui.i18n import ngettext
from review_ui.render import page_or_part, query
from stages.cook.checks import MAX_CHARS, check_draft, licence_findings
from stages.cook.risk import assess_edit
from stages.types import PostState
from store import decisions, verdicts
from store.batches import Pick, approve_many
from store.decision_types import (
    LICENCE_CHANGED,
    LICENCE_UNCHECKED,
    Action,
    By,
    NotAllowedError,
    RejectReason,
    Sending,
    StaleError,
)
from store.tones import get_tone

router = APIRouter()


@router.get("/cards/{card_id}")
def show(request: Request, serve: Serve, user: SignedIn, card_id: str) -> Response:
    """The page; for a desk that turns to this card, what changes of it."""
    two = serve.settings.second_person
    wanted = read_filter(request.query_params)
    with serve.db.look():
        view = get_desk(serve.db, card_id, user, wanted, second_person=two)
    if view is None:
        raise HTTPException(404)
    return page_or_part(request, "card.html", "partials/desk.html", make_context(request, view))


@router.post("/cards/{card_id}/approve")
def approve_low(
    request: Request, serve: Serve, user: SignedIn, card_id: str, form: Sent
) -> Response:
    """Approve what is low risk of this card, as it was shown: fields `low=draft:version`."""
    asked = Ask(request, serve, user, card_id, 0, form)
    shown = read.read_lows(form)
    columns = [column for column in asked.desk().lows if column.draft.id in shown]
    if not columns:
        return answer_all(asked, Outcome(_("Nothing here can be approved together any more."), 409))
    if outcome := must_ask(asked):
        return answer_all(asked, outcome)
    picks = [
        Pick(column.draft.id, shown[column.draft.id], tuple(g.id for g in column.targets))
        for column in columns
    ]
    by = By(user.id, 0, read.active_seconds(form), read.read_request_id(form, 0))
    delay_s = serve.settings.publish_delay_s
    try:
        done = approve_many(serve.db, picks, by, delay_s, card_id=card_id)
    except NotAllowedError as error:
        return answer_all(asked, Outcome(_(str(error)), 409))
    if not done.decision_ids:
        why = _(done.left_out[0].why) if done.left_out else _(NOTHING_TOGETHER)
        return answer_all(asked, Outcome(why, 409))
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
    return answer_all(asked, Outcome(note))


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
            return answer(asked, Outcome(_(LICENCE_UNCHECKED), 422, asks_licence=True))
        # A browser sends the finding with other line ends and spaces than the page had.
        seen = " ".join(asked.draft_field("licence_seen").split())
        if seen not in ("", " ".join(column.licence.split())):
            return answer(asked, Outcome(_(LICENCE_CHANGED), 409, asks_licence=True))
        checked = column.licence
    if outcome := must_ask(asked):
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
        return answer(asked, lost(asked, by, error))
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
    if outcome := must_ask(asked):
        return answer(asked, outcome)
    note = read.field(asked.form, "note").strip()
    try:
        two = asked.serve.settings.second_person
        said = verdicts.reject(asked.serve.db, asked.draft_id, by, reason, note, needs_two=two)
    except (StaleError, NotAllowedError) as error:
        return answer(asked, lost(asked, by, error))
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
        return answer(asked, lost(asked, by, error, text))
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


def _undo_path(asked: Ask, decision_id: int) -> str:
    """Where the decision can be taken back from any later card."""
    params = query(write_filter(read_filter(asked.request.query_params)))
    card = quote(asked.card_id, safe="")
    return f"/cards/{card}/drafts/{asked.draft_id}/undo{params}#{decision_id}"


def _say_checked(finding: str, note: str) -> str:
    """What the decision's record says of the licence."""
    return f"Checked that it may be published. {finding} {note.strip()}".strip()
