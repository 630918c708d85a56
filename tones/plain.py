"""What editors lay down for the offline writer besides the tones: labels, marks and plain words.

Data stands in labels.yaml and plain_words.yaml beside this file, read as strictly as the tones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tones.fields import LANGUAGES, TRADITIONAL
from tones.load import HERE, ToneError, language_key
from tones.strict import Node, StrictError, read_yaml, refuse_repeats

LABELS = ("know", "do", "dont", "help", "pointer")
_VOWELS = "aeiou"


@dataclass(frozen=True, slots=True)
class PlainWords:
    """Formal words and what to say instead, for one language.

    words: by the formal words in lower case. keep: terms that stay. pattern: finds both, the
    longest first, with an English article in front.
    """

    words: Mapping[str, str]
    keep: frozenset[str]
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Wording:
    """labels: by language tag (`en`, `zh`, `zh-Hant`: read with `pick`), then by name of LABELS.
    marks: one emoji by topic. plain: by language key. plain_tones: ids of the tones that may
    use it.
    """

    labels: Mapping[str, Mapping[str, str]]
    marks: Mapping[str, str]
    plain: Mapping[str, PlainWords]
    plain_tones: frozenset[str]


@lru_cache(maxsize=4)
def load_wording(folder: Path | None = None) -> Wording:
    """Labels, marks and plain words. Raises ToneError for any mistake in either file."""
    place = HERE if folder is None else folder
    try:
        return _load(place / "labels.yaml", place / "plain_words.yaml")
    except StrictError as error:
        raise ToneError(error.file, error.line, error.key, error.problem) from error


def _load(labels_file: Path, words_file: Path) -> Wording:
    top = read_yaml(labels_file).fields(("labels", "marks"))
    labels = {
        key: {name: node.text() for name, node in below.fields(LABELS).items()}
        for key, below in top["labels"].fields(LANGUAGES, (TRADITIONAL,)).items()
    }
    marks = [
        (topic.strip(), node)
        for topics, node in top["marks"].pairs().items()
        for topic in topics.split(",")
    ]
    refuse_repeats(marks, "topic")
    words = read_yaml(words_file).fields(("tones", *LANGUAGES))
    return Wording(
        labels=labels,
        marks={topic: node.text() for topic, node in marks},
        plain={key: _plain(words[key], key) for key in LANGUAGES},
        plain_tones=frozenset(words["tones"].texts()),
    )


def _plain(node: Node, key: str) -> PlainWords:
    fields = node.fields(("words", "keep"))
    words: dict[str, str] = {}
    for formal, plain in fields["words"].pairs().items():
        if formal != formal.lower():
            raise plain.error("expected the words in lower case")
        words[formal] = plain.text()
    keep = frozenset(fields["keep"].texts())
    listed = "|".join(re.escape(w) for w in sorted({*words, *keep}, key=lambda w: (-len(w), w)))
    found = f"(?:{listed})" if key == "zh" else rf"\b(?:(an?) )?({listed})(?!\w|['’-]\w)"
    return PlainWords(words, keep, re.compile(found, re.IGNORECASE))


def use_plain_words(text: str, lang: str, wording: Wording) -> str:
    """Text with plain words for formal ones; the caller says where that is safe."""
    key = language_key(lang)
    plain = wording.plain[key]
    if key == "zh":
        return plain.pattern.sub(lambda m: plain.words.get(m[0], m[0]), text)
    return plain.pattern.sub(lambda m: _swap(m, plain), text)


def _swap(match: re.Match[str], plain: PlainWords) -> str:
    instead = plain.words.get(match[2].lower())
    article = match[1]
    if instead is None or {match[2].lower(), match[0].lower()} & plain.keep:
        return match[0]
    if match[2][0].isupper() and re.search(r"\w", match.string[: match.start(2)]):
        return match[0]  # a name: "Women, Infants and Children"
    if article is None:
        return instead[0].upper() + instead[1:] if match[2][0].isupper() else instead
    right = "an" if instead[0] in _VOWELS else "a"
    return f"{article[0]}{right[1:]} {instead}"
