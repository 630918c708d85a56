"""The interface's languages: what a reader gets, and the functions that say things in it.

Words are written in English where they are used: `_("Approve")` in templates and in Python (import
`gettext as _`), `ngettext("%(n)s card", "%(n)s cards", n) % {"n": n}` for counts, and `N_` around
words kept in a table and said later. `locale/zh_Hans.po` has them in Chinese; a test finds the ones
it lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.pofile import read_po

LANGUAGES = {"en": "English", "zh_Hans": "简体中文"}
"""What people may choose, each in its own words."""
SPOKEN_BY = {"zh": "zh_Hans", "en": "en"}
"""What a reader of any kind of that language gets."""
COOKIE = "spoonful_lang"
LOCALE = Path(__file__).resolve().parent / "locale"

_spoken: ContextVar[str] = ContextVar("language", default="en")


def choose_language(
    cookies: Mapping[str, str], headers: Mapping[str, str], prefs: Mapping[str, Any]
) -> str:
    """A person's own choice, then that of this browser, then what the browser asks for."""
    for chosen in (prefs.get("lang"), cookies.get(COOKIE)):
        if chosen in LANGUAGES:
            return str(chosen)
    for part in headers.get("accept-language", "").split(",", 10)[:10]:
        asked = part.split(";")[0].strip().lower()
        for start, language in SPOKEN_BY.items():
            if asked == start or asked.startswith(f"{start}-"):
                return language
    return "en"


def speak(language: str) -> None:
    """Use that language from here on, in this request."""
    _spoken.set(language)


def spoken() -> str:
    """A key of LANGUAGES."""
    return _spoken.get()


def spoken_locale() -> Locale:
    """For dates and numbers."""
    return Locale.parse(spoken())


def gettext(message: str) -> str:
    found = _catalog(spoken()).get(message, message)
    return found if isinstance(found, str) else found[0]


def ngettext(one: str, many: str, count: int) -> str:
    """The form for count; it still holds its `%(n)s`."""
    found = _catalog(spoken()).get(one)
    if found is None:
        return one if count == 1 else many
    return found if isinstance(found, str) else found[0]  # Chinese has one form


def N_(message: str) -> str:  # noqa: N802  # the name gettext's tools look for
    """Marks words that are said later, in the reader's language."""
    return message


@cache
def _catalog(language: str) -> dict[str, str | tuple[str, ...]]:
    path = LOCALE / f"{language}.po"
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        messages = read_po(file, locale=language)
    found: dict[str, str | tuple[str, ...]] = {}
    for message in messages:
        if message.id and message.string and not message.fuzzy:
            key = message.id[0] if isinstance(message.id, (tuple, list)) else message.id
            words = message.string
            found[key] = words if isinstance(words, str) else tuple(words)
    return found
