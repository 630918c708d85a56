"""What stands behind a source: its state, what robots allow, its pages today, its licence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from flows.kitchen import Kitchen
from flows.procure import is_settled, list_unlisted
from flows.shelf import open_shelf
from stages.errors import StageError
from stages.procure.discover import Discovery, discover
from stages.procure.urls import is_allowed_host
from stages.types import Reuse, Source
from store.engine import open_database
from store.guides import list_guides
from store.migrate import check_version, get_version
from store.pages import PageRole, Verdict, list_pages
from store.parking import list_parked
from store.quarantine import Stop, list_stops
from store.settings import Settings

REUSE_MEANINGS = {
    Reuse.ADAPT_OK: "may be rewritten, translated and published with the attribution",
    Reuse.EXCERPT_ONLY: "unchanged excerpts only: cards can be read, not published",
    Reuse.LINK_ONLY: "a link and nothing more: cards can be read, not published",
    Reuse.UNKNOWN: "nobody has read the terms: cards can be read, not published",
    Reuse.DO_NOT_CRAWL: "the publisher bars it: never asked for",
}
"""What each kind of licence lets us do, in words."""


@dataclass(frozen=True, slots=True)
class HostRobots:
    """What one host's robots.txt means. delay_s: between two requests, ours or its own, whichever
    is longer. crawl_delay_s: its own, 0 if it names none. is_stop: nothing may be asked there.
    """

    host: str
    says: str
    crawl_delay_s: float
    delay_s: float
    is_stop: bool


@dataclass(frozen=True, slots=True)
class PagesToday:
    """candidates: pages the source proposes within its budget. to_fetch: what a run would ask for
    now; settled: what it would not, because the sitemap's date is as it was or a person said so.
    known: of the candidates, those seen before; unlisted: guides in the store that no list names
    any more, asked for to see whether they are gone. disallowed: left out because of robots.txt;
    out_of_scope: because of the source's own hosts and path rules; refused: because they are on a
    host we do not connect to, a private address above all.
    """

    candidates: int
    to_fetch: int
    settled: int
    known: int
    unlisted: int
    disallowed: int
    over_budget: int
    out_of_scope: int
    refused: int = 0


@dataclass(frozen=True, slots=True)
class LicenceFinding:
    """How a page's licence line disagrees with the register."""

    url: str
    title: str
    finding: str


@dataclass(frozen=True, slots=True)
class SourceReport:
    """All there is to say of a source.

    state: on, off, stopped, parked or barred. reason: why it is not on. today: None when it was
    not asked. problems: what keeps it from being read, warnings: what a person should look at.
    stored: guides in the store; waiting: pages set aside that no person has decided about.
    """

    source: Source
    state: str
    reason: str = ""
    robots: tuple[HostRobots, ...] = ()
    today: PagesToday | None = None
    stored: int = 0
    waiting: int = 0
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    findings: tuple[LicenceFinding, ...] = ()

    @property
    def is_ok(self) -> bool:
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """JSON types, the licence under a key of its own."""
        source = self.source
        return {
            "id": source.id,
            "publisher": source.publisher,
            "ok": self.is_ok,
            "state": self.state,
            "reason": self.reason,
            "robots": [asdict(host) for host in self.robots],
            "today": asdict(self.today) if self.today else None,
            "stored_guides": self.stored,
            "pages_waiting": self.waiting,
            "problems": list(self.problems),
            "warnings": list(self.warnings),
            "licence": {
                "name": source.licence,
                "url": source.licence_url,
                "reuse": source.reuse.value,
                "allows": REUSE_MEANINGS[source.reuse],
                "attribution": source.attribution,
                "summary": source.licence_summary,
                "checked": source.licence_checked,
                "checked_by": source.licence_checked_by,
                "findings": [asdict(finding) for finding in self.findings],
            },
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """What people and hosts have said: stops by source id, and until when a host is parked."""

    stops: Mapping[str, Stop] = field(default_factory=dict)
    parked: Mapping[str, datetime] = field(default_factory=dict)

    def state(self, source: Source) -> tuple[str, str]:
        """`on`, `off`, `barred`, `stopped` or `parked`, and why it is not on."""
        if source.reuse is Reuse.DO_NOT_CRAWL:
            return "barred", source.disabled_reason or REUSE_MEANINGS[source.reuse]
        if not source.enabled:
            return "off", source.disabled_reason
        if stop := self.stops.get(source.id):
            by = stop.by or "the command line"
            note = f": {stop.note}" if stop.note else ""
            return "stopped", f"by {by} on {stop.at:%Y-%m-%d}{note}"
        waits = self.waits(source)
        if waits and waits.keys() >= hosts_of(source):
            until = max(waits.values())
            return "parked", f"until {until:%Y-%m-%d %H:%M} UTC, as its host asked"
        return "on", ""

    def waits(self, source: Source) -> dict[str, datetime]:
        """Hosts of the source that asked not to be asked, and until when."""
        return {host: self.parked[host] for host in hosts_of(source) if host in self.parked}


def hosts_of(source: Source) -> set[str]:
    """Hosts (`host` or `host:port`) the source's addresses are on."""
    lists = (source.sitemap, *source.feeds, *source.hubs)
    return {urlsplit(url).netloc for url in (*source.pages, *lists) if url}


def read_standing(settings: Settings) -> Standing:
    """Stops and parked hosts; none when the database is empty or waits for `spoonful migrate`.

    Raises ConfigError when the database cannot be opened.
    """
    if not settings.database_url and not (settings.home_path / "spoonful.db").exists():
        return Standing()
    db = open_database(settings.effective_database_url)
    try:
        if not get_version(db) or not check_version(db):
            return Standing()
        return Standing(list_stops(db), list_parked(db))
    finally:
        db.dispose()


def licence_warnings(source: Source, today: date) -> list[str]:
    """What is wrong with how the register says a source's terms were read."""
    if not source.enabled or source.reuse is not Reuse.ADAPT_OK:
        return []
    if not source.licence_checked:
        return [
            "nobody has checked the licence, and its cards may be published: read the terms and "
            "write `checked` and `checked_by` under `licence`"
        ]
    if date.fromisoformat(source.licence_checked) > today:
        return [f"the licence was checked on {source.licence_checked}, which is yet to come"]
    return []


async def report_source(
    kitchen: Kitchen, source: Source, standing: Standing, today: date
) -> SourceReport:
    """Ask a source for its robots.txt and lists and put together what is known of it.

    Fetches no guide and stores nothing. A source that is not on is not asked.
    """
    state, reason = standing.state(source)
    guides = [ref for ref in list_guides(kitchen.db, [source.id]) if not ref.is_removed]
    pages = list_pages(kitchen.db, source.id)
    waiting = [page for page in pages if page.quarantine and page.verdict is Verdict.NONE]
    report = SourceReport(
        source=source,
        state=state,
        reason=reason,
        stored=len(guides),
        waiting=len(waiting),
        warnings=tuple(licence_warnings(source, today)),
        findings=tuple(
            LicenceFinding(ref.url, ref.title, ref.licence_finding)
            for ref in guides
            if ref.licence_finding
        ),
    )
    return await _ask(kitchen, report, standing) if state == "on" else report


async def _ask(kitchen: Kitchen, report: SourceReport, standing: Standing) -> SourceReport:
    source = report.source
    waits = [
        f"{host} asked not to be asked before {until:%Y-%m-%d %H:%M} UTC"
        for host, until in standing.waits(source).items()
    ]
    try:
        found = await discover(source, kitchen.fetcher)
    except StageError as error:
        robots = _list_robots(kitchen, source)
        return replace(report, robots=robots, problems=(*waits, str(error)))
    robots = _list_robots(kitchen, source)
    stops = [f"{each.host}: {each.says}" for each in robots if each.is_stop]
    return replace(
        report,
        robots=robots,
        today=_count(kitchen, source, found),
        problems=(*waits, *stops, *found.errors),
    )


def _list_robots(kitchen: Kitchen, source: Source) -> tuple[HostRobots, ...]:
    """What the crawler has learnt of the hosts it asked for this source."""
    fetcher, found = kitchen.fetcher, []
    for origin, robots in fetcher.robots.items():
        host = urlsplit(origin).netloc
        if not is_allowed_host(origin, source):
            continue
        own = robots.delay_s(fetcher.product)
        says = robots.stop or ("read" if robots.rules else "it has none, so everything is free")
        delay = max(own, source.min_delay_s)
        found.append(HostRobots(host, says, own, delay, bool(robots.stop)))
    return tuple(found)


def _count(kitchen: Kitchen, source: Source, found: Discovery) -> PagesToday:
    shelf = open_shelf(kitchen, source)
    unlisted = list_unlisted(shelf, found.candidates)
    asked = (*found.candidates, *unlisted)
    settled = sum(1 for candidate in asked if is_settled(shelf, candidate))
    records = [shelf.record(candidate.url) for candidate in found.candidates]
    known = sum(1 for record in records if record and record.role is not PageRole.GONE)
    return PagesToday(
        candidates=len(found.candidates),
        to_fetch=len(asked) - settled,
        settled=settled,
        known=known,
        unlisted=len(unlisted),
        disallowed=found.disallowed,
        over_budget=found.over_budget,
        out_of_scope=found.out_of_scope,
        refused=found.refused,
    )
