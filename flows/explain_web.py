"""One page of the web, fetched for a person to look at: as politely as in a run, kept nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from flows.explain import Reading, get_source, put_together
from flows.kitchen import Kitchen, open_kitchen, open_store
from flows.line import check_ready
from flows.procure import MAX_PAGES_PER_GUIDE
from flows.request import RunRequest, Stage
from stages.errors import ConfigError, PermanentError, RefusedError
from stages.procure.extract import extract_page
from stages.procure.urls import guide_id, in_scope, normalise_url
from stages.types import Page, PageContent, Source
from store.quarantine import list_stops
from store.settings import Settings


async def read_url(url: str, settings: Settings, source_id: str = "") -> Reading:
    """A page of the web with its further pages, fetched politely under the source that covers it.

    Raises ConfigError when no source covers it or its source is off or stopped, what the crawler
    raises when it may not or cannot be fetched.
    """
    db = open_store(settings)
    try:
        async with open_kitchen(settings, db, writes=False) as kitchen:
            source = choose_source(kitchen.sources.values(), url, source_id, settings)
            request = RunRequest(sources=(source.id,), stage=Stage.PROCURE)
            check_ready(kitchen, request, [source])
            if stop := list_stops(db).get(source.id):
                raise ConfigError(
                    f"Source {source.id} is stopped ({stop.note or 'no note'}). Save the page and "
                    f"name the file instead, or: spoonful sources resume {source.id}"
                )
            pages, contents = await _fetch_all(kitchen, source, url)
    finally:
        db.dispose()
    return put_together(url, source, url, pages, contents)


def choose_source(
    sources: Iterable[Source], url: str, source_id: str, settings: Settings
) -> Source:
    """The source under which an address may be fetched: the one named, else one that covers it.

    Raises ConfigError saying what to do when there is none.
    """
    known = {source.id: source for source in sources}
    if source_id:
        covering = [get_source(known, source_id)]
        if not in_scope(url, covering[0]):
            raise ConfigError(
                f"Source {source_id} does not cover {url}: its hosts are "
                f"{', '.join(covering[0].allow_hosts)}, its paths "
                f"{', '.join(covering[0].allow_prefixes) or 'all'}."
            )
    else:
        covering = [source for source in known.values() if in_scope(url, source)]
    if not covering:
        raise ConfigError(
            f"No source of {settings.sources_file} covers {url}, so its pace and licence are not "
            "known. Add a source there, or save the page and name the file: "
            "spoonful chop page.html"
        )
    usable = [source for source in covering if source.enabled]
    if not usable:
        source = covering[0]
        raise ConfigError(
            f"Source {source.id} is off: {source.disabled_reason} Save the page and name the file "
            f"instead, or set `enabled: true` in {settings.sources_file}."
        )
    return usable[0]


async def _check_robots(kitchen: Kitchen, source: Source, url: str) -> None:
    """Raises RefusedError when robots.txt has a rule against this very page: it was typed by hand,
    so it need not be on any list that could be corrected.
    """
    if await kitchen.fetcher.is_allowed(url, source):
        return
    parts = urlsplit(normalise_url(url))
    robots = kitchen.fetcher.robots.get(f"{parts.scheme}://{parts.netloc}")
    if robots and not robots.stop:
        raise RefusedError(
            f"{url} is not fetched: robots.txt disallows it, so a run leaves it out, too. If you "
            "may read it, save the page and name the file instead: spoonful chop page.html"
        )


async def _fetch_all(
    kitchen: Kitchen, source: Source, url: str
) -> tuple[list[Page], list[PageContent]]:
    """A page and the ones its `next` links lead to, as in a run."""
    pages, contents, seen = list[Page](), list[PageContent](), set[str]()
    following = url
    while following and len(pages) < MAX_PAGES_PER_GUIDE:
        key = guide_id(source, following)
        if key in seen or not in_scope(following, source):
            break
        seen.add(key)
        await _check_robots(kitchen, source, following)
        page = await kitchen.fetcher.fetch(following, source)
        if page.status != 200:
            raise PermanentError(f"{following} answers {page.status}: the page is not there.")
        content = await kitchen.workers.run(
            extract_page, page.body, page.final_url, page.content_type
        )
        pages.append(page)
        contents.append(content)
        following = content.next_url
    return pages, contents
