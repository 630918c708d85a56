"""`eval site`: what a crawl found, held against what it should find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.evals.site_file import ExpectedPage
from stages.text import collapse


@dataclass(frozen=True, slots=True)
class SeenPage:
    """What came of one page of the site.

    text: title and text of the guide the page is in; of a page set aside, what extraction read of
    it; '' of a page never read. role: what the store calls the page, '' for none. guide_url: path
    of the guide it belongs to, '' for none. may_publish: whether that guide's reuse lets its cards
    leave the house. licence: the line read on the page.
    """

    was_requested: bool = False
    text: str = ""
    role: str = ""
    quarantine: str = ""
    guide_path: str = ""
    cards: int = 0
    may_publish: bool = False
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Crawl:
    """pages: by path. passed_on: everything that left procure and chop, guide texts and cards.
    is_finished: the run came to its end and brought guides.
    """

    pages: Mapping[str, SeenPage]
    passed_on: str
    is_finished: bool

    def seen(self, path: str) -> SeenPage:
        return self.pages.get(path, SeenPage())


@dataclass(frozen=True, slots=True)
class LicenceLine:
    """One row of the report on licences: is_read: the page's own line was found; reuse_right:
    only text that may be adapted can be published.
    """

    path: str
    licence: str
    is_read: bool
    reuse_right: bool


def figures(
    pages: Sequence[ExpectedPage], crawl: Crawl, may_adapt: Mapping[str, bool]
) -> dict[str, Any]:
    """[hit, total] of what must and must not appear, injections passed on, and each trap.

    Texts compare with white space collapsed, injections and canaries without case as well. A page
    that never became a guide counts with what was extracted from it, so that a charset can be
    judged. `no-licence`: a page that states no licence gives no card; `licences`: every guide's
    licence line was read, and reuse follows it.
    """
    traps = _traps(pages, crawl)
    lines = licence_lines(pages, crawl, may_adapt)
    if lines:
        traps["licences"] = all(line.is_read and line.reuse_right for line in lines)
    return {
        "must_appear": _count(pages, crawl, lambda page: page.must_appear),
        "must_appear_hard": _count(pages, crawl, lambda page: page.must_appear_hard),
        "must_not_appear": _count(pages, crawl, lambda page: page.must_not_appear),
        "injections_passed": sum(
            _holds(crawl.passed_on, text) for page in pages for text in page.injections
        ),
        "traps": traps,
    }


def list_misses(pages: Sequence[ExpectedPage], crawl: Crawl) -> tuple[str, ...]:
    """One line for each text that should be there and is not, or the other way round."""
    lines = []
    for page in pages:
        said = crawl.seen(page.path).text
        for text in (*page.must_appear, *page.must_appear_hard):
            if collapse(text) not in said:
                lines.append(f"{page.path}: lost: {text}")
        for text in page.must_not_appear:
            if collapse(text) in said:
                lines.append(f"{page.path}: let in: {text}")
    return tuple(lines)


def licence_lines(
    pages: Sequence[ExpectedPage], crawl: Crawl, may_adapt: Mapping[str, bool]
) -> tuple[LicenceLine, ...]:
    """What was read of the licences of all guides."""
    found = []
    for page in pages:
        if page.kind != "guide" or not page.licence:
            continue
        seen = crawl.seen(page.path)
        is_read = bool(seen.licence) and collapse(page.licence_line) in collapse(seen.licence)
        reuse_right = bool(seen.guide_path) and seen.may_publish == may_adapt[page.licence]
        found.append(LicenceLine(page.path, page.licence, is_read, reuse_right))
    return tuple(found)


def _count(
    pages: Iterable[ExpectedPage],
    crawl: Crawl,
    wanted: Callable[[ExpectedPage], tuple[str, ...]],
) -> list[int]:
    hits = total = 0
    for page in pages:
        said = crawl.seen(page.path).text
        texts = wanted(page)
        hits += sum(collapse(text) in said for text in texts)
        total += len(texts)
    return [hits, total]


def _traps(pages: Sequence[ExpectedPage], crawl: Crawl) -> dict[str, bool]:
    """Trap to whether every page of that kind was dealt with as it should be."""
    traps: dict[str, bool] = {}
    for page in pages:
        if page.trap:
            ok = _JUDGES[page.trap](page, crawl)
            traps[page.trap] = traps.get(page.trap, True) and ok
    unlicensed = [page for page in pages if page.kind != "hub" and not page.licence]
    if unlicensed:
        traps["no-licence"] = all(_gave_nothing(page, crawl) for page in unlicensed)
    return traps


def _is_left_alone(page: ExpectedPage, crawl: Crawl) -> bool:
    was_read = crawl.seen(page.path).was_requested
    return not was_read and not any(_holds(crawl.passed_on, text) for text in page.canaries)


def _is_soft_404(page: ExpectedPage, crawl: Crawl) -> bool:
    seen = crawl.seen(page.path)
    return seen.was_requested and seen.quarantine == "soft_404" and _gave_nothing(page, crawl)


def _is_gone(page: ExpectedPage, crawl: Crawl) -> bool:
    seen = crawl.seen(page.path)
    return crawl.is_finished and seen.role == "gone" and _gave_nothing(page, crawl)


def _is_injection_stopped(page: ExpectedPage, crawl: Crawl) -> bool:
    """The page was read and nothing planted in it was passed on."""
    planted = (*page.injections, *page.must_not_appear)
    was_read = crawl.seen(page.path).was_requested
    return was_read and not any(_holds(crawl.passed_on, text) for text in planted)


def _is_duplicate(page: ExpectedPage, crawl: Crawl) -> bool:
    seen, original = crawl.seen(page.path), crawl.seen(page.duplicate_of)
    return (
        seen.role == "duplicate"
        and seen.guide_path == original.guide_path == page.duplicate_of
        and original.cards > 0
    )


def _is_decoded(page: ExpectedPage, crawl: Crawl) -> bool:
    said = crawl.seen(page.path).text
    return "\ufffd" not in said and all(collapse(text) in said for text in page.must_appear)


def _gave_nothing(page: ExpectedPage, crawl: Crawl) -> bool:
    seen = crawl.seen(page.path)
    return not seen.guide_path and not seen.cards


_JUDGES: Mapping[str, Callable[[ExpectedPage, Crawl], bool]] = {
    "robots-disallowed": _is_left_alone,
    "soft-404": _is_soft_404,
    "dead-sitemap-entry": _is_gone,
    "prompt-injection": _is_injection_stopped,
    "near-duplicate": _is_duplicate,
    "query-duplicate": _is_duplicate,
    "legacy-charset": _is_decoded,
}


def _holds(said: str, text: str) -> bool:
    return collapse(text).casefold() in said.casefold()
