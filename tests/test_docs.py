"""Nothing people can set, call or write into a tone goes undocumented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

import flows.cli
from store.settings import Settings
from tones.load import HOUSE_KEYS, TEMPLATE_VARIABLES, TONE_KEYS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TONES_README = (ROOT / "tones" / "README.md").read_text(encoding="utf-8")

VARIABLES = [f"SPOONFUL_{name.upper()}" for name in Settings.model_fields]


def list_commands() -> Iterator[tuple[str, Any]]:
    """Every command of `spoonful` by its words (`users add`), groups before their commands."""

    def walk(words: tuple[str, ...], command: Any) -> Iterator[tuple[str, Any]]:
        if words:
            yield " ".join(words), command
        for name, below in getattr(command, "commands", {}).items():
            yield from walk((*words, name), below)

    yield from walk((), typer.main.get_command(flows.cli.app))


COMMANDS = dict(list_commands())


def names_whole(word: str, text: str) -> bool:
    """True when the text names the word itself, not only a longer one it is part of."""
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def test_every_setting_is_in_the_readme() -> None:
    assert [name for name in VARIABLES if not names_whole(name, README)] == []


def test_every_setting_describes_itself() -> None:
    fields = Settings.model_fields.items()

    assert [name for name, field in fields if not (field.description or "").strip()] == []


def test_readme_names_no_setting_that_is_gone() -> None:
    assert sorted(set(re.findall(r"\bSPOONFUL_[A-Z][A-Z0-9_]*\b", README)) - set(VARIABLES)) == []


def test_every_command_is_in_the_readme() -> None:
    groups = {words for words, command in COMMANDS.items() if hasattr(command, "commands")}
    missing = [
        words
        for words in COMMANDS
        if words not in groups and not names_whole(f"spoonful {words}", README)
    ]

    assert COMMANDS
    assert missing == []


def test_readme_names_no_command_that_is_gone() -> None:
    """In code only: a line of a block that starts with it, or between back-quotes."""
    named = re.findall(r"(?:^|`)(?:\$ )?spoonful ([a-z]+)", README, re.MULTILINE)

    assert sorted(set(named) - {words.partition(" ")[0] for words in COMMANDS}) == []


def test_every_command_has_help() -> None:
    assert [words for words, command in COMMANDS.items() if not (command.help or "").strip()] == []


def test_every_option_and_argument_has_help() -> None:
    missing = [
        f"{words} {option.name}"
        for words, command in COMMANDS.items()
        for option in command.params
        if not (getattr(option, "help", "") or "").strip()
    ]

    assert missing == []


def test_every_tone_field_is_in_the_tones_readme() -> None:
    named = {
        *TONE_KEYS,
        *HOUSE_KEYS,
        *(variable for variables in TEMPLATE_VARIABLES.values() for variable in variables),
    }

    assert sorted(name for name in named if not names_whole(name, TONES_README)) == []


def test_changelog_opens_with_what_is_unreleased() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

    assert headings[0] == "[Unreleased]"
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= kinds
