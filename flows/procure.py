"""From a source to its guides in the store: what to ask for, and what came of each page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from flows.kitchen import Kitchen
from stages.errors import PermanentError, TransientError
from stages.procure.discover import discover
from stages.procure.extract import extract_page
from stages.procure.guide import build_guide, content_hash
from stages.procure.judge import judge_page
from stages.procure.twins import is_near_duplicate
from stages.procure.urls import guide_id, in_scope
from stages.types import Candidate, Guide, Page, PageContent, Source
from store.engine import utc_now
from store.guides import get_guide, list_guides, save_guide
from store.pages import PageRecord, PageRole, list_pages, make_record, mark_seen, save_pages

MAX_PAGES_PER_GUIDE = 12


class Found(StrEnum):
    """What came of a candidate."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    CONTINUATION = "continuation"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Outcome:
    """guide_id: the guide to work on, '' for none. follow: a page to look at instead, '' for none.

    was_read: the guide came over the wire and was extracted in this run.
    """

    found: Found
    guide_id: str = ""
    follow: str = ""
    was_read: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """A source and what is known of its pages, by key. is_forced: read unchanged pages anew."""

    kitchen: Kitchen
    source: Source
    known: dict[str, PageRecord]
    is_forced: bool = False

    def key(self, url: str) -> str:
        return guide_id(self.source, url)

    def record(self, url: str) -> PageRecord | None:
        return self.known.get(self.key(url))

    def save(self, records: Sequence[PageRecord]) -> None:
        save_pages(self.kitchen.db, records)
        self.known.update((record.key, record) for record in records)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page with its body, also when the server said it did not change. is_same: as last time."""

    page: Page
    is_same: bool


def open_shelf(kitchen: Kitchen, source: Source, *, is_forced: bool = False) -> Shelf:
    known = {record.key: record for record in list_pages(kitchen.db, source.id)}
    return Shelf(kitchen, source, known, is_forced)


async def list_candidates(shelf: Shelf) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """The pages a source proposes today, and one line per list of it that could not be read.

    Listing pages are fetched conditionally and kept. Raises TransientError or PermanentError when
    none of them can be had.
    """
    listings = [record for record in shelf.known.values() if record.role is PageRole.LISTING]
    earlier = {record.url: page for record in listings if (page := _page_of(shelf, record))}
    found = await discover(
        shelf.source,
        shelf.kitchen.fetcher,
        known={url: (page.etag, page.last_modified) for url, page in earlier.items()},
        earlier=earlier,
    )
    for page in found.pages:
        shelf.kitchen.snapshots.put(page.body)
    shelf.save(
        [
            make_record(shelf.key(page.url), shelf.source.id, PageRole.LISTING, page)
            for page in found.pages
        ]
    )
    return found.candidates, found.errors


def is_settled(shelf: Shelf, candidate: Candidate) -> bool:
    """Whether the sitemap's date says the page is as we saw it, and we looked recently enough."""
    record = shelf.record(candidate.url)
    if record is None or not candidate.lastmod or record.lastmod != candidate.lastmod:
        return False
    if _has_lost_original(shelf, record):
        return False
    return utc_now() - record.fetched_at < timedelta(days=shelf.source.recheck_days)


async def procure_guide(shelf: Shelf, candidate: Candidate) -> Outcome:
    """Fetch one candidate and bring its guide into the store.

    Raises TransientError or PermanentError; everything else is an Outcome.
    """
    record = shelf.record(candidate.url)
    if record and record.role is PageRole.CONTINUATION and record.guide_id in shelf.known:
        first = shelf.known[record.guide_id]
        if candidate.lastmod and candidate.lastmod != record.lastmod:
            shelf.save([replace(record, lastmod=candidate.lastmod)])
        return Outcome(Found.CONTINUATION, follow=first.url)
    fetched = await _fetch(shelf, candidate.url)
    if fetched.page.status in (404, 410):
        gone = make_record(shelf.key(candidate.url), shelf.source.id, PageRole.GONE, fetched.page)
        shelf.save([replace(gone, guide_id=record.guide_id if record else "")])
        return Outcome(Found.GONE)
    is_as_read = fetched.is_same and record and not _has_lost_original(shelf, record)
    if record and is_as_read and await _is_rest_same(shelf, record):
        mark_seen(shelf.kitchen.db, record.key, fetched.page.fetched_at, candidate.lastmod)
        return Outcome(Found.SAME, record.guide_id if record.role is PageRole.GUIDE else "")
    return await _read_guide(shelf, candidate, fetched)


async def _read_guide(shelf: Shelf, candidate: Candidate, fetched: Fetched) -> Outcome:
    source, key = shelf.source, shelf.key(candidate.url)
    content = await _extract(shelf, fetched.page)
    record = _with_evidence(
        make_record(key, source.id, PageRole.SET_ASIDE, fetched.page), content, candidate.lastmod
    )
    first = _other_page(shelf, candidate.url, content.canonical)
    if first:
        shelf.save([replace(record, role=PageRole.DUPLICATE, guide_id=shelf.key(first))])
        return Outcome(Found.DUPLICATE, follow=first)
    before = _other_page(shelf, candidate.url, content.prev_url)
    if before:
        known = shelf.record(before)
        owner = known.guide_id if known and known.guide_id else shelf.key(before)
        shelf.save([replace(record, role=PageRole.CONTINUATION, guide_id=owner)])
        return Outcome(Found.CONTINUATION, follow=before)
    quarantine = judge_page(fetched.page, content, source)
    if quarantine:
        shelf.save([replace(record, quarantine=quarantine)])
        return Outcome(Found.QUARANTINED)
    contents, rest = await _read_rest(shelf, candidate.url, content)
    guide = build_guide(
        source, candidate.url, contents, [candidate.url, *(page.url for page in rest)]
    )
    twin = _find_twin(shelf, guide)
    if twin:
        shelf.save([replace(record, role=PageRole.DUPLICATE, guide_id=twin.id)])
        return Outcome(Found.DUPLICATE)
    is_known = get_guide(shelf.kitchen.db, guide.id) is not None
    has_changed = save_guide(shelf.kitchen.db, guide)
    shelf.save(
        [
            replace(record, role=PageRole.GUIDE, guide_id=guide.id),
            *_rest(shelf, guide, rest, contents[1:]),
        ]
    )
    found = (Found.CHANGED if is_known else Found.NEW) if has_changed else Found.SAME
    return Outcome(found, guide.id, was_read=True)


async def _read_rest(
    shelf: Shelf, url: str, content: PageContent
) -> tuple[list[PageContent], list[Page]]:
    """The contents of all pages of a guide, the first one's given, and the further pages."""
    contents, pages = [content], list[Page]()
    seen = {shelf.key(url)}
    following = content.next_url
    while following and len(contents) < MAX_PAGES_PER_GUIDE:
        if shelf.key(following) in seen or not in_scope(following, shelf.source):
            break
        seen.add(shelf.key(following))
        fetched = await _fetch(shelf, following)
        if fetched.page.status != 200:
            raise PermanentError(f"{url}: its next page {following} is gone")
        pages.append(fetched.page)
        contents.append(await _extract(shelf, fetched.page))
        following = contents[-1].next_url
    return contents, pages


def _rest(
    shelf: Shelf, guide: Guide, pages: Sequence[Page], contents: Sequence[PageContent]
) -> list[PageRecord]:
    """Records of the further pages of a guide; the date the sitemap gave them is kept."""
    records = []
    for page, content in zip(pages, contents, strict=True):
        known = shelf.record(page.url)
        record = make_record(shelf.key(page.url), shelf.source.id, PageRole.CONTINUATION, page)
        record = _with_evidence(record, content, known.lastmod if known else "")
        records.append(replace(record, guide_id=guide.id))
    return records


def _with_evidence(record: PageRecord, content: PageContent, lastmod: str) -> PageRecord:
    """The record with what was read on the page, cut to what a person would look at."""
    return replace(
        record,
        lastmod=lastmod,
        content_hash=content_hash(content.blocks),
        licence=content.licence[:500],
        hidden=tuple(text[:500] for text in content.hidden[:50]),
        lost=tuple(text[:500] for text in content.lost[:50]),
    )


async def _is_rest_same(shelf: Shelf, record: PageRecord) -> bool:
    """Whether the further pages of the guide on this page are unchanged, too."""
    if record.role is not PageRole.GUIDE:
        return True
    guide = get_guide(shelf.kitchen.db, record.guide_id)
    if guide is None:
        return False
    for url in guide.page_urls[1:]:
        if not (await _fetch(shelf, url)).is_same:
            return False
    return True


async def _fetch(shelf: Shelf, url: str) -> Fetched:
    """Ask for a page, conditionally if we have it; its body is kept before anything else."""
    kitchen, record = shelf.kitchen, shelf.record(url)
    is_known = record is not None and record.role is not PageRole.GONE and not shelf.is_forced
    before = _page_of(shelf, record) if record and is_known else None
    page = await kitchen.fetcher.fetch(
        url,
        shelf.source,
        etag=before.etag if before else "",
        last_modified=before.last_modified if before else "",
    )
    if page.is_not_modified and before:
        return Fetched(replace(before, fetched_at=page.fetched_at), True)
    if page.status == 200:
        kitchen.snapshots.put(page.body)
    elif page.status not in (404, 410):
        raise TransientError(f"{url}: answered {page.status}")
    return Fetched(page, before is not None and before.body_sha256 == page.body_sha256)


async def _extract(shelf: Shelf, page: Page) -> PageContent:
    return await shelf.kitchen.workers.run(
        extract_page, page.body, page.final_url, page.content_type
    )


def _other_page(shelf: Shelf, url: str, named: str) -> str:
    """The page of this source that url names as its original or predecessor, '' if itself."""
    if not named or not in_scope(named, shelf.source) or shelf.key(named) == shelf.key(url):
        return ""
    known = shelf.record(named)
    return "" if known and known.role is PageRole.GONE else named


def _has_lost_original(shelf: Shelf, record: PageRecord) -> bool:
    """Whether the page was passed over for another one that is not there (any more)."""
    original = shelf.known.get(record.guide_id)
    is_copy = record.role is PageRole.DUPLICATE
    return is_copy and original is not None and original.role is PageRole.GONE


def _find_twin(shelf: Shelf, guide: Guide) -> Guide | None:
    """Another guide of the source with the same title and nearly the same text."""
    title = guide.title.casefold()
    for ref in list_guides(shelf.kitchen.db, [shelf.source.id]):
        if ref.id == guide.id or ref.title.casefold() != title:
            continue
        other = get_guide(shelf.kitchen.db, ref.id)
        if other and is_near_duplicate(guide, other):
            return other
    return None


def _page_of(shelf: Shelf, record: PageRecord) -> Page | None:
    """A page as it was fetched, from its record and its snapshot.

    None when there is no snapshot (any more): folders of them get moved and cleared, and a page
    without its body is one we have not seen.
    """
    if not record.body_sha256:
        return None
    try:
        body = shelf.kitchen.snapshots.get(record.body_sha256)
    except KeyError:
        return None
    return Page(
        url=record.url,
        final_url=record.final_url,
        status=200,
        fetched_at=record.fetched_at,
        content_type=record.content_type,
        etag=record.etag,
        last_modified=record.last_modified,
        body=body,
        body_sha256=record.body_sha256,
    )
