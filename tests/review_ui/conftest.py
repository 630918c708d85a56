"""A desk of its own for every test, and people at it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.responses import Response
from fastapi.testclient import TestClient

from review_ui.app import create_app
from review_ui.security import Cookies
from store.engine import open_database
from store.sessions import start_session
from store.settings import get_secret_key
from tests.review_ui.desk_data import PASSWORD, DeskData, build_desk, settings_for
from tests.review_ui.serving import serve_desk
from tests.review_ui.shelf_data import ShelfData, add_shelf
from tests.review_ui.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="session")
def built_desk(tmp_path_factory: pytest.TempPathFactory) -> DeskData:
    """Built once; tests get copies."""
    desk = build_desk(tmp_path_factory.mktemp("desk") / "home")
    desk.db.dispose()
    return desk


@pytest.fixture
def desk(
    request: pytest.FixtureRequest, built_desk: DeskData, tmp_path: Path
) -> Iterator[DeskData]:
    """A copy of its own; of the desk after all that, for a test that also asks for `shelf`."""
    built = built_desk
    if "shelf" in request.fixturenames:
        built, _ = request.getfixturevalue("built_shelf")
    yield from copy_desk(built, tmp_path / "home")


@pytest.fixture(scope="session")
def built_shelf(
    built_desk: DeskData, tmp_path_factory: pytest.TempPathFactory
) -> tuple[DeskData, ShelfData]:
    """The desk after what may happen to pages and sources has happened; built once."""
    for desk in copy_desk(built_desk, tmp_path_factory.mktemp("shelf") / "home"):
        shelf = add_shelf(desk)
    return desk, shelf


@pytest.fixture
def shelf(built_shelf: tuple[DeskData, ShelfData], desk: DeskData) -> ShelfData:
    """Says that the test's desk is the one on which all that has happened."""
    return built_shelf[1]


def copy_desk(built: DeskData, home: Path) -> Iterator[DeskData]:
    shutil.copytree(built.settings.home_path, home)
    settings = settings_for(home)
    db = open_database(settings.effective_database_url)
    yield DeskData(settings, db, built.run_id, built.cards)
    db.dispose()


@pytest.fixture
def visit(desk: DeskData) -> Iterator[Callable[[], Visitor]]:
    """Function that opens another browser on one running application."""
    app = create_app(desk.settings)
    opened: list[TestClient] = []

    def open_browser() -> Visitor:
        client = TestClient(app, follow_redirects=False, raise_server_exceptions=False)
        opened.append(client)
        return Visitor(client)

    yield open_browser
    for client in opened:
        client.close()
    app.state.services.db.dispose()


@pytest.fixture
def guest(visit: Callable[[], Visitor]) -> Visitor:
    return visit()


@pytest.fixture
def mara(visit: Callable[[], Visitor], desk: DeskData) -> Visitor:
    return give_session(visit(), desk, 1)


@pytest.fixture
def lin(visit: Callable[[], Visitor], desk: DeskData) -> Visitor:
    return give_session(visit(), desk, 2)


@pytest.fixture
def address(desk: DeskData) -> Iterator[str]:
    """A running desk."""
    with serve_desk(desk.settings) as served:
        yield served


def open_intercepted(new_page: Callable[..., Page], address: str, options: dict[str, Any]) -> Page:
    """A page whose requests the browser holds up from the first one on.

    Where `page.route` is what begins that, a request of the next moment may slip past it: about
    one in forty did on a busy machine.
    """
    page = new_page(base_url=address, **options)
    page.route("**/asked-for-by-no-page", lambda route: route.abort())
    return page


@pytest.fixture
def open_desk(address: str, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """Function that signs mara in, in a browser of her own; options are the context's."""

    def sign_in(**options: Any) -> Page:
        page = open_intercepted(new_page, address, options)
        page.goto("/signin")
        page.wait_for_selector("#name:focus")
        page.keyboard.type("mara")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/queue")
        return page

    return sign_in


@pytest.fixture
def enter_desk(address: str, new_page: Callable[..., Page], desk: DeskData) -> Callable[..., Page]:
    """As `open_desk`, for any person, without the form: its password check is slow on purpose."""

    def enter(user_id: int = 1, **options: Any) -> Page:
        page = open_intercepted(new_page, address, options)
        response = Response()
        cookies = Cookies(get_secret_key(desk.settings), is_https=False)
        cookies.write(response, "session", start_session(desk.db, user_id, 12), None)
        name, _, rest = response.headers["set-cookie"].partition("=")
        page.context.add_cookies([{"name": name, "value": rest.partition(";")[0], "url": address}])
        return page

    return enter


def give_session(visitor: Visitor, desk: DeskData, user_id: int) -> Visitor:
    """Signed in without the form: its password check is slow on purpose."""
    response = Response()
    token = start_session(desk.db, user_id, 12)
    visitor.client.app.state.services.cookies.write(response, "session", token, None)  # type: ignore[attr-defined]
    name, _, rest = response.headers["set-cookie"].partition("=")
    visitor.client.cookies[name] = rest.partition(";")[0]
    return visitor
