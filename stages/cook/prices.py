"""What a call costs, from the price list that ships with the pinned litellm.

The list is read as a file, so pricing a run does not import litellm (2 s, 165 MB).
"""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from stages.cook.offline import OFFLINE_MODEL

PRICES_OF = "litellm 1.106.2"
"""The release whose list is used; prices date from it (pyproject.toml pins it exactly)."""

_FILE = "model_prices_and_context_window_backup.json"


def price(model: str, tokens_in: int, tokens_out: int) -> Decimal | None:
    """US dollars of a call, None when the list does not know the model. Offline costs nothing."""
    if model == OFFLINE_MODEL:
        return Decimal(0)
    rates = _rates().get(model) or _rates().get(model.partition("/")[2])
    if rates is None:
        return None
    return rates[0] * tokens_in + rates[1] * tokens_out


@lru_cache(maxsize=1)
def _rates() -> dict[str, tuple[Decimal, Decimal]]:
    """By model name, dollars a token in and out."""
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).with_name(_FILE)
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for name, row in rows.items():
        if not isinstance(row, dict):
            continue
        pair = row.get("input_cost_per_token"), row.get("output_cost_per_token")
        if isinstance(pair[0], int | float) and isinstance(pair[1], int | float):
            found[name] = Decimal(str(pair[0])), Decimal(str(pair[1]))
    return found
