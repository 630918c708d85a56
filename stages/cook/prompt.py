"""From tones and a card to the messages of one model call. Every word comes from tones/."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from stages.cook.facts import CardReading, facts_of, language_key, read_card
from stages.cook.tokens import count_tokens
from stages.text import collapse
from stages.types import Card, Fact
from tones.load import VARIABLE, Example, House, Tone

Message = dict[str, str]


def build_messages(
    card: Card,
    tones: Sequence[Tone],
    house: House,
    *,
    wanted: Sequence[str] = (),
    problems: Mapping[str, Sequence[str]] | None = None,
    attempt: int = 1,
) -> list[Message]:
    """System message (equal for all cards of one language and tones), then the card.

    wanted: ids of the tones to reply for, all of them when empty; the system message still shows
    every tone, so that it stays a common prefix. problems: by tone, why its last draft was
    refused; they follow as a message of their own, with the number of the attempt, so that no two
    attempts are the same call to the ledger.
    """
    reading = read_card(card.text, card.lang)
    ids = list(wanted) or [tone.id for tone in tones]
    messages = [
        {"role": "system", "content": _system(tones, house, card.lang)},
        {"role": "user", "content": _card(card, reading, facts_of(reading), ids, house)},
    ]
    if problems:
        content = json.dumps(
            {
                "attempt": attempt,
                "refused": {tone: list(why) for tone, why in problems.items()},
                "again": ids,
            },
            ensure_ascii=False,
        )
        messages.append({"role": "user", "content": content})
    return messages


def reply_schema(tones: Sequence[str]) -> dict[str, object]:
    """JSON Schema of the reply: per tone a list of {text, source_ids, fact_ids}."""
    ids = {"type": "array", "items": {"type": "string"}}
    sentence = {
        "type": "object",
        "properties": {"text": {"type": "string"}, "source_ids": ids, "fact_ids": ids},
        "required": ["text", "source_ids", "fact_ids"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {tone: {"type": "array", "items": sentence} for tone in tones},
        "required": list(tones),
        "additionalProperties": False,
    }


_TOKENS_PER_MESSAGE = 4
"""What chat formats put around each."""


def estimate_tokens(
    card: Card,
    tones: Sequence[Tone],
    house: House,
    model: str = "",
    *,
    wanted: Sequence[str] = (),
) -> tuple[int, int]:
    """Tokens (in, out) of one call for a card, if its first reply is good; for --dry-run and the
    budget. wanted: as for `build_messages`.

    The reply is taken to keep every sentence and to end with each tone's last line. On the gold
    set that is 2 % less than what people made of the English cards in these tones, and 3 % more for
    the Chinese. What a model thinks before it answers is not in it.
    """
    messages = build_messages(card, tones, house, wanted=wanted)
    tokens_in = sum(count_tokens(m["content"], model) + _TOKENS_PER_MESSAGE for m in messages)
    reading = read_card(card.text, card.lang)
    facts: dict[str, list[str]] = {}
    for fact in facts_of(reading):
        facts.setdefault(fact.sentence_id, []).append(fact.id)
    sentences = [_reply_row(s.text, [s.id], facts.get(s.id, [])) for s in reading.sentences]
    kept = count_tokens(json.dumps(sentences, ensure_ascii=False), model)
    key = language_key(card.lang)
    lines = [
        _reply_row(f"\n\n{tone.disclaimer[key]}", [], []) if tone.disclaimer[key] else None
        for tone in tones
        if not wanted or tone.id in wanted
    ]
    ends = count_tokens(json.dumps(lines, ensure_ascii=False), model)
    return tokens_in, len(lines) * kept + ends


def _reply_row(text: str, source_ids: list[str], fact_ids: list[str]) -> dict[str, object]:
    return {"text": text, "source_ids": source_ids, "fact_ids": fact_ids}


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its {{variables}} replaced in one pass, so values are never read again."""
    return VARIABLE.sub(lambda hit: values[hit[1].strip()], template)


_SYSTEMS: dict[tuple[str, ...], str] = {}
"""System messages by what they are made from; one is used for hundreds of cards."""


def _system(tones: Sequence[Tone], house: House, lang: str) -> str:
    key = (house.hash, _language(house, lang), language_key(lang), *(tone.hash for tone in tones))
    if key not in _SYSTEMS:
        if len(_SYSTEMS) >= 64:  # versions tried out one after the other
            _SYSTEMS.clear()
        _SYSTEMS[key] = _write_system(tones, house, lang)
    return _SYSTEMS[key]


def _write_system(tones: Sequence[Tone], house: House, lang: str) -> str:
    return fill(
        house.system,
        {
            "language": _language(house, lang),
            "tone_guides": "\n\n".join(_tone_guide(tone, house, lang) for tone in tones),
            "output_schema": json.dumps(reply_schema([tone.id for tone in tones])),
        },
    )


def _tone_guide(tone: Tone, house: House, lang: str) -> str:
    key = language_key(lang)
    least, most = tone.length(lang)
    return fill(
        house.tone_guide,
        {
            "tone": tone.id,
            "title": tone.title[key],
            "length_min": str(least),
            "length_max": str(most),
            "length_unit": house.length_units[key],
            "emoji_max": str(tone.emoji_max),
            "required_phrases": _listed(tone.required_phrases[key], house),
            "banned_phrases": _listed(tone.banned_phrases[key], house),
            "disclaimer": tone.disclaimer[key] or house.none,
            "guide": tone.guide[key],
            "good_examples": _examples(tone.good[key], house),
            "bad_examples": _examples(tone.bad[key], house),
        },
    )


def _examples(examples: Sequence[Example], house: House) -> str:
    filled = (
        fill(house.example, {"note": e.note, "source": e.source, "draft": e.draft})
        for e in examples
    )
    return "\n\n".join(filled)


def _card(
    card: Card, reading: CardReading, facts: Sequence[Fact], tones: Sequence[str], house: House
) -> str:
    # The fence is made from all that stands within it, so nothing in there can contain it.
    inside = "\n".join((*card.breadcrumbs, card.title, card.text))
    fence = "card-" + hashlib.sha256(inside.encode()).hexdigest()[:12]
    return fill(
        house.card,
        {
            "fence": fence,
            "language": _language(house, card.lang),
            "tones": ", ".join(tones),
            "breadcrumbs": " > ".join(map(collapse, card.breadcrumbs)) or house.none,
            "title": collapse(card.title),
            "sentences": "\n".join(f"[{s.id}] {s.text.strip()}" for s in reading.sentences),
            "facts": "\n".join(f"[{f.id}] {f.sentence_id} {f.kind}: {f.text}" for f in facts)
            or house.none,
        },
    )


def _listed(phrases: Sequence[str], house: House) -> str:
    return "; ".join(phrases) or house.none


def _language(house: House, lang: str) -> str:
    """How the prompt calls the card's language; Chinese of Taiwan, Hong Kong is traditional."""
    if language_key(lang) == "en":
        return house.languages["en"]
    tag = lang.lower()
    traditional = any(part in tag for part in ("hant", "-tw", "-hk", "-mo"))
    return house.languages["zh-Hant" if traditional else "zh-Hans"]
