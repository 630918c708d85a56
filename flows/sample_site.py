"""The bundled sample site: staged to a folder, served on this machine while the demo runs."""

from __future__ import annotations

import calendar
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from os import utime
from pathlib import Path
from typing import Any

from stages.errors import ConfigError
from store.settings import SEEDS

SAMPLE_SITE = SEEDS / "sample_site"
SITE_HOST = "127.0.0.1"
SITE_PORT = 8765
"""The port the pages' own absolute addresses name."""


@dataclass(frozen=True, slots=True)
class ServedSite:
    """requests: every path that was asked for, in order."""

    base: str
    requests: list[str] = field(default_factory=list)


def stage_site(out: Path, base: str, is_later: bool = False) -> None:
    """Copy the site to out, replacing what is there, with its addresses pointing to base.

    is_later: as it is a month later. File times come from the sitemap, so that If-Modified-Since
    is answered as on a real site.
    """
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(SAMPLE_SITE / "site", out)
    if is_later:
        shutil.copytree(SAMPLE_SITE / "v2", out, dirs_exist_ok=True)
    files = [path for path in sorted(out.rglob("*")) if path.is_file()]
    for path in files:
        if path.suffix in {".html", ".xml", ".txt"}:
            address = f"http://{SITE_HOST}:{SITE_PORT}".encode()
            path.write_bytes(path.read_bytes().replace(address, base.encode()))
    dates = _read_dates((out / "sitemap.xml").read_text(encoding="utf-8"), base)
    for path in files:
        newest = max(dates.values()) if path.suffix == ".xml" else "2026-01-05"
        day = dates.get(path.relative_to(out).as_posix(), newest)
        when = calendar.timegm(time.strptime(f"{day} 09:00", "%Y-%m-%d %H:%M"))
        utime(path, (when, when))


@contextmanager
def serve_folder(folder: Path, port: int) -> Iterator[ServedSite]:
    """Serve folder on loopback while the block runs; port 0 takes any free one.

    Raises ConfigError when the port is in use.
    """
    requests: list[str] = []
    handler = partial(_Handler, requests, directory=str(folder))
    try:
        server = ThreadingHTTPServer((SITE_HOST, port), handler)
    except OSError as error:
        raise ConfigError(
            f"Port {port} on {SITE_HOST} is in use, and the sample site needs it. "
            "End what uses it, or choose another with --site-port."
        ) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="sample-site", daemon=True)
    thread.start()
    try:
        yield ServedSite(f"http://{SITE_HOST}:{server.server_port}", requests)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def write_sources(path: Path, base: str) -> None:
    """sample_sources.yaml with its addresses pointing to base."""
    text = (SEEDS / "sample_sources.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace(f"http://{SITE_HOST}:{SITE_PORT}", base), encoding="utf-8")


class _Handler(SimpleHTTPRequestHandler):
    """Notes each request instead of printing it."""

    def __init__(self, requests: list[str], *args: Any, **kwargs: Any) -> None:
        self._requests = requests
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        self._requests.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the run tells what it fetched."""


def _read_dates(sitemap: str, base: str) -> dict[str, str]:
    """`lastmod` by file name."""
    dates = {}
    for url, day in re.findall(r"<loc>(.*?)</loc>.*?<lastmod>(.*?)</lastmod>", sitemap, re.S):
        name = url[len(base) :].lstrip("/")
        dates[f"{name}index.html" if name.endswith("/") or not name else name] = day
    return dates
