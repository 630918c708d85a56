"""A publisher whose pages a test changes, and the line that crawls it day after day."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.sample_site import ServedSite
from flows.summary import RunSummary
from store.engine import Database
from store.pages import PageRole, list_pages
from store.users import add_user
from tests.flows.small_site import SECTIONS_EN, Place, write_sitemaps

SLEEP = SECTIONS_EN["sleep"]
TITLE = str(SLEEP["title"])
PARTS: dict[str, str] = dict(SLEEP["parts"])  # type: ignore[call-overload]


@dataclass(slots=True)
class Publisher:
    """A site whose files a test changes, and a place that crawls it."""

    folder: Path
    served: ServedSite
    place: Place
    changes: int = 0

    def write(self, slug: str, html: str) -> None:
        path = self.folder / "en" / f"{slug}.html"
        path.write_text(html, encoding="utf-8")
        self._date(path)

    def remove(self, slug: str) -> None:
        (self.folder / "en" / f"{slug}.html").unlink()

    def relist(self) -> None:
        write_sitemaps(self.folder, self.served.base)
        self._date(self.folder / "en" / "sitemap.xml")

    def _date(self, path: Path) -> None:
        """Servers date files to the second, and a test takes less: changes are seconds apart."""
        self.changes += 1
        later = time.time() + self.changes
        os.utime(path, (later, later))

    def run(self, stage: str = "procure", **asked: Any) -> RunSummary:
        self.served.requests.clear()
        return self.place.run(stage=stage, sources=("harbour",), **asked)

    def asked_for(self, slug: str) -> int:
        return self.served.requests.count(f"/en/{slug}.html")

    def role(self, slug: str) -> PageRole:
        with self.store() as db:
            pages = list_pages(db, "harbour")
        return next(row.role for row in pages if row.url.endswith(f"/{slug}.html"))

    def cards(self, *, is_live: bool = True) -> list[dict[str, Any]]:
        rows = self.place.content()["cards"]
        return [row for row in rows if (row["removed_at"] is None) is is_live]

    @contextmanager
    def store(self) -> Iterator[Database]:
        db = self.place.open()
        try:
            yield db
        finally:
            db.dispose()

    def somebody(self) -> int:
        with self.store() as db:
            return add_user(db, "robin", "hash").id
