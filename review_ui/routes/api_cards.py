"""JSON API: the queue, cards and guides."""

from collections.abc import Mapping

from fastapi import APIRouter, HTTPException, Query, Request

from review_ui.api_models import (
    BlockOut,
    CardBrief,
    CardFacts,
    CardOut,
    DeskDraftOut,
    DraftBrief,
    DraftOut,
    GuideFactsOut,
    GuideOut,
    Page,
    PlacementOut,
    QueueCard,
    VerdictOut,
)
from review_ui.cursors import Cursor, read_number, write_number
from review_ui.deps import Serve, SignedIn
from review_ui.filters import read_filter
from store.cards import list_cards
from store.guides import get_guide
from store.queue import PAGE_SIZE, QueueItem, get_item, get_queue
from store.verdicts import VerdictState, get_verdicts

router = APIRouter(prefix="/api/v1", tags=["Cards"])


@router.get("/queue")
def list_queue(
    request: Request,
    serve: Serve,
    user: SignedIn,
    cursor: Cursor = "",
    view: str = Query("", description="As in the address of the queue's page; so are the rest."),
    source: str = "",
    guide: str = "",
    group: str = "",
    run: str = "",
    lang: str = "",
    topic: str = "",
    stage: str = "",
    tone: str = "",
    risk: str = "",
    model: str = "",
    version: str = "",
    age: str = Query("", description="At least this many hours old."),
    q: str = Query("", description="Words looked for in title and text."),
) -> Page[QueueCard]:
    """Cards that wait, in the order of the queue, with the same filters as its page."""
    number = read_number(cursor) or 1
    found = get_queue(serve.db, read_filter(request.query_params), number, user_id=user.id)
    is_last = number * PAGE_SIZE >= found.total
    return Page(
        items=[
            QueueCard(
                **_facts(item), drafts=[DraftBrief.model_validate(draft) for draft in item.drafts]
            )
            for item in found.items
        ],
        next=None if is_last else write_number(number + 1),
    )


@router.get("/cards/{card_id}")
def get_card(serve: Serve, user: SignedIn, card_id: str) -> CardOut:
    """A card with its drafts, their findings, and the groups it is proposed to."""
    item = get_item(serve.db, card_id)
    if item is None:
        raise HTTPException(404)
    card = item.card
    states = get_verdicts(
        serve.db,
        [draft.id for draft in item.drafts],
        user.id,
        needs_two=serve.settings.second_person,
    )
    return CardOut(
        **_facts(item),
        text=card.text,
        breadcrumbs=list(card.breadcrumbs),
        spans=list(card.spans),
        previous_text=item.previous_text,
        is_removed=item.is_removed,
        licence_finding=item.licence_finding,
        drafts=[
            DeskDraftOut(
                **DraftOut.model_validate(draft).model_dump(), verdict=_verdict(states, draft.id)
            )
            for draft in item.drafts
        ],
    )


@router.get("/guides/{guide_id:path}")
def get_guide_with_cards(serve: Serve, user: SignedIn, guide_id: str) -> GuideOut:
    """A guide as it was read, block by block, and the cards it was cut into."""
    guide = get_guide(serve.db, guide_id)
    if guide is None:
        raise HTTPException(404)
    return GuideOut(
        id=guide.id,
        source_id=guide.source_id,
        url=guide.url,
        title=guide.title,
        lang=guide.lang,
        reuse=guide.reuse,
        licence=guide.licence,
        attribution=guide.attribution,
        reviewed=guide.reviewed,
        blocks=[BlockOut.model_validate(block) for block in guide.blocks],
        cards=[CardBrief.model_validate(card) for card in list_cards(serve.db, guide_id)],
    )


def _verdict(states: Mapping[int, VerdictState], draft_id: int) -> VerdictOut:
    state = states.get(draft_id, VerdictState())
    return VerdictOut(
        needs_two=state.needs_two,
        mine=state.mine.action.value if state.mine else None,
        has_other=state.has_other,
        differs=state.differs,
    )


def _facts(item: QueueItem) -> dict[str, object]:
    card = item.card
    facts = CardFacts(
        id=card.id,
        title=card.title,
        lang=card.lang,
        kind=card.kind,
        stakes=card.stakes,
        stages=list(card.stages),
        topics=list(card.topics),
        position=card.position,
        change=item.change,
        changed_at=item.changed_at,
        guide=GuideFactsOut.model_validate(item.guide),
        placements=[PlacementOut.model_validate(each) for each in item.placements],
    )
    return {name: getattr(facts, name) for name in CardFacts.model_fields}
