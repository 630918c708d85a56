"""Are the sentences of drafts tied, on the card page, to what they rest on?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from store.drafts import list_drafts
from store.engine import Database
from tests.review_ui.visitor import Visitor

_LIST_MARK = re.compile(r"\s*(?:•|-|\d+[.)])\s+")
"""What a list of the page brings by itself."""


def count_ties(visitor: Visitor, db: Database, card_ids: Iterable[str]) -> int:
    """Sentences tied to source sentences; fails on the first that is not tied as its draft says."""
    tied = 0
    for card_id in card_ids:
        page = visitor.page(f"/cards/{card_id}")
        known = set(page.xpath("//*[@data-source]//*[@data-s]/@data-s"))
        for draft in list_drafts(db, [card_id]).get(card_id, ()):
            column = page.get_element_by_id(f"tone-{draft.tone}")
            shown: dict[str, list[Any]] = {}
            for part in column.xpath(".//*[@data-d]"):
                shown.setdefault(part.get("data-d"), []).append(part)
            for number, sentence in enumerate(draft.sentences, 1):
                parts = shown.pop(f"d{draft.id}-{number}")
                said = _squeeze("".join(part.text_content() for part in parts))
                bare = _LIST_MARK.sub("", sentence.text, count=1)
                assert said in {_squeeze(sentence.text), _squeeze(bare)}
                refs = {ref for part in parts for ref in (part.get("data-refs") or "").split()}
                assert refs == set(sentence.source_ids)
                assert refs <= known
                tied += bool(refs)
            assert shown == {}
    return tied


def _squeeze(text: str) -> str:
    return re.sub(r"\s", "", text)
