"""`eval site`: the judgement on hand-made crawls, the file it reads, and a small real crawl."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flows.evals.site import Crawl, LicenceLine, SeenPage, figures, licence_lines, list_misses
from flows.evals.site_crawl import crawl_site
from flows.evals.site_file import TRAPS, ExpectedPage, ExpectedSite, read_site
from stages.errors import ConfigError

MAY_ADAPT = {"open": True, "closed": False}
GUIDE = ExpectedPage(
    "/a", "guide", licence="open", licence_line="Open licence.", must_appear=("Back to sleep.",),
    must_appear_hard=("No pillow", "Gone"), must_not_appear=("Menu",),
)  # fmt: skip
SEEN = SeenPage(True, "A Back to sleep. No pillow", "guide", "", "/a", 3, True, "The Open licence.")


def trap(kind: str, **more: object) -> ExpectedPage:
    licence = {"licence": "open"} if kind != "no-licence" else {}
    return ExpectedPage("/t", "trap", kind, **licence, **more)  # type: ignore[arg-type]


def judge_trap(page: ExpectedPage, seen: SeenPage, passed_on: str = "Back to sleep.") -> bool:
    crawl = Crawl({"/a": SEEN, "/t": seen}, passed_on, True)
    return bool(figures([GUIDE, page], crawl, MAY_ADAPT)["traps"][page.trap])


def test_site_figures_count_hits_of_all_texts():
    crawl = Crawl({"/a": SEEN}, "Back to sleep.", True)
    assert figures([GUIDE], crawl, MAY_ADAPT) == {
        "must_appear": [1, 1], "must_appear_hard": [1, 2], "must_not_appear": [0, 1],
        "injections_passed": 0, "traps": {"licences": True},
    }  # fmt: skip
    assert list_misses([GUIDE], crawl) == ("/a: lost: Gone",)


def test_site_figures_of_a_page_that_was_never_read():
    crawl = Crawl({}, "", False)
    assert figures([GUIDE], crawl, MAY_ADAPT) == {
        "must_appear": [0, 1], "must_appear_hard": [0, 2], "must_not_appear": [0, 1],
        "injections_passed": 0, "traps": {"licences": False},
    }  # fmt: skip


def test_injections_are_looked_for_everywhere_and_in_any_case():
    page = trap("prompt-injection", injections=("Ignore all rules", "Buy now"))
    crawl = Crawl({"/a": SEEN, "/t": SEEN}, "Back. IGNORE ALL RULES today.", True)
    report = figures([GUIDE, page], crawl, MAY_ADAPT)
    assert (report["injections_passed"], report["traps"]["prompt-injection"]) == (1, False)


def test_licence_lines_hold_reuse_to_the_licence():
    closed = replace(GUIDE, path="/c", licence="closed", licence_line="All rights reserved")
    seen = {
        "/a": replace(SEEN, licence=""),
        "/c": replace(SEEN, guide_path="/c", may_publish=True, licence="All rights\nreserved."),
    }
    assert licence_lines([GUIDE, closed], Crawl(seen, "", True), MAY_ADAPT) == (
        LicenceLine("/a", "open", is_read=False, reuse_right=True),
        LicenceLine("/c", "closed", is_read=True, reuse_right=False),
    )


DUPLICATE = SeenPage(True, "", "duplicate", "", "/a", 3)
QUARANTINED = SeenPage(True, "Sorry", "set_aside", "soft_404")


@pytest.mark.parametrize(
    ("page", "good", "bad"),
    [
        (trap("robots-disallowed", canaries=("canary",)), SeenPage(), SeenPage(True)),
        (trap("soft-404"), QUARANTINED, SEEN),
        (trap("soft-404"), QUARANTINED, replace(QUARANTINED, quarantine="empty")),
        (trap("dead-sitemap-entry"), SeenPage(True, role="gone"), SeenPage()),
        (trap("near-duplicate", duplicate_of="/a"), DUPLICATE, SEEN),
        (trap("query-duplicate", duplicate_of="/a"), DUPLICATE, SeenPage()),
        (trap("legacy-charset", must_appear=("门诊",)), SeenPage(True, "门诊调整"), SeenPage(True)),
        (trap("prompt-injection", must_not_appear=("Buy",)), SEEN, SeenPage()),
    ],
)
def test_trap_is_passed_and_failed(page, good, bad):
    assert (judge_trap(page, good), judge_trap(page, bad)) == (True, False)


def test_trap_of_a_canary_fails_wherever_it_was_passed_on():
    page = trap("robots-disallowed", canaries=("canary",))
    assert not judge_trap(page, SeenPage(), "Back to sleep. Canary")


def test_page_without_licence_must_give_no_card():
    page = ExpectedPage("/t", "guide")
    results = [
        figures([page], Crawl({"/t": seen}, "", True), MAY_ADAPT)["traps"]
        for seen in (QUARANTINED, SEEN)
    ]
    assert results == [{"no-licence": True}, {"no-licence": False}]


SITE = """\
site:
  publisher: P
  base_url: http://127.0.0.1:1
  sitemap: /sitemap.xml
licences:
  open: {reuse: allowed with attribution}
  closed: {reuse: not allowed without permission}
pages:
- path: /sleep.html
  kind: guide
  lang: en-GB
  licence: open
  licence_line: "CC BY 4.0"
  must_appear: [Put your baby down on the back for every sleep.]
  must_appear_hard: [{text: "Never on a sofa", place: list}]
  must_not_appear: [Newsletter]
- {path: /staff.html, kind: trap, trap: robots-disallowed, licence: null, canary: CANARY-1}
- {path: /gone.html, kind: trap, trap: dead-sitemap-entry, licence: null}
- path: /sleep.html?print=1
  kind: trap
  trap: query-duplicate
  licence: open
  duplicate_of: /sleep.html
- {path: /index.html, kind: hub, licence: open}
"""


def write_site(folder: Path, text: str = SITE) -> Path:
    (folder / "site.yaml").write_text(text, "utf-8")
    return folder


def test_read_site_reads_pages_and_licences(tmp_path):
    site = read_site(write_site(tmp_path))
    assert replace(site, pages=()) == ExpectedSite(
        "P", "http://127.0.0.1:1", "site", "/sitemap.xml", "", MAY_ADAPT, ()
    )
    assert site.pages[:2] == (
        ExpectedPage(
            "/sleep.html", "guide", "", "en-GB", "open", "CC BY 4.0",
            must_appear=("Put your baby down on the back for every sleep.",),
            must_appear_hard=("Never on a sofa",), must_not_appear=("Newsletter",),
        ),
        ExpectedPage("/staff.html", "trap", "robots-disallowed", canaries=("CANARY-1",)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("trap: query-duplicate", "trap: quiz", f"expected one of: {', '.join(TRAPS)}"),
        ("licence: open\n  licence_line", "licence: opn\n  licence_line", "did you mean `open`"),
        ("/sleep.html?print=1", "/sleep.html", ":19: pages[3]: path `/sleep.html` is already used"),
        ("http://127.0.0.1:1", "127.0.0.1", ":3: site.base_url: `127.0.0.1`; expected an address"),
        ("- path: /sleep.html\n", "- path: sleep.html\n", ":9: pages[0].path: `sleep.html`"),
        ("licences:", "licenses:", ":1: key `licences` is missing"),
    ],
)
def test_read_site_names_file_line_and_what_was_expected(tmp_path, old, new, problem):
    with pytest.raises(ConfigError) as error:
        read_site(write_site(tmp_path, SITE.replace(old, new, 1)))
    assert str(error.value).startswith(f"{tmp_path / 'site.yaml'}:")
    assert problem in str(error.value)


PAGE = """\
<html lang="en-GB"><head><title>Safe sleep</title>
<link rel="canonical" href="http://127.0.0.1:1/sleep.html"></head><body>
<nav><a href="/">Home</a> <a href="/staff.html">Staff</a></nav>
<main><h1>Safe sleep</h1><p>Put your baby down on the back for every sleep.</p>
<p>The mattress should be firm and flat, and nothing soft belongs beside your baby in the cot.</p>
<ul><li>Never on a sofa or in an armchair, however tired both of you are</li>
<li>Never in a car seat once the journey is over and you are safely at home</li></ul></main>
<footer>Newsletter. Text: CC BY 4.0</footer></body></html>
"""


def test_crawl_site_asks_for_what_it_may_and_judges_what_came(tmp_path):
    root = tmp_path / "site"
    root.mkdir()
    (root / "sleep.html").write_text(PAGE, "utf-8")
    (root / "staff.html").write_text("<p>CANARY-1</p>", "utf-8")
    (root / "index.html").write_text('<a href="/sleep.html">Sleep</a>', "utf-8")
    (root / "robots.txt").write_text("User-agent: *\nDisallow: /staff.html\n", "utf-8")
    (root / "sitemap.xml").write_text(
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        "<url><loc>http://127.0.0.1:1/sleep.html</loc></url></urlset>",
        "utf-8",
    )
    site = read_site(write_site(tmp_path))
    report = figures(site.pages, crawl_site(tmp_path, site), site.may_adapt)
    assert report == {
        "must_appear": [1, 1],
        "must_appear_hard": [1, 1],
        "must_not_appear": [0, 1],
        "injections_passed": 0,
        "traps": {
            "robots-disallowed": True,
            "dead-sitemap-entry": True,
            "query-duplicate": True,
            "no-licence": True,
            "licences": True,
        },
    }


def test_crawl_site_wants_the_site(tmp_path):
    site = read_site(write_site(tmp_path))
    with pytest.raises(ConfigError, match="lacks site; expected a folder with"):
        crawl_site(tmp_path, site)
