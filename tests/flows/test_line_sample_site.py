"""The whole line on the bundled sample site: as first crawled, again, and a month later.

The site asks for a second between requests, so the three runs are shared by all tests here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from sqlmodel import select

from flows.kitchen import open_store
from flows.line import run_line
from flows.request import RunRequest
from flows.sample_site import SAMPLE_SITE, ServedSite, serve_folder, stage_site, write_sources
from flows.summary import RunSummary
from review_ui.app import create_app
from stages.procure.urls import guide_id
from stages.seeds import load_sources
from stages.text import collapse
from stages.types import Reuse, Source
from store.cards import list_cards
from store.drafts import list_drafts
from store.engine import Database
from store.guides import get_guide, list_guides
from store.passwords import hash_password
from store.settings import Settings, load_settings
from store.tables import CardRow
from store.users import add_user
from tests.review_ui.desk_data import PASSWORD
from tests.review_ui.ties import count_ties
from tests.review_ui.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SITE: dict[str, Any] = yaml.safe_load((SAMPLE_SITE / "site.yaml").read_text(encoding="utf-8"))
PAGES = {page["path"]: page for page in SITE["pages"]}
GUIDES = [page for page in SITE["pages"] if page["kind"] == "guide" and page.get("part", 1) == 1]


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A live card as it stood after a run."""

    id: str
    guide_id: str
    title: str
    text: str
    changed_at: datetime
    drafts: frozenset[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Crawl:
    """What one run did, what was there after it, and what it asked the site for."""

    summary: RunSummary
    cards: dict[str, CardSeen]
    texts: tuple[str, ...]
    requests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Harbour:
    """first, again: the site as it is. later: with v2. db: as the last run left it."""

    settings: Settings
    db: Database
    source: Source
    first: Crawl
    again: Crawl
    later: Crawl

    def id_of(self, path: str) -> str:
        return guide_id(self.source, self.source.homepage.replace("/index.html", path))


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    folder = tmp_path_factory.mktemp("harbour")
    site = folder / "site"
    site.mkdir()
    with serve_folder(site, 0) as served:
        sources = folder / "sources.yaml"
        write_sources(sources, served.base)
        settings = load_settings(
            home=str(folder / "home"),
            sources_file=sources,
            allow_private=served.base.removeprefix("http://"),
        )
        db = open_store(settings)

        def crawl(is_later: bool = False) -> Crawl:
            stage_site(site, served.base, is_later)
            served.requests.clear()
            summary = asyncio.run(run_line(RunRequest(), settings, db))
            return look(db, summary, served)

        first, again, later = crawl(), crawl(), crawl(is_later=True)
        yield Harbour(settings, db, load_sources(sources)[0], first, again, later)
        db.dispose()


def look(db: Database, summary: RunSummary, served: ServedSite) -> Crawl:
    cards = [card for ref in list_guides(db) for card in list_cards(db, ref.id)]
    drafts = list_drafts(db, [card.id for card in cards])
    with db.read() as session:
        changed = {row.id: row.changed_at for row in session.exec(select(CardRow))}
    seen = {
        card.id: CardSeen(
            id=card.id,
            guide_id=card.guide_id,
            title=card.title,
            text=collapse(card.text),
            changed_at=changed[card.id],
            drafts=frozenset((draft.tone, draft.id) for draft in drafts.get(card.id, ())),
        )
        for card in cards
    }
    texts = [collapse(f"{card.title}\n{card.text}") for card in cards]
    texts += [collapse(draft.text) for found in drafts.values() for draft in found]
    return Crawl(summary, seen, tuple(texts), tuple(served.requests))


def test_line_makes_cards_and_drafts_of_every_guide(harbour: Harbour) -> None:
    summary = harbour.first.summary.as_dict()
    cards = harbour.first.cards.values()

    assert summary["errors"] == []
    assert summary["guides"] == {
        "fetched": 12, "unchanged": 0, "changed": 0, "failed": 0, "quarantined": 2,
    }  # fmt: skip
    assert {card.guide_id for card in cards} == {harbour.id_of(page["path"]) for page in GUIDES}
    assert 150 <= len(cards) <= 300
    assert summary["cards"] == {
        "new": len(cards), "kept": 0, "changed": 0, "removed": 0, "total": len(cards),
    }  # fmt: skip
    tones = {tuple(sorted(tone for tone, _ in card.drafts)) for card in cards}
    assert tones == {("engagement", "expert", "mom")}
    assert summary["drafts"]["new"] == 3 * len(cards)
    assert summary["placements"]["new"] > 0


def test_line_never_asks_for_what_robots_closes(harbour: Harbour) -> None:
    asked = [
        path
        for crawl in (harbour.first, harbour.again, harbour.later)
        for path in crawl.requests
        if path.startswith(("/private", "/community", "/print/"))
    ]

    assert "/robots.txt" in harbour.first.requests
    assert "/guides/safe-sleep.html" in harbour.first.requests
    assert asked == []


def test_line_keeps_traps_out_of_cards(harbour: Harbour) -> None:
    traps = [page["path"] for page in SITE["pages"] if page["kind"] != "guide"]
    trap_ids = {harbour.id_of(path) for path in traps}

    assert "/guides/teething-gels.html" in traps
    assert "/zh/gbk-notice.html" in traps
    assert "/guides/car-seat-laws.html" in traps
    assert "/guides/safe-sleep.html?print=1" in traps
    assert trap_ids & {card.guide_id for card in harbour.first.cards.values()} == set()


def test_line_keeps_injected_and_foreign_text_out_of_cards_and_drafts(harbour: Harbour) -> None:
    bottles = PAGES["/community/choosing-bottles.html"]
    forbidden = [*bottles["must_not_appear"], *PAGES["/zh/gbk-notice.html"]["must_appear"]]
    forbidden += PAGES["/guides/teething-gels.html"]["markers"]
    forbidden += [injection["text"] for injection in bottles["injections"]]
    forbidden += [text for page in SITE["pages"] for text in page.get("canary", [])]
    forbidden += [text for page in GUIDES for text in page["must_not_appear"]]
    text = "\n".join((*harbour.first.texts, *harbour.later.texts))

    assert len(forbidden) > 60
    assert [wrong for wrong in forbidden if collapse(wrong) in text] == []


def test_line_marks_the_reserved_page_as_not_publishable(harbour: Harbour) -> None:
    reuse = {}
    for page in GUIDES:
        guide = get_guide(harbour.db, harbour.id_of(page["path"]))
        assert guide
        reuse[page["path"]] = guide.reuse

    assert [path for path, found in reuse.items() if not found.allows_publishing] == [
        "/development/milestones.html"
    ]
    assert reuse["/development/milestones.html"] is Reuse.LINK_ONLY


def test_line_again_does_nothing_in_a_quarter_of_the_time(harbour: Harbour) -> None:
    summary = harbour.again.summary.as_dict()

    assert harbour.again.cards == harbour.first.cards
    assert summary["completions"]["calls"] == 0
    assert (summary["cards"]["new"], summary["drafts"]["new"]) == (0, 0)
    assert summary["placements"]["new"] == 0
    assert summary["guides"]["unchanged"] == 12
    assert summary["errors"] == []
    assert summary["seconds"]["total"] <= 0.25 * harbour.first.summary.seconds.total


def test_line_later_touches_exactly_the_cards_of_changed_paragraphs(harbour: Harbour) -> None:
    before, after = harbour.first.cards, harbour.later.cards
    removed, added = set[str](), set[str]()
    for page in SITE["v2"]["pages"]:
        owner = harbour.id_of(page["path"])
        removed |= _holding(before, owner, page["paragraphs_removed"])
        added |= _holding(after, owner, page["paragraphs_added"])

    touched = {id for id, card in after.items() if before.get(id) != card}
    assert len(removed) == 1
    assert touched == added
    assert set(before) <= set(after)  # no id is lost: the edited card kept its own
    assert removed < added
    assert harbour.later.summary.as_dict()["cards"] == {
        "new": len(added - removed),
        "kept": len(before) - len(removed),
        "changed": len(removed),
        "removed": 0,
        "total": len(after),
    }


def test_line_later_cooks_only_the_touched_cards(harbour: Harbour) -> None:
    before, after = harbour.first.cards, harbour.later.cards
    recooked = {
        id for id, card in after.items() if id not in before or card.drafts != before[id].drafts
    }

    assert recooked == {id for id, card in after.items() if before.get(id) != card}
    assert harbour.later.summary.drafts.new == 3 * len(recooked)
    assert harbour.later.summary.errors == []


def test_line_later_does_not_see_new_boilerplate(harbour: Harbour) -> None:
    eating = harbour.id_of("/pregnancy/eating-well.html")

    assert "/pregnancy/eating-well.html" in harbour.later.requests
    assert [card for card in harbour.later.cards.values() if card.guide_id == eating] == [
        card for card in harbour.first.cards.values() if card.guide_id == eating
    ]


def test_desk_ties_every_drafted_sentence_to_its_source(harbour: Harbour) -> None:
    add_user(harbour.db, "mara", hash_password(PASSWORD))
    with TestClient(create_app(harbour.settings), follow_redirects=False) as client:
        mara = Visitor(client).sign_in("mara")
        assert count_ties(mara, harbour.db, harbour.later.cards) > 3000


def _holding(cards: dict[str, CardSeen], owner: str, paragraphs: list[str]) -> set[str]:
    """Ids of the guide's cards that hold any of the paragraphs."""
    wanted = [collapse(text) for text in paragraphs]
    return {
        card.id
        for card in cards.values()
        if card.guide_id == owner and any(text in card.text for text in wanted)
    }
