"""Read a model's reply strictly: nothing in it is trusted, and what is wrong is said in words.

What is refused here never becomes a draft: it is fed back, and when the model insists the next one
is asked. A draft that can be read and says the wrong things is for the checks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from stages.cook.language import wrong_language
from stages.cook.leak import Told, is_leak
from stages.text import count_words, strip_hidden
from stages.types import Card, DraftSentence
from tones.load import Tone

MAX_REPLY_CHARS = 60_000
MAX_SENTENCES = 80
MAX_SENTENCE_CHARS = 1_500

_FENCE = re.compile(
    r"\A\s*```(?:json)?[ \t]*\n(?P<body>.*)\n[ \t]*```\s*\Z", re.DOTALL | re.IGNORECASE
)

# How a model says that it will not; only where it rests on no sentence of the card.
_REFUSAL = re.compile(
    r"\b(?:i['’]m|i am|we['’]re|we are) (?:very |really |so )?(?:sorry|unable|not able)\b|"
    r"\bi (?:can(?:['’]t|not)|won['’]t|am not able to|must decline|do not feel comfortable)|"
    r"\bas an? (?:ai|language model|assistant)\b|\bconsult (?:my|the) (?:guidelines|policy)\b|"
    r"(?:抱歉|对不起|對不起|很遗憾|很遺憾)[，,。!！]?.{0,12}(?:我|无法|無法|不能)|"
    r"(?:我|本助手)(?:无法|無法|不能)(?:提供|协助|協助|回答|帮|幫|完成|满足|滿足)|"
    r"作为(?:一[个名])?(?:AI|人工智能|语言模型)|作為(?:一[個名])?(?:AI|人工智慧|語言模型)",
    re.IGNORECASE,
)


class ReplyError(ValueError):
    """The reply, or one tone of it, cannot be used; the message is fed back to the model.

    kind: the same in two or three words, for counting.
    """

    def __init__(self, message: str, kind: str = "wrong form") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Reply:
    """drafts: by tone id, for the tones that can be used. problems: for the others, why not.

    hidden: tones whose text lost characters nobody sees.
    """

    drafts: dict[str, tuple[DraftSentence, ...]] = field(default_factory=dict)
    problems: dict[str, ReplyError] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()


def longest_words(card: Card, tone: Tone) -> int:
    """Words (Han characters for Chinese) beyond which a draft is no draft of the card any more:
    twice what the tone allows, or twice the card where that is more.
    """
    return 2 * max(tone.length(card.lang)[1], count_words(card.text, card.lang))


def parse_reply(
    text: str,
    tones: Sequence[str],
    lang: str,
    sentence_ids: Collection[str],
    fact_ids: Collection[str],
    *,
    longest: Mapping[str, int] | None = None,
    told: Told | None = None,
) -> Reply:
    """The drafts in a reply of the form {tone: [{text, source_ids, fact_ids}, ...]}.

    longest: most words by tone. told: what a draft may not repeat. A Markdown fence around the JSON
    is tolerated, and a tone nobody asked for beside those we did is left out. Raises ReplyError
    when it is no such object; a tone that is missing or wrong inside is a problem of that tone
    alone.
    """
    value = load_json(text)
    if not isinstance(value, dict):
        raise ReplyError("the reply is not a JSON object")
    if not set(tones) & set(value):
        named = ", ".join(repr(tone[:40]) for tone in list(value)[:3]) or "none"
        raise ReplyError(f"the reply has {named}; expected {', '.join(tones)}", "other tones")
    reply = Reply()
    hidden: set[str] = set()
    for tone in tones:
        try:
            sentences = _read_tone(value.get(tone), sentence_ids, fact_ids)
            kept = tuple(s for s in map(_strip, sentences) if s.text.strip())
            _check_whole(kept, lang, (longest or {}).get(tone), told)
        except ReplyError as error:
            reply.problems[tone] = error
            continue
        reply.drafts[tone] = kept
        if any(s.text != strip_hidden(s.text) for s in sentences):
            hidden.add(tone)
    return Reply(reply.drafts, reply.problems, frozenset(hidden))


def _strip(sentence: DraftSentence) -> DraftSentence:
    return DraftSentence(strip_hidden(sentence.text), sentence.source_ids, sentence.fact_ids)


def _check_whole(
    sentences: Sequence[DraftSentence], lang: str, longest: int | None, told: Told | None
) -> None:
    """Raises ReplyError for a draft that is in good form and yet none of the card's."""
    text = " ".join(s.text for s in sentences)
    if not text:
        raise ReplyError("the draft is empty", "empty")
    if any(not s.source_ids and _REFUSAL.search(s.text) for s in sentences):
        raise ReplyError("the draft refuses the task; the card is published health advice, and "
                         "rewriting it is all that is asked", "refusal")  # fmt: skip
    wrong = wrong_language(text, lang)
    if wrong:
        raise ReplyError(f"the draft is not in the card's language ({lang}): {wrong}",
                         "other language")  # fmt: skip
    if told and is_leak(text, told):
        raise ReplyError("the draft repeats these instructions instead of the card",
                         "our instructions")  # fmt: skip
    words = count_words(text, lang)
    if longest is not None and words > longest:
        raise ReplyError(f"the draft has {words} words or characters; at most {longest}",
                         "over-long")  # fmt: skip


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


def load_json(text: str) -> object:
    """The JSON of a reply, fenced or not. Raises ReplyError for anything else."""
    if not text.strip():
        raise ReplyError("the reply is empty or was cut off", "empty or cut off")
    if len(text) > MAX_REPLY_CHARS:
        raise ReplyError(
            f"the reply has {len(text)} characters; at most {MAX_REPLY_CHARS}", "over-long"
        )
    fenced = _FENCE.match(text)
    try:
        return json.loads(
            fenced["body"] if fenced else text,
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
        )
    except RecursionError as error:
        raise ReplyError("the reply is nested too deeply") from error
    except ReplyError:
        raise
    except ValueError as error:  # also for numbers of thousands of digits
        kind = "refusal" if _REFUSAL.search(text[:400]) and "{" not in text else "not JSON"
        said = error.msg if isinstance(error, json.JSONDecodeError) else "a number is too long"
        raise ReplyError(f"the reply is not valid JSON: {said}", kind) from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ReplyError("the reply has the same key twice", "keys twice")
    return found


def _refuse_constant(name: str) -> object:
    raise ReplyError(f"the reply contains {name}", "not a number")


def _read_tone(
    value: object, sentence_ids: Collection[str], fact_ids: Collection[str]
) -> tuple[DraftSentence, ...]:
    if value is None:
        raise ReplyError("the draft is missing", "tone missing")
    if not isinstance(value, list) or not value:
        raise ReplyError("expected a list of sentences that is not empty")
    if len(value) > MAX_SENTENCES:
        raise ReplyError(f"{len(value)} sentences; at most {MAX_SENTENCES}", "over-long")
    return tuple(_read_sentence(row, sentence_ids, fact_ids) for row in value)


def _read_sentence(
    row: object, sentence_ids: Collection[str], fact_ids: Collection[str]
) -> DraftSentence:
    if not isinstance(row, dict) or set(row) - {"text", "source_ids", "fact_ids"}:
        raise ReplyError("expected each sentence as {text, source_ids, fact_ids}")
    text = row.get("text")
    if not isinstance(text, str):
        raise ReplyError("a sentence has no text")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ReplyError("a sentence contains half a character")
    if len(text) > MAX_SENTENCE_CHARS:
        raise ReplyError(
            f"a sentence has {len(text)} characters; at most {MAX_SENTENCE_CHARS}", "over-long"
        )
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
