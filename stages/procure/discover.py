"""Which pages of a source may be guides: its own list, hubs, feeds, sitemap, within its rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from stages.errors import PermanentError, RefusedError, StageError, TransientError
from stages.procure.fetch import Fetcher
from stages.procure.listing import read_feed, read_hub, read_sitemap
from stages.procure.urls import guide_id, in_scope, is_listed_page, normalise_url
from stages.types import Candidate, Page, Source

__all__ = ["Discovery", "discover", "guide_id", "in_scope", "normalise_url"]

_MAX_SITEMAP_DEPTH = 3
_MAX_SITEMAPS = 30
# Over all lists of a source: what they may weigh, and how many addresses are looked at.
_MAX_LISTED_BYTES = 60_000_000
_MAX_FOUND = 50_000
# Links to these are no pages. PDFs are, where the source asks for them.
_FILES = frozenset(
    "jpg jpeg png gif webp svg ico bmp tif tiff mp3 mp4 m4a m4v mov avi wav ogg webm zip gz tgz rar"
    " 7z doc docx xls xlsx ppt pptx odt ods odp csv ics epub mobi exe dmg apk css js json xml rss"
    " txt woff woff2".split()
)


@dataclass(frozen=True, slots=True)
class Discovery:
    """candidates: what may be guides, at most the source's max_guides, its own pages first.

    pages: the hubs, feeds and sitemaps as they are now, to be stored for the next run; one that
    answered 304 comes with its earlier body and status 304. errors: one line per list that could
    not be read. out_of_scope: addresses the lists name that the source's hosts and path rules
    leave out. disallowed: candidates robots.txt forbids. refused: candidates on hosts we do not
    connect to (errors say why). over_budget: candidates left out because max_guides was reached.
    """

    candidates: tuple[Candidate, ...]
    pages: tuple[Page, ...] = ()
    errors: tuple[str, ...] = ()
    disallowed: int = 0
    over_budget: int = 0
    out_of_scope: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Search:
    source: Source
    fetcher: Fetcher
    known: Mapping[str, tuple[str, str]]
    earlier: Mapping[str, Page]
    found: dict[str, Candidate] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)
    listed_bytes: int = 0
    pages: list[Page] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failures: list[StageError] = field(default_factory=list)

    def add(self, candidates: Iterable[Candidate], *, is_sitemap: bool = False) -> None:
        """Note candidates. A sitemap's date wins: a feed carries the latest entries only, so its
        dates come and go.
        """
        listings = listing_urls(self.source)
        for candidate in candidates:
            url = normalise_url(candidate.url)
            if not url or url in listings or url in self.outside:
                continue
            if _suffix(url) in _FILES and not is_listed_page(url, self.source):
                continue
            if len(self.found) + len(self.outside) >= _MAX_FOUND and url not in self.found:
                self.note(
                    f"more than {_MAX_FOUND:,} addresses; the rest is left out. Name a sitemap or"
                    " hub that lists the guides alone"
                )
                return
            if not _is_wanted(url, self.source):
                self.outside.add(url)
                continue
            held = self.found.get(url)
            is_better = bool(candidate.lastmod) and (is_sitemap or held is None or not held.lastmod)
            if held is None or is_better:
                self.found[url] = Candidate(url, candidate.lastmod)

    async def read(self, url: str) -> Page | None:
        """A list as it is now, None (and an error noted) when it cannot be had."""
        if self.listed_bytes > _MAX_LISTED_BYTES:
            self.note(
                f"lists of more than {_MAX_LISTED_BYTES:,} bytes; the rest is left out. Name the"
                " ones that list the guides"
            )
            return None
        key = normalise_url(url)
        before = self.earlier.get(key) or self.earlier.get(url)
        etag, last_modified = self.known.get(key) or self.known.get(url) or ("", "")
        if before is None or not before.body:
            etag = last_modified = ""
        try:
            page = await self.fetcher.fetch(
                url, self.source, etag=etag, last_modified=last_modified, is_listing=True
            )
        except StageError as error:
            self.fail(error)
            return None
        if page.is_not_modified and before is not None:
            page = _with_body(page, before)
        elif page.status >= 300:
            self.fail(PermanentError(f"{url} answers {page.status}; correct it in the source"))
            return None
        self.pages.append(page)
        self.listed_bytes += len(page.body)
        return page

    def fail(self, error: StageError) -> None:
        self.failures.append(error)
        self.note(str(error))

    def note(self, error: str) -> None:
        if error not in self.errors:
            self.errors.append(error)


async def discover(
    source: Source,
    fetcher: Fetcher,
    known: Mapping[str, tuple[str, str]] | None = None,
    earlier: Mapping[str, Page] | None = None,
) -> Discovery:
    """Find the source's candidate guides.

    known: URL -> (etag, last_modified) of earlier fetches. earlier: hub, feed and sitemap pages
    of earlier runs with their bodies, by URL: a list that answers 304 is read from there.
    Raises what the first list raised when none of the source's lists could be read and it lists
    no pages itself; with any one readable, the others' errors are in the result.
    """
    search = _Search(source, fetcher, known or {}, earlier or {})
    search.add(Candidate(url) for url in source.pages)
    for url in source.hubs:
        if page := await search.read(url):
            links = read_hub(page.body, page.final_url, page.content_type)
            search.add(Candidate(link) for link in links)
    for url in source.feeds:
        if page := await search.read(url):
            try:
                search.add(read_feed(page.body, page.final_url))
            except PermanentError as error:
                search.fail(error)
    if source.sitemap:
        await _read_sitemaps(search)
    if search.failures and not search.pages and not search.found:
        raise search.failures[0]
    allowed, disallowed, refused = await _allowed_by_robots(search)
    kept = allowed[: source.max_guides]
    return Discovery(
        candidates=tuple(kept),
        pages=tuple(search.pages),
        errors=tuple(search.errors),
        disallowed=disallowed,
        over_budget=len(allowed) - len(kept),
        out_of_scope=len(search.outside),
        refused=refused,
    )


def listing_urls(source: Source) -> frozenset[str]:
    """Normalised addresses that are read for their links and never are guides themselves."""
    lists = (*source.hubs, *source.feeds, source.sitemap, source.homepage)
    chosen = {normalise_url(page) for page in source.pages}
    return frozenset(normalise_url(url) for url in lists if url) - chosen


def _is_wanted(url: str, source: Source) -> bool:
    """In scope; and a PDF only when the source names it, or the paths it takes guides from: most
    PDFs a site links to are forms and reports.
    """
    if not in_scope(url, source):
        return False
    is_pdf = _suffix(url) == "pdf"
    return not is_pdf or bool(source.allow_prefixes) or is_listed_page(url, source)


def _suffix(url: str) -> str:
    name = urlsplit(url).path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


def _with_body(page: Page, before: Page) -> Page:
    """The unchanged list with the body and headers it had."""
    return replace(
        page,
        content_type=page.content_type or before.content_type,
        etag=page.etag or before.etag,
        last_modified=page.last_modified or before.last_modified,
        body=before.body,
        body_sha256=before.body_sha256,
    )


async def _read_sitemaps(search: _Search) -> None:
    """The sitemap and, when it is an index, its children: breadth first, each once, bounded."""
    queue = [(search.source.sitemap, 1)]
    seen: set[str] = set()
    while queue:
        url, depth = queue.pop(0)
        key = normalise_url(url)
        if not key or key in seen:
            continue
        if len(seen) >= _MAX_SITEMAPS:
            search.note(
                f"more than {_MAX_SITEMAPS} sitemaps; the rest is left out. Name the one that"
                " lists the guides as the source's sitemap"
            )
            return
        seen.add(key)
        page = await search.read(url)
        if page is None:
            continue
        try:
            sitemap = read_sitemap(page.body, page.final_url)
        except PermanentError as error:
            search.fail(error)
            continue
        search.add(sitemap.entries, is_sitemap=True)
        if depth < _MAX_SITEMAP_DEPTH:
            queue += [(child.url, depth + 1) for child in sitemap.children]
        elif sitemap.children:
            search.note(f"{url} nests sitemaps deeper than {_MAX_SITEMAP_DEPTH} levels")


async def _allowed_by_robots(search: _Search) -> tuple[list[Candidate], int, int]:
    """Candidates that may be fetched, how many robots.txt forbids, how many are on refused hosts.

    A host whose robots.txt cannot be had now, or that we must not connect to, costs its own
    candidates. Raises its TransientError or RefusedError when there are no others.
    """
    allowed: list[Candidate] = []
    disallowed = refused = 0
    down: dict[str, StageError] = {}
    for candidate in search.found.values():
        host = urlsplit(candidate.url).netloc
        if host not in down:
            try:
                if await search.fetcher.is_allowed(candidate.url, search.source):
                    allowed.append(candidate)
                else:
                    disallowed += 1
                continue
            except (TransientError, RefusedError) as error:
                down[host] = error
                search.fail(error)
        refused += isinstance(down[host], RefusedError)
    if down and not allowed:
        raise next(iter(down.values()))
    return allowed, disallowed, refused
