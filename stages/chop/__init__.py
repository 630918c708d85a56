"""Chop: a guide becomes cards, and cards of two versions of a guide are told apart."""

from stages.chop.checks import CARD_CHECKS, check_card, check_cards
from stages.chop.chop import chop_guide
from stages.chop.match import change_of, match_cards
from stages.chop.measures import Gap, coverage, list_gaps, overlap, repeated

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
