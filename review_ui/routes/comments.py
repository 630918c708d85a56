"""Comments on a card: saying something, taking it back, having seen it."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from review_ui.deps import Serve, SignedIn, is_fragment
from review_ui.filters import read_filter, write_filter
from review_ui.i18n import gettext as _
from review_ui.render import fragment, go, query
from stages.errors import PermanentError
from store import comments
from store.comments import MAX_COMMENT_CHARS, TooManyError
from store.engine import utc_now

router = APIRouter()

Text = Annotated[str, Form(max_length=4 * MAX_COMMENT_CHARS)]


@router.post("/cards/{card_id}/comments")
def add(request: Request, serve: Serve, user: SignedIn, card_id: str, text: Text = "") -> Response:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        return _answer(request, serve, card_id, _("A comment says something."), 422)
    if len(text) > MAX_COMMENT_CHARS:
        said = _("Too long: %(most)s characters are the limit.") % {"most": MAX_COMMENT_CHARS}
        return _answer(request, serve, card_id, said, 422, typed=text)
    try:
        comments.add_comment(serve.db, card_id, user.id, text, utc_now())
    except TooManyError:
        said = _("That is a lot of comments for a minute. Wait a little.")
        return _answer(request, serve, card_id, said, 422, typed=text)
    except PermanentError as error:
        raise HTTPException(404) from error
    return _answer(request, serve, card_id)


@router.post("/cards/{card_id}/comments/{comment_id}/remove")
def remove(
    request: Request, serve: Serve, user: SignedIn, card_id: str, comment_id: int
) -> Response:
    """Take one's own comment back; it stays on record."""
    if not comments.remove_comment(serve.db, card_id, comment_id, user.id, utc_now()):
        raise HTTPException(404)
    return _answer(request, serve, card_id)


@router.post("/cards/{card_id}/comments/seen")
def see(request: Request, serve: Serve, user: SignedIn, card_id: str) -> Response:
    """Somebody whom comments call has them in view."""
    comments.mark_seen(serve.db, card_id, user.id, utc_now())
    return Response(status_code=204) if is_fragment(request) else _answer(request, serve, card_id)


@router.get("/comments/names")
def names(request: Request, serve: Serve, user: SignedIn) -> Response:
    """Whom a comment can call, for the list that opens behind an `@`."""
    others = [name for name in comments.list_names(serve.db) if name != user.name]
    return fragment(request, "partials/names.html", {"names": others})


def _answer(
    request: Request,
    serve: Serve,
    card_id: str,
    refusal: str = "",
    status_code: int = 200,
    typed: str = "",
) -> Response:
    if not is_fragment(request):
        params = query(write_filter(read_filter(request.query_params)))
        return go(request, f"/cards/{quote(card_id, safe='')}{params}#comments", refusal)
    context = {
        "card_id": card_id,
        "comments": comments.list_comments(serve.db, card_id),
        "refusal": refusal,
        "typed": typed,
    }
    return fragment(request, "partials/comment_list.html", context, status_code)
