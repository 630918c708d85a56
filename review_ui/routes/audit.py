"""The record: who did what, when, to what, and why; to read, to filter and to take along."""

from collections.abc import Iterator, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response, StreamingResponse

from review_ui.audit_view import ACTION_NAMES, KIND_NAMES, WRITERS, make_line, seen_by
from review_ui.days import end_of, read_day, read_zone, start_of
from review_ui.deps import Serve, SignedIn
from review_ui.filters import pick
from review_ui.render import page
from store.audit import (
    COMMAND_LINE,
    AuditFilter,
    Entry,
    Kind,
    iterate_entries,
    list_entries,
    list_people,
    list_tone_names,
)
from store.engine import Database
from store.sources import list_sources
from store.users import Role, User

router = APIRouter()

PAGE_SIZE = 50
MAX_CHARS = 200
NAMES = ("person", "action", "source", "tone", "from", "to", "card", "batch")


@router.get("/audit")
def show(request: Request, serve: Serve, user: SignedIn) -> Response:
    params = _read(request.query_params)
    zone = read_zone(request.cookies)
    wanted = _filter(params, zone)
    _check_kind(wanted, user)
    below = request.query_params.get("below", "")
    found = list_entries(serve.db, wanted, _number(below), PAGE_SIZE + 1)
    lines = [make_line(entry) for entry in seen_by(found[:PAGE_SIZE], user)]
    return page(
        request,
        "audit.html",
        {
            "wanted": wanted,
            "params": params,
            "kinds": {
                kind: name
                for kind, name in KIND_NAMES.items()
                if kind is not Kind.ACCOUNTS or user.role is Role.ADMIN
            },
            "actions": ACTION_NAMES[wanted.kind],
            "lines": lines,
            "next_below": found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None,
            "is_later": bool(below),
            "zone": zone,
            "people": list_people(serve.db),
            "command_line": COMMAND_LINE,
            "sources": list_sources(serve.db),
            "tones": list_tone_names(serve.db),
        },
    )


@router.get("/audit/export.{form}")
def export(request: Request, serve: Serve, user: SignedIn, form: str) -> Response:
    """The whole filter as a file; read and sent in batches."""
    if form not in WRITERS:
        raise HTTPException(404)
    wanted = _filter(_read(request.query_params), read_zone(request.cookies))
    _check_kind(wanted, user)
    media_type, write = WRITERS[form]
    return StreamingResponse(
        write(_batches(serve.db, wanted, user)),
        media_type=media_type,
        headers={
            "content-disposition": f'attachment; filename="spoonful-{wanted.kind.value}.{form}"'
        },
    )


def _batches(db: Database, wanted: AuditFilter, user: User) -> Iterator[tuple[Entry, ...]]:
    for batch in iterate_entries(db, wanted):
        yield seen_by(batch, user)


def _check_kind(wanted: AuditFilter, user: User) -> None:
    if wanted.kind is Kind.ACCOUNTS and user.role is not Role.ADMIN:
        raise HTTPException(403, "role")


def _read(params: Mapping[str, str]) -> dict[str, str]:
    """What the address asks for; anything not understood is left out."""
    kind = pick(Kind, params.get("kind", "")) or Kind.DECISIONS
    read = {"kind": "" if kind is Kind.DECISIONS else kind.value}
    for name in NAMES:
        read[name] = params.get(name, "").replace("\0", "").strip()[:MAX_CHARS]
    for name in ("from", "to"):
        read[name] = read[name] if read_day(read[name]) else ""
    if read["action"] not in ACTION_NAMES[kind] and kind is not Kind.ACCOUNTS:
        read["action"] = ""
    return read


def _filter(params: Mapping[str, str], zone: ZoneInfo) -> AuditFilter:
    first, last = read_day(params["from"]), read_day(params["to"])
    return AuditFilter(
        kind=Kind(params["kind"] or Kind.DECISIONS.value),
        person=params["person"],
        action=params["action"],
        source_id=params["source"],
        tone=params["tone"],
        card_id=params["card"],
        batch=params["batch"],
        since=start_of(first, zone) if isinstance(first, date) else None,
        until=end_of(last, zone) if isinstance(last, date) else None,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
