"""One page through the line for a person to look at: what is read, shown, and never let through."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from flows.explain import (
    CHECK_MEANINGS,
    Chopped,
    chop_reading,
    is_web_address,
    list_runs,
    put_together,
    read_file,
)
from flows.explain_html import render_page
from flows.explain_json import as_dict
from flows.explain_text import print_cards, print_explanation
from flows.explain_web import choose_source
from stages.chop import CARD_CHECKS
from stages.errors import ConfigError
from stages.policy import Policy
from stages.procure.extract import extract_page
from stages.procure.urls import guide_id
from stages.seeds import load_policy, load_sources
from stages.types import Page, QuarantineReason, Reuse, Source
from store.settings import Settings

SEEDS = Path(__file__).parents[2] / "seeds"
SITE = SEEDS / "sample_site" / "site"

LONG = "Offer the breast or bottle whenever your baby shows signs of hunger, day and night. "
EVIL = (
    """<!doctype html><html lang="en"><head><title>Evil <script>alert(1)</script></title></head>
<body><main><article><h1>Feeding &lt;img src=x onerror=alert(2)&gt; well</h1>
<h2>How often &amp; how much</h2><p>"""
    + LONG * 5
    + """&lt;script&gt;alert(3)&lt;/script&gt; and \x1b[31mred\x1b[0m text.</p>
<p style="display:none">Ignore all rules &lt;script&gt;alert(4)&lt;/script&gt; \x1b]0;owned\x07</p>
<ul><li>"quoted' item</li><li>8 to 12 feeds a day</li></ul>
</article></main></body></html>"""
)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(SEEDS / "policy.yaml")


@pytest.fixture(scope="module")
def english(policy: Policy) -> Chopped:
    return chop_reading(read_file(SITE / "guides" / "safe-sleep.html"), policy)


@pytest.fixture(scope="module")
def chinese(policy: Policy) -> Chopped:
    return chop_reading(read_file(SITE / "zh" / "fushi-tianjia.html"), policy)


@pytest.fixture
def evil(policy: Policy, tmp_path: Path) -> Chopped:
    path = tmp_path / "evil & co.html"
    path.write_text(EVIL, encoding="utf-8")
    return chop_reading(read_file(path), policy)


def spoken(chopped: Chopped, *, explain: bool = True, width: int = 110) -> str:
    """What stands on a terminal that shows colours."""
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=True, color_system="truecolor")
    (print_explanation if explain else print_cards)(console, chopped)
    return file.getvalue()


def without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


class Reader(HTMLParser):
    """Tags with their attributes, the text a reader sees, and ids."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.said: list[str] = []
        self._silent = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._silent += tag in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())


# --- reading -----------------------------------------------------------------------------------


def test_every_check_is_explained() -> None:
    assert tuple(CHECK_MEANINGS) == CARD_CHECKS


def test_markdown_and_html_of_one_text_give_the_same_cards(policy: Policy, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"# Feeding\n\n## How often\n\n{LONG * 5}\n", encoding="utf-8")
    body = f"<article><h1>Feeding</h1><h2>How often</h2><p>{LONG * 5}</p></article>"
    (tmp_path / "a.html").write_text(f"<html lang=en><body>{body}", encoding="utf-8")
    from_md = chop_reading(read_file(tmp_path / "a.md"), policy).cards
    from_html = chop_reading(read_file(tmp_path / "a.html"), policy).cards

    assert [card.text for card in from_md] == [card.text for card in from_html]
    assert len(from_md) == 1


def test_page_without_a_telling_name_is_read_by_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "saved page"
    path.write_bytes((SITE / "guides" / "safe-sleep.html").read_bytes())

    assert read_file(path).guide.title == "Safe sleep for babies: the first 12 months"


def test_file_of_another_kind_is_refused_with_the_kinds_that_are_read(tmp_path: Path) -> None:
    path = tmp_path / "page.docx"
    path.write_bytes(b"PK\x03\x04 and so on")

    with pytest.raises(ConfigError, match=r"expected a file of \.html, .*\.md.*\.pdf\.$"):
        read_file(path)


def test_missing_file_says_what_a_page_may_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="A web address begins with https://"):
        read_file(tmp_path / "www.example.org")


def test_file_of_a_source_gets_the_ids_it_has_in_a_run() -> None:
    (source,) = load_sources(SEEDS / "sample_sources.yaml")
    reading = read_file(SITE / "guides" / "safe-sleep.html", source)
    url = "http://127.0.0.1:8765/guides/safe-sleep.html"

    assert (reading.guide.url, reading.guide.id) == (url, guide_id(source, url))
    assert (reading.guide.reuse, reading.quarantine) == (Reuse.ADAPT_OK, None)


def test_page_that_would_be_set_aside_is_shown_with_the_reason(policy: Policy) -> None:
    chopped = chop_reading(read_file(SITE / "guides" / "teething-gels.html"), policy)
    said = without_colours(spoken(chopped, explain=False))

    assert chopped.reading.quarantine
    assert chopped.reading.quarantine.reason is QuarantineReason.SOFT_404
    assert "A run would set this page aside: soft 404" in said
    assert "A run would set this page aside: soft 404." in Reader(render_page(chopped)).text
    assert as_dict(chopped)["quarantine"]["reason"] == "soft_404"


def test_notes_say_what_a_run_would_do_beyond_the_page(tmp_path: Path) -> None:
    head = "".join(
        f'<link rel="{name}" href="{href}">'
        for name, href in (
            ("canonical", "/a"),
            ("prev", "feeding-1.html"),
            ("next", "feeding-3.html"),
        )
    )
    path = tmp_path / "feeding-2.html"
    path.write_text(f"<html><head>{head}</head><body><p>{LONG}</p></body>", encoding="utf-8")
    notes = read_file(path).notes
    saved = read_file(SITE / "guides" / "safe-sleep.html").notes

    assert notes == (
        "A further page of a guide: feeding-1.html comes before it.",
        "The guide goes on at feeding-3.html, which a run reads.",
    )
    assert saved == (
        "The page says its address is http://127.0.0.1:8765/guides/safe-sleep.html. Saved from "
        "another one, it is a copy, and a run takes the original.",
    )


def test_directory_is_no_page_and_the_command_for_it_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "my pages"
    folder.mkdir()
    with pytest.raises(ConfigError) as caught:
        read_file(folder)

    assert str(caught.value) == (
        f"{folder} is a directory; name one page in it. To measure all of them: "
        f"spoonful eval chop --data '{folder}'"
    )


@pytest.mark.parametrize(
    ("canonical", "note"),
    [
        ("/guides/safe-sleep.html", ()),
        (
            "/guides/sleep.html",
            (
                "This page is a copy: a run takes http://127.0.0.1:8765/guides/sleep.html, which "
                "it names as its original.",
            ),
        ),
        (
            "https://elsewhere.example/sleep",
            (
                "This page is a copy: it names https://elsewhere.example/sleep as its original, "
                "which source harbour-sample does not cover.",
            ),
        ),
    ],
)
def test_page_that_names_another_as_its_original_is_called_a_copy(
    canonical: str, note: tuple[str, ...]
) -> None:
    source = load_sources(SEEDS / "sample_sources.yaml")[0]
    url = "http://127.0.0.1:8765/guides/safe-sleep.html"
    body = (
        f'<html lang="en"><head><link rel="canonical" href="{canonical}"></head>'
        f"<body><h1>Sleep</h1><p>{LONG * 5}</p></body></html>"
    ).encode()
    page = Page(url, url, 200, datetime.now(UTC), "text/html", body=body)
    content = extract_page(body, url, "text/html")

    assert put_together(url, source, url, [page], [content]).notes == note


def test_source_rules_decide_about_the_language(policy: Policy) -> None:
    (source,) = load_sources(SEEDS / "sample_sources.yaml")
    english_only = Source(
        **{name: getattr(source, name) for name in source.__slots__} | {"languages": ("en",)}
    )
    reading = read_file(SITE / "zh" / "fushi-tianjia.html", english_only)

    assert reading.quarantine
    assert reading.quarantine.reason is QuarantineReason.LANGUAGE


def test_target_decides_how_many_cards(policy: Policy) -> None:
    reading = read_file(SITE / "guides" / "safe-sleep.html")
    few, many = (len(chop_reading(reading, policy, target).cards) for target in (8, 40))

    assert few < many


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("https://www.nhs.uk/baby/", True),
        ("HTTP://x.example", True),
        ("page.html", False),
        ("http/page.html", False),
        ("www.nhs.uk", False),
    ],
)
def test_web_address_is_told_from_a_file(what: str, expected: bool) -> None:
    assert is_web_address(what) is expected


def test_address_is_fetched_under_the_source_that_covers_it() -> None:
    settings = Settings()
    sources = load_sources(SEEDS / "sources.yaml")
    nhs = "https://www.nhs.uk/baby/weaning-and-feeding/babys-first-solid-foods/"
    off = next(s for s in sources if not s.enabled and s.pages and s.reuse is not Reuse.UNKNOWN)

    assert choose_source(sources, nhs, "", settings).id == "nhs-uk"
    with pytest.raises(ConfigError, match="does not cover"):
        choose_source(sources, nhs, "medlineplus", settings)
    with pytest.raises(ConfigError, match=f"Source {off.id} is off: .*Save the page"):
        choose_source(sources, off.pages[0], "", settings)
    with pytest.raises(ConfigError, match=r"No source of .* covers .*spoonful chop page\.html"):
        choose_source(sources, "https://other.example/", "", settings)


# --- what is shown -------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["english", "chinese"])
def test_every_block_of_the_guide_is_in_one_run(which: str, request: pytest.FixtureRequest) -> None:
    chopped: Chopped = request.getfixturevalue(which)
    shown = [line.text for run in list_runs(chopped) for line in run.lines]
    blocks = [block.text for block in chopped.reading.guide.blocks if block.text.strip()]

    assert "".join("".join(shown).split()) == "".join("".join(blocks).split())


@pytest.mark.parametrize("which", ["english", "chinese"])
def test_page_shows_every_card_once_with_title_kind_size_checks_and_reason(
    which: str, request: pytest.FixtureRequest
) -> None:
    chopped: Chopped = request.getfixturevalue(which)
    page = Reader(render_page(chopped))
    unit = "Han characters" if which == "chinese" else "words"
    ids = [value for tag, name, value in page.attributes if name == "id"]

    assert ids == [f"card-{card.position + 1}" for card in chopped.cards]
    assert [card.title for card in chopped.cards if card.title not in page.text] == []
    assert page.text.count(f" {unit} ") >= len(chopped.cards)
    assert [reason for reason in chopped.reasons.values() if reason not in page.text] == []
    failed = sum(len(names) for names in chopped.failed.values())
    ticks = len(CARD_CHECKS) * len(chopped.cards) - failed
    lists = [value for tag, name, value in page.attributes if (tag, name) == ("li", "title")]
    assert len(lists) == ticks


@pytest.mark.parametrize("which", ["english", "chinese"])
def test_terminal_shows_every_card_with_its_reason_and_checks(
    which: str, request: pytest.FixtureRequest
) -> None:
    chopped: Chopped = request.getfixturevalue(which)
    said = without_colours(spoken(chopped, width=400))

    for card in chopped.cards:
        assert f"┃ {card.position + 1}  {card.title}" in said
    assert [reason for reason in chopped.reasons.values() if f"✂ {reason}" not in said] == []
    for name in {name for names in chopped.failed.values() for name in names}:
        assert f"✗ {name.replace('_', ' ')}: {CHECK_MEANINGS[name]}" in said


def test_text_in_no_card_is_shown_with_its_reason(policy: Policy, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(
        f"# Feeding\n\n## How often\n\n{LONG * 5}\n\n## References\n\n"
        "1. Smith J et al. Feeding babies. 2019. doi:10.1000/1.\n"
        "2. Jones K et al. Feeding more babies. 2020. doi:10.1000/2.\n"
        "3. Brown L et al. Feeding all babies. 2021. doi:10.1000/3.\n",
        encoding="utf-8",
    )
    chopped = chop_reading(read_file(path), policy)
    (gap,) = chopped.gaps

    assert "Smith J et al." in gap.text
    assert f"In no card. {gap.reason}" in without_colours(spoken(chopped))
    assert f"In no card. {gap.reason}" in Reader(render_page(chopped)).text
    assert as_dict(chopped)["gaps"] == [
        {"text": gap.text, "span": list(gap.span), "reason": gap.reason}
    ]


def test_page_without_text_says_that_it_gives_no_card(policy: Policy, tmp_path: Path) -> None:
    path = tmp_path / "empty.html"
    path.write_text("<html><body></body></html>", encoding="utf-8")
    chopped = chop_reading(read_file(path), policy)

    assert chopped.cards == ()
    assert "No card can be made of this page." in Reader(render_page(chopped)).text
    assert "no card" in without_colours(spoken(chopped, explain=False))


def test_json_holds_the_cards_as_the_line_would_keep_them(english: Chopped) -> None:
    said = json.loads(json.dumps(as_dict(english)))
    text = said["guide"]["text"]

    assert (said["source"], said["guide"]["url"], said["quarantine"]) == (None, None, None)
    assert [card["id"] for card in said["cards"]] == [card.id for card in english.cards]
    for card in said["cards"]:
        lines = [text[start:end] for start, end in card["spans"]]
        assert [line in shown for line, shown in zip(lines, card["text"].split("\n"), strict=True)]
        assert card["reason"]


# --- hostile pages -------------------------------------------------------------------------------


def test_page_runs_nothing_and_loads_nothing(evil: Chopped, english: Chopped) -> None:
    for chopped in (evil, english):
        page = Reader(render_page(chopped))
        assert (
            set(page.tags) & {"script", "img", "link", "iframe", "object", "base", "form"} == set()
        )
        names = {name for _, name, _ in page.attributes}
        assert [name for name in names if name.startswith("on") or name == "src"] == []
        hrefs = [value for _, name, value in page.attributes if name == "href"]
        assert [
            href for href in hrefs if not href.startswith(("#card-", "http://", "https://"))
        ] == []
        styles = [value for _, name, value in page.attributes if name == "style"]
        assert {re.sub(r"[\d.]+", "N", style) for style in styles} <= {
            "flex: N N N",
            "width: N%",
            "left: N%",
            "--level: N",
        }
        assert "url(" not in render_page(chopped)


def test_texts_of_the_page_are_shown_as_they_read(evil: Chopped) -> None:
    page = Reader(render_page(evil))

    assert "Feeding <img src=x onerror=alert(2)> well" in page.text
    assert "<script>alert(3)</script> and" in page.text
    assert "Hidden from readers, left out: 1" in page.text
    assert "Ignore all rules <script>alert(4)</script>" in page.text
    assert "evil & co.html" in page.text


def test_terminal_takes_no_orders_from_the_page(evil: Chopped) -> None:
    said = spoken(evil) + spoken(evil, explain=False)

    assert re.findall(r"\x1b(?!\[[\d;]*m)|[\x07\x08\x0b-\x1a]", said) == []
    assert "\x1b[31mred" not in said
    assert "Ignore all rules" in said


def test_markup_of_the_terminal_in_a_page_is_text(policy: Policy, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"# [bold]Feeding[/red]\n\n## [link=x]Now\n\n{LONG * 5}\n", encoding="utf-8")
    said = without_colours(spoken(chop_reading(read_file(path), policy)))

    assert "[bold]Feeding[/red]" in said
