"""The offline writer: an honest, deterministic extract of a card, laid out in each tone's way.

It writes no sentence of its own. Every line is a sentence of the card, or a line editors own
(hook, label, closer, disclaimer). Words change only where editors listed a plainer one, in
sentences with nothing at stake. Sentences that carry a must-keep fact always stay; when the text
is longer than the tone allows, the others go from the end backwards (the first stays longest),
then the closer, then the hook.
"""

from __future__ import annotations

from collections.abc import Sequence

from stages.cook.compose import compose
from stages.cook.facts import facts_of, read_card
from stages.cook.lexicon import EMOJI
from stages.cook.offline_frame import (
    closing,
    heading_of,
    needs_heading,
    opening,
)
from stages.cook.offline_layout import BULLET, LAYOUTS, Layout, Setting, set_body
from stages.cook.offline_order import is_below_fold, moves_up
from stages.cook.offline_parts import Part, Place, read_parts
from stages.cook.roles import Role
from stages.text import count_words
from stages.types import Card, DraftSentence, Stakes
from tones.load import Tone, pick
from tones.plain import Wording, load_wording

OFFLINE_MODEL = "offline/house"
"""What `Draft.model` says when no model wrote the draft."""


def write_offline(
    card: Card, tones: Sequence[Tone], wording: Wording | None = None, variant: int = 0
) -> dict[str, tuple[DraftSentence, ...]]:
    """A draft of the card in every tone, by tone id. wording: read from tones/ when None.

    variant: another one for another number, as far as the tone has lines to open and close with.
    """
    reading = read_card(card.text, card.lang)
    facts = facts_of(reading)
    parts = read_parts(reading, facts)
    wording = wording or load_wording()
    fact_ids: dict[str, tuple[str, ...]] = {}
    for fact in facts:
        fact_ids[fact.sentence_id] = (*fact_ids.get(fact.sentence_id, ()), fact.id)
    drafts = {}
    for tone in tones:
        setting = Setting(
            reading=reading,
            layout=LAYOUTS.get(tone.id, Layout.SECTIONS),
            wording=wording,
            labels=pick(wording.labels, card.lang),
            fact_ids=fact_ids,
            mark=_mark(card, wording),
            emoji_left=tone.emoji_max,
            is_plain=tone.id in wording.plain_tones,
        )
        drafts[tone.id] = _write(card, tone, parts, setting, variant)
    return drafts


def _mark(card: Card, wording: Wording) -> str:
    """The emoji of the card's first topic that has one; a plain bullet where stakes are high."""
    if card.stakes is Stakes.HIGH:
        return BULLET
    return next((wording.marks[t] for t in card.topics if t in wording.marks), BULLET)


def _write(
    card: Card, tone: Tone, parts: Sequence[Part], setting: Setting, variant: int
) -> tuple[DraftSentence, ...]:
    is_grave = any(part.role is Role.RED_FLAG for part in parts)
    hook, closer = opening(card, tone, is_grave, variant), closing(card, tone, is_grave, variant)
    kept = list(parts)
    limit = tone.length(card.lang)[1]
    while True:
        draft = _assemble(card, tone, kept, setting, hook, closer)
        if count_words(compose(draft, card.lang), card.lang) <= limit:
            return draft
        spare = [n for n, part in enumerate(kept) if not part.is_protected and n]
        if spare:
            del kept[spare[-1]]
            kept = _without_bare_headings(kept)
        elif closer:
            closer = ""
        elif hook and setting.layout is not Layout.SECTIONS:
            hook = ""
        else:
            return draft


def _without_bare_headings(parts: Sequence[Part]) -> list[Part]:
    """The parts without headings that have nothing left under them."""
    filled = {part.section for part in parts if part.place is not Place.HEADING}
    return [p for p in parts if p.place is not Place.HEADING or p.section in filled]


def _assemble(
    card: Card, tone: Tone, parts: Sequence[Part], setting: Setting, hook: str, closer: str
) -> tuple[DraftSentence, ...]:
    """Hook, pointer, heading, body, closer and disclaimer, each only where it is wanted."""
    heading = heading_of(card, parts)
    if setting.layout is Layout.SECTIONS:
        hook = ""  # the heading opens
    elif hook and not needs_heading(heading, parts, card.lang):
        heading = ""
    draft = [DraftSentence(line + "\n\n") for line in (hook, _pointer(parts, setting)) if line]
    if heading:
        is_list = bool(parts) and parts[0].lines[0].place.is_in_list
        tight = setting.layout is Layout.POINTS or is_list
        draft.append(DraftSentence(heading + ("\n" if tight else "\n\n")))
    spent = len(EMOJI.findall(hook + heading + closer))
    draft.extend(set_body(parts, setting.with_emoji(tone.emoji_max - spent)))
    disclaimer = pick(tone.disclaimer, card.lang)
    draft.extend(DraftSentence("\n\n" + line) for line in (closer, disclaimer) if line)
    return tuple(draft)


def _pointer(parts: Sequence[Part], setting: Setting) -> str:
    """A line near the top when the part on getting help comes late and cannot be moved up."""
    language = setting.language
    if setting.layout is Layout.SECTIONS or not is_below_fold(parts, language):
        return ""
    moves = setting.layout is Layout.POINTS and moves_up(parts, language)
    return "" if moves else setting.labels["pointer"]
