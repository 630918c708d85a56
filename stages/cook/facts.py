"""What a draft must not lose or change, read out of a card's text in code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from stages.cook import lexicon
from stages.cook.quantity import Quantity, find_quantities
from stages.cook.standing import stands
from stages.text import is_chinese, split_sentences
from stages.types import Fact, FactKind, Sentence

_LEAD_IN = re.compile(r"[:：]\s*$")
_CLAUSE_EN = re.compile(r"[^,;:—–]+")
_CLAUSE_ZH = re.compile(r"[^，；：,;:。]+")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class CardReading:
    """A card's text as the cook reads it, made once and shared by facts, prompt and checks.

    planted: ids of sentences that are instructions to a machine, never content. lead_ins: sentence
    id -> the lead-in line ("Call 999 if your child:") its list item stands under.
    """

    text: str
    lang: str
    sentences: tuple[Sentence, ...]
    quantities: tuple[Quantity, ...]
    planted: frozenset[str]
    lead_ins: dict[str, Sentence]

    @property
    def language(self) -> str:
        return language_key(self.lang)

    def quantities_of(self, sentence: Sentence) -> tuple[Quantity, ...]:
        return tuple(q for q in self.quantities if sentence.start <= q.start < sentence.end)


def language_key(lang: str) -> str:
    """Key of per-language mappings: `zh` for every Chinese, else `en`."""
    return "zh" if is_chinese(lang) else "en"


@lru_cache(maxsize=256)  # prompt, estimate, parser and the checks of each tone read the same card
def read_card(text: str, lang: str) -> CardReading:
    """Sentences, quantities, planted instructions and lead-ins of a card's text."""
    sentences = split_sentences(text, lang)
    planted = frozenset(s.id for s in sentences if stands(lexicon.PLANTED, s.text))
    return CardReading(
        text=text,
        lang=lang,
        sentences=sentences,
        quantities=find_quantities(text, is_chinese(lang)),
        planted=planted,
        lead_ins=_lead_ins(text, sentences),
    )


def _lead_ins(text: str, sentences: tuple[Sentence, ...]) -> dict[str, Sentence]:
    """A line ending in a colon governs the lines after it, until the next such line."""
    found: dict[str, Sentence] = {}
    current: Sentence | None = None
    for sentence in sentences:
        if _LEAD_IN.search(sentence.text):
            current = sentence
        elif current is not None:
            if "\n" not in text[current.start : sentence.start]:
                continue  # running on in the same line: a clause of the lead-in, not an item
            found[sentence.id] = current
    return found


def extract_facts(text: str, lang: str) -> tuple[Fact, ...]:
    """Must-keep facts of a card's text, in reading order, ids f1, f2, ...

    Quantities, prohibitions, hard conditions (only if, unless...), red flags and whom to call.
    Text, start and end of a prohibition or condition are its clause. Instructions planted for
    machines carry no facts.
    """
    return facts_of(read_card(text, lang))


def facts_of(card: CardReading) -> tuple[Fact, ...]:
    """As `extract_facts`, for a card that is read already."""
    rows: list[tuple[int, int, FactKind, str, str]] = []
    for sentence in card.sentences:
        if sentence.id in card.planted:
            continue
        for quantity in card.quantities_of(sentence):
            if not (quantity.is_soft and quantity.unit == "count" and not quantity.comparator):
                rows.append(
                    (quantity.start, quantity.end, FactKind.QUANTITY, quantity.value, sentence.id)
                )
        rows.extend(_clause_facts(card, sentence))
        rows.extend(_alarm_facts(card, sentence))
    rows.sort(key=lambda row: (row[0], row[1], row[2]))
    return tuple(
        Fact(
            id=f"f{n}",
            kind=kind,
            text=card.text[start:end],
            value=value,
            start=start,
            end=end,
            sentence_id=sentence_id,
        )
        for n, (start, end, kind, value, sentence_id) in enumerate(rows, start=1)
    )


def _canonical(text: str) -> str:
    return _SPACES.sub(" ", text).strip().lower()


def _clause_facts(
    card: CardReading, sentence: Sentence
) -> Iterator[tuple[int, int, FactKind, str, str]]:
    language = card.language
    under = card.lead_ins.get(sentence.id)
    inherited = under is not None and is_prohibition(under.text, language)
    forbids = lexicon.PROHIBITION[language].search(sentence.text)
    if forbids and is_alarm(sentence.text, language):
        # In a list of signs "cannot cry" or 不吃奶 is a sign; only a plain "do not" forbids.
        forbids = lexicon.STRONG_PROHIBITION[language].search(sentence.text)
    if forbids or inherited:
        start, end = (
            _clause_around(sentence, forbids.start(), language)
            if forbids
            else (sentence.start, sentence.end)
        )
        text = card.text[start:end]
        yield start, end, FactKind.PROHIBITION, _canonical(text), sentence.id
    limits = lexicon.HARD_CONDITION[language].search(sentence.text)
    if limits:
        start, end = _clause_around(sentence, limits.start(), language)
        start = max(start, sentence.start + limits.start()) if language == "en" else start
        yield start, end, FactKind.CONDITION, _canonical(card.text[start:end]), sentence.id


def is_prohibition(text: str, language: str) -> bool:
    """Whether a sentence forbids or advises against something."""
    return stands(lexicon.PROHIBITION[language], text)


@lru_cache(maxsize=8192)
def is_alarm(text: str, language: str) -> bool:
    """Whether a sentence tells to get help at once, or names signs to get help for."""
    urgent = stands(lexicon.URGENT[language], text)
    who = stands(lexicon.WHO[language], text)
    if not (urgent or who):
        return False
    verb = stands(lexicon.CONTACT_VERB[language], text)
    return (urgent and (who or verb)) or (who and verb and stands(_IF[language], text))


_IF = {
    "en": re.compile(r"\b(?:if|for|when|with|unless)\b", re.IGNORECASE),
    "zh": re.compile(r"如|若|出现|出現|时|時|者|超过|超過|:|：|的话|的話"),
}


def _alarm_facts(
    card: CardReading, sentence: Sentence
) -> Iterator[tuple[int, int, FactKind, str, str]]:
    language = card.language
    under = card.lead_ins.get(sentence.id)
    alarm = is_alarm(sentence.text, language)
    inherited = under is not None and is_alarm(under.text, language)
    if alarm or inherited:
        yield (
            sentence.start,
            sentence.end,
            FactKind.RED_FLAG,
            _canonical(sentence.text),
            sentence.id,
        )
    if alarm:
        who = lexicon.WHO[language].search(sentence.text)
        if who:
            yield (
                sentence.start + who.start(),
                sentence.start + who.end(),
                FactKind.WHO_TO_CALL,
                _canonical(who[0]),
                sentence.id,
            )


def _clause_around(sentence: Sentence, at: int, language: str) -> tuple[int, int]:
    """The clause holding offset `at` of the sentence; in English it runs to the sentence's end.

    English lists what is forbidden after commas ("shark, swordfish or marlin"), so cutting there
    would lose most of it; a semicolon or colon does end it.
    """
    start, end = sentence.start, sentence.end
    text = sentence.text
    if language == "zh":
        for match in _CLAUSE_ZH.finditer(text):
            if match.start() <= at < match.end():
                return start + match.start(), start + match.end()
        return start, end
    for match in re.finditer(r"[^;]+", text):
        if match.start() <= at < match.end():
            left = match.start() + len(match[0]) - len(match[0].lstrip())
            return start + left, start + match.end()
    return start, end
