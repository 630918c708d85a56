"""Lists of pages: sitemaps, Atom and RSS feeds, hub pages. Bytes in, addresses out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml import etree

from stages.errors import PermanentError
from stages.procure.charset import decode_body
from stages.procure.hidden import remove_hidden
from stages.procure.inflate import inflate_file
from stages.procure.markup import collapse, parse_html
from stages.procure.metadata import base_url
from stages.types import Candidate

# The sitemap protocol's own limits.
MAX_SITEMAP_BYTES = 52_428_800
_MAX_ENTRIES = 50_000
# 50,000 entries with a dozen elements each; a file of empty elements has more.
_MAX_ELEMENTS = 1_000_000
_MAX_FIELD_CHARS = 4_000
_CHUNK_BYTES = 65_536
_DATE = re.compile(
    r"^\d{4}(?:-\d\d(?:-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?)?)?$"
)
_FIELDS = frozenset("loc lastmod link guid updated modified published date".split())


@dataclass(frozen=True, slots=True)
class Sitemap:
    """children: further sitemaps of an index. entries: its pages."""

    children: tuple[Candidate, ...] = ()
    entries: tuple[Candidate, ...] = ()


class _EnoughError(Exception):
    """The list has given as many entries as are read."""


class _Entries:
    """What a parser calls for each element: keeps the fields of the entries, and no tree.

    names: of the elements that are entries. kind: name of the root, '' before it. entries: the
    texts of each entry's fields by name, the first of each name; of feeds, the link in `link`.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self.kind = ""
        self.entries: list[dict[str, str]] = []
        self._names = names
        self._elements = 0
        self._entry: dict[str, str] | None = None
        self._depth = 0
        self._field = ""
        self._text: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = _local(tag)
        self._elements += 1
        if self._elements > _MAX_ELEMENTS:
            raise _EnoughError
        if not self.kind:
            self.kind = name
        elif self._entry is None:
            if name in self._names:
                self._entry, self._depth = {}, 0
        else:
            self._depth += 1
            if self._depth == 1 and name in _FIELDS:
                self._field, self._text = name, []
                href = attributes.get("href")
                if name == "link" and href and attributes.get("rel", "alternate") == "alternate":
                    self._entry.setdefault("link", collapse(href))

    def data(self, text: str) -> None:
        if self._field and sum(map(len, self._text)) < _MAX_FIELD_CHARS:
            self._text.append(text)

    def end(self, tag: str) -> None:
        if self._entry is None:
            return
        if self._depth == 0:
            self.entries.append(self._entry)
            self._entry = None
            if len(self.entries) >= _MAX_ENTRIES:
                raise _EnoughError
            return
        if self._depth == 1 and self._field:
            text = collapse("".join(self._text))
            if text:
                self._entry.setdefault(self._field, text)
            self._field = ""
        self._depth -= 1

    def close(self) -> None:
        """The parser's own last call; nothing is left to do."""


def _local(tag: str) -> str:
    return tag.rpartition("}")[2].lower()


def _read_xml(body: bytes, url: str, names: frozenset[str]) -> _Entries:
    """Entries of an XML file. No entity of its own is expanded and nothing is loaded for it."""
    if b"<!ENTITY" in body[:_CHUNK_BYTES].replace(b"\0", b"").upper():
        raise PermanentError(f"{url} declares its own entities; such a list is not read")
    found = _Entries(names)
    parser = etree.XMLParser(
        target=found, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        recover=True,
    )  # fmt: skip
    try:
        for start in range(0, len(body), _CHUNK_BYTES):
            parser.feed(body[start : start + _CHUNK_BYTES])
        parser.close()
    except _EnoughError:
        return found
    except (etree.XMLSyntaxError, ValueError) as error:
        if not found.kind:
            raise PermanentError(
                f"{url} is no readable XML ({error}); correct it in the source"
            ) from error
    if not found.kind:
        raise PermanentError(f"{url} is no readable XML; correct it in the source")
    return found


def _date(text: str) -> str:
    return text if _DATE.match(text) else ""


def read_sitemap(body: bytes, url: str) -> Sitemap:
    """A sitemap, a sitemap index or a text file of addresses; .gz files too.

    Raises PermanentError when it is none of them.
    """
    if body[:2] == b"\x1f\x8b":
        body = inflate_file(body, MAX_SITEMAP_BYTES, url)
    if body[:100].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"<", b"\xff", b"\xfe"):
        lines = decode_body(body).split(maxsplit=_MAX_ENTRIES)[:_MAX_ENTRIES]
        found = [line for line in lines if line.startswith(("http://", "https://"))]
        return Sitemap(entries=tuple(Candidate(line) for line in found))
    listed = _read_xml(body, url, frozenset(("url", "sitemap")))
    if listed.kind not in ("urlset", "sitemapindex"):
        raise PermanentError(
            f"{url} is no sitemap but <{listed.kind[:50]}>; correct the source's sitemap address"
        )
    entries = tuple(
        Candidate(address, _date(entry.get("lastmod", "")))
        for entry in listed.entries
        if (address := _join(url, entry.get("loc", "")))
    )
    return Sitemap(children=entries) if listed.kind == "sitemapindex" else Sitemap(entries=entries)


def read_feed(body: bytes, url: str) -> tuple[Candidate, ...]:
    """Entries of an Atom or RSS feed, newest change as lastmod. Raises PermanentError otherwise."""
    listed = _read_xml(body, url, frozenset(("entry", "item")))
    if listed.kind not in ("feed", "rss", "rdf"):
        raise PermanentError(
            f"{url} is no feed but <{listed.kind[:50]}>; correct the source's feed address"
        )
    found: list[Candidate] = []
    for entry in listed.entries:
        guid = entry.get("guid", "")
        address = entry.get("link", "") or (guid if guid.startswith(("http:", "https:")) else "")
        if absolute := _join(url, address):
            stamps = (entry.get(name, "") for name in ("updated", "modified", "published", "date"))
            found.append(Candidate(absolute, _date(next(filter(None, stamps), ""))))
    return tuple(found)


def read_hub(body: bytes, url: str, content_type: str = "") -> tuple[str, ...]:
    """Absolute addresses of the links a reader of a hub page sees, in page order, once each."""
    root = parse_html(decode_body(body, content_type))
    if root is None:
        return ()
    base = base_url(root, url)
    remove_hidden(root)
    found = (
        _join(base, node.get("href"))
        for node in root.iter("a")
        if node.get("href") and "nofollow" not in (node.get("rel") or "").lower()
    )
    return tuple(dict.fromkeys(address for address in found if address))


def _join(base: str, href: str) -> str:
    if not href.strip():
        return ""
    try:
        address = urljoin(base, href.strip())
    except ValueError:
        return ""
    return address if address.startswith(("http://", "https://")) else ""
