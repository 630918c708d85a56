"""A real publisher's pages, served on this machine: guides become cards, other pages do not."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from flows.kitchen import open_store
from flows.line import run_line
from flows.request import RunRequest, Stage
from flows.sample_site import serve_folder
from stages.text import split_sentences
from stages.types import BlockKind, Card, Guide, QuarantineReason
from store.cards import list_cards
from store.guides import get_guide, list_guides
from store.pages import PageRecord, PageRole, list_pages
from store.settings import REPO_ROOT, load_settings

CORPUS = REPO_ROOT.parent / "shared" / "corpus" / "womenshealth-gov" / "www.womenshealth.gov"

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"the page collection is not on this machine: {CORPUS}"
)

SOURCE = """\
sources:
  - id: womenshealth
    publisher: Office on Women's Health
    languages: [en]
    homepage: {base}/
    sitemap: {base}/sitemap.xml
    reuse: adapt_ok
    licence: {{name: US federal work, url: "https://www.womenshealth.gov/copyright"}}
    attribution: Office on Women's Health
    crawl:
      allow_hosts: [127.0.0.1]
      min_delay_s: 0
"""

NO_GUIDES = {
    "pregnancy/index.html": QuarantineReason.SOFT_404,
    "pregnancy/you-are-pregnant/staying-healthy-safe.html": QuarantineReason.SOFT_404,  # a stub
    "breastfeeding.html": QuarantineReason.NOT_A_GUIDE,  # a landing page
}

FURNITURE = (
    "Skip to", "Return to top", "Share this page", "Get email updates", "Follow us", "Subscribe",
    "Page last updated", "All material contained", "An official website", "Did we answer",
    "Language Assistance", "Content last reviewed", "Home >", "Site map",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Crawl:
    """By path: what was fetched, and the guides with their cards."""

    pages: dict[str, PageRecord]
    guides: dict[str, Guide]
    cards: dict[str, tuple[Card, ...]]


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawl]:
    folder = tmp_path_factory.mktemp("womenshealth")
    site = folder / "site"
    shutil.copytree(CORPUS, site)
    with serve_folder(site, 0) as served:
        files = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
        urls = "".join(f"<url><loc>{served.base}/{name}</loc></url>" for name in files)
        space = "http://www.sitemaps.org/schemas/sitemap/0.9"
        (site / "sitemap.xml").write_text(f'<urlset xmlns="{space}">{urls}</urlset>')
        (folder / "sources.yaml").write_text(SOURCE.format(base=served.base), encoding="utf-8")
        settings = load_settings(
            home=str(folder / "home"),
            sources_file=folder / "sources.yaml",
            allow_private=served.base.removeprefix("http://"),
        )
        db = open_store(settings)
        for stage in (Stage.PROCURE, Stage.CHOP):
            summary = asyncio.run(run_line(RunRequest(stage=stage), settings, db))
            assert summary.errors == []
        cut = len(served.base) + 1
        pages = {record.url[cut:]: record for record in list_pages(db, "womenshealth")}
        refs = {ref.url[cut:]: ref.id for ref in list_guides(db)}
        cards = {path: list_cards(db, id) for path, id in refs.items()}
        guides = {path: guide for path, id in refs.items() if (guide := get_guide(db, id))}
        yield Crawl(pages, guides, cards)
        db.dispose()


def test_corpus_pages_that_are_no_guides_are_set_aside(crawl: Crawl) -> None:
    set_aside = {
        path: record.quarantine.reason for path, record in crawl.pages.items() if record.quarantine
    }

    assert set_aside == NO_GUIDES
    assert set(NO_GUIDES) & set(crawl.guides) == set()


def test_corpus_guides_all_become_cards(crawl: Crawl) -> None:
    owners = {record.guide_id for record in crawl.pages.values() if record.role is PageRole.GUIDE}
    served = {path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*.html")}
    copies = {path for path, page in crawl.pages.items() if page.role is PageRole.DUPLICATE}

    assert len(served) == 25
    assert {guide.id for guide in crawl.guides.values()} == owners
    assert served <= set(crawl.guides) | copies | set(NO_GUIDES)
    # Addresses with index.html name the one without as their original.
    originals = {path.removesuffix("/index.html") for path in copies}
    assert originals - set(crawl.guides) == {"breastfeeding/learning-breastfeed/getting-good-latch"}
    assert min(len(cards) for cards in crawl.cards.values()) >= 4
    assert 250 <= sum(len(cards) for cards in crawl.cards.values()) <= 600


def test_corpus_copy_of_a_page_collapses(crawl: Crawl) -> None:
    titles = [guide.title for guide in crawl.guides.values()]
    latch = [path for path in crawl.guides if "getting-good-latch" in path]

    assert latch == ["breastfeeding/learning-breastfeed/getting-good-latch.html"]
    assert sorted(set(titles)) == sorted(titles)


def test_corpus_cards_are_whole_sentences(crawl: Crawl) -> None:
    """Or, of a table row longer than a card may be, whole cells."""
    cut = []
    for path, guide in crawl.guides.items():
        sentences = split_sentences(guide.text, guide.lang)
        starts, ends = {s.start for s in sentences}, {s.end for s in sentences}
        for row in guide.blocks:
            if row.kind is BlockKind.TABLE_ROW and len(row.text.split()) > 120:
                cells = [row.start + found.end() for found in re.finditer(";", row.text)]
                starts.update(end + 1 for end in cells)
                ends.update(cells)
        for card in crawl.cards[path]:
            cut += [
                guide.text[start:end]
                for start, end in card.spans
                if start not in starts or end not in ends
            ]
    assert cut == []


def test_corpus_cards_hold_no_navigation(crawl: Crawl) -> None:
    texts = [card.text for cards in crawl.cards.values() for card in cards]

    assert [text for text in texts if any(words in text for words in FURNITURE)] == []
