"""Approving many drafts by one press: only what the checks have nothing against."""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex

from fastapi import APIRouter, Request
from fastapi.responses import Response

from review_ui import decide_form as read
from review_ui.asked import Sent
from review_ui.choice import GroupChoice, make_choices, targets, tone_rank
from review_ui.deps import Serve, SignedIn
from review_ui.i18n import gettext as _
from review_ui.i18n import ngettext
from review_ui.render import go, page
from stages.types import Group
from store.batches import MAX_BATCH, BatchCard, Pick, approve_many, list_candidates
from store.decision_types import By, NotAllowedError
from store.drafts import DraftView
from store.engine import Database
from store.groups import list_groups
from store.tables import DraftState

router = APIRouter()

LOOKS = 4
"""Times more cards are read when those that were have no draft a group waits for."""


@dataclass(frozen=True, slots=True)
class BatchDraft:
    draft: DraftView
    groups: tuple[GroupChoice, ...]

    @property
    def score(self) -> float:
        """How well it fits the group it fits best."""
        return max((group.score or 0.0 for group in self.groups), default=0.0)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A card with those of its drafts that may go out together."""

    card: BatchCard
    drafts: tuple[BatchDraft, ...]


@router.get("/batch")
def show(request: Request, serve: Serve, user: SignedIn, skip: int = 0) -> Response:
    """skip: cards that were left for later."""
    skip = min(max(skip, 0), 100_000)
    rows, read_on = _list_rows(serve.db, skip)
    context = {
        "rows": rows,
        "drafts": sum(len(row.drafts) for row in rows),
        "most": MAX_BATCH,
        "skip": skip,
        "next_skip": read_on,
        "request_id": token_hex(12),
    }
    return page(request, "batch.html", context)


@router.post("/batch")
def approve(request: Request, serve: Serve, user: SignedIn, form: Sent) -> Response:
    """Fields `pick=draft:version`, one for each ticked draft, and `to:draft=group`."""
    shown = {
        read.read_version(draft): read.read_version(version)
        for draft, _colon, version in (value.partition(":") for value in form.get("pick", ()))
    }
    if not shown:
        return go(request, "/batch", _("Nothing was ticked, so nothing was approved."))
    picks = [
        Pick(draft_id, version, tuple(form.get(f"to:{draft_id}", ())))
        for draft_id, version in shown.items()
    ]
    by = By(user.id, 0, read.active_seconds(form), read.read_request_id(form, 0))
    try:
        done = approve_many(serve.db, picks, by, serve.settings.publish_delay_s)
    except NotAllowedError as error:
        return go(request, "/batch", _(str(error)))
    count = len(done.decision_ids)
    note = ngettext("%(num)s draft approved.", "%(num)s drafts approved.", count) % {"num": count}
    if done.left_out:
        why = " ".join(dict.fromkeys(_(one.why) for one in done.left_out))
        note = ngettext(
            "%(done)s %(num)s was left out: %(why)s",
            "%(done)s %(num)s were left out: %(why)s",
            len(done.left_out),
        ) % {"done": note, "num": len(done.left_out), "why": why}
    return go(request, "/undo" if count else "/batch", note)


def _list_rows(db: Database, skip: int) -> tuple[tuple[BatchRow, ...], int]:
    """The next rows, at most MAX_BATCH drafts, and how many cards were read with those skipped."""
    groups = list_groups(db)
    rows: list[BatchRow] = []
    free = MAX_BATCH
    for _look in range(LOOKS):
        cards = list_candidates(db, MAX_BATCH, skip)
        for card in cards:
            drafts = _list_drafts(card, groups)
            if len(drafts) > free:
                return tuple(rows), skip
            skip += 1
            if drafts:
                rows.append(BatchRow(card, drafts))
                free -= len(drafts)
        if len(cards) < MAX_BATCH or not free:
            break
    return tuple(rows), skip


def _list_drafts(card: BatchCard, groups: Sequence[Group]) -> tuple[BatchDraft, ...]:
    drafts = sorted(card.drafts, key=lambda draft: tone_rank(draft.tone))
    choices = make_choices(groups, card.placements, drafts, card.posts, card.card.lang)
    rows = (
        BatchDraft(draft, targets(choices, draft.tone))
        for draft in drafts
        if draft.state is DraftState.PENDING
    )
    return tuple(row for row in rows if row.groups)
