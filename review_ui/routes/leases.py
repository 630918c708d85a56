"""Who is on a card: taking it, keeping it, leaving it, taking it over."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from review_ui.deps import Serve, SignedIn, is_fragment
from review_ui.filters import read_filter, write_filter
from review_ui.render import fragment, go, query
from stages.errors import PermanentError
from store import leases
from store.engine import Database, utc_now
from store.leases import Lease

router = APIRouter()

Flag = Annotated[str, Form(max_length=1)]


@router.post("/cards/{card_id}/lease")
def claim(request: Request, serve: Serve, user: SignedIn, card_id: str) -> Response:
    """Take the card if nobody has it."""
    lease = _take(leases.take, serve.db, card_id, user.id)
    return _answer(request, card_id, lease)


@router.post("/cards/{card_id}/lease/beat")
def beat(request: Request, serve: Serve, user: SignedIn, card_id: str, had: Flag = "") -> Response:
    """A page says that it is still open. had: `1` when the card was its editor's at the last beat,
    who is told then that somebody took it over.
    """
    lease = leases.beat(serve.db, card_id, user.id, utc_now())
    lease = lease or _take(leases.take, serve.db, card_id, user.id)
    return _answer(request, card_id, lease, is_lost=had == "1" and lease.user_id != user.id)


@router.post("/cards/{card_id}/lease/release")
def release(request: Request, serve: Serve, user: SignedIn, card_id: str) -> Response:
    leases.release(serve.db, card_id, user.id)
    return _answer(request, card_id, leases.get_lease(serve.db, card_id, utc_now()))


@router.post("/cards/{card_id}/lease/take-over")
def take_over(request: Request, serve: Serve, user: SignedIn, card_id: str) -> Response:
    lease = _take(leases.take_over, serve.db, card_id, user.id)
    return _answer(request, card_id, lease)


def _take(
    way: Callable[[Database, str, int, datetime], Lease], db: Database, card_id: str, user_id: int
) -> Lease:
    try:
        return way(db, card_id, user_id, utc_now())
    except PermanentError as error:
        raise HTTPException(404) from error


def _answer(
    request: Request, card_id: str, lease: Lease | None, *, is_lost: bool = False
) -> Response:
    if not is_fragment(request):
        params = query(write_filter(read_filter(request.query_params)))
        return go(request, f"/cards/{quote(card_id, safe='')}{params}")
    context = {"card_id": card_id, "lease": lease, "is_lost": is_lost}
    return fragment(request, "partials/presence_state.html", context)
