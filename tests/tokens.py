"""A real tokeniser for loopback models: tiktoken with the encodings in litellm's wheel."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def load_encoding(name: str) -> Any:
    """`o200k_base` (gpt-4o and later) or `cl100k_base` (before), without the network."""
    import tiktoken  # comes with litellm, as do the files; litellm itself is not loaded

    spec = find_spec("litellm")
    assert spec
    assert spec.origin
    folder = Path(spec.origin).parent / "litellm_core_utils" / "tokenizers"
    before = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    try:
        return tiktoken.get_encoding(name)
    finally:
        if before is None:
            del os.environ["TIKTOKEN_CACHE_DIR"]
        else:
            os.environ["TIKTOKEN_CACHE_DIR"] = before
