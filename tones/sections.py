"""Markdown files with front matter, cut at their headings; every piece knows its line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tones.strict import Node, StrictError, parse_yaml

FENCE = "---"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with the lines under it. line: of the heading in its file, from 1."""

    file: str
    title: str
    line: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()

    def error(self, problem: str) -> StrictError:
        return StrictError(self.file, self.line, self.title, problem)


def split_front_matter(text: str, file: str) -> tuple[Node, Section]:
    """The front matter between two `---` lines, and the body. Raises StrictError."""
    lines = text.splitlines()
    if not lines or lines[0].rstrip() != FENCE:
        problem = f"no front matter; expected the first line to be `{FENCE}`"
        raise StrictError(file, 1, "", problem)
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
    if end is None:
        problem = f"the front matter does not end; expected a second `{FENCE}` line"
        raise StrictError(file, 1, "", problem)
    meta = parse_yaml("\n".join(lines[1:end]), file, first_line=2)
    return meta, Section(file, "", end + 1, tuple(lines[end + 1 :]))


def cut(section: Section, level: int, expected: Sequence[str] = ()) -> tuple[Section, ...]:
    """The sections that headings of that level make, in order.

    expected: their titles, all of them, in this order; empty for free titles. Text before the
    first heading belongs nowhere and is an error, as are unexpected, missing or empty sections.
    """
    heading = re.compile(rf"#{{{level}}} +(.+)")
    found: list[Section] = []
    title, start, lines = "", section.line, list[str]()
    for line_no, line in enumerate((*section.lines, None), section.line + 1):
        hit = heading.fullmatch(line.rstrip()) if line is not None else None
        if line is not None and hit is None:
            lines.append(line)
            continue
        if title:
            found.append(Section(section.file, title, start, tuple(lines)))
        elif any(text.strip() for text in lines):
            marks = "#" * level
            raise section.error(f"text outside a section; expected a heading `{marks} ...` first")
        title, start, lines = (hit[1].strip() if hit else ""), line_no, []
    _compare(section, found, expected)
    for each in found:
        if not each.text:
            raise each.error("the section is empty; expected text")
    return tuple(found)


def _compare(section: Section, found: Sequence[Section], expected: Sequence[str]) -> None:
    if not expected:
        return
    listed = ", ".join(expected)
    for each in found:
        if each.title not in expected:
            raise each.error(f"unknown section; expected: {listed}")
    titles = [each.title for each in found]
    for title in expected:
        if title not in titles:
            raise section.error(f"section `{title}` is missing; expected: {listed}")
    for place, each in enumerate(found):
        if each.title in titles[:place]:
            raise each.error("this section stands twice; expected it once")
    if titles != list(expected):
        raise found[0].error(f"the sections are out of order; expected: {listed}")
