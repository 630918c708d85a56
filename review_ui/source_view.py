"""A source as the page of sources shows it: what it allows, who stopped it, what it gave."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote, unquote, urlsplit

from review_ui.i18n import N_, ngettext
from review_ui.i18n import gettext as _
from review_ui.quarantine_view import COMMAND_LINE, anchor, guess_lang
from review_ui.render import day, http_url, number
from stages.text import strip_hidden
from stages.types import Reuse, Source
from store.engine import Database
from store.guides import GuideRef, list_guides
from store.overview import PageFigures, PageName, count_source_pages, list_page_names
from store.parking import list_parked
from store.quarantine import PageAction, PageDecision, Stop, list_page_decisions, list_stops
from store.sources import list_sources

RECORD_SHOWN = 30
MAX_NAME_CHARS = 160
MAX_FINDINGS = 20
_NO_PAGES = PageFigures(0, 0)

LABELS = {
    Reuse.ADAPT_OK: N_("May be published"),
    Reuse.EXCERPT_ONLY: N_("Read only"),
    Reuse.LINK_ONLY: N_("Read only"),
    Reuse.UNKNOWN: N_("Read only"),
    Reuse.DO_NOT_CRAWL: N_("Never asked"),
}
WORDS = {
    Reuse.ADAPT_OK: N_("Its text may be rewritten and published, with its attribution."),
    Reuse.EXCERPT_ONLY: N_("Short quotations only: its cards can be read here, not published."),
    Reuse.LINK_ONLY: N_("Linking only: its cards can be read here, not published."),
    Reuse.UNKNOWN: N_(
        "Nobody knows: until the terms are clear, its cards can be read, not published."
    ),
    Reuse.DO_NOT_CRAWL: N_("Nothing: it does not want to be read by machines, so it never is."),
}
CLASSES = {Reuse.ADAPT_OK: "mark-may", Reuse.DO_NOT_CRAWL: "mark-never"}
ICONS = {Reuse.ADAPT_OK: "check", Reuse.DO_NOT_CRAWL: "stop"}
PAGE_RULES = {
    Reuse.ADAPT_OK: N_("Other terms for %(pages)s: they may be published."),
    Reuse.EXCERPT_ONLY: N_("Other terms for %(pages)s: read only."),
    Reuse.LINK_ONLY: N_("Other terms for %(pages)s: read only."),
    Reuse.UNKNOWN: N_("Other terms for %(pages)s: read only."),
    Reuse.DO_NOT_CRAWL: N_("Other terms for %(pages)s: never asked."),
}
SAID = {
    PageAction.ACCEPT: N_("%(who)s accepted %(what)s"),
    PageAction.IGNORE: N_("%(who)s ignored %(what)s"),
    PageAction.RESTORE: N_("%(who)s took back the verdict on %(what)s"),
    PageAction.STOP: N_("%(who)s stopped %(what)s"),
    PageAction.RESUME: N_("%(who)s resumed %(what)s"),
}
DECISION_ICONS = {
    PageAction.ACCEPT: "check",
    PageAction.IGNORE: "cross",
    PageAction.RESTORE: "undo",
    PageAction.STOP: "pause",
    PageAction.RESUME: "play",
}


@dataclass(frozen=True, slots=True)
class StopView:
    by: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class SourceView:
    """parked: hosts of it that asked us to stay away, and until when. checked: when the terms were
    read, in words, '' if nobody has. page_rules: how single pages differ from the rest.
    """

    source: Source
    anchor: str
    lang: str
    stop: StopView | None
    parked: tuple[tuple[str, datetime], ...]
    guides: int
    pages: int
    set_aside: int
    findings: tuple[GuideRef, ...]
    findings_more: int
    checked: str
    page_rules: str

    @property
    def reuse_label(self) -> str:
        return LABELS[self.source.reuse]

    @property
    def reuse_words(self) -> str:
        return WORDS[self.source.reuse]

    @property
    def reuse_class(self) -> str:
        return CLASSES.get(self.source.reuse, "mark-read-only")

    @property
    def reuse_icon(self) -> str:
        return ICONS.get(self.source.reuse, "lock")

    @property
    def is_on(self) -> bool:
        return self.source.enabled and self.stop is None and not self.parked

    @property
    def is_parked(self) -> bool:
        """A host of it asked to be left alone; a source that a person stopped is just stopped."""
        return self.source.enabled and self.stop is None and bool(self.parked)


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One line of what people decided. said: a sentence of SAID about by and what. link: where what
    is, '' if nowhere. lang: of what.
    """

    by: str
    said: str
    what: str
    link: str
    lang: str
    note: str
    at: datetime
    icon: str


def list_source_views(db: Database) -> tuple[SourceView, ...]:
    """Stopped ones first, then those that are on, by publisher; a fixed number of queries."""
    stops, parked, figures = list_stops(db), list_parked(db), count_source_pages(db)
    guides: dict[str, list[GuideRef]] = {}
    for guide in list_guides(db):
        if not guide.is_removed:
            guides.setdefault(guide.source_id, []).append(guide)
    views = [
        _view(
            source,
            stops.get(source.id),
            parked,
            guides.get(source.id, []),
            figures.get(source.id, _NO_PAGES),
        )
        for source in list_sources(db)
    ]
    return tuple(
        sorted(
            views,
            key=lambda view: (view.stop is None, not view.source.enabled, view.source.publisher),
        )
    )


def list_record(db: Database, publishers: dict[str, str]) -> tuple[RecordLine, ...]:
    """What people decided of pages and sources, the latest first; publishers: by source id."""
    decisions = list_page_decisions(db, RECORD_SHOWN)
    names = list_page_names(db, [decision.page_key for decision in decisions if decision.page_key])
    return tuple(
        _record_line(
            decision,
            publishers.get(decision.source_id, decision.source_id),
            names.get(decision.page_key),
        )
        for decision in decisions
    )


def _view(
    source: Source,
    stop: Stop | None,
    parked: dict[str, datetime],
    guides: list[GuideRef],
    figures: PageFigures,
) -> SourceView:
    findings = [guide for guide in guides if guide.licence_finding]
    return SourceView(
        source=source,
        anchor=anchor(source.id),
        lang=guess_lang(source.publisher),
        stop=StopView(stop.by or _(COMMAND_LINE), stop.at, stop.note) if stop else None,
        parked=tuple((host, parked[host]) for host in _hosts(source) if host in parked),
        guides=len(guides),
        pages=figures.pages,
        set_aside=0 if stop else figures.set_aside,
        findings=tuple(findings[:MAX_FINDINGS]),
        findings_more=max(0, len(findings) - MAX_FINDINGS),
        checked=_say_day(source.licence_checked),
        page_rules=_say_page_rules(source),
    )


def _hosts(source: Source) -> tuple[str, ...]:
    """Hosts the source is asked at, its home first, each once."""
    urls = (source.homepage, source.sitemap, *source.pages, *source.hubs, *source.feeds)
    hosts = [_host(url) for url in urls] + [host.lower() for host in source.allow_hosts]
    return tuple(dict.fromkeys(host for host in hosts if host))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _say_day(text: str) -> str:
    """`16 Sep 2026` of an ISO date; anything else as it stands."""
    try:
        return day(date.fromisoformat(text))
    except ValueError:
        return text


def _say_page_rules(source: Source) -> str:
    said = []
    if source.page_licence_required:
        said.append(_("Only pages that state their own licence are read."))
    counts = Counter(reuse for reuse in source.page_reuse.values() if reuse is not source.reuse)
    for reuse, count in counts.most_common():
        pages = ngettext("%(num)s page", "%(num)s pages", count) % {"num": number(count)}
        said.append(_(PAGE_RULES[reuse]) % {"pages": pages})
    return " ".join(said)


def _record_line(decision: PageDecision, publisher: str, page: PageName | None) -> RecordLine:
    what = _name_page(page) if page else decision.page_key or publisher
    if page and page.guide_id:
        link = f"/guides/{quote(page.guide_id)}"
    elif page:
        link = http_url(page.url)
    else:
        link = "" if decision.page_key else f"#{anchor(decision.source_id)}"
    return RecordLine(
        by=decision.user or _(COMMAND_LINE),
        said=SAID[decision.action],
        what=what,
        link=link,
        lang=guess_lang(what),
        note=decision.note,
        at=decision.at,
        icon=DECISION_ICONS[decision.action],
    )


def _name_page(page: PageName) -> str:
    """Its title, else its address, readable and not longer than a line."""
    name = strip_hidden(page.title).strip() or strip_hidden(unquote(page.url))
    return name if len(name) <= MAX_NAME_CHARS else name[: MAX_NAME_CHARS - 1] + "…"
