"""The public Atom feed of a group."""

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from review_ui.deps import Serve
from stages.publish.atom import render_feed
from store.groups import get_group
from store.posts import get_feed_time, list_published

router = APIRouter()


@router.api_route("/feeds/{group_id}.atom", methods=["GET", "HEAD"])
def feed(request: Request, serve: Serve, group_id: str) -> Response:
    group = get_group(serve.db, group_id)
    if group is None:
        raise HTTPException(404)
    changed_at = get_feed_time(serve.db, group_id)
    site = serve.settings.effective_review_url
    body = render_feed(
        group,
        list_published(serve.db, group_id),
        f"{site}/feeds/{quote(group_id, safe='')}.atom",
        f"{site}/groups/{quote(group_id, safe='')}",
    )
    headers = {
        "etag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        "cache-control": "public, max-age=60",
    }
    if changed_at is not None:
        headers["last-modified"] = format_datetime(
            changed_at.astimezone(UTC).replace(microsecond=0), usegmt=True
        )
    if is_unchanged(request, headers["etag"], changed_at):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/atom+xml", headers=headers)


def is_unchanged(request: Request, etag: str, changed_at: datetime | None) -> bool:
    """RFC 9110: an entity tag decides when there is one, else the time."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        sent = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return "*" in sent or etag in sent
    since = request.headers.get("if-modified-since")
    if since is None or changed_at is None:
        return False
    try:
        seen = parsedate_to_datetime(since)
    except ValueError:
        return False
    if seen.tzinfo is None:
        seen = seen.replace(tzinfo=UTC)
    return changed_at.replace(microsecond=0) <= seen
