"""Lists of pages: sitemaps, Atom and RSS feeds, hub pages. Bytes in, addresses out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml import etree

from stages.errors import PermanentError
from stages.procure.charset import decode_body
from stages.procure.hidden import remove_hidden
from stages.procure.inflate import inflate_file
from stages.procure.markup import Element, collapse, is_element, parse_html
from stages.procure.metadata import base_url
from stages.types import Candidate

# The sitemap protocol's own limits.
MAX_SITEMAP_BYTES = 52_428_800
_MAX_ENTRIES = 50_000
_DATE = re.compile(
    r"^\d{4}(?:-\d\d(?:-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?)?)?$"
)


@dataclass(frozen=True, slots=True)
class Sitemap:
    """children: further sitemaps of an index. entries: its pages."""

    children: tuple[Candidate, ...] = ()
    entries: tuple[Candidate, ...] = ()


def _parse_xml(body: bytes, url: str) -> Element:
    """Root of an XML file. No entity of its own is expanded and nothing is loaded for it."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PermanentError(
            f"{url} is no readable XML ({error}); correct it in the source"
        ) from error
    if root is None:
        raise PermanentError(f"{url} is no readable XML; correct it in the source")
    if root.getroottree().docinfo.internalDTD is not None and _has_entities(root):
        raise PermanentError(f"{url} declares its own entities; such a list is not read")
    return root


def _has_entities(root: Element) -> bool:
    dtd = root.getroottree().docinfo.internalDTD
    return any(True for _ in dtd.iterentities())


def _name(node: Element) -> str:
    return node.tag.rpartition("}")[2].lower() if is_element(node) else ""


def _child_text(node: Element, *names: str) -> str:
    for name in names:
        for child in node:
            if _name(child) == name:
                return collapse("".join(child.itertext()))
    return ""


def _date(text: str) -> str:
    return text if _DATE.match(text) else ""


def read_sitemap(body: bytes, url: str) -> Sitemap:
    """A sitemap, a sitemap index or a text file of addresses; .gz files too.

    Raises PermanentError when it is none of them.
    """
    if body[:2] == b"\x1f\x8b":
        body = inflate_file(body, MAX_SITEMAP_BYTES, url)
    if body.lstrip()[:1] != b"<":
        lines = decode_body(body).split()
        found = [line for line in lines[:_MAX_ENTRIES] if line.startswith(("http://", "https://"))]
        return Sitemap(entries=tuple(Candidate(line) for line in found))
    root = _parse_xml(body, url)
    kind = _name(root)
    if kind not in ("urlset", "sitemapindex"):
        raise PermanentError(
            f"{url} is no sitemap but <{kind}>; correct the source's sitemap address"
        )
    found_entries: list[Candidate] = []
    for node in root:
        if _name(node) in ("url", "sitemap") and len(found_entries) < _MAX_ENTRIES:
            address = _child_text(node, "loc")
            if address:
                absolute = _join(url, address)
                found_entries.append(Candidate(absolute, _date(_child_text(node, "lastmod"))))
    entries = tuple(entry for entry in found_entries if entry.url)
    return Sitemap(children=entries) if kind == "sitemapindex" else Sitemap(entries=entries)


def read_feed(body: bytes, url: str) -> tuple[Candidate, ...]:
    """Entries of an Atom or RSS feed, newest change as lastmod. Raises PermanentError otherwise."""
    root = _parse_xml(body, url)
    if _name(root) not in ("feed", "rss", "rdf"):
        raise PermanentError(
            f"{url} is no feed but <{_name(root)}>; correct the source's feed address"
        )
    found: list[Candidate] = []
    for node in root.iter():
        if _name(node) not in ("entry", "item") or len(found) >= _MAX_ENTRIES:
            continue
        address = _entry_link(node)
        if address and (absolute := _join(url, address)):
            stamp = _child_text(node, "updated", "modified", "published", "date")
            found.append(Candidate(absolute, _date(stamp)))
    return tuple(found)


def _entry_link(node: Element) -> str:
    for child in node:
        if _name(child) == "link":
            href = child.get("href")
            if href and (child.get("rel") or "alternate") == "alternate":
                return collapse(href)
            if not href and collapse(child.text or ""):
                return collapse(child.text or "")
    guid = _child_text(node, "guid")
    return guid if guid.startswith(("http://", "https://")) else ""


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
    try:
        address = urljoin(base, href.strip())
    except ValueError:
        return ""
    return address if address.startswith(("http://", "https://")) else ""
