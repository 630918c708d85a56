"""A server's answer and what it means for a crawl: statuses, content types, Retry-After."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from stages.errors import PermanentError, RefusedError, StageError, TransientError
from stages.procure.inflate import read_capped, too_large
from stages.procure.urls import normalise_url

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
# The bodies of short answers that nobody reads are read away, which keeps their connection.
_SHORT_BODY_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Answer:
    """headers: by lower-case name. body: decoded; empty unless the status is 2xx."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is read of an answer. is_listing None: any content type will do. is_cut: the first
    max_bytes of a longer body will do.
    """

    max_bytes: int
    is_listing: bool | None = None
    is_cut: bool = False


async def read_answer(
    status: int,
    raw_headers: Sequence[tuple[bytes, bytes]],
    pieces: AsyncIterable[bytes],
    url: str,
    wanted: Wanted,
) -> Answer:
    """An answer with its body, if it is one that is wanted.

    pieces: the body as it comes. Raises PermanentError for content types and sizes we do not
    read, TransientError for broken compression.
    """
    headers: dict[str, str] = {}
    for raw_name, raw in raw_headers:
        name, value = raw_name.decode("latin-1").lower(), raw.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    length = headers.get("content-length", "")
    declared = int(length) if length.isdecimal() and len(length) < 20 else None
    if not 200 <= status < 300:
        if status == 304 or (declared is not None and declared <= _SHORT_BODY_BYTES):
            async for _ in pieces:
                pass
        return Answer(status, headers, b"")
    content_type = headers.get("content-type", "")
    if wanted.is_listing is not None:
        check_content_type(content_type, url, wanted.is_listing)
    if declared is not None and declared > wanted.max_bytes and not wanted.is_cut:
        raise too_large(url, wanted.max_bytes)
    encoding = headers.get("content-encoding", "")
    body = await read_capped(pieces, encoding, wanted.max_bytes, url, is_cut=wanted.is_cut)
    if wanted.is_listing is not None:
        check_body(body, content_type, url, wanted.is_listing)
    return Answer(status, headers, body)


def redirect_target(url: str, answer: Answer) -> str:
    """The normalised address an answer redirects to. Raises PermanentError if it names none."""
    location = answer.headers.get("location", "")
    try:
        target = normalise_url(urljoin(url, location)) if location else ""
    except ValueError:
        target = ""
    if not target:
        raise PermanentError(
            f"{url} redirects to {location[:200]!r}, which is no http(s) address; correct the"
            " address in the source"
        )
    return target


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
