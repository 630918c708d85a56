"""What cooking asks of the ledger of model calls."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from stages.types import Completion


class Ledger(Protocol):
    """Who has paid for what. The store implements it; calls are short and may block briefly."""

    def claim(
        self, key: str, model: str, prompt_hash: str, estimate_usd: Decimal | None
    ) -> Completion | None:
        """The settled completion of the key, or None: the caller now holds the claim and must call
        `settle` or `fail`. estimate_usd: expected cost, None when the price is unknown.

        Raises InFlightError while another live process holds the key, BudgetError when the
        estimate would exceed the budget.
        """
        ...

    def settle(self, completion: Completion) -> None:
        """Record the answer, its tokens and cost; the key is done for good."""
        ...

    def fail(self, key: str, error: str, *, is_unknown: bool = False) -> None:
        """Give the claim back: nothing was answered. The key may be claimed again.

        is_unknown: the call may have been charged, so its estimate counts as spent.
        """
        ...
