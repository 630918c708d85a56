"""A guide as cards: about twenty, structural, deterministic, no model.

How a card's text is written: one line per block (or per run of sentences of one block). A line is
the verbatim text of its span; lines of list items have their marker in front, `1. ` (the block's
own marker) in ordered lists and `- ` in others, which is not part of the span. Headings of short
sections that share a card are lines too. A line that introduces a list is repeated when the list
continues on a further card.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Sequence

from stages.chop.kinds import kind_of
from stages.chop.outline import read_sections
from stages.chop.pack import Cut, cut_guide, spell
from stages.chop.shorten import clean_heading
from stages.chop.titles import title_cuts
from stages.chop.traits import stages_of
from stages.policy import Policy, stakes_of, topics_of
from stages.text import collapse, strip_hidden
from stages.types import Card, Guide

_HASH_CHARS = 20
_ID_CHARS = 16

# Typography that publishers switch without meaning anything by it.
_TYPOGRAPHY = (
    ("‘", "'"), ("’", "'"), ("“", '"'), ("”", '"'), ("–", "-"), ("—", "-"), ("…", "..."),
)  # fmt: skip


def chop_guide(
    guide: Guide, policy: Policy, target_cards: int = 20, before: Sequence[Card] = ()
) -> tuple[Card, ...]:
    """The guide's cards in reading order; none for a guide without content.

    target_cards: cards wanted from a guide of usual length (1,400 words, 2,240 Han characters);
    shorter guides give fewer, longer ones more. before: the cards of the guide's last version: what
    still reads the same is cut the same, so that an edit touches only the cards it lies in. Ids are
    fresh: `match_cards` carries old ones on.
    """
    cuts = cut_guide(guide, read_sections(guide), target_cards, {card.text for card in before})
    titles = title_cuts(guide, cuts)
    seen: Counter[str] = Counter()
    cards = []
    for position, (cut, title) in enumerate(zip(cuts, titles, strict=True)):
        card = _dress(guide, policy, cut, title, position, seen)
        seen[card.body_hash] += 1
        cards.append(card)
    return tuple(cards)


def _dress(
    guide: Guide, policy: Policy, cut: Cut, title: str, position: int, seen: Counter[str]
) -> Card:
    text = spell(guide, cut.pieces)
    breadcrumbs = breadcrumbs_of(guide, cut.path)
    lead = [guide.text[piece.start : piece.end] for piece in cut.pieces[: cut.repeated]]
    body_hash = hash_text(text)
    topics = topics_of(text, policy, (title, *breadcrumbs))
    return Card(
        id=card_id(guide.id, body_hash, seen[body_hash]),
        guide_id=guide.id,
        title=title,
        breadcrumbs=breadcrumbs,
        text=text,
        kind=kind_of(guide, cut, text),
        spans=tuple((piece.start, piece.end) for piece in cut.pieces),
        body_hash=body_hash,
        ctx_hash=hash_text("\n".join((*breadcrumbs, "", *lead))),
        lang=guide.lang,
        topics=topics,
        stakes=stakes_of(topics, policy),
        position=position,
        stages=stages_of(text, breadcrumbs),
    )


def breadcrumbs_of(guide: Guide, path: Sequence[int]) -> tuple[str, ...]:
    """The guide's title and the headings of path, outermost first."""
    return (collapse(guide.title), *(clean_heading(guide.blocks[index].text) for index in path))


def hash_text(text: str) -> str:
    """Hash of what a text says: white space, hidden signs, quotes and dashes do not count."""
    plain = strip_hidden(text)
    if not plain.isascii():
        plain = unicodedata.normalize("NFC", plain)
        for sign, ascii_sign in _TYPOGRAPHY:
            plain = plain.replace(sign, ascii_sign)
    return hashlib.sha256(collapse(plain).encode()).hexdigest()[:_HASH_CHARS]


def card_id(guide_id: str, body_hash: str, number: int) -> str:
    """Id of the number-th card (from 0) with that body in the guide."""
    key = f"{guide_id}\n{body_hash}\n{number}"
    return hashlib.sha256(key.encode()).hexdigest()[:_ID_CHARS]
