"""What two versions of a tone file say differently, rule by rule and section by section."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from review_ui.marks import Change, compare

_KEY = re.compile(r"([a-z_]{1,60}):(?:\s|$)")
_HEADING = re.compile(r"(#{1,6})\s+(.{1,200}?)\s*$")


@dataclass(frozen=True, slots=True)
class Part:
    """A rule or a section that differs. title: the rule's key, or the headings above the text,
    outermost first. is_rule: stands in the front matter.
    """

    title: tuple[str, ...]
    is_rule: bool
    changes: tuple[Change, ...]


def compare_files(old: str, new: str) -> tuple[Part, ...]:
    """The parts that differ, in the order of the new file, then those it has no more."""
    before, after = cut_file(old), cut_file(new)
    names = [*after, *(name for name in before if name not in after)]
    return tuple(
        Part(name[1:], name[0] == "rule", compare(before.get(name, ""), after.get(name, "")))
        for name in names
        if before.get(name, "") != after.get(name, "")
    )


def cut_file(text: str) -> dict[tuple[str, ...], str]:
    """Texts by ("rule", key) for the front matter and ("text", heading, ...) for what follows.

    A heading that stands twice under the same ones above it is numbered, so nothing is lost.
    """
    lines = text.splitlines()
    ends = [place for place, line in enumerate(lines) if line.strip() == "---"][:2]
    head, body = ([], lines) if len(ends) < 2 else (lines[1 : ends[1]], lines[ends[1] + 1 :])
    parts: dict[tuple[str, ...], list[str]] = {}
    name: tuple[str, ...] = ("rule", "")
    for line in head:
        found = _KEY.match(line)
        name = _unique(parts, ("rule", found[1])) if found else name
        parts.setdefault(name, []).append(line[found.end() :] if found else line)
    name, above = ("text", ""), list[str]()
    for line in body:
        heading = _HEADING.match(line)
        if heading:
            above = [*itertools.islice(above, len(heading[1]) - 1), heading[2]]
            name = _unique(parts, ("text", *above))
            parts[name] = []
        else:
            parts.setdefault(name, []).append(line)
    return {name: "\n".join(lines).strip() for name, lines in parts.items()}


def _unique(parts: dict[tuple[str, ...], list[str]], name: tuple[str, ...]) -> tuple[str, ...]:
    numbered, count = name, 1
    while numbered in parts:
        count += 1
        numbered = (*name[:-1], f"{name[-1]} ({count})")
    return numbered
