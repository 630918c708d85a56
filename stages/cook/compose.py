"""A draft's sentences as the one text an editor reads."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stages.cook.facts import language_key
from stages.types import DraftSentence, Span

_BLANK_LINES = re.compile(r"\n{3,}")


def compose(sentences: Sequence[DraftSentence], lang: str) -> str:
    """The sentences in order. A sentence that starts or ends with a newline makes its own line;
    others are joined by a space (nothing in Chinese).
    """
    return compose_spans(sentences, lang)[0]


def compose_spans(sentences: Sequence[DraftSentence], lang: str) -> tuple[str, tuple[Span, ...]]:
    """As `compose`, with the range each sentence has in the text, outer white space left out."""
    glue = "" if language_key(lang) == "zh" else " "
    text = ""
    spans: list[Span] = []
    for sentence in sentences:
        piece = _BLANK_LINES.sub("\n\n", sentence.text)
        if not text:
            piece = piece.lstrip()
        elif not text.endswith("\n") and not piece.startswith("\n"):
            text += glue
        bare = piece.strip()
        start = len(text) + piece.find(bare)
        spans.append((start, start + len(bare)))
        text += piece
    return text.rstrip(), tuple(spans)
