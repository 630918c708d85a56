"""Pages made to stop extraction: every one is read within seconds, or read in part."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc

import pytest

from stages.procure.extract import extract_page
from stages.procure.hidden import remove_hidden
from stages.procure.markup import parse_html

URL = "https://example.org/guides/milk"
P = b"<p>Milk keeps for four hours in a room.</p>"
HOSTILE = {
    "nested boxes": b"<div>" * 200_000 + P,
    "nested and closed": b"<div><p>" * 200_000 + b"x" + b"</p></div>" * 200_000,
    "names of a megabyte": b'<div class="'
    + b"warn-x " * 150_000
    + b'" id="'
    + b"a" * 10**6
    + b'">',
    "style rules": b"<style>"
    + b"".join(b".c%d .a%d{color:#%06x}" % (n % 50, n, n) for n in range(100_000))
    + b"</style>"
    + b"".join(b'<p class="c%d a%d">Milk</p>' % (n % 50, n) for n in range(3_000)),
    "the same rule": b"<style>"
    + b".a .a .a{color:#111}" * 100_000
    + b"</style>"
    + b"<div class=a>" * 100
    + b"<p class=a>Milk</p>" * 3_000,
    "open braces": b"<style>" + b"@media{" * 100_000 + b"{" * 100_000 + b"</style>" + P,
    "open comments": b"<style>" + b"/*" * 150_000 + b"</style>" + P,
    "white on white": b'<p style="color:white">Milk</p>' * 10_000,
    "line breaks": b"<p>" + b"Milk<br>" * 30_000 + b"</p>",
    "signs of lists": b"<p>" + "• x<br>- y<br>".encode() * 6_000 + b"</p>",
    "lines that are notes": b"".join(b"<p>* note %d*</p>" % n for n in range(8_000)),
    "marks": b"<p>Milk" + b"<sup>1</sup>" * 8_000 + b"</p><p><sup>1</sup> note</p>",
    "marks in brackets": b"<p>" + b"a[1]" * 50_000 + b"</p><p>[1] x</p>",
    "linked notes": b"".join(
        b"<p>Milk<sup><a href=#n%d>%d</a></sup></p><li id=n%d>Note</li>" % (n, n % 99, n)
        for n in range(2_500)
    ),
    "licence words": b"<div>cop " * 200 + b"<p>under the cc by licen reserved</p>" * 4_000,
    "data without end": b"<script type=application/ld+json>" + b"[" * 200_000 + b"</script>" + P,
    "control characters": b"<p>\x00\x07&#7;&#1;Milk</p>" * 8_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_page_costs_seconds_at_most(name):
    started = time.process_time()
    content = extract_page(HOSTILE[name], URL)
    assert time.process_time() - started < 5.0
    assert all(block.text for block in content.blocks)


@pytest.mark.slow
def test_table_of_sixty_thousand_rows_is_kept_whole_within_time_and_memory():
    rows = b"".join(b"<tr><td>Age %d</td><td>%d ml*</td></tr>" % (n, n) for n in range(60_000))
    body = b"<main><h1>T</h1><table>" + rows + b"</table><p>* A day.</p></main>"
    started = time.process_time()
    content = extract_page(body, URL)
    assert time.process_time() - started < 8.0
    assert len(content.blocks) == 60_001
    assert content.blocks[1].text == "* A day."


def test_names_of_a_megabyte_are_not_kept_in_memory():
    pages = [
        b'<div class="%d ' % n + b"x" * 10**6 + b'" id="%d ' % n + b"y" * 10**6 + b'">' + P
        for n in range(6)
    ]
    tracemalloc.start()
    for page in pages:
        remove_hidden(parse_html(page.decode()))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 2_000_000


_READS = """
import sys
from pathlib import Path
from stages.procure.extract import extract_page
for path in sorted(Path(sys.argv[1]).iterdir()):
    extract_page(path.read_bytes(), "https://example.org/")
status = Path("/proc/self/status").read_text()
print(status.partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.skipif(
    sys.platform != "linux", reason="a peak of this process alone is told by Linux only"
)
def test_process_that_reads_hostile_pages_stays_under_300_mb(tmp_path):
    bodies = [
        b"<div><p>" * 250_000 + P,
        b"".join(b"<div class='%d %s'>x</div>" % (n, b"warn" * 5_000) for n in range(100)) + P,
        b"<p>" + b"Milk<br>" * 60_000,
        b"<li>a" * 80_000,
        b"<!-- " + b"milk " * 400_000 + b"-->" + P,
        b"<b>" + b"x " * 1_000_000,
    ]
    for number, body in enumerate(bodies):
        (tmp_path / f"{number}.html").write_bytes(body)
    child = [sys.executable, "-c", _READS, str(tmp_path)]
    told = subprocess.run(child, capture_output=True, text=True, timeout=60, check=True).stdout
    assert int(told) < 300 * 1024
