"""The order in which parts of a card may be set: nothing reads wrong and no help is lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from itertools import pairwise

from stages.cook.lexicon import URGENT
from stages.cook.offline_parts import Part, Place
from stages.cook.roles import Role, role_of

FOLD = {"en": 400, "zh": 150}
"""Characters of a post that feeds show before `see more`; groups on phones show about that many."""


class Lane(IntEnum):
    """Where a part goes when sections may be formed."""

    KNOW = 0
    DO = 1
    DONT = 2
    HELP = 3
    NOTE = 4


LANES = {Role.DO: Lane.DO, Role.DONT: Lane.DONT, Role.RED_FLAG: Lane.HELP}


def lane_of(part: Part, language: str) -> Lane:
    if part.place is Place.NOTE:
        return Lane.NOTE
    if part.role is Role.RED_FLAG and not _sends_for_help(part, language):
        return Lane.KNOW  # "Your doctor can tell you if you need another one."
    if part.role is Role.RED_FLAG and role_of(part.sentences[0].text, language) is Role.DO:
        return Lane.DO  # first aid, with the call for help in its place
    return LANES.get(part.role, Lane.KNOW)


_WHEN = {
    "en": re.compile(r"\b(?:if|when|unless|after)\b|:\s*\Z", re.IGNORECASE),
    "zh": re.compile(r"如|若|出现|出現|时|時|者|超过|超過|达到|達到|不|没|沒|[：:]\s*\Z"),
}
_SENDS = {
    "en": re.compile(
        r"(?:\A|[,;:] |\b(?:and|or|then|should|must|please) )(?:- )?(?:call|phone|ring|contact|see|"
        r"tell|ask|talk|speak|go|get|seek|visit|show|mention|report|check|take|bring|consult|have)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"医|醫|诊|診|护士|護士|助产|助產|热线|熱線|专业|專業"),
}


def _sends_for_help(part: Part, language: str) -> bool:
    """Whether a part says whom to turn to and when, and not only what they can do."""
    return any(
        URGENT[language].search(sentence.text)
        or (_WHEN[language].search(sentence.text) and _SENDS[language].search(sentence.text))
        for sentence in part.sentences
    )


def may_arrange(parts: Sequence[Part], language: str) -> bool:
    """Whether don'ts may go behind the rest, and help before it, without harm.

    Not when a part leans on what stands before it, not across headings or the steps of a
    procedure, and not when a statement follows in the same paragraph: it may be the reason, or
    the exception.
    """
    body = parts[1:] if parts and parts[0].place is Place.HEADING else parts
    if any(part.place in (Place.HEADING, Place.NUMBERED) for part in body):
        return False
    if any(part.leans for part in body[1:]):
        return False
    return not any(
        lane_of(a, language) in (Lane.DONT, Lane.HELP)
        and lane_of(b, language) is Lane.KNOW
        and a.paragraph == b.paragraph
        for a, b in pairwise(body)
    )


def is_below_fold(parts: Sequence[Part], language: str) -> bool:
    """Whether the first sentence that tells when to get help is too far down to be seen."""
    before = 0
    for sentence in (s for part in parts for s in part.sentences):
        if role_of(sentence.text, language) is Role.RED_FLAG:
            return before > FOLD[language]
        before += len(sentence.text) + 1
    return False


def moves_up(parts: Sequence[Part], language: str) -> bool:
    """Whether help is to come first: it would be below the fold, it is urgent ("tell your doctor
    if it stays" can wait), and the parts read right in that order.
    """
    return (
        is_below_fold(parts, language)
        and may_arrange(parts, language)
        and any(
            URGENT[language].search(s.text)
            for part in parts
            if lane_of(part, language) is Lane.HELP
            for s in part.sentences
        )
    )


def order_of(parts: Sequence[Part], language: str) -> dict[Lane, int] | None:
    """Ranks by which the parts may be sorted, or None where they keep the card's order.

    Help is never put further down than the card has it, nor a don't the card opens with.
    """
    if moves_up(parts, language):
        return {Lane.HELP: -1, Lane.DONT: 1, Lane.NOTE: 2}
    lanes = [
        lane_of(part, language) for part in parts if part.place not in (Place.NOTE, Place.HEADING)
    ]
    # What the card says first stays first.
    if not may_arrange(parts, language) or lanes[:1] == [Lane.DONT]:
        return None
    helps = [lane is Lane.HELP for lane in lanes]
    if any(helps) and helps == sorted(helps, reverse=True):
        return {Lane.HELP: -1, Lane.DONT: 1, Lane.NOTE: 2}
    if helps != sorted(helps):
        return None
    return {Lane.DONT: 1, Lane.HELP: 2, Lane.NOTE: 3}


def shelve(
    parts: Sequence[Part], rest: Sequence[Part], language: str
) -> list[tuple[Lane, list[Part]]] | None:
    """The parts by section, or None where they stay as they are.

    Only what not to do and when to get help is ever taken out of its place: facts and advice
    explain one another and keep the card's order. Advice has a label when all of it comes after
    the facts.
    """
    lanes = [lane_of(part, language) for part in rest]
    ranks = order_of(parts, language)
    if lanes != sorted(lanes):
        if ranks is None:
            return None
        main = [lane for lane in lanes if lane < Lane.DONT]
        if main != sorted(main) or (ranks.get(Lane.HELP) == -1 and len(main) == 1):
            lanes = [Lane.KNOW if lane < Lane.DONT else lane for lane in lanes]
    shown = {lane for lane in lanes if lane is not Lane.NOTE}
    if shown <= {Lane.KNOW, Lane.DO} and lanes.count(Lane.DO) == 1:
        return None  # one piece of advice needs no label of its own
    if len(shown) < 2 and shown != {Lane.DO}:
        return None
    order = sorted({*lanes}, key=lambda lane: ((ranks or {}).get(lane, 0), lane))
    shelves = [
        (at, [part for part, lane in zip(rest, lanes, strict=True) if lane is at]) for at in order
    ]
    # A label must not part a sentence from what it leans on.
    return None if any(own[0].leans for at, own in shelves[1:] if at is not Lane.NOTE) else shelves
