"""Pictures of every page: `make pictures`, or `python -m tests.pictures [--only PAGE ...]`.

Each page of `review_ui.access` light, dark, on a telephone and in Chinese, of a desk in the middle
of a morning (`tests/review_ui/lived_data.py`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.responses import Response
from playwright.sync_api import sync_playwright
from sqlmodel import select

from review_ui.i18n import COOKIE
from review_ui.security import Cookies
from store.guides import remove_guide
from store.sessions import start_session
from store.settings import get_secret_key
from store.tables import PageRow, SourceRow
from tests.chromium import find_chromium, launch_args
from tests.review_ui.desk_data import XSS
from tests.review_ui.every_page import Shown, list_every_page
from tests.review_ui.lived_data import build_lived_desk
from tests.review_ui.serving import serve_desk

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext
    from playwright.sync_api import Response as PageResponse

    from tests.review_ui.desk_data import DeskData

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
MAX_HEIGHT = 844
"""A picture is for looking at a page, not for reading it to its end."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of looking at every page."""

    name: str
    width: int = 1280
    height: int = 800
    scheme: str = "light"
    lang: str = "en"


VARIANTS = (
    Variant("light"),
    Variant("dark", scheme="dark"),
    Variant("390", width=390, height=844),
    Variant("zh", lang="zh_Hans"),
)


def main(folder: Path = FOLDER, only: frozenset[str] = frozenset()) -> None:
    """only: names of pages, empty for all of them."""
    path = find_chromium()
    if path is None:
        sys.exit("pictures: no Chromium on this machine; `make chromium` as root installs one")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        desk, shelf = build_lived_desk(Path(home) / "home")
        tidy(desk)
        pages = [p for p in list_every_page(desk, shelf) if not only or p.name in only]
        browser = playwright.chromium.launch(executable_path=path, args=launch_args())
        with serve_desk(desk.settings) as address:
            for variant in VARIANTS:
                take_all(browser, address, desk, variant, pages, folder)
        browser.close()
        desk.db.dispose()


def tidy(desk: DeskData) -> None:
    """Without the hostile text that the tests need and no picture does."""
    remove_guide(desk.db, "river-health/evenings")
    with desk.db.write() as session:
        for table in (PageRow, SourceRow):
            for row in session.exec(select(table)):
                if XSS[:8] in str(row.model_dump()):
                    session.delete(row)


def take_all(
    browser: Browser,
    address: str,
    desk: DeskData,
    variant: Variant,
    pages: list[Shown],
    folder: Path,
) -> None:
    for is_open in (True, False):
        context = open_context(browser, address, variant)
        if not is_open:
            sign_in(context, desk, address)
        page = context.new_page()
        for shown in pages:
            if shown.is_open is not is_open:
                continue
            if not is_whole(page.goto(shown.path)):
                continue
            page.wait_for_load_state("networkidle")
            height = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size(
                {"width": variant.width, "height": max(variant.height, min(height, MAX_HEIGHT))}
            )
            target = folder / f"{shown.name}-{variant.name}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(squeeze(page.screenshot(animations="disabled")))
            page.set_viewport_size({"width": variant.width, "height": variant.height})
        context.close()


def is_whole(response: PageResponse | None) -> bool:
    """Whether a page came, and not a part of one. Fails when the desk did."""
    assert response is None or response.status < 500, response.url
    return response is not None and "<html" in response.text()[:200]


def squeeze(png: bytes) -> bytes:
    """The same picture, packed as tightly as zlib can."""
    chunks, at = [], 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        chunks.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + size]))
        at += 12 + size
    packed = zlib.compress(
        zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT")), 9
    )
    kept = [chunk for chunk in chunks if chunk[0] != b"IDAT"]
    kept.insert(-1, (b"IDAT", packed))
    return png[:8] + b"".join(
        len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)
        for kind, body in kept
    )


def open_context(
    browser: Browser, address: str, variant: Variant, **options: Any
) -> BrowserContext:
    """Signed out, speaking the variant's language."""
    context = browser.new_context(
        base_url=address,
        color_scheme=variant.scheme,  # type: ignore[arg-type]
        viewport={"width": variant.width, "height": variant.height},
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
        **options,
    )
    context.add_cookies([{"name": COOKIE, "value": variant.lang, "url": address}])
    return context


def sign_in(context: BrowserContext, desk: DeskData, address: str, user_id: int = 1) -> None:
    """Without the form, whose password check is slow on purpose."""
    response = Response()
    token = start_session(desk.db, user_id, 12, AGENT, "192.0.2.7")
    Cookies(get_secret_key(desk.settings), is_https=False).write(response, "session", token, None)
    name, _, rest = response.headers["set-cookie"].partition("=")
    context.add_cookies([{"name": name, "value": rest.partition(";")[0], "url": address}])


def read_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=FOLDER, help="where they go (%(default)s)"
    )
    parser.add_argument(
        "--only", nargs="+", metavar="PAGE", default=[], help="these pages, instead of all"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    given = read_arguments()
    main(given.folder, frozenset(given.only))
