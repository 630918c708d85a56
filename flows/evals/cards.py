"""`cards.jsonl`: the cards that drafts and placements of a data folder are about."""

from __future__ import annotations

from pathlib import Path

from flows.evals.files import Row, by_id, read_rows
from stages.chop.chop import hash_text
from stages.policy import Policy, stakes_of, topics_of
from stages.types import Card, CardKind

CARDS = "cards.jsonl"


def read_cards(data: Path, policy: Policy) -> dict[str, Card]:
    """Cards by id. Topics and stakes are read out of their words by the policy, as the line does;
    what the file calls topic is free text and not used. Raises ConfigError.
    """
    return {name: _card(row, policy) for name, row in by_id(read_rows(data / CARDS)).items()}


def _card(row: Row, policy: Policy) -> Card:
    text, title = row.text("text"), row.text("title")
    breadcrumbs = row.texts("breadcrumbs")
    topics = topics_of(text, policy, (title, *breadcrumbs))
    return Card(
        id=row.text("id"),
        guide_id="eval",
        title=title,
        breadcrumbs=breadcrumbs,
        text=text,
        kind=CardKind.FACT,
        spans=((0, len(text)),),
        body_hash=hash_text(text),
        ctx_hash=hash_text("\n".join(breadcrumbs)),
        lang=row.text("lang"),
        topics=topics,
        stakes=stakes_of(topics, policy),
        position=0,
    )


def card_of(row: Row, cards: dict[str, Card]) -> Card:
    """The card a row is about. Raises ConfigError when there is none of that id."""
    card_id = row.text("card_id")
    if card_id not in cards:
        raise row.error(f"card_id: `{card_id}` is no id of {CARDS}; expected one of its ids")
    return cards[card_id]
