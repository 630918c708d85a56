"""A guide as it was read, with the places where it was cut into cards."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from review_ui.deps import Serve, SignedIn
from review_ui.guide_view import cut_guide
from review_ui.quarantine_view import anchor
from review_ui.render import page
from store.cards import list_cards
from store.guides import get_guide, get_guide_ref
from store.sources import list_sources

router = APIRouter()


@router.get("/guides/{guide_id:path}")
def show(request: Request, serve: Serve, user: SignedIn, guide_id: str) -> Response:
    guide = get_guide(serve.db, guide_id)
    if guide is None:
        raise HTTPException(404)
    cards = list_cards(serve.db, guide_id)
    ref = get_guide_ref(serve.db, guide_id)
    source = next((item for item in list_sources(serve.db) if item.id == guide.source_id), None)
    return page(
        request,
        "guide.html",
        {
            "guide": guide,
            "is_removed": ref is not None and ref.is_removed,
            "source": source,
            "source_anchor": anchor(guide.source_id),
            "cards": cards,
            "cuts": cut_guide(guide, cards),
        },
    )
