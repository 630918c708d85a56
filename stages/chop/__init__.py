"""Chop: a guide becomes cards, and cards of two versions of a guide are told apart."""

from stages.chop.checks import (
    CARD_CHECKS,
    Gap,
    check_card,
    check_cards,
    coverage,
    list_gaps,
    overlap,
    repeated,
)
from stages.chop.chop import chop_guide
from stages.chop.match import change_of, match_cards

__all__ = [
    "CARD_CHECKS",
    "Gap",
    "change_of",
    "check_card",
    "check_cards",
    "chop_guide",
    "coverage",
    "list_gaps",
    "match_cards",
    "overlap",
    "repeated",
]
