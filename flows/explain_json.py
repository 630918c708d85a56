"""A chopped page for a program: what `spoonful chop --json` prints."""

from __future__ import annotations

from typing import Any

from flows.explain import NO_HOST, NO_SOURCE, Chopped
from stages.text import count_words


def as_dict(chopped: Chopped) -> dict[str, Any]:
    """What `chop --json` prints: keys of plain JSON types, spans as offsets in the guide's text."""
    reading, guide = chopped.reading, chopped.reading.guide
    failed, reasons = chopped.failed, chopped.reasons
    return {
        "origin": reading.origin,
        "source": None if reading.source.id == NO_SOURCE else reading.source.id,
        "guide": {
            "id": guide.id,
            "url": None if guide.url.startswith(NO_HOST) else guide.url,
            "title": guide.title,
            "lang": guide.lang,
            "words": count_words(guide.text, guide.lang),
            "reviewed": guide.reviewed,
            "reuse": guide.reuse.value,
            "text": guide.text,
        },
        "quarantine": None
        if reading.quarantine is None
        else {
            "reason": reading.quarantine.reason.value,
            "evidence": reading.quarantine.evidence,
        },
        "notes": list(reading.notes),
        "licence_line": reading.licence_line,
        "licence_finding": guide.licence_finding,
        "hidden": list(reading.hidden),
        "lost": list(reading.lost),
        "coverage": round(chopped.coverage, 4),
        "overlap": round(chopped.overlap, 4),
        "cards": [
            {
                "id": card.id,
                "position": card.position,
                "title": card.title,
                "kind": card.kind.value,
                "words": count_words(card.text, card.lang),
                "stages": list(card.stages),
                "topics": list(card.topics),
                "stakes": card.stakes.value,
                "breadcrumbs": list(card.breadcrumbs),
                "text": card.text,
                "spans": [list(span) for span in card.spans],
                "failed": list(failed.get(card.id, ())),
                "reason": reasons.get(card.id, ""),
            }
            for card in chopped.cards
        ],
        "gaps": [
            {"text": part.text, "span": list(part.span), "reason": part.reason}
            for part in chopped.gaps
        ],
    }
