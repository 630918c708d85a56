"""URLs: one spelling for one page, what a source allows, and the ids of guides."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit, urlunsplit

from stages.types import Source

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_URL_CHARS = 2000
# Parameters that only say where a visitor came from.
_TRACKING = re.compile(
    r"^(?:utm_\w+|gclid|gclsrc|dclid|fbclid|msclkid|yclid|twclid|igshid|mc_[ce]id|_ga|_gl|_hsenc"
    r"|_hsmi|mkt_tok|spm|scm|share_token|wt\.mc_id|cmpid|icid)$",
    re.IGNORECASE,
)
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")


@lru_cache(maxsize=8192)  # every step of a fetch asks for the spelling of the same few addresses
def normalise_url(url: str) -> str:
    """The one spelling under which a page is known; '' if it is no http(s) address.

    Fragments, default ports, user names, tracking parameters and dot segments go; international
    host names become ASCII; escapes that need not be are undone. Other queries are kept in order.
    """
    try:
        parts = urlsplit(url.strip()[: _MAX_URL_CHARS + 1])
        port = parts.port
        path = _without_dots(_escaped(parts.path)) or "/"
        query = _kept_query(parts.query)
    except ValueError:  # also of characters that UTF-8 cannot say
        return ""
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or len(url.strip()) > _MAX_URL_CHARS:
        return ""
    host = _ascii_host(parts.hostname or "")
    if not host:
        return ""
    netloc = host if port in (None, _DEFAULT_PORTS[scheme]) else f"{host}:{port}"
    return urlunsplit((scheme, netloc, path, query, ""))


def _ascii_host(host: str) -> str:
    host = host.rstrip(".").lower()
    if ":" in host:
        return f"[{host}]"
    if host.isascii():
        return host if re.fullmatch(r"[a-z0-9._-]+", host) else ""
    # Imported here: few hosts need it.
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return ""


def _escaped(path: str) -> str:
    """Percent escapes in upper case, none where none is needed, all where they are."""

    def undo(match: re.Match[str]) -> str:
        byte = unquote_to_bytes(match.group(0))[0]
        return chr(byte) if byte in _UNRESERVED else match.group(0).upper()

    return quote(_ESCAPE.sub(undo, path), safe="/%:@!$&'()*+,;=~")


def _without_dots(path: str) -> str:
    if not path:
        return ""
    kept: list[str] = []
    pieces = path.split("/")
    for piece in pieces:
        if piece == "..":
            if len(kept) > 1:
                kept.pop()
        elif piece != ".":
            kept.append(piece)
    if pieces[-1] in (".", ".."):
        kept.append("")
    joined = "/".join(kept)
    return joined if joined.startswith("/") else f"/{joined}"


def _kept_query(query: str) -> str:
    if not query:
        return ""
    pieces = [piece for piece in query.split("&") if piece]
    kept = [piece for piece in pieces if not _TRACKING.match(piece.partition("=")[0])]
    if all("%" not in piece and piece.isascii() and " " not in piece for piece in kept):
        return "&".join(kept)
    return urlencode(parse_qsl("&".join(kept), keep_blank_values=True), quote_via=quote)


def origin_of(url: str) -> str:
    """`host` or `host:port` of a normalised URL; the port is left out where it is the default."""
    return urlsplit(url).netloc


@dataclass(frozen=True, slots=True)
class _Scope:
    """A source's rules in the spelling of normalised URLs. deny wins over allow."""

    hosts: frozenset[str]
    pages: frozenset[str]
    allow: tuple[str, ...]
    deny: tuple[str, ...]


def _scope_of(source: Source) -> _Scope:
    return _read_scope(
        source.homepage,
        source.allow_hosts,
        source.pages,
        source.allow_prefixes,
        source.deny_prefixes,
    )


@lru_cache(maxsize=256)  # a source has no hash of its own: it holds a mapping
def _read_scope(
    homepage: str,
    hosts: tuple[str, ...],
    pages: tuple[str, ...],
    allow: tuple[str, ...],
    deny: tuple[str, ...],
) -> _Scope:
    own = origin_of(normalise_url(homepage))
    return _Scope(
        hosts=frozenset((own, *(host.strip().lower() for host in hosts))) - {""},
        pages=frozenset(normalise_url(page) for page in pages),
        allow=tuple(_escaped(prefix) for prefix in allow),
        deny=tuple(_escaped(prefix) for prefix in deny),
    )


def is_allowed_host(url: str, source: Source) -> bool:
    """The host is the source's homepage or stands in its allow_hosts (`host` or `host:port`)."""
    normal = normalise_url(url)
    return bool(normal) and origin_of(normal) in _scope_of(source).hosts


def is_listed_page(url: str, source: Source) -> bool:
    """The source lists this very page among its `pages`."""
    return normalise_url(url) in _scope_of(source).pages


def in_scope(url: str, source: Source) -> bool:
    """A guide may live there: allowed host, and a path the source's rules let through.

    Pages the source lists one by one are in scope on any path of an allowed host.
    """
    normal = normalise_url(url)
    parts = urlsplit(normal)
    scope = _scope_of(source)
    if not normal or parts.netloc not in scope.hosts:
        return False
    if normal in scope.pages:
        return True
    if parts.path.startswith(scope.deny):
        return False
    return not scope.allow or parts.path.startswith(scope.allow)


def guide_id(source: Source, url: str) -> str:
    """16 hex digits that name a guide for good: of the path when it lives under the homepage's
    origin, so that a new host, port or scheme of the whole site keeps ids.
    """
    normal = normalise_url(url)
    parts = urlsplit(normal)
    where = urlunsplit(("", "", parts.path, parts.query, ""))
    if parts.netloc != origin_of(normalise_url(source.homepage)):
        where = f"//{parts.netloc}{where}"
    return hashlib.sha256(f"{source.id}\n{where}".encode()).hexdigest()[:16]
