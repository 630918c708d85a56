"""Labelled data that is wrong: every complaint names file, line and what was expected."""

from __future__ import annotations

import pytest

from flows.evals.files import by_id, check_folder, mean, read_rows, share
from flows.evals.show import rounded
from stages.errors import ConfigError


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'{"id": "a"}\n{"id": }\n', ":2: not JSON ("),
        (b'{"id": "a"}\n\n[1]\n', ":3: not a JSON object; expected one object a line"),
        (b"\n \n", ":1: the file is empty; expected one JSON object a line"),
        (b'{"id": "a"}\n{"id": "\xff"}\n', ":2: is not UTF-8; expected UTF-8 text"),
        (b"[" * 100_000, ":1: not JSON ("),
    ],
)
def test_read_rows_names_the_broken_line(tmp_path, data, problem):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as error:
        read_rows(path)
    assert str(error.value).startswith(f"{path}{problem}")


def test_read_rows_names_a_missing_file(tmp_path):
    path = tmp_path / "rows.jsonl"
    with pytest.raises(ConfigError) as error:
        read_rows(path)
    assert str(error.value) == (
        f"{path}:1: cannot be read (No such file or directory); expected a file"
    )


def test_read_rows_keeps_line_separators_inside_texts(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "a\u2028b"}\n{"id": "c"}\n', "utf-8")
    assert [(row.line, row.text("id")) for row in read_rows(path)] == [(1, "a\u2028b"), (2, "c")]


def test_by_id_refuses_the_second_of_the_same(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "a"}\n{"id": "a"}\n', "utf-8")
    with pytest.raises(ConfigError) as error:
        by_id(read_rows(path))
    assert str(error.value) == f"{path}:2: id `a` is already on line 1; expected it once"


def test_check_folder_names_what_is_missing(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(ConfigError) as error:
        check_folder(tmp_path, ["a", "b", "c"])
    assert str(error.value) == f"{tmp_path} lacks b, c; expected a folder with a, b, c."
    with pytest.raises(ConfigError, match="is no folder"):
        check_folder(tmp_path / "a")


def test_shares_of_nothing_are_none():
    assert [share(1, 4), share(0, 0), mean([1.0, 2.0]), mean([])] == [0.25, None, 1.5, None]


def test_rounded_keeps_everything_but_long_fractions():
    assert rounded({"a": 1 / 3, "b": [2, 1 / 7], "c": None, "d": True}) == {
        "a": 0.3333, "b": [2, 0.1429], "c": None, "d": True,
    }  # fmt: skip
