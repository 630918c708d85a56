"""Every block of a guide is in one part, and each part says why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stages.chop import chop_guide
from stages.chop.explain import HEADING, Explanation, Part, explain_guide
from stages.policy import Policy
from stages.types import Guide

SENTENCE = "Keep your baby warm and dry and feed often, by day and by night, as you both like. "
TEXT = f"""
{SENTENCE * 3}
## Sleep
{SENTENCE * 5}
{SENTENCE * 5}
!Never fall asleep on a sofa. {SENTENCE * 5}
## Food
Never give:
- {SENTENCE * 3}
- {SENTENCE * 3}
- {SENTENCE * 3}
- {SENTENCE * 3}
### Iron
{SENTENCE}
### Iodine
{SENTENCE}
## Related links
- Cots
"""


@pytest.fixture
def explanation(guide_of: Callable[..., Guide]) -> Explanation:
    guide = guide_of(TEXT)
    return explain_guide(guide, chop_guide(guide, Policy(())))


def flat(text: str) -> str:
    return "".join(text.split())


def test_explanation_holds_all_text_once_and_in_order(explanation: Explanation) -> None:
    spans = [part.span for part in explanation.parts]
    assert spans == sorted(spans)
    text = "".join(explanation.guide.text[start:end] for start, end in spans)
    assert flat(text) == flat(explanation.guide.text)


def test_explanation_says_why_each_card_begins_and_what_is_left_out(
    explanation: Explanation,
) -> None:
    both = "With the card before it {} words; a card holds 120 at most."

    def told(part: Part) -> tuple[str, str, bool]:
        return part.text[:10].strip(), part.reason, part.is_gap

    assert [told(part) for part in explanation.parts] == [
        ("Keep your", "The text begins.", False),
        ("Sleep", HEADING, False),
        ("Keep your", "A new section begins.", False),
        ("Keep your", f"A new paragraph. {both.format(180)}", False),
        ("Never fall", f"A warning box begins. {both.format(186)}", False),
        ("Food", HEADING, False),
        ("Never give", "A new section begins.", False),
        ("- Keep you", f"A list is cut between items. {both.format(220)}", False),
        ("Iron\nKeep", "Short sections beside each other share a card.", False),
        ("Related li", HEADING, False),
        ("- Cots", "No content: links to other pages.", True),
    ]


def test_explanation_shows_the_checks_a_card_fails(guide_of: Callable[..., Guide]) -> None:
    guide = guide_of(f"## Sleep\n{'Very long ' * 130}sleep.")
    (_, part) = explain_guide(guide, chop_guide(guide, Policy(()))).parts
    assert (part.failed, part.card is None) == (("size",), False)
