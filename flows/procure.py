"""From a source to its guides in the store: what to ask for, and what came of each page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from flows.shelf import (
    Reading,
    Shelf,
    extract_again,
    forget,
    is_orphan,
    is_outdated,
    page_of,
    read_page,
    stands,
)
from stages.errors import PermanentError
from stages.procure.discover import discover
from stages.procure.extract import EXTRACT_VERSION
from stages.procure.guide import build_guide, content_hash, is_same_work
from stages.procure.judge import find_shrinkage, judge_page
from stages.procure.licence import find_disagreement
from stages.procure.twins import is_near_duplicate
from stages.procure.urls import in_scope
from stages.types import (
    Candidate,
    Guide,
    Page,
    PageContent,
    Quarantine,
    QuarantineReason,
    Source,
)
from store.engine import utc_now
from store.guides import get_guide, list_guides, remove_guide, save_guide
from store.pages import EXCERPT_CHARS, PageRecord, PageRole, Verdict, make_record

MAX_PAGES_PER_GUIDE = 12

MISSES_BEFORE_REMOVAL = 2
"""A page has to be gone in two runs before its cards go: publishers have bad days."""


class Found(StrEnum):
    """What came of a candidate. MISSING: not there, but its guide stands until the next time."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    CONTINUATION = "continuation"
    MISSING = "missing"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Outcome:
    """guide_id: the guide to work on, '' for none. follow: a page to look at instead, '' for none.

    was_read: the guide came over the wire and was extracted in this run. cards_removed: of a page
    that is gone for good.
    """

    found: Found
    guide_id: str = ""
    follow: str = ""
    was_read: bool = False
    cards_removed: int = 0


async def list_candidates(shelf: Shelf) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """The pages a source proposes today, and one line per list of it that could not be read.

    Guides we have that no list names any more come last: only asking tells whether they are gone.
    Listing pages are fetched conditionally and kept. Raises TransientError or PermanentError when
    none of them can be had.
    """
    listings = [record for record in shelf.known.values() if record.role is PageRole.LISTING]
    earlier = {record.url: page for record in listings if (page := page_of(shelf, record))}
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
            if not (
                (known := shelf.record(page.url)) and stands(known)
            )  # a hub that is a guide, too
        ]
    )
    return (*found.candidates, *list_unlisted(shelf, found.candidates)), found.errors


def list_unlisted(shelf: Shelf, listed: Iterable[Candidate]) -> list[Candidate]:
    """The guides of a source that are not among those it lists."""
    keys = {shelf.key(candidate.url) for candidate in listed}
    return [
        Candidate(record.url, record.lastmod)
        for record in shelf.known.values()
        if stands(record) and record.key not in keys and in_scope(record.url, shelf.source)
    ]


def is_settled(shelf: Shelf, candidate: Candidate) -> bool:
    """Whether there is no need to ask: a person said not to, or the list's date says the page is as
    we saw it and we looked recently enough.
    """
    record = shelf.record(candidate.url)
    if record is None:
        return False
    if record.verdict is Verdict.IGNORED and not stands(record):
        return True  # cards that stand are watched all the same
    if not candidate.lastmod or record.lastmod != candidate.lastmod:
        return False
    if record.misses or is_outdated(shelf, record):
        return False
    return utc_now() - record.seen_at < timedelta(days=shelf.source.recheck_days)


async def procure_guide(
    shelf: Shelf,
    candidate: Candidate,
    my_turn: Callable[[], Awaitable[object]],
    *,
    is_alone: bool = False,
) -> Outcome:
    """Fetch one candidate and bring its guide into the store. is_alone: whatever page it names as
    its original or predecessor.

    Pages are read side by side, but settled one after the other: which of two copies is the
    original must not depend on which server thread was faster. my_turn: comes back when all
    candidates before this one are settled.
    Raises TransientError or PermanentError; everything else is an Outcome.
    """
    outcome = None if is_alone else _is_continuation(shelf, candidate)
    if outcome:
        return outcome
    try:
        reading = await read_page(shelf, candidate.url)
        await my_turn()
        return await _settle(shelf, candidate, reading, is_alone)
    finally:
        forget(shelf, [candidate.url])


def _is_continuation(shelf: Shelf, candidate: Candidate) -> Outcome | None:
    record = shelf.record(candidate.url)
    if not record or record.role is not PageRole.CONTINUATION or is_orphan(shelf, record):
        return None
    first = shelf.known[record.guide_id]
    if candidate.lastmod and candidate.lastmod != record.lastmod:
        shelf.save([replace(record, lastmod=candidate.lastmod)])
    return Outcome(Found.CONTINUATION, follow=first.url)


async def _settle(shelf: Shelf, candidate: Candidate, reading: Reading, is_alone: bool) -> Outcome:
    # An earlier page may have turned out to go on here.
    outcome = None if is_alone else _is_continuation(shelf, candidate)
    if outcome:
        return outcome
    if reading.is_gone:
        return _settle_gone(shelf, candidate, reading.page)
    record = shelf.record(candidate.url)
    content = reading.content
    if content is None and record and await _is_rest_same(shelf, record):
        shelf.mark_seen(record, reading.page.fetched_at, candidate.lastmod)
        return Outcome(Found.SAME, record.guide_id if record.role is PageRole.GUIDE else "")
    if content is None:  # a further page of the guide has changed
        content = await extract_again(shelf, candidate.url)
    return await _settle_content(shelf, candidate, reading.page, content, is_alone)


def _settle_gone(shelf: Shelf, candidate: Candidate, page: Page) -> Outcome:
    """A page that is not there. Its cards stay until it was missing twice in a row."""
    before = shelf.record(candidate.url)
    misses = before.misses + 1 if before else 1
    if before and stands(before) and misses < MISSES_BEFORE_REMOVAL:
        shelf.save([replace(before, misses=misses, status=page.status, seen_at=page.fetched_at)])
        return Outcome(Found.MISSING)
    # First the cards: a run that ends here finds the page as it was, and does it again.
    removed = remove_guide(shelf.kitchen.db, before.key) if before and stands(before) else 0
    record = make_record(shelf.key(candidate.url), shelf.source.id, PageRole.GONE, page)
    shelf.save([replace(record, guide_id=before.guide_id if before else "", misses=misses)])
    return Outcome(Found.GONE, cards_removed=removed)


async def _settle_content(
    shelf: Shelf, candidate: Candidate, page: Page, content: PageContent, is_alone: bool
) -> Outcome:
    source, db = shelf.source, shelf.kitchen.db
    before = shelf.record(candidate.url)
    record = _with_evidence(
        make_record(shelf.key(candidate.url), source.id, PageRole.SET_ASIDE, page),
        content,
        candidate.lastmod,
    )
    if not is_alone:
        outcome = _pass_over(shelf, candidate.url, content, record)
        if outcome:
            return outcome
    quarantine = judge_page(page, content, source)
    if quarantine and not _is_accepted(before, record, quarantine):
        standing = before.key if before and stands(before) else ""
        shelf.save([replace(record, quarantine=quarantine, guide_id=standing)])
        return Outcome(Found.QUARANTINED)
    async with _rest_of(shelf, candidate.url, content) as rest:
        guide = _make_guide(source, candidate.url, content, rest)
        old = get_guide(db, guide.id)
        shrunk = find_shrinkage(len(old.text), len(guide.text)) if old else None
        if shrunk and not _is_accepted(before, record, shrunk):
            shelf.save([replace(record, quarantine=shrunk, guide_id=guide.id)])
            return Outcome(Found.QUARANTINED)
        twin = _find_twin(shelf, guide)
        if twin:
            shelf.save([replace(record, role=PageRole.DUPLICATE, guide_id=twin.id)])
            return Outcome(Found.DUPLICATE)
        quarantine = quarantine or shrunk
        record = replace(
            record,
            role=PageRole.GUIDE,
            guide_id=guide.id,
            quarantine=quarantine,
            verdict=Verdict.ACCEPTED if quarantine else Verdict.NONE,
        )
        has_changed = save_guide(db, guide)
        shelf.note_guide(guide)
        shelf.save([record, *_records_of(shelf, guide, rest)])
    if old and has_changed:
        _look_at_copies_again(shelf, guide.id)
    found = (Found.CHANGED if old else Found.NEW) if has_changed else Found.SAME
    return Outcome(found, guide.id, was_read=True)


def _pass_over(shelf: Shelf, url: str, content: PageContent, record: PageRecord) -> Outcome | None:
    """A page that says it is a copy of another, or goes on where another ends."""
    first = _other_page(shelf, url, content.canonical)
    if first:
        shelf.save([replace(record, role=PageRole.DUPLICATE, guide_id=shelf.key(first))])
        return Outcome(Found.DUPLICATE, follow=first)
    previous = _other_page(shelf, url, content.prev_url)
    if previous:
        known = shelf.record(previous)
        owner = known.guide_id if known and known.guide_id else shelf.key(previous)
        shelf.save([replace(record, role=PageRole.CONTINUATION, guide_id=owner)])
        return Outcome(Found.CONTINUATION, follow=previous)
    return None


def _look_at_copies_again(shelf: Shelf, guide_id: str) -> None:
    """Pages passed over for a guide that says something else now may not be its copies any more."""
    shelf.save(
        [
            replace(record, extract_version="")
            for record in shelf.known.values()
            if record.role is PageRole.DUPLICATE and record.guide_id == guide_id
        ]
    )


def list_orphans(shelf: Shelf) -> list[Candidate]:
    """Pages that were passed over for a guide which does not hold them: they stand for themselves.

    Looked for when all candidates are settled; pages that are gone or failed included.
    """
    return [
        Candidate(record.url, record.lastmod)
        for record in sorted(shelf.known.values(), key=lambda record: record.key)
        if is_orphan(shelf, record) and in_scope(record.url, shelf.source)
    ]


def retire_guides(shelf: Shelf) -> int:
    """Remove the guides whose page became another guide's, or is gone; how many cards went along.

    This also completes what a run that was killed had begun.
    """
    removed = 0
    for ref in list_guides(shelf.kitchen.db, [shelf.source.id]):
        record = shelf.known.get(ref.id)
        if not ref.is_removed and record is not None and not stands(record):
            removed += remove_guide(shelf.kitchen.db, ref.id)
    return removed


def _is_accepted(before: PageRecord | None, now: PageRecord, quarantine: Quarantine) -> bool:
    """Whether a person has said to read the page in spite of this: of this very text whatever is
    said of it, of another text the same reason again; a loss of text is another one each time.
    """
    if before is None or before.verdict is not Verdict.ACCEPTED or before.quarantine is None:
        return False
    if before.content_hash == now.content_hash:
        return True
    is_loss = quarantine.reason is QuarantineReason.SHRUNK
    return before.quarantine.reason is quarantine.reason and not is_loss


@asynccontextmanager
async def _rest_of(
    shelf: Shelf, url: str, content: PageContent
) -> AsyncIterator[list[tuple[Page, PageContent]]]:
    """The further pages of a guide whose first page is given, and what they say.

    Only pages of the same title: the next of a series (`Week 5` after `Week 4`) is its own guide.
    """
    rest: list[tuple[Page, PageContent]] = []
    seen = {shelf.key(url): url}
    following = content.next_url
    try:
        while following and len(seen) < MAX_PAGES_PER_GUIDE:
            if shelf.key(following) in seen or not in_scope(following, shelf.source):
                break
            seen[shelf.key(following)] = following
            reading = await read_page(shelf, following)
            if reading.is_gone:
                _end_before(shelf, url, following, reading.page)
                break
            further = reading.content or await extract_again(shelf, following)
            if not is_same_work(content.title, further.title):
                break
            rest.append((reading.page, further))
            following = further.next_url
        yield rest
    finally:
        forget(shelf, list(seen.values()))


def _end_before(shelf: Shelf, url: str, following: str, page: Page) -> None:
    """The guide ends before a page that is gone; not the first time, for that may be a bad day."""
    before = shelf.record(following)
    misses = before.misses + 1 if before else MISSES_BEFORE_REMOVAL
    record = before or make_record(shelf.key(following), shelf.source.id, PageRole.GONE, page)
    shelf.save([replace(record, misses=misses, status=page.status)])
    if misses < MISSES_BEFORE_REMOVAL:
        raise PermanentError(
            f"{url}: its next page {following} is gone; if it still is in the next run, the guide "
            "is read without it"
        )


def _make_guide(
    source: Source, url: str, content: PageContent, rest: Sequence[tuple[Page, PageContent]]
) -> Guide:
    contents = [content, *(further for _, further in rest)]
    guide = build_guide(source, url, contents, [url, *(page.url for page, _ in rest)])
    findings = (find_disagreement(each.licence, source, guide.url) for each in contents)
    return replace(guide, licence_finding=next(filter(None, findings), ""))


def _records_of(
    shelf: Shelf, guide: Guide, rest: Sequence[tuple[Page, PageContent]]
) -> list[PageRecord]:
    """Records of the further pages of a guide; the date the sitemap gave them is kept."""
    records = []
    for page, content in rest:
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
        title=content.title[:300],
        excerpt="\n".join(block.text for block in content.blocks)[:EXCERPT_CHARS],
        content_hash=content_hash(content.blocks),
        extract_version=EXTRACT_VERSION,
        licence=content.licence[:500],
        hidden=tuple(text[:500] for text in content.hidden[:50]),
        lost=tuple(text[:500] for text in content.lost[:50]),
    )


async def _is_rest_same(shelf: Shelf, record: PageRecord) -> bool:
    """Whether the further pages of the guide on this page are unchanged, too."""
    if record.role is not PageRole.GUIDE:
        return True
    rest = [shelf.known[key].url for key in shelf.pages_of(record.key) if key in shelf.known]
    for url in rest:
        reading = await read_page(shelf, url)
        if reading.content is not None or reading.is_gone:
            return False
    forget(shelf, rest)
    return True


def _other_page(shelf: Shelf, url: str, named: str) -> str:
    """The page of this source that url names as its original or predecessor, '' if itself, if it is
    gone, or if it was passed over for this one in turn.
    """
    if not named or not in_scope(named, shelf.source) or shelf.key(named) == shelf.key(url):
        return ""
    known = shelf.record(named)
    is_back = known and known.role is PageRole.DUPLICATE and known.guide_id == shelf.key(url)
    return "" if known and (known.role is PageRole.GONE or is_back) else named


def _find_twin(shelf: Shelf, guide: Guide) -> Guide | None:
    """Another guide of the source with nearly the same text, whose own page stands."""
    for guide_id in shelf.look_alikes().find(guide.text, guide.lang):
        record = shelf.known.get(guide_id)
        if guide_id == guide.id or record is None or record.role is not PageRole.GUIDE:
            continue
        other = get_guide(shelf.kitchen.db, guide_id)
        if other and is_near_duplicate(guide, other):
            return other
    return None
