"""`spoonful demo` with one guide only: `python -m tests.flows.demo_child PORT SITE_PORT`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from flows import cli, demo
from flows.sample_site import stage_site

KEPT = ("zh/fushi-tianjia.html", "index.html", "zh/index.html")


def stage_part(out: Path, base: str, is_later: bool = False) -> None:
    """The sample site without its crawl delay and most of its guides."""
    stage_site(out, base, is_later)
    for path in out.rglob("*.html"):
        if path.relative_to(out).as_posix() not in KEPT:
            path.unlink()
    robots = (out / "robots.txt").read_text(encoding="utf-8")
    (out / "robots.txt").write_text(robots.replace("Crawl-delay: 1", ""), encoding="utf-8")
    shutil.rmtree(out / "private", ignore_errors=True)


if __name__ == "__main__":
    demo.stage_site = stage_part
    port, site_port = sys.argv[1:]
    sys.argv[1:] = ["demo", "--no-browser", "--port", port, "--site-port", site_port]
    cli.main()
