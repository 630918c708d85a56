"""Which groups an approval posts to.

A group gets a card once, in one voice: the tone its placement prefers, unless the editor picks
another beside its name. So the three tones of a card can all be approved without any group
seeing the same advice three times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.text import is_chinese
from stages.types import Group, Placement, PostState, Reason, Risk
from store.drafts import DraftView
from store.posts import PostView
from store.tables import DraftState

TONE_ORDER = ("expert", "mom", "engagement")


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """One row of the groups panel. score is None for a group that was not proposed. post: the
    open post of this card there, which takes the group out of the choice.
    """

    id: str
    name: str
    tone: str
    is_checked: bool
    score: float | None
    reasons: tuple[Reason, ...]
    runner_up: str
    post: PostView | None

    @property
    def is_open(self) -> bool:
        return self.post is None


@dataclass(frozen=True, slots=True)
class Picked:
    """What an editor ticked. groups: ids; tones: by group id."""

    groups: frozenset[str]
    tones: Mapping[str, str]


def tone_rank(tone: str) -> tuple[int, str]:
    """Sorts tones the same way on every page."""
    return (TONE_ORDER.index(tone) if tone in TONE_ORDER else len(TONE_ORDER), tone)


def make_choices(
    groups: Sequence[Group],
    placements: Sequence[Placement],
    drafts: Sequence[DraftView],
    posts: Sequence[PostView],
    lang: str,
    picked: Picked | None = None,
) -> tuple[GroupChoice, ...]:
    """Proposed groups first, best first, ticked; then the other groups of the card's language."""
    by_id = {group.id: group for group in groups}
    open_posts = {
        view.post.group_id: view for view in posts if view.post.state is not PostState.WITHDRAWN
    }
    proposed = {item.group_id: item for item in placements if item.group_id in by_id}
    others = [
        group.id
        for group in groups
        if group.id not in proposed and is_chinese(group.lang) == is_chinese(lang)
    ]
    choices = []
    for group_id in [*proposed, *others]:
        group, placement = by_id[group_id], proposed.get(group_id)
        preferred = placement.tone if placement else group.preferred_tone
        tone = _usable_tone(preferred, drafts)
        is_checked = placement is not None
        if picked is not None:
            is_checked = group_id in picked.groups
            tone = picked.tones.get(group_id, tone)
        runner_up = by_id.get(placement.runner_up) if placement else None
        choices.append(
            GroupChoice(
                id=group_id,
                name=group.name,
                tone=tone,
                is_checked=is_checked,
                score=placement.score if placement else None,
                reasons=placement.reasons if placement else (),
                runner_up=runner_up.name if runner_up else "",
                post=open_posts.get(group_id),
            )
        )
    return tuple(choices)


def targets(choices: Sequence[GroupChoice], tone: str) -> tuple[GroupChoice, ...]:
    """The groups that get the card when this tone is approved."""
    return tuple(item for item in choices if item.is_checked and item.is_open and item.tone == tone)


def _usable_tone(preferred: str, drafts: Sequence[DraftView]) -> str:
    """The preferred tone, unless its draft is missing or was rejected: then the best one left."""
    usable = [draft for draft in drafts if draft.state is not DraftState.REJECTED]
    if not usable or any(draft.tone == preferred for draft in usable):
        return preferred
    return min(usable, key=lambda draft: (draft.risk is Risk.BLOCKED, tone_rank(draft.tone))).tone
