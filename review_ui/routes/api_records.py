"""JSON API: posts, groups, runs and the record."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import AwareDatetime

from review_ui.api_models import EntryOut, GroupOut, Page, PostOut, RunOut, make_post
from review_ui.audit_view import record, seen_by
from review_ui.cursors import Cursor, read_number, write_number
from review_ui.deps import Serve, SignedIn
from stages.types import PostState
from store.audit import AuditFilter, Kind, list_entries
from store.groups import list_groups
from store.posts import get_post_view, list_posts
from store.runs import list_runs
from store.users import Role

router = APIRouter(prefix="/api/v1", tags=["Records"])

Limit = Annotated[int, Query(ge=1, le=200)]
Word = Annotated[str, Query(max_length=200)]
Moment = AwareDatetime | None


@router.get("/posts")
def list_all_posts(
    serve: Serve,
    user: SignedIn,
    cursor: Cursor = "",
    state: PostState | None = None,
    group: Word = "",
    card: Word = "",
    limit: Limit = 100,
) -> Page[PostOut]:
    """Posts, the latest first."""
    below = read_number(cursor)
    found = list_posts(
        serve.db, state, limit + 1, card or None, group or None, below=below, is_by_id=True
    )
    items = [make_post(view) for view in found[:limit]]
    return Page(items=items, next=write_number(items[-1].id) if len(found) > limit else None)


@router.get("/posts/{post_id}")
def get_post(serve: Serve, user: SignedIn, post_id: int) -> PostOut:
    """One post."""
    view = get_post_view(serve.db, post_id) if 0 < post_id < 2**63 else None
    if view is None:
        raise HTTPException(404)
    return make_post(view)


@router.get("/groups")
def list_all_groups(serve: Serve, user: SignedIn) -> Page[GroupOut]:
    """The groups posts go to."""
    return Page(items=[GroupOut.model_validate(group) for group in list_groups(serve.db)])


@router.get("/runs")
def list_latest_runs(serve: Serve, user: SignedIn, limit: Limit = 20) -> Page[RunOut]:
    """Runs of the line, the latest first."""
    return Page(items=[RunOut.model_validate(run) for run in list_runs(serve.db, limit)])


@router.get("/audit")
def list_record(
    serve: Serve,
    user: SignedIn,
    cursor: Cursor = "",
    kind: Kind = Kind.DECISIONS,
    person: Word = "",
    action: Word = "",
    source: Word = "",
    tone: Word = "",
    card: Word = "",
    batch: Word = "",
    since: Moment = None,
    until: Moment = None,
    limit: Limit = 100,
) -> Page[EntryOut]:
    """What people did, the latest first. Accounts are for admins."""
    if kind is Kind.ACCOUNTS and user.role is not Role.ADMIN:
        raise HTTPException(403, "role")
    wanted = AuditFilter(
        kind, person, action, source, tone, card, batch=batch, since=since, until=until
    )
    found = list_entries(serve.db, wanted, read_number(cursor), limit + 1)
    items = [EntryOut(**record(entry)) for entry in seen_by(found[:limit], user)]
    return Page(items=items, next=write_number(items[-1].id) if len(found) > limit else None)
