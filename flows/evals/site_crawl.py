"""Crawl the site of a data folder for real: served on this machine, through the line that ships."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from flows.evals.files import Step, check_folder, no_step
from flows.evals.site import Crawl, SeenPage
from flows.evals.site_file import SITE, ExpectedSite
from flows.kitchen import open_store
from flows.line import run_line
from flows.request import RunRequest, Stage
from flows.sample_site import SITE_HOST, ServedSite, serve_folder
from flows.summary import RunSummary
from stages.errors import ConfigError
from stages.procure.extract import extract_page
from stages.procure.urls import normalise_url
from stages.text import collapse
from stages.types import Card, Guide, PageContent
from store.cards import list_cards
from store.engine import Database
from store.guides import get_guide, list_guides
from store.pages import PageRecord, list_pages
from store.settings import Settings, load_settings
from store.snapshots import Snapshots

SOURCE_ID = "eval-site"
TEXT_FILES = frozenset({".html", ".htm", ".xml", ".txt", ".json", ".rss"})


def crawl_site(data: Path, site: ExpectedSite, step: Step = no_step) -> Crawl:
    """Serve the folder's site on a free port, run procure and chop over it, look at the result.

    Database, snapshots and served copy live in a folder of their own that is removed afterwards.
    The site's robots.txt sets the pace. Raises ConfigError when the folder has no such site.
    """
    root = data / site.document_root
    check_folder(data, [SITE, site.document_root])
    with TemporaryDirectory(prefix="spoonful-eval-") as scratch:
        home = Path(scratch)
        served_folder = home / "served"
        served_folder.mkdir()
        with serve_folder(served_folder, 0) as served:
            stage_folder(root, served_folder, site.base_url, served.base)
            write_source(home / "sources.yaml", site, served.base)
            settings = load_settings(
                home=str(home),
                database_url="",
                snapshots="",
                sources_file=home / "sources.yaml",
                allow_private=urlsplit(served.base).netloc,
                contact="",
            )
            db = open_store(settings)
            try:
                summary = _run(settings, db, step)
                return _look(settings, db, _Names(site, served), summary)
            finally:
                db.dispose()


def stage_folder(root: Path, out: Path, old_base: str, base: str) -> None:
    """Copy a site to an empty folder, the addresses of its pages pointing to base.

    Raises ConfigError when the site is no folder.
    """
    check_folder(root)
    shutil.copytree(root, out, dirs_exist_ok=True)
    for path in sorted(out.rglob("*")):
        if path.is_file() and path.suffix.lower() in TEXT_FILES:
            path.write_bytes(path.read_bytes().replace(old_base.encode(), base.encode()))


def write_source(path: Path, site: ExpectedSite, base: str) -> None:
    """A source of the register for the site, every path of it open and every page named.

    Pages the site forbids or no longer has are named as well: only then is it seen that nobody
    asks for them. Licences are the register's to decide, so pages whose licence allows no reuse
    say so here; what the pages themselves state is judged apart.
    """
    hubs = [base + page.path for page in site.pages if page.kind == "hub"]
    pages = [
        {"url": base + page.path}
        | ({} if site.may_adapt.get(page.licence, True) else {"reuse": "link_only"})
        for page in site.pages
        if page.kind != "hub"
    ]
    if not pages:
        raise ConfigError(f"{SITE}: pages: none but hubs; expected at least one guide")
    langs = {page.lang.partition("-")[0].lower() for page in site.pages if page.lang}
    source = {
        "id": SOURCE_ID,
        "publisher": site.publisher,
        "homepage": f"{base}/",
        "languages": sorted(langs) or ["en", "zh"],
        "hubs": hubs,
        "reuse": "adapt_ok",
        "page_licence_required": True,
        "licence": {"name": "as each page says", "url": f"{base}/"},
        "attribution": site.publisher,
        "crawl": {"allow_hosts": [SITE_HOST], "min_delay_s": 0, "max_guides": 100_000},
        "pages": pages,
    }
    if site.sitemap:
        source["sitemap"] = base + site.sitemap
    if site.feed:
        source["feeds"] = [base + site.feed]
    # JSON is YAML, and quotes everything that must be.
    path.write_text(json.dumps({"sources": [source]}, ensure_ascii=False), encoding="utf-8")


def _run(settings: Settings, db: Database, step: Step) -> RunSummary:
    """Procure, then chop: the two stages that lie between the web and a card."""
    procure = RunRequest(stage=Stage.PROCURE, kind="eval", requested_by="eval site")
    chop = RunRequest(stage=Stage.CHOP, kind="eval", requested_by="eval site")
    summary = asyncio.run(run_line(procure, settings, db, report=lambda _, line: step(line)))
    asyncio.run(run_line(chop, settings, db, report=lambda _, line: step(line)))
    return summary


class _Names:
    """Addresses of the served site by the paths `site.yaml` calls them, and what was asked for."""

    def __init__(self, site: ExpectedSite, served: ServedSite) -> None:
        self._base = served.base
        self._paths = {normalise_url(served.base + page.path): page.path for page in site.pages}
        self.requested = frozenset(self.path(served.base + path) for path in served.requests)

    def path(self, url: str) -> str:
        normal = normalise_url(url) or url
        return self._paths.get(normal) or normal.removeprefix(self._base)


def _look(settings: Settings, db: Database, names: _Names, summary: RunSummary) -> Crawl:
    records = {names.path(record.url): record for record in list_pages(db, SOURCE_ID)}
    guides = [guide for ref in list_guides(db) if (guide := get_guide(db, ref.id))]
    cards = {guide.id: list_cards(db, guide.id) for guide in guides}
    snapshots = Snapshots(settings.snapshots_url)
    by_id = {guide.id: guide for guide in guides}
    pages = {}
    for path in {*records, *names.requested}:
        record = records.get(path)
        guide = by_id.get(record.guide_id) if record else None
        content = _extract(record, snapshots)
        pages[path] = SeenPage(
            was_requested=path in names.requested,
            text=_said(guide) if guide else _words(content),
            role=record.role.value if record else "",
            quarantine=record.quarantine.reason.value if record and record.quarantine else "",
            guide_path=names.path(guide.url) if guide else "",
            cards=len(cards[guide.id]) if guide else 0,
            may_publish=guide.reuse.allows_publishing if guide else False,
            licence=content.licence,
        )
    return Crawl(pages, _passed_on(guides, cards), bool(guides) and not _broke_off(summary))


def _said(guide: Guide) -> str:
    return collapse(f"{guide.title}\n{guide.text}")


def _words(content: PageContent) -> str:
    return collapse("\n".join((content.title, *(block.text for block in content.blocks))))


def _extract(record: PageRecord | None, snapshots: Snapshots) -> PageContent:
    """What extraction reads of a page as it was fetched; nothing of one that was not."""
    if record is None or not record.body_sha256 or record.status != 200:
        return PageContent("", "", ())
    body = snapshots.get(record.body_sha256)
    return extract_page(body, record.final_url, record.content_type)


def _passed_on(guides: Sequence[Guide], cards: Mapping[str, Sequence[Card]]) -> str:
    """Everything a later stage could get to read, white space collapsed."""
    texts = [_said(guide) for guide in guides]
    for group in cards.values():
        for card in group:
            texts.append(collapse(" ".join((card.title, *card.breadcrumbs, card.text))))
    return "\n".join(texts)


def _broke_off(summary: RunSummary) -> bool:
    return any(error.startswith(f"{SOURCE_ID}: ") for error in summary.errors)
