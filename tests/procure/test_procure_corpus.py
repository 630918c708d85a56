"""Extraction and judgement on real pages that are not part of this repository.

The pages lie beside the checkout (`../shared/corpus`); where they do not, these tests are skipped.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stages.procure.extract import extract_page
from stages.procure.judge import judge_page
from stages.types import BlockKind, Page, PageContent, QuarantineReason, Reuse, Source

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
WOMENS_HEALTH = CORPUS / "womenshealth-gov" / "www.womenshealth.gov"
EXTRACTION = CORPUS / "extraction"

needs_womens_health = pytest.mark.skipif(
    not WOMENS_HEALTH.is_dir(), reason="the women's health pages are not on this machine"
)
needs_extraction = pytest.mark.skipif(
    not EXTRACTION.is_dir(), reason="the extraction pages with gold text are not on this machine"
)
SOURCE = Source(
    id="owh",
    publisher="OWH",
    homepage="https://www.womenshealth.gov/",
    languages=("en",),
    reuse=Reuse.ADAPT_OK,
    licence="public domain",
    licence_url="",
    attribution="OWH",
)
NO_GUIDES = {
    "breastfeeding.html": QuarantineReason.NOT_A_GUIDE,
    "pregnancy/index.html": QuarantineReason.SOFT_404,
    "pregnancy/you-are-pregnant/staying-healthy-safe.html": QuarantineReason.SOFT_404,
}


@cache
def pages() -> dict[str, tuple[bytes, PageContent]]:
    found = {}
    for file in sorted(WOMENS_HEALTH.rglob("*.html")):
        path = file.relative_to(WOMENS_HEALTH).as_posix()
        body = file.read_bytes()
        found[path] = (body, extract_page(body, SOURCE.homepage + path, "text/html"))
    return found


def squeeze(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


@needs_womens_health
def test_womens_health_pages_that_are_no_guides_are_set_aside():
    judged = {}
    for path, (body, content) in pages().items():
        page = Page(path, path, 200, datetime.now(UTC), "text/html", body=body)
        if quarantine := judge_page(page, content, SOURCE):
            judged[path] = quarantine.reason
    assert judged == NO_GUIDES


@needs_womens_health
def test_womens_health_guides_hold_no_navigation():
    banned = (
        "An official website of the United States government",
        "Find a Health Center",
        "View A-Z health topics",
        "To receive email updates",
        "Return to top",
        "Popular Topics",
        "Skip to main content",
        "fact-sheet",
        "Page last updated",
    )
    leaked = [
        (path, line)
        for path, (_, content) in pages().items()
        if path not in NO_GUIDES
        for block in content.blocks
        for line in banned
        if line.lower() in block.text.lower()
    ]
    assert leaked == []


@needs_womens_health
def test_womens_health_storage_table_reads_alone():
    _, content = pages()["breastfeeding/pumping-and-storing-breastmilk.html"]
    rows = [block.text for block in content.blocks if block.kind is BlockKind.TABLE_ROW]
    assert rows[-1] == (
        "Thawed breastmilk; Room temperature (up to 77°F): 1 to 2 hours; Refrigerator (40°F):"
        " Up to 1 day (24 hours); Freezer (0°F or colder): Do not refreeze."
    )
    assert rows[5].startswith(
        "Place: Freezer; Temperature: 0°F or colder; How long: Within 6 months"
    )


@needs_womens_health
def test_womens_health_copies_of_one_page_read_the_same():
    one, two = (
        pages()[f"breastfeeding/learning-breastfeed/getting-good-latch{end}"][1]
        for end in (".html", "/index.html")
    )
    assert one.blocks == two.blocks
    assert one.canonical == two.canonical != ""


# --- pages with gold text ------------------------------------------------------------------------

_TOKEN = re.compile(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+")


def _grams(text: str) -> Counter[tuple[str, ...]]:
    tokens = _TOKEN.findall(text.lower())
    if not tokens:
        return Counter()
    return Counter(tuple(tokens[at : at + 4]) for at in range(max(1, len(tokens) - 3)))


def _f1(said: str, gold: str) -> float:
    found, wanted = _grams(said), _grams(gold)
    both = sum((found & wanted).values())
    return 2 * both / max(1, sum(found.values()) + sum(wanted.values()))


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)


def _ours(body: bytes, url: str) -> str:
    return "\n".join(block.text for block in extract_page(body, url).blocks)


def _default(body: bytes, url: str) -> str:
    import trafilatura

    return trafilatura.extract(body) or ""


def _score(read: Callable[[bytes, str], str]) -> dict[str, float]:
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in (EXTRACTION / "gold.jsonl").read_text("utf-8").splitlines()
    ]
    said = {
        row["id"]: read(
            (EXTRACTION / row["html"]).read_bytes(), row["url"] or "http://example.org/"
        )
        for row in rows
    }
    flat = {key: " ".join(text.split()).lower() for key, text in said.items()}

    def count(name: str) -> int:
        return sum(
            " ".join(snippet.split()).lower() in flat[row["id"]]
            for row in rows
            for snippet in row[name] or ()
        )

    return {
        "f1": _mean(_f1(said[row["id"]], row["main_content"]) for row in rows),
        "f1_zh": _mean(
            _f1(said[row["id"]], row["main_content"]) for row in rows if row["lang"] == "zh"
        ),
        "must_have": count("must_have"),
        "leaked": count("must_not_have"),
    }


@needs_extraction
@pytest.mark.slow
def test_extraction_is_better_than_trafilaturas_default_on_pages_with_gold_text():
    """Measured when written: .954 / .967 / 135 / 1 against .875 / .860 / 120 / 2. Nine of the ten
    snippets missed are not in the page as they are written (quotes, a table's bars, list numbers).
    """
    ours, default = _score(_ours), _score(_default)
    assert ours["f1"] >= default["f1"] + 0.05
    assert ours["f1_zh"] >= default["f1_zh"] + 0.05
    assert ours["must_have"] >= 134
    assert ours["leaked"] <= 3
