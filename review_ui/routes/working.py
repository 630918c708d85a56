"""While somebody edits: what they type is kept, checked, and compared with earlier versions."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from review_ui.deps import Serve, SignedIn, is_fragment
from review_ui.i18n import N_
from review_ui.live import look_at
from review_ui.marks import Change, compare
from review_ui.render import fragment, go, page
from stages.cook.checks import MAX_CHARS
from stages.errors import PermanentError
from stages.snippets import choose_snippets
from stages.text import is_chinese
from store import working_texts
from store.engine import utc_now
from store.groups import list_groups
from store.tones import get_tone
from store.versions import Version, get_versions
from store.working_texts import Clash, get_basis

router = APIRouter()

LOOKS = {
    "critical": N_("Critical"),
    "major": N_("Major"),
    "minor": N_("Minor"),
    "perhaps": N_("Perhaps"),
    "info": N_("Info"),
}

Text = Annotated[str, Form(max_length=4 * MAX_CHARS)]
BaseVersion = Annotated[int, Form(ge=0, le=2**31 - 1)]


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """changes: from this version to the text of now; empty where it is the same."""

    version: Version
    is_now: bool
    changes: tuple[Change, ...]


@router.post("/cards/{card_id}/drafts/{draft_id}/working")
def keep(
    request: Request,
    serve: Serve,
    user: SignedIn,
    card_id: str,
    draft_id: int,
    version: BaseVersion,
    text: Text = "",
) -> Response:
    """Keep what somebody typed so far. Answers 409 with all three texts when the draft became
    another one meanwhile; theirs is kept then too.
    """
    text = _lines(text)
    if len(text) > MAX_CHARS:
        raise HTTPException(413)
    try:
        clash = working_texts.save_working(
            serve.db, draft_id, user.id, text, version, utc_now(), card_id
        )
    except PermanentError as error:
        raise HTTPException(404) from error
    if not is_fragment(request):
        return go(request, _card(card_id))
    if clash is None:
        return Response(status_code=204)
    return fragment(request, "partials/clash.html", _clash_context(card_id, clash), 409)


@router.post("/cards/{card_id}/drafts/{draft_id}/working/discard")
def discard(
    request: Request, serve: Serve, user: SignedIn, card_id: str, draft_id: int
) -> Response:
    """Forget what one typed and did not save."""
    working_texts.discard_working(serve.db, draft_id, user.id)
    return Response(status_code=204) if is_fragment(request) else go(request, _card(card_id))


@router.post("/cards/{card_id}/drafts/{draft_id}/check")
def check(
    request: Request, serve: Serve, user: SignedIn, card_id: str, draft_id: int, text: Text = ""
) -> Response:
    """What the checks say of a text as it stands in the editor; nothing is kept."""
    text = _lines(text)
    basis = get_basis(serve.db, card_id, draft_id)
    if basis is None:
        raise HTTPException(404)
    rules = get_tone(serve.db, basis.draft.tone_hash, basis.draft.lang)
    groups = [
        group
        for group in list_groups(serve.db)
        if is_chinese(group.lang) == is_chinese(basis.card.lang)
    ]
    live = look_at(basis, text, rules, groups) if rules else None
    return fragment(request, "partials/live.html", {"live": live, "looks": LOOKS})


@router.get("/cards/{card_id}/drafts/{draft_id}/snippets")
def snippets(
    request: Request, serve: Serve, user: SignedIn, card_id: str, draft_id: int
) -> Response:
    """Ready lines for a draft: of its language, for its card's topics and its source's country."""
    basis = get_basis(serve.db, card_id, draft_id)
    if basis is None:
        raise HTTPException(404)
    card = basis.card
    found = choose_snippets(serve.snippets, basis.draft.lang, card.topics, basis.country)
    context = {"snippets": found, "lang": basis.draft.lang, "card_id": card_id}
    if is_fragment(request):
        return fragment(request, "partials/snippet_list.html", {**context, "is_page": False})
    return page(request, "snippets.html", {**context, "is_page": True})


@router.get("/cards/{card_id}/drafts/{draft_id}/versions")
def versions(
    request: Request, serve: Serve, user: SignedIn, card_id: str, draft_id: int
) -> Response:
    """Every text the draft has had, each compared with the one of now."""
    found = get_versions(serve.db, card_id, draft_id)
    if found is None:
        raise HTTPException(404)
    now = next((one for one in found.versions if one.text == found.text), None)
    shown = [
        ShownVersion(
            one, one is now, () if one.text == found.text else compare(one.text, found.text)
        )
        for one in found.versions
    ]
    context = {"found": found, "shown": shown, "is_page": not is_fragment(request)}
    if is_fragment(request):
        return fragment(request, "partials/version_list.html", context)
    return page(request, "versions.html", context)


def _clash_context(card_id: str, clash: Clash) -> dict[str, Any]:
    return {
        "clash": clash,
        "card_id": card_id,
        "theirs": compare(clash.base, clash.theirs),
        "mine": compare(clash.base, clash.mine),
    }


def _lines(text: str) -> str:
    """A browser sends line ends the way forms do."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _card(card_id: str) -> str:
    return f"/cards/{quote(card_id, safe='')}"
