"""What a call costs, from the price list that ships with the pinned litellm.

The list is read as a file, so pricing a run does not import litellm (2 s, 165 MB).
"""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from stages.cook.keys import provider_of
from stages.cook.offline import OFFLINE_MODEL

PRICES_OF = "litellm 1.106.2 of 2026-10-21"
"""The release whose list is used, and its date: later changes of a provider's prices are not in it.
pyproject.toml pins the release exactly, and a test holds the two together."""

_FILE = "model_prices_and_context_window_backup.json"

_LOCAL = frozenset({"ollama", "ollama_chat", "lemonade", "lm_studio", "llamafile"})
"""Providers that are programs on one's own machine: there, 0 is a price. In every other row it
means that nobody entered one, or a free trial."""


def price(model: str, tokens_in: int, tokens_out: int) -> Decimal | None:
    """US dollars of a call at list price, None when the list does not have the model.

    Offline costs nothing. What a provider takes off for cached prompts is not counted.
    """
    if model == OFFLINE_MODEL:
        return Decimal(0)
    rates = _rates(model)
    return None if rates is None else rates[0] * tokens_in + rates[1] * tokens_out


@lru_cache(maxsize=256)
def _rates(model: str) -> tuple[Decimal, Decimal] | None:
    """Dollars a token in and out. A row without its provider in front counts for that alone:
    another one's server of the same model has its own prices.
    """
    provider, slash, bare = model.partition("/")
    row = _rows().get(model)
    if row is None and slash:
        row = _rows().get(bare)
        of = str((row or {}).get("litellm_provider", ""))
        if not of.startswith(provider):  # rows of `bedrock_converse` are bedrock's
            return None
    if row is None:
        return None
    pair = row.get("input_cost_per_token"), row.get("output_cost_per_token")
    if not all(isinstance(rate, int | float) and rate >= 0 for rate in pair):
        return None
    if not any(pair) and provider_of(model) not in _LOCAL:
        return None
    return Decimal(str(pair[0])), Decimal(str(pair[1]))


@lru_cache(maxsize=1)
def _rows() -> dict[str, dict[str, object]]:
    """The list as it is, by model name; empty when it cannot be read."""
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).with_name(_FILE)
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: row for name, row in rows.items() if isinstance(row, dict)}
