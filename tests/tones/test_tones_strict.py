"""The strict YAML reader: each kind of mistake, with the whole message."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tones.strict import Node, StrictError, parse_yaml, read_yaml, refuse_repeats

ROOT = Path(__file__).resolve().parents[2]


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


def parse(text: str) -> Node:
    return parse_yaml(text, "f.yaml")


def message(call: object, *args: object, **kwargs: object) -> str:
    assert callable(call)
    with pytest.raises(StrictError) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def test_fields_refuse_an_unknown_key_with_a_suggestion() -> None:
    node = parse("publisher: x\nlicense: y\n")
    assert message(node.fields, ("publisher",), ("licence",)) == (
        "f.yaml:2: license: unknown key (did you mean `licence`?); "
        "expected one of: publisher, licence"
    )


def test_fields_refuse_an_unknown_key_that_resembles_nothing() -> None:
    assert message(parse("zzz: 1\n").fields, ("name",)) == (
        "f.yaml:1: zzz: unknown key; expected one of: name"
    )


def test_fields_refuse_a_missing_key_naming_the_place() -> None:
    node = parse("a: 1\nsub:\n  x: 1\n").pairs()["sub"]
    assert message(node.fields, ("x", "y")) == (
        "f.yaml:2: sub: key `y` is missing; required are: x, y"
    )


def test_duplicate_key_names_both_lines() -> None:
    assert message(parse, "a: 1\nb:\n  c: 1\n  c: 2\n") == (
        "f.yaml:4: b.c: this key already stands on line 3; expected it once"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k: no", "f.yaml:1: k: found a flag (no); expected text in quotes"),
        ("k: 1.0", "f.yaml:1: k: found a number (1.0); expected text in quotes"),
        ("k: 2026-11-22", "f.yaml:1: k: found a date (2026-11-22); expected text in quotes"),
        ("k:", "f.yaml:1: k: found nothing; expected text"),
        ("k: [a]", "f.yaml:1: k: found a list; expected text"),
        ("k: {a: b}", "f.yaml:1: k: found a mapping; expected text"),
        ("k: '  '", "f.yaml:1: k: empty text; expected some words"),
    ],
)
def test_text_refuses_what_yaml_reads_as_something_else(text: str, expected: str) -> None:
    assert message(parse(text).pairs()["k"].text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k: five", "f.yaml:1: k: found text (five); expected a number from 0 to 10"),
        ("k: 11", "f.yaml:1: k: 11 is out of range; expected a number from 0 to 10"),
        ("k: 1:30", "f.yaml:1: k: found a number (1:30); expected a number from 0 to 10"),
        ("k: .nan", "f.yaml:1: k: found a number (.nan); expected a number from 0 to 10"),
        ("k: 2.5", "f.yaml:1: k: 2.5 is not whole; expected a whole number"),
    ],
)
def test_integer_refuses(text: str, expected: str) -> None:
    assert message(parse(text).pairs()["k"].integer, 0, 10) == expected


def test_flag_refuses_text() -> None:
    assert message(parse("k: 'true'").pairs()["k"].flag) == (
        "f.yaml:1: k: found text (true); expected true or false"
    )


def test_choice_suggests_the_nearest_value() -> None:
    assert message(parse("k: gren").pairs()["k"].choice, Colour) == (
        "f.yaml:1: k: `gren` is not known (did you mean `green`?); expected one of: red, green"
    )


def test_choice_returns_the_member() -> None:
    assert parse("k: red").pairs()["k"].choice(Colour) is Colour.RED


def test_date_refuses_a_day_that_is_none() -> None:
    assert message(parse("k: '2026-02-30'").pairs()["k"].date) == (
        "f.yaml:1: k: `2026-02-30` is no date; expected a date like 2026-11-22"
    )


def test_items_refuse_a_text() -> None:
    assert message(parse("k: a").pairs()["k"].items) == (
        "f.yaml:1: k: found text (a); expected a list"
    )


def test_texts_refuse_a_repeat() -> None:
    assert message(parse("k:\n- a\n- b\n- a\n").pairs()["k"].texts) == (
        "f.yaml:4: k[2]: `a` is already on line 2; expected it once"
    )


def test_repeated_ids_name_both_places() -> None:
    nodes = [
        (n.pairs()["id"].text(), n) for n in parse("k:\n- id: a\n- id: a\n").pairs()["k"].items()
    ]
    assert message(refuse_repeats, nodes, "id") == (
        "f.yaml:3: k[1]: id `a` is already used at line 2; expected another one"
    )


def test_syntax_error_names_the_line() -> None:
    assert message(parse, "a: 1\nb: [1, 2\nc: 3\n") == (
        "f.yaml:3: not valid YAML (expected ',' or ']', but got ':'); expected `key: value` lines"
    )


def test_control_characters_are_no_yaml() -> None:
    assert message(parse, "a: \x07").startswith("f.yaml:1: not valid YAML")


@pytest.mark.parametrize("text", ["a: &x 1\nb: *x\n", "a: 1\nb: &x [1]\n", "a: 1\nb: *gone\n"])
def test_anchors_and_aliases_are_refused(text: str) -> None:
    line = 1 if text.startswith("a: &") else 2
    assert message(parse, text) == (
        f"f.yaml:{line}: anchors and aliases (& and *) are not read; expected the value itself"
    )


def test_an_alias_bomb_is_refused_at_once() -> None:
    text = "a: &a [x]\n" + "".join(f"b{n}: [*a, *a]\n" for n in range(1000))
    assert message(parse, text).startswith("f.yaml:1: anchors")


@pytest.mark.parametrize("text", ["a: " + "[" * 60 + "]" * 60, "a: " + "[" * 4000 + "]" * 4000])
def test_deep_nesting_is_refused(text: str) -> None:
    assert "nested too deeply; expected at most 20 levels" in message(parse, text)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "seeds").rglob("*.yaml")), ids=lambda path: path.name
)
def test_files_read_the_same_without_libyaml(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = read_yaml(path)
    monkeypatch.setattr(yaml, "__with_libyaml__", False)

    assert fast == read_yaml(path)


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n---\nb: 2\n",
        "a: \ud800",
        "a: 1\n\t- b: 1\n",
        "a: 'x\n\nb: 1\n",
        "a: 1\nb: [1\nc: *x\n",
        "a: \U0001f600\nb: @x\n",
        "a: x: y\n",
        "%YAML 3\n---\na: 1\n",
    ],
)
def test_mistakes_are_said_the_same_without_libyaml(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = message(parse, text)
    monkeypatch.setattr(yaml, "__with_libyaml__", False)

    assert fast == message(parse, text)


def test_python_tags_build_nothing() -> None:
    node = parse("a: !!python/object/apply:os.system ['true']").pairs()["a"]
    assert [item.text() for item in node.items()] == ["true"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "f.yaml:1: the file is empty; expected a mapping"),
        ("- a\n", "f.yaml:1: found a list; expected a mapping (`key: value` lines)"),
    ],
)
def test_a_file_must_hold_a_mapping(text: str, expected: str) -> None:
    assert message(parse, text) == expected


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gone.yaml"
    assert message(read_yaml, path) == (
        f"{path}: cannot be read (No such file or directory); expected a file"
    )


def test_a_file_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "gbk.yaml"
    path.write_bytes("a: 1\nb: 港湾\n".encode("gbk"))
    assert message(read_yaml, path) == f"{path}:2: is not UTF-8; expected UTF-8 text"


KEYS = st.text("abcdefgh_", min_size=1, max_size=8)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20
)
VALUES = st.recursive(
    TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def plain(node: Node) -> object:
    if node.kind == "list":
        return [plain(item) for item in node.items()]
    if node.kind == "mapping":
        return {key: plain(value) for key, value in node.pairs().items()}
    return node.text()


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_reading_returns_what_was_written(value: dict[str, object]) -> None:
    assert plain(parse(yaml.safe_dump(value, allow_unicode=True))) == value
    assert plain(parse(json.dumps(value, ensure_ascii=False))) == value


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    outcome = "f.yaml:"
    try:
        parse(text).pairs()
    except StrictError as error:
        outcome = str(error)
    assert outcome.startswith("f.yaml:")
