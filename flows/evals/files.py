"""Labelled data as people wrote it: rows of JSON lines, with file and line in every complaint."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.errors import ConfigError

Step = Callable[[str], None]
"""Told what was just done; see `flows.evals.show.show_steps`."""


def no_step(label: str) -> None:
    """Says nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a `.jsonl` file, with where it stands."""

    file: str
    line: int
    values: Mapping[str, Any]

    def error(self, problem: str) -> ConfigError:
        return ConfigError(f"{self.file}:{self.line}: {problem}")

    def text(self, key: str) -> str:
        """A text that is there and not empty."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"{key}: {_found(self.values, key)}; expected some text")
        return value

    def optional_text(self, key: str) -> str:
        """A text, '' when the key is missing or null."""
        value = self.values.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.error(f"{key}: {_found(self.values, key)}; expected a text or null")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when the key is missing or null."""
        value = self.values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.error(f"{key}: {_found(self.values, key)}; expected a list of texts")
        return tuple(value)


def read_rows(path: Path) -> tuple[Row, ...]:
    """The objects of a JSON Lines file, empty lines left out.

    Raises ConfigError for a missing file, a line that is no JSON object, or no line at all.
    """
    rows = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            problem = f"{path}:{number}: not JSON ({error}); expected one JSON object a line"
            raise ConfigError(problem) from error
        if not isinstance(value, dict):
            raise ConfigError(f"{path}:{number}: not a JSON object; expected one object a line")
        rows.append(Row(str(path), number, value))
    if not rows:
        raise ConfigError(f"{path}:1: the file is empty; expected one JSON object a line")
    return tuple(rows)


def read_text(path: Path) -> str:
    """A UTF-8 text file. Raises ConfigError naming it when it cannot be read."""
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8; expected UTF-8 text") from error


def read_bytes(path: Path) -> bytes:
    """Raises ConfigError naming the file when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"{path}:1: cannot be read ({reason}); expected a file") from error


def check_folder(folder: Path, names: Sequence[str] = ()) -> Path:
    """The folder. Raises ConfigError when it, or a file it must hold, is not there."""
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; expected one with labelled data.")
    missing = [name for name in names if not (folder / name).exists()]
    if missing:
        raise ConfigError(
            f"{folder} lacks {', '.join(missing)}; expected a folder with {', '.join(names)}."
        )
    return folder


def file_inside(folder: Path, row: Row, key: str) -> Path:
    """The file a row names, relative to its folder. Raises ConfigError when it lies outside."""
    path = folder / row.text(key)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise row.error(f"{key}: `{row.text(key)}` leaves the folder; expected a path inside it")
    if not path.is_file():
        raise row.error(f"{key}: there is no file {path}; expected one")
    return path


def by_id(rows: Iterable[Row], key: str = "id") -> dict[str, Row]:
    """Rows by the text of a key. Raises ConfigError for the second of the same."""
    found: dict[str, Row] = {}
    for row in rows:
        name = row.text(key)
        if name in found:
            before = found[name].line
            raise row.error(f"{key} `{name}` is already on line {before}; expected it once")
        found[name] = row
    return found


def share(part: float, whole: float) -> float | None:
    """part of whole, 0..1; None when there is nothing to measure."""
    return part / whole if whole else None


def mean(values: Sequence[float]) -> float | None:
    """None when there is nothing to measure."""
    return sum(values) / len(values) if values else None


def _found(values: Mapping[str, Any], key: str) -> str:
    if key not in values:
        return "the key is missing"
    shown = json.dumps(values[key], ensure_ascii=False)
    return f"found {shown if len(shown) <= 60 else shown[:57] + '...'}"
