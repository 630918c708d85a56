"""`site.yaml`: what a crawl of a data folder's site should find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from stages.errors import ConfigError
from tones.strict import Node, StrictError, read_yaml, refuse_repeats

SITE = "site.yaml"
KINDS = ("guide", "hub", "trap")
TRAPS = (
    "robots-disallowed",
    "soft-404",
    "dead-sitemap-entry",
    "prompt-injection",
    "near-duplicate",
    "query-duplicate",
    "legacy-charset",
)


@dataclass(frozen=True, slots=True)
class ExpectedPage:
    """One page of the site and what should come of it.

    path: with its query. licence: id in `licences`, '' when the page states none. part_of: path of
    the first page of the guide this one continues. canaries: texts nobody may ever have read.
    """

    path: str
    kind: str
    trap: str = ""
    lang: str = ""
    licence: str = ""
    licence_line: str = ""
    part_of: str = ""
    duplicate_of: str = ""
    must_appear: tuple[str, ...] = ()
    must_appear_hard: tuple[str, ...] = ()
    must_not_appear: tuple[str, ...] = ()
    injections: tuple[str, ...] = ()
    canaries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpectedSite:
    """base_url: the address the pages' own links name. may_adapt: licence id to whether its text
    may be reused.
    """

    publisher: str
    base_url: str
    document_root: str
    sitemap: str
    feed: str
    may_adapt: Mapping[str, bool]
    pages: tuple[ExpectedPage, ...]


def read_site(data: Path) -> ExpectedSite:
    """Read `site.yaml`. Keys that nothing here asks for are let through.

    Raises ConfigError naming file, line and what was expected.
    """
    try:
        return _site(read_yaml(data / SITE))
    except StrictError as error:
        raise ConfigError(str(error)) from error


def _site(root: Node) -> ExpectedSite:
    site = _need(root, "site")
    licences = {name: _may_adapt(node) for name, node in _need(root, "licences").pairs().items()}
    nodes = _need(root, "pages").items(at_least=1)
    pages = tuple(_page(node, licences) for node in nodes)
    places = [(page.path, node) for page, node in zip(pages, nodes, strict=True)]
    refuse_repeats(places, "path")
    base = _need(site, "base_url")
    if urlsplit(base.text()).scheme not in ("http", "https"):
        raise base.error(f"`{base.text()}`; expected an address like http://127.0.0.1:8765")
    return ExpectedSite(
        publisher=_text(site, "publisher") or "Sample site",
        base_url=base.text().rstrip("/"),
        document_root=_text(site, "document_root") or "site",
        sitemap=_text(site, "sitemap"),
        feed=_text(site, "feed"),
        may_adapt=licences,
        pages=pages,
    )


def _page(node: Node, licences: Mapping[str, bool]) -> ExpectedPage:
    path = _need(node, "path")
    if not path.text().startswith("/"):
        raise path.error(f"`{path.text()}`; expected a path that begins with /")
    kind = _need(node, "kind").one_of(KINDS)
    trap = _need(node, "trap").one_of(TRAPS) if kind == "trap" else ""
    if _text(node, "licence"):
        _need(node, "licence").one_of(tuple(licences))
    return ExpectedPage(
        path=path.text(),
        kind=kind,
        trap=trap,
        lang=_text(node, "lang"),
        licence=_text(node, "licence"),
        licence_line=_text(node, "licence_line"),
        part_of=_text(node, "part_of"),
        duplicate_of=_text(node, "duplicate_of"),
        must_appear=_texts(node, "must_appear"),
        must_appear_hard=_texts(node, "must_appear_hard"),
        must_not_appear=_texts(node, "must_not_appear"),
        injections=_texts(node, "injections"),
        canaries=_texts(node, "canary"),
    )


def _may_adapt(licence: Node) -> bool:
    """Whether the line on reuse allows it (`allowed with attribution`, `not allowed ...`)."""
    return _need(licence, "reuse").text().casefold().startswith("allowed")


def _need(node: Node, key: str) -> Node:
    pairs = node.pairs()
    if key not in pairs:
        raise node.error(f"key `{key}` is missing")
    return pairs[key]


def _text(node: Node, key: str) -> str:
    """The text under a key, '' when the key is missing or empty."""
    found = node.pairs().get(key)
    return "" if found is None or found.kind == "empty" else found.text()


def _texts(node: Node, key: str) -> tuple[str, ...]:
    """One text, a list of texts, or a list of mappings whose `text` counts."""
    found = node.pairs().get(key)
    if found is None or found.kind == "empty":
        return ()
    if found.kind == "text":
        return (found.text(),)
    return tuple(
        _need(each, "text").text() if each.kind == "mapping" else each.text()
        for each in found.items()
    )
