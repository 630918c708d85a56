"""Read a model's reply strictly: nothing in it is trusted, and what is wrong is said in words."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from stages.cook.facts import language_key
from stages.text import strip_hidden
from stages.types import DraftSentence

MAX_REPLY_CHARS = 60_000
MAX_SENTENCES = 80
MAX_SENTENCE_CHARS = 1_500

_FENCE = re.compile(
    r"\A\s*```(?:json)?[ \t]*\n(?P<body>.*)\n[ \t]*```\s*\Z", re.DOTALL | re.IGNORECASE
)
_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile("[A-Za-z]")


class ReplyError(ValueError):
    """The reply as a whole cannot be used; the message is fed back to the model."""


@dataclass(frozen=True, slots=True)
class Reply:
    """drafts: by tone id, for the tones that can be used. problems: for the others, why not.

    hidden: tones whose text lost characters nobody sees.
    """

    drafts: dict[str, tuple[DraftSentence, ...]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()


def parse_reply(
    text: str,
    tones: Sequence[str],
    lang: str,
    sentence_ids: Collection[str],
    fact_ids: Collection[str],
) -> Reply:
    """The drafts in a reply of the form {tone: [{text, source_ids, fact_ids}, ...]}.

    A Markdown fence around the JSON is tolerated. Raises ReplyError when it is no such object or
    names a tone that was not asked for; a tone that is missing or wrong inside is a problem of
    that tone alone.
    """
    value = _load(text)
    if not isinstance(value, dict):
        raise ReplyError("the reply is not a JSON object")
    strangers = sorted(set(value) - set(tones))
    if strangers:
        raise ReplyError(f"unknown tone {strangers[0][:40]!r}; expected {', '.join(tones)}")
    drafts: dict[str, tuple[DraftSentence, ...]] = {}
    problems: dict[str, str] = {}
    hidden: set[str] = set()
    for tone in tones:
        try:
            sentences = _read_tone(value.get(tone), sentence_ids, fact_ids)
            _check_language(sentences, lang)
        except ReplyError as error:
            problems[tone] = str(error)
            continue
        clean = tuple(
            DraftSentence(strip_hidden(s.text), s.source_ids, s.fact_ids) for s in sentences
        )
        if clean != sentences:
            hidden.add(tone)
        if any(s.text.strip() for s in clean):
            drafts[tone] = tuple(s for s in clean if s.text.strip())
        else:
            problems[tone] = "the draft is empty"
    return Reply(drafts, problems, frozenset(hidden))


def dump_reply(drafts: dict[str, tuple[DraftSentence, ...]]) -> str:
    """Drafts in the form `parse_reply` reads."""
    return json.dumps(
        {
            tone: [
                {
                    "text": s.text,
                    "source_ids": list(s.source_ids),
                    "fact_ids": list(s.fact_ids),
                }
                for s in sentences
            ]
            for tone, sentences in drafts.items()
        },
        ensure_ascii=False,
    )


def _load(text: str) -> object:
    if not text.strip():
        raise ReplyError("the reply is empty or was cut off")
    if len(text) > MAX_REPLY_CHARS:
        raise ReplyError(f"the reply has {len(text)} characters; at most {MAX_REPLY_CHARS}")
    fenced = _FENCE.match(text)
    try:
        return json.loads(
            fenced["body"] if fenced else text,
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
        )
    except RecursionError as error:
        raise ReplyError("the reply is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ReplyError(f"the reply is not valid JSON: {error.msg}") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ReplyError("the reply has the same key twice")
    return found


def _refuse_constant(name: str) -> object:
    raise ReplyError(f"the reply contains {name}")


def _read_tone(
    value: object, sentence_ids: Collection[str], fact_ids: Collection[str]
) -> tuple[DraftSentence, ...]:
    if value is None:
        raise ReplyError("the draft is missing")
    if not isinstance(value, list) or not value:
        raise ReplyError("expected a list of sentences that is not empty")
    if len(value) > MAX_SENTENCES:
        raise ReplyError(f"{len(value)} sentences; at most {MAX_SENTENCES}")
    return tuple(_read_sentence(row, sentence_ids, fact_ids) for row in value)


def _read_sentence(
    row: object, sentence_ids: Collection[str], fact_ids: Collection[str]
) -> DraftSentence:
    if not isinstance(row, dict) or set(row) - {"text", "source_ids", "fact_ids"}:
        raise ReplyError("expected each sentence as {text, source_ids, fact_ids}")
    text = row.get("text")
    if not isinstance(text, str):
        raise ReplyError("a sentence has no text")
    if len(text) > MAX_SENTENCE_CHARS:
        raise ReplyError(f"a sentence has {len(text)} characters; at most {MAX_SENTENCE_CHARS}")
    return DraftSentence(
        text=text,
        source_ids=_read_ids(row.get("source_ids", []), sentence_ids, "source_ids"),
        fact_ids=_read_ids(row.get("fact_ids", []), fact_ids, "fact_ids"),
    )


def _read_ids(value: object, known: Collection[str], name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(i, str) for i in value):
        raise ReplyError(f"{name} is not a list of ids")
    for one in value:
        if one not in known:
            raise ReplyError(f"{name} names {one[:20]!r}, which the card does not have")
    return tuple(dict.fromkeys(value))


def _check_language(sentences: Sequence[DraftSentence], lang: str) -> None:
    text = " ".join(s.text for s in sentences)
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    # A Han character says about as much as three letters.
    is_chinese = 3 * han > latin
    if (han or latin) and is_chinese != (language_key(lang) == "zh"):
        raise ReplyError(f"the draft is not in the card's language ({lang})")
