"""Counting tokens without a tokeniser, held against two real ones."""

from __future__ import annotations

import pytest

from stages.cook.prompt import build_messages, estimate_tokens
from stages.cook.tokens import count_tokens
from store.settings import REPO_ROOT
from tests.stock import make_guides
from tests.tokens import load_encoding
from tones.load import list_versions, load_house

TONES = [versions[0] for versions in list_versions(REPO_ROOT / "tones").values()]
HOUSE = load_house(REPO_ROOT / "tones")
CARDS = [card for _, made in make_guides("source", 60) for card in made]


@pytest.mark.parametrize("lang", ["en", "zh-Hans"])
@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("openai/gpt-4o-mini", "o200k_base"),
        ("gpt-4.1", "o200k_base"),
        ("deepseek/deepseek-chat", "o200k_base"),
        ("azure/gpt-35-turbo", "cl100k_base"),
        ("gpt-4-turbo", "cl100k_base"),
    ],
)
def test_count_tokens_is_near_what_a_tokeniser_counts(lang: str, model: str, encoding: str) -> None:
    tokeniser = load_encoding(encoding)
    cards = [card for card in CARDS if card.lang.startswith(lang[:2])]
    system = build_messages(cards[0], TONES, HOUSE)[0]["content"]
    said = "\n".join(build_messages(card, TONES, HOUSE)[1]["content"] for card in cards)
    for text in (system, said):
        assert count_tokens(text, model) == pytest.approx(len(tokeniser.encode(text)), rel=0.06)


def test_count_tokens_of_nothing_is_nothing() -> None:
    assert count_tokens("") == 0


def test_estimate_of_a_repeated_call_is_of_the_tones_asked_for_again() -> None:
    card = CARDS[0]
    tokens_in, tokens_out = estimate_tokens(card, TONES, HOUSE)
    again_in, again_out = estimate_tokens(card, TONES, HOUSE, wanted=["mom"])
    assert again_in == pytest.approx(tokens_in, rel=0.01)  # the instructions stay as they are
    assert again_out == pytest.approx(tokens_out / 3, rel=0.1)
