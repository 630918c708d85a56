"""What a server's answer means for a crawl: statuses, content types, Retry-After."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from stages.errors import PermanentError, RefusedError, StageError, TransientError

REDIRECTS = frozenset((301, 302, 303, 307, 308))
GONE = frozenset((404, 410))
_TRANSIENT = frozenset((408, 421, 423, 425, 429))
_PAGE_TYPES = frozenset(
    (
        "text/html",
        "application/xhtml+xml",
        "text/xml",
        "application/xml",
        "application/rss+xml",
        "application/atom+xml",
        "application/rdf+xml",
        "text/plain",
    )
)
_LISTING_TYPES = frozenset(
    ("application/gzip", "application/x-gzip", "application/octet-stream", "binary/octet-stream")
)
_DAY_S = 86_400.0


def retry_after_s(value: str, now: datetime) -> float | None:
    """Seconds the header asks us to wait, at most a day; None if it says nothing we understand."""
    value = value.strip()
    if value.isdecimal() and len(value) < 10:
        return min(float(value), _DAY_S)
    try:
        when = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return min(max(0.0, (when - now).total_seconds()), _DAY_S)


def error_for(
    status: int, headers: Mapping[str, str], url: str, now: datetime
) -> StageError | None:
    """The error a final status stands for; None when the answer is a page (2xx, 304, 404, 410)."""
    if 200 <= status < 300 or status == 304 or status in GONE:
        return None
    wait = retry_after_s(headers.get("retry-after", ""), now)
    if status >= 500 or status in _TRANSIENT:
        asked = f" and asks to wait {wait:.0f} s" if wait is not None else ""
        return TransientError(f"{url} answers {status}{asked}; it is tried again later", wait)
    if status in (401, 403):
        return RefusedError(
            f"{url} answers {status}: the site does not let us read it. Take the page off the"
            " source, or ask the publisher"
        )
    return PermanentError(f"{url} answers {status}; check the address in the source")


def check_content_type(value: str, url: str, is_listing: bool) -> None:
    """Raise PermanentError for anything but HTML, XML, feeds and plain text.

    is_listing: a sitemap or feed, which may come as a gzip file.
    """
    kind = value.partition(";")[0].strip().lower()
    if not kind or kind in _PAGE_TYPES or (is_listing and kind in _LISTING_TYPES):
        return
    if kind == "application/pdf":
        raise PermanentError(
            f"{url} is a PDF; only web pages can be read. List the page that links to it, or"
            " take it off the source"
        )
    raise PermanentError(
        f"{url} is sent as {kind}; only HTML, XML, feeds and plain text are read. Take it off"
        " the source"
    )
