"""The kinds of value that the front matter of tones and house has, each read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tones.strict import Node, refuse_repeats

LANGUAGES = ("en", "zh")
"""Keys of every per-language mapping; `zh` serves simplified and traditional Chinese."""

TRADITIONAL = "zh-Hant"
"""Optional further key of `disclaimer`, `hooks` and `closers`, see `pick`."""

ANY_TOPIC = "any"
"""Key of the hooks and closers that suit every topic."""


def per_language(node: Node, optional: Sequence[str] = ()) -> Mapping[str, Node]:
    return node.fields(LANGUAGES, optional)


def phrases_of(node: Node) -> Mapping[str, tuple[str, ...]]:
    return {key: below.texts() for key, below in per_language(node).items()}


def phrases_by_topic(node: Node) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Phrases by topic; a key may name several topics, separated by commas."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for key, below in per_language(node, (TRADITIONAL,)).items():
        named = [
            (topic.strip(), phrases)
            for topics, phrases in below.pairs().items()
            for topic in topics.split(",")
        ]
        refuse_repeats(named, "topic")
        if ANY_TOPIC not in dict(named):
            raise below.error(f"key `{ANY_TOPIC}` is missing; it serves topics without own phrases")
        found[key] = {topic: phrases.texts() for topic, phrases in named}
    return found


def length_range(node: Node) -> tuple[int, int]:
    fields = node.fields(("min", "max"))
    least, most = fields["min"].integer(1, 2000), fields["max"].integer(1, 2000)
    if least > most:
        raise fields["max"].error(f"{most} is below min {least}; expected at least {least}")
    return least, most


def matching(node: Node, pattern: re.Pattern[str], expected: str) -> str:
    text = node.text()
    if not pattern.fullmatch(text):
        raise node.error(f"`{text}`; expected {expected}")
    return text
