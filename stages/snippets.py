"""Ready lines editors put into drafts: the file they own, read strictly, and what fits a card."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.errors import ConfigError
from stages.seeds import COUNTRY, ID
from stages.text import is_chinese
from tones.strict import Node, StrictError, read_yaml, refuse_repeats

LANGS = ("en", "zh-Hans", "zh-Hant")
MAX_CHARS = 500
"""A longer line is a draft, not a line of one."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """topics: of cards it is for; countries: of their sources; both empty for any."""

    id: str
    lang: str
    title: str
    text: str
    topics: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()


def load_snippets(path: Path) -> tuple[Snippet, ...]:
    """The lines of a file like seeds/snippets.yaml, in its order.

    Raises ConfigError with the first mistake of every entry, a line each.
    """
    try:
        nodes = read_yaml(path).fields(("snippets",))["snippets"].items()
    except StrictError as error:
        hint = "" if error.line else ". SPOONFUL_SNIPPETS_FILE says where it is"
        raise ConfigError(f"{error}{hint}") from error
    found, mistakes, ids = list[Snippet](), list[StrictError](), dict[str, Node]()
    for node in nodes:
        try:
            snippet = _snippet(node)
            at = node.pairs()["id"]
            refuse_repeats([*ids.items(), (snippet.id, at)], "id")
        except StrictError as error:
            mistakes.append(error)
            continue
        ids[snippet.id] = at
        found.append(snippet)
    if mistakes:
        raise ConfigError("\n".join(map(str, mistakes))) from mistakes[0]
    return tuple(found)


def choose_snippets(
    snippets: Sequence[Snippet], lang: str, topics: Collection[str], country: str
) -> tuple[Snippet, ...]:
    """Those for a card: what its topics ask for first, then what any card may have.

    country: of its source, '' when it is nobody's.
    """
    fitting = [
        snippet
        for snippet in snippets
        if snippet.lang == _script(lang)
        and (not snippet.topics or set(snippet.topics) & set(topics))
        and (not snippet.countries or country in snippet.countries)
    ]
    return tuple(sorted(fitting, key=lambda snippet: not snippet.topics))


def _script(lang: str) -> str:
    """The value of `Snippet.lang` for a language tag; '' for a language without lines."""
    tag = lang.replace("_", "-").lower()
    if is_chinese(lang):
        parts = tag.split("-")
        is_traditional = "hant" in parts or (
            "hans" not in parts and not {"tw", "hk", "mo"}.isdisjoint(parts)
        )
        return "zh-Hant" if is_traditional else "zh-Hans"
    return "en" if tag.split("-")[0] == "en" else ""


def _snippet(node: Node) -> Snippet:
    at = node.fields(("id", "lang", "title", "text"), ("topics", "countries"))
    if not ID.fullmatch(at["id"].text()):
        raise at["id"].error(
            f"`{at['id'].text()}`; expected small letters and digits joined by hyphens"
        )
    text = at["text"].text()
    if len(text) > MAX_CHARS:
        raise at["text"].error(f"{len(text)} characters; expected at most {MAX_CHARS}")
    countries = at["countries"].texts(at_least=1) if "countries" in at else ()
    for country in countries:
        if not COUNTRY.fullmatch(country):
            raise at["countries"].error(f"`{country}`; expected two capital letters, or INT")
    return Snippet(
        id=at["id"].text(),
        lang=at["lang"].one_of(LANGS),
        title=at["title"].text(),
        text=text,
        topics=at["topics"].texts(at_least=1) if "topics" in at else (),
        countries=countries,
    )
