"""Ready lines: the file is read strictly, and no shipped line breaks a draft."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.errors import ConfigError
from stages.seeds import load_policy
from stages.snippets import Snippet, choose_snippets, load_snippets
from store.settings import SEEDS

SHIPPED = load_snippets(SEEDS / "snippets.yaml")


def write(folder: Path, text: str) -> Path:
    path = folder / "snippets.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_lines_name_topics_the_policy_has() -> None:
    known = {rule.id for rule in load_policy(SEEDS / "policy.yaml").topics}

    assert {topic for one in SHIPPED for topic in one.topics} - known == set()


def test_shipped_lines_name_a_number_only_for_a_country() -> None:
    named = [one.id for one in SHIPPED if any(sign.isdigit() for sign in one.text)]

    assert named
    assert [one.id for one in SHIPPED if one.id in named and not one.countries] == []


@pytest.mark.parametrize(
    ("lang", "topics", "country", "ids"),
    [
        ("en-GB", ("fever",), "GB", ["call", "call-gb", "any"]),
        ("en", ("fever",), "", ["call", "any"]),
        ("en", ("play",), "GB", ["any"]),
        ("zh-CN", (), "CN", ["zh"]),
        ("zh-TW", (), "TW", ["hant"]),
        ("fr", (), "", []),
    ],
)
def test_lines_fit_language_topic_and_country(
    lang: str, topics: tuple[str, ...], country: str, ids: list[str]
) -> None:
    lines = (
        Snippet("any", "en", "Any", "…"),
        Snippet("call", "en", "Call", "…", ("fever",)),
        Snippet("call-gb", "en", "Call 999", "…", ("fever",), ("GB",)),
        Snippet("zh", "zh-Hans", "一般", "…"),
        Snippet("hant", "zh-Hant", "一般", "…"),
    )

    assert [one.id for one in choose_snippets(lines, lang, topics, country)] == ids


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{id: a, lang: en, title: T}", "key `text` is missing"),
        ("{id: a, lang: de, title: T, text: x}", "`de` is not known"),
        ("{id: a, lang: en, title: T, text: x, topic: [fever]}", "unknown key"),
        ("{id: A b, lang: en, title: T, text: x}", "small letters"),
        ("{id: a, lang: en, title: T, text: x, countries: [gb]}", "two capital letters"),
    ],
)
def test_mistakes_in_the_file_are_named(tmp_path: Path, entry: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        load_snippets(write(tmp_path, f"snippets:\n  - {entry}\n"))

    assert "snippets.yaml:2" in str(caught.value)


def test_an_id_stands_once(tmp_path: Path) -> None:
    entry = "  - {id: a, lang: en, title: T, text: x}\n"

    with pytest.raises(ConfigError, match=r"snippets\.yaml:3"):
        load_snippets(write(tmp_path, f"snippets:\n{entry}{entry}"))


def test_a_missing_file_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SPOONFUL_SNIPPETS_FILE"):
        load_snippets(tmp_path / "none.yaml")
