"""`eval chop`: guides of a folder cut into cards, and the cards held to their definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.evals.edits import Outcome, measure_edits
from flows.evals.files import Step, mean, no_step, share
from flows.evals.guides import pair_guides, read_guides
from stages.chop import CARD_CHECKS, check_cards, chop_guide, coverage, match_cards, overlap
from stages.policy import Policy
from stages.text import count_words, is_chinese
from stages.types import Card, ChangeKind, Guide

LONG_WORDS = 800
"""From here on a guide should give a usual number of cards; Han characters count 1.6 a word."""

HAN_PER_WORD = 1.6
USUAL_CARDS = (12, 30)

EDITS = 200
"""Generated edits measured beside the edited versions of a folder."""


@dataclass(frozen=True, slots=True)
class ChoppedGuide:
    """failed: names of the checks each card fails, a tuple a card. words: of the guide, Han
    characters counted as words.
    """

    lang: str
    words: float
    failed: tuple[tuple[str, ...], ...]
    coverage: float
    overlap: float


@dataclass(frozen=True, slots=True)
class Revision:
    """One guide's cards before and after an edit. cards: after it; recooked: of those, the ones
    whose text or context is not as it was; before: cards of the old version; kept: of those, the
    ones whose id lives on.
    """

    cards: int
    recooked: int
    before: int
    kept: int


@dataclass(frozen=True, slots=True)
class ChopReport:
    """left_out: path to why it is no guide; unpaired: guides without an edited version."""

    figures: Mapping[str, Any]
    usual: tuple[int, int]
    left_out: Mapping[str, str]
    unpaired: Sequence[str]


def run_chop(
    data: Path, policy: Policy, revised: Path | None = None, step: Step = no_step
) -> ChopReport:
    """All guides of a folder, and their edited versions if there are any.

    Raises ConfigError when a folder is not of the expected shape.
    """
    folder = read_guides(data, step)
    chopped = [_chop(guide, policy) for guide in folder.guides.values()]
    revisions: list[Revision] | None = None
    edits: Sequence[Outcome] = ()
    missing: Sequence[str] = ()
    if revised is not None:
        pairs, missing = pair_guides(folder, revised, step)
        revisions = [_revise(old, new, policy) for old, new in pairs]
        edits = measure_edits(list(folder.guides.values()), EDITS)
    told = figures(chopped, revisions, edits)
    return ChopReport(told, usual(chopped), folder.left_out, missing)


def _revise(old: Guide, new: Guide, policy: Policy) -> Revision:
    before = chop_guide(old, policy)
    return revise(before, chop_guide(new, policy, before=before))


def _chop(guide: Guide, policy: Policy) -> ChoppedGuide:
    cards = chop_guide(guide, policy)
    words = count_words(guide.text, guide.lang)
    chinese = is_chinese(guide.lang)
    return ChoppedGuide(
        lang="zh" if chinese else guide.lang.partition("-")[0].lower(),
        words=words / HAN_PER_WORD if chinese else words,
        failed=tuple(check_cards(cards, guide)),
        coverage=coverage(guide, cards),
        overlap=overlap(guide, cards),
    )


def revise(old: Sequence[Card], new: Sequence[Card]) -> Revision:
    """Two versions of one guide compared as the line compares them."""
    changes = match_cards(old, new)
    after = [change for change in changes if change.new is not None]
    known = {card.id for card in old}
    return Revision(
        cards=len(after),
        recooked=sum(change.kind is not ChangeKind.KEPT for change in after),
        before=len(old),
        kept=sum(change.new is not None and change.new.id in known for change in after),
    )


def figures(
    guides: Sequence[ChoppedGuide],
    revisions: Sequence[Revision] | None = None,
    edits: Sequence[Outcome] = (),
) -> dict[str, Any]:
    """Shares of cards that pass each check and all of them; coverage and overlap as means over
    guides. revised: re-cooked as a share of the new versions' cards, ids kept as a share of the
    old versions', and of the cards that generated edits did not touch those that stayed as they
    were; None when nothing was revised.
    """
    by_lang = {
        lang: _figures([guide for guide in guides if guide.lang == lang])
        for lang in sorted({guide.lang for guide in guides})
    }
    return _figures(guides) | {"by_lang": by_lang, "revised": _revised(revisions, edits)}


def usual(guides: Sequence[ChoppedGuide]) -> tuple[int, int]:
    """Of the long guides, those that give a usual number of cards; and how many are long."""
    long = [guide for guide in guides if guide.words > LONG_WORDS]
    low, high = USUAL_CARDS
    return sum(low <= len(guide.failed) <= high for guide in long), len(long)


def _figures(guides: Sequence[ChoppedGuide]) -> dict[str, Any]:
    failed = [names for guide in guides for names in guide.failed]
    return {
        "guides": len(guides),
        "cards": len(failed),
        "pass_all": share(sum(not names for names in failed), len(failed)),
        "checks": {
            check: share(sum(check not in names for names in failed), len(failed))
            for check in CARD_CHECKS
        },
        "coverage": mean([guide.coverage for guide in guides]),
        "overlap": mean([guide.overlap for guide in guides]),
    }


def _revised(
    revisions: Sequence[Revision] | None, edits: Sequence[Outcome]
) -> dict[str, float | None] | None:
    if revisions is None:
        return None
    return {
        "recooked": share(sum(r.recooked for r in revisions), sum(r.cards for r in revisions)),
        "ids_kept": share(sum(r.kept for r in revisions), sum(r.before for r in revisions)),
        "untouched_kept": share(sum(e.kept for e in edits), sum(e.untouched for e in edits)),
    }
