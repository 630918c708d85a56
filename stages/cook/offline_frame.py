"""What stands around a card's own words in an offline draft: heading, opening and closing line.

All of it is the card's own heading or a line editors own; none is made up here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from stages.cook.align import content_tokens
from stages.cook.facts import language_key
from stages.cook.offline_parts import DANGLING, Part, Place
from stages.types import Card, CardKind, Stakes
from tones.fields import ANY_TOPIC
from tones.load import Tone, phrases_for, pick

HEADING_NUMBER = re.compile(r"\A(?:\d{1,2}(?:[.)）]?\s+|、\s?)|[一二三四五六七八九十]{1,3}、\s?)")
_YES_NO = re.compile(
    r"\W*(?:yes|no|maybe|not always|usually)\b|是的|不是|不会|可以。|不能。", re.IGNORECASE
)

MAX_GUIDE_CHARS = 70
"""A guide title longer than this is no help above a post."""

SAID = 0.6
"""Share of a heading's words from which the text below is taken to say them itself."""


def heading_of(card: Card, parts: Sequence[Part]) -> str:
    """The heading the card stands under, without its number, with the guide's title in front where
    neither the heading nor the text would say what it is about. What the text opens with is left
    out, so it may be ''.
    """
    crumbs = [HEADING_NUMBER.sub("", crumb) or crumb for crumb in card.breadcrumbs]
    heading = crumbs[-1] if len(crumbs) > 1 else HEADING_NUMBER.sub("", card.title) or card.title
    guide = crumbs[0] if len(crumbs) > 1 else ""
    language = language_key(card.lang)
    # A title with a figure stays out: figures belong to the sentences they were said in.
    if len(guide) > MAX_GUIDE_CHARS or re.search(r"\d", guide) or not _is_vague(heading, language):
        guide = ""
    wanted = {w for w in content_tokens(guide, language) if not w[0].isdigit()} - _TIMES
    if wanted & content_tokens(f"{heading}\n{card.text}", language):
        guide = ""
    if parts and _opens_with(parts[0], heading):
        heading = ""
    return ("｜" if language == "zh" else " · ").join(filter(None, (guide, heading)))


_TIMES = frozenset("day week month year birth first".split())
_VAGUE = {
    "en": re.compile(
        r"(?:how|when|what|why|which|where|who|is|are|can|could|do|does|don['’]t|should|other|more|"
        r"things?|questions?|overview|introduction|summary|tips?|the (?:basics|facts)|key)\b|"
        r"\w+(?: (?:months?|years?|weeks?))\Z",
        re.IGNORECASE,
    ),
    "zh": re.compile(
        r"怎么|怎麼|什么|什麼|如何|哪|为什么|為什麼|其他|小贴士|概述|要点|[\d~～-]+[月岁歲]"
    ),
}


def _is_vague(heading: str, language: str) -> bool:
    """Whether a heading says what about but not of what: "How often?", "Do", "Two months"."""
    if language == "zh":
        return bool(_VAGUE["zh"].match(heading))
    return bool(_VAGUE["en"].match(heading)) and len(content_tokens(heading, "en")) <= 2


def _opens_with(part: Part, heading: str) -> bool:
    """Whether the text opens with the heading itself, so that it need not stand twice."""
    first = part.sentences[0].text.strip().rstrip(".!?。！？")
    bare = HEADING_NUMBER.sub("", re.sub(r"\A[-•*]\s+", "", first)).casefold()
    return bare == heading.rstrip(".!?。！？").casefold()


def needs_heading(heading: str, parts: Sequence[Part], lang: str) -> bool:
    """Whether a letter or post reads badly without the heading: its subject is named nowhere."""
    if not parts or parts[0].lines[0].place is not Place.TEXT:
        return True
    opener = parts[0].sentences[0].text
    if DANGLING.match(opener) or _YES_NO.match(opener):
        return True
    language = language_key(lang)
    wanted = content_tokens(heading, language)
    said = content_tokens(opener, language)
    return len(wanted & said) < SAID * len(wanted)


def opening(card: Card, tone: Tone, is_grave: bool, variant: int = 0) -> str:
    """The hook, '' for none. is_grave: the card tells when to get help. variant: the hook so many
    turns after the one the card has.
    """
    hooks = _suited(pick(tone.hooks, card.lang), card, is_grave)
    return hooks[(_turn(card) + variant) % len(hooks)] if hooks else ""


def closing(card: Card, tone: Tone, is_grave: bool, variant: int = 0) -> str:
    """The closer, '' for none. It goes round at another pace than the hook."""
    closers = _suited(pick(tone.closers, card.lang), card, is_grave)
    turn = _turn(card) + variant
    return closers[(turn + turn // 7) % len(closers)] if closers else ""


def _turn(card: Card) -> int:
    """Neighbours in a guide differ, and guides do not all begin with the same line."""
    return card.position + hashlib.sha256(card.guide_id.encode()).digest()[0]


def _suited(by_topic: Mapping[str, tuple[str, ...]], card: Card, is_grave: bool) -> tuple[str, ...]:
    """Lines that suit what the card is about as a whole.

    A card that warns takes the lines of its gravest topic. Else its first topic has its say; but
    where a graver one is touched in passing, neither a sober nor a light line fits, and the lines
    for any topic are taken.
    """
    gravest = phrases_for(by_topic, card.topics)
    if is_grave or card.kind in (CardKind.WARNING, CardKind.WHEN_TO_CALL):
        return gravest
    own = next((by_topic[topic] for topic in card.topics if topic in by_topic), gravest)
    if card.stakes is Stakes.HIGH and own != gravest:
        return by_topic.get(ANY_TOPIC, ())
    return own
