"""Extraction and judgement on the bundled sample site, against what its site.yaml promises."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.procure.extract import extract_page
from stages.procure.guide import build_guide
from stages.procure.judge import judge_page
from stages.types import (
    BlockKind,
    CalloutKind,
    Page,
    PageContent,
    Quarantine,
    QuarantineReason,
    Reuse,
    Source,
)

SITE = Path(__file__).parents[2] / "seeds" / "sample_site"
EXPECTED = yaml.safe_load((SITE / "site.yaml").read_text(encoding="utf-8"))
BASE = EXPECTED["site"]["base_url"]
PAGES: dict[str, dict[str, Any]] = {
    page["path"]: page for page in EXPECTED["pages"] if page.get("file")
}
GUIDES = [path for path, page in PAGES.items() if page["kind"] == "guide"]
SOURCE = Source(
    id="sample",
    publisher="Harbour",
    homepage=f"{BASE}/",
    languages=("en", "zh-Hans"),
    reuse=Reuse.ADAPT_OK,
    licence="as each page says",
    licence_url="",
    attribution="Harbour",
    page_reuse={f"{BASE}/development/milestones.html": Reuse.LINK_ONLY},
    page_licence_required=True,
)


def flat(text: str) -> str:
    return re.sub(r"[\s\u00a0]+", " ", text).strip()


@cache
def content(path: str, folder: str = "") -> PageContent:
    name = PAGES[path]["file"]
    file = SITE / (name.replace("site/", f"{folder}/", 1) if folder else name)
    return extract_page(file.read_bytes(), BASE + path, "text/html")


def text(path: str) -> str:
    found = content(path)
    return flat(found.title) + "\n" + "\n".join(flat(block.text) for block in found.blocks)


def judged(path: str) -> Quarantine | None:
    body = (SITE / PAGES[path]["file"]).read_bytes()
    page = Page(BASE + path, BASE + path, 200, datetime.now(UTC), "text/html", body=body)
    return judge_page(page, content(path), SOURCE)


@pytest.mark.parametrize("path", PAGES)
def test_site_page_keeps_all_that_must_appear(path):
    page = PAGES[path]
    wanted = [
        *page.get("must_appear", []),
        *(row["text"] for row in page.get("must_appear_hard", [])),
    ]
    assert [line for line in wanted if flat(line) not in text(path)] == []


@pytest.mark.parametrize("path", PAGES)
def test_site_page_passes_on_no_boilerplate_and_no_injection(path):
    page = PAGES[path]
    assert [line for line in page.get("must_not_appear", []) if flat(line) in text(path)] == []
    injected = [row["text"] for row in page.get("injections", [])]
    assert [line for line in injected if flat(line).lower() in text(path).lower()] == []


@pytest.mark.parametrize("path", GUIDES)
def test_site_guide_has_its_headings_with_their_levels(path):
    found = content(path)
    headings = [(1, flat(found.title))] + [
        (block.level, flat(block.text)) for block in found.blocks if block.kind is BlockKind.HEADING
    ]
    missing = [
        row
        for row in PAGES[path]["headings"]
        # The notes stand behind the lines that refer to them, so their heading is gone.
        if row["text"] != "Notes"
        and not any(level == row["level"] and flat(row["text"]) in line for level, line in headings)
    ]
    assert missing == []


@pytest.mark.parametrize("path", GUIDES)
def test_site_guide_has_its_metadata(path):
    page, found = PAGES[path], content(path)
    lang = {"zh-CN": "zh-Hans", "zh-Hans": "zh-Hans"}.get(page["lang"], "en")
    assert (found.title, found.lang, found.reviewed) == (page["title"], lang, page["last_reviewed"])
    assert flat(page["licence_line"]) in flat(found.licence)
    canonical = page["canonical"]
    assert found.canonical == (canonical if canonical.startswith("http") else BASE + canonical)
    assert found.lost == ()


@pytest.mark.parametrize("path", GUIDES)
def test_site_guide_is_judged_a_guide(path):
    assert judged(path) is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/guides/teething-gels.html", QuarantineReason.SOFT_404),
        ("/zh/gbk-notice.html", QuarantineReason.NO_LICENCE),
        ("/zh/index.html", QuarantineReason.NOT_A_GUIDE),
        ("/index.html", QuarantineReason.NOT_A_GUIDE),
    ],
)
def test_site_trap_is_set_aside(path, reason):
    quarantine = judged(path)
    assert quarantine is not None
    assert quarantine.reason is reason
    assert quarantine.evidence


def test_site_injections_are_kept_as_evidence():
    page = PAGES["/community/choosing-bottles.html"]
    hidden = [flat(line) for line in content(page["path"]).hidden]
    # The last vector is a reader's comment: visible, so dropped as a comment, not as hidden text.
    wanted = [flat(row["text"]) for row in page["injections"] if "reader" not in row["vector"]]
    assert [line for line in wanted if not any(line in other for other in hidden)] == []


def test_site_multi_page_guide_names_its_parts_and_no_other_page_does():
    one, two = (f"{BASE}/parents/postpartum-recovery{end}.html" for end in ("", "-2"))
    named = {
        path: (content(path).next_url, content(path).prev_url)
        for path in GUIDES
        if content(path).next_url or content(path).prev_url
    }
    assert named == {
        "/parents/postpartum-recovery.html": (two, ""),
        "/parents/postpartum-recovery-2.html": ("", one),
    }


def test_site_multi_page_guide_is_one_guide():
    paths = ["/parents/postpartum-recovery.html", "/parents/postpartum-recovery-2.html"]
    urls = [BASE + path for path in paths]
    guide = build_guide(SOURCE, urls[0], [content(path) for path in paths], urls)
    assert guide.title == PAGES[paths[0]]["title"]
    assert guide.page_urls == tuple(urls)
    assert guide.reuse is Reuse.ADAPT_OK
    assert all(guide.text[block.start : block.end] == block.text for block in guide.blocks)
    for path in paths:
        assert all(flat(line) in guide.text for line in PAGES[path]["must_appear"])
    lists = [block.group for block in guide.blocks if block.kind is BlockKind.LIST_ITEM]
    assert lists == sorted(lists)


def test_site_page_licence_overrides_the_sources():
    url = f"{BASE}/development/milestones.html"
    guide = build_guide(SOURCE, url, [content("/development/milestones.html")], [url])
    assert guide.reuse is Reuse.LINK_ONLY


def test_site_print_copy_reads_like_the_original():
    def words(path: str) -> list[str]:
        return [block.text for block in content(path).blocks]

    original = words("/guides/safe-sleep.html")
    assert words("/guides/safe-sleep.html?print=1") == original
    assert len(set(words("/print/safe-sleep.html")) & set(original)) >= 0.9 * len(set(original))
    assert content("/print/safe-sleep.html").canonical == f"{BASE}/guides/safe-sleep.html"


def test_site_boxes_have_their_kind():
    def kinds(path: str, start: str) -> CalloutKind:
        return next(block.callout for block in content(path).blocks if block.text.startswith(start))

    assert kinds("/health/fever-and-medicines.html", "is blue, grey") is CalloutKind.WHEN_TO_CALL
    assert kinds("/feeding/preparing-formula.html", "Never add extra") is CalloutKind.WARNING
    assert kinds("/pregnancy/eating-well.html", "Listeria") is CalloutKind.WARNING
    assert kinds("/feeding/starting-solids.html", "Call 999") is CalloutKind.WHEN_TO_CALL
    assert kinds("/zh/fushi-tianjia.html", "马上拨打120") is CalloutKind.WHEN_TO_CALL
    assert kinds("/guides/safe-sleep.html", "On the back for") is CalloutKind.TIP
    assert kinds("/guides/safe-sleep.html", "A room between") is CalloutKind.NONE


def test_site_rows_read_alone():
    rows = [block.text for block in content("/guides/breastfeeding-first-weeks/").blocks
            if block.kind is BlockKind.TABLE_ROW]  # fmt: skip
    assert rows[0] == (
        "Age: Day 1–2; Wet nappies: 1–2 or more;"
        " Dirty nappies: 1 or more, black and sticky (meconium)"
    )
    assert rows[-1] == (
        "Type of milk: Left over from a feed; Room, up to 25°C (77°F) / Fridge, 4°C (40°F) /"
        " Freezer, −18°C (0°F): Use within 2 hours of the end of the feed, then throw away"
    )


@pytest.mark.parametrize("page", EXPECTED["v2"]["pages"], ids=lambda page: page["change"])
def test_site_later_version_changes_the_named_paragraphs_only(page):
    before = [block.text for block in content(page["path"]).blocks]
    after = [block.text for block in content(page["path"], "v2").blocks]
    assert [flat(line) for line in before if line not in after] == page["paragraphs_removed"]
    assert [flat(line) for line in after if line not in before] == page["paragraphs_added"]
