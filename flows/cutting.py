"""Chopping in a worker: imported there, so it knows nothing but the stages."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from stages.chop import chop_guide
from stages.policy import Policy
from stages.seeds import load_policy
from stages.types import Card, Guide


def chop_in_worker(
    guide: Guide,
    policy_file: str,
    policy_hash: str,
    target_cards: int,
    before: tuple[Card, ...] = (),
) -> tuple[Card, ...]:
    """`chop_guide` with a policy that stays in the worker: sent along with a guide it would cost
    more than the guide. policy_hash: of what the file held when the run began.

    Raises ConfigError when the file cannot be read.
    """
    return chop_guide(guide, policy_of(policy_file, policy_hash), target_cards, before)


@cache
def policy_of(policy_file: str, policy_hash: str) -> Policy:
    """The policy of a file, read once by each process for every policy_hash."""
    return load_policy(Path(policy_file))
