"""Read the tones and the house prompt from their Markdown files, strictly.

README.md beside this file describes the format for editors. Nothing the model is told stands in
Python: words come from the files, this module only checks that they are complete.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tones.fields import (
    ANY_TOPIC,
    LANGUAGES,
    TRADITIONAL,
    length_range,
    matching,
    per_language,
    phrases_by_topic,
    phrases_of,
)
from tones.sections import Section, cut, split_front_matter
from tones.strict import Node, StrictError, read_text, refuse_repeats

HERE = Path(__file__).resolve().parent

TONE_KEYS = (
    "id",
    "version",
    "title",
    "lengths",
    "reading_grade_max",
    "emoji_max",
    "required_phrases",
    "banned_phrases",
    "disclaimer",
    "hooks",
    "closers",
)
HOUSE_KEYS = ("id", "version", "languages", "length_units", "none")
LANGUAGE_NAMES = ("en", "zh-Hans", "zh-Hant")

FOLDERS = ("next", "earlier")
"""Where versions stand that are not on top: those to be tried, and those that were."""

LANGUAGE_HEADINGS = {"en": "English", "zh": "中文"}
SECTION_HEADINGS: Mapping[str, tuple[str, str, str, str]] = {
    "en": ("We are", "We are not", "Good examples", "Bad examples"),
    "zh": ("我们是", "我们不是", "好的例子", "不好的例子"),
}
LEAST_GOOD, LEAST_BAD = 3, 2

TEMPLATE_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "System": ("language", "tone_guides", "output_schema"),
    "Tone guide": (
        "tone",
        "title",
        "length_min",
        "length_max",
        "length_unit",
        "emoji_max",
        "required_phrases",
        "banned_phrases",
        "disclaimer",
        "guide",
        "good_examples",
        "bad_examples",
    ),
    "Example": ("note", "source", "draft"),
    "Card": ("fence", "language", "tones", "breadcrumbs", "title", "sentences", "facts"),
    "Judge": ("output_schema",),
    "Judged": ("fence", "sentences", "drafts"),
}
"""Sections of house.md and the variables each of them must use: all of these and no other."""

T = TypeVar("T")

VARIABLE = re.compile(r"\{\{([^{}\n]{0,80})\}\}")
TONE_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
VERSION = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,2}")


class ToneError(StrictError):
    """A file in tones/ is wrong; the message names file, line, key and what was expected."""


@dataclass(frozen=True, slots=True)
class Example:
    """A draft with the text it was made from. note: what the example shows."""

    note: str
    source: str
    draft: str


@dataclass(frozen=True, slots=True)
class Tone:
    """One version of a voice. Every mapping has the keys `en` and `zh`; disclaimer, hooks and
    closers may have `zh-Hant` too: read these with `pick`.

    hash: sha256 of the file, stored on every draft made with it. words, han: least and most words
    (Han characters for Chinese) of a draft, disclaimer included. reading_grade_max: Flesch-Kincaid
    grade for English, 0 for no limit. emoji_max: most emoji in one draft. disclaimer: last line of
    every draft, '' for none. guide: the `We are` and `We are not` sections. hooks, closers:
    sentences without medical content that the offline writer may open or end with, by topic id of
    seeds/policy.yaml or `any`.
    """

    id: str
    version: str
    hash: str
    title: Mapping[str, str]
    words: tuple[int, int]
    han: tuple[int, int]
    reading_grade_max: float
    emoji_max: int
    required_phrases: Mapping[str, tuple[str, ...]]
    banned_phrases: Mapping[str, tuple[str, ...]]
    disclaimer: Mapping[str, str]
    guide: Mapping[str, str]
    good: Mapping[str, tuple[Example, ...]]
    bad: Mapping[str, tuple[Example, ...]]
    hooks: Mapping[str, Mapping[str, tuple[str, ...]]]
    closers: Mapping[str, Mapping[str, tuple[str, ...]]]

    def length(self, lang: str) -> tuple[int, int]:
        """Least and most words or Han characters in that language."""
        return self.han if language_key(lang) == "zh" else self.words


@dataclass(frozen=True, slots=True)
class ToneFile:
    """A version with where its file stands (`top`, `next` or `earlier`) and what it says."""

    tone: Tone
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class House:
    """The prompt every tone shares: templates whose variables are known to be complete.

    languages: how the prompt calls a language, by BCP 47 tag. length_units: `words` in the words
    of the prompt, by language key. none: what stands for an empty list. judge, judged: what the
    judge model is told, and what it is to judge.
    """

    version: str
    hash: str
    languages: Mapping[str, str]
    length_units: Mapping[str, str]
    none: str
    system: str
    tone_guide: str
    example: str
    card: str
    judge: str
    judged: str


def language_key(lang: str) -> str:
    """`zh` for any Chinese tag, else `en`: the key of every per-language mapping."""
    return "zh" if lang.casefold().startswith("zh") else "en"


def pick(by_language: Mapping[str, T], lang: str) -> T:
    """The value for a language tag; traditional Chinese takes `zh` when it has none of its own."""
    key = language_key(lang)
    parts = lang.casefold().replace("_", "-").split("-")
    is_traditional = key == "zh" and not {"hant", "tw", "hk", "mo"}.isdisjoint(parts)
    return by_language[TRADITIONAL if is_traditional and TRADITIONAL in by_language else key]


def load_tones(folder: Path | None = None) -> dict[str, Tone]:
    """The version on top of every tone by id. Raises ToneError, for the other versions too."""
    return {id: versions[0] for id, versions in list_versions(folder).items()}


def list_versions(folder: Path | None = None) -> dict[str, tuple[Tone, ...]]:
    """Every version of every tone by id, as `list_files` has them."""
    files = list_files(folder)
    return {id: tuple(file.tone for file in versions) for id, versions in files.items()}


def list_files(folder: Path | None = None) -> dict[str, tuple[ToneFile, ...]]:
    """Every version of every tone by id: the one on top (`<id>.md`) first, then those to be tried
    and the earlier ones (`next/<id>-<version>.md`, `earlier/<id>-<version>.md`), newest first.

    Raises ToneError for any mistake in any file, two files of one version included.
    """
    try:
        return _list_files(HERE if folder is None else folder)
    except StrictError as error:
        raise ToneError(error.file, error.line, error.key, error.problem) from error


def parse_tone(text: str, file: str) -> Tone:
    """The tone that the text of a file says. file: what errors call it. Raises ToneError."""
    try:
        return _parse_tone(text, file)[0]
    except StrictError as error:
        raise ToneError(error.file, error.line, error.key, error.problem) from error


def load_house(folder: Path | None = None) -> House:
    """The prompt templates of house.md. Raises ToneError for an unknown or missing variable."""
    try:
        return _load_house((HERE if folder is None else folder) / "house.md")
    except StrictError as error:
        raise ToneError(error.file, error.line, error.key, error.problem) from error


def phrases_for(by_topic: Mapping[str, tuple[str, ...]], topics: Sequence[str]) -> tuple[str, ...]:
    """The hooks or closers for a card of these topics; those for any topic if none has its own.

    Of several topics with own phrases the one that stands first in the file wins: editors put the
    graver topics first, so that no light line opens a card that also warns of something.
    """
    own = (phrases for topic, phrases in by_topic.items() if topic in topics)
    return next(own, by_topic.get(ANY_TOPIC, ()))


def _list_files(folder: Path) -> dict[str, tuple[ToneFile, ...]]:
    tops = [
        path for path in sorted(folder.glob("*.md")) if path.name not in ("README.md", "house.md")
    ]
    if not tops:
        raise StrictError(str(folder), 1, "", "holds no tone; expected files like expert.md")
    found: dict[str, list[tuple[ToneFile, Node]]] = {}
    for path in tops:
        file, fields = _read_tone(path, "top")
        tone = file.tone
        if path.stem != tone.id:
            raise fields["id"].error(
                f"`{tone.id}` in a file called {path.name}; expected `{path.stem}`"
            )
        found[tone.id] = [(file, fields["version"])]
    for place in FOLDERS:
        for path in sorted((folder / place).glob("*.md")):
            file, fields = _read_tone(path, place)
            _add_version(found, file, fields, path)
    return {
        id: (
            versions[0][0],
            *sorted((file for file, _ in versions[1:]), key=_version_order, reverse=True),
        )
        for id, versions in found.items()
    }


def _add_version(
    found: Mapping[str, list[tuple[ToneFile, Node]]],
    file: ToneFile,
    fields: Mapping[str, Node],
    path: Path,
) -> None:
    tone = file.tone
    if tone.id not in found:
        problem = f"no version of `{tone.id}` on top; expected one in {tone.id}.md"
        raise fields["id"].error(problem)
    found[tone.id].append((file, fields["version"]))
    refuse_repeats([(each.tone.version, node) for each, node in found[tone.id]], "version")
    if path.stem != f"{tone.id}-{tone.version}":
        expected = f"the file to be called {tone.id}-{tone.version}.md"
        raise fields["version"].error(f"`{tone.version}` in {path.name}; expected {expected}")


def _read_tone(path: Path, place: str) -> tuple[ToneFile, Mapping[str, Node]]:
    text = read_text(path)
    tone, fields = _parse_tone(text, str(path))
    return ToneFile(tone, place, text), fields


def _parse_tone(text: str, file: str) -> tuple[Tone, Mapping[str, Node]]:
    meta, body = split_front_matter(text, file)
    fields = meta.fields(TONE_KEYS)
    lengths = fields["lengths"].fields(("words", "han"))
    _refuse_variables(body)
    languages = dict(zip(LANGUAGES, cut(body, 1, tuple(LANGUAGE_HEADINGS.values())), strict=True))
    parts = {key: cut(section, 2, SECTION_HEADINGS[key]) for key, section in languages.items()}
    tone = Tone(
        id=matching(fields["id"], TONE_ID, "small letters, digits and _, like `expert`"),
        version=matching(fields["version"], VERSION, 'a version in quotes, like "1.2"'),
        hash=_hash(text),
        title={key: node.text() for key, node in per_language(fields["title"]).items()},
        words=length_range(lengths["words"]),
        han=length_range(lengths["han"]),
        reading_grade_max=fields["reading_grade_max"].number(0, 20),
        emoji_max=fields["emoji_max"].integer(0, 10),
        required_phrases=phrases_of(fields["required_phrases"]),
        banned_phrases=phrases_of(fields["banned_phrases"]),
        disclaimer={
            key: node.text(may_be_empty=True)
            for key, node in per_language(fields["disclaimer"], (TRADITIONAL,)).items()
        },
        guide={key: _guide(part[0], part[1]) for key, part in parts.items()},
        good={key: _examples(part[2], LEAST_GOOD) for key, part in parts.items()},
        bad={key: _examples(part[3], LEAST_BAD) for key, part in parts.items()},
        hooks=phrases_by_topic(fields["hooks"]),
        closers=phrases_by_topic(fields["closers"]),
    )
    return tone, fields


def _load_house(path: Path) -> House:
    text = read_text(path)
    meta, body = split_front_matter(text, str(path))
    fields = meta.fields(HOUSE_KEYS)
    fields["id"].one_of(("house",))
    names = fields["languages"].fields(LANGUAGE_NAMES)
    units = fields["length_units"].fields(LANGUAGES)
    sections = cut(body, 1, tuple(TEMPLATE_VARIABLES))
    for section in sections:
        _check_variables(section, TEMPLATE_VARIABLES[section.title])
    system, tone_guide, example, card, judge, judged = (section.text for section in sections)
    return House(
        version=matching(fields["version"], VERSION, 'a version in quotes, like "1.2"'),
        hash=_hash(text),
        languages={lang: names[lang].text() for lang in LANGUAGE_NAMES},
        length_units={lang: units[lang].text() for lang in LANGUAGES},
        none=fields["none"].text(),
        system=system,
        tone_guide=tone_guide,
        example=example,
        card=card,
        judge=judge,
        judged=judged,
    )


def _check_variables(section: Section, expected: Sequence[str]) -> None:
    listed = ", ".join(expected)
    used: set[str] = set()
    for line_no, line in enumerate(section.lines, section.line + 1):
        for hit in VARIABLE.finditer(line):
            if hit[1] not in expected:
                problem = f"unknown variable {hit[0]}; expected: {listed}"
                raise StrictError(section.file, line_no, section.title, problem)
            used.add(hit[1])
        rest = VARIABLE.sub("", line)
        if "{{" in rest or "}}" in rest:
            problem = "a variable that does not end or begin; expected {{name}}"
            raise StrictError(section.file, line_no, section.title, problem)
    for name in expected:
        if name not in used:
            raise section.error(f"variable {{{{{name}}}}} is missing; expected all of: {listed}")


def _refuse_variables(body: Section) -> None:
    for line_no, line in enumerate(body.lines, body.line + 1):
        if "{{" in line or "}}" in line:
            problem = "a template variable; expected plain text, variables belong in house.md"
            raise StrictError(body.file, line_no, "", problem)


def _guide(*sections: Section) -> str:
    return "\n\n".join(f"{section.title}\n\n{section.text}" for section in sections)


def _examples(section: Section, at_least: int) -> tuple[Example, ...]:
    """Each under a heading of its own: the source as a `>` quotation, then the draft."""
    examples = []
    for part in cut(section, 3):
        lines = part.text.splitlines()
        quoted = [line for line in lines if line.startswith(">")]
        source = " ".join(line[1:].strip() for line in quoted).strip()
        draft = "\n".join(lines[len(quoted) :]).strip()
        if not source or not draft or lines[: len(quoted)] != quoted:
            raise part.error("expected the source as `> ` lines first, then the draft")
        examples.append(Example(part.title, source, draft))
    if len(examples) < at_least:
        raise section.error(f"{len(examples)} examples; expected at least {at_least}")
    return tuple(examples)


def _version_order(file: ToneFile) -> tuple[int, ...]:
    return tuple(int(part) for part in file.tone.version.split("."))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
