"""Negation, conditions, warnings and named things of one draft sentence against what it cites."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stages.cook import lexicon
from stages.cook.align import content_tokens, coverage
from stages.cook.facts import is_alarm, is_prohibition
from stages.types import Finding, Sentence, Severity


def check_cited_sentence(
    sources: Sequence[Sentence],
    lead: str,
    text: str,
    start: int,
    language: str,
) -> Iterator[Finding]:
    """Negation, condition and named things of one draft sentence against what it cites.

    lead: the lead-in lines the cited sentences stand under. start: of the sentence in the draft.
    """
    source = " ".join((lead, *(s.text for s in sources)))
    span = (start, start + len(text))
    card_span = (sources[0].start, sources[-1].end)
    says_no, said_no = _forbids(text, language), _forbids(source, language)
    gone = next(_prohibitions_gone(source, text, language), "") if said_no else ""
    if gone:
        yield Finding(
            "prohibition_cited", Severity.CRITICAL,
            f"The card forbids this: “{_short(gone)}”.", span, card_span,
        )  # fmt: skip
    elif says_no and not said_no and not lexicon.NEGATIVE[language].search(source):
        yield Finding(
            "negation_added_cited", Severity.CRITICAL,
            f"The draft forbids what the card does not: “{_short(sources[0].text)}”.",
            span, card_span,
        )  # fmt: skip
    bare = _EVEN_IF.sub("", text)
    if lexicon.HARD_CONDITION[language].search(source) and not lexicon.CONDITION[language].search(
        bare
    ):
        yield Finding(
            "condition_cited", Severity.MAJOR,
            f"A condition of the card is gone: “{_short(sources[0].text)}”.", span, card_span,
        )  # fmt: skip
    if (
        is_alarm(source, language)
        and not lead
        and not (lexicon.WHO[language].search(text) or lexicon.URGENT[language].search(text))
    ):
        yield Finding(
            "warning_cited", Severity.CRITICAL,
            "The call for help in the cited sentence is gone.", span, card_span,
        )  # fmt: skip
    for name, pattern in lexicon.ENTITIES.items():
        match = pattern.search(text)
        if match and not pattern.search(source):
            yield Finding(
                "entity_cited", Severity.MAJOR,
                f"The cited sentence does not mention {name} (“{match[0]}”).",
                (start + match.start(), start + match.end()), card_span,
            )  # fmt: skip


_EVEN_IF = re.compile(r"\beven (?:if|when)\b|即使|就算|哪怕", re.IGNORECASE)
_STRONG_CLAUSES = {
    "en": re.compile(
        r"[;.!?()–—:]+|, (?:but|then|so)\b|\b(?:because|if|unless|when|until|since)\b|"
        r"\band (?=(?:do not|don['’]t|never|use|give|put|add|let|leave|wait|make|eat|drink|keep|"
        r"take|rub|place|start|stop|go|call|see)\b)",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"[，；：。！？,;:!?()（）]+"),
}


def _prohibitions_gone(source: str, text: str, language: str) -> Iterator[str]:
    """Clauses the source forbids that the text has without any no."""
    negative = lexicon.PLAIN_NO[language]
    clauses = [c for c in _STRONG_CLAUSES[language].split(text) if c and c.strip()]
    tokens = [content_tokens(c, language) for c in clauses]
    for clause in _STRONG_CLAUSES[language].split(source):
        match = lexicon.PROHIBITION[language].search(clause or "")
        if not match:
            continue
        wanted = content_tokens(clause[match.end() :], language)
        wanted = wanted or content_tokens(clause, language)
        if not wanted:
            if not negative.search(text):
                yield clause
            continue
        covers = [coverage(wanted, t) for t in tokens]
        best = max(covers, default=0.0)
        if best < 0.5:
            # Said in other words: then some clause must still say no.
            if not negative.search(text):
                yield clause
            continue
        if not any(
            negative.search(clauses[n]) or (n and _is_head(clauses[n - 1], negative))
            for n, cover in enumerate(covers)
            if cover >= best - 0.1
        ):
            yield clause


def _is_head(clause: str, negative: re.Pattern[str]) -> bool:
    """A short clause that only says no: "Honey: not before one", "Don't: pull it"."""
    return len(clause.split()) <= 3 and len(clause) <= 24 and bool(negative.search(clause))


def _forbids(text: str, language: str) -> bool:
    return is_prohibition(text, language)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 90 else flat[:87] + "..."
