"""Which groups a card belongs in, and why.

Language and the group's rules decide first; among the groups that are left the order comes from
how close the card is to the group's name, topics and sample questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.plate.embed import Vector
from stages.text import collapse, is_chinese
from stages.types import Card, Group, Placement, Reason

Embed = Callable[[Sequence[str]], Sequence[Vector]]
"""`Embedder.embed`, or a cache in front of it."""

MAX_PLACEMENTS = 3

TOP_REASONS = 3
"""A card rarely answers more than three of a group's questions; 2 to 5 measured alike on gold."""

MIN_SCORE = 0.32
"""Below it a card fits no group.

Chosen on gold: 98% of the cards that fit a group stay, 66% of them find none once their own
groups are taken away, and 33 of 34 texts about other things (adult health, pets, cooking; English
and Chinese) find none. On cards it was not chosen on, 257 of the sample site, 90% stay and 96%
of their best groups are right; most of the others are asides and lists without a subject.
"""

MIN_SHARE_OF_BEST = 0.85
"""A second or third group must come this close to the best: on gold, 95% of the proposals are
then right and 62% of the right ones proposed; without it 78% and 69%.
"""

OPENING_CHARS = {"en": 100, "zh": 33}
"""Characters of the body in the second view of a card.

Best group right on the 257 cards of the sample site (not tuned on) / on gold: both views .91 /
1.00, the second alone .87 / 1.00, with 200 characters .86 / .94. A whole body costs four times as
long and gave .97 on gold.
"""

# Subjects no group of ours is about. How close a card comes to them is what "unrelated" means for
# this card and this embedding model, so scores of two languages or models can be compared.
_UNRELATED = {
    "en": (
        "Personal finance: How to file a tax return",
        "Football: League results of the weekend",
        "Hearing aids: How to clean and store them",
        "Gardening: Pruning roses in winter",
        "History: The building of the railways",
        "Office software: Sharing a calendar",
        "Adult health: Lower back pain",
        "Physics: What is a magnet?",
        "Restaurants: Booking a table for two",
        "Astronomy: Seeing the moons of Jupiter",
        "Adult health: Kidney stones",
        "Home repair: Fixing a dripping tap",
        "Music: Learning the guitar",
        "Law: Making a will",
        "Adult health: Liver disease and alcohol",
        "Weather: Reading a forecast",
    ),
    "zh": (
        "个人理财:怎样报税",
        "足球:周末联赛结果",
        "助听器:如何清洁和存放",
        "园艺:冬季修剪月季",
        "历史:铁路的修建",
        "办公软件:共享日历",
        "成人健康:腰痛",
        "物理:什么是磁铁",
        "餐厅:预订两人座位",
        "天文:观察木星的卫星",
        "成人健康:肾结石",
        "家居维修:修理漏水的水龙头",
        "音乐:学习吉他",
        "法律:怎样立遗嘱",
        "成人健康:肝病与饮酒",
        "天气:怎样看天气预报",
    ),
}


@dataclass(frozen=True, slots=True)
class GroupVectors:
    """Vectors of what the groups say of themselves, made once per run by `embed_groups`.

    by_group: group id to one row per text of `group_texts`. unrelated: `en` and `zh` to the mean
    vector of subjects outside every group.
    """

    by_group: Mapping[str, NDArray[np.float32]]
    unrelated: Mapping[str, Vector]


def card_texts(card: Card) -> tuple[str, str]:
    """The two views of a card that are embedded: where it stands, and that with its opening.

    A heading the title already begins with is not said twice.
    """
    title = collapse(card.title)
    trail = [collapse(crumb) for crumb in card.breadcrumbs if crumb.strip()]
    while trail and title.startswith(trail[-1]):
        trail.pop()
    path = " > ".join(trail)
    head = f"{path}: {title}" if path and title else path or title
    opening = collapse(card.text)[: OPENING_CHARS[_language_key(card.lang)]]
    return head or opening, f"{head}\n{opening}".strip()


def embed_cards(cards: Sequence[Card], embed: Embed) -> dict[str, Vector]:
    """Card id to the vector midway between the card's two views, each text embedded once.

    Raises what embed raises.
    """
    texts = list(dict.fromkeys(text for card in cards for text in card_texts(card)))
    vectors = dict(zip(texts, embed(texts), strict=True)) if texts else {}
    return {card.id: _midway(*(vectors[text] for text in card_texts(card))) for card in cards}


def group_texts(group: Group) -> tuple[tuple[str, str], ...]:
    """What a group says of itself as (kind, text): its name, all topics in one line and each on
    its own, each sample question. Kinds are `name`, `topic` and `question`.

    Topics on their own alone gave hit@1 .985, in one line alone .94, both 1.00 on gold; the
    description added nothing.
    """
    topics = tuple(dict.fromkeys(collapse(topic) for topic in group.topics if topic.strip()))
    line = ("、" if is_chinese(group.lang) else ", ").join(topics)
    questions = (collapse(post) for post in group.sample_posts)
    return (
        ("name", collapse(group.name)),
        *((("topic", line),) if len(topics) > 1 else ()),
        *(("topic", topic) for topic in topics),
        *(("question", question) for question in questions if question),
    )


def embed_groups(groups: Sequence[Group], embed: Embed) -> GroupVectors:
    """Vectors of all groups, each different text embedded once.

    Raises what embed raises.
    """
    keys = {_language_key(group.lang) for group in groups}
    wanted = [text for key in sorted(keys) for text in _UNRELATED[key]]
    wanted += [text for group in groups for _, text in group_texts(group)]
    texts = list(dict.fromkeys(wanted))
    vectors = dict(zip(texts, embed(texts), strict=True)) if texts else {}
    return GroupVectors(
        by_group={
            group.id: np.stack([vectors[text] for _, text in group_texts(group)])
            for group in groups
        },
        unrelated={
            key: np.mean([vectors[text] for text in _UNRELATED[key]], axis=0, dtype=np.float32)
            for key in keys
        },
    )


def why_not(card: Card, group: Group) -> str:
    """The rule that keeps a card out of a group, as one plain sentence; '' when none does.

    A Chinese card of either script may go to any Chinese group. A group without stages takes
    every stage, and a card without stages suits every group.
    """
    if not _same_language(card.lang, group.lang):
        return f"The group reads {group.lang}, the card is in {card.lang}."
    forbidden = [topic for topic in card.topics if topic in group.excludes]
    if forbidden:
        return f"The group's rules leave out: {', '.join(forbidden)}."
    stages = set(group.stages)
    if card.stages and stages and "any" not in stages and stages.isdisjoint(card.stages):
        return f"The card is for {', '.join(card.stages)}, the group for {', '.join(group.stages)}."
    return ""


def rank_groups(
    card: Card, groups: Sequence[Group], card_vector: Vector, group_vectors: GroupVectors
) -> tuple[Placement, ...]:
    """Every group the card may go to, best first, however little it fits.

    The score is the mean of the reasons' scores: 1 is the group's own words, 0 no closer than an
    unrelated subject. runner_up is the group next in this order. Equal scores go by group id.
    """
    scored = []
    for group in {group.id: group for group in groups if not why_not(card, group)}.values():
        reasons = _reasons(card, group, card_vector, group_vectors)
        scored.append((_mean(reasons), group, reasons))
    scored.sort(key=lambda item: (-item[0], item[1].id))
    followers = [group.id for _, group, _ in scored[1:]]
    return tuple(
        Placement(card.id, group.id, group.preferred_tone, score, reasons, runner_up)
        for (score, group, reasons), runner_up in zip(scored, [*followers, ""], strict=False)
    )


def place_card(
    card: Card, groups: Sequence[Group], card_vector: Vector, group_vectors: GroupVectors
) -> tuple[Placement, ...]:
    """The up to three groups to propose for a card, best first; empty when it fits none.

    card_vector: by `embed_cards`. group_vectors: of at least these groups, by `embed_groups`, with
    the same embedder.
    """
    ranked = rank_groups(card, groups, card_vector, group_vectors)
    if not ranked or ranked[0].score < MIN_SCORE:
        return ()
    floor = max(MIN_SCORE, MIN_SHARE_OF_BEST * ranked[0].score)
    return tuple(place for place in ranked[:MAX_PLACEMENTS] if place.score >= floor)


def place_cards(
    cards: Sequence[Card], groups: Sequence[Group], embed: Embed
) -> dict[str, tuple[Placement, ...]]:
    """Card id to its proposals, for many cards: embeds groups and cards, each text once.

    Raises what embed raises.
    """
    if not cards or not groups:
        return {card.id: () for card in cards}
    group_vectors = embed_groups(groups, embed)
    vectors = embed_cards(cards, embed)
    return {card.id: place_card(card, groups, vectors[card.id], group_vectors) for card in cards}


def _reasons(
    card: Card, group: Group, card_vector: Vector, group_vectors: GroupVectors
) -> tuple[Reason, ...]:
    """The texts of the group the card is closest to, closest first."""
    base = float(group_vectors.unrelated[_language_key(group.lang)] @ card_vector)
    cosines = group_vectors.by_group[group.id] @ card_vector
    reasons = [
        Reason(kind, text, _rescale(float(cosine), base))
        for (kind, text), cosine in zip(group_texts(group), cosines, strict=True)
    ]
    # A stable sort: of equal scores the text the group puts first comes first.
    return tuple(sorted(reasons, key=lambda reason: -reason.score)[:TOP_REASONS])


def _midway(one: Vector, other: Vector) -> Vector:
    middle = one + other
    length = float(np.linalg.norm(middle))
    return one if length == 0.0 else np.asarray(middle / length, dtype=np.float32)


def _rescale(cosine: float, base: float) -> float:
    """0 at the card's closeness to unrelated subjects, 1 at identity; four decimals."""
    if base >= 1.0:
        return 0.0
    return round(min(1.0, max(0.0, (cosine - base) / (1.0 - base))), 4)


def _mean(reasons: Sequence[Reason]) -> float:
    return round(sum(reason.score for reason in reasons) / len(reasons), 4)


def _language_key(lang: str) -> str:
    return "zh" if is_chinese(lang) else "en"


def _same_language(card_lang: str, group_lang: str) -> bool:
    if is_chinese(card_lang) or is_chinese(group_lang):
        return is_chinese(card_lang) and is_chinese(group_lang)
    return _primary(card_lang) == _primary(group_lang)


def _primary(lang: str) -> str:
    return lang.replace("_", "-").lower().split("-")[0]
