"""The twelve guides of the sample site and health-service pages, from HTML to cards."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from stages.chop import check_cards, chop_guide, coverage, list_gaps, match_cards, overlap
from stages.policy import Policy
from stages.procure.extract import extract_page
from stages.procure.guide import build_guide
from stages.text import collapse
from stages.types import Card, ChangeKind, Guide, Reuse, Source

ROOT = Path(__file__).parents[2]
SITE = ROOT / "seeds" / "sample_site"
CORPUS = ROOT / ".." / "shared" / "corpus" / "womenshealth-gov"
BASE = "http://127.0.0.1:8765/"
SOURCE = Source(
    "sample", "Harbour", BASE, ("en", "zh-Hans"), Reuse.ADAPT_OK, "CC BY 4.0", "", "Harbour"
)
GUIDES = (
    "guides/safe-sleep.html",
    "guides/breastfeeding-first-weeks/index.html",
    "feeding/preparing-formula.html",
    "feeding/starting-solids.html",
    "health/fever-and-medicines.html",
    "health/vaccines-what-to-expect.html",
    "pregnancy/eating-well.html",
    "parents/postpartum-recovery.html parents/postpartum-recovery-2.html",
    "development/milestones.html",
    "safety/home-car-water.html",
    "zh/fushi-tianjia.html",
    "zh/xinsheng-huli.html",
)


@cache
def guide(paths: str, overlay: str = "") -> Guide:
    """The guide of one page or more, the overlay's file where there is one."""
    names = paths.split()
    files = [SITE / overlay / name if overlay else SITE / "site" / name for name in names]
    files = [
        file if file.exists() else SITE / "site" / name
        for file, name in zip(files, names, strict=True)
    ]
    pages = [
        extract_page(file.read_bytes(), BASE + name)
        for file, name in zip(files, names, strict=True)
    ]
    return build_guide(SOURCE, BASE + names[0], pages)


@cache
def cards(paths: str, overlay: str = "") -> tuple[Card, ...]:
    return chop_guide(guide(paths, overlay), Policy(()))


def pass_share(pairs: Sequence[tuple[Guide, tuple[Card, ...]]]) -> float:
    failed = [names for guide, cards in pairs for names in check_cards(cards, guide)]
    return failed.count(()) / len(failed)


@pytest.mark.parametrize("paths", GUIDES)
def test_sample_guide_gives_about_twenty_cards(paths: str) -> None:
    assert 12 <= len(cards(paths)) <= 30
    assert coverage(guide(paths), cards(paths)) >= 0.99
    assert overlap(guide(paths), cards(paths)) <= 0.005


def test_sample_site_gives_the_cards_wanted_in_all() -> None:
    assert 150 <= sum(len(cards(paths)) for paths in GUIDES) <= 300


@pytest.mark.parametrize("chinese", [False, True])
def test_sample_cards_pass_the_checks(chinese: bool) -> None:
    pairs = [(guide(p), cards(p)) for p in GUIDES if guide(p).lang.startswith("zh") is chinese]
    assert pass_share(pairs) >= 0.92


def test_sample_cards_never_end_within_a_sentence() -> None:
    """Read from the raw text: what follows a card's last words starts a line or a sentence."""
    for paths in GUIDES:
        text = guide(paths).text
        for card in cards(paths):
            end = card.spans[-1][1]
            assert (
                end == len(text) or text[end] == "\n" or text[end - 1] in ".!?。！？…)”’\"'）；:："
            ), card.title


def changed(paths: str) -> list[tuple[ChangeKind, str]]:
    changes = match_cards(cards(paths), cards(paths, "v2"))
    return [
        (change.kind, (change.new or change.old).text)  # type: ignore[union-attr]
        for change in changes
        if change.kind is not ChangeKind.KEPT
    ]


def test_second_version_changes_only_the_cards_of_changed_paragraphs() -> None:
    ((kind, text),) = changed("health/fever-and-medicines.html")
    assert kind is ChangeKind.MATERIAL
    assert "No wet nappy for 8 hours" in text
    added = changed("safety/home-car-water.html")
    assert {kind for kind, _ in added} == {ChangeKind.NEW}
    assert "Water beads" in added[0][1]
    assert "magnet" in added[-1][1]
    assert len(added) <= 3


def test_second_version_of_boilerplate_changes_nothing() -> None:
    assert changed("pregnancy/eating-well.html") == []


@pytest.mark.skipif(not CORPUS.exists(), reason="the shared corpus is not here")
def test_health_service_pages_give_good_cards() -> None:
    pairs = []
    for file in sorted(CORPUS.rglob("*.html")):
        page = extract_page(file.read_bytes(), f"{BASE}{file.name}")
        if len(page.blocks) > 10:
            read = build_guide(SOURCE, f"{BASE}{file.name}", [page])
            pairs.append((read, chop_guide(read, Policy(()))))
    assert len(pairs) >= 15
    assert pass_share(pairs) >= 0.92
    texts = Counter(collapse(card.text) for _, cards in pairs for card in cards)
    assert not [text for text in texts if re.match(r"(?:Back to top|Share this|Skip to)", text)]
    assert all(coverage(read, made) >= 0.99 for read, made in pairs)
    assert all(gap.reason for read, made in pairs for gap in list_gaps(read, made))
