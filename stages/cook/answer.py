"""What a model's server said, taken out of litellm's reply."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from stages.cook.prices import price

MOST_TOKENS = 100_000_000
"""No call uses more; a server that says so is not believed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """text is whole only when finish_reason is `stop`; tokens are 0 when the server said none."""

    text: str
    finish_reason: str
    tokens_in: int
    tokens_out: int

    def cost(self, model: str) -> Decimal | None:
        """US dollars, None when the price or what was used is unknown."""
        if not self.tokens_in and not self.tokens_out:
            return None
        return price(model, self.tokens_in, self.tokens_out)


def read_answer(reply: Any) -> Answer:
    """Text, why it ended and tokens; a reply without choices reads as empty.

    Raises ValueError or TypeError for a count that is none.
    """
    choices = getattr(reply, "choices", None) or []
    message = getattr(choices[0], "message", None) if choices else None
    usage = getattr(reply, "usage", None)
    text = str(getattr(message, "content", None) or "").replace("\0", "")
    return Answer(
        # Halves of characters, which JSON can spell and no database stores.
        text=text.encode("utf-8", "replace").decode(),
        finish_reason=str(getattr(choices[0], "finish_reason", "") or "") if choices else "",
        tokens_in=_count(getattr(usage, "prompt_tokens", 0)),
        tokens_out=_count(getattr(usage, "completion_tokens", 0)),
    )


def _count(value: Any) -> int:
    return min(max(0, int(value or 0)), MOST_TOKENS)
