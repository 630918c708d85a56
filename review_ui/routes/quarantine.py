"""Quarantine: pages the line set aside, and what people say of them."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from review_ui.deps import Serve, Services, SignedIn, is_fragment
from review_ui.filters import MAX_CHARS, pick, read_page
from review_ui.i18n import gettext as _
from review_ui.losses import add_losses
from review_ui.quarantine_view import REASONS, SHOWN, ShownPage, list_shown, refuse
from review_ui.render import fragment, go, page, query
from stages.types import QuarantineReason
from store import quarantine
from store.decision_types import NotAllowedError, StaleError
from store.pages import get_page

router = APIRouter()

SETTLED = "settled"

Key = Annotated[str, Form(max_length=2000)]
Note = Annotated[str, Form(max_length=2000)]
Seen = Annotated[str, Form(max_length=40)]


@router.get("/quarantine")
def show(request: Request, serve: Serve, user: SignedIn) -> Response:
    context = _context(request, list_shown(serve.db))
    context["pages"] = add_losses(serve.db, context["pages"])
    return page(request, "quarantine.html", context)


@router.post("/quarantine/accept")
def accept(
    request: Request,
    serve: Serve,
    user: SignedIn,
    key: Key,
    note: Note = "",
    seen: Seen = "",
) -> Response:
    record = get_page(serve.db, key)
    refusal = refuse(record) if record else ""
    if refusal:
        return _answer(request, serve, key, refusal, is_problem=True)
    reason = pick(QuarantineReason, seen)
    return _decide(
        request,
        serve,
        key,
        lambda: quarantine.accept_page(serve.db, key, user.id, note.strip(), seen=reason),
        _("Accepted: the next run reads it as a guide."),
    )


@router.post("/quarantine/ignore")
def ignore(
    request: Request,
    serve: Serve,
    user: SignedIn,
    key: Key,
    note: Note = "",
    seen: Seen = "",
) -> Response:
    reason = pick(QuarantineReason, seen)
    return _decide(
        request,
        serve,
        key,
        lambda: quarantine.ignore_page(serve.db, key, user.id, note.strip(), seen=reason),
        _("Ignored: it stays out. You are asked again only if the reason changes."),
    )


@router.post("/quarantine/restore")
def restore(request: Request, serve: Serve, user: SignedIn, key: Key) -> Response:
    return _decide(
        request,
        serve,
        key,
        lambda: quarantine.restore_page(serve.db, key, user.id),
        _("Taken back: the page is to be decided again."),
    )


def _decide(
    request: Request, serve: Services, key: str, act: Callable[[], int], note: str
) -> Response:
    try:
        act()
    except (StaleError, NotAllowedError) as error:
        return _answer(request, serve, key, str(error), is_problem=True)
    return _answer(request, serve, key, note)


def _answer(
    request: Request, serve: Services, key: str, note: str, is_problem: bool = False
) -> Response:
    """htmx gets the page as it stands now; a plain form goes back to the list, with the note."""
    if not is_fragment(request):
        return go(request, "/quarantine" + query(_params(request)), note)
    every = list_shown(serve.db)
    shown = _find(every, key)
    if shown:
        (shown,) = add_losses(serve.db, [shown])
    context = {
        **_context(request, every),
        "shown": shown,
        "gone_id": request.headers.get("hx-target", "")[:40] if shown is None else "",
        "note": note,
        "is_problem": is_problem,
    }
    return fragment(request, "quarantined.html", context, 409 if is_problem else 200)


def _find(every: Sequence[ShownPage], key: str) -> ShownPage | None:
    return next((shown for shown in every if shown.page.record.key == key), None)


def _params(request: Request) -> dict[str, str]:
    """The filter of the list as its address has it; what is not understood is left out."""
    params = request.query_params
    number = read_page(params.get("page", ""))
    return {
        "view": SETTLED if params.get("view") == SETTLED else "",
        "source": params.get("source", "").replace("\0", "")[:MAX_CHARS],
        "reason": reason.value if (reason := pick(QuarantineReason, params.get("reason", "")))
        else "",
        "page": str(number) if number > 1 else "",
    }  # fmt: skip


def _context(request: Request, every: Sequence[ShownPage]) -> dict[str, Any]:
    params = _params(request)
    settled = [shown for shown in every if shown.is_settled]
    here = settled if params["view"] else [shown for shown in every if not shown.is_settled]
    found = [
        shown
        for shown in here
        if params["source"] in ("", shown.page.source_id)
        and params["reason"] in ("", shown.reason.value)
    ]
    page_count = max(1, -(-len(found) // SHOWN))
    number = min(read_page(params["page"]), page_count)
    publishers = {shown.page.source_id: shown.page.publisher for shown in every}
    narrowed = [
        ("source", _("Source"), publishers.get(params["source"], params["source"])),
        ("reason", _("Reason"), _(REASONS[reason])
         if (reason := pick(QuarantineReason, params["reason"]))
         else ""),
    ]  # fmt: skip
    return {
        "params": {**params, "page": ""},
        "pages": found[(number - 1) * SHOWN : number * SHOWN],
        "total": len(found),
        "page_number": number,
        "page_count": page_count,
        "open_count": len(every) - len(settled),
        "settled_count": len(settled),
        "sources": sorted(publishers.items(), key=lambda item: item[1]),
        "reasons": {reason.value: words for reason, words in REASONS.items()},
        "narrowed": [item for item in narrowed if item[2]],
    }
