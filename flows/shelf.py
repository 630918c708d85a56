"""A source as a run sees it: the pages known of it, and each page read at most once at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from flows.kitchen import Kitchen
from stages.errors import TransientError
from stages.procure.extract import EXTRACT_VERSION, extract_page
from stages.procure.twins import LookAlikes
from stages.procure.urls import guide_id
from stages.types import Guide, Page, PageContent, Source
from store.guides import list_guide_pages, list_guide_texts
from store.pages import PageRecord, PageRole, Verdict, list_pages, mark_seen, save_pages

GONE_STATUSES = (404, 410)
_SEEN_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """A page as it is now. content: None when the page is gone or as it was last read.

    is_same: nothing of it has changed since, though it may have been extracted anew.
    """

    page: Page
    content: PageContent | None
    is_same: bool

    @property
    def is_gone(self) -> bool:
        return self.page.status in GONE_STATUSES


@dataclass(slots=True)
class Shelf:
    """A source and what is known of its pages, by key. is_forced: extract unchanged pages anew.

    readings: what is being read, or was and is waited for. seen: unchanged pages not noted yet.
    alike, joined: what the source's guides say and which further pages they hold, there once
    somebody has asked.
    """

    kitchen: Kitchen
    source: Source
    known: dict[str, PageRecord]
    is_forced: bool = False
    readings: dict[str, asyncio.Future[Reading | None]] = field(default_factory=dict)
    seen: list[tuple[str, datetime, str]] = field(default_factory=list)
    alike: LookAlikes | None = None
    joined: dict[str, tuple[str, ...]] | None = None

    def key(self, url: str) -> str:
        return guide_id(self.source, url)

    def record(self, url: str) -> PageRecord | None:
        return self.known.get(self.key(url))

    def save(self, records: Sequence[PageRecord]) -> None:
        save_pages(self.kitchen.db, records)
        self.known.update((record.key, record) for record in records)

    def pages_of(self, guide_id: str) -> tuple[str, ...]:
        """Keys of the further pages that a guide holds."""
        if self.joined is None:
            self.joined = {
                guide_id: tuple(map(self.key, urls[1:]))
                for guide_id, urls in list_guide_pages(self.kitchen.db, self.source.id)
            }
        return self.joined.get(guide_id, ())

    def note_guide(self, guide: Guide) -> None:
        """What the shelf remembers of a guide that was just saved."""
        self.pages_of(guide.id)
        if self.joined is not None:
            self.joined[guide.id] = tuple(map(self.key, guide.page_urls[1:]))
        self.look_alikes().add(guide.id, guide.text, guide.lang)

    def look_alikes(self) -> LookAlikes:
        """What the source's guides say, read from the store when it is first asked for."""
        if self.alike is None:
            self.alike = LookAlikes()
            for guide_id, text, lang in list_guide_texts(self.kitchen.db, self.source.id):
                self.alike.add(guide_id, text, lang)
        return self.alike

    def mark_seen(self, record: PageRecord, at: datetime, lastmod: str) -> None:
        """Note an unchanged page; many of them are written together."""
        self.known[record.key] = replace(record, seen_at=at, lastmod=lastmod or record.lastmod)
        self.seen.append((record.key, at, lastmod))
        if len(self.seen) >= _SEEN_AT_ONCE:
            self.note_seen()

    def note_seen(self) -> None:
        """Write down what `mark_seen` has gathered."""
        if self.seen:
            mark_seen(self.kitchen.db, self.seen)
            self.seen.clear()


def open_shelf(kitchen: Kitchen, source: Source, *, is_forced: bool = False) -> Shelf:
    known = {record.key: record for record in list_pages(kitchen.db, source.id)}
    return Shelf(kitchen, source, known, is_forced)


async def read_page(shelf: Shelf, url: str) -> Reading:
    """Fetch a page, conditionally if we have it, and extract what is new.

    Who asks for a page that is being read gets the same reading; `forget` ends that.
    Raises TransientError or PermanentError.
    """
    key = shelf.key(url)
    while key in shelf.readings:
        known = await asyncio.shield(shelf.readings[key])
        if known is not None:
            return known
    future = shelf.readings[key] = asyncio.get_running_loop().create_future()
    try:
        reading = await _read(shelf, url)
    except BaseException:
        del shelf.readings[key]
        future.set_result(None)  # whoever waits tries for themselves
        raise
    future.set_result(reading)
    return reading


def forget(shelf: Shelf, urls: Sequence[str]) -> None:
    """Let go of readings that have been settled: a crawl keeps no page in memory."""
    for url in urls:
        future = shelf.readings.get(shelf.key(url))
        if future is not None and future.done():
            del shelf.readings[shelf.key(url)]


def page_of(shelf: Shelf, record: PageRecord, *, with_body: bool = True) -> Page | None:
    """A page as it was fetched, from its record and its snapshot.

    None when there is no snapshot (any more): folders of them get moved and cleared, and a page
    without its body is one we have not seen.
    """
    snapshots = shelf.kitchen.snapshots
    if not record.body_sha256:
        return None
    try:
        if with_body:
            body = snapshots.get(record.body_sha256)
        elif snapshots.has(record.body_sha256):
            body = b""
        else:
            return None
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


def is_outdated(shelf: Shelf, record: PageRecord) -> bool:
    """Whether an unchanged page must be read again: extraction got better, a person accepted it,
    or the guide it was passed over for does not hold it (any more).
    """
    return (
        record.extract_version != EXTRACT_VERSION
        or (record.verdict is Verdict.ACCEPTED and record.role is PageRole.SET_ASIDE)
        or is_orphan(shelf, record)
    )


def is_orphan(shelf: Shelf, record: PageRecord) -> bool:
    """A copy or further page of a guide that is not there, or does not hold it: nobody would read
    it if it did not stand for itself.
    """
    if record.role not in (PageRole.DUPLICATE, PageRole.CONTINUATION):
        return False
    owner = shelf.known.get(record.guide_id)
    if owner is None or not stands(owner):
        return True
    is_further = record.role is PageRole.CONTINUATION
    return is_further and record.key not in shelf.pages_of(record.guide_id)


def stands(record: PageRecord) -> bool:
    """Whether a guide of this page stands: made from it, or from an earlier look at it."""
    is_set_aside = record.role is PageRole.SET_ASIDE and record.guide_id == record.key
    return record.role is PageRole.GUIDE or is_set_aside


async def extract_again(shelf: Shelf, url: str) -> PageContent:
    """What an unchanged page says, from its snapshot; one that is damaged is fetched again."""
    record = shelf.record(url)
    page = page_of(shelf, record) if record else None
    if page is None:
        page = await shelf.kitchen.fetcher.fetch(url, shelf.source)
        if page.status != 200:
            raise TransientError(f"{url}: answered {page.status} when asked a second time")
        await _keep(shelf, page)
    return await _extract(shelf, page)


async def _read(shelf: Shelf, url: str) -> Reading:
    record = shelf.record(url)
    page, is_same = await _fetch(shelf, url, record)
    if page.status in GONE_STATUSES:
        return Reading(page, None, False)
    if not record or not is_same:
        return Reading(page, await _extract(shelf, page), False)
    reading = Reading(page, None, True)
    if is_outdated(shelf, record):
        return replace(reading, content=await extract_again(shelf, url))
    return reading


async def _keep(shelf: Shelf, page: Page) -> None:
    await asyncio.to_thread(shelf.kitchen.snapshots.put, page.body)  # compressing and writing


async def _extract(shelf: Shelf, page: Page) -> PageContent:
    return await shelf.kitchen.workers.run(
        extract_page, page.body, page.final_url, page.content_type
    )


async def _fetch(shelf: Shelf, url: str, record: PageRecord | None) -> tuple[Page, bool]:
    """The page, and whether it is as last time, then without its body; a new body is kept before
    anything else.
    """
    kitchen = shelf.kitchen
    is_known = record is not None and record.role is not PageRole.GONE and not shelf.is_forced
    before = page_of(shelf, record, with_body=False) if record and is_known else None
    page = await kitchen.fetcher.fetch(
        url,
        shelf.source,
        etag=before.etag if before else "",
        last_modified=before.last_modified if before else "",
    )
    if page.is_not_modified and before:
        return replace(before, fetched_at=page.fetched_at), True
    if page.status == 200:
        await _keep(shelf, page)
    elif page.status not in GONE_STATUSES:
        raise TransientError(f"{url}: answered {page.status}")
    return page, before is not None and before.body_sha256 == page.body_sha256
