"""The colours of the design system, measured: WCAG 2.2 asks 4.5 to 1 for text."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "review_ui" / "static" / "tokens.css"

PAIRS = [
    *((ink, ground) for ink in ("ink", "ink-soft", "ink-faint", "copper", "copper-strong")
      for ground in ("paper", "sheet", "sunken")),
    *((name, ground) for name in ("low", "flagged", "blocked", "hint")
      for ground in ("sheet", "paper", f"{name}-wash")),
    *((ink, ground) for ink in ("ink", "ink-soft", "ink-faint", "copper")
      for ground in ("hint-wash", "flagged-wash", "blocked-wash")),
    ("copper-strong", "copper-wash"),
    ("on-copper", "copper"),
    ("ink", "glow"),
]  # fmt: skip


def read_colours(theme: int) -> dict[str, str]:
    """Token to `#rrggbb`; theme: 0 light, 1 dark."""
    found = re.findall(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)", TOKENS.read_text())
    return {name: shades[theme] for name, *shades in found}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_text_colour_can_be_read_on_its_grounds(theme: int) -> None:
    colours = read_colours(theme)
    weak = {
        f"{ink} on {ground}": round(contrast(colours[ink], colours[ground]), 2)
        for ink, ground in PAIRS
        if contrast(colours[ink], colours[ground]) < 4.5
    }
    assert weak == {}
