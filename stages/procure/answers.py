"""What a server's answer means for a crawl: statuses, content types, Retry-After."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from stages.errors import PermanentError, RefusedError, StageError, TransientError

REDIRECTS = frozenset((301, 302, 303, 307, 308))
GONE = frozenset((404, 410))
TOO_MANY = 429
_TRANSIENT = frozenset((408, 421, 423, 425, TOO_MANY))
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
        "application/pdf",
        "application/x-pdf",
    )
)
# How PDFs and gzip files are sent by servers that do not know their types: what the file is, its
# first bytes say.
_UNNAMED_TYPES = frozenset(("application/octet-stream", "binary/octet-stream"))
_LISTING_TYPES = frozenset(("application/gzip", "application/x-gzip"))
_PDF_MAGIC = b"%PDF-"
_GZIP_MAGIC = b"\x1f\x8b"
# Files that are sent as web pages all the same, by their first bytes.
_OTHER_FILES: tuple[tuple[bytes | tuple[bytes, ...], str], ...] = (
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    ((b"GIF87a", b"GIF89a"), "a GIF picture"),
    (b"RIFF", "a picture or sound"),
    (b"PK\x03\x04", "a zip or Office file"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (_GZIP_MAGIC, "a gzip file"),
    (b"7z\xbc\xaf", "a 7z file"),
    (b"Rar!\x1a\x07", "a RAR file"),
    (b"OggS", "a sound or film"),
    ((b"ID3\x02", b"ID3\x03", b"ID3\x04"), "a sound"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"wOF", "a font"),
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


def is_overload(status: int) -> bool:
    """The server cannot or will not answer now, and may say when to come back."""
    return status >= 500 or status in _TRANSIENT


def error_for(status: int, wait_s: float | None, url: str) -> StageError | None:
    """The error a final status stands for; None when the answer is a page (2xx, 304, 404, 410).

    wait_s: how long the host is to be left alone, None if it did not say.
    """
    if 200 <= status < 300 or status == 304 or status in GONE:
        return None
    if is_overload(status):
        asked = f"; its host is left alone for {wait_s:.0f} s" if wait_s is not None else ""
        return TransientError(f"{url} answers {status}{asked}; it is tried again later", wait_s)
    if status in (401, 403):
        return RefusedError(
            f"{url} answers {status}: the site does not let us read it. Take the page off the"
            " source, or ask the publisher"
        )
    return PermanentError(f"{url} answers {status}; check the address in the source")


def check_content_type(value: str, url: str, is_listing: bool) -> None:
    """Raise PermanentError for anything but HTML, XML, feeds, plain text and PDF.

    is_listing: a sitemap or feed, which may come as a gzip file. A file without a type passes
    here: `check_body` looks at what it is.
    """
    kind = _kind_of(value)
    if not kind or kind in _PAGE_TYPES or kind in _UNNAMED_TYPES:
        return
    if is_listing and kind in _LISTING_TYPES:
        return
    raise PermanentError(
        f"{url} is sent as {kind[:100]}; only HTML, XML, feeds, plain text and PDF are read. Take"
        " it off the source"
    )


def check_body(body: bytes, content_type: str, url: str, is_listing: bool) -> None:
    """Raise PermanentError for a body that is not what its content type says.

    A file sent without a type must be a PDF, or a gzip file where a listing is asked for. A PDF
    sent as HTML is read as the PDF it is.
    """
    if is_listing and body.startswith(_GZIP_MAGIC):
        return
    kind = _kind_of(content_type)
    if kind in _UNNAMED_TYPES and not is_listing and not is_pdf(body):
        raise PermanentError(f"{url} is sent as {kind} and is no PDF. Take it off the source")
    for magic, name in _OTHER_FILES:
        if body.startswith(magic):
            raise PermanentError(
                f"{url} is sent as {kind or 'a page'} but is {name}. Take it off the source"
            )


def is_pdf(body: bytes) -> bool:
    """Some servers put white space before a PDF."""
    return body[:64].lstrip().startswith(_PDF_MAGIC)


def _kind_of(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
