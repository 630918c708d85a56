"""Sentences of the checks and of the store reach the reader in the reader's language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from review_ui.i18n import speak
from review_ui.passed_on import find_pattern, pass_on

ROOT = Path(__file__).parents[2]
CHECKS = (
    "check_cited", "check_close", "check_hygiene", "check_quantities", "checks", "explain",
    "plain_quantities", "judge",
)  # fmt: skip
FILLED = {"unit": "words", "name": "The figure", "words": "“7” is"}
REFUSING = {"NotAllowedError", "StaleError", "LastAdminError"}


@pytest.fixture(autouse=True)
def reader() -> Iterator[None]:
    speak("zh_Hans")
    yield
    speak("en")


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        (
            "The draft says “38.5 °C”, the card “38 °C”.",
            "草稿写的是“38.5 °C”，卡片是“38 °C”。",
        ),
        ("“a” or “b” turns round what the card says.", "“a” or “b”与卡片所说相反。"),
        ("Short for this tone: 44 words.", "Short for this tone: 44 words."),
    ],
)
def test_sentences_keep_what_they_quote(english: str, chinese: str) -> None:
    assert pass_on(english) == chinese


def test_english_readers_get_the_sentence_as_it_is() -> None:
    speak("en")
    assert pass_on("The card may not say this.") == "The card may not say this."


@pytest.mark.parametrize("name", CHECKS)
def test_every_sentence_of_the_checks_is_listed(name: str) -> None:
    tree = ast.parse((ROOT / "stages" / "cook" / f"{name}.py").read_text(encoding="utf-8"))
    missing = [words for words in sentences(tree) if find_pattern(words) is None]
    assert missing == []


def test_every_refusal_of_the_store_is_listed() -> None:
    missing = [
        words
        for path in sorted((ROOT / "store").glob("*.py"))
        for words in refusals(ast.parse(path.read_text(encoding="utf-8")))
        if find_pattern(words) is None
    ]
    assert missing == []


def sentences(tree: ast.Module) -> list[str]:
    """Text that ends in a full stop and is no docstring, `7` where something is filled in."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
        for part in node.values
    }  # fmt: skip
    found = (
        said(node).replace("{card}", "7")
        for node in ast.walk(tree)
        if id(node) not in docs | parts and isinstance(node, (ast.JoinedStr, ast.Constant))
    )
    return [words for words in found if " " in words and words.endswith(".")]


def refusals(tree: ast.Module) -> list[str]:
    """What the errors say that people see."""
    return [
        said(node.exc.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id in REFUSING
        and isinstance(node.exc.args[0], (ast.JoinedStr, ast.Constant))
    ]


def said(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    assert isinstance(node, ast.JoinedStr)
    return "".join(
        part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else fill(part)
        for part in node.values
    )


def fill(part: ast.expr) -> str:
    """An example of what is filled in; '' for what may be missing."""
    assert isinstance(part, ast.FormattedValue)
    if isinstance(part.value, ast.IfExp):
        return ""
    return FILLED.get(part.value.id, "7") if isinstance(part.value, ast.Name) else "7"
