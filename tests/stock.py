"""Cards for tests and benches that start at the cook: the gold set's, as often as wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count, islice
from math import ceil
from pathlib import Path

from stages.chop.chop import card_id, hash_text
from stages.cook.facts import read_card
from stages.procure.guide import content_hash
from stages.types import (
    Block,
    BlockKind,
    Card,
    CardChange,
    CardKind,
    ChangeKind,
    Guide,
    Reuse,
    Stakes,
)
from store.cards import apply_changes
from store.engine import Database
from store.guides import save_guide

GOLD = Path(__file__).parent / "cases" / "gold" / "cards.jsonl"


def stock(db: Database, source_id: str, cards: int, *, cards_a_guide: int = 20) -> None:
    """Put these guides and cards into a database that knows the source."""
    for guide, made in make_guides(source_id, cards, cards_a_guide=cards_a_guide):
        save_guide(db, guide)
        changes = [CardChange(ChangeKind.NEW, None, card) for card in made]
        apply_changes(db, guide.id, changes, "stocked")


def make_guides(
    source_id: str, cards: int, *, cards_a_guide: int = 20
) -> Iterator[tuple[Guide, list[Card]]]:
    """Guides with so many cards in all.

    The gold cards follow one another, English and Chinese, without those that carry an order to a
    machine: a model that quotes these is asked again. When they come round again, their guide has
    another title, so no two cards make the same prompt.
    """
    rows = [
        row
        for row in map(json.loads, GOLD.read_text(encoding="utf-8").splitlines())
        if not read_card(row["text"], row["lang"]).planted
    ]
    rows = [*rows[::3], *rows[1::3], *rows[2::3]]  # both languages among the first
    endless = ((turn, row) for turn in count(1) for row in rows)
    for number in range(ceil(cards / cards_a_guide)):
        part = list(islice(endless, min(cards_a_guide, cards - number * cards_a_guide)))
        texts = [row["text"] for _, row in part]
        starts = [sum(len(text) + 1 for text in texts[:at]) for at in range(len(texts))]
        blocks = tuple(
            Block(BlockKind.PARAGRAPH, text, start=start)
            for text, start in zip(texts, starts, strict=True)
        )
        guide = Guide(
            id=f"{source_id}-{number}",
            source_id=source_id,
            url=f"http://127.0.0.1/guides/{number}",
            title=f"Guide {number}",
            lang="en",
            blocks=blocks,
            text="\n".join(texts),
            content_hash=content_hash(blocks),
            reuse=Reuse.ADAPT_OK,
            licence="CC BY 4.0",
            attribution="From the gold set",
        )
        yield (
            guide,
            [
                _card(guide, row, turn, position, start)
                for position, ((turn, row), start) in enumerate(zip(part, starts, strict=True))
            ],
        )


def _card(guide: Guide, row: dict[str, str], turn: int, position: int, start: int) -> Card:
    breadcrumbs = (f"{guide.title}, part {turn}", *row["breadcrumbs"])
    text = row["text"]
    body_hash = hash_text(text)
    return Card(
        id=card_id(guide.id, body_hash, position),
        guide_id=guide.id,
        title=row["title"],
        breadcrumbs=breadcrumbs,
        text=text,
        kind=CardKind.FACT,
        spans=((start, start + len(text)),),
        body_hash=body_hash,
        ctx_hash=hash_text("\n".join(breadcrumbs)),
        lang=row["lang"],
        topics=(),
        stakes=Stakes.HIGH,
        position=position,
    )
