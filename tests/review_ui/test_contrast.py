"""The colours of the design system: text can be read in both themes, and nothing else is used."""

import re

import pytest

from review_ui.assets import STATIC
from review_ui.palette import LEAST_CONTRAST, TEXT_PAIRS, contrast, read_colours

RAW_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|oklch|lab)a?\(")


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_text_colour_can_be_read_on_its_grounds(theme: int) -> None:
    colours = {name: shades[theme] for name, shades in read_colours().items()}
    weak = {
        f"{ink} on {ground}": round(contrast(colours[ink], colours[ground]), 2)
        for ink, ground in TEXT_PAIRS
        if contrast(colours[ink], colours[ground]) < LEAST_CONTRAST
    }
    assert weak == {}


def test_every_colour_is_text_or_a_ground_of_text_or_a_line() -> None:
    measured = {name for pair in TEXT_PAIRS for name in pair}
    assert set(read_colours()) - measured == {"line", "line-strong"}


def test_contrast_is_that_of_the_standard() -> None:
    assert (contrast("#000000", "#ffffff"), contrast("#777777", "#777777")) == (21, 1)


@pytest.mark.parametrize(
    "sheet", sorted(path.name for path in STATIC.glob("*.css") if path.name != "tokens.css")
)
def test_only_tokens_name_colours(sheet: str) -> None:
    text = re.sub(r"url\([^)]*\)|/\*.*?\*/", "", (STATIC / sheet).read_text(), flags=re.DOTALL)
    assert RAW_COLOUR.findall(text) == []


def test_explicit_choice_of_a_theme_wins_over_the_system() -> None:
    tokens = (STATIC / "tokens.css").read_text()
    assert "color-scheme: light dark" in tokens
    for theme in ("light", "dark"):
        assert f'[data-theme="{theme}"] {{ color-scheme: {theme}; }}' in tokens


def test_tokens_that_are_used_exist() -> None:
    sheets = [path.read_text() for path in STATIC.glob("*.css")]
    named = set(re.findall(r"(--[a-z0-9-]+):", "".join(sheets)))
    used = set(re.findall(r"var\((--[a-z0-9-]+)[,)]", "".join(sheets)))
    assert used - named == set()
