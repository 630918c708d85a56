"""A folder of tones a test may change, with versions beside the shipped ones."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tones.load import HERE, parse_tone

NEXT = "99.1"
"""A version that no shipped tone has."""


def copy_tones(folder: Path) -> Path:
    """The shipped tones, without other versions of them."""
    folder.mkdir(parents=True)
    for path in HERE.glob("*.md"):
        shutil.copy(path, folder / path.name)
    return folder


def add_version(folder: Path, tone: str = "mom", version: str = NEXT, place: str = "next") -> str:
    """A further version of a tone, as its file on top but for its number and a word.

    Returns its hash.
    """
    text = (folder / f"{tone}.md").read_text(encoding="utf-8")
    text = re.sub('^version: ".*"$', f'version: "{version}"', text, count=1, flags=re.MULTILINE)
    for heading, word in (("We are", "Calm. "), ("我们是", "沉着。")):
        text = text.replace(f"## {heading}\n\n", f"## {heading}\n\n{word}", 1)
    path = folder / place / f"{tone}-{version}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return parse_tone(text, path.name).hash
