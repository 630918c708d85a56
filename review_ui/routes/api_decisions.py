"""JSON API: decisions. The same functions and the same rules as the buttons of the desk."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException

from review_ui.api_models import (
    ApproveIn,
    DecidedOut,
    DecisionIn,
    DraftOut,
    EditIn,
    PostOut,
    Problem,
    RegenerateIn,
    RejectIn,
    RescheduleIn,
    UndoIn,
    make_post,
)
from review_ui.deps import Serve, Services, SignedIn
from review_ui.desk import ToneColumn, find_column, get_desk
from review_ui.problems import ApiProblemError
from stages.cook.checks import check_draft, licence_findings
from stages.cook.risk import assess_edit
from store import cook_requests, decisions, post_decisions, verdicts
from store.audit import AuditFilter, list_entries
from store.decision_types import Action, By, NotAllowedError, Sending, StaleError
from store.drafts import list_drafts
from store.posts import get_post_view
from store.queue import Filter
from store.tones import get_tone
from store.users import User
from store.working_texts import get_basis

UNDONE_HERE = (Action.APPROVE, Action.REJECT, Action.EDIT)
DRAFT = "/cards/{card_id}/drafts/{draft_id}"

router = APIRouter(
    prefix="/api/v1",
    tags=["Decisions"],
    responses={
        403: {"model": Problem, "description": "Your role does not do this, or a rule forbids it."},
        404: {"model": Problem, "description": "No such draft on such a card."},
        409: {"model": Problem, "description": "The draft is not as you saw it; `draft` is."},
    },
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody decides."""

    serve: Services
    user: User
    card_id: str
    draft_id: int

    def check(self) -> None:
        """Raises 404 unless it is a current draft of that very card."""
        if self.draft() is None:
            raise HTTPException(404)

    def column(self) -> ToneColumn:
        view = get_desk(self.serve.db, self.card_id, self.user, Filter())
        column = find_column(view, self.draft_id) if view else None
        if column is None:
            raise HTTPException(404)
        return column

    def draft(self) -> DraftOut | None:
        drafts = list_drafts(self.serve.db, [self.card_id]).get(self.card_id, ())
        found = next((draft for draft in drafts if draft.id == self.draft_id), None)
        return DraftOut.model_validate(found) if found else None

    def by(self, sent: DecisionIn) -> By:
        return By(self.user.id, sent.version, sent.active_s, sent.request_id)

    def decided(self, outcome: str, decision_id: int = 0) -> DecidedOut:
        draft = self.draft()
        if draft is None:
            raise HTTPException(404)
        return DecidedOut(outcome=outcome, decision_id=decision_id or None, draft=draft)

    def refused(self, error: Exception) -> ApiProblemError:
        """What stands in the way, and how the draft is now."""
        return ApiProblemError(409, str(error), self.draft())


def place(serve: Serve, user: SignedIn, card_id: str, draft_id: int) -> Place:
    return Place(serve, user, card_id, known_id(draft_id))


Placed = Annotated[Place, Depends(place)]


@router.post(f"{DRAFT}/approve")
def approve(at: Placed, sent: ApproveIn) -> DecidedOut:
    """Approve a draft and schedule a post for each group.

    A group gets a card once, whatever the tone. A blocked draft has to be edited first; a card
    with a `licence_finding` needs it back as `licence_checked`. Where much is at stake two people
    decide: the outcome is then `first` until the second verdict is in, and `differ` if they do
    not agree.
    """
    groups = sent.groups
    if groups is None:
        groups = [group.id for group in at.column().targets]
    at.check()
    sending = Sending(
        groups, at.serve.settings.publish_delay_s, sent.due_at, sent.licence_checked, sent.note
    )
    try:
        outcome = verdicts.approve(
            at.serve.db,
            at.draft_id,
            at.by(sent),
            sending,
            needs_two=at.serve.settings.second_person,
        )
    except (StaleError, NotAllowedError) as error:
        raise at.refused(error) from error
    return at.decided(outcome.kind.value, outcome.decision_id)


@router.post(f"{DRAFT}/reject")
def reject(at: Placed, sent: RejectIn) -> DecidedOut:
    """Reject a draft; the card's other tones stay as they are. Outcomes as for approving."""
    at.check()
    try:
        outcome = verdicts.reject(
            at.serve.db,
            at.draft_id,
            at.by(sent),
            sent.reason,
            sent.note.strip(),
            needs_two=at.serve.settings.second_person,
        )
    except (StaleError, NotAllowedError) as error:
        raise at.refused(error) from error
    return at.decided(outcome.kind.value, outcome.decision_id)


@router.post(f"{DRAFT}/edit")
def edit(at: Placed, sent: EditIn) -> DecidedOut:
    """Give a draft another text. It is checked like the machine's, so its risk may change."""
    db = at.serve.db
    basis = get_basis(db, at.card_id, at.draft_id)
    text = sent.text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if basis is None:
        raise HTTPException(404)
    if not text:
        raise ApiProblemError(422, "A draft cannot be empty. Reject it instead.")
    rules = get_tone(db, basis.draft.tone_hash, basis.draft.lang)
    if rules is None:
        raise ApiProblemError(
            409, "The rules of this tone version are not known here. Run the line once."
        )
    checked = check_draft(basis.card, text, rules, basis.draft.sentences)
    findings = (*checked.findings, *licence_findings(basis.licence_finding))
    risk = assess_edit(findings, checked.score, basis.card.stakes, rules.flag_from)
    try:
        decision_id = decisions.edit(
            db, at.draft_id, at.by(sent), text, findings, risk, checked.score
        )
    except (StaleError, NotAllowedError) as error:
        raise at.refused(error) from error
    return at.decided("edited", decision_id)


@router.post(f"{DRAFT}/undo")
def undo(at: Placed, sent: UndoIn) -> DecidedOut:
    """Take your own last decision on a draft back, or a first verdict that still waits.

    The posts of an approval are withdrawn; an edited text reads as before.
    """
    at.check()
    db = at.serve.db
    try:
        if _is_waiting(at):
            verdicts.take_back(db, at.draft_id, at.user.id)
            return at.decided("taken_back")
        entries = list_entries(db, AuditFilter(draft_id=at.draft_id))
        last = next(
            (each.id for each in entries if each.action in UNDONE_HERE and not each.is_undone), None
        )
        if last is None:
            raise ApiProblemError(409, "There is nothing to undo here any more.", at.draft())
        decision_id = decisions.undo(db, last, at.user.id, sent.request_id)
    except (StaleError, NotAllowedError) as error:
        raise at.refused(error) from error
    return at.decided("undone", decision_id)


@router.post(f"{DRAFT}/regenerate")
def regenerate(at: Placed, sent: RegenerateIn) -> DecidedOut:
    """Ask for another draft of this tone, with what it should do better. The old one stays until
    the new one is there.
    """
    at.check()
    try:
        decision_id = cook_requests.ask(at.serve.db, at.draft_id, at.by(sent), sent.note.strip())
    except (StaleError, NotAllowedError) as error:
        raise at.refused(error) from error
    return at.decided("asked", decision_id)


def _is_waiting(at: Place) -> bool:
    """Whether this person's own first verdict is what they would take back."""
    states = verdicts.get_verdicts(
        at.serve.db, [at.draft_id], at.user.id, needs_two=at.serve.settings.second_person
    )
    state = states.get(at.draft_id)
    return state is not None and state.mine is not None


@router.post("/posts/{post_id}/reschedule")
def reschedule(serve: Serve, user: SignedIn, post_id: int, sent: RescheduleIn) -> PostOut:
    """Let a post that waits go out at another time."""
    try:
        post_decisions.reschedule(
            serve.db, known_id(post_id), user.id, sent.due_at, sent.request_id
        )
    except (StaleError, NotAllowedError) as error:
        raise ApiProblemError(409, str(error)) from error
    view = get_post_view(serve.db, post_id)
    if view is None:
        raise HTTPException(404)
    return make_post(view)


def known_id(number: int) -> int:
    """Databases keep ids of eight bytes; nothing has a larger one."""
    if not 0 < number < 2**63:
        raise HTTPException(404)
    return number
