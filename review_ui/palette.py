"""The colours of `static/tokens.css`, measured: what may stand on what, in both themes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from review_ui.assets import STATIC

LEAST_CONTRAST = 4.5
"""WCAG 2.2 AA asks this of text."""

TEXT_PAIRS = (
    *((ink, ground) for ink in ("ink", "ink-soft", "ink-faint", "copper", "copper-strong")
      for ground in ("paper", "sheet", "sunken")),
    *((name, ground) for name in ("low", "flagged", "blocked", "hint")
      for ground in ("sheet", "paper", f"{name}-wash")),
    *((ink, ground) for ink in ("ink", "ink-soft", "ink-faint", "copper")
      for ground in ("hint-wash", "flagged-wash", "blocked-wash")),
    ("copper-strong", "copper-wash"),
    ("on-copper", "copper"),
    ("ink", "glow"),
)  # fmt: skip
"""Each text colour on every ground it is used on."""

_TOKEN = re.compile(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)")


@dataclass(frozen=True, slots=True)
class Colour:
    """contrasts: for text, the least it has on its grounds, light and dark; None for a ground."""

    name: str
    light: str
    dark: str
    contrasts: tuple[float, float] | None


def read_colours() -> dict[str, tuple[str, str]]:
    """By token: `#rrggbb` in light and in dark, in the order of the file."""
    tokens = (STATIC / "tokens.css").read_text(encoding="utf-8")
    return {name: (light, dark) for name, light, dark in _TOKEN.findall(tokens)}


def list_colours() -> tuple[Colour, ...]:
    found = read_colours()
    return tuple(
        Colour(name, light, dark, _least(name, found)) for name, (light, dark) in found.items()
    )


def contrast(one: str, other: str) -> float:
    """Of two colours, from 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _least(name: str, found: Mapping[str, tuple[str, str]]) -> tuple[float, float] | None:
    grounds = [ground for ink, ground in TEXT_PAIRS if ink == name]
    if not grounds:
        return None
    light, dark = (
        min(contrast(found[name][theme], found[ground][theme]) for ground in grounds)
        for theme in (0, 1)
    )
    return light, dark


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
