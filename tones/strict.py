"""A strict reader of YAML: every mistake is an error that names file, line and key.

PyYAML alone lets a misspelt key pass, takes the last of two equal keys and reads `no` as false.
Here a file becomes a tree of `Node`s, and a loader asks each node for what it expects.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import yaml

MAX_BYTES = 2_000_000
"""Files of this kind are written by hand; the largest of ours has 60 KB."""

MAX_DEPTH = 20

E = TypeVar("E", bound=StrEnum)


class _AnchorError(yaml.MarkedYAMLError):
    """An anchor or alias: they hide where a value comes from, and nest without end."""


class _PlainLoader(yaml.SafeLoader):
    """Composes nodes as YAML does, and stops at the first anchor or alias."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # stubs leave it untyped
        if getattr(event, "anchor", None):
            problem = "anchors and aliases (& and *) are not read"
            raise _AnchorError(problem=problem, problem_mark=event.start_mark)
        return super().compose_node(parent, index)


class StrictError(ValueError):
    """A file people wrote is wrong. str() is `file:line: key: what is wrong; what was expected`.

    line: 0 when it is the file as a whole that cannot be had; then str() names none.
    """

    def __init__(self, file: str, line: int, key: str, problem: str) -> None:
        self.file, self.line, self.key, self.problem = file, line, key, problem
        place = (f"{file}:{line}: " if line else f"{file}: ") + (f"{key}: " if key else "")
        super().__init__(place + problem)


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the file, with where it stands. key: dotted path, as in `sources[2].pages`.

    kind: text, number, flag, empty, date, list or mapping. value: the scalar as written, or the
    nodes below it.
    """

    file: str
    line: int
    key: str
    kind: str
    value: str | tuple[Node, ...] | Mapping[str, Node]

    def error(self, problem: str) -> StrictError:
        return StrictError(self.file, self.line, self.key, problem)

    def fields(
        self, required: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> Mapping[str, Node]:
        """The nodes of a mapping that has all required keys and no unknown one."""
        pairs = self.pairs()
        known = (*required, *optional)
        for name, node in pairs.items():
            if name not in known:
                problem = f"unknown key{_suggest(name, known)}; expected one of: {_listed(known)}"
                raise node.error(problem)
        for name in required:
            if name not in pairs:
                raise self.error(f"key `{name}` is missing; required are: {_listed(required)}")
        return pairs

    def pairs(self) -> Mapping[str, Node]:
        """The nodes of a mapping whose keys are free."""
        if not isinstance(self.value, Mapping):
            raise self._wrong("a mapping (`key: value` lines)")
        return self.value

    def items(self, at_least: int = 0) -> tuple[Node, ...]:
        """The nodes of a list."""
        if not isinstance(self.value, tuple):
            raise self._wrong("a list")
        if len(self.value) < at_least:
            raise self.error(f"{len(self.value)} entries; expected at least {at_least}")
        return self.value

    def text(self, *, may_be_empty: bool = False) -> str:
        """A text, stripped. YAML's own readings (`no`, 1.0, a date) must be quoted."""
        if self.kind != "text" or not isinstance(self.value, str):
            quote = " in quotes" if self.kind in ("number", "flag", "date") else ""
            raise self._wrong(f"text{quote}")
        text = self.value.strip()
        if not text and not may_be_empty:
            raise self.error("empty text; expected some words")
        return text

    def texts(self, at_least: int = 0) -> tuple[str, ...]:
        """A list of texts in which none stands twice."""
        nodes = self.items(at_least)
        seen: dict[str, int] = {}
        for node in nodes:
            text = node.text()
            if text in seen:
                raise node.error(f"`{text}` is already on line {seen[text]}; expected it once")
            seen[text] = node.line
        return tuple(seen)

    def number(self, least: float, most: float) -> float:
        """A number of that range, ends included."""
        expected = f"a number from {least:g} to {most:g}"
        if self.kind != "number" or not isinstance(self.value, str):
            raise self._wrong(expected)
        try:
            number = float(self.value)
        except ValueError:  # YAML 1.1 also reads 1:30 and 0x1f as numbers
            raise self._wrong(expected) from None
        if not least <= number <= most:
            raise self.error(f"{self.value} is out of range; expected {expected}")
        return number

    def integer(self, least: int, most: int) -> int:
        """A whole number of that range, ends included."""
        number = self.number(least, most)
        if number != int(number):
            raise self.error(f"{self.value} is not whole; expected a whole number")
        return int(number)

    def flag(self) -> bool:
        if self.kind != "flag" or not isinstance(self.value, str):
            raise self._wrong("true or false")
        return self.value.casefold() in ("true", "yes", "on")

    def date(self) -> str:
        """A calendar day in ISO form."""
        expected = "a date like 2026-11-22"
        if self.kind not in ("date", "text") or not isinstance(self.value, str):
            raise self._wrong(expected)
        try:
            return date.fromisoformat(self.value).isoformat()
        except ValueError:
            raise self.error(f"`{self.value}` is no date; expected {expected}") from None

    def choice(self, kinds: type[E]) -> E:
        """One value of an enumeration."""
        text = self.text()
        known = [kind.value for kind in kinds]
        if text not in known:
            problem = f"`{text}` is not known{_suggest(text, known)}"
            raise self.error(f"{problem}; expected one of: {_listed(known)}")
        return kinds(text)

    def one_of(self, known: Collection[str]) -> str:
        """A text that is one of the known ones."""
        text = self.text()
        if text not in known:
            problem = f"`{text}` is not known{_suggest(text, known)}"
            raise self.error(f"{problem}; expected one of: {_listed(known)}")
        return text

    def _wrong(self, expected: str) -> StrictError:
        article = {"empty": "nothing", "list": "a list", "mapping": "a mapping"}
        found = article.get(self.kind, f"a {self.kind}" if self.kind != "text" else "text")
        shown = f" ({self.value})" if isinstance(self.value, str) and self.value else ""
        return self.error(f"found {found}{shown if len(shown) < 60 else ''}; expected {expected}")


def read_yaml(path: Path) -> Node:
    """The mapping a file holds. Raises StrictError, also when there is no such file."""
    return parse_yaml(read_text(path), str(path))


def read_text(path: Path) -> str:
    """The text of a small UTF-8 file. Raises StrictError naming it when that cannot be had."""
    try:
        data = path.read_bytes()
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error}); expected a file"
        raise StrictError(str(path), 0, "", problem) from error
    if len(data) > MAX_BYTES:
        problem = f"has {len(data)} bytes; expected at most {MAX_BYTES}"
        raise StrictError(str(path), 1, "", problem)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise StrictError(str(path), line, "", "is not UTF-8; expected UTF-8 text") from error


def parse_yaml(text: str, file: str, first_line: int = 1) -> Node:
    """The mapping that is the document. first_line: where the text begins in its file."""
    try:
        root = _compose(text)
    except yaml.YAMLError as error:
        raise _syntax(error, file, first_line) from error
    except RecursionError as error:
        problem = f"nested too deeply; expected at most {MAX_DEPTH} levels"
        raise StrictError(file, first_line, "", problem) from error
    if root is None:
        raise StrictError(file, first_line, "", "the file is empty; expected a mapping")
    node = _build(root, file, first_line, "", 0)
    node.pairs()
    return node


def _compose(text: str) -> yaml.Node | None:
    """The document's nodes. libyaml, where PyYAML has it, is ten times as fast; what it stumbles
    at is read once more without it, since its own errors say less.
    """
    if yaml.__with_libyaml__ and _is_plain(text):
        return yaml.compose(text, Loader=yaml.CSafeLoader)
    return yaml.compose(text, Loader=_PlainLoader)


def _is_plain(text: str) -> bool:
    """Whether libyaml can read it, and there is nothing in it that a strict reader refuses."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH or getattr(event, "anchor", None):
                return False
    except (yaml.YAMLError, UnicodeEncodeError):  # the latter of half a surrogate pair
        return False
    return True


def refuse_repeats(nodes: Sequence[tuple[str, Node]], what: str) -> None:
    """Raises StrictError for the second node of the same name. what: `id`, `version`, ..."""
    seen: dict[str, Node] = {}
    for name, node in nodes:
        if name in seen:
            first = seen[name]
            place = (
                f"line {first.line}" if first.file == node.file else f"{first.file}:{first.line}"
            )
            raise node.error(f"{what} `{name}` is already used at {place}; expected another one")
        seen[name] = node


def _syntax(error: yaml.YAMLError, file: str, first_line: int) -> StrictError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = (mark.line if mark else 0) + first_line
    problem = getattr(error, "problem", None) or "unreadable"
    if isinstance(error, _AnchorError):
        return StrictError(file, line, "", f"{problem}; expected the value itself")
    return StrictError(file, line, "", f"not valid YAML ({problem}); expected `key: value` lines")


def _build(node: yaml.Node, file: str, first_line: int, key: str, depth: int) -> Node:
    line = node.start_mark.line + first_line
    if depth > MAX_DEPTH:
        raise StrictError(
            file, line, key, f"nested too deeply; expected at most {MAX_DEPTH} levels"
        )
    if isinstance(node, yaml.MappingNode):
        pairs: dict[str, Node] = {}
        for name, below in node.value:
            at = name.start_mark.line + first_line
            if not isinstance(name, yaml.ScalarNode):
                raise StrictError(file, at, key, "a key that is not text; expected a plain key")
            path = f"{key}.{name.value}" if key else str(name.value)
            if name.value in pairs:
                before = pairs[name.value].line
                problem = f"this key already stands on line {before}; expected it once"
                raise StrictError(file, at, path, problem)
            built = _build(below, file, first_line, path, depth + 1)
            pairs[name.value] = Node(file, at, path, built.kind, built.value)
        return Node(file, line, key, "mapping", pairs)
    if isinstance(node, yaml.SequenceNode):
        items = tuple(
            _build(below, file, first_line, f"{key}[{place}]", depth + 1)
            for place, below in enumerate(node.value)
        )
        return Node(file, line, key, "list", items)
    kinds = {"str": "text", "int": "number", "float": "number", "bool": "flag", "null": "empty"}
    kind = kinds.get(node.tag.rpartition(":")[2], "date" if "timestamp" in node.tag else "text")
    return Node(file, line, key, kind, str(node.value))


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)


def _suggest(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean `{close[0]}`?)" if close else ""
