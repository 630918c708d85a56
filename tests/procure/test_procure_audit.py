"""An audit of extraction that shares nothing with it: the raw women's health pages are read with
another parser and by rules written for that one site, and every list item, cell and call-out of
the main article must be in the blocks.

The pages lie beside the checkout (`../shared/corpus`); where they do not, this is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from stages.procure.extract import extract_page

SITE = Path(__file__).parents[3] / "shared" / "corpus" / "womenshealth-gov"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
# A landing page, a page for what is not there, and a redirect: they hold no article.
NO_ARTICLE = ("breastfeeding.html", "pregnancy/index.html", "staying-healthy-safe.html")
GUIDES = [path for path in PAGES if not path.endswith(tuple(f"/{name}" for name in NO_ARTICLE))]
HEADINGS = ("h1", "h2", "h3", "h4")
# A call-out is a box of its own: a quotation, a note, or a table of a single cell.
BOXES = ("aside", "blockquote", "figure", "figcaption", "dd", "dt", "caption", "summary")

pytestmark = pytest.mark.skipif(
    not PAGES, reason="the women's health pages are not on this machine"
)


def squeeze(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


@cache
def read(path: str) -> tuple[Tag, str]:
    """(main article, all that the blocks say)."""
    body = (SITE / path).read_bytes()
    soup = BeautifulSoup(body, "html.parser")
    main = soup.find("main")
    assert isinstance(main, Tag)
    article = main.find("article")
    assert isinstance(article, Tag)
    content = extract_page(body, f"https://{path}", "text/html")
    return article, squeeze("".join(block.text for block in content.blocks))


def heading_over(node: Tag) -> str:
    heading = node.find_previous(HEADINGS)
    return heading.get_text(" ", strip=True) if heading else ""


def own_texts(node: Tag) -> list[str]:
    """The node's text in pieces around nested items, which are looked up by themselves; without
    footnote marks and without what the page's style hides.
    """
    copy = BeautifulSoup(str(node), "html.parser").find(node.name)
    assert isinstance(copy, Tag)
    for inner in copy.find_all(["sup", "script", "style", "iframe", "noscript"]):
        inner.decompose()
    for inner in copy.find_all(style="display: none;"):
        inner.decompose()
    for inner in copy.find_all(["table", "ul", "ol"]):
        inner.replace_with("\0")
    return [piece for piece in map(squeeze, copy.get_text().split("\0")) if piece]


def units(article: Tag) -> Iterator[Tag]:
    yield from article.find_all(["li", "td", "th", *BOXES])
    for node in article.find_all(["div", "section", "p"]):
        names = " ".join(node.get("class") or ()).lower()
        if node.get("role") in ("note", "alert") or any(
            word in names
            for word in ("callout", "call-out", "alert", "warning", "highlight", "tip")
        ):
            yield node


@pytest.mark.parametrize("path", GUIDES)
def test_every_item_cell_and_callout_of_the_article_is_in_the_blocks(path):
    article, said = read(path)
    lost = [
        (heading_over(node), node.name, piece)
        for node in units(article)
        for piece in own_texts(node)
        if piece not in said
    ]
    assert lost == []


def test_audit_looks_at_enough_to_mean_something():
    counted = [sum(1 for _ in units(read(path)[0])) for path in GUIDES]
    assert len(GUIDES) == 22
    assert sum(counted) > 900
