"""Every page in a real browser: axe-core, the telephone, the order in which the Tab key goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from review_ui.assets import NODE_MODULES
from review_ui.i18n import COOKIE, LANGUAGES
from tests.pictures import is_whole, sign_in
from tests.review_ui.desk_data import DeskData
from tests.review_ui.every_page import Shown, list_every_page
from tests.review_ui.lived_data import build_lived_desk
from tests.review_ui.serving import serve_desk

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = NODE_MODULES / "axe-core" / "axe.min.js"
TELEPHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
RUN = """async (only) => {
  const rules = only ? { runOnly: { type: "rule", values: only } } : {};
  const { violations } = await axe.run(document, { resultTypes: ["violations"], ...rules });
  return violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ target, any }) =>
    `${id}: ${target.join(" ")} ${any.map(({ message }) => message).join(" ").slice(0, 160)}`));
}"""
OPEN_FOLDS = "for (const fold of document.querySelectorAll('details:not(.menu)')) fold.open = true"
TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 3).map((element) => `${element.tagName} ${element.className}`)"""

PLACE = """() => {
  const at = document.activeElement;
  const { width, height } = at.getBoundingClientRect();
  const style = getComputedStyle(at);
  if (width < 2 || height < 2 || style.visibility === "hidden")
    return `unseen ${at.outerHTML.slice(0, 80)}`;
  if (at.matches(".skip")) return "skip";
  if (at.closest(".bar")) return "bar";
  return at.closest("main") ? "main" : at.tagName;
}"""

Lived = tuple[DeskData, tuple[Shown, ...], str]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """A desk in the middle of a morning, its pages, its address."""
    desk, shelf = build_lived_desk(tmp_path_factory.mktemp("lived") / "home")
    with serve_desk(desk.settings) as address:
        yield desk, list_every_page(desk, shelf), address
    desk.db.dispose()


@pytest.fixture(scope="module")
def walk(lived: Lived, browser: Browser) -> Iterator[Callable[..., Iterator[tuple[Shown, Page]]]]:
    """Function that opens every page, one after the other, in a language."""
    desk, pages, address = lived
    contexts = []

    def open_all(lang: str, **options: Any) -> Iterator[tuple[Shown, Page]]:
        for is_open in (True, False):
            context = browser.new_context(base_url=address, bypass_csp=True, **options)
            contexts.append(context)
            context.add_init_script(path=AXE)
            context.add_cookies([{"name": COOKIE, "value": lang, "url": address}])
            if not is_open:
                sign_in(context, desk, address)
            page = context.new_page()
            for shown in pages:
                if shown.is_open is is_open and is_whole(page.goto(shown.path)):
                    yield shown, page

    yield open_all
    for context in contexts:
        context.close()


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: `make setup`")
@pytest.mark.parametrize("lang", list(LANGUAGES))
def test_axe_finds_nothing_on_any_page_and_nothing_is_wider_than_a_telephone(
    lang: str, walk: Callable[..., Iterator[tuple[Shown, Page]]]
) -> None:
    """In both themes, with every fold open."""
    found: dict[str, list[str]] = {}
    for shown, page in walk(lang, viewport=DESKTOP, reduced_motion="reduce"):
        said = []
        page.evaluate(OPEN_FOLDS)
        for scheme, rules in (("light", None), ("dark", ["color-contrast"])):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            said += [f"{scheme}: {line}" for line in page.evaluate(RUN, rules)]
        page.set_viewport_size(TELEPHONE)
        said += [f"too wide: {line}" for line in page.evaluate(TOO_WIDE)]
        page.set_viewport_size(DESKTOP)
        if said:
            found[shown.name] = said
    assert found == {}


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: `make setup`")
@pytest.mark.parametrize("width", [DESKTOP, TELEPHONE], ids=["desktop", "telephone"])
def test_axe_finds_nothing_in_open_menus(
    width: dict[str, int], walk: Callable[..., Iterator[tuple[Shown, Page]]], lived: Lived
) -> None:
    page = next(page for shown, page in walk("en", viewport=width) if shown.path == "/groups")
    for menu in page.locator("details.menu").all():
        if menu.is_visible():
            menu.locator("summary").click()
            assert menu.locator(".menu-sheet").is_visible()
            assert page.evaluate(RUN) == []
            page.keyboard.press("Escape")
            assert not menu.locator(".menu-sheet").is_visible()
            assert menu.locator("summary").evaluate("(node) => node === document.activeElement")


def test_axe_would_find_something(walk: Callable[..., Iterator[tuple[Shown, Page]]]) -> None:
    page = next(page for shown, page in walk("en") if shown.path == "/groups")
    page.evaluate("document.querySelector('h1').style.color = '#ccc'")
    assert [line.split(":")[0] for line in page.evaluate(RUN)] == ["color-contrast"]


def test_tab_goes_from_skip_link_through_the_bar_to_the_page(
    walk: Callable[..., Iterator[tuple[Shown, Page]]],
) -> None:
    """On every page: nothing jumps ahead of the bar, and nothing that has the focus is hidden."""
    wrong = {}
    for shown, page in walk("en", viewport=DESKTOP):
        page.evaluate("document.body.tabIndex = -1; document.body.focus()")
        order: list[str] = []
        for _ in range(16):
            page.keyboard.press("Tab")
            place = page.evaluate(PLACE)
            order += [place] if order[-1:] != [place] else []
        parts = ["skip", "bar", "main"] if page.locator(".bar").count() else ["skip", "main"]
        if order[: len(parts)] != parts:
            wrong[shown.name] = order
    assert wrong == {}
