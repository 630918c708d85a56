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
    Problem,
    RejectIn,
    UndoIn,
)
from review_ui.deps import Serve, Services, SignedIn
from review_ui.desk import ToneColumn, find_column, get_desk
from review_ui.problems import ApiProblemError
from stages.cook.checks import check_draft, licence_findings
from stages.cook.risk import assess_risk
from store import decisions
from store.decisions import By, NotAllowedError, StaleError
from store.drafts import list_drafts
from store.queue import Filter
from store.tones import get_tone
from store.users import User
from store.working_texts import get_basis

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
    """A draft of that very card, for a person."""

    serve: Services
    user: User
    card_id: str
    draft_id: int

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
        return By(self.user.id, sent.version, sent.active_s)

    def decided(self, decision_id: int) -> DecidedOut:
        draft = self.draft()
        if draft is None:
            raise HTTPException(404)
        return DecidedOut(decision_id=decision_id, draft=draft)

    def refused(self, error: Exception) -> ApiProblemError:
        """What stands in the way, and how the draft is now."""
        return ApiProblemError(409, str(error), self.draft())


def place(serve: Serve, user: SignedIn, card_id: str, draft_id: int) -> Place:
    if not 0 < draft_id < 2**63:
        raise HTTPException(404)
    return Place(serve, user, card_id, draft_id)


Placed = Annotated[Place, Depends(place)]


@router.post(f"{DRAFT}/approve")
def approve(at: Placed, sent: ApproveIn) -> DecidedOut:
    """Approve a draft and schedule a post for each group.

    A group gets a card once, whatever the tone. A blocked draft has to be edited first; a card
    with a `licence_finding` needs it back as `licence_checked`.
    """
    column = at.column()
    groups = sent.groups
    if groups is None:
        groups = [group.id for group in column.targets]
    try:
        decision_id = decisions.approve(
            at.serve.db,
            at.draft_id,
            at.by(sent),
            groups,
            at.serve.settings.publish_delay_s,
            licence_checked=sent.licence_checked,
            note=sent.note,
        )
    except (StaleError, NotAllowedError) as error:
        raise at.refused(error) from error
    return at.decided(decision_id)


@router.post(f"{DRAFT}/reject")
def reject(at: Placed, sent: RejectIn) -> DecidedOut:
    """Reject a draft; the card's other tones stay as they are."""
    at.column()
    try:
        decision_id = decisions.reject(
            at.serve.db, at.draft_id, at.by(sent), sent.reason, sent.note.strip()
        )
    except (StaleError, NotAllowedError) as error:
        raise at.refused(error) from error
    return at.decided(decision_id)


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
    risk = assess_risk(findings, checked.score, basis.card.stakes, rules.flag_from)
    try:
        decision_id = decisions.edit(
            db, at.draft_id, at.by(sent), text, findings, risk, checked.score
        )
    except (StaleError, NotAllowedError) as error:
        raise at.refused(error) from error
    return at.decided(decision_id)


@router.post(f"{DRAFT}/undo")
def undo(at: Placed, sent: UndoIn) -> DecidedOut:
    """Take your own last decision on a draft back. Its posts are withdrawn."""
    column = at.column()
    if column.decision is None:
        raise ApiProblemError(409, "There is nothing to undo here any more.", at.draft())
    try:
        decision_id = decisions.undo(at.serve.db, column.decision.id, at.user.id)
    except (StaleError, NotAllowedError) as error:
        raise at.refused(error) from error
    return at.decided(decision_id)
